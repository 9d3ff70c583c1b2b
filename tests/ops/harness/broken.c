/* broken.c: backends with one defect each, to prove that the harness finds it. A variant is a proxy (proxy.h) that
 * changes the arguments or results of one operator: off by one, `=` for `+=`, a transposed lane order, a bit that
 * changes from run to run. Invariant: exactly one slot of the table behaves differently from the good backend.
 */
#include "broken.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void flip_last_bit(float *value) {
    uint32_t bits;
    memcpy(&bits, value, sizeof bits);
    bits ^= 1;
    memcpy(value, &bits, sizeof bits);
}

BREAK(last_row_forgotten, linear_fwd) {
    cam_status st = CALL_TARGET(linear_fwd, backend, args);
    int64_t real = cam_rows_count(args->state, args->rows);
    if (real > 0 && args->y.dtype == CAM_F32)
        memset(element(args->y, real - 1, 0), 0, (size_t)args->y.shape[1] * sizeof(float));
    return st;
}

BREAK(tail_left, linear_fwd) {
    cam_linear_fwd_args a = *args;
    int64_t real = cam_rows_count(args->state, args->rows);
    a.y = cam_tensor_rows(a.y, 0, real);
    a.x = cam_tensor_rows(a.x, 0, real);
    return CALL_TARGET(linear_fwd, backend, &a);
}

BREAK(bias_dropped, linear_fwd) {
    cam_linear_fwd_args a = *args;
    a.bias = CAM_NONE;
    return CALL_TARGET(linear_fwd, backend, &a);
}

BREAK(thousandth, linear_fwd) {
    cam_status st = CALL_TARGET(linear_fwd, backend, args);
    for (int64_t i = 0; i < cam_tensor_count(args->y); i++)
        *element(args->y, 0, i) *= 1.001f;
    return st;
}

BREAK(one_element_thousandth, linear_fwd) {
    cam_status st = CALL_TARGET(linear_fwd, backend, args);
    *element(args->y, 0, args->y.shape[1] - 1) *= 1.001f;
    return st;
}

BREAK(past_the_end, linear_fwd) {
    cam_status st = CALL_TARGET(linear_fwd, backend, args);
    *element(args->y, args->y.shape[0], 0) = 0;
    return st;
}

BREAK(before_the_start, linear_fwd) {
    cam_status st = CALL_TARGET(linear_fwd, backend, args);
    *element(args->y, 0, -1) = 0;
    return st;
}

BREAK(input_changed, linear_fwd) {
    cam_status st = CALL_TARGET(linear_fwd, backend, args);
    flip_last_bit(element(args->x, 0, 0));
    return st;
}

BREAK(state_changed, linear_fwd) {
    cam_status st = CALL_TARGET(linear_fwd, backend, args);
    ((cam_step_state *)(uintptr_t)args->state)->step++;
    return st;
}

BREAK(nan_hidden, linear_fwd) {
    cam_status st = CALL_TARGET(linear_fwd, backend, args);
    for (int64_t i = 0; i < cam_tensor_count(args->y); i++)
        if (isnan(*element(args->y, 0, i)))
            *element(args->y, 0, i) = 0;
    return st;
}

BREAK(changing_last_bit, linear_fwd) {
    static unsigned run;
    cam_status st = CALL_TARGET(linear_fwd, backend, args);
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
    cam_status st = CALL_TARGET(linear_bwd_data, backend, args);
    *element(args->dy, 0, args->dy.shape[1]) = 0;
    return st;
}

BREAK(assigned_for_added, linear_bwd_weight) {
    cam_linear_bwd_weight_args a = *args;
    a.accumulate = 0;
    return CALL_TARGET(linear_bwd_weight, backend, &a);
}

BREAK(added_for_assigned, linear_bwd_weight) {
    cam_linear_bwd_weight_args a = *args;
    a.accumulate = 1;
    return CALL_TARGET(linear_bwd_weight, backend, &a);
}

BREAK(nothing_done_without_rows, linear_bwd_weight) {
    return cam_rows_count(args->state, args->rows) == 0 ? CAM_OK : CALL_TARGET(linear_bwd_weight, backend, args);
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
    cam_status st = CALL_TARGET(residual_fwd, backend, &a);
    free(packed);
    return st;
}

BREAK(index_ignored, residual_fwd) {
    cam_residual_fwd_args a = *args;
    a.dropout.index = a.dropout.row;
    return CALL_TARGET(residual_fwd, backend, &a);
}

