/* camembert_masked_lm.c: the head of a masked language model, forward and backward; see camembert.h.
 *
 * The decoder is the word embeddings. Its logits are computed, used and overwritten by their gradients chunk by chunk of
 * query rows, so the logits of all query rows are never in memory together. The gradient of the word embeddings is
 * begun here, and embedding_bwd adds to it.
 */
#include "camembert_internal.h"

cam_status cam_camembert_lm_head(cam_pass *pass) {
    cam_status st = CAM_OK;
    int64_t n = pass->hidden.shape[0], h = pass->hidden.shape[1];
    CAM_TRY(cam_pass_need_weights(pass, pass->model->params->layers + 1));
    pass->head_dense = cam_pass_f32_2d(pass, n, h);
    pass->head_active = cam_pass_f32_2d(pass, n, h);
    pass->head_output = cam_pass_f32_2d(pass, n, h);
    pass->head_mean = cam_pass_f32_1d(pass, n);
    pass->head_rstd = cam_pass_f32_1d(pass, n);
    CAM_RUN(linear_fwd, .y = pass->head_dense, .x = pass->hidden, .w = cam_head_view(pass, CAM_DENSE_W, CAM_WEIGHT),
            .rows = CAM_ROWS_HEAD);
    CAM_RUN(gelu_fwd, .y = pass->head_active, .x = pass->head_dense,
            .bias = cam_head_view(pass, CAM_DENSE_B, CAM_WEIGHT), .rows = CAM_ROWS_HEAD);
    CAM_RUN(residual_fwd, .y = pass->head_output, .z = pass->head_active, .mean = pass->head_mean,
            .rstd = pass->head_rstd, .x = pass->head_active, .gamma = cam_head_view(pass, CAM_HEAD_GAMMA, CAM_WEIGHT),
            .beta = cam_head_view(pass, CAM_HEAD_BETA, CAM_WEIGHT), .eps = (float)pass->model->config->layer_norm_eps,
            .rows = CAM_ROWS_HEAD);
out:
    return st;
}

int cam_camembert_lm_chunks(const cam_pass *pass) {
    return (int)((pass->head_output.shape[0] + CAM_HEAD_CHUNK - 1) / CAM_HEAD_CHUNK);
}

/* The rows of a chunk in a tensor of all query rows. */
static cam_tensor chunk_of(cam_tensor t, int chunk) {
    int64_t first = (int64_t)chunk * CAM_HEAD_CHUNK, left = t.shape[0] - first;
    return cam_tensor_rows(t, first, left < CAM_HEAD_CHUNK ? left : CAM_HEAD_CHUNK);
}

static cam_rows rows_of(int chunk) {
    return (cam_rows)((int)CAM_ROWS_HEAD_CHUNK + chunk);
}

cam_status cam_camembert_lm_logits(cam_pass *pass, int chunk, cam_tensor *logits) {
    cam_status st = CAM_OK;
    cam_tensor word = cam_embedding_view(pass, CAM_WORD, CAM_WEIGHT), x = chunk_of(pass->head_output, chunk);
    *logits = cam_pass_f32_2d(pass, x.shape[0], word.shape[0]);
    CAM_RUN(linear_fwd, .y = *logits, .x = x, .w = word, .bias = cam_head_view(pass, CAM_DECODER_B, CAM_WEIGHT),
            .rows = rows_of(chunk));
out:
    return st;
}

/* The gradients of a chunk from that of its logits. */
static cam_status chunk_backward(cam_pass *pass, int chunk, cam_tensor dlogits) {
    cam_status st = CAM_OK;
    int accumulate = pass->accumulate || chunk > 0;
    cam_rows rows = rows_of(chunk);
    CAM_RUN(linear_bwd_weight, .dw = cam_embedding_view(pass, CAM_WORD, CAM_GRADIENT),
            .dbias = cam_head_view(pass, CAM_DECODER_B, CAM_GRADIENT), .dy = dlogits,
            .x = chunk_of(pass->head_output, chunk), .rows = rows, .accumulate = accumulate);
    CAM_RUN(linear_bwd_data, .dx = chunk_of(pass->head_gradient, chunk), .dy = dlogits,
            .w = cam_embedding_view(pass, CAM_WORD, CAM_WEIGHT), .rows = rows);
out:
    return st;
}

static cam_status chunk_loss(cam_pass *pass, int chunk) {
    cam_status st = CAM_OK;
    cam_tensor logits;
    size_t mark = cam_arena_mark(pass->arena);
    CAM_TRY(cam_camembert_lm_logits(pass, chunk, &logits));
    CAM_RUN(loss, .row_loss = chunk_of(pass->row_loss, chunk),
            .hits = pass->training ? CAM_NONE : chunk_of(pass->hits, chunk),
            .dlogits = pass->training ? logits : CAM_NONE, .logits = logits,
            .labels = chunk_of(pass->batch->labels, chunk), .rows = rows_of(chunk), .smoothing = pass->label_smoothing,
            .accumulate = pass->accumulate || chunk > 0);
    if (pass->training)
        CAM_TRY(chunk_backward(pass, chunk, logits));
out:
    cam_arena_release(pass->arena, mark);
    return st;
}

cam_status cam_camembert_lm_loss(cam_pass *pass) {
    cam_status st = CAM_OK;
    int64_t n = pass->head_output.shape[0], h = pass->head_output.shape[1];
    pass->row_loss = cam_pass_f32_1d(pass, n);
    if (pass->training)
        pass->head_gradient = cam_pass_f32_2d(pass, n, h);
    else
        pass->hits = cam_pass_f32_1d(pass, n);
    for (int chunk = 0; chunk < cam_camembert_lm_chunks(pass); chunk++)
        CAM_TRY(chunk_loss(pass, chunk));
out:
    return st;
}

cam_status cam_lm_head_backward(cam_pass *pass, cam_tensor dhidden) {
    cam_status st = CAM_OK;
    cam_tensor dx = pass->head_gradient;
    CAM_RUN(residual_bwd, .dx = dx, .dgamma = cam_head_view(pass, CAM_HEAD_GAMMA, CAM_GRADIENT),
            .dbeta = cam_head_view(pass, CAM_HEAD_BETA, CAM_GRADIENT), .dy = dx, .z = pass->head_active,
            .mean = pass->head_mean, .rstd = pass->head_rstd, .gamma = cam_head_view(pass, CAM_HEAD_GAMMA, CAM_WEIGHT),
            .rows = CAM_ROWS_HEAD, .accumulate = pass->accumulate);
    CAM_RUN(gelu_bwd, .dx = dx, .dbias = cam_head_view(pass, CAM_DENSE_B, CAM_GRADIENT), .dy = dx,
            .x = pass->head_dense, .bias = cam_head_view(pass, CAM_DENSE_B, CAM_WEIGHT), .rows = CAM_ROWS_HEAD,
            .accumulate = pass->accumulate);
    CAM_RUN(linear_bwd_weight, .dw = cam_head_view(pass, CAM_DENSE_W, CAM_GRADIENT), .dy = dx, .x = pass->hidden,
            .rows = CAM_ROWS_HEAD, .accumulate = pass->accumulate);
    CAM_RUN(linear_bwd_data, .dx = dhidden, .dy = dx, .w = cam_head_view(pass, CAM_DENSE_W, CAM_WEIGHT),
            .rows = CAM_ROWS_HEAD);
out:
    return st;
}
