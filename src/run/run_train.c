/* run_train.c: cam_run_train: opening, and the loop of steps; see training_internal.h. */
#include "clock.h"
#include "log.h"
#include "phases.h"
#include "run_facts.h"
#include "run_lines_internal.h"
#include "training_internal.h"

/* With several ranks, the most steps in flight. Ranks act on a request this many steps after the one that delivered it,
 * since one rank may be this far ahead of another. */
enum { RANKS_MAX_STEPS_IN_FLIGHT = 16 };

/* --- opening --------------------------------------------------------------------------------------------------- */

/* What the result depends on, while the model's files are open: for run.json and the checkpoints. */
static cam_status find_facts(cam_training *t, const cam_backend *backend) {
    cam_status st = CAM_OK;
    cam_run *run = t->run;
    if (!t->writes_output)
        return CAM_OK;
    if (run->facts.count == 0)
        CAM_TRY(cam_run_facts_find(run, &run->facts));
    CAM_TRY(cam_run_facts_find_arithmetic(run, backend, &t->arithmetic));
out:
    return st;
}

static const cam_training_task *task_of(const cam_config *config) {
    return config->task == CAM_CONFIG_TASK_PRETRAIN ? &cam_training_masked : &cam_training_classify;
}

static cam_status open_training(cam_training *t, cam_run *run, cam_backend *backend, cam_progress_mode progress) {
    cam_status st = CAM_OK;
    const cam_config *config = run->config;
    cam_phase_enter(CAM_PHASE_PLAN);
    *t = (cam_training){.run = run,
                        .task = task_of(config),
                        .log = CAM_RUN_LOG_INIT,
                        .saved_step = -1,
                        .scored_step = -1,
                        .model_fd = -1,
                        .folder = CAM_RUN_FOLDER_CLOSED,
                        .begin_s = cam_now_s()};
    t->writes_output = cam_group_rank(run->group) == 0;
    t->max_steps_in_flight = !run->comm                      ? CAM_REPORTS - 1
                             : cam_backend_captures(backend) ? RANKS_MAX_STEPS_IN_FLIGHT
                                                             : 0;
    cam_trainer_options options = cam_run_trainer_options(run, backend);
    CAM_TRY(cam_watchdog_open(run->group, run->comm, &t->watchdog));
    options.watchdog = t->watchdog;
    CAM_TRY(cam_group_agree_status(run->group, "reading the model", find_facts(t, backend)));
    if (t->writes_output && cam_teacher_exists(&options.teacher) && config->task == CAM_CONFIG_TASK_CLASSIFY)
        cam_log("teacher  answers once for %lld rows", (long long)options.train_count);
    CAM_TRY(cam_trainer_open(&t->trainer, backend, &options));
    cam_weights_close(run->weights); /* what becomes of the model's files does not matter any more */
    run->weights = NULL;
    cam_weights_close(run->teacher_weights);
    run->teacher_weights = NULL;
    cam_watchdog_watch(t->watchdog, cam_trainer_progress, &t->trainer);
    t->exchanged = run->comm ? run->comm->figures : (cam_comm_figures){0};
    cam_best_init(&t->best, config->metric_for_best_model, config->early_stopping_patience,
                  config->early_stopping_threshold);
    CAM_TRY(t->task->open(t));
    CAM_TRY(cam_training_begin(t, backend));
    cam_progress_init(&t->progress, t->writes_output ? progress : CAM_PROGRESS_NONE, t->trainer.plan.updates,
                      cam_run_line_steps(config, t->trainer.plan.updates));
out:
    return st;
}

static void close_training(cam_training *t) {
    cam_progress_end(&t->progress);
    cam_training_close_checkpoints(t);
    cam_run_log_release(&t->log);
    cam_watchdog_watch(t->watchdog, NULL, NULL); /* it reads the trainer's memory */
    cam_trainer_close(&t->trainer);
    cam_watchdog_close(t->watchdog);
    t->task->close(t);
    cam_facts_release(&t->arithmetic);
    cam_run_folder_close(&t->folder);
}

/* --- the loop -------------------------------------------------------------------------------------------------- */

static cam_status show_report(cam_training *t, const cam_step_report *report) {
    double step_s = t->reported_s > 0 ? report->time_s - t->reported_s : cam_now_s() - t->submitted_s;
    cam_step_event event = {.step = report->step,
                            .epoch = report->epoch,
                            .loss = report->loss,
                            .lr = report->learning_rate,
                            .grad_norm = report->grad_norm,
                            .tokens = report->tokens,
                            .step_s = step_s};
    t->reported_s = report->time_s;
    t->skipped += !report->applied;
    if (report->requests & CAM_REQUEST_STOP && t->stop_step == 0)
        t->stop_step = report->step;
    cam_progress_step(&t->progress, &event);
    return cam_training_writes_log(t) ? cam_run_log_step(&t->log, &event) : CAM_OK;
}

