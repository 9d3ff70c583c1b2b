/* pieces.c: what masked language models ask of the pieces of a tokenizer; see tokenizer.h. */
#include "hash.h"
#include "tokenizer_internal.h"
#include <string.h>

static int is_around(const cam_around *around, int32_t id) {
    for (size_t i = 0; i < around->count; i++)
        if (around->ids[i] == id)
            return 1;
    return 0;
}

int cam_tokenizer_is_special(const cam_tokenizer *tokenizer, int32_t id) {
    const cam_vocabulary *vocabulary = &tokenizer->pipeline.vocabulary;
    const cam_special_ids *special = &vocabulary->special;
    if (id == special->bos || id == special->unk || id == special->eos || id == special->pad || id == special->mask)
        return 1;
    for (size_t i = 0; i < vocabulary->added_count; i++)
        if (vocabulary->added[i].id == id && vocabulary->added[i].special)
            return 1;
    return is_around(&vocabulary->before, id) || is_around(&vocabulary->behind, id);
}

int cam_tokenizer_continues_word(const cam_tokenizer *tokenizer, int32_t id) {
    static const char start[] = "\u2581";
    const cam_vocabulary *vocabulary = &tokenizer->pipeline.vocabulary;
    const char *piece = cam_tokenizer_piece(tokenizer, id);
    if (!piece || cam_tokenizer_is_special(tokenizer, id))
        return 0;
    if (vocabulary->kind == CAM_VOCABULARY_WORDPIECE)
        return vocabulary->continuation && vocabulary->continuation_bytes > 0 &&
               strncmp(piece, vocabulary->continuation, vocabulary->continuation_bytes) == 0;
    return strncmp(piece, start, sizeof start - 1) != 0;
}

void cam_tokenizer_around(const cam_tokenizer *tokenizer, int32_t *before, int32_t *behind) {
    *before = (int32_t)tokenizer->pipeline.vocabulary.before.count;
    *behind = (int32_t)tokenizer->pipeline.vocabulary.behind.count;
}

uint64_t cam_tokenizer_identity(const cam_tokenizer *tokenizer) {
    const cam_tokenizer_files *files = &tokenizer->files;
    uint64_t hash = CAM_HASH_START;
    for (int f = 0; f < CAM_TOKENIZER_FILE_COUNT; f++) {
        uint64_t length = files->present[f] ? files->bytes[f].length + 1 : 0;
        hash = cam_hash_bytes(hash, &length, sizeof length);
        if (files->present[f])
            hash = cam_hash_bytes(hash, files->bytes[f].text, files->bytes[f].length);
    }
    return cam_hash_mix(hash);
}
