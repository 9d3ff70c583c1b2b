/* step.cu: packing of a micro-step's batch, its masks, the ranks' reports, and the record of a finished optimizer step.
 *
 * Each is one launch of one block. A batch is at most a few thousand tokens, and with one block a barrier is enough
 * between the last read of the step state and its change.
 */
#include "cuda.cuh"

enum { BEGIN_THREADS = 1024, BEGIN_WARPS = BEGIN_THREADS / CAM_WARP };
enum { MASK_TOKENS = 4 /* of a thread at a time */, MASK_TILE = BEGIN_THREADS * MASK_TOKENS };

namespace {
struct batch {
    int32_t *ids, *positions, *token_row, *token_index, *cu_seqlens;
    int32_t *row, *list, *list_index, *list_cu, *labels;
};
struct data_set {
    const int32_t *order, *offsets, *ids, *labels;
    int32_t pad_id, pad_position, first_position;
};
struct masked_batch {
    int32_t *masked, *list, *list_row, *list_index, *list_cu, *labels;
    const int32_t *ids, *token_row, *token_index, *piece_kind;
    int32_t capacity; /* of the lists */
};
/* The sequences of a tile of BEGIN_THREADS, as the warps need them. */
struct tile {
    int32_t warp_total[BEGIN_WARPS];
    int32_t source[BEGIN_THREADS], start[BEGIN_THREADS], length[BEGIN_THREADS], row[BEGIN_THREADS];
};
} // namespace

/* Inclusive prefix sum over the lanes of a warp. */
CAM_DEVICE int32_t warp_prefix(int32_t v) {
    int lane = cam_lane();
    for (int delta = 1; delta < CAM_WARP; delta *= 2) {
        int32_t before = cam_shuffle(v, lane >= delta ? lane - delta : lane);
        v += lane >= delta ? before : 0;
    }
    return v;
}

/* Exclusive prefix sum over the threads of a block; *total is the sum over all of them. */
CAM_DEVICE int32_t block_prefix(int32_t v, int32_t *warp_total, int32_t *total) {
    static_assert(BEGIN_WARPS == CAM_WARP, "a warp adds up one total a lane");
    int32_t inclusive = warp_prefix(v);
    if (cam_lane() == CAM_WARP - 1)
        warp_total[cam_warp()] = inclusive;
    cam_sync_block();
    int32_t of_warp = warp_total[cam_lane()], warps = warp_prefix(of_warp);
    *total = cam_shuffle(warps, CAM_WARP - 1);
    return cam_shuffle(warps - of_warp, cam_warp()) + inclusive - v;
}

/* Writes the tokens of `sequences` sequences, a warp a sequence. */
CAM_DEVICE void pack_tokens(const tile *t, int sequences, batch to, data_set from) {
    for (int s = cam_warp(); s < sequences; s += BEGIN_WARPS) {
        const int32_t *ids = from.ids + t->source[s];
        int32_t start = t->start[s], length = t->length[s], row = t->row[s], next = from.first_position;
        for (int32_t first = 0; first < length; first += CAM_WARP) {
            int32_t j = first + cam_lane(), id = j < length ? ids[j] : from.pad_id;
            int32_t counted = warp_prefix((int32_t)(id != from.pad_id)); /* this token included */
            if (j < length) {
                to.ids[start + j] = id;
                to.positions[start + j] = id == from.pad_id ? from.pad_position : next + counted - 1;
                to.token_row[start + j] = row;
                to.token_index[start + j] = j;
            }
            next += cam_shuffle(counted, CAM_WARP - 1);
        }
    }
}

/* step_begin: the outputs are listed in cam/ops.h.
 *   block   the whole batch, in tiles of BEGIN_THREADS sequences
 *   thread  one sequence of a tile: its row of the data set, its length, and its start (a prefix sum)
 *   warp    the tokens of every BEGIN_WARPS-th sequence of the tile
 * Bytes: 20 a token and 28 a sequence. Its time is that of five dependent loads, about 2 us. Shared: 16.5 KB. */
