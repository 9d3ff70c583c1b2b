/* label_meanings.c: labels with different normal forms that probably stand for one class; see label_meanings_internal.h. */
#include "label_forms.h"
#include "label_meanings_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MEANINGS = 7,
    SHOWN = 5,             /* misspellings that are told one by one */
    COMPARED_LABELS = 500, /* each with each */
    RARE_ROWS = 5,         /* a misspelling has at most so many rows, and the label that is meant ten times as many */
    TIMES = 10,
    WORD_LETTERS = 4 /* of a word in which a letter may be wrong: "niveau A" is another than "niveau B" */
};

typedef struct label_view {
    const cam_dataset *dataset;
    const cam_label_use *use;
    cam_strbuf *forms; /* [labels]; empty for a label without rows */
    cam_strbuf *out;
    cam_label_cure *cure;
} label_view;

static const char *name_of(const label_view *v, size_t i) {
    return v->dataset->labels.names[i];
}

static void put_rows(const label_view *v, size_t i) {
    cam_strbuf_printf(v->out, " (%lld row%s)", (long long)v->use[i].rows, v->use[i].rows == 1 ? "" : "s");
}

/* --- words for the same ---------------------------------------------------------------------------------------- */

/* The meaning of a form, from 0; -1 for any other word. */
static int meaning_of(const char *form) {
    static const char *const words[MEANINGS] = {" vrai true ",     " faux false ",       " oui yes o y ",
                                                " non no n ",      " positif positive ", " negatif negative ",
                                                " neutre neutral "};
    char spaced[16];
    size_t length = strlen(form);
    if (length == 0 || length + 3 > sizeof spaced || strchr(form, ' '))
        return -1;
    snprintf(spaced, sizeof spaced, " %s ", form);
    for (int m = 0; m < MEANINGS; m++)
        if (strstr(words[m], spaced))
            return m;
    return -1;
}

/* "labels "Oui" (60 rows), "O" (3 rows) mean the same", where several forms of a meaning occur. */
static cam_status put_meaning(const label_view *v, int meaning) {
    cam_status st = CAM_OK;
    size_t count = v->dataset->labels.count, best = count, differ = 0, put = 0;
    for (size_t i = 0; i < count; i++) {
        if (meaning_of(cam_strbuf_text(&v->forms[i])) != meaning)
            continue;
        differ |= best < count && strcmp(cam_strbuf_text(&v->forms[i]), cam_strbuf_text(&v->forms[best])) != 0;
        best = best == count || v->use[i].rows > v->use[best].rows ? i : best;
    }
    for (size_t i = 0; differ && i < count; i++) {
        if (meaning_of(cam_strbuf_text(&v->forms[i])) != meaning)
            continue;
        cam_strbuf_puts(v->out, put++ ? ", " : "labels ");
        cam_label_put(name_of(v, i), 0, v->out);
        put_rows(v, i);
        if (i != best)
            CAM_TRY(cam_label_cure_add(v->cure, name_of(v, i), name_of(v, best)));
    }
    if (differ)
        cam_strbuf_puts(v->out, " mean the same\n");
out:
    return st;
}

/* --- misspellings ---------------------------------------------------------------------------------------------- */

static int is_letter(char c) {
    return (unsigned char)c >= 0x80 || (c >= 'a' && c <= 'z');
}

static size_t letters_around(const char *text, size_t at) {
    size_t begin = at, end = at;
    while (begin > 0 && is_letter(text[begin - 1]))
        begin--;
    while (is_letter(text[end]))
        end++;
    return end - begin;
}

/* Whether one letter is wrong, missing, too many or swapped with the next one, in a long word and not at its beginning. */
static int is_one_letter_off(const cam_strbuf *a, const cam_strbuf *b) {
    size_t begin = 0, end = 0, shorter = a->length < b->length ? a->length : b->length;
    while (begin < shorter && a->text[begin] == b->text[begin])
        begin++;
    while (end < shorter - begin && a->text[a->length - 1 - end] == b->text[b->length - 1 - end])
        end++;
    size_t in_a = a->length - begin - end, in_b = b->length - begin - end;
    const char *x = a->text + begin, *y = b->text + begin;
    int swapped = in_a == 2 && in_b == 2 && x[0] == y[1] && x[1] == y[0];
    if (begin == 0 || !is_letter(a->text[begin - 1]) || in_a + in_b == 0 || (!swapped && (in_a > 1 || in_b > 1)))
        return 0;
    for (size_t i = 0; i < in_a; i++)
        if (!is_letter(x[i]))
            return 0;
    for (size_t i = 0; i < in_b; i++)
        if (!is_letter(y[i]))
            return 0;
    return letters_around(a->text, begin) >= WORD_LETTERS && letters_around(b->text, begin) >= WORD_LETTERS;
}

/* The most frequent label that a rare one probably stands for; the number of labels where there is none. */
static size_t find_meant(const label_view *v, size_t rare) {
    size_t count = v->dataset->labels.count, meant = count;
    for (size_t i = 0; i < count; i++)
        if (v->forms[i].length > 0 && v->use[i].rows >= TIMES * v->use[rare].rows &&
            (meant == count || v->use[i].rows > v->use[meant].rows) && is_one_letter_off(&v->forms[rare], &v->forms[i]))
            meant = i;
    return meant;
}

static cam_status put_misspellings(const label_view *v) {
    cam_status st = CAM_OK;
    size_t count = v->dataset->labels.count, found = 0;
    for (size_t i = 0; i < count && count <= COMPARED_LABELS; i++) {
        if (v->forms[i].length == 0 || v->use[i].rows > RARE_ROWS)
            continue;
        size_t meant = find_meant(v, i);
        if (meant == count)
            continue;
        CAM_TRY(cam_label_cure_add(v->cure, name_of(v, i), name_of(v, meant)));
        if (found++ >= SHOWN)
            continue;
        cam_strbuf_puts(v->out, "label ");
        cam_label_put(name_of(v, i), 0, v->out);
        put_rows(v, i);
        cam_strbuf_puts(v->out, " may be a misspelling of ");
        cam_label_put(name_of(v, meant), 0, v->out);
        put_rows(v, meant);
        cam_strbuf_putc(v->out, '\n');
    }
    if (found > SHOWN)
        cam_strbuf_printf(v->out, "and %zu more labels that may be misspelt\n", found - SHOWN);
out:
    return st;
}

cam_status cam_label_meanings_put(const cam_dataset *dataset, const cam_label_use *use, cam_strbuf *out,
                                  cam_label_cure *cure) {
    cam_status st = CAM_OK;
    size_t count = dataset->labels.count;
    label_view v = {dataset, use, calloc(count + 1, sizeof *v.forms), out, cure};
    if (!v.forms)
        CAM_FAIL(CAM_E_MEMORY, "no memory to compare %zu labels", count);
    for (size_t i = 0; i < count; i++)
        if (use[i].rows > 0)
            cam_label_form(dataset->labels.names[i], dataset->labels.lengths[i], CAM_LABEL_ALL, &v.forms[i]);
    for (int meaning = 0; meaning < MEANINGS; meaning++)
        CAM_TRY(put_meaning(&v, meaning));
    CAM_TRY(put_misspellings(&v));
out:
    for (size_t i = 0; v.forms && i < count; i++)
        cam_strbuf_release(&v.forms[i]);
    free(v.forms);
    return st;
}
