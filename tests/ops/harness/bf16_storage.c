/* bf16_storage.c: see bf16_storage.h. Invariant: operands that are the same memory (an output that is its input) stay
 * the same memory when widened. */
#include "bf16_storage.h"
#include "proxy.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

float bf16_widened(uint16_t stored) {
    uint32_t bits = (uint32_t)stored << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint16_t narrowed(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value))
        return (uint16_t)(bits >> 16 | 0x40);
    uint32_t half = 0x7fff + (bits >> 16 & 1);
    return (uint16_t)((bits + half) >> 16);
}

static void *memory_for(int64_t count, size_t bytes) {
    void *memory = calloc((size_t)(count > 0 ? count : 1), bytes);
    if (!memory)
        CAM_BUG("no memory for %lld widened values", (long long)count);
    return memory;
}

/* --- tensors ---------------------------------------------------------------------------------------------------- */

enum { MAX_VIEWS = 12 };

typedef struct wide_views {
    int count;
    cam_tensor stored[MAX_VIEWS], wide[MAX_VIEWS];
    int duplicate[MAX_VIEWS]; /* the same memory as an earlier operand */
} wide_views;

static uint16_t *stored_at(cam_tensor t, int64_t row, int64_t column) {
    return (uint16_t *)t.data + row * t.row_stride + column;
}

static float *wide_at(cam_tensor t, int64_t row, int64_t column) {
    return (float *)t.data + row * t.row_stride + column;
}

static int64_t columns_in(cam_tensor t) {
    return t.ndim == 1 ? 1 : t.shape[1];
}

/* Converts *view to f32. */
static void widen(wide_views *w, cam_tensor *view) {
    if (!view->data || view->dtype != CAM_BF16)
        return;
    int k = w->count++;
    w->stored[k] = *view;
    view->dtype = CAM_F32;
    for (int i = 0; i < k; i++)
        if (w->stored[i].data == w->stored[k].data) {
            view->data = w->wide[i].data;
            w->duplicate[k] = 1;
        }
    if (!w->duplicate[k])
        view->data = memory_for((int64_t)cam_tensor_bytes(w->stored[k]) / 2, sizeof(float));
    w->wide[k] = *view;
    for (int64_t r = 0; r < view->shape[0]; r++)
        for (int64_t c = 0; c < columns_in(*view); c++)
            *wide_at(*view, r, c) = bf16_widened(*stored_at(w->stored[k], r, c));
}

/* Rounds an operator's f32 output to bf16 values. */
static void round_wide(cam_tensor t) {
    for (int64_t r = 0; r < t.shape[0]; r++)
        for (int64_t c = 0; c < columns_in(t); c++)
            *wide_at(t, r, c) = bf16_widened(narrowed(*wide_at(t, r, c)));
}

static void narrow_all(wide_views *w) {
    for (int k = 0; k < w->count; k++)
        for (int64_t r = 0; r < w->wide[k].shape[0]; r++)
            for (int64_t c = 0; c < columns_in(w->wide[k]); c++)
                *stored_at(w->stored[k], r, c) = narrowed(*wide_at(w->wide[k], r, c));
    for (int k = 0; k < w->count; k++)
        if (!w->duplicate[k])
            free(w->wide[k].data);
}

/* WIDEN(operator, operands that may be bf16 ...) */
#define WIDEN(op, ...)                                                                                                 \
    static cam_status wide_##op(cam_backend *backend, const cam_##op##_args *args) {                                   \
        cam_##op##_args a = *args;                                                                                     \
        wide_views w = {0};                                                                                            \
        cam_tensor *const views[] = {__VA_ARGS__};                                                                     \
        for (size_t i = 0; i < sizeof views / sizeof *views; i++)                                                      \
            widen(&w, views[i]);                                                                                       \
        cam_status st = CALL_TARGET(op, backend, &a);                                                                  \
        narrow_all(&w);                                                                                                \
        return st;                                                                                                     \
    }
WIDEN(embedding_fwd, &a.y)
WIDEN(embedding_bwd, &a.dy)
WIDEN(linear_fwd, &a.y, &a.x, &a.w, &a.bias)
WIDEN(linear_bwd_data, &a.dx, &a.dy, &a.w)
WIDEN(linear_bwd_weight, &a.dw, &a.dy, &a.x)
WIDEN(attention_fwd, &a.out, &a.q, &a.k, &a.v)
WIDEN(attention_bwd, &a.dq, &a.dk, &a.dv, &a.dout, &a.out, &a.q, &a.k, &a.v)
WIDEN(residual_bwd, &a.dx, &a.dresidual, &a.dy, &a.z)
WIDEN(gelu_fwd, &a.y, &a.x)
WIDEN(gelu_bwd, &a.dx, &a.dy, &a.x)
WIDEN(head_gather_fwd, &a.y, &a.x)
WIDEN(head_gather_bwd, &a.dx, &a.dy)

