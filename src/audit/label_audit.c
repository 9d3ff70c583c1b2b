/* label_audit.c: see label_audit.h. Each distinct label is looked at once, whatever the number of rows. */
#include "label_audit.h"
#include "label_forms.h"
#include "label_joined_internal.h"
#include "label_meanings_internal.h"
#include "mojibake.h"
#include "place.h"
#include "quotes.h"
#include "text_fold.h"
#include <stdlib.h>
#include <string.h>

enum {
    NUMBERS_OF_A_REGRESSION = 40, /* different labels, all numbers */
    LABELS_OF_A_COLUMN_OF_TEXTS = 40,
    ROWS_OF_A_HEADER = 3, /* rows that are called a header at most, whatever their texts */
    SHOWN = 10            /* groups of look-alikes, and damaged labels */
};

/* --- groups of look-alikes ------------------------------------------------------------------------------------- */

typedef struct label_view {
    const cam_dataset *dataset;
    cam_label_use *use;
    int32_t *group;       /* [labels] number of the normal form; -1 for a word for missing values */
    int32_t *next;        /* [labels] the next label of the group; -1 = none */
    int32_t *head, *tail; /* [groups] its first and last label */
    int32_t *best;        /* [groups] its best spelling */
    int32_t *size;        /* [groups] labels */
    cam_name_set forms;
    cam_strbuf form;
    cam_strbuf *out;
    cam_label_cure *cure;
} label_view;

static const char *name_of(const label_view *v, size_t i) {
    return v->dataset->labels.names[i];
}

/* The label without broken accents and invisible characters, in v->form. */
static const char *cleaned(label_view *v, size_t i) {
    cam_label_form(name_of(v, i), v->dataset->labels.lengths[i], CAM_LABEL_MOJIBAKE | CAM_LABEL_INVISIBLE, &v->form);
    return cam_strbuf_text(&v->form);
}

static int is_clean(label_view *v, size_t i) {
    cam_label_form(name_of(v, i), v->dataset->labels.lengths[i], 0, &v->form);
    char *as_it_is = cam_strbuf_detach(&v->form);
    int clean = as_it_is && strcmp(as_it_is, cleaned(v, i)) == 0;
    free(as_it_is);
    return clean;
}

/* Whether label a is the better spelling: a clean one, the more frequent, the shorter, the first by code point. */
static int is_better(label_view *v, size_t a, size_t b) {
    int clean_a = is_clean(v, a), clean_b = is_clean(v, b);
    if (clean_a != clean_b)
        return clean_a;
    if (v->use[a].rows != v->use[b].rows)
        return v->use[a].rows > v->use[b].rows;
    if (v->dataset->labels.lengths[a] != v->dataset->labels.lengths[b])
        return v->dataset->labels.lengths[a] < v->dataset->labels.lengths[b];
    return strcmp(name_of(v, a), name_of(v, b)) < 0;
}

static cam_status group_labels(label_view *v) {
    cam_status st = CAM_OK;
    size_t count = v->dataset->labels.count;
    int added;
    for (size_t i = 0; i < count; i++) {
        v->group[i] = -1;
        if (v->use[i].rows == 0 || cam_label_is_missing(name_of(v, i)))
            continue;
        cam_label_form(name_of(v, i), v->dataset->labels.lengths[i], CAM_LABEL_ALL, &v->form);
        CAM_TRY(cam_name_set_add(&v->forms, cam_strbuf_text(&v->form), v->form.length, &v->group[i], &added));
        int32_t group = v->group[i], label = (int32_t)i;
        v->size[group] = added ? 1 : v->size[group] + 1;
        *(added ? &v->head[group] : &v->next[v->tail[group]]) = label;
        v->tail[group] = label;
        v->next[i] = -1;
        if (added || is_better(v, i, (size_t)v->best[group]))
            v->best[group] = label;
    }
out:
    return st;
}

static void put_rows(const label_view *v, size_t i) {
    cam_strbuf_printf(v->out, " (%lld row%s)", (long long)v->use[i].rows, v->use[i].rows == 1 ? "" : "s");
}

/* "labels "Suivi" (60 rows), "suivi" (3 rows) differ only by case" */
static void put_group(label_view *v, int32_t group) {
    const char *best = name_of(v, (size_t)v->best[group]);
    unsigned kinds = 0;
    int put = 0;
    for (int32_t i = v->head[group]; i >= 0; i = v->next[i])
        if (i != v->best[group])
            kinds |= cam_label_differences(best, name_of(v, (size_t)i));
    for (int32_t i = v->head[group]; i >= 0 && put < CAM_LABELS_NAMED; i = v->next[i]) {
        cam_strbuf_puts(v->out, put++ ? ", " : "labels ");
        cam_label_put(name_of(v, (size_t)i), kinds, v->out);
        put_rows(v, (size_t)i);
    }
    if (v->size[group] > put)
        cam_strbuf_printf(v->out, " and %d more", v->size[group] - put);
    cam_strbuf_puts(v->out, " differ only by ");
    cam_label_put_differences(kinds, v->out);
    cam_strbuf_puts(v->out, kinds == CAM_LABEL_CASE ? " (label_case=fold makes them one)\n" : "\n");
}

