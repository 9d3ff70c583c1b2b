/* problems.h: a list of all problems of an input, not only the first.
 *
 * A reader adds each problem and goes on. The caller then fails once with the list: the first twenty, one a line, and
 * the number of the others. */
#ifndef CAM_PROBLEMS_H
#define CAM_PROBLEMS_H

#include "cam/status.h"
#include "strbuf.h"
#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CAM_PROBLEMS_SHOWN = 20 };

typedef struct cam_problems {
    cam_strbuf shown; /* lines, each ended by '\n' */
    size_t errors;
} cam_problems;

#define CAM_PROBLEMS_INIT                                                                                              \
    { CAM_STRBUF_INIT, 0 }

/* "file:line: message"; line 0 leaves the line out, file NULL both. A message of more than 1 KiB is truncated. */
CAM_PRINTF(4, 5) void cam_problems_add(cam_problems *problems, const char *file, long line, const char *format, ...);
/* Appends a line "hint: ..." to the problem that was added last. */
CAM_PRINTF(2, 3) void cam_problems_add_hint(cam_problems *problems, const char *format, ...);
CAM_PRINTF(4, 0)
void cam_problems_add_list(cam_problems *problems, const char *file, long line, const char *format, va_list args);
/* CAM_OK without errors; otherwise `kind` with the list as its message (no trailing newline). */
CAM_MUST_CHECK cam_status cam_problems_status(const cam_problems *problems, cam_status kind);
void cam_problems_release(cam_problems *problems);

#ifdef __cplusplus
}
#endif
#endif
