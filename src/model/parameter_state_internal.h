/* parameter_state_internal.h: how the pieces of parameter_state.h are composed, and the table that says it. */
#ifndef CAM_PARAMETER_STATE_INTERNAL_H
#define CAM_PARAMETER_STATE_INTERNAL_H

#include "parameter_state.h"

/* --- this run's pieces ------------------------------------------------------------------------------------------ */

/* Walks through a piece: its stretches, one after another. A stretch lies in one segment. */
typedef struct cam_state_walk {
    const cam_parameters *params;
    cam_plane plane;
    int rank;           /* whose piece it is */
    int next;           /* number of the next stretch */
    size_t bytes;       /* of the stretches so far, the current one included */
    int segment;        /* the current stretch: its segment, */
    int64_t begin, end; /* elements of the index space, */
    size_t at;          /* its first byte in the piece, */
    size_t element;     /* and the bytes of an element */
} cam_state_walk;

cam_state_walk cam_state_walk_begin(const cam_parameters *params, cam_plane plane, int rank);
int cam_state_walk_next(cam_state_walk *walk); /* 0: there is no further stretch */

/* Whether a rank writes a piece of the plane, which may be empty. */
int cam_state_writes(const cam_parameters *params, cam_plane plane, int rank);
size_t cam_state_piece_bytes(const cam_parameters *params, cam_plane plane, int rank);
void cam_state_piece_name(int sharded, cam_plane plane, int rank, char name[CAM_STATE_NAME_BYTES]);

/* Bytes that are neighbours both in the device's memory and in the piece. */
typedef struct cam_state_extent {
    char *data; /* device memory */
    size_t at;  /* in the piece */
    size_t bytes;
    char *copy; /* of a snapshot: where it is copied to */
} cam_state_extent;

/* The extents of what this rank keeps of a plane; `list` has room for cam_state_stretches of them. */
int cam_state_stretches(const cam_parameters *params);
int cam_state_extents(const cam_parameters *params, cam_plane plane, cam_state_extent *list);

/* --- layout.bin ------------------------------------------------------------------------------------------------- */

typedef struct cam_state_head {
    char magic[8];
    int32_t version;
    int32_t chunk; /* CAM_CHUNK; in another byte order it is another number */
    int32_t bf16, ranks, sharded;
    int32_t tensors, pieces, runs; /* entries of the tables that follow, in this order */
    uint64_t vocabulary;           /* hash of the kept vocabulary rows */
} cam_state_head;

/* A piece of a plane. */
typedef struct cam_state_entry {
    int32_t plane, rank;
    int64_t bytes;
} cam_state_entry;

/* Consecutive chunks of a tensor in a piece. */
typedef struct cam_state_run {
    int32_t piece, tensor;
    int64_t first, chunks; /* of the tensor's chunks */
    int64_t at;            /* byte in the piece */
} cam_state_run;

typedef struct cam_state_layout {
    const void *bytes;
    size_t count;
    const cam_state_head *head;
    const int64_t *elements; /* [tensors] trained elements; 0: frozen */
    const cam_state_entry *pieces;
    const cam_state_run *runs;
} cam_state_layout;

/* This run's layout, in memory to be freed. */
CAM_MUST_CHECK cam_status cam_state_layout_make(const cam_parameters *params, void **bytes, size_t *count);
/* Views bytes as a layout. CAM_E_MODEL where they are none, or where the parameters are others. After it every entry and
 * run is within its bounds. */
CAM_MUST_CHECK cam_status cam_state_layout_view(const cam_parameters *params, const void *bytes, size_t count,
                                                cam_state_layout *layout);

#endif
