/* fold_plan.c: see fold_plan.h. */
#include "fold_plan.h"
#include "audit.h"
#include "folds.h"
#include "near_texts.h"
#include "remedy.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_LABELS = 5 };
static const double NEAR_SIMILARITY = 0.8;

/* --- what cannot be measured ------------------------------------------------------------------------------------ */

/* Appends "x" (3 rows), "y" (1 row) and N more. */
static void put_small(const cam_run *run, const int64_t *rows, int64_t folds, cam_strbuf *out) {
    const cam_labels *labels = &run->corpus.labels;
    int named = 0, more = 0;
    for (size_t k = 0; k < labels->count; k++) {
        if (rows[k] >= folds)
            continue;
        if (named == NAMED_LABELS)
            more++;
        else
            cam_strbuf_printf(out, "%s\"%s\" (%lld row%s)", named++ ? ", " : "", labels->names[k], (long long)rows[k],
                              rows[k] == 1 ? "" : "s");
    }
    if (more > 0)
        cam_strbuf_printf(out, " and %d more", more);
}

static cam_status check_labels(const cam_fold_plan *plan, const cam_run *run, const int64_t *rows) {
    cam_status st = CAM_OK;
    cam_strbuf names = CAM_STRBUF_INIT;
    int64_t small = 0, lost = 0, smallest = plan->rows, left = 0;
    for (int64_t k = 0; k < plan->labels; k++) {
        small += rows[k] < plan->folds;
        lost += rows[k] < plan->folds ? rows[k] : 0;
        left += rows[k] >= plan->folds;
        smallest = rows[k] < smallest ? rows[k] : smallest;
    }
    if (small == 0)
        return CAM_OK;
    put_small(run, rows, plan->folds, &names);
    cam_strbuf_printf(&names, "; set ");
    if (smallest > 1)
        cam_strbuf_printf(&names, "folds=%lld", (long long)smallest);
    if (left > 1)
        cam_strbuf_printf(&names, "%smin_rows_per_label=%lld, which leaves out %lld row%s", smallest > 1 ? ", or " : "",
                          (long long)plan->folds, (long long)lost, lost == 1 ? "" : "s");
    if (smallest <= 1 && left <= 1)
        cam_strbuf_puts(&names, "label_map to give them to other labels");
    st = cam_fail(CAM_E_DATA, "%s: with %lld folds every label needs as many rows, so that each fold holds out one: %s",
                  run->config->train_file, (long long)plan->folds, cam_strbuf_text(&names));
    cam_strbuf_release(&names);
    return st;
}

/* A label whose rows are all in one group is never in the training rows and in the held-out ones. */
static cam_status check_groups(const cam_fold_plan *plan, const cam_run *run) {
    cam_status st = CAM_OK;
    const char *column = run->config->group_column;
    int32_t *only = malloc((size_t)plan->labels * sizeof *only); /* the group of a label; -1: none yet, -2: several */
    if (!only)
        return cam_fail(CAM_E_MEMORY, "no memory for %lld labels", (long long)plan->labels);
    for (int64_t k = 0; k < plan->labels; k++)
        only[k] = -1;
    for (int64_t r = 0; r < plan->rows; r++) {
        int32_t *of = &only[run->corpus.label[r]];
        *of = *of == -1 || *of == plan->groups.of_row[r] ? plan->groups.of_row[r] : -2;
    }
    for (int64_t k = 0; k < plan->labels; k++)
        if (only[k] >= 0)
            CAM_FAIL(
                CAM_E_DATA,
                "%s: all rows of the label \"%s\" are in one group, %s=\"%s\": where they are held out, no other row "
                "teaches the label; set group_column=null, or leave the label out with label_map",
                run->config->train_file, run->corpus.labels.names[k], column, plan->groups.name[only[k]]);
    if (plan->groups.count < plan->folds)
        CAM_FAIL(CAM_E_DATA, "%s: the column \"%s\" has %lld values, which make at most as many folds; set folds=%lld",
                 run->config->train_file, column, (long long)plan->groups.count, (long long)plan->groups.count);
out:
    free(only);
    return st;
}

