/* distill.c: the losses of distillation, each with its gradient. */
#include "harness.h"
#include <stdlib.h>
#include <tgmath.h>

typedef struct shape {
    int64_t cap, n, columns; /* labels, or features */
    int64_t answers;         /* rows of the teacher's answers; 0 stands for 11 */
    double temperature, alpha, smoothing, weight;
    double scale; /* of logits; 0 stands for 1 */
    int weights, accumulate, in_place, not_finite;
    int unlabelled; /* 1: every third row, 2: all rows */
    int in_order;   /* there is no operand "row" */
    int equal;      /* the student's values are the teacher's */
} shape;

#define REAL double
#include "distill_formula.h"
#undef REAL
#define REAL float
#include "distill_formula.h"
#undef REAL

static int64_t answers_of(const trial *t) {
    return SHAPE(shape)->answers ? SHAPE(shape)->answers : 11;
}

/* The student's values `name`, the teacher's, and which of its rows are whose. */
static operand *inputs(trial *t, const char *name) {
    const shape *s = SHAPE(shape);
    double deviation = s->scale > 0 ? s->scale : 1;
    t->accumulate = s->accumulate;
    t->state.head_rows = (int32_t)s->n;
    t->state.tokens = t->state.sequences = (int32_t)s->cap;
    operand *x = operand_real(operand_new(t, name, IN, CAM_F32, s->cap, s->columns), s->n);
    fill_normal(t, x, 0, deviation);
    operand *teacher = operand_new(t, "teacher", IN, CAM_F32, answers_of(t), s->columns);
    teacher->free_dims = 1;
    fill_normal(t, teacher, 0.5, deviation);
    if (!s->in_order)
        fill_integers(t, operand_real(operand_new(t, "row", IN, CAM_I32, s->cap, 0), s->n), 0, answers_of(t) - 1);
    for (int64_t i = 0; s->equal && i < s->n * s->columns; i++)
        operand_set(x, i,
                    values_double(t, "teacher")[values_i32(t, "row")[i / s->columns] * s->columns + i % s->columns]);
    if (s->not_finite) {
        operand_set(x, 1, NAN);
        operand_set(x, s->columns + 1, INFINITY);
        operand_set(teacher, 2, -INFINITY);
    }
    operand_real(operand_new(t, "row_loss", OUT, CAM_F32, s->cap, 0), s->n);
    STATE_WRITES(t, loss);
    return x;
}

static void gradient_of(trial *t, const char *name, operand *x) {
    const shape *s = SHAPE(shape);
    operand *dx = operand_real(operand_new(t, name, OUT, CAM_F32, s->cap, s->columns), s->n);
    dx->may_alias = x->name;
    if (s->in_place)
        operand_in_place_of(dx, x);
}

static void setup_logits(trial *t) {
    const shape *s = SHAPE(shape);
    operand *x = inputs(t, "logits");
    operand *labels = operand_real(operand_new(t, "labels", IN, CAM_I32, s->cap, 0), s->n);
    fill_integers(t, labels, 0, s->columns - 1);
    for (int64_t r = 0; r < s->n; r++)
        if (s->unlabelled == 2 || (s->unlabelled == 1 && r % 3 == 1))
            operand_set(labels, r, -1);
    if (s->weights) {
        operand *weights = operand_new(t, "weights", IN, CAM_F32, s->columns, 0);
        fill_uniform(t, weights, 0.1, 3);
        weights->optional = 1;
    }
    gradient_of(t, "dlogits", x);
}

static void setup_hidden(trial *t) {
    gradient_of(t, "dmapped", inputs(t, "mapped"));
    if (!SHAPE(shape)->in_order)
        operand_get(t, "row")->optional = 1;
}