BREAK(threshold_off_by_one, head_dropout) {
    cam_head_dropout_args a = *args;
    a.dropout.threshold += a.dropout.threshold > 0;
    return CALL_TARGET(head_dropout, backend, &a);
}

BREAK(site_off, head_tanh_fwd) {
    cam_head_tanh_fwd_args a = *args;
    a.dropout.site++;
    return CALL_TARGET(head_tanh_fwd, backend, &a);
}

BREAK(mask_forgotten_backward, residual_bwd) {
    cam_residual_bwd_args a = *args;
    a.dropout.threshold = 0;
    return CALL_TARGET(residual_bwd, backend, &a);
}

BREAK(padding_has_gradient, embedding_bwd) {
    cam_embedding_bwd_args a = *args;
    a.pad_word = -1;
    return CALL_TARGET(embedding_bwd, backend, &a);
}

BREAK(unused_word_touched, embedding_bwd) {
    cam_status st = CALL_TARGET(embedding_bwd, backend, args);
    for (int64_t i = 0; i < cam_tensor_count(args->dword); i++)
        *element(args->dword, 0, i) += 1e-9f;
    return st;
}

BREAK(position_off_by_one, embedding_fwd) {
    cam_embedding_fwd_args a = *args;
    a.position = cam_tensor_rows(a.position, 1, a.position.shape[0] - 1);
    return CALL_TARGET(embedding_fwd, backend, &a);
}

/* Attention whose dropout exchanges query and key inside a tile; everything else is correct. */
static void transposed_query(const cam_attention_fwd_args *a, int64_t b, int64_t i, int32_t head) {
    const int32_t *cu_k = a->cu_k.data;
    int64_t keys = cu_k[b + 1] - cu_k[b], width = a->q.shape[1] / a->heads, first = head * width;
    uint32_t q = (uint32_t)((const int32_t *)a->q_index.data)[i];
    uint32_t row = (uint32_t)((const int32_t *)a->sequence_row.data)[b];
    double score[1024], max = -INFINITY, sum = 0;
    for (int64_t k = 0; k < keys; k++) {
        score[k] = 0;
        for (int64_t d = first; d < first + width; d++)
            score[k] += (double)*element(a->q, i, d) * (double)*element(a->k, cu_k[b] + k, d);
        score[k] *= (double)a->scale;
        max = fmax(max, score[k]);
    }
    for (int64_t k = 0; k < keys; k++)
        sum += score[k] = exp(score[k] - max);
    *element(a->lse, i, head) = (float)(max + log(sum));
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
        return CALL_TARGET(attention_fwd, backend, args);
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
    return CALL_TARGET(attention_fwd, backend, &a);
}

BREAK(scale_slightly_off, attention_bwd) {
    cam_attention_bwd_args a = *args;
    a.scale *= 1.0001f;
    return CALL_TARGET(attention_bwd, backend, &a);
}

BREAK(dropout_not_remade, attention_bwd) {
    cam_attention_bwd_args a = *args;
    a.threshold = 0;
    return CALL_TARGET(attention_bwd, backend, &a);
}

BREAK(tanh_form, gelu_fwd) {
    cam_status st = CALL_TARGET(gelu_fwd, backend, args);
    int64_t real = cam_rows_count(args->state, args->rows), columns = args->x.shape[1];
    for (int64_t i = 0; i < real * columns; i++) {
        double u = (double)*element(args->x, 0, i) + (double)*element(args->bias, 0, i % columns);
        *element(args->y, 0, i) = (float)(u / 2 * (1 + tanh(0.7978845608028654 * (u + 0.044715 * u * u * u))));
    }
    return st;
}

BREAK(tail_read, gelu_bwd) {
    cam_gelu_bwd_args a = *args;
    cam_step_state state = *args->state;
    state.tokens = state.sequences = state.head_rows = (int32_t)args->x.shape[0];
    a.state = &state;
    return CALL_TARGET(gelu_bwd, backend, &a);
}

BREAK(stage_ignored, gelu_bwd) {
    cam_gelu_bwd_args a = *args;
    a.stage = CAM_STAGE_ALL;
    return CALL_TARGET(gelu_bwd, backend, &a);
}

BREAK(sums_left_out, residual_bwd) {
    return args->stage == CAM_STAGE_SUMS ? CAM_OK : CALL_TARGET(residual_bwd, backend, args);
}

BREAK(bias_gradient_twice, gelu_bwd) {
    cam_status st = CALL_TARGET(gelu_bwd, backend, args);
    for (int64_t i = 0; i < args->dbias.shape[0]; i++)
        *element(args->dbias, 0, i) *= 2;
    return st;
}

