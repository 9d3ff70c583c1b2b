/* names.h: a set of distinct names, numbered in the order in which they came.
 */
#ifndef CAM_NAMES_H
#define CAM_NAMES_H

#include "cam/status.h"
#include <stddef.h>
#include <stdint.h>

/* Invariant: every name is in `slots` once (linear probing, -1 = free), and the table is at most half full. A zeroed
 * struct is an empty set. */
typedef struct cam_names {
    char **names; /* NUL-terminated */
    size_t *lengths;
    size_t count, capacity;
    int32_t *slots;
    size_t slot_count; /* a power of two */
} cam_names;

/* The number of a name, added where it is new (*added then 1). CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_names_add(cam_names *set, const char *name, size_t length, int32_t *number, int *added);
int32_t cam_names_find(const cam_names *set, const char *name, size_t length); /* -1 = not there */
void cam_names_release(cam_names *set);

#endif
