/* training.h: a run of a golden case, of one rank alone or of all together, and what it leaves: that it is the same on
 * all ranks has been seen when it is handed back.
 */
#ifndef TRAINING_H
#define TRAINING_H

#include "fixture.h"
#include "ranks.h"
#include "strbuf.h"
#include <math.h>

enum { MOST_STEPS = 12, MOST_ROWS = 64 };

typedef enum linkage {
    ALONE,      /* neither group nor collectives */
    BY_MPI,     /* on memory that the host reaches, where it does */
    BY_MPI_FAR, /* through the staging path */
    BY_NCCL     /* tests/simt's */
} linkage;

/* What a run's options do not say. */
typedef struct manner {
    linkage by;
    int shard;
} manner;

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
    cam_strbuf file;                          /* as saved; of several ranks on rank 0, elsewhere empty */
    int64_t moments;                          /* elements of each that this rank keeps */
    int buckets;
} outcome;

/* A trainer and all that it stands on. */
typedef struct training {
    cam_trainer trainer;
    cam_backend *backend;
    cam_backend far_away; /* the backend as BY_MPI_FAR's communicator sees it */
    cam_comm *comm;
} training;

void training_open(training *t, const cam_trainer_options *options, manner how);
void training_close(training *t);
/* Asks for a step and hears of it; what it says is the same on all ranks. */
step_figures training_step(training *t, cam_status expected);

/* All of the options' plan. */
outcome train(const cam_trainer_options *options, manner how);
void outcome_release(outcome *o);

/* How far apart two runs may be that differ in the order of their sums. */
typedef struct tolerance {
    double relative; /* loss, gradient norm */
    double logits;   /* relative above 1, below absolute */
    double weights;  /* root mean square of the differences of all that is saved */
} tolerance;
/* Several ranks add up the same products in another order, in f32. A gradient's sum has at most 160 terms (tokens of a
 * batch), rounded to 2^-24 each time: about sqrt(160) 2^-24 = 8e-7 of it, and an update moves a weight by at most the
 * rate, 1e-3, times the like. Logits, a few units large, are rounded to 2^-23 and follow the weights; loss and norm are
 * means of many. Seen are 4e-7, 7e-7 and 4e-9; what a wrong run is off by begins at 1e-4. */
extern const tolerance rounding_f32;
/* The same plan, and figures, logits and files as near as that. */
void assert_near(const outcome *several, const outcome *alone, tolerance t);
/* To the bit. */
void assert_identical(const outcome *a, const outcome *b);

/* A golden case with dropout everywhere, in rows drawn at random and MOST_STEPS steps; its model may be changed. */
cam_trainer_options dropout_case(const char *name, golden_case *golden, cam_model_config *model);

#endif
