/* tokenizer_save.c: writes the tokenizer's files into a folder. */
#include "files.h"
#include "tokenizer_internal.h"
#include <stdlib.h>
#include <string.h>

/* Copies one file of the opened folder; *copied is 0 where it has none. */
static cam_status copy_file(const cam_tokenizer *tokenizer, const char *to, const char *name, int *copied) {
    cam_status st = CAM_OK;
    char *source = cam_path_join(tokenizer->folder, name), *target = cam_path_join(to, name);
    *copied = cam_file_exists(source);
    if (*copied)
        st = cam_file_copy(source, target);
    free(source);
    free(target);
    return st;
}

static cam_status write_text(const char *to, const char *name, const cam_strbuf *text) {
    char *target = cam_path_join(to, name);
    cam_status st = cam_file_write(target, cam_strbuf_text(text), text->length);
    free(target);
    return st;
}

/* lstrip of the mask token (it removes the space before it), as in the opened tokenizer. */
static int mask_lstrip(const cam_vocabulary *vocabulary) {
    for (size_t i = 0; i < vocabulary->added_count; i++) {
        if (vocabulary->added[i].id == vocabulary->special.mask)
            return vocabulary->added[i].lstrip;
    }
    return 1;
}

static void put_mask(cam_strbuf *out, const cam_tokenizer *tokenizer, const char *type) {
    if (tokenizer->pipeline.vocabulary.special.mask < 0)
        return;
    cam_strbuf_printf(out,
                      "  \"mask_token\": {\n%s    \"content\": \"%s\",\n    \"lstrip\": %s,\n"
                      "    \"normalized\": false,\n    \"rstrip\": false,\n    \"single_word\": false\n  },\n",
                      type, tokenizer->pipeline.vocabulary.tokenizer_class->mask,
                      mask_lstrip(&tokenizer->pipeline.vocabulary) ? "true" : "false");
}

static void put_begin_and_end(cam_strbuf *out, const cam_tokenizer_class *class) {
    cam_strbuf_printf(out, "  \"bos_token\": \"%s\",\n  \"cls_token\": \"%s\",\n  \"eos_token\": \"%s\",\n", class->bos,
                      class->bos, class->eos);
}

static cam_status write_tokenizer_config(const cam_tokenizer *tokenizer, const char *to) {
    const cam_tokenizer_class *class = tokenizer->pipeline.vocabulary.tokenizer_class;
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, "{\n  \"add_prefix_space\": true,\n");
    put_begin_and_end(&text, class);
    put_mask(&text, tokenizer, "    \"__type\": \"AddedToken\",\n");
    cam_strbuf_printf(&text,
                      "  \"model_max_length\": 512,\n  \"pad_token\": \"%s\",\n  \"sep_token\": \"%s\",\n"
                      "  \"tokenizer_class\": \"%s\",\n  \"unk_token\": \"%s\"\n}\n",
                      class->pad, class->eos, class->name, class->unk);
    cam_status st = write_text(to, "tokenizer_config.json", &text);
    cam_strbuf_release(&text);
    return st;
}

static cam_status write_special_tokens_map(const cam_tokenizer *tokenizer, const char *to) {
    const cam_tokenizer_class *class = tokenizer->pipeline.vocabulary.tokenizer_class;
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, "{\n");
    put_begin_and_end(&text, class);
    put_mask(&text, tokenizer, "");
    cam_strbuf_printf(&text, "  \"pad_token\": \"%s\",\n  \"sep_token\": \"%s\",\n  \"unk_token\": \"%s\"\n}\n",
                      class->pad, class->eos, class->unk);
    cam_status st = write_text(to, "special_tokens_map.json", &text);
    cam_strbuf_release(&text);
    return st;
}

cam_status cam_tokenizer_save(const cam_tokenizer *tokenizer, const char *to) {
    cam_status st = CAM_OK;
    int proto, json, other;
    CAM_TRY(cam_directory_make(to));
    CAM_TRY(copy_file(tokenizer, to, "sentencepiece.bpe.model", &proto));
    CAM_TRY(copy_file(tokenizer, to, "tokenizer.json", &json));
    if (!proto && !json)
        CAM_FAIL(CAM_E_MODEL, "the tokenizer files of \"%s\" are gone; they cannot be copied", tokenizer->folder);
    CAM_TRY(copy_file(tokenizer, to, "added_tokens.json", &other));
    CAM_TRY(copy_file(tokenizer, to, "tokenizer_config.json", &other));
    if (!other)
        CAM_TRY(write_tokenizer_config(tokenizer, to));
    CAM_TRY(copy_file(tokenizer, to, "special_tokens_map.json", &other));
    if (!other)
        CAM_TRY(write_special_tokens_map(tokenizer, to));
out:
    return st;
}
