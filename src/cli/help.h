/* help.h: writes the tables of the command line as text. */
#ifndef CAM_HELP_H
#define CAM_HELP_H

#include "options.h"
#include "strbuf.h"

/* Appends --help of one verb, or of the program where `verb` is CAM_VERB_COUNT. No line is longer than 80 columns. */
void cam_help_put(cam_verb verb, cam_strbuf *out);
/* Appends the value of an option: "DIR", "auto|cpu|cuda"; nothing for a switch. */
void cam_help_put_value(const cam_option_row *row, cam_strbuf *out);

/* Appends docs/cam-train.1, the manual page, in the man macros of roff (manual.c). */
void cam_manual_put(cam_strbuf *out);
/* Appends docs/cam-train.bash, the completion for bash (completion.c). */
void cam_completion_put(cam_strbuf *out);

#endif
