/* run_finish.c: the end of a run, whatever ends it; see training_internal.h. */
#include "clock.h"
#include "event_file.h"
#include "log.h"
#include "pages.h"
#include "parameter_exchange.h"
#include "run_record.h"
#include "training_internal.h"
#include <string.h>

/* Makes sure that the output folder has the final model: the best one, or the last one if there was no evaluation or
 * load_best_model_at_end is false. */
static cam_status save_final_model(cam_training *t) {
    cam_status st = CAM_OK;
    if (t->run->corpus.part_count[CAM_PART_VALIDATION] > 0 && t->scored_step != t->trainer.steps_submitted)
        CAM_TRY(cam_training_evaluate(t));
    if (t->saved_step >= 0 && cam_training_config(t)->load_best_model_at_end)
        goto out;
    CAM_TRY(cam_training_save(t));
    CAM_TRY(t->task->keep(t));
out:
    return st;
}

/* Logs how much the ranks sent, and how long it took. Not for collectives inside captured graphs (NCCL), which the host
 * cannot measure. */
static void log_exchange(const cam_training *t) {
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
static void show(const cam_strbuf *report) {
    cam_log_each_line(cam_strbuf_text(report), cam_log);
}

/* From now on the same command has nothing left to do. */
static cam_status mark_finished(const cam_training *t) {
    cam_run_record record = {.finished = 1, .facts = t->run->facts};
    memcpy(record.run_id, t->run_id, sizeof record.run_id);
    return cam_run_record_write(&t->folder, &record);
}

/* What is made from the other files. */
static cam_status write_pages(const cam_training *t) {
    cam_status st = CAM_OK;
    const cam_config *config = cam_training_config(t);
    if (config->report_to & CAM_CONFIG_REPORT_TENSORBOARD)
        CAM_TRY(cam_event_file_write(t->folder.path));
    if (config->report_to & CAM_CONFIG_REPORT_HTML)
        CAM_TRY(cam_pages_write(t->folder.path, config->language));
out:
    return st;
}

static cam_status write_end(cam_training *t, const char *reason) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = &t->run->corpus;
    cam_strbuf report = CAM_STRBUF_INIT, warning = CAM_STRBUF_INIT;
    double wall_s = cam_now_s() - t->begin_s;
    if (t->skipped > 0)
        cam_strbuf_printf(&corpus->warnings, "%lld %s not finite and skipped\n", (long long)t->skipped,
                          t->skipped == 1 ? "step was" : "steps were");
    CAM_TRY(t->task->write_end(t, wall_s, &report, &warning));
    if (cam_training_writes_log(t)) {
        CAM_TRY(cam_run_log_end(&t->log, reason, wall_s));
        CAM_TRY(cam_run_log_close(&t->log));
    }
    CAM_TRY(write_pages(t));
    CAM_TRY(mark_finished(t));
    show(&report);
    if (warning.length > 0)
        cam_log_warn_lines(warning.text);
    cam_run_folder_warn_of_move(&t->folder, cam_training_config(t)->output_dir);
out:
    cam_strbuf_release(&report);
    cam_strbuf_release(&warning);
    return st;
}

cam_run_end cam_training_run_end(const cam_training *t, double wall_s) {
    return (cam_run_end){.run = t->run,
                         .folder = &t->folder,
                         .best = &t->best,
                         .plan = &t->trainer.plan,
                         .schedule = &t->trainer.schedule,
                         .steps = t->trainer.steps_submitted,
                         .saved_step = t->saved_step,
                         .early_stopping = t->stopped_early,
                         .wall_s = wall_s};
}

cam_status cam_training_finish(cam_training *t) {
    cam_status st = CAM_OK;
    log_exchange(t);
    CAM_TRY(save_final_model(t));
    CAM_TRY(cam_training_checkpoint_wait(t));
    CAM_TRY(t->task->score_end(t));
    if (t->writes_output)
        CAM_TRY(write_end(t, t->stopped_early ? "early_stopping" : "done"));
out:
    return st;
}

/* Completes the log of a run that failed or was stopped. */
static cam_status close_log(cam_training *t, cam_status why) {
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
static void put_message_before(cam_strbuf *text) {
    cam_strbuf both = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&both, cam_status_message(), "; ", cam_strbuf_text(text), NULL);
    cam_strbuf_release(text);
    *text = both;
}

/* What a stopped run keeps: a checkpoint, and a model if there is none yet. */
static cam_status keep_stopped(cam_training *t) {
    cam_status st = CAM_OK;
    if (t->trainer.steps_submitted == t->first_step) /* nothing is new */
        return CAM_OK;
    if (!t->holds_best)
        CAM_TRY(cam_training_checkpoint(t, 1));
    if (t->saved_step < 0)
        CAM_TRY(cam_training_save(t));
out:
    return st;
}

/* What the user of a stopped run wants to know. */
static void put_kept(const cam_training *t, cam_strbuf *out) {
    if (t->checkpoint_step > 0)
        cam_strbuf_printf(out, "; checkpoint-%lld is saved: the same command goes on from it",
                          (long long)t->checkpoint_step);
    else if (t->saved_step >= 0)
        cam_strbuf_printf(out, "; the model of step %lld is saved", (long long)t->saved_step);
}

/* A stop that loses its work is no stop, but the failure of the save. */
cam_status cam_training_end_early(cam_training *t, cam_status why) {
    cam_group *group = t->run->group;
    cam_strbuf text = CAM_STRBUF_INIT;
    if (why == CAM_E_STOPPED || why == CAM_E_DIVERGED) /* all ranks get here */
        why = cam_group_agree_status(group, "ending the run", why);
    cam_strbuf_puts(&text, cam_status_message());
    cam_status outcome = why == CAM_E_STOPPED ? keep_stopped(t) : CAM_OK;
    if (why == CAM_E_DIVERGED && cam_training_checkpoint_wait(t) != CAM_OK) /* of a step before */
        cam_log_warn("%s", cam_status_message());
    if (outcome != CAM_OK) {
        put_message_before(&text);
        why = outcome;
    }
    cam_status logged = close_log(t, why);
    if (why == CAM_E_STOPPED)
        logged = cam_group_agree_status(group, "ending the log", logged);
    if (why == CAM_E_STOPPED && logged != CAM_OK) {
        put_message_before(&text);
        why = logged;
    }
    if (why == CAM_E_STOPPED)
        put_kept(t, &text);
    cam_fail_again(why, cam_strbuf_text(&text));
    cam_strbuf_release(&text);
    return why;
}
