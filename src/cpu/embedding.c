/* embedding.c: word + position + type rows, LayerNorm, dropout; and the scatter of their gradients.
 *
 * The scatter divides the columns into ranges, one task each; a task adds all tokens in order. A row's gradient is
 * therefore the sum over its tokens in ascending order, for any number of threads.
 */
#include "columns_internal.h"
#include "dropout_internal.h"
#include "layernorm_internal.h"

static void sum_rows(float *restrict to, const float *restrict word, const float *restrict position,
                     const float *restrict type, int64_t columns) {
    for (int64_t i = 0; i < columns; i++)
        to[i] = word[i] + type[i] + position[i];
}

static void embedding_fwd_row(const cam_embedding_fwd_args *args, int64_t r) {
    int64_t columns = args->y.shape[1];
    float *y = cam_cpu_row(args->y, r);
    sum_rows(y, cam_cpu_row(args->word, cam_cpu_indices(args->ids)[r]),
             cam_cpu_row(args->position, cam_cpu_indices(args->positions)[r]), cam_cpu_floats(args->type), columns);
    cam_layernorm_statistics s = cam_cpu_layernorm_measure(y, columns, args->eps);
    cam_cpu_floats(args->mean)[r] = s.mean;
    cam_cpu_floats(args->rstd)[r] = s.rstd;
    cam_cpu_layernorm_apply(y, y, s, cam_cpu_floats(args->gamma), cam_cpu_floats(args->beta), columns);
    cam_dropout_row d = cam_cpu_dropout_row(&args->dropout, args->state, r, columns);
    cam_cpu_dropout_apply(&d, y, y, columns);
}

cam_status CAM_CPU_NAME(cam_cpu_embedding_fwd)(cam_backend *backend, const cam_embedding_fwd_args *args) {
    int64_t n = args->state->tokens;
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t r = 0; r < n; r++)
        embedding_fwd_row(args, r);
    cam_cpu_zero_rows(args->y, n);
    cam_cpu_zero_rows(args->mean, n);
    cam_cpu_zero_rows(args->rstd, n);
    return CAM_OK;
}

/* dx = the gradient of the sum of row r. `sums`: dgamma, dbeta and dtype of the row's block, then one scratch row. */
static void embedding_bwd_row(const cam_embedding_bwd_args *args, int64_t r, float *dx, float *sums) {
    int64_t columns = args->dy.shape[1];
    float *restrict dtype = sums + 2 * columns, *dy = sums + 3 * columns;
    cam_layernorm_statistics s = {cam_cpu_floats(args->mean)[r], cam_cpu_floats(args->rstd)[r]};
    cam_dropout_row d = cam_cpu_dropout_row(&args->dropout, args->state, r, columns);
    cam_cpu_dropout_apply(&d, dy, cam_cpu_row(args->dy, r), columns);
    sum_rows(dx, cam_cpu_row(args->word, cam_cpu_indices(args->ids)[r]),
             cam_cpu_row(args->position, cam_cpu_indices(args->positions)[r]), cam_cpu_floats(args->type), columns);
    cam_cpu_layernorm_bwd(dx, sums, sums + columns, dy, dx, s, cam_cpu_floats(args->gamma), columns);
    for (int64_t i = 0; i < columns; i++)
        dtype[i] += dx[i];
}

/* table[index[r]] += dx[r] in columns [begin, begin + count), except for row `pad` of the table. */
static void scatter(cam_tensor table, const int32_t *index, int32_t pad, const float *dx, int64_t rows, int64_t begin,
                    int64_t count) {
    for (int64_t r = 0; r < rows; r++) {
        if (index[r] == pad)
            continue;
        float *restrict to = cam_cpu_row(table, index[r]) + begin;
        const float *restrict from = dx + r * table.shape[1] + begin;
        for (int64_t i = 0; i < count; i++)
            to[i] += from[i];
    }
}

static void zero_table(cam_tensor table, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t r = 0; r < table.shape[0]; r++)
        memset(cam_cpu_row(table, r), 0, (size_t)table.shape[1] * sizeof(float));
}

static size_t dx_bytes(const cam_embedding_bwd_args *args) {
    return (size_t)(args->dy.shape[0] * args->dy.shape[1]) * sizeof(float);
}

size_t CAM_CPU_NAME(cam_cpu_embedding_bwd_workspace)(const cam_backend *backend, const cam_embedding_bwd_args *args) {
    (void)backend;
    return dx_bytes(args) + cam_cpu_partials_bytes(args->dy.shape[0], 4 * args->dy.shape[1]);
}

static void scatter_all(const cam_embedding_bwd_args *args, const float *dx, int threads) {
    enum { RANGE = 64 };
    int64_t n = args->state->tokens, columns = args->dy.shape[1];
    if (!args->accumulate && !args->tied_word)
        zero_table(args->dword, threads);
    if (!args->accumulate)
        zero_table(args->dposition, threads);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t c = 0; c < columns; c += RANGE) {
        int64_t count = cam_cpu_min(RANGE, columns - c);
        scatter(args->dword, cam_cpu_indices(args->ids), args->pad_word, dx, n, c, count);
        scatter(args->dposition, cam_cpu_indices(args->positions), args->pad_position, dx, n, c, count);
    }
}

cam_status CAM_CPU_NAME(cam_cpu_embedding_bwd)(cam_backend *backend, const cam_embedding_bwd_args *args) {
    int64_t n = args->state->tokens, columns = args->dy.shape[1];
    int64_t block_rows = cam_cpu_block_rows(n), blocks = cam_cpu_ceil_div(n, block_rows);
    float *dx = args->workspace.data, *partials = dx + args->dy.shape[0] * columns;
#pragma omp parallel for num_threads(cam_cpu_threads(backend)) schedule(static)
    for (int64_t b = 0; b < blocks; b++) {
        float *sums = partials + b * 4 * columns;
        memset(sums, 0, (size_t)(3 * columns) * sizeof(float));
        for (int64_t r = b * block_rows; r < cam_cpu_min((b + 1) * block_rows, n); r++)
            embedding_bwd_row(args, r, dx + r * columns, sums);
    }
    cam_cpu_add_partials(args->dgamma, partials, blocks, 4 * columns, args->accumulate);
    cam_cpu_add_partials(args->dbeta, partials + columns, blocks, 4 * columns, args->accumulate);
    cam_cpu_add_partials(args->dtype, partials + 2 * columns, blocks, 4 * columns, args->accumulate);
    scatter_all(args, dx, cam_cpu_threads(backend));
    return CAM_OK;
}
