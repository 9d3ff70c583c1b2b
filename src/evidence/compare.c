/* compare.c: see compare.h. */
#include "clock.h"
#include "compare_internal.h"
#include "log.h"
#include "out_of_fold.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the same rows for all --------------------------------------------------------------------------------------- */

static cam_status remember_rows(cam_compare_state *c, const cam_run *run, const cam_fold_plan *plan, const char *data) {
    size_t rows = (size_t)plan->rows;
    c->rows = plan->rows;
    c->folds = plan->folds;
    snprintf(c->data, sizeof c->data, "%s", data);
    c->fold = malloc((rows + 1) * sizeof *c->fold);
    c->labels = calloc(run->corpus.labels.count + 1, sizeof *c->labels);
    for (size_t k = 0; c->labels && k < run->corpus.labels.count; k++) {
        c->labels[k] = strdup(run->corpus.labels.names[k]);
        c->label_count += c->labels[k] != NULL;
    }
    if (!c->fold || (size_t)c->label_count < run->corpus.labels.count)
        return cam_fail(CAM_E_MEMORY, "no memory for the folds of %zu rows", rows);
    memcpy(c->fold, plan->fold, rows * sizeof *c->fold);
    return CAM_OK;
}

/* Label ids may differ where models bring their own; the names and the folds may not. */
static cam_status check_rows(cam_compare_state *c, int64_t number, const cam_run *run, const cam_fold_plan *plan) {
    cam_status st = CAM_OK;
    char data[CAM_SHA256_DIGITS + 1];
    CAM_TRY(cam_out_of_fold_hash_data(&run->corpus, data));
    if (number == 0)
        return remember_rows(c, run, plan, data);
    int same = plan->rows == c->rows && plan->folds == c->folds && strcmp(data, c->data) == 0 &&
               plan->labels == c->label_count && memcmp(plan->fold, c->fold, (size_t)c->rows * sizeof *c->fold) == 0;
    for (int64_t k = 0; same && k < plan->labels; k++)
        same = strcmp(run->corpus.labels.names[k], c->labels[k]) == 0;
    if (!same)
        CAM_FAIL(CAM_E_USAGE,
                 "\"%s\" has other rows, labels or folds than \"%s\": only what learns from the same rows "
                 "can be compared",
                 c->list[number].name, c->list[0].name);
out:
    return st;
}

/* --- entries ----------------------------------------------------------------------------------------------------- */

static void find_speed(cam_compared *e, const cam_fold_plan *plan, const cam_repeat_result *results,
                       const cam_repeat_cost *cost) {
    double predict_s = 0, wall_s = 0;
    int64_t rows = 0;
    for (int64_t j = 0; j < plan->job_count; j++) {
        wall_s += results[j].wall_s;
        predict_s += results[j].predict_s;
        rows += results[j].predict_s > 0 ? plan->jobs[j].held_count : 0;
    }
    e->train_s = wall_s / (double)plan->job_count + cost->open_s;
    e->predict_rows_s = predict_s > 0 ? (double)rows / predict_s : 0;
}

/* Trains an entry on all folds. What it predicts stays, without its logits. */
static cam_status measure_entry(cam_compare_state *c, int64_t number, const cam_run *run, const cam_fold_plan *plan) {
    cam_status st = CAM_OK;
    const cam_compare_task *task = c->task;
    cam_compared *e = &c->list[number];
    cam_repeat_result *results = calloc((size_t)plan->job_count, sizeof *results);
    cam_repeat_cost cost;
    if (!results)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld trainings", (long long)plan->job_count);
    cam_repeat_task work = {.run = run,
                            .backend = task->backend,
                            .group = task->group,
                            .folder = cam_group_rank(task->group) == 0 ? &c->folder.folder : NULL,
                            .prefix = CAM_REPEAT_ENTRIES,
                            .identity = c->folder.identity,
                            .jobs = plan->jobs,
                            .job_count = plan->job_count,
                            .progress = task->progress,
                            .done_before = number * plan->job_count,
                            .all = task->count * plan->job_count};
    st = cam_repeat(&work, results, &cost);
    if (st == CAM_E_STOPPED)
        CAM_FAIL(CAM_E_STOPPED,
                 "stopped by a signal; finished trainings are kept in \"%s\": the same command goes on "
                 "with the next one",
                 task->config->output_dir);
    CAM_TRY(st);
    CAM_TRY(cam_predictions_of_results(&e->predictions, run, plan, results));
    free(e->predictions.logits);
    e->predictions.logits = NULL;
    CAM_TRY(cam_figures_find(&e->figures, &e->predictions, task->config->confidence));
    find_speed(e, plan, results, &cost);
out:
    cam_repeat_release(results, plan->job_count);
    return st;
}

