/* head.c: the operators between the encoder and the logits, except the linear ones. */
#include "harness.h"
#include <tgmath.h>

typedef struct shape {
    int64_t cap, n, columns;
    int64_t source_rows, source_real; /* gather: capacity and true count of x */
    uint32_t threshold;
    int in_place, accumulate;
    int backwards; /* gather: the list descends */
    double scale;  /* of x; 0 stands for 1 */
} shape;

#define REAL double
#include "head_formula.h"
#undef REAL
#define REAL float
#include "head_formula.h"
#undef REAL

static operand *rows(trial *t, const char *name, operand_role role) {
    const shape *s = SHAPE(shape);
    return operand_real(operand_new(t, name, role, t->act, s->cap, s->columns), s->n);
}

static void set_counts(trial *t) {
    const shape *s = SHAPE(shape);
    t->accumulate = s->accumulate;
    t->state.head_rows = (int32_t)s->n;
    t->state.tokens = (int32_t)(s->source_rows ? s->source_real : s->cap);
    t->state.sequences = (int32_t)s->cap;
}

/* --- gather ----------------------------------------------------------------------------------------------------- */

/* n distinct random rows of the source's true rows, by selection sampling. */
static void list_rows(trial *t) {
    const shape *s = SHAPE(shape);
    operand *list = operand_real(operand_new(t, "list", IN, CAM_I32, s->cap, 0), s->n);
    int64_t chosen = 0;
    for (int64_t row = 0; row < s->source_real && chosen < s->n; row++)
        if (random_uniform(t) * (double)(s->source_real - row) < (double)(s->n - chosen))
            chosen++, operand_set(list, s->backwards ? s->n - chosen : chosen - 1, (double)row);
    CAM_ASSERT(chosen == s->n);
}

static operand *source(trial *t, const char *name, operand_role role) {
    const shape *s = SHAPE(shape);
    operand *o = operand_real(operand_new(t, name, role, t->act, s->source_rows, s->columns), s->source_real);
    o->free_dims = 1;
    return o;
}

static void setup_gather_fwd(trial *t) {
    set_counts(t);
    rows(t, "y", OUT);
    fill_normal(t, source(t, "x", IN), 0, 1);
    list_rows(t);
}

static void setup_gather_bwd(trial *t) {
    set_counts(t);
    fill_normal(t, source(t, "dx", t->accumulate ? ADD : OUT), 0, 1);
    fill_normal(t, rows(t, "dy", IN), 0, 1);
    list_rows(t);
    fill_normal(t, source(t, "x", PRIVATE), 0, 1);
    rows(t, "y", PRIVATE);
}

CALL(head_gather_fwd, .y = ON("y"), .x = ON("x"), .list = ON("list"), .state = STATE)
CALL(head_gather_bwd, .dx = ON("dx"), .dy = ON("dy"), .list = ON("list"), .accumulate = t->accumulate, .state = STATE)

static double gather_objective(trial *t) {
    head_gather_fwd_double(t);
    return weighted_sum(t, "y", "dy");
}

static void gather_gradient(trial *t) {
    check_gradient(t, "dx", "x", gather_objective);
}

static const op_case gather_cases[] = {
    CHECKED_CASE("small", .cap = 4, .n = 3, .columns = 16, .source_rows = 12, .source_real = 9),
    CHECKED_CASE("small-plus", .cap = 4, .n = 4, .columns = 16, .source_rows = 12, .source_real = 9, .accumulate = 1),
    CASE("one", .cap = 1, .n = 1, .columns = 768, .source_rows = 1, .source_real = 1),
    CASE("all", .cap = 33, .n = 31, .columns = 24, .source_rows = 33, .source_real = 31),
    CASE("one-of-many", .cap = 3, .n = 1, .columns = 64, .source_rows = 520, .source_real = 511),
    CASE("768", .cap = 40, .n = 37, .columns = 768, .source_rows = 600, .source_real = 587),
    CASE("768-plus", .cap = 40, .n = 37, .columns = 768, .source_rows = 600, .source_real = 587, .accumulate = 1),
    CASE("width-8", .cap = 9, .n = 7, .columns = 8, .source_rows = 30, .source_real = 29),
    CASE("width-1032", .cap = 9, .n = 7, .columns = 1032, .source_rows = 30, .source_real = 29),
    CASE("width-3072-plus", .cap = 9, .n = 7, .columns = 3072, .source_rows = 30, .source_real = 29, .accumulate = 1),
    CASE("descending", .cap = 40, .n = 37, .columns = 64, .source_rows = 90, .source_real = 87, .backwards = 1),
    CASE("none", .cap = 3, .n = 0, .columns = 8, .source_rows = 5, .source_real = 4),
    CASE("none-plus", .cap = 3, .n = 0, .columns = 8, .source_rows = 5, .source_real = 4, .accumulate = 1),
    CASE("none-of-none", .cap = 9, .n = 0, .columns = 768, .source_rows = 90, .source_real = 0),
    CASE("none-of-none-plus", .cap = 9, .n = 0, .columns = 768, .source_rows = 90, .source_real = 0, .accumulate = 1),
    CASE("none-of-none-width-1032", .cap = 1, .n = 0, .columns = 1032, .source_rows = 3, .source_real = 0),
};
static const op_case odd_gather = CASE("odd", .cap = 4, .n = 3, .columns = 12, .source_rows = 12, .source_real = 9);

/* --- dropout and tanh --------------------------------------------------------------------------------------------- */

