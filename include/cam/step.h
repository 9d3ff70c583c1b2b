/* step.h: what is known of a step in device memory, and what crosses to it: the state that every operator reads, the
 * plan it follows, what ranks tell each other, the record that the host reads. The operators that read and write them
 * are in cam/ops.h.
 */
#ifndef CAM_STEP_H
#define CAM_STEP_H

#include "cam/host_device.h"
#include "cam/philox.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a step needs to know beyond shapes: one struct in device memory. The host writes it at the start of an epoch;
 * after that only the device changes it (step_begin, loss_fwd, step_merge, norm_final). No per-step value is a host
 * argument. */
typedef struct cam_step_state {
    uint64_t seed;
    uint32_t step;           /* optimizer step, from 0: the random map's step */
    int32_t tokens;          /* T, true count */
    int32_t sequences;       /* B */
    int32_t head_rows;       /* R, rows of the row list */
    double learning_rate;    /* of the head's group, this step */
    double bias_correction1; /* 1 - beta1^t, t = updates really applied, this one included */
    double bias_correction2; /* 1 - beta2^t */
    double loss_denominator; /* sum of the class weights of all examples of the optimizer step (rows, if unweighted) */
    double loss;             /* this step's loss so far: loss_fwd */
    double grad_norm;        /* before clipping: norm_final */
    float clip_scale;        /* what adamw multiplies gradients by: norm_final */
    uint32_t finite;         /* 1; 0 once loss or norm were not finite: norm_final */
    uint32_t skip_nonfinite; /* 1: step_begin sets `finite` again at each optimizer step; 0: it stays 0 */
    uint32_t cursor;         /* micro-steps of the epoch begun so far: step_begin */
    uint32_t updates;        /* updates applied since the host wrote the state: norm_final */
    uint32_t requests; /* of all ranks' hosts (cam_step_request), this step: step_merge; 0 where there is one rank */
} cam_step_state;

typedef enum cam_rows { CAM_ROWS_TOKENS, CAM_ROWS_SEQUENCES, CAM_ROWS_HEAD } cam_rows;

/* The true count that `rows` names. */
static inline CAM_HOST_DEVICE int64_t cam_rows_count(const cam_step_state *state, cam_rows rows) {
    return rows == CAM_ROWS_TOKENS ? state->tokens : rows == CAM_ROWS_SEQUENCES ? state->sequences : state->head_rows;
}

/* One micro-step of an epoch, known from the permutation and uploaded with it. */
typedef struct cam_micro_step {
    double learning_rate, loss_denominator;
    uint32_t step;  /* optimizer step */
    int32_t first;  /* rows [first, first + rows) of the epoch's order */
    int32_t rows;   /* 0 where this rank has none of the batch */
    int32_t tokens; /* of these rows together */
    int32_t begins; /* 1: the first micro-step of its optimizer step */
    int32_t unused; /* 0 */
} cam_micro_step;

typedef struct cam_bias_corrections {
    double first, second; /* 1 - beta1^t, 1 - beta2^t */
} cam_bias_corrections;

/* What a host asks of all ranks: they learn of it with the same step and act together. */
typedef enum cam_step_request { CAM_REQUEST_STOP = 1 } cam_step_request;

/* What a rank tells the others of an optimizer step. */
typedef struct cam_rank_report {
    double loss;      /* its part of state->loss */
    uint32_t request; /* cam_step_request bits of its host */
    uint32_t unused;  /* 0 */
} cam_rank_report;

/* What the host hears of an optimizer step, in memory that both can reach (cam_backend_allocate_mapped). */
typedef struct cam_step_record {
    double loss, grad_norm, learning_rate;
    uint64_t time_ns; /* the device's clock */
    uint32_t step;
    uint32_t finite;
    uint32_t sequence; /* step + 1, written last: the record is complete where it says so */
    uint32_t requests; /* state->requests */
} cam_step_record;

#ifdef __cplusplus
}
#endif
#endif
