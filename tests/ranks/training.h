/* training.h: runs a golden case on one rank or on all ranks, and returns its results. It checks that all ranks have
 * the same results.
 */
#ifndef TRAINING_H
#define TRAINING_H

#include "fixture.h"
#include "ranks.h"
#include "strbuf.h"
#include <math.h>

enum { MOST_STEPS = 12, MOST_ROWS = 64 };

typedef enum transport {
    ALONE,         /* neither group nor collectives */
    BY_MPI,        /* directly, if the host can access the memory */
    BY_MPI_STAGED, /* through the staging buffer */
    BY_NCCL        /* the stand-in of tests/simt */
} transport;

/* The part of a run that cam_trainer_options does not have. */
typedef struct run_kind {
    transport by;
    int shard;
} run_kind;

typedef struct step_figures {
    double loss, grad_norm, learning_rate, epoch;
    int64_t tokens, rows;
    int applied;
    uint32_t requests;
} step_figures;

typedef struct outcome {
    int steps;
    step_figures figures[MOST_STEPS];
    float logits[MOST_ROWS * FIXTURE_LABELS]; /* of all rows */
    cam_strbuf file;                          /* the saved model; with several ranks empty on all but rank 0 */
    int64_t moments;                          /* elements of each moment that this rank keeps */
    int buckets;
} outcome;

/* A trainer with its backend and communicator. */
typedef struct training {
    cam_trainer trainer;
    cam_backend *backend;
    cam_backend device_only; /* the backend as BY_MPI_STAGED's communicator sees it */
    cam_comm *comm;
} training;

void training_open(training *t, const cam_trainer_options *options, run_kind how);
void training_close(training *t);
/* Runs a step and returns its report, which must be the same on all ranks. */
step_figures training_step(training *t, cam_status expected);

/* Runs the whole plan of the options. */
outcome train(const cam_trainer_options *options, run_kind how);
void outcome_release(outcome *o);

/* Allowed differences of two runs whose sums have different orders. */
typedef struct tolerance {
    double relative; /* loss, gradient norm */
    double logits;   /* relative above 1, absolute below */
    double weights;  /* root mean square of the differences of all saved values */
} tolerance;
/* Several ranks sum the same products in another order, in f32. A gradient has at most 160 terms (tokens of a batch),
 * each sum rounded to 2^-24: a relative error of about sqrt(160) 2^-24 = 8e-7. An update moves a weight by at most the
 * rate, 1e-3, so its error is 1e-3 times that. Logits are a few units large, are rounded to 2^-23 and follow the
 * weights; loss and norm are means of many values. Observed: 4e-7, 7e-7 and 4e-9. Wrong runs differ by 1e-4 and more.
 */
extern const tolerance rounding_f32;
/* The same plan; figures, logits and files within the tolerance. */
void assert_near(const outcome *several, const outcome *alone, tolerance t);
/* Bit for bit. */
void assert_identical(const outcome *a, const outcome *b);

/* A golden case with dropout everywhere, rows in random order and MOST_STEPS steps. The caller may change its model. */
cam_trainer_options dropout_case(const char *name, golden_case *golden, cam_model_config *model);

#endif
