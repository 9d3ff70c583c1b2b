/* loss.c: cross-entropy and its gradient. */
#include "harness.h"
#include <stdlib.h>
#include <tgmath.h>

typedef struct shape {
    int64_t cap, n, labels;
    double smoothing, scale; /* of logits; 0 stands for 1 */
    int weights, accumulate, not_finite;
    int in_place; /* dlogits is logits */
    int scored;   /* no dlogits */
    int hits;
    int chunk; /* > 0: the rows are those of this chunk of the query rows, CAM_HEAD_CHUNK of them at most */
} shape;

#define REAL double
#include "loss_formula.h"
#undef REAL
#define REAL float
#include "loss_formula.h"
#undef REAL

static operand *inputs(trial *t) {
    const shape *s = SHAPE(shape);
    t->accumulate = s->accumulate;
    t->state.head_rows = (int32_t)(s->n + s->chunk * CAM_HEAD_CHUNK);
    t->state.tokens = t->state.sequences = (int32_t)s->cap;
    operand *logits = operand_real(operand_new(t, "logits", IN, CAM_F32, s->cap, s->labels), s->n);
    fill_normal(t, logits, 0, s->scale > 0 ? s->scale : 1);
    fill_integers(t, operand_real(operand_new(t, "labels", IN, CAM_I32, s->cap, 0), s->n), 0, s->labels - 1);
    if (s->weights) {
        operand *weights = operand_new(t, "weights", IN, CAM_F32, s->labels, 0);
        fill_uniform(t, weights, 0.1, 3);
        weights->optional = 1;
    }
    if (s->not_finite) {
        operand_set(logits, 1, NAN);
        operand_set(logits, s->labels + 1, INFINITY);
    }
    return logits;
}

/* Makes every second label's logit the largest of its row, or one of two that are equally large. */
static void favour_labels(trial *t) {
    operand *logits = operand_get(t, "logits");
    int64_t labels = logits->shape[1];
    for (int64_t r = 0; r < logits->real; r += 2) {
        int64_t label = values_i32(t, "labels")[r], other = (label + 1 + r % 3) % labels;
        operand_set(logits, r * labels + label, 40);
        if (r % 4 == 0)
            operand_set(logits, r * labels + other, 40);
    }
}

static cam_rows rows_of_call(const trial *t) {
    const shape *s = SHAPE(shape);
    return s->chunk ? (cam_rows)((int)CAM_ROWS_HEAD_CHUNK + s->chunk) : CAM_ROWS_HEAD;
}

static void setup(trial *t) {
    const shape *s = SHAPE(shape);
    operand *logits = inputs(t);
    operand_real(operand_new(t, "row_loss", OUT, CAM_F32, s->cap, 0), s->n);
    if (s->hits) {
        operand_real(operand_new(t, "hits", OUT, CAM_F32, s->cap, 0), s->n)->optional = 1;
        favour_labels(t);
    }
    if (!s->scored) {
        operand *dlogits = operand_real(operand_new(t, "dlogits", OUT, CAM_F32, s->cap, s->labels), s->n);
        dlogits->optional = 1;
        dlogits->may_alias = "logits";
        if (s->in_place)
            operand_in_place_of(dlogits, logits);
    }
    STATE_WRITES(t, loss);
}

CALL(loss, .row_loss = ON("row_loss"), .hits = ON("hits"), .dlogits = ON("dlogits"), .logits = ON("logits"),
     .labels = ON("labels"), .weights = ON("weights"), .rows = rows_of_call(t),
     .smoothing = (float)SHAPE(shape)->smoothing, .accumulate = t->accumulate, .state = STATE)

/* Compares state->loss with the f64 sum of the operator's own row losses, which are compared with the formula one by
 * one. */
static void check_loss(trial *t) {
    const operand *o = operand_get(t, "row_loss");
    const unsigned char *image = o->home->after + GUARD_BYTES;
    double sum = 0, sizes = 0;
    for (int64_t r = 0; r < o->real; r++) {
        float row = ((const float *)(const void *)image)[r];
        sum += (double)row;
        sizes += fabs((double)row);
    }
    double want = (t->accumulate ? t->state.loss : 0) + sum / t->state.loss_denominator;
    double bound = o->real > 0 ? 1e-13 * (1 + sizes) : 0; /* without rows the loss must not change */
    double got = t->state_after.loss;
    if (isnan(want) ? !isnan(got) : isinf(want) ? got != want : !(fabs(got - want) <= bound))
        trial_fail(t, "state->loss is %.17g, must be %.17g", got, want);
}

static double objective(trial *t) {
    losses_double(t);
    return t->truth.loss;
}

static void gradient(trial *t) {
    check_gradient(t, "dlogits", "logits", objective);
}

