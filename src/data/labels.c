/* labels.c: see labels.h. A row has the number of its label in its own data set, so label texts are compared once for
 * each distinct label, not for each row. */
#include "labels.h"
#include "problems.h"
#include "text_fold_internal.h"
#include <stdlib.h>
#include <string.h>

void cam_labels_release(cam_labels *labels) {
    cam_name_set_release(labels);
}

int32_t cam_labels_find(const cam_labels *labels, const char *name, size_t length) {
    return cam_name_set_find(labels, name, length);
}

cam_status cam_labels_from_names(cam_labels *labels, const char *const *names, size_t count) {
    cam_status st = CAM_OK;
    int32_t id;
    int added;
    *labels = (cam_labels){0};
    if (count < 2)
        CAM_FAIL(CAM_E_USAGE, "%zu label%s listed; a classifier needs two", count, count == 1 ? " is" : "s are");
    for (size_t i = 0; i < count; i++) {
        if (names[i][0] == '\0')
            CAM_FAIL(CAM_E_USAGE, "label %zu of the list is empty", i + 1);
        CAM_TRY(cam_name_set_add(labels, names[i], strlen(names[i]), &id, &added));
        if (!added)
            CAM_FAIL(CAM_E_USAGE, "label \"%s\" is listed twice", names[i]);
    }
out:
    if (st != CAM_OK)
        cam_labels_release(labels);
    return st;
}

/* Rows and first line of each distinct label of a data set. */
typedef struct label_use {
    int64_t rows;
    long first_line;
} label_use;

static cam_status count_use(const cam_dataset *dataset, label_use **use) {
    *use = calloc(dataset->labels.count + 1, sizeof **use);
    if (!*use)
        return cam_fail(CAM_E_MEMORY, "no memory for the labels of \"%s\"", dataset->path);
    for (size_t i = 0; i < dataset->count; i++) {
        int32_t number = dataset->rows[i].label_number;
        CAM_ASSERT(number >= 0);
        if ((*use)[number].rows++ == 0)
            (*use)[number].first_line = dataset->rows[i].line;
    }
    return CAM_OK;
}

/* map[number] = id for the labels of the data set. A label that rows have and `labels` does not is a problem. */
static cam_status map_numbers(const cam_labels *labels, const cam_dataset *dataset, int32_t **map,
                              cam_problems *problems) {
    cam_status st = CAM_OK;
    label_use *use = NULL;
    *map = malloc((dataset->labels.count + 1) * sizeof **map);
    if (!*map)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the labels of \"%s\"", dataset->path);
    CAM_TRY(count_use(dataset, &use));
    for (size_t i = 0; i < dataset->labels.count; i++) {
        (*map)[i] = cam_labels_find(labels, dataset->labels.names[i], dataset->labels.lengths[i]);
        if ((*map)[i] < 0 && use[i].rows > 0)
            cam_problems_add(problems, dataset->path, use[i].first_line,
                             "label \"%s\" is not among the %zu known labels (%lld row%s)", dataset->labels.names[i],
                             labels->count, (long long)use[i].rows, use[i].rows == 1 ? "" : "s");
    }
out:
    free(use);
    return st;
}

static int by_code_point(const void *a, const void *b) {
    /* The byte order of UTF-8 is that of code points. */
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* From the distinct labels that rows have, in the order of appearance or sorted. */
static cam_status build_from_rows(cam_labels *labels, cam_label_order order, const cam_dataset *train) {
    cam_status st = CAM_OK;
    label_use *use = NULL;
    size_t count = 0;
    const char **names = malloc((train->labels.count + 1) * sizeof *names);
    if (!names)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the labels of \"%s\"", train->path);
    CAM_TRY(count_use(train, &use));
    for (size_t i = 0; i < train->labels.count; i++)
        if (use[i].rows > 0)
            names[count++] = train->labels.names[i];
    if (count < 2)
        CAM_FAIL(CAM_E_DATA, "%s: one class only, \"%s\" in all %zu rows; a classifier needs two", train->path,
                 count ? names[0] : "", train->count);
    if (order == CAM_LABELS_SORTED)
        qsort(names, count, sizeof *names, by_code_point);
    CAM_TRY(cam_labels_from_names(labels, names, count));
out:
    free(use);
    free(names);
    return st;
}