static void setup_dropout(trial *t) {
    const shape *s = SHAPE(shape);
    set_counts(t);
    dropout_operands(t, s->cap, s->n, s->threshold, CAM_SITE_HEAD_INPUT);
    operand *y = rows(t, "y", OUT), *x = fill_normal(t, rows(t, "x", IN), 0, s->scale > 0 ? s->scale : 1);
    y->may_alias = "x";
    if (s->in_place)
        operand_in_place_of(y, x);
}

static void tanh_inputs(trial *t) {
    const shape *s = SHAPE(shape);
    set_counts(t);
    dropout_operands(t, s->cap, s->n, s->threshold, CAM_SITE_HEAD_OUTPUT);
    fill_normal(t, rows(t, "x", IN), 0, s->scale > 0 ? s->scale : 1);
    fill_normal(t, operand_new(t, "bias", IN, CAM_F32, s->columns, 0), 0, 0.3);
}

static void setup_tanh_fwd(trial *t) {
    tanh_inputs(t);
    rows(t, "y", OUT);
}

static void setup_tanh_bwd(trial *t) {
    const shape *s = SHAPE(shape);
    tanh_inputs(t);
    rows(t, "y", PRIVATE);
    operand *dy = fill_normal(t, rows(t, "dy", IN), 0.1, 1), *dx = rows(t, "dx", OUT);
    dx->may_alias = "dy";
    if (s->in_place)
        operand_in_place_of(dx, dy);
    fill_normal(t, operand_new(t, "dbias", s->accumulate ? ADD : OUT, CAM_F32, s->columns, 0), 0, 1);
}

CALL(head_dropout, .y = ON("y"), .x = ON("x"), .dropout = DROPOUT, .state = STATE)
CALL(head_tanh_fwd, .y = ON("y"), .x = ON("x"), .bias = ON("bias"), .dropout = DROPOUT, .state = STATE)
CALL(head_tanh_bwd, .dx = ON("dx"), .dbias = ON("dbias"), .dy = ON("dy"), .x = ON("x"), .bias = ON("bias"),
     .accumulate = t->accumulate, .dropout = DROPOUT, .state = STATE)

static double tanh_objective(trial *t) {
    head_tanh_fwd_double(t);
    return weighted_sum(t, "y", "dy");
}

static void tanh_gradient(trial *t) {
    check_gradient(t, "dx", "x", tanh_objective);
    check_gradient(t, "dbias", "bias", tanh_objective);
}

static const op_case cases[] = {
    CHECKED_CASE("small-dropout", .cap = 5, .n = 3, .columns = 16, .threshold = 6554),
    CHECKED_CASE("small-plus-in-place", .cap = 4, .n = 4, .columns = 24, .threshold = 30000, .in_place = 1,
                 .accumulate = 1),
    CHECKED_CASE("small-no-dropout", .cap = 5, .n = 4, .columns = 8),
    CASE("no-dropout-in-place", .cap = 5, .n = 4, .columns = 8, .in_place = 1),
    CASE("one-row", .cap = 1, .n = 1, .columns = 768, .threshold = 6554),
    CASE("768", .cap = 40, .n = 37, .columns = 768, .threshold = 6554),
    CASE("768-plus-in-place", .cap = 32, .n = 32, .columns = 768, .threshold = 6554, .accumulate = 1, .in_place = 1),
    CASE("many-rows", .cap = 1100, .n = 1031, .columns = 8, .threshold = 6554),
    CASE("width-8", .cap = 7, .n = 5, .columns = 8, .threshold = 6554),
    CASE("width-136", .cap = 7, .n = 5, .columns = 136, .threshold = 6554),
    CASE("width-1032", .cap = 7, .n = 5, .columns = 1032, .threshold = 6554),
    CASE("width-3072", .cap = 7, .n = 5, .columns = 3072, .threshold = 6554, .accumulate = 1),
    CASE("no-rows", .cap = 3, .n = 0, .columns = 16, .threshold = 6554),
    CASE("no-rows-plus", .cap = 3, .n = 0, .columns = 16, .accumulate = 1),
    CASE("no-rows-768-in-place", .cap = 70, .n = 0, .columns = 768, .threshold = 6554, .in_place = 1),
    CASE("no-rows-768-in-place-plus", .cap = 70, .n = 0, .columns = 768, .threshold = 6554, .in_place = 1,
         .accumulate = 1),
    CASE("no-rows-width-1032", .cap = 1, .n = 0, .columns = 1032, .threshold = 6554),
    CASE("least-threshold", .cap = 33, .n = 33, .columns = 768, .threshold = 1),
    CASE("greatest-threshold", .cap = 33, .n = 33, .columns = 768, .threshold = 65535),
    CASE("saturated", .cap = 8, .n = 7, .columns = 64, .scale = 30),
    CASE("tiny", .cap = 8, .n = 7, .columns = 64, .scale = 1e-6),
};
static const op_case odd = CASE("odd", .cap = 4, .n = 3, .columns = 12);

OP_TESTS(head, head_gather_fwd, gather_cases, .setup = setup_gather_fwd, .precisions = 2, .odd_hidden = &odd_gather);
OP_TESTS(head, head_gather_bwd, gather_cases, .setup = setup_gather_bwd, .gradient = gather_gradient, .precisions = 2,
         .odd_hidden = &odd_gather);
OP_TESTS(head, head_dropout, cases, .setup = setup_dropout, .odd_hidden = &odd);
OP_TESTS(head, head_tanh_fwd, cases, .setup = setup_tanh_fwd, .odd_hidden = &odd);
OP_TESTS(head, head_tanh_bwd, cases, .setup = setup_tanh_bwd, .gradient = tanh_gradient, .odd_hidden = &odd);
