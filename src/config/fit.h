/* fit.h: how many epochs, and which learning rate, fit a data set and a model, from what is known before a run. `init`
 * writes them, and `check` proposes them.
 *
 *     full encoder    epochs for about 320 + 5 * labels steps, but from 3 to 20
 *                     rate 2e-4 at hidden size 384; it falls with the square of the hidden size (5e-5 at 768), at most 1e-3
 *     frozen encoder  epochs for about 1500 + 30 * labels steps of the head, which are cheap, but from 20 to 100
 *                     rate 2e-3 at every hidden size
 *
 * Measured with a multilingual E5-small (hidden size 384), batches of 32, the linear schedule; accuracy and macro F1 of the
 * best epoch on one split (the shipped example has 16 labels, 1,370 training and 153 held-out rows, so one row is 0.007):
 *     full, example      1.2e-4, 8 epochs: 0.837, 0.833 at epoch 5
 *                        2e-4, 10 epochs: 0.837, 0.835 at epoch 6, the best of the first 8
 *                        2e-4, 6 epochs, accuracy alone: 0.856; 2e-5, 3 epochs (the keys' defaults): 0.210
 *     frozen, example    1e-3, 30 epochs: 0.712, 0.712 at step 860; the loss still falls at step 1,290
 *                        2e-3, 47 epochs: 0.732, 0.726 at step 1,591, loss 0.88
 *                        5e-3, 60 epochs: 0.739, 0.740 at step 1,376, loss 0.93; it varies by 0.05 between epochs
 *     frozen, MASSIVE    60 labels, 2,700 rows, 5e-3, 40 epochs: 0.880 at step 2,465, 0.853 at step 1,360
 * Other hidden sizes are not measured: the rates agree with those that papers use (2e-5 to 5e-5 at 768, 1e-5 to 3e-5 at
 * 1,024). */
#ifndef CAM_FIT_H
#define CAM_FIT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_fit {
    int64_t epochs;
    double learning_rate;   /* one significant digit */
    char epochs_reason[96]; /* "1,370 rows: 430 steps of up to 32 rows" */
    char rate_reason[96];   /* "fits a hidden size of 384" */
} cam_fit;

/* The plan for `rows` training rows with `labels` labels, in steps of `batch` rows, of a model of hidden size `hidden`.
 * `frozen`: only the head is trained. A number below 1 counts as 1. */
cam_fit cam_fit_plan(int64_t rows, int64_t labels, int64_t hidden, int frozen, int64_t batch);
/* The plan for a model that begins with random weights: about 650 steps, in at most 100 epochs, at a rate of 1e-3. The
 * shipped example is best at step 645. */
cam_fit cam_fit_plan_random(int64_t rows, int64_t batch);

#ifdef __cplusplus
}
#endif
#endif
