/* norm.c: the gradient norm, the clip scale, and the sticky finite flag. */
#include "planes.h"
#include <tgmath.h>

typedef struct shape {
    int64_t chunks;
    double scale, max_norm;
    double planted; /* put into the middle, if not zero */
    double loss;
    int was_not_finite, zero;
    int table; /* the chunks are given by a table */
    plane_forms forms;
    plane_order order;
} shape;

#define REAL double
#include "norm_formula.h"
#undef REAL
#define REAL float
#include "norm_formula.h"
#undef REAL

static void setup_partial(trial *t) {
    const shape *s = SHAPE(shape);
    planes p = planes_make(t, s->chunks, s->forms, s->order);
    operand_new(t, "partial", OUT, CAM_F64, s->chunks, 0)->free_dims = p.mixed;
    operand *g = operand_new(t, "g", PRIVATE, CAM_F32, s->chunks * CAM_CHUNK, 0);
    fill_normal(t, g, 0, s->zero ? 0 : s->scale > 0 ? s->scale : 1);
    if (s->planted != 0)
        operand_set(g, s->chunks * CAM_CHUNK / 2, s->planted);
    planes_gradient(t, &p, g->f);
    for (int64_t i = 0; i < g->count; i++)
        g->d[i] = (double)g->f[i];
    if (s->table)
        planes_table(t, &p)->optional = 1; /* where all is f32 */
}

static void setup_final(trial *t) {
    const shape *s = SHAPE(shape);
    operand *partial = operand_new(t, "partial", IN, CAM_F64, s->chunks, 0);
    partial->free_dims = 1;
    if (!s->zero)
        fill_uniform(t, partial, 0, s->scale > 0 ? s->scale : 1);
    if (s->planted != 0)
        operand_set(partial, s->chunks / 2, s->planted);
    t->state.loss = s->loss;
    t->state.finite = !s->was_not_finite;
    STATE_WRITES(t, grad_norm);
    STATE_WRITES(t, clip_scale);
    STATE_WRITES(t, finite);
    STATE_WRITES(t, updates);
}

CALL(norm_partial, .partial = ON("partial"), .grad = ON("grad"), .chunks = ON("chunks").data)
CALL(norm_final, .partial = ON("partial"), .max_norm = (float)SHAPE(shape)->max_norm, .state = STATE)

static void check_state(trial *t) {
    const cam_step_state *got = &t->state_after, *want = &t->truth;
    if (got->finite != want->finite)
        trial_fail(t, "state->finite is %u, must be %u", got->finite, want->finite);
    if (got->updates != t->state.updates + want->finite)
        trial_fail(t, "state->updates is %u, after %u", got->updates, t->state.updates);
    int both_nan = isnan(got->grad_norm) && isnan(want->grad_norm);
    /* The order of the sum is the backend's own. */
    int close = fabs(got->grad_norm - want->grad_norm) <= 1e-12 * want->grad_norm;
    if (!both_nan && got->grad_norm != want->grad_norm && !close)
        trial_fail(t, "state->grad_norm is %.17g, must be %.17g", got->grad_norm, want->grad_norm);
    /* The contract leaves clip_scale open if the norm is not finite; adamw then does not read it. */
    if (isfinite(want->grad_norm) && !(fabs(got->clip_scale - want->clip_scale) <= 0x1p-23f * want->clip_scale))
        trial_fail(t, "state->clip_scale is %.9g, must be %.9g", (double)got->clip_scale, (double)want->clip_scale);
}

static const op_case partial_cases[] = {
    CASE("three", .chunks = 3),
    CASE("one", .chunks = 1),
    BIG_CASE("primes", .chunks = 127, .scale = 1e-3),
    CASE("zero", .chunks = 2, .zero = 1),
    CASE("tiny", .chunks = 3, .scale = 1e-18),
    CASE("squares-past-f32", .chunks = 3, .scale = 1e18),
    CASE("infinity", .chunks = 5, .planted = INFINITY),
    CASE("nan", .chunks = 5, .planted = NAN),
    CASE("table", .chunks = 3, .table = 1),
    CASE("table-out-of-order", .chunks = 7, .table = 1, .order = PLANES_SHUFFLED),
    CASE("mixed", .chunks = 8, .table = 1, .forms = PLANES_MIXED),
    CASE("mixed-one", .chunks = 1, .table = 1, .forms = PLANES_MIXED),
    CASE("mixed-out-of-order", .chunks = 31, .table = 1, .forms = PLANES_MIXED, .order = PLANES_SHUFFLED),
    CASE("mixed-squares-past-f32", .chunks = 4, .table = 1, .forms = PLANES_MIXED, .scale = 1e18),
    CASE("mixed-nan", .chunks = 5, .table = 1, .forms = PLANES_MIXED, .planted = NAN),
    CASE("mixed-infinity", .chunks = 4, .table = 1, .forms = PLANES_MIXED, .planted = -INFINITY),
    CASE("all-bf16", .chunks = 3, .table = 1, .forms = PLANES_ALL_SPLIT, .order = PLANES_SHUFFLED),
    CASE("mixed-plane-none-bf16", .chunks = 3, .table = 1, .forms = PLANES_NONE_SPLIT),
};
static const op_case final_cases[] = {
    CASE("clipped", .chunks = 31, .scale = 4, .max_norm = 1),
    CASE("below", .chunks = 33, .scale = 1e-4, .max_norm = 1),
    CASE("no-clipping", .chunks = 33, .scale = 100),
    CASE("one", .chunks = 1, .scale = 9, .max_norm = 0.5),
    CASE("many", .chunks = 54321, .max_norm = 1),
    CASE("zero", .chunks = 3, .zero = 1, .max_norm = 1),
    CASE("infinity", .chunks = 5, .planted = INFINITY, .max_norm = 1),
    CASE("nan", .chunks = 5, .planted = NAN, .max_norm = 1),
    CASE("loss-infinite", .chunks = 5, .loss = INFINITY, .max_norm = 1),
    CASE("loss-nan", .chunks = 5, .loss = NAN, .max_norm = 1),
    CASE("stays-not-finite", .chunks = 5, .was_not_finite = 1, .max_norm = 1),
};
static const spoil spoils_final[] = {SPOIL(norm_final, max_norm, float, -1), SPOIL(norm_final, max_norm, float, NAN)};

OP_TESTS(norm, norm_partial, partial_cases, .setup = setup_partial, .stateless = 1, .also_swept = "mixed");
OP_TESTS(norm, norm_final, final_cases, .setup = setup_final, .check = check_state, SPOILS(spoils_final));
