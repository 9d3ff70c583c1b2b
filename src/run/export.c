/* export.c: see export.h. */
#include "export.h"
#include "files.h"
#include "model_folder.h"
#include "model_tokenizer.h"
#include <stdlib.h>

/* A folder without labels has a masked language model or an encoder without a head. */
static cam_status load(cam_backend *backend, const char *folder, cam_model_config *config, cam_parameters *params) {
    cam_status st = CAM_OK;
    int fresh_head = 0;
    config->task = config->has_labels ? CAM_TASK_CLASSIFY : CAM_TASK_MASKED_LM;
    CAM_TRY(cam_model_load_folder(params, folder, config, backend, &fresh_head));
    if (!fresh_head)
        return CAM_OK;
    if (config->has_labels)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" names labels in its config.json, but its weights have no classifier", folder);
    cam_parameters_release(params);
    config->task = CAM_TASK_ENCODER;
    CAM_TRY(cam_model_load_folder(params, folder, config, backend, &fresh_head));
out:
    return st;
}

static cam_status make_folder(const char *output) {
    if (cam_directory_exists(output) || cam_file_exists(output))
        return cam_fail(CAM_E_USAGE, "\"%s\" exists already; name a folder that does not exist", output);
    return cam_directory_make(output);
}

cam_status cam_model_export(cam_backend *backend, const char *folder, cam_dtype dtype, const char *output) {
    cam_status st = CAM_OK;
    cam_model_config config = {0};
    cam_parameters params = {0};
    cam_tokenizer *tokenizer = NULL;
    char *config_path = cam_path_join(folder, "config.json");
    char *new_config = cam_path_join(output, "config.json"), *weights = cam_path_join(output, "model.safetensors");
    CAM_TRY(cam_memory_check(CAM_OK));
    CAM_TRY(cam_model_config_read(config_path, &config));
    CAM_TRY(cam_model_tokenizer_open(folder, &tokenizer));
    CAM_TRY(load(backend, folder, &config, &params));
    CAM_TRY(make_folder(output));
    CAM_TRY(cam_tokenizer_save(tokenizer, cam_model_config_max_tokens(&config), output));
    CAM_TRY(cam_model_save(&params, dtype, weights));
    CAM_TRY(cam_model_config_write(&config, new_config));
out:
    cam_parameters_release(&params);
    cam_tokenizer_close(tokenizer);
    cam_model_config_release(&config);
    free(config_path);
    free(new_config);
    free(weights);
    return st;
}
