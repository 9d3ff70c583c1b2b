/* advice.h: the advice that `check` prints before a run.
 */
#ifndef CAM_ADVICE_H
#define CAM_ADVICE_H

#include "run.h"

enum {
    CAM_ADVICE_FEW_ROWS = 1000,    /* below: full fine-tuning risks over-fitting */
    CAM_ADVICE_PLENTY_ROWS = 5000, /* from here on a frozen encoder usually scores lower */
    CAM_ADVICE_ONE_CUT_IN = 50     /* if one text in 50 is cut, say so */
};

/* Appends advice, one line each. `command` is the user's command line ("cam-train check --config base.yaml"); proposed
 * commands begin with it. */
void cam_advice_put(const cam_run *run, const char *command, cam_strbuf *out);

/* Appends a table of the number of training rows of each label. */
void cam_label_table_put(const cam_run *run, cam_strbuf *out);

#endif
