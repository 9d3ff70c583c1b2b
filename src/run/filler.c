/* filler.c: see filler.h. */
#include "filler.h"
#include "files.h"
#include "model_tokenizer.h"
#include "piece_kinds_internal.h"
#include <stdlib.h>

static cam_status load(cam_filler *filler, cam_backend *backend, const char *folder) {
    cam_status st = CAM_OK;
    int fresh_head = 0;
    CAM_TRY(cam_model_load_folder(&filler->params, folder, &filler->config, backend, &fresh_head));
    if (fresh_head)
        CAM_FAIL(CAM_E_MODEL,
                 "\"%s\" has no lm_head (no \"lm_head.*\" tensors), so it guesses no words; cam-train pretrain makes a "
                 "model that does",
                 folder);
out:
    return st;
}

static cam_status open_scorer(cam_filler *filler, cam_backend *backend) {
    cam_status st = CAM_OK;
    cam_masking masking = {.probability = 1, /* what a text masks is given */
                           .share_mask = 1,
                           .mask_id = cam_tokenizer_special_ids(filler->tokenizer).mask,
                           .piece_kind = filler->piece_kind};
    CAM_TRY(cam_camembert_open(&filler->model, &filler->config, &filler->params, backend));
    CAM_TRY(cam_device_masking_open(&filler->masking, backend, &masking, filler->config.vocab_size, 0));
    cam_scored_places places = {.masking = &filler->masking};
    CAM_TRY(cam_scorer_open(&filler->scorer, &filler->model, 1, filler->max_length, filler->max_length, &places));
out:
    return st;
}

cam_status cam_filler_open(cam_filler *filler, cam_backend *backend, const char *folder) {
    cam_status st = CAM_OK;
    char *path = cam_path_join(folder, "config.json");
    *filler = (cam_filler){0};
    CAM_TRY(cam_model_config_read(path, &filler->config));
    filler->config.task = CAM_TASK_MASKED_LM;
    CAM_TRY(cam_model_tokenizer_open(folder, &filler->tokenizer));
    CAM_TRY(cam_piece_kinds_find(filler->tokenizer, filler->config.vocab_size, folder, &filler->piece_kind));
    int32_t most = cam_model_config_max_tokens(&filler->config);
    filler->max_length = most < backend->max_keys ? most : backend->max_keys;
    CAM_TRY(load(filler, backend, folder));
    CAM_TRY(open_scorer(filler, backend));
out:
    free(path);
    if (st != CAM_OK)
        cam_filler_close(filler);
    return st;
}

void cam_filler_close(cam_filler *filler) {
    cam_scorer_close(&filler->scorer);
    cam_device_masking_close(&filler->masking);
    cam_camembert_close(&filler->model);
    cam_parameters_release(&filler->params);
    cam_tokenizer_close(filler->tokenizer);
    cam_model_config_release(&filler->config);
    free(filler->piece_kind);
    *filler = (cam_filler){0};
}

static cam_status check_text(const cam_filler *filler, const cam_ids *ids) {
    int32_t mask = cam_tokenizer_special_ids(filler->tokenizer).mask;
    const char *word = cam_tokenizer_piece(filler->tokenizer, mask);
    int64_t places = 0;
    for (size_t i = 0; i < ids->count; i++)
        places += ids->ids[i] == mask;
    if (places == 0)
        return cam_fail(CAM_E_USAGE,
                        "the text has no %s; write it in the place of a word: \"Je voudrais %s ma commande\"", word,
                        word);
    if (ids->count > (size_t)filler->max_length)
        return cam_fail(CAM_E_USAGE, "the text has %zu tokens, and the model reads at most %d; write a shorter one",
                        ids->count, filler->max_length);
    return CAM_OK;
}

cam_status cam_filler_fill(cam_filler *filler, cam_text text, int64_t best, cam_filled **filled, int64_t *places) {
    cam_status st = CAM_OK;
    const int32_t first = 0;
    cam_ids ids = {0};
    cam_device_data data = {0};
    *filled = NULL;
    CAM_TRY(cam_tokenizer_encode(filler->tokenizer, text, 0, &ids, NULL));
    CAM_TRY(check_text(filler, &ids));
    int64_t offsets[] = {0, (int64_t)ids.count};
    cam_token_rows row = {.ids = ids.ids, .offsets = offsets, .rows = 1};
    CAM_TRY(cam_device_data_open(&data, filler->params.backend, &row, NULL, NULL, &filler->config));
    cam_scored_rows rows = {.tokens = &row, .data = &data, .list = &first, .count = 1};
    *places = cam_scorer_places(&filler->scorer, &rows);
    *filled = malloc((size_t)(*places * best) * sizeof **filled);
    if (!*filled)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the words of %lld places", (long long)*places);
    CAM_TRY(cam_scorer_fill(&filler->scorer, &rows, best, *filled));
out:
    cam_device_data_close(&data);
    cam_ids_release(&ids);
    return st;
}
