/* run_checkpoint.c: checkpoints of a run; see training_internal.h. One holds the trainer's pieces (trainer_state.h),
 * training.json and results.bin (training_record_internal.h), and the best model. */
#include "clock.h"
#include "files.h"
#include "log.h"
#include "phases.h"
#include "training_internal.h"
#include "training_record_internal.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* --- the memory of checkpoints ------------------------------------------------------------------------------------- */

static int is_saved(const cam_training *t) {
    return cam_training_config(t)->save_strategy != CAM_CONFIG_SAVE_NO;
}

static void close_model(cam_training *t) {
    if (t->model_fd >= 0)
        close(t->model_fd);
    t->model_fd = -1;
}

cam_status cam_training_open_checkpoints(cam_training *t) {
    cam_status st = CAM_OK;
    if (!is_saved(t))
        return CAM_OK;
    CAM_TRY(cam_trainer_state_open(&t->state, &t->trainer));
    if (t->writes_output || t->trainer.params.sharding.sharded)
        CAM_TRY(cam_checkpoint_writer_open(&t->writer));
out:
    return st;
}

void cam_training_close_checkpoints(cam_training *t) {
    cam_checkpoint_writer_close(t->writer);
    close_model(t);
    cam_trainer_state_close(&t->state);
    cam_strbuf_release(&t->numbers);
    cam_strbuf_release(&t->results);
    free(t->model_path);
}

/* --- taking -------------------------------------------------------------------------------------------------------- */

int cam_training_checkpoint_is_due(const cam_training *t) {
    const cam_config *config = cam_training_config(t);
    int64_t step = t->trainer.steps_submitted, epoch = t->trainer.plan.updates_per_epoch;
    if (!is_saved(t) || t->checkpoint_step == step || t->pending_step == step)
        return 0;
    if (cam_trainer_is_done(&t->trainer) || t->stopped_early)
        return 1;
    return step % (config->save_strategy == CAM_CONFIG_SAVE_STEPS ? config->save_steps : epoch) == 0;
}

/* Says once that the disk holds the training up. */
static void tell_slow(cam_training *t, double waited_s) {
    const cam_config *config = cam_training_config(t);
    enum { SHORT_S = 1 };
    int64_t every =
        config->save_strategy == CAM_CONFIG_SAVE_STEPS ? config->save_steps : t->trainer.plan.updates_per_epoch;
    if (waited_s < SHORT_S || t->told_slow || !t->writes_output)
        return;
    t->told_slow = 1;
    cam_log_warn("the disk is slower than the saving: after step %lld the training waited %.1f s until the checkpoint "
                 "before was written; save less often: save_strategy=steps save_steps=%lld",
                 (long long)t->trainer.steps_submitted, waited_s, 4 * (long long)every);
}

/* The group has told which rank is lost. */
static cam_status fail_lost(const cam_training *t) {
    return cam_fail(CAM_E_PEER, "rank %d waited at writing a checkpoint: %s", cam_group_rank(t->run->group),
                    cam_status_message());
}

/* A part that did not come is the consequence of a lost rank, of which the group hears within a second or two: its message
 * names the rank. Otherwise the message of the checkpoint stays. */
static cam_status find_lost_rank(cam_training *t) {
    enum { WAIT_S = 3 };
    const struct timespec pause = {.tv_nsec = 10000000};
    cam_failure failure;
    cam_failure_set_aside(&failure, CAM_E_PEER);
    for (double begin_s = cam_now_s(); cam_now_s() < begin_s + WAIT_S; nanosleep(&pause, NULL))
        if (cam_group_poll(t->run->group) != CAM_OK)
            return fail_lost(t);
    return cam_failure_report(&failure);
}

/* Waits for the thread that writes, which may wait for the part of another rank: a rank that is lost ends the wait. */
static cam_status watch_writer(cam_training *t, double *waited_s) {
    cam_status st = CAM_OK;
    double begin_s = cam_now_s();
    while (t->job.parts > 1 && cam_checkpoint_writer_wait_at_most(t->writer, 0.1))
        CAM_TRY(cam_group_poll(t->run->group) == CAM_OK ? CAM_OK : fail_lost(t));
    st = cam_checkpoint_writer_wait(t->writer, NULL);
    *waited_s = cam_now_s() - begin_s;
    if (st == CAM_E_PEER)
        st = find_lost_rank(t);
out:
    if (st == CAM_E_PEER)
        cam_checkpoint_writer_give_up(t->writer);
    return st;
}

