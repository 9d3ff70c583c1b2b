/* scorer.h: inference: the logits of rows (for evaluation and prediction), the features of a frozen encoder, and how a
 * masked language model fills masked places.
 *
 * Rows are scored in the order given, in batches of at most max_rows rows and max_tokens tokens; a longer single row is
 * a batch of its own. There is no dropout, and activations are not kept for backward. All memory is allocated by open.
 */
#ifndef CAM_SCORER_H
#define CAM_SCORER_H

#include "batch_stream.h"
#include "cancel.h"
#include "graph_cache.h"
#include "live_teacher.h"

/* In pretraining: the tokens of a row that are scored. */
typedef struct cam_scored_places {
    const cam_device_masking *masking;
    /* Of an encoder, which is compared with its teacher; NULL: a masked language model. */
    cam_live_teacher *teacher;
    const cam_distillation *distillation;
} cam_scored_places;

typedef struct cam_scorer {
    cam_camembert *model;
    cam_batch_stream stream;
    cam_graph_cache graphs;
    cam_device_data captured; /* the data set whose addresses the graphs hold */
    cam_arena arena;
    void *memory;     /* device memory: the arena's */
    float *batch_out; /* device memory: the output of one batch, [max_rows, K or H], or two values a query row */
    float *results;   /* device memory: the logits of a block of rows, [block, K] */
    float *host_out;  /* of places: staging memory for batch_out */
    cam_scored_places places; /* zeroed: a classifier */
    cam_device_masking given; /* the masking, for texts that hold <mask> */
    int64_t max_tokens;
    int32_t max_length;
} cam_scorer;

/* `max_length`: tokens of the longest row. `places`: what they name must outlive the scorer; NULL for a classifier.
 * CAM_E_MEMORY. After a failure there is nothing to close. */
CAM_MUST_CHECK cam_status cam_scorer_open(cam_scorer *scorer, cam_camembert *model, int64_t max_rows,
                                          int64_t max_tokens, int32_t max_length, const cam_scored_places *places);
void cam_scorer_close(cam_scorer *scorer);

/* The rows to score: row numbers of a tokenised data set, which is in host memory and in device memory. */
typedef struct cam_scored_rows {
    const cam_token_rows *tokens;
    const cam_device_data *data;
    const int32_t *list;
    int64_t count;
} cam_scored_rows;

/* logits[count * K]: host memory. CAM_E_STOPPED if `cancel` is requested; it may be NULL. */
CAM_MUST_CHECK cam_status cam_scorer_logits(cam_scorer *scorer, const cam_scored_rows *rows, const cam_cancel *cancel,
                                            float *logits);
/* features[(row number) * H]: device memory. Writes the encoder's output at <s> of every row of the list. */
CAM_MUST_CHECK cam_status cam_scorer_features(cam_scorer *scorer, const cam_scored_rows *rows, const cam_cancel *cancel,
                                              float *features);
/* Like cam_scorer_logits, but the head reads `features` [rows,H] and the encoder does not run. */
CAM_MUST_CHECK cam_status cam_scorer_head_logits(cam_scorer *scorer, cam_tensor features, const cam_scored_rows *rows,
                                                 const cam_cancel *cancel, float *logits);

/* The sums of a row's chosen tokens. */
typedef struct cam_row_scores {
    double loss_sum;
    int32_t positions, correct; /* correct: the model puts the token first */
} cam_row_scores;
/* The places of each row, masked as in epoch CAM_EVAL_EPOCH; scores[count]. An encoder's `loss_sum` is that of
 * distill_hidden, and its `correct` is 0. */
CAM_MUST_CHECK cam_status cam_scorer_masked(cam_scorer *scorer, const cam_scored_rows *rows, const cam_cancel *cancel,
                                            cam_row_scores *scores);

/* A piece for a masked place, and its probability. */
typedef struct cam_filled {
    int32_t id;
    double probability;
} cam_filled;
/* A masked language model: the `best` likeliest pieces, the likeliest first, at each place of row rows->list[0] that
 * holds <mask>: filled[places * best], in host memory. The caller counts the places (cam_scorer_places). 1 <= best <= V.
 * CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_scorer_fill(cam_scorer *scorer, const cam_scored_rows *rows, int64_t best,
                                          cam_filled *filled);
int64_t cam_scorer_places(const cam_scorer *scorer, const cam_scored_rows *rows);

#endif
