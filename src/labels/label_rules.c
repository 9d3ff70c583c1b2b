/* label_rules.c: the rules of labels.h that rename labels and leave rows out. A rule decides once for each distinct
 * label of a data set; `to` holds the decisions: the new name by label number, NULL where the rows are left out. */
#include "label_forms.h"
#include "label_use.h"
#include "labels.h"
#include "text_fold.h"
#include <stdlib.h>
#include <string.h>

/* Gives every row its new label, and removes those without. *removed is increased by their number. */
static cam_status relabel(cam_dataset *dataset, const char *const *to, int64_t *removed) {
    cam_status st = CAM_OK;
    cam_name_set labels = {0};
    int added;
    unsigned char *remove = calloc(dataset->count + 1, 1);
    int32_t *number = malloc((dataset->labels.count + 1) * sizeof *number);
    if (!remove || !number)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the labels of \"%s\"", dataset->path);
    for (size_t i = 0; i < dataset->labels.count; i++)
        if (to[i])
            CAM_TRY(cam_name_set_add(&labels, to[i], strlen(to[i]), &number[i], &added));
    for (size_t i = 0; i < dataset->count; i++) {
        cam_row *row = &dataset->rows[i];
        if (!to[row->label_number]) {
            remove[i] = 1;
            ++*removed;
            continue;
        }
        CAM_ASSERT(labels.names != NULL);
        row->label_number = number[row->label_number];
        row->label = labels.names[row->label_number];
        row->label_length = labels.lengths[row->label_number];
    }
    cam_dataset_remove(dataset, remove);
    cam_name_set_release(&dataset->labels);
    dataset->labels = labels;
    labels = (cam_name_set){0};
out:
    cam_name_set_release(&labels);
    free(remove);
    free(number);
    return st;
}

/* --- label_map ------------------------------------------------------------------------------------------------- */

static void apply_map(const cam_label_rules *rules, const cam_dataset *dataset, const char **to) {
    for (size_t p = 0; p < rules->map_count; p++) {
        int32_t number = cam_name_set_find(&dataset->labels, rules->map[p].from, strlen(rules->map[p].from));
        if (number >= 0)
            to[number] = rules->map[p].to;
    }
}

/* --- label_case=fold ------------------------------------------------------------------------------------------- */

/* A spelling for each folded form. */
typedef struct spellings {
    cam_name_set forms;
    const char **names; /* [forms.capacity] */
    int64_t *rows;      /* of the name; INT64_MAX for a name that stays whatever rows have */
    cam_strbuf form;
} spellings;

static void spellings_release(spellings *s) {
    cam_name_set_release(&s->forms);
    cam_strbuf_release(&s->form);
    free(s->names);
    free(s->rows);
}

static cam_status spellings_add(spellings *s, const char *name, int64_t rows) {
    cam_status st = CAM_OK;
    int32_t number;
    int added;
    cam_label_form(name, strlen(name), CAM_LABEL_CASE, &s->form);
    CAM_TRY(cam_name_set_add(&s->forms, cam_strbuf_text(&s->form), s->form.length, &number, &added));
    if (added || rows > s->rows[number]) {
        s->names[number] = name;
        s->rows[number] = rows;
    }
out:
    return st;
}

/* Rows of each name in `to`, by label number of the first label that has this name; 0 for the others. */
static cam_status count_names(const cam_dataset *dataset, const char *const *to, int64_t *rows) {
    cam_status st = CAM_OK;
    cam_label_use *use = NULL;
    cam_name_set names = {0};
    int32_t *first = malloc((dataset->labels.count + 1) * sizeof *first), number;
    int added;
    if (!first)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the labels of \"%s\"", dataset->path);
    CAM_TRY(cam_label_use_count(dataset, &use));
    for (size_t i = 0; i < dataset->labels.count; i++) {
        if (!to[i])
            continue;
        CAM_TRY(cam_name_set_add(&names, to[i], strlen(to[i]), &number, &added));
        if (added)
            first[number] = (int32_t)i;
        rows[first[number]] += use[i].rows;
    }
