/* csv_out.h: writes cells of CSV and TSV, so that the reader of records.h and RFC 4180 read them back. */
#ifndef CAM_CSV_OUT_H
#define CAM_CSV_OUT_H

#include "read_options.h"
#include "strbuf.h"

/* Appends a cell. It is put between quotes if it was read so (`quoted`), or if it cannot stand without: it holds the
 * delimiter or a line end, or begins with a quote. */
void cam_csv_cell_put(cam_strbuf *out, const cam_cell *cell, char delimiter);
/* The same for a text of our own. */
void cam_csv_text_put(cam_strbuf *out, const char *text, char delimiter);

#endif
