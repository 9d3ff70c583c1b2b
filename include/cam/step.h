/* step.h: the structs of an optimizer step in device memory: the state that operators read, the plan of an epoch's
 * micro-steps, the reports that ranks exchange, and the record that the host reads. cam/ops.h has the operators that
 * read and write them.
 */
#ifndef CAM_STEP_H
#define CAM_STEP_H

#include "cam/host_device.h"
#include "cam/philox.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All values of a step except its shapes: one struct in device memory. The host writes it at the start of an epoch;
 * after that only the device changes it (step_begin, loss, step_merge, norm_final). No per-step value is a host
 * argument. */
typedef struct cam_step_state {
    uint64_t seed;
    uint32_t step;              /* optimizer step, from 0; also the step of the random map (cam/philox.h) */
    int32_t tokens;             /* T, true count */
    int32_t sequences;          /* B */
    int32_t head_rows;          /* R, query rows */
    double learning_rate;       /* of the head's group, this step */
    double inverse_correction1; /* 1 / (1 - beta1^t), t = updates that were applied, including this one */
    double root_correction2;    /* sqrt(1 - beta2^t) */
    double loss_denominator;    /* sum of the class weights of all examples of the optimizer step (query rows, if
                                 * unweighted) */
    double loss;                /* this step's loss so far: loss */
    double grad_norm;           /* before clipping: norm_final */
    float clip_scale;           /* adamw multiplies gradients by it: norm_final */
    uint32_t finite;            /* 1; 0 after a loss or a norm was not finite: norm_final */
    uint32_t skip_nonfinite;    /* 1: step_begin sets `finite` again at each optimizer step; 0: it stays 0 */
    uint32_t cursor;            /* micro-steps of the epoch begun so far: step_begin */
    uint32_t updates;           /* updates applied since the host wrote the state: norm_final */
    uint32_t requests;          /* this step's cam_step_request bits of all ranks: step_merge; 0 with one rank */
    uint32_t epoch;             /* of the masks (cam/masking.h) */
    uint32_t unused;            /* 0 */
} cam_step_state;

/* Which rows of the batch an operand has. A head over a vocabulary computes its logits a chunk of query rows at a time:
 * CAM_ROWS_HEAD_CHUNK + c are the query rows from c * CAM_HEAD_CHUNK on, at most CAM_HEAD_CHUNK of them. */
enum { CAM_HEAD_CHUNK = 512 };
typedef enum cam_rows {
    CAM_ROWS_TOKENS,
    CAM_ROWS_SEQUENCES,
    CAM_ROWS_HEAD,
    CAM_ROWS_HEAD_CHUNK,
    CAM_ROWS_LAST_CHUNK = 1 << 24
} cam_rows;

/* The step's true number of such rows. */
static inline CAM_HOST_DEVICE int64_t cam_rows_count(const cam_step_state *state, cam_rows rows) {
    if (rows < CAM_ROWS_HEAD_CHUNK)
        return rows == CAM_ROWS_TOKENS      ? state->tokens
               : rows == CAM_ROWS_SEQUENCES ? state->sequences
                                            : state->head_rows;
    int64_t left = state->head_rows - (int64_t)(rows - CAM_ROWS_HEAD_CHUNK) * CAM_HEAD_CHUNK;
    int64_t most = CAM_HEAD_CHUNK;
    return left < 0 ? 0 : left < most ? left : most;
}

/* One micro-step of an epoch. It follows from the permutation and is uploaded together with it. */
typedef struct cam_micro_step {
    double learning_rate, loss_denominator;
    uint32_t step;  /* optimizer step */
    int32_t first;  /* rows [first, first + rows) of the epoch's order */
    int32_t rows;   /* 0 where this rank has no row of the batch */
    int32_t tokens; /* sum over these rows */
    int32_t begins; /* 1: the first micro-step of its optimizer step */
    uint32_t epoch; /* of the masks */
} cam_micro_step;

/* The host computes quotient and root once an update: long operations, which on smaller GPUs are slow in f64. */
typedef struct cam_bias_corrections {
    double inverse1, root2; /* 1 / (1 - beta1^t), sqrt(1 - beta2^t) */
} cam_bias_corrections;

/* A request of one rank's host. It is delivered with a step, so that all ranks act on it after the same step. */
typedef enum cam_step_request { CAM_REQUEST_STOP = 1 } cam_step_request;

/* One rank's values of an optimizer step, which all ranks receive. */
typedef struct cam_rank_report {
    double loss;      /* its term of state->loss */
    uint32_t request; /* cam_step_request bits of its host */
    uint32_t unused;  /* 0 */
} cam_rank_report;

/* The record of an optimizer step, in mapped memory: the device writes it, the host reads it
 * (cam_backend_allocate_mapped). */
typedef struct cam_step_record {
    double loss, grad_norm, learning_rate;
    uint64_t time_ns; /* the device's clock */
    uint32_t step;
    uint32_t finite;
    uint32_t sequence; /* step + 1; written last: a record with this number is complete */
    uint32_t requests; /* state->requests */
} cam_step_record;

#ifdef __cplusplus
}
#endif
#endif
