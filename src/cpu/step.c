/* step.c: packing of a micro-step's batch from the data set, its masks, the ranks' reports, and the step record for the
 * host.
 */
#include "clock.h"
#include "cpu_internal.h"

static int32_t *writable_i32(cam_tensor t) {
    return t.data;
}

/* Writes the tokens of data row d from packed token `at` on and returns how many there are. */
static int32_t pack_sequence(const cam_step_begin_args *a, int32_t d, int32_t at) {
    const int32_t *offsets = cam_cpu_indices(a->offsets);
    int32_t begin = offsets[d], length = offsets[d + 1] - begin, next = a->first_position;
    const int32_t *ids = cam_cpu_indices(a->data_ids) + begin;
    memcpy(writable_i32(a->ids) + at, ids, (size_t)length * sizeof(int32_t));
    for (int32_t j = 0; j < length; j++) {
        writable_i32(a->positions)[at + j] = ids[j] == a->pad_id ? a->pad_position : next++;
        writable_i32(a->token_row)[at + j] = d;
        writable_i32(a->token_index)[at + j] = j;
    }
    return length;
}

static void pack(const cam_step_begin_args *a, const cam_micro_step *m) {
    const int32_t *order = cam_cpu_indices(a->order) + m->first;
    int packs = a->ids.data != NULL;
    int32_t at = 0;
    for (int32_t b = 0; b < m->rows; b++) {
        int32_t d = order[b];
        writable_i32(a->row)[b] = d;
        writable_i32(a->list)[b] = packs ? at : d;
        writable_i32(a->list_index)[b] = 0;
        writable_i32(a->list_cu)[b] = b;
        writable_i32(a->labels)[b] = a->data_labels.data ? cam_cpu_indices(a->data_labels)[d] : 0;
        if (packs) {
            writable_i32(a->cu_seqlens)[b] = at;
            at += pack_sequence(a, d, at);
        }
    }
    writable_i32(a->list_cu)[m->rows] = m->rows;
    if (packs)
        writable_i32(a->cu_seqlens)[m->rows] = at;
}

cam_status CAM_CPU_NAME(cam_cpu_step_begin)(cam_backend *backend, const cam_step_begin_args *args) {
    cam_step_state *state = args->state;
    const cam_micro_step *m = &args->plan[state->cursor];
    const cam_bias_corrections *corrections = &args->corrections[state->updates];
    (void)backend;
    pack(args, m);
    state->step = m->step;
    state->epoch = m->epoch;
    state->learning_rate = m->learning_rate;
    state->loss_denominator = m->loss_denominator;
    state->tokens = args->ids.data ? m->tokens : 0;
    state->sequences = state->head_rows = m->rows;
    state->inverse_correction1 = corrections->inverse1;
    state->root_correction2 = corrections->root2;
    if (m->begins) {
        state->loss = 0;
        state->clip_scale = 1;
        state->finite |= state->skip_nonfinite;
    }
    state->cursor++;
    return CAM_OK;
}

/* Writes token t, which is chosen, as query row `at`. */
static void choose(const cam_step_mask_args *a, int32_t t, int32_t at) {
    int32_t row = cam_cpu_indices(a->token_row)[t], index = cam_cpu_indices(a->token_index)[t];
    int32_t id = cam_cpu_indices(a->ids)[t];
    writable_i32(a->list)[at] = t;
    writable_i32(a->list_row)[at] = row;
    writable_i32(a->list_index)[at] = index;
    writable_i32(a->labels)[at] = id;
    if (a->map.choice == CAM_CHOOSE_DRAWN)
        writable_i32(a->masked)[t] = cam_masking_replacement(&a->map, cam_cpu_indices(a->piece_kind), a->state->seed,
                                                             a->state->epoch, (uint32_t)row, (uint32_t)index, id);
}

static int is_chosen(const cam_step_mask_args *a, int32_t t) {
    int32_t row = cam_cpu_indices(a->token_row)[t], index = cam_cpu_indices(a->token_index)[t];
    const int32_t *ids = cam_cpu_indices(a->ids) + t - index, *kind = cam_cpu_indices(a->piece_kind);
    if (a->map.choice != CAM_CHOOSE_DRAWN)
        return a->map.choice == CAM_CHOOSE_ALL || ids[index] == a->map.mask_id;
    if (kind[ids[index]] & CAM_PIECE_SPECIAL)
        return 0;
    int32_t word = cam_masking_word(&a->map, ids, kind, index);
    return cam_masking_chooses(&a->map, a->state->seed, a->state->epoch, (uint32_t)row, (uint32_t)word);
}

cam_status CAM_CPU_NAME(cam_cpu_step_mask)(cam_backend *backend, const cam_step_mask_args *args) {
    int32_t tokens = args->state->tokens, capacity = (int32_t)args->list.shape[0], chosen = 0, sequence = 0;
    (void)backend;
    memcpy(args->masked.data, args->ids.data, (size_t)tokens * sizeof(int32_t));
    for (int32_t t = 0; t < tokens; t++) {
        if (cam_cpu_indices(args->token_index)[t] == 0)
            writable_i32(args->list_cu)[sequence++] = chosen;
        if (is_chosen(args, t) && chosen < capacity)
            choose(args, t, chosen++);
    }
    writable_i32(args->list_cu)[sequence] = chosen;
    args->state->head_rows = chosen;
    return CAM_OK;
}

cam_status CAM_CPU_NAME(cam_cpu_step_end)(cam_backend *backend, const cam_step_end_args *args) {
    const cam_step_state *state = args->state;
    (void)backend;
    args->ring[state->step % (uint32_t)args->slots] = (cam_step_record){.loss = state->loss,
                                                                        .grad_norm = state->grad_norm,
                                                                        .learning_rate = state->learning_rate,
                                                                        .time_ns = cam_now_ns(),
                                                                        .step = state->step,
                                                                        .finite = state->finite,
                                                                        .sequence = state->step + 1,
                                                                        .requests = state->requests};
    return CAM_OK;
}

cam_status CAM_CPU_NAME(cam_cpu_step_rank_report)(cam_backend *backend, const cam_step_rank_report_args *args) {
    /* Another host thread may write it at the same time. */
    uint32_t request = args->request ? __atomic_load_n(args->request, __ATOMIC_RELAXED) : 0;
    (void)backend;
    args->reports[args->rank] = (cam_rank_report){.loss = args->state->loss, .request = request};
    return CAM_OK;
}

cam_status CAM_CPU_NAME(cam_cpu_step_merge)(cam_backend *backend, const cam_step_merge_args *args) {
    double loss = 0;
    uint32_t requests = 0;
    (void)backend;
    for (int32_t r = 0; r < args->ranks; r++) {
        loss += args->reports[r].loss;
        requests |= args->reports[r].request;
    }
    args->state->loss = loss;
    args->state->requests = requests;
    return CAM_OK;
}
