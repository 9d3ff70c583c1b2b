/* parameter_state.h: the training state of the parameters as named pieces of bytes. They are taken between two steps,
 * and put into the parameters of a run that begins: weights, moments and recorded updates then have the same bits. What
 * becomes of the pieces in between, such as files, is the caller's.
 *
 *   weights.bin               the trained suffix of the weight plane
 *   low.bin                   the low halves of its split weights; only where there are some
 *   moment1.bin, moment2.bin  both moments
 *   decay.bin                 the factors of the recorded updates; only where vocabulary rows are left out
 *   layout.bin                which chunks of which tensor lie where in the first four
 *
 * Rank 0 has them all. With sharded state each rank has the low halves and moments of its own shards instead, in pieces
 * with its number in their names: moment1-rank-3.bin. Frozen tensors and left-out vocabulary rows are in no piece: they
 * come from the base model again.
 *
 * A piece is a copy of memory, with the padding between the tensors, so that it is taken and put in one operation. The
 * padding and the order of the shards depend on the number of ranks. Where that number or the sharding differs, each
 * chunk is looked up in layout.bin and read from the piece that has it.
 */
#ifndef CAM_PARAMETER_STATE_H
#define CAM_PARAMETER_STATE_H

#include "parameters.h"

enum { CAM_STATE_PIECES = 6 /* of one rank, at most */, CAM_STATE_NAME_BYTES = 32 };

typedef struct cam_state_piece {
    char name[CAM_STATE_NAME_BYTES]; /* also a file name: "moment1.bin" */
    const void *bytes;
    size_t count;
} cam_state_piece;

/* Where the pieces of a state are read from. */
typedef struct cam_state_source {
    void *context;
    /* Bytes of a piece; -1: there is no such piece. */
    int64_t (*size)(void *context, const char *name);
    /* Reads bytes [begin, begin + count), which lie within the piece. */
    cam_status (*read)(void *context, const char *name, uint64_t begin, size_t count, void *to);
} cam_state_source;

/* --- taking ---------------------------------------------------------------------------------------------------- */

/* A copy of the state in host memory. */
typedef struct cam_parameter_state {
    const cam_parameters *params;
    cam_state_piece pieces[CAM_STATE_PIECES]; /* of this rank */
    int count;
    char *memory; /* of the planes' pieces; pinned where the backend pins memory */
    float *decay; /* [max_decay_updates]; NULL: no such piece */
    void *layout;
    struct cam_state_extent *extents; /* what is copied */
    int extent_count;
} cam_parameter_state;

/* Host memory of this rank's copy: known from the layout on. */
size_t cam_parameter_state_bytes(const cam_parameters *params);
/* Allocates the copy and writes to all of it, so that the first take meets no page fault. CAM_E_MEMORY. After a failure
 * there is nothing to close. The parameters must outlive the state. */
CAM_MUST_CHECK cam_status cam_parameter_state_open(cam_parameter_state *state, const cam_parameters *params);
void cam_parameter_state_close(cam_parameter_state *state);
/* Copies this rank's part of the state from the device. Nothing is allocated. The pieces keep their addresses; each call
 * replaces their contents. */
CAM_MUST_CHECK cam_status cam_parameter_state_take(cam_parameter_state *state);

/* --- putting --------------------------------------------------------------------------------------------------- */

/* CAM_E_MODEL of these calls: a piece is missing, has a wrong size, or belongs to other parameters. */

/* Reads layout.bin into `*bytes`, to be freed. */
CAM_MUST_CHECK cam_status cam_state_read_layout(const cam_state_source *source, void **bytes, size_t *count);
/* Reads decay.bin into `*factors`, to be freed, for cam_parameters_take_record. NULL and 0 updates where the parameters
 * leave out no row. */
CAM_MUST_CHECK cam_status cam_state_read_decay(const cam_parameters *params, const cam_state_source *source,
                                               float **factors, int64_t *updates);

typedef struct cam_state_reader cam_state_reader;

/* Compares the layout with the parameters. `source` and `layout` must outlive the reader. */
CAM_MUST_CHECK cam_status cam_state_reader_open(cam_parameters *params, const cam_state_source *source,
                                                const void *layout, size_t count, cam_state_reader **reader);
void cam_state_reader_close(cam_state_reader *reader); /* NULL does nothing */
/* Reads what this rank keeps of a plane (not of the gradients). With unsharded state that is all of it on every rank. */
CAM_MUST_CHECK cam_status cam_state_reader_read(cam_state_reader *reader, cam_plane plane);

#endif
