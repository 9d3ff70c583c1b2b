/* vocabulary.c: see vocabulary_internal.h. */
#include "vocabulary_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES_MAX = 1 << 22 };

void cam_vocabulary_release(cam_vocabulary *vocabulary) {
    for (size_t i = 0; i < vocabulary->count; i++)
        free(vocabulary->pieces[i].text);
    for (size_t i = 0; i < vocabulary->added_count; i++)
        free(vocabulary->added[i].text);
    for (size_t i = 0; i < vocabulary->step_count; i++)
        cam_normal_step_release(&vocabulary->steps[i]);
    for (size_t i = 0; i < vocabulary->split_count; i++)
        cam_split_step_release(&vocabulary->splits[i]);
    free(vocabulary->pieces);
    free(vocabulary->by_text);
    free(vocabulary->added);
    free(vocabulary->steps);
    free(vocabulary->splits);
    free(vocabulary->continuation);
    memset(vocabulary, 0, sizeof *vocabulary);
}

static cam_status no_memory(void) {
    return cam_fail(CAM_E_MEMORY, "no memory for the vocabulary");
}

static cam_status reserve(cam_vocabulary *vocabulary, size_t count) {
    size_t capacity = vocabulary->capacity ? vocabulary->capacity : 1024;
    if (count <= vocabulary->capacity)
        return CAM_OK;
    while (capacity < count)
        capacity *= 2;
    cam_piece *pieces = realloc(vocabulary->pieces, capacity * sizeof *pieces);
    if (!pieces)
        return no_memory();
    vocabulary->pieces = pieces;
    vocabulary->capacity = capacity;
    return CAM_OK;
}

static cam_status check_text(const char *text, size_t length, size_t id) {
    return memchr(text, '\0', length) ? cam_fail(CAM_E_MODEL, "piece %zu holds a NUL", id) : CAM_OK;
}

cam_status cam_vocabulary_add(cam_vocabulary *vocabulary, const char *text, size_t length, double score) {
    cam_status st = CAM_OK;
    if (vocabulary->count == PIECES_MAX)
        CAM_FAIL(CAM_E_MODEL, "the vocabulary has more than %d pieces", PIECES_MAX);
    if (!isfinite(score) || fabs(score) > 1e6)
        CAM_FAIL(CAM_E_MODEL, "the score of piece %zu is out of range", vocabulary->count);
    CAM_TRY(check_text(text, length, vocabulary->count));
    CAM_TRY(reserve(vocabulary, vocabulary->count + 1));
    char *copy = strndup(text, length);
    if (!copy)
        CAM_TRY(no_memory());
    vocabulary->pieces[vocabulary->count++] = (cam_piece){copy, score};
out:
    return st;
}

cam_status cam_vocabulary_set(cam_vocabulary *vocabulary, int64_t id, const char *text, size_t length) {
    cam_status st = CAM_OK;
    char *copy = NULL;
    if (id < 0 || id >= PIECES_MAX)
        CAM_FAIL(CAM_E_MODEL, "the id of a piece, %lld, is not in 0 .. %d", (long long)id, PIECES_MAX - 1);
    CAM_TRY(check_text(text, length, (size_t)id));
    while (vocabulary->count <= (size_t)id)
        CAM_TRY(cam_vocabulary_add(vocabulary, "", 0, 0));
    cam_piece *piece = &vocabulary->pieces[id];
    if (piece->text[0] != '\0')
        CAM_FAIL(CAM_E_MODEL, "two pieces have the id %lld", (long long)id);
    copy = strndup(text, length);
    if (!copy)
        CAM_TRY(no_memory());
    free(piece->text);
    piece->text = copy;
out:
    return st;
}

/* Adds a zeroed entry to an array that grows slowly; NULL without memory. */
static void *grow(void *array, size_t *count, size_t size, void **entry) {
    char *grown = realloc(array, (*count + 1) * size);
    if (grown) {
        *entry = memset(grown + *count * size, 0, size);
        ++*count;
    }
    return grown;
}

cam_status cam_vocabulary_add_token(cam_vocabulary *vocabulary, const char *text, cam_added_token **token) {
    void *entry = NULL;
    char *copy = strdup(text);
    void *grown = copy ? grow(vocabulary->added, &vocabulary->added_count, sizeof **token, &entry) : NULL;
    if (!grown) {
        free(copy);
        return cam_fail(CAM_E_MEMORY, "no memory for the added tokens");
    }
    vocabulary->added = grown;
    *token = entry;
    (*token)->text = copy;
    (*token)->length = strlen(copy);
    return CAM_OK;
}

cam_added_token *cam_vocabulary_added(const cam_vocabulary *vocabulary, const char *text) {
    for (size_t i = 0; i < vocabulary->added_count; i++)
        if (strcmp(vocabulary->added[i].text, text) == 0)
            return &vocabulary->added[i];
    return NULL;
}

cam_status cam_vocabulary_add_step(cam_vocabulary *vocabulary, cam_normal_kind kind, cam_normal_step **step) {
    void *entry = NULL;
    void *grown = grow(vocabulary->steps, &vocabulary->step_count, sizeof **step, &entry);
    if (!grown)
        return cam_fail(CAM_E_MEMORY, "no memory for the normalizer");
    vocabulary->steps = grown;
    *step = entry;
    (*step)->kind = kind;
    return CAM_OK;
}

