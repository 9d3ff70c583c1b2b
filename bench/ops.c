/* ops.c: times each operator at the shapes of a full-size model and compares it with the limits of the machine.
 *
 *     bench_ops [--device cpu|cuda] [--bf16 1] [--threads N] [--tokens N] [--sequences N] [--runs N] [--hidden N]
 *
 * Two limits are measured first, in the same run and by the backend itself: the rate of a large product, and the rate
 * of a copy too large for the caches. On the CPU it also measures OpenBLAS, if the program was built with it, with one
 * independent single-threaded call a thread. Times are the median and the minimum of the runs; percentages are of the
 * median. If the backend captures graphs, a run is a graph of CALLS calls, so that the launch time does not dominate.
 */
#include "cam/ops.h"
#include "backend_cpu.h"
#include "backends.h"
#include "clock.h"
#include "peer_product.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RUNS = 1000, CALLS = 20 };

typedef struct bench {
    cam_backend *backend;
    int threads, runs;
    int64_t tokens, sequences, hidden;
    double flops_ceiling, bytes_ceiling; /* a second */
    cam_device_options device;
    int bf16;
    int32_t longest;       /* sequence */
    double squares;        /* sum of the squares of the sequences' lengths */
    cam_step_state *state; /* device */
    cam_workspace workspace;
    cam_tensor row, index, cu, list, positions;
} bench;

static void check(cam_status status) {
    if (status == CAM_OK)
        return;
    fprintf(stderr, "error: %s\n", cam_status_message());
    exit(cam_status_exit_code(status));
}

static void *take(bench *b, size_t bytes) {
    void *memory;
    check(cam_backend_allocate(b->backend, bytes, &memory));
    check(cam_backend_zero(b->backend, memory, bytes));
    return memory;
}

static void *take_copy(bench *b, const void *host, size_t bytes) {
    void *memory = take(b, bytes);
    check(cam_backend_copy(b->backend, memory, host, bytes, CAM_TO_DEVICE));
    check(cam_backend_synchronize(b->backend));
    return memory;
}

/* Random numbers in (-1, 1); their squares if `power` is 2. */
static cam_tensor numbers(bench *b, cam_dtype dtype, int64_t rows, int64_t columns, int power) {
    size_t bytes = (size_t)(rows * columns) * cam_dtype_size(dtype);
    void *host = malloc(bytes);
    uint32_t u = 12345, bits;
    CAM_ASSERT(host != NULL);
    for (int64_t i = 0; i < rows * columns; i++) {
        u = u * 1664525u + 1013904223u;
        float value = (float)(int32_t)u * 0x1p-31f;
        value = power == 2 ? value * value : value;
        memcpy(&bits, &value, sizeof bits);
        if (dtype == CAM_F32)
            ((float *)host)[i] = value;
        else
            ((uint16_t *)host)[i] = (uint16_t)(bits >> 16);
    }
    cam_tensor t = cam_tensor_2d(take_copy(b, host, bytes), dtype, rows, columns);
    free(host);
    return t;
}

/* Activations and weights of products, in the chosen dtype; and matrices that are always f32. */
static cam_tensor matrix(bench *b, int64_t rows, int64_t columns) {
    return numbers(b, b->bf16 ? CAM_BF16 : CAM_F32, rows, columns, 1);
}
static cam_tensor matrix_f32(bench *b, int64_t rows, int64_t columns) {
    return numbers(b, CAM_F32, rows, columns, 1);
}
static cam_tensor vector(bench *b, int64_t n) {
    return cam_tensor_1d(matrix_f32(b, 1, n).data, CAM_F32, n);
}

static cam_tensor indices(bench *b, const int32_t *values, int64_t n) {
    return cam_tensor_1d(take_copy(b, values, (size_t)n * sizeof *values), CAM_I32, n);
}

