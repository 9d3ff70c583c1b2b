/* kept_state.h: a training state that a test program keeps in memory, as a checkpoint keeps it in files. */
#ifndef KEPT_STATE_H
#define KEPT_STATE_H

#include "trainer_state.h"
#include <stdlib.h>
#include <string.h>

enum { KEPT_PIECES = 32 };

typedef struct kept_piece {
    char name[CAM_STATE_NAME_BYTES];
    char *bytes;
    size_t count;
} kept_piece;

/* A zeroed struct is empty. */
typedef struct kept_state {
    cam_trainer_counters counters;
    kept_piece pieces[KEPT_PIECES];
    int count;
    int reads; /* of bytes, so far */
} kept_state;

static inline void kept_release(kept_state *kept) {
    for (int i = 0; i < kept->count; i++)
        free(kept->pieces[i].bytes);
    *kept = (kept_state){0};
}

static inline void kept_add(kept_state *kept, const char *name, const void *bytes, size_t count) {
    CAM_ASSERT(kept->count < KEPT_PIECES);
    kept_piece *piece = &kept->pieces[kept->count++];
    memcpy(piece->name, name, CAM_STATE_NAME_BYTES);
    piece->count = count;
    piece->bytes = malloc(count + 1);
    CAM_ASSERT(piece->bytes != NULL);
    if (count > 0)
        memcpy(piece->bytes, bytes, count);
}

/* Replaces what was kept. */
static inline void kept_take(kept_state *kept, const cam_trainer_state *state) {
    int count;
    const cam_state_piece *pieces = cam_trainer_state_pieces(state, &count);
    kept_release(kept);
    kept->counters = state->counters;
    for (int i = 0; i < count; i++)
        kept_add(kept, pieces[i].name, pieces[i].bytes, pieces[i].count);
}

/* NULL: there is none of this name. */
static inline kept_piece *kept_find(kept_state *kept, const char *name) {
    for (int i = 0; i < kept->count; i++)
        if (strcmp(kept->pieces[i].name, name) == 0)
            return &kept->pieces[i];
    return NULL;
}

static inline int64_t kept_size(void *context, const char *name) {
    const kept_piece *piece = kept_find(context, name);
    return piece ? (int64_t)piece->count : -1;
}

static inline cam_status kept_read(void *context, const char *name, uint64_t begin, size_t count, void *to) {
    kept_state *kept = context;
    const kept_piece *piece = kept_find(kept, name);
    CAM_ASSERT(piece && count > 0 && begin <= piece->count && count <= piece->count - begin);
    memcpy(to, piece->bytes + begin, count);
    kept->reads++;
    return CAM_OK;
}

static inline cam_state_source kept_source(kept_state *kept) {
    return (cam_state_source){.context = kept, .size = kept_size, .read = kept_read};
}

#endif
