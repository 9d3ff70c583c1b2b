/* french_fit_internal.h: whether a byte of a single-byte encoding stands where French has its character. */
#ifndef CAM_FRENCH_FIT_INTERNAL_H
#define CAM_FRENCH_FIT_INTERNAL_H

#include "encoding.h"

/* 1: French has this character in such a place. 0: nothing follows from it. -2: no French text has it there. *in_word
 * is 1 for a letter of French in a word. `byte` is 0x80 or above. */
int cam_french_fit(cam_encoding encoding, unsigned char before, unsigned char byte, unsigned char after, int *in_word);

/* True for letters, digits, apostrophes and hyphens. */
int cam_french_in_word(cam_encoding encoding, unsigned char byte);

#endif
