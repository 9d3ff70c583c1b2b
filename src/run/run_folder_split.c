/* run_folder_split.c: writes and reads split.tsv; see run_folder.h. */
#include "files.h"
#include "run_folder.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char title[] = "row\tline\tpart\n";
/* More than split.tsv can have: INT32_MAX rows of at most 32 bytes. */
static const size_t most_bytes = (size_t)1 << 36;

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
            cam_strbuf_printf(&text, "%ld\t%ld\t%s\n", cam_row_number(&file->rows[i]), file->rows[i].line,
                              cam_data_part_name((cam_data_part)part_of[i]));
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

/* Reads one line and moves *at past it. Returns 0 if it is none of split.tsv. */
static int read_row(const char **at, cam_run_split_row *row) {
    row->number = read_number(at);
    row->line = row->number ? read_number(at) : 0;
    if (!row->line)
        return 0;
    size_t length = strcspn(*at, "\n");
    for (int part = 0; part < CAM_PARTS; part++) {
        const char *name = cam_data_part_name((cam_data_part)part);
        if (strlen(name) != length || strncmp(*at, name, length) != 0 || (*at)[length] != '\n')
            continue;
        row->part = (cam_data_part)part;
        *at += length + 1;
        return 1;
    }
    return 0;
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
        CAM_FAIL(CAM_E_MODEL, "%s:1: expected the columns row, line and part; train the model again to write them",
                 path);
    const char *at = text + sizeof title - 1;
    split->rows = malloc((count_lines(at) + 1) * sizeof *split->rows);
    if (!split->rows)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the rows of \"%s\"", path);
    for (long previous = 0; *at; split->count++) {
        cam_run_split_row *row = &split->rows[split->count];
        if (!read_row(&at, row) || row->number <= previous)
            CAM_FAIL(CAM_E_MODEL, "%s:%zu: not a row that a run wrote; train the model again to write the file", path,
                     split->count + 2);
        previous = row->number;
    }
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
    *split = (cam_run_split){0};
}

int cam_run_split_part(const cam_run_split *split, long number, long line) {
    size_t first = 0, end = split->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (split->rows[middle].number < number)
            first = middle + 1;
        else
            end = middle;
    }
    const cam_run_split_row *row = split->rows + first;
    return first < split->count && row->number == number && row->line == line ? (int)row->part : -1;
}
