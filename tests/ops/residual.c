/* residual.c: dropout + residual + LayerNorm. Dropped elements are checked exactly: z is then equal to residual. */
#include "harness.h"
#include <stdlib.h>
#include <string.h>
#include <tgmath.h>

typedef struct shape {
    int64_t cap, n, columns;
    uint32_t threshold;
    int in_place; /* z is x, dx is dy */
    int no_residual, no_bias;
    int mask;   /* the decisions are kept for backward */
    int stages; /* backward is called in two */
    int accumulate, constant, not_finite;
    double mean; /* mean of the residual: a large one makes var a difference of large numbers */
    cam_rows rows;
} shape;

static const double layer_eps = 1e-5;

#define REAL double
#include "residual_formula.h"
#undef REAL
#define REAL float
#include "residual_formula.h"
#undef REAL

static operand *rows_as(trial *t, const char *name, operand_role role, cam_dtype dtype, int64_t columns) {
    const shape *s = SHAPE(shape);
    return operand_real(operand_new(t, name, role, dtype, s->cap, columns), s->n);
}

static operand *rows(trial *t, const char *name, operand_role role, int64_t columns) {
    return rows_as(t, name, role, columns ? t->act : CAM_F32, columns);
}

static void set_rows(trial *t, const shape *s) {
    t->rows = s->rows;
    t->accumulate = s->accumulate;
    t->state.tokens = t->state.sequences = t->state.head_rows = (int32_t)s->cap;
    if (s->rows == CAM_ROWS_TOKENS)
        t->state.tokens = (int32_t)s->n;
    else
        t->state.head_rows = (int32_t)s->n;
    dropout_operands(t, s->cap, s->n, s->threshold, CAM_SITE_FFN_OUTPUT + 4 * 11);
}

/* The operands of forward, with their roles in forward or in backward. */
static void forward_operands(trial *t, operand_role in, operand_role kept, operand_role y) {
    const shape *s = SHAPE(shape);
    operand *z = rows(t, "z", kept, s->columns);
    rows_as(t, "y", y, t->either, s->columns);
    rows(t, "mean", kept, 0);
    rows(t, "rstd", kept, 0);
    operand *x = fill_normal(t, rows(t, "x", in, s->columns), 0, 1);
    if (!s->no_residual) {
        operand *residual = rows(t, "residual", in, s->columns);
        residual->optional = 1;
        if (s->constant)
            fill_uniform(t, residual, 3, 3);
        else
            fill_normal(t, residual, s->mean, 1);
        if (s->not_finite)
            operand_set(residual, s->columns, INFINITY);
    }
    if (!s->no_bias) {
        operand *bias = operand_new(t, "bias", in, CAM_F32, s->columns, 0);
        bias->optional = 1;
        fill_normal(t, bias, 0, s->constant ? 0 : 0.3);
    }
    if (s->constant)
        fill_uniform(t, x, 0, 0);
    fill_normal(t, operand_new(t, "gamma", IN, CAM_F32, s->columns, 0), 1, 0.3);
    fill_normal(t, operand_new(t, "beta", in, CAM_F32, s->columns, 0), 0, 0.3);
    if (s->not_finite) {
        operand_set(x, 1, NAN);
    }
    if (kept == OUT && s->in_place)
        operand_in_place_of(z, x);
}

/* The mask's bytes: forward must write those of true rows if the backend has masks, and no others. */
static unsigned char *mask_bytes(const trial *t, size_t *bytes) {
    const shape *s = SHAPE(shape);
    *bytes = (size_t)cam_dropout_mask_words(s->cap, s->columns) * sizeof(int32_t);
    unsigned char *mask = calloc(*bytes + 1, 1);
    memset(mask, 0xa5, *bytes);
    for (int64_t i = 0; i < s->n * s->columns / 8; i++)
        mask[i] = 0;
    for (int64_t i = 0; i < s->n * s->columns; i++)
        if (keep_double(t, i / s->columns, i % s->columns, s->columns) > 0)
            mask[i / 8] = (unsigned char)(mask[i / 8] | 1u << i % 8);
    return mask;
}

