/* adamw.c: the update, chunk by chunk. The first step is held to its closed form as well. */
#include "harness.h"
#include <string.h>
#include <tgmath.h>

typedef struct shape {
    int64_t chunks;
    double beta1, beta2, eps, grad_scale;
    int not_finite; /* the flag: nothing may change then */
    int first;      /* moments are zero, bias corrections those of the first update */
    int frozen;     /* rate scale 0 everywhere */
    int plant;      /* NaN and infinity among the gradients */
    int zero;       /* all gradients and moments zero: a gap, or rows without gradient */
} shape;

#define REAL double
#include "adamw_formula.h"
#undef REAL
#define REAL float
#include "adamw_formula.h"
#undef REAL

static void setup(trial *t) {
    const shape *s = SHAPE(shape);
    int64_t n = s->chunks * CAM_CHUNK;
    double scale = s->zero ? 0 : s->grad_scale > 0 ? s->grad_scale : 1;
    fill_normal(t, operand_new(t, "param", UPDATE, CAM_F32, n, 0), 0, 0.5);
    operand *m = operand_new(t, "m", UPDATE, CAM_F32, n, 0), *v = operand_new(t, "v", UPDATE, CAM_F32, n, 0);
    if (!s->first) {
        fill_normal(t, m, 0, 0.3 * scale);
        fill_uniform(t, v, 0, scale * scale);
    }
    operand *grad = fill_normal(t, operand_new(t, "grad", IN, CAM_F32, n, 0), 0, scale);
    operand *chunks = operand_new(t, "chunks", IN, CAM_F64, s->chunks, 2);
    for (int64_t c = 0; c < s->chunks; c++) {
        operand_set(chunks, 2 * c, s->frozen ? 0 : pow(0.9, (double)(c % 13)));
        operand_set(chunks, 2 * c + 1, c % 2 ? 0 : 0.01);
    }
    t->state.finite = !s->not_finite;
    t->state.learning_rate = 1e-3;
    t->state.bias_correction1 = s->first ? 1 - s->beta1 : 1 - pow(s->beta1, 17.0);
    t->state.bias_correction2 = s->first ? 1 - s->beta2 : 1 - pow(s->beta2, 17.0);
    if (s->plant) {
        operand_set(grad, 5, NAN);
        operand_set(grad, 2051, INFINITY);
    }
}

/* `chunks` is no tensor to the operator. */
static const cam_adamw_chunk *chunk_table(const trial *t) {
    return ON("chunks").data;
}

CALL(adamw, .param = ON("param"), .m = ON("m"), .v = ON("v"), .grad = ON("grad"), .chunks = chunk_table(t),
     .beta1 = SHAPE(shape)->beta1, .beta2 = SHAPE(shape)->beta2, .eps = SHAPE(shape)->eps, .state = STATE)

/* From zero moments the bias corrections cancel: p (1 - lr decay) - lr g / (|g| + eps), up to eps / sqrt(1 - beta2). */
static void check_first_step(trial *t) {
    const operand *param = operand_get(t, "param");
    const double *grad = values_double(t, "grad"), *chunks = values_double(t, "chunks");
    for (int64_t i = 0; SHAPE(shape)->first && i < param->count; i++) {
        float got;
        memcpy(&got, param->home->after + GUARD_BYTES + 4 * i, sizeof got);
        double lr = t->state.learning_rate * chunks[i / CAM_CHUNK * 2], g = grad[i] * (double)t->state.clip_scale;
        double want = param->old[i] * (1 - lr * chunks[i / CAM_CHUNK * 2 + 1]) - lr * g / (fabs(g) + SHAPE(shape)->eps);
        if (!(fabs((double)got - want) <= 1e-6 * (fabs(want) + lr))) {
            trial_fail(t, "\"param\"[%lld] is %.9g after the first step, must be %.9g", (long long)i, (double)got,
                       want);
            return;
        }
    }
}

#define BETAS .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8
static const op_case cases[] = {
    CASE("three", BETAS, .chunks = 3),
    CASE("one", BETAS, .chunks = 1),
    CASE("first-step", BETAS, .chunks = 2, .first = 1),
    CASE("other-betas", .beta1 = 0.8, .beta2 = 0.98, .eps = 1e-6, .chunks = 3, .grad_scale = 1e-3),
    CASE("primes", BETAS, .chunks = 61),
    CASE("tiny-gradients", BETAS, .chunks = 3, .grad_scale = 1e-12),
    CASE("not-finite-changes-nothing", BETAS, .chunks = 3, .not_finite = 1),
    CASE("not-finite-with-nan", BETAS, .chunks = 3, .not_finite = 1, .plant = 1),
    CASE("frozen", BETAS, .chunks = 3, .frozen = 1),
    CASE("only-decay", BETAS, .chunks = 3, .zero = 1),
    CASE("planted-nan", BETAS, .chunks = 3, .plant = 1),
};

OP_TESTS(adamw, adamw, cases, .setup = setup, .check = check_first_step);
