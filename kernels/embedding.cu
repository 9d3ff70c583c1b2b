/* embedding.cu: word + position + type rows, LayerNorm, dropout; and the scatter of their gradients.
 *
 * The scatter needs no atomics. Tokens are sorted by (row of the table, token). The block of the first token of a row
 * in this order adds all tokens of that row, which follow it.
 */
#include "columns.cuh"
#include "dropout.cuh"
#include "layernorm.cuh"

/* The three tables. */
struct embedding_tables {
    const int32_t *ids, *positions;
    const float *word, *position, *type;
};

/* v = word + type + position of one token, unit at `column`. */
CAM_DEVICE void embedding_sum(float v[CAM_UNIT], const embedding_tables &tables, int32_t id, int32_t position,
                              int columns, int column) {
    float more[CAM_UNIT];
    cam_unit<float, CAM_UNIT> last = cam_unit_load<CAM_UNIT>(tables.position + (int64_t)position * columns + column);
    cam_unit_read<CAM_UNIT>(v, tables.word + (int64_t)id * columns + column);
    cam_unit_read<CAM_UNIT>(more, tables.type + column);
#pragma unroll
    for (int i = 0; i < CAM_UNIT; i++)
        v[i] += more[i];
    cam_unit_f32<float, CAM_UNIT>(more, last);
#pragma unroll
    for (int i = 0; i < CAM_UNIT; i++)
        v[i] += more[i];
}

/* embedding_fwd_rows: y = dropout(LN(word[id] + type + position[position])).
 * A block owns the rows of its groups (H = 768: four, a warp each), a thread up to three units of its row. A row past
 * the true count is set to zero. Bytes: H (8 + sizeof T) a row. Limit: H <= 4096. Source: Ba, Kiros, Hinton 2016. */
template <typename T>
CAM_KERNEL(CAM_ROW_MAX_THREADS)
embedding_fwd_rows(T *y, float *mean, float *rstd, embedding_tables tables, const float *gamma, const float *beta,
                   float eps, cam_row_layout layout, int capacity, cam_dropout_map dropout,
                   const cam_step_state *state) {
    CAM_SHARED(float, slots);
    cam_row_place at = cam_row_place_of(layout);
    int64_t r = (int64_t)blockIdx.x * layout.groups + at.group;
    bool real = r < state->tokens;
    cam_dropout_row row = {0, 0};
    cam_row_values v;
    cam_row_clear(v);
    if (real) {
        int32_t id = tables.ids[r], position = tables.positions[r];
        row = cam_dropout_row_of(dropout, r, layout.columns);
#pragma unroll
        for (int k = 0; k < CAM_ROW_UNITS; k++)
            if (cam_row_has(at, k))
                embedding_sum(v[k], tables, id, position, layout.columns, cam_row_column(at, k));
    }
    cam_layernorm_statistics s = cam_layernorm_measure(v, layout, at, eps, slots);
    if (r >= capacity)
        return;
    if (real) {
#pragma unroll
        for (int k = 0; k < CAM_ROW_UNITS; k++)
            if (cam_row_has(at, k))
                cam_layernorm_apply(v[k], s, gamma, beta, cam_row_column(at, k));
        cam_dropout_units<CAM_ROW_UNITS>(v, dropout, cam_dropout_seed_of(dropout, state), row, at.unit);
    }
#pragma unroll
    for (int k = 0; k < CAM_ROW_UNITS; k++)
        if (cam_row_has(at, k))
            cam_unit_write<CAM_UNIT>(y + r * layout.columns + cam_row_column(at, k), v[k]);
    if (at.unit == 0) {
        mean[r] = real ? s.mean : 0.0f;
        rstd[r] = real ? s.rstd : 0.0f;
    }
}

template <typename T> static cam_status embedding_fwd(cam_backend *backend, const cam_embedding_fwd_args *a) {
    cam_row_layout layout = cam_row_layout_of(a->y.shape[1]);
    embedding_tables tables = {(const int32_t *)a->ids.data, (const int32_t *)a->positions.data,
                               (const float *)a->word.data, (const float *)a->position.data,
                               (const float *)a->type.data};
    return CAM_LAUNCH(backend, (embedding_fwd_rows<T>), cam_blocks(a->y.shape[0], layout.groups),
                      cam_row_threads(&layout), cam_layernorm_shared(&layout), (T *)a->y.data, (float *)a->mean.data,
                      (float *)a->rstd.data, tables, (const float *)a->gamma.data, (const float *)a->beta.data, a->eps,
                      layout, (int)a->y.shape[0], cam_dropout_map_of(&a->dropout), a->state);
}

