/* broken_storage.c: broken backends of mixed precision, of the parameter planes and of the step. They are proxies of a
 * backend that takes bf16; most of them change nothing in f32 calls.
 */
#include "bf16_storage.h"
#include "broken.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint16_t *half(cam_tensor t, int64_t row, int64_t column) {
    return (uint16_t *)t.data + row * t.row_stride + column;
}

static uint16_t upper_half(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)(bits >> 16);
}

/* The f32 number with the lower half of its bits zeroed. */
static float truncated(float value) {
    return bf16_widened(upper_half(value));
}

/* --- bf16 --------------------------------------------------------------------------------------------------------- */

BREAK(stored_by_truncation, gelu_fwd) {
    cam_status st = CALL_TARGET(gelu_fwd, backend, args);
    int64_t real = cam_rows_count(args->state, args->rows);
    for (int64_t r = 0; args->y.dtype == CAM_BF16 && r < real; r++)
        for (int64_t c = 0; c < args->y.shape[1]; c++) {
            double u = (double)bf16_widened(*half(args->x, r, c)) + (double)*element(args->bias, 0, c);
            *half(args->y, r, c) = upper_half((float)(u / 2 * (1 + erf(u * 0.70710678118654752))));
        }
    return st;
}

BREAK(neighbours_swapped, residual_fwd) {
    cam_status st = CALL_TARGET(residual_fwd, backend, args);
    for (int64_t r = 0; args->z.dtype == CAM_BF16 && r < args->z.shape[0]; r++) {
        uint16_t *z = half(args->z, r, args->z.shape[1] - 2), kept = z[0];
        z[0] = z[1];
        z[1] = kept;
    }
    return st;
}

/* mean and rstd of z before it is rounded. */
BREAK(statistics_before_rounding, residual_fwd) {
    int64_t columns = args->x.shape[1], real = cam_rows_count(args->state, args->rows);
    int applies = args->z.dtype == CAM_BF16 && args->dropout.threshold == 0 && args->bias.data && args->residual.data;
    double *mean = calloc((size_t)real + 1, sizeof *mean);
    for (int64_t i = 0; applies && i < real * columns; i++)
        mean[i / columns] +=
            ((double)bf16_widened(*half(args->x, 0, i)) + (double)*element(args->bias, 0, i % columns) +
             (double)bf16_widened(*half(args->residual, 0, i))) /
            (double)columns;
    cam_status st = CALL_TARGET(residual_fwd, backend, args);
    for (int64_t r = 0; applies && r < real; r++)
        *element(args->mean, 0, r) = (float)mean[r];
    free(mean);
    return st;
}

BREAK(wide_output_rounded, residual_fwd) {
    cam_status st = CALL_TARGET(residual_fwd, backend, args);
    for (int64_t i = 0; args->y.dtype == CAM_F32 && args->z.dtype == CAM_BF16 && i < cam_tensor_count(args->y); i++)
        *element(args->y, 0, i) = truncated(*element(args->y, 0, i));
    return st;
}

BREAK(sums_of_rounded, gelu_bwd) {
    cam_status st = CALL_TARGET(gelu_bwd, backend, args);
    int64_t real = cam_rows_count(args->state, args->rows);
    for (int64_t c = 0; args->dx.dtype == CAM_BF16 && !args->accumulate && c < args->dx.shape[1]; c++) {
        double sum = 0;
        for (int64_t r = 0; r < real; r++)
            sum += (double)bf16_widened(*half(args->dx, r, c));
        *element(args->dbias, 0, c) = (float)sum;
    }
    return st;
}

BREAK(lse_rounded, attention_fwd) {
    cam_status st = CALL_TARGET(attention_fwd, backend, args);
    for (int64_t i = 0; args->q.dtype == CAM_BF16 && i < cam_tensor_count(args->lse); i++)
        *element(args->lse, 0, i) = truncated(*element(args->lse, 0, i));
    return st;
}

BREAK(wide_gradient_rounded, linear_bwd_weight) {
    cam_status st = CALL_TARGET(linear_bwd_weight, backend, args);
    for (int64_t i = 0; args->x.dtype == CAM_BF16 && args->dw.dtype == CAM_F32 && i < cam_tensor_count(args->dw); i++)
        *element(args->dw, 0, i) = truncated(*element(args->dw, 0, i));
    return st;
}

