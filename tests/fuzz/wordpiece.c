/* The lines of a WordPiece vocabulary, as vocab.txt has them, and behind a 0xFF a word. The pieces of the word make it
 * up again, or it is unknown because no longest match leads to its end. */
#include "fuzz.h"
#include "wordpiece_internal.h"

static void add_lines(cam_vocabulary *v, char *text) {
    char *line, *rest = text;
    FUZZ_CHECK(cam_vocabulary_set(v, 0, "[UNK]", 5) == CAM_OK);
    while ((line = strsep(&rest, "\n")) != NULL && v->count < 200)
        if (line[0] != '\0') {
            cam_status st = cam_vocabulary_set(v, (int64_t)v->count, line, strlen(line));
            FUZZ_CHECK(st == CAM_OK || (st == CAM_E_MODEL && strlen(line) > CAM_PIECE_BYTES));
        }
}

/* The longest line that the rest of the word begins with, behind "##" unless it is the first; the last of equal ones.
 * */
static int32_t longest(const cam_vocabulary *v, const char *word, size_t length, int is_first, size_t *bytes) {
    int32_t found = -1;
    *bytes = 0;
    for (size_t i = 0; i < v->count; i++) {
        const char *piece = v->pieces[i].text;
        if (!is_first && strncmp(piece, "##", 2) != 0)
            continue;
        piece += is_first ? 0 : 2;
        size_t piece_bytes = strlen(piece);
        if (piece_bytes >= *bytes && piece_bytes > 0 && piece_bytes <= length &&
            memcmp(piece, word, piece_bytes) == 0) {
            found = (int32_t)i;
            *bytes = piece_bytes;
        }
    }
    return found;
}

static void check(const cam_vocabulary *v, const char *word, size_t length, const cam_ids *ids) {
    size_t count = 0, at = 0, bytes;
    for (; at < length; at += bytes, count++) {
        int32_t id = longest(v, word + at, length - at, at == 0, &bytes);
        if (id < 0)
            break;
        FUZZ_CHECK(ids->count == 1 || (count < ids->count && ids->ids[count] == id));
    }
    if (at < length)
        FUZZ_CHECK(ids->count == 1 && ids->ids[0] == v->unk_piece);
    else
        FUZZ_CHECK(ids->count == count);
}

void fuzz_one(const uint8_t *data, size_t size) {
    cam_vocabulary v = {.kind = CAM_VOCABULARY_WORDPIECE, .continuation_bytes = 2, .word_characters = 1 << 20};
    cam_ids ids = {0};
    size_t length;
    char *lines = fuzz_take(&data, &size, &length), *word = fuzz_take(&data, &size, &length);
    v.continuation = strdup("##");
    add_lines(&v, lines);
    FUZZ_CHECK(v.continuation && cam_vocabulary_finish(&v) == CAM_OK);
    length = strlen(word);
    if (length > 0) {
        FUZZ_CHECK(cam_wordpiece_word(&v, word, length, &ids) == CAM_OK);
        check(&v, word, length, &ids);
    }
    cam_ids_release(&ids);
    cam_vocabulary_release(&v);
    free(lines);
    free(word);
}
