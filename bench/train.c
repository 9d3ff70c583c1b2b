/* train.c: measures training steps of a full-size model: seconds, fraction of the arithmetic bound, memory, the time of
 * each operator, and what a copy of the training state costs.
 *
 *     bench_train MODEL_FOLDER TRAIN_TSV [--device auto|cpu|cuda] [--precision f32|tf32|bf16]
 *                 [--attention auto|native|cudnn] [--batch ROWS] [--steps N] [--warmup N] [--max-length TOKENS]
 *                 [--order FILE] [--only order|profile]
 *
 * MODEL_FOLDER is a Hugging Face folder with weights (bench/run.sh makes one with random weights). TRAIN_TSV holds
 * label<TAB>text rows without a header. Rows are taken in the first epoch's order. That order is written to the order
 * file for the other programs of the comparison, so that all train on the same batches; it is written before the device
 * is opened. Prints one JSON object a line.
 *
 * --precision: as in a run, products of f32 are made in tf32 unless all is f32. --only order: writes the order file and
 * ends, without a device. --only profile: marks one step after the warm-up for a profiler (ncu --profile-from-start off)
 * and ends; CAM_CUDA_CHECK=1 has its kernels outside of a graph.
 *
 * Steps are queued as in a run of the program, and timed from one step's end record to the next. Then a few more steps
 * are made with operator timers. The bound is arithmetic only: the operations of the step's matrix products
 * (count_flops) at the rate that a large product reaches on this machine in the same run.
 */
#include "backends.h"
#include "clock.h"
#include "corpus.h"
#include "files.h"
#include "json_out.h"
#include "log.h"
#include "model_tokenizer.h"
#include "order.h"
#include "trainer_state.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

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

/* Floating-point operations of a step over rows of these lengths: backward takes twice those of forward. In the last
 * layer only keys and values are computed for all tokens. Attention: 4 s^2 H forward; 10 s^2 H backward, which
 * recomputes the probabilities. */
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

/* The rate of a large matrix product, the median of five; it is so large that the edges of tiles do not matter. */
static cam_status measure_rate(cam_backend *backend, int bf16, double *flops_per_s) {
    enum { TIMES = 6 };
    cam_status st = CAM_OK;
    const int64_t n = strcmp(backend->name, "cpu") == 0 ? 3072 : 8192;
    cam_dtype dtype = bf16 ? CAM_BF16 : CAM_F32;
    size_t elements = (size_t)(n * n), bytes = elements * cam_dtype_size(dtype);
    void *memory = NULL, *random = malloc(elements * sizeof(float)), *device_state = NULL;
    cam_step_state state = {.tokens = (int32_t)n};
    double seconds[TIMES];
    cam_linear_fwd_args args = {.x = cam_tensor_2d(NULL, dtype, n, n),
                                .w = cam_tensor_2d(NULL, dtype, n, n),
                                .y = cam_tensor_2d(NULL, dtype, n, n),
                                .rows = CAM_ROWS_TOKENS};
    size_t ws_bytes = cam_linear_fwd_workspace(backend, &args);
    CAM_ASSERT(random != NULL);
    CAM_TRY(cam_backend_allocate(backend, 3 * bytes + ws_bytes, &memory));
    CAM_TRY(cam_backend_allocate(backend, sizeof state, &device_state));
    CAM_TRY(cam_backend_copy(backend, device_state, &state, sizeof state, CAM_TO_DEVICE));
    for (size_t i = 0; i < elements; i++) { /* between -1/2 and 1/2 */
        float value = (float)((i * 2654435761u >> 16) & 0xFF) / 256.0f - 0.5f;
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        if (bf16)
            ((uint16_t *)random)[i] = (uint16_t)(bits >> 16);
        else
            ((float *)random)[i] = value;
    }
    args.x.data = memory;
    args.w.data = (char *)memory + bytes;
    args.y.data = (char *)memory + 2 * bytes;
    args.workspace = (cam_workspace){(char *)memory + 3 * bytes, ws_bytes};
    args.state = device_state;
    CAM_TRY(cam_backend_copy(backend, args.x.data, random, bytes, CAM_TO_DEVICE));
    CAM_TRY(cam_backend_copy(backend, args.w.data, random, bytes, CAM_TO_DEVICE));
    for (int i = 0; i < TIMES; i++) {
        CAM_TRY(cam_backend_synchronize(backend));
        double begin = cam_now_s();
        CAM_TRY(cam_linear_fwd(backend, &args));
        CAM_TRY(cam_backend_synchronize(backend));
        seconds[i] = cam_now_s() - begin;
    }
    *flops_per_s = 2.0 * (double)n * (double)n * (double)n / median(seconds + 1, TIMES - 1);
out:
    cam_backend_release(backend, memory);
    cam_backend_release(backend, device_state);
    free(random);
    return st;
}

