/* linear.c: the matrix products. Products of small integers are exact in any order of summation, so these cases allow
 * no error. */
#include "harness.h"
#include <tgmath.h>

#define REAL double
#include "linear_formula.h"
#undef REAL
#define REAL float
#include "linear_formula.h"
#undef REAL

typedef struct shape {
    int64_t cap, n, in, out;
    int no_bias, strided, accumulate, integers;
    int not_finite; /* plants NaN and infinities */
    cam_rows rows;
} shape;

static void set_rows(trial *t, const shape *s) {
    t->rows = s->rows;
    t->accumulate = s->accumulate;
    /* Counts that this operator must not read are wrong. */
    t->state.tokens = t->state.sequences = t->state.head_rows = (int32_t)s->cap;
    *(s->rows == CAM_ROWS_TOKENS      ? &t->state.tokens
      : s->rows == CAM_ROWS_SEQUENCES ? &t->state.sequences
                                      : &t->state.head_rows) =
        (int32_t)(s->n + (s->rows > CAM_ROWS_HEAD_CHUNK ? (s->rows - CAM_ROWS_HEAD_CHUNK) * CAM_HEAD_CHUNK : 0));
}

static operand *number_of(trial *t, const char *name, operand_role role, cam_dtype dtype, int64_t rows, int64_t columns,
                          int64_t real) {
    const shape *s = SHAPE(shape);
    operand *o = operand_real(operand_new(t, name, role, dtype, rows, columns), real);
    o->zero_tail = 1;
    if (s->integers) {
        o->floor_ulps = 0;
        return fill_integers(t, o, -7, 7);
    }
    return fill_normal(t, o, 0.1, 1);
}

static operand *number(trial *t, const char *name, operand_role role, int64_t rows, int64_t columns, int64_t real) {
    return number_of(t, name, role, t->act, rows, columns, real);
}

static void place_strided(trial *t, operand *o, int64_t column) {
    if (SHAPE(shape)->strided)
        operand_place(o, panel_new(t, o->shape[0], o->shape[1] + 24, o->dtype), o->shape[1] + 24, column);
    o->stride_free = 1;
}

static void plant(trial *t, operand *a, operand *b) {
    if (!SHAPE(shape)->not_finite)
        return;
    operand_set(a, 1, NAN);
    operand_set(a, 2 * a->shape[1], INFINITY);
    operand_set(b, b->shape[1], -INFINITY);
}

static void setup_fwd(trial *t) {
    const shape *s = SHAPE(shape);
    set_rows(t, s);
    number(t, "y", OUT, s->cap, s->out, s->n);
    operand *x = number(t, "x", IN, s->cap, s->in, s->n);
    operand *w = number(t, "w", IN, s->out, s->in, s->out);
    place_strided(t, x, 8);
    if (!s->no_bias)
        number(t, "bias", IN, s->out, 0, s->out)->optional = 1;
    plant(t, x, w);
}

static void setup_bwd_data(trial *t) {
    const shape *s = SHAPE(shape);
    set_rows(t, s);
    number(t, "dx", s->accumulate ? ADD : OUT, s->cap, s->in, s->n);
    operand *dy = number(t, "dy", IN, s->cap, s->out, s->n);
    place_strided(t, dy, 16);
    plant(t, dy, number(t, "w", IN, s->out, s->in, s->out));
    number(t, "x", PRIVATE, s->cap, s->in, s->n);
    number(t, "y", PRIVATE, s->cap, s->out, s->n);
}

static void setup_bwd_weight(trial *t) {
    const shape *s = SHAPE(shape);
    operand_role out = s->accumulate ? ADD : OUT;
    set_rows(t, s);
    number_of(t, "dw", out, s->accumulate ? CAM_F32 : t->either, s->out, s->in, s->out);
    if (!s->no_bias)
        number_of(t, "dbias", out, CAM_F32, s->out, 0, s->out)->optional = 1;
    operand *dy = number(t, "dy", IN, s->cap, s->out, s->n);
    operand *x = number(t, "x", IN, s->cap, s->in, s->n);
    place_strided(t, dy, 8);
    place_strided(t, x, 0);
    plant(t, dy, x);
    number(t, "w", PRIVATE, s->out, s->in, s->out);
    number(t, "bias", PRIVATE, s->out, 0, s->out);
    number(t, "y", PRIVATE, s->cap, s->out, s->n);
}

CALL(linear_fwd, .y = ON("y"), .x = ON("x"), .w = ON("w"), .bias = ON("bias"), .rows = t->rows, .state = STATE)
CALL(linear_bwd_data, .dx = ON("dx"), .dy = ON("dy"), .w = ON("w"), .rows = t->rows, .accumulate = t->accumulate,
     .state = STATE)
CALL(linear_bwd_weight, .dw = ON("dw"), .dbias = ON("dbias"), .dy = ON("dy"), .x = ON("x"), .rows = t->rows,
     .accumulate = t->accumulate, .state = STATE)

static double objective(trial *t) {
    linear_fwd_double(t);
    return weighted_sum(t, "y", "dy");
}

