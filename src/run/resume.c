/* resume.c: see resume.h. */
#include "resume.h"
#include "checkpoint.h"
#include "checkpoint_reader.h"
#include "files.h"
#include "run_facts.h"
#include <stdlib.h>
#include <string.h>

/* --- refusals ------------------------------------------------------------------------------------------------------ */

static int is_new(const cam_config *config) {
    return strcmp(config->resume_from_checkpoint, "none") == 0;
}

static int is_named(const cam_config *config) {
    return !is_new(config) && strcmp(config->resume_from_checkpoint, "auto") != 0;
}

static cam_status refuse(cam_run *run, const char *found) {
    run->is_occupied = 1;
    return cam_fail(CAM_E_USAGE,
                    "output_dir \"%s\" already holds a run (%s); choose another folder, or set "
                    "overwrite_output_dir=true",
                    run->config->output_dir, found);
}

/* A checkpoint that cannot be opened is refused with the reason. */
static cam_status refuse_name(const cam_run *run) {
    const char *path = run->config->resume_from_checkpoint;
    cam_checkpoint_reader reader;
    if (!cam_directory_exists(path))
        return cam_fail(CAM_E_USAGE, "resume_from_checkpoint: no folder \"%s\"; set resume_from_checkpoint=auto", path);
    cam_status st = cam_checkpoint_open(&reader, path);
    cam_checkpoint_close(&reader);
    if (st != CAM_OK)
        return st;
    return cam_fail(CAM_E_MODEL,
                    "resume_from_checkpoint: \"%s\" is no whole checkpoint of the run in output_dir \"%s\"; set "
                    "resume_from_checkpoint=auto",
                    path, run->config->output_dir);
}

/* --- what is there ------------------------------------------------------------------------------------------------- */

/* With overwrite_output_dir a finished run is trained anew. A stopped one goes on all the same: its result is the one that
 * it would have anew, to the bit, and a scheduler that repeats the command loses nothing. */
cam_status cam_resume_find(cam_run *run) {
    cam_status st = CAM_OK;
    const cam_config *config = run->config;
    const char *found = cam_run_folder_occupied(config);
    cam_run_record record = {0};
    int is_known = found && !is_new(config) && cam_run_record_read(config->output_dir, &record) == CAM_OK;
    int is_replaced = config->overwrite_output_dir && !is_named(config) && (!is_known || record.finished);
    if (!found && is_named(config))
        st = refuse_name(run);
    else if (found && !is_known && !is_replaced)
        st = refuse(run, found);
    else if (is_known && !is_replaced)
        run->resume.kind = record.finished ? CAM_RUN_IS_FINISHED : CAM_RUN_GOES_ON;
    memcpy(run->resume.run_id, record.run_id, sizeof record.run_id);
    cam_run_record_release(&record);
    return st;
}

/* Fails with the differences between the run in the folder and this one. With overwrite_output_dir another run begins in
 * its place instead. */
static cam_status compare(cam_run *run, const cam_run_record *record) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    CAM_TRY(cam_run_facts_find(run, &run->facts));
    if (cam_facts_compare(&record->facts, &run->facts, &text) == 0)
        goto out;
    if (run->config->overwrite_output_dir) {
        run->resume.kind = CAM_RUN_STARTS;
        goto out;
    }
    run->is_occupied = 1;
    st =
        cam_fail(CAM_E_USAGE,
                 "output_dir \"%s\" holds a run with other settings, which cannot go on with these: %s; choose another "
                 "folder, or set overwrite_output_dir=true",
                 run->config->output_dir, cam_strbuf_text(&text));
out:
    cam_strbuf_release(&text);
    return st;
}

/* The checkpoint from which the run goes on: the named one, or the newest; 0 where there is none yet. */
static cam_status find_checkpoint(cam_run *run) {
    cam_status st = CAM_OK;
    const cam_config *config = run->config;
    cam_checkpoint_found *found = NULL;
    size_t count = 0;
    CAM_TRY(cam_checkpoint_list(config->output_dir, run->resume.run_id, &found, &count, NULL));
    run->resume.is_named = is_named(config);
    if (count > 0 && !run->resume.is_named)
        run->resume.step = found[0].step;
    for (size_t i = 0; i < count && run->resume.is_named; i++)
        if (cam_file_is_same(found[i].path, config->resume_from_checkpoint))
            run->resume.step = found[i].step;
    if (run->resume.is_named && run->resume.step == 0)
        st = refuse_name(run);
out:
    cam_checkpoint_list_release(found, count);
    return st;
}

cam_status cam_resume_decide(cam_run *run) {
    cam_status st = CAM_OK;
    const cam_config *config = run->config;
    cam_run_record record = {0};
    if (run->resume.kind == CAM_RUN_STARTS)
        return CAM_OK;
    CAM_TRY(cam_run_record_read(config->output_dir, &record));
    CAM_TRY(compare(run, &record));
    int has_model = cam_file_exists_in(config->output_dir, "config.json") &&
                    cam_file_exists_in(config->output_dir, "model.safetensors");
    if (run->resume.kind == CAM_RUN_IS_FINISHED && !has_model)
        st = refuse(run, "its model is gone");
    else if (run->resume.kind == CAM_RUN_GOES_ON)
        st = find_checkpoint(run);
out:
    if (st != CAM_OK)
        run->resume = (cam_resume){0};
    cam_run_record_release(&record);
    return st;
}

cam_status cam_resume_share(cam_run *run) {
    return cam_group_broadcast(run->group, "finding an earlier run", &run->resume, sizeof run->resume);
}

void cam_resume_put(const cam_run *run, cam_strbuf *out) {
    const cam_resume *resume = &run->resume;
    if (resume->kind == CAM_RUN_IS_FINISHED)
        cam_strbuf_puts(out, "resume   the run in output_dir is finished; nothing is left to do\n");
    else if (resume->kind == CAM_RUN_GOES_ON && resume->step > 0)
        cam_strbuf_printf(out, "resume   the run in output_dir goes on from checkpoint-%lld\n",
                          (long long)resume->step);
    else if (resume->kind == CAM_RUN_GOES_ON)
        cam_strbuf_puts(out, "resume   the run in output_dir has no checkpoint yet and begins again\n");
}