CALL(distill_logits, .dlogits = ON("dlogits"), .row_loss = ON("row_loss"), .logits = ON("logits"),
     .labels = ON("labels"), .weights = ON("weights"), .teacher = ON("teacher"), .row = ON("row"),
     .temperature = (float)SHAPE(shape)->temperature, .alpha = (float)SHAPE(shape)->alpha,
     .smoothing = (float)SHAPE(shape)->smoothing, .accumulate = t->accumulate, .state = STATE)
CALL(distill_hidden, .dmapped = ON("dmapped"), .row_loss = ON("row_loss"), .mapped = ON("mapped"),
     .teacher = ON("teacher"), .row = ON("row"), .weight = (float)SHAPE(shape)->weight, .accumulate = t->accumulate,
     .state = STATE)

/* Compares state->loss with the f64 sum of the operator's own row losses, which are compared with the formula one by
 * one. */
static void check_loss(trial *t) {
    const operand *o = operand_get(t, "row_loss");
    double sum = 0, sizes = 0;
    for (int64_t r = 0; r < o->real; r++) {
        sum += element_after(o, r, 0);
        sizes += fabs(element_after(o, r, 0));
    }
    double want = (t->accumulate ? t->state.loss : 0) + sum / t->state.loss_denominator;
    double bound = o->real > 0 ? 1e-13 * (1 + sizes) : 0; /* without rows the loss must not change */
    double got = t->state_after.loss;
    if (isnan(want) ? !isnan(got) : isinf(want) ? got != want : !(fabs(got - want) <= bound))
        trial_fail(t, "state->loss is %.17g, must be %.17g", got, want);
}

static double logits_objective(trial *t) {
    distill_logits_double(t);
    return t->truth.loss;
}
static void logits_gradient(trial *t) {
    check_gradient(t, "dlogits", "logits", logits_objective);
}
static double hidden_objective(trial *t) {
    distill_hidden_double(t);
    return t->truth.loss;
}
static void hidden_gradient(trial *t) {
    check_gradient(t, "dmapped", "mapped", hidden_objective);
}

