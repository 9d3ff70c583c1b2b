/* pool.h: memory that is taken piece by piece and freed all at once, for the texts and nodes of a configuration.
 *
 * A zeroed pool is empty. Taking aborts the program when memory runs out: configurations are small. */
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

/* Takes `bytes` zero bytes, aligned for any type. */
void *cam_pool_take(cam_pool *pool, size_t bytes);
/* Copies `length` bytes and adds a NUL. */
char *cam_pool_text(cam_pool *pool, const char *bytes, size_t length);
void cam_pool_release(cam_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
