/* page_confusions.c: which labels are taken for which; see page_internal.h. */
#include "page_internal.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_IN_MATRIX = 80, MOST_PAIRS = 12 };

typedef struct matrix {
    size_t labels;
    const char **names;
    int64_t *counts; /* [labels x labels] */
} matrix;

static void matrix_release(matrix *m) {
    free(m->names);
    free(m->counts);
}

/* The labels' names, from objects with a label or from texts. */
static const char *name_of(const json_t *label) {
    return json_is_string(label) ? json_string_value(label) : cam_member_text(label, "label");
}

static cam_status matrix_read(const json_t *scores, matrix *m) {
    const json_t *classes = cam_page_classes(scores), *rows = cam_member_list(scores, "confusion");
    size_t labels = json_array_size(rows);
    *m = (matrix){0};
    if (labels == 0 || labels != json_array_size(classes))
        return CAM_OK;
    m->names = malloc(labels * sizeof *m->names);
    m->counts = malloc(labels * labels * sizeof *m->counts);
    if (!m->names || !m->counts)
        return cam_fail(CAM_E_MEMORY, "no memory for the confusions of %zu labels", labels);
    m->labels = labels;
    for (size_t i = 0; i < labels; i++) {
        m->names[i] = name_of(json_array_get(classes, i));
        for (size_t j = 0; j < labels; j++) {
            json_int_t count = json_integer_value(json_array_get(json_array_get(rows, i), j));
            m->counts[i * labels + j] = count > 0 ? count : 0;
        }
    }
    return CAM_OK;
}

typedef struct ranked {
    size_t id;
    int64_t wrong;
} ranked;

static int by_wrong(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->wrong != y->wrong)
        return x->wrong < y->wrong ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

/* The labels with the most wrong rows, in their own order. */
static cam_status matrix_reduce(matrix *m, size_t most) {
    size_t labels = m->labels;
    ranked *list = malloc(labels * sizeof *list);
    char *kept = calloc(labels, 1);
    if (!list || !kept) {
        free(list);
        free(kept);
        return cam_fail(CAM_E_MEMORY, "no memory for the confusions of %zu labels", labels);
    }
    for (size_t i = 0; i < labels; i++) {
        int64_t wrong = 0;
        for (size_t j = 0; j < labels; j++)
            wrong += i == j ? 0 : m->counts[i * labels + j] + m->counts[j * labels + i];
        list[i] = (ranked){i, wrong};
    }
    qsort(list, labels, sizeof *list, by_wrong);
    for (size_t i = 0; i < most; i++)
        kept[list[i].id] = 1;
    size_t row = 0;
    for (size_t i = 0; i < labels; i++) {
        if (!kept[i])
            continue;
        size_t column = 0;
        for (size_t j = 0; j < labels; j++)
            if (kept[j])
                m->counts[row * most + column++] = m->counts[i * labels + j];
        m->names[row++] = m->names[i];
    }
    m->labels = most;
    free(list);
    free(kept);
    return CAM_OK;
}

typedef struct pair {
    size_t truth, taken;
    int64_t rows;
} pair;

/* The cells with the most wrong rows, most first; their number. */
static size_t find_pairs(const matrix *m, pair pairs[MOST_PAIRS]) {
    size_t found = 0;
    for (size_t i = 0; i < m->labels; i++)
        for (size_t j = 0; j < m->labels; j++) {
            int64_t rows = i == j ? 0 : m->counts[i * m->labels + j];
            size_t at = found;
            while (at > 0 && pairs[at - 1].rows < rows)
                at--;
            if (rows == 0 || at == MOST_PAIRS)
                continue;
            found += found < MOST_PAIRS;
            memmove(pairs + at + 1, pairs + at, (found - at - 1) * sizeof *pairs);
            pairs[at] = (pair){i, j, rows};
        }
    return found;
}

static void put_pairs(cam_page *page, const matrix *m) {
    static const cam_phrase heads[] = {CAM_WORD_LABEL, CAM_WORD_TAKEN_FOR, CAM_WORD_ROWS, CAM_WORD_OF_LABEL,
                                       CAM_WORD_COUNT};
    pair pairs[MOST_PAIRS];
    size_t found = find_pairs(m, pairs);
    if (found == 0)
        return;
    cam_page_table_open(page, CAM_WORD_PAIRS_CAPTION, heads, 2);
    for (size_t i = 0; i < found; i++) {
        cam_strbuf share = CAM_STRBUF_INIT;
        int64_t support = 0;
        for (size_t j = 0; j < m->labels; j++)
            support += m->counts[pairs[i].truth * m->labels + j];
        cam_figure_percent(&share, page->language, (double)pairs[i].rows / (double)support, 0);
        cam_page_row_open(page, 0);
        cam_page_cell_head(page, m->names[pairs[i].truth]);
        cam_page_cell(page, m->names[pairs[i].taken]);
        cam_page_cell_count(page, pairs[i].rows);
        cam_page_cell_figure(page, cam_strbuf_text(&share));
        cam_page_close(page);
        cam_strbuf_release(&share);
    }
    cam_page_table_close(page);
}

int cam_page_confusions(cam_page *page, const cam_page_files *files, cam_status *st) {
    matrix m;
    const json_t *scores = cam_page_scores(files);
    if (!cam_member_list(scores, "confusion") || !cam_page_classes(scores))
        return 0;
    if (!page)
        return 1;
    *st = matrix_read(scores, &m);
    if (*st == CAM_OK && m.labels > 0) {
        put_pairs(page, &m);
        if (m.labels > MOST_IN_MATRIX) {
            *st = matrix_reduce(&m, MOST_IN_MATRIX);
            cam_page_say(page, "note", CAM_WORD_MATRIX_REDUCED, NULL);
        }
    }
    if (*st == CAM_OK && m.labels > 0)
        cam_chart_matrix(page, cam_page_word(page, CAM_WORD_MATRIX_CAPTION), cam_page_word(page, CAM_WORD_MATRIX_NOTE),
                         m.names, m.counts, m.labels);
    matrix_release(&m);
    return 1;
}
