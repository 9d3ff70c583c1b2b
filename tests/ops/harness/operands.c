/* operands.c: the operands of a trial, their values, and access to them for formulas and calls. Invariant: `d` and `f`
 * of an input are the same numbers. Entries past the true count are zero here; on the device they are poison, unless
 * the contract says otherwise.
 */
#include "dropout_reference.h"
#include "harness.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void trial_fail(trial *t, const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    t->failures++;
    if (!t->quiet && t->failures <= 3)
        printf("FAIL %s.%s/%s%s: %s\n", t->op->family, t->op->name, t->c->name, precision_suffix(t->precision), text);
}

static void *zeroed(int64_t count, size_t bytes) {
    void *memory = calloc((size_t)(count > 0 ? count : 1), bytes);
    if (!memory)
        CAM_BUG("no memory for %lld test values", (long long)count);
    return memory;
}

int precisions_of(const op_tests *op) {
    return op->precisions ? op->precisions : 1;
}

const char *precision_suffix(precision p) {
    return p == PRECISION_F32 ? "" : p == PRECISION_BF16 ? "/bf16" : "/bf16-f32";
}

static operand *operand_add(trial *t, const char *name, operand_role role, cam_dtype dtype, int64_t rows,
                            int64_t columns) {
    CAM_ASSERT(t->operand_count < MAX_OPERANDS && !operand_find(t, name));
    operand *o = &t->operands[t->operand_count++];
    *o = (operand){.name = name, .role = role, .dtype = dtype, .ndim = columns ? 2 : 1, .floor_ulps = 8};
    o->shape[0] = o->real = rows;
    o->shape[1] = columns ? columns : 1;
    o->stride = o->shape[1];
    return o;
}

operand *operand_raw(trial *t, const char *name, operand_role role, cam_dtype dtype, const void *bytes,
                     const unsigned char *mask, size_t count) {
    operand *o = operand_add(t, name, role, dtype, (int64_t)(count / cam_dtype_size(dtype)), 0);
    o->raw = zeroed((int64_t)count, 1);
    o->raw_mask = zeroed((int64_t)count, 1);
    memcpy(o->raw, bytes, count);
    if (mask)
        memcpy(o->raw_mask, mask, count);
    return o;
}

operand *operand_new(trial *t, const char *name, operand_role role, cam_dtype dtype, int64_t rows, int64_t columns) {
    operand *o = operand_add(t, name, role, dtype, rows, columns);
    o->count = o->shape[0] * o->shape[1];
    o->d = zeroed(o->count, sizeof *o->d);
    o->f = zeroed(o->count, sizeof *o->f);
    o->i = zeroed(o->count, sizeof *o->i);
    o->size = zeroed(o->count, sizeof *o->size);
    o->old = zeroed(o->count, sizeof *o->old);
    return o;
}

operand *operand_real(operand *o, int64_t real) {
    CAM_ASSERT(real <= o->shape[0]);
    o->real = real;
    return o;
}

operand *operand_find(const trial *t, const char *name) {
    for (int i = 0; i < t->operand_count; i++)
        if (strcmp(t->operands[i].name, name) == 0)
            return (operand *)(uintptr_t)&t->operands[i];
    return NULL;
}

operand *operand_get(const trial *t, const char *name) {
    operand *o = operand_find(t, name);
    if (!o)
        CAM_BUG("%s/%s has no operand \"%s\"", t->op->name, t->c->name, name);
    return o;
}

/* --- values ----------------------------------------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t random_u64(trial *t) {
    uint64_t z = t->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double random_uniform(trial *t) {
    return (double)(random_u64(t) >> 11) * 0x1p-53;
}

double random_normal(trial *t) {
    double u = 1 - random_uniform(t), v = random_uniform(t);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

static float to_bf16(float value) {
    uint32_t bits;
    if (isnan(value))
        return value;
    memcpy(&bits, &value, sizeof bits);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&value, &bits, sizeof bits);
    return value;
}

/* A value rounded to the operand's dtype. For f16 and f64 the caller must pass values that the dtype can hold. */
static double held_by(const operand *o, double value) {
    return o->dtype == CAM_F32 ? (double)(float)value : o->dtype == CAM_BF16 ? (double)to_bf16((float)value) : value;
}

void operand_set(operand *o, int64_t i, double value) {
    if (o->dtype == CAM_I32) {
        o->i[i] = (int32_t)value;
        return;
    }
    double held = held_by(o, value);
    if (o->role == ADD || o->role == UPDATE) {
        o->old[i] = held;
        return;
    }
    o->d[i] = held;
    o->f[i] = (float)held;
}

operand *fill_normal(trial *t, operand *o, double mean, double deviation) {
    for (int64_t i = 0; i < o->real * o->shape[1]; i++)
        operand_set(o, i, mean + deviation * random_normal(t));
    return o;
}

