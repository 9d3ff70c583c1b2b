/* features_internal.h: TF-IDF values of rows, in LIBLINEAR's form. */
#ifndef CAM_FEATURES_INTERNAL_H
#define CAM_FEATURES_INTERNAL_H

#include "dataset.h"
#include "terms_internal.h"

#include <linear.h>

/* The terms of the training rows, numbered from 1 by first appearance. A zeroed struct is empty. */
typedef struct cam_vocabulary_terms {
    uint64_t *slots; /* [slot_count] of a hash table: the term, 0 for a free slot */
    int32_t *number; /* [slot_count] */
    size_t slot_count, count;
    double *weight; /* [count + 1] the idf; while training rows are read, the number of rows that hold the term */
    size_t weight_capacity;
} cam_vocabulary_terms;

/* Sparse rows: a node for each term of the vocabulary, one for the intercept, and one with index -1 as end. */
typedef struct cam_features {
    struct feature_node *nodes;
    size_t count, capacity;
    size_t *start; /* [rows * CAM_TERM_KINDS + 1] first node of each kind of a row */
    size_t rows;
    struct feature_node **row; /* [rows] into `nodes` */
} cam_features;

/* Reads the training rows [count], and sets the idf of each term: ln((1 + rows) / (1 + rows that hold it)) + 1. Then the values
 * of each row: (1 + ln tf) idf, divided by the Euclidean norm of the row's values of that kind. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_features_of_training(cam_features *x, cam_vocabulary_terms *v, const cam_row *const *rows,
                                                   size_t count, size_t most_bytes);
/* The same values for other rows; terms that the vocabulary does not have are left out. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_features_of_others(cam_features *x, const cam_vocabulary_terms *v,
                                                 const cam_row *const *rows, size_t count, size_t most_bytes);
void cam_features_release(cam_features *x);
void cam_vocabulary_terms_release(cam_vocabulary_terms *v);

#endif
