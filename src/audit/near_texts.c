/* near_texts.c: see near_texts.h. A 4-gram becomes a term: its number in the order of growing frequency. The terms of a text
 * are sorted, so that the rarest come first. */
#include "near_texts.h"
#include "hash.h"
#include "input.h"
#include "text_fold.h"
#include "utf8.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRAM = 4, CHECKED = 1024 };

typedef struct text_terms {
    int64_t row;
    size_t start, count; /* in `terms` */
} text_terms;

typedef struct posting {
    size_t text; /* in `texts` */
    int64_t next;
} posting;

typedef struct near_search {
    uint64_t *terms; /* hashes of 4-grams at first, then their numbers */
    size_t term_count, term_capacity;
    text_terms *texts; /* by growing number of terms, then row */
    size_t text_count;
    uint64_t *known;  /* [known_count] distinct hashes, ascending */
    uint32_t *number; /* [known_count] of each */
    size_t known_count;
    int64_t *head;     /* [known_count] first posting of a term, from 1; 0 = none */
    posting *postings; /* [term_count] */
    int64_t posting_count;
    int64_t *seen; /* [text_count] the last text that was compared with this one */
} near_search;

static void release(near_search *s) {
    free(s->terms);
    free(s->texts);
    free(s->known);
    free(s->number);
    free(s->head);
    free(s->postings);
    free(s->seen);
}

static cam_status no_memory(void) {
    return cam_fail(CAM_E_MEMORY, "no memory to look for near texts");
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static size_t sort_unique(uint64_t *values, size_t count) {
    size_t kept = 0;
    qsort(values, count, sizeof *values, ascending);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || values[i] != values[kept - 1])
            values[kept++] = values[i];
    return kept;
}

/* --- terms ----------------------------------------------------------------------------------------------------- */

static cam_status reserve(near_search *s, size_t more) {
    size_t capacity = s->term_capacity ? s->term_capacity : 4096;
    while (capacity < s->term_count + more)
        capacity *= 2;
    if (capacity == s->term_capacity)
        return CAM_OK;
    uint64_t *terms = realloc(s->terms, capacity * sizeof *terms);
    if (!terms)
        return no_memory();
    s->terms = terms;
    s->term_capacity = capacity;
    return CAM_OK;
}

/* Appends the different 4-grams of a text. */
static cam_status add_text(near_search *s, const cam_row *row, int64_t number, cam_strbuf *key) {
    size_t at[GRAM + 1] = {0}, characters = 0;
    cam_text_fold(row->text, row->text_length, CAM_FOLD_TEXT, key);
    const char *text = cam_strbuf_text(key), *end = text + key->length;
    cam_status st = reserve(s, key->length + 1);
    if (st != CAM_OK)
        return st;
    text_terms *terms = &s->texts[s->text_count];
    *terms = (text_terms){number, s->term_count, 0};
    for (const char *next = text; next < end && characters < CAM_NEAR_MOST_CHARACTERS; characters++) {
        uint32_t code_point;
        next += cam_utf8_next(next, end, &code_point);
        memmove(at, at + 1, GRAM * sizeof *at); /* at[0 .. GRAM]: where the last characters begin, and the end */
        at[GRAM] = (size_t)(next - text);
        if (characters + 1 >= GRAM)
            s->terms[terms->start + terms->count++] =
                cam_hash_mix(cam_hash_bytes(CAM_HASH_START, text + at[0], at[GRAM] - at[0]));
    }
    terms->count = sort_unique(s->terms + terms->start, terms->count);
    if (terms->count >= CAM_NEAR_LEAST_GRAMS) {
        s->term_count += terms->count;
        s->text_count++;
    }
    return CAM_OK;
}

typedef struct frequency {
    uint64_t hash;
    size_t count, place; /* in `known` */
} frequency;

static int by_frequency(const void *a, const void *b) {
    const frequency *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

static uint32_t number_of(const near_search *s, uint64_t hash) {
    size_t first = 0, end = s->known_count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (s->known[middle] < hash)
            first = middle + 1;
        else
            end = middle;
    }
    return s->number[first];
}

