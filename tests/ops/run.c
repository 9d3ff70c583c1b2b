/* run.c: one case on one backend. The order of every run: lay out, upload, call, wait, download, compare. Invariant:
 * what lies on the device is released before run_case returns, whatever failed. */
#include "harness.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_element(unsigned char *to, cam_dtype dtype, double value, int32_t integer);
static double get_element(const unsigned char *from, cam_dtype dtype);

/* --- images ----------------------------------------------------------------------------------------------------- */

static size_t image_bytes(const storage *s) {
    return s->bytes + 2 * GUARD_BYTES;
}

static void *image_new(size_t bytes) {
    void *image = malloc(bytes);
    if (!image)
        CAM_BUG("no memory for a test image of %zu bytes", bytes);
    return image;
}

static void poison_image(unsigned char *image, size_t bytes, uint32_t poison) {
    for (size_t i = 0; i + 4 <= bytes; i += 4)
        memcpy(image + i, &poison, 4);
}

/* Where element (row, column) of an operand lies in its home's image. */
static size_t place_of(const operand *o, int64_t row, int64_t column) {
    return GUARD_BYTES + (size_t)(o->column + row * o->stride + column) * cam_dtype_size(o->dtype);
}

static void write_operand(const operand *o) {
    if (o->role == PRIVATE || o->role == OUT)
        return;
    const double *values = o->role == IN ? o->d : o->old;
    int64_t rows = o->role == IN ? o->real : o->shape[0];
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < o->shape[1]; c++) {
            int64_t i = r * o->shape[1] + c;
            put_element(o->home->before + place_of(o, r, c), o->dtype, values[i], o->i[i]);
        }
}

static void mark_writable(const operand *o) {
    if (o->role == PRIVATE || o->role == IN)
        return;
    for (int64_t r = 0; r < o->shape[0]; r++)
        memset(o->home->writable + place_of(o, r, 0), 1, (size_t)o->shape[1] * cam_dtype_size(o->dtype));
}

static cam_status storage_upload(storage *s, cam_backend *backend) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_backend_allocate(backend, image_bytes(s), &s->device));
    CAM_TRY(cam_backend_copy(backend, s->device, s->before, image_bytes(s), CAM_TO_DEVICE));
out:
    return st;
}

static void storage_prepare(storage *s, uint32_t poison) {
    s->before = image_new(image_bytes(s));
    s->after = image_new(image_bytes(s));
    s->writable = image_new(image_bytes(s));
    memset(s->writable, 0, image_bytes(s));
    poison_image(s->before, image_bytes(s), poison);
}

cam_status trial_upload(trial *t, cam_backend *backend, uint32_t poison) {
    cam_status st = CAM_OK;
    t->poison = poison;
    for (int i = 0; i < t->storage_count; i++)
        storage_prepare(&t->storages[i], poison);
    for (int i = 0; i < t->operand_count; i++) {
        write_operand(&t->operands[i]);
        mark_writable(&t->operands[i]);
    }
    memcpy(t->state_home->before + GUARD_BYTES, &t->state, sizeof t->state);
    for (int i = 0; i < t->state_write_count; i++)
        memset(t->state_home->writable + GUARD_BYTES + t->state_writes[i].offset, 1, t->state_writes[i].bytes);
    for (int i = 0; i < t->storage_count; i++)
        CAM_TRY(storage_upload(&t->storages[i], backend));
    CAM_TRY(cam_backend_synchronize(backend));
out:
    return st;
}

cam_workspace workspace_of(trial *t, cam_backend *backend, size_t bytes) {
    storage *s = &t->workspace_home;
    if (bytes == 0)
        return (cam_workspace){NULL, 0};
    if (!s->device) {
        s->bytes = (bytes + 3) / 4 * 4;
        storage_prepare(s, t->poison);
        memset(s->writable + GUARD_BYTES, 1, bytes);
        t->status = storage_upload(s, backend);
    }
    if (t->fault == FAULT_WORKSPACE)
        bytes--;
    return (cam_workspace){(char *)s->device + GUARD_BYTES, bytes};
}

static cam_status storage_download(storage *s, cam_backend *backend) {
    return s->device ? cam_backend_copy(backend, s->after, s->device, image_bytes(s), CAM_FROM_DEVICE) : CAM_OK;
}

cam_status trial_download(trial *t, cam_backend *backend) {
    cam_status st = CAM_OK;
    for (int i = 0; i < t->storage_count; i++)
        CAM_TRY(storage_download(&t->storages[i], backend));
    CAM_TRY(storage_download(&t->workspace_home, backend));
    CAM_TRY(cam_backend_synchronize(backend));
out:
    return st;
}

static void storage_free(storage *s, cam_backend *backend) {
    cam_backend_release(backend, s->device);
    free(s->before);
    free(s->after);
    free(s->writable);
    s->device = NULL;
    s->before = s->after = s->writable = NULL;
}

