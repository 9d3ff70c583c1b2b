/* measurement_folder.c: see measurement_folder.h. */
#include "measurement_folder.h"
#include "files.h"
#include "hash.h"
#include "pages.h"
#include "repeat.h"
#include "run_facts.h"
#include <string.h>

/* Keys that change what is trained or said, beside those of a run. */
static const cam_config_key keys[] = {CAM_KEY_folds, CAM_KEY_seeds,     CAM_KEY_group_column,   CAM_KEY_confidence,
                                      CAM_KEY_final, CAM_KEY_calibrate, CAM_KEY_target_accuracy};

cam_status cam_measurement_facts(const cam_run *run, const cam_config *config, const cam_backend *backend,
                                 const char *command, cam_facts *facts) {
    cam_status st = CAM_OK;
    cam_facts arithmetic = {0};
    cam_strbuf value = CAM_STRBUF_INIT;
    CAM_TRY(cam_run_facts_find(run, facts));
    CAM_TRY(cam_facts_add(facts, "command", command));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        cam_strbuf_clear(&value);
        cam_config_put_value(config, keys[i], &value);
        CAM_TRY(cam_facts_add(facts, cam_config_rows[keys[i]].leaf, cam_strbuf_text(&value)));
    }
    CAM_TRY(cam_run_facts_find_arithmetic(run, backend, &arithmetic));
    for (size_t i = 0; i < arithmetic.count; i++)
        if (strcmp(arithmetic.list[i].name, "ranks") != 0) /* each rank trains alone */
            CAM_TRY(cam_facts_add(facts, arithmetic.list[i].name, arithmetic.list[i].value));
out:
    cam_facts_release(&arithmetic);
    cam_strbuf_release(&value);
    return st;
}

static uint64_t hash_facts(const cam_facts *facts) {
    uint64_t hash = CAM_HASH_START;
    for (size_t i = 0; i < facts->count; i++) {
        hash = cam_hash_bytes(hash, facts->list[i].name, strlen(facts->list[i].name) + 1);
        hash = cam_hash_bytes(hash, facts->list[i].value, strlen(facts->list[i].value) + 1);
    }
    return cam_hash_mix(hash);
}

/* *same: what lies there is this command's. */
static cam_status compare(cam_measurement_folder *m, const cam_config *config, int *same) {
    cam_status st = CAM_OK;
    cam_run_record earlier = {0};
    cam_strbuf text = CAM_STRBUF_INIT;
    *same = 0;
    if (!cam_file_exists_in(m->folder.path, CAM_RUN_RECORD_FILE))
        return CAM_OK;
    st = cam_run_record_read(m->folder.path, &earlier);
    if (st == CAM_E_MODEL && config->overwrite_output_dir)
        return CAM_OK;
    CAM_TRY(st);
    *same = cam_facts_compare(&earlier.facts, &m->record.facts, &text) == 0;
    if (*same)
        m->is_finished = earlier.finished && !config->overwrite_output_dir;
    else if (!config->overwrite_output_dir)
        CAM_FAIL(
            CAM_E_USAGE,
            "output_dir \"%s\" holds results with other settings, which cannot go on with these: %s; choose another "
            "folder, or set overwrite_output_dir=true",
            config->output_dir, cam_strbuf_text(&text));
    if (*same)
        memcpy(m->record.run_id, earlier.run_id, sizeof m->record.run_id);
    *same = *same && !earlier.finished;
out:
    cam_run_record_release(&earlier);
    cam_strbuf_release(&text);
    return st;
}

static cam_status open_folder(cam_measurement_folder *m, const cam_config *config) {
    cam_status st = CAM_OK;
    int goes_on = 0;
    CAM_TRY(cam_run_folder_open(config, &m->folder));
    CAM_TRY(compare(m, config, &goes_on));
    if (m->is_finished || goes_on)
        goto out;
    CAM_TRY(cam_repeat_remove_files(&m->folder)); /* of what is replaced */
    cam_run_id_draw(m->record.run_id);
    CAM_TRY(cam_run_record_write(&m->folder, &m->record));
out:
    return st;
}

cam_status cam_measurement_folder_open(cam_measurement_folder *m, const cam_config *config, cam_facts *facts,
                                       cam_group *group) {
    cam_status st = CAM_OK;
    m->record.facts = *facts;
    *facts = (cam_facts){0};
    m->identity = hash_facts(&m->record.facts);
    CAM_TRY(cam_group_require_equal(group, "data, model or configuration", m->identity));
    if (cam_group_rank(group) == 0)
        st = open_folder(m, config);
    CAM_TRY(cam_group_agree_status(group, "opening the output folder", st));
    CAM_TRY(cam_group_broadcast(group, "opening the output folder", &m->is_finished, sizeof m->is_finished));
out:
    return st;
}

cam_status cam_measurement_folder_put_page(const cam_measurement_folder *m, const cam_config *config) {
    return config->report_to & CAM_CONFIG_REPORT_HTML ? cam_pages_write(m->folder.path, config->language) : CAM_OK;
}

void cam_measurement_folder_put_page_line(const cam_config *config, int width, cam_strbuf *out) {
    if (config->report_to & CAM_CONFIG_REPORT_HTML)
        cam_strbuf_printf(out, "  %-*sthe same to look at, in a browser\n", width, CAM_PAGE_FILE);
}

cam_status cam_measurement_folder_finish(cam_measurement_folder *m) {
    m->record.finished = 1;
    return cam_run_record_write(&m->folder, &m->record);
}

void cam_measurement_folder_close(cam_measurement_folder *m) {
    cam_run_folder_close(&m->folder);
    cam_run_record_release(&m->record);
}
