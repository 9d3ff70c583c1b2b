/* labels.c: see labels.h. A row has the number of its label in its own data set, so label texts are compared once for
 * each distinct label, not for each row. */
#include "labels.h"
#include "label_forms.h"
#include "label_use.h"
#include "problems.h"
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

/* "label "Suivi" is not among the 3 known labels (2 rows); did you mean "suivi"?" */
static void add_unknown(const cam_labels *labels, const cam_dataset *dataset, const char *name,
                        const cam_label_use *use, cam_problems *problems) {
    cam_strbuf text = CAM_STRBUF_INIT;
    const char *nearest = problems->errors < CAM_PROBLEMS_SHOWN ? cam_label_nearest(labels, name) : NULL;
    unsigned kinds =
        nearest && cam_label_same_form(name, nearest) ? cam_label_differences(name, nearest) : CAM_LABEL_INVISIBLE;
    if (use->first->sheet_row > 0 && use->first->sheet_row != use->first->line)
        cam_strbuf_printf(&text, "row %ld: ", use->first->sheet_row);
    cam_strbuf_puts(&text, "label ");
    cam_label_put(name, kinds, &text);
    cam_strbuf_printf(&text, " is not among the %zu known labels (%lld row%s)", labels->count, (long long)use->rows,
                      use->rows == 1 ? "" : "s");
    if (nearest) {
        cam_strbuf_puts(&text, "; did you mean ");
        cam_label_put(nearest, kinds, &text);
        cam_strbuf_putc(&text, '?');
    }
    cam_problems_add(problems, dataset->path, use->first->line, "%s", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

/* map[number] = id for the labels of the data set. A label that rows have and `labels` does not is a problem; its id is
 * -1. */
static cam_status map_numbers(const cam_labels *labels, const cam_dataset *dataset, int32_t **map,
                              cam_problems *problems) {
    cam_status st = CAM_OK;
    cam_label_use *use = NULL;
    *map = malloc((dataset->labels.count + 1) * sizeof **map);
    if (!*map)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the labels of \"%s\"", dataset->path);
    CAM_TRY(cam_label_use_count(dataset, &use));
    for (size_t i = 0; i < dataset->labels.count; i++) {
        (*map)[i] = cam_labels_find(labels, dataset->labels.names[i], dataset->labels.lengths[i]);
        if ((*map)[i] < 0 && use[i].rows > 0)
            add_unknown(labels, dataset, dataset->labels.names[i], &use[i], problems);
    }
out:
    free(use);
    return st;
}

static cam_status require_two(const cam_dataset *train, size_t classes, const char *only) {
    if (classes >= 2)
        return CAM_OK;
    if (classes == 0)
        return cam_fail(CAM_E_DATA, "%s: no row with a label; a classifier needs two classes", train->path);
    return cam_fail(CAM_E_DATA, "%s: one class only, \"%s\" in %s%zu row%s; a classifier needs two", train->path, only,
                    train->count == 1 ? "" : "all ", train->count, train->count == 1 ? "" : "s");
}

/* From the distinct labels that rows have, in the order of appearance or sorted. */
static cam_status build_from_rows(cam_labels *labels, cam_label_order order, const cam_dataset *train) {
    cam_status st = CAM_OK;
    cam_label_use *use = NULL;
    size_t count = 0;
    int32_t id;
    int added;
    const char **names = malloc((train->labels.count + 1) * sizeof *names);
    if (!names)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the labels of \"%s\"", train->path);
    CAM_TRY(cam_label_use_count(train, &use));
    for (size_t i = 0; i < train->labels.count; i++)
        if (use[i].rows > 0)
            names[count++] = train->labels.names[i];
    if (order == CAM_LABELS_SORTED)
        qsort(names, count, sizeof *names, cam_text_compare); /* UTF-8 sorts by code point */
    for (size_t i = 0; i < count; i++)
        CAM_TRY(cam_name_set_add(labels, names[i], strlen(names[i]), &id, &added));
    CAM_TRY(require_two(train, count, count ? names[0] : ""));
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
    CAM_TRY(require_two(train, used, train->count ? train->rows[0].label : ""));
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
    return st;
}

cam_status cam_labels_assign(const cam_labels *labels, const cam_dataset *dataset, int32_t *ids) {
    cam_status st = CAM_OK;
    cam_problems problems = CAM_PROBLEMS_INIT;
    int32_t *map = NULL;
    CAM_TRY(map_numbers(labels, dataset, &map, &problems));
    for (size_t i = 0; i < dataset->count; i++)
        ids[i] = map[dataset->rows[i].label_number];
    CAM_TRY(cam_problems_status(&problems, CAM_E_DATA));
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
