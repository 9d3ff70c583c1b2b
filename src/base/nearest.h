/* nearest.h: finds the known word that a misspelt word probably stands for.
 *
 * Words are compared in lower case, "-" as "_", by insertions, deletions, replacements and swaps of neighbours. */
#ifndef CAM_NEAREST_H
#define CAM_NEAREST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The edit distance of two words; SIZE_MAX where it is too large for a misspelling, that is above 3 or above a third of
 * the letters. */
size_t cam_misspelling(const char *word, const char *meant);
/* The nearest of `words`; NULL where none is near. */
const char *cam_nearest_word(const char *word, const char *const *words, size_t count);

#ifdef __cplusplus
}
#endif
#endif
