/* detect_trial.c: reads a file as a run would, under the options that were detected; see detect.h. */
#include "dataset.h"
#include "detect.h"
#include <stdlib.h>
#include <string.h>

static cam_status count_labels(const cam_dataset *data, cam_trial *trial) {
    int64_t *rows = calloc(data->labels.count + 1, sizeof *rows);
    if (!rows)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu labels", data->labels.count);
    for (size_t i = 0; i < data->count; i++)
        rows[data->rows[i].label_number]++;
    trial->fewest = INT64_MAX;
    for (size_t i = 0; i < data->labels.count; i++) {
        if (rows[i] == 0)
            continue;
        trial->labels++;
        trial->fewest = rows[i] < trial->fewest ? rows[i] : trial->fewest;
        trial->rare += rows[i] == 1;
        if (rows[i] == 1 && !trial->rarest)
            trial->rarest = strdup(data->labels.names[i]);
    }
    free(rows);
    return CAM_OK;
}

static size_t characters_of(const char *text, size_t length) {
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

cam_status cam_detect_try(const char *path, const cam_detected *found, cam_trial *trial) {
    cam_status st = CAM_OK;
    cam_dataset data = {0};
    *trial = (cam_trial){0};
    cam_read_options options = {.path = path,
                                .format = found->format,
                                .encoding = found->encoding,
                                .delimiter = found->delimiter,
                                .columns = found->has_header ? NULL : (const char *const *)found->columns,
                                .column_count = found->has_header ? 0 : found->column_count,
                                .text_column = found->columns[found->text_column],
                                .label_column = found->columns[found->label_column],
                                .on_bad_row = CAM_BAD_ROW_SKIP,
                                .label_required = 1,
                                .syntax = CAM_SYNTAX_OPTIONS};
    CAM_TRY(cam_dataset_load(&options, &data));
    trial->rows = (int64_t)data.count;
    trial->bad_rows = data.counts.bad_skipped;
    memcpy(trial->bad_cause, data.counts.first_bad_cause, sizeof trial->bad_cause);
    for (size_t i = 0; i < data.count; i++)
        trial->long_texts += data.rows[i].text_length > CAM_TRIAL_LONG_TEXT &&
                             characters_of(data.rows[i].text, data.rows[i].text_length) > CAM_TRIAL_LONG_TEXT;
    CAM_TRY(count_labels(&data, trial));
out:
    cam_dataset_release(&data);
    return st;
}

void cam_trial_release(cam_trial *trial) {
    free(trial->rarest);
    *trial = (cam_trial){0};
}
