/* cost.c: see cost.h.
 *
 * The constants come from three runs with one thread, on a machine that others used too. Each pair is the processor time
 * estimated and used, and the memory estimated and used (the peak of the process):
 *     quickstart, 2 epochs                          11.9 s  12.6 s   164 MB  163 MB
 *     multilingual-e5-small, 1 epoch, 1,370 rows    39.0 s  37.6 s   649 MB  619 MB
 *     the same with a frozen encoder, 47 epochs     14.6 s  14.8 s   165 MB  207 MB
 * and of pretraining, for which the constants are the same
 *     quickstart's model on its own texts, 3 epochs  7.5 s   9.6 s   225 MB  216 MB
 * The speed of products itself varied by up to 40 % between measurements there, and the estimate with it.
 */
#include "cost.h"
#include "clock.h"
#include <math.h>
#include <time.h>

static const double OTHER_WORK = 1.05;       /* all work, as a multiple of that of the products */
static const double UPDATE_OPERATIONS = 150; /* the time of AdamW for a parameter, in operations of products */
static const double PROGRAM_BYTES = 45e6;    /* the program, its data, and the scoring of rows */

/* --- work ------------------------------------------------------------------------------------------------------ */

/* The lengths of a set of rows: the sum of their tokens, and of the squares; the tokens that the head reads; and what
 * attention of these to all tokens of their rows costs. */
typedef struct lengths {
    double rows, tokens, squares, queries, pairs;
} lengths;

/* The head of a classifier reads one token of a row, that of a masked language model those that are masked. An encoder is
 * compared with its teacher at all tokens. */
static void add_part(lengths *sums, const cam_run *run, cam_data_part part) {
    const cam_corpus *corpus = &run->corpus;
    double share = run->model.task == CAM_TASK_ENCODER ? 1 : run->config->mlm_probability;
    int is_pretraining = run->config->task == CAM_CONFIG_TASK_PRETRAIN;
    int64_t count = part == CAM_PART_TRAIN ? cam_corpus_train_count(corpus) : corpus->part_count[part];
    for (int64_t i = 0; i < count; i++) {
        const int64_t *offset = corpus->tokens.offsets + corpus->part[part][i];
        double tokens = (double)(offset[1] - offset[0]);
        double queries = is_pretraining ? share * tokens : 1;
        sums->rows++;
        sums->tokens += tokens;
        sums->squares += tokens * tokens;
        sums->queries += queries;
        sums->pairs += queries * tokens;
    }
}

static lengths lengths_of(const cam_run *run, cam_data_part part) {
    lengths sums = {0};
    add_part(&sums, run, part);
    return sums;
}

/* Operations of the encoder's forward pass: the products with weights, and attention. The last layer computes keys and
 * values of all tokens, and all else for the tokens that the head reads. */
static double encoder_work(const cam_model_config *m, lengths sums) {
    double h = m->hidden_size, f = m->intermediate_size, layers = m->num_hidden_layers;
    double whole = sums.tokens * (8 * h * h + 4 * h * f) + 4 * h * sums.squares;
    double last = sums.tokens * 4 * h * h + sums.pairs * 4 * h + sums.queries * (4 * h * h + 4 * h * f);
    return (layers - 1) * whole + last;
}

/* The parameters of the head's products; of an encoder those of the map to its teacher. */
static double head_parameters(const cam_model_config *m) {
    double h = m->hidden_size,
           outputs[] = {
               [CAM_TASK_CLASSIFY] = m->num_labels, [CAM_TASK_MASKED_LM] = m->vocab_size, [CAM_TASK_ENCODER] = 0};
    return h * (h + outputs[m->task]);
}

static double head_work(const cam_model_config *m, lengths sums) {
    return sums.queries * 2 * head_parameters(m);
}

