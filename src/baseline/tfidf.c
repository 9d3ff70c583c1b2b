/* tfidf.c: see tfidf.h. One classifier a label, so that only one vector of weights is in memory at a time. */
#include "tfidf.h"
#include "features_internal.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

enum {
    MOST_BYTES = 1 << 23, /* of all texts together; each may have its share, and the rest of a longer one is left out */
    LEAST_SHARE = 100     /* bytes of a text */
};
/* eps: the scores of scikit-learn's converged classifier; 0.1 is a fifth faster and differs in one row of 153. */
static const struct parameter best_label = {.solver_type = L2R_L2LOSS_SVC_DUAL, .eps = 0.01, .C = 1};
/* Its margins find wrong labels better: with 5 % planted ones among MASSIVE's intents, average precision 0.87 to 0.79. */
static const struct parameter all_labels = {.solver_type = L2R_LR_DUAL, .eps = 0.1, .C = 3};

static void print_nothing(const char *text) {
    (void)text;
}

/* Where the value of a held-out row for a label goes. */
typedef struct answer_place {
    double *best;       /* [held-out rows] the largest so far, and its label; or NULL */
    int32_t *predicted; /* [held-out rows] */
    double *margins;    /* [held-out rows, labels] or NULL */
} answer_place;

static void put_value(const answer_place *answer, size_t row, size_t labels, int32_t label, double value) {
    if (answer->margins) {
        answer->margins[row * labels + (size_t)label] = value;
    } else if (answer->best && value > answer->best[row]) {
        answer->best[row] = value;
        answer->predicted[row] = label;
    }
}

/* Trains "this label or another one", and gives the value of each held-out row. */
static void try_label(struct problem *problem, const cam_tfidf_task *task, const cam_features *held_out, int32_t label,
                      const answer_place *answer) {
    size_t positive = 0;
    for (size_t i = 0; i < task->train.count; i++) {
        problem->y[i] = task->train.label[i] == label ? 1 : -1;
        positive += task->train.label[i] == label;
    }
    if (positive == 0)
        return;
    /* The solver draws its order of rows from rand(), and the same task must give the same ids.
     * NOLINTNEXTLINE(cert-msc32-c,cert-msc51-cpp) */
    srand(1);
    struct model *model = train(problem, answer->margins ? &all_labels : &best_label);
    int sign = model->label[0];
    for (size_t i = 0; i < held_out->rows; i++) {
        double value = 0;
        predict_values(model, held_out->row[i], &value);
        put_value(answer, i, task->labels, label, sign * value);
    }
    free_and_destroy_model(&model);
}

static cam_status try_labels(const cam_tfidf_task *task, const cam_features *train_rows, const cam_features *held_out,
                             size_t terms, const answer_place *answer) {
    cam_status st = CAM_OK;
    struct problem problem = {
        .l = (int)train_rows->rows, .n = (int)terms + 1, .x = train_rows->row, .bias = 1, .y = NULL};
    problem.y = malloc((train_rows->rows + 1) * sizeof *problem.y);
    if (!problem.y)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu labels", train_rows->rows);
    set_print_string_function(print_nothing);
    for (size_t k = 0; k < task->labels; k++) {
        if (cam_cancel_requested(task->cancel))
            CAM_FAIL(CAM_E_STOPPED, "stopped while the TF-IDF baseline was trained");
        try_label(&problem, task, held_out, (int32_t)k, answer);
    }
out:
    free(problem.y);
    return st;
}

static cam_status run_task(const cam_tfidf_task *task, const answer_place *answer) {
    cam_status st = CAM_OK;
    cam_vocabulary_terms vocabulary = {0};
    cam_features train_rows = {0}, held_out = {0};
    size_t share = MOST_BYTES / (task->train.count + task->held_out.count + 1);
    size_t most_bytes = share > LEAST_SHARE ? share : LEAST_SHARE;
    CAM_TRY(cam_features_of_training(&train_rows, &vocabulary, task->train.rows, task->train.count, most_bytes));
    CAM_TRY(cam_features_of_others(&held_out, &vocabulary, task->held_out.rows, task->held_out.count, most_bytes));
    CAM_TRY(try_labels(task, &train_rows, &held_out, vocabulary.count, answer));
out:
    cam_features_release(&train_rows);
    cam_features_release(&held_out);
    cam_vocabulary_terms_release(&vocabulary);
    return st;
}

cam_status cam_tfidf_predict(const cam_tfidf_task *task, int32_t *predicted) {
    double *best = malloc((task->held_out.count + 1) * sizeof *best);
    if (!best)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu rows", task->held_out.count);
    for (size_t i = 0; i < task->held_out.count; i++) {
        best[i] = -DBL_MAX;
        predicted[i] = 0;
    }
    cam_status st = run_task(task, &(answer_place){.best = best, .predicted = predicted});
    free(best);
    return st;
}

cam_status cam_tfidf_margins(const cam_tfidf_task *task, double *margins) {
    for (size_t i = 0; i < task->held_out.count * task->labels; i++)
        margins[i] = -DBL_MAX;
    return run_task(task, &(answer_place){.margins = margins});
}

cam_status cam_tfidf_score(const int32_t *label, const int32_t *predicted, size_t count, size_t labels,
                           cam_tfidf_scores *scores) {
    enum { RIGHT, TRUE_ROWS, PREDICTED_ROWS, COUNTS };
    int64_t(*counts)[COUNTS] = calloc(labels + 1, sizeof *counts);
    if (!counts)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu labels", labels);
    for (size_t i = 0; i < count; i++) {
        counts[label[i]][TRUE_ROWS]++;
        counts[predicted[i]][PREDICTED_ROWS]++;
        counts[label[i]][RIGHT] += label[i] == predicted[i];
    }
    *scores = (cam_tfidf_scores){.rows = (int64_t)count};
    double right = 0, f1 = 0, present = 0;
    for (size_t k = 0; k < labels; k++) {
        int64_t sum = counts[k][TRUE_ROWS] + counts[k][PREDICTED_ROWS];
        right += (double)counts[k][RIGHT];
        present += sum > 0;
        f1 += sum > 0 ? 2 * (double)counts[k][RIGHT] / (double)sum : 0;
    }
    if (count > 0) {
        scores->accuracy = right / (double)count;
        scores->f1_macro = f1 / present;
    }
    free(counts);
    return CAM_OK;
}
