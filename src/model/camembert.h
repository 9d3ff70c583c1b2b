/* camembert.h: CamemBERT's encoder and its heads: forward, and backward derived by hand.
 *
 * The computation is that of transformers' modeling_camembert.py (reference: CamembertForSequenceClassification),
 * post-LN:
 *
 *     x0 = dropout(LN(word[id] + type + position))
 *     x1 = LN(dropout(Wo attention(Wqkv x)) + x),  x2 = LN(dropout(Wd gelu(Wu x1)) + x1)       each layer
 *     logits = Wc dropout(tanh(Wh dropout(h)))                                                  h = last x2 at <s>
 *
 * over packed rows without padding; of a masked language model (reference: CamembertForMaskedLM)
 *
 *     logits = word LN(gelu(Wh h)) + b                                               h = last x2 at the chosen tokens
 *
 * or of an encoder without a head, whose h at all tokens is compared with that of a teacher.
 *
 * The head reads only the <s> row of each sequence, or the chosen tokens. So the last layer has queries for these rows
 * only (the query rows), and computes its residual sums and its feed-forward block for them only. Logits and gradients
 * are the same as with all rows. Logits over a vocabulary are computed for CAM_HEAD_CHUNK query rows at a time.
 *
 * The code does not depend on the backend. With a counting arena nothing is computed; arena->peak then is the memory
 * that a pass needs.
 */
#ifndef CAM_CAMEMBERT_H
#define CAM_CAMEMBERT_H

#include "cam/arena.h"
#include "cam/ops.h"
#include "model_config.h"
#include "parameters.h"

/* A packed batch in device memory. T_cap and B_cap are the tensors' lengths; the true counts are in the step state. */
typedef struct cam_batch {
    cam_tensor ids;         /* [T] i32 rows of the word embeddings (kept rows, not file ids), masked where masks are */
    cam_tensor source_ids;  /* [T] i32 before masking; absent without masks */
    cam_tensor positions;   /* [T] i32 rows of the position embeddings */
    cam_tensor token_row;   /* [T] i32 data row id of each token */
    cam_tensor token_index; /* [T] i32 index in its sequence */
    cam_tensor cu_seqlens;  /* [B+1] i32 */
    cam_tensor row;         /* [B] i32 data row id of each sequence */
    cam_tensor list;     /* [R] i32 the query rows of the last layer, as packed tokens; without masks R = B: each <s> */
    cam_tensor list_row; /* [R] i32 data row id of each query row */
    cam_tensor list_index; /* [R] i32 index of the query row in its sequence; without masks 0 */
    cam_tensor list_cu;    /* [B+1] i32 cumulative number of query rows of the sequences */
    cam_tensor labels;     /* [R] i32; absent if there are none */
    int32_t longest;       /* tokens of the longest sequence */
} cam_batch;

/* Tensors that one layer's forward pass keeps for its backward pass. N is T, or R in the last layer. */
typedef struct cam_layer_saved {
    cam_tensor x;            /* [T,H] input */
    cam_tensor rows;         /* [N,H] the query rows of the input: x, or in the last layer x[list] */
    cam_tensor q, k, v;      /* views of the products' outputs */
    cam_tensor context, lse; /* [N,H] [N,A] */
    cam_tensor z1, mean1, rstd1, x1;
    cam_tensor up, activated; /* [N,F] before bias and GELU, and after */
    cam_tensor z2, mean2, rstd2;
    /* Dropout decisions of attention and of the two residual sums; absent where backward draws them again. */
    cam_tensor attention_mask, mask1, mask2;
} cam_layer_saved;

/* How a student learns from the answers of a teacher, which are in device memory: see cam/distill.h. */
typedef struct cam_distillation {
    float temperature, alpha;
    float hidden_weight; /* 0: hidden states are not compared */
    cam_tensor logits;   /* [rows,K] of every row of the data set */
    cam_tensor hidden;   /* [rows,H] the encoder's output at <s>; absent where hidden_weight is 0 */
} cam_distillation;

typedef struct cam_camembert {
    const cam_model_config *config;
    const cam_parameters *params;
    cam_backend *backend;
    int frozen_depth;           /* depths below it have no gradient (see cam_train_rates) */
    int frozen_dropout;         /* 1: dropout is active in frozen depths, too */
    int gradient_checkpointing; /* keep layer inputs only; backward recomputes the rest */
    cam_layer_saved *saved;     /* [L] */
} cam_camembert;

CAM_MUST_CHECK cam_status cam_camembert_open(cam_camembert *model, const cam_model_config *config,
                                             const cam_parameters *params, cam_backend *backend);