/* Every other spelling becomes the best one. */
static cam_status cure_group(label_view *v, int32_t group) {
    cam_status st = CAM_OK;
    cam_strbuf best = CAM_STRBUF_INIT;
    size_t number = (size_t)v->best[group];
    cam_strbuf_puts(&best, is_clean(v, number) ? name_of(v, number) : cleaned(v, number));
    for (int32_t i = v->head[group]; i >= 0; i = v->next[i])
        if (strcmp(name_of(v, (size_t)i), cam_strbuf_text(&best)) != 0)
            CAM_TRY(cam_label_cure_add(v->cure, name_of(v, (size_t)i), cam_strbuf_text(&best)));
out:
    cam_strbuf_release(&best);
    return st;
}

static cam_status put_look_alikes(label_view *v) {
    cam_status st = CAM_OK;
    int groups = 0;
    for (size_t g = 0; g < v->forms.count; g++)
        if (v->size[g] > 1) {
            if (groups++ < SHOWN)
                put_group(v, (int32_t)g);
            CAM_TRY(cure_group(v, (int32_t)g));
        }
    if (groups > SHOWN)
        cam_strbuf_printf(v->out, "and %d more groups of labels that look alike\n", groups - SHOWN);
out:
    return st;
}

/* --- quotes ---------------------------------------------------------------------------------------------------- */

/* Where each label stands in the same kind of quotes, which CSV does not know, so does each text: they were not read as
 * quotes. */
static cam_status put_quoted(label_view *v) {
    cam_status st = CAM_OK;
    cam_strbuf inner = CAM_STRBUF_INIT;
    const cam_quote_pair *pair = NULL;
    const char *shown = NULL;
    for (size_t i = 0; i < v->dataset->labels.count; i++) {
        size_t length = v->dataset->labels.lengths[i];
        if (v->use[i].rows == 0)
            continue;
        const cam_quote_pair *own = cam_quote_pair_of(name_of(v, i), length, name_of(v, i), length);
        if (!own || (pair && own != pair) || length <= strlen(own->open) + strlen(own->close))
            goto out;
        pair = own;
        shown = name_of(v, i);
    }
    if (!pair)
        goto out;
    cam_strbuf_puts(v->out, "every label stands in quotes that are part of it: ");
    cam_label_put(shown, 0, v->out);
    cam_strbuf_puts(v->out, "; only \" quotes a cell, so texts may hold such quotes, too\n");
    for (size_t i = 0; i < v->dataset->labels.count; i++) {
        if (v->use[i].rows == 0)
            continue;
        cam_strbuf_clear(&inner);
        cam_strbuf_append(&inner, name_of(v, i) + strlen(pair->open),
                          v->dataset->labels.lengths[i] - strlen(pair->open) - strlen(pair->close));
        CAM_TRY(cam_label_cure_add(v->cure, name_of(v, i), inner.text));
    }
out:
    cam_strbuf_release(&inner);
    return st;
}

/* --- single labels --------------------------------------------------------------------------------------------- */

/* A damaged label without a look-alike in this file: the next file will have the sound one. */
static cam_status put_damaged(label_view *v) {
    cam_status st = CAM_OK;
    int found = 0;
    for (size_t i = 0; i < v->dataset->labels.count; i++) {
        if (v->group[i] < 0 || v->size[v->group[i]] > 1 || is_clean(v, i))
            continue;
        CAM_TRY(cam_label_cure_add(v->cure, name_of(v, i), cleaned(v, i)));
        if (found++ >= SHOWN)
            continue;
        cam_strbuf_puts(v->out, "label ");
        cam_label_put(name_of(v, i), CAM_LABEL_INVISIBLE, v->out);
        put_rows(v, i);
        cam_strbuf_puts(v->out, " probably stands for ");
        cam_strbuf_put_json(v->out, cleaned(v, i), strlen(cleaned(v, i)));
        cam_strbuf_putc(v->out, '\n');
    }
    if (found > SHOWN)
        cam_strbuf_printf(v->out, "and %d more labels that are damaged\n", found - SHOWN);
out:
    return st;
}

/* "labels "nan" (3 rows), "?" (1 row) look like missing values" */
static cam_status put_missing(label_view *v) {
    cam_status st = CAM_OK;
    int put = 0;
    for (size_t i = 0; i < v->dataset->labels.count; i++) {
        if (v->use[i].rows == 0 || !cam_label_is_missing(name_of(v, i)))
            continue;
        cam_strbuf_puts(v->out, put++ ? ", " : "missing values as labels: ");
        cam_label_put(name_of(v, i), CAM_LABEL_INVISIBLE | CAM_LABEL_SPACES, v->out);
        put_rows(v, i);
        CAM_TRY(cam_label_cure_add(v->cure, name_of(v, i), NULL));
    }
    if (put > 0)
        cam_strbuf_puts(v->out, "\n");
out:
    return st;
}

