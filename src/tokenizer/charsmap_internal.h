/* charsmap_internal.h: the precompiled character map of a SentencePiece model. */
#ifndef CAM_CHARSMAP_INTERNAL_H
#define CAM_CHARSMAP_INTERNAL_H

#include "cam/status.h"
#include "strbuf.h"
#include <stddef.h>

/* A double-array trie whose values are offsets of NUL-ended replacements. */
typedef struct cam_charsmap {
    char *blob; /* owned */
    const unsigned char *units;
    size_t unit_count;
    const char *replacements;
    size_t replacement_bytes;
    unsigned char keeps_ascii[128]; /* the map does not change the character */
} cam_charsmap;

/* Takes ownership of `blob` (malloc), also when it fails: CAM_E_MODEL where it is no character map, or replaces
 * something by more than 1,024 bytes. */
CAM_MUST_CHECK cam_status cam_charsmap_init(cam_charsmap *map, char *blob, size_t bytes);
void cam_charsmap_release(cam_charsmap *map);
/* Appends `text` with the map applied. As in tokenizers, and unlike SentencePiece, an extended grapheme cluster shorter
 * than 6 bytes is replaced as a whole by the replacement of its *shortest* prefix in the map; where there is none, each
 * character is replaced alone. Stops once `out` has more than `most` bytes. */
void cam_charsmap_apply(const cam_charsmap *map, const char *text, size_t length, size_t most, cam_strbuf *out);

#endif
