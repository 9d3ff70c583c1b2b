/* optimizer.h: the contracts of the operators over all parameters: norm_partial, norm_final and adamw. What holds for all
 * operators is in cam/ops.h, which includes this file.
 */
#ifndef CAM_OPTIMIZER_H
#define CAM_OPTIMIZER_H

#include "cam/step.h"
#include "cam/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- norm ------------------------------------------------------------------------------------------------------ */

/* The parameter store consists of chunks of CAM_CHUNK elements; every tensor starts at a chunk and gaps are zero. Its
 * planes (weight, low halves, gradient, moments) are dense; in a plane the element size may differ between chunks. */
enum { CAM_CHUNK = 2048 /* elements */, CAM_CHUNK_UNIT = 4096 /* bytes: a chunk of 16-bit elements */ };

/* The f32 master weight of a split chunk is stored as two 16-bit halves, without loss. With u its bits:
 * high = (u + 0x8000) >> 16 is the bf16 weight that products read, low = the lower 16 bits of u, signed, and
 * u = (high << 16) + low. */
enum { CAM_CHUNK_SPLIT = 1, CAM_CHUNK_GRADIENT_BF16 = 2 };

/* One chunk: its position in the planes and the hyperparameters of its group. Positions are in units of CAM_CHUNK_UNIT
 * bytes. */
typedef struct cam_chunk {
    double rate_scale; /* the group's learning rate / state->learning_rate */
    double decay;
    uint32_t weight, low, gradient; /* low: only if the chunk is split */
    uint32_t form;                  /* CAM_CHUNK_ bits */
} cam_chunk;

/* norm_partial: partial[c] = sum of the squares of chunk c of a gradient range.
 *   partial  [C]           f64  out
 *   grad     1-d           f32, or bf16 in a mixed plane (then its length counts 16-bit units)  in
 *   chunks   [C]           device memory: positions in grad, which may have more chunks; NULL: all chunks are f32, in
 *                          order, and grad is [C * CHUNK] */
typedef struct cam_norm_partial_args {
    cam_tensor partial, grad;
    const cam_chunk *chunks;
} cam_norm_partial_args;

/* norm_final: as torch.nn.utils.clip_grad_norm_, in the step state:
 *   grad_norm   sqrt(sum of partial)
 *   clip_scale  min(1, max_norm / (grad_norm + 1e-6)); 1 if max_norm is 0
 *   finite      0 if grad_norm or state->loss is not finite, else unchanged
 *   updates     + 1 if finite
 *   partial  [C]  f64  in  summed in f64, in an order fixed by C
 *   state    changed: grad_norm, clip_scale, finite, updates */
typedef struct cam_norm_final_args {
    cam_tensor partial;
    float max_norm;
    cam_step_state *state;
} cam_norm_final_args;

/* --- adamw ----------------------------------------------------------------------------------------------------- */

/* adamw: decoupled weight decay (Loshchilov, Hutter 2019) in the order of torch.optim.AdamW, over a range of chunks.
 * With lr = learning_rate * rate_scale in f64, and factors rounded to f32 once a chunk:
 *     g = grad * clip_scale
 *     p = p * (1 - lr decay)
 *     m = m + (1 - beta1) (g - m)
 *     v = beta2 v + (1 - beta2) g^2
 *     p = p - lr inverse_correction1 * m / (sqrt(v) / root_correction2 + eps)
 * Nothing changes where state->finite is 0.
 *   weight   1-d  in, out; f32, or bf16 in a mixed plane (then its length counts 16-bit units)
 *   low      1-d  bf16: 16-bit units; in, out; absent where no chunk is split
 *   m, v     [C * CHUNK]  f32  in, out; in the order of the table
 *   grad     1-d  in; f32, or bf16 in a mixed plane
 *   chunks   [C]  device memory: positions in weight, low and grad, which may have more chunks than these */
typedef struct cam_adamw_args {
    cam_tensor weight, low, m, v, grad;
    const cam_chunk *chunks;
    double beta1, beta2, eps;
    const cam_step_state *state;
} cam_adamw_args;

#ifdef __cplusplus
}
#endif
#endif
