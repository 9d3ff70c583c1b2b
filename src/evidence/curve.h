/* curve.h: the verb `curve`: what more data brings.
 *
 * The model is trained on growing shares of the training rows of every fold, and each time scored on the fold's held-out
 * rows. A share has of each label as large a part, at least one row; a larger share has all rows of a smaller one. A power
 * law through the errors (power_law.h) says what to expect of more rows. All shares are trained for the same epochs, as
 * whoever has fewer rows would do.
 *
 * Into output_dir goes curve.json.
 */
#ifndef CAM_CURVE_H
#define CAM_CURVE_H

#include "figures.h"
#include "measurement_folder.h"

#define CAM_CURVE_FILE "curve.json"

typedef struct cam_curve_task {
    const cam_config *config; /* as the user wrote it */
    cam_run *run;             /* prepared with cam_measure_configure */
    cam_backend *backend;
    cam_group *group;
    cam_progress_mode progress;
} cam_curve_task;

/* Errors as cam_measure. */
CAM_MUST_CHECK cam_status cam_curve(const cam_curve_task *task);

#endif