/* y must be the LN of the rounded z, so the operator is called a second time with the rounded z as residual. */
static cam_status wide_residual_fwd(cam_backend *backend, const cam_residual_fwd_args *args) {
    cam_residual_fwd_args a = *args;
    wide_views w = {0};
    int64_t n = a.z.shape[0], h = a.z.shape[1];
    cam_tensor *const views[] = {&a.y, &a.z, &a.x, &a.residual};
    for (size_t i = 0; i < 4; i++)
        widen(&w, views[i]);
    cam_status st = CALL_TARGET(residual_fwd, backend, &a);
    if (st == CAM_OK && args->z.dtype == CAM_BF16) {
        float *nothing = memory_for(n * h + h, sizeof *nothing), *sum = memory_for(n * h, sizeof *sum);
        round_wide(a.z);
        a.residual = a.z;
        a.x = cam_tensor_2d(nothing, CAM_F32, n, h);
        a.bias = cam_tensor_1d(nothing + n * h, CAM_F32, h);
        a.z = cam_tensor_2d(sum, CAM_F32, n, h);
        a.dropout.threshold = 0;
        st = CALL_TARGET(residual_fwd, backend, &a);
        free(nothing);
        free(sum);
    }
    narrow_all(&w);
    return st;
}

/* --- planes ------------------------------------------------------------------------------------------------------- */

static void *unit_of(cam_tensor plane, uint32_t unit) {
    return (char *)plane.data + (size_t)unit * CAM_CHUNK_UNIT;
}

static void load_gradient(cam_tensor plane, const cam_chunk *c, float *to) {
    const void *from = unit_of(plane, c->gradient);
    for (int i = 0; i < CAM_CHUNK; i++)
        to[i] =
            c->form & CAM_CHUNK_GRADIENT_BF16 ? bf16_widened(((const uint16_t *)from)[i]) : ((const float *)from)[i];
}

/* Joins the weights of a chunk from their halves, or splits them back. */
static void move_weight(const cam_adamw_args *a, const cam_chunk *c, float *weight, int back) {
    for (int i = 0; i < CAM_CHUNK; i++) {
        float *whole = (float *)unit_of(a->weight, c->weight) + i;
        if (!(c->form & CAM_CHUNK_SPLIT)) {
            *(back ? whole : weight + i) = *(back ? weight + i : whole);
            continue;
        }
        uint16_t *high = (uint16_t *)unit_of(a->weight, c->weight) + i;
        int16_t *low = (int16_t *)unit_of(a->low, c->low) + i;
        uint32_t bits = ((uint32_t)*high << 16) + (uint32_t)(int32_t)*low;
        if (!back)
            memcpy(weight + i, &bits, sizeof bits);
        else {
            memcpy(&bits, weight + i, sizeof bits);
            *high = (uint16_t)((bits + 0x8000u) >> 16);
            *low = (int16_t)(uint16_t)(bits & 0xffffu);
        }
    }
}

static cam_status wide_norm_partial(cam_backend *backend, const cam_norm_partial_args *args) {
    cam_status st = CAM_OK;
    float grad[CAM_CHUNK];
    if (args->grad.dtype != CAM_BF16)
        return CALL_TARGET(norm_partial, backend, args);
    for (int64_t c = 0; c < args->partial.shape[0] && st == CAM_OK; c++) {
        cam_norm_partial_args one = {.partial = cam_tensor_1d((double *)args->partial.data + c, CAM_F64, 1),
                                     .grad = cam_tensor_1d(grad, CAM_F32, CAM_CHUNK)};
        load_gradient(args->grad, &args->chunks[c], grad);
        st = CALL_TARGET(norm_partial, backend, &one);
    }
    return st;
}

static cam_status wide_adamw(cam_backend *backend, const cam_adamw_args *args) {
    cam_status st = CAM_OK;
    float grad[CAM_CHUNK], weight[CAM_CHUNK];
    if (args->weight.dtype != CAM_BF16)
        return CALL_TARGET(adamw, backend, args);
    for (int64_t c = 0; c < args->m.shape[0] / CAM_CHUNK && st == CAM_OK; c++) {
        cam_chunk chunk = {.rate_scale = args->chunks[c].rate_scale, .decay = args->chunks[c].decay};
        cam_adamw_args one = *args;
        one.weight = cam_tensor_1d(weight, CAM_F32, CAM_CHUNK);
        one.low = CAM_NONE;
        one.m = cam_tensor_rows(args->m, c * CAM_CHUNK, CAM_CHUNK);
        one.v = cam_tensor_rows(args->v, c * CAM_CHUNK, CAM_CHUNK);
        one.grad = cam_tensor_1d(grad, CAM_F32, CAM_CHUNK);
        one.chunks = &chunk;
        load_gradient(args->grad, &args->chunks[c], grad);
        move_weight(args, &args->chunks[c], weight, 0);
        st = CALL_TARGET(adamw, backend, &one);
        move_weight(args, &args->chunks[c], weight, 1);
    }
    return st;
}

cam_backend *bf16_storage_open(cam_backend *wide) {
    proxy *p = proxy_new(wide);
    p->owns = 1;
    p->base.name = "cpu-bf16";
    p->base.bf16 = 1;
#define TAKE(op) p->table.op = wide_##op
    TAKE(embedding_fwd), TAKE(embedding_bwd), TAKE(linear_fwd), TAKE(linear_bwd_data), TAKE(linear_bwd_weight);
    TAKE(attention_fwd), TAKE(attention_bwd), TAKE(residual_fwd), TAKE(residual_bwd), TAKE(gelu_fwd), TAKE(gelu_bwd);
    TAKE(head_gather_fwd), TAKE(head_gather_bwd), TAKE(norm_partial), TAKE(adamw);
#undef TAKE
    return &p->base;
}