/* Reads the reports of all finished steps, and waits until at most `max_in_flight` steps are in flight. */
static cam_status read_reports(cam_training *t, int64_t max_in_flight) {
    for (;;) {
        cam_step_report report;
        int present = 0, wait = cam_trainer_steps_in_flight(&t->trainer) > max_in_flight;
        cam_status outcome = cam_trainer_report(&t->trainer, wait, &report, &present);
        cam_status shown = present ? show_report(t, &report) : CAM_OK;
        if (outcome != CAM_OK) /* show_report has not replaced its message */
            return outcome;
        if (shown != CAM_OK || !present)
            return shown;
    }
}

/* Whether to stop before the next step. One rank stops at once. Several ranks must stop before the same step: after
 * max_steps_in_flight further steps, when the report with the request has been read on every rank, or as soon as no
 * step is in flight. */
static int stop_is_due(cam_training *t) {
    int requested = cam_cancel_requested(&t->run->cancel);
    if (!t->run->comm)
        return requested;
    if (requested)
        cam_trainer_request(&t->trainer, CAM_REQUEST_STOP);
    return t->stop_step > 0 && (t->trainer.steps_submitted >= t->stop_step + t->max_steps_in_flight || t->drained);
}

static cam_status one_step(cam_training *t) {
    if (t->reported_s == 0 && cam_trainer_steps_in_flight(&t->trainer) == 0)
        t->submitted_s = cam_now_s();
    cam_status st = cam_trainer_step(&t->trainer);
    int pause =
        cam_training_evaluation_is_due(t) || cam_training_checkpoint_is_due(t) || cam_trainer_is_done(&t->trainer);
    if (st == CAM_OK)
        st = read_reports(t, pause ? 0 : t->max_steps_in_flight);
    t->drained = pause;
    if (pause)
        t->reported_s = 0;
    return st;
}

/* What is due after a step: an evaluation, then a checkpoint, which has its outcome. A stop comes first: the run that goes
 * on makes up for what was due. */
static cam_status after_step(cam_training *t) {
    cam_status st = CAM_OK;
    int64_t step = t->trainer.steps_submitted;
    if (cam_training_evaluation_is_due(t) && t->scored_step != step && !stop_is_due(t))
        CAM_TRY(cam_training_evaluate(t));
    if (cam_training_checkpoint_is_due(t) && !stop_is_due(t))
        CAM_TRY(cam_training_checkpoint(t, 0));
out:
    return st;
}

static cam_status loop(cam_training *t) {
    cam_status st = CAM_OK;
    cam_phase_enter(CAM_PHASE_STEPS);
    if (t->first_step > 0)
        CAM_TRY(after_step(t));
    while (!cam_trainer_is_done(&t->trainer) && !t->stopped_early) {
        if (stop_is_due(t)) {
            CAM_TRY(read_reports(t, 0));
            CAM_FAIL(CAM_E_STOPPED, "stopped by a signal after step %lld of %lld",
                     (long long)t->trainer.steps_submitted, (long long)t->trainer.plan.updates);
        }
        CAM_TRY(one_step(t));
        CAM_TRY(after_step(t));
    }
out:
    cam_progress_end(&t->progress);
    return st;
}

/* The attention of a device has a limit, which the configuration does not know. */
static cam_status check_length(const cam_run *run, const cam_backend *backend) {
    if (run->max_length <= backend->max_keys)
        return CAM_OK;
    return cam_fail(CAM_E_USAGE,
                    "max_seq_length is %d, but attention on %s reads at most %d tokens; set max_seq_length=%d, "
                    "or device=cpu",
                    run->max_length, backend->name, backend->max_keys, backend->max_keys);
}

cam_status cam_run_train(cam_run *run, cam_backend *backend, cam_progress_mode progress) {
    cam_status st = check_length(run, backend);
    cam_training t = {.run = run,
                      .task = task_of(run->config),
                      .log = CAM_RUN_LOG_INIT,
                      .saved_step = -1,
                      .model_fd = -1,
                      .folder = CAM_RUN_FOLDER_CLOSED};
    if (st != CAM_OK) /* nothing is open yet */
        return st;
    CAM_TRY(open_training(&t, run, backend, progress));
    CAM_TRY(loop(&t));
    cam_phase_enter(CAM_PHASE_END);
    CAM_TRY(cam_training_finish(&t));
out:
    if (st != CAM_OK)
        st = cam_training_end_early(&t, st);
    if (st == CAM_E_PEER) {
        cam_watchdog_exit(t.watchdog);
        cam_checkpoint_writer_give_up(t.writer); /* its thread may wait for the rank that is lost */
    }
    close_training(&t);
    return st;
}
