/* camembert_distill.c: the loss of a student that learns from a teacher, forward and backward; see camembert.h.
 *
 * The map of hidden states is a part of the head that only training has. It reads the encoder's output before dropout.
 */
#include "camembert_internal.h"

static cam_tensor map_view(const cam_pass *pass, cam_map_tensor tensor, cam_plane plane) {
    const cam_parameters *params = pass->model->params;
    return cam_parameters_view(params, cam_parameter_of_map(params, tensor), plane);
}

cam_status cam_camembert_distill_hidden(cam_pass *pass, cam_tensor taught, cam_tensor row) {
    cam_status st = CAM_OK;
    int64_t n = pass->hidden.shape[0], h = pass->hidden.shape[1];
    int is_first = !pass->row_loss.data;
    cam_tensor row_loss = cam_pass_f32_1d(pass, n);
    if (is_first) {
        CAM_TRY(cam_pass_need_weights(pass, pass->model->params->layers + 1));
        pass->row_loss = row_loss;
    }
    pass->mapped = cam_pass_f32_2d(pass, n, h);
    CAM_RUN(linear_fwd, .y = pass->mapped, .x = pass->hidden, .w = map_view(pass, CAM_MAP_W, CAM_WEIGHT),
            .bias = map_view(pass, CAM_MAP_B, CAM_WEIGHT), .rows = CAM_ROWS_HEAD);
    CAM_RUN(distill_hidden, .dmapped = pass->mapped, .row_loss = row_loss, .mapped = pass->mapped, .teacher = taught,
            .row = row, .weight = pass->distillation->hidden_weight, .accumulate = pass->accumulate || !is_first);
out:
    return st;
}

cam_status cam_camembert_distill(cam_pass *pass) {
    cam_status st = CAM_OK;
    const cam_distillation *d = pass->distillation;
    int64_t n = pass->hidden.shape[0];
    pass->row_loss = cam_pass_f32_1d(pass, n);
    CAM_RUN(distill_logits, .dlogits = pass->logits, .row_loss = pass->row_loss, .logits = pass->logits,
            .labels = pass->batch->labels, .weights = pass->class_weights, .teacher = d->logits,
            .row = pass->batch->row, .temperature = d->temperature, .alpha = d->alpha,
            .smoothing = pass->label_smoothing, .accumulate = pass->accumulate);
    if (d->hidden_weight > 0)
        CAM_TRY(cam_camembert_distill_hidden(pass, d->hidden, pass->batch->row));
out:
    return st;
}

/* An encoder has no head whose gradient is in dhidden already. */
cam_status cam_distill_backward(cam_pass *pass, cam_tensor dhidden, int need_dhidden) {
    cam_status st = CAM_OK;
    CAM_RUN(linear_bwd_weight, .dw = map_view(pass, CAM_MAP_W, CAM_GRADIENT),
            .dbias = map_view(pass, CAM_MAP_B, CAM_GRADIENT), .dy = pass->mapped, .x = pass->hidden,
            .rows = CAM_ROWS_HEAD, .accumulate = pass->accumulate);
    if (need_dhidden)
        CAM_RUN(linear_bwd_data, .dx = dhidden, .dy = pass->mapped, .w = map_view(pass, CAM_MAP_W, CAM_WEIGHT),
                .rows = CAM_ROWS_HEAD, .accumulate = pass->model->params->task != CAM_TASK_ENCODER);
out:
    return st;
}
