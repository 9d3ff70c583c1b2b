/* mojibake.h: UTF-8 that was read as Latin-1 or Windows-1252 and saved again: "Ã©" for "é", "â€™" for "’".
 *
 * Only characters that French and other Latin text has are looked for: accented letters and signs of Latin-1, œ Œ Ÿ Š š
 * Ž ž, dashes, quotes, the euro sign and emoji. Real text does not have their broken forms by chance. All texts are
 * valid UTF-8. */
#ifndef CAM_MOJIBAKE_H
#define CAM_MOJIBAKE_H

#include "cam/status.h"
#include "strbuf.h"
#include <stddef.h>

/* The length of the broken form at text[0]; 0 where there is none. *code_point is then the character it stands for. */
size_t cam_mojibake_decode(const char *text, size_t length, unsigned *code_point);

/* Appends the text with each broken form replaced, also where it was broken twice. Returns the number of replacements.
 */
size_t cam_mojibake_repair(const char *text, size_t length, cam_strbuf *out);

/* How a text can be turned back as a whole, by writing its characters as single bytes which then are UTF-8. */
enum {
    CAM_MOJIBAKE_WINDOWS_1252 = 1, /* as the bytes of Windows-1252 */
    CAM_MOJIBAKE_LATIN_1 = 2,      /* as the bytes of ISO-8859-1 */
    CAM_MOJIBAKE_ANY = 3
};
/* The ways that work for this text: a mask. ASCII works in all. `bytes` is scratch. */
unsigned cam_mojibake_ways(const char *text, size_t length, cam_strbuf *bytes);

#endif
