/* train.c: one training step of a full-size model, measured: seconds, share of the bound, memory, where the time goes.
 *
 *     bench_train MODEL_FOLDER TRAIN_TSV [batch rows] [steps] [order file]
 *
 * MODEL_FOLDER is a Hugging Face folder with weights (bench/run.sh makes one of random weights).
 * TRAIN_TSV holds label<TAB>text rows without a header. Rows are taken in the first epoch's order, which is written to
 * the order file for peer_torch.py, so that both see the same batches. Prints one JSON object a line.
 *
 * The bound is arithmetic alone: the operations of the step's matrix products, counted as in count_flops, at the rate
 * that this machine's large products reach in the same run.
 */
#include "backend_cpu.h"
#include "corpus.h"
#include "files.h"
#include "json_out.h"
#include "log.h"
#include "order.h"
#include "trainer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double peak_gb(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1e6;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, int64_t n) {
    qsort(values, (size_t)n, sizeof *values, by_size);
    return values[n / 2];
}

/* Floating-point operations of a step over rows of these lengths: forward, and twice that backward. In the last layer
 * only keys and values are of all tokens. Attention: 4 s^2 H forward, 10 s^2 H backward, its probabilities made again.
 */
static double count_flops(const cam_model_config *c, const int64_t *lengths, int64_t rows) {
    double h = c->hidden_size, f = c->intermediate_size, layers = c->num_hidden_layers, tokens = 0, squares = 0;
    for (int64_t r = 0; r < rows; r++) {
        tokens += (double)lengths[r];
        squares += (double)lengths[r] * (double)lengths[r];
    }
    double layer = 6 * (4 * h * h + 2 * h * f) * tokens;
    double last = 6 * (2 * h * h * tokens + (2 * h * h + 2 * h * f) * (double)rows);
    double attention = 14 * h * ((layers - 1) * squares + tokens);
    double head = 6 * (h * h + h * c->num_labels) * (double)rows;
    return (layers - 1) * layer + last + attention + head;
}

/* The rate of a product too large for its edges to matter: the median of five. */
static cam_status measure_rate(cam_backend *backend, double *flops_per_s) {
    enum { N = 3072, TIMES = 5 };
    cam_status st = CAM_OK;
    void *memory = NULL;
    size_t bytes = (size_t)N * N * sizeof(float);
    cam_step_state state = {.tokens = N};
    double seconds[TIMES];
    cam_linear_fwd_args args = {.x = cam_tensor_2d(NULL, CAM_F32, N, N),
                                .w = cam_tensor_2d(NULL, CAM_F32, N, N),
                                .y = cam_tensor_2d(NULL, CAM_F32, N, N),
                                .rows = CAM_ROWS_TOKENS,
                                .state = &state};
    size_t ws_bytes = cam_linear_fwd_workspace(backend, &args);
    CAM_TRY(cam_backend_allocate(backend, 3 * bytes + ws_bytes, &memory));
    float *at = memory;
    for (size_t i = 0; i < 2 * (size_t)N * N; i++)
        at[i] = (float)((i * 2654435761u >> 16) & 0xFF) / 256.0f - 0.5f;
    args.x.data = at;
    args.w.data = at + (size_t)N * N;
    args.y.data = at + 2 * (size_t)N * N;
    args.workspace = (cam_workspace){at + 3 * (size_t)N * N, ws_bytes};
    for (int i = 0; i < TIMES; i++) {
        double begin = now_s();
        CAM_TRY(cam_linear_fwd(backend, &args));
        seconds[i] = now_s() - begin;
    }
    *flops_per_s = 2.0 * N * N * N / median(seconds, TIMES);
out:
    cam_backend_release(backend, memory);
    return st;
}

typedef struct bench {
    cam_model_config config;
    cam_tokenizer *tokenizer;
    cam_corpus corpus;
    cam_trainer_options options;
    const char *folder;
} bench;

