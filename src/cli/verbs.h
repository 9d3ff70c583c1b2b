/* verbs.h: the verbs of the program, one file each. Results go to standard output, all else to standard error.
 */
#ifndef CAM_VERBS_H
#define CAM_VERBS_H

#include "arguments.h"
#include "config.h"

CAM_MUST_CHECK cam_status cam_verb_train(const cam_arguments *arguments);
CAM_MUST_CHECK cam_status cam_verb_check(const cam_arguments *arguments);
CAM_MUST_CHECK cam_status cam_verb_show(const cam_arguments *arguments);
CAM_MUST_CHECK cam_status cam_verb_tune(const cam_arguments *arguments);
CAM_MUST_CHECK cam_status cam_verb_init(const cam_arguments *arguments);
CAM_MUST_CHECK cam_status cam_verb_eval(const cam_arguments *arguments);
CAM_MUST_CHECK cam_status cam_verb_predict(const cam_arguments *arguments);
CAM_MUST_CHECK cam_status cam_verb_tokenize(const cam_arguments *arguments);

/* The configuration of the command line: files, then overrides. CAM_E_USAGE also where no file is named. Release in
 * both cases. */
CAM_MUST_CHECK cam_status cam_verb_load_config(const cam_arguments *arguments, cam_config *config);
/* Writes a text to standard output; a closed pipe ends quietly, a full disk is CAM_E_STORAGE. */
CAM_MUST_CHECK cam_status cam_verb_print(const cam_strbuf *text);

#endif