cam_status cam_cuda_embedding_fwd(cam_backend *backend, const cam_embedding_fwd_args *args) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_row_check("embedding_fwd", args->y.shape[1]));
    if (args->y.dtype == CAM_F32)
        CAM_TRY(embedding_fwd<float>(backend, args));
    else
        CAM_TRY(embedding_fwd<cam_bf16>(backend, args));
out:
    return st;
}

/* --- backward ---------------------------------------------------------------------------------------------------- */

/* A token in its place among all, ordered by (key, token). */
struct alignas(8) embedding_entry {
    int32_t key, token;
};

/* Arguments of both launches of backward. */
struct embedding_bwd_work {
    embedding_tables tables;
    float *dword, *dposition;
    const float *mean, *rstd, *gamma;
    float *dsum;                            /* [T, H] gradients of the tokens' sums */
    float *partials;                        /* [row_blocks, 3, H] */
    embedding_entry *by_word, *by_position; /* [T] */
    int64_t word_count, position_count;     /* floats of dword and dposition */
    cam_row_layout layout;
    int columns, capacity, block_rows, row_blocks;
    int32_t pad_word, pad_position;
    int accumulate_word, accumulate_position;
};

enum {
    EMBEDDING_RANKED = 4, /* tokens that a warp ranks at once */
    EMBEDDING_ZEROED = 16 /* 16-byte words that a thread zeroes */
};

/* less[k] += the number of ids [from, to) below bound[k]; a lane counts every 32nd. */
CAM_DEVICE void embedding_count(int32_t less[EMBEDDING_RANKED], const int32_t bound[EMBEDDING_RANKED],
                                const int32_t *ids, int from, int to) {
#pragma unroll 4
    for (int i = from + cam_lane(); i < to; i += CAM_WARP) {
        int32_t id = ids[i];
#pragma unroll
        for (int k = 0; k < EMBEDDING_RANKED; k++)
            less[k] += id < bound[k];
    }
}

/* Writes this warp's tokens to their sorted positions; `first` is a multiple of EMBEDDING_RANKED. A token's position is
 * the number of tokens with a smaller key plus the number of earlier tokens with the same key. */
CAM_DEVICE void embedding_rank(embedding_entry *sorted, const int32_t *ids, int first, int count) {
    if (first >= count)
        return;
    int32_t less[EMBEDDING_RANKED] = {0}, key[EMBEDDING_RANKED], bound[EMBEDDING_RANKED];
    int group = first / CAM_WARP * CAM_WARP, i = group + cam_lane();
#pragma unroll
    for (int k = 0; k < EMBEDDING_RANKED; k++) {
        key[k] = first + k < count ? ids[first + k] : 0;
        bound[k] = key[k] + 1;
    }
    embedding_count(less, bound, ids, 0, group);
    int32_t id = i < count ? ids[i] : INT32_MAX;
#pragma unroll
    for (int k = 0; k < EMBEDDING_RANKED; k++)
        less[k] += id < (i < first + k ? bound[k] : key[k]);
    embedding_count(less, key, ids, group + CAM_WARP, count);
#pragma unroll
    for (int k = 0; k < EMBEDDING_RANKED; k++) {
        int32_t rank = cam_warp_sum(less[k]);
        if (cam_lane() == k && first + k < count)
            sorted[rank] = embedding_entry{key[k], first + k};
    }
}

/* Sets this block's part of `table` to zero. */
CAM_DEVICE void embedding_zero(float *table, int64_t count, int64_t block) {
    int64_t at = (block * blockDim.x * EMBEDDING_ZEROED + threadIdx.x) * 4;
    for (int i = 0; i < EMBEDDING_ZEROED; i++, at += (int64_t)blockDim.x * 4)
        if (at < count)
            cam_store(reinterpret_cast<cam_vec<float, 4> *>(table + at), cam_vec<float, 4>{{0, 0, 0, 0}});
}

/* What one thread loads for a token before it sums; zeros past the last token. */
template <typename T> struct embedding_bwd_input {
    cam_unit<T, CAM_UNIT> dy[CAM_ROW_UNITS];
    int32_t id, position;
    float mean, rstd;
    cam_dropout_row row;
};

