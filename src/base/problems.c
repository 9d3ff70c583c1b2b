/* problems.c: see problems.h. */
#include "problems.h"
#include "utf8.h"
#include <stdio.h>

void cam_problems_add_list(cam_problems *problems, const char *file, long line, const char *format, va_list args) {
    char text[1024];
    if (++problems->errors > CAM_PROBLEMS_SHOWN)
        return;
    if (file && line > 0)
        cam_strbuf_printf(&problems->shown, "%s:%ld: ", file, line);
    else if (file)
        cam_strbuf_printf(&problems->shown, "%s: ", file);
    int length = vsnprintf(text, sizeof text, format, args);
    if (length >= (int)sizeof text)
        cam_utf8_truncate(text, sizeof text);
    cam_strbuf_printf(&problems->shown, "%s\n", text);
}

void cam_problems_add(cam_problems *problems, const char *file, long line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    cam_problems_add_list(problems, file, line, format, args);
    va_end(args);
}

cam_status cam_problems_status(const cam_problems *problems, cam_status kind) {
    if (problems->errors == 0)
        return CAM_OK;
    int length = (int)problems->shown.length - 1; /* without the last newline */
    const char *text = cam_strbuf_text(&problems->shown);
    if (problems->errors > CAM_PROBLEMS_SHOWN)
        return cam_fail(kind, "%.*s\nand %zu more", length, text, problems->errors - CAM_PROBLEMS_SHOWN);
    return cam_fail(kind, "%.*s", length, text);
}

void cam_problems_release(cam_problems *problems) {
    cam_strbuf_release(&problems->shown);
    problems->errors = 0;
}
