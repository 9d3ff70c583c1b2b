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

#include "measure.h"

#define CAM_CURVE_FILE "curve.json"

/* Errors as cam_measure. */
CAM_MUST_CHECK cam_status cam_curve(const cam_measure_task *task);

#endif
