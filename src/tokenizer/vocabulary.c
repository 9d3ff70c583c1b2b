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
    free(vocabulary->pieces);
    free(vocabulary->by_text);
    free(vocabulary->added);
    free(vocabulary->steps);
    memset(vocabulary, 0, sizeof *vocabulary);
}

cam_status cam_vocabulary_add(cam_vocabulary *vocabulary, const char *text, size_t length, double score) {
    if (vocabulary->count == PIECES_MAX)
        return cam_fail(CAM_E_MODEL, "the vocabulary has more than %d pieces", PIECES_MAX);
    if (!isfinite(score) || fabs(score) > 1e6)
        return cam_fail(CAM_E_MODEL, "the score of piece %zu is out of range", vocabulary->count);
    if (memchr(text, '\0', length))
        return cam_fail(CAM_E_MODEL, "piece %zu holds a NUL", vocabulary->count);
    if (vocabulary->count == vocabulary->capacity) {
        size_t capacity = vocabulary->capacity ? 2 * vocabulary->capacity : 1024;
        cam_piece *pieces = realloc(vocabulary->pieces, capacity * sizeof *pieces);
        if (!pieces)
            return cam_fail(CAM_E_MEMORY, "no memory for the vocabulary");
        vocabulary->pieces = pieces;
        vocabulary->capacity = capacity;
    }
    char *copy = strndup(text, length);
    if (!copy)
        return cam_fail(CAM_E_MEMORY, "no memory for the vocabulary");
    vocabulary->pieces[vocabulary->count++] = (cam_piece){copy, score};
    return CAM_OK;
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

/* The id of a token that must be there. */
static cam_status find_special(const cam_vocabulary *vocabulary, const char *text, int32_t *id) {
    *id = cam_vocabulary_find(vocabulary, text);
    if (*id < 0)
        return cam_fail(CAM_E_MODEL, "the vocabulary has no \"%s\"; it is not one of %s", text,
                        vocabulary->tokenizer_class->name);
    return CAM_OK;
}

cam_status cam_vocabulary_finish(cam_vocabulary *vocabulary) {
    cam_status st = CAM_OK;
    if (vocabulary->count == 0)
        CAM_FAIL(CAM_E_MODEL, "the vocabulary is empty");
    vocabulary->by_text = malloc(vocabulary->count * sizeof *vocabulary->by_text);
    if (!vocabulary->by_text)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the vocabulary");
    vocabulary->lowest_score = vocabulary->pieces[0].score;
    for (size_t i = 0; i < vocabulary->count; i++) {
        vocabulary->by_text[i] = (uint32_t)i;
        if (vocabulary->pieces[i].score < vocabulary->lowest_score)
            vocabulary->lowest_score = vocabulary->pieces[i].score;
    }
    qsort_r(vocabulary->by_text, vocabulary->count, sizeof *vocabulary->by_text, compare_pieces, vocabulary->pieces);
    vocabulary->vocab_size = (int32_t)vocabulary->count;
    vocabulary->special.unk = vocabulary->unk_piece;
    CAM_TRY(find_special(vocabulary, vocabulary->tokenizer_class->bos, &vocabulary->special.bos));
    CAM_TRY(find_special(vocabulary, vocabulary->tokenizer_class->eos, &vocabulary->special.eos));
    CAM_TRY(find_special(vocabulary, vocabulary->tokenizer_class->pad, &vocabulary->special.pad));
    vocabulary->special.mask = cam_vocabulary_find(vocabulary, vocabulary->tokenizer_class->mask);
out:
    return st;
}
