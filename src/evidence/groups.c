/* groups.c: see groups.h. The file is read once more with the column in the place of the labels. */
#include "groups.h"
#include <stdlib.h>
#include <string.h>

static cam_status check_column(const cam_run *run, const cam_dataset *file) {
    const cam_config *config = run->config;
    cam_strbuf names = CAM_STRBUF_INIT;
    int found = file->columns.count == 0; /* JSON, or the names of data.columns, which the reader has checked */
    for (size_t i = 0; i < file->columns.count; i++) {
        found |= strcmp(file->columns.names[i], config->group_column) == 0;
        cam_strbuf_put_all(&names, i ? ", \"" : "\"", file->columns.names[i], "\"", NULL);
    }
    cam_status st = found ? CAM_OK
                          : cam_fail(CAM_E_USAGE, "%s: no column \"%s\" for group_column; the file has %s",
                                     config->train_file, config->group_column, cam_strbuf_text(&names));
    cam_strbuf_release(&names);
    return st;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The values of the used rows, sorted and all different. */
static cam_status sort_values(cam_groups *groups, const cam_name_set *values) {
    groups->name = calloc(values->count + 1, sizeof *groups->name);
    for (size_t i = 0; groups->name && i < values->count; i++) {
        groups->name[i] = strdup(values->names[i]);
        if (!groups->name[i])
            break;
        groups->count++;
    }
    if ((size_t)groups->count < values->count || !groups->name)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu groups", values->count);
    qsort(groups->name, values->count, sizeof *groups->name, compare_names);
    return CAM_OK;
}

static int32_t number_of(const cam_groups *groups, const char *value) {
    char *const *at = bsearch(&value, groups->name, (size_t)groups->count, sizeof *groups->name, compare_names);
    return (int32_t)(at - groups->name);
}

/* Only rows of the training have a group in the end: the values of rows that are left out do not count. */
static cam_status take(cam_groups *groups, const cam_run *run, const cam_dataset *file) {
    cam_status st = CAM_OK;
    const cam_dataset *rows = &run->corpus.files[CAM_PART_TRAIN];
    const char **value = calloc(rows->count + 1, sizeof *value);
    cam_name_set used = {0};
    int32_t number;
    int added;
    groups->of_row = calloc(rows->count + 1, sizeof *groups->of_row);
    if (!groups->of_row || !value)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the groups of %zu rows", rows->count);
    for (size_t r = 0, f = 0; r < rows->count; r++) {
        while (f < file->count && file->rows[f].row < rows->rows[r].row)
            f++;
        const cam_row *with = f < file->count && file->rows[f].row == rows->rows[r].row ? &file->rows[f] : NULL;
        if (!with || !with->label || with->label_length == 0)
            CAM_FAIL(CAM_E_DATA, "%s:%ld: row %ld has no value in the column \"%s\", by which rows are kept together",
                     run->config->train_file, rows->rows[r].line, cam_row_number(&rows->rows[r]),
                     run->config->group_column);
        value[r] = with->label;
        CAM_TRY(cam_name_set_add(&used, with->label, with->label_length, &number, &added));
    }
    CAM_TRY(sort_values(groups, &used));
    for (size_t r = 0; r < rows->count; r++)
        groups->of_row[r] = number_of(groups, value[r]);
out:
    cam_name_set_release(&used);
    free(value);
    return st;
}

cam_status cam_groups_read(cam_groups *groups, const cam_run *run) {
    cam_status st = CAM_OK;
    const cam_config *config = run->config;
    cam_dataset file = {0};
    cam_read_options options = cam_corpus_read_options(config, config->train_file);
    CAM_TRY(check_column(run, &run->corpus.files[CAM_PART_TRAIN]));
    options.label_column = config->group_column;
    options.label_required = 0;
    options.max_rows = config->max_train_samples;
    CAM_TRY(cam_dataset_load(&options, &file));
    CAM_TRY(take(groups, run, &file));
out:
    cam_dataset_release(&file);
    return st;
}

void cam_groups_release(cam_groups *groups) {
    for (int64_t g = 0; g < groups->count; g++)
        free(groups->name[g]);
    free(groups->name);
    free(groups->of_row);
    *groups = (cam_groups){0};
}
