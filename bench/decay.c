/* decay.c: measures what a save waits for because of vocabulary rows that no text uses, at the size of CamemBERT-base:
 * 32,005 rows of 768, of which 30,000 are left out, and 867 updates.
 *
 *     bench_decay [THREADS]
 *
 * The same updates in the same run: each row by itself at the save, and rows that follow the updates in passes
 * (model/held.h), with a save after each third of the updates, or one at the end. The bits of the two must agree. Other
 * memory is written before a save, as training does.
 */
#include "backend_cpu.h"
#include "clock.h"
#include "held.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { VOCABULARY = 32005, LEFT_OUT = 30000, HIDDEN = 768, UPDATES = 867, EPOCHS = 3 };

static const cam_model_config config = {.family = &cam_families[0],
                                        .vocab_size = VOCABULARY,
                                        .hidden_size = HIDDEN,
                                        .num_hidden_layers = 1,
                                        .num_attention_heads = 12,
                                        .intermediate_size = 16,
                                        .max_position_embeddings = 16,
                                        .type_vocab_size = 1,
                                        .pad_token_id = 1,
                                        .num_labels = 2};
static const cam_train_rates rates = {.weight_decay = 0.01, .layerwise_decay = 1};

/* Any values of the size of weights. */
static void fill(float *x, int64_t count) {
    uint32_t state = 7;
    for (int64_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = ((float)(state >> 8) - 0x1p23f) * 0x1p-27f;
    }
}

static double rate_of(int64_t update) {
    return 2e-5 * (1 - (double)update / UPDATES);
}

static cam_status open_rows(cam_parameters *params, cam_backend *backend) {
    cam_status st = CAM_OK;
    unsigned char *used = calloc(VOCABULARY, 1);
    CAM_ASSERT(used != NULL);
    memset(used, 1, VOCABULARY - LEFT_OUT);
    CAM_TRY(cam_parameters_layout(params, &config, used, &rates, (cam_precision){0}, (cam_sharding){0}));
    CAM_TRY(cam_parameters_allocate(params, backend, 1, &rates, UPDATES));
    CAM_TRY(cam_held_allocate(params));
    fill(cam_held_row(params, 0), (int64_t)LEFT_OUT * HIDDEN);
    cam_held_begin(params);
out:
    free(used);
    return st;
}

/* Of the wall, and of all processors together: the second says something on a busy machine, too. */
typedef struct seconds {
    double wall, processors;
} seconds;

static seconds now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (seconds){cam_now_s(), (double)t.tv_sec + 1e-9 * (double)t.tv_nsec};
}

static seconds since(seconds begin) {
    seconds end = now();
    return (seconds){end.wall - begin.wall, end.processors - begin.processors};
}

typedef struct figures {
    seconds followed; /* all passes beside the training */
    seconds waited;   /* the longest wait of a save */
} figures;

static void print_wait(const char *what, seconds waited, seconds alone) {
    printf("%-34s %8.1f ms, %8.1f of processors: %.0f and %.0f times less\n", what, 1e3 * waited.wall,
           1e3 * waited.processors, alone.wall / waited.wall, alone.processors / waited.processors);
}

/* Each row by itself: sixteen elements at a time stay in registers during all updates. */
static seconds replay_rows(float *x, const float *factors) {
    enum { WIDTH = 16 };
    seconds begin = now();
    for (int64_t at = 0; at < (int64_t)LEFT_OUT * HIDDEN; at += WIDTH) {
        float values[WIDTH];
        memcpy(values, x + at, sizeof values);
        for (int64_t update = 0; update < UPDATES; update++)
            for (int i = 0; i < WIDTH; i++)
                values[i] *= factors[update];
        memcpy(x + at, values, sizeof values);
    }
    return since(begin);
}

/* Follows all updates, with `saves` saves at equal distances. */
static figures follow(cam_parameters *params, int saves, float *other, size_t other_bytes) {
    figures f = {0};
    for (int64_t update = 0; update < UPDATES; update++) {
        cam_parameters_record_update(params, rate_of(update), &rates);
        seconds begin = now();
        cam_held_follow(params);
        seconds followed = since(begin);
        f.followed.wall += followed.wall;
        f.followed.processors += followed.processors;
        if ((update + 1) % (UPDATES / saves) != 0)
            continue;
        memset(other, (int)update, other_bytes);
        begin = now();
        cam_held_catch_up(params);
        seconds waited = since(begin);
        f.waited = waited.wall > f.waited.wall ? waited : f.waited;
    }
    return f;
}

/* A save that comes just before the next pass. */
static seconds longest_wait(cam_parameters *params) {
    params->decay_updates = params->held.updates - (CAM_HELD_PASS_UPDATES - 1);
    params->held.updates = params->decay_updates;
    params->decay_updates += CAM_HELD_PASS_UPDATES - 1;
    seconds begin = now();
    cam_held_catch_up(params);
    return since(begin);
}

static cam_status run(int threads) {
    cam_status st = CAM_OK;
    static const int saves[] = {EPOCHS, 1};
    size_t bytes = (size_t)LEFT_OUT * HIDDEN * sizeof(float);
    cam_parameters params = {0};
    cam_backend *backend = NULL;
    float *rows = malloc(bytes), *other = malloc(bytes);
    const float *factors;
    seconds alone = {0};
    CAM_ASSERT(rows != NULL && other != NULL);
    CAM_TRY(cam_backend_cpu_open(threads, &backend));
    printf("%d of %d word rows of %d are left out, %d updates, %d threads\n", LEFT_OUT, VOCABULARY, HIDDEN, UPDATES,
           backend->host_threads);
    for (int i = 0; i < 2; i++) {
        CAM_TRY(open_rows(&params, backend));
        figures f = follow(&params, saves[i], other, bytes);
        if (i == 0) {
            cam_parameters_recorded(&params, &factors);
            fill(rows, (int64_t)LEFT_OUT * HIDDEN);
            alone = replay_rows(rows, factors);
            printf("%-34s %8.1f ms, %8.1f of processors\n", "row by row at the save", 1e3 * alone.wall,
                   1e3 * alone.processors);
        }
        if (memcmp(rows, cam_held_row(&params, 0), bytes) != 0)
            CAM_FAIL(CAM_E_INTERNAL, "the two ways give different bits");
        print_wait(saves[i] == 1 ? "one save, waits" : "a save at each of 3 epochs, waits", f.waited, alone);
        if (i == 1) {
            print_wait("a save just before a pass, waits", longest_wait(&params), alone);
            printf("%-34s %8.2f ms, %8.2f of processors an update\n", "passes beside training",
                   1e3 * f.followed.wall / UPDATES, 1e3 * f.followed.processors / UPDATES);
        }
        cam_parameters_release(&params);
    }
out:
    cam_parameters_release(&params);
    cam_backend_close(backend);
    free(rows);
    free(other);
    return st;
}

int main(int argc, char **argv) {
    if (run(argc > 1 ? atoi(argv[1]) : 0) != CAM_OK) {
        fprintf(stderr, "error: %s\n", cam_status_message());
        return 1;
    }
    return 0;
}
