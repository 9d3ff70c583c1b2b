/* label_joined.c: see label_joined_internal.h. */
#include "label_forms.h"
#include "label_joined_internal.h"
#include "text_fold.h"
#include <stdlib.h>
#include <string.h>

/* The parts of all labels between one separator, each with the number of labels that have it. */
typedef struct parts_of {
    const cam_dataset *dataset;
    const cam_label_use *use;
    char separator;
    cam_name_set set;
    int32_t *labels;
    size_t capacity;
} parts_of;

/* Cuts the next part off *label, which is NULL after the last one. */
static const char *next_part(const char **label, char separator, size_t *length) {
    const char *part = *label, *end = strchr(part, separator);
    *length = end ? (size_t)(end - part) : strlen(part);
    *label = end ? end + 1 : NULL;
    cam_text_trim(&part, length);
    return part;
}

static cam_status count_parts(parts_of *p) {
    cam_status st = CAM_OK;
    for (size_t i = 0; i < p->dataset->labels.count; i++) {
        const char *rest = p->use[i].rows > 0 ? p->dataset->labels.names[i] : NULL;
        while (rest) {
            size_t length;
            int32_t number;
            int added;
            const char *part = next_part(&rest, p->separator, &length);
            CAM_TRY(cam_name_set_add(&p->set, part, length, &number, &added));
            if (p->set.count > p->capacity) {
                int32_t *labels = realloc(p->labels, p->set.capacity * sizeof *labels);
                if (!labels)
                    CAM_FAIL(CAM_E_MEMORY, "no memory for %zu parts of labels", p->set.count);
                p->labels = labels;
                p->capacity = p->set.capacity;
            }
            p->labels[number] = added ? 1 : p->labels[number] + 1;
        }
    }
out:
    return st;
}

/* Whether the label has several parts, and other labels have each of them, too. */
static int is_joined(const parts_of *p, size_t number) {
    const char *rest = p->dataset->labels.names[number];
    int parts = 0;
    for (; rest; parts++) {
        size_t length;
        const char *part = next_part(&rest, p->separator, &length);
        if (length == 0 || p->labels[cam_name_set_find(&p->set, part, length)] < 2)
            return 0;
    }
    return parts > 1;
}

/* "3 labels look like several labels in one, between ";": "compte;livraison" (8 rows in all) ..." */
static void put_joined(const parts_of *p, cam_strbuf *out) {
    size_t joined = 0, first = 0;
    int64_t rows = 0;
    for (size_t i = 0; i < p->dataset->labels.count; i++)
        if (p->use[i].rows > 0 && is_joined(p, i)) {
            first = joined++ == 0 ? i : first;
            rows += p->use[i].rows;
        }
    if (joined == 0)
        return;
    cam_strbuf_printf(out, "%zu label%s like several labels in one: ", joined, joined == 1 ? " looks" : "s look");
    cam_label_put(p->dataset->labels.names[first], 0, out);
    cam_strbuf_printf(out,
                      "%s (%lld row%s in all); a text has one label here, so that each combination is a class of its "
                      "own: keep one label a row\n",
                      joined == 1 ? "" : ", ...", (long long)rows, rows == 1 ? "" : "s");
}

cam_status cam_label_joined_put(const cam_dataset *dataset, const cam_label_use *use, cam_strbuf *out) {
    cam_status st = CAM_OK;
    for (const char *separator = ";|,+"; *separator && st == CAM_OK; separator++) {
        parts_of p = {.dataset = dataset, .use = use, .separator = *separator};
        st = count_parts(&p);
        if (st == CAM_OK)
            put_joined(&p, out);
        cam_name_set_release(&p.set);
        free(p.labels);
    }
    return st;
}
