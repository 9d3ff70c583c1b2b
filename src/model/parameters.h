/* parameters.h: the parameters of a model: weights, gradients and moments in one element index space.
 *
 * Index space: tensors follow each other in a fixed order (embeddings, layers from first to last, head). Each starts at
 * a multiple of CAM_CHUNK elements; gaps are zero. The query, key and value weights of a layer are one tensor of 3 H
 * rows, so that one product computes all three; likewise their biases.
 *
 * Planes: weight, gradient, first and second moment, and the low half of a split master (cam/ops.h, CAM_CHUNK_SPLIT)
 * are planes over this space. A plane is dense; its element size depends on the tensor. Frozen tensors are always a
 * prefix of the space: they have a weight, and all other planes hold only the trained suffix from `trained_begin` on.
 * Tensors are accessed through cam_parameters_view(tensor, plane) only.
 *
 * Sharding: with several ranks, the trained part is divided into buckets, one collective each, and each bucket into
 * equal shards of whole chunks, one a rank. Moments are in the order of the chunk table: rank 0's shards, rank 1's, and
 * so on. So a rank that keeps only the moments of its own shards (`sharded`) holds one contiguous piece of them.
 *
 * Used vocabulary: `word_rows` may be smaller than the file's vocabulary. Row r of the word embeddings then is the
 * file's row word_id[r]; rows that no text of the run uses are left out of all planes. Their gradient is always zero, so
 * an update changes them by weight decay only. Each update's decay is recorded (cam_parameters_record_update), and the
 * rows, held in host memory, follow the record (held.h).
 */
#ifndef CAM_PARAMETERS_H
#define CAM_PARAMETERS_H

#include "cam/ops.h"
#include "model_config.h"

/* The tensors of a model: those of the embeddings, of each layer, and of the head. */
typedef enum cam_embedding_tensor {
    CAM_WORD,     /* [V,H] */
    CAM_POSITION, /* [P,H] */
    CAM_TYPE,     /* [type_vocab_size,H]; only row 0 is used */
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
    CAM_CLASSIFIER_TENSORS,
    CAM_HEAD_GAMMA = CAM_DENSE_B + 1, /* of a masked language model, whose decoder is CAM_WORD */
    CAM_HEAD_BETA,
    CAM_DECODER_B, /* [V] */
    CAM_MASKED_LM_TENSORS
} cam_head_tensor;

/* The map of a student's hidden states to the teacher's, behind the other tensors of its head. */
typedef enum cam_map_tensor { CAM_MAP_W /* [H,H] */, CAM_MAP_B, CAM_MAP_TENSORS } cam_map_tensor;

typedef enum cam_plane { CAM_WEIGHT, CAM_LOW, CAM_GRADIENT, CAM_MOMENT1, CAM_MOMENT2, CAM_PLANES } cam_plane;

/* How parameters are stored. Biases, LayerNorm, embeddings and the head are always f32, except the query, key and value
 * biases: their weights are split like those of the matrices. */
typedef struct cam_precision {
    int bf16;           /* the layers compute with bf16 weights, trained as the upper halves of f32 masters */
    int bf16_gradients; /* the gradients of their matrices are bf16, too; only without gradient accumulation */
} cam_precision;

/* Values in host memory that a save needs; see held.h. */
typedef struct cam_held_values {
    float *rows; /* [rows left out,H], after the first `updates` recorded updates; NULL: not held */
    int64_t updates;
    uint16_t *low; /* the lower halves of frozen bf16 weights, tensor after tensor; NULL: not held */
} cam_held_values;

/* The ranks that train together. {0}: one rank. */
typedef struct cam_sharding {
    int rank, ranks;
    int sharded; /* this rank keeps the moments of its shards only: ZeRO-1 */
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
    int bias_or_norm;      /* no weight decay unless decay_bias_and_norm */
    int split;             /* the weight is bf16, the upper half of an f32 master */
    int unsaved;           /* training alone needs it: no file of a model has it */
    size_t at[CAM_PLANES]; /* byte offset in each plane that has it; unused for moments */
} cam_parameter;

/* Neighbouring trained tensors with the same element size in every plane. Its length is a multiple of CAM_CHUNK times
 * the number of ranks. */
typedef struct cam_segment {
    int64_t begin, end; /* elements of the index space */
    cam_dtype weight, gradient;
} cam_segment;

/* The segments that one collective exchanges: those of one or several depths. A bucket is complete once the gradients
 * of `depth`, its lowest, are computed. At most CAM_COMM_MAX_BUFFERS segments. */
typedef struct cam_bucket {
    int depth;
    int first, segments;       /* segments [first, first + segments) of cam_parameters.segments */
    int64_t first_shard_chunk; /* the rank's shard of the bucket: its first chunk, counted among the rank's chunks */
    int64_t shard_chunks;      /* chunks of the shard */
} cam_bucket;