void trial_free_device(trial *t, cam_backend *backend) {
    for (int i = 0; i < t->storage_count; i++)
        storage_free(&t->storages[i], backend);
    storage_free(&t->workspace_home, backend);
    t->workspace_home = (storage){0};
}

/* --- what no call may touch --------------------------------------------------------------------------------------- */

static const char *name_of_byte(const trial *t, const storage *s, size_t at) {
    if (s == &t->workspace_home)
        return "the workspace";
    if (s == t->state_home)
        return "the step state";
    const char *name = "a gap";
    for (int i = 0; i < t->operand_count; i++)
        if (t->operands[i].home == s && place_of(&t->operands[i], 0, 0) <= at)
            name = t->operands[i].name;
    return name;
}

static void check_storage(trial *t, const storage *s) {
    if (!s->device)
        return;
    for (size_t i = 0; i < image_bytes(s); i++) {
        if (s->writable[i] || s->before[i] == s->after[i])
            continue;
        const char *where = i < GUARD_BYTES ? "before" : i >= GUARD_BYTES + s->bytes ? "past the end of" : "in";
        trial_fail(t, "a byte %s \"%s\" changed that is no output (byte %lld)", where, name_of_byte(t, s, i),
                   (long long)i - GUARD_BYTES);
        return;
    }
}

void trial_check_untouched(trial *t) {
    for (int i = 0; i < t->storage_count; i++)
        check_storage(t, &t->storages[i]);
    check_storage(t, &t->workspace_home);
}

/* --- what a call must give ---------------------------------------------------------------------------------------- */

/* The output bits of a run, one image a storage, with all that is not an output zeroed. */
static unsigned char *outputs_of(const trial *t) {
    size_t total = 0, at = 0;
    for (int i = 0; i < t->storage_count; i++)
        total += image_bytes(&t->storages[i]);
    unsigned char *all = image_new(total);
    for (int i = 0; i < t->storage_count; i++) {
        const storage *s = &t->storages[i];
        for (size_t k = 0; k < image_bytes(s); k++)
            all[at + k] = s->writable[k] ? s->after[k] : 0;
        at += image_bytes(s);
    }
    return all;
}

static void check_same_bits(trial *t, const unsigned char *first, const unsigned char *now, const char *what) {
    size_t at = 0;
    for (int i = 0; i < t->storage_count; i++) {
        const storage *s = &t->storages[i];
        for (size_t k = 0; k < image_bytes(s); k++)
            if (first[at + k] != now[at + k]) {
                trial_fail(t, "\"%s\" has other bits %s (byte %lld)", name_of_byte(t, s, k), what,
                           (long long)k - GUARD_BYTES);
                return;
            }
        at += image_bytes(s);
    }
}

/* |got - want| as a share of size; infinite where an exact value, a NaN or an infinity does not agree. */
static double error_of(double got, double want, double size) {
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got) ? 0 : INFINITY;
    if (isinf(want) || isinf(got) || size == 0)
        return got == want ? 0 : INFINITY;
    return fabs(got - want) / size;
}

static void check_values(trial *t, const operand *o) {
    double earned = 0, worst = 0;
    int64_t worst_at = 0, real = o->real * o->shape[1];
    for (int64_t i = 0; i < real; i++) {
        double e = error_of((double)o->f[i], o->d[i], o->size[i]);
        if (isfinite(e))
            earned = fmax(earned, e);
    }
    double bound = 2 * earned + o->floor_ulps * 0x1p-24;
    for (int64_t r = 0; r < o->real; r++)
        for (int64_t c = 0; c < o->shape[1]; c++) {
            int64_t i = r * o->shape[1] + c;
            double e = error_of(get_element(o->home->after + place_of(o, r, c), o->dtype), o->d[i], o->size[i]);
            if (e > worst) {
                worst = e;
                worst_at = i;
            }
        }
    if (t->verbose)
        printf("     %-10s error %.2e, bound %.2e (float formula %.2e)\n", o->name, worst, bound, earned);
    if (worst <= bound)
        return;
    int64_t r = worst_at / o->shape[1], c = worst_at % o->shape[1];
    double got = get_element(o->home->after + place_of(o, r, c), o->dtype);
    trial_fail(t, "\"%s\"[%lld,%lld] is %.9g, must be %.9g: error %.3g of its size %.3g, allowed %.3g", o->name,
               (long long)r, (long long)c, got, o->d[worst_at], worst, o->size[worst_at], bound);
}

static void check_tail(trial *t, const operand *o) {
    for (int64_t r = o->real; r < o->shape[0]; r++)
        for (int64_t c = 0; c < o->shape[1]; c++) {
            double got = get_element(o->home->after + place_of(o, r, c), o->dtype);
            if (!(got == 0)) {
                trial_fail(t, "\"%s\"[%lld,%lld] is %g, past the true count it must be zero", o->name, (long long)r,
                           (long long)c, got);
                return;
            }
        }
}

