/* survey_combined.c: cam_survey_mark_combined of survey_internal.h. */
#include "survey_internal.h"
#include <stdlib.h>
#include <string.h>

/* The words of the cells, each with the number of cells that have it. */
typedef struct word_cells {
    cam_name_set words;
    int32_t *cells;
    size_t capacity;
} word_cells;

static const char *next_word(const char *at, size_t *length) {
    static const char between[] = " ,;|";
    at += *length;
    at += strspn(at, between);
    *length = strcspn(at, between);
    return at;
}

static cam_status count_words(word_cells *w, const char *cell) {
    cam_status st = CAM_OK;
    size_t length = 0;
    for (const char *word = next_word(cell, &length); length > 0; word = next_word(word, &length)) {
        int32_t number;
        int added;
        CAM_TRY(cam_name_set_add(&w->words, word, length, &number, &added));
        if (w->words.count > w->capacity) {
            int32_t *cells = realloc(w->cells, w->words.capacity * sizeof *cells);
            if (!cells)
                CAM_FAIL(CAM_E_MEMORY, "no memory for %zu words", w->words.count);
            w->cells = cells;
            w->capacity = w->words.capacity;
        }
        CAM_ASSERT(w->cells); /* the first word makes room */
        w->cells[number] = added ? 1 : w->cells[number] + 1;
    }
out:
    return st;
}

/* The words of a cell; *shared is set where other cells have each of them. */
static size_t look_up(const word_cells *w, const char *cell, int *shared) {
    size_t words = 0, length = 0;
    *shared = 1;
    for (const char *word = next_word(cell, &length); length > 0; word = next_word(word, &length)) {
        CAM_ASSERT(w->cells); /* its words have been counted */
        *shared = *shared && w->cells[cam_name_set_find(&w->words, word, length)] > 1;
        words++;
    }
    return words;
}

static cam_status mark(cam_column *column) {
    enum { LOOKED_AT = 200, FEWEST = 3 };
    cam_status st = CAM_OK;
    word_cells w = {0};
    size_t cells = column->cells.count < LOOKED_AT ? column->cells.count : LOOKED_AT, several = 0, combined = 0;
    for (size_t i = 0; i < cells; i++)
        CAM_TRY(count_words(&w, column->cells.names[i]));
    for (size_t i = 0; i < cells; i++) {
        int shared;
        if (look_up(&w, column->cells.names[i], &shared) < 2)
            continue;
        several++;
        combined += (size_t)shared;
    }
    column->combined = several >= FEWEST && 3 * combined >= 2 * several;
out:
    free(w.cells);
    cam_name_set_release(&w.words);
    return st;
}

cam_status cam_survey_mark_combined(cam_survey *survey) {
    cam_status st = CAM_OK;
    for (size_t i = 0; i < survey->count; i++)
        CAM_TRY(mark(&survey->list[i]));
out:
    return st;
}
