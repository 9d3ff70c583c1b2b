/* advice.h: the advice that `check` prints before a run.
 */
#ifndef CAM_ADVICE_H
#define CAM_ADVICE_H

#include "cost.h"
#include "run.h"

enum {
    CAM_ADVICE_FEW_ROWS = 5000,  /* up to here it is worth the time to try both, a frozen encoder and a full one */
    CAM_ADVICE_ONE_CUT_IN = 50,  /* if one text in 50 is cut, say so */
    CAM_ADVICE_BUSY_PERCENT = 75 /* a smaller share of the processors makes a run clearly longer */
};

/* What the advice is made for. */
typedef struct cam_advice_case {
    const cam_run *run;   /* sound, with its command */
    cam_backend *backend; /* NULL: no costs are shown */
    double speed, share;  /* of cam_cost_measure */
} cam_advice_case;

/* Appends advice, as lines of at most 80 columns and commands of one line each. */
void cam_advice_put(const cam_advice_case *advice, cam_strbuf *out);

#endif
