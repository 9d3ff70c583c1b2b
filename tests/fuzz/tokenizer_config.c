/* tokenizer_config.json, and behind a 0xFF added_tokens.json, beside a small tokenizer.json. What is accepted is saved,
 * and the copy gives the same ids. */
#include "fuzz_tokenizer.h"

static const char tokenizer_json[] =
    "{\"model\":{\"type\":\"Unigram\",\"unk_id\":3,\"vocab\":[[\"<s>NOTUSED\",0],[\"<pad>\",0],[\"</s>NOTUSED\",0],"
    "[\"<unk>\",0],[\"<unk>NOTUSED\",-100],[\"<s>\",0],[\"</s>\",0],[\"\u2581a\",-1],[\"\u2581\",-2.5],[\"a\",-2],"
    "[\"<mask>\",0]]},\"added_tokens\":[{\"id\":11,\"content\":\"[TEL]\"}],"
    "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\u2581\"}}";

static void check_copy(const cam_tokenizer *tokenizer, const cam_tokenizer_class *tokenizer_class) {
    cam_tokenizer *copy;
    cam_ids a = {0}, b = {0};
    char *folder = fuzz_path("copy");
    FUZZ_CHECK(cam_tokenizer_save(tokenizer, 64, folder) == CAM_OK);
    FUZZ_CHECK(cam_tokenizer_open(folder, tokenizer_class, &copy) == CAM_OK);
    for (int i = 0; i < FUZZ_TEXTS; i++) {
        cam_text text = {fuzz_texts[i], strlen(fuzz_texts[i])};
        FUZZ_CHECK(cam_tokenizer_encode(tokenizer, text, 8, &a, NULL) == CAM_OK);
        FUZZ_CHECK(cam_tokenizer_encode(copy, text, 8, &b, NULL) == CAM_OK);
        FUZZ_CHECK(a.count == b.count && memcmp(a.ids, b.ids, a.count * sizeof *a.ids) == 0);
    }
    cam_ids_release(&a);
    cam_ids_release(&b);
    cam_tokenizer_close(copy);
    free(folder);
}

void fuzz_one(const uint8_t *data, size_t size) {
    const cam_tokenizer_class *tokenizer_class = cam_families[0].tokenizer_class;
    size_t length;
    char *config = fuzz_take(&data, &size, &length);
    fuzz_write("tokenizer.json", tokenizer_json, sizeof tokenizer_json - 1);
    fuzz_write("tokenizer_config.json", config, length);
    fuzz_remove("copy/added_tokens.json");
    fuzz_remove("added_tokens.json");
    if (size > 0)
        fuzz_write("added_tokens.json", data, size);
    cam_tokenizer *tokenizer = fuzz_open(tokenizer_class);
    if (tokenizer) {
        fuzz_encode(tokenizer);
        check_copy(tokenizer, tokenizer_class);
    }
    cam_tokenizer_close(tokenizer);
    free(config);
}
