/* masked.c: measures training steps of a masked language model with random weights on random rows: tokens a second, and
 * the time of each operator.
 *
 *     bench_masked [--vocabulary V] [--layers L] [--hidden H] [--rows B] [--tokens N] [--steps S] [--threads T]
 *
 * B rows of N tokens a step, F = 4 H, heads of 64; 15 % of the tokens are chosen, dropout 0.1. bench/peer_masked.py
 * measures PyTorch and transformers with the same work. Prints one JSON object.
 */
#include "backend_cpu.h"
#include "trainer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct settings {
    long vocabulary, layers, hidden, rows, tokens, steps, threads;
} settings;

static long *setting_of(settings *s, const char *word) {
    const struct {
        const char *word;
        long *value;
    } all[] = {
        {"--vocabulary", &s->vocabulary}, {"--layers", &s->layers}, {"--hidden", &s->hidden},  {"--rows", &s->rows},
        {"--tokens", &s->tokens},         {"--steps", &s->steps},   {"--threads", &s->threads}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(word, all[i].word) == 0)
            return all[i].value;
    return NULL;
}

enum { WARMUP = 3, OPERATOR_STEPS = 3, SPECIAL = 7 };

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double processor_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Seconds of the median step, and processor seconds of all threads a step, which other programs disturb less. */
static cam_status time_steps(cam_trainer *trainer, long steps, double *median, double *processor) {
    cam_status st = CAM_OK;
    cam_step_report report;
    double before = 0, begin = 0, *seconds = calloc((size_t)steps, sizeof *seconds);
    CAM_ASSERT(seconds != NULL);
    for (long step = 0; step < WARMUP + steps; step++) {
        if (step == WARMUP)
            begin = processor_s();
        CAM_TRY(cam_trainer_step_now(trainer, &report));
        if (step >= WARMUP)
            seconds[step - WARMUP] = report.time_s - before;
        before = report.time_s;
    }
    *processor = (processor_s() - begin) / (double)steps;
    qsort(seconds, (size_t)steps, sizeof *seconds, by_size);
    *median = seconds[steps / 2];
out:
    free(seconds);
    return st;
}

static cam_status print_operators(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    cam_step_report report;
    double seconds[CAM_OP_COUNT] = {0};
    const char *separator = "";
    trainer->backend->op_seconds = seconds;
    for (int step = 0; step < OPERATOR_STEPS; step++)
        CAM_TRY(cam_trainer_step_now(trainer, &report));
    printf(", \"operator_ms\": {");
    for (int op = 0; op < CAM_OP_COUNT; op++)
        if (seconds[op] > 0) {
            printf("%s\"%s\": %.2f", separator, cam_op_name((enum cam_op)op), seconds[op] * 1e3 / OPERATOR_STEPS);
            separator = ", ";
        }
    printf("}");
out:
    trainer->backend->op_seconds = NULL;
    return st;
}

static cam_status run(const settings *s) {
    cam_status st = CAM_OK;
    cam_backend *backend = NULL;
    cam_trainer trainer = {0};
    long rows = s->rows, count = rows * s->tokens;
    double median = 0, processor = 0;
    int32_t *ids = calloc((size_t)count, sizeof *ids), *list = calloc((size_t)rows, sizeof *list);
    int64_t *offsets = calloc((size_t)rows + 1, sizeof *offsets);
    unsigned char *kind = calloc((size_t)s->vocabulary, 1);
    CAM_ASSERT(ids && list && offsets && kind && s->vocabulary > 2 * SPECIAL);
    memset(kind, CAM_PIECE_SPECIAL, SPECIAL);
    for (long i = 0; i < count; i++)
        ids[i] = SPECIAL + (int32_t)(cam_philox(1, 0, 0, 0, (uint32_t)i).w[0] % (uint32_t)(s->vocabulary - SPECIAL));
    for (long r = 0; r < rows; r++) {
        list[r] = (int32_t)r;
        offsets[r + 1] = offsets[r] + s->tokens;
    }
    cam_token_rows tokens = {.ids = ids, .offsets = offsets, .rows = rows};
    cam_model_config config = {.family = &cam_families[0],
                               .task = CAM_TASK_MASKED_LM,
                               .vocab_size = (int32_t)s->vocabulary,
                               .hidden_size = (int32_t)s->hidden,
                               .num_hidden_layers = (int32_t)s->layers,
                               .num_attention_heads = (int32_t)s->hidden / 64,
                               .intermediate_size = 4 * (int32_t)s->hidden,
                               .max_position_embeddings = (int32_t)s->tokens + 2,
                               .type_vocab_size = 1,
                               .layer_norm_eps = 1e-5,
                               .hidden_dropout_prob = 0.1,
                               .attention_probs_dropout_prob = 0.1,
                               .classifier_dropout = -1,
                               .initializer_range = 0.02,
                               .pad_token_id = 1,
                               .bos_token_id = 5,
                               .eos_token_id = 6,
                               .num_labels = 2};
    cam_trainer_options options = {
        .config = &config,
        .source = {.config = &config, .seed = 1},
        .rates = {.weight_decay = 0.01, .layerwise_decay = 1},
        .adamw = {.beta1 = 0.9, .beta2 = 0.98, .eps = 1e-6, .max_grad_norm = 1},
        .schedule = CAM_SCHEDULE_CONSTANT,
        .learning_rate = 1e-4,
        .plan = {.batch_rows = rows, .accumulation = 1, .max_updates = WARMUP + s->steps + OPERATOR_STEPS},
        .sampling = CAM_SAMPLING_SEQUENTIAL,
        .seed = 1,
        .eval_batch_rows = 8,
        .masking = {.probability = 0.15, .share_mask = 0.8, .share_random = 0.1, .mask_id = 4, .piece_kind = kind},
        .tokens = &tokens,
        .train = list,
        .train_count = rows};
    CAM_TRY(cam_backend_cpu_open((int)s->threads, &backend));
    CAM_TRY(cam_trainer_open(&trainer, backend, &options));
    CAM_TRY(time_steps(&trainer, s->steps, &median, &processor));
    printf("{\"vocabulary\": %ld, \"layers\": %ld, \"hidden\": %ld, \"tokens\": %ld, \"chosen\": %lld", s->vocabulary,
           s->layers, s->hidden, count, (long long)trainer.shapes[0].chosen);
    printf(", \"step_ms\": %.1f, \"processor_ms\": %.1f, \"tokens_per_s\": %.0f", median * 1e3, processor * 1e3,
           (double)count / median);
    CAM_TRY(print_operators(&trainer));
    printf("}\n");
out:
    if (trainer.backend)
        cam_trainer_close(&trainer);
    cam_backend_close(backend);
    free(ids);
    free(list);
    free(offsets);
    free(kind);
    return st;
}

int main(int argc, char **argv) {
    settings s = {.vocabulary = 32000, .layers = 4, .hidden = 256, .rows = 32, .tokens = 128, .steps = 10};
    for (int i = 1; i < argc; i += 2) {
        long *value = setting_of(&s, argv[i]);
        if (!value || i + 1 == argc || (*value = atol(argv[i + 1])) < 1) {
            fprintf(stderr, "usage: bench_masked [--vocabulary V] [--layers L] [--hidden H] [--rows B] [--tokens N] "
                            "[--steps S] [--threads T]\n");
            return 2;
        }
    }
    cam_status st = run(&s);
    if (st != CAM_OK)
        fprintf(stderr, "error: %s\n", cam_status_message());
    return cam_status_exit_code(st);
}
