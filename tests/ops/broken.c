/* broken.c: backends that do one thing wrong each, to prove that the harness sees it. A variant stands in front of a
 * good backend, passes everything on, and spoils one operator's arguments or results: off by one, `=` for `+=`, a lane
 * order transposed, a bit that changes from run to run. It writes to operands directly, so the good backend's memory
 * must be the host's. Invariant: exactly one slot of the table differs from the good one's behaviour.
 */
#include "harness.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct broken {
    cam_backend base;
    cam_backend *good;
    struct cam_ops_table table;
} broken;

static cam_backend *good_of(cam_backend *backend) {
    return ((broken *)(void *)backend)->good;
}

/* --- passing on ------------------------------------------------------------------------------------------------- */

#define PASS_ON(op)                                                                                                    \
    static cam_status pass_##op(cam_backend *backend, const cam_##op##_args *args) {                                   \
        return good_of(backend)->ops->op(good_of(backend), args);                                                      \
    }                                                                                                                  \
    static size_t pass_##op##_workspace(const cam_backend *backend, const cam_##op##_args *args) {                     \
        const cam_backend *good = ((const broken *)(const void *)backend)->good;                                       \
        return good->ops->op##_workspace ? good->ops->op##_workspace(good, args) : 0;                                  \
    }
CAM_OPS(PASS_ON)
#undef PASS_ON

static const struct cam_ops_table passing = {
#define SLOTS(op) .op = pass_##op, .op##_workspace = pass_##op##_workspace,
    CAM_OPS(SLOTS)
#undef SLOTS
};

static cam_status allocate(cam_backend *backend, size_t bytes, void **memory) {
    return cam_backend_allocate(good_of(backend), bytes, memory);
}

static void release(cam_backend *backend, void *memory) {
    cam_backend_release(good_of(backend), memory);
}

static cam_status copy(cam_backend *backend, void *to, const void *from, size_t bytes, cam_copy_kind kind) {
    return cam_backend_copy(good_of(backend), to, from, bytes, kind);
}

static cam_status zero(cam_backend *backend, void *memory, size_t bytes) {
    return cam_backend_zero(good_of(backend), memory, bytes);
}

static cam_status synchronize(cam_backend *backend) {
    return cam_backend_synchronize(good_of(backend));
}

static void close_both(cam_backend *backend) {
    cam_backend_close(good_of(backend));
    free(backend);
}

static const cam_backend_calls calls = {.allocate = allocate,
                                        .release = release,
                                        .copy = copy,
                                        .zero = zero,
                                        .synchronize = synchronize,
                                        .close = close_both};

/* --- the variants ------------------------------------------------------------------------------------------------- */

#define BREAK(variant, op) static cam_status variant(cam_backend *backend, const cam_##op##_args *args)

static float *element(cam_tensor t, int64_t row, int64_t column) {
    return (float *)t.data + row * t.row_stride + column;
}

static void flip_last_bit(float *value) {
    uint32_t bits;
    memcpy(&bits, value, sizeof bits);
    bits ^= 1;
    memcpy(value, &bits, sizeof bits);
}

BREAK(last_row_forgotten, linear_fwd) {
    cam_linear_fwd_args a = *args;
    cam_step_state state = *args->state;
    state.tokens -= state.tokens > 0;
    a.state = &state;
    return pass_linear_fwd(backend, &a);
}

BREAK(tail_left, linear_fwd) {
    cam_linear_fwd_args a = *args;
    int64_t real = cam_rows_count(args->state, args->rows);
    a.y = cam_tensor_rows(a.y, 0, real);
    a.x = cam_tensor_rows(a.x, 0, real);
    return pass_linear_fwd(backend, &a);
}

BREAK(bias_dropped, linear_fwd) {
    cam_linear_fwd_args a = *args;
    a.bias = CAM_NONE;
    return pass_linear_fwd(backend, &a);
}

BREAK(thousandth, linear_fwd) {
    cam_status st = pass_linear_fwd(backend, args);
    for (int64_t i = 0; i < cam_tensor_count(args->y); i++)
        *element(args->y, 0, i) *= 1.001f;
    return st;
}

BREAK(one_element_thousandth, linear_fwd) {
    cam_status st = pass_linear_fwd(backend, args);
    *element(args->y, 0, args->y.shape[1] - 1) *= 1.001f;
    return st;
}

BREAK(past_the_end, linear_fwd) {
    cam_status st = pass_linear_fwd(backend, args);
    *element(args->y, args->y.shape[0], 0) = 0;
    return st;
}

BREAK(before_the_start, linear_fwd) {
    cam_status st = pass_linear_fwd(backend, args);
    *element(args->y, 0, -1) = 0;
    return st;
}

BREAK(input_changed, linear_fwd) {
    cam_status st = pass_linear_fwd(backend, args);
    flip_last_bit(element(args->x, 0, 0));
    return st;
}

