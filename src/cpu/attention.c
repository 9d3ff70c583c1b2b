/* attention.c: softmax attention over packed sequences, forward and backward.
 *
 * The unit of work is a (sequence, head) pair. Its keys (in backward also its values) are transposed once. Blocks of
 * QUERIES queries then follow in ascending order, so that the sums of dk and dv have a fixed order. The pitch of the
 * scores is a multiple of TILE; keys past the last have score -infinity, hence probability 0.
 */
#include "cpu_internal.h"
#include "dropout_internal.h"
#include "small_product_internal.h"
#include "vector_math_internal.h"
#include <math.h>
#include <omp.h>

enum { QUERIES = 32, TILE = 16 };

/* One head's columns of some rows, or a copy of them in which each row is padded to whole vectors. */
typedef struct head_rows {
    const float *data;
    int64_t stride;
} head_rows;

/* One (sequence, head) pair: the rows and columns of the operands that belong to it. */
typedef struct pair {
    int64_t head, head_size, first_query, queries, first_key, keys, pitch;
    uint32_t row; /* data row id, for dropout */
} pair;

typedef struct scratch {
    float *keys_t, *values_t;          /* [head_size][pitch] */
    float *scores, *factors, *dscores; /* [QUERIES][pitch] */
    float *key_rows, *value_rows;      /* [keys][padded head_size], if a head's row is not whole vectors */
    float *query_rows, *dout_rows;     /* [QUERIES][padded head_size], likewise */
} scratch;

static int64_t pitch_of(int64_t keys) {
    return (keys + TILE - 1) / TILE * TILE;
}

static int64_t scratch_floats(int64_t head_size, int64_t max_keys) {
    int64_t pitch = pitch_of(max_keys), padded = cam_vector_pad(head_size);
    int64_t floats = (2 * head_size + 3 * QUERIES) * pitch + 2 * (max_keys + QUERIES) * padded;
    return (floats + TILE - 1) / TILE * TILE;
}

static scratch scratch_of_thread(cam_workspace workspace, int64_t head_size, int64_t max_keys) {
    int64_t pitch = pitch_of(max_keys), padded = cam_vector_pad(head_size);
    uintptr_t base = ((uintptr_t)workspace.data + 63) & ~(uintptr_t)63;
    scratch s;
    s.keys_t = (float *)base + omp_get_thread_num() * scratch_floats(head_size, max_keys);
    s.values_t = s.keys_t + head_size * pitch;
    s.scores = s.values_t + head_size * pitch;
    s.factors = s.scores + QUERIES * pitch;
    s.dscores = s.factors + QUERIES * pitch;
    s.key_rows = s.dscores + QUERIES * pitch;
    s.value_rows = s.key_rows + max_keys * padded;
    s.query_rows = s.value_rows + max_keys * padded;
    s.dout_rows = s.query_rows + QUERIES * padded;
    return s;
}

static pair pair_at(int64_t index, cam_tensor q, int32_t heads, cam_tensor cu_q, cam_tensor cu_k,
                    cam_tensor sequence_row) {
    int64_t b = index / heads;
    const int32_t *query = cam_cpu_indices(cu_q) + b, *key = cam_cpu_indices(cu_k) + b;
    pair p = {.head = index % heads, .head_size = q.shape[1] / heads};
    p.first_query = query[0], p.queries = query[1] - query[0];
    p.first_key = key[0], p.keys = key[1] - key[0];
    p.pitch = pitch_of(p.keys);
    p.row = sequence_row.data ? (uint32_t)cam_cpu_indices(sequence_row)[b] : 0;
    return p;
}

static head_rows head_of(cam_tensor t, const pair *p, int64_t row) {
    return (head_rows){cam_cpu_row(t, row) + p->head * p->head_size, t.row_stride};
}

static head_rows whole_vectors(head_rows r, int64_t rows, int64_t head_size, float *copy) {
    int64_t padded = cam_vector_pad(head_size);
    if (padded == head_size)
        return r;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t d = 0; d < padded; d++)
            copy[i * padded + d] = d < head_size ? r.data[i * r.stride + d] : 0.0f;
    return (head_rows){copy, padded};
}

