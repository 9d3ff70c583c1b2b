/* tokenizer_config.c: what tokenizer_config.json and added_tokens.json say about the tokenizer of a folder.
 *
 * The order is that of transformers 5: tokens of "added_tokens_decoder" replace those of tokenizer.json. Where there is
 * no "added_tokens_decoder", added_tokens.json gives the tokens that tokenizer.json does not have. */
#include "tokenizer_internal.h"
#include "tokenizer_json_internal.h"
#include <stdlib.h>

static const char *const special_keys[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                           "pad_token", "cls_token", "mask_token"};
enum { SPECIAL_KEYS = sizeof special_keys / sizeof special_keys[0] };

/* The content of a token, which is a text or an object; NULL = none. */
static const char *content_of(const json_t *token) {
    return json_string_value(json_is_object(token) ? json_object_get(token, "content") : token);
}

static cam_status read_decoder(cam_vocabulary *vocabulary, json_t *decoder) {
    cam_status st = CAM_OK;
    const char *key;
    json_t *token;
    json_object_foreach(decoder, key, token) {
        char *end;
        long long id = strtoll(key, &end, 10);
        CAM_TRY(cam_vocabulary_read_added(vocabulary, token, *end == '\0' && key[0] != '\0' ? id : -1));
    }
out:
    return st;
}

/* {"content": text, "special": special} */
static cam_status add_plain(cam_vocabulary *vocabulary, const char *text, int64_t id, int special) {
    json_t *token = json_pack("{s:s,s:b}", "content", text, "special", special);
    if (!token)
        return cam_fail(CAM_E_MEMORY, "no memory for the added tokens");
    cam_status st = cam_vocabulary_read_added(vocabulary, token, id);
    json_decref(token);
    return st;
}

static int is_named(const json_t *config, const char *text) {
    for (int i = 0; i < SPECIAL_KEYS; i++) {
        const char *named = content_of(json_object_get(config, special_keys[i]));
        if (named && strcmp(named, text) == 0)
            return 1;
    }
    return 0;
}

/* An id, which is read as a real number; -1 = none. */
static int64_t id_of(const json_t *id) {
    double number = json_is_number(id) ? json_number_value(id) : -1;
    return number >= 0 && number < INT32_MAX ? (int64_t)number : -1;
}

static cam_status read_added_file(cam_vocabulary *vocabulary, const cam_tokenizer_files *files, const json_t *config) {
    cam_status st = CAM_OK;
    json_t *tokens = NULL, *id;
    const char *text;
    CAM_TRY(cam_tokenizer_files_parse(files, CAM_TOKENIZER_ADDED, &tokens));
    json_object_foreach(tokens, text, id) {
        if (!cam_vocabulary_added(vocabulary, text) && text[0] != '\0')
            CAM_TRY(add_plain(vocabulary, text, id_of(id), is_named(config, text)));
    }
out:
    json_decref(tokens);
    return st;
}

/* A special token that the configuration names is found in texts, also where the tokenizer's own file does not list
 * it. One that is no piece has no row in the model. */
static cam_status add_named(cam_vocabulary *vocabulary, const json_t *token) {
    const char *text = content_of(token);
    if (!text || text[0] == '\0' || cam_vocabulary_added(vocabulary, text))
        return CAM_OK;
    int32_t id = cam_vocabulary_find(vocabulary, text);
    if (id < 0)
        return CAM_OK;
    return json_is_object(token) ? cam_vocabulary_read_added(vocabulary, token, id)
                                 : add_plain(vocabulary, text, id, 1);
}

static cam_status add_all_named(cam_vocabulary *vocabulary, const json_t *config) {
    cam_status st = CAM_OK;
    static const char *const lists[] = {"additional_special_tokens", "extra_special_tokens"};
    const json_t *token;
    size_t n;
    for (int i = 0; i < SPECIAL_KEYS; i++)
        CAM_TRY(add_named(vocabulary, json_object_get(config, special_keys[i])));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        json_array_foreach(json_object_get(config, lists[i]), n, token) CAM_TRY(add_named(vocabulary, token));
    }
out:
    return st;
}

/* The id of a special token: of the name that the configuration has, else of a usual one; -1 = none. */
static int32_t find_special(const cam_vocabulary *vocabulary, const json_t *config, const char *key,
                            const char *class_name, const char *bert_name) {
    const char *const names[] = {content_of(json_object_get(config, key)), class_name, bert_name};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int32_t id = names[i] ? cam_vocabulary_find(vocabulary, names[i]) : -1;
        const cam_added_token *token = names[i] && id < 0 ? cam_vocabulary_added(vocabulary, names[i]) : NULL;
        if (token || id >= 0)
            return token ? token->id : id;
    }
    return -1;
}

static cam_status read_side(cam_vocabulary *vocabulary, const char *path, const json_t *config) {
    const json_t *side = json_object_get(config, "truncation_side");
    if (!side || json_is_null(side))
        return CAM_OK;
    vocabulary->truncate_left = cam_json_is(config, "truncation_side", "left");
    if (!vocabulary->truncate_left && !cam_json_is(config, "truncation_side", "right"))
        return cam_fail(CAM_E_MODEL, "%s: \"truncation_side\" is not \"left\" or \"right\"", path);
    return CAM_OK;
}

cam_status cam_vocabulary_configure(cam_vocabulary *vocabulary, const cam_tokenizer_files *files,
                                    double *model_max_length) {
    cam_status st = CAM_OK;
    json_t *config = NULL;
    CAM_TRY(cam_tokenizer_files_parse(files, CAM_TOKENIZER_CONFIG, &config));
    json_t *decoder = json_object_get(config, "added_tokens_decoder");
    const json_t *longest = json_object_get(config, "model_max_length");
    if (json_is_object(decoder))
        CAM_TRY(read_decoder(vocabulary, decoder));
    else
        CAM_TRY(read_added_file(vocabulary, files, config));
    CAM_TRY(add_all_named(vocabulary, config));
    CAM_TRY(read_side(vocabulary, files->path[CAM_TOKENIZER_CONFIG], config));
    *model_max_length = json_is_number(longest) ? json_number_value(longest) : 0;
    const cam_tokenizer_class *class = vocabulary->tokenizer_class;
    vocabulary->special.bos = vocabulary->before.ids[0];
    vocabulary->special.eos = vocabulary->behind.count ? vocabulary->behind.ids[vocabulary->behind.count - 1] : -1;
    vocabulary->special.pad = find_special(vocabulary, config, "pad_token", class->pad, "[PAD]");
    vocabulary->special.mask = find_special(vocabulary, config, "mask_token", class->mask, "[MASK]");
out:
    json_decref(config);
    return st;
}