BREAK(state_changed, linear_fwd) {
    cam_status st = pass_linear_fwd(backend, args);
    ((cam_step_state *)(uintptr_t)args->state)->step++;
    return st;
}

BREAK(nan_hidden, linear_fwd) {
    cam_status st = pass_linear_fwd(backend, args);
    for (int64_t i = 0; i < cam_tensor_count(args->y); i++)
        if (isnan(*element(args->y, 0, i)))
            *element(args->y, 0, i) = 0;
    return st;
}

BREAK(changing_last_bit, linear_fwd) {
    static unsigned run;
    cam_status st = pass_linear_fwd(backend, args);
    if (run++ % 2)
        flip_last_bit(element(args->y, 0, 0));
    return st;
}

BREAK(refused, linear_fwd) {
    (void)backend;
    (void)args;
    return cam_fail(CAM_E_UNSUPPORTED, "linear_fwd is not there");
}

BREAK(gap_written, linear_bwd_data) {
    cam_status st = pass_linear_bwd_data(backend, args);
    *element(args->dy, 0, args->dy.shape[1]) = 0;
    return st;
}

BREAK(assigned_for_added, linear_bwd_weight) {
    cam_linear_bwd_weight_args a = *args;
    a.accumulate = 0;
    return pass_linear_bwd_weight(backend, &a);
}

BREAK(added_for_assigned, linear_bwd_weight) {
    cam_linear_bwd_weight_args a = *args;
    a.accumulate = 1;
    return pass_linear_bwd_weight(backend, &a);
}

BREAK(tail_read, linear_bwd_weight) {
    cam_linear_bwd_weight_args a = *args;
    cam_step_state state = *args->state;
    state.tokens = state.sequences = state.head_rows = (int32_t)args->x.shape[0];
    a.state = &state;
    return pass_linear_bwd_weight(backend, &a);
}

BREAK(packed_place_for_data_row, residual_fwd) {
    cam_residual_fwd_args a = *args;
    int64_t n = args->y.shape[0];
    int32_t *packed = malloc((size_t)n * sizeof *packed);
    if (!packed)
        return cam_fail(CAM_E_MEMORY, "no memory for %lld rows", (long long)n);
    for (int64_t i = 0; i < n; i++)
        packed[i] = (int32_t)i;
    a.dropout.row = cam_tensor_1d(packed, CAM_I32, n);
    cam_status st = pass_residual_fwd(backend, &a);
    free(packed);
    return st;
}

BREAK(index_ignored, residual_fwd) {
    cam_residual_fwd_args a = *args;
    a.dropout.index = a.dropout.row;
    return pass_residual_fwd(backend, &a);
}

BREAK(threshold_off_by_one, head_dropout) {
    cam_head_dropout_args a = *args;
    a.dropout.threshold += a.dropout.threshold > 0;
    return pass_head_dropout(backend, &a);
}

BREAK(site_off, head_tanh_fwd) {
    cam_head_tanh_fwd_args a = *args;
    a.dropout.site++;
    return pass_head_tanh_fwd(backend, &a);
}

BREAK(mask_forgotten_backward, residual_bwd) {
    cam_residual_bwd_args a = *args;
    a.dropout.threshold = 0;
    return pass_residual_bwd(backend, &a);
}

BREAK(padding_learns, embedding_bwd) {
    cam_embedding_bwd_args a = *args;
    a.pad_word = -1;
    return pass_embedding_bwd(backend, &a);
}

BREAK(unused_word_touched, embedding_bwd) {
    cam_status st = pass_embedding_bwd(backend, args);
    for (int64_t i = 0; i < cam_tensor_count(args->dword); i++)
        *element(args->dword, 0, i) += 1e-9f;
    return st;
}

BREAK(position_off_by_one, embedding_fwd) {
    cam_embedding_fwd_args a = *args;
    a.position = cam_tensor_rows(a.position, 1, a.position.shape[0] - 1);
    return pass_embedding_fwd(backend, &a);
}