/* The command line's options. */
typedef enum part { ALL, ORDER, PROFILE } part;

typedef struct request {
    const char *folder, *data, *order;
    part part;
    cam_device_options device;
    int bf16;
    int64_t batch_rows, steps, warmup, max_length;
} request;

typedef struct bench {
    cam_model_config config;
    cam_tokenizer *tokenizer;
    cam_corpus corpus;
    cam_trainer_options options;
    const request *request;
} bench;

static cam_status read_data(bench *b) {
    cam_status st = CAM_OK;
    char *path = cam_path_join(b->request->folder, "config.json");
    cam_config config = {0};
    cam_config_defaults(&config);
    static const char *const columns[] = {"label", "text"};
    config.train_file = b->request->data;
    config.columns = (cam_config_list){columns, 2};
    config.stratify = false;
    config.on_duplicate = CAM_DUPLICATE_IGNORE;
    CAM_TRY(cam_model_config_read(path, &b->config));
    CAM_TRY(cam_model_tokenizer_open(b->request->folder, &b->tokenizer));
    CAM_TRY(cam_corpus_open(&b->corpus, &config, NULL));
    CAM_TRY(cam_model_config_set_labels(&b->config, (const char *const *)b->corpus.labels.names,
                                        (int32_t)b->corpus.labels.count));
    CAM_TRY(cam_corpus_tokenize(&b->corpus, b->tokenizer, (int32_t)b->request->max_length, NULL));
out:
    cam_config_release(&config);
    free(path);
    return st;
}

static void set_options(bench *b) {
    const request *r = b->request;
    int32_t *all = malloc((size_t)b->corpus.rows * sizeof *all);
    CAM_ASSERT(all != NULL); /* every row of the file is a training row */
    for (int32_t row = 0; row < b->corpus.rows; row++)
        all[row] = row;
    b->options =
        (cam_trainer_options){.config = &b->config,
                              .source = {.seed = 42, .config = &b->config},
                              .rates = {.weight_decay = 0.01, .layerwise_decay = 1},
                              .adamw = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .max_grad_norm = 1},
                              .schedule = CAM_SCHEDULE_CONSTANT,
                              .learning_rate = 2e-5,
                              .plan = {.batch_rows = r->batch_rows, .accumulation = 1, .max_updates = r->steps},
                              .sampling = CAM_SAMPLING_RANDOM,
                              .seed = 42,
                              .eval_batch_rows = r->batch_rows,
                              .bf16 = r->bf16,
                              .tokens = &b->corpus.tokens,
                              .labels = b->corpus.label,
                              .train = all,
                              .train_count = b->corpus.rows};
}

