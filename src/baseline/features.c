/* features.c: see features_internal.h. */
#include "features_internal.h"
#include "hash.h"
#include <math.h>
#include <stdlib.h>

/* --- vocabulary ------------------------------------------------------------------------------------------------ */

/* The slot of a term, or the free slot where it belongs. */
static size_t find_slot(const cam_vocabulary_terms *v, uint64_t term) {
    size_t at = term & (v->slot_count - 1);
    while (v->slots[at] != 0 && v->slots[at] != term)
        at = (at + 1) & (v->slot_count - 1);
    return at;
}

static cam_status grow_table(cam_vocabulary_terms *v) {
    cam_vocabulary_terms grown = {.slot_count = v->slot_count ? 2 * v->slot_count : 1 << 16};
    grown.slots = calloc(grown.slot_count, sizeof *grown.slots);
    grown.number = malloc(grown.slot_count * sizeof *grown.number);
    if (!grown.slots || !grown.number) {
        free(grown.slots);
        free(grown.number);
        return cam_fail(CAM_E_MEMORY, "no memory for %zu terms", grown.slot_count);
    }
    for (size_t i = 0; i < v->slot_count; i++) {
        if (v->slots[i] == 0)
            continue;
        size_t at = find_slot(&grown, v->slots[i]);
        grown.slots[at] = v->slots[i];
        grown.number[at] = v->number[i];
    }
    free(v->slots);
    free(v->number);
    v->slots = grown.slots;
    v->number = grown.number;
    v->slot_count = grown.slot_count;
    return CAM_OK;
}

static cam_status grow_weights(cam_vocabulary_terms *v) {
    size_t capacity = v->weight_capacity ? 2 * v->weight_capacity : 1 << 15;
    double *grown = realloc(v->weight, capacity * sizeof *grown);
    if (!grown)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu terms", capacity);
    v->weight = grown;
    v->weight_capacity = capacity;
    return CAM_OK;
}

/* Gives the number of a term of a training row, and counts the row. */
static cam_status count_row_of_term(cam_vocabulary_terms *v, uint64_t term, int32_t *number) {
    cam_status st = CAM_OK;
    if (2 * (v->count + 1) > v->slot_count)
        CAM_TRY(grow_table(v));
    if (v->count + 2 > v->weight_capacity)
        CAM_TRY(grow_weights(v));
    size_t at = find_slot(v, term);
    if (v->slots[at] == 0) {
        v->slots[at] = term;
        v->number[at] = (int32_t)++v->count;
        v->weight[v->count] = 0;
    }
    *number = v->number[at];
    v->weight[*number]++;
out:
    return st;
}

void cam_vocabulary_terms_release(cam_vocabulary_terms *v) {
    free(v->slots);
    free(v->number);
    free(v->weight);
    *v = (cam_vocabulary_terms){0};
}

/* --- rows ------------------------------------------------------------------------------------------------------ */

static cam_status add_node(cam_features *x, int32_t index, double value) {
    if (x->count == x->capacity) {
        size_t capacity = x->capacity ? x->capacity + x->capacity / 2 : 1 << 16;
        struct feature_node *grown = realloc(x->nodes, capacity * sizeof *grown);
        if (!grown)
            return cam_fail(CAM_E_MEMORY, "no memory for %zu features", capacity);
        x->nodes = grown;
        x->capacity = capacity;
    }
    x->nodes[x->count++] = (struct feature_node){index, value};
    return CAM_OK;
}

/* Adds the terms of one kind of a row, with the number of times that each occurs as its value. Terms are counted in
 * `counted` where it is not NULL, and looked up in `known` otherwise. */
static cam_status add_terms(cam_features *x, const cam_terms *terms, cam_vocabulary_terms *counted,
                            const cam_vocabulary_terms *known) {
    cam_status st = CAM_OK;
    for (size_t begin = 0, end; begin < terms->count; begin = end) {
        uint64_t term = terms->hash[begin] ? terms->hash[begin] : 1; /* 0 marks a free slot */
        int32_t number = 0;
        for (end = begin + 1; end < terms->count && terms->hash[end] == terms->hash[begin];)
            end++;
        if (counted) {
            CAM_TRY(count_row_of_term(counted, term, &number));
        } else {
            size_t at = find_slot(known, term);
            number = known->slots[at] ? known->number[at] : 0;
        }
        if (number > 0)
            CAM_TRY(add_node(x, number, (double)(end - begin)));
    }
out:
    return st;
}

static cam_status add_rows(cam_features *x, const cam_row *const *rows, size_t count, size_t most_bytes,
                           cam_vocabulary_terms *counted, const cam_vocabulary_terms *known) {
    cam_status st = CAM_OK;
    cam_terms terms = {0};
    x->rows = count;
    x->start = malloc((count * CAM_TERM_KINDS + 1) * sizeof *x->start);
    x->row = malloc((count + 1) * sizeof *x->row);
    if (!x->start || !x->row)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the features of %zu rows", count);
    for (size_t i = 0; i < count; i++) {
        for (int kind = 0; kind < CAM_TERM_KINDS; kind++) {
            const cam_row *row = rows[i];
            x->start[i * CAM_TERM_KINDS + (size_t)kind] = x->count;
            CAM_TRY(cam_terms_of(&terms, row->text, row->text_length, most_bytes, (cam_term_kind)kind));
            CAM_TRY(add_terms(x, &terms, counted, known));
        }
        CAM_TRY(add_node(x, 0, 1));
        CAM_TRY(add_node(x, -1, 0));
    }
    x->start[count * CAM_TERM_KINDS] = x->count;
out:
    cam_terms_release(&terms);
    return st;
}

/* Turns counts into values. The intercept's node takes the number after the last term. */
static void weigh_rows(cam_features *x, const cam_vocabulary_terms *v) {
    for (size_t i = 0; i < x->rows; i++) {
        struct feature_node *node = x->row[i] = x->nodes + x->start[i * CAM_TERM_KINDS];
        for (size_t kind = 0; kind < CAM_TERM_KINDS; kind++) {
            struct feature_node *end = x->nodes + x->start[i * CAM_TERM_KINDS + kind + 1];
            struct feature_node *first = node;
            double squares = 0;
            for (; node < end && node->index > 0; node++) {
                node->value = (1 + log(node->value)) * v->weight[node->index];
                squares += node->value * node->value;
            }
            for (; first < node; first++)
                first->value /= sqrt(squares);
        }
        node->index = (int)v->count + 1;
    }
}

cam_status cam_features_of_training(cam_features *x, cam_vocabulary_terms *v, const cam_row *const *rows, size_t count,
                                    size_t most_bytes) {
    cam_status st = add_rows(x, rows, count, most_bytes, v, NULL);
    if (st != CAM_OK)
        return st;
    for (size_t t = 1; t <= v->count; t++)
        v->weight[t] = log((1 + (double)count) / (1 + v->weight[t])) + 1;
    weigh_rows(x, v);
    return CAM_OK;
}

cam_status cam_features_of_others(cam_features *x, const cam_vocabulary_terms *v, const cam_row *const *rows,
                                  size_t count, size_t most_bytes) {
    cam_status st = add_rows(x, rows, count, most_bytes, NULL, v);
    if (st == CAM_OK)
        weigh_rows(x, v);
    return st;
}

void cam_features_release(cam_features *x) {
    free(x->nodes);
    free(x->start);
    free(x->row);
    *x = (cam_features){0};
}
