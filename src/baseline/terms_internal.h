/* terms_internal.h: the terms of a text. A term is the hash of its characters, in lower case. */
#ifndef CAM_TERMS_INTERNAL_H
#define CAM_TERMS_INTERNAL_H

#include "cam/status.h"
#include <stddef.h>
#include <stdint.h>

typedef enum cam_term_kind { CAM_TERM_WORDS, CAM_TERM_CHARACTERS, CAM_TERM_KINDS } cam_term_kind;

/* A list that is used again for each text. A zeroed struct is empty. */
typedef struct cam_terms {
    uint64_t *hash; /* [count] */
    size_t count, capacity;
    int32_t *characters; /* [character_capacity] of the text, lower case */
    size_t character_capacity;
} cam_terms;

/* Replaces `terms` by those of a text, in ascending order; a term that occurs twice is there twice. Of a longer text
 * the first `most_bytes` bytes are read. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_terms_of(cam_terms *terms, const char *text, size_t length, size_t most_bytes,
                                       cam_term_kind kind);
void cam_terms_release(cam_terms *terms);

#endif
