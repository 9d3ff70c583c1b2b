/* many_trainings.c: see many_trainings.h. */
#include "many_trainings.h"
#include "describe.h"
#include "log.h"
#include "phases.h"
#include "signals.h"
#include "verbs.h"
#include <stdlib.h>

static void describe(const cam_run *run) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_run_describe(run, &text);
    cam_log_each_line(cam_strbuf_text(&text), cam_log);
    cam_log_each_line(cam_strbuf_text(&run->corpus.warnings), cam_log_warn);
    cam_strbuf_release(&text);
}

cam_status cam_many_trainings_prepare(cam_many_trainings *use, cam_run *run, const cam_config *config) {
    cam_status st = CAM_OK;
    const cam_arguments *arguments = use->arguments;
    cam_group *group = arguments->group;
    cam_cancel cancel = {.requested = cam_signals_stop_requested};
    group->timeout_s = (double)config->ddp_timeout;
    use->command = cam_verb_command(arguments);
    use->progress = cam_progress_mode_resolve((cam_progress_mode)arguments->progress.value);
    use->device = (cam_device_options){
        .device = arguments->device.word ? (enum cam_choice_device)arguments->device.value : config->device,
        .threads = (int)config->cpu_threads,
        .tf32 = config->tf32,
        .explain = 1,
        .group = group,
        .attention = config->attention};
    cam_backends_begin(&use->device);
    CAM_TRY(cam_group_agree_status(group, "reading model and data", cam_run_prepare(run, config, &cancel, NULL)));
    run->command = &use->command;
    if (cam_group_rank(group) == 0)
        describe(run);
out:
    return st;
}

cam_status cam_many_trainings_open_device(cam_many_trainings *use) {
    cam_status st = CAM_OK;
    cam_phase_enter(CAM_PHASE_DEVICE);
    CAM_TRY(cam_backends_open(&use->device, &use->backend));
    if (cam_group_rank(use->arguments->group) == 0)
        cam_log("device   %s", use->backend->description);
out:
    return st;
}

void cam_many_trainings_close(cam_many_trainings *use) {
    cam_backend_close(use->backend);
}

cam_status cam_many_trainings_of_one(const cam_arguments *arguments, cam_status (*work)(const cam_measure_task *task)) {
    cam_status st = CAM_OK;
    cam_config config = {0}, all = {0};
    cam_run run = {0};
    cam_many_trainings use = {.arguments = arguments, .config = &config};
    char *folder = NULL;
    CAM_TRY(cam_verb_load_config(arguments, &config));
    CAM_TRY(cam_measure_configure(&config, &all, &folder));
    CAM_TRY(cam_many_trainings_prepare(&use, &run, &all));
    CAM_TRY(cam_many_trainings_open_device(&use));
    CAM_TRY(work(&(cam_measure_task){
        .config = &config, .run = &run, .backend = use.backend, .group = arguments->group, .progress = use.progress}));
out:
    cam_run_close(&run);
    cam_many_trainings_close(&use);
    cam_config_release(&config);
    free(folder);
    return st;
}
