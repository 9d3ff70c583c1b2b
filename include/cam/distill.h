/* distill.h: the contracts of the operators of distillation, distill_logits and distill_hidden; the letters of the shapes
 * and what holds for all operators are in cam/ops.h, which includes this file.
 */
#ifndef CAM_DISTILL_H
#define CAM_DISTILL_H

#include "cam/step.h"
#include "cam/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Distillation: a student learns from labels and from the answers of a teacher. `teacher` has a row for every row of the
 * data set, and row[r] is that of query row r. Each operator gives the loss and its gradient at once.
 *
 * distill_logits: with t = teacher[row[r]], label y (negative: the row has none), temperature T, alpha a,
 * q = softmax(t / T), p = softmax(logits[r] / T), and CE the row_loss of loss (0 without a label):
 *     row_loss[r] = (1 - a) CE + a T^2 * sum over k of q[k] (log q[k] - log p[k])
 *     state->loss (=|+=) sum of row_loss / state->loss_denominator
 *     dlogits[r,k] = (1 - a) dCE[r,k] + a T (p[k] - q[k]) / state->loss_denominator,   dCE as loss's dlogits
 *   dlogits   [R,K]  f32  out  `=`; may be logits itself
 *   row_loss  [R]    f32  out
 *   state     changed: loss
 *   logits    [R,K]  f32  in   rows CAM_ROWS_HEAD
 *   labels    [R]    i32  in   below K
 *   weights   [K]    f32  in   may be absent: all 1
 *   teacher   [N,K]  f32  in
 *   row       [R]    i32  in   0 .. N-1
 *   temperature  > 0;  alpha in [0, 1];  smoothing as in loss
 * The sum over rows is in f64. Source: Hinton, Vinyals, Dean 2015; Sanh et al. 2019. */
typedef struct cam_distill_logits_args {
    cam_tensor dlogits, row_loss, logits, labels, weights, teacher, row;
    float temperature, alpha, smoothing;
    int accumulate;
    cam_step_state *state;
} cam_distill_logits_args;

/* distill_hidden: the mean squared error of hidden states, times `weight`. With d[h] = mapped[r,h] - teacher[row[r],h]:
 *     row_loss[r] = weight / H * sum over h of d[h]^2
 *     state->loss (=|+=) sum of row_loss / state->loss_denominator
 *     dmapped[r,h] = 2 weight / H * d[h] / state->loss_denominator
 *   dmapped   [R,H]  f32  out  `=`; may be mapped itself
 *   row_loss  [R]    f32  out
 *   state     changed: loss
 *   mapped    [R,H]  f32  in   rows CAM_ROWS_HEAD
 *   teacher   [N,H]  f32  in
 *   row       [R]    i32  in   0 .. N-1; may be absent: r, and then N is at least R
 *   weight       >= 0
 * The sum over rows is in f64. Source: Romero et al. 2015; Sanh et al. 2019. */
typedef struct cam_distill_hidden_args {
    cam_tensor dmapped, row_loss, mapped, teacher, row;
    float weight;
    int accumulate;
    cam_step_state *state;
} cam_distill_hidden_args;

#ifdef __cplusplus
}
#endif
#endif