template <typename T>
CAM_DEVICE embedding_bwd_input<T> embedding_bwd_load(const T *dy, const embedding_bwd_work &w,
                                                     const cam_dropout_map &dropout, int64_t r, const cam_row_place &at,
                                                     bool real) {
    embedding_bwd_input<T> in = {};
    if (!real)
        return in;
#pragma unroll
    for (int k = 0; k < CAM_ROW_UNITS; k++)
        if (cam_row_has(at, k))
            in.dy[k] = cam_unit_load<CAM_UNIT>(dy + r * w.columns + cam_row_column(at, k));
    in.id = w.tables.ids[r];
    in.position = w.tables.positions[r];
    in.mean = w.mean[r];
    in.rstd = w.rstd[r];
    in.row = cam_dropout_row_of(dropout, r, w.columns);
    return in;
}

/* dsum of the rows of block `block`, and its partial sums of dgamma, dbeta and dtype, as in residual_bwd_rows. */
template <typename T>
CAM_DEVICE void embedding_rows(const T *dy, const embedding_bwd_work &w, const cam_dropout_map &dropout,
                               const cam_step_state *state, int64_t block, float *slots) {
    cam_row_place at = cam_row_place_of(w.layout);
    int groups = w.layout.groups, warps = groups * w.layout.warps, turn = 0;
    int64_t begin = block * w.block_rows, count = state->tokens;
    count = count < begin + w.block_rows ? count : begin + w.block_rows;
    cam_dropout_seed seed = cam_dropout_seed_of(dropout, state);
    cam_layernorm_sums sums;
    cam_layernorm_sums_clear(&sums);
    int64_t r = begin + at.group;
    embedding_bwd_input<T> next = embedding_bwd_load(dy, w, dropout, r, at, r < count);
#pragma unroll 1
    for (int64_t first = begin; first < count; first += groups, r += groups, turn ^= 1) {
        embedding_bwd_input<T> in = next;
        cam_row_values d, n;
        cam_row_clear(n);
#pragma unroll
        for (int k = 0; k < CAM_ROW_UNITS; k++)
            cam_unit_f32<T, CAM_UNIT>(d[k], in.dy[k]);
        cam_dropout_units<CAM_ROW_UNITS>(d, dropout, seed, in.row, at.unit);
#pragma unroll
        for (int k = 0; k < CAM_ROW_UNITS; k++) {
            if (!cam_row_has(at, k) || r >= count)
                continue;
            embedding_sum(n[k], w.tables, in.id, in.position, w.columns, cam_row_column(at, k));
#pragma unroll
            for (int i = 0; i < CAM_UNIT; i++) {
                n[k][i] = (n[k][i] - in.mean) * in.rstd;
                sums.of[0][k][i] += d[k][i] * n[k][i];
                sums.of[1][k][i] += d[k][i];
            }
        }
        float sum[2];
        cam_layernorm_weigh(sum, d, n, w.gamma, at);
        next = embedding_bwd_load(dy, w, dropout, r + groups, at, r + groups < count);
        cam_layernorm_gradient(d, n, sum, in.rstd, w.layout, at, slots + turn * 2 * warps);
#pragma unroll
        for (int k = 0; k < CAM_ROW_UNITS; k++) {
            if (!cam_row_has(at, k) || r >= count)
                continue;
            cam_unit_write<CAM_UNIT>(w.dsum + r * w.columns + cam_row_column(at, k), d[k]);
#pragma unroll
            for (int i = 0; i < CAM_UNIT; i++)
                sums.of[2][k][i] += d[k][i];
        }
    }
    cam_layernorm_sums_write(w.partials + block * CAM_LAYERNORM_SUMS * w.columns, &sums, w.layout, at,
                             slots + 4 * warps);
}

/* embedding_bwd_prepare: everything that the gradients of the tables need, in one launch. The grid has, in order:
 *   blocks of rows   dsum = LN'(dropout(dy)) at the sum, which is computed again; partial column sums of dgamma, dbeta
 *                    and dtype
 *   sorting blocks   tokens sorted by word, then by position: a warp sorts in four tokens
 *   zeroing blocks   dword and dposition set to zero, if they are `=`
 * Bytes: H (sizeof T + 12) a token, 4 H a table row; the T^2 / 2 comparisons take less time than these bytes.
 * Limit: H <= 4096. */
