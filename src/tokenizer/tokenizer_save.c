/* tokenizer_save.c: writes the tokenizer's files into a folder. */
#include "files.h"
#include "json_edit_internal.h"
#include "tokenizer_internal.h"
#include "tokenizer_json_internal.h"
#include <stdlib.h>
#include <string.h>

static cam_status write_text(const char *to, const char *name, const cam_strbuf *text) {
    char *target = cam_path_join(to, name);
    cam_status st = cam_file_write(target, cam_strbuf_text(text), text->length);
    free(target);
    return st;
}

/* Writes a file of the opened folder as it was; nothing where it had none. */
static cam_status write_held(const cam_tokenizer *tokenizer, const char *to, cam_tokenizer_file file) {
    return tokenizer->files.present[file]
               ? write_text(to, cam_tokenizer_file_names[file], &tokenizer->files.bytes[file])
               : CAM_OK;
}

/* --- what the configuration says --------------------------------------------------------------------------------- */

/* The pipeline that transformers 5 builds in code for the classes of src/hf/family.c, whatever tokenizer.json says. */
static int is_built_by_class(const cam_vocabulary *vocabulary) {
    const cam_split_step *splits = vocabulary->splits;
    const cam_tokenizer_class *class = vocabulary->tokenizer_class;
    if (vocabulary->kind != CAM_VOCABULARY_UNIGRAM || !class->front[0].text || vocabulary->split_count != 2)
        return 0;
    return vocabulary->step_count <= 1 &&
           (vocabulary->step_count == 0 || vocabulary->steps[0].kind == CAM_NORMAL_CHARSMAP) &&
           splits[0].kind == CAM_SPLIT_SPACE && splits[0].behavior == CAM_SPLIT_REMOVED &&
           splits[1].kind == CAM_SPLIT_METASPACE && splits[1].prepend == CAM_PREPEND_ALWAYS &&
           splits[1].metaspace_split && vocabulary->before.count == 1 && vocabulary->behind.count == 1 &&
           vocabulary->special.bos == cam_vocabulary_find(vocabulary, class->bos) &&
           vocabulary->special.eos == cam_vocabulary_find(vocabulary, class->eos);
}

static const char *class_to_write(const cam_tokenizer *tokenizer) {
    const cam_vocabulary *vocabulary = &tokenizer->pipeline.vocabulary;
    return tokenizer->is_json && !is_built_by_class(vocabulary) ? "PreTrainedTokenizerFast"
                                                                : vocabulary->tokenizer_class->name;
}

/* The piece of a special token; NULL where the tokenizer has none. */
static const char *piece_of(const cam_tokenizer *tokenizer, int32_t id) {
    return id < 0 ? NULL : cam_tokenizer_piece(tokenizer, id);
}

/* lstrip of the mask token (it removes the space before it), as in the opened tokenizer. */
static int mask_lstrip(const cam_vocabulary *vocabulary) {
    for (size_t i = 0; i < vocabulary->added_count; i++) {
        if (vocabulary->added[i].id == vocabulary->special.mask)
            return vocabulary->added[i].lstrip;
    }
    return 1;
}

static void put_text(cam_strbuf *out, const char *key, const char *text) {
    if (!text)
        return;
    cam_strbuf_put_all(out, out->length > 1 ? ",\n  \"" : "\n  \"", key, "\": ", NULL);
    cam_strbuf_put_json(out, text, strlen(text));
}

static void put_mask(cam_strbuf *out, const cam_tokenizer *tokenizer, const char *type) {
    const char *mask = piece_of(tokenizer, tokenizer->pipeline.vocabulary.special.mask);
    if (!mask)
        return;
    cam_strbuf_put_all(out, ",\n  \"mask_token\": {\n", type, "    \"content\": ", NULL);
    cam_strbuf_put_json(out, mask, strlen(mask));
    cam_strbuf_put_all(out, ",\n    \"lstrip\": ", mask_lstrip(&tokenizer->pipeline.vocabulary) ? "true" : "false",
                       ",\n    \"normalized\": false,\n    \"rstrip\": false,\n    \"single_word\": false\n  }", NULL);
}

static void put_begin_and_end(cam_strbuf *out, const cam_tokenizer *tokenizer) {
    const cam_special_ids *special = &tokenizer->pipeline.vocabulary.special;
    put_text(out, "bos_token", piece_of(tokenizer, special->bos));
    put_text(out, "cls_token", piece_of(tokenizer, special->bos));
    put_text(out, "eos_token", piece_of(tokenizer, special->eos));
}

/* The least of the folder's and the model's; the folder's may be 1e30. */
static int32_t model_max_length(const cam_tokenizer *tokenizer, int32_t max_tokens) {
    int32_t given = cam_tokenizer_model_max_length(tokenizer);
    return given < max_tokens ? given : max_tokens;
}

