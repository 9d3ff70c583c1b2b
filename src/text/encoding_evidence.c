/* encoding_evidence.c: see encoding_evidence.h. Bytes are scanned in blocks; around each byte that is scanned, the
 * window holds AROUND bytes on both sides, or the end of the file. */
#include "encoding_evidence.h"
#include "french_fit_internal.h"
#include "utf8.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 16, AROUND = 64, SINGLE_BYTE = 3, UTF16_SAMPLE = 1 << 12 };

/* The first is chosen where no byte decides. */
static const cam_encoding single_byte[SINGLE_BYTE] = {CAM_ENCODING_WINDOWS_1252, CAM_ENCODING_ISO_8859_15,
                                                      CAM_ENCODING_MACROMAN};

typedef struct scan {
    cam_encoding_evidence *found;
    long line, last_bad_line;
    unsigned char last; /* the last scanned byte */
    int64_t western;    /* whole UTF-8 characters of Western letters and punctuation */
    size_t whole;       /* bytes of the current UTF-8 character that are still to come */
    int64_t score[SINGLE_BYTE], letters[SINGLE_BYTE];
    char word[SINGLE_BYTE][CAM_EVIDENCE_WORD];
    long word_line[SINGLE_BYTE];
} scan;

/* The word around bytes[at], read in an encoding. */
static void keep_word(cam_encoding encoding, const unsigned char *bytes, size_t size, size_t at, char *word) {
    size_t first = at, past = at + 1, length = 0;
    while (first > 0 && at - first < AROUND / 2 && cam_french_in_word(encoding, bytes[first - 1]))
        first--;
    while (past < size && past - at < AROUND / 2 && cam_french_in_word(encoding, bytes[past]))
        past++;
    for (size_t i = first; i < past && length + CAM_UTF8_BYTES < CAM_EVIDENCE_WORD; i++) {
        unsigned code_point = cam_encoding_code_point(encoding, bytes[i]);
        length += code_point ? cam_utf8_put(word + length, code_point) : 0;
    }
    word[length] = '\0';
}

/* Scores the byte of 0x80 or above at bytes[at] in every single-byte encoding. */
static void score_byte(scan *s, const unsigned char *bytes, size_t size, size_t at) {
    unsigned char before = at > 0 ? bytes[at - 1] : '\n', after = at + 1 < size ? bytes[at + 1] : '\n';
    for (int e = 0; e < SINGLE_BYTE; e++) {
        int is_letter;
        s->score[e] += cam_french_fit(single_byte[e], before, bytes[at], after, &is_letter);
        s->letters[e] += is_letter;
        if (is_letter && !s->word_line[e]) {
            s->word_line[e] = s->line;
            keep_word(single_byte[e], bytes, size, at, s->word[e]);
        }
    }
}

static void count_utf8(scan *s, const unsigned char *bytes, size_t size, size_t at) {
    uint32_t code_point;
    cam_encoding_evidence *found = s->found;
    found->high_bytes++;
    if (s->whole > 0) {
        s->whole--;
        return;
    }
    size_t length = cam_utf8_decode((const char *)bytes + at, size - at, &code_point);
    if (length > 0) {
        found->characters++;
        s->western += code_point < 0x250 || (code_point >= 0x2000 && code_point < 0x2100);
        s->whole = length - 1;
        return;
    }
    if (found->bad_bytes++ == 0) {
        found->first_bad_line = s->line;
        found->first_bad_byte = bytes[at];
    }
    found->bad_lines += s->last_bad_line != s->line;
    s->last_bad_line = s->line;
}

/* Scans bytes[from .. to - 1] of a window of `size` bytes. */
static void scan_bytes(scan *s, const unsigned char *bytes, size_t size, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        if (bytes[i] >= 0x80) {
            count_utf8(s, bytes, size, i);
            score_byte(s, bytes, size, i);
        } else if (bytes[i] == '\r' || (bytes[i] == '\n' && s->last != '\r')) {
            s->line++;
        }
        s->last = bytes[i];
    }
}