template <typename T>
CAM_KERNEL(CAM_ROW_MAX_THREADS)
embedding_bwd_prepare(const T *dy, embedding_bwd_work w, int rank_blocks, int word_blocks, cam_dropout_map dropout,
                      const cam_step_state *state) {
    CAM_SHARED(float, slots);
    int64_t block = blockIdx.x;
    if (block < w.row_blocks) {
        embedding_rows(dy, w, dropout, state, block, slots);
        return;
    }
    block -= w.row_blocks;
    if (block < 2 * rank_blocks) {
        int warp = (int)(block % rank_blocks) * ((int)blockDim.x / CAM_WARP) + cam_warp();
        if (block < rank_blocks)
            embedding_rank(w.by_word, w.tables.ids, warp * EMBEDDING_RANKED, state->tokens);
        else
            embedding_rank(w.by_position, w.tables.positions, warp * EMBEDDING_RANKED, state->tokens);
        return;
    }
    block -= 2 * rank_blocks;
    if (block < word_blocks)
        embedding_zero(w.dword, w.word_count, block);
    else
        embedding_zero(w.dposition, w.position_count, block - word_blocks);
}

enum { EMBEDDING_DEPTH = 16, EMBEDDING_TAIL = 4, EMBEDDING_TABLE_THREADS = 256 };

/* sum += dsum of the first `count` (at most DEPTH) tokens of `entries`. Called by whole warps. Past `count` the last
 * token is loaded again. The warp barrier between loads and sums keeps DEPTH loads in flight: without it the compiler
 * loads one row after another to save registers. */
template <int DEPTH>
CAM_DEVICE void embedding_add(cam_vec<float, 4> *sum, const float *dsum, const embedding_entry *entries, int count,
                              int columns) {
    cam_vec<float, 4> more[DEPTH];
    int32_t token[DEPTH];
#pragma unroll
    for (int i = 0; i < DEPTH; i++)
        token[i] = entries[i < count ? i : count - 1].token;
    cam_sync_warp();
#pragma unroll
    for (int i = 0; i < DEPTH; i++)
        more[i] = cam_load(reinterpret_cast<const cam_vec<float, 4> *>(dsum + (int64_t)token[i] * columns));
    cam_sync_warp();
#pragma unroll
    for (int i = 0; i < DEPTH; i++)
#pragma unroll
        for (int j = 0; j < 4; j++)
            sum->at[j] += i < count ? more[i].at[j] : 0.0f;
}

/* If sorted[at] is the first token with its key: table[key] (=|+=) the sum of dsum over all tokens with this key, in
 * ascending order. Otherwise does nothing. A thread owns four columns. The additions are sequential, so
 * EMBEDDING_DEPTH tokens are loaded at once. */
CAM_DEVICE void embedding_gather(float *table, const embedding_entry *sorted, int at, int32_t pad, int accumulate,
                                 const embedding_bwd_work &w, int count) {
    typedef cam_vec<float, 4> vector;
    if (at >= count)
        return;
    int32_t key = sorted[at].key;
    if (key == pad || (at > 0 && sorted[at - 1].key == key))
        return;
    int end = at; /* end of the tokens with this key */
    for (int same = CAM_WARP; same == CAM_WARP; end += same) {
        int i = end + cam_lane();
        same = cam_warp_sum((int32_t)(i < count && sorted[i].key == key));
    }
    for (int begin = 0; begin < w.columns; begin += (int)blockDim.x * 4) {
        bool here = begin + (int)threadIdx.x * 4 < w.columns;
        int c = here ? begin + (int)threadIdx.x * 4 : 0, k = at;
        vector *to = reinterpret_cast<vector *>(table + (int64_t)key * w.columns + c);
        vector sum = accumulate ? cam_load(to) : vector{{0, 0, 0, 0}};
#pragma unroll 1
        for (; k + EMBEDDING_DEPTH <= end; k += EMBEDDING_DEPTH)
            embedding_add<EMBEDDING_DEPTH>(&sum, w.dsum + c, sorted + k, EMBEDDING_DEPTH, w.columns);
#pragma unroll 1
        for (; k < end; k += EMBEDDING_TAIL)
            embedding_add<EMBEDDING_TAIL>(&sum, w.dsum + c, sorted + k, end - k, w.columns);
        if (here)
            cam_store(to, sum);
    }
}

/* embedding_bwd_tables: dword and dposition, a block a token in sorted order; the last blocks are the second stage of
 * the column sums. Bytes: 8 H a token, 4 H a used row of a table. */
CAM_KERNEL(EMBEDDING_TABLE_THREADS)
embedding_bwd_tables(embedding_bwd_work w, cam_column_sums sums, const cam_step_state *state) {
    CAM_SHARED(float, shared);
    int block = (int)blockIdx.x;
    if (block < w.capacity)
        embedding_gather(w.dword, w.by_word, block, w.pad_word, w.accumulate_word, w, state->tokens);
    else if (block < 2 * w.capacity)
        embedding_gather(w.dposition, w.by_position, block - w.capacity, w.pad_position, w.accumulate_position, w,
                         state->tokens);
    else
        cam_columns_add(sums, w.partials, w.row_blocks, block - 2 * w.capacity, shared);
}

