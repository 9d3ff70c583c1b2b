/* pool.h: memory that is taken piece by piece and freed all at once, for the texts and nodes of a configuration.
 *
 * A zeroed pool is empty. A lack of memory is noted (cam_memory_note in cam/status.h). */
#ifndef CAM_POOL_H
#define CAM_POOL_H

#include "cam/status.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_pool {
    struct cam_pool_block *newest;
} cam_pool;

/* Takes `bytes` zero bytes, aligned for any type. NULL without memory. */
void *cam_pool_take(cam_pool *pool, size_t bytes);
/* Copies `length` bytes and adds a NUL. Without memory an empty text, which must not be written to. */
char *cam_pool_text(cam_pool *pool, const char *bytes, size_t length);
void cam_pool_release(cam_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