out:
    cam_name_set_release(&names);
    free(first);
    free(use);
    return st;
}

static cam_status fold_case(const cam_label_rules *rules, const cam_labels *known, const cam_dataset *dataset,
                            const char **to) {
    cam_status st = CAM_OK;
    size_t size = dataset->labels.count, most = size + rules->spelling_count + (known ? known->count : 0);
    spellings s = {.names = malloc((most + 1) * sizeof *s.names), .rows = malloc((most + 1) * sizeof *s.rows)};
    int64_t *rows = calloc(size + 1, sizeof *rows);
    if (!s.names || !s.rows || !rows)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the labels of \"%s\"", dataset->path);
    CAM_TRY(count_names(dataset, to, rows));
    for (size_t i = 0; i < rules->spelling_count; i++)
        CAM_TRY(spellings_add(&s, rules->spellings[i], INT64_MAX));
    for (size_t i = 0; known && i < known->count; i++)
        CAM_TRY(spellings_add(&s, known->names[i], INT64_MAX));
    for (size_t i = 0; i < size; i++)
        if (rows[i] > 0)
            CAM_TRY(spellings_add(&s, to[i], rows[i]));
    for (size_t i = 0; i < size; i++)
        if (to[i] && !(known && cam_labels_find(known, to[i], strlen(to[i])) >= 0)) {
            cam_label_form(to[i], strlen(to[i]), CAM_LABEL_CASE, &s.form);
            int32_t form = cam_name_set_find(&s.forms, cam_strbuf_text(&s.form), s.form.length);
            to[i] = form < 0 ? to[i] : s.names[form];
        }
out:
    spellings_release(&s);
    free(rows);
    return st;
}

cam_status cam_labels_rename(const cam_label_rules *rules, const cam_labels *known, cam_dataset *dataset,
                             cam_strbuf *notes) {
    cam_status st = CAM_OK;
    int64_t removed = 0;
    const char **to = NULL;
    if (rules->map_count == 0 && rules->label_case == CAM_LABEL_CASE_KEEP)
        goto out;
    to = malloc((dataset->labels.count + 1) * sizeof *to);
    if (!to)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the labels of \"%s\"", dataset->path);
    for (size_t i = 0; i < dataset->labels.count; i++)
        to[i] = dataset->labels.names[i];
    apply_map(rules, dataset, to);
    if (rules->label_case == CAM_LABEL_CASE_FOLD)
        CAM_TRY(fold_case(rules, known, dataset, to));
    CAM_TRY(relabel(dataset, to, &removed));
    if (removed > 0)
        cam_strbuf_printf(notes, "%s: %lld row%s left out by label_map\n", dataset->path, (long long)removed,
                          removed == 1 ? " was" : "s were");
out:
    free(to);
    return st;
}

/* --- min_rows_per_label ---------------------------------------------------------------------------------------- */

/* Appends "a" 1, "b" 2, ... */
static void put_rare(const cam_dataset *dataset, const cam_label_use *use, const unsigned char *is_rare,
                     cam_strbuf *out) {
    size_t shown = 0, rare = 0;
    for (size_t i = 0; i < dataset->labels.count; i++) {
        rare += is_rare[i];
        if (!is_rare[i] || shown == CAM_LABELS_NAMED)
            continue;
        cam_strbuf_puts(out, shown++ ? ", " : "");
        cam_strbuf_put_json(out, dataset->labels.names[i], dataset->labels.lengths[i]);
        cam_strbuf_printf(out, " %lld", (long long)use[i].rows);
    }
    if (rare > shown)
        cam_strbuf_printf(out, " and %zu more", rare - shown);
}

