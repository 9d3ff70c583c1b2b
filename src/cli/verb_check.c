/* verb_check.c: `check` reads all that a run would read and prints keys, files, labels, lengths and advice. It trains
 * and writes nothing. */
#include "advice.h"
#include "signals.h"
#include "verbs.h"
#include <stdlib.h>

/* Appends the command of the run itself: "cam-train --config base.yaml key=value". */
static void put_command(const cam_arguments *arguments, cam_strbuf *out) {
    cam_strbuf_puts(out, "cam-train");
    for (size_t i = 0; i < arguments->configs.count; i++)
        cam_strbuf_printf(out, " --config %s", arguments->configs.items[i]);
    for (size_t i = 0; i < arguments->overrides.count; i++)
        cam_strbuf_printf(out, " '%s'", arguments->overrides.items[i]);
}

static void put_report(const cam_run *run, const cam_arguments *arguments, cam_strbuf *out) {
    cam_strbuf command = CAM_STRBUF_INIT, advice = CAM_STRBUF_INIT;
    put_command(arguments, &command);
    cam_advice_put(run, cam_strbuf_text(&command), &advice);
    cam_run_describe(run, out);
    cam_label_table_put(run, out);
    if (run->corpus.warnings.length > 0)
        cam_strbuf_printf(out, "\nwarnings\n%s", cam_strbuf_text(&run->corpus.warnings));
    if (advice.length > 0)
        cam_strbuf_printf(out, "\nadvice\n%s", cam_strbuf_text(&advice));
    cam_strbuf_puts(out, "\nall is well: the run can start\n");
    cam_strbuf_release(&command);
    cam_strbuf_release(&advice);
}

cam_status cam_verb_check(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_config config;
    cam_run run = {0};
    cam_strbuf text = CAM_STRBUF_INIT;
    char *folder = NULL;
    cam_cancel cancel = {.requested = cam_signals_stop_requested};
    CAM_TRY(cam_verb_load_config(arguments, &config));
    CAM_TRY(cam_verb_get_model(NULL, config.model_name_or_path, config.revision,
                               config.init == CAM_CONFIG_INIT_RANDOM ? CAM_MODEL_CONFIG_ONLY : CAM_MODEL_WEIGHTS,
                               &folder));
    CAM_TRY(cam_run_prepare(&run, &config, folder, &cancel, NULL));
    put_report(&run, arguments, &text);
    CAM_TRY(cam_verb_print(&text));
out:
    cam_run_close(&run);
    cam_config_release(&config);
    cam_strbuf_release(&text);
    free(folder);
    return st == CAM_E_STOPPED ? cam_fail(CAM_E_INTERRUPTED, "interrupted") : st;
}