static cam_status read_data(bench *b, const char *folder, const char *data) {
    cam_status st = CAM_OK;
    char *path = cam_path_join(folder, "config.json");
    cam_config config;
    cam_config_defaults(&config);
    static const char *const columns[] = {"label", "text"};
    config.train_file = data;
    config.columns = (cam_config_list){columns, 2};
    config.stratify = false;
    config.on_duplicate = CAM_CONFIG_DUPLICATE_IGNORE;
    CAM_TRY(cam_model_config_read(path, &b->config));
    CAM_TRY(cam_tokenizer_open(folder, &b->tokenizer));
    CAM_TRY(cam_corpus_open(&b->corpus, &config, NULL));
    CAM_TRY(cam_model_config_set_labels(&b->config, (const char *const *)b->corpus.labels.names,
                                        (int32_t)b->corpus.labels.count));
    CAM_TRY(cam_corpus_tokenize(&b->corpus, b->tokenizer, 256, NULL));
out:
    cam_config_release(&config);
    free(path);
    return st;
}

static void settle_options(bench *b, int64_t batch_rows, int64_t steps) {
    int32_t *all = malloc((size_t)b->corpus.rows * sizeof *all);
    CAM_ASSERT(all != NULL); /* every row of the file trains */
    for (int32_t r = 0; r < b->corpus.rows; r++)
        all[r] = r;
    b->options = (cam_trainer_options){.config = &b->config,
                                       .source = {.seed = 42, .config = &b->config},
                                       .rates = {.weight_decay = 0.01, .layerwise_decay = 1},
                                       .adamw = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .max_grad_norm = 1},
                                       .schedule = CAM_SCHEDULE_CONSTANT,
                                       .learning_rate = 2e-5,
                                       .plan = {.batch_rows = batch_rows, .accumulation = 1, .max_updates = steps},
                                       .sampling = CAM_SAMPLING_RANDOM,
                                       .seed = 42,
                                       .eval_batch_rows = batch_rows,
                                       .tokens = &b->corpus.tokens,
                                       .labels = b->corpus.label,
                                       .train = all,
                                       .train_count = b->corpus.rows};
}

/* A classifier's parameters out of the mapped file; the file is in the page cache the second time. */
static cam_status measure_load(bench *b, cam_backend *backend) {
    cam_status st = CAM_OK;
    cam_parameters params = {0};
    double begin = 0;
    int fresh = 0;
    for (int time = 0; time < 2; time++) {
        cam_weights_close(b->options.source.weights);
        b->options.source.weights = NULL;
        begin = now_s();
        CAM_TRY(cam_weights_open(b->folder, &b->options.source.weights));
        CAM_TRY(cam_parameters_layout(&params, &b->config, NULL, &b->options.rates));
        CAM_TRY(cam_parameters_allocate(&params, backend, 0, &b->options.rates, 0));
        CAM_TRY(cam_model_load(&params, &b->options.source, &fresh));
        begin = now_s() - begin;
        if (time == 1)
            printf("{\"bench\":\"load\",\"mb\":%.0f,\"seconds\":%.3f}\n", (double)params.logical_count * 4e-6, begin);
        cam_parameters_release(&params);
    }
out:
    cam_parameters_release(&params);
    return st;
}

typedef struct figures {
    double step_s, flops, tokens; /* of the median step; of the mean one */
    double flops_per_s, peak_gb;
} figures;