static const op_case cases[] = {
    CHECKED_CASE("small", .cap = 5, .n = 3, .labels = 4, .smoothing = 0.1, .weights = 1),
    CHECKED_CASE("small-plain", .cap = 7, .n = 7, .labels = 3),
    CHECKED_CASE("small-plus", .cap = 7, .n = 5, .labels = 2, .accumulate = 1, .in_place = 1),
    CHECKED_CASE("weights", .cap = 7, .n = 5, .labels = 5, .weights = 1, .in_place = 1),
    CHECKED_CASE("smoothing", .cap = 7, .n = 5, .labels = 5, .smoothing = 0.25),
    CASE("hits", .cap = 40, .n = 33, .labels = 5, .hits = 1, .weights = 1),
    CASE("hits-in-place", .cap = 40, .n = 33, .labels = 37, .hits = 1, .smoothing = 0.1, .in_place = 1),
    CASE("hits-scored", .cap = 40, .n = 33, .labels = 5, .hits = 1, .scored = 1),
    CASE("hits-one-label", .cap = 3, .n = 2, .labels = 1, .hits = 1),
    CASE("hits-no-rows", .cap = 3, .n = 0, .labels = 4, .hits = 1),
    CASE("hits-chunk", .cap = 9, .n = 7, .labels = 1031, .hits = 1, .chunk = 2, .accumulate = 1),
    CASE("hits-vocabulary", .cap = 9, .n = 7, .labels = 32005, .hits = 1, .scored = 1),
    CASE("hits-vocabulary-in-place", .cap = 5, .n = 4, .labels = 2049, .hits = 1, .weights = 1, .smoothing = 0.1,
         .in_place = 1),
    CASE("hits-not-finite", .cap = 4, .n = 3, .labels = 5, .hits = 1, .not_finite = 1),
    CASE("chunk", .cap = 7, .n = 5, .labels = 5, .chunk = 1, .accumulate = 1),
    CASE("chunk-vocabulary", .cap = 9, .n = 7, .labels = 32005, .chunk = 3, .in_place = 1),
    CASE("one-label", .cap = 3, .n = 2, .labels = 1, .smoothing = 0.1),
    CASE("one-row", .cap = 1, .n = 1, .labels = 2),
    CASE("no-rows", .cap = 3, .n = 0, .labels = 4),
    CASE("no-rows-plus", .cap = 3, .n = 0, .labels = 4, .accumulate = 1),
    CASE("no-rows-weights", .cap = 131, .n = 0, .labels = 37, .smoothing = 0.1, .weights = 1, .in_place = 1),
    CASE("no-rows-weights-plus", .cap = 131, .n = 0, .labels = 37, .smoothing = 0.1, .weights = 1, .accumulate = 1),
    CASE("no-rows-vocabulary", .cap = 9, .n = 0, .labels = 32005, .smoothing = 0.1),
    CASE("no-rows-vocabulary-plus", .cap = 9, .n = 0, .labels = 32005, .accumulate = 1),
    CASE("primes", .cap = 131, .n = 127, .labels = 37, .smoothing = 0.1, .weights = 1),
    CASE("many-rows", .cap = 1100, .n = 1031, .labels = 3, .accumulate = 1),
    CASE("7-labels", .cap = 32, .n = 32, .labels = 7, .smoothing = 0.1),
    CASE("31-labels", .cap = 9, .n = 7, .labels = 31, .weights = 1),
    CASE("33-labels", .cap = 9, .n = 7, .labels = 33, .weights = 1, .smoothing = 0.1),
    CASE("60-labels", .cap = 32, .n = 32, .labels = 60, .accumulate = 1),
    CASE("1025-labels", .cap = 3, .n = 2, .labels = 1025, .weights = 1, .smoothing = 0.1),
    CASE("one-of-many", .cap = 257, .n = 1, .labels = 5),
    CASE("one-of-many-scored", .cap = 257, .n = 1, .labels = 5, .scored = 1),
    CASE("large-scored", .cap = 140, .n = 131, .labels = 600, .scored = 1),
    CASE("large-in-place", .cap = 140, .n = 131, .labels = 600, .weights = 1, .smoothing = 0.1, .in_place = 1),
    CASE("vocabulary", .cap = 9, .n = 7, .labels = 32005, .smoothing = 0.1),
    CASE("large-logits", .cap = 33, .n = 33, .labels = 7, .scale = 300, .smoothing = 0.1),
    CASE("sure", .cap = 33, .n = 31, .labels = 3, .scale = 12),
    CASE("not-finite", .cap = 4, .n = 3, .labels = 5, .not_finite = 1),
};
static const spoil spoils[] = {SPOIL(loss, smoothing, float, -0.1f), SPOIL(loss, smoothing, float, 1),
                               SPOIL(loss, smoothing, float, NAN), SPOIL(loss, rows, cam_rows, CAM_ROWS_TOKENS),
                               SPOIL(loss, rows, cam_rows, CAM_ROWS_SEQUENCES)};

OP_TESTS(loss, loss, cases, .setup = setup, .check = check_loss, .gradient = gradient, .also_swept = "hits",
         SPOILS(spoils));