/* UTF-16 by its mark, or by NULs at every other place: text of Western letters has hardly any other bytes there. */
static int look_for_utf16(const unsigned char *bytes, size_t size, cam_encoding_evidence *found) {
    size_t nuls[2] = {0, 0}, looked_at = size < UTF16_SAMPLE ? size : UTF16_SAMPLE;
    int little = size >= 2 && bytes[0] == 0xFF && bytes[1] == 0xFE;
    int big = size >= 2 && bytes[0] == 0xFE && bytes[1] == 0xFF;
    for (size_t i = 0; i < looked_at; i++)
        nuls[i % 2] += bytes[i] == 0;
    if (!little && !big) {
        found->no_mark = 1;
        big = nuls[0] * 3 > looked_at && nuls[1] * 20 <= looked_at;
        little = nuls[1] * 3 > looked_at && nuls[0] * 20 <= looked_at;
    }
    found->big_endian = big;
    if (little || big) {
        found->finding = CAM_FOUND_UTF16;
        found->encoding = CAM_ENCODING_UTF16;
    } else {
        found->no_mark = 0;
    }
    return little || big;
}

/* The single-byte encoding in which the text reads best as French; -1 where it does in none. */
static int french_encoding(const scan *s) {
    int best = 0;
    for (int e = 1; e < SINGLE_BYTE; e++)
        if (s->score[e] > s->score[best])
            best = e;
    return s->letters[best] > 0 && 2 * s->score[best] >= s->found->high_bytes ? best : -1;
}

static void conclude(const scan *s) {
    cam_encoding_evidence *found = s->found;
    enum { FEW = 20 }; /* whole characters for one that is damaged */
    int french = french_encoding(s);
    found->encoding = CAM_ENCODING_UTF8;
    if (found->bad_bytes == 0) {
        found->finding = found->characters > 0 ? CAM_FOUND_UTF8 : CAM_FOUND_ASCII;
    } else if (found->characters >= FEW * found->bad_bytes ||
               (s->western > 0 && found->bad_lines == 1 && found->bad_bytes < CAM_UTF8_BYTES)) {
        found->finding = CAM_FOUND_DAMAGED;
    } else if (french >= 0 && s->western < found->bad_bytes) {
        found->finding = CAM_FOUND_SINGLE_BYTE;
        found->encoding = single_byte[french];
        found->word_line = s->word_line[french];
        for (int e = 0; e < SINGLE_BYTE; e++)
            found->fitting |= s->score[e] == s->score[french] ? 1u << single_byte[e] : 0;
        memcpy(found->word, s->word[french], sizeof found->word);
    } else if (found->characters * 4 >= found->bad_bytes) {
        found->finding = CAM_FOUND_MIXED;
    } else {
        found->finding = CAM_FOUND_NONE;
        found->encoding = CAM_ENCODING_AUTO;
    }
}

void cam_encoding_evidence_of(const unsigned char *bytes, size_t size, long line, int64_t characters, int cut,
                              cam_encoding_evidence *evidence) {
    scan s = {.found = evidence, .line = line};
    *evidence = (cam_encoding_evidence){.characters = characters};
    if (line == 1 && look_for_utf16(bytes, size, evidence))
        return;
    scan_bytes(&s, bytes, size, 0, cut && size >= CAM_UTF8_BYTES ? size - CAM_UTF8_BYTES + 1 : size);
    conclude(&s);
}

static cam_status scan_file(FILE *in, const char *path, unsigned char *window, scan *s) {
    size_t begin = 0, end = 0;
    int first = 1;
    for (;;) {
        size_t got = fread(window + end, 1, BLOCK_BYTES, in);
        if (got == 0 && ferror(in))
            return cam_fail(CAM_E_DATA, "cannot read \"%s\": %s", path, strerror(errno));
        end += got;
        if (first && look_for_utf16(window, end, s->found))
            return CAM_OK;
        first = 0;
        size_t to = got == 0 ? end : end > begin + AROUND ? end - AROUND : begin;
        scan_bytes(s, window, end, begin, to);
        if (got == 0)
            break;
        size_t drop = to > AROUND ? to - AROUND : 0;
        memmove(window, window + drop, end - drop);
        begin = to - drop;
        end -= drop;
    }
    conclude(s);
    return CAM_OK;
}

cam_status cam_encoding_evidence_read(const char *path, cam_encoding_evidence *evidence) {
    cam_status st = CAM_OK;
    scan s = {.found = evidence, .line = 1};
    unsigned char *window = malloc(BLOCK_BYTES + 3 * AROUND);
    *evidence = (cam_encoding_evidence){0};
    FILE *in = fopen(path, "rbe");
    if (!in)
        CAM_FAIL(CAM_E_DATA, "cannot open \"%s\": %s", path, strerror(errno));
    if (!window)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", path);
    CAM_TRY(scan_file(in, path, window, &s));
out:
    if (in)
        fclose(in);
    free(window);
    return st;
}
