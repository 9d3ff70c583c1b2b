/* plain.h: figures and texts for people: numbers with their thousands apart, texts in columns of a terminal. */
#ifndef CAM_PLAIN_H
#define CAM_PLAIN_H

#include "strbuf.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Appends "1,282". */
void cam_plain_put_count(cam_strbuf *buf, int64_t count);
/* The same after spaces, at the end of `width` columns. */
void cam_plain_put_count_aligned(cam_strbuf *buf, int64_t count, int width);
/* Appends "1 row" or "1,282 rows". */
void cam_plain_put_counted(cam_strbuf *buf, int64_t count, const char *one, const char *many);
/* Appends a duration in seconds: "4.2 s", "3 min 20 s", "2 h 5 min". */
void cam_plain_put_duration(cam_strbuf *buf, double seconds);
/* Appends a rate as a setting takes it, with at most `digits` digits: "0", "2e-4", "1.5e-3". */
void cam_plain_put_rate(cam_strbuf *buf, double rate, int digits);
/* Appends an amount of memory or of a disk: "20 kB", "1.4 MB", "220 MB", "1.4 GB" (powers of 10). */
void cam_plain_put_bytes(cam_strbuf *buf, double bytes);

/* The columns that a UTF-8 text covers: 0 for a combining accent, 2 for a wide East Asian character or an emoji. */
int cam_plain_columns(const char *text);
/* Appends at most `limit` (at least 1) columns of a text; a longer one is cut and ends in an ellipsis. What
 * visible.h calls hidden is shown as '?', so that a column keeps its width. Returns the columns used. */
int cam_plain_put(cam_strbuf *buf, const char *text, int limit);
/* The same, followed by spaces up to `width` columns. A longer text is cut in its middle: names of a column often differ
 * at their ends. */
void cam_plain_put_padded(cam_strbuf *buf, const char *text, int width);

#ifdef __cplusplus
}
#endif
#endif