static void gradient_data(trial *t) {
    check_gradient(t, "dx", "x", objective);
}

static void gradient_weight(trial *t) {
    check_gradient(t, "dw", "w", objective);
    if (operand_find(t, "dbias"))
        check_gradient(t, "dbias", "bias", objective);
}

static const op_case cases[] = {
    CHECKED_CASE("small", .cap = 5, .n = 3, .in = 16, .out = 24),
    CHECKED_CASE("small-strided-plus", .cap = 5, .n = 4, .in = 16, .out = 24, .strided = 1, .accumulate = 1),
    CHECKED_CASE("ones", .cap = 1, .n = 1, .in = 1, .out = 1),
    CASE("one-row", .cap = 1, .n = 1, .in = 768, .out = 64),
    CASE("primes", .cap = 17, .n = 13, .in = 7, .out = 11),
    CASE("primes-plus-no-bias", .cap = 37, .n = 31, .in = 29, .out = 23, .no_bias = 1, .accumulate = 1),
    CASE("31", .cap = 31, .n = 31, .in = 31, .out = 31),
    CASE("32-head-rows", .cap = 40, .n = 32, .in = 32, .out = 32, .rows = CAM_ROWS_HEAD),
    CASE("33-sequences-strided", .cap = 64, .n = 33, .in = 33, .out = 33, .strided = 1, .rows = CAM_ROWS_SEQUENCES),
    CASE("no-rows", .cap = 4, .n = 0, .in = 16, .out = 8),
    CASE("no-rows-plus", .cap = 4, .n = 0, .in = 16, .out = 8, .accumulate = 1),
    CASE("no-rows-of-many", .cap = 300, .n = 0, .in = 64, .out = 136),
    CASE("no-rows-of-many-strided-plus", .cap = 300, .n = 0, .in = 64, .out = 136, .strided = 1, .accumulate = 1),
    CASE("no-sequences-strided", .cap = 33, .n = 0, .in = 40, .out = 24, .strided = 1, .rows = CAM_ROWS_SEQUENCES),
    CASE("no-head-rows-primes", .cap = 17, .n = 0, .in = 7, .out = 11, .rows = CAM_ROWS_HEAD),
    CASE("no-head-rows-primes-plus", .cap = 17, .n = 0, .in = 7, .out = 11, .accumulate = 1, .rows = CAM_ROWS_HEAD),
    CASE("no-head-rows-labels-no-bias", .cap = 32, .n = 0, .in = 768, .out = 3, .no_bias = 1, .rows = CAM_ROWS_HEAD),
    CASE("no-rows-integers-plus", .cap = 5, .n = 0, .in = 16, .out = 24, .integers = 1, .accumulate = 1),
    CASE("first-chunk", .cap = 40, .n = 32, .in = 64, .out = 160, .rows = CAM_ROWS_HEAD_CHUNK),
    CASE("third-chunk", .cap = 40, .n = 33, .in = 64, .out = 160, .accumulate = 1, .rows = CAM_ROWS_HEAD_CHUNK + 2),
    CASE("whole-chunk", .cap = 512, .n = 512, .in = 16, .out = 8, .rows = CAM_ROWS_HEAD_CHUNK + 1),
    CASE("labels", .cap = 129, .n = 127, .in = 768, .out = 3, .rows = CAM_ROWS_HEAD),
    CASE("768", .cap = 72, .n = 65, .in = 768, .out = 768),
    CASE("768-few-rows", .cap = 5, .n = 3, .in = 768, .out = 64, .strided = 1),
    CASE("60-labels", .cap = 32, .n = 32, .in = 64, .out = 60, .rows = CAM_ROWS_HEAD),
    CASE("one-label", .cap = 9, .n = 7, .in = 64, .out = 1, .rows = CAM_ROWS_HEAD),
    CASE("one-of-many", .cap = 257, .n = 1, .in = 40, .out = 24),
    CASE("one-of-many-plus", .cap = 257, .n = 1, .in = 40, .out = 24, .accumulate = 1),
    BIG_CASE("ffn-strided-plus", .cap = 16, .n = 15, .in = 768, .out = 1536, .strided = 1, .accumulate = 1),
    CASE("many-rows", .cap = 1100, .n = 1031, .in = 24, .out = 40),
    CASE("integers", .cap = 70, .n = 67, .in = 129, .out = 65, .integers = 1),
    CASE("integers-plus-strided", .cap = 300, .n = 257, .in = 64, .out = 127, .integers = 1, .strided = 1,
         .accumulate = 1),
    CASE("not-finite", .cap = 5, .n = 5, .in = 16, .out = 16, .not_finite = 1),
};

OP_TESTS(linear, linear_fwd, cases, .setup = setup_fwd, .precisions = 2);
OP_TESTS(linear, linear_bwd_data, cases, .setup = setup_bwd_data, .gradient = gradient_data, .precisions = 2);
OP_TESTS(linear, linear_bwd_weight, cases, .setup = setup_bwd_weight, .gradient = gradient_weight, .precisions = 3);