BREAK(one_unit_off, linear_fwd) {
    cam_status st = CALL_TARGET(linear_fwd, backend, args);
    if (args->y.dtype == CAM_BF16 && args->y.shape[1] > 2)
        *half(args->y, 0, 2) ^= 2;
    return st;
}

BREAK(bf16_tail_left, head_gather_fwd) {
    cam_head_gather_fwd_args a = *args;
    if (a.y.dtype == CAM_BF16)
        a.y = cam_tensor_rows(a.y, 0, args->state->head_rows);
    return CALL_TARGET(head_gather_fwd, backend, &a);
}

/* --- planes ------------------------------------------------------------------------------------------------------- */

enum { MAX_CHUNKS = 128 };

BREAK(gradients_in_order, norm_partial) {
    cam_chunk chunks[MAX_CHUNKS];
    cam_norm_partial_args a = *args;
    uint32_t unit = 0;
    for (int64_t c = 0; args->chunks && c < args->partial.shape[0]; c++) {
        chunks[c] = args->chunks[c];
        chunks[c].gradient = unit;
        unit += chunks[c].form & CAM_CHUNK_GRADIENT_BF16 ? 1 : 2;
    }
    a.chunks = args->chunks ? chunks : NULL;
    return CALL_TARGET(norm_partial, backend, &a);
}

BREAK(counts_anyway, norm_final) {
    uint32_t before = args->state->updates;
    cam_status st = CALL_TARGET(norm_final, backend, args);
    args->state->updates = before + 1;
    return st;
}

BREAK(decay_of_the_next, adamw) {
    cam_chunk chunks[MAX_CHUNKS];
    cam_adamw_args a = *args;
    int64_t count = args->m.shape[0] / CAM_CHUNK;
    for (int64_t c = 0; c < count; c++) {
        chunks[c] = args->chunks[c];
        chunks[c].decay = args->chunks[(c + 1) % count].decay;
    }
    a.chunks = chunks;
    return CALL_TARGET(adamw, backend, &a);
}

/* The upper half is truncated, not rounded, and the lower one is unsigned. */
BREAK(low_unsigned, adamw) {
    cam_status st = CALL_TARGET(adamw, backend, args);
    for (int64_t i = 0; i < args->m.shape[0] && args->state->finite; i++) {
        const cam_chunk *c = &args->chunks[i / CAM_CHUNK];
        int64_t at = i % CAM_CHUNK;
        if (c->form & CAM_CHUNK_SPLIT && *half(args->low, 0, (int64_t)c->low * CAM_CHUNK + at) >= 0x8000)
            --*half(args->weight, 0, (int64_t)c->weight * CAM_CHUNK + at);
    }
    return st;
}

BREAK(low_forgotten, adamw) {
    cam_status st = CALL_TARGET(adamw, backend, args);
    for (int64_t i = 0; i < args->m.shape[0] && args->state->finite; i++) {
        const cam_chunk *c = &args->chunks[i / CAM_CHUNK];
        if (c->form & CAM_CHUNK_SPLIT)
            *half(args->low, 0, (int64_t)c->low * CAM_CHUNK + i % CAM_CHUNK) = 0;
    }
    return st;
}

BREAK(first_low_unit_touched, adamw) {
    cam_status st = CALL_TARGET(adamw, backend, args);
    if (args->low.data)
        *half(args->low, 0, 0) ^= 1;
    return st;
}

/* --- the step ----------------------------------------------------------------------------------------------------- */

static int32_t *index_of(cam_tensor t, int64_t i) {
    return (int32_t *)t.data + i;
}

BREAK(cursor_stuck, step_begin) {
    uint32_t before = args->state->cursor;
    cam_status st = CALL_TARGET(step_begin, backend, args);
    args->state->cursor = before;
    return st;
}

BREAK(always_finite_again, step_begin) {
    cam_status st = CALL_TARGET(step_begin, backend, args);
    args->state->finite = 1;
    return st;
}

BREAK(loss_always_cleared, step_begin) {
    cam_status st = CALL_TARGET(step_begin, backend, args);
    args->state->loss = 0;
    return st;
}

