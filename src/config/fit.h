/* fit.h: how many epochs, and which learning rate, fit a data set and a model, from what is known before a run. `init`
 * writes them, and `check` proposes them.
 *
 *     full encoder    epochs so that about 400 steps are done, but from 3 to 15
 *                     rate 2e-4 at hidden size 384; it falls with the square of the hidden size (5e-5 at 768)
 *     frozen encoder  epochs so that about 2,000 steps of the head are done, but from 20 to 100
 *                     rate 5e-3 at every size */
#ifndef CAM_FIT_H
#define CAM_FIT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_fit {
    int64_t epochs;
    double learning_rate;   /* one significant digit */
    char epochs_reason[96]; /* "1,282 rows: 10 epochs are 410 steps of 32 rows" */
    char rate_reason[96];   /* "fits a hidden size of 384" */
} cam_fit;

/* The plan for `rows` training rows with `labels` labels, in steps of `batch` rows, of a model of hidden size `hidden`.
 * `frozen`: only the head is trained. All numbers are above 0; a smaller one counts as 1. */
cam_fit cam_fit_plan(int64_t rows, int64_t labels, int64_t hidden, int frozen, int64_t batch);
/* The plan for a model that begins with random weights: about 650 steps, in at most 100 epochs, at a rate of 1e-3. The
 * shipped example is best at step 645. */
cam_fit cam_fit_plan_random(int64_t rows, int64_t batch);

#ifdef __cplusplus
}
#endif
#endif
