/* text_cache_internal.h: the form of the file, for text_cache.c (taking) and text_cache_write.c (making). */
#ifndef CAM_TEXT_CACHE_INTERNAL_H
#define CAM_TEXT_CACHE_INTERNAL_H

#include "text_cache.h"

#define CAM_TEXT_CACHE_MAGIC "camtext"

enum { CAM_TEXT_CACHE_VERSION = 1 };

typedef struct cam_text_cache_header {
    char magic[8];
    uint32_t version, one; /* `one` is 1 in the byte order of the machine */
    uint64_t identity;
    uint64_t zeros[5]; /* ids begin at byte 64 */
} cam_text_cache_header;

typedef struct cam_text_cache_end {
    cam_text_counts counts;
    uint64_t identity, ids_hash;
} cam_text_cache_end;

/* The bytes of the ids with the zeros after them. */
static inline size_t cam_text_cache_id_bytes(int64_t tokens) {
    return ((size_t)tokens * sizeof(int32_t) + 7) & ~(size_t)7;
}

/* A hash of ids, from CAM_HASH_START on. */
uint64_t cam_text_cache_hash(uint64_t hash, const int32_t *ids, size_t count);

/* Finds the parts of cache->map, a file that has a header; ids must be below `vocabulary`. 0: it is damaged. */
int cam_text_cache_find_parts(cam_text_cache *cache, int32_t max_length, int32_t vocabulary, uint64_t identity);

/* Writes the file. */
CAM_MUST_CHECK cam_status cam_text_cache_write(const char *path, const cam_text_source *source, uint64_t identity);

#endif