static const op_case logits_cases[] = {
    CHECKED_CASE("small", .cap = 5, .n = 4, .columns = 4, .temperature = 2, .alpha = 0.5, .smoothing = 0.1,
                 .weights = 1, .unlabelled = 1),
    CHECKED_CASE("plain", .cap = 7, .n = 7, .columns = 3, .temperature = 1, .alpha = 0.9),
    CHECKED_CASE("plus", .cap = 7, .n = 5, .columns = 5, .temperature = 4, .alpha = 0.25, .accumulate = 1,
                 .in_place = 1, .unlabelled = 1),
    CHECKED_CASE("labels-only", .cap = 5, .n = 5, .columns = 6, .temperature = 2, .alpha = 0, .weights = 1,
                 .smoothing = 0.2, .unlabelled = 1),
    CHECKED_CASE("teacher-only", .cap = 5, .n = 5, .columns = 6, .temperature = 2, .alpha = 1, .in_place = 1),
    CHECKED_CASE("unlabelled", .cap = 5, .n = 5, .columns = 6, .temperature = 0.5, .alpha = 0.5, .unlabelled = 2),
    CASE("equal", .cap = 33, .n = 31, .columns = 7, .temperature = 2, .alpha = 1, .equal = 1),
    CASE("one-label", .cap = 3, .n = 2, .columns = 1, .temperature = 2, .alpha = 0.5),
    CASE("one-row", .cap = 1, .n = 1, .columns = 2, .temperature = 2, .alpha = 0.5, .answers = 1),
    CASE("no-rows", .cap = 3, .n = 0, .columns = 4, .temperature = 2, .alpha = 0.5),
    CASE("no-rows-plus", .cap = 131, .n = 0, .columns = 37, .temperature = 2, .alpha = 0.5, .accumulate = 1,
         .weights = 1, .smoothing = 0.1),
    CASE("primes", .cap = 131, .n = 127, .columns = 37, .temperature = 3, .alpha = 0.7, .smoothing = 0.1, .weights = 1,
         .answers = 211, .unlabelled = 1),
    CASE("31-labels", .cap = 9, .n = 7, .columns = 31, .temperature = 2, .alpha = 0.5, .weights = 1),
    CASE("33-labels", .cap = 9, .n = 7, .columns = 33, .temperature = 2, .alpha = 0.5, .unlabelled = 1),
    CASE("60-labels", .cap = 32, .n = 32, .columns = 60, .temperature = 2, .alpha = 0.5, .accumulate = 1),
    CASE("many-rows", .cap = 1100, .n = 1031, .columns = 3, .temperature = 2, .alpha = 0.5, .unlabelled = 1),
    CASE("many-labels", .cap = 3, .n = 2, .columns = 1025, .temperature = 2, .alpha = 0.5, .weights = 1,
         .smoothing = 0.1),
    CASE("one-of-many", .cap = 257, .n = 1, .columns = 5, .temperature = 2, .alpha = 0.5),
    CASE("large-logits", .cap = 33, .n = 33, .columns = 7, .temperature = 2, .alpha = 0.5, .scale = 60,
         .smoothing = 0.1),
    CASE("sure", .cap = 33, .n = 31, .columns = 3, .temperature = 1, .alpha = 0.5, .scale = 12),
    CASE("not-finite", .cap = 4, .n = 3, .columns = 5, .temperature = 2, .alpha = 0.5, .not_finite = 1),
};
static const op_case hidden_cases[] = {
    CHECKED_CASE("small", .cap = 4, .n = 3, .columns = 16, .weight = 1),
    CHECKED_CASE("plus", .cap = 5, .n = 5, .columns = 16, .weight = 0.25, .accumulate = 1, .in_place = 1),
    CASE("in-order", .cap = 13, .n = 9, .columns = 40, .weight = 0.5, .answers = 17, .in_order = 1),
    CASE("off", .cap = 5, .n = 4, .columns = 24, .weight = 0),
    CASE("equal", .cap = 5, .n = 4, .columns = 40, .weight = 1, .equal = 1),
    CASE("one-row", .cap = 1, .n = 1, .columns = 8, .weight = 1, .answers = 1),
    CASE("no-rows", .cap = 3, .n = 0, .columns = 16, .weight = 1),
    CASE("no-rows-plus", .cap = 131, .n = 0, .columns = 16, .weight = 1, .accumulate = 1),
    CASE("768", .cap = 32, .n = 31, .columns = 768, .weight = 1, .answers = 101),
    CASE("1032", .cap = 9, .n = 7, .columns = 1032, .weight = 3),
    CASE("many-rows", .cap = 1100, .n = 1031, .columns = 8, .weight = 1, .accumulate = 1),
    CASE("not-finite", .cap = 4, .n = 3, .columns = 8, .weight = 1, .not_finite = 1),
};
static const op_case hidden_odd = CASE("odd", .cap = 4, .n = 3, .columns = 12, .weight = 1);
static const spoil logits_spoils[] = {
    SPOIL(distill_logits, temperature, float, 0), SPOIL(distill_logits, temperature, float, NAN),
    SPOIL(distill_logits, alpha, float, -0.1f), SPOIL(distill_logits, alpha, float, 1.5f),
    SPOIL(distill_logits, smoothing, float, 1)};
static const spoil hidden_spoils[] = {SPOIL(distill_hidden, weight, float, -1),
                                      SPOIL(distill_hidden, weight, float, NAN)};

OP_TESTS(distill, distill_logits, logits_cases, .setup = setup_logits, .check = check_loss, .gradient = logits_gradient,
         SPOILS(logits_spoils));
OP_TESTS(distill, distill_hidden, hidden_cases, .setup = setup_hidden, .check = check_loss, .gradient = hidden_gradient,
         .odd_hidden = &hidden_odd, SPOILS(hidden_spoils));