/* Numbers the terms by growing frequency, and sorts those of each text. */
static cam_status number_terms(near_search *s) {
    cam_status st = CAM_OK;
    frequency *list = calloc(s->term_count + 1, sizeof *list);
    s->known = calloc(s->term_count + 1, sizeof *s->known);
    if (!list || !s->known) {
        st = no_memory();
        goto out;
    }
    if (s->term_count > 0)
        memcpy(s->known, s->terms, s->term_count * sizeof *s->known);
    qsort(s->known, s->term_count, sizeof *s->known, ascending);
    for (size_t i = 0; i < s->term_count; i++) {
        if (i == 0 || s->known[i] != list[s->known_count - 1].hash)
            list[s->known_count++] = (frequency){s->known[i], 0, s->known_count};
        list[s->known_count - 1].count++;
    }
    s->number = calloc(s->known_count + 1, sizeof *s->number);
    if (!s->number) {
        st = no_memory();
        goto out;
    }
    for (size_t i = 0; i < s->known_count; i++) {
        list[i].place = i;
        s->known[i] = list[i].hash;
    }
    qsort(list, s->known_count, sizeof *list, by_frequency);
    for (size_t i = 0; i < s->known_count; i++)
        s->number[list[i].place] = (uint32_t)i;
    for (size_t i = 0; i < s->term_count; i++)
        s->terms[i] = number_of(s, s->terms[i]);
    for (size_t t = 0; t < s->text_count; t++)
        qsort(s->terms + s->texts[t].start, s->texts[t].count, sizeof *s->terms, ascending);
out:
    free(list);
    return st;
}

/* --- pairs ----------------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b) {
    const text_terms *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* 0 as soon as it is certain to be below `least`: the rarest terms, in which texts differ most, are compared first. */
static double similarity(const near_search *s, const text_terms *x, const text_terms *y, double least) {
    const uint64_t *a = s->terms + x->start, *b = s->terms + y->start;
    size_t i = 0, j = 0, common = 0, all = x->count + y->count;
    size_t needed = (size_t)ceil(least / (1 + least) * (double)all - 1e-9);
    while (i < x->count && j < y->count) {
        size_t left = x->count - i < y->count - j ? x->count - i : y->count - j;
        if (common + left < needed)
            return 0;
        common += a[i] == b[j];
        size_t step = a[i] <= b[j];
        j += b[j] <= a[i];
        i += step;
    }
    return (double)common / (double)(all - common);
}

static void compare(near_search *s, size_t text, double least, cam_near_visit visit, void *context) {
    const text_terms *x = &s->texts[text];
    size_t needed = (size_t)ceil(least * (double)x->count - 1e-9), prefix = x->count - needed + 1;
    prefix = prefix < x->count ? prefix : x->count;
    for (size_t i = 0; i < prefix; i++) {
        uint64_t term = s->terms[x->start + i];
        for (int64_t p = s->head[term]; p > 0; p = s->postings[p - 1].next) {
            const text_terms *y = &s->texts[s->postings[p - 1].text];
            if (s->seen[s->postings[p - 1].text] == (int64_t)text || (double)y->count < least * (double)x->count - 1e-9)
                continue;
            s->seen[s->postings[p - 1].text] = (int64_t)text;
            double value = similarity(s, x, y, least);
            if (value >= least)
                visit(context, x->row < y->row ? x->row : y->row, x->row < y->row ? y->row : x->row, value);
        }
        s->postings[s->posting_count] = (posting){text, s->head[term]};
        s->head[term] = ++s->posting_count;
    }
}

static cam_status find_pairs(near_search *s, double least, cam_near_visit visit, void *context) {
    s->head = calloc(s->known_count + 1, sizeof *s->head);
    s->postings = calloc(s->term_count + 1, sizeof *s->postings);
    s->seen = malloc((s->text_count + 1) * sizeof *s->seen);
    if (!s->head || !s->postings || !s->seen)
        return no_memory();
    for (size_t t = 0; t < s->text_count; t++)
        s->seen[t] = -1;
    for (size_t t = 0; t < s->text_count; t++) {
        cam_status st = t % CHECKED == 0 ? cam_input_check("near texts") : CAM_OK;
        if (st != CAM_OK)
            return st;
        compare(s, t, least, visit, context);
    }
    return CAM_OK;
}

cam_status cam_near_texts(const cam_dataset *dataset, const int64_t *first, double least, cam_near_visit visit,
                          void *context) {
    cam_status st = CAM_OK;
    near_search s = {0};
    cam_strbuf key = CAM_STRBUF_INIT;
    s.texts = malloc((dataset->count + 1) * sizeof *s.texts);
    if (!s.texts) {
        st = no_memory();
        goto out;
    }
    for (size_t i = 0; i < dataset->count; i++)
        if (first[i] == (int64_t)i)
            CAM_TRY(add_text(&s, &dataset->rows[i], (int64_t)i, &key));
    CAM_TRY(number_terms(&s));
    qsort(s.texts, s.text_count, sizeof *s.texts, by_size);
    CAM_TRY(find_pairs(&s, least, visit, context));
out:
    cam_strbuf_release(&key);
    release(&s);
    return st;
}