static cam_status measure_baseline(cam_compare_state *c, const cam_run *run, const cam_fold_plan *plan) {
    cam_status st = CAM_OK;
    cam_compared *e = &c->list[c->count];
    double begin_s = cam_now_s();
    int32_t *predicted = NULL;
    if (plan->rows > CAM_BASELINE_ROWS)
        return CAM_OK;
    predicted = malloc(((size_t)plan->rows + 1) * sizeof *predicted);
    if (!predicted)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the TF-IDF baseline of %lld rows", (long long)plan->rows);
    CAM_TRY(cam_fold_baseline(run, plan, c->task->cancel, predicted));
    e->train_s = (cam_now_s() - begin_s) / (double)plan->folds;
    e->name = CAM_BASELINE_NAME;
    CAM_TRY(cam_predictions_of_labels(&e->predictions, run, plan, predicted, c->list[0].predictions.seeds));
    CAM_TRY(cam_figures_find(&e->figures, &e->predictions, c->task->config->confidence));
    c->count++;
out:
    free(predicted);
    return st;
}

/* Of the first entry: whose folder it is, and what it holds. */
static cam_status open_folder(cam_compare_state *c, const cam_run *run) {
    cam_status st = CAM_OK;
    const cam_compare_task *task = c->task;
    cam_facts facts = {0};
    cam_strbuf names = CAM_STRBUF_INIT;
    for (int64_t i = 0; i < task->count; i++)
        cam_strbuf_put_all(&names, i ? "; " : "", task->entries[i].name, NULL);
    CAM_TRY(cam_measurement_facts(run, task->config, task->backend, "compare", &facts));
    CAM_TRY(cam_facts_add(&facts, "entries", cam_strbuf_text(&names)));
    CAM_TRY(cam_measurement_folder_open(&c->folder, task->config, &facts, task->group));
out:
    cam_facts_release(&facts);
    cam_strbuf_release(&names);
    return st;
}

/* Prepares an entry's run and compares its rows with those of the first one; then, with `train`, measures it. */
static cam_status make_entry(cam_compare_state *c, int64_t number, int train) {
    cam_status st = CAM_OK;
    const cam_compare_task *task = c->task;
    cam_group *group = task->group;
    cam_run run = {0};
    cam_fold_plan plan = {0};
    cam_status prepared = cam_run_prepare(&run, task->entries[number].all, task->cancel, NULL);
    if (prepared != CAM_OK && prepared != CAM_E_STOPPED && number > 0)
        prepared = cam_fail(prepared, "%s: %s", c->list[number].name, cam_status_message());
    CAM_TRY(cam_group_agree_status(group, "reading model and data", prepared));
    CAM_TRY(cam_group_agree_status(group, "making folds", cam_fold_plan_make(&plan, &run)));
    if (!train) {
        CAM_TRY(cam_group_agree_status(group, "comparing rows", check_rows(c, number, &run, &plan)));
        goto out;
    }
    if (number == 0)
        CAM_TRY(open_folder(c, &run));
    if (c->folder.is_finished)
        goto out;
    if (cam_group_rank(group) == 0)
        cam_log("entry    %lld of %lld: %s", (long long)number + 1, (long long)task->count, c->list[number].name);
    CAM_TRY(measure_entry(c, number, &run, &plan));
    if (number + 1 == task->count)
        CAM_TRY(cam_group_agree_status(group, "the baseline", measure_baseline(c, &run, &plan)));
out:
    cam_fold_plan_release(&plan);
    cam_run_close(&run);
    return st;
}

