/* arena.c: bump allocation. A counting arena starts at a fake, aligned, non-NULL address, so that its views are not
 * taken for absent ones (NULL); their addresses are never dereferenced. */
#include "cam/arena.h"

void cam_arena_init(cam_arena *arena, const char *name, void *base, size_t capacity) {
    CAM_ASSERT((uintptr_t)base % CAM_ARENA_ALIGN == 0);
    *arena = (cam_arena){.name = name, .base = base, .capacity = capacity};
}

void cam_arena_init_counting(cam_arena *arena, const char *name) {
    *arena = (cam_arena){.name = name, .base = NULL, .capacity = SIZE_MAX / 2};
}

int cam_arena_is_counting(const cam_arena *arena) {
    return arena->base == NULL;
}

void *cam_arena_take(cam_arena *arena, size_t bytes) {
    size_t rounded = (bytes + CAM_ARENA_ALIGN - 1) / CAM_ARENA_ALIGN * CAM_ARENA_ALIGN;
    if (rounded < bytes || rounded > arena->capacity - arena->used)
        CAM_BUG("arena \"%s\": %zu bytes requested, %zu of %zu used", arena->name, bytes, arena->used, arena->capacity);
    uintptr_t base = arena->base ? (uintptr_t)arena->base : (uintptr_t)CAM_ARENA_ALIGN;
    void *memory = (void *)(base + arena->used);
    arena->used += rounded;
    if (arena->used > arena->peak)
        arena->peak = arena->used;
    return memory;
}

cam_tensor cam_arena_1d(cam_arena *arena, cam_dtype dtype, int64_t n) {
    return cam_tensor_1d(cam_arena_take(arena, (size_t)n * cam_dtype_size(dtype)), dtype, n);
}

cam_tensor cam_arena_2d(cam_arena *arena, cam_dtype dtype, int64_t rows, int64_t columns) {
    return cam_tensor_2d(cam_arena_take(arena, (size_t)(rows * columns) * cam_dtype_size(dtype)), dtype, rows, columns);
}

size_t cam_arena_mark(const cam_arena *arena) {
    return arena->used;
}

void cam_arena_release(cam_arena *arena, size_t mark) {
    CAM_ASSERT(mark <= arena->used);
    arena->used = mark;
}

void cam_arena_reset(cam_arena *arena) {
    arena->used = 0;
}