/* Loads a classifier's parameters twice and prints the second time, when the file is in the page cache. */
static cam_status measure_load(bench *b, cam_backend *backend) {
    cam_status st = CAM_OK;
    cam_parameters params = {0};
    double begin = 0;
    int fresh = 0;
    for (int time = 0; time < 2; time++) {
        cam_weights_close(b->options.source.weights);
        b->options.source.weights = NULL;
        begin = cam_now_s();
        CAM_TRY(cam_weights_open(b->request->folder, &b->options.source.weights));
        CAM_TRY(
            cam_parameters_layout(&params, &b->config, NULL, &b->options.rates, (cam_precision){0}, (cam_sharding){0}));
        CAM_TRY(cam_parameters_allocate(&params, backend, 0, &b->options.rates, 0));
        CAM_TRY(cam_model_load(&params, &b->options.source, &fresh));
        begin = cam_now_s() - begin;
        if (time == 1)
            printf("{\"bench\":\"load\",\"mb\":%.0f,\"seconds\":%.3f}\n", (double)params.logical_count * 4e-6, begin);
        cam_parameters_release(&params);
    }
out:
    cam_parameters_release(&params);
    return st;
}

typedef struct figures {
    double step_s, least_s; /* of the median and of the fastest step */
    double flops, tokens;   /* means over the steps */
    double flops_per_s, peak_gb;
    int64_t timed; /* steps with operator timers */
    cam_memory_need device;
} figures;

