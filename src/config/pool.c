/* pool.c: see pool.h. Invariant: blocks form a list from the newest; in each, used <= capacity, and
 * the bytes from `used` on are zero. */
#include "pool.h"
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 16384 };

typedef struct cam_pool_block {
    struct cam_pool_block *older;
    size_t used, capacity;
    alignas(max_align_t) char bytes[];
} cam_pool_block;

void *cam_pool_take(cam_pool *pool, size_t bytes) {
    size_t rounded = (bytes + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    cam_pool_block *block = pool->newest;
    if (!block || block->capacity - block->used < rounded) {
        size_t capacity = rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES;
        block = calloc(1, sizeof *block + capacity);
        if (!block) {
            cam_memory_note();
            return NULL;
        }
        block->capacity = capacity;
        block->older = pool->newest;
        pool->newest = block;
    }
    void *taken = block->bytes + block->used;
    block->used += rounded;
    return taken;
}

char *cam_pool_text(cam_pool *pool, const char *bytes, size_t length) {
    static char nothing[1];
    char *text = cam_pool_take(pool, length + 1);
    if (!text)
        return nothing;
    if (length)
        memcpy(text, bytes, length);
    return text;
}

void cam_pool_release(cam_pool *pool) {
    while (pool->newest) {
        cam_pool_block *older = pool->newest->older;
        free(pool->newest);
        pool->newest = older;
    }
}
