/* wrap.h: lines that fit a terminal.
 */
#ifndef CAM_WRAP_H
#define CAM_WRAP_H

#include "strbuf.h"

/* Appends lines, broken between words at 80 columns; what follows a break is indented. A line that holds something to
 * copy stays whole: a quoted word for a shell, a map, a command that writes a file. */
void cam_put_wrapped(cam_strbuf *out, const char *lines);

#endif
