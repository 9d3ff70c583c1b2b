/* ops.c: how long each operator takes at the shapes of a full-size model, and what share of the machine that is.
 *
 *     bench_ops [--threads N] [--tokens N] [--sequences N] [--runs N] [--hidden N]
 *
 * Two ceilings are measured first, in the same run: the rate of large products by OpenBLAS, one independent
 * single-threaded call a thread, and the rate of a copy. OpenBLAS picks its kernels by a list of processors and may
 * pick slow ones for a new processor: its choice is printed, and OPENBLAS_CORETYPE overrides it. Times are the median
 * and the least of the runs; shares are of the median.
 */
#include "cam/ops.h"
#include "backend_cpu.h"
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct bench {
    cam_backend *backend;
    int threads, runs;
    int64_t tokens, sequences, hidden;
    double flops_ceiling, bytes_ceiling; /* a second */
    cam_step_state *state;
    cam_workspace workspace;
    cam_tensor row, index, cu, list, positions;
} bench;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(cam_status status) {
    if (status == CAM_OK)
        return;
    fprintf(stderr, "error: %s\n", cam_status_message());
    exit(cam_status_exit_code(status));
}

static void *take(bench *b, size_t bytes) {
    void *memory;
    check(cam_backend_allocate(b->backend, bytes, &memory));
    memset(memory, 0, bytes);
    return memory;
}

/* Numbers in (-1, 1), without structure. */
static cam_tensor matrix(bench *b, int64_t rows, int64_t columns) {
    cam_tensor t = cam_tensor_2d(take(b, (size_t)(rows * columns) * 4), CAM_F32, rows, columns);
    uint32_t u = 12345;
    for (int64_t i = 0; i < rows * columns; i++) {
        u = u * 1664525u + 1013904223u;
        ((float *)t.data)[i] = (float)(int32_t)u * 0x1p-31f;
    }
    return t;
}

static cam_tensor vector(bench *b, int64_t n) {
    cam_tensor t = matrix(b, 1, n);
    return cam_tensor_1d(t.data, CAM_F32, n);
}

static cam_tensor indices(bench *b, int64_t n) {
    return cam_tensor_1d(take(b, (size_t)n * 4), CAM_I32, n);
}

