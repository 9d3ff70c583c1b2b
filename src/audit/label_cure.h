/* label_cure.h: what mends labels: a map of old labels to new ones. */
#ifndef CAM_LABEL_CURE_H
#define CAM_LABEL_CURE_H

#include "cam/status.h"
#include "name_set.h"
#include "pair.h"
#include <stddef.h>

/* Old and new labels, each old one once. A zeroed struct is empty. */
typedef struct cam_label_cure {
    cam_name_set from;
    char **to; /* by number in `from`; NULL = its rows are left out */
    size_t capacity;
} cam_label_cure;

/* Adds a pair; an old label that is there already keeps its new one. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_label_cure_add(cam_label_cure *cure, const char *from, const char *to);
/* The pair with a number; its texts live as long as the cure. */
cam_pair cam_label_cure_pair(const cam_label_cure *cure, size_t number);
void cam_label_cure_release(cam_label_cure *cure);

#endif
