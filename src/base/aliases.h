/* aliases.h: the names that other programs have for the choices of choices.h. A word is understood in any case, and with
 * "-", "_" or space anywhere: "UTF8", "utf_8" and "utf-8" are one. */
#ifndef CAM_ALIASES_H
#define CAM_ALIASES_H

#include "choices.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CAM_ALIAS_IS_REFUSED = -1 };

/* A name of another program for a word of a set. */
typedef struct cam_alias {
    const char *const *words; /* the set: cam_words_<set> */
    const char *name;
    int value;        /* the enumerator, or CAM_ALIAS_IS_REFUSED where the name has no equal here */
    const char *note; /* what to tell the user who wrote it: why it is not quite the same, or what to write. Or NULL */
} cam_alias;

extern const cam_alias cam_aliases[];
extern const size_t cam_alias_count;

/* The enumerator of a word of the set, or of an alias of one; -1 where there is none. Sets *note to the alias's note, or
 * to NULL. */
int cam_choice_read(const char *const *words, size_t count, const char *word, const char **note);

#ifdef __cplusplus
}
#endif
#endif