/* to[d][k] = rows[k][d]; past the last row the last one is repeated. */
static void transpose(float *to, head_rows rows, const pair *p) {
    int64_t whole = p->head_size / 8 * 8;
    for (int64_t k = 0; k < p->pitch; k += 8) {
        const float *from[8];
        for (int i = 0; i < 8; i++)
            from[i] = rows.data + cam_cpu_min(k + i, p->keys - 1) * rows.stride;
        for (int64_t d = 0; d < whole; d += 8) {
            cam_transpose_8x8(to + d * p->pitch + k, p->pitch, from);
            for (int i = 0; i < 8; i++)
                from[i] += 8;
        }
        for (int64_t d = whole; d < p->head_size; d++)
            for (int i = 0; i < 8; i++)
                to[d * p->pitch + k + i] = from[i][d - whole];
    }
}

/* factors[r][k] = 0 where (query r, key k) is dropped, else the scale. All queries of a tile use its 32 calls. */
static void draw_factors(float *factors, const pair *p, const int32_t *q_index, int64_t queries, uint32_t threshold,
                         uint32_t site, const cam_step_state *state) {
    float scale = cam_dropout_scale(threshold);
    uint16_t lanes[2 * CAM_DROPOUT_ELEMENTS];
    for (int64_t k = 0; k < p->pitch; k += TILE) {
        uint32_t drawn = UINT32_MAX;
        for (int64_t r = 0; r < queries; r++) {
            uint32_t q = (uint32_t)q_index[r];
            uint32_t first = cam_attention_far_call((uint32_t)p->head, q / TILE * TILE, (uint32_t)k);
            if (first != drawn)
                for (uint32_t half = 0; half < 2; half++)
                    cam_cpu_philox(lanes + half * CAM_DROPOUT_ELEMENTS, state->seed, state->step, site, p->row,
                                   first + half * CAM_DROPOUT_CALLS);
            drawn = first;
            uint32_t decisions[TILE];
            for (uint32_t c = 0; c < TILE; c++)
                decisions[c] = lanes[8 * (cam_attention_call(0, q % TILE, c)) + cam_attention_lane(q, c)];
            float *to = factors + r * p->pitch + k;
#pragma omp simd
            for (int c = 0; c < TILE; c++)
                to[c] = decisions[c] < threshold ? 0.0f : scale;
        }
    }
}

/* Scores of a block of queries: q k^T without the scale. */
static void multiply_transposed(float *to, head_rows rows, int64_t queries, const float *transposed, const pair *p) {
    cam_small_product g = {
        .m = queries, .n = p->pitch, .k = p->head_size, .a = rows.data, .a_i = rows.stride, .a_p = 1};
    g.b = transposed, g.b_p = p->pitch, g.c = to, g.c_i = p->pitch;
    cam_small_multiply(&g);
}

/* s = exp(scale s - shift) over a row of scores, 0 past the last key. Returns the row's sum. */
static float exponentials(float *s, const pair *p, float scale, float shift) {
    float sum[TILE] = {0};
    for (int64_t k = p->keys; k < p->pitch; k++)
        s[k] = -INFINITY;
    for (int64_t k = 0; k < p->pitch; k += TILE)
        for (int l = 0; l < TILE; l++) {
            s[k + l] = cam_expf(s[k + l] * scale - shift);
            sum[l] += s[k + l];
        }
    for (int width = TILE / 2; width > 0; width /= 2)
        for (int l = 0; l < width; l++)
            sum[l] += sum[l + width];
    return sum[0];
}

static float largest(const float *s, int64_t keys, float scale) {
    float max[TILE];
    for (int l = 0; l < TILE; l++)
        max[l] = -INFINITY;
    int64_t whole = keys / TILE * TILE;
    for (int64_t k = 0; k < whole; k += TILE)
        for (int l = 0; l < TILE; l++)
            max[l] = s[k + l] * scale > max[l] ? s[k + l] * scale : max[l];
    for (int64_t k = whole; k < keys; k++)
        max[k - whole] = s[k] * scale > max[k - whole] ? s[k] * scale : max[k - whole];
    for (int l = 1; l < TILE; l++)
        max[0] = max[l] > max[0] ? max[l] : max[0];
    return max[0];
}

