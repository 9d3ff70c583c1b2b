/* hints.h: messages about words of the command line that are not understood. Where it can be known what was meant, the
 * message has the words to type instead, quoted for a shell. All return CAM_E_USAGE. */
#ifndef CAM_HINTS_H
#define CAM_HINTS_H

#include "cam/status.h"
#include "options.h"

/* argv[i] stands where a verb is expected, and is none. */
CAM_MUST_CHECK cam_status cam_hint_verb(int argc, char **argv, int i);
/* argv[i] is no option of `verb`. `row` is the row of the same option for other verbs, or NULL. */
CAM_MUST_CHECK cam_status cam_hint_option(cam_verb verb, const cam_option_row *row, int argc, char **argv, int i);
/* argv[i] is a word that `verb` does not take. */
CAM_MUST_CHECK cam_status cam_hint_word(cam_verb verb, int argc, char **argv, int i);

#endif
