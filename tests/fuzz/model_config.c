/* config.json. What is accepted is written and reads back equal. */
#include "model_config.h"
#include "files.h"
#include "fuzz.h"

static void check_equal(const cam_model_config *a, const cam_model_config *b) {
    FUZZ_CHECK(a->family == b->family && a->num_labels == b->num_labels && a->vocab_size == b->vocab_size &&
               a->hidden_size == b->hidden_size && a->num_hidden_layers == b->num_hidden_layers &&
               a->pad_token_id == b->pad_token_id && a->layer_norm_eps == b->layer_norm_eps &&
               a->classifier_dropout == b->classifier_dropout);
    for (int32_t i = 0; i < a->num_labels; i++)
        FUZZ_CHECK(strcmp(a->id2label[i], b->id2label[i]) == 0);
}

void fuzz_one(const uint8_t *data, size_t size) {
    cam_model_config config, again;
    char *path = fuzz_path("config.json");
    cam_status st = cam_model_config_parse((const char *)data, size, "config.json", &config);
    FUZZ_CHECK(st == CAM_OK || (st == CAM_E_MODEL && cam_status_message()[0]));
    if (st == CAM_OK) {
        FUZZ_CHECK(cam_model_config_max_tokens(&config) >= 3);
        if (!config.other_task) {
            FUZZ_CHECK(cam_model_config_write(&config, path) == CAM_OK);
            FUZZ_CHECK(cam_model_config_read(path, &again) == CAM_OK);
            check_equal(&config, &again);
            cam_model_config_release(&again);
        }
        cam_model_config_release(&config);
    }
    free(path);
}
