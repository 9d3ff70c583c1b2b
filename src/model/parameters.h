/* parameters.h: the one element index space in which weights, gradients and moments lie.
 *
 * Tensors follow one another in a fixed order (embeddings, layers from the first to the last, head), each starting on a
 * chunk of CAM_CHUNK elements, gaps zero. The query, key and value weights of a layer are one tensor of 3 H rows, so
 * that one product makes all three; likewise their biases. Weight, gradient, first and second moment, and the low half
 * of a split master (cam/ops.h, CAM_CHUNK_SPLIT) are planes over this space, dense, each with an element size for each
 * tensor. Frozen tensors are always a prefix of it, so the planes of what is trained hold the suffix from
 * `trained_begin` on, and a frozen part has no gradient and no moments. Access is by cam_parameters_view(tensor, plane)
 * only.
 *
 * Shares: where several ranks train, each bucket of the trained part (what one collective carries) is cut into equal
 * shares of whole chunks, one a rank. Moments lie in the order of the chunk table, share by share, so that a rank which
 * keeps the state of its own share alone (`sharded`) holds one piece of them.
 *
 * Used vocabulary: `word_rows` may be fewer than the file's vocabulary. Row r of the word embeddings then is the file's
 * row word_id[r]; the rows left out are those that no text of the run uses. Their gradient is zero for ever, so at save
 * all that an update does to them, the decay, is replayed (cam_parameters_record_update).
 */
#ifndef CAM_PARAMETERS_H
#define CAM_PARAMETERS_H

#include "cam/ops.h"
#include "model_config.h"

/* The tensors of a model. Layer tensors are named by cam_layer_tensor, the others by these two. */
typedef enum cam_embedding_tensor {
    CAM_WORD,     /* [V,H] */
    CAM_POSITION, /* [P,H] */
    CAM_TYPE,     /* [1,H] */
    CAM_EMBEDDING_GAMMA,
    CAM_EMBEDDING_BETA,
    CAM_EMBEDDING_TENSORS
} cam_embedding_tensor;

typedef enum cam_layer_tensor {
    CAM_QKV_W,    /* [3H,H]: query rows, key rows, value rows */
    CAM_QKV_B,    /* [3H] */
    CAM_OUTPUT_W, /* [H,H] */
    CAM_OUTPUT_B,
    CAM_ATTENTION_GAMMA,
    CAM_ATTENTION_BETA,
    CAM_UP_W, /* [F,H] */
    CAM_UP_B,
    CAM_DOWN_W, /* [H,F] */
    CAM_DOWN_B,
    CAM_FFN_GAMMA,
    CAM_FFN_BETA,
    CAM_LAYER_TENSORS
} cam_layer_tensor;

typedef enum cam_head_tensor {
    CAM_DENSE_W, /* [H,H] */
    CAM_DENSE_B,
    CAM_CLASSIFIER_W, /* [K,H] */
    CAM_CLASSIFIER_B,
    CAM_HEAD_TENSORS
} cam_head_tensor;

typedef enum cam_plane { CAM_WEIGHT, CAM_LOW, CAM_GRADIENT, CAM_MOMENT1, CAM_MOMENT2, CAM_PLANES } cam_plane;

/* How numbers are kept. Biases, LayerNorm, embeddings and the head are f32 always, but for the query, key and value
 * biases, which go where their product's output goes. */
typedef struct cam_precision {
    int bf16;           /* the layers compute with bf16 weights, trained as the upper halves of f32 masters */
    int bf16_gradients; /* the gradients of their matrices are bf16, too: only where nothing accumulates */
} cam_precision;

/* The ranks that train together. {0}: one. */
typedef struct cam_sharding {
    int rank, ranks;
    int sharded; /* moments of this rank's share only: ZeRO-1 */
} cam_sharding;

enum { CAM_MAX_PARTS = 3, CAM_TENSOR_NAME_BYTES = 96 };

typedef struct cam_parameter {
    char name[CAM_MAX_PARTS][CAM_TENSOR_NAME_BYTES]; /* Hugging Face names of its row blocks, of equal size */
    int parts;
    int depth;             /* 0 embeddings, 1 .. L layers, L + 1 head */
    int matrix;            /* 2-d? otherwise 1-d */
    int64_t rows;          /* 1-d: elements */
    int64_t columns;       /* 1-d: 1 */
    int64_t offset;        /* in the index space, elements, a multiple of CAM_CHUNK */
    int bias_or_norm;      /* spared from weight decay unless decay_bias_and_norm */
    int split;             /* bf16 weight */
    size_t at[CAM_PLANES]; /* where it begins in each plane, bytes; in the planes of what is trained only where it is */
} cam_parameter;

/* A run of trained tensors that are alike in every plane. Its length is a multiple of ranks * CAM_CHUNK. */
typedef struct cam_segment {
    int64_t begin, end; /* elements of the index space */
    cam_dtype weight, gradient;
} cam_segment;