static void drop(bench *b, cam_tensor t) {
    cam_backend_release(b->backend, t.data);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const bench *b, const char *op, const char *shape, double *seconds, double flops, double bytes) {
    qsort(seconds, (size_t)b->runs, sizeof *seconds, ascending);
    double median = seconds[b->runs / 2], least = seconds[0];
    printf("%-18s %-22s %9.3f %9.3f", op, shape, 1e3 * median, 1e3 * least);
    if (flops > 0)
        printf(" %8.1f GFLOP/s %5.1f %%\n", flops / median / 1e9, 100 * flops / median / b->flops_ceiling);
    else
        printf(" %8.1f GB/s    %5.1f %%\n", bytes / median / 1e9, 100 * bytes / median / b->bytes_ceiling);
}

/* Captures a graph of `calls` calls; NULL if the backend does not capture. */
static void *record(bench *b, cam_status (*call)(cam_backend *backend, const void *args), const void *args) {
    void *graph = NULL;
    if (!cam_backend_captures(b->backend))
        return NULL;
    check(b->backend->calls->capture_begin(b->backend));
    for (int i = 0; i < CALLS; i++)
        check(call(b->backend, args));
    check(b->backend->calls->capture_end(b->backend, &graph));
    return graph;
}

static double time_call(bench *b, void *graph, cam_status (*call)(cam_backend *backend, const void *args),
                        const void *args) {
    double begun = cam_now_s();
    check(graph ? b->backend->calls->graph_launch(b->backend, graph) : call(b->backend, args));
    check(cam_backend_synchronize(b->backend));
    return (cam_now_s() - begun) / (graph ? CALLS : 1);
}

static double time_runs(bench *b, cam_status (*call)(cam_backend *backend, const void *args), const void *args,
                        double *seconds) {
    check(call(b->backend, args));
    check(cam_backend_synchronize(b->backend));
    void *graph = record(b, call, args);
    double least = 1e9;
    for (int run = 0; run < b->runs; run++) {
        seconds[run] = time_call(b, graph, call, args);
        least = seconds[run] < least ? seconds[run] : least;
    }
    if (graph)
        b->backend->calls->graph_release(b->backend, graph);
    return least;
}

#define CALL_OF(op, word)                                                                                              \
    static cam_status call_##op(cam_backend *backend, const void *args) {                                              \
        return cam_##op(backend, (const cam_##op##_args *)args);                                                       \
    }
CAM_OPS(CALL_OF)
#undef CALL_OF

static cam_status (*const calls[])(cam_backend *backend, const void *args) = {
#define CALL_OF(op, word) call_##op,
    CAM_OPS(CALL_OF)
#undef CALL_OF
};

