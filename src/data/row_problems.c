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

static void report_group(const cam_row_cause *cause, const char *file, const char *unit, int64_t rows,
                         cam_problems *report) {
    cam_strbuf places = CAM_STRBUF_INIT;
    for (int64_t i = 0; i < cause->rows && i < CAM_ROWS_SHOWN; i++) {
        cam_strbuf_printf(&places, "%s%ld", i ? ", " : "", cause->first[i].number);
        if (cause->first[i].number != cause->first[i].line && strcmp(unit, "row") == 0)
            cam_strbuf_printf(&places, " (line %ld)", cause->first[i].line);
    }
    cam_problems_add(report, file, 0, "%ss %s%s (%lld of %lld): %s", unit, places.text,
                     cause->rows > CAM_ROWS_SHOWN ? " …" : "", (long long)cause->rows, (long long)rows, cause->text);
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
    for (size_t i = 0; i < problems->count; i++)
        free(problems->list[i].text);
    free(problems->list);
    *problems = (cam_row_problems){0};
}
