/* vocabulary.c: see vocabulary_internal.h. */
#include "vocabulary_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    cam_text_order_release(&vocabulary->by_text);
    free(vocabulary->added);
    free(vocabulary->added_first);
    cam_name_set_release(&vocabulary->added_names);
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
    if (length > CAM_PIECE_BYTES)
        return cam_fail(CAM_E_MODEL, "piece %zu has %zu bytes, and at most %d are read", id, length, CAM_PIECE_BYTES);
    return memchr(text, '\0', length) ? cam_fail(CAM_E_MODEL, "piece %zu holds a NUL", id) : CAM_OK;
}

cam_status cam_vocabulary_check_count(const cam_vocabulary *vocabulary, size_t count) {
    int32_t rows = vocabulary->most_pieces;
    if (rows > 0 && count > (size_t)rows)
        return cam_fail(CAM_E_MODEL,
                        "it has %zu pieces, the model only %d rows of embeddings: is it this model's own tokenizer?",
                        count, rows);
    return count > CAM_PIECES_MAX ? cam_fail(CAM_E_MODEL, "the vocabulary has more than %d pieces", CAM_PIECES_MAX)
                                  : CAM_OK;
}

cam_status cam_vocabulary_add(cam_vocabulary *vocabulary, const char *text, size_t length, double score) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_vocabulary_check_count(vocabulary, vocabulary->count + 1));
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
    if (id < 0 || id >= CAM_PIECES_MAX)
        CAM_FAIL(CAM_E_MODEL, "the id of a piece, %lld, is not in 0 .. %d", (long long)id, CAM_PIECES_MAX - 1);
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

static cam_status reserve_token(cam_vocabulary *vocabulary) {
    if (vocabulary->added_count < vocabulary->added_capacity)
        return CAM_OK;
    size_t capacity = vocabulary->added_capacity ? 2 * vocabulary->added_capacity : 16;
    cam_added_token *added = realloc(vocabulary->added, capacity * sizeof *added);
    if (added)
        vocabulary->added = added;
    int32_t *first = realloc(vocabulary->added_first, capacity * sizeof *first);
    if (first)
        vocabulary->added_first = first;
    if (!added || !first)
        return cam_fail(CAM_E_MEMORY, "no memory for the added tokens");
    vocabulary->added_capacity = capacity;
    return CAM_OK;
}

cam_status cam_vocabulary_add_token(cam_vocabulary *vocabulary, const char *text, cam_added_token **token) {
    cam_status st = CAM_OK;
    size_t length = strlen(text);
    int32_t number;
    int is_new;
    char *copy = NULL;
    if (length > CAM_PIECE_BYTES)
        CAM_FAIL(CAM_E_MODEL, "an added token has %zu bytes, and at most %d are read", length, CAM_PIECE_BYTES);
    CAM_TRY(reserve_token(vocabulary));
    copy = strdup(text);
    if (!copy)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the added tokens");
    CAM_TRY(cam_name_set_add(&vocabulary->added_names, text, length, &number, &is_new));
    if (is_new)
        vocabulary->added_first[number] = (int32_t)vocabulary->added_count;
    *token = &vocabulary->added[vocabulary->added_count++];
    **token = (cam_added_token){.text = copy, .length = length};
    copy = NULL;
out:
    free(copy);
    return st;
}

cam_added_token *cam_vocabulary_added(const cam_vocabulary *vocabulary, const char *text) {
    int32_t name = cam_name_set_find(&vocabulary->added_names, text, strlen(text));
    return name < 0 ? NULL : &vocabulary->added[vocabulary->added_first[name]];
}

/* Adds a zeroed entry to an array of steps; NULL without memory. */
static void *grow(void *array, size_t *count, size_t size, void **entry) {
    char *grown = realloc(array, (*count + 1) * size);
    if (grown) {
        *entry = memset(grown + *count * size, 0, size);
        ++*count;
    }
    return grown;
}

cam_status cam_vocabulary_add_step(cam_vocabulary *vocabulary, cam_normal_kind kind, cam_normal_step **step) {
    void *entry = NULL;
    if (vocabulary->step_count == CAM_VOCABULARY_STEPS)
        return cam_fail(CAM_E_MODEL, "its normalizer has more than %d steps", CAM_VOCABULARY_STEPS);
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
    if (vocabulary->split_count == CAM_VOCABULARY_STEPS)
        return cam_fail(CAM_E_MODEL, "its pre-tokenizer has more than %d steps", CAM_VOCABULARY_STEPS);
    void *grown = grow(vocabulary->splits, &vocabulary->split_count, sizeof **step, &entry);
    if (!grown)
        return cam_fail(CAM_E_MEMORY, "no memory for the pre-tokenizer");
    vocabulary->splits = grown;
    *step = entry;
    (*step)->kind = kind;
    (*step)->behavior = behavior;
    return CAM_OK;
}

int32_t cam_vocabulary_find(const cam_vocabulary *vocabulary, const char *text) {
    cam_text_range found = cam_text_order_find(&vocabulary->by_text, text);
    return found.low == found.high ? -1 : vocabulary->by_text.items[found.high - 1].number;
}

int32_t cam_vocabulary_whole(const cam_vocabulary *vocabulary, cam_text_range in, size_t depth) {
    cam_text_range found = cam_text_order_whole(&vocabulary->by_text, in, depth);
    return found.low == found.high ? -1 : vocabulary->by_text.items[found.high - 1].number;
}

int cam_vocabulary_is_hidden(const cam_vocabulary *vocabulary, size_t i) {
    return cam_vocabulary_find(vocabulary, vocabulary->pieces[i].text) != (int32_t)i;
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

static void find_continuing(cam_vocabulary *vocabulary) {
    vocabulary->continuing = cam_text_order_all(&vocabulary->by_text);
    for (size_t i = 0; i < vocabulary->continuation_bytes; i++)
        vocabulary->continuing = cam_text_order_narrow(&vocabulary->by_text, vocabulary->continuing, i,
                                                       (unsigned char)vocabulary->continuation[i]);
}

cam_status cam_vocabulary_finish(cam_vocabulary *vocabulary) {
    cam_status st = CAM_OK;
    if (vocabulary->count == 0)
        CAM_FAIL(CAM_E_MODEL, "the vocabulary is empty");
    CAM_TRY(cam_text_order_allocate(&vocabulary->by_text, vocabulary->count));
    vocabulary->lowest_score = vocabulary->pieces[0].score;
    for (size_t i = 0; i < vocabulary->count; i++) {
        vocabulary->by_text.items[i] = (cam_ordered_text){vocabulary->pieces[i].text, (int32_t)i};
        if (vocabulary->pieces[i].score < vocabulary->lowest_score)
            vocabulary->lowest_score = vocabulary->pieces[i].score;
    }
    cam_text_order_sort(&vocabulary->by_text);
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
