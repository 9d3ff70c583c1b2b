/* arena.h: a bump allocator: blocks are taken in order and released all at once.
 *
 * A run has three arenas: `params` (lives as long as the model), `step` (reset each step) and `scratch` (mark and
 * release inside a step). A *counting* arena returns addresses that must not be read or written, and records only the
 * peak. The memory plan of a run comes from running the model's own code once with counting arenas, so no second table
 * of sizes exists.
 *
 * Invariant: used <= capacity, and peak is the largest `used` since cam_arena_init.
 */
#ifndef CAM_ARENA_H
#define CAM_ARENA_H

#include "cam/status.h"
#include "cam/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CAM_ARENA_ALIGN = 256 }; /* bytes; every allocation starts on it */

typedef struct cam_arena {
    const char *name; /* for messages: "step" */
    char *base;       /* NULL where counting */
    size_t capacity;  /* bytes; SIZE_MAX where counting */
    size_t used;
    size_t peak;
} cam_arena;

/* An arena in memory that the caller owns and that is aligned to CAM_ARENA_ALIGN. */
void cam_arena_init(cam_arena *arena, const char *name, void *base, size_t capacity);
void cam_arena_init_counting(cam_arena *arena, const char *name);
int cam_arena_is_counting(const cam_arena *arena);

/* Returns `bytes` bytes, contents undefined. Too small an arena is CAM_BUG, because the plan was wrong: all memory is
 * allocated before the first step, and a lack of memory is reported there. */
void *cam_arena_take(cam_arena *arena, size_t bytes);
cam_tensor cam_arena_1d(cam_arena *arena, cam_dtype dtype, int64_t n);
cam_tensor cam_arena_2d(cam_arena *arena, cam_dtype dtype, int64_t rows, int64_t columns);

size_t cam_arena_mark(const cam_arena *arena);
void cam_arena_release(cam_arena *arena, size_t mark);
void cam_arena_reset(cam_arena *arena); /* release(0) */

#ifdef __cplusplus
}
#endif
#endif