BREAK(correction_of_the_next, step_begin) {
    cam_status st = CALL_TARGET(step_begin, backend, args);
    args->state->inverse_correction1 =
        args->corrections[args->state->updates > 0 ? args->state->updates - 1 : 1].inverse1;
    return st;
}

BREAK(place_for_data_row, step_begin) {
    cam_status st = CALL_TARGET(step_begin, backend, args);
    for (int32_t t = 0; t < args->state->tokens; t++)
        *index_of(args->token_row, t) = t;
    return st;
}

BREAK(packed_index, step_begin) {
    cam_status st = CALL_TARGET(step_begin, backend, args);
    for (int32_t t = 0; t < args->state->tokens; t++)
        *index_of(args->token_index, t) = t;
    return st;
}

BREAK(end_not_written, step_begin) {
    int32_t *last = NULL, before = 0;
    if (args->cu_seqlens.data) {
        last = index_of(args->cu_seqlens, args->plan[args->state->cursor].rows);
        before = *last;
    }
    cam_status st = CALL_TARGET(step_begin, backend, args);
    if (last)
        *last = before;
    return st;
}

BREAK(ids_past_the_count, step_begin) {
    cam_status st = CALL_TARGET(step_begin, backend, args);
    if (args->ids.data && args->state->tokens < args->ids.shape[0])
        *index_of(args->ids, args->state->tokens) = 1;
    return st;
}

BREAK(list_of_places_on_rows, step_begin) {
    cam_status st = CALL_TARGET(step_begin, backend, args);
    for (int32_t b = 0; b < args->state->sequences && !args->ids.data; b++)
        *index_of(args->list, b) = b;
    return st;
}

BREAK(empty_step_passed_over, step_begin) {
    if (args->plan[args->state->cursor].rows > 0)
        return CALL_TARGET(step_begin, backend, args);
    args->state->cursor++;
    return CAM_OK;
}

BREAK(counts_of_the_last_step_kept, step_begin) {
    int32_t tokens = args->state->tokens, rows = args->plan[args->state->cursor].rows;
    cam_status st = CALL_TARGET(step_begin, backend, args);
    if (rows == 0)
        args->state->tokens = tokens;
    return st;
}

BREAK(slot_of_the_next, step_end) {
    cam_step_state state = *args->state;
    cam_step_end_args a = *args;
    state.step++;
    a.state = &state;
    cam_status st = CALL_TARGET(step_end, backend, &a);
    a.ring[state.step % (uint32_t)a.slots].step--;
    a.ring[state.step % (uint32_t)a.slots].sequence--;
    return st;
}

BREAK(sequence_from_zero, step_end) {
    cam_status st = CALL_TARGET(step_end, backend, args);
    args->ring[args->state->step % (uint32_t)args->slots].sequence--;
    return st;
}

BREAK(requests_not_recorded, step_end) {
    cam_status st = CALL_TARGET(step_end, backend, args);
    args->ring[args->state->step % (uint32_t)args->slots].requests = 0;
    return st;
}

BREAK(report_of_the_next, step_rank_report) {
    cam_step_rank_report_args a = *args;
    a.rank = (a.rank + 1) % a.ranks;
    return CALL_TARGET(step_rank_report, backend, &a);
}

BREAK(report_past_the_last, step_rank_report) {
    cam_step_rank_report_args a = *args;
    a.rank++;
    return CALL_TARGET(step_rank_report, backend, &a);
}

BREAK(report_added, step_rank_report) {
    double before = args->reports[args->rank].loss;
    cam_status st = CALL_TARGET(step_rank_report, backend, args);
    args->reports[args->rank].loss += before;
    return st;
}

BREAK(other_report_cleared, step_rank_report) {
    cam_status st = CALL_TARGET(step_rank_report, backend, args);
    if (args->ranks > 1)
        args->reports[args->rank > 0 ? 0 : 1] = (cam_rank_report){0};
    return st;
}

BREAK(request_dropped, step_rank_report) {
    cam_step_rank_report_args a = *args;
    a.request = NULL;
    return CALL_TARGET(step_rank_report, backend, &a);
}

