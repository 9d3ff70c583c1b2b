/* predictor.c: see predictor.h. */
#include "predictor.h"
#include "distribute_rows.h"
#include "files.h"
#include "model_tokenizer.h"
#include <stdlib.h>

enum { BATCH_ROWS = 256, BATCH_TOKENS = 4096 };

static cam_status load(cam_predictor *predictor, cam_backend *backend, const char *folder) {
    cam_status st = CAM_OK;
    int fresh_head = 0;
    CAM_TRY(cam_model_load_folder(&predictor->params, folder, &predictor->config, backend, &fresh_head));
    if (fresh_head)
        CAM_FAIL(CAM_E_MODEL,
                 "\"%s\" holds an encoder but no classifier (no \"classifier.*\" tensors); train one first", folder);
out:
    return st;
}

cam_status cam_predictor_open(cam_predictor *predictor, cam_backend *backend, const char *folder, int32_t max_length,
                              cam_group *group) {
    cam_status st = CAM_OK;
    *predictor = (cam_predictor){.group = group};
    char *path = cam_path_join(folder, "config.json");
    CAM_TRY(cam_model_config_read(path, &predictor->config));
    if (predictor->config.other_task)
        CAM_FAIL(CAM_E_MODEL,
                 "\"%s\" is %s, which gives no single label; its encoder can be the start of \"cam-train train\" "
                 "(model_name_or_path)",
                 folder, predictor->config.other_task);
    CAM_TRY(cam_model_tokenizer_open(folder, &predictor->tokenizer));
    int32_t most = cam_model_config_max_tokens(&predictor->config);
    most = most < backend->max_keys ? most : backend->max_keys;
    if (max_length == 0) /* as a pipeline of transformers truncates */
        max_length = cam_tokenizer_model_max_length(predictor->tokenizer);
    predictor->max_length = max_length < 3 || max_length > most ? most : max_length;
    CAM_TRY(load(predictor, backend, folder));
    CAM_TRY(cam_camembert_open(&predictor->model, &predictor->config, &predictor->params, backend));
    CAM_TRY(
        cam_scorer_open(&predictor->scorer, &predictor->model, BATCH_ROWS, BATCH_TOKENS, predictor->max_length, NULL));
out:
    free(path);
    if (st != CAM_OK)
        cam_predictor_close(predictor);
    return st;
}

void cam_predictor_close(cam_predictor *predictor) {
    cam_scorer_close(&predictor->scorer);
    cam_camembert_close(&predictor->model);
    cam_parameters_release(&predictor->params);
    cam_tokenizer_close(predictor->tokenizer);
    cam_model_config_release(&predictor->config);
    *predictor = (cam_predictor){0};
}

typedef struct scoring {
    cam_predictor *predictor;
    const cam_text *texts;
    const cam_cancel *cancel;
    const int32_t *list; /* 0, 1, 2, ... */
    float *logits;
    long long truncated; /* of this rank's block; then of all */
} scoring;

/* Tokenises and scores texts [first, first + count). */
static cam_status score_block(void *context, int64_t first, int64_t count) {
    cam_status st = CAM_OK;
    scoring *s = context;
    cam_predictor *predictor = s->predictor;
    const cam_cancel *cancel = s->cancel;
    cam_token_rows rows = {0};
    cam_device_data data = {0};
    CAM_TRY(
        cam_tokenizer_encode_all(predictor->tokenizer, s->texts + first, count, predictor->max_length, cancel, &rows));
    s->truncated = rows.truncated;
    CAM_TRY(cam_device_data_open(&data, predictor->params.backend, &rows, NULL, NULL, &predictor->config));
    cam_scored_rows all = {.tokens = &rows, .data = &data, .list = s->list, .count = count};
    CAM_TRY(cam_scorer_logits(&predictor->scorer, &all, cancel, s->logits + first * predictor->config.num_labels));
out:
    cam_device_data_close(&data);
    cam_token_rows_release(&rows);
    return st;
}

cam_status cam_predictor_logits(cam_predictor *predictor, const cam_text *texts, int64_t n, const cam_cancel *cancel,
                                float *logits, long long *truncated) {
    cam_status st = CAM_OK;
    int32_t *list = malloc((size_t)(n + 1) * sizeof *list);
    int64_t *bytes = malloc((size_t)(n + 1) * sizeof *bytes); /* the weights of rows before they are tokenised */
    scoring s = {.predictor = predictor, .texts = texts, .cancel = cancel, .list = list, .logits = logits};
    if (!list || !bytes)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld row numbers", (long long)n);
    bytes[0] = 0;
    for (int64_t r = 0; r < n; r++) {
        list[r] = (int32_t)r;
        bytes[r + 1] = bytes[r] + 8 + (int64_t)texts[r].length;
    }
    CAM_TRY(cam_distribute_rows(
        predictor->group, &(cam_distributed_rows){.where = "scoring",
                                                  .offsets = bytes,
                                                  .list = list,
                                                  .count = n,
                                                  .results = logits,
                                                  .row_bytes = (size_t)predictor->config.num_labels * sizeof *logits,
                                                  .work = score_block,
                                                  .context = &s}));
    CAM_TRY(cam_group_sum(predictor->group, "counting", &s.truncated));
    *truncated += s.truncated;
out:
    free(list);
    free(bytes);
    return st;
}
