/* html_internal.h: an HTML page written element by element into a strbuf. What is written is also well-formed XML.
 *
 *     cam_html_open(html, "p");                      <p
 *     cam_html_attribute(html, "class", "note");      class="note"
 *     cam_html_text(html, label);                    >caf&amp;
 *     cam_html_close(html);                          </p>
 *
 * Names of elements and attributes are literals. Every value and text is escaped here, so no text can end its element or
 * begin a script: there is no function that writes a text as it is, but for cam_html_style, which takes a literal. A
 * character that visible.h calls hidden is written as its escape (\x1b), but for line end and tab; bytes that are not
 * UTF-8 and U+FFFE and U+FFFF, which XML does not have, become U+FFFD. Marks of direction stay: a text of others belongs
 * into cam_html_isolated, whose direction does not reach the text around it.
 *
 * Invariant: every cam_html_open has its cam_html_close, and attributes come before the content (CAM_BUG otherwise). */
#ifndef CAM_HTML_INTERNAL_H
#define CAM_HTML_INTERNAL_H

#include "strbuf.h"
#include <stdint.h>

enum { CAM_HTML_DEPTH = 24 };

typedef struct cam_html {
    cam_strbuf *out;
    int depth;  /* open elements */
    int in_tag; /* the innermost one has no content yet: attributes may follow */
    const char *open[CAM_HTML_DEPTH];
} cam_html;

void cam_html_begin(cam_html *html, cam_strbuf *out); /* the document type */
void cam_html_end(cam_html *html);                    /* every element is closed */

void cam_html_open(cam_html *html, const char *name);
void cam_html_attribute(cam_html *html, const char *name, const char *value);
/* A coordinate, with at most two digits after the point. */
void cam_html_coordinate(cam_html *html, const char *name, double value);
void cam_html_text(cam_html *html, const char *text);
void cam_html_close(cam_html *html); /* the innermost element */

/* An element with a class, or NULL, and a text. */
void cam_html_element(cam_html *html, const char *name, const char *class, const char *text);
/* A text that others wrote, in an element bdi, which gets its direction from its own characters. A line may end after "_"
 * and "/". */
void cam_html_isolated(cam_html *html, const char *text);
/* The style sheet: a literal without "<" and "&". */
void cam_html_style(cam_html *html, const char *css);
/* Appends a coordinate to a path. */
void cam_html_put_coordinate(cam_strbuf *out, double value);

#endif
