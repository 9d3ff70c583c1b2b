/* dataset.c: see dataset.h. Texts are copied from the reader's window into blocks that never move. */
#include "dataset.h"
#include "place.h"
#include "text_fold.h"
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 20 };

typedef struct cam_text_block {
    struct cam_text_block *next;
    size_t used, capacity;
    char bytes[];
} cam_text_block;

/* A NUL-terminated copy that lives as long as the data set. */
static cam_status keep(cam_dataset *dataset, const char *text, size_t length, const char **kept) {
    cam_status st = CAM_OK;
    cam_text_block *block = dataset->blocks;
    if (!block || block->capacity - block->used <= length) {
        size_t capacity = length < BLOCK_BYTES ? BLOCK_BYTES : length + 1;
        block = malloc(sizeof *block + capacity);
        if (!block)
            CAM_FAIL(CAM_E_MEMORY, "no memory for the texts of \"%s\"", dataset->path);
        *block = (cam_text_block){.next = dataset->blocks, .capacity = capacity};
        dataset->blocks = block;
    }
    char *to = block->bytes + block->used;
    memcpy(to, text, length);
    to[length] = '\0';
    block->used += length + 1;
    *kept = to;
out:
    return st;
}

static cam_status add_row(cam_dataset *dataset, size_t *capacity, const cam_record *record) {
    cam_status st = CAM_OK;
    cam_row row = {.text_length = record->text_length,
                   .label_length = record->label_length,
                   .label_number = -1,
                   .line = record->line,
                   .sheet_row = record->sheet_row,
                   .row = record->row};
    int added;
    if (dataset->count == *capacity) {
        size_t wanted = *capacity ? 2 * *capacity : 1024;
        cam_row *rows = realloc(dataset->rows, wanted * sizeof *rows);
        if (!rows)
            CAM_FAIL(CAM_E_MEMORY, "no memory for %zu rows of \"%s\"", wanted, dataset->path);
        dataset->rows = rows;
        *capacity = wanted;
    }
    CAM_TRY(keep(dataset, record->text, record->text_length, &row.text));
    if (record->label) {
        CAM_TRY(cam_name_set_add(&dataset->labels, record->label, record->label_length, &row.label_number, &added));
        row.label = dataset->labels.names[row.label_number];
    }
    dataset->rows[dataset->count++] = row;
out:
    return st;
}

static cam_status fail_all_bad(const cam_read_options *options, const cam_read_counts *counts) {
    cam_strbuf first = CAM_STRBUF_INIT;
    cam_place_put(&first, counts->first_bad_row, counts->first_bad_line);
    cam_fail(CAM_E_DATA, "%s: every row is bad (%lld), the first %s: %s", options->path, (long long)counts->bad_skipped,
             first.text, counts->first_bad_cause);
    cam_strbuf_release(&first);
    return CAM_E_DATA;
}

/* What is known of the file, also after a failure. */
static void keep_facts(cam_dataset *dataset, const cam_record_reader *reader) {
    size_t count = 0;
    const char *const *header = cam_record_reader_header(reader, &count);
    int32_t number;
    int added;
    dataset->counts = *cam_record_reader_counts(reader);
    dataset->counts.format = cam_record_reader_format(reader);
    dataset->encoding = cam_record_reader_form(reader).encoding;
    dataset->delimiter = cam_record_reader_delimiter(reader);
    for (size_t i = 0; header && i < count; i++) {
        const char *name = header[i];
        size_t length = strlen(name);
        cam_text_trim(&name, &length);
        if (cam_name_set_add(&dataset->columns, name, length, &number, &added) != CAM_OK)
            break; /* the names are only shown */
    }
}

cam_status cam_dataset_load(const cam_read_options *options, cam_dataset *dataset) {
    cam_status st = CAM_OK;
    cam_record_reader *reader = NULL;
    cam_record record;
    size_t capacity = 0;
    int got;
    *dataset = (cam_dataset){.path = strdup(options->path)};
    if (!dataset->path)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", options->path);
    CAM_TRY(cam_record_reader_open(options, &reader));
    for (;;) {
        CAM_TRY(cam_record_reader_next(reader, &record, &got));
        if (!got)
            break;
        CAM_TRY(add_row(dataset, &capacity, &record));
    }
    dataset->counts = *cam_record_reader_counts(reader);
    if (dataset->count == 0 && dataset->counts.bad_skipped > 0)
        CAM_TRY(fail_all_bad(options, &dataset->counts));
    if (dataset->count == 0)
        CAM_FAIL(CAM_E_DATA, "%s: no rows%s", options->path,
                 options->columns || cam_record_reader_delimiter(reader) == '\0' ? "" : " after the header");
out:
    if (reader)
        keep_facts(dataset, reader);
    cam_record_reader_close(reader);
    return st;
}

void cam_dataset_remove(cam_dataset *dataset, const unsigned char *remove) {
    size_t kept = 0;
    for (size_t i = 0; i < dataset->count; i++)
        if (!remove[i])
            dataset->rows[kept++] = dataset->rows[i];
    dataset->count = kept;
}

void cam_dataset_release(cam_dataset *dataset) {
    while (dataset->blocks) {
        cam_text_block *next = dataset->blocks->next;
        free(dataset->blocks);
        dataset->blocks = next;
    }
    cam_name_set_release(&dataset->labels);
    cam_name_set_release(&dataset->columns);
    free(dataset->rows);
    free(dataset->path);
    *dataset = (cam_dataset){0};
}
