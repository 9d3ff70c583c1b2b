/* init_fit.h: fits a configuration to a data file and a model, and says why each key has its value. */
#ifndef CAM_INIT_FIT_H
#define CAM_INIT_FIT_H

#include "arguments.h"
#include "config.h"
#include "detect.h"

enum { CAM_INIT_KEYS = 32 };

typedef struct cam_init_fit {
    cam_config config;
    cam_config_reason reasons[CAM_INIT_KEYS]; /* the keys that matter; they live as long as `config` */
    size_t count;
    cam_detected found; /* zeros without a data file */
    cam_trial trial;
    cam_strbuf notes, warnings; /* lines for the user */
    cam_strbuf model_note;      /* a line about the model that is named where the caller names none */
    cam_strbuf head;            /* lines: the first comment of the configuration */
} cam_init_fit;

/* By the options of `init`. CAM_E_DATA as cam_detect; CAM_E_MODEL, CAM_E_NETWORK or CAM_E_USAGE for a model that is
 * not there. Release in both cases. */
CAM_MUST_CHECK cam_status cam_init_fit_open(cam_init_fit *fit, const cam_arguments *arguments);
void cam_init_fit_release(cam_init_fit *fit);

#endif