/* Plain attention whose dropout takes (key, query) for (query, key) inside a tile; everything else is right. */
static void transposed_query(const cam_attention_fwd_args *a, int64_t b, int64_t i, int32_t head) {
    const int32_t *cu_k = a->cu_k.data;
    int64_t keys = cu_k[b + 1] - cu_k[b], width = a->q.shape[1] / a->heads, first = head * width;
    uint32_t q = (uint32_t)((const int32_t *)a->q_index.data)[i];
    uint32_t row = (uint32_t)((const int32_t *)a->sequence_row.data)[b];
    double score[1024], most = -INFINITY, sum = 0;
    for (int64_t k = 0; k < keys; k++) {
        score[k] = 0;
        for (int64_t d = first; d < first + width; d++)
            score[k] += (double)*element(a->q, i, d) * (double)*element(a->k, cu_k[b] + k, d);
        score[k] *= (double)a->scale;
        most = fmax(most, score[k]);
    }
    for (int64_t k = 0; k < keys; k++)
        sum += score[k] = exp(score[k] - most);
    *element(a->lse, i, head) = (float)(most + log(sum));
    for (int64_t d = first; d < first + width; d++)
        *element(a->out, i, d) = 0;
    for (int64_t k = 0; k < keys; k++) {
        uint32_t tile_q = q / 16 * 16 + (uint32_t)k % 16, tile_k = (uint32_t)k / 16 * 16 + q % 16;
        cam_philox_words words = cam_philox(a->state->seed, a->state->step, a->site, row,
                                            cam_attention_call((uint32_t)head, tile_q, tile_k));
        int drop = cam_philox_lane(words, cam_attention_lane(tile_q, tile_k)) < a->threshold;
        double p = drop ? 0 : score[k] / sum * (double)cam_dropout_scale(a->threshold);
        for (int64_t d = first; d < first + width; d++)
            *element(a->out, i, d) += (float)(p * (double)*element(a->v, cu_k[b] + k, d));
    }
}

BREAK(transposed_tile, attention_fwd) {
    if (args->threshold == 0)
        return pass_attention_fwd(backend, args);
    const int32_t *cu_q = args->cu_q.data;
    memset(args->out.data, 0, cam_tensor_bytes(args->out));
    memset(args->lse.data, 0, cam_tensor_bytes(args->lse));
    for (int64_t b = 0; b < args->state->sequences; b++)
        for (int64_t i = cu_q[b]; i < cu_q[b + 1]; i++)
            for (int32_t head = 0; head < args->heads; head++)
                transposed_query(args, b, i, head);
    return CAM_OK;
}

BREAK(last_sequence_forgotten, attention_fwd) {
    cam_attention_fwd_args a = *args;
    cam_step_state state = *args->state;
    state.sequences -= state.sequences > 0;
    a.state = &state;
    return pass_attention_fwd(backend, &a);
}

BREAK(scale_slightly_off, attention_bwd) {
    cam_attention_bwd_args a = *args;
    a.scale *= 1.0001f;
    return pass_attention_bwd(backend, &a);
}

BREAK(dropout_not_remade, attention_bwd) {
    cam_attention_bwd_args a = *args;
    a.threshold = 0;
    return pass_attention_bwd(backend, &a);
}

BREAK(tanh_form, gelu_fwd) {
    cam_status st = pass_gelu_fwd(backend, args);
    int64_t real = cam_rows_count(args->state, args->rows), columns = args->x.shape[1];
    for (int64_t i = 0; i < real * columns; i++) {
        double u = (double)*element(args->x, 0, i) + (double)*element(args->bias, 0, i % columns);
        *element(args->y, 0, i) = (float)(u / 2 * (1 + tanh(0.7978845608028654 * (u + 0.044715 * u * u * u))));
    }
    return st;
}

BREAK(bias_gradient_twice, gelu_bwd) {
    cam_status st = pass_gelu_bwd(backend, args);
    for (int64_t i = 0; i < args->dbias.shape[0]; i++)
        *element(args->dbias, 0, i) *= 2;
    return st;
}

BREAK(neighbour_gathered, head_gather_fwd) {
    cam_head_gather_fwd_args a = *args;
    a.x = cam_tensor_rows(a.x, a.x.shape[0] > 1, a.x.shape[0] - (a.x.shape[0] > 1));
    return pass_head_gather_fwd(backend, &a);
}

BREAK(other_rows_left, head_gather_bwd) {
    cam_head_gather_bwd_args a = *args;
    a.accumulate = 1;
    return pass_head_gather_bwd(backend, &a);
}

BREAK(mask_forgotten, head_tanh_bwd) {
    cam_head_tanh_bwd_args a = *args;
    a.dropout.threshold = 0;
    return pass_head_tanh_bwd(backend, &a);
}

BREAK(loss_not_added, loss_fwd) {
    cam_loss_fwd_args a = *args;
    a.accumulate = 0;
    return pass_loss_fwd(backend, &a);
}

BREAK(weights_ignored, loss_bwd) {
    cam_loss_bwd_args a = *args;
    a.weights = CAM_NONE;
    return pass_loss_bwd(backend, &a);
}

BREAK(last_element_forgotten, norm_partial) {
    cam_status st = pass_norm_partial(backend, args);
    int64_t last = args->grad.shape[0] - 1;
    double value = (double)*element(args->grad, 0, last);
    ((double *)args->partial.data)[args->partial.shape[0] - 1] -= value * value;
    return st;
}

BREAK(finite_forgets, norm_final) {
    args->state->finite = 1;
    return pass_norm_final(backend, args);
}

