/* advice.h: what a newcomer should know before starting this run: the sentences of `check`.
 */
#ifndef CAM_ADVICE_H
#define CAM_ADVICE_H

#include "run.h"

enum {
    CAM_ADVICE_FEW_ROWS = 1000,    /* below: full fine-tuning risks over-fitting */
    CAM_ADVICE_PLENTY_ROWS = 5000, /* from here on a frozen encoder gives something up */
    CAM_ADVICE_CUT_SHARE = 50      /* one text in so many cut is worth a word */
};

/* Adds advice, one line each; `command` is how the user called the program ("cam-train check --config base.yaml"), for
 * the commands that are proposed. */
void cam_advice_put(const cam_run *run, const char *command, cam_strbuf *out);

/* A table of the training rows of each label. */
void cam_label_table_put(const cam_run *run, cam_strbuf *out);

#endif