size_t cam_cuda_embedding_bwd_workspace(const cam_backend *backend, const cam_embedding_bwd_args *args) {
    int64_t tokens = args->dy.shape[0], columns = args->dy.shape[1];
    cam_row_layout layout = cam_row_layout_of(columns);
    int64_t floats = tokens * columns + cam_layernorm_partials(backend, tokens, &layout);
    return sizeof(float) * (size_t)floats + 2 * sizeof(embedding_entry) * (size_t)tokens;
}

static embedding_bwd_work embedding_bwd_work_of(const cam_backend *backend, const cam_embedding_bwd_args *a) {
    int64_t tokens = a->dy.shape[0], columns = a->dy.shape[1];
    embedding_bwd_work w = {};
    w.layout = cam_row_layout_of(columns);
    cam_row_split split = cam_split_row_groups(backend, tokens, &w.layout);
    w.tables =
        embedding_tables{(const int32_t *)a->ids.data, (const int32_t *)a->positions.data, (const float *)a->word.data,
                         (const float *)a->position.data, (const float *)a->type.data};
    w.dword = (float *)a->dword.data;
    w.dposition = (float *)a->dposition.data;
    w.mean = (const float *)a->mean.data;
    w.rstd = (const float *)a->rstd.data;
    w.gamma = (const float *)a->gamma.data;
    w.dsum = (float *)a->workspace.data;
    w.partials = w.dsum + tokens * columns;
    w.by_word = reinterpret_cast<embedding_entry *>(w.partials + cam_layernorm_partials(backend, tokens, &w.layout));
    w.by_position = w.by_word + tokens;
    w.word_count = cam_tensor_count(a->dword);
    w.position_count = cam_tensor_count(a->dposition);
    w.columns = (int)columns;
    w.capacity = (int)tokens;
    w.block_rows = (int)split.rows;
    w.row_blocks = (int)split.blocks;
    w.pad_word = a->pad_word;
    w.pad_position = a->pad_position;
    w.accumulate_word = a->accumulate || a->tied_word;
    w.accumulate_position = a->accumulate;
    return w;
}

template <typename T>
static cam_status embedding_bwd_first(cam_backend *backend, const cam_embedding_bwd_args *a,
                                      const embedding_bwd_work *w) {
    int threads = cam_row_threads(&w->layout);
    int64_t rank_blocks = cam_blocks(w->capacity, EMBEDDING_RANKED * threads / CAM_WARP);
    int64_t each = (int64_t)threads * EMBEDDING_ZEROED * 4;
    int64_t word_blocks = w->accumulate_word ? 0 : cam_blocks(w->word_count, each);
    int64_t position_blocks = w->accumulate_position ? 0 : cam_blocks(w->position_count, each);
    return CAM_LAUNCH(backend, (embedding_bwd_prepare<T>),
                      w->row_blocks + 2 * rank_blocks + word_blocks + position_blocks, threads,
                      cam_layernorm_bwd_shared(&w->layout), (const T *)a->dy.data, *w, (int)rank_blocks,
                      (int)word_blocks, cam_dropout_map_of(&a->dropout), a->state);
}

cam_status cam_cuda_embedding_bwd(cam_backend *backend, const cam_embedding_bwd_args *args) {
    cam_status st = CAM_OK;
    int columns = (int)args->dy.shape[1], threads = (int)cam_blocks(columns, 4 * CAM_WARP) * CAM_WARP;
    embedding_bwd_work w = embedding_bwd_work_of(backend, args);
    cam_column_sums sums = {
        {cam_column_sum_of(args->dgamma), cam_column_sum_of(args->dbeta), cam_column_sum_of(args->dtype), NULL},
        CAM_LAYERNORM_SUMS,
        columns,
        args->accumulate};
    CAM_TRY(cam_row_check("embedding_bwd", columns));
    if (args->dy.dtype == CAM_F32)
        CAM_TRY(embedding_bwd_first<float>(backend, args, &w));
    else
        CAM_TRY(embedding_bwd_first<cam_bf16>(backend, args, &w));
    threads = threads < EMBEDDING_TABLE_THREADS ? threads : (int)EMBEDDING_TABLE_THREADS;
    CAM_TRY(CAM_LAUNCH(backend, embedding_bwd_tables, 2 * (int64_t)w.capacity + cam_columns_blocks(&sums), threads,
                       cam_columns_shared(threads), w, sums, args->state));
out:
    return st;
}
