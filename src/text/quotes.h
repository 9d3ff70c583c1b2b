/* quotes.h: quotes that programs and people put around a text, and that CSV does not know. */
#ifndef CAM_QUOTES_H
#define CAM_QUOTES_H

#include <stddef.h>

typedef struct cam_quote_pair {
    const char *open, *close;
} cam_quote_pair;

/* The pair of which `first` begins with the one and `last` ends with the other; NULL where there is none. */
const cam_quote_pair *cam_quote_pair_of(const char *first, size_t first_length, const char *last, size_t last_length);

#endif