BREAK(request_of_the_step_before, step_rank_report) {
    cam_status st = CALL_TARGET(step_rank_report, backend, args);
    args->reports[args->rank].request |= args->state->requests;
    return st;
}

BREAK(loss_merged_into_old, step_merge) {
    double before = args->state->loss;
    cam_status st = CALL_TARGET(step_merge, backend, args);
    args->state->loss += before;
    return st;
}

BREAK(requests_merged_into_old, step_merge) {
    uint32_t before = args->state->requests;
    cam_status st = CALL_TARGET(step_merge, backend, args);
    args->state->requests |= before;
    return st;
}

BREAK(last_rank_first, step_merge) {
    cam_status st = CALL_TARGET(step_merge, backend, args);
    args->state->loss = 0;
    for (int32_t r = args->ranks; r-- > 0;)
        args->state->loss += args->reports[r].loss;
    return st;
}

BREAK(merged_in_pairs, step_merge) {
    cam_status st = CALL_TARGET(step_merge, backend, args);
    double even = 0, odd = 0;
    for (int32_t r = 0; r < args->ranks; r++)
        *(r % 2 ? &odd : &even) += args->reports[r].loss;
    args->state->loss = even + odd;
    return st;
}

BREAK(last_rank_ignored, step_merge) {
    cam_status st = CALL_TARGET(step_merge, backend, args);
    args->state->requests = 0;
    for (int32_t r = 0; r < args->ranks - 1; r++)
        args->state->requests |= args->reports[r].request;
    return st;
}

BREAK(requests_cancel_out, step_merge) {
    cam_status st = CALL_TARGET(step_merge, backend, args);
    args->state->requests = 0;
    for (int32_t r = 0; r < args->ranks; r++)
        args->state->requests ^= args->reports[r].request;
    return st;
}

const broken_variant broken_storage[] = {
    VARIANT(stored_by_truncation, gelu_fwd),
    VARIANT(neighbours_swapped, residual_fwd),
    VARIANT(statistics_before_rounding, residual_fwd),
    VARIANT(wide_output_rounded, residual_fwd),
    VARIANT(sums_of_rounded, gelu_bwd),
    VARIANT(lse_rounded, attention_fwd),
    VARIANT(wide_gradient_rounded, linear_bwd_weight),
    VARIANT(one_unit_off, linear_fwd),
    VARIANT(bf16_tail_left, head_gather_fwd),
    VARIANT(gradients_in_order, norm_partial),
    VARIANT(counts_anyway, norm_final),
    VARIANT(decay_of_the_next, adamw),
    VARIANT(low_unsigned, adamw),
    VARIANT(low_forgotten, adamw),
    VARIANT(first_low_unit_touched, adamw),
    VARIANT(cursor_stuck, step_begin),
    VARIANT(always_finite_again, step_begin),
    VARIANT(loss_always_cleared, step_begin),
    VARIANT(correction_of_the_next, step_begin),
    VARIANT(place_for_data_row, step_begin),
    VARIANT(packed_index, step_begin),
    VARIANT(end_not_written, step_begin),
    VARIANT(ids_past_the_count, step_begin),
    VARIANT(list_of_places_on_rows, step_begin),
    VARIANT(empty_step_passed_over, step_begin),
    VARIANT(counts_of_the_last_step_kept, step_begin),
    VARIANT(slot_of_the_next, step_end),
    VARIANT(sequence_from_zero, step_end),
    VARIANT(requests_not_recorded, step_end),
    VARIANT(report_of_the_next, step_rank_report),
    VARIANT(report_past_the_last, step_rank_report),
    VARIANT(report_added, step_rank_report),
    VARIANT(other_report_cleared, step_rank_report),
    VARIANT(request_dropped, step_rank_report),
    VARIANT(request_of_the_step_before, step_rank_report),
    VARIANT(loss_merged_into_old, step_merge),
    VARIANT(requests_merged_into_old, step_merge),
    VARIANT(last_rank_first, step_merge),
    VARIANT(merged_in_pairs, step_merge),
    VARIANT(last_rank_ignored, step_merge),
    VARIANT(requests_cancel_out, step_merge),
};
const size_t broken_storage_count = sizeof broken_storage / sizeof *broken_storage;
