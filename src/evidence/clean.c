/* clean.c: finds the rows to look at; see clean.h. */
#include "clean.h"
#include "bootstrap.h"
#include "confident.h"
#include "near_texts.h"
#include <stdlib.h>
#include <string.h>

const double cam_clean_similarity = 0.8;

typedef struct search {
    cam_clean *clean;
    const cam_corpus *corpus;
    const cam_out_of_fold *oof;
    size_t rows;             /* of train_file */
    double *scores;          /* [N,K] means over the seeds */
    int32_t *given;          /* [N] */
    int64_t *first;          /* [rows] the first row with the text */
    cam_clean_row *found;    /* [rows] by row; those without a reason are not listed */
    unsigned char *has_near; /* [rows] */
    cam_confident confident;
} search;

static void release(search *s) {
    free(s->scores);
    free(s->given);
    free(s->first);
    free(s->found);
    free(s->has_near);
    cam_confident_release(&s->confident);
}

static cam_status allocate(search *s) {
    size_t cells = (size_t)s->oof->rows * s->oof->labels.count;
    s->scores = malloc((cells + 1) * sizeof *s->scores);
    s->given = malloc(((size_t)s->oof->rows + 1) * sizeof *s->given);
    s->first = malloc((s->rows + 1) * sizeof *s->first);
    s->found = calloc(s->rows + 1, sizeof *s->found);
    s->has_near = calloc(s->rows + 1, 1);
    return s->scores && s->given && s->first && s->found && s->has_near
               ? CAM_OK
               : cam_fail(CAM_E_MEMORY, "no memory to look at %zu rows", s->rows);
}

/* --- by scores ------------------------------------------------------------------------------------------------- */

static void rate_row(search *s, int64_t i) {
    size_t labels = s->oof->labels.count;
    const double *scores = s->scores + i * (int64_t)labels;
    const cam_confident *c = &s->confident;
    cam_clean_row *row = &s->found[s->oof->list[i].row];
    int32_t best = scores[c->best[i]] > scores[s->given[i]] ? c->best[i] : s->given[i];
    row->best = best;
    row->score = c->self_confidence[i];
    row->best_score = scores[best];
    row->why |= c->suspect[i] ? CAM_CLEAN_WRONG : 0;
    int is_outlier = 1;
    for (size_t k = 0; k < labels; k++)
        is_outlier = is_outlier && scores[k] < c->threshold[k] / 4;
    row->why |= is_outlier ? CAM_CLEAN_OUTLIER : 0;
}

static cam_status rate_rows(search *s, double confidence) {
    cam_status st = CAM_OK;
    const cam_out_of_fold *oof = s->oof;
    cam_bootstrap_options options = {
        .seed = 42, .resamples = CAM_CONFIDENT_RESAMPLES, .confidence = confidence, .threads = 1};
    for (int64_t i = 0; i < oof->rows; i++) {
        s->given[i] = oof->list[i].label;
        cam_out_of_fold_mean(oof, i, s->scores + i * (int64_t)oof->labels.count);
    }
    cam_confident_rows rows = {oof->rows, (int64_t)oof->labels.count, s->scores, s->given};
    CAM_TRY(cam_confident_find(&rows, &s->confident));
    CAM_TRY(cam_confident_wrong_share(&rows, &options, &s->clean->wrong_share));
    for (int64_t i = 0; i < oof->rows; i++)
        rate_row(s, i);
out:
    return st;
}

/* --- by texts -------------------------------------------------------------------------------------------------- */

/* The rows with the text of an earlier one, and of those with several labels the first row with another label. */
static void compare_texts(search *s) {
    const int32_t *label = s->corpus->label;
    for (size_t i = 0; i < s->rows; i++) {
        size_t first = (size_t)s->first[i];
        if (first == i)
            continue;
        s->clean->duplicates++;
        if (label[i] == label[first])
            continue;
        s->found[i].same = (int64_t)first;
        if (s->found[first].same < 0)
            s->found[first].same = (int64_t)i;
    }
    for (size_t i = 0; i < s->rows; i++) /* a row with the label of the first one conflicts where that one does */
        if (s->found[i].same < 0 && s->found[s->first[i]].same >= 0)
            s->found[i].same = s->found[s->first[i]].same;
}

static void keep_nearest(search *s, int64_t row, int64_t other, double similarity) {
    cam_clean_row *found = &s->found[row];
    if (found->near >= 0 && found->similarity >= similarity)
        return;
    found->near = other;
    found->similarity = similarity;
}

static void visit_near(void *context, int64_t first, int64_t second, double similarity) {
    search *s = context;
    s->has_near[first] = s->has_near[second] = 1;
    if (s->corpus->label[first] == s->corpus->label[second])
        return;
    keep_nearest(s, first, second, similarity);
    keep_nearest(s, second, first, similarity);
}

/* --- the list -------------------------------------------------------------------------------------------------- */

static int by_score(const void *a, const void *b) {
    const cam_clean_row *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    if (x->best_score != y->best_score)
        return x->best_score > y->best_score ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static cam_status list_rows(search *s) {
    cam_clean *clean = s->clean;
    for (size_t i = 0; i < s->rows; i++) {
        cam_clean_row *row = &s->found[i];
        row->why |= row->same >= 0 ? CAM_CLEAN_SAME : 0U;
        row->why |= row->near >= 0 && row->best != row->given ? CAM_CLEAN_NEAR : 0U;
        clean->wrong += (row->why & CAM_CLEAN_WRONG) != 0;
        clean->conflicts += (row->why & CAM_CLEAN_SAME) != 0;
        clean->near_conflicts += (row->why & CAM_CLEAN_NEAR) != 0;
        clean->outliers += (row->why & CAM_CLEAN_OUTLIER) != 0;
        clean->near_duplicates += s->has_near[i];
        clean->count += row->why != 0;
    }
    clean->list = malloc(((size_t)clean->count + 1) * sizeof *clean->list);
    if (!clean->list)
        return cam_fail(CAM_E_MEMORY, "no memory for %lld rows", (long long)clean->count);
    int64_t at = 0;
    for (size_t i = 0; i < s->rows; i++)
        if (s->found[i].why)
            clean->list[at++] = s->found[i];
    qsort(clean->list, (size_t)clean->count, sizeof *clean->list, by_score);
    return CAM_OK;
}

void cam_clean_release(cam_clean *clean) {
    free(clean->list);
    *clean = (cam_clean){0};
}

cam_status cam_clean_find(cam_clean *clean, const cam_corpus *corpus, const cam_out_of_fold *oof, double confidence) {
    cam_status st = CAM_OK;
    const cam_dataset *file = &corpus->files[CAM_PART_TRAIN];
    search s = {.clean = clean, .corpus = corpus, .oof = oof, .rows = file->count};
    *clean = (cam_clean){.rows = oof->rows, .confidence = confidence};
    CAM_TRY(allocate(&s));
    for (size_t i = 0; i < s.rows; i++)
        s.found[i] = (cam_clean_row){
            .row = (int64_t)i, .score = 1, .given = corpus->label[i], .best = corpus->label[i], .same = -1, .near = -1};
    CAM_TRY(rate_rows(&s, confidence));
    CAM_TRY(cam_audit_groups(file, s.first));
    compare_texts(&s);
    CAM_TRY(cam_near_texts(file, s.first, cam_clean_similarity, visit_near, &s));
    CAM_TRY(list_rows(&s));
out:
    release(&s);
    return st;
}