CAM_KERNEL_AT_LEAST(BEGIN_THREADS, 1)
step_begin_kernel(batch to, data_set from, const cam_micro_step *plan, const cam_bias_corrections *corrections,
                  cam_step_state *state) {
    CAM_SHARED(tile, t);
    const cam_micro_step *micro = plan + state->cursor;
    int32_t first_row = micro->first, rows = micro->rows, packed = 0;
    for (int32_t first = 0; first == 0 || first < rows; first += BEGIN_THREADS) {
        int32_t b = first + (int32_t)threadIdx.x, row = 0, source = 0, length = 0, total = 0;
        if (b < rows) {
            row = from.order[first_row + b];
            if (to.ids) {
                source = from.offsets[row];
                length = from.offsets[row + 1] - source;
            }
        }
        int32_t start = packed + block_prefix(length, t->warp_total, &total);
        if (b < rows) {
            to.row[b] = row;
            to.list[b] = to.ids ? start : row;
            to.list_index[b] = 0;
            to.list_cu[b] = b;
            to.labels[b] = from.labels ? from.labels[row] : 0;
            if (to.ids)
                to.cu_seqlens[b] = start;
            t->source[threadIdx.x] = source;
            t->start[threadIdx.x] = start;
            t->length[threadIdx.x] = length;
            t->row[threadIdx.x] = row;
        }
        cam_sync_block();
        if (to.ids)
            pack_tokens(t, rows - first < BEGIN_THREADS ? rows - first : BEGIN_THREADS, to, from);
        packed += total;
        cam_sync_block();
    }
    /* Every thread has read the cursor: the loop with its barriers runs at least once, even without rows. */
    if (threadIdx.x != 0)
        return;
    to.list_cu[rows] = rows;
    if (to.ids)
        to.cu_seqlens[rows] = packed;
    cam_micro_step m = *micro;
    cam_bias_corrections correction = corrections[state->updates];
    state->step = m.step;
    state->epoch = m.epoch;
    state->learning_rate = m.learning_rate;
    state->loss_denominator = m.loss_denominator;
    state->tokens = to.ids ? m.tokens : 0;
    state->sequences = state->head_rows = rows;
    state->inverse_correction1 = correction.inverse1;
    state->root_correction2 = correction.root2;
    if (m.begins) {
        state->loss = 0;
        state->clip_scale = 1;
        if (state->skip_nonfinite)
            state->finite = 1;
    }
    state->cursor++;
}

/* Whether token t, the `index`-th of its row, is chosen. */
CAM_DEVICE bool is_chosen(const masked_batch &b, const cam_masking_map &map, const cam_step_state *state, int32_t t,
                          int32_t index) {
    const int32_t *ids = b.ids + t - index;
    if (map.choice != CAM_CHOOSE_DRAWN)
        return map.choice == CAM_CHOOSE_ALL || ids[index] == map.mask_id;
    if (b.piece_kind[ids[index]] & CAM_PIECE_SPECIAL)
        return false;
    int32_t word = cam_masking_word(&map, ids, b.piece_kind, index);
    return cam_masking_chooses(&map, state->seed, state->epoch, (uint32_t)b.token_row[t], (uint32_t)word);
}

/* Writes token t and, if it is chosen, query row `at`. */
CAM_DEVICE void write_token(const masked_batch &b, const cam_masking_map &map, const cam_step_state *state, int32_t t,
                            int32_t index, bool chosen, int32_t at) {
    int32_t id = b.ids[t], row = b.token_row[t], becomes = id;
    if (chosen && map.choice == CAM_CHOOSE_DRAWN)
        becomes =
            cam_masking_replacement(&map, b.piece_kind, state->seed, state->epoch, (uint32_t)row, (uint32_t)index, id);
    b.masked[t] = becomes;
    if (!chosen || at >= b.capacity)
        return;
    b.list[at] = t;
    b.list_row[at] = row;
    b.list_index[at] = index;
    b.labels[at] = id;
}

/* step_mask: the outputs are listed in cam/ops.h.
 *   block   the whole batch, in tiles of MASK_TILE tokens
 *   thread  MASK_TOKENS neighbours; its place in the lists is a prefix sum over the tile, of chosen tokens in the lower
 *           half of a word and of sequences that begin in the upper half
 * Bytes: 16 a token and 16 a chosen one. Whole words look back to the word's first piece. */
