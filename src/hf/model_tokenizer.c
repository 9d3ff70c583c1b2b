/* model_tokenizer.c: see model_tokenizer.h. */
#include "model_tokenizer.h"
#include "family.h"
#include "files.h"
#include "json_file.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static cam_status fail_unsupported_type(const char *folder, const char *model_type) {
    cam_strbuf why = CAM_STRBUF_INIT;
    cam_family_refuse(model_type, &why);
    cam_status st = cam_fail(CAM_E_MODEL, "%s/config.json: %s", folder, cam_strbuf_text(&why));
    cam_strbuf_release(&why);
    return st;
}

static cam_status fail_unsupported_class(const char *folder, const char *name) {
    cam_strbuf why = CAM_STRBUF_INIT;
    cam_strbuf_puts(&why, "tokenizer_class ");
    cam_strbuf_put_json(&why, name, strlen(name));
    cam_strbuf_puts(&why, " is not supported without tokenizer.json; supported: ");
    const char *separator = "";
    for (const cam_family *family = cam_families; family->model_type; family++)
        if (family->tokenizer_class->front[0].text) {
            cam_strbuf_printf(&why, "%s%s", separator, family->tokenizer_class->name);
            separator = ", ";
        }
    cam_status st = cam_fail(CAM_E_MODEL, "%s: %s", folder, cam_strbuf_text(&why));
    cam_strbuf_release(&why);
    return st;
}

static cam_status choose_class(const char *folder, const json_t *config, const json_t *tokenizer_config,
                               const cam_tokenizer_class **chosen) {
    cam_status st = CAM_OK;
    const char *model_type = json_string_value(json_object_get(config, "model_type"));
    const char *name = json_string_value(json_object_get(tokenizer_config, "tokenizer_class"));
    const cam_family *family = model_type ? cam_family_find(model_type) : NULL;
    if (!name)
        name = json_string_value(json_object_get(config, "tokenizer_class"));
    if (model_type && !family)
        CAM_TRY(fail_unsupported_type(folder, model_type));
    if (!model_type && !name)
        CAM_FAIL(CAM_E_MODEL, "%s/config.json: \"model_type\" is missing: is this a transformers model?", folder);
    *chosen = name ? cam_family_tokenizer_class(name) : family ? family->tokenizer_class : NULL;
    if (name && !*chosen && cam_file_exists_in(folder, "sentencepiece.bpe.model") &&
        !cam_file_exists_in(folder, "tokenizer.json"))
        CAM_TRY(fail_unsupported_class(folder, name));
    if (!*chosen)
        *chosen = &cam_tokenizer_class_of_file;
out:
    return st;
}

cam_status cam_model_tokenizer_open(const char *folder, cam_tokenizer **tokenizer) {
    cam_status st = CAM_OK;
    json_t *config = NULL, *tokenizer_config = NULL;
    const cam_tokenizer_class *chosen = NULL;
    *tokenizer = NULL;
    CAM_TRY(cam_json_file_read(folder, "config.json", &config));
    CAM_TRY(cam_json_file_read(folder, "tokenizer_config.json", &tokenizer_config));
    CAM_TRY(choose_class(folder, config, tokenizer_config, &chosen));
    double rows = json_number_value(json_object_get(config, "vocab_size")); /* 0 where there is none */
    if (rows >= 1 && rows < INT32_MAX)
        CAM_TRY(cam_tokenizer_open_for(folder, chosen, (int32_t)rows, tokenizer));
    else
        CAM_TRY(cam_tokenizer_open(folder, chosen, tokenizer));
out:
    json_decref(config);
    json_decref(tokenizer_config);
    return st;
}
