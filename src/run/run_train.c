/* run_train.c: cam_run_train: steps, evaluations, the best model, and the figures at the end. */
#include "clock.h"
#include "log.h"
#include "parameter_exchange.h"
#include "plain.h"
#include "run.h"
#include "run_end_internal.h"
#include "run_folder.h"
#include "run_lines_internal.h"
#include "run_log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* With several ranks, the most steps in flight. Ranks act on a request this many steps after the one that delivered it,
 * since one rank may be this far ahead of another. */
enum { RANKS_MAX_STEPS_IN_FLIGHT = 16 };

/* The state of a run. All ranks do the same work; only the one with `writes_output` also writes files and messages. */
typedef struct training {
    cam_run *run;
    cam_trainer trainer;
    cam_run_log log;
    cam_progress progress;
    cam_best best;
    cam_metrics latest;            /* of the last evaluation */
    cam_metrics kept;              /* validation figures of the model in the output folder */
    int64_t saved_step;            /* the step of the model in the output folder; -1: none */
    int64_t scored_step;           /* the step of `latest`; -1: none */
    int64_t skipped;               /* steps that were not finite */
    float *logits;                 /* for the larger of the validation and test parts */
    cam_guess *guesses[CAM_PARTS]; /* of the model in the output folder, for validation and test rows */
    double begin_s;
    double reported_s;     /* the device's clock at the end of the last reported step; 0 after a pause (evaluation) */
    double submitted_s;    /* the host's clock when the first step after a pause was submitted */
    cam_run_folder folder; /* of rank 0 */
    cam_watchdog *watchdog;
    cam_comm_figures exchanged;  /* the comm's figures before the first step */
    int writes_output;           /* rank 0: writes the folder, the log and the progress */
    int64_t max_steps_in_flight; /* steps submitted whose reports are not read yet, at most */
    int64_t stop_step;           /* the step whose report delivered the stop request, the same on every rank; 0: none */
    int stopped_early;           /* patience ended the run */
    int drained;                 /* no step is in flight, on every rank */
} training;

static const cam_config *config_of(const training *t) {
    return t->run->config;
}

static int writes_log(const training *t) {
    return t->writes_output && (config_of(t)->report_to & CAM_CONFIG_REPORT_JSONL);
}

/* --- opening --------------------------------------------------------------------------------------------------- */