static void softmax_block(const cam_attention_fwd_args *args, const pair *p, int64_t first, int64_t queries,
                          const scratch *s) {
    if (args->threshold)
        draw_factors(s->factors, p, cam_cpu_indices(args->q_index) + first, queries, args->threshold, args->site,
                     args->state);
    for (int64_t r = 0; r < queries; r++) {
        float *row = s->scores + r * p->pitch;
        const float *factor = s->factors + r * p->pitch;
        float max = largest(row, p->keys, args->scale);
        float sum = exponentials(row, p, args->scale, max), inverse = 1.0f / sum;
        cam_cpu_row(args->lse, first + r)[p->head] = max + logf(sum);
        if (args->threshold)
            for (int64_t k = 0; k < p->pitch; k++)
                row[k] *= inverse * factor[k];
        else
            for (int64_t k = 0; k < p->pitch; k++)
                row[k] *= inverse;
    }
}

static void attention_fwd_pair(const cam_attention_fwd_args *args, const pair *p, const scratch *s) {
    if (p->queries == 0)
        return;
    transpose(s->keys_t, head_of(args->k, p, p->first_key), p);
    head_rows v = whole_vectors(head_of(args->v, p, p->first_key), p->keys, p->head_size, s->value_rows);
    for (int64_t at = 0; at < p->queries; at += QUERIES) {
        int64_t first = p->first_query + at, queries = cam_cpu_min(QUERIES, p->queries - at);
        multiply_transposed(s->scores, head_of(args->q, p, first), queries, s->keys_t, p);
        softmax_block(args, p, first, queries, s);
        cam_small_product g = {
            .m = queries, .n = p->head_size, .k = p->keys, .a = s->scores, .a_i = p->pitch, .a_p = 1};
        g.b = v.data, g.b_p = v.stride;
        g.c = cam_cpu_row(args->out, first) + p->head * p->head_size, g.c_i = args->out.row_stride;
        cam_small_multiply(&g);
    }
}

static size_t workspace_bytes(const cam_backend *backend, cam_tensor q, int32_t heads, int32_t max_keys) {
    return 64 + (size_t)(cam_cpu_threads(backend) * scratch_floats(q.shape[1] / heads, max_keys)) * sizeof(float);
}

size_t CAM_CPU_NAME(cam_cpu_attention_fwd_workspace)(const cam_backend *backend, const cam_attention_fwd_args *args) {
    return workspace_bytes(backend, args->q, args->heads, args->max_keys);
}

cam_status CAM_CPU_NAME(cam_cpu_attention_fwd)(cam_backend *backend, const cam_attention_fwd_args *args) {
    int64_t pairs = (int64_t)args->state->sequences * args->heads;
#pragma omp parallel num_threads(cam_cpu_threads(backend))
    {
        scratch s = scratch_of_thread(args->workspace, args->q.shape[1] / args->heads, args->max_keys);
#pragma omp for schedule(dynamic, 4)
        for (int64_t i = 0; i < pairs; i++) {
            pair p = pair_at(i, args->q, args->heads, args->cu_q, args->cu_k, args->sequence_row);
            attention_fwd_pair(args, &p, &s);
        }
    }
    int64_t n = cam_rows_count(args->state, args->q_rows);
    cam_cpu_zero_rows(args->out, n);
    cam_cpu_zero_rows(args->lse, n);
    return CAM_OK;
}

/* For each query: computes the probabilities again. On return `factors` holds the probabilities after dropout and
 * `dscores` the gradient of the scores, times the scale; the contents of `scores` are no longer needed. */
static void gradients_of_scores(const cam_attention_bwd_args *args, const pair *p, int64_t first, int64_t queries,
                                const scratch *s) {
    if (args->threshold)
        draw_factors(s->factors, p, cam_cpu_indices(args->q_index) + first, queries, args->threshold, args->site,
                     args->state);
    head_rows out = head_of(args->out, p, first), dout = head_of(args->dout, p, first);
    for (int64_t r = 0; r < queries; r++) {
        cam_lanes sum = {{0}};
        const float *o = out.data + r * out.stride, *d = dout.data + r * dout.stride;
        CAM_LANES_ADD(sum, p->head_size, i, o[i] * d[i]);
        float delta = cam_lanes_sum(&sum), scale = args->scale;
        float *restrict row = s->scores + r * p->pitch, *restrict factor = s->factors + r * p->pitch;
        float *restrict drow = s->dscores + r * p->pitch;
        (void)exponentials(row, p, scale, cam_cpu_row(args->lse, first + r)[p->head]);
        if (!args->threshold)
            for (int64_t k = 0; k < p->pitch; k++)
                factor[k] = 1.0f;
        for (int64_t k = 0; k < p->pitch; k++) {
            drow[k] = row[k] * (drow[k] * factor[k] - delta) * scale;
            factor[k] *= row[k];
        }
    }
}

