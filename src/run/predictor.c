/* classifier.c: see classifier.h. */
#include "predictor.h"
#include "distribute_rows.h"
#include "files.h"
#include "model_tokenizer.h"
#include <stdlib.h>

enum { BATCH_ROWS = 256, BATCH_TOKENS = 4096 };

static cam_status load(cam_predictor *classifier, cam_backend *backend, const char *folder) {
    cam_status st = CAM_OK;
    int fresh_head = 0;
    cam_train_rates rates = {.layerwise_decay = 1};
    cam_model_source source = {.keep_head = 1, .config = &classifier->config};
    CAM_TRY(cam_weights_open(folder, &source.weights));
    CAM_TRY(cam_parameters_layout(&classifier->params, &classifier->config, NULL, &rates, (cam_precision){0},
                                  (cam_sharding){0}));
    CAM_TRY(cam_parameters_allocate(&classifier->params, backend, 0, &rates, 0));
    CAM_TRY(cam_model_load(&classifier->params, &source, &fresh_head));
    if (fresh_head)
        CAM_FAIL(CAM_E_MODEL,
                 "\"%s\" holds an encoder but no classifier (no \"classifier.*\" tensors); train one first", folder);
out:
    cam_weights_close(source.weights);
    return st;
}

cam_status cam_predictor_open(cam_predictor *classifier, cam_backend *backend, const char *folder, int32_t max_length,
                              cam_group *group) {
    cam_status st = CAM_OK;
    *classifier = (cam_predictor){.group = group};
    char *path = cam_path_join(folder, "config.json");
    CAM_TRY(cam_model_config_read(path, &classifier->config));
    CAM_TRY(cam_model_tokenizer_open(folder, &classifier->tokenizer));
    if (cam_tokenizer_vocab_size(classifier->tokenizer) > classifier->config.vocab_size)
        CAM_FAIL(CAM_E_MODEL, "\"%s\": the tokenizer has %d pieces, the model only %d rows for them", folder,
                 cam_tokenizer_vocab_size(classifier->tokenizer), classifier->config.vocab_size);
    int32_t most = cam_model_config_max_tokens(&classifier->config);
    most = most < CAM_MAX_KEYS ? most : CAM_MAX_KEYS;
    classifier->max_length = max_length > 0 && max_length < most ? max_length : most;
    CAM_TRY(load(classifier, backend, folder));
    CAM_TRY(cam_camembert_open(&classifier->model, &classifier->config, &classifier->params, backend));
    CAM_TRY(cam_scorer_open(&classifier->scorer, &classifier->model, BATCH_ROWS, BATCH_TOKENS, classifier->max_length));
out:
    free(path);
    if (st != CAM_OK)
        cam_predictor_close(classifier);
    return st;
}

void cam_predictor_close(cam_predictor *classifier) {
    cam_scorer_close(&classifier->scorer);
    cam_camembert_close(&classifier->model);
    cam_parameters_release(&classifier->params);
    cam_tokenizer_close(classifier->tokenizer);
    cam_model_config_release(&classifier->config);
    *classifier = (cam_predictor){0};
}

typedef struct asking {
    cam_predictor *classifier;
    const cam_text *texts;
    const cam_cancel *stop;
    const int32_t *list; /* 0, 1, 2, ... */
    float *logits;
    long long truncated;
} asking;

static cam_status ask_run(void *context, int64_t first, int64_t count) {
    cam_status st = CAM_OK;
    asking *a = context;
    cam_predictor *classifier = a->classifier;
    const cam_cancel *stop = a->stop;
    cam_token_rows rows = {0};
    cam_device_data data = {0};
    CAM_TRY(
        cam_tokenizer_encode_all(classifier->tokenizer, a->texts + first, count, classifier->max_length, stop, &rows));
    a->truncated = rows.truncated;
    CAM_TRY(cam_device_data_open(&data, classifier->params.backend, &rows, NULL, NULL, &classifier->config));
    cam_scored_rows all = {.tokens = &rows, .data = &data, .list = a->list, .count = count};
    CAM_TRY(cam_scorer_logits(&classifier->scorer, &all, stop, a->logits + first * classifier->config.num_labels));
out:
    cam_device_data_close(&data);
    cam_token_rows_release(&rows);
    return st;
}

cam_status cam_predictor_logits(cam_predictor *classifier, const cam_text *texts, int64_t n, const cam_cancel *stop,
                                float *logits, long long *truncated) {
    cam_status st = CAM_OK;
    int32_t *list = malloc((size_t)(n + 1) * sizeof *list);
    int64_t *bytes = malloc((size_t)(n + 1) * sizeof *bytes); /* cost follows length before there are tokens, too */
    asking a = {.classifier = classifier, .texts = texts, .stop = stop, .list = list, .logits = logits};
    if (!list || !bytes)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld row numbers", (long long)n);
    bytes[0] = 0;
    for (int64_t r = 0; r < n; r++) {
        list[r] = (int32_t)r;
        bytes[r + 1] = bytes[r] + 8 + (int64_t)texts[r].length;
    }
    CAM_TRY(cam_distribute_rows(
        classifier->group, &(cam_distributed_rows){.where = "scoring",
                                                   .offsets = bytes,
                                                   .list = list,
                                                   .count = n,
                                                   .results = logits,
                                                   .row_bytes = (size_t)classifier->config.num_labels * sizeof *logits,
                                                   .work = ask_run,
                                                   .context = &a}));
    CAM_TRY(cam_group_sum(classifier->group, "counting", &a.truncated));
    *truncated += a.truncated;
out:
    free(list);
    free(bytes);
    return st;
}
