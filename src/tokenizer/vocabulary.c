/* vocabulary.c: see vocabulary_internal.h. */
#include "vocabulary_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES_MAX = 1 << 22 };

void cam_vocabulary_release(cam_vocabulary *model) {
    for (size_t i = 0; i < model->count; i++)
        free(model->pieces[i].text);
    for (size_t i = 0; i < model->added_count; i++)
        free(model->added[i].text);
    for (size_t i = 0; i < model->step_count; i++)
        cam_normal_step_release(&model->steps[i]);
    free(model->pieces);
    free(model->by_text);
    free(model->added);
    free(model->steps);
    memset(model, 0, sizeof *model);
}

cam_status cam_vocabulary_add(cam_vocabulary *model, const char *text, size_t length, double score) {
    if (model->count == PIECES_MAX)
        return cam_fail(CAM_E_MODEL, "the vocabulary has more than %d pieces", PIECES_MAX);
    if (!isfinite(score) || fabs(score) > 1e6)
        return cam_fail(CAM_E_MODEL, "the score of piece %zu is out of range", model->count);
    if (memchr(text, '\0', length))
        return cam_fail(CAM_E_MODEL, "piece %zu holds a NUL", model->count);
    if (model->count == model->capacity) {
        size_t capacity = model->capacity ? 2 * model->capacity : 1024;
        cam_piece *pieces = realloc(model->pieces, capacity * sizeof *pieces);
        if (!pieces)
            return cam_fail(CAM_E_MEMORY, "no memory for the vocabulary");
        model->pieces = pieces;
        model->capacity = capacity;
    }
    char *copy = strndup(text, length);
    if (!copy)
        return cam_fail(CAM_E_MEMORY, "no memory for the vocabulary");
    model->pieces[model->count++] = (cam_piece){copy, score};
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

cam_status cam_vocabulary_add_token(cam_vocabulary *model, const char *text, cam_added_token **token) {
    void *entry = NULL;
    char *copy = strdup(text);
    void *grown = copy ? grow(model->added, &model->added_count, sizeof **token, &entry) : NULL;
    if (!grown) {
        free(copy);
        return cam_fail(CAM_E_MEMORY, "no memory for the added tokens");
    }
    model->added = grown;
    *token = entry;
    (*token)->text = copy;
    (*token)->length = strlen(copy);
    return CAM_OK;
}

cam_status cam_vocabulary_add_step(cam_vocabulary *model, cam_normal_kind kind, cam_normal_step **step) {
    void *entry = NULL;
    void *grown = grow(model->steps, &model->step_count, sizeof **step, &entry);
    if (!grown)
        return cam_fail(CAM_E_MEMORY, "no memory for the normalizer");
    model->steps = grown;
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
static size_t upper_bound(const cam_vocabulary *model, const char *text) {
    size_t low = 0, high = model->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(model->pieces[model->by_text[middle]].text, text) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t cam_vocabulary_find(const cam_vocabulary *model, const char *text) {
    size_t behind = upper_bound(model, text);
    if (behind == 0 || strcmp(model->pieces[model->by_text[behind - 1]].text, text) != 0)
        return -1;
    return (int32_t)model->by_text[behind - 1];
}

int cam_vocabulary_is_hidden(const cam_vocabulary *model, size_t i) {
    return cam_vocabulary_find(model, model->pieces[i].text) != (int32_t)i;
}

/* The id of a token that must be there. */
static cam_status find_special(const cam_vocabulary *model, const char *text, int32_t *id) {
    *id = cam_vocabulary_find(model, text);
    if (*id < 0)
        return cam_fail(CAM_E_MODEL, "the vocabulary has no \"%s\"; it is not one of %s", text,
                        model->tokenizer_class->name);
    return CAM_OK;
}

cam_status cam_vocabulary_finish(cam_vocabulary *model) {
    cam_status st = CAM_OK;
    if (model->count == 0)
        CAM_FAIL(CAM_E_MODEL, "the vocabulary is empty");
    model->by_text = malloc(model->count * sizeof *model->by_text);
    if (!model->by_text)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the vocabulary");
    model->lowest_score = model->pieces[0].score;
    for (size_t i = 0; i < model->count; i++) {
        model->by_text[i] = (uint32_t)i;
        if (model->pieces[i].score < model->lowest_score)
            model->lowest_score = model->pieces[i].score;
    }
    qsort_r(model->by_text, model->count, sizeof *model->by_text, compare_pieces, model->pieces);
    model->vocab_size = (int32_t)model->count;
    model->special.unk = model->unk_piece;
    CAM_TRY(find_special(model, model->tokenizer_class->bos, &model->special.bos));
    CAM_TRY(find_special(model, model->tokenizer_class->eos, &model->special.eos));
    CAM_TRY(find_special(model, model->tokenizer_class->pad, &model->special.pad));
    model->special.mask = cam_vocabulary_find(model, model->tokenizer_class->mask);
out:
    return st;
}
