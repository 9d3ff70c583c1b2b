/* repeat.c: see repeat.h. Ranks work in rounds: rank r of R makes the r-th of the next R trainings that are not made yet;
 * then all of them get what each has, and rank 0 keeps it. */
#include "repeat.h"
#include "clock.h"
#include "files.h"
#include "log.h"
#include "logits_file_internal.h"
#include "metrics.h"
#include "plain.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The work of this rank. */
typedef struct work {
    const cam_repeat_task *task;
    cam_repeat_result *results;
    cam_repeat_cost *cost;
    cam_trainer trainer;
    cam_repetition *repetitions;
    cam_progress progress;
    int is_open;
    int64_t steps_before; /* of the trainings that are done, for the progress */
    int64_t *open;        /* [open_count] jobs that are not made yet */
    int64_t open_count;
    double begin_s, event_s;
} work;

static int64_t labels_of(const cam_repeat_task *task) {
    return (int64_t)task->run->corpus.labels.count;
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static const char ending[] = ".bin";
static const char *const prefixes[] = {CAM_REPEAT_FOLDS, CAM_REPEAT_POINTS, CAM_REPEAT_ENTRIES};

/* "PREFIX-NUMBER.bin"; the caller frees file.path. */
static cam_logits_file file_of(const cam_repeat_task *task, int64_t job, const cam_repeat_result *result) {
    char name[160];
    const cam_repeat_job *j = &task->jobs[job];
    snprintf(name, sizeof name, "%s-%" PRId64 "%s", task->prefix, task->done_before + job + 1, ending);
    return (cam_logits_file){.path = cam_run_folder_path(task->folder, name),
                             .identity = task->identity,
                             .rows = j->held_count,
                             .labels = labels_of(task),
                             .logits = result->logits,
                             .times_s = {result->wall_s, result->predict_s}};
}

static cam_status keep(const cam_repeat_task *task, int64_t job, const cam_repeat_result *result) {
    cam_logits_file file = file_of(task, job, result);
    cam_status st = file.path ? cam_logits_file_write(&file) : cam_memory_check(CAM_OK);
    free(file.path);
    return st;
}

static cam_status take(const cam_repeat_task *task, int64_t job, cam_repeat_result *result) {
    cam_logits_file file = file_of(task, job, result);
    cam_status st = file.path ? cam_logits_file_read(&file) : cam_memory_check(CAM_OK);
    result->logits = file.logits;
    result->wall_s = file.times_s[0];
    result->predict_s = file.times_s[1];
    free(file.path);
    return st;
}

/* PREFIX-NUMBER.bin, and nothing else. */
static int is_ours(const char *name, const char *prefix) {
    size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0 || name[length] != '-')
        return 0;
    name += length;
    return strcmp(name + strspn(name + 1, "0123456789") + 1, ending) == 0;
}

