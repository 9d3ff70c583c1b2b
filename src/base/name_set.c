/* name_set.c: see name_set.h. */
#include "name_set.h"
#include "hash.h"
#include <stdlib.h>
#include <string.h>

/* The slot of the name, or the free slot where it belongs. */
static size_t slot_of(const cam_name_set *set, const char *name, size_t length) {
    size_t mask = set->slot_count - 1;
    size_t slot = (size_t)cam_hash_mix(cam_hash_bytes(CAM_HASH_START, name, length)) & mask;
    for (;; slot = (slot + 1) & mask) {
        int32_t number = set->slots[slot];
        if (number < 0 || (set->lengths[number] == length && memcmp(set->names[number], name, length) == 0))
            return slot;
    }
}

/* Doubles the capacity. */
static cam_status grow(cam_name_set *set) {
    cam_status st = CAM_OK;
    size_t capacity = set->capacity ? 2 * set->capacity : 8, slot_count = cam_hash_slots(capacity);
    char **names = realloc(set->names, capacity * sizeof *names);
    if (names)
        set->names = names;
    size_t *lengths = realloc(set->lengths, capacity * sizeof *lengths);
    if (lengths)
        set->lengths = lengths;
    int32_t *slots = malloc(slot_count * sizeof *slots);
    if (!names || !lengths || !slots || capacity > INT32_MAX) {
        free(slots);
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu names", capacity);
    }
    free(set->slots);
    memset(slots, -1, slot_count * sizeof *slots);
    set->slots = slots;
    set->slot_count = slot_count;
    set->capacity = capacity;
    for (size_t i = 0; i < set->count; i++)
        set->slots[slot_of(set, set->names[i], set->lengths[i])] = (int32_t)i;
out:
    return st;
}

cam_status cam_name_set_add(cam_name_set *set, const char *name, size_t length, int32_t *number, int *added) {
    cam_status st = CAM_OK;
    *added = 0;
    if (set->count == set->capacity)
        CAM_TRY(grow(set));
    size_t slot = slot_of(set, name, length);
    *number = set->slots[slot];
    if (*number >= 0)
        goto out;
    char *copy = malloc(length + 1);
    if (!copy)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a name of %zu bytes", length);
    memcpy(copy, name, length);
    copy[length] = '\0';
    *number = set->slots[slot] = (int32_t)set->count;
    set->names[set->count] = copy;
    set->lengths[set->count++] = length;
    *added = 1;
out:
    return st;
}

int32_t cam_name_set_find(const cam_name_set *set, const char *name, size_t length) {
    return set->slot_count ? set->slots[slot_of(set, name, length)] : -1;
}

void cam_name_set_release(cam_name_set *set) {
    for (size_t i = 0; i < set->count; i++)
        free(set->names[i]);
    free(set->names);
    free(set->lengths);
    free(set->slots);
    *set = (cam_name_set){0};
}
