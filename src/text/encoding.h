/* encoding.h: reads a file or standard input as valid UTF-8. An encoding is never guessed, and no byte is ever
 * replaced: a byte that cannot be read is an error, which names its line and the setting to change.
 *
 * Auto is UTF-8, or UTF-16 where the file begins with its byte-order mark. Utf-16 without a mark is little-endian, or
 * big-endian where the NULs say so. A mark is dropped. NUL bytes are refused, so decoded text is safe as a C string
 * (but see accepts_damage). A single-byte encoding is refused where the file's beginning is UTF-8. Lines end with LF,
 * CRLF or a lone CR, here and in all that is read from a decoder. */
#ifndef CAM_ENCODING_H
#define CAM_ENCODING_H

#include "cam/status.h"
#include "choices.h"
#include "remedy.h"
#include <stddef.h>
#include <stdint.h>

typedef enum cam_choice_encoding cam_encoding;

/* The code point of a byte of a single-byte encoding (windows-1252, iso-8859-15, macroman), or 0 where the byte has
 * none: NUL in all of them, and five bytes of Windows-1252. */
unsigned cam_encoding_code_point(cam_encoding encoding, unsigned char byte);
/* The byte of a code point, or 0 where the encoding has no character for it. */
unsigned char cam_encoding_byte(cam_encoding encoding, unsigned code_point);

/* What is to be done while a pipe or a terminal has no more bytes for now, before the reader waits for them. A failure
 * ends the reading with its status. */
typedef struct cam_input_pause {
    cam_status (*answer)(void *context); /* NULL: nothing is done */
    void *context;
} cam_input_pause;

typedef struct cam_decoder {
    const char *name;      /* for messages: the path as given, or "standard input" */
    cam_encoding encoding; /* after open: never AUTO */
    int fd;
    int regular;    /* a regular file: reading never waits */
    int has_mark;   /* the file begins with a byte-order mark */
    int big_endian; /* UTF-16 */
    int raw_ended;  /* the system has no more bytes */
    unsigned char *raw;
    size_t begin, end; /* unread bytes of raw; some bytes before `begin` are kept for messages */
    long line;         /* of the next byte, from 1 */
    char last;         /* the last decoded byte */
    cam_input_pause pause;
    cam_syntax syntax; /* of the settings in messages */
    /* Set by the caller after open: where the file is UTF-8 with damage, each bad byte is decoded as a NUL, so that the
     * caller can report its record and go on. */
    int accepts_damage;
    int damaged;             /* such bytes were decoded */
    int mixed;               /* and they are bytes of another encoding rather than cut characters */
    int only_nuls;           /* and all of them are NULs in the file */
    int64_t long_characters; /* of the input so far, where it cannot be read twice */
} cam_decoder;

/* Opens `path` ("-" is standard input; `path` must stay valid) and chooses the encoding. CAM_E_DATA where the file
 * cannot be opened, or is no text (file_kind_internal.h). An empty file opens and reads as empty. close after a
 * failed open does nothing. */
CAM_MUST_CHECK cam_status cam_decoder_open(cam_decoder *decoder, const char *path, cam_encoding encoding,
                                           cam_syntax syntax);

/* Decodes up to `capacity` (at least 4) bytes of whole UTF-8 characters; *count is 0 only at the end of the file.
 * CAM_E_DATA, "file:line: ...", at the first byte that cannot be read: earlier calls have returned everything before
 * it, and the same call fails again. */
CAM_MUST_CHECK cam_status cam_decoder_read(cam_decoder *decoder, char *to, size_t capacity, size_t *count);
void cam_decoder_close(cam_decoder *decoder);

#endif