static void drop(bench *b, cam_tensor t) {
    cam_backend_release(b->backend, t.data);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { MAX_RUNS = 1000 };

static void report(const bench *b, const char *op, const char *shape, double *seconds, double flops, double bytes) {
    qsort(seconds, (size_t)b->runs, sizeof *seconds, ascending);
    double median = seconds[b->runs / 2], least = seconds[0];
    printf("%-18s %-22s %9.3f %9.3f", op, shape, 1e3 * median, 1e3 * least);
    if (flops > 0)
        printf(" %8.1f GFLOP/s %5.1f %%\n", flops / median / 1e9, 100 * flops / median / b->flops_ceiling);
    else
        printf(" %8.1f GB/s    %5.1f %%\n", bytes / median / 1e9, 100 * bytes / median / b->bytes_ceiling);
}

/* Calls one operator `runs` times with the arguments given and prints a row. */
#define MEASURE(b, op, shape, flops, bytes, ...)                                                                       \
    do {                                                                                                               \
        cam_##op##_args args_ = {__VA_ARGS__};                                                                         \
        double seconds_[MAX_RUNS];                                                                                     \
        args_.workspace = workspace_of((b), cam_##op##_workspace((b)->backend, &args_));                               \
        check(cam_##op((b)->backend, &args_));                                                                         \
        for (int run_ = 0; run_ < (b)->runs; run_++) {                                                                 \
            double begun_ = now();                                                                                     \
            check(cam_##op((b)->backend, &args_));                                                                     \
            seconds_[run_] = now() - begun_;                                                                           \
        }                                                                                                              \
        report((b), #op, (shape), seconds_, (flops), (bytes));                                                         \
    } while (0)

static cam_workspace workspace_of(bench *b, size_t bytes) {
    if (bytes > b->workspace.bytes) {
        cam_backend_release(b->backend, b->workspace.data);
        b->workspace = (cam_workspace){take(b, bytes), bytes};
    }
    return b->workspace;
}

/* Best of five rounds of one large product a thread, and of a copy that no cache holds. */
static void measure_ceilings(bench *b) {
    enum { SIDE = 1536, ROUNDS = 5 };
    size_t bytes = (size_t)256 << 20;
    cam_tensor product = matrix(b, 3 * b->threads * SIDE, SIDE);
    char *from = take(b, bytes), *to = take(b, bytes);
    openblas_set_num_threads(1);
    for (int round = 0; round < ROUNDS; round++) {
        double begun = now();
#pragma omp parallel for num_threads(b->threads) schedule(static, 1)
        for (int t = 0; t < b->threads; t++) {
            float *x = (float *)product.data + (int64_t)t * 3 * SIDE * SIDE, *y = x + SIDE * SIDE, *z = y + SIDE * SIDE;
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, SIDE, SIDE, SIDE, 1, x, SIDE, y, SIDE, 0, z, SIDE);
        }
        double rate = 2.0 * b->threads * SIDE * SIDE * SIDE / (now() - begun);
        b->flops_ceiling = rate > b->flops_ceiling ? rate : b->flops_ceiling;
        begun = now();
        size_t part = bytes / (size_t)b->threads;
#pragma omp parallel for num_threads(b->threads) schedule(static, 1)
        for (int t = 0; t < b->threads; t++)
            memcpy(to + (size_t)t * part, from + (size_t)t * part, part);
        rate = 2.0 * (double)bytes / (now() - begun);
        b->bytes_ceiling = rate > b->bytes_ceiling ? rate : b->bytes_ceiling;
    }
    drop(b, product);
    cam_backend_release(b->backend, from);
    cam_backend_release(b->backend, to);
    printf("%s\nceilings: OpenBLAS (%s) %.1f GFLOP/s, copy %.1f GB/s\n\n", b->backend->description,
           openblas_get_corename(), b->flops_ceiling / 1e9, b->bytes_ceiling / 1e9);
}

static void linear(bench *b, const char *name, int64_t out, int64_t in, cam_rows rows) {
    int64_t n = rows == CAM_ROWS_TOKENS ? b->tokens : b->sequences;
    cam_tensor x = matrix(b, n, in), w = matrix(b, out, in), y = matrix(b, n, out), bias = vector(b, out);
    cam_tensor dw = matrix(b, out, in), dbias = vector(b, out), dx = matrix(b, n, in);
    double flops = 2.0 * (double)n * (double)in * (double)out;
    char shape[64];
    snprintf(shape, sizeof shape, "%s %dx%dx%d", name, (int)n, (int)out, (int)in);
    MEASURE(b, linear_fwd, shape, flops, 0, .y = y, .x = x, .w = w, .bias = bias, .rows = rows, .state = b->state);
    MEASURE(b, linear_bwd_data, shape, flops, 0, .dx = dx, .dy = y, .w = w, .rows = rows, .state = b->state);
    MEASURE(b, linear_bwd_weight, shape, flops, 0, .dw = dw, .dbias = dbias, .dy = y, .x = x, .rows = rows,
            .state = b->state);
    drop(b, x), drop(b, w), drop(b, y), drop(b, bias), drop(b, dw), drop(b, dbias), drop(b, dx);
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
    int32_t heads = (int32_t)(h / 64), longest = 0;
    const int32_t *cu = b->cu.data;
    double scores = 0;
    for (int64_t s = 0; s < b->sequences; s++) {
        int32_t length = cu[s + 1] - cu[s];
        scores += (double)length * (double)length;
        longest = length > longest ? length : longest;
    }
    cam_tensor lse = matrix(b, n, heads);
#define SHARED                                                                                                         \
    .q = cam_tensor_columns(qkv, 0, h), .k = cam_tensor_columns(qkv, h, h), .v = cam_tensor_columns(qkv, 2 * h, h),    \
    .cu_q = b->cu, .cu_k = b->cu, .q_index = b->index, .sequence_row = b->list, .heads = heads, .max_keys = longest,   \
    .scale = 0.125f, .q_rows = CAM_ROWS_TOKENS, .threshold = cam_dropout_threshold(0.1), .site = CAM_SITE_ATTENTION,   \
    .state = b->state
    MEASURE(b, attention_fwd, "", 4 * scores * (double)h, 0, .out = out, .lse = lse, SHARED);
    MEASURE(b, attention_bwd, "", 10 * scores * (double)h, 0, .dq = cam_tensor_columns(dqkv, 0, h),
            .dk = cam_tensor_columns(dqkv, h, h), .dv = cam_tensor_columns(dqkv, 2 * h, h), .dout = dout, .out = out,
            .lse = lse, SHARED);
#undef SHARED
    drop(b, qkv), drop(b, out), drop(b, dout), drop(b, dqkv), drop(b, lse);
}

static void rows(bench *b) {
    int64_t n = b->tokens, h = b->hidden, f = 4 * h;
    double nh = 4.0 * (double)(n * h), nf = 4.0 * (double)(n * f);
    cam_tensor x = matrix(b, n, h), y = matrix(b, n, h), z = matrix(b, n, h), r = matrix(b, n, h);
    cam_tensor gamma = vector(b, h), beta = vector(b, h), bias = vector(b, h), mean = vector(b, n), rstd = vector(b, n);
    MEASURE(b, residual_fwd, "", 0, 4 * nh, .y = y, .z = z, .mean = mean, .rstd = rstd, .x = x, .bias = bias,
            .residual = r, .gamma = gamma, .beta = beta, .eps = 1e-5f, .rows = CAM_ROWS_TOKENS,
            .dropout = dropout(b, n, CAM_SITE_FFN_OUTPUT), .state = b->state);
    MEASURE(b, residual_bwd, "", 0, 4 * nh, .dx = x, .dresidual = r, .dbias = bias, .dgamma = gamma, .dbeta = beta,
            .dy = y, .z = z, .mean = mean, .rstd = rstd, .gamma = vector(b, h), .rows = CAM_ROWS_TOKENS,
            .dropout = dropout(b, n, CAM_SITE_FFN_OUTPUT), .state = b->state);
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
    cam_tensor word = matrix(b, VOCABULARY, h), position = matrix(b, POSITIONS, h), type = matrix(b, 1, h);
    cam_tensor y = matrix(b, n, h), mean = vector(b, n), rstd = vector(b, n), gamma = vector(b, h), beta = vector(b, h);
    cam_tensor dword = matrix(b, VOCABULARY, h), dposition = matrix(b, POSITIONS, h), dtype = matrix(b, 1, h);
    cam_tensor ids = indices(b, n), dgamma = vector(b, h), dbeta = vector(b, h);
    for (int64_t i = 0; i < n; i++)
        ((int32_t *)ids.data)[i] = (int32_t)(i * 7919 % VOCABULARY);
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
    cam_tensor p = vector(b, n), m = vector(b, n), v = vector(b, n), g = vector(b, n);
    cam_tensor partial = cam_tensor_1d(take(b, (size_t)chunks * 8), CAM_F64, chunks);
    cam_tensor halves = cam_tensor_1d(m.data, CAM_BF16, n);
    cam_chunk *table = take(b, (size_t)chunks * sizeof *table);
    for (uint32_t c = 0; c < (uint32_t)chunks; c++)
        table[c] = (cam_chunk){.rate_scale = 1, .decay = 0.01, .weight = 2 * c, .gradient = 2 * c};
    for (int64_t i = 0; i < n; i++)
        ((float *)v.data)[i] *= ((float *)v.data)[i];
    MEASURE(b, norm_partial, "85 M", 0, 4.0 * (double)n, .partial = partial, .grad = g);
    MEASURE(b, norm_final, "85 M", 0, 8.0 * (double)chunks, .partial = partial, .max_norm = 1, .state = b->state);
    MEASURE(b, adamw, "85 M", 0, 28.0 * (double)n, .weight = p, .m = m, .v = v, .grad = g, .chunks = table, .beta1 = 0.9,
            .beta2 = 0.999, .eps = 1e-8, .state = b->state);
    MEASURE(b, cast, "85 M to bf16", 0, 6.0 * (double)n, .to = halves, .from = p);
}

static void head(bench *b) {
    enum { LABELS = 60 };
    int64_t n = b->tokens, r = b->sequences, h = b->hidden;
    double rh = 4.0 * (double)(r * h), nh = 4.0 * (double)(n * h), rk = 4.0 * (double)(r * LABELS);
    cam_tensor all = matrix(b, n, h), x = matrix(b, r, h), y = matrix(b, r, h), bias = vector(b, h);
    cam_tensor logits = matrix(b, r, LABELS), dlogits = matrix(b, r, LABELS), labels = indices(b, r),
               loss = vector(b, r);
    cam_tensor dbias = vector(b, h), first = indices(b, r);
    memcpy(first.data, b->cu.data, (size_t)r * 4);
    MEASURE(b, head_gather_fwd, "", 0, 2 * rh, .y = x, .x = all, .list = first, .state = b->state);
    MEASURE(b, head_gather_bwd, "", 0, rh + nh, .dx = all, .dy = x, .list = first, .state = b->state);
    MEASURE(b, head_dropout, "", 0, 2 * rh, .y = y, .x = x, .dropout = dropout(b, r, CAM_SITE_HEAD_INPUT),
            .state = b->state);
    MEASURE(b, head_tanh_fwd, "", 0, 2 * rh, .y = y, .x = x, .bias = bias,
            .dropout = dropout(b, r, CAM_SITE_HEAD_OUTPUT), .state = b->state);
    MEASURE(b, head_tanh_bwd, "", 0, 3 * rh, .dx = y, .dbias = dbias, .dy = matrix(b, r, h), .x = x, .bias = bias,
            .dropout = dropout(b, r, CAM_SITE_HEAD_OUTPUT), .state = b->state);
    MEASURE(b, loss_fwd, "60 labels", 0, rk, .row_loss = loss, .logits = logits, .labels = labels, .weights = CAM_NONE,
            .state = b->state);
    MEASURE(b, loss_bwd, "60 labels", 0, 2 * rk, .dlogits = dlogits, .logits = logits, .labels = labels,
            .weights = CAM_NONE, .state = b->state);
}

/* Sequences as even as the counts allow. */
static void lay_out(bench *b) {
    b->row = indices(b, b->tokens), b->index = indices(b, b->tokens), b->positions = indices(b, b->tokens);
    b->cu = indices(b, b->sequences + 1), b->list = indices(b, b->sequences);
    int32_t *cu = b->cu.data;
    for (int64_t s = 0; s < b->sequences; s++) {
        cu[s + 1] = (int32_t)((s + 1) * b->tokens / b->sequences);
        ((int32_t *)b->list.data)[s] = (int32_t)s;
        for (int32_t i = cu[s]; i < cu[s + 1]; i++) {
            ((int32_t *)b->row.data)[i] = (int32_t)s;
            ((int32_t *)b->index.data)[i] = i - cu[s];
            ((int32_t *)b->positions.data)[i] = i - cu[s] + 2;
        }
    }
    b->state = take(b, sizeof *b->state);
    *b->state = (cam_step_state){.seed = 1, .tokens = (int32_t)b->tokens, .sequences = (int32_t)b->sequences};
    b->state->head_rows = (int32_t)b->sequences;
    b->state->learning_rate = 1e-5, b->state->bias_correction1 = 0.5, b->state->bias_correction2 = 0.5;
    b->state->loss_denominator = (double)b->sequences, b->state->clip_scale = 1, b->state->finite = 1;
}

static int parse(int argc, char **argv, bench *b) {
    *b = (bench){.runs = 21, .tokens = 375, .sequences = 32, .hidden = 768};
    for (int i = 1; i + 1 < argc; i += 2) {
        int64_t value = strtoll(argv[i + 1], NULL, 10);
        if (value < 1)
            return 0;
        if (strcmp(argv[i], "--threads") == 0)
            b->threads = (int)value;
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
        fprintf(stderr, "usage: bench_ops [--threads N] [--tokens N] [--sequences N] [--runs N] [--hidden N]\n"
                        "--hidden is a multiple of 64, and no more sequences than tokens\n");
        return 2;
    }
    check(cam_backend_cpu_open(b.threads, &b.backend));
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
    embedding(&b);
    parameters(&b);
    cam_backend_close(b.backend);
    return 0;
}
