/* charsmap_internal.h: the precompiled character map of a SentencePiece model. */
#ifndef CAM_CHARSMAP_INTERNAL_H
#define CAM_CHARSMAP_INTERNAL_H

#include "cam/status.h"
#include "strbuf.h"
#include <stddef.h>

/* SentencePiece's precompiled character map: a double-array trie whose values are offsets of NUL-ended replacements. */
typedef struct cam_charsmap {
    char *blob; /* owned */
    const unsigned char *units;
    size_t unit_count;
    const char *replacements;
    size_t replacement_bytes;
    unsigned char keeps_ascii[128]; /* the character is no key of the map */
} cam_charsmap;

/* Takes `blob` (malloc'ed), also when it fails: CAM_E_MODEL where it is none. */
CAM_MUST_CHECK cam_status cam_charsmap_init(cam_charsmap *map, char *blob, size_t bytes);
void cam_charsmap_release(cam_charsmap *map);
/* Appends `text` as the map rewrites it. Like tokenizers and unlike SentencePiece: an extended grapheme cluster shorter
 * than 6 bytes is replaced whole by what its *shortest* prefix in the map says; else character by character. */
void cam_charsmap_apply(const cam_charsmap *map, const char *text, size_t length, cam_strbuf *out);

#endif
