/* run_folder_split.c: writes and reads split.tsv; see run_folder.h. */
#include "files.h"
#include "run_folder.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char title[] = "row\tline\tpart\ttext\n";
/* More than split.tsv can have: INT32_MAX rows of at most 64 bytes. */
static const size_t most_bytes = (size_t)1 << 37;
enum { HASH_DIGITS = 16 };

cam_status cam_run_folder_put_split(const cam_run_folder *folder, const cam_corpus *corpus) {
    cam_strbuf text = CAM_STRBUF_INIT;
    const cam_dataset *file = &corpus->files[CAM_PART_TRAIN];
    unsigned char *part_of = malloc((size_t)corpus->rows + 1);
    if (!part_of)
        return cam_fail(CAM_E_MEMORY, "no memory for the split of %lld rows", (long long)corpus->rows);
    memset(part_of, CAM_PARTS, (size_t)corpus->rows + 1);
    for (int part = 0; part < CAM_PARTS; part++)
        for (int64_t i = 0; i < corpus->part_count[part]; i++)
            part_of[corpus->part[part][i]] = (unsigned char)part;
    cam_strbuf_puts(&text, title);
    for (size_t i = 0; i < file->count; i++)
        if (part_of[i] != CAM_PARTS)
            cam_strbuf_printf(&text, "%ld\t%ld\t%s\t%016" PRIx64 "\n", cam_row_number(&file->rows[i]),
                              file->rows[i].line, cam_data_part_name((cam_data_part)part_of[i]),
                              cam_audit_text_hash(&file->rows[i]));
    cam_status st = cam_run_folder_put(folder, "split.tsv", &text);
    cam_strbuf_release(&text);
    free(part_of);
    return st;
}

/* Reads a number from 1 that a tab follows, and moves *at past both. Returns 0 if there is none. */
static long read_number(const char **at) {
    char *end = NULL;
    errno = 0;
    long number = **at >= '0' && **at <= '9' ? strtol(*at, &end, 10) : 0;
    if (number < 1 || errno != 0 || *end != '\t')
        return 0;
    *at = end + 1;
    return number;
}

/* Reads the name of a part and the tab after it; CAM_PARTS where it is none. */
static cam_data_part read_part(const char **at) {
    size_t length = strcspn(*at, "\t\n");
    for (int part = 0; part < CAM_PARTS; part++) {
        const char *name = cam_data_part_name((cam_data_part)part);
        if (strlen(name) != length || strncmp(*at, name, length) != 0 || (*at)[length] != '\t')
            continue;
        *at += length + 1;
        return (cam_data_part)part;
    }
    return CAM_PARTS;
}

/* Reads one line and moves *at past it. Returns 0 if it is none of split.tsv. */
static int read_row(const char **at, cam_run_split_row *row) {
    row->number = read_number(at);
    row->line = row->number ? read_number(at) : 0;
    row->part = row->line ? read_part(at) : CAM_PARTS;
    if (row->part == CAM_PARTS || strspn(*at, "0123456789abcdef") != HASH_DIGITS || (*at)[HASH_DIGITS] != '\n')
        return 0;
    row->text = strtoull(*at, NULL, 16);
    *at += HASH_DIGITS + 1;
    return 1;
}

static int compare_texts(const void *a, const void *b) {
    const cam_run_split_row *x = *(const cam_run_split_row *const *)a, *y = *(const cam_run_split_row *const *)b;
    if (x->text != y->text)
        return x->text < y->text ? -1 : 1;
    return x->part != y->part ? (x->part < y->part ? -1 : 1) : (x->number > y->number) - (x->number < y->number);
}

static size_t count_lines(const char *text) {
    size_t lines = 0;
    while ((text = strchr(text, '\n')) != NULL) {
        lines++;
        text++;
    }
    return lines;
}

static cam_status parse(const char *path, const char *text, cam_run_split *split) {
    cam_status st = CAM_OK;
    if (strncmp(text, title, sizeof title - 1) != 0)
        CAM_FAIL(CAM_E_MODEL,
                 "%s:1: expected the columns row, line, part and text; train the model again to write them", path);
    const char *at = text + sizeof title - 1;
    split->rows = malloc((count_lines(at) + 1) * sizeof *split->rows);
    split->by_text = malloc((count_lines(at) + 1) * sizeof *split->by_text);
    if (!split->rows || !split->by_text)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the rows of \"%s\"", path);
    for (long previous = 0; *at; split->count++) {
        cam_run_split_row *row = &split->rows[split->count];
        if (!read_row(&at, row) || row->number <= previous)
            CAM_FAIL(CAM_E_MODEL, "%s:%zu: not a row that a run wrote; train the model again to write the file", path,
                     split->count + 2);
        previous = row->number;
        split->by_text[split->count] = row;
    }
    qsort(split->by_text, split->count, sizeof *split->by_text, compare_texts);
out:
    return st;
}

cam_status cam_run_folder_read_split(const char *folder, cam_run_split *split) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    char *path = cam_path_join(folder, "split.tsv");
    *split = (cam_run_split){0};
    CAM_TRY(cam_file_read(path, most_bytes, CAM_E_MODEL, &text));
    CAM_TRY(parse(path, cam_strbuf_text(&text), split));
out:
    if (st != CAM_OK)
        cam_run_split_release(split);
    cam_strbuf_release(&text);
    free(path);
    return st;
}

void cam_run_split_release(cam_run_split *split) {
    free(split->rows);
    free(split->by_text);
    *split = (cam_run_split){0};
}

const cam_run_split_row *cam_run_split_find(const cam_run_split *split, long number, long line, uint64_t text) {
    size_t first = 0, end = split->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (split->rows[middle].number < number)
            first = middle + 1;
        else
            end = middle;
    }
    const cam_run_split_row *row = split->rows + first;
    return first < split->count && row->number == number && row->line == line && row->text == text ? row : NULL;
}

const cam_run_split_row *cam_run_split_find_text(const cam_run_split *split, uint64_t text) {
    size_t first = 0, end = split->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (split->by_text[middle]->text < text)
            first = middle + 1;
        else
            end = middle;
    }
    return first < split->count && split->by_text[first]->text == text ? split->by_text[first] : NULL;
}
