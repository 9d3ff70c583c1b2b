/* verb_train.c: `train`, and its dry run. */
#include "backends.h"
#include "describe.h"
#include "log.h"
#include "phases.h"
#include "run.h"
#include "signals.h"
#include "verbs.h"

static void describe(const cam_run *run) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_run_describe(run, &text);
    cam_log_each_line(cam_strbuf_text(&text), cam_log);
    cam_log_each_line(cam_strbuf_text(&run->corpus.warnings), cam_log_warn);
    cam_strbuf_release(&text);
}

static void tell_phases(void) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_phases_put(&text);
    cam_log_each_line(cam_strbuf_text(&text), cam_log_verbose);
    cam_strbuf_release(&text);
}

cam_status cam_verb_train(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_config config = {0};
    cam_run run = {0};
    cam_backend *backend = NULL;
    cam_cancel cancel = {.requested = cam_signals_stop_requested};
    CAM_TRY(cam_verb_load_config(arguments, &config));
    arguments->group->timeout_s = (double)config.ddp_timeout;
    cam_device_options options = {.device = arguments->device.word ? (enum cam_choice_device)arguments->device.value
                                                                   : config.device,
                                  .threads = (int)config.cpu_threads,
                                  .tf32 = config.tf32,
                                  .explain = 1,
                                  .group = arguments->group,
                                  .attention = config.attention};
    cam_backends_begin(&options);
    CAM_TRY(cam_run_prepare(&run, &config, &cancel, arguments->group));
    cam_command command = cam_verb_command(arguments);
    run.command = &command;
    describe(&run);
    if (run.resume.kind == CAM_RUN_IS_FINISHED) {
        cam_log("output_dir \"%s\" holds this run, finished: nothing is left to do; to train it anew set "
                "overwrite_output_dir=true",
                config.output_dir);
        goto out;
    }
    cam_phase_enter(CAM_PHASE_DEVICE);
    CAM_TRY(cam_backends_open(&options, &backend));
    CAM_TRY(cam_backends_connect(arguments->group, backend, &run.comm));
    if (arguments->dry_run)
        cam_log("dry run: all is well, nothing was written%s", run.corpus.texts.is_new ? " but the cache" : "");
    else
        CAM_TRY(cam_run_train(&run, backend, cam_progress_mode_resolve((cam_progress_mode)arguments->progress.value)));
    tell_phases();
out:
    cam_comm_close(run.comm);
    cam_run_close(&run);
    cam_backend_close(backend);
    cam_config_release(&config);
    return st;
}