static size_t mark_rare(const cam_label_rules *rules, const cam_labels *known, const cam_dataset *dataset,
                        const cam_label_use *use, unsigned char *is_rare, int64_t *rows) {
    size_t count = 0;
    for (size_t i = 0; i < dataset->labels.count; i++) {
        const char *name = dataset->labels.names[i];
        is_rare[i] =
            use[i].rows > 0 &&
            (known ? cam_labels_find(known, name, dataset->labels.lengths[i]) < 0 : use[i].rows < rules->min_rows) &&
            !(rules->on_rare == CAM_RARE_LABEL_OTHER && strcmp(name, CAM_LABEL_OTHER) == 0);
        count += is_rare[i];
        *rows += is_rare[i] ? use[i].rows : 0;
    }
    return count;
}

static void note_rare(const cam_label_rules *rules, const cam_labels *known, const cam_dataset *dataset, size_t count,
                      int64_t rows, const char *names, cam_strbuf *notes) {
    cam_strbuf_printf(notes, "%s: %zu label%s ", dataset->path, count, count == 1 ? "" : "s");
    if (known)
        cam_strbuf_puts(notes, "without training rows");
    else
        cam_strbuf_printf(notes, "with fewer than %lld rows", (long long)rules->min_rows);
    if (rules->on_rare == CAM_RARE_LABEL_OTHER)
        cam_strbuf_printf(notes, " became \"" CAM_LABEL_OTHER "\" (%lld row%s): %s\n", (long long)rows,
                          rows == 1 ? "" : "s", names);
    else
        cam_strbuf_printf(notes, " %s left out (%lld row%s): %s\n", count == 1 ? "was" : "were", (long long)rows,
                          rows == 1 ? "" : "s", names);
}

cam_status cam_labels_treat_rare(const cam_label_rules *rules, const cam_labels *known, cam_dataset *dataset,
                                 cam_strbuf *notes) {
    cam_status st = CAM_OK;
    cam_label_use *use = NULL;
    const char **to = NULL;
    unsigned char *is_rare = NULL;
    cam_strbuf names = CAM_STRBUF_INIT;
    int64_t rows = 0, removed = 0;
    if (rules->min_rows <= 1 || (known && rules->on_rare == CAM_RARE_LABEL_ERROR))
        goto out;
    to = malloc((dataset->labels.count + 1) * sizeof *to);
    is_rare = malloc(dataset->labels.count + 1);
    if (!to || !is_rare)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the labels of \"%s\"", dataset->path);
    CAM_TRY(cam_label_use_count(dataset, &use));
    size_t count = mark_rare(rules, known, dataset, use, is_rare, &rows);
    if (count == 0)
        goto out;
    put_rare(dataset, use, is_rare, &names);
    if (rules->on_rare == CAM_RARE_LABEL_ERROR)
        CAM_FAIL(CAM_E_DATA,
                 "%s: %zu label%s fewer than %lld rows (min_rows_per_label): %s; on_rare_label=drop leaves the rows "
                 "out, on_rare_label=other puts them under one label",
                 dataset->path, count, count == 1 ? " has" : "s have", (long long)rules->min_rows,
                 cam_strbuf_text(&names));
    for (size_t i = 0; i < dataset->labels.count; i++)
        to[i] = !is_rare[i]                              ? dataset->labels.names[i]
                : rules->on_rare == CAM_RARE_LABEL_OTHER ? CAM_LABEL_OTHER
                                                         : NULL;
    note_rare(rules, known, dataset, count, rows, cam_strbuf_text(&names), notes);
    CAM_TRY(relabel(dataset, to, &removed));
out:
    cam_strbuf_release(&names);
    free(use);
    free(to);
    free(is_rare);
    return st;
}

cam_status cam_label_rules_apply(const cam_label_rules *rules, const cam_labels *known, cam_dataset *dataset,
                                 cam_strbuf *notes) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_labels_rename(rules, known, dataset, notes));
    CAM_TRY(cam_labels_treat_rare(rules, known, dataset, notes));
out:
    return st;
}