/* With groups, folds can be uneven. */
static cam_status check_fold(const cam_fold_plan *plan, const cam_run *run, int64_t fold, const int64_t *trained) {
    const int32_t *label = run->corpus.label, *held = plan->held_out + plan->begin[fold];
    int64_t count = cam_fold_plan_held_out(plan, fold), same = 0;
    const char *const *names = (const char *const *)run->corpus.labels.names;
    for (int64_t i = 0; i < count; i++)
        same += label[held[i]] == label[held[0]];
    if (same == count)
        return cam_fail(
            CAM_E_DATA,
            "%s: fold %lld holds out %lld row%s of one label only%s%s%s, since rows of a group stay together; "
            "set another split_seed, or fewer folds",
            run->config->train_file, (long long)fold + 1, (long long)count, count == 1 ? "" : "s",
            count > 0 ? ", \"" : "", count > 0 ? names[label[held[0]]] : "", count > 0 ? "\"" : "");
    for (int64_t k = 0; k < plan->labels; k++)
        if (trained[k] == 0)
            return cam_fail(
                CAM_E_DATA,
                "%s: fold %lld holds out every row of the label \"%s\", since rows of a group stay together; "
                "set another split_seed, or fewer folds",
                run->config->train_file, (long long)fold + 1, names[k]);
    return CAM_OK;
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

static cam_status allocate(cam_fold_plan *plan, const cam_run *run) {
    size_t rows = (size_t)plan->rows, folds = (size_t)plan->folds;
    plan->job_count = plan->folds * (int64_t)run->config->seeds.count;
    plan->fold = calloc(rows + 1, sizeof *plan->fold);
    plan->held_out = calloc(rows + 1, sizeof *plan->held_out);
    plan->begin = calloc(folds + 1, sizeof *plan->begin);
    plan->train = calloc(rows * folds + 1, sizeof *plan->train);
    plan->train_count = calloc(folds, sizeof *plan->train_count);
    plan->jobs = calloc((size_t)plan->job_count, sizeof *plan->jobs);
    if (run->class_weights)
        plan->class_weights = calloc(folds * (size_t)plan->labels, sizeof *plan->class_weights);
    if (!plan->fold || !plan->held_out || !plan->begin || !plan->train || !plan->train_count || !plan->jobs ||
        (run->class_weights && !plan->class_weights))
        return cam_fail(CAM_E_MEMORY, "no memory for %zu folds of %zu rows", folds, rows);
    return CAM_OK;
}

static cam_status draw(cam_fold_plan *plan, const cam_run *run) {
    const int32_t *ids = run->corpus.label;
    size_t rows = (size_t)plan->rows, labels = (size_t)plan->labels;
    int32_t folds = (int32_t)plan->folds;
    uint32_t seed = (uint32_t)run->config->split_seed;
    if (!plan->groups.of_row)
        return cam_folds_stratified(plan->fold, rows, folds, seed, ids, labels, NULL);
    return cam_folds_stratified_group(plan->fold, rows, folds, seed, ids, labels, plan->groups.of_row,
                                      (size_t)plan->groups.count, NULL);
}

static void list_rows(cam_fold_plan *plan) {
    int64_t held = 0;
    for (int64_t f = 0; f < plan->folds; f++) {
        int32_t *train = plan->train + f * plan->rows;
        for (int64_t r = 0; r < plan->rows; r++) {
            if (plan->fold[r] == f)
                plan->held_out[held++] = (int32_t)r;
            else
                train[plan->train_count[f]++] = (int32_t)r;
        }
        plan->begin[f + 1] = held;
    }
}

static cam_status weigh_and_check(cam_fold_plan *plan, const cam_run *run, int64_t *trained) {
    cam_status st = CAM_OK;
    for (int64_t f = 0; f < plan->folds; f++) {
        memset(trained, 0, (size_t)plan->labels * sizeof *trained);
        for (int64_t i = 0; i < plan->train_count[f]; i++)
            trained[run->corpus.label[plan->train[f * plan->rows + i]]]++;
        CAM_TRY(check_fold(plan, run, f, trained));
        if (plan->class_weights)
            CAM_TRY(cam_run_weigh_classes(run, trained, plan->class_weights + f * plan->labels));
    }
out:
    return st;
}

static void list_jobs(cam_fold_plan *plan, const cam_run *run) {
    const cam_config_seeds *seeds = &run->config->seeds;
    for (int64_t i = 0; i < plan->job_count; i++) {
        int64_t f = i % plan->folds, seed = seeds->items[i / plan->folds];
        plan->jobs[i] = (cam_repeat_job){
            .training = {.train = plan->train + f * plan->rows,
                         .train_count = plan->train_count[f],
                         .seed = (uint64_t)seed,
                         .class_weights = plan->class_weights ? plan->class_weights + f * plan->labels : NULL},
            .held_out = plan->held_out + plan->begin[f],
            .held_count = cam_fold_plan_held_out(plan, f),
            .seed = seed,
            .fold = f};
        snprintf(plan->jobs[i].name, sizeof plan->jobs[i].name, "seed %lld, fold %lld", (long long)seed,
                 (long long)f + 1);
    }
}

/* Rows whose text another fold has, too: what was learnt of one is asked of the other. */
static cam_status count_duplicates(cam_fold_plan *plan, const cam_run *run) {
    cam_status st = CAM_OK;
    enum { SEVERAL = -1 };
    size_t rows = (size_t)plan->rows;
    int64_t *first = malloc((rows + 1) * sizeof *first);
    int32_t *folds =
        malloc((rows + 1) * sizeof *folds); /* of the rows with the text of row r: their fold, or SEVERAL */
    if (!first || !folds)
        CAM_FAIL(CAM_E_MEMORY, "no memory to compare %zu rows", rows);
    CAM_TRY(cam_audit_groups(&run->corpus.files[CAM_PART_TRAIN], first));
    for (size_t r = 0; r < rows; r++) {
        int32_t *of = &folds[first[r]];
        *of = (size_t)first[r] == r || *of == plan->fold[r] ? plan->fold[r] : SEVERAL;
    }
    for (size_t r = 0; r < rows; r++)
        plan->duplicates += folds[first[r]] == SEVERAL;
out:
    free(first);
    free(folds);
    return st;
}

/* Of which rows a near text is in another fold. */
typedef struct near_rows {
    const cam_fold_plan *plan;
    unsigned char *is_near; /* [rows] */
} near_rows;

static void mark_near(void *context, int64_t first, int64_t second, double similarity) {
    near_rows *near = context;
    (void)similarity;
    if (near->plan->fold[first] != near->plan->fold[second])
        near->is_near[first] = near->is_near[second] = 1;
}

cam_status cam_fold_plan_count_near(const cam_fold_plan *plan, const cam_run *run, int64_t *rows) {
    cam_status st = CAM_OK;
    const cam_dataset *file = &run->corpus.files[CAM_PART_TRAIN];
    int64_t *first = malloc(((size_t)plan->rows + 1) * sizeof *first);
    near_rows near = {plan, calloc((size_t)plan->rows + 1, 1)};
    *rows = 0;
    if (!first || !near.is_near)
        CAM_FAIL(CAM_E_MEMORY, "no memory to compare %lld rows", (long long)plan->rows);
    CAM_TRY(cam_audit_groups(file, first));
    CAM_TRY(cam_near_texts(file, first, NEAR_SIMILARITY, mark_near, &near));
    for (int64_t r = 0; r < plan->rows; r++)
        *rows += near.is_near[r];
out:
    free(first);
    free(near.is_near);
    return st;
}

cam_status cam_fold_plan_make(cam_fold_plan *plan, const cam_run *run) {
    cam_status st = CAM_OK;
    *plan = (cam_fold_plan){.rows = run->corpus.part_count[CAM_PART_TRAIN],
                            .labels = (int64_t)run->corpus.labels.count,
                            .folds = run->config->folds};
    int64_t *rows = calloc((size_t)plan->labels + 1, sizeof *rows);
    if (!rows)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld labels", (long long)plan->labels);
    for (int64_t r = 0; r < plan->rows; r++)
        rows[run->corpus.label[r]]++;
    CAM_TRY(check_labels(plan, run, rows));
    if (run->config->group_column) {
        CAM_TRY(cam_groups_read(&plan->groups, run));
        CAM_TRY(check_groups(plan, run));
    }
    CAM_TRY(allocate(plan, run));
    CAM_TRY(draw(plan, run));
    list_rows(plan);
    CAM_TRY(weigh_and_check(plan, run, rows));
    list_jobs(plan, run);
    CAM_TRY(count_duplicates(plan, run));
out:
    free(rows);
    return st;
}

void cam_fold_plan_release(cam_fold_plan *plan) {
    cam_groups_release(&plan->groups);
    free(plan->fold);
    free(plan->held_out);
    free(plan->begin);
    free(plan->train);
    free(plan->train_count);
    free(plan->class_weights);
    free(plan->jobs);
    *plan = (cam_fold_plan){0};
}