void cam_camembert_close(cam_camembert *model);

/* One pass of a batch through the model. Set the first block of fields, then call encode, and classify and in training
 * loss or distill, or lm_head and lm_loss, or distill_hidden alone; in training then backward. All memory comes from `arena`, which the caller resets before
 * the next pass. */
typedef struct cam_pass {
    cam_camembert *model;
    cam_arena *arena;
    cam_step_state *state; /* device memory, already describing this batch */
    const cam_batch *batch;
    int training;             /* 1: with dropout, and keeps what backward needs */
    int accumulate;           /* gradients and loss: 1: += (a later micro-batch), 0: = */
    cam_tensor class_weights; /* [K]; may be absent */
    float label_smoothing;
    const cam_distillation *distillation; /* the answers of a teacher; NULL: none */
    /* Backward calls it once all gradients of a depth (cam_parameter.depth) are computed, the head's first; may be
     * NULL. It is called in a section of the backend's side queue. Not called with a counting arena. */
    cam_status (*gradients_ready)(void *context, int depth);
    /* Encode and classify call it before they read a depth's weights; may be NULL. Not called with a counting arena. */
    cam_status (*weights_needed)(void *context, int depth);
    void *context;

    cam_tensor embedded, embedded_mean, embedded_rstd; /* [T,H] [T] */
    cam_tensor hidden;                                 /* [R,H] the encoder's output at the query rows */
    cam_tensor head_input, head_dense, head_active;    /* [R,H] after dropout, before bias and tanh, after dropout */
    cam_tensor head_output, head_mean, head_rstd;      /* lm_head: [R,H] [R] its LayerNorm, of head_active after GELU */
    cam_tensor head_gradient;                          /* lm_loss: [R,H] of head_output */
    cam_tensor mapped;                                 /* distill: [R,H] of `hidden`, then the gradient of the map */
    cam_tensor hits;                                   /* lm_loss, not in training: [R], as loss's */
    cam_tensor logits;                                 /* [R,K] */
    cam_tensor row_loss;                               /* [R] */
    int side_mark;                                     /* of backward's last section of the side queue */
} cam_pass;

/* Embeddings and layers: fills `hidden`. */
CAM_MUST_CHECK cam_status cam_camembert_encode(cam_pass *pass);
/* Instead of encode: gathers `hidden` from `features` [rows,H], the encoder's output for every row of the data set,
 * which was computed before; the batch's `list` holds data row ids then. */
CAM_MUST_CHECK cam_status cam_camembert_gather_features(cam_pass *pass, cam_tensor features);
/* The head: fills `logits` from `hidden`. */
CAM_MUST_CHECK cam_status cam_camembert_classify(cam_pass *pass);
/* Fills `row_loss`, and adds to state->loss. In training it also overwrites `logits` by their gradient. */
CAM_MUST_CHECK cam_status cam_camembert_loss(cam_pass *pass);
/* Instead of loss, with a teacher. */
CAM_MUST_CHECK cam_status cam_camembert_distill(cam_pass *pass);
/* Adds the distance of `hidden` from taught [N,H], the hidden states of a teacher for the same query rows: row r of it, or
 * row[r] where `row` is there. Fills `mapped`, and `row_loss` where no other loss has. */
CAM_MUST_CHECK cam_status cam_camembert_distill_hidden(cam_pass *pass, cam_tensor taught, cam_tensor row);
/* The head of a masked language model up to its decoder: fills `head_output` from `hidden`. */
CAM_MUST_CHECK cam_status cam_camembert_lm_head(cam_pass *pass);
/* The decoder and the loss, chunk by chunk of query rows: fills `row_loss`, and adds to state->loss. In training also
 * `head_gradient` and the decoder's gradients, its bias and the word embeddings; otherwise `hits`. */
CAM_MUST_CHECK cam_status cam_camembert_lm_loss(cam_pass *pass);
/* The number of chunks, and the decoder's logits of one of them, [CAM_HEAD_CHUNK or fewer, V], in arena memory. */
int cam_camembert_lm_chunks(const cam_pass *pass);
CAM_MUST_CHECK cam_status cam_camembert_lm_logits(cam_pass *pass, int chunk, cam_tensor *logits);
/* Gradients of all trained tensors, from the logits down to the first trained depth. In the layers those of parameters
 * are computed in the side queue, for which the main queue has waited at the end. */
CAM_MUST_CHECK cam_status cam_camembert_backward(cam_pass *pass);

#endif
