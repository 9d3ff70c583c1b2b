/* pair.h: an old and a new name. */
#ifndef CAM_PAIR_H
#define CAM_PAIR_H

typedef struct cam_pair {
    const char *from;
    const char *to; /* NULL = what has the old name is left out */
} cam_pair;

#endif
