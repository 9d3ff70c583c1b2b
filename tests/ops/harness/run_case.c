/* run_case.c: runs one case on one backend. Every run: lay out, upload, call, wait, download, compare. Invariant:
 * device memory is released before run_case returns, also after a failure. */
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

/* The offset of element (row, column) of an operand in its home's image. */
static size_t place_of(const operand *o, int64_t row, int64_t column) {
    return GUARD_BYTES + (size_t)(o->column + row * o->stride + column) * cam_dtype_size(o->dtype);
}

static void write_operand(const operand *o) {
    if (o->role == PRIVATE || o->role == OUT)
        return;
    if (o->raw) {
        memcpy(o->home->before + GUARD_BYTES, o->raw, o->home->bytes);
        return;
    }
    const double *values = o->role == IN ? o->d : o->old;
    int64_t rows = o->role == IN && !o->zero_tail ? o->real : o->shape[0];
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < o->shape[1]; c++) {
            int64_t i = r * o->shape[1] + c;
            put_element(o->home->before + place_of(o, r, c), o->dtype, values[i], o->i[i]);
        }
}

static void mark_writable(const operand *o) {
    if (o->role == PRIVATE || o->role == IN)
        return;
    if (o->raw) {
        memcpy(o->home->writable + GUARD_BYTES, o->raw_mask, o->home->bytes);
        return;
    }
    for (int64_t r = 0; r < (o->kept_tail ? o->real : o->shape[0]); r++)
        memset(o->home->writable + place_of(o, r, 0), o->free_tail && r >= o->real ? BYTE_FREE : BYTE_WRITTEN,
               (size_t)o->shape[1] * cam_dtype_size(o->dtype));
}

static cam_status storage_upload(storage *s, cam_backend *backend) {
    cam_status st = CAM_OK;
    if (s->mapped) {
        CAM_TRY(cam_backend_allocate_mapped(backend, image_bytes(s), &s->host, &s->device));
        memcpy(s->host, s->before, image_bytes(s));
        goto out;
    }
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
    return s->device && !s->mapped ? cam_backend_copy(backend, s->after, s->device, image_bytes(s), CAM_FROM_DEVICE)
                                   : CAM_OK;
}

cam_status trial_download(trial *t, cam_backend *backend) {
    cam_status st = CAM_OK;
    for (int i = 0; i < t->storage_count; i++)
        CAM_TRY(storage_download(&t->storages[i], backend));
    CAM_TRY(storage_download(&t->workspace_home, backend));
    CAM_TRY(cam_backend_synchronize(backend));
    for (int i = 0; i < t->storage_count; i++)
        if (t->storages[i].mapped && t->storages[i].host)
            memcpy(t->storages[i].after, t->storages[i].host, image_bytes(&t->storages[i]));
out:
    return st;
}

static void storage_free(storage *s, cam_backend *backend) {
    if (!s->mapped)
        cam_backend_release(backend, s->device);
    else if (s->host)
        cam_backend_release_mapped(backend, s->host);
    free(s->before);
    free(s->after);
    free(s->writable);
    s->device = s->host = NULL;
    s->before = s->after = s->writable = NULL;
}

void trial_free_device(trial *t, cam_backend *backend) {
    for (int i = 0; i < t->storage_count; i++)
        storage_free(&t->storages[i], backend);
    storage_free(&t->workspace_home, backend);
    t->workspace_home = (storage){0};
}

/* --- bytes that no call may change -------------------------------------------------------------------------------- */

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

void trial_check_unchanged(trial *t) {
    for (int i = 0; i < t->storage_count; i++)
        if (t->storages[i].writable)
            memset(t->storages[i].writable, 0, image_bytes(&t->storages[i]));
    trial_check_untouched(t);
}

void trial_check_untouched(trial *t) {
    for (int i = 0; i < t->storage_count; i++)
        check_storage(t, &t->storages[i]);
    check_storage(t, &t->workspace_home);
}

/* --- results of a call -------------------------------------------------------------------------------------------- */

