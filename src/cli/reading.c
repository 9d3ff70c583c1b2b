/* reading.c: see reading.h. */
#include "reading.h"
#include "corpus.h"
#include "files.h"
#include <stdlib.h>
#include <string.h>

static cam_status read_run_yaml(cam_reading *reading, const char *folder) {
    cam_status st = CAM_OK;
    cam_problems problems = CAM_PROBLEMS_INIT;
    char *path = cam_path_join(folder, "run.yaml");
    cam_config_defaults(&reading->config);
    reading->has_run = cam_file_exists(path);
    if (reading->has_run) {
        cam_config_release(&reading->config);
        CAM_TRY(cam_config_load(&reading->config, (const char *const[]){path}, 1, NULL, 0, &problems));
    }
out:
    cam_problems_release(&problems);
    free(path);
    return st;
}

/* Splits "label,text" into a list. */
static cam_status split_columns(cam_reading *reading, const char *text) {
    reading->columns_text = strdup(text);
    reading->columns = calloc(strlen(text) + 1, sizeof *reading->columns);
    if (!reading->columns_text || !reading->columns)
        return cam_fail(CAM_E_MEMORY, "no memory for the names of columns");
    char *rest = reading->columns_text;
    for (char *name; (name = strsep(&rest, ",")) != NULL;)
        reading->columns[reading->column_count++] = name;
    return CAM_OK;
}

cam_status cam_reading_open(cam_reading *reading, const cam_arguments *arguments, const char *folder) {
    cam_status st = CAM_OK;
    *reading = (cam_reading){0};
    CAM_TRY(read_run_yaml(reading, folder));
    reading->max_seq_length = reading->has_run ? (long)reading->config.max_seq_length : 0;
    if (arguments->columns)
        CAM_TRY(split_columns(reading, arguments->columns));
    if (arguments->max_seq_length)
        CAM_TRY(cam_argument_integer("--max-seq-length", arguments->max_seq_length, 3, 8192, &reading->max_seq_length));
out:
    return st;
}

void cam_reading_release(cam_reading *reading) {
    cam_config_release(&reading->config);
    free(reading->columns);
    free(reading->columns_text);
    *reading = (cam_reading){0};
}

void cam_reading_options(const cam_reading *reading, const cam_arguments *arguments, const char *path,
                         cam_read_options *options) {
    cam_config config = reading->config; /* a copy of the struct only; `reading` owns its texts */
    if (arguments->input_format.word)
        config.format = (enum cam_choice_format)arguments->input_format.value;
    if (arguments->encoding.word)
        config.encoding = (enum cam_choice_encoding)arguments->encoding.value;
    if (arguments->delimiter.word)
        config.delimiter = (enum cam_choice_delimiter)arguments->delimiter.value;
    *options = cam_corpus_read_options(&config, path);
    if (reading->columns) {
        options->columns = reading->columns;
        options->column_count = reading->column_count;
    }
    if (arguments->text_column)
        options->text_column = arguments->text_column;
    if (arguments->label_column)
        options->label_column = arguments->label_column;
}

void cam_reading_text_options(const cam_reading *reading, const cam_arguments *arguments, const char *path,
                              cam_read_options *options) {
    cam_reading_options(reading, arguments, path, options);
    if (!arguments->input_format.word) /* the format of the training file does not apply to this file */
        options->format = cam_format_of_path(path) == CAM_FORMAT_AUTO ? CAM_FORMAT_LINES : CAM_FORMAT_AUTO;
    options->label_required = 0;
    options->keep_blank = 1;
}