operand *fill_uniform(trial *t, operand *o, double low, double high) {
    for (int64_t i = 0; i < o->real * o->shape[1]; i++)
        operand_set(o, i, low + (high - low) * random_uniform(t));
    return o;
}

operand *fill_integers(trial *t, operand *o, int64_t low, int64_t high) {
    for (int64_t i = 0; i < o->real * o->shape[1]; i++)
        operand_set(o, i, (double)(low + (int64_t)(random_u64(t) % (uint64_t)(high - low + 1))));
    return o;
}

void operand_resolve(trial *t, const char *name) {
    operand *o = operand_get(t, name);
    for (int64_t i = 0; i < o->count; i++)
        o->d[i] = o->f[i] = (float)held_by(o, o->d[i]);
}

void dropout_operands(trial *t, int64_t cap, int64_t n, uint32_t threshold, uint32_t site) {
    t->threshold = threshold;
    t->site = site;
    if (!threshold)
        return;
    /* Rows far apart and out of order; indices that differ from the packed position. */
    operand *row = operand_real(operand_new(t, "dropout.row", IN, CAM_I32, cap, 0), n);
    operand *index = operand_real(operand_new(t, "dropout.index", IN, CAM_I32, cap, 0), n);
    fill_integers(t, row, 1000, 2000000);
    fill_integers(t, index, 0, 511);
}

/* --- places ----------------------------------------------------------------------------------------------------- */

static storage *storage_new(trial *t, size_t bytes) {
    CAM_ASSERT(t->storage_count < MAX_OPERANDS + 2);
    storage *s = &t->storages[t->storage_count++];
    s->bytes = (bytes + 3) / 4 * 4;
    return s;
}

storage *panel_new(trial *t, int64_t rows, int64_t columns, cam_dtype dtype) {
    return storage_new(t, (size_t)(rows * columns) * cam_dtype_size(dtype));
}

void operand_place(operand *o, storage *panel, int64_t columns, int64_t column) {
    o->home = panel;
    o->stride = columns;
    o->column = column;
    o->stride_free = 1;
}

void operand_in_place_of(operand *output, operand *input) {
    output->same_as = input;
}

void state_writes(trial *t, size_t offset, size_t bytes) {
    CAM_ASSERT(t->state_write_count < MAX_STATE_WRITES);
    t->state_writes[t->state_write_count].offset = offset;
    t->state_writes[t->state_write_count++].bytes = bytes;
}

static uint64_t hash_text(uint64_t h, const char *text) {
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h;
}

static void place_operand(trial *t, operand *o) {
    if (o->role == PRIVATE || o->home || o->same_as)
        return;
    int64_t elements = o->shape[0] * o->shape[1];
    o->home = storage_new(t, (size_t)elements * cam_dtype_size(o->dtype));
    o->home->mapped = o->mapped;
}

static void place_on_input(operand *o) {
    if (!o->same_as)
        return;
    o->home = o->same_as->home;
    o->stride = o->same_as->stride;
    o->column = o->same_as->column;
}

void trial_begin(trial *t, const op_tests *op, const op_case *c, precision p, const bench *b) {
    *t = (trial){.op = op, .c = c, .precision = p, .quiet = b->quiet, .verbose = b->verbose};
    t->act = p == PRECISION_F32 ? CAM_F32 : CAM_BF16;
    t->either = p == PRECISION_BF16 ? CAM_BF16 : CAM_F32;
    t->dropout_masks = b->backend[0]->dropout_masks;
    t->random = hash_text(hash_text(b->seed, op->name), c->name);
    t->state = (cam_step_state){.seed = 0x9b1c5a3f2e4d6071u + b->seed,
                                .step = 1234567,
                                .finite = 1,
                                .learning_rate = 3e-5,
                                .inverse_correction1 = 2,
                                .root_correction2 = 0.25,
                                .loss_denominator = 7.5,
                                .loss = 0.375,
                                .grad_norm = 2.5,
                                .clip_scale = 0.75f};
    op->setup(t);
    for (int i = 0; i < t->operand_count; i++)
        place_operand(t, &t->operands[i]);
    for (int i = 0; i < t->operand_count; i++)
        place_on_input(&t->operands[i]);
    t->state_home = storage_new(t, sizeof t->state);
}

void trial_formulas(trial *t) {
    t->op->formula_double(t);
    t->op->formula_float(t);
}

int trial_has_bf16(const trial *t) {
    for (int i = 0; i < t->operand_count; i++)
        if (t->operands[i].role != PRIVATE && t->operands[i].dtype == CAM_BF16)
            return 1;
    return 0;
}