/* A random name for the run: 16 hexadecimal digits. No result depends on it. */
enum { RUN_ID_BYTES = 8 };
static void draw_run_id(char text[RUN_ID_BYTES * 2 + 1]) {
    unsigned char bytes[RUN_ID_BYTES] = {0};
    if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != (ssize_t)sizeof bytes) {
        struct timespec now; /* early after boot there are no random bytes */
        clock_gettime(CLOCK_REALTIME, &now);
        memcpy(bytes, &now.tv_nsec, sizeof bytes < sizeof now.tv_nsec ? sizeof bytes : sizeof now.tv_nsec);
    }
    for (int i = 0; i < RUN_ID_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static void log_cost(const cam_run_event *event, cam_memory_need need) {
    cam_strbuf line = CAM_STRBUF_INIT;
    cam_plain_put_count(&line, event->trained_parameters);
    cam_strbuf_puts(&line, " of ");
    cam_plain_put_count(&line, event->parameters);
    cam_strbuf_puts(&line, " parameters; ");
    cam_plain_put_bytes(&line, (double)need.parameters);
    cam_strbuf_puts(&line, " of parameters and optimizer state, ");
    cam_plain_put_bytes(&line, (double)need.activations);
    cam_strbuf_puts(&line, " of activations");
    cam_log("trained  %s", line.text);
    cam_strbuf_release(&line);
}

static cam_status log_beginning(training *t, const cam_backend *backend) {
    const cam_corpus *corpus = &t->run->corpus;
    const cam_trainer *trainer = &t->trainer;
    char run_id[RUN_ID_BYTES * 2 + 1];
    draw_run_id(run_id);
    cam_run_event event = {.version = CAM_VERSION,
                           .run_id = run_id,
                           .model = t->run->model_folder,
                           .device = backend->description,
                           .parameters = trainer->params.logical_count,
                           .trained_parameters = trainer->params.trained_count,
                           .train_rows = corpus->part_count[CAM_PART_TRAIN],
                           .validation_rows = corpus->part_count[CAM_PART_VALIDATION],
                           .labels = (int64_t)corpus->labels.count,
                           .steps = trainer->plan.updates};
    event.tokens = cam_packing_tokens(&corpus->tokens, corpus->part[CAM_PART_TRAIN], event.train_rows, NULL);
    cam_log("device   %s%s", backend->description, trainer->options.bf16 ? ", bf16" : "");
    log_cost(&event, cam_trainer_memory(trainer));
    if (config_of(t)->init == CAM_CONFIG_INIT_PRETRAINED && trainer->fresh_head)
        cam_log("the classifier is fresh; all else comes from \"%s\"", t->run->model_folder);
    return writes_log(t) ? cam_run_log_run(&t->log, &event) : CAM_OK;
}

/* Rank 0 opens the folder; all ranks get the status. */
static cam_status open_folder(training *t, cam_backend *backend) {
    cam_status st = CAM_OK;
    char *path = NULL;
    if (!t->writes_output)
        goto out;
    CAM_TRY(cam_run_folder_begin(config_of(t), &t->run->corpus, &t->folder));
    path = cam_run_folder_path(&t->folder, "log.jsonl");
    if (writes_log(t))
        CAM_TRY(cam_run_log_open(&t->log, path, 0));
    CAM_TRY(log_beginning(t, backend));
out:
    free(path);
    return cam_group_agree_status(t->run->group, "opening the output folder", st);
}

static cam_status open_training(training *t, cam_run *run, cam_backend *backend, cam_progress_mode progress) {
    cam_status st = CAM_OK;
    const cam_config *config = run->config;
    const cam_corpus *corpus = &run->corpus;
    *t = (training){.run = run,
                    .log = CAM_RUN_LOG_INIT,
                    .saved_step = -1,
                    .scored_step = -1,
                    .folder = CAM_RUN_FOLDER_CLOSED,
                    .begin_s = cam_now_s()};
    t->writes_output = cam_group_rank(run->group) == 0;
    t->max_steps_in_flight = !run->comm                      ? CAM_REPORTS - 1
                             : cam_backend_captures(backend) ? RANKS_MAX_STEPS_IN_FLIGHT
                                                             : 0;
    cam_trainer_options options = cam_run_trainer_options(run, backend);
    CAM_TRY(cam_watchdog_open(run->group, run->comm, &t->watchdog));
    options.watchdog = t->watchdog;
    CAM_TRY(cam_trainer_open(&t->trainer, backend, &options));
    cam_weights_close(run->weights); /* what becomes of the model's files does not matter any more */
    run->weights = NULL;
    cam_watchdog_watch(t->watchdog, cam_trainer_progress, &t->trainer);
    t->exchanged = run->comm ? run->comm->figures : (cam_comm_figures){0};
    CAM_TRY(open_folder(t, backend));
    cam_best_init(&t->best, config->metric_for_best_model, config->early_stopping_patience,
                  config->early_stopping_threshold);
    CAM_TRY(cam_metrics_init(&t->latest, (int64_t)corpus->labels.count));
    CAM_TRY(cam_metrics_init(&t->kept, (int64_t)corpus->labels.count));
    int64_t validation = corpus->part_count[CAM_PART_VALIDATION], test = corpus->part_count[CAM_PART_TEST];
    int64_t rows = validation > test ? validation : test;
    t->logits = malloc((size_t)(rows + 1) * corpus->labels.count * sizeof *t->logits);
    if (!t->logits)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the logits of %lld rows", (long long)rows);
    for (int part = 0; part < CAM_PARTS; part++) {
        t->guesses[part] = malloc((size_t)(corpus->part_count[part] + 1) * sizeof *t->guesses[part]);
        if (!t->guesses[part])
            CAM_FAIL(CAM_E_MEMORY, "no memory for the predictions of %lld rows", (long long)corpus->part_count[part]);
    }
    cam_progress_init(&t->progress, t->writes_output ? progress : CAM_PROGRESS_NONE, t->trainer.plan.updates,
                      cam_run_line_steps(config, t->trainer.plan.updates));
out:
    return st;
}

static void close_training(training *t) {
    cam_progress_end(&t->progress);
    cam_run_log_release(&t->log);
    cam_watchdog_watch(t->watchdog, NULL, NULL); /* it reads the trainer's memory */
    cam_trainer_close(&t->trainer);
    cam_watchdog_close(t->watchdog);
    cam_metrics_release(&t->latest);
    cam_metrics_release(&t->kept);
    free(t->logits);
    for (int part = 0; part < CAM_PARTS; part++)
        free(t->guesses[part]);
    cam_run_folder_close(&t->folder);
}

/* --- evaluating ------------------------------------------------------------------------------------------------ */

static cam_status score(training *t, cam_data_part part, cam_metrics *metrics) {
    cam_status st = CAM_OK;
    const cam_corpus *corpus = &t->run->corpus;
    const int32_t *list = corpus->part[part];
    size_t labels = corpus->labels.count;
    cam_metrics_clear(metrics);
    CAM_TRY(cam_trainer_logits(&t->trainer, list, corpus->part_count[part], t->logits));
    for (int64_t i = 0; i < corpus->part_count[part]; i++)
        cam_metrics_add(metrics, t->logits + (size_t)i * labels, corpus->label[list[i]]);
out:
    return st;
}

/* Keeps what the logits of a part's rows, which were scored last, predict. */
static void keep_guesses(training *t, cam_data_part part) {
    const cam_corpus *corpus = &t->run->corpus;
    cam_guess_rows(t->logits, corpus->part_count[part], (int64_t)corpus->labels.count, t->guesses[part]);
}

static cam_status put_tokenizer(const training *t) {
    const cam_run *run = t->run;
    return cam_tokenizer_save(run->tokenizer, cam_model_config_max_tokens(&run->model), t->folder.path);
}

/* Writes the current weights to the output folder; the first save makes it a model. */
static cam_status save(training *t) {
    cam_status st = CAM_OK;
    cam_group *group = t->run->group;
    int is_first = t->saved_step < 0 && t->writes_output;
    char *path = t->writes_output ? cam_run_folder_path(&t->folder, "model.safetensors") : NULL;
    CAM_TRY(cam_group_agree_status(group, "saving the tokenizer", is_first ? put_tokenizer(t) : CAM_OK));
    CAM_TRY(cam_trainer_save(&t->trainer, path));
    if (is_first)
        st = cam_run_folder_put_config(&t->folder, &t->run->model);
    CAM_TRY(cam_group_agree_status(group, "saving the model's configuration", st));
    t->saved_step = t->trainer.steps_submitted;
out:
    free(path);
    return st;
}

/* Keeps the figures of the last evaluation, whose logits are still there, as those of the model just saved. */
static void keep_figures(training *t) {
    cam_metrics_clear(&t->kept);
    cam_metrics_merge(&t->kept, &t->latest);
    keep_guesses(t, CAM_PART_VALIDATION);
}

static cam_status evaluate(training *t, cam_verdict *verdict) {
    cam_status st = CAM_OK;
    cam_strbuf figures = CAM_STRBUF_INIT;
    *verdict = (cam_verdict){0};
    CAM_TRY(score(t, CAM_PART_VALIDATION, &t->latest));
    t->scored_step = t->trainer.steps_submitted;
    cam_scores scores = cam_metrics_scores(&t->latest);
    cam_eval_event event = {.step = t->trainer.steps_submitted};
    for (int m = 0; m < CAM_CHOICE_COUNT_metric; m++)
        event.metrics[m] = cam_metric_value((cam_metric)m, &scores);
    if (writes_log(t))
        CAM_TRY(cam_run_log_eval(&t->log, &event));
    *verdict = cam_best_take(&t->best, t->trainer.steps_submitted, cam_metric_value(t->best.metric, &scores));
    cam_metrics_put_shown(&figures, &scores, CAM_SHOWN_EVAL);
    if (cam_run_shows_evaluation(config_of(t), &t->trainer.plan, t->best.evaluations, cam_trainer_is_done(&t->trainer)))
        cam_log("epoch %-5.4g step %lld  validation %s%s", cam_plan_epoch(&t->trainer.plan, t->trainer.steps_submitted),
                (long long)t->trainer.steps_submitted, cam_strbuf_text(&figures), verdict->is_best ? "  best" : "");
    if (verdict->is_best && config_of(t)->load_best_model_at_end) {
        CAM_TRY(save(t));
        keep_figures(t);
    }
out:
    cam_strbuf_release(&figures);
    return st;
}

static int evaluation_is_due(const training *t) {
    const cam_config *config = config_of(t);
    int64_t step = t->trainer.steps_submitted, epoch = t->trainer.plan.updates_per_epoch;
    if (t->run->corpus.part_count[CAM_PART_VALIDATION] == 0 || config->eval_strategy == CAM_CONFIG_EVAL_NO)
        return 0;
    if (config->eval_strategy == CAM_CONFIG_EVAL_STEPS)
        return step % config->eval_steps == 0;
    return step % epoch == 0 || cam_trainer_is_done(&t->trainer);
}

/* --- the loop -------------------------------------------------------------------------------------------------- */

static cam_status show_report(training *t, const cam_step_report *report) {
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
    return writes_log(t) ? cam_run_log_step(&t->log, &event) : CAM_OK;
}

/* Reads the reports of all finished steps, and waits until at most `max_in_flight` steps are in flight. */
static cam_status read_reports(training *t, int64_t max_in_flight) {
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
static int stop_is_due(training *t) {
    int requested = cam_cancel_requested(&t->run->cancel);
    if (!t->run->comm)
        return requested;
    if (requested)
        cam_trainer_request(&t->trainer, CAM_REQUEST_STOP);
    return t->stop_step > 0 && (t->trainer.steps_submitted >= t->stop_step + t->max_steps_in_flight || t->drained);
}

static cam_status one_step(training *t) {
    if (t->reported_s == 0 && cam_trainer_steps_in_flight(&t->trainer) == 0)
        t->submitted_s = cam_now_s();
    cam_status st = cam_trainer_step(&t->trainer);
    int pause = evaluation_is_due(t) || cam_trainer_is_done(&t->trainer);
    if (st == CAM_OK)
        st = read_reports(t, pause ? 0 : t->max_steps_in_flight);
    t->drained = pause;
    if (pause)
        t->reported_s = 0;
    return st;
}

static cam_status loop(training *t) {
    cam_status st = CAM_OK;
    while (!cam_trainer_is_done(&t->trainer)) {
        if (stop_is_due(t)) {
            CAM_TRY(read_reports(t, 0));
            CAM_FAIL(CAM_E_STOPPED, "stopped by a signal after step %lld of %lld",
                     (long long)t->trainer.steps_submitted, (long long)t->trainer.plan.updates);
        }
        CAM_TRY(one_step(t));
        if (!evaluation_is_due(t) || stop_is_due(t))
            continue;
        cam_verdict verdict;
        CAM_TRY(evaluate(t, &verdict));
        if (verdict.stop) {
            t->stopped_early = 1;
            cam_log("no better %s in %lld evaluation%s: stopping", cam_words_metric[t->best.metric],
                    (long long)t->best.waited, t->best.waited == 1 ? "" : "s");
            break;
        }
    }
out:
    cam_progress_end(&t->progress);
    return st;
}

/* --- the end --------------------------------------------------------------------------------------------------- */

/* Makes sure that the output folder has the final model: the best one, or the last one if there was no evaluation or
 * load_best_model_at_end is false. */
static cam_status save_final_model(training *t) {
    cam_status st = CAM_OK;
    cam_verdict verdict;
    if (t->run->corpus.part_count[CAM_PART_VALIDATION] > 0 && t->scored_step != t->trainer.steps_submitted)
        CAM_TRY(evaluate(t, &verdict));
    if (t->saved_step < 0 || !config_of(t)->load_best_model_at_end) {
        CAM_TRY(save(t));
        keep_figures(t);
    }
out:
    return st;
}

static cam_status score_test(training *t, cam_metrics *test) {
    cam_status st = CAM_OK;
    if (t->run->corpus.part_count[CAM_PART_TEST] == 0)
        return CAM_OK;
    if (t->saved_step != t->trainer.steps_submitted)
        CAM_TRY(cam_trainer_reload(&t->trainer, t->folder.path));
    CAM_TRY(score(t, CAM_PART_TEST, test));
    keep_guesses(t, CAM_PART_TEST);
out:
    return st;
}

/* Logs how much the ranks sent, and how long it took. Not for collectives inside captured graphs (NCCL), which the host
 * cannot measure. */
static void log_exchange(const training *t) {
    const cam_comm *comm = t->run->comm;
    if (!comm || comm->captures || t->trainer.steps_submitted == 0)
        return;
    double steps = (double)t->trainer.steps_submitted, busy_s = comm->figures.busy_s - t->exchanged.busy_s;
    double waited_s = comm->figures.waited_s - t->exchanged.waited_s;
    cam_log_verbose("exchange %.2f MB sent a step and rank (least possible: %.2f), %.1f ms at work, %.0f %% of them "
                    "beside other work",
                    1e-6 * (double)(comm->figures.bytes_sent - t->exchanged.bytes_sent) / steps,
                    1e-6 * cam_exchange_min_bytes(&t->trainer.params), 1e3 * busy_s / steps,
                    busy_s > 0 ? 100 * (1 - waited_s / busy_s) : 0.0);
}

/* Shows a report for people, line by line. */
static void show(const cam_run_end *end) {
    cam_strbuf report = CAM_STRBUF_INIT;
    cam_run_report_put(end, &report);
    const char *rest = cam_strbuf_text(&report);
    for (size_t length; *rest; rest += length + 1) {
        length = strcspn(rest, "\n");
        cam_log("%.*s", (int)length, rest);
    }
    cam_strbuf_clear(&report);
    cam_run_verdict_put(end, &report);
    if (report.length > 0)
        cam_log_warn_lines(report.text);
    cam_strbuf_release(&report);
}

static cam_status write_end(training *t, const char *reason, const cam_metrics *test) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = &t->run->corpus;
    int has_test = corpus->part_count[CAM_PART_TEST] > 0, has_validation = corpus->part_count[CAM_PART_VALIDATION] > 0;
    if (t->skipped > 0)
        cam_strbuf_printf(&corpus->warnings, "%lld %s not finite and skipped\n", (long long)t->skipped,
                          t->skipped == 1 ? "step was" : "steps were");
    cam_run_end end = {
        .run = t->run,
        .folder = &t->folder,
        .metrics = {[CAM_PART_VALIDATION] = has_validation ? &t->kept : NULL, [CAM_PART_TEST] = has_test ? test : NULL},
        .guesses = {[CAM_PART_VALIDATION] = has_validation ? t->guesses[CAM_PART_VALIDATION] : NULL,
                    [CAM_PART_TEST] = has_test ? t->guesses[CAM_PART_TEST] : NULL},
        .best = &t->best,
        .plan = &t->trainer.plan,
        .schedule = &t->trainer.schedule,
        .steps = t->trainer.steps_submitted,
        .saved_step = t->saved_step,
        .early_stopping = t->stopped_early,
        .wall_s = cam_now_s() - t->begin_s};
    CAM_TRY(cam_run_end_write(&end));
    if (writes_log(t)) {
        CAM_TRY(cam_run_log_end(&t->log, reason, end.wall_s));
        CAM_TRY(cam_run_log_close(&t->log));
    }
    show(&end);
    cam_run_folder_warn_of_move(&t->folder, config_of(t)->output_dir);
out:
    cam_run_end_release(&end);
    return st;
}

static cam_status finish(training *t) {
    cam_status st = CAM_OK;
    cam_metrics test = {0};
    log_exchange(t);
    CAM_TRY(save_final_model(t));
    CAM_TRY(cam_metrics_init(&test, (int64_t)t->run->corpus.labels.count));
    CAM_TRY(score_test(t, &test));
    if (t->writes_output)
        CAM_TRY(write_end(t, t->stopped_early ? "early_stopping" : "done", &test));
out:
    cam_metrics_release(&test);
    return st;
}

/* Completes the log of a run that failed or was stopped. */
static cam_status close_log(training *t, cam_status why) {
    cam_status st = CAM_OK;
    const char *reason = why == CAM_E_STOPPED ? "signal" : why == CAM_E_DIVERGED ? "diverged" : "error";
    if (t->log.fd < 0)
        return CAM_OK;
    CAM_TRY(cam_run_log_end(&t->log, reason, cam_now_s() - t->begin_s));
    CAM_TRY(cam_run_log_close(&t->log));
out:
    return st;
}

/* Puts the message of what failed at the end before the one that ended the run. */
static void add_to_message(char **message) {
    cam_strbuf both = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&both, cam_status_message(), "; ", *message ? *message : "", NULL);
    free(*message);
    *message = cam_strbuf_detach(&both);
}

