/* state.c: measures what the training waits for when its state is copied to host memory (model/parameter_state.h), beside
 * one plain copy of as many bytes by as many threads, at the sizes of the quickstart's model and of CamemBERT-base.
 *
 *     bench_state [THREADS [MODEL_FOLDER]]
 *
 * With a folder, it also measures the hash by which a later run recognises its weights.
 */
#include "backend_cpu.h"
#include "clock.h"
#include "model_config.h"
#include "parameter_state.h"
#include "weights.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMES = 12 };

typedef struct model_size {
    const char *name;
    cam_model_config config;
} model_size;

static const model_size sizes[] = {{"quickstart",
                                    {.family = &cam_families[0],
                                     .vocab_size = 4005,
                                     .hidden_size = 256,
                                     .num_hidden_layers = 4,
                                     .num_attention_heads = 4,
                                     .intermediate_size = 1024,
                                     .max_position_embeddings = 514,
                                     .type_vocab_size = 1,
                                     .pad_token_id = 1,
                                     .num_labels = 22}},
                                   {"CamemBERT-base",
                                    {.family = &cam_families[0],
                                     .vocab_size = 32005,
                                     .hidden_size = 768,
                                     .num_hidden_layers = 12,
                                     .num_attention_heads = 12,
                                     .intermediate_size = 3072,
                                     .max_position_embeddings = 514,
                                     .type_vocab_size = 1,
                                     .pad_token_id = 1,
                                     .num_labels = 60}}};

/* The two buffers of a plain copy. */
typedef struct plain_copy {
    char *from, *to;
    size_t bytes;
} plain_copy;

static void plain_copy_open(plain_copy *copy, size_t bytes) {
    *copy = (plain_copy){.from = malloc(bytes), .to = malloc(bytes), .bytes = bytes};
    CAM_ASSERT(copy->from != NULL && copy->to != NULL);
    memset(copy->from, 1, bytes);
    memset(copy->to, 2, bytes);
}

static void plain_copy_close(plain_copy *copy) {
    free(copy->from);
    free(copy->to);
    *copy = (plain_copy){0};
}

/* Each thread copies one part. Returns the seconds. */
static double plain_copy_run(const plain_copy *copy, int threads) {
    double begin = cam_now_s();
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++) {
        size_t part = copy->bytes / (size_t)threads, first = part * (size_t)t;
        memcpy(copy->to + first, copy->from + first, t + 1 < threads ? part : copy->bytes - first);
    }
    return cam_now_s() - begin;
}

static double least(double a, double b) {
    return a < b ? a : b;
}

/* The two in turn, so that other work on the machine disturbs both; the least of each. */
static cam_status measure(const model_size *model, cam_backend *backend) {
    cam_status st = CAM_OK;
    static const cam_train_rates rates = {.weight_decay = 0.01, .layerwise_decay = 1};
    cam_parameters params = {0};
    cam_parameter_state state = {0};
    plain_copy copy = {0};
    double opened, take = 1e9, plain = 1e9;
    CAM_TRY(
        cam_parameters_layout(&params, &model->config, NULL, &rates, (cam_precision){0}, (cam_sharding){.ranks = 1}));
    CAM_TRY(cam_parameters_allocate(&params, backend, 1, &rates, 1));
    opened = cam_now_s();
    CAM_TRY(cam_parameter_state_open(&state, &params));
    opened = cam_now_s() - opened;
    plain_copy_open(&copy, cam_parameter_state_bytes(&params));
    for (int i = 0; i < TIMES; i++) {
        double begin = cam_now_s();
        CAM_TRY(cam_parameter_state_take(&state));
        take = least(take, cam_now_s() - begin);
        plain = least(plain, plain_copy_run(&copy, backend->host_threads));
    }
    printf("%-15s %7.1f MB: take %7.2f ms, one plain copy %7.2f ms (%.2f times), opened in %.1f ms\n", model->name,
           1e-6 * (double)copy.bytes, 1e3 * take, 1e3 * plain, take / plain, 1e3 * opened);
out:
    plain_copy_close(&copy);
    cam_parameter_state_close(&state);
    cam_parameters_release(&params);
    return st;
}

static cam_status measure_identity(const char *folder) {
    cam_status st = CAM_OK;
    cam_weights *weights = NULL;
    double seconds = 1e9;
    char hex[CAM_WEIGHTS_IDENTITY_BYTES];
    CAM_TRY(cam_weights_open(folder, &weights));
    for (int i = 0; i < TIMES; i++) {
        double begin = cam_now_s();
        CAM_TRY(cam_weights_identity(weights, hex));
        seconds = least(seconds, cam_now_s() - begin);
    }
    printf("identity of the weights: %.1f ms\n", 1e3 * seconds);
out:
    cam_weights_close(weights);
    return st;
}

static cam_status run(int threads, const char *folder) {
    cam_status st = CAM_OK;
    cam_backend *backend = NULL;
    CAM_TRY(cam_backend_cpu_open(threads, &backend));
    printf("a copy of the training state, %d threads\n", backend->host_threads);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        CAM_TRY(measure(&sizes[i], backend));
    if (folder)
        CAM_TRY(measure_identity(folder));
out:
    cam_backend_close(backend);
    return st;
}

int main(int argc, char **argv) {
    if (run(argc > 1 ? atoi(argv[1]) : 0, argc > 2 ? argv[2] : NULL) != CAM_OK) {
        fprintf(stderr, "error: %s\n", cam_status_message());
        return 1;
    }
    return 0;
}