static void add_mask(trial *t, operand_role role) {
    const shape *s = SHAPE(shape);
    size_t bytes;
    if (!s->mask)
        return;
    unsigned char *mask = mask_bytes(t, &bytes), *written = calloc(bytes + 1, 1);
    if (role == OUT && t->dropout_masks && s->threshold)
        memset(written, BYTE_WRITTEN, (size_t)(s->n * s->columns / 8));
    operand_raw(t, "mask", role, CAM_I32, mask, written, bytes)->optional = 1;
    t->masked = role == IN && t->dropout_masks;
    free(mask);
    free(written);
}

static void check_mask(trial *t) {
    const shape *s = SHAPE(shape);
    size_t bytes;
    if (!s->mask || !t->dropout_masks || !s->threshold)
        return;
    unsigned char *mask = mask_bytes(t, &bytes);
    if (memcmp(mask, bytes_after(operand_get(t, "mask")), (size_t)(s->n * s->columns / 8)) != 0)
        trial_fail(t, "\"mask\" does not have the decisions of true rows");
    free(mask);
}

static void setup_fwd(trial *t) {
    set_rows(t, SHAPE(shape));
    forward_operands(t, IN, OUT, OUT);
    add_mask(t, OUT);
    operand_get(t, "z")->may_alias = "x";
}

/* Compares an f32 y with the LN of the stored row. */
static void check_output(trial *t, int64_t r, row_norm_double n, const double *row, const double *row_size) {
    const operand *y = operand_get(t, "y");
    const double *gamma = values_double(t, "gamma"), *beta = values_double(t, "beta");
    double size;
    for (int64_t c = 0; y->dtype == CAM_F32 && c < y->shape[1]; c++) {
        double want = normal_value_double(n, row[c], row_size[c], gamma[c], beta[c], &size);
        if (fabs(element_after(y, r, c) - want) > 64 * 0x1p-24 * size) {
            trial_fail(t, "\"y\"[%lld,%lld] is %.9g, the LN of the stored z %.9g", (long long)r, (long long)c,
                       element_after(y, r, c), want);
            return;
        }
    }
}

/* Compares mean and rstd with those of the operator's own z as stored, so that bf16's rounding gives no tolerance. */
static void check_statistics(trial *t) {
    const operand *z = operand_get(t, "z"), *mean = operand_get(t, "mean"), *rstd = operand_get(t, "rstd");
    double *row = calloc(2 * (size_t)z->shape[1], sizeof *row), *size = row + z->shape[1];
    for (int64_t r = 0; r < z->real; r++) {
        for (int64_t c = 0; c < z->shape[1]; c++) {
            row[c] = element_after(z, r, c);
            size[c] = fabs(row[c]);
        }
        row_norm_double n = row_statistics_double(row, size, z->shape[1], (double)(float)layer_eps);
        double mean_error = fabs(element_after(mean, r, 0) - n.mean) / (n.mean_size + 1e-30);
        double rstd_error = fabs(element_after(rstd, r, 0) - n.rstd) / n.rstd_size;
        /* The order of summation is free; the bound is far above the number of levels of any sum here. */
        if (mean_error > 64 * 0x1p-24 || rstd_error > 64 * 0x1p-24) {
            trial_fail(t, "row %lld: mean and rstd are off those of the stored z by %.3g and %.3g of their sizes",
                       (long long)r, mean_error, rstd_error);
            break;
        }
        check_output(t, r, n, row, size);
    }
    free(row);
}

static void setup_bwd(trial *t) {
    const shape *s = SHAPE(shape);
    operand_role out = s->accumulate ? ADD : OUT;
    set_rows(t, s);
    forward_operands(t, PRIVATE, IN, PRIVATE);
    residual_fwd_double(t);
    operand_resolve(t, "z");
    operand_resolve(t, "mean");
    operand_resolve(t, "rstd");
    operand *dy = fill_normal(t, rows_as(t, "dy", IN, t->either, s->columns), 0.1, 1);
    operand *dx = rows(t, "dx", OUT, s->columns);
    dy->either = 1;
    if (dx->dtype == dy->dtype)
        dx->may_alias = "dy";
    if (s->in_place && dx->dtype == dy->dtype)
        operand_in_place_of(dx, dy);
    if (!s->no_residual)
        rows(t, "dresidual", OUT, s->columns)->optional = 1;
    if (!s->no_bias)
        fill_normal(t, operand_new(t, "dbias", out, CAM_F32, s->columns, 0), 0, 1)->optional = 1;
    add_mask(t, IN);
    fill_normal(t, operand_new(t, "dgamma", out, CAM_F32, s->columns, 0), 0, 1);
    fill_normal(t, operand_new(t, "dbeta", out, CAM_F32, s->columns, 0), 0, 1);
}

