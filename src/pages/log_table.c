/* log_table.c: see log_table_internal.h. Invariant: each column of a table has room for `capacity` rows. */
#include "files.h"
#include "json_size.h"
#include "log_table_internal.h"
#include "member_internal.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_VALUES = 4096 };
#define LOG_BYTES ((size_t)1 << 32)

#define MEMBER(member) #member,
static const char *const step_members[] = {CAM_LOG_STEP_MEMBERS(MEMBER)};
const char *const cam_log_eval_members[] = {CAM_LOG_EVAL_MEMBERS(MEMBER)};
#undef MEMBER

static cam_status grow(cam_log_rows *rows, int columns) {
    size_t capacity = rows->capacity ? 2 * rows->capacity : 256;
    for (int c = 0; c < columns; c++) {
        double *column = realloc(rows->column[c], capacity * sizeof *column);
        if (!column)
            return cam_fail(CAM_E_MEMORY, "no memory for the %zu lines of log.jsonl", rows->count);
        rows->column[c] = column;
    }
    rows->capacity = capacity;
    return CAM_OK;
}

static cam_status add_row(cam_log_rows *rows, const json_t *event, const char *const *members, int columns) {
    cam_status st = CAM_OK;
    if (rows->count == rows->capacity)
        CAM_TRY(grow(rows, columns));
    for (int c = 0; c < columns; c++)
        rows->column[c][rows->count] = cam_member_number(event, members[c]);
    rows->count++;
out:
    return st;
}

static cam_status add_event(cam_log_table *table, json_t *event) {
    const char *kind = cam_member_text(event, "event");
    if (strcmp(kind, "step") == 0)
        return add_row(&table->steps, event, step_members, CAM_LOG_STEP_COLUMNS);
    if (strcmp(kind, "eval") == 0)
        return add_row(&table->evals, event, cam_log_eval_members, CAM_LOG_EVAL_COLUMNS);
    json_t **kept = strcmp(kind, "run") == 0 ? &table->run : strcmp(kind, "end") == 0 ? &table->end : NULL;
    if (kept) {
        json_decref(*kept);
        *kept = json_incref(event);
    }
    return CAM_OK;
}

static cam_status read_line(cam_log_table *table, const char *line, size_t length) {
    if (cam_json_check_size(line, length, LINE_VALUES, CAM_JSON_LEVELS) != CAM_OK) {
        cam_status_clear();
        return CAM_OK;
    }
    errno = 0; /* jansson reports a syntax error where memory runs out */
    json_t *event = json_loadb(line, length, 0, NULL);
    if (!event && errno == ENOMEM)
        return cam_fail(CAM_E_MEMORY, "no memory for a line of log.jsonl");
    cam_status st = json_is_object(event) ? add_event(table, event) : CAM_OK;
    json_decref(event);
    return st;
}

cam_status cam_log_table_read(const char *folder, cam_log_table *table) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    char *path = cam_path_join(folder, "log.jsonl");
    *table = (cam_log_table){0};
    CAM_TRY(cam_memory_check(CAM_OK));
    if (!cam_file_exists(path))
        goto out;
    CAM_TRY(cam_file_read(path, LOG_BYTES, CAM_E_DATA, &text));
    const char *end = cam_strbuf_text(&text) + text.length;
    for (const char *line = cam_strbuf_text(&text), *stop; line < end; line = stop + 1) {
        stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            break;
        CAM_TRY(read_line(table, line, (size_t)(stop - line)));
    }
out:
    if (st != CAM_OK)
        cam_log_table_release(table);
    cam_strbuf_release(&text);
    free(path);
    return st;
}

double cam_log_table_epoch(const cam_log_table *table, double step) {
    const cam_log_rows *steps = &table->steps;
    size_t low = 0, high = steps->count;
    while (low < high) { /* the steps ascend */
        size_t middle = low + (high - low) / 2;
        if (steps->column[CAM_LOG_STEP_step][middle] < step)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < steps->count && steps->column[CAM_LOG_STEP_step][low] == step)
        return steps->column[CAM_LOG_STEP_epoch][low];
    return step == 0 ? 0 : NAN;
}

int cam_log_rows_have(const cam_log_rows *rows, int column) {
    for (size_t i = 0; i < rows->count; i++)
        if (isfinite(rows->column[column][i]))
            return 1;
    return 0;
}

void cam_log_table_release(cam_log_table *table) {
    for (int c = 0; c < CAM_LOG_EVAL_COLUMNS; c++) {
        free(table->steps.column[c]);
        free(table->evals.column[c]);
    }
    json_decref(table->run);
    json_decref(table->end);
    *table = (cam_log_table){0};
}
