/* progress.h: what a person sees while a run goes on: one redrawn line on a terminal, plain lines elsewhere.
 *
 * No colour is used, so NO_COLOR needs nothing here. All figures come from the step events: the display holds no clock,
 * and equal events give equal output.
 */
#ifndef CAM_PROGRESS_H
#define CAM_PROGRESS_H

#include "run_log.h"
#include "strbuf.h"
#include <stdint.h>

typedef enum cam_choice_progress cam_progress_mode; /* choices.h */

/* What `mode` comes to here: auto is a bar where standard error is a terminal that can redraw (TERM set and not
 * "dumb"), lines elsewhere. A quiet log shows nothing. */
cam_progress_mode cam_progress_mode_resolve(cam_progress_mode mode);

typedef struct cam_progress {
    cam_progress_mode mode; /* resolved */
    int64_t steps;          /* of the run */
    int64_t logging_steps;
    /* the steps since the last plain line, or since the last redraw */
    int64_t window_steps, window_tokens;
    double window_s, window_loss;
    /* all steps of this process, for the time left */
    int64_t seen_steps;
    double seen_s;
} cam_progress;

void cam_progress_init(cam_progress *progress, cam_progress_mode mode, int64_t steps, int64_t logging_steps);
/* A step was done. Redraws at most ten times a second; a line shows the mean loss since the line before. */
void cam_progress_step(cam_progress *progress, const cam_step_event *event);
/* Another stage is at `done` of `total` ("evaluating"); shown on a bar only. */
void cam_progress_stage(const cam_progress *progress, const char *stage, int64_t done, int64_t total);
/* Takes the redrawn line away. */
void cam_progress_end(cam_progress *progress);

/* One line, at most `width` columns, the least important figures left out first. */
void cam_progress_render(cam_strbuf *buf, const cam_progress *progress, const cam_step_event *event, int width);

#endif