static void check_forward(trial *t) {
    check_statistics(t);
    check_mask(t);
}

CALL(residual_fwd, .y = ON("y"), .z = ON("z"), .mean = ON("mean"), .rstd = ON("rstd"), .x = ON("x"), .bias = ON("bias"),
     .residual = ON("residual"), .gamma = ON("gamma"), .beta = ON("beta"), .eps = (float)layer_eps, .rows = t->rows,
     .dropout = DROPOUT, .mask = ON("mask"), .state = STATE)
CALL_IN_STAGES(residual_bwd, SHAPE(shape)->stages, .dx = ON("dx"), .dresidual = ON("dresidual"), .dbias = ON("dbias"),
               .dgamma = ON("dgamma"), .dbeta = ON("dbeta"), .dy = ON("dy"), .z = ON("z"), .mean = ON("mean"),
               .rstd = ON("rstd"), .gamma = ON("gamma"), .rows = t->rows, .accumulate = t->accumulate,
               .dropout = DROPOUT, .mask = ON("mask"), .state = STATE)

static double objective(trial *t) {
    residual_fwd_double(t);
    return weighted_sum(t, "y", "dy");
}

static void gradient(trial *t) {
    check_gradient(t, "dx", "x", objective);
    if (operand_find(t, "dresidual"))
        check_gradient(t, "dresidual", "residual", objective);
    if (operand_find(t, "dbias"))
        check_gradient(t, "dbias", "bias", objective);
    check_gradient(t, "dgamma", "gamma", objective);
    check_gradient(t, "dbeta", "beta", objective);
}

