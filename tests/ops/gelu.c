/* gelu.c: bias + GELU. The case "sweep" has x from -12 to 12, with zero and the smallest numbers. */
#include "harness.h"
#include <tgmath.h>

typedef struct shape {
    int64_t cap, n, columns;
    int in_place, accumulate, sweep, not_finite;
    int stages;   /* backward is called in two */
    double scale; /* of x; 0 stands for 1 */
    cam_rows rows;
} shape;

#define REAL double
#include "gelu_formula.h"
#undef REAL
#define REAL float
#include "gelu_formula.h"
#undef REAL

static operand *rows(trial *t, const char *name, operand_role role) {
    const shape *s = SHAPE(shape);
    return operand_real(operand_new(t, name, role, t->act, s->cap, s->columns), s->n);
}

static void inputs(trial *t) {
    const shape *s = SHAPE(shape);
    t->rows = s->rows;
    t->accumulate = s->accumulate;
    t->state.tokens = (int32_t)(s->rows == CAM_ROWS_TOKENS ? s->n : s->cap);
    t->state.head_rows = (int32_t)(s->rows == CAM_ROWS_HEAD ? s->n : s->cap);
    t->state.sequences = (int32_t)s->cap;
    operand *x = rows(t, "x", IN);
    operand *bias = operand_new(t, "bias", IN, CAM_F32, s->columns, 0);
    if (!s->sweep) {
        fill_normal(t, x, 0, s->scale > 0 ? s->scale : 1);
        fill_normal(t, bias, 0, 0.3);
    }
    for (int64_t i = 0; s->sweep && i < s->n * s->columns; i++)
        operand_set(x, i, -12 + 24 * (double)i / (double)(s->n * s->columns));
    if (s->sweep)
        for (int i = 0; i < 40; i++)
            operand_set(x, i, ldexp(i % 2 ? 1.0 : -1.0, -149 + 4 * i));
    if (s->not_finite) {
        operand_set(x, 1, NAN);
        operand_set(x, 2, INFINITY);
    }
}

static void setup_fwd(trial *t) {
    inputs(t);
    rows(t, "y", OUT);
}

static void setup_bwd(trial *t) {
    const shape *s = SHAPE(shape);
    inputs(t);
    rows(t, "y", PRIVATE);
    operand *dy = fill_normal(t, rows(t, "dy", IN), 0.1, 1), *dx = rows(t, "dx", OUT);
    dx->may_alias = "dy";
    if (s->in_place)
        operand_in_place_of(dx, dy);
    fill_normal(t, operand_new(t, "dbias", s->accumulate ? ADD : OUT, CAM_F32, s->columns, 0), 0, 1);
}

CALL(gelu_fwd, .y = ON("y"), .x = ON("x"), .bias = ON("bias"), .rows = t->rows, .state = STATE)
CALL_IN_STAGES(gelu_bwd, SHAPE(shape)->stages, .dx = ON("dx"), .dbias = ON("dbias"), .dy = ON("dy"), .x = ON("x"),
               .bias = ON("bias"), .rows = t->rows, .accumulate = t->accumulate, .state = STATE)

static double objective(trial *t) {
    gelu_fwd_double(t);
    return weighted_sum(t, "y", "dy");
}

static void gradient(trial *t) {
    check_gradient(t, "dx", "x", objective);
    check_gradient(t, "dbias", "bias", objective);
}

#define WIDTH(f) CASE("width-" #f, .cap = 7, .n = 5, .columns = f)
static const op_case cases[] = {
    CHECKED_CASE("small", .cap = 5, .n = 3, .columns = 16),
    CHECKED_CASE("small-plus-in-place", .cap = 6, .n = 5, .columns = 24, .in_place = 1, .accumulate = 1),
    CASE("one-row", .cap = 1, .n = 1, .columns = 3072),
    CASE("primes", .cap = 17, .n = 13, .columns = 37),
    CASE("31-head-rows", .cap = 33, .n = 31, .columns = 33, .rows = CAM_ROWS_HEAD),
    CASE("3072", .cap = 70, .n = 65, .columns = 3072),
    BIG_CASE("3072-plus", .cap = 32, .n = 32, .columns = 3072, .accumulate = 1, .scale = 3),
    CASE("many-rows", .cap = 1100, .n = 1031, .columns = 8),
    WIDTH(1),
    WIDTH(8),
    WIDTH(24),
    WIDTH(56),
    WIDTH(248),
    WIDTH(264),
    WIDTH(768),
    WIDTH(1016),
    WIDTH(2048),
    WIDTH(3080),
    WIDTH(4096),
    CASE("one-of-many", .cap = 257, .n = 1, .columns = 64),
    CASE("no-rows", .cap = 3, .n = 0, .columns = 16),
    CASE("no-rows-plus", .cap = 3, .n = 0, .columns = 16, .accumulate = 1),
    CASE("no-rows-of-many-in-place", .cap = 300, .n = 0, .columns = 264, .in_place = 1),
    CASE("no-rows-of-many-plus", .cap = 300, .n = 0, .columns = 264, .accumulate = 1),
    CASE("no-head-rows", .cap = 33, .n = 0, .columns = 37, .rows = CAM_ROWS_HEAD),
    CASE("no-head-rows-3072-plus", .cap = 9, .n = 0, .columns = 3072, .accumulate = 1, .rows = CAM_ROWS_HEAD),
    CASE("sweep", .cap = 128, .n = 128, .columns = 129, .sweep = 1),
    CASE("3072-stages-plus-in-place", .cap = 70, .n = 65, .columns = 3072, .stages = 1, .accumulate = 1, .in_place = 1),
    CASE("primes-stages", .cap = 1103, .n = 1031, .columns = 13, .stages = 1),
    CASE("no-rows-stages", .cap = 9, .n = 0, .columns = 264, .stages = 1, .rows = CAM_ROWS_HEAD),
    CASE("large", .cap = 8, .n = 8, .columns = 32, .scale = 1e10),
    CASE("not-finite", .cap = 4, .n = 3, .columns = 16, .not_finite = 1),
};

OP_TESTS(gelu, gelu_fwd, cases, .setup = setup_fwd, .precisions = 2);
OP_TESTS(gelu, gelu_bwd, cases, .setup = setup_bwd, .gradient = gradient, .precisions = 2);