cam_status cam_vocabulary_add_split(cam_vocabulary *vocabulary, cam_split_kind kind, cam_split_behavior behavior,
                                    cam_split_step **step) {
    void *entry = NULL;
    void *grown = grow(vocabulary->splits, &vocabulary->split_count, sizeof **step, &entry);
    if (!grown)
        return cam_fail(CAM_E_MEMORY, "no memory for the pre-tokenizer");
    vocabulary->splits = grown;
    *step = entry;
    (*step)->kind = kind;
    (*step)->behavior = behavior;
    return CAM_OK;
}

static int compare_pieces(const void *a, const void *b, void *context) {
    const cam_piece *pieces = context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    int order = strcmp(pieces[i].text, pieces[j].text);
    return order != 0 ? order : i < j ? -1 : i > j;
}

/* The first position in by_text whose piece is greater than `text`. */
static size_t upper_bound(const cam_vocabulary *vocabulary, const char *text) {
    size_t low = 0, high = vocabulary->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(vocabulary->pieces[vocabulary->by_text[middle]].text, text) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t cam_vocabulary_find(const cam_vocabulary *vocabulary, const char *text) {
    size_t behind = upper_bound(vocabulary, text);
    if (behind == 0 || strcmp(vocabulary->pieces[vocabulary->by_text[behind - 1]].text, text) != 0)
        return -1;
    return (int32_t)vocabulary->by_text[behind - 1];
}

int cam_vocabulary_is_hidden(const cam_vocabulary *vocabulary, size_t i) {
    return cam_vocabulary_find(vocabulary, vocabulary->pieces[i].text) != (int32_t)i;
}

/* --- ranges of pieces -------------------------------------------------------------------------------------------- */

static unsigned byte_at(const cam_vocabulary *vocabulary, size_t place, size_t depth) {
    return (unsigned char)vocabulary->pieces[vocabulary->by_text[place]].text[depth];
}

/* The first place in `in` whose byte at `depth` is at least `byte`. */
static size_t first_place(const cam_vocabulary *vocabulary, cam_piece_range in, size_t depth, unsigned byte) {
    while (in.low < in.high) {
        size_t middle = in.low + (in.high - in.low) / 2;
        if (byte_at(vocabulary, middle, depth) < byte)
            in.low = middle + 1;
        else
            in.high = middle;
    }
    return in.low;
}

cam_piece_range cam_vocabulary_all(const cam_vocabulary *vocabulary) {
    return (cam_piece_range){0, vocabulary->count};
}

cam_piece_range cam_vocabulary_narrow(const cam_vocabulary *vocabulary, cam_piece_range in, size_t depth,
                                      unsigned char byte) {
    size_t low = first_place(vocabulary, in, depth, byte);
    return (cam_piece_range){low, first_place(vocabulary, (cam_piece_range){low, in.high}, depth, byte + 1u)};
}

int32_t cam_vocabulary_whole(const cam_vocabulary *vocabulary, cam_piece_range in, size_t depth) {
    int32_t found = -1;
    for (size_t place = in.low; place < in.high && byte_at(vocabulary, place, depth) == '\0'; place++)
        found = (int32_t)vocabulary->by_text[place];
    return found;
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

static void find_continuing(cam_vocabulary *vocabulary) {
    vocabulary->continuing = cam_vocabulary_all(vocabulary);
    for (size_t i = 0; i < vocabulary->continuation_bytes; i++)
        vocabulary->continuing =
            cam_vocabulary_narrow(vocabulary, vocabulary->continuing, i, (unsigned char)vocabulary->continuation[i]);
}

cam_status cam_vocabulary_finish(cam_vocabulary *vocabulary) {
    cam_status st = CAM_OK;
    if (vocabulary->count == 0)
        CAM_FAIL(CAM_E_MODEL, "the vocabulary is empty");
    vocabulary->by_text = malloc(vocabulary->count * sizeof *vocabulary->by_text);
    if (!vocabulary->by_text)
        CAM_TRY(no_memory());
    vocabulary->lowest_score = vocabulary->pieces[0].score;
    for (size_t i = 0; i < vocabulary->count; i++) {
        vocabulary->by_text[i] = (uint32_t)i;
        if (vocabulary->pieces[i].score < vocabulary->lowest_score)
            vocabulary->lowest_score = vocabulary->pieces[i].score;
    }
    qsort_r(vocabulary->by_text, vocabulary->count, sizeof *vocabulary->by_text, compare_pieces, vocabulary->pieces);
    find_continuing(vocabulary);
    vocabulary->vocab_size = (int32_t)vocabulary->count;
out:
    return st;
}

/* The id of a token that must be there. */
static cam_status find_special(const cam_vocabulary *vocabulary, const char *text, cam_around *around) {
    int32_t id = cam_vocabulary_find(vocabulary, text);
    if (id < 0)
        return cam_fail(CAM_E_MODEL, "the vocabulary has no \"%s\"; it is not one of %s", text,
                        vocabulary->tokenizer_class->name);
    *around = (cam_around){{id}, 1};
    return CAM_OK;
}

cam_status cam_vocabulary_surround(cam_vocabulary *vocabulary) {
    cam_status st = CAM_OK;
    CAM_TRY(find_special(vocabulary, vocabulary->tokenizer_class->bos, &vocabulary->before));
    CAM_TRY(find_special(vocabulary, vocabulary->tokenizer_class->eos, &vocabulary->behind));
out:
    return st;
}
