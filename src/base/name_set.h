/* name_set.h: a set of distinct names, numbered in the order in which they are added. */
#ifndef CAM_NAME_SET_H
#define CAM_NAME_SET_H

#include "cam/status.h"
#include <stddef.h>
#include <stdint.h>

/* Invariant: every name is in `slots` once (linear probing, -1 = free), and the table is at most half full. A zeroed
 * struct is an empty set. */
typedef struct cam_name_set {
    char **names; /* NUL-terminated */
    size_t *lengths;
    size_t count, capacity;
    int32_t *slots;
    size_t slot_count; /* a power of two */
} cam_name_set;

/* Gives the number of a name, and adds the name where it is new (*added is then 1). CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_name_set_add(cam_name_set *set, const char *name, size_t length, int32_t *number,
                                           int *added);
int32_t cam_name_set_find(const cam_name_set *set, const char *name, size_t length); /* -1 = not there */
void cam_name_set_release(cam_name_set *set);

#endif
