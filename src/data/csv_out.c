/* csv_out.c: see csv_out.h. */
#include "csv_out.h"
#include <string.h>

static int needs_quotes(const cam_cell *cell, char delimiter) {
    if (cell->quoted)
        return 1;
    return cell->length > 0 && (cell->text[0] == '"' || memchr(cell->text, delimiter, cell->length) ||
                                memchr(cell->text, '\n', cell->length) || memchr(cell->text, '\r', cell->length));
}

void cam_csv_cell_put(cam_strbuf *out, const cam_cell *cell, char delimiter) {
    if (!needs_quotes(cell, delimiter)) {
        cam_strbuf_append(out, cell->text, cell->length);
        return;
    }
    const char *rest = cell->text, *end = cell->text + cell->length;
    cam_strbuf_putc(out, '"');
    for (const char *quote; rest < end && (quote = memchr(rest, '"', (size_t)(end - rest))) != NULL; rest = quote + 1) {
        cam_strbuf_append(out, rest, (size_t)(quote - rest));
        cam_strbuf_puts(out, "\"\"");
    }
    cam_strbuf_append(out, rest, (size_t)(end - rest));
    cam_strbuf_putc(out, '"');
}

void cam_csv_text_put(cam_strbuf *out, const char *text, char delimiter) {
    cam_csv_cell_put(out, &(cam_cell){.text = (char *)(uintptr_t)text, .length = strlen(text)}, delimiter);
}
