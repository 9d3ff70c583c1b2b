/* run_lines_internal.h: which steps and evaluations of a run have a line where the output is no terminal. A frozen encoder makes
 * thousands of quick steps in many epochs; log.jsonl has them all.
 */
#ifndef CAM_RUN_LINES_INTERNAL_H
#define CAM_RUN_LINES_INTERNAL_H

#include "config.h"
#include "schedule.h"
#include <stdint.h>

/* The steps from one progress line to the next: logging_steps where the user wrote it; its default makes at most 50 lines.
 */
int64_t cam_run_line_steps(const cam_config *config, int64_t steps);
/* Whether an evaluation has a line: of more than 25 one in so many, and the last. `number` counts from 1. */
int cam_run_shows_evaluation(const cam_config *config, const cam_plan *plan, int64_t number, int is_last);

#endif
