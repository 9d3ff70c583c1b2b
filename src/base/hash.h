/* hash.h: FNV-1a over bytes (Fowler, Noll, Vo), with a final mix so that the low bits may index a table.
 */
#ifndef CAM_HASH_H
#define CAM_HASH_H

#include <stddef.h>
#include <stdint.h>

#define CAM_HASH_START UINT64_C(0xCBF29CE484222325)

static inline uint64_t cam_hash_bytes(uint64_t hash, const void *bytes, size_t length) {
    const unsigned char *p = bytes;
    for (size_t i = 0; i < length; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): it knows an int's first byte only */
        hash = (hash ^ p[i]) * UINT64_C(0x100000001B3);
    return hash;
}

/* The finaliser of MurmurHash3. */
static inline uint64_t cam_hash_mix(uint64_t hash) {
    hash = (hash ^ (hash >> 33)) * UINT64_C(0xFF51AFD7ED558CCD);
    hash = (hash ^ (hash >> 33)) * UINT64_C(0xC4CEB9FE1A85EC53);
    return hash ^ (hash >> 33);
}

/* The number of slots for a table of `count` entries: the smallest power of two that is at least 16 and twice `count`.
 */
static inline size_t cam_hash_slots(size_t count) {
    size_t slots = 16;
    while (slots < 2 * count)
        slots *= 2;
    return slots;
}

#endif