static void print_steps(const bench *b, const cam_trainer *trainer, const figures *f) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_json json;
    cam_json_begin(&json, &text);
    cam_json_text(&json, "bench", "step");
    cam_json_text(&json, "device", trainer->backend->description);
    cam_json_text(&json, "precision", b->request->bf16 ? "bf16" : b->request->device.tf32 ? "tf32" : "f32");
    cam_json_integer(&json, "batch_rows", b->options.plan.batch_rows);
    cam_json_number(&json, "tokens_a_step", f->tokens);
    cam_json_integer(&json, "parameters", trainer->params.logical_count);
    cam_json_integer(&json, "vocabulary_rows_used", trainer->params.word_rows);
    cam_json_number(&json, "median_step_s", f->step_s);
    cam_json_number(&json, "least_step_s", f->least_s);
    cam_json_number(&json, "tokens_per_s", f->tokens / f->step_s);
    cam_json_number(&json, "gflop_a_step", f->flops * 1e-9);
    cam_json_number(&json, "product_gflop_per_s", f->flops_per_s * 1e-9);
    cam_json_number(&json, "bound_s", f->flops / f->flops_per_s);
    cam_json_number(&json, "fraction_of_bound", f->flops / f->flops_per_s / f->step_s);
    cam_json_number(&json, "peak_rss_gb", f->peak_gb);
    cam_json_integer(&json, "device_parameter_mb", (int64_t)(f->device.parameters >> 20));
    cam_json_integer(&json, "device_activation_mb", (int64_t)(f->device.activations >> 20));
    cam_json_object(&json, "op_ms");
    for (int op = 0; op < CAM_OP_COUNT; op++)
        cam_json_number(&json, cam_op_name((enum cam_op)op), 1e3 * trainer->backend->op_seconds[op] / (double)f->timed);
    cam_json_close(&json);
    cam_json_end(&json);
    printf("%s\n", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

/* Seconds of each of the steps after the warm-up, by the device's clock, and their mean operations and tokens. */
static cam_status time_steps(bench *b, cam_trainer *trainer, double *seconds, figures *f) {
    cam_status st = CAM_OK;
    const request *r = b->request;
    int64_t submitted = 0, reported = 0, all = r->warmup + r->steps;
    int64_t *lengths = malloc((size_t)r->batch_rows * sizeof *lengths);
    double before = 0;
    CAM_ASSERT(lengths != NULL);
    while (reported < all) {
        cam_step_report report;
        int present = 0, full = submitted == all || cam_trainer_steps_in_flight(trainer) == CAM_REPORTS;
        if (!full) {
            CAM_TRY(cam_trainer_step(trainer));
            submitted++;
        }
        CAM_TRY(cam_trainer_report(trainer, full, &report, &present));
        if (!present)
            continue;
        if (reported >= r->warmup) {
            cam_update_span span = cam_plan_update_span(&trainer->plan, reported);
            cam_order_load(&trainer->order, span.epoch);
            for (int64_t i = 0; i < report.rows; i++) {
                int64_t row = trainer->order.rows[span.first + i];
                lengths[i] = b->corpus.tokens.offsets[row + 1] - b->corpus.tokens.offsets[row];
            }
            seconds[reported - r->warmup] = report.time_s - before;
            f->flops += count_flops(&b->config, lengths, report.rows) / (double)r->steps;
            f->tokens += (double)report.tokens / (double)r->steps;
        }
        before = report.time_s;
        reported++;
    }
out:
    free(lengths);
    return st;
}

/* Copies the training state to host memory, as a checkpoint does, and prints the least of a few times. */
static cam_status measure_snapshot(cam_trainer *trainer) {
    enum { TIMES = 5 };
    cam_status st = CAM_OK;
    cam_trainer_state state = {0};
    double begin = cam_now_s(), opened, least = 0;
    CAM_TRY(cam_trainer_state_open(&state, trainer));
    opened = cam_now_s() - begin;
    for (int time = 0; time < TIMES; time++) {
        begin = cam_now_s();
        CAM_TRY(cam_trainer_state_take(&state));
        double seconds = cam_now_s() - begin;
        least = time == 0 || seconds < least ? seconds : least;
    }
    printf("{\"bench\":\"snapshot\",\"mb\":%.0f,\"open_s\":%.3f,\"take_s\":%.4f}\n",
           (double)cam_trainer_memory(trainer).snapshot * 1e-6, opened, least);
out:
    cam_trainer_state_close(&state);
    return st;
}

static cam_status measure_steps(bench *b, cam_backend *backend) {
    enum { TIMED = 4 };
    cam_status st = CAM_OK;
    const request *r = b->request;
    cam_trainer trainer = {0};
    figures f = {.timed = TIMED};
    double op_seconds[CAM_OP_COUNT] = {0};
    double *seconds = malloc((size_t)r->steps * sizeof *seconds);
    CAM_ASSERT(seconds != NULL);
    b->options.plan.max_updates = r->warmup + r->steps + TIMED;
    CAM_TRY(cam_trainer_open(&trainer, backend, &b->options));
    CAM_TRY(time_steps(b, &trainer, seconds, &f));
    f.step_s = median(seconds, r->steps);
    f.least_s = seconds[0];
    f.peak_gb = peak_gb();
    f.device = cam_trainer_memory(&trainer);
    backend->op_seconds = op_seconds;
    for (int i = 0; i < TIMED; i++) {
        cam_step_report report;
        CAM_TRY(cam_trainer_step_now(&trainer, &report));
    }
    backend->op_seconds = NULL;
    CAM_TRY(measure_rate(backend, r->bf16, &f.flops_per_s));
    backend->op_seconds = op_seconds;
    print_steps(b, &trainer, &f);
    CAM_TRY(measure_snapshot(&trainer));
out:
    backend->op_seconds = NULL;
    cam_trainer_close(&trainer);
    free(seconds);
    return st;
}

/* Calls a function of the driver that takes nothing; a profiler listens to it. Without a driver nothing is called. */
static void tell_profiler(const char *function) {
    void *driver = dlopen("libcuda.so.1", RTLD_NOW);
    void *address = driver ? dlsym(driver, function) : NULL;
    int (*call)(void);
    memcpy(&call, &address, sizeof call);
    if (address)
        (void)call();
}

/* Makes the warm-up's steps, and one more between the marks of a profiler. */
static cam_status profile_step(bench *b, cam_backend *backend) {
    cam_status st = CAM_OK;
    cam_trainer trainer = {0};
    cam_step_report report = {0};
    b->options.plan.max_updates = b->request->warmup + 1;
    CAM_TRY(cam_trainer_open(&trainer, backend, &b->options));
    for (int64_t step = 0; step < b->request->warmup; step++)
        CAM_TRY(cam_trainer_step_now(&trainer, &report));
    tell_profiler("cuProfilerStart");
    CAM_TRY(cam_trainer_step_now(&trainer, &report));
    CAM_TRY(cam_backend_synchronize(backend));
    tell_profiler("cuProfilerStop");
    printf("{\"bench\":\"profile\",\"rows\":%lld,\"tokens\":%lld}\n", (long long)report.rows, (long long)report.tokens);
out:
    cam_trainer_close(&trainer);
    return st;
}

/* Writes the order of the first epoch, one row number a line. */
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

static cam_status run(const request *r) {
    cam_status st = CAM_OK;
    bench b = {.request = r};
    cam_backend *backend = NULL;
    CAM_TRY(read_data(&b));
    set_options(&b);
    if (r->order)
        CAM_TRY(write_order(&b, r->order));
    if (r->part == ORDER)
        goto out;
    CAM_TRY(cam_backends_open(&r->device, &backend));
    CAM_TRY(measure_load(&b, backend));
    CAM_TRY(r->part == PROFILE ? profile_step(&b, backend) : measure_steps(&b, backend));
out:
    cam_weights_close(b.options.source.weights);
    cam_corpus_close(&b.corpus);
    cam_tokenizer_close(b.tokenizer);
    cam_model_config_release(&b.config);
    free((void *)(uintptr_t)b.options.train);
    cam_backend_close(backend);
    return st;
}

static int parse_number(const char *text, int64_t *value) {
    char *end;
    *value = strtoll(text, &end, 10);
    return *end == '\0' && *value > 0;
}

static int parse(int argc, char **argv, request *r) {
    static const char *const parts[] = {"all", "order", "profile"};
    *r = (request){.batch_rows = 32, .steps = 20, .warmup = 2, .max_length = 256};
    if (argc < 3 || argc % 2 == 0)
        return 0;
    r->folder = argv[1];
    r->data = argv[2];
    for (int i = 3; i < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        const struct {
            const char *name;
            int64_t *to;
        } numbers[] = {{"--batch", &r->batch_rows},
                       {"--steps", &r->steps},
                       {"--warmup", &r->warmup},
                       {"--max-length", &r->max_length}};
        int known = 0, device = cam_choice_find(cam_words_device, CAM_CHOICE_COUNT_device, value),
            attention = cam_choice_find(cam_words_attention, CAM_CHOICE_COUNT_attention, value);
        for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
            known |= strcmp(name, numbers[n].name) == 0 && parse_number(value, numbers[n].to);
        if (strcmp(name, "--device") == 0 && device >= 0)
            known = 1, r->device.device = (enum cam_choice_device)device;
        else if (strcmp(name, "--attention") == 0 && attention >= 0)
            known = 1, r->device.attention = (enum cam_choice_attention)attention;
        else if (strcmp(name, "--order") == 0)
            known = 1, r->order = value;
        else if (strcmp(name, "--precision") == 0)
            known = 1, r->bf16 = strcmp(value, "bf16") == 0, r->device.tf32 = strcmp(value, "f32") != 0;
        for (int which = ALL; which <= PROFILE && strcmp(name, "--only") == 0; which++)
            if (strcmp(value, parts[which]) == 0)
                known = 1, r->part = (part)which;
        if (!known)
            return 0;
    }
    return r->part != ORDER || r->order;
}

int main(int argc, char **argv) {
    request r;
    if (!parse(argc, argv, &r)) {
        fprintf(stderr,
                "usage: bench_train MODEL_FOLDER TRAIN_TSV [--device auto|cpu|cuda] [--precision f32|tf32|bf16]\n"
                "           [--attention auto|native|cudnn] [--batch ROWS] [--steps N] [--warmup N]\n"
                "           [--max-length TOKENS] [--order FILE] [--only order|profile]\n");
        return 2;
    }
    cam_status st = run(&r);
    if (st != CAM_OK)
        cam_log_error("%s", cam_status_message());
    return cam_status_exit_code(st);
}