BREAK(updates_anyway, adamw) {
    cam_adamw_args a = *args;
    cam_step_state state = *args->state;
    state.finite = 1;
    a.state = &state;
    return pass_adamw(backend, &a);
}

BREAK(chunks_off_by_one, adamw) {
    cam_adamw_args a = *args;
    a.chunks += args->param.shape[0] > CAM_CHUNK;
    return pass_adamw(backend, &a);
}

BREAK(truncated, cast) {
    cam_status st = pass_cast(backend, args);
    for (int64_t i = 0; args->to.dtype == CAM_BF16 && args->from.dtype == CAM_F32 && i < args->to.shape[0]; i++) {
        uint32_t bits;
        memcpy(&bits, element(args->from, 0, i), sizeof bits);
        ((uint16_t *)args->to.data)[i] = (uint16_t)(bits >> 16);
    }
    return st;
}

/* X(variant, operator) */
#define VARIANTS(X)                                                                                                    \
    X(last_row_forgotten, linear_fwd)                                                                                  \
    X(tail_left, linear_fwd)                                                                                           \
    X(bias_dropped, linear_fwd)                                                                                        \
    X(thousandth, linear_fwd)                                                                                          \
    X(one_element_thousandth, linear_fwd)                                                                              \
    X(past_the_end, linear_fwd)                                                                                        \
    X(before_the_start, linear_fwd)                                                                                    \
    X(input_changed, linear_fwd)                                                                                       \
    X(state_changed, linear_fwd)                                                                                       \
    X(nan_hidden, linear_fwd)                                                                                          \
    X(changing_last_bit, linear_fwd)                                                                                   \
    X(refused, linear_fwd)                                                                                             \
    X(gap_written, linear_bwd_data)                                                                                    \
    X(assigned_for_added, linear_bwd_weight)                                                                           \
    X(added_for_assigned, linear_bwd_weight)                                                                           \
    X(tail_read, linear_bwd_weight)                                                                                    \
    X(packed_place_for_data_row, residual_fwd)                                                                         \
    X(index_ignored, residual_fwd)                                                                                     \
    X(mask_forgotten_backward, residual_bwd)                                                                           \
    X(position_off_by_one, embedding_fwd)                                                                              \
    X(padding_learns, embedding_bwd)                                                                                   \
    X(unused_word_touched, embedding_bwd)                                                                              \
    X(transposed_tile, attention_fwd)                                                                                  \
    X(last_sequence_forgotten, attention_fwd)                                                                          \
    X(scale_slightly_off, attention_bwd)                                                                               \
    X(dropout_not_remade, attention_bwd)                                                                               \
    X(tanh_form, gelu_fwd)                                                                                             \
    X(bias_gradient_twice, gelu_bwd)                                                                                   \
    X(neighbour_gathered, head_gather_fwd)                                                                             \
    X(other_rows_left, head_gather_bwd)                                                                                \
    X(threshold_off_by_one, head_dropout)                                                                              \
    X(site_off, head_tanh_fwd)                                                                                         \
    X(mask_forgotten, head_tanh_bwd)                                                                                   \
    X(loss_not_added, loss_fwd)                                                                                        \
    X(weights_ignored, loss_bwd)                                                                                       \
    X(last_element_forgotten, norm_partial)                                                                            \
    X(finite_forgets, norm_final)                                                                                      \
    X(updates_anyway, adamw)                                                                                           \
    X(chunks_off_by_one, adamw)                                                                                        \
    X(truncated, cast)

enum {
#define VARIANT_ENUM(variant, op) VARIANT_##variant,
    VARIANTS(VARIANT_ENUM)
#undef VARIANT_ENUM
        VARIANT_COUNT
};

static const struct {
    const char *name, *op;
} variants[] = {
#define VARIANT_ROW(variant, op) {#variant, #op},
    VARIANTS(VARIANT_ROW)
#undef VARIANT_ROW
};

size_t broken_count(void) {
    return VARIANT_COUNT;
}

const char *broken_name(size_t variant) {
    return variants[variant].name;
}

const char *broken_operator(size_t variant) {
    return variants[variant].op;
}

cam_backend *broken_open(size_t variant, cam_backend *inner) {
    broken *b = calloc(1, sizeof *b);
    if (!b)
        CAM_BUG("no memory for a broken backend");
    b->base = (cam_backend){.name = variants[variant].name, .description = inner->description, .calls = &calls};
    b->good = inner;
    b->table = passing;
    b->base.ops = &b->table;
    switch (variant) {
#define VARIANT_CASE(variant, op)                                                                                      \
    case VARIANT_##variant:                                                                                            \
        b->table.op = variant;                                                                                         \
        break;
        VARIANTS(VARIANT_CASE)
#undef VARIANT_CASE
    default:
        CAM_BUG("no broken variant %zu", variant);
    }
    return &b->base;
}