static int has_header_texts(const label_view *v, size_t number, const char *text_column) {
    for (size_t i = 0; i < v->dataset->count; i++)
        if (v->dataset->rows[i].label_number == (int32_t)number &&
            !cam_label_same_form(v->dataset->rows[i].text, text_column))
            return 0;
    return 1;
}

/* A column may be called like one of its labels, so many rows with this label are no headers unless their texts are
 * the name of the text column. */
static cam_status put_header(label_view *v, const char *text_column, const char *label_column) {
    cam_status st = CAM_OK;
    for (size_t i = 0; i < v->dataset->labels.count; i++) {
        if (v->use[i].rows == 0 || !cam_label_same_form(name_of(v, i), label_column))
            continue;
        if (v->use[i].rows > ROWS_OF_A_HEADER && !has_header_texts(v, i, text_column))
            continue;
        cam_strbuf_puts(v->out, "label ");
        cam_label_put(name_of(v, i), 0, v->out);
        cam_strbuf_printf(v->out, " (%lld row%s, %s", (long long)v->use[i].rows, v->use[i].rows == 1 ? "" : "s",
                          v->use[i].rows == 1 ? "" : "the first is ");
        cam_place_put(v->out, v->use[i].first->sheet_row, v->use[i].first->line);
        cam_strbuf_puts(v->out, ") is the name of its column: a header line inside the file?\n");
        CAM_TRY(cam_label_cure_add(v->cure, name_of(v, i), NULL));
    }
out:
    return st;
}

/* --- the column ------------------------------------------------------------------------------------------------ */

/* Numbers that are measured rather than classes, or a column of texts or identifiers. */
static void put_column(const label_view *v, const char *label_column) {
    int labels = 0, numbers = 0;
    for (size_t i = 0; i < v->dataset->labels.count; i++) {
        int is_class = v->use[i].rows > 0 && !cam_label_is_missing(name_of(v, i));
        labels += is_class;
        numbers += is_class && cam_label_is_number(name_of(v, i));
    }
    if (labels >= NUMBERS_OF_A_REGRESSION && numbers == labels)
        cam_strbuf_printf(v->out,
                          "the column \"%s\" holds %d different numbers: is this a regression? A classifier takes each "
                          "number for a class of its own; group them into a few classes, or name another column by "
                          "label_column\n",
                          label_column, labels);
    else if (labels >= LABELS_OF_A_COLUMN_OF_TEXTS && 2 * (size_t)labels > v->dataset->count)
        cam_strbuf_printf(v->out,
                          "the column \"%s\" holds %d different labels in %zu rows: is it the one with the classes? "
                          "label_column names another\n",
                          label_column, labels, v->dataset->count);
}

cam_status cam_label_audit(const cam_dataset *dataset, const char *text_column, const char *label_column,
                           cam_strbuf *warnings, cam_label_cure *cure) {
    cam_status st = CAM_OK;
    size_t size = dataset->labels.count + 1;
    label_view v = {.dataset = dataset, .group = malloc(6 * size * sizeof *v.group), .out = warnings, .cure = cure};
    if (!v.group)
        CAM_FAIL(CAM_E_MEMORY, "no memory to compare %zu labels", size);
    CAM_TRY(cam_label_use_count(dataset, &v.use));
    v.next = v.group + size;
    v.head = v.next + size;
    v.tail = v.head + size;
    v.best = v.tail + size;
    v.size = v.best + size;
    CAM_TRY(group_labels(&v));
    CAM_TRY(put_header(&v, text_column, label_column));
    CAM_TRY(put_missing(&v));
    CAM_TRY(put_quoted(&v));
    CAM_TRY(cam_label_meanings_put(dataset, v.use, warnings, cure));
    CAM_TRY(put_look_alikes(&v));
    CAM_TRY(cam_label_joined_put(dataset, v.use, warnings));
    CAM_TRY(put_damaged(&v));
    put_column(&v, label_column);
out:
    cam_name_set_release(&v.forms);
    cam_strbuf_release(&v.form);
    free(v.use);
    free(v.group);
    return st;
}

cam_status cam_label_cure_unknown(const cam_labels *labels, const cam_dataset *dataset, cam_label_cure *cure) {
    cam_status st = CAM_OK;
    cam_label_use *use = NULL;
    CAM_TRY(cam_label_use_count(dataset, &use));
    for (size_t i = 0; i < dataset->labels.count; i++) {
        const char *name = dataset->labels.names[i];
        if (use[i].rows == 0 || cam_labels_find(labels, name, dataset->labels.lengths[i]) >= 0)
            continue;
        const char *nearest = cam_label_nearest(labels, name);
        if (nearest && cam_label_same_form(nearest, name))
            CAM_TRY(cam_label_cure_add(cure, name, nearest));
    }
out:
    free(use);
    return st;
}