static double evaluations(const cam_config *c, const cam_plan *plan) {
    if (c->eval_strategy == CAM_CONFIG_EVAL_NO)
        return 0;
    return (double)(c->eval_strategy == CAM_CONFIG_EVAL_STEPS ? plan->updates / c->eval_steps : plan->epochs);
}

/* Parameters that an update changes: of the head, and of the layers that are trained. Of the word embeddings only rows
 * that the data uses are there, and few of them. */
static double trained_parameters(const cam_model_config *m, double trained_layers) {
    double h = m->hidden_size, f = m->intermediate_size;
    return head_parameters(m) + trained_layers * (4 * h * h + 2 * h * f);
}

/* A classifier's teacher answers once for each row, that of pretraining in each epoch. */
static double teacher_work(const cam_run *run, lengths train, double epochs) {
    if (run->teacher.hidden_size == 0)
        return 0;
    return encoder_work(&run->teacher, train) * (run->config->task == CAM_CONFIG_TASK_PRETRAIN ? epochs : 1);
}

static double operations(const cam_run *run, const cam_trainer_options *options, const cam_plan *plan) {
    const cam_model_config *m = &run->model;
    lengths train = lengths_of(run, CAM_PART_TRAIN), test = lengths_of(run, CAM_PART_TEST);
    lengths validation = lengths_of(run, CAM_PART_VALIDATION);
    double layers = m->num_hidden_layers, frozen = options->rates.frozen_depth - 1;
    double trained = frozen < 0 ? layers : fmax(0, layers - frozen);
    double epochs = (double)plan->updates / (double)plan->updates_per_epoch, encoder = encoder_work(m, train);
    double scored = evaluations(run->config, plan) * (encoder_work(m, validation) + head_work(m, validation)) +
                    encoder_work(m, test) + head_work(m, test);
    double updates = UPDATE_OPERATIONS * trained_parameters(m, trained) * (double)plan->updates;
    scored += teacher_work(run, train, epochs);
    if (trained == 0 && !options->frozen_dropout)
        return teacher_work(run, train, epochs) + encoder + encoder_work(m, validation) + encoder_work(m, test) +
               3 * epochs * head_work(m, train) + updates;
    double share = trained / layers, passes = 1 + 2 * share + (options->gradient_checkpointing ? share : 0);
    return epochs * (passes * encoder + 3 * head_work(m, train)) + scored + updates;
}

/* --- speed ----------------------------------------------------------------------------------------------------- */

enum { MOST_TOKENS = 2048, LEAST_RUNS = 3 };
static const double MEASURED_SECONDS = 0.05;
/* The threads of a shorter product wait for one another for much of the time. */
static const double LONG_ENOUGH_SECONDS = 1e-3;

/* Tokens of a usual step. */
static int64_t step_tokens(const cam_run *run) {
    lengths train = lengths_of(run, CAM_PART_TRAIN);
    double tokens = train.tokens / train.rows * (double)run->config->per_device_train_batch_size;
    return tokens < 1 ? 1 : tokens > MOST_TOKENS ? MOST_TOKENS : (int64_t)tokens;
}

static double processor_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The processor time of the fastest of several products, to which other programs matter little, and the processors that
 * all of them got on average. */
static cam_status time_product(cam_backend *backend, const cam_linear_fwd_args *product, double *seconds,
                               double *processors) {
    cam_status st = CAM_OK;
    double begin = cam_now_s(), used = processor_seconds();
    *seconds = INFINITY;
    for (int run = 0; run < LEAST_RUNS || cam_now_s() - begin < MEASURED_SECONDS; run++) {
        double from = processor_seconds();
        CAM_TRY(cam_linear_fwd(backend, product));
        *seconds = fmin(*seconds, processor_seconds() - from);
    }
    *processors = (processor_seconds() - used) / fmax(cam_now_s() - begin, 1e-9);
out:
    return st;
}

