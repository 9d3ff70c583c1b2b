/* split_together.c: cam_split_keep_together of split.h. A group is the rows with one text; `first` numbers the groups by
 * their first rows.
 *
 * Invariant: grouped[c], the test rows of class c whose text is repeated, never exceeds wanted[c]; so unique texts can
 * always make up for the rest, or make room. */
#include "split.h"
#include <stdlib.h>
#include <string.h>

typedef struct grouping {
    const cam_split *split;
    const int64_t *first;
    const int32_t *ids;
    size_t count;
    unsigned char *was_test, *is_test; /* [count] by row */
    int64_t *size, *tested;            /* [count] by first row: rows of the group, those of scikit-learn's test part */
    int64_t *next, *last;              /* [count] the next row of the group, -1 = none; [first row] its last row */
    int64_t *wanted, *grouped;         /* [classes] */
} grouping;

static void grouping_release(grouping *g) {
    free(g->was_test);
    free(g->size);
    free(g->wanted);
}

static int32_t class_of(const grouping *g, int64_t row) {
    return g->ids ? g->ids[row] : 0;
}

static cam_status grouping_init(grouping *g, const cam_split *split, const int64_t *first, const int32_t *ids,
                                size_t classes) {
    size_t count = split->train_count + split->test_count;
    *g = (grouping){.split = split, .first = first, .ids = ids, .count = count};
    g->was_test = calloc(2 * count + 1, 1);
    g->size = calloc(4 * count + 1, sizeof *g->size);
    g->wanted = calloc(2 * classes + 1, sizeof *g->wanted);
    if (!g->was_test || !g->size || !g->wanted)
        return cam_fail(CAM_E_MEMORY, "no memory to split %zu rows", count);
    g->is_test = g->was_test + count;
    g->tested = g->size + count;
    g->next = g->tested + count;
    g->last = g->next + count;
    g->grouped = g->wanted + classes;
    for (size_t i = 0; i < split->test_count; i++) {
        g->was_test[split->test[i]] = g->is_test[split->test[i]] = 1;
        g->wanted[class_of(g, split->test[i])]++;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t group = first[i];
        g->next[i] = -1;
        if (g->size[group]++ > 0)
            g->next[g->last[group]] = (int64_t)i;
        g->last[group] = (int64_t)i;
        g->tested[group] += g->was_test[i];
    }
    return CAM_OK;
}

static int is_divided(const grouping *g, int64_t group) {
    return g->tested[group] > 0 && g->tested[group] < g->size[group];
}

/* Counts the group's rows as test rows, unless a class would get too many: then 0. */
static int take_group(grouping *g, int64_t group) {
    int fits = 1;
    for (int64_t row = group; row >= 0; row = g->next[row])
        fits &= ++g->grouped[class_of(g, row)] <= g->wanted[class_of(g, row)];
    for (int64_t row = group; !fits && row >= 0; row = g->next[row])
        g->grouped[class_of(g, row)]--;
    return fits;
}

static void place_groups(grouping *g, cam_split_moves *moves) {
    for (size_t i = 0; i < g->count; i++)
        if (g->first[i] == (int64_t)i && g->size[i] > 1 && g->tested[i] == g->size[i])
            take_group(g, (int64_t)i);
    for (size_t i = 0; i < g->count; i++) {
        if (g->first[i] != (int64_t)i || !is_divided(g, (int64_t)i))
            continue;
        unsigned char test = g->was_test[i] && take_group(g, (int64_t)i);
        for (int64_t row = (int64_t)i; row >= 0; row = g->next[row])
            g->is_test[row] = test;
        moves->texts++;
    }
}

/* Moves unique texts of one part to the other, from its end on, while missing[class], times `sign`, is above 0. */
static void move_unique(grouping *g, const int64_t *part, size_t count, int64_t *missing, int sign) {
    for (size_t i = count; i-- > 0;) {
        int64_t row = part[i], *lack = &missing[class_of(g, row)];
        if (g->size[g->first[row]] > 1 || *lack * sign <= 0)
            continue;
        g->is_test[row] = sign > 0;
        *lack -= sign;
    }
}

/* Writes the rows of `part` that stay, then those of `other` that come. Returns their number. */
static size_t gather(const grouping *g, const int64_t *part, size_t count, const int64_t *other, size_t other_count,
                     unsigned char is_test, int64_t *out) {
    size_t put = 0;
    for (size_t i = 0; i < count; i++)
        if (g->is_test[part[i]] == is_test)
            out[put++] = part[i];
    for (size_t i = 0; i < other_count; i++)
        if (g->is_test[other[i]] == is_test)
            out[put++] = other[i];
    return put;
}

cam_status cam_split_keep_together(cam_split *split, const int64_t *first, const int32_t *ids, size_t class_count,
                                   cam_split_moves *moves) {
    cam_status st = CAM_OK;
    grouping g = {0};
    cam_split moved = {0};
    size_t classes = ids ? class_count : 1;
    *moves = (cam_split_moves){0, 0};
    CAM_TRY(grouping_init(&g, split, first, ids, classes));
    place_groups(&g, moves);
    if (moves->texts == 0)
        goto out;
    for (size_t i = 0; i < g.count; i++)
        g.wanted[class_of(&g, (int64_t)i)] -= g.is_test[i];
    move_unique(&g, split->train, split->train_count, g.wanted, 1);
    move_unique(&g, split->test, split->test_count, g.wanted, -1);
    moved = (cam_split){malloc((g.count + 1) * sizeof(int64_t)), malloc((g.count + 1) * sizeof(int64_t)), 0, 0};
    if (!moved.train || !moved.test)
        CAM_FAIL(CAM_E_MEMORY, "no memory to split %zu rows", g.count);
    moved.train_count = gather(&g, split->train, split->train_count, split->test, split->test_count, 0, moved.train);
    moved.test_count = gather(&g, split->test, split->test_count, split->train, split->train_count, 1, moved.test);
    for (size_t i = 0; i < g.count; i++)
        moves->rows += g.is_test[i] != g.was_test[i];
    cam_split_release(split);
    *split = moved;
    moved = (cam_split){0};
out:
    cam_split_release(&moved);
    grouping_release(&g);
    return st;
}