#define WIDTH(h) CASE("width-" #h, .cap = 7, .n = 5, .columns = h, .threshold = 6554)
static const op_case cases[] = {
    CHECKED_CASE("small-dropout", .cap = 5, .n = 3, .columns = 16, .threshold = 6554),
    CHECKED_CASE("small-plus-in-place", .cap = 4, .n = 4, .columns = 24, .threshold = 30000, .in_place = 1,
                 .accumulate = 1),
    CHECKED_CASE("small-no-dropout", .cap = 7, .n = 5, .columns = 8),
    CHECKED_CASE("small-layernorm-alone", .cap = 5, .n = 4, .columns = 24, .no_residual = 1, .no_bias = 1),
    CHECKED_CASE("small-no-residual-in-place-plus", .cap = 5, .n = 3, .columns = 16, .threshold = 6554, .in_place = 1,
                 .no_residual = 1, .accumulate = 1),
    CHECKED_CASE("small-no-bias-plus", .cap = 5, .n = 3, .columns = 16, .threshold = 6554, .no_bias = 1,
                 .accumulate = 1),
    CASE("one-row", .cap = 1, .n = 1, .columns = 768, .threshold = 6554),
    CASE("64-in-place", .cap = 33, .n = 31, .columns = 64, .threshold = 6554, .in_place = 1),
    CASE("768", .cap = 70, .n = 67, .columns = 768, .threshold = 6554),
    CASE("768-plus", .cap = 64, .n = 64, .columns = 768, .accumulate = 1),
    CASE("head-rows", .cap = 33, .n = 32, .columns = 768, .threshold = 6554, .rows = CAM_ROWS_HEAD),
    CASE("many-rows", .cap = 1100, .n = 1031, .columns = 24, .threshold = 6554),
    CASE("768-layernorm-alone", .cap = 70, .n = 67, .columns = 768, .no_residual = 1, .no_bias = 1),
    CASE("768-layernorm-alone-in-place", .cap = 33, .n = 31, .columns = 768, .in_place = 1, .no_residual = 1,
         .no_bias = 1),
    CASE("1024-layernorm-alone-plus", .cap = 9, .n = 8, .columns = 1024, .no_residual = 1, .no_bias = 1,
         .accumulate = 1),
    CASE("768-no-residual-dropout-in-place", .cap = 33, .n = 31, .columns = 768, .threshold = 6554, .in_place = 1,
         .no_residual = 1),
    CASE("no-rows-layernorm-alone", .cap = 7, .n = 0, .columns = 768, .no_residual = 1, .no_bias = 1),
    CASE("small-mask", .cap = 5, .n = 3, .columns = 16, .threshold = 6554, .mask = 1),
    CASE("768-mask", .cap = 70, .n = 67, .columns = 768, .threshold = 6554, .mask = 1, .accumulate = 1),
    CASE("776-mask-in-place", .cap = 9, .n = 7, .columns = 776, .threshold = 20000, .mask = 1, .in_place = 1),
    CASE("1032-mask", .cap = 9, .n = 7, .columns = 1032, .threshold = 6554, .mask = 1),
    CASE("768-mask-no-dropout", .cap = 9, .n = 7, .columns = 768, .mask = 1),
    CASE("no-rows-mask", .cap = 9, .n = 0, .columns = 768, .threshold = 6554, .mask = 1),
    WIDTH(8),
    WIDTH(40),
    WIDTH(56),
    WIDTH(136),
    WIDTH(248),
    WIDTH(256),
    WIDTH(264),
    WIDTH(512),
    WIDTH(520),
    WIDTH(776),
    WIDTH(1016),
    WIDTH(1024),
    WIDTH(1032),
    WIDTH(2056),
    WIDTH(3072),
    WIDTH(4096),
    CASE("width-768-one-of-many", .cap = 257, .n = 1, .columns = 768, .threshold = 6554),
    BIG_CASE("768-many-rows", .cap = 520, .n = 513, .columns = 768, .threshold = 6554, .accumulate = 1),
    CASE("no-rows", .cap = 3, .n = 0, .columns = 16, .threshold = 6554),
    CASE("no-rows-plus", .cap = 3, .n = 0, .columns = 16, .accumulate = 1),
    CASE("no-rows-768", .cap = 300, .n = 0, .columns = 768, .threshold = 6554),
    CASE("no-rows-768-in-place-plus", .cap = 300, .n = 0, .columns = 768, .threshold = 6554, .in_place = 1,
         .accumulate = 1),
    CASE("no-head-rows", .cap = 33, .n = 0, .columns = 768, .threshold = 6554, .rows = CAM_ROWS_HEAD),
    CASE("no-head-rows-plus", .cap = 1, .n = 0, .columns = 2056, .accumulate = 1, .rows = CAM_ROWS_HEAD),
    CASE("768-stages-plus-in-place", .cap = 70, .n = 67, .columns = 768, .threshold = 6554, .stages = 1, .in_place = 1,
         .accumulate = 1),
    CASE("768-stages-mask", .cap = 35, .n = 31, .columns = 768, .threshold = 6554, .stages = 1, .mask = 1),
    CASE("no-rows-stages", .cap = 9, .n = 0, .columns = 40, .stages = 1, .no_bias = 1, .rows = CAM_ROWS_HEAD),
    CASE("nearly-all-dropped", .cap = 17, .n = 17, .columns = 40, .threshold = 65535),
    CASE("large-mean", .cap = 9, .n = 9, .columns = 768, .mean = 100),
    CASE("constant-rows", .cap = 3, .n = 2, .columns = 64, .constant = 1),
    CASE("not-finite", .cap = 6, .n = 4, .columns = 16, .not_finite = 1),
};
static const op_case odd = CASE("odd", .cap = 4, .n = 3, .columns = 12);

static const spoil spoils_fwd[] = {SPOIL(residual_fwd, eps, float, 0), SPOIL(residual_fwd, eps, float, NAN),
                                   SPOIL(residual_fwd, eps, float, -1)};
static const spoil spoils_dropout_bwd[] = {
    {"dropout threshold", offsetof(cam_residual_bwd_args, dropout.threshold), 4, &(const uint32_t){65536}}};

OP_TESTS(residual, residual_fwd, cases, .setup = setup_fwd, .check = check_forward, .precisions = 3, .odd_hidden = &odd,
         .also_swept = "small-mask", SPOILS(spoils_fwd));
OP_TESTS(residual, residual_bwd, cases, .setup = setup_bwd, .gradient = gradient, .precisions = 3, .odd_hidden = &odd,
         .also_swept = "small-mask", SPOILS(spoils_dropout_bwd));
