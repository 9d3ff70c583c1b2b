/* problems.c: see problems.h. */
#include "problems.h"
#include "utf8.h"
#include "visible.h"

void cam_problems_add_list(cam_problems *problems, const char *file, long line, const char *format, va_list args) {
    char text[1024];
    if (++problems->errors > CAM_PROBLEMS_SHOWN)
        return;
    if (file && line > 0)
        cam_strbuf_printf(&problems->shown, "%s:%ld: ", file, line);
    else if (file)
        cam_strbuf_printf(&problems->shown, "%s: ", file);
    if (cam_visible_vprint(text, sizeof text, format, args) >= sizeof text)
        cam_utf8_truncate(text, sizeof text);
    cam_strbuf_put_all(&problems->shown, text, "\n", NULL);
}

void cam_problems_add(cam_problems *problems, const char *file, long line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    cam_problems_add_list(problems, file, line, format, args);
    va_end(args);
}

void cam_problems_add_hint(cam_problems *problems, const char *format, ...) {
    char text[1024];
    va_list args;
    if (problems->errors > CAM_PROBLEMS_SHOWN)
        return;
    va_start(args, format);
    if (cam_visible_vprint(text, sizeof text, format, args) >= sizeof text)
        cam_utf8_truncate(text, sizeof text);
    va_end(args);
    cam_strbuf_put_all(&problems->shown, "hint: ", text, "\n", NULL);
}

cam_status cam_problems_status(const cam_problems *problems, cam_status kind) {
    if (problems->errors == 0)
        return CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    if (problems->shown.length == 0)
        return cam_memory_check(kind);
    cam_strbuf_append(&text, cam_strbuf_text(&problems->shown), problems->shown.length - 1); /* not the last newline */
    if (problems->errors > CAM_PROBLEMS_SHOWN)
        cam_strbuf_printf(&text, "\nand %zu more", problems->errors - CAM_PROBLEMS_SHOWN);
    cam_status st = cam_fail_again(kind, cam_strbuf_text(&text));
    cam_strbuf_release(&text);
    return st;
}

void cam_problems_release(cam_problems *problems) {
    cam_strbuf_release(&problems->shown);
    problems->errors = 0;
}
