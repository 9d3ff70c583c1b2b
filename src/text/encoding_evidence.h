/* encoding_evidence.h: which encoding fits the bytes of a file. Messages and `init` use it; the reader itself never
 * guesses.
 *
 * UTF-8 is counted by its whole multi-byte characters, which other encodings hold by chance only. The single-byte
 * encodings are scored by how French the text then reads: accented letters inside words, typographic quotes, spaces and
 * the euro sign in their places count for an encoding; symbols between letters, capitals after small letters, and bytes
 * without a character count against it. */
#ifndef CAM_ENCODING_EVIDENCE_H
#define CAM_ENCODING_EVIDENCE_H

#include "cam/status.h"
#include "encoding.h"
#include <stddef.h>
#include <stdint.h>

enum { CAM_EVIDENCE_WORD = 128 };

typedef enum cam_encoding_finding {
    CAM_FOUND_ASCII,       /* no byte of 0x80 or above: every encoding reads it alike */
    CAM_FOUND_UTF8,        /* valid, with or without a mark */
    CAM_FOUND_UTF16,       /* by its mark, or by NULs at every other place (no_mark) */
    CAM_FOUND_DAMAGED,     /* UTF-8 in which a few characters are cut or damaged */
    CAM_FOUND_MIXED,       /* UTF-8 and another encoding in one file */
    CAM_FOUND_SINGLE_BYTE, /* `encoding` reads as French */
    CAM_FOUND_NONE         /* none of the known encodings */
} cam_encoding_finding;

typedef struct cam_encoding_evidence {
    cam_encoding_finding finding;
    cam_encoding encoding;        /* that reads the file (UTF8 where it is damaged or mixed); AUTO where none does */
    int no_mark;                  /* UTF-16 without its byte-order mark; big_endian tells its order */
    int big_endian;               /* UTF-16 */
    int64_t characters;           /* whole UTF-8 characters of two bytes or more */
    int64_t high_bytes;           /* bytes of 0x80 or above */
    int64_t bad_bytes;            /* of them, those that are in no whole UTF-8 character */
    long bad_lines;               /* lines that hold such bytes */
    long first_bad_line;          /* the line of the first, from 1; 0 = none */
    unsigned char first_bad_byte; /* its value */
    unsigned fitting;             /* bit e: in the single-byte encoding e the text reads as well as in `encoding` */
    char word[CAM_EVIDENCE_WORD]; /* UTF-8: a word that shows the single-byte encoding; "" otherwise */
    long word_line;               /* its line */
} cam_encoding_evidence;

/* Reads the whole file. CAM_E_DATA where it cannot be read, CAM_E_MEMORY. `path` is no standard input. */
CAM_MUST_CHECK cam_status cam_encoding_evidence_read(const char *path, cam_encoding_evidence *evidence);
/* The same for bytes in memory. The first is on line `line`, after `characters` whole UTF-8 characters of several bytes.
 * `cut`: more bytes follow, and a character that the end cuts is no damage. */
void cam_encoding_evidence_of(const unsigned char *bytes, size_t size, long line, int64_t characters, int cut,
                              cam_encoding_evidence *evidence);

#endif