/* Times one operator with the arguments given and prints a row. */
#define MEASURE(b, op, shape, flops, bytes, ...)                                                                       \
    do {                                                                                                               \
        cam_##op##_args args_ = {__VA_ARGS__};                                                                         \
        double seconds_[MAX_RUNS];                                                                                     \
        cam_##op##_set_workspace(&args_, workspace_of((b), cam_##op##_workspace((b)->backend, &args_)));               \
        time_runs((b), calls[CAM_OP_##op], &args_, seconds_);                                                          \
        report((b), #op, (shape), seconds_, (flops), (bytes));                                                         \
    } while (0)

static cam_workspace workspace_of(bench *b, size_t bytes) {
    if (bytes > b->workspace.bytes) {
        cam_backend_release(b->backend, b->workspace.data);
        b->workspace = (cam_workspace){take(b, bytes), bytes};
    }
    return b->workspace;
}

typedef struct plain_copy {
    void *to, *from;
    size_t bytes;
} plain_copy;

static cam_status call_copy(cam_backend *backend, const void *args) {
    const plain_copy *c = args;
    return cam_backend_copy(backend, c->to, c->from, c->bytes, CAM_ON_DEVICE);
}

/* Best of the runs of one large product, and of a copy. */
static void measure_ceilings(bench *b) {
    int is_cpu = strcmp(b->backend->name, "cpu") == 0;
    int64_t side = is_cpu ? 2048 : 8192;
    double seconds[MAX_RUNS];
    plain_copy copy = {.bytes = (size_t)256 << 20};
    cam_tensor x = matrix(b, side, side), w = matrix(b, side, side), y = matrix(b, side, side);
    cam_step_state state = {.tokens = (int32_t)side};
    cam_linear_fwd_args product = {.y = y, .x = x, .w = w, .rows = CAM_ROWS_TOKENS};
    product.state = take_copy(b, &state, sizeof state);
    product.workspace = workspace_of(b, cam_linear_fwd_workspace(b->backend, &product));
    copy.from = take(b, copy.bytes), copy.to = take(b, copy.bytes);
    b->flops_ceiling = 2.0 * (double)(side * side * side) / time_runs(b, calls[CAM_OP_linear_fwd], &product, seconds);
    b->bytes_ceiling = 2.0 * (double)copy.bytes / time_runs(b, call_copy, &copy, seconds);
    drop(b, x), drop(b, w), drop(b, y);
    cam_backend_release(b->backend, copy.from);
    cam_backend_release(b->backend, copy.to);
    printf("%s\nceilings: %.1f GFLOP/s, copy %.1f GB/s\n", b->backend->description, b->flops_ceiling / 1e9,
           b->bytes_ceiling / 1e9);
    if (is_cpu)
        peer_product_report(b->threads);
    printf("\n");
}

static void linear(bench *b, const char *name, int64_t out, int64_t in, cam_rows rows) {
    int64_t n = rows == CAM_ROWS_TOKENS ? b->tokens : b->sequences;
    cam_tensor x = matrix(b, n, in), w = matrix(b, out, in), y = matrix(b, n, out), bias = matrix(b, 1, out);
    cam_tensor dw = matrix(b, out, in), dbias = vector(b, out), dx = matrix(b, n, in);
    double flops = 2.0 * (double)n * (double)in * (double)out;
    bias = cam_tensor_1d(bias.data, bias.dtype, out);
    char shape[64];
    snprintf(shape, sizeof shape, "%s %dx%dx%d", name, (int)n, (int)out, (int)in);
    MEASURE(b, linear_fwd, shape, flops, 0, .y = y, .x = x, .w = w, .bias = bias, .rows = rows, .state = b->state);
    MEASURE(b, linear_bwd_data, shape, flops, 0, .dx = dx, .dy = y, .w = w, .rows = rows, .state = b->state);
    MEASURE(b, linear_bwd_weight, shape, flops, 0, .dw = dw, .dbias = dbias, .dy = y, .x = x, .rows = rows,
            .state = b->state);
    drop(b, x), drop(b, w), drop(b, y), drop(b, bias), drop(b, dw), drop(b, dbias), drop(b, dx);
}

/* Memory for dropout decisions, which forward writes and backward reads, on a backend that does. */
static cam_tensor mask_of(bench *b, int64_t words) {
    return cam_tensor_1d(matrix_f32(b, 1, words).data, CAM_I32, words);
}

static cam_dropout dropout(const bench *b, int64_t n, uint32_t site) {
    return (cam_dropout){.threshold = cam_dropout_threshold(0.1),
                         .site = site,
                         .row = cam_tensor_rows(b->row, 0, n),
                         .index = cam_tensor_rows(b->index, 0, n)};
}

static void attention(bench *b) {
    int64_t n = b->tokens, h = b->hidden;
    cam_tensor qkv = matrix(b, n, 3 * h), out = matrix(b, n, h), dout = matrix(b, n, h), dqkv = matrix(b, n, 3 * h);
    int32_t heads = (int32_t)(h / 64);
    double scores = b->squares;
    cam_tensor lse = matrix_f32(b, n, heads);
    cam_tensor mask = mask_of(b, cam_attention_mask_words(b->cu.shape[0] - 1, heads, b->longest));
#define SHARED                                                                                                         \
    .q = cam_tensor_columns(qkv, 0, h), .k = cam_tensor_columns(qkv, h, h), .v = cam_tensor_columns(qkv, 2 * h, h),    \
    .cu_q = b->cu, .cu_k = b->cu, .q_index = b->index, .sequence_row = b->list, .heads = heads,                        \
    .max_keys = b->longest, .scale = 0.125f, .q_rows = CAM_ROWS_TOKENS, .threshold = cam_dropout_threshold(0.1),       \
    .site = CAM_SITE_ATTENTION, .mask = mask, .state = b->state
    MEASURE(b, attention_fwd, "", 4 * scores * (double)h, 0, .out = out, .lse = lse, SHARED);
    MEASURE(b, attention_bwd, "", 10 * scores * (double)h, 0, .dq = cam_tensor_columns(dqkv, 0, h),
            .dk = cam_tensor_columns(dqkv, h, h), .dv = cam_tensor_columns(dqkv, 2 * h, h), .dout = dout, .out = out,
            .lse = lse, SHARED);
#undef SHARED
    drop(b, qkv), drop(b, out), drop(b, dout), drop(b, dqkv), drop(b, lse), drop(b, mask);
}

static void rows(bench *b) {
    int64_t n = b->tokens, h = b->hidden, f = 4 * h;
    double size = b->bf16 ? 2 : 4, nh = size * (double)(n * h), nf = size * (double)(n * f);
    cam_tensor x = matrix(b, n, h), y = matrix(b, n, h), z = matrix(b, n, h), r = matrix(b, n, h);
    cam_tensor gamma = vector(b, h), beta = vector(b, h), bias = vector(b, h), mean = vector(b, n), rstd = vector(b, n);
    cam_tensor mask = mask_of(b, cam_dropout_mask_words(n, h));
    MEASURE(b, residual_fwd, "", 0, 4 * nh, .y = y, .z = z, .mean = mean, .rstd = rstd, .x = x, .bias = bias,
            .residual = r, .gamma = gamma, .beta = beta, .eps = 1e-5f, .rows = CAM_ROWS_TOKENS,
            .dropout = dropout(b, n, CAM_SITE_FFN_OUTPUT), .mask = mask, .state = b->state);
    MEASURE(b, residual_bwd, "", 0, 4 * nh, .dx = x, .dresidual = r, .dbias = bias, .dgamma = gamma, .dbeta = beta,
            .dy = y, .z = z, .mean = mean, .rstd = rstd, .gamma = vector(b, h), .rows = CAM_ROWS_TOKENS,
            .dropout = dropout(b, n, CAM_SITE_FFN_OUTPUT), .mask = mask, .state = b->state);
    cam_tensor wide = matrix(b, n, f), wide_y = matrix(b, n, f), wide_dx = matrix(b, n, f);
    cam_tensor wide_bias = vector(b, f), wide_dbias = vector(b, f);
    MEASURE(b, gelu_fwd, "", 0, 2 * nf, .y = wide_y, .x = wide, .bias = wide_bias, .rows = CAM_ROWS_TOKENS,
            .state = b->state);
    MEASURE(b, gelu_bwd, "", 0, 3 * nf, .dx = wide_dx, .dbias = wide_dbias, .dy = wide_y, .x = wide, .bias = wide_bias,
            .rows = CAM_ROWS_TOKENS, .state = b->state);
}

static void embedding(bench *b) {
    enum { VOCABULARY = 32005, POSITIONS = 514 };
    int64_t n = b->tokens, h = b->hidden;
    double nh = 4.0 * (double)(n * h), table = 4.0 * (double)((VOCABULARY + POSITIONS) * h);
    cam_tensor word = matrix_f32(b, VOCABULARY, h), position = matrix_f32(b, POSITIONS, h), type = matrix_f32(b, 1, h);
    cam_tensor y = matrix(b, n, h), mean = vector(b, n), rstd = vector(b, n), gamma = vector(b, h), beta = vector(b, h);
    cam_tensor dword = matrix_f32(b, VOCABULARY, h), dposition = matrix_f32(b, POSITIONS, h),
               dtype = matrix_f32(b, 1, h);
    cam_tensor dgamma = vector(b, h), dbeta = vector(b, h);
    int32_t *word_ids = malloc((size_t)n * sizeof *word_ids);
    CAM_ASSERT(word_ids != NULL);
    for (int64_t i = 0; i < n; i++)
        word_ids[i] = (int32_t)(i * 7919 % VOCABULARY);
    cam_tensor ids = indices(b, word_ids, n);
    free(word_ids);
    MEASURE(b, embedding_fwd, "", 0, 3 * nh, .y = y, .mean = mean, .rstd = rstd, .ids = ids, .positions = b->positions,
            .word = word, .position = position, .type = type, .gamma = gamma, .beta = beta, .eps = 1e-5f,
            .dropout = dropout(b, n, CAM_SITE_EMBEDDING), .state = b->state);
    MEASURE(b, embedding_bwd, "", 0, 5 * nh + table, .dword = dword, .dposition = dposition, .dtype = dtype,
            .dgamma = dgamma, .dbeta = dbeta, .dy = y, .mean = mean, .rstd = rstd, .ids = ids,
            .positions = b->positions, .word = word, .position = position, .type = type, .gamma = gamma, .pad_word = 1,
            .pad_position = 1, .dropout = dropout(b, n, CAM_SITE_EMBEDDING), .state = b->state);
    drop(b, word), drop(b, dword);
}

static void parameters(bench *b) {
    int64_t chunks = 85000000 / CAM_CHUNK, n = chunks * CAM_CHUNK;
    cam_tensor p = vector(b, n), m = vector(b, n), g = vector(b, n);
    cam_tensor v = cam_tensor_1d(numbers(b, CAM_F32, 1, n, 2).data, CAM_F32, n);
    cam_tensor partial = cam_tensor_1d(take(b, (size_t)chunks * 8), CAM_F64, chunks);
    cam_tensor halves = cam_tensor_1d(m.data, CAM_BF16, n);
    cam_chunk *table = malloc((size_t)chunks * sizeof *table);
    CAM_ASSERT(table != NULL);
    for (uint32_t c = 0; c < (uint32_t)chunks; c++)
        table[c] = (cam_chunk){.rate_scale = 1, .decay = 0.01, .weight = 2 * c, .gradient = 2 * c};
    const cam_chunk *on_device = take_copy(b, table, (size_t)chunks * sizeof *table);
    free(table);
    MEASURE(b, norm_partial, "85 M", 0, 4.0 * (double)n, .partial = partial, .grad = g);
    MEASURE(b, norm_final, "85 M", 0, 8.0 * (double)chunks, .partial = partial, .max_norm = 1, .state = b->state);
    MEASURE(b, adamw, "85 M", 0, 28.0 * (double)n, .weight = p, .m = m, .v = v, .grad = g, .chunks = on_device,
            .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .state = b->state);
    MEASURE(b, cast, "85 M to bf16", 0, 6.0 * (double)n, .to = halves, .from = p);
}

static void head(bench *b) {
    enum { LABELS = 60 };
    int64_t n = b->tokens, r = b->sequences, h = b->hidden;
    double rh = 4.0 * (double)(r * h), nh = 4.0 * (double)(n * h), rk = 4.0 * (double)(r * LABELS);
    double act = b->bf16 ? 0.5 : 1;
    cam_tensor all = matrix(b, n, h), query_rows = matrix(b, r, h), first = cam_tensor_rows(b->cu, 0, r);
    cam_tensor x = matrix_f32(b, r, h), y = matrix_f32(b, r, h), bias = vector(b, h), dbias = vector(b, h);
    cam_tensor logits = matrix_f32(b, r, LABELS), dlogits = matrix_f32(b, r, LABELS), loss = vector(b, r);
    cam_tensor labels = cam_tensor_1d(take(b, (size_t)r * sizeof(int32_t)), CAM_I32, r);
    MEASURE(b, head_gather_fwd, "", 0, 2 * act * rh, .y = query_rows, .x = all, .list = first, .state = b->state);
    MEASURE(b, head_gather_bwd, "", 0, act * (rh + nh), .dx = all, .dy = query_rows, .list = first, .state = b->state);
    MEASURE(b, head_dropout, "", 0, 2 * rh, .y = y, .x = x, .dropout = dropout(b, r, CAM_SITE_HEAD_INPUT),
            .state = b->state);
    MEASURE(b, head_tanh_fwd, "", 0, 2 * rh, .y = y, .x = x, .bias = bias,
            .dropout = dropout(b, r, CAM_SITE_HEAD_OUTPUT), .state = b->state);
    MEASURE(b, head_tanh_bwd, "", 0, 3 * rh, .dx = y, .dbias = dbias, .dy = matrix_f32(b, r, h), .x = x, .bias = bias,
            .dropout = dropout(b, r, CAM_SITE_HEAD_OUTPUT), .state = b->state);
    MEASURE(b, loss, "60 labels", 0, 2 * rk, .row_loss = loss, .dlogits = dlogits, .logits = logits, .labels = labels,
            .rows = CAM_ROWS_HEAD, .state = b->state);
    cam_tensor row = cam_tensor_1d(take(b, (size_t)r * sizeof(int32_t)), CAM_I32, r);
    MEASURE(b, distill_logits, "60 labels", 0, 3 * rk, .dlogits = dlogits, .row_loss = loss, .logits = logits,
            .labels = labels, .teacher = matrix_f32(b, r, LABELS), .row = row, .temperature = 2, .alpha = 0.5f,
            .state = b->state);
    MEASURE(b, distill_hidden, "", 0, 3 * rh, .dmapped = y, .row_loss = loss, .mapped = x,
            .teacher = matrix_f32(b, r, h), .row = row, .weight = 1, .state = b->state);
}

static cam_tensor zero_indices(bench *b, int64_t n) {
    return cam_tensor_1d(take(b, (size_t)n * sizeof(int32_t)), CAM_I32, n);
}

/* The loss over a vocabulary, and masks. */
static void masked_lm(bench *b) {
    enum { VOCABULARY = 32005 };
    int64_t n = b->tokens, r = b->sequences;
    double rv = 4.0 * (double)(r * VOCABULARY);
    cam_masking_map map = {.mask_below = (uint64_t)(0.8 * 0x1p32),
                           .random_below = (uint64_t)(0.9 * 0x1p32),
                           .threshold = 9830,
                           .mask_id = 4,
                           .vocab_size = VOCABULARY,
                           .whole_words = 1};
    cam_tensor logits = matrix_f32(b, r, VOCABULARY), labels = zero_indices(b, r), loss = vector(b, r);
    cam_tensor hits = vector(b, r), kind = zero_indices(b, VOCABULARY), list = zero_indices(b, n);
    MEASURE(b, loss, "32,005 labels, scored", 0, rv, .row_loss = loss, .hits = hits, .logits = logits, .labels = labels,
            .rows = CAM_ROWS_HEAD, .state = b->state);
    MEASURE(b, loss, "32,005 labels", 0, 2 * rv, .row_loss = loss, .dlogits = logits, .logits = logits,
            .labels = labels, .rows = CAM_ROWS_HEAD, .state = b->state);
    cam_step_state *state = take(b, sizeof *state); /* step_mask changes it */
    check(cam_backend_copy(b->backend, state, b->state, sizeof *state, CAM_ON_DEVICE));
    MEASURE(b, step_mask, "whole words", 0, 20.0 * (double)n, .masked = zero_indices(b, n), .list = list,
            .list_row = zero_indices(b, n), .list_index = zero_indices(b, n),
            .list_cu = zero_indices(b, b->sequences + 1), .labels = zero_indices(b, n), .ids = b->positions,
            .token_row = b->row, .token_index = b->index, .piece_kind = kind, .map = map, .state = state);
}

/* Divides the tokens into sequences of nearly equal length. */
static void lay_out(bench *b) {
    int64_t most = b->tokens + b->sequences + 1;
    int32_t *row = calloc((size_t)most, sizeof *row), *index = calloc((size_t)most, sizeof *index);
    int32_t *position = calloc((size_t)most, sizeof *position), *cu = calloc((size_t)most, sizeof *cu);
    int32_t *list = calloc((size_t)most, sizeof *list);
    CAM_ASSERT(row && index && position && cu && list);
    for (int64_t s = 0; s < b->sequences; s++) {
        cu[s + 1] = (int32_t)((s + 1) * b->tokens / b->sequences);
        list[s] = (int32_t)s;
        int32_t length = cu[s + 1] - cu[s];
        b->squares += (double)length * (double)length;
        b->longest = length > b->longest ? length : b->longest;
        for (int32_t i = cu[s]; i < cu[s + 1]; i++) {
            row[i] = (int32_t)s;
            index[i] = i - cu[s];
            position[i] = i - cu[s] + 2;
        }
    }
    b->row = indices(b, row, b->tokens), b->index = indices(b, index, b->tokens);
    b->positions = indices(b, position, b->tokens), b->cu = indices(b, cu, b->sequences + 1);
    b->list = indices(b, list, b->sequences);
    free(row), free(index), free(position), free(cu), free(list);
    cam_step_state state = {.seed = 1,
                            .tokens = (int32_t)b->tokens,
                            .sequences = (int32_t)b->sequences,
                            .head_rows = (int32_t)b->sequences,
                            .learning_rate = 1e-5,
                            .inverse_correction1 = 2,
                            .root_correction2 = 0.5,
                            .loss_denominator = (double)b->sequences,
                            .clip_scale = 1,
                            .finite = 1};
    b->state = take_copy(b, &state, sizeof state);
}

static int parse(int argc, char **argv, bench *b) {
    *b =
        (bench){.runs = 21, .tokens = 375, .sequences = 32, .hidden = 768, .device = {.device = CAM_CONFIG_DEVICE_CPU}};
    for (int i = 1; i + 1 < argc; i += 2) {
        int64_t value = strtoll(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--device") == 0) {
            int device = cam_choice_find(cam_words_device, CAM_CHOICE_COUNT_device, argv[i + 1]);
            if (device < 0)
                return 0;
            b->device.device = (enum cam_choice_device)device;
            continue;
        }
        if (value < 1)
            return 0;
        if (strcmp(argv[i], "--bf16") == 0)
            b->bf16 = 1;
        else if (strcmp(argv[i], "--threads") == 0)
            b->device.threads = (int)value;
        else if (strcmp(argv[i], "--tokens") == 0)
            b->tokens = value;
        else if (strcmp(argv[i], "--sequences") == 0)
            b->sequences = value;
        else if (strcmp(argv[i], "--hidden") == 0)
            b->hidden = value;
        else if (strcmp(argv[i], "--runs") == 0 && value <= MAX_RUNS)
            b->runs = (int)value;
        else
            return 0;
    }
    return argc % 2 == 1 && b->hidden % 64 == 0 && b->sequences <= b->tokens;
}

int main(int argc, char **argv) {
    bench b;
    if (!parse(argc, argv, &b)) {
        fprintf(stderr, "usage: bench_ops [--device cpu|cuda] [--bf16 1] [--threads N] [--tokens N] [--sequences N]\n"
                        "                 [--runs N] [--hidden N]\n"
                        "--hidden is a multiple of 64, and no more sequences than tokens\n");
        return 2;
    }
    check(cam_backends_open(&b.device, &b.backend));
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a const part of `b` makes all of it const to the analyzer */
    if (strcmp(b.backend->name, "cpu") == 0)
        b.threads = cam_backend_cpu_threads(b.backend);
    lay_out(&b);
    measure_ceilings(&b);
    printf("%-18s %-22s %9s %9s %15s %8s\n", "operator", "shape", "median ms", "least ms", "rate", "of limit");
    linear(&b, "qkv", 3 * b.hidden, b.hidden, CAM_ROWS_TOKENS);
    linear(&b, "out", b.hidden, b.hidden, CAM_ROWS_TOKENS);
    linear(&b, "up", 4 * b.hidden, b.hidden, CAM_ROWS_TOKENS);
    linear(&b, "down", b.hidden, 4 * b.hidden, CAM_ROWS_TOKENS);
    linear(&b, "head", b.hidden, b.hidden, CAM_ROWS_HEAD);
    attention(&b);
    rows(&b);
    head(&b);
    masked_lm(&b);
    embedding(&b);
    parameters(&b);
    cam_backend_close(b.backend);
    return 0;
}
