/* progress.h: shows the progress of a run: one redrawn line on a terminal, plain lines elsewhere.
 *
 * No colour is used, so NO_COLOR needs no code here. All figures come from the step events: the display reads no clock,
 * and equal events give equal output. */
#ifndef CAM_PROGRESS_H
#define CAM_PROGRESS_H

#include "run_log.h"
#include "strbuf.h"
#include <stdint.h>

typedef enum cam_choice_progress cam_progress_mode; /* choices.h */

/* Resolves auto: a bar where standard error is a terminal that can redraw (TERM set and not "dumb"), lines elsewhere.
 * Where the log is quiet, every mode becomes none. */
cam_progress_mode cam_progress_mode_resolve(cam_progress_mode mode);

typedef struct cam_progress {
    cam_progress_mode mode; /* resolved */
    int64_t steps;          /* of the run */
    int64_t logging_steps;
    /* the interval: the steps since the last plain line, or since the last redraw */
    int64_t interval_steps, interval_tokens;
    double interval_s, interval_loss;
    /* all steps of this process, for the time left */
    int64_t seen_steps;
    double seen_s;
} cam_progress;

void cam_progress_init(cam_progress *progress, cam_progress_mode mode, int64_t steps, int64_t logging_steps);
/* To be called after each step. Redraws at most ten times a second; a line shows the mean loss since the line before.
 */
void cam_progress_step(cam_progress *progress, const cam_step_event *event);
/* Shows another stage ("evaluating") at `done` of `total`; on a bar only. */
void cam_progress_stage(const cam_progress *progress, const char *stage, int64_t done, int64_t total);
/* Removes the redrawn line. */
void cam_progress_end(cam_progress *progress);

/* Appends one line of at most `width` columns, without the least important figures where they do not fit. */
void cam_progress_render(cam_strbuf *buf, const cam_progress *progress, const cam_step_event *event, int width);

#endif