BREAK(neighbour_gathered, head_gather_fwd) {
    cam_head_gather_fwd_args a = *args;
    a.x = cam_tensor_rows(a.x, a.x.shape[0] > 1, a.x.shape[0] - (a.x.shape[0] > 1));
    return CALL_TARGET(head_gather_fwd, backend, &a);
}

BREAK(other_rows_left, head_gather_bwd) {
    cam_head_gather_bwd_args a = *args;
    a.accumulate = 1;
    return CALL_TARGET(head_gather_bwd, backend, &a);
}

BREAK(mask_forgotten, head_tanh_bwd) {
    cam_head_tanh_bwd_args a = *args;
    a.dropout.threshold = 0;
    return CALL_TARGET(head_tanh_bwd, backend, &a);
}

BREAK(loss_not_added, loss) {
    cam_loss_args a = *args;
    a.accumulate = 0;
    return CALL_TARGET(loss, backend, &a);
}

BREAK(weights_ignored, loss) {
    cam_loss_args a = *args;
    a.weights = CAM_NONE;
    return CALL_TARGET(loss, backend, &a);
}

BREAK(unlabelled_taken_for_first, distill_logits) {
    cam_distill_logits_args a = *args;
    int64_t count = args->labels.shape[0];
    int32_t *labels = malloc((size_t)count * sizeof *labels);
    if (!labels)
        return cam_fail(CAM_E_MEMORY, "no memory for %lld labels", (long long)count);
    for (int64_t r = 0; r < args->state->head_rows; r++) {
        int32_t label = ((const int32_t *)args->labels.data)[r];
        labels[r] = label < 0 ? 0 : label;
    }
    a.labels = cam_tensor_1d(labels, CAM_I32, count);
    cam_status st = CALL_TARGET(distill_logits, backend, &a);
    free(labels);
    return st;
}

BREAK(temperature_not_squared, distill_logits) {
    cam_status st = CALL_TARGET(distill_logits, backend, args);
    for (int64_t r = 0; r < args->state->head_rows; r++)
        *element(args->row_loss, 0, r) /= args->temperature;
    return st;
}

BREAK(rows_not_gathered, distill_hidden) {
    cam_distill_hidden_args a = *args;
    int64_t count = args->row.shape[0];
    int32_t *rows = calloc((size_t)count, sizeof *rows);
    if (!rows)
        return cam_fail(CAM_E_MEMORY, "no memory for %lld row numbers", (long long)count);
    a.row = cam_tensor_1d(rows, CAM_I32, count);
    cam_status st = CALL_TARGET(distill_hidden, backend, &a);
    free(rows);
    return st;
}

BREAK(epoch_ignored, step_mask) {
    cam_step_mask_args a = *args;
    uint32_t epoch = args->state->epoch;
    args->state->epoch = 0;
    cam_status st = CALL_TARGET(step_mask, backend, &a);
    args->state->epoch = epoch;
    return st;
}

BREAK(special_chosen, step_mask) {
    cam_step_mask_args a = *args;
    int64_t count = args->piece_kind.shape[0];
    int32_t *plain = malloc((size_t)count * sizeof *plain);
    if (!plain)
        return cam_fail(CAM_E_MEMORY, "no memory for %lld pieces", (long long)count);
    for (int64_t i = 0; i < count; i++)
        plain[i] = ((const int32_t *)args->piece_kind.data)[i] & CAM_PIECE_CONTINUES;
    a.piece_kind = cam_tensor_1d(plain, CAM_I32, count);
    cam_status st = CALL_TARGET(step_mask, backend, &a);
    free(plain);
    return st;
}

BREAK(tied_word_zeroed, embedding_bwd) {
    cam_embedding_bwd_args a = *args;
    a.tied_word = 0;
    return CALL_TARGET(embedding_bwd, backend, &a);
}

BREAK(hits_among_equals, loss) {
    cam_status st = CALL_TARGET(loss, backend, args);
    for (int64_t r = 0; args->hits.data && r < cam_rows_count(args->state, args->rows); r++) {
        float label = *element(args->logits, r, ((const int32_t *)args->labels.data)[r]);
        int best = 1;
        for (int64_t k = 0; k < args->logits.shape[1]; k++)
            best &= *element(args->logits, r, k) <= label;
        *element(args->hits, 0, r) = best ? 1 : 0;
    }
    return st;
}

BREAK(last_element_forgotten, norm_partial) {
    cam_status st = CALL_TARGET(norm_partial, backend, args);
    int64_t last = args->grad.shape[0] - 1;
    double value = (double)*element(args->grad, 0, last);
    ((double *)args->partial.data)[args->partial.shape[0] - 1] -= value * value;
    return st;
}

