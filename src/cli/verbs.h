/* verbs.h: the verbs of the program, one file each. Results go to standard output, all else to standard error.
 */
#ifndef CAM_VERBS_H
#define CAM_VERBS_H

#include "arguments.h"
#include "command.h"
#include "config.h"
#include "group.h"
#include "strbuf.h"

/* cam_verb_train, cam_verb_check and so on: a function for every row of CAM_VERBS. */
#define CAM_VERB_FUNCTION(code, word, ...) CAM_MUST_CHECK cam_status cam_verb_##word(const cam_arguments *arguments);
CAM_VERBS(CAM_VERB_FUNCTION)
#undef CAM_VERB_FUNCTION

/* Loads the configuration files and overrides of the command line. CAM_E_USAGE also where no file is named. Release in
 * both cases. */
CAM_MUST_CHECK cam_status cam_verb_load_config(const cam_arguments *arguments, cam_config *config);
/* The same with other overrides than those of the command line. */
CAM_MUST_CHECK cam_status cam_verb_load_config_with(const cam_arguments *arguments, const char *const *overrides,
                                                    size_t count, cam_config *config);
/* The command line of a run, for messages; it borrows the arguments. */
cam_command cam_verb_command(const cam_arguments *arguments);
/* Writes a text to standard output. A closed pipe is no error; a full disk is CAM_E_STORAGE. */
CAM_MUST_CHECK cam_status cam_verb_print(const cam_strbuf *text);

#endif
