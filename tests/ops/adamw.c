/* adamw.c: the AdamW update, chunk by chunk, in planes of one dtype and in mixed ones. "master" is the weights as f32
 * numbers, in whatever form the planes store them; "g" the gradients. The first step is also compared with its closed
 * form.
 */
#include "planes.h"
#include <stdlib.h>
#include <string.h>
#include <tgmath.h>

typedef struct shape {
    int64_t chunks;
    plane_forms forms;
    plane_order order;
    double beta1, beta2, eps, grad_scale;
    int not_finite; /* state->finite is 0: nothing may change */
    int first;      /* moments are zero, bias corrections those of the first update */
    int frozen;     /* rate scale 0 everywhere */
    int plant;      /* NaN and infinity among the gradients */
    int zero;       /* all gradients and moments are zero: a gap, or rows without gradient */
    int edges;      /* weights at which the halves carry: ties, the largest numbers, subnormal numbers */
} shape;

#define REAL double
#include "adamw_formula.h"
#undef REAL
#define REAL float
#include "adamw_formula.h"
#undef REAL

/* The planes of a trial; every call makes the same ones. */
static planes planes_of(const trial *t) {
    const operand *table = operand_get(t, "chunks");
    planes p = {.count = SHAPE(shape)->chunks};
    memcpy(p.chunks, table->raw, (size_t)p.count * sizeof *p.chunks);
    return p;
}

static void set_edges(operand *master) {
    static const uint32_t edges[] = {0x00000000, 0x3f808000, 0x3f807fff, 0x3f808001, 0xbf808000, 0xbf80ffff, 0x3f800000,
                                     0x3fffffff, 0x3fff8000, 0x00000001, 0x80008000, 0x00007fff, 0x7f7fffff, 0xff7fffff,
                                     0x7f7f8000, 0x7f7f7fff, 0xff7f8000, 0x007fffff, 0x00800000};
    for (int64_t k = 0; k < master->count; k++) {
        float value;
        memcpy(&value, &edges[k % (int64_t)(sizeof edges / sizeof *edges)], sizeof value);
        operand_set(master, k, (double)value);
    }
}

static void weights(trial *t, const planes *p) {
    operand *master = operand_new(t, "master", PRIVATE, CAM_F32, p->count * CAM_CHUNK, 0);
    fill_normal(t, master, 0, 0.5);
    if (SHAPE(shape)->edges)
        set_edges(master);
    for (int64_t i = 0; i < master->count; i++)
        master->old[i] = master->d[i];
    planes_weight(t, p, master->f);
    operand *low = planes_low(t, p, master->f);
    if (low)
        low->optional = 1;
}

static void gradients(trial *t, const planes *p, double scale) {
    operand *g = fill_normal(t, operand_new(t, "g", PRIVATE, CAM_F32, p->count * CAM_CHUNK, 0), 0, scale);
    if (SHAPE(shape)->plant) {
        operand_set(g, 5, NAN);
        operand_set(g, CAM_CHUNK + 3, INFINITY);
    }
    planes_gradient(t, p, g->f);
    for (int64_t i = 0; i < g->count; i++)
        g->d[i] = (double)g->f[i];
}

static void setup(trial *t) {
    const shape *s = SHAPE(shape);
    int64_t n = s->chunks * CAM_CHUNK;
    double scale = s->zero ? 0 : s->grad_scale > 0 ? s->grad_scale : 1;
    planes p = planes_make(t, s->chunks, s->forms, s->order);
    for (int64_t c = 0; c < s->chunks; c++) {
        p.chunks[c].rate_scale = s->frozen ? 0 : pow(0.9, (double)(c % 13));
        p.chunks[c].decay = c % 2 ? 0 : 0.01;
    }
    planes_table(t, &p);
    weights(t, &p);
    operand *m = operand_new(t, "m", UPDATE, CAM_F32, n, 0), *v = operand_new(t, "v", UPDATE, CAM_F32, n, 0);
    if (!s->first) {
        fill_normal(t, m, 0, 0.3 * scale);
        fill_uniform(t, v, 0, scale * scale);
    }
    gradients(t, &p, scale);
    t->state.finite = !s->not_finite;
    t->state.learning_rate = 1e-3;
    double updates = s->first ? 1 : 17;
    t->state.inverse_correction1 = 1 / (1 - pow(s->beta1, updates));
    t->state.root_correction2 = sqrt(1 - pow(s->beta2, updates));
}

CALL(adamw, .weight = ON("weight"), .low = ON("low"), .m = ON("m"), .v = ON("v"), .grad = ON("grad"),
     .chunks = ON("chunks").data, .beta1 = SHAPE(shape)->beta1, .beta2 = SHAPE(shape)->beta2, .eps = SHAPE(shape)->eps,
     .state = STATE)

