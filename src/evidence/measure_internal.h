/* measure_internal.h: a measurement at work: measure.c (the order of the work), measure_write.c (its files),
 * measure_table.c (what the user reads). */
#ifndef CAM_MEASURE_INTERNAL_H
#define CAM_MEASURE_INTERNAL_H

#include "automation.h"
#include "calibration.h"
#include "measure.h"

typedef struct cam_measure_state {
    const cam_measure_task *task;
    cam_measurement_folder folder;
    cam_fold_plan plan;
    cam_repeat_result *results; /* [plan.job_count] */
    cam_repeat_cost cost;
    cam_predictions predictions, baseline_predictions;
    cam_figures figures, baseline;
    cam_figures_difference difference;
    int has_baseline;
    cam_calibration calibration; /* by the predictions of the first seed */
    cam_automation automation;
    int64_t near_duplicates; /* across folds, beside plan.duplicates */
    cam_strbuf warnings;     /* a line each */
    double begin_s, wall_s;
} cam_measure_state;

/* Writes oof.jsonl, confusion.csv and measure.json. */
CAM_MUST_CHECK cam_status cam_measure_write(const cam_measure_state *m);
/* Appends the table for people: lines of at most 80 columns. */
void cam_measure_table_put(const cam_measure_state *m, cam_strbuf *out);
/* Appends how the model was scored, for its card. */
void cam_measure_card_put(const cam_measure_state *m, cam_strbuf *out);

#endif
