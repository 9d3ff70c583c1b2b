/* place.c: see place.h. */
#include "place.h"

void cam_place_put(cam_strbuf *out, long sheet_row, long line) {
    if (sheet_row <= 0)
        cam_strbuf_printf(out, "line %ld", line);
    else if (sheet_row == line)
        cam_strbuf_printf(out, "row %ld", sheet_row);
    else
        cam_strbuf_printf(out, "row %ld (line %ld)", sheet_row, line);
}