/* Ends a run that failed or was stopped, and saves a model after a stop if there is none yet. A stop that loses its work
 * is no stop, but the failure of the save. */
static cam_status end_early(training *t, cam_status why) {
    cam_group *group = t->run->group;
    if (why == CAM_E_STOPPED || why == CAM_E_DIVERGED) /* all ranks get here */
        why = cam_group_agree_status(group, "ending the run", why);
    char *message = strdup(cam_status_message());
    cam_status kept = why == CAM_E_STOPPED && t->saved_step < 0 && t->trainer.steps_submitted > 0 ? save(t) : CAM_OK;
    if (kept != CAM_OK) {
        add_to_message(&message);
        why = kept;
    }
    cam_status logged = close_log(t, why);
    if (why == CAM_E_STOPPED)
        logged = cam_group_agree_status(group, "ending the log", logged);
    if (why == CAM_E_STOPPED && logged != CAM_OK) {
        add_to_message(&message);
        why = logged;
    }
    if (message && why == CAM_E_STOPPED && t->saved_step >= 0)
        cam_fail(why, "%s; the model of step %lld is saved", message, (long long)t->saved_step);
    else if (message)
        cam_fail_again(why, message);
    free(message);
    return why;
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
    training t = {.run = run, .log = CAM_RUN_LOG_INIT, .saved_step = -1, .folder = CAM_RUN_FOLDER_CLOSED};
    if (st != CAM_OK) /* nothing is open yet */
        return st;
    CAM_TRY(open_training(&t, run, backend, progress));
    CAM_TRY(loop(&t));
    CAM_TRY(finish(&t));
out:
    if (st != CAM_OK)
        st = end_early(&t, st);
    if (st == CAM_E_PEER)
        cam_watchdog_exit(t.watchdog);
    close_training(&t);
    return st;
}
