/* decoder.c: the decoder of encoding.h. Raw bytes are read in blocks and decoded into whole characters; a character
 * that is split between two blocks waits for the next block.
 *
 * Invariant: begin <= end <= RAW_BYTES. The bytes before `begin` are decoded; up to CONTEXT_BYTES of them are kept, so
 * that a message can quote the word around a bad byte. */
#include "decoder_fail_internal.h"
#include "encoding.h"
#include "encoding_evidence.h"
#include "file_kind_internal.h"
#include "input.h"
#include "strbuf.h"
#include "utf8.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RAW_BYTES = 1 << 18, CONTEXT_BYTES = 64, WORD_BYTES = 40 };

/* False where no bytes come within some milliseconds: a writer that has more to say has said it then. */
static int has_more(const cam_decoder *d) {
    enum { PAUSE_MS = 2 };
    struct pollfd input = {.fd = d->fd, .events = POLLIN};
    return d->regular || poll(&input, 1, PAUSE_MS) != 0;
}

/* Makes room after the unread bytes and reads once from the system. */
static cam_status refill(cam_decoder *d) {
    cam_status st = CAM_OK;
    if (d->pause.answer && !has_more(d))
        CAM_TRY(d->pause.answer(d->pause.context));
    if (d->begin > CONTEXT_BYTES) {
        size_t drop = d->begin - CONTEXT_BYTES;
        memmove(d->raw, d->raw + drop, d->end - drop);
        d->begin -= drop;
        d->end -= drop;
    }
    size_t got;
    CAM_TRY(cam_input_read(d->fd, d->name, CAM_E_DATA, d->raw + d->end, RAW_BYTES - d->end, &got));
    d->end += got;
    d->raw_ended = got == 0;
out:
    return st;
}

/* Reads until there are at least `count` unread bytes; there are fewer only at the end of the file. */
static cam_status need(cam_decoder *d, size_t count) {
    cam_status st = CAM_OK;
    while (d->end - d->begin < count && !d->raw_ended)
        CAM_TRY(refill(d));
out:
    return st;
}

/* Reads the first bytes, up to four: those by which a file that is not text is known, and the byte-order mark. A line
 * that ends sooner has neither, and its writer may wait for the answer. */
static cam_status read_first_bytes(cam_decoder *d) {
    cam_status st = CAM_OK;
    do
        CAM_TRY(need(d, d->end - d->begin + 1));
    while (d->end - d->begin < 4 && !d->raw_ended && d->raw[d->end - 1] != '\n');
out:
    return st;
}

static int begins_with(const cam_decoder *d, const char *bytes, size_t length) {
    return d->end - d->begin >= length && memcmp(d->raw + d->begin, bytes, length) == 0;
}

static int is_single_byte(cam_encoding encoding) {
    return encoding == CAM_ENCODING_WINDOWS_1252 || encoding == CAM_ENCODING_ISO_8859_15 ||
           encoding == CAM_ENCODING_MACROMAN;
}

static cam_status fail_encoding(const cam_decoder *d, const char *what, const char *encoding) {
    cam_strbuf setting = CAM_STRBUF_INIT;
    cam_remedy_put(&setting, d->syntax, "encoding", encoding);
    cam_fail(CAM_E_DATA, "%s:1: %s; set %s", d->name, what, setting.text);
    cam_strbuf_release(&setting);
    return CAM_E_DATA;
}

/* Compares the mark, or what the first bytes say without one, with the requested encoding. */
static cam_status check_encoding(cam_decoder *d, cam_encoding requested, int utf8, int utf16) {
    cam_encoding_evidence evidence;
    if (requested == CAM_ENCODING_UTF8 && utf16)
        return fail_encoding(d, "the file begins with a UTF-16 byte-order mark", "utf-16");
    if (is_single_byte(requested) && (utf8 || utf16))
        return fail_encoding(d,
                             utf8 ? "the file begins with the byte-order mark of UTF-8"
                                  : "the file begins with a UTF-16 byte-order mark",
                             utf8 ? "utf-8" : "utf-16");
    if (!is_single_byte(requested) && (requested != CAM_ENCODING_UTF16 || utf16 || d->begin == d->end))
        return CAM_OK;
    cam_encoding_evidence_of(d->raw + d->begin, d->end - d->begin, 1, 0, !d->raw_ended, &evidence);
    if (is_single_byte(requested))
        return evidence.finding == CAM_FOUND_UTF8 || evidence.finding == CAM_FOUND_DAMAGED
                   ? fail_encoding(d, "the file is UTF-8, and would be garbled in another encoding", "utf-8")
                   : CAM_OK;
    if (evidence.finding != CAM_FOUND_UTF16)
        return fail_encoding(
            d, utf8 ? "no UTF-16: the file begins with the mark of UTF-8" : "no UTF-16, and no mark of it",
            utf8 ? "utf-8" : "auto");
    d->big_endian = evidence.big_endian;
    return CAM_OK;
}

/* Chooses the encoding by the byte-order mark. */
static cam_status choose_encoding(cam_decoder *d, cam_encoding requested) {
    int little = begins_with(d, "\xFF\xFE", 2), big = begins_with(d, "\xFE\xFF", 2);
    int utf8 = begins_with(d, "\xEF\xBB\xBF", 3);
    d->big_endian = big;
    cam_status st = check_encoding(d, requested, utf8, little || big);
    d->encoding = requested != CAM_ENCODING_AUTO ? requested : little || big ? CAM_ENCODING_UTF16 : CAM_ENCODING_UTF8;
    d->has_mark = utf8 || little || big;
    d->begin += little || big ? 2 : utf8 ? 3 : 0;
    return st;
}