static cam_status write_tokenizer_config(const cam_tokenizer *tokenizer, int32_t max_tokens, const char *to) {
    const cam_special_ids *special = &tokenizer->pipeline.vocabulary.special;
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, "{\n  \"add_prefix_space\": true");
    put_begin_and_end(&text, tokenizer);
    put_mask(&text, tokenizer, "    \"__type\": \"AddedToken\",\n");
    cam_strbuf_printf(&text, ",\n  \"model_max_length\": %d", model_max_length(tokenizer, max_tokens));
    put_text(&text, "pad_token", piece_of(tokenizer, special->pad));
    put_text(&text, "sep_token", piece_of(tokenizer, special->eos));
    put_text(&text, "tokenizer_class", class_to_write(tokenizer));
    if (tokenizer->pipeline.vocabulary.truncate_left)
        put_text(&text, "truncation_side", "left");
    put_text(&text, "unk_token", piece_of(tokenizer, special->unk));
    cam_strbuf_puts(&text, "\n}\n");
    cam_status st = write_text(to, "tokenizer_config.json", &text);
    cam_strbuf_release(&text);
    return st;
}

/* transformers 5 writes a list as "extra_special_tokens", which transformers 4 knows as "additional_special_tokens" and
 * refuses under the new name; transformers 5 reads both. */
static void rename_list(cam_strbuf *config, cam_strbuf *scratch) {
    cam_json_cut(config, "extra_special_tokens", scratch);
    if (cam_strbuf_text(scratch)[0] != '[')
        return;
    cam_json_edit(config, "additional_special_tokens", cam_strbuf_text(scratch));
    cam_json_edit(config, "extra_special_tokens", "{}");
}

/* "auto_map" names code of the source, which is not part of the saved model. */
static void drop_code(cam_strbuf *config, cam_strbuf *scratch) {
    cam_json_cut(config, "auto_map", scratch);
    if (scratch->length > 0)
        cam_json_edit(config, "auto_map", "{}");
}

/* Writes the folder's tokenizer_config.json, corrected where it must say something else. */
static cam_status correct_tokenizer_config(const cam_tokenizer *tokenizer, int32_t max_tokens, const char *to) {
    const cam_strbuf *held = &tokenizer->files.bytes[CAM_TOKENIZER_CONFIG];
    cam_strbuf text = CAM_STRBUF_INIT, value = CAM_STRBUF_INIT;
    int32_t longest = model_max_length(tokenizer, max_tokens);
    cam_strbuf_append(&text, cam_strbuf_text(held), held->length);
    if (tokenizer->model_max_length != longest) {
        cam_strbuf_printf(&value, "%d", longest);
        cam_json_edit(&text, "model_max_length", cam_strbuf_text(&value));
    }
    rename_list(&text, &value);
    drop_code(&text, &value);
    if (strcmp(class_to_write(tokenizer), "PreTrainedTokenizerFast") == 0)
        cam_json_edit(&text, "tokenizer_class", "\"PreTrainedTokenizerFast\"");
    cam_status st = write_text(to, "tokenizer_config.json", &text);
    cam_strbuf_release(&text);
    cam_strbuf_release(&value);
    return st;
}

static cam_status write_special_tokens_map(const cam_tokenizer *tokenizer, const char *to) {
    const cam_special_ids *special = &tokenizer->pipeline.vocabulary.special;
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, "{");
    put_begin_and_end(&text, tokenizer);
    put_mask(&text, tokenizer, "");
    put_text(&text, "pad_token", piece_of(tokenizer, special->pad));
    put_text(&text, "sep_token", piece_of(tokenizer, special->eos));
    put_text(&text, "unk_token", piece_of(tokenizer, special->unk));
    cam_strbuf_puts(&text, "\n}\n");
    cam_status st = write_text(to, "special_tokens_map.json", &text);
    cam_strbuf_release(&text);
    return st;
}

cam_status cam_tokenizer_save(const cam_tokenizer *tokenizer, int32_t max_tokens, const char *to) {
    cam_status st = CAM_OK;
    const int *present = tokenizer->files.present;
    CAM_TRY(cam_directory_make(to));
    CAM_TRY(write_held(tokenizer, to, CAM_TOKENIZER_PROTO));
    CAM_TRY(write_held(tokenizer, to, CAM_TOKENIZER_JSON));
    CAM_TRY(write_held(tokenizer, to, CAM_TOKENIZER_ADDED));
    CAM_TRY(present[CAM_TOKENIZER_CONFIG] ? correct_tokenizer_config(tokenizer, max_tokens, to)
                                          : write_tokenizer_config(tokenizer, max_tokens, to));
    CAM_TRY(present[CAM_TOKENIZER_SPECIAL] ? write_held(tokenizer, to, CAM_TOKENIZER_SPECIAL)
                                           : write_special_tokens_map(tokenizer, to));
out:
    return st;
}

size_t cam_tokenizer_saved_bytes(const cam_tokenizer *tokenizer) {
    enum { OWN_BYTES = 4096 }; /* more than the files that it writes where the folder has none */
    size_t bytes = OWN_BYTES;
    for (int i = 0; i < CAM_TOKENIZER_FILE_COUNT; i++)
        bytes += tokenizer->files.bytes[i].length;
    return bytes;
}
