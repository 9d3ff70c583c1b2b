/* row_problems.c: see row_problems_internal.h. */
#include "row_problems_internal.h"
#include <stdlib.h>
#include <string.h>

static cam_status new_cause(cam_row_problems *p, const char *text, size_t compared) {
    if (p->count == p->capacity) {
        size_t capacity = p->capacity ? 2 * p->capacity : 8;
        cam_row_cause *list = realloc(p->list, capacity * sizeof *list);
        if (!list)
            return cam_fail(CAM_E_MEMORY, "no memory for %zu kinds of bad rows", capacity);
        p->list = list;
        p->capacity = capacity;
    }
    char *copy = strdup(text);
    if (!copy)
        return cam_fail(CAM_E_MEMORY, "no memory for the cause of a bad row");
    p->list[p->count++] = (cam_row_cause){.text = copy, .compared = compared};
    return CAM_OK;
}

/* Keeps the number of the next row, where there are more than are shown with their lines. */
static cam_status keep_number(cam_row_cause *cause, long number) {
    if (cause->rows < CAM_ROWS_SHOWN || cause->rows >= CAM_ROWS_KEPT)
        return CAM_OK;
    if (!cause->numbers) {
        cause->numbers = malloc(CAM_ROWS_KEPT * sizeof *cause->numbers);
        if (!cause->numbers)
            return cam_fail(CAM_E_MEMORY, "no memory for the numbers of bad rows");
        for (int i = 0; i < CAM_ROWS_SHOWN; i++)
            cause->numbers[i] = cause->first[i].number;
    }
    cause->numbers[cause->rows] = number;
    return CAM_OK;
}

cam_status cam_row_problems_add(cam_row_problems *problems, long number, long line, const char *text, size_t compared) {
    cam_status st = CAM_OK;
    size_t i = 0;
    while (i < problems->count &&
           (problems->list[i].compared != compared || memcmp(problems->list[i].text, text, compared) != 0))
        i++;
    if (i == problems->count)
        CAM_TRY(new_cause(problems, text, compared));
    cam_row_cause *cause = &problems->list[i];
    if (cause->rows < CAM_ROWS_SHOWN) {
        cause->first[cause->rows].number = number;
        cause->first[cause->rows].line = line;
    }
    CAM_TRY(keep_number(cause, number));
    cause->rows++;
out:
    return st;
}

static void report_one(const cam_row_cause *cause, const char *file, const char *unit, cam_problems *report) {
    long number = cause->first[0].number, line = cause->first[0].line;
    if (number != line)
        cam_problems_add(report, file, line, "%s %ld: %s", unit, number, cause->text);
    else
        cam_problems_add(report, file, line, "%s", cause->text);
}

/* Adds a hint, "all 24: 2, 5-8, 11", or "the first 150: ..." where `room` bytes hold no more. */
static void hint_at_all(const cam_row_cause *cause, size_t room, cam_problems *report) {
    int64_t kept = cause->rows < CAM_ROWS_KEPT ? cause->rows : CAM_ROWS_KEPT, listed = 0;
    cam_strbuf list = CAM_STRBUF_INIT, item = CAM_STRBUF_INIT;
    for (int64_t end; cause->numbers && listed < kept; listed = end) {
        const long *numbers = cause->numbers;
        for (end = listed + 1; end < kept && numbers[end] == numbers[end - 1] + 1; end++)
            ;
        cam_strbuf_clear(&item);
        cam_strbuf_printf(&item, "%s%ld", listed ? ", " : "", numbers[listed]);
        if (end - listed > 1)
            cam_strbuf_printf(&item, "-%ld", numbers[end - 1]);
        if (list.length + item.length > room)
            break;
        cam_strbuf_puts(&list, item.text);
    }
    if (listed > CAM_ROWS_SHOWN)
        cam_problems_add_hint(report, "%s %lld: %s", listed == cause->rows ? "all" : "the first", (long long)listed,
                              cam_strbuf_text(&list));
    cam_strbuf_release(&list);
    cam_strbuf_release(&item);
}

static void report_group(const cam_row_cause *cause, const char *file, const char *unit, int64_t rows,
                         cam_problems *report) {
    enum { MESSAGE_BYTES = 950 }; /* of the 1,024 that a problem holds */
    cam_strbuf places = CAM_STRBUF_INIT;
    for (int64_t i = 0; i < cause->rows && i < CAM_ROWS_SHOWN; i++) {
        cam_strbuf_printf(&places, "%s%ld", i ? ", " : "", cause->first[i].number);
        if (cause->first[i].number != cause->first[i].line && strcmp(unit, "row") == 0)
            cam_strbuf_printf(&places, " (line %ld)", cause->first[i].line);
    }
    size_t used = places.length + strlen(cause->text);
    cam_problems_add(report, file, 0, "%ss %s%s (%lld of %lld): %s", unit, cam_strbuf_text(&places),
                     cause->rows > CAM_ROWS_SHOWN ? " …" : "", (long long)cause->rows, (long long)rows, cause->text);
    hint_at_all(cause, used < MESSAGE_BYTES ? MESSAGE_BYTES - used : 0, report);
    cam_strbuf_release(&places);
}

void cam_row_problems_report(const cam_row_problems *problems, const char *file, const char *unit, int64_t rows,
                             cam_problems *report) {
    for (size_t i = 0; i < problems->count; i++)
        if (problems->list[i].rows == 1)
            report_one(&problems->list[i], file, unit, report);
        else
            report_group(&problems->list[i], file, unit, rows, report);
}

void cam_row_problems_release(cam_row_problems *problems) {
    for (size_t i = 0; i < problems->count; i++) {
        free(problems->list[i].text);
        free(problems->list[i].numbers);
    }
    free(problems->list);
    *problems = (cam_row_problems){0};
}