void trial_release(trial *t) {
    for (int i = 0; i < t->operand_count; i++) {
        operand *o = &t->operands[i];
        free(o->d);
        free(o->f);
        free(o->i);
        free(o->size);
        free(o->old);
        free(o->raw);
        free(o->raw_mask);
    }
}

/* --- access for formulas ---------------------------------------------------------------------------------------- */

double *values_double(const trial *t, const char *name) {
    return operand_get(t, name)->d;
}

float *values_float(const trial *t, const char *name) {
    return operand_get(t, name)->f;
}

const int32_t *values_i32(const trial *t, const char *name) {
    return operand_get(t, name)->i;
}

int64_t rows_of(const trial *t, const char *name) {
    return operand_get(t, name)->real;
}

int64_t columns_of(const trial *t, const char *name) {
    return operand_get(t, name)->shape[1];
}

void put_double(trial *t, const char *name, int64_t i, double value, double size) {
    operand *o = operand_get(t, name);
    o->d[i] = o->role == ADD ? o->old[i] + value : value;
    o->size[i] = o->role == ADD && size != 0 ? fabs(o->old[i]) + size : size;
    if (o->floor_ulps == 0) /* only the storage rounds */
        o->d[i] = held_by(o, o->d[i]);
}

void put_float(trial *t, const char *name, int64_t i, float value, double size) {
    (void)size;
    operand *o = operand_get(t, name);
    o->f[i] = (float)held_by(o, (double)(o->role == ADD ? (float)o->old[i] + value : value));
}

double stored_double(const trial *t, double value) {
    (void)t;
    return value;
}

float stored_float(const trial *t, float value) {
    return t->act == CAM_BF16 ? to_bf16(value) : value;
}

void store_double(trial *t, const char *name) {
    (void)t, (void)name;
}

void store_float(trial *t, const char *name) {
    operand *o = operand_get(t, name);
    for (int64_t i = 0; i < o->count; i++)
        o->f[i] = (float)held_by(o, (double)o->f[i]);
}

static dropout_site site_of(const trial *t) {
    return (dropout_site){t->state.seed, t->state.step, t->site, t->threshold};
}

static int drops_feature(const trial *t, int64_t r, int64_t h, int64_t columns) {
    dropout_site m = site_of(t);
    int64_t row = values_i32(t, "dropout.row")[r], index = values_i32(t, "dropout.index")[r];
    return reference_drops_feature(&m, (uint32_t)row, (uint64_t)(index * columns + h));
}

double keep_double(const trial *t, int64_t r, int64_t h, int64_t columns) {
    if (!t->threshold)
        return 1;
    return drops_feature(t, r, h, columns) ? 0 : 65536.0 / (65536.0 - t->threshold);
}

float keep_float(const trial *t, int64_t r, int64_t h, int64_t columns) {
    return (float)keep_double(t, r, h, columns);
}

double keep_probability_double(const trial *t, int32_t row, int32_t head, int32_t query, int32_t key) {
    if (!t->threshold)
        return 1;
    dropout_site m = site_of(t);
    int dropped = reference_drops_probability(&m, (uint32_t)row, (uint32_t)head, (uint32_t)query, (uint32_t)key);
    return dropped ? 0 : 65536.0 / (65536.0 - t->threshold);
}

float keep_probability_float(const trial *t, int32_t row, int32_t head, int32_t query, int32_t key) {
    return (float)keep_probability_double(t, row, head, query, key);
}

/* --- finite differences ----------------------------------------------------------------------------------------- */

double weighted_sum(const trial *t, const char *values, const char *weights) {
    const double *v = values_double(t, values), *w = values_double(t, weights);
    double sum = 0;
    for (int64_t i = 0; i < rows_of(t, values) * columns_of(t, values); i++)
        sum += v[i] * w[i];
    return sum;
}

void check_gradient(trial *t, const char *grad, const char *input, double (*objective)(trial *t)) {
    enum { MOST = 40 };
    operand *g = operand_get(t, grad), *x = operand_get(t, input);
    int64_t count = g->real * g->shape[1], stride = count > MOST ? count / MOST : 1;
    for (int64_t i = 0; i < count; i += stride) {
        const double h = 1e-4, kept = x->d[i];
        double analytic = g->d[i] - (g->role == ADD ? g->old[i] : 0);
        x->d[i] = kept + h;
        double above = objective(t);
        x->d[i] = kept - h;
        double below = objective(t);
        x->d[i] = kept;
        double numeric = (above - below) / (2 * h);
        /* h^2 times a third derivative, and the rounding of stored values to float */
        double bound = 2e-5 * (1 + fabs(numeric) + g->size[i]);
        if (!(fabs(numeric - analytic) <= bound))
            trial_fail(t, "the formula's \"%s\"[%lld] is %.9g, by finite differences %.9g", grad, (long long)i,
                       analytic, numeric);
    }
}