cam_status cam_cost_measure(const cam_run *run, cam_backend *backend, int threads, double *speed, double *share) {
    cam_status st = CAM_OK;
    int64_t n = step_tokens(run), in = run->model.hidden_size, out = run->model.intermediate_size;
    cam_step_state state = {.tokens = (int32_t)n};
    cam_linear_fwd_args product = {.rows = CAM_ROWS_TOKENS, .state = &state};
    void *memory[4] = {NULL};
    double seconds, processors;
    *speed = 0;
    *share = 1;
    if (!backend->host_memory)
        return CAM_OK;
    size_t bytes[3] = {sizeof(float) * (size_t)(n * in), sizeof(float) * (size_t)(out * in),
                       sizeof(float) * (size_t)(n * out)};
    for (int i = 0; i < 3; i++) {
        CAM_TRY(cam_backend_allocate(backend, bytes[i], &memory[i]));
        CAM_TRY(cam_backend_zero(backend, memory[i], bytes[i]));
    }
    product.x = cam_tensor_2d(memory[0], CAM_F32, n, in);
    product.w = cam_tensor_2d(memory[1], CAM_F32, out, in);
    product.y = cam_tensor_2d(memory[2], CAM_F32, n, out);
    product.workspace.bytes = cam_linear_fwd_workspace(backend, &product);
    CAM_TRY(cam_backend_allocate(backend, product.workspace.bytes, &memory[3]));
    product.workspace.data = memory[3];
    CAM_TRY(time_product(backend, &product, &seconds, &processors));
    if (seconds > LONG_ENOUGH_SECONDS * threads)
        *share = fmin(1, processors / threads);
    *speed = 2.0 * (double)(n * in * out) * threads / fmax(seconds, 1e-9);
out:
    for (int i = 0; i < 4; i++)
        cam_backend_release(backend, memory[i]);
    return st;
}

/* --- cost ------------------------------------------------------------------------------------------------------ */

cam_status cam_cost_of(const cam_run *run, cam_backend *backend, double speed, const cam_cost_case *other,
                       cam_cost *cost) {
    cam_status st = CAM_OK;
    cam_trainer_options options = cam_run_trainer_options(run, backend);
    cam_memory_need need = {0};
    cam_plan plan;
    options.plan.rows = options.train_count;
    if (other) {
        options.plan.epochs = other->epochs;
        options.plan.max_updates = -1;
        options.rates.frozen_depth = other->frozen ? 1 + run->model.num_hidden_layers : 0;
    }
    CAM_TRY(cam_plan_make(&plan, &options.plan));
    CAM_TRY(cam_trainer_plan_memory(&options, backend, &need));
    double features = (double)run->corpus.tokens.rows * run->model.hidden_size * sizeof(float);
    int keeps = options.rates.frozen_depth > run->model.num_hidden_layers && !options.frozen_dropout;
    double snapshot = run->config->save_strategy == CAM_CONFIG_SAVE_NO ? 0 : (double)need.snapshot;
    double held = (double)need.held + snapshot;
    cost->bytes = (double)need.parameters + (double)need.activations + (keeps ? features : 0) + PROGRAM_BYTES;
    cost->bytes += backend->host_memory ? held : 0;
    cost->host_bytes = backend->host_memory ? 0 : held;
    cost->seconds = speed > 0 ? OTHER_WORK * operations(run, &options, &plan) / speed : -1;
out:
    return st;
}

void cam_cost_put_time(cam_strbuf *out, double seconds) {
    static const struct {
        double seconds;
        const char *one, *many;
    } units[] = {{3600, "hour", "hours"}, {60, "minute", "minutes"}, {1, "second", "seconds"}};
    size_t u = seconds >= 1.5 * 3600 ? 0 : seconds >= 90 ? 1 : 2;
    double count = seconds / units[u].seconds, step = count >= 20 ? 5 : 1;
    count = fmax(1, round(count / step) * step);
    cam_strbuf_printf(out, "about %.0f %s", count, count == 1 ? units[u].one : units[u].many);
}