/* The output bits of a run, one image a storage; all other bytes are zeroed. */
static unsigned char *outputs_of(const trial *t) {
    size_t total = 0, at = 0;
    for (int i = 0; i < t->storage_count; i++)
        total += image_bytes(&t->storages[i]);
    unsigned char *all = image_new(total);
    for (int i = 0; i < t->storage_count; i++) {
        const storage *s = &t->storages[i];
        for (size_t k = 0; k < image_bytes(s); k++)
            all[at + k] = s->writable[k] == BYTE_WRITTEN ? s->after[k] : 0;
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

/* |got - want| / size; infinite if an exact value, a NaN or an infinity does not agree. */
static double error_of(double got, double want, double size) {
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got) ? 0 : INFINITY;
    if (isinf(want) || isinf(got) || size == 0)
        return got == want ? 0 : INFINITY;
    return fabs(got - want) / size;
}

/* The result of a comparison: the largest error and its position, and the root mean square. */
typedef struct errors {
    double worst, mean_square;
    int64_t worst_at, count;
} errors;

static void errors_add(errors *e, double error, int64_t at) {
    if (error > e->worst) {
        e->worst = error;
        e->worst_at = at;
    }
    if (isfinite(error)) {
        e->mean_square += error * error;
        e->count++;
    }
}

static double errors_rms(const errors *e) {
    return e->count ? sqrt(e->mean_square / (double)e->count) : 0;
}

void check_against_truth(trial *t, const operand *o, const double *got) {
    enum { MANY = 1000 };
    errors earned = {0}, found = {0};
    for (int64_t i = 0; i < o->real * o->shape[1]; i++) {
        double e = error_of((double)o->f[i], o->d[i], o->size[i]);
        if (isfinite(e))
            errors_add(&earned, e, i);
        errors_add(&found, error_of(got[i], o->d[i], o->size[i]), i);
    }
    double floor = o->floor_ulps * 0x1p-24, bound = 2 * earned.worst + floor;
    double rms = errors_rms(&found), rms_bound = 1.5 * errors_rms(&earned) + floor;
    if (t->verbose)
        printf("     %-10s error %.2e, bound %.2e (float formula %.2e), rms %.2e (%.2e)\n", o->name, found.worst, bound,
               earned.worst, rms, errors_rms(&earned));
    int64_t r = found.worst_at / o->shape[1], c = found.worst_at % o->shape[1];
    if (!(found.worst <= bound))
        trial_fail(t, "\"%s\"[%lld,%lld] is %.9g, must be %.9g: error %.3g of its size %.3g, allowed %.3g", o->name,
                   (long long)r, (long long)c, got[found.worst_at], o->d[found.worst_at], found.worst,
                   o->size[found.worst_at], bound);
    else if (o->dtype == CAM_BF16 && found.count >= MANY && !(rms <= rms_bound))
        trial_fail(t, "\"%s\": the root mean square of the errors is %.3g, allowed %.3g", o->name, rms, rms_bound);
}

const unsigned char *bytes_after(const operand *o) {
    return o->home->after + GUARD_BYTES;
}

double element_after(const operand *o, int64_t row, int64_t column) {
    return get_element(o->home->after + place_of(o, row, column), o->dtype);
}

static void check_values(trial *t, const operand *o) {
    int64_t columns = o->shape[1], count = o->real * columns;
    double *got = image_new((size_t)(count + 1) * sizeof *got);
    for (int64_t i = 0; i < count; i++)
        got[i] = element_after(o, i / columns, i % columns);
    check_against_truth(t, o, got);
    free(got);
}

static void check_tail(trial *t, const operand *o) {
    for (int64_t r = o->real; r < o->shape[0]; r++)
        for (int64_t c = 0; c < o->shape[1]; c++) {
            double got = element_after(o, r, c);
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
        if (o->role == PRIVATE || o->role == IN || o->raw)
            continue;
        check_values(t, o);
        if (!o->kept_tail && !o->free_tail)
            check_tail(t, o);
    }
    if (t->op->check)
        t->op->check(t);
}

static cam_status call_all(trial *t, cam_backend *backend) {
    cam_status st = CAM_OK;
    for (int k = 0; k == 0 || k < t->repeat; k++)
        CAM_TRY(t->op->call(t, backend));
out:
    return st;
}

static unsigned char *run_once(trial *t, cam_backend *backend, uint32_t poison, int first) {
    cam_status st = CAM_OK;
    unsigned char *outputs = NULL;
    CAM_TRY(trial_upload(t, backend, poison));
    CAM_TRY(call_all(t, backend));
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

static void run_and_compare(trial *t, const bench *b) {
    char garbage_too[96];
    snprintf(garbage_too, sizeof garbage_too, "%s, over other garbage", b->again);
    const struct {
        int opening;
        uint32_t poison;
        const char *what;
    } again[] = {
        {1, POISON_BIG, garbage_too}, {0, POISON_BIG, "when run over other garbage"}, {1, POISON_NAN, b->again}};
    unsigned char *first = run_once(t, b->backend[0], POISON_NAN, 1);
    for (size_t i = 0; first && i < (b->few_runs ? 1 : sizeof again / sizeof *again); i++) {
        unsigned char *now = run_once(t, b->backend[again[i].opening], again[i].poison, 0);
        if (now)
            check_same_bits(t, first, now, again[i].what);
        free(now);
    }
    free(first);
}

/* A bf16 call on a backend without bf16, which must refuse it. */
static void run_refused(trial *t, cam_backend *backend) {
    cam_status st = CAM_OK, got;
    CAM_TRY(trial_upload(t, backend, POISON_NAN));
    got = t->op->call(t, backend);
    if (got != CAM_E_UNSUPPORTED)
        trial_fail(t, "a backend without bf16 answers %s, not %s", cam_status_name(got),
                   cam_status_name(CAM_E_UNSUPPORTED));
    CAM_TRY(trial_download(t, backend));
    trial_check_unchanged(t);
out:
    if (st != CAM_OK)
        trial_fail(t, "%s: %s", cam_status_name(st), cam_status_message());
    trial_free_device(t, backend);
}

case_outcome run_case(const op_tests *op, const op_case *c, precision p, const bench *b) {
    trial t;
    trial_begin(&t, op, c, p, b);
    if (t.verbose)
        printf("  %s.%s/%s%s\n", op->family, op->name, c->name, precision_suffix(p));
    int refused = !b->backend[0]->bf16 && !op->casts && trial_has_bf16(&t);
    if (refused)
        run_refused(&t, b->backend[0]);
    else {
        trial_formulas(&t);
        run_and_compare(&t, b);
        if (c->gradient && op->gradient && p == PRECISION_F32)
            op->gradient(&t);
    }
    trial_release(&t);
    return t.failures ? CASE_FAILED : refused ? CASE_REFUSED : CASE_PASSED;
}

/* --- elements ----------------------------------------------------------------------------------------------------- */

/* The bits of a value in a 16-bit format. The value must be exact: operand_set and the formulas have rounded it. */
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
    int32_t integer;
    uint16_t half;
    if (dtype == CAM_I32) {
        memcpy(&integer, from, sizeof integer);
        return integer;
    }
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
