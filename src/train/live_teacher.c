/* live_teacher.c: see live_teacher.h. */
#include "live_teacher.h"

static const cam_train_rates no_rates = {.layerwise_decay = 1};

cam_status cam_live_teacher_layout(cam_live_teacher *live, const cam_model_source *source, cam_backend *backend,
                                   int bf16) {
    cam_status st = CAM_OK;
    const cam_model_config *config = source->config;
    CAM_TRY(cam_parameters_layout(&live->params, config, NULL, &no_rates, (cam_precision){.bf16 = bf16},
                                  (cam_sharding){0}));
    CAM_TRY(cam_camembert_open(&live->model, config, &live->params, backend));
out:
    return st;
}

cam_status cam_live_teacher_load(cam_live_teacher *live, const cam_model_source *source, cam_backend *backend) {
    cam_status st = CAM_OK;
    int fresh_head = 0;
    CAM_TRY(cam_parameters_allocate(&live->params, backend, 0, &no_rates, 0));
    CAM_TRY(cam_model_load(&live->params, source, &fresh_head));
out:
    return st;
}

void cam_live_teacher_close(cam_live_teacher *live) {
    cam_camembert_close(&live->model);
    cam_parameters_release(&live->params);
}

cam_status cam_live_teacher_hidden(cam_live_teacher *live, const cam_pass *student, cam_tensor *hidden) {
    cam_status st = CAM_OK;
    cam_batch batch = *student->batch;
    batch.ids = batch.source_ids;
    *hidden = cam_arena_2d(student->arena, CAM_F32, batch.list.shape[0], live->params.hidden);
    size_t mark = cam_arena_mark(student->arena);
    cam_pass pass = {.model = &live->model, .arena = student->arena, .state = student->state, .batch = &batch};
    CAM_TRY(cam_camembert_encode(&pass));
    if (!cam_arena_is_counting(student->arena))
        CAM_TRY(cam_backend_copy(live->model.backend, hidden->data, pass.hidden.data, cam_tensor_bytes(*hidden),
                                 CAM_ON_DEVICE));
out:
    cam_arena_release(student->arena, mark);
    return st;
}