static void check_outputs(trial *t) {
    memcpy(&t->state_after, t->state_home->after + GUARD_BYTES, sizeof t->state_after);
    for (int i = 0; i < t->operand_count; i++) {
        const operand *o = &t->operands[i];
        if (o->role == PRIVATE || o->role == IN)
            continue;
        check_values(t, o);
        check_tail(t, o);
    }
    if (t->op->check)
        t->op->check(t);
}

static unsigned char *run_once(trial *t, cam_backend *backend, uint32_t poison, int first) {
    cam_status st = CAM_OK;
    unsigned char *outputs = NULL;
    CAM_TRY(trial_upload(t, backend, poison));
    CAM_TRY(t->op->call(t, backend));
    CAM_TRY(trial_download(t, backend));
    trial_check_untouched(t);
    if (first)
        check_outputs(t);
    outputs = outputs_of(t);
out:
    if (st != CAM_OK)
        trial_fail(t, "%s: %s", cam_status_name(st), cam_status_message());
    trial_free_device(t, backend);
    return outputs;
}

int run_case(const op_tests *op, const op_case *c, const bench *b) {
    static const struct {
        int threads;
        uint32_t poison;
        const char *what;
    } again[] = {{0, POISON_BIG, "when run over other garbage"},
                 {1, POISON_NAN, "with two threads"},
                 {1, POISON_BIG, "with two threads, over other garbage"}};
    trial t;
    trial_begin(&t, op, c, b);
    if (t.verbose)
        printf("  %s.%s/%s\n", op->family, op->name, c->name);
    unsigned char *first = run_once(&t, b->backend[0], POISON_NAN, 1);
    for (size_t i = 0; first && i < sizeof again / sizeof *again; i++) {
        unsigned char *now = run_once(&t, b->backend[again[i].threads], again[i].poison, 0);
        if (now)
            check_same_bits(&t, first, now, again[i].what);
        free(now);
    }
    free(first);
    if (c->gradient && op->gradient)
        op->gradient(&t);
    trial_release(&t);
    return t.failures;
}

/* --- elements ------------------------------------------------------------------------------------------------------
 */

/* 16-bit formats hold only values that they can represent exactly: the formula of cast rounds. */
static uint16_t half_bits(double value, int exponent_bits) {
    int fraction_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1, exponent;
    unsigned sign = signbit(value) ? 1 : 0, top = (1u << exponent_bits) - 1;
    unsigned bits;
    if (isnan(value))
        bits = top << fraction_bits | 1u << (fraction_bits - 1);
    else if (isinf(value))
        bits = top << fraction_bits;
    else {
        frexp(value, &exponent);
        if (value == 0 || exponent - 1 < 1 - bias) /* zero and subnormal */
            bits = (unsigned)ldexp(fabs(value), fraction_bits + bias - 1);
        else {
            double fraction = ldexp(fabs(value), fraction_bits + 1 - exponent);
            bits = (unsigned)(exponent - 2 + bias) * (1u << fraction_bits) + (unsigned)fraction;
        }
    }
    return (uint16_t)(sign << 15 | bits);
}

static double half_value(uint16_t bits, int exponent_bits) {
    int fraction_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = bits >> fraction_bits & ((1 << exponent_bits) - 1), fraction = bits & ((1 << fraction_bits) - 1);
    double value;
    if (exponent == (1 << exponent_bits) - 1)
        value = fraction ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        value = ldexp(fraction, 1 - bias - fraction_bits);
    else
        value = ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits);
    return bits >> 15 ? -value : value;
}

static void put_element(unsigned char *to, cam_dtype dtype, double value, int32_t integer) {
    float f = (float)value;
    uint16_t half;
    switch (dtype) {
    case CAM_F32:
        memcpy(to, &f, sizeof f);
        break;
    case CAM_F64:
        memcpy(to, &value, sizeof value);
        break;
    case CAM_I32:
        memcpy(to, &integer, sizeof integer);
        break;
    case CAM_F16:
    case CAM_BF16:
        half = half_bits(value, dtype == CAM_F16 ? 5 : 8);
        memcpy(to, &half, sizeof half);
        break;
    }
}

static double get_element(const unsigned char *from, cam_dtype dtype) {
    float f;
    double d;
    uint16_t half;
    if (dtype == CAM_F32) {
        memcpy(&f, from, sizeof f);
        return (double)f;
    }
    if (dtype == CAM_F64) {
        memcpy(&d, from, sizeof d);
        return d;
    }
    memcpy(&half, from, sizeof half);
    return half_value(half, dtype == CAM_F16 ? 5 : 8);
}