static cam_status wait_for_writer(cam_training *t, int tells) {
    double waited_s = 0;
    cam_status st = t->writer ? watch_writer(t, &waited_s) : CAM_OK;
    close_model(t);
    if (t->pending_step == 0)
        return st;
    st = cam_group_agree_status(t->run->group, "writing a checkpoint", st);
    if (st == CAM_OK)
        t->checkpoint_step = t->pending_step;
    t->pending_step = 0;
    if (tells)
        tell_slow(t, waited_s);
    return st;
}

cam_status cam_training_checkpoint_wait(cam_training *t) {
    return wait_for_writer(t, 0);
}

/* The best model of now: a better one may replace it while the checkpoint is written, so it stays open. */
static cam_status add_model(cam_training *t) {
    t->model_fd = open(t->model_path, O_RDONLY | O_CLOEXEC);
    if (t->model_fd < 0)
        return cam_file_fail(CAM_E_STORAGE, "open", t->model_path);
    snprintf(t->model_link, sizeof t->model_link, "/proc/self/fd/%d", t->model_fd);
    t->files[t->file_count++] = (cam_checkpoint_file){.name = CAM_TRAINING_MODEL_FILE, .like = t->model_link};
    return CAM_OK;
}

/* The files of this rank, which stay as they are until they are written. */
static cam_status fill(cam_training *t) {
    cam_status st = CAM_OK;
    int count = 0;
    const cam_state_piece *pieces = cam_trainer_state_pieces(&t->state, &count);
    t->file_count = 0;
    for (int i = 0; i < count; i++)
        t->files[t->file_count++] =
            (cam_checkpoint_file){.name = pieces[i].name, .bytes = pieces[i].bytes, .count = pieces[i].count};
    if (!t->writes_output)
        return CAM_OK;
    if (cam_training_writes_log(t))
        CAM_TRY(cam_run_log_sync(&t->log));
    cam_training_numbers_put(t, &t->numbers);
    t->task->put_results(t, &t->results);
    t->files[t->file_count++] =
        (cam_checkpoint_file){.name = CAM_TRAINING_NUMBERS_FILE, .bytes = t->numbers.text, .count = t->numbers.length};
    t->files[t->file_count++] =
        (cam_checkpoint_file){.name = CAM_TRAINING_RESULTS_FILE, .bytes = t->results.text, .count = t->results.length};
    if (t->saved_step >= 0)
        CAM_TRY(add_model(t));
    CAM_TRY(cam_memory_check(CAM_OK));
out:
    return st;
}

cam_status cam_training_checkpoint(cam_training *t, int wait) {
    cam_status st = CAM_OK;
    cam_group *group = t->run->group;
    const cam_config *config = cam_training_config(t);
    int sharded = t->trainer.params.sharding.sharded;
    if (!is_saved(t) || t->checkpoint_step == t->trainer.steps_submitted)
        return wait_for_writer(t, 0);
    cam_phase before = cam_phase_enter(CAM_PHASE_CHECKPOINT);
    CAM_TRY(wait_for_writer(t, !wait));
    CAM_TRY(cam_trainer_state_take(&t->state));
    CAM_TRY(cam_group_agree_status(group, "taking a checkpoint", fill(t)));
    t->job = (cam_checkpoint){.folder = t->writes_output ? t->folder.path : config->output_dir,
                              .run_id = t->run_id,
                              .step = t->trainer.steps_submitted,
                              .part = sharded ? cam_group_rank(group) : 0,
                              .parts = sharded ? cam_group_ranks(group) : 1,
                              .token = t->token,
                              .files = t->files,
                              .count = (size_t)t->file_count,
                              .keep = config->save_total_limit,
                              .best_step = t->best.step > 0 ? t->best.step : -1,
                              .timeout_s = group ? group->timeout_s : 0};
    t->pending_step = t->trainer.steps_submitted;
    if (t->writer)
        cam_checkpoint_writer_start(t->writer, &t->job);
    if (wait)
        CAM_TRY(wait_for_writer(t, 0));
out:
    cam_phase_enter(before);
    return st;
}