/* The pair's rows of dk or dv (=|+=) scores^T rows, for one block of queries. */
static void add_to_keys(cam_tensor to, const pair *p, const float *scores, int64_t queries, head_rows rows,
                        int accumulate) {
    cam_small_product g = {.m = p->keys, .n = p->head_size, .k = queries, .a = scores, .a_i = 1, .a_p = p->pitch};
    g.b = rows.data, g.b_p = rows.stride, g.accumulate = accumulate;
    g.c = cam_cpu_row(to, p->first_key) + p->head * p->head_size, g.c_i = to.row_stride;
    cam_small_multiply(&g);
}

static void zero_keys(cam_tensor t, const pair *p) {
    for (int64_t k = 0; k < p->keys; k++)
        memset(cam_cpu_row(t, p->first_key + k) + p->head * p->head_size, 0, (size_t)p->head_size * sizeof(float));
}

static void attention_bwd_block(const cam_attention_bwd_args *args, const pair *p, int64_t at, head_rows keys,
                                const scratch *s) {
    int64_t first = p->first_query + at, queries = cam_cpu_min(QUERIES, p->queries - at);
    head_rows q = head_of(args->q, p, first), dout = head_of(args->dout, p, first);
    multiply_transposed(s->scores, q, queries, s->keys_t, p);
    multiply_transposed(s->dscores, dout, queries, s->values_t, p);
    gradients_of_scores(args, p, first, queries, s);
    add_to_keys(args->dv, p, s->factors, queries, whole_vectors(dout, queries, p->head_size, s->dout_rows), at > 0);
    add_to_keys(args->dk, p, s->dscores, queries, whole_vectors(q, queries, p->head_size, s->query_rows), at > 0);
    cam_small_product g = {.m = queries, .n = p->head_size, .k = p->keys, .a = s->dscores, .a_i = p->pitch, .a_p = 1};
    g.b = keys.data, g.b_p = keys.stride;
    g.c = cam_cpu_row(args->dq, first) + p->head * p->head_size, g.c_i = args->dq.row_stride;
    cam_small_multiply(&g);
}

static void attention_bwd_pair(const cam_attention_bwd_args *args, const pair *p, const scratch *s) {
    if (p->queries == 0) {
        zero_keys(args->dk, p);
        zero_keys(args->dv, p);
        return;
    }
    head_rows k = head_of(args->k, p, p->first_key), v = head_of(args->v, p, p->first_key);
    transpose(s->keys_t, k, p);
    transpose(s->values_t, v, p);
    k = whole_vectors(k, p->keys, p->head_size, s->key_rows);
    for (int64_t at = 0; at < p->queries; at += QUERIES)
        attention_bwd_block(args, p, at, k, s);
}

size_t CAM_CPU_NAME(cam_cpu_attention_bwd_workspace)(const cam_backend *backend, const cam_attention_bwd_args *args) {
    return workspace_bytes(backend, args->q, args->heads, args->max_keys);
}

cam_status CAM_CPU_NAME(cam_cpu_attention_bwd)(cam_backend *backend, const cam_attention_bwd_args *args) {
    int64_t pairs = (int64_t)args->state->sequences * args->heads;
#pragma omp parallel num_threads(cam_cpu_threads(backend))
    {
        scratch s = scratch_of_thread(args->workspace, args->q.shape[1] / args->heads, args->max_keys);
#pragma omp for schedule(dynamic, 4)
        for (int64_t i = 0; i < pairs; i++) {
            pair p = pair_at(i, args->q, args->heads, args->cu_q, args->cu_k, args->sequence_row);
            attention_bwd_pair(args, &p, &s);
        }
    }
    cam_cpu_zero_rows(args->dq, cam_rows_count(args->state, args->q_rows));
    cam_cpu_zero_rows(args->dk, args->state->tokens);
    cam_cpu_zero_rows(args->dv, args->state->tokens);
    return CAM_OK;
}