BREAK(finite_forgets, norm_final) {
    args->state->finite = 1;
    return CALL_TARGET(norm_final, backend, args);
}

BREAK(updates_anyway, adamw) {
    cam_adamw_args a = *args;
    cam_step_state state = *args->state;
    state.finite = 1;
    a.state = &state;
    return CALL_TARGET(adamw, backend, &a);
}

BREAK(truncated, cast) {
    cam_status st = CALL_TARGET(cast, backend, args);
    for (int64_t i = 0; args->to.dtype == CAM_BF16 && args->from.dtype == CAM_F32 && i < args->to.shape[0]; i++) {
        uint32_t bits;
        memcpy(&bits, element(args->from, 0, i), sizeof bits);
        ((uint16_t *)args->to.data)[i] = (uint16_t)(bits >> 16);
    }
    return st;
}

static const broken_variant variants[] = {
    VARIANT(last_row_forgotten, linear_fwd),
    VARIANT(tail_left, linear_fwd),
    VARIANT(bias_dropped, linear_fwd),
    VARIANT(thousandth, linear_fwd),
    VARIANT(one_element_thousandth, linear_fwd),
    VARIANT(past_the_end, linear_fwd),
    VARIANT(before_the_start, linear_fwd),
    VARIANT(input_changed, linear_fwd),
    VARIANT(state_changed, linear_fwd),
    VARIANT(nan_hidden, linear_fwd),
    VARIANT(changing_last_bit, linear_fwd),
    VARIANT(refused, linear_fwd),
    VARIANT(gap_written, linear_bwd_data),
    VARIANT(assigned_for_added, linear_bwd_weight),
    VARIANT(added_for_assigned, linear_bwd_weight),
    VARIANT(nothing_done_without_rows, linear_bwd_weight),
    VARIANT(packed_place_for_data_row, residual_fwd),
    VARIANT(index_ignored, residual_fwd),
    VARIANT(mask_forgotten_backward, residual_bwd),
    VARIANT(position_off_by_one, embedding_fwd),
    VARIANT(padding_has_gradient, embedding_bwd),
    VARIANT(unused_word_touched, embedding_bwd),
    VARIANT(transposed_tile, attention_fwd),
    VARIANT(last_sequence_forgotten, attention_fwd),
    VARIANT(scale_slightly_off, attention_bwd),
    VARIANT(dropout_not_remade, attention_bwd),
    VARIANT(tanh_form, gelu_fwd),
    VARIANT(tail_read, gelu_bwd),
    VARIANT(stage_ignored, gelu_bwd),
    VARIANT(sums_left_out, residual_bwd),
    VARIANT(bias_gradient_twice, gelu_bwd),
    VARIANT(neighbour_gathered, head_gather_fwd),
    VARIANT(other_rows_left, head_gather_bwd),
    VARIANT(threshold_off_by_one, head_dropout),
    VARIANT(site_off, head_tanh_fwd),
    VARIANT(mask_forgotten, head_tanh_bwd),
    VARIANT(loss_not_added, loss),
    VARIANT(weights_ignored, loss),
    VARIANT(hits_among_equals, loss),
    VARIANT(unlabelled_taken_for_first, distill_logits),
    VARIANT(temperature_not_squared, distill_logits),
    VARIANT(rows_not_gathered, distill_hidden),
    VARIANT(epoch_ignored, step_mask),
    VARIANT(special_chosen, step_mask),
    VARIANT(tied_word_zeroed, embedding_bwd),
    VARIANT(last_element_forgotten, norm_partial),
    VARIANT(finite_forgets, norm_final),
    VARIANT(updates_anyway, adamw),
    VARIANT(truncated, cast),
};
enum { VARIANT_COUNT = sizeof variants / sizeof *variants };

static const broken_variant *variant_at(size_t variant) {
    CAM_ASSERT(variant < broken_count());
    return variant < VARIANT_COUNT ? &variants[variant] : &broken_storage[variant - VARIANT_COUNT];
}

size_t broken_count(void) {
    return VARIANT_COUNT + broken_storage_count;
}

const char *broken_name(size_t variant) {
    return variant_at(variant)->name;
}

const char *broken_operator(size_t variant) {
    return variant_at(variant)->op;
}

cam_backend *broken_open(size_t variant, cam_backend *good) {
    proxy *b = proxy_new(good);
    b->base.name = broken_name(variant);
    variant_at(variant)->install(&b->table);
    return &b->base;
}