/* What one collective carries: the segments of one or several depths, complete once the gradients of `depth`, the
 * lowest of them, are. At most CAM_COMM_MAX_BUFFERS segments. */
typedef struct cam_bucket {
    int depth;
    int first, segments; /* of cam_parameters.segments, ascending */
    int64_t first_own;   /* of the rank's own chunks, in order of the table, the first that lies in the bucket */
    int64_t own;         /* how many */
} cam_bucket;

typedef struct cam_parameters {
    cam_parameter *list;
    int *by_offset; /* [count] list indices in the order of the index space */
    int count;
    int layers;
    int64_t hidden;
    int64_t elements;      /* the whole space */
    int64_t trained_begin; /* first trained element; == elements - head where the encoder is frozen */
    int64_t trained_count; /* parameters trained, gaps not counted */
    int64_t logical_count; /* parameters of the file's model: the whole vocabulary */

    int64_t word_rows;    /* rows of the word embeddings kept */
    int64_t vocab_size;   /* rows of the file */
    int32_t *word_id;     /* [word_rows] file row of each kept row; ascending; NULL = all are kept */
    int32_t *word_row;    /* [vocab_size] kept row of each file row, -1 = left out; NULL = all are kept */
    float *decay_factors; /* what each update really applied multiplied the left-out rows by */
    int64_t decay_updates;

    cam_precision precision;
    cam_backend *backend;
    char *plane[CAM_PLANES];  /* device memory */
    size_t bytes[CAM_PLANES]; /* of each plane, in training */
    cam_chunk *chunks;        /* device memory, one a chunk of the trained suffix: rank 0's share, rank 1's, ... */
    cam_chunk *chunks_host;
    int64_t chunk_count;

    cam_sharding sharding;
    cam_segment *segments;
    cam_bucket *buckets; /* in the order in which backward completes them */
    int segment_count, bucket_count;
} cam_parameters;

/* How a run trains them. */
typedef struct cam_train_rates {
    int frozen_depth; /* depths below this are frozen: 0 none, 1 embeddings, 1 + N embeddings and N layers, L + 1 all
                         but the head */
    double weight_decay;
    int decay_bias_and_norm;
    double layerwise_decay; /* d: head 1, layer i of L d^(L+1-i), embeddings d^(L+1) */
} cam_train_rates;

/* Lays the space out for K labels. `used` ([vocab_size], non-zero = keep) may be NULL: the whole vocabulary. The pad
 * row is always kept. No backend memory is taken. */
CAM_MUST_CHECK cam_status cam_parameters_layout(cam_parameters *params, const cam_model_config *config,
                                                const unsigned char *used, const cam_train_rates *rates,
                                                cam_precision precision, cam_sharding sharding);
/* Bytes that cam_parameters_allocate will take: weights alone, or with gradients and moments. */
size_t cam_parameters_bytes(const cam_parameters *params, int training);
/* Takes the planes (all zero) and, for training, fills the chunk table. `max_updates` sizes the decay record. */
CAM_MUST_CHECK cam_status cam_parameters_allocate(cam_parameters *params, cam_backend *backend, int training,
                                                  const cam_train_rates *rates, int64_t max_updates);
void cam_parameters_release(cam_parameters *params);

/* Index in `list`. */
int cam_parameter_of_embedding(const cam_parameters *params, cam_embedding_tensor tensor);
int cam_parameter_of_layer(const cam_parameters *params, int layer, cam_layer_tensor tensor);
int cam_parameter_of_head(const cam_parameters *params, cam_head_tensor tensor);

/* The tensor's view in a plane; CAM_NONE where it has nothing there: a frozen tensor's gradient, the low half of what
 * is not split. Moments have no views: they lie in the order of the chunk table. */
cam_tensor cam_parameters_view(const cam_parameters *params, int index, cam_plane plane);
/* The trained suffix of a plane, 1-d, gaps included: what norm and adamw run over. Of a mixed plane, and of CAM_LOW,
 * the 16-bit units; CAM_NONE where nothing is split. Of a moment, what this rank keeps. */
cam_tensor cam_parameters_trained(const cam_parameters *params, cam_plane plane);
/* The chunks whose moments this rank keeps: all, or those of its share. */
typedef struct cam_chunk_range {
    int64_t first, count;
} cam_chunk_range;
cam_chunk_range cam_parameters_kept_chunks(const cam_parameters *params);
/* A segment in a plane of the trained suffix, 1-d. */
cam_tensor cam_parameters_segment(const cam_parameters *params, int index, cam_plane plane);
int cam_parameters_is_trained(const cam_parameters *params, int index);
/* Whether weights alone, without their low halves, are less than the f32 values that they stand for. */
int cam_parameters_is_rounded(const cam_parameters *params, int index);

/* Tells the store that one update was applied at this rate (state->learning_rate), for the rows left out. */
void cam_parameters_record_update(cam_parameters *params, double learning_rate, const cam_train_rates *rates);
/* What the recorded updates have made of one left-out row, in place. */
void cam_parameters_replay_decay(const cam_parameters *params, float *row, int64_t count);

#endif