static cam_status refuse_binary(const cam_decoder *d, const char *path) {
    cam_strbuf kind = CAM_STRBUF_INIT;
    int binary = cam_file_kind_put(&kind, path, d->raw + d->begin, d->end - d->begin);
    if (binary)
        cam_fail(CAM_E_DATA, "%s: %s", d->name, cam_strbuf_text(&kind));
    cam_strbuf_release(&kind);
    return binary ? CAM_E_DATA : CAM_OK;
}

cam_status cam_decoder_open(cam_decoder *decoder, const char *path, cam_encoding encoding, cam_syntax syntax) {
    cam_status st = CAM_OK;
    int standard_input = strcmp(path, "-") == 0;
    struct stat about;
    *decoder = (cam_decoder){.name = standard_input ? CAM_STANDARD_INPUT : path, .fd = -1, .line = 1, .syntax = syntax};
    CAM_TRY(cam_input_open(path, CAM_E_DATA, &decoder->fd, &about));
    decoder->regular = S_ISREG(about.st_mode);
    decoder->raw = malloc(RAW_BYTES);
    if (!decoder->raw)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", path);
    CAM_TRY(read_first_bytes(decoder));
    CAM_TRY(refuse_binary(decoder, standard_input ? NULL : path));
    CAM_TRY(choose_encoding(decoder, encoding));
out:
    if (st != CAM_OK)
        cam_decoder_close(decoder);
    return st;
}

void cam_decoder_close(cam_decoder *decoder) {
    cam_input_close(decoder->fd);
    free(decoder->raw);
    decoder->raw = NULL;
    decoder->fd = -1;
}

static size_t convert_utf8(cam_decoder *d, char *to, size_t capacity) {
    size_t size = d->end - d->begin < capacity ? d->end - d->begin : capacity;
    const char *from = (const char *)d->raw + d->begin;
    size_t count = cam_utf8_valid_prefix(from, size);
    const char *nul = memchr(from, '\0', count);
    if (nul)
        count = (size_t)(nul - from);
    memcpy(to, from, count);
    d->begin += count;
    if (!d->regular)
        for (size_t i = 0; i < count; i++)
            d->long_characters += (unsigned char)to[i] >= 0xC0;
    return count;
}

static size_t convert_single_byte(cam_decoder *d, char *to, size_t capacity) {
    size_t count = 0;
    while (d->begin < d->end && count + 3 <= capacity) {
        unsigned code_point = cam_encoding_code_point(d->encoding, d->raw[d->begin]);
        if (code_point == 0)
            break;
        count += cam_utf8_put(to + count, code_point);
        d->begin++;
    }
    return count;
}

static size_t convert_utf16(cam_decoder *d, char *to, size_t capacity) {
    size_t count = 0;
    while (d->end - d->begin >= 2 && count + 4 <= capacity) {
        unsigned unit = cam_decoder_utf16_unit(d, d->begin);
        size_t used = 2;
        if (unit == 0)
            break;
        if (unit >= 0xD800 && unit < 0xE000) {
            if (unit >= 0xDC00 || d->end - d->begin < 4)
                break;
            unsigned low = cam_decoder_utf16_unit(d, d->begin + 2);
            if (low < 0xDC00 || low >= 0xE000)
                break;
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            used = 4;
        }
        count += cam_utf8_put(to + count, unit);
        d->begin += used;
    }
    return count;
}

static long line_ends(const char *text, size_t length, char before) {
    long ends = text[0] == '\r' || (text[0] == '\n' && before != '\r');
    for (size_t i = 1; i < length; i++)
        ends += (text[i] == '\r') | ((text[i] == '\n') & (text[i - 1] != '\r'));
    return ends;
}

/* True where the bytes at hand end a line; in UTF-16 a byte alone does not tell. */
static int line_is_over(const cam_decoder *d) {
    return d->encoding != CAM_ENCODING_UTF16 && memchr(d->raw + d->begin, '\n', d->end - d->begin) != NULL;
}

cam_status cam_decoder_read(cam_decoder *decoder, char *to, size_t capacity, size_t *count) {
    cam_status st = CAM_OK;
    *count = 0;
    CAM_TRY(need(decoder, 1));
    for (;;) {
        size_t left = decoder->end - decoder->begin;
        if (left == 0)
            goto out;
        *count = decoder->encoding == CAM_ENCODING_UTF8    ? convert_utf8(decoder, to, capacity)
                 : decoder->encoding == CAM_ENCODING_UTF16 ? convert_utf16(decoder, to, capacity)
                                                           : convert_single_byte(decoder, to, capacity);
        if (*count > 0)
            break;
        /* The character is incomplete or invalid: once enough bytes follow, it is known which, and the word can be
         * quoted. A writer that waits for the answer to its line sends no more. */
        if (left >= WORD_BYTES || decoder->raw_ended || line_is_over(decoder)) {
            CAM_TRY(cam_decoder_judge_byte(decoder));
            to[0] = '\0';
            *count = 1;
            decoder->begin++;
            break;
        }
        CAM_TRY(need(decoder, left + 1));
    }
    decoder->line += line_ends(to, *count, decoder->last);
    decoder->last = to[*count - 1];
out:
    return st;
}
