/* reading.c: see reading.h. */
#include "reading.h"
#include "corpus.h"
#include "files.h"
#include "log.h"
#include "place.h"
#include <stdlib.h>
#include <string.h>

static cam_status read_run_yaml(cam_reading *reading, const char *folder) {
    cam_status st = CAM_OK;
    cam_problems problems = CAM_PROBLEMS_INIT;
    char *path = cam_path_join(folder, "run.yaml");
    CAM_TRY(cam_config_defaults(&reading->config));
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

/* The delimiter of run.yaml, or that of the training file where it still can be read. */
static char training_delimiter(const cam_reading *reading) {
    const cam_config *config = &reading->config;
    cam_record_reader *reader = NULL;
    char delimiter = cam_config_delimiter_char(config->delimiter);
    if (!reading->has_run || delimiter || !config->train_file || !cam_file_is_regular(config->train_file))
        return delimiter;
    cam_read_options options = cam_corpus_read_options(config, config->train_file);
    if (cam_record_reader_open(&options, &reader) == CAM_OK)
        delimiter = cam_record_reader_delimiter(reader);
    cam_record_reader_close(reader);
    return delimiter;
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
    reading->delimiter = training_delimiter(reading);
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

static int is_copy(const char *path, const char *of) {
    cam_mapping a = {0}, b = {0};
    int is = cam_file_is_same(path, of);
    if (!is && cam_file_is_regular(path) && cam_file_is_regular(of) && cam_file_map(path, CAM_E_DATA, &a) == CAM_OK &&
        cam_file_map(of, CAM_E_DATA, &b) == CAM_OK)
        is = a.size == b.size && a.size > 0 && memcmp(a.bytes, b.bytes, a.size) == 0;
    cam_file_unmap(&a);
    cam_file_unmap(&b);
    return is;
}

/* True for a file of the run itself, and for a copy of one. */
static int is_run_file(const cam_reading *reading, const char *path) {
    const char *const files[] = {reading->config.train_file, reading->config.validation_file,
                                 reading->config.test_file};
    for (size_t i = 0; i < sizeof files / sizeof files[0] && reading->has_run; i++)
        if (files[i] && is_copy(path, files[i]))
            return 1;
    return 0;
}

void cam_reading_options(const cam_reading *reading, const cam_arguments *arguments, const char *path,
                         cam_read_options *options) {
    cam_config config = reading->config; /* a copy of the struct only; `reading` owns its texts */
    int is_known = is_run_file(reading, path);
    /* Without an option they are AUTO, the first word: this file decides. */
    if (arguments->input_format.word || !is_known)
        config.format = (enum cam_choice_format)arguments->input_format.value;
    config.encoding = (enum cam_choice_encoding)arguments->encoding.value;
    config.delimiter = (enum cam_choice_delimiter)arguments->delimiter.value;
    if (arguments->on_bad_row.word)
        config.on_bad_row = (enum cam_choice_on_bad_row)arguments->on_bad_row.value;
    *options = cam_corpus_read_options(&config, path);
    options->syntax = CAM_SYNTAX_OPTIONS;
    options->columns_are_hint = reading->columns == NULL;
    options->encoding_hint = reading->has_run ? reading->config.encoding : CAM_ENCODING_AUTO;
    options->delimiter_hint = reading->delimiter;
    options->is_known_file = is_known;
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
    if (strcmp(path, "-") == 0 && options->format == CAM_FORMAT_AUTO && !arguments->input_format.word)
        options->format = CAM_FORMAT_LINES;
    options->label_required = 0;
    options->keep_blank = 1;
}

void cam_reading_warn_of_table(const cam_reading *reading, const cam_read_options *options, const cam_record *first) {
    static const char between[] = ",;\t|\"";
    const char *name = cam_text_column(options);
    size_t length = strlen(name);
    int named = reading->has_run || options->text_column;
    for (size_t at = 0; named && at + length <= first->text_length; at++) {
        const char *cell = first->text + at, *end = first->text + first->text_length;
        int is_cell = memcmp(cell, name, length) == 0 && (at == 0 || strchr(between, cell[-1])) &&
                      (cell + length == end || strchr(between, cell[length])) &&
                      (length < first->text_length || reading->has_run);
        if (!is_cell)
            continue;
        cam_log_warn(
            "%s: each line is taken for a text, and the first looks like the header of a table with the column "
            "\"%s\"; to read the table, add --input-format csv",
            strcmp(options->path, "-") == 0 ? "standard input" : options->path, name);
        return;
    }
}

void cam_reading_warn(const cam_strbuf *lines) {
    const char *rest = cam_strbuf_text(lines);
    for (size_t length; *rest; rest += length + (rest[length] != '\0')) {
        length = strcspn(rest, "\n");
        if (length > 0)
            cam_log_warn("%.*s", (int)length, rest);
    }
}

void cam_reading_warn_of_rows(const cam_read_options *options, const cam_read_counts *counts) {
    const char *path = strcmp(options->path, "-") == 0 ? "standard input" : options->path;
    cam_read_counts others = *counts;
    cam_strbuf lines = CAM_STRBUF_INIT;
    if (options->keep_blank && counts->bad_skipped > 0) {
        others.bad_skipped = 0;
        cam_strbuf_printf(&lines, "%s: %lld row%s empty; the first, ", path, (long long)counts->bad_skipped,
                          counts->bad_skipped == 1 ? " cannot be read, and its answer is"
                                                   : "s cannot be read, and their answers are");
        cam_place_put(&lines, counts->first_bad_row, counts->first_bad_line);
        cam_strbuf_printf(&lines, ": %s\n", counts->first_bad_cause);
    }
    cam_read_counts_describe(&others, path, &lines);
    cam_reading_warn(&lines);
    cam_strbuf_release(&lines);
}

cam_status cam_reading_failed(cam_status st, const cam_read_options *options, const cam_read_counts *counts) {
    static const char setting[] = "--on-bad-row skip";
    if (st != CAM_E_DATA || counts->bad_rows == 0 || options->on_bad_row == CAM_BAD_ROW_SKIP ||
        strstr(cam_status_message(), setting))
        return st;
    return cam_fail(st, "%s (%s leaves %s)", cam_status_message(), setting,
                    options->keep_blank ? "the answers of such rows empty" : "such rows out");
}