static cam_status check_list(const cam_labels *labels, const cam_dataset *train, cam_strbuf *warnings) {
    cam_status st = CAM_OK;
    cam_problems problems = CAM_PROBLEMS_INIT;
    int32_t *map = NULL;
    size_t used = 0;
    unsigned char *seen = calloc(labels->count, 1);
    if (!seen)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the labels of \"%s\"", train->path);
    CAM_TRY(map_numbers(labels, train, &map, &problems));
    CAM_TRY(cam_problems_status(&problems, CAM_E_DATA));
    for (size_t i = 0; i < train->count; i++) {
        unsigned char *mark = &seen[map[train->rows[i].label_number]];
        used += !*mark;
        *mark = 1;
    }
    if (used < 2)
        CAM_FAIL(CAM_E_DATA, "%s: one class only, \"%s\" in all %zu rows; a classifier needs two", train->path,
                 train->rows[0].label, train->count);
    for (size_t i = 0; warnings && i < labels->count; i++)
        if (!seen[i])
            cam_strbuf_printf(warnings, "label \"%s\" is listed but no training row has it\n", labels->names[i]);
out:
    cam_problems_release(&problems);
    free(map);
    free(seen);
    return st;
}

cam_status cam_labels_build(cam_labels *labels, const cam_label_options *options, const cam_dataset *train,
                            cam_strbuf *warnings) {
    cam_status st = CAM_OK;
    *labels = (cam_labels){0};
    if (options->order != CAM_LABELS_LIST) {
        CAM_TRY(build_from_rows(labels, options->order, train));
    } else {
        CAM_TRY(cam_labels_from_names(labels, options->list, options->list_count));
        CAM_TRY(check_list(labels, train, warnings));
    }
out:
    if (st != CAM_OK)
        cam_labels_release(labels);
    return st;
}

cam_status cam_labels_assign(const cam_labels *labels, const cam_dataset *dataset, int32_t *ids) {
    cam_status st = CAM_OK;
    cam_problems problems = CAM_PROBLEMS_INIT;
    int32_t *map = NULL;
    CAM_TRY(map_numbers(labels, dataset, &map, &problems));
    CAM_TRY(cam_problems_status(&problems, CAM_E_DATA));
    for (size_t i = 0; i < dataset->count; i++)
        ids[i] = map[dataset->rows[i].label_number];
out:
    cam_problems_release(&problems);
    free(map);
    return st;
}

void cam_labels_count(const cam_labels *labels, const int32_t *ids, size_t count, int64_t *counts) {
    memset(counts, 0, labels->count * sizeof *counts);
    for (size_t i = 0; i < count; i++)
        counts[ids[i]]++;
}

/* Adds a warning about one group: the ids whose folded form has the number `group`. */
static void put_group(const cam_labels *labels, const int64_t *counts, const int32_t *groups, int32_t group,
                      cam_strbuf *out) {
    int members = 0;
    for (size_t i = 0; i < labels->count; i++) {
        if (groups[i] != group)
            continue;
        cam_strbuf_printf(out, "%s\"%s\"", members++ ? ", " : "labels ", labels->names[i]);
        if (counts)
            cam_strbuf_printf(out, " (%lld row%s)", (long long)counts[i], counts[i] == 1 ? "" : "s");
    }
    cam_strbuf_puts(out, " differ only by case or accents\n");
}

cam_status cam_labels_near_duplicates(const cam_labels *labels, const int64_t *counts, cam_strbuf *warnings,
                                      size_t *near_duplicates) {
    cam_status st = CAM_OK;
    size_t size = labels->count;
    cam_name_set folded = {0};
    cam_strbuf key = CAM_STRBUF_INIT;
    int32_t *groups = malloc((size + 1) * sizeof *groups);
    int32_t *members = calloc(size + 1, sizeof *members);
    int added;
    *near_duplicates = 0;
    if (!groups || !members)
        CAM_FAIL(CAM_E_MEMORY, "no memory to compare %zu labels", size);
    for (size_t i = 0; i < size; i++) {
        cam_text_fold(labels->names[i], labels->lengths[i], CAM_FOLD_ACCENTS, &key);
        CAM_TRY(cam_name_set_add(&folded, cam_strbuf_text(&key), key.length, &groups[i], &added));
        members[groups[i]]++;
    }
    for (size_t g = 0; g < folded.count; g++)
        if (members[g] > 1) {
            ++*near_duplicates;
            put_group(labels, counts, groups, (int32_t)g, warnings);
        }
out:
    cam_name_set_release(&folded);
    cam_strbuf_release(&key);
    free(groups);
    free(members);
    return st;
}