CAM_KERNEL_AT_LEAST(BEGIN_THREADS, 1) step_mask_kernel(masked_batch b, cam_masking_map map, cam_step_state *state) {
    static_assert(MASK_TILE < 1 << 15, "a tile's counts fit into half a word");
    CAM_SHARED(int32_t, warp_total);
    int32_t tokens = state->tokens, chosen_before = 0, sequences_before = 0;
    for (int32_t first = 0; first == 0 || first < tokens; first += MASK_TILE) {
        int32_t begin = first + (int32_t)threadIdx.x * MASK_TOKENS, index[MASK_TOKENS], count = 0, total = 0;
        bool chosen[MASK_TOKENS];
#pragma unroll
        for (int i = 0; i < MASK_TOKENS; i++) {
            index[i] = begin + i < tokens ? b.token_index[begin + i] : -1;
            chosen[i] = index[i] >= 0 && is_chosen(b, map, state, begin + i, index[i]);
            count += (int32_t)chosen[i] + ((int32_t)(index[i] == 0) << 16);
        }
        int32_t before = block_prefix(count, warp_total, &total);
        int32_t at = chosen_before + (before & 0xffff), sequence = sequences_before + (before >> 16);
#pragma unroll
        for (int i = 0; i < MASK_TOKENS; i++) {
            if (index[i] < 0)
                continue;
            if (index[i] == 0)
                b.list_cu[sequence++] = at;
            write_token(b, map, state, begin + i, index[i], chosen[i], at);
            at += (int32_t)chosen[i];
        }
        chosen_before += total & 0xffff;
        sequences_before += total >> 16;
        cam_sync_block();
    }
    if (threadIdx.x != 0)
        return;
    b.list_cu[sequences_before] = chosen_before;
    state->head_rows = chosen_before < b.capacity ? chosen_before : b.capacity;
}

/* step_end: one thread writes 48 bytes to mapped host memory. */
CAM_KERNEL(1) step_end_kernel(cam_step_record *ring, int32_t slots, const cam_step_state *state) {
    cam_step_record *record = ring + state->step % (uint32_t)slots;
    record->loss = state->loss;
    record->grad_norm = state->grad_norm;
    record->learning_rate = state->learning_rate;
    record->time_ns = cam_clock_ns();
    record->step = state->step;
    record->finite = state->finite;
    record->requests = state->requests;
    cam_fence_system();
    record->sequence = state->step + 1;
}

/* step_rank_report: one thread writes 16 bytes. The request is in mapped memory that the host may write at any time:
 * every launch reads it once. */
CAM_KERNEL(1) step_rank_report_kernel(cam_rank_report *report, const uint32_t *request, const cam_step_state *state) {
    report->loss = state->loss;
    report->request = request ? *static_cast<const volatile uint32_t *>(request) : 0;
    report->unused = 0;
}

/* step_merge: one thread, so that the order of the sum is fixed; its loads are independent. Reads 16 bytes a rank. */
CAM_KERNEL(1) step_merge_kernel(const cam_rank_report *reports, int32_t ranks, cam_step_state *state) {
    double loss = 0;
    uint32_t requests = 0;
#pragma unroll 8
    for (int32_t r = 0; r < ranks; r++) {
        loss += reports[r].loss;
        requests |= reports[r].request;
    }
    state->loss = loss;
    state->requests = requests;
}

static int32_t *indices(cam_tensor t) {
    return static_cast<int32_t *>(t.data);
}

cam_status cam_cuda_step_begin(cam_backend *backend, const cam_step_begin_args *args) {
    batch to = {indices(args->ids),         indices(args->positions),  indices(args->token_row),
                indices(args->token_index), indices(args->cu_seqlens), indices(args->row),
                indices(args->list),        indices(args->list_index), indices(args->list_cu),
                indices(args->labels)};
    data_set from = {indices(args->order), indices(args->offsets), indices(args->data_ids), indices(args->data_labels),
                     args->pad_id,         args->pad_position,     args->first_position};
    return CAM_LAUNCH(backend, step_begin_kernel, 1, BEGIN_THREADS, sizeof(tile), to, from, args->plan,
                      args->corrections, args->state);
}

cam_status cam_cuda_step_mask(cam_backend *backend, const cam_step_mask_args *args) {
    masked_batch b = {indices(args->masked),     indices(args->list),         indices(args->list_row),
                      indices(args->list_index), indices(args->list_cu),      indices(args->labels),
                      indices(args->ids),        indices(args->token_row),    indices(args->token_index),
                      indices(args->piece_kind), (int32_t)args->list.shape[0]};
    return CAM_LAUNCH(backend, step_mask_kernel, 1, BEGIN_THREADS, BEGIN_WARPS * sizeof(int32_t), b, args->map,
                      args->state);
}

cam_status cam_cuda_step_end(cam_backend *backend, const cam_step_end_args *args) {
    return CAM_LAUNCH(backend, step_end_kernel, 1, 1, 0, args->ring, args->slots, args->state);
}

cam_status cam_cuda_step_rank_report(cam_backend *backend, const cam_step_rank_report_args *args) {
    return CAM_LAUNCH(backend, step_rank_report_kernel, 1, 1, 0, args->reports + args->rank, args->request,
                      args->state);
}

cam_status cam_cuda_step_merge(cam_backend *backend, const cam_step_merge_args *args) {
    return CAM_LAUNCH(backend, step_merge_kernel, 1, 1, 0, args->reports, args->ranks, args->state);
}
