/* verbs.h: the verbs of the program, one file each. Results go to standard output, all else to standard error.
 */
#ifndef CAM_VERBS_H
#define CAM_VERBS_H

#include "arguments.h"
#include "config.h"
#include "group.h"
#include "hub_cache.h"
#include "strbuf.h"

/* cam_verb_train, cam_verb_check and so on: a function for every row of CAM_VERBS. */
#define CAM_VERB_FUNCTION(code, word, ...) CAM_MUST_CHECK cam_status cam_verb_##word(const cam_arguments *arguments);
CAM_VERBS(CAM_VERB_FUNCTION)
#undef CAM_VERB_FUNCTION

/* Loads the configuration files and overrides of the command line. CAM_E_USAGE also where no file is named. Release in
 * both cases. */
CAM_MUST_CHECK cam_status cam_verb_load_config(const cam_arguments *arguments, cam_config *config);
/* Writes a text to standard output. A closed pipe is no error; a full disk is CAM_E_STORAGE. */
CAM_MUST_CHECK cam_status cam_verb_print(const cam_strbuf *text);

/* How long ranks wait for one that may download a model, in seconds. A download that stands still fails by itself. */
enum { CAM_VERB_DOWNLOAD_S = 24 * 3600 };

/* The folder of a model by its name, downloaded where the Hugging Face cache lacks it; to be freed. The first rank of
 * each machine downloads, the others wait for it and look it up. `group` is NULL where this rank works alone.
 * Errors: those of cam_hub_get. */
CAM_MUST_CHECK cam_status cam_verb_get_model(cam_group *group, const char *name, const char *revision,
                                             cam_model_needs needs, char **folder);

#endif
