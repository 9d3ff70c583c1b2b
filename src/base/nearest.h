/* nearest.h: which known word a misspelt one was meant to be.
 *
 * Words are compared in lower case, "-" as "_", by insertions, deletions, replacements and swaps of neighbours.
 */
#ifndef CAM_NEAREST_H
#define CAM_NEAREST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How far apart two words are; SIZE_MAX where nobody would take one for the other: at most a third of the letters, and
 * three, may differ. */
size_t cam_misspelling(const char *word, const char *meant);
/* The word of `words` that was probably meant, NULL where none is near. */
const char *cam_nearest_word(const char *word, const char *const *words, size_t count);

#ifdef __cplusplus
}
#endif
#endif
