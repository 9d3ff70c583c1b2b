/* device_masking.h: the settings of masked language modelling, the host's count of chosen tokens, and the tables that the
 * device reads. cam/masking.h is the map itself.
 */
#ifndef CAM_DEVICE_MASKING_H
#define CAM_DEVICE_MASKING_H

#include "cam/backend.h"
#include "cam/masking.h"
#include "cam/status.h"
#include "cam/tensor.h"
#include "token_ids.h"

typedef struct cam_masking {
    double probability;              /* that a word is chosen: above 0, at most 1 */
    double share_mask, share_random; /* of the chosen tokens: become <mask>, become a random piece; the others stay */
    int whole_words;                 /* 1: the pieces of a word are chosen together */
    int32_t mask_id;
    const unsigned char *piece_kind; /* [vocab_size] CAM_PIECE_ bits */
} cam_masking;

/* The masks of a run on a device. */
typedef struct cam_device_masking {
    cam_backend *backend;
    cam_masking_map map;
    uint64_t seed;
    const unsigned char *host_kind; /* the caller's piece_kind, for counting */
    cam_tensor piece_kind;          /* [vocab_size] i32 device memory */
} cam_device_masking;

/* Uploads piece_kind, which must stay valid until close. CAM_E_USAGE for probabilities out of range or a mask_id that is
 * not in the vocabulary; CAM_E_MEMORY. After a failure there is nothing to close. */
CAM_MUST_CHECK cam_status cam_device_masking_open(cam_device_masking *masking, cam_backend *backend,
                                                  const cam_masking *options, int32_t vocab_size, uint64_t seed);
void cam_device_masking_close(cam_device_masking *masking);

/* The number of tokens of a row that are chosen in an epoch. */
int64_t cam_masking_count(const cam_device_masking *masking, const cam_token_rows *tokens, int32_t row, uint32_t epoch);

#endif