typedef struct cam_parameters {
    cam_parameter *list;
    int *by_offset; /* [count] list indices in the order of the index space */
    int count;
    int layers;
    cam_task task;
    int64_t hidden;
    int64_t elements;      /* the whole space */
    int64_t trained_begin; /* the first trained element */
    int64_t trained_count; /* parameters trained, gaps not counted */
    int64_t logical_count; /* parameters of the model in the file, with the whole vocabulary */

    int64_t word_rows;    /* kept rows of the word embeddings */
    int64_t vocab_size;   /* rows in the file */
    int32_t *word_id;     /* [word_rows] file row of each kept row, ascending; NULL: all are kept */
    int32_t *word_row;    /* [vocab_size] kept row of each file row, -1: left out; NULL: all are kept */
    float *decay_factors; /* [decay_updates] the factor of each applied update for the left-out rows */
    int64_t decay_updates, max_decay_updates;
    cam_held_values held;

    cam_precision precision;
    cam_backend *backend;
    char *plane[CAM_PLANES];  /* device memory */
    size_t bytes[CAM_PLANES]; /* of each plane, in training */
    cam_chunk *chunks;        /* device memory: all chunks of the trained suffix: rank 0's shards, rank 1's, .. */
    cam_chunk *chunks_host;
    int64_t chunk_count;

    cam_sharding sharding;
    cam_segment *segments;
    cam_bucket *buckets; /* in the order in which backward completes them */
    int segment_count, bucket_count;
} cam_parameters;

/* What a run trains, and at which rates. */
typedef struct cam_train_rates {
    int frozen_depth; /* lower depths are frozen: 0 none, 1 embeddings, 1 + N also N layers, L + 1 all but the head */
    double weight_decay;
    int decay_bias_and_norm;
    int hidden_map;         /* the head also has the map of hidden states, which distillation trains */
    double layerwise_decay; /* d; learning rate factors: head 1, layer i = 1 .. L d^(L+1-i), embeddings d^(L+1) */
} cam_train_rates;

/* Lays out the index space and the planes, with the head of config->task, if it has one, and the map of `rates`. `used` ([vocab_size], non-zero: keep the row);
 * NULL: the whole vocabulary, which all but a classifier need. The pad row is always kept. No backend memory is
 * allocated. */
CAM_MUST_CHECK cam_status cam_parameters_layout(cam_parameters *params, const cam_model_config *config,
                                                const unsigned char *used, const cam_train_rates *rates,
                                                cam_precision precision, cam_sharding sharding);
/* Bytes that cam_parameters_allocate will allocate: weights alone, or with gradients and moments. */
size_t cam_parameters_bytes(const cam_parameters *params, int training);
/* Allocates the planes (all zero) and, for training, fills the chunk table. `max_updates` is the most that
 * cam_parameters_record_update will record. */
CAM_MUST_CHECK cam_status cam_parameters_allocate(cam_parameters *params, cam_backend *backend, int training,
                                                  const cam_train_rates *rates, int64_t max_updates);
/* Gives the planes and the chunk table addresses that must not be read or written, as a counting arena does: for
 * counting a pass's memory without allocating them. The backend is not set, so that nothing of it is released. */
void cam_parameters_pretend(cam_parameters *params);
void cam_parameters_release(cam_parameters *params);

/* Index in `list`. */
int cam_parameter_of_embedding(const cam_parameters *params, cam_embedding_tensor tensor);
int cam_parameter_of_layer(const cam_parameters *params, int layer, cam_layer_tensor tensor);
int cam_parameter_of_head(const cam_parameters *params, cam_head_tensor tensor);
int cam_parameter_of_map(const cam_parameters *params, cam_map_tensor tensor);

/* The tensor's view in a plane. CAM_NONE if the plane does not have it, such as the gradient of a frozen tensor, or the
 * low half of one that is not split. Moments have no views, since they are in the order of the chunk table. */
cam_tensor cam_parameters_view(const cam_parameters *params, int index, cam_plane plane);
/* The trained suffix of a plane, 1-d, gaps included, for the norm and adamw operators. A plane with bf16 elements, and
 * CAM_LOW, are given as 16-bit units; CAM_LOW is CAM_NONE if nothing is split. Of a moment: what this rank keeps. */
cam_tensor cam_parameters_trained(const cam_parameters *params, cam_plane plane);
/* The chunks whose moments this rank keeps: all, or those of its shards. */
typedef struct cam_chunk_range {
    int64_t first, count;
} cam_chunk_range;
cam_chunk_range cam_parameters_kept_chunks(const cam_parameters *params);
/* The chunks of a trained depth; with one rank, where they follow each other. */
cam_chunk_range cam_parameters_depth_chunks(const cam_parameters *params, int depth);
/* The view of a segment in a plane, 1-d. */
cam_tensor cam_parameters_segment(const cam_parameters *params, int index, cam_plane plane);
int cam_parameters_is_trained(const cam_parameters *params, int index);

/* Whether updates are recorded: rows are left out, and updates would change them. */
int cam_parameters_records_updates(const cam_parameters *params, const cam_train_rates *rates);
/* Records that one update was applied at this rate (state->learning_rate), for the rows left out. */
void cam_parameters_record_update(cam_parameters *params, double learning_rate, const cam_train_rates *rates);
/* The record, for a checkpoint: the number of its updates, and their factors in order. */
int64_t cam_parameters_recorded(const cam_parameters *params, const float **factors);
/* Takes over the record of a checkpoint, before the first update; the rows, just loaded, then have to follow it.
 * CAM_E_MODEL where it has more updates than the run makes, or a factor that no update has. */
CAM_MUST_CHECK cam_status cam_parameters_take_record(cam_parameters *params, const float *factors, int64_t updates);

#endif