static void print_steps(const bench *b, const cam_trainer *trainer, const figures *f, int64_t steps) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_json json;
    cam_json_begin(&json, &text);
    cam_json_text(&json, "bench", "step");
    cam_json_text(&json, "device", trainer->backend->description);
    cam_json_integer(&json, "batch_rows", b->options.plan.batch_rows);
    cam_json_number(&json, "tokens_a_step", f->tokens);
    cam_json_integer(&json, "parameters", trainer->params.logical_count);
    cam_json_integer(&json, "vocabulary_rows_used", trainer->params.word_rows);
    cam_json_number(&json, "median_step_s", f->step_s);
    cam_json_number(&json, "tokens_per_s", f->tokens / f->step_s);
    cam_json_number(&json, "gflop_a_step", f->flops * 1e-9);
    cam_json_number(&json, "product_gflop_per_s", f->flops_per_s * 1e-9);
    cam_json_number(&json, "bound_s", f->flops / f->flops_per_s);
    cam_json_number(&json, "share_of_bound", f->flops / f->flops_per_s / f->step_s);
    cam_json_number(&json, "peak_rss_gb", f->peak_gb);
    cam_json_object(&json, "op_ms");
    for (int op = 0; op < CAM_OP_COUNT; op++)
        cam_json_number(&json, cam_op_name((enum cam_op)op), 1e3 * trainer->backend->op_seconds[op] / (double)steps);
    cam_json_close(&json);
    cam_json_end(&json);
    printf("%s\n", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

static cam_status measure_steps(bench *b, cam_backend *backend, int64_t steps) {
    enum { WARM = 2 };
    cam_status st = CAM_OK;
    cam_trainer trainer = {0};
    cam_step_report report;
    double op_seconds[CAM_OP_COUNT] = {0}, flops = 0, tokens = 0, rate = 0;
    double *seconds = malloc((size_t)steps * sizeof *seconds);
    int64_t *lengths = malloc((size_t)b->options.plan.batch_rows * sizeof *lengths);
    CAM_ASSERT(seconds && lengths);
    b->options.plan.max_updates = steps + WARM;
    CAM_TRY(cam_trainer_open(&trainer, backend, &b->options));
    for (int64_t step = 0; step < steps + WARM; step++) {
        if (step == WARM)
            backend->op_seconds = op_seconds;
        double begin = now_s();
        CAM_TRY(cam_trainer_step(&trainer, &report));
        if (step < WARM)
            continue;
        seconds[step - WARM] = now_s() - begin;
        for (int64_t r = 0; r < report.rows; r++) {
            int64_t row = trainer.order.rows[step * b->options.plan.batch_rows + r];
            lengths[r] = b->corpus.tokens.offsets[row + 1] - b->corpus.tokens.offsets[row];
        }
        flops += count_flops(&b->config, lengths, report.rows) / (double)steps;
        tokens += (double)report.tokens / (double)steps;
    }
    double peak = peak_gb();
    backend->op_seconds = NULL;
    CAM_TRY(measure_rate(backend, &rate));
    backend->op_seconds = op_seconds;
    print_steps(b, &trainer, &(figures){median(seconds, steps), flops, tokens, rate, peak}, steps);
out:
    cam_trainer_close(&trainer);
    free(seconds);
    free(lengths);
    return st;
}

/* The order of the first epoch, one row number a line. */
static cam_status write_order(const bench *b, const char *path) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_order order = {0};
    cam_order_options options = {.sampling = b->options.sampling,
                                 .seed = b->options.seed,
                                 .rows = b->options.train,
                                 .count = b->options.train_count};
    CAM_TRY(cam_order_open(&order, &options));
    cam_order_load(&order, 0);
    for (int64_t i = 0; i < options.count; i++)
        cam_strbuf_printf(&text, "%d\n", order.rows[i]);
    CAM_TRY(cam_file_write(path, cam_strbuf_text(&text), text.length));
out:
    cam_order_close(&order);
    cam_strbuf_release(&text);
    return st;
}

static cam_status run(int argc, char **argv) {
    cam_status st = CAM_OK;
    bench b = {.folder = argv[1]};
    cam_backend *backend = NULL;
    int64_t batch_rows = argc > 3 ? atol(argv[3]) : 32, steps = argc > 4 ? atol(argv[4]) : 20;
    CAM_TRY(cam_backend_cpu_open(0, &backend));
    CAM_TRY(read_data(&b, argv[1], argv[2]));
    settle_options(&b, batch_rows, steps);
    CAM_TRY(measure_load(&b, backend));
    if (argc > 5)
        CAM_TRY(write_order(&b, argv[5]));
    CAM_TRY(measure_steps(&b, backend, steps));
out:
    cam_weights_close(b.options.source.weights);
    cam_corpus_close(&b.corpus);
    cam_tokenizer_close(b.tokenizer);
    cam_model_config_release(&b.config);
    free((void *)(uintptr_t)b.options.train);
    cam_backend_close(backend);
    return st;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: bench_train MODEL_FOLDER TRAIN_TSV [batch rows] [steps] [order file]\n");
        return 2;
    }
    cam_status st = run(argc, argv);
    if (st != CAM_OK)
        cam_log_error("%s", cam_status_message());
    return cam_status_exit_code(st);
}
