/* scorer.c: see scorer.h. */
#include "scorer.h"
#include "camembert_pass.h"

int cam_stop_wanted(const cam_stop *stop) {
    return stop && stop->wanted && stop->wanted(stop->context);
}

static cam_pass new_pass(cam_scorer *scorer, const cam_batch *batch) {
    return (cam_pass){.model = scorer->model, .arena = &scorer->arena, .state = scorer->state, .batch = batch};
}

/* Runs the largest batch on a counting arena. */
static cam_status plan(cam_scorer *scorer, size_t *bytes) {
    cam_status st = CAM_OK;
    cam_arena_init_counting(&scorer->arena, "scoring");
    cam_batch batch =
        cam_device_batch_views(&scorer->batch, scorer->batch.max_tokens, scorer->batch.max_rows, scorer->max_length);
    cam_pass pass = new_pass(scorer, &batch);
    CAM_TRY(cam_camembert_encode(&pass));
    CAM_TRY(cam_camembert_classify(&pass));
    *bytes = scorer->arena.peak;
out:
    return st;
}

cam_status cam_scorer_open(cam_scorer *scorer, cam_camembert *model, int64_t max_rows, int64_t max_tokens,
                           int32_t max_length) {
    cam_status st = CAM_OK;
    size_t bytes = 0, state_bytes = CAM_ARENA_ALIGN;
    *scorer = (cam_scorer){
        .model = model, .max_tokens = max_tokens > max_length ? max_tokens : max_length, .max_length = max_length};
    CAM_ASSERT(sizeof(cam_step_state) <= CAM_ARENA_ALIGN);
    CAM_TRY(cam_device_batch_open(&scorer->batch, model->backend, scorer->max_tokens, max_rows));
    CAM_TRY(plan(scorer, &bytes));
    CAM_TRY(cam_backend_allocate(model->backend, state_bytes + bytes, &scorer->memory));
    scorer->state = scorer->memory;
    cam_arena_init(&scorer->arena, "scoring", (char *)scorer->memory + state_bytes, bytes);
out:
    if (st != CAM_OK)
        cam_scorer_close(scorer);
    return st;
}

void cam_scorer_close(cam_scorer *scorer) {
    cam_device_batch_close(&scorer->batch);
    if (scorer->model)
        cam_backend_release(scorer->model->backend, scorer->memory);
    *scorer = (cam_scorer){0};
}

/* How many of the next rows make a batch. */
static int64_t batch_rows(const cam_scorer *scorer, const cam_token_rows *rows, const int32_t *list, int64_t count) {
    int64_t taken = 0, tokens = 0;
    while (taken < count && taken < scorer->batch.max_rows) {
        tokens += rows->offsets[list[taken] + 1] - rows->offsets[list[taken]];
        if (taken > 0 && tokens > scorer->max_tokens)
            break;
        taken++;
    }
    return taken;
}

static cam_status upload_state(cam_scorer *scorer, int64_t tokens, int64_t rows, cam_step_state *host) {
    *host = (cam_step_state){.tokens = (int32_t)tokens,
                             .sequences = (int32_t)rows,
                             .head_rows = (int32_t)rows,
                             .loss_denominator = 1,
                             .finite = 1};
    return cam_backend_copy(scorer->model->backend, scorer->state, host, sizeof *host, CAM_TO_DEVICE);
}

static cam_status encode(cam_scorer *scorer, const cam_token_rows *rows, const int32_t *list, int64_t count,
                         cam_batch *batch, cam_pass *pass, cam_step_state *host) {
    cam_status st = CAM_OK;
    const cam_parameters *params = scorer->model->params;
    int64_t tokens = 0;
    cam_arena_reset(&scorer->arena);
    CAM_TRY(cam_device_batch_upload(&scorer->batch, rows, list, count, NULL, params->word_row,
                                    scorer->model->config->pad_token_id, batch, &tokens));
    CAM_TRY(upload_state(scorer, tokens, count, host));
    *pass = new_pass(scorer, batch);
    CAM_TRY(cam_camembert_encode(pass));
out:
    return st;
}

static cam_status download(cam_scorer *scorer, cam_tensor from, float *to) {
    cam_backend *backend = scorer->model->backend;
    cam_status st = cam_backend_copy(backend, to, from.data, cam_tensor_bytes(from), CAM_FROM_DEVICE);
    return st == CAM_OK ? cam_backend_synchronize(backend) : st;
}

cam_status cam_scorer_logits(cam_scorer *scorer, const cam_token_rows *rows, const int32_t *list, int64_t count,
                             const cam_stop *stop, float *logits) {
    cam_status st = CAM_OK;
    for (int64_t done = 0, taken; done < count; done += taken) {
        cam_batch batch;
        cam_pass pass;
        cam_step_state host;
        if (cam_stop_wanted(stop))
            CAM_FAIL(CAM_E_STOPPED, "stopped while scoring");
        taken = batch_rows(scorer, rows, list + done, count - done);
        CAM_TRY(encode(scorer, rows, list + done, taken, &batch, &pass, &host));
        CAM_TRY(cam_camembert_classify(&pass));
        CAM_TRY(download(scorer, pass.logits, logits + done * pass.logits.shape[1]));
    }
out:
    return st;
}

cam_status cam_scorer_features(cam_scorer *scorer, const cam_token_rows *rows, const int32_t *list, int64_t count,
                               const cam_stop *stop, float *features) {
    cam_status st = CAM_OK;
    cam_backend *backend = scorer->model->backend;
    int64_t h = scorer->model->params->hidden;
    for (int64_t done = 0, taken; done < count; done += taken) {
        cam_batch batch;
        cam_pass pass;
        cam_step_state host;
        if (cam_stop_wanted(stop))
            CAM_FAIL(CAM_E_STOPPED, "stopped while computing features");
        taken = batch_rows(scorer, rows, list + done, count - done);
        CAM_TRY(encode(scorer, rows, list + done, taken, &batch, &pass, &host));
        for (int64_t r = 0; r < taken; r++)
            CAM_TRY(cam_backend_copy(backend, features + list[done + r] * h, (float *)pass.hidden.data + r * h,
                                     (size_t)h * sizeof(float), CAM_ON_DEVICE));
        CAM_TRY(cam_backend_synchronize(backend));
    }
out:
    return st;
}

cam_status cam_scorer_head_logits(cam_scorer *scorer, cam_tensor features, const int32_t *list, int64_t count,
                                  const cam_stop *stop, float *logits) {
    cam_status st = CAM_OK;
    int64_t at_most = scorer->batch.max_rows, h = features.shape[1];
    for (int64_t done = 0, taken; done < count; done += taken) {
        cam_batch batch;
        cam_step_state host;
        cam_pass one = new_pass(scorer, &batch), *pass = &one;
        if (cam_stop_wanted(stop))
            CAM_FAIL(CAM_E_STOPPED, "stopped while scoring");
        taken = count - done < at_most ? count - done : at_most;
        cam_arena_reset(&scorer->arena);
        CAM_TRY(cam_device_batch_upload_rows(&scorer->batch, list + done, taken, NULL, &batch));
        CAM_TRY(upload_state(scorer, 0, taken, &host));
        pass->hidden = cam_pass_2d(pass, taken, h);
        CAM_RUN(head_gather_fwd, .y = pass->hidden, .x = features, .list = batch.list);
        CAM_TRY(cam_camembert_classify(pass));
        CAM_TRY(download(scorer, pass->logits, logits + done * pass->logits.shape[1]));
    }
out:
    return st;
}