/* With zero moments the bias corrections cancel: p (1 - lr decay) - lr g / (|g| + eps), up to eps / sqrt(1 - beta2). */
static void check_first_step(trial *t, const planes *p, const double *got) {
    const operand *master = operand_get(t, "master");
    for (int64_t i = 0; i < master->count; i++) {
        const cam_chunk *c = &p->chunks[i / CAM_CHUNK];
        double lr = t->state.learning_rate * c->rate_scale, g = values_double(t, "g")[i] * (double)t->state.clip_scale;
        double want = master->old[i] * (1 - lr * c->decay) - lr * g / (fabs(g) + SHAPE(shape)->eps);
        if (!(fabs(got[i] - want) <= 1e-6 * (fabs(want) + lr))) {
            trial_fail(t, "\"weight\"[%lld] is %.9g after the first step, must be %.9g", (long long)i, got[i], want);
            return;
        }
    }
}

/* Checks that a plane has its old bits. */
static void check_bits_kept(trial *t, const char *name) {
    const operand *o = operand_find(t, name);
    if (o && memcmp(bytes_after(o), o->raw, o->home->bytes) != 0)
        trial_fail(t, "\"%s\" changed, though nothing may", name);
}

static void check_weight(trial *t) {
    const operand *master = operand_get(t, "master");
    planes p = planes_of(t);
    double *got = calloc((size_t)master->count, sizeof *got);
    for (int64_t i = 0; i < master->count; i++)
        got[i] = (double)planes_weight_after(t, &p, i);
    check_against_truth(t, master, got);
    if (SHAPE(shape)->first)
        check_first_step(t, &p, got);
    if (SHAPE(shape)->not_finite || SHAPE(shape)->frozen) {
        check_bits_kept(t, "weight");
        check_bits_kept(t, "low");
    }
    free(got);
}

#define BETAS   .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8
#define MIXED   .forms = PLANES_MIXED
#define SHUFFLE .order = PLANES_SHUFFLED
static const op_case cases[] = {
    CASE("three", BETAS, .chunks = 3),
    CASE("one", BETAS, .chunks = 1),
    CASE("first-step", BETAS, .chunks = 2, .first = 1),
    CASE("other-betas", .beta1 = 0.8, .beta2 = 0.98, .eps = 1e-6, .chunks = 3, .grad_scale = 1e-3),
    BIG_CASE("primes", BETAS, .chunks = 61),
    CASE("tiny-gradients", BETAS, .chunks = 3, .grad_scale = 1e-12),
    CASE("not-finite-changes-nothing", BETAS, .chunks = 3, .not_finite = 1),
    CASE("not-finite-with-nan", BETAS, .chunks = 3, .not_finite = 1, .plant = 1),
    CASE("frozen", BETAS, .chunks = 3, .frozen = 1),
    CASE("only-decay", BETAS, .chunks = 3, .zero = 1),
    CASE("planted-nan", BETAS, .chunks = 3, .plant = 1),
    CASE("out-of-order", BETAS, .chunks = 7, SHUFFLE),
    CASE("edges", BETAS, .chunks = 2, .edges = 1),
    CASE("mixed", BETAS, .chunks = 8, MIXED),
    CASE("mixed-one", BETAS, .chunks = 1, MIXED),
    CASE("mixed-out-of-order", BETAS, .chunks = 11, MIXED, SHUFFLE),
    CASE("mixed-first-step", BETAS, .chunks = 5, MIXED, SHUFFLE, .first = 1),
    CASE("mixed-planted-nan", BETAS, .chunks = 4, MIXED, .plant = 1),
    CASE("mixed-not-finite-changes-nothing", BETAS, .chunks = 5, MIXED, SHUFFLE, .not_finite = 1, .plant = 1),
    CASE("mixed-frozen-edges", BETAS, .chunks = 4, MIXED, .frozen = 1, .edges = 1),
    CASE("mixed-edges", BETAS, .chunks = 4, MIXED, SHUFFLE, .edges = 1, .grad_scale = 1e-3),
    CASE("mixed-only-decay", BETAS, .chunks = 4, MIXED, .zero = 1),
    CASE("mixed-edges-decay", BETAS, .chunks = 4, MIXED, .zero = 1, .edges = 1),
    CASE("all-split", .beta1 = 0.8, .beta2 = 0.98, .eps = 1e-6, .chunks = 3, .forms = PLANES_ALL_SPLIT),
    CASE("mixed-plane-none-split", BETAS, .chunks = 3, .forms = PLANES_NONE_SPLIT, SHUFFLE),
    BIG_CASE("mixed-primes", BETAS, .chunks = 61, MIXED, SHUFFLE),
};

OP_TESTS(adamw, adamw, cases, .setup = setup, .check = check_weight, .also_swept = "mixed");
