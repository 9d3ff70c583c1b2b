/* automation.h: how many rows a classifier may handle without a person, and how many of them it gets right.
 *
 * A threshold divides rows by their score, the probability of the predicted label: those with at least the threshold are
 * handled, the others go to a person. The curve has the share of the handled rows and the accuracy on them for each
 * threshold. Rows of equal score are never parted: a threshold is the shortest decimal number that parts a score from the
 * next lower one. NaN counts as 0.
 *
 * The interval of an accuracy is that of Clopper and Pearson: it holds the true accuracy with at least the confidence that
 * is asked for, also for few rows and for an accuracy of 0 or 1.
 * Source: Clopper, Pearson, The use of confidence or fiducial limits, Biometrika 26, 1934. */
#ifndef CAM_AUTOMATION_H
#define CAM_AUTOMATION_H

#include "cam/status.h"
#include "interval.h"
#include "json_out.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CAM_AUTOMATION_POINTS = 101 };
#define CAM_AUTOMATION_CONFIDENCE 0.95 /* of the intervals that users see */

typedef struct cam_automation_point {
    double threshold, share;
    int64_t rows, right; /* handled rows; those that are right */
    cam_interval accuracy;
} cam_automation_point;

typedef struct cam_automation {
    int64_t rows;
    int count;                                          /* of the points */
    cam_automation_point points[CAM_AUTOMATION_POINTS]; /* the share grows */
} cam_automation;

/* The curve of scores [rows]; right[i] is 1 where the label with the score is the row's. The point of the highest
 * threshold, and of the others the first that reaches each further percent of the rows. `confidence` in (0, 1).
 * CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_automation_curve(const double *score, const unsigned char *right, int64_t rows,
                                               double confidence, cam_automation *out);
/* The lowest threshold for which the lower end of the accuracy's interval is at least `target`; not the accuracy itself,
 * which half the time is higher than on new rows. *found is 0 where there is none; the point is then the one with the
 * highest lower end on the curve (all 0 without rows). CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_automation_find(const double *score, const unsigned char *right, int64_t rows,
                                              double confidence, double target, cam_automation_point *out, int *found);

/* The interval of a proportion: `right` of `rows`. Without rows it is 0 in [0, 1]. */
cam_interval cam_proportion_interval(int64_t right, int64_t rows, double confidence);
/* The fewest rows, all of them right, with which the lower end of the interval reaches `target`, in (0, 1). */
int64_t cam_proportion_rows(double target, double confidence);

/* The member "automation": [{"threshold":,"share":,"accuracy":,"low":,"high":},...]. */
void cam_automation_put(const cam_automation *automation, cam_json *json);

#ifdef __cplusplus
}
#endif
#endif