cam_status cam_repeat_remove_files(const cam_run_folder *folder) {
    cam_status st = CAM_OK;
    DIR *dir = opendir(folder->path);
    if (!dir)
        return cam_file_fail(CAM_E_STORAGE, "list", folder->path);
    for (struct dirent *entry; st == CAM_OK && (entry = readdir(dir)) != NULL;) {
        int ours = 0;
        for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
            ours |= is_ours(entry->d_name, prefixes[i]);
        if (!ours)
            continue;
        char *path = cam_run_folder_path(folder, entry->d_name);
        if (path && unlink(path) != 0 && errno != ENOENT)
            st = cam_file_fail(CAM_E_STORAGE, "remove", path);
        free(path);
    }
    closedir(dir);
    return st;
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

/* A rank trains alone: as many rows in a batch as one process has. */
static cam_trainer_options options_of(const work *w) {
    const cam_repeat_task *task = w->task;
    cam_trainer_options options = cam_run_trainer_options(task->run, task->backend);
    options.plan.batch_rows = task->run->config->per_device_train_batch_size;
    options.group = NULL;
    options.comm = NULL;
    options.shard = 0;
    options.repetitions = w->repetitions;
    options.repetition_count = task->job_count;
    return options;
}

static cam_status list_open(work *w) {
    cam_status st = CAM_OK;
    const cam_repeat_task *task = w->task;
    size_t labels = (size_t)labels_of(task);
    int64_t *taken = calloc((size_t)task->job_count + 1, sizeof *taken);
    w->open = calloc((size_t)task->job_count + 1, sizeof *w->open);
    w->repetitions = calloc((size_t)task->job_count + 1, sizeof *w->repetitions);
    if (!taken || !w->open || !w->repetitions)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld trainings", (long long)task->job_count);
    for (int64_t j = 0; j < task->job_count && task->folder; j++) {
        CAM_TRY(take(task, j, &w->results[j]));
        taken[j] = w->results[j].logits != NULL;
    }
    CAM_TRY(
        cam_group_broadcast(task->group, "finding finished trainings", taken, (size_t)task->job_count * sizeof *taken));
    for (int64_t j = 0; j < task->job_count; j++) {
        size_t bytes = (size_t)task->jobs[j].held_count * labels * sizeof(float);
        w->repetitions[j] = task->jobs[j].training;
        if (!w->results[j].logits)
            w->results[j].logits = calloc(bytes + 1, 1);
        if (!w->results[j].logits)
            CAM_FAIL(CAM_E_MEMORY, "no memory for the logits of %lld rows", (long long)task->jobs[j].held_count);
        if (taken[j]) {
            CAM_TRY(cam_group_broadcast(task->group, "reading finished trainings", w->results[j].logits, bytes));
            CAM_TRY(cam_group_broadcast(task->group, "reading finished trainings", &w->results[j].wall_s,
                                        sizeof w->results[j].wall_s));
            w->cost->taken_s += w->results[j].wall_s;
        } else {
            w->open[w->open_count++] = j;
        }
    }
    w->cost->taken = task->job_count - w->open_count;
out:
    free(taken);
    return st;
}

/* Steps that this rank will make: a job of every round. */
static int64_t count_steps(const work *w) {
    int64_t steps = 0;
    int ranks = cam_group_ranks(w->task->group), rank = cam_group_rank(w->task->group);
    for (int64_t i = rank; i < w->open_count; i += ranks) {
        cam_plan_settings settings = w->trainer.options.plan;
        cam_plan plan;
        settings.rows = w->repetitions[w->open[i]].train_count;
        if (cam_plan_make(&plan, &settings) == CAM_OK)
            steps += plan.updates;
    }
    return steps;
}

static cam_status open_trainer(work *w) {
    cam_status st = CAM_OK;
    const cam_repeat_task *task = w->task;
    cam_trainer_options options = options_of(w);
    if (cam_group_rank(task->group) >= w->open_count) /* nothing is left for this rank */
        return CAM_OK;
    double begin_s = cam_now_s();
    CAM_TRY(cam_trainer_open(&w->trainer, task->backend, &options));
    w->cost->open_s = cam_now_s() - begin_s;
    w->is_open = 1;
    w->cost->memory = cam_trainer_memory(&w->trainer);
    w->cost->parameters = w->trainer.params.logical_count;
    w->cost->trained_parameters = w->trainer.params.trained_count;
    cam_progress_init(&w->progress, cam_group_rank(task->group) == 0 ? task->progress : CAM_PROGRESS_NONE,
                      count_steps(w), 0);
    if (w->progress.mode == CAM_PROGRESS_LINES)
        w->progress.mode = CAM_PROGRESS_NONE; /* a line for each training says enough */
out:
    return st;
}

/* --- a training -------------------------------------------------------------------------------------------------- */

static void show_report(work *w, const cam_step_report *report) {
    double now = cam_now_s();
    cam_step_event event = {.step = w->steps_before + report->step,
                            .epoch = report->epoch,
                            .loss = report->loss,
                            .lr = report->learning_rate,
                            .grad_norm = report->grad_norm,
                            .tokens = report->tokens,
                            .step_s = now - w->event_s};
    w->event_s = now;
    cam_progress_step(&w->progress, &event);
}

/* Reads the reports of finished steps, and waits until at most `most` steps are in flight. */
static cam_status read_reports(work *w, int64_t most) {
    for (;;) {
        cam_step_report report;
        int present = 0, wait = cam_trainer_steps_in_flight(&w->trainer) > most;
        cam_status st = cam_trainer_report(&w->trainer, wait, &report, &present);
        if (present)
            show_report(w, &report);
        if (st != CAM_OK || !present)
            return st;
    }
}

static cam_status make_steps(work *w) {
    cam_status st = CAM_OK;
    while (!cam_trainer_is_done(&w->trainer)) {
        if (cam_cancel_requested(&w->task->run->cancel)) {
            CAM_TRY(read_reports(w, 0));
            CAM_FAIL(CAM_E_STOPPED, "stopped by a signal");
        }
        CAM_TRY(cam_group_poll(w->task->group));
        CAM_TRY(cam_trainer_step(&w->trainer));
        CAM_TRY(read_reports(w, cam_trainer_is_done(&w->trainer) ? 0 : CAM_REPORTS - 1));
    }
out:
    return st;
}

static cam_status train(work *w, int64_t job) {
    cam_status st = CAM_OK;
    double begin_s = cam_now_s();
    cam_repeat_result *result = &w->results[job];
    const cam_repeat_job *j = &w->task->jobs[job];
    CAM_TRY(cam_trainer_repeat(&w->trainer, job));
    w->cost->between_s += cam_now_s() - begin_s;
    CAM_TRY(make_steps(w));
    w->steps_before += w->trainer.steps_submitted;
    double scoring_s = cam_now_s();
    CAM_TRY(cam_trainer_logits(&w->trainer, j->held_out, j->held_count, result->logits));
    result->wall_s = cam_now_s() - begin_s;
    result->predict_s = w->trainer.features.data ? 0 : cam_now_s() - scoring_s;
    w->cost->trainings++;
    w->cost->wall_s += result->wall_s;
out:
    return st;
}

/* --- a round ----------------------------------------------------------------------------------------------------- */

/* The job of a rank in the round that begins with the `first` open job; -1: none. */
static int64_t job_of(const work *w, int64_t first, int rank) {
    return first + rank < w->open_count ? w->open[first + rank] : -1;
}

/* What every rank has made. `made` [ranks] says which did. */
static cam_status exchange(work *w, int64_t first, const int64_t *made) {
    cam_status st = CAM_OK;
    cam_group *group = w->task->group;
    int ranks = cam_group_ranks(group);
    size_t *begin = calloc((size_t)ranks + 1, sizeof *begin);
    if (!begin)
        st = cam_fail(CAM_E_MEMORY, "no memory for %d ranks", ranks);
    CAM_TRY(cam_group_agree_status(group, "exchanging scores", st));
    for (int of = 0; of < ranks; of++) {
        int64_t job = job_of(w, first, of);
        if (!made[of])
            continue;
        size_t bytes = (size_t)w->task->jobs[job].held_count * (size_t)labels_of(w->task) * sizeof(float);
        for (int r = 0; r <= ranks; r++)
            begin[r] = r > of ? bytes : 0;
        CAM_TRY(cam_group_all_gather(group, "exchanging scores", w->results[job].logits, begin));
        for (int r = 0; r <= ranks; r++)
            begin[r] = r > of ? sizeof(double) : 0;
        CAM_TRY(cam_group_all_gather(group, "exchanging scores", &w->results[job].wall_s, begin));
        CAM_TRY(cam_group_all_gather(group, "exchanging scores", &w->results[job].predict_s, begin));
    }
out:
    free(begin);
    return st;
}

static void tell(const work *w, int64_t job, int64_t done) {
    const cam_repeat_task *task = w->task;
    const cam_repeat_job *j = &task->jobs[job];
    cam_metrics metrics;
    cam_strbuf line = CAM_STRBUF_INIT;
    int64_t all = task->all > 0 ? task->all : task->job_count;
    if (cam_metrics_init(&metrics, labels_of(task)) != CAM_OK)
        return;
    for (int64_t i = 0; i < j->held_count; i++)
        cam_metrics_add(&metrics, w->results[job].logits + i * labels_of(task),
                        task->run->corpus.label[j->held_out[i]]);
    cam_scores scores = cam_metrics_scores(&metrics);
    cam_strbuf_printf(&line, "%lld of %lld  %s: accuracy %.4f, f1_macro %.4f (", (long long)(task->done_before + done),
                      (long long)all, j->name, scores.accuracy, scores.f1_macro);
    cam_plain_put_duration(&line, w->results[job].wall_s);
    cam_strbuf_puts(&line, ")");
    if (task->done_before + done < all) {
        double each_s = w->cost->wall_s / (double)w->cost->trainings / cam_group_ranks(task->group);
        cam_strbuf_puts(&line, ", about ");
        cam_plain_put_duration(&line, each_s * (double)(all - task->done_before - done));
        cam_strbuf_puts(&line, " left");
    }
    cam_log("%s", cam_strbuf_text(&line));
    cam_strbuf_release(&line);
    cam_metrics_release(&metrics);
}

/* A rank that is stopped has made nothing in this round; what the others have made is kept. */
static cam_status make_round(work *w, int64_t first) {
    cam_status st = CAM_OK;
    cam_group *group = w->task->group;
    int ranks = cam_group_ranks(group), rank = cam_group_rank(group);
    int64_t mine = job_of(w, first, rank), *made = calloc((size_t)ranks + 1, sizeof *made);
    size_t *begin = calloc((size_t)ranks + 2, sizeof *begin);
    if (!made || !begin)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %d ranks", ranks);
    cam_status trained = mine >= 0 ? train(w, mine) : CAM_OK;
    if (trained != CAM_OK && trained != CAM_E_STOPPED)
        CAM_TRY(cam_group_agree_status(group, "training", trained));
    made[rank] = mine >= 0 && trained == CAM_OK;
    for (int r = 0; r <= ranks; r++)
        begin[r] = (size_t)r * sizeof *made;
    CAM_TRY(cam_group_agree_status(group, "training", CAM_OK));
    CAM_TRY(cam_group_all_gather(group, "training", made, begin));
    CAM_TRY(exchange(w, first, made));
    for (int r = 0; r < ranks; r++) {
        int64_t job = job_of(w, first, r);
        if (!made[r])
            continue;
        if (w->task->folder && st == CAM_OK)
            st = keep(w->task, job, &w->results[job]);
        if (rank == 0)
            tell(w, job, w->cost->taken + first + r + 1);
    }
    CAM_TRY(cam_group_agree_status(group, "keeping scores", st));
    for (int r = 0; r < ranks; r++)
        if (job_of(w, first, r) >= 0 && !made[r])
            CAM_FAIL(CAM_E_STOPPED, "stopped by a signal");
    if (cam_group_ranks(group) == 1 && cam_cancel_requested(&w->task->run->cancel) && first + 1 < w->open_count)
        CAM_FAIL(CAM_E_STOPPED, "stopped by a signal");
out:
    free(made);
    free(begin);
    return st;
}

cam_status cam_repeat(const cam_repeat_task *task, cam_repeat_result *results, cam_repeat_cost *cost) {
    cam_status st = CAM_OK;
    work w = {.task = task, .results = results, .cost = cost, .begin_s = cam_now_s()};
    int ranks = cam_group_ranks(task->group);
    *cost = (cam_repeat_cost){0};
    CAM_TRY(list_open(&w));
    if (cost->taken > 0)
        cam_log("resume   %lld of %lld trainings are done", (long long)cost->taken, (long long)task->job_count);
    CAM_TRY(cam_group_agree_status(task->group, "opening the trainer", open_trainer(&w)));
    w.event_s = w.begin_s;
    for (int64_t first = 0; first < w.open_count; first += ranks)
        CAM_TRY(make_round(&w, first));
    if (cost->trainings > 0)
        cam_log_verbose("between trainings: %.0f ms each, %.2f %% of the time",
                        1e3 * cost->between_s / (double)cost->trainings, 100 * cost->between_s / cost->wall_s);
out:
    if (w.is_open) {
        cam_progress_end(&w.progress);
        cam_trainer_close(&w.trainer);
    }
    free(w.repetitions);
    free(w.open);
    return st;
}

void cam_repeat_release(cam_repeat_result *results, int64_t count) {
    for (int64_t i = 0; results && i < count; i++)
        free(results[i].logits);
    free(results);
}
