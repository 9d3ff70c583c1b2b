/* scorer.h: a model that reads rows and answers with logits: evaluation, prediction, and the features of a frozen
 * encoder.
 *
 * Rows go through in batches of at most max_rows rows and max_tokens tokens (one row always fits), in the order given.
 * No dropout; what backward would need is not kept. Memory is taken once, when opened.
 */
#ifndef CAM_SCORER_H
#define CAM_SCORER_H

#include "batch_stream.h"
#include "cancel.h"
#include "graph_cache.h"

typedef struct cam_scorer {
    cam_camembert *model;
    cam_batch_stream stream;
    cam_graph_cache graphs;
    cam_device_data captured; /* where the data set lies that the graphs read */
    cam_arena arena;
    void *memory;     /* device: the arena's */
    float *batch_out; /* device: what one batch answers, [max_rows, K or H] */
    float *results;   /* device: what a stream's rows answer, [rows, K] */
    int64_t max_tokens;
    int32_t max_length;
} cam_scorer;

/* `max_length`: tokens of the longest row. CAM_E_MEMORY. After a failure there is nothing to close. */
CAM_MUST_CHECK cam_status cam_scorer_open(cam_scorer *scorer, cam_camembert *model, int64_t max_rows,
                                          int64_t max_tokens, int32_t max_length);
void cam_scorer_close(cam_scorer *scorer);

/* Rows to score: `list`, row numbers of a tokenised data set and of its image on the device. */
typedef struct cam_scored_rows {
    const cam_token_rows *tokens;
    const cam_device_data *data;
    const int32_t *list;
    int64_t count;
} cam_scored_rows;

/* logits[count * K], host memory. */
CAM_MUST_CHECK cam_status cam_scorer_logits(cam_scorer *scorer, const cam_scored_rows *rows, const cam_cancel *stop,
                                            float *logits);
/* features[(row number) * H], device memory: the encoder's output at <s> for every listed row. */
CAM_MUST_CHECK cam_status cam_scorer_features(cam_scorer *scorer, const cam_scored_rows *rows, const cam_cancel *stop,
                                              float *features);
/* The same as cam_scorer_logits from features [rows,H]. */
CAM_MUST_CHECK cam_status cam_scorer_head_logits(cam_scorer *scorer, cam_tensor features, const cam_scored_rows *rows,
                                                 const cam_cancel *stop, float *logits);

#endif
