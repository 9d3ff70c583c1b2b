/* verb_export.c: `export` writes a model folder again, with its weights in another dtype. */
#include "backends.h"
#include "export.h"
#include "log.h"
#include "model_get.h"
#include "verbs.h"
#include <stdlib.h>

static cam_dtype dtype_of(enum cam_choice_export_dtype choice) {
    return choice == CAM_EXPORT_F16 ? CAM_F16 : choice == CAM_EXPORT_BF16 ? CAM_BF16 : CAM_F32;
}

cam_status cam_verb_export(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_backend *backend = NULL;
    char *folder = NULL;
    if (!arguments->model)
        CAM_FAIL(CAM_E_USAGE, "export needs --model DIR");
    if (!arguments->folder)
        CAM_FAIL(CAM_E_USAGE, "export needs --output DIR");
    CAM_TRY(cam_model_get(NULL, arguments->model, NULL, CAM_MODEL_WEIGHTS, NULL, &folder));
    CAM_TRY(cam_backends_open(&(cam_device_options){.device = CAM_CONFIG_DEVICE_CPU}, &backend));
    CAM_TRY(cam_model_export(backend, folder, dtype_of((enum cam_choice_export_dtype)arguments->export_dtype.value),
                             arguments->folder));
    cam_log("wrote \"%s\" as %s into \"%s\"", folder, cam_words_export_dtype[arguments->export_dtype.value],
            arguments->folder);
out:
    cam_backend_close(backend);
    free(folder);
    return st;
}