/* --- the verdict ------------------------------------------------------------------------------------------------- */

static double accuracy_of(const cam_compared *e) {
    return e->figures.scores.accuracy.value;
}

static cam_status judge(cam_compare_state *c) {
    cam_status st = CAM_OK;
    int64_t entries = c->task->count;
    for (int64_t i = 1; i < entries; i++)
        if (accuracy_of(&c->list[i]) > accuracy_of(&c->list[c->best]))
            c->best = i;
    c->list[c->best].is_best = 1;
    c->recommended = c->best;
    for (int64_t i = 0; i < c->count; i++) {
        cam_compared *e = &c->list[i];
        if (i == c->best)
            continue;
        CAM_TRY(cam_figures_compare(&e->predictions, &c->list[c->best].predictions, c->task->config->confidence,
                                    &e->difference));
        if (i < entries && e->difference.accuracy.high >= 0 && e->train_s < c->list[c->recommended].train_s)
            c->recommended = i;
    }
    c->list[c->recommended].is_recommended = 1;
    if (c->count > entries && c->list[entries].difference.accuracy.high >= 0)
        cam_strbuf_puts(&c->warnings,
                        "no entry is clearly better than " CAM_BASELINE_NAME ", which needs no language model\n");
out:
    return st;
}

static cam_status conclude(cam_compare_state *c) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    CAM_TRY(judge(c));
    CAM_TRY(cam_compare_write(c));
    CAM_TRY(cam_measurement_folder_put_page(&c->folder, c->task->config));
    CAM_TRY(cam_measurement_folder_finish(&c->folder));
    CAM_TRY(cam_repeat_remove_files(&c->folder.folder));
    cam_compare_table_put(c, &text);
    cam_log_each_line(cam_strbuf_text(&text), cam_log);
    cam_log_each_line(cam_strbuf_text(&c->warnings), cam_log_warn);
out:
    cam_strbuf_release(&text);
    return st;
}

static cam_status compare(cam_compare_state *c) {
    cam_status st = CAM_OK;
    const cam_compare_task *task = c->task;
    c->list = calloc((size_t)task->count + 1, sizeof *c->list);
    if (!c->list)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld entries", (long long)task->count);
    c->count = task->count;
    for (int64_t i = 0; i < task->count; i++) {
        c->list[i].entry = &task->entries[i];
        c->list[i].name = task->entries[i].name;
    }
    for (int64_t i = 0; i < task->count; i++) /* an entry that cannot be made is found now, not after hours */
        CAM_TRY(make_entry(c, i, 0));
    for (int64_t i = 0; i < task->count && !c->folder.is_finished; i++)
        CAM_TRY(make_entry(c, i, 1));
    if (c->folder.is_finished) {
        cam_log("output_dir \"%s\" holds this comparison, finished: nothing is left to do; to make it anew set "
                "overwrite_output_dir=true",
                task->config->output_dir);
        goto out;
    }
    CAM_TRY(cam_group_agree_status(task->group, "writing the comparison",
                                   cam_group_rank(task->group) == 0 ? conclude(c) : CAM_OK));
out:
    return st;
}

cam_status cam_compare(const cam_compare_task *task) {
    cam_compare_state c = {.task = task, .folder = CAM_MEASUREMENT_FOLDER_CLOSED, .warnings = CAM_STRBUF_INIT};
    cam_status st = compare(&c);
    cam_measurement_folder_close(&c.folder);
    for (int64_t i = 0; c.list && i < c.count; i++) {
        cam_predictions_release(&c.list[i].predictions);
        cam_figures_release(&c.list[i].figures);
    }
    for (int64_t k = 0; k < c.label_count; k++)
        free(c.labels[k]);
    free(c.labels);
    free(c.fold);
    free(c.list);
    cam_strbuf_release(&c.warnings);
    return st;
}
