/* wordpiece.c: see wordpiece_internal.h. */
#include "utf8.h"
#include "wordpiece_internal.h"
#include <string.h>

/* The longest piece that `in` (the pieces that begin with the first `depth` bytes of a prefix) has for the beginning
 * of `word`; -1 = none. A piece always ends between two characters, as both are UTF-8. */
static int32_t longest(const cam_vocabulary *vocabulary, cam_text_range in, size_t depth, const char *word,
                       size_t length, size_t *bytes) {
    int32_t found = -1;
    for (size_t i = 0; i < length && word[i] != '\0'; i++) {
        in = cam_text_order_narrow(&vocabulary->by_text, in, depth + i, (unsigned char)word[i]);
        if (in.low == in.high)
            break;
        int32_t id = cam_vocabulary_whole(vocabulary, in, depth + i + 1);
        if (id >= 0) {
            found = id;
            *bytes = i + 1;
        }
    }
    return found;
}

static int is_too_long(const cam_vocabulary *vocabulary, const char *word, size_t length) {
    size_t characters = 0;
    uint32_t rune;
    for (const char *at = word, *end = word + length; at < end; at += cam_utf8_next(at, end, &rune))
        characters++;
    return characters > (size_t)vocabulary->word_characters;
}

cam_status cam_wordpiece_word(const cam_vocabulary *vocabulary, const char *word, size_t length, cam_ids *out) {
    cam_text_range in = cam_text_order_all(&vocabulary->by_text);
    size_t begin = out->count, depth = 0, bytes = 0;
    cam_status st = cam_ids_reserve(out, length + 1);
    if (st != CAM_OK)
        return st;
    int is_known = !is_too_long(vocabulary, word, length);
    for (size_t at = 0; is_known && at < length; at += bytes) {
        int32_t id = longest(vocabulary, in, depth, word + at, length - at, &bytes);
        is_known = id >= 0;
        if (is_known)
            out->ids[out->count++] = id;
        in = vocabulary->continuing;
        depth = vocabulary->continuation_bytes;
    }
    if (!is_known) {
        out->count = begin;
        out->ids[out->count++] = vocabulary->unk_piece;
    }
    return CAM_OK;
}
