/* camembert.h: CamemBERT's encoder and classification head, forward and backward, written out by hand.
 *
 * The computation is that of transformers' modeling_camembert.py (reference: CamembertForSequenceClassification),
 * post-LN:
 *
 *     x0 = dropout(LN(word[id] + type + position))
 *     x1 = LN(dropout(Wo attention(Wqkv x)) + x),  x2 = LN(dropout(Wd gelu(Wu x1)) + x1)       each layer
 *     logits = Wc dropout(tanh(Wh dropout(h)))                                                  h = last x2 at <s>
 *
 * over packed rows without padding. The head reads the listed rows only (<s> of each sequence), so the last layer
 * computes queries, sums and its feed-forward block for those rows alone; gradients included, this is exact.
 *
 * This box never knows which backend runs. Run with a counting arena nothing is computed: the plan of a run is the peak
 * that the arena remembers.
 */
#ifndef CAM_CAMEMBERT_H
#define CAM_CAMEMBERT_H

#include "cam/arena.h"
#include "cam/ops.h"
#include "model_config.h"
#include "parameters.h"

/* A packed batch in device memory. T_cap and B_cap are the tensors' lengths; the true counts are in the step state. */
typedef struct cam_batch {
    cam_tensor ids;         /* [T] i32 rows of the word embeddings (kept rows, not file ids) */
    cam_tensor positions;   /* [T] i32 rows of the position embeddings */
    cam_tensor token_row;   /* [T] i32 data row id of each token */
    cam_tensor token_index; /* [T] i32 index in its sequence */
    cam_tensor cu_seqlens;  /* [B+1] i32 */
    cam_tensor row;         /* [B] i32 data row id of each sequence */
    cam_tensor list;        /* [R] i32 token whose last hidden state the head reads; here R = B, the <s> of each */
    cam_tensor list_index;  /* [R] i32 its index in its sequence: 0 */
    cam_tensor list_cu;     /* [B+1] i32 listed rows of each sequence, cumulated: 0, 1, .. B */
    cam_tensor labels;      /* [R] i32; absent where there are none */
    int32_t longest;        /* tokens of the longest sequence */
} cam_batch;

/* What one layer's forward pass leaves for its backward pass. N is T, or R in the last layer. */
typedef struct cam_layer_saved {
    cam_tensor x;            /* [T,H] input */
    cam_tensor rows;         /* [N,H] the input rows that ask: x, or its listed rows */
    cam_tensor q, k, v;      /* views into the products' outputs */
    cam_tensor context, lse; /* [N,H] [N,A] */
    cam_tensor z1, mean1, rstd1, x1;
    cam_tensor up, activated; /* [N,F] before bias and GELU, and after */
    cam_tensor z2, mean2, rstd2;
} cam_layer_saved;

typedef struct cam_camembert {
    const cam_model_config *config;
    const cam_parameters *params;
    cam_backend *backend;
    int frozen_depth;           /* depths below have no gradient (see cam_train_rates) */
    int frozen_dropout;         /* they drop out all the same */
    int gradient_checkpointing; /* keep layer inputs only, compute the rest again */
    cam_layer_saved *saved;     /* [L] */
} cam_camembert;

CAM_MUST_CHECK cam_status cam_camembert_open(cam_camembert *model, const cam_model_config *config,
                                             const cam_parameters *params, cam_backend *backend);
void cam_camembert_close(cam_camembert *model);

/* One batch on its way through the model. Set the first block of fields, then call forward, and in training loss and
 * backward. Everything is taken from `arena`, which the caller resets before the next pass. */
typedef struct cam_pass {
    cam_camembert *model;
    cam_arena *arena;
    cam_step_state *state; /* device memory, already describing this batch */
    const cam_batch *batch;
    int training;             /* dropout, and keep what backward needs */
    int accumulate;           /* gradients and loss: += (a later micro-batch) or = */
    cam_tensor class_weights; /* [K], may be absent */
    float label_smoothing;
    /* Told by backward each time all gradients of a depth (parameters.h) are there, the head's first; NULL: nobody. Not
     * under a counting arena. */
    cam_status (*gradients_ready)(void *context, int depth);
    void *context;

    cam_tensor embedded, embedded_mean, embedded_rstd; /* [T,H] [T] */
    cam_tensor hidden;                                 /* [R,H] the encoder's output rows */
    cam_tensor head_input, head_dense, head_active;    /* [R,H] after dropout, before bias and tanh, after dropout */
    cam_tensor logits;                                 /* [R,K] */
    cam_tensor row_loss;                               /* [R] */
} cam_pass;

/* Embeddings and layers: fills `hidden`. */
CAM_MUST_CHECK cam_status cam_camembert_encode(cam_pass *pass);
/* In place of encode: `hidden` from `features` [rows,H], the encoder's output kept of every row of the data set, by the
 * batch's `list`. */
CAM_MUST_CHECK cam_status cam_camembert_recall(cam_pass *pass, cam_tensor features);
/* The head on `hidden`: fills `logits`. */
CAM_MUST_CHECK cam_status cam_camembert_classify(cam_pass *pass);
/* Fills `row_loss`, adds to state->loss. */
CAM_MUST_CHECK cam_status cam_camembert_loss(cam_pass *pass);
/* Gradients of everything trained, from the logits down to the first trained tensor. */
CAM_MUST_CHECK cam_status cam_camembert_backward(cam_pass *pass);

#endif
