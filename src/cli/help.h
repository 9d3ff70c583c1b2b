/* help.h: the tables of the command line as text.
 */
#ifndef CAM_HELP_H
#define CAM_HELP_H

#include "options.h"
#include "strbuf.h"

/* --help of one verb, or of the program where `verb` is CAM_VERB_COUNT. No line is longer than 80 columns. */
void cam_help_put(cam_verb verb, cam_strbuf *out);
/* "DIR", "auto|cpu|cuda": the value of an option; nothing for a switch. */
void cam_help_put_value(const cam_option_row *row, cam_strbuf *out);

/* docs/cam-train.1, the manual page, in the man macros of roff. */
void cam_manual_put(cam_strbuf *out);
/* docs/cam-train.bash, the completion for bash. */
void cam_completion_put(cam_strbuf *out);

#endif
