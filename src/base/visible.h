/* visible.h: texts that others wrote, as a terminal or a log may show them.
 *
 * A label, a file name or a name of a model file can hold characters that a terminal obeys, and line ends that would look
 * like a message of this program. Such a character is written as an escape of visible characters:
 *
 *     U+0000-001F, U+007F            \n \r \t, others \x1b           control characters
 *     U+0080-009F                    \u0085                          control characters
 *     U+2028, U+2029                 \u2028                          line and paragraph separators
 *     U+202A-202E, U+2066-2069       \u202e                          they reorder the text after them
 *     bytes that are not UTF-8       \xff
 *
 * A backslash stays as it is. So an escaped text is not changed when it is escaped again, as a message that is passed on
 * is; the price is that a text that holds a backslash and an n looks like one that holds a line end. Where the text must
 * be read back it is quoted: by cam_strbuf_put_json, or for a shell by cam_shell_word_put. */
#ifndef CAM_VISIBLE_H
#define CAM_VISIBLE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True for a character that is escaped. */
int cam_is_hidden(uint32_t c);

/* Writes `length` bytes with their escapes, as snprintf does: what fits into `size` bytes with the NUL; returns the length
 * of all of it. Characters of `kept` are not escaped ("\n" where line ends are the text's own). */
size_t cam_visible_copy(char *out, size_t size, const char *text, size_t length, const char *kept);

/* vsnprintf for people: the value of a "%s" is escaped. The format's own text is not, nor are the line ends of
 * cam_status_message(), whose values are escaped already. A precision counts bytes of the value before it is escaped, and
 * a character that it cuts is left out. Knows what C has but "%n", "%ls" and "%lc". */
size_t cam_visible_vprint(char *out, size_t size, const char *format, va_list args);

#ifdef __cplusplus
}
#endif
#endif
