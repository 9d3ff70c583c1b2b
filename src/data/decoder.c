/* decoder.c: the decoder of encoding.h. Raw bytes are read in blocks and decoded into whole characters; a character
 * that is split between two blocks waits for the next block.
 *
 * Invariant: begin <= end <= RAW_BYTES. The bytes before `begin` are decoded; up to CONTEXT_BYTES of them are kept, so
 * that a message can quote the word around a bad byte. */
#include "encoding.h"
#include "files.h"
#include "strbuf.h"
#include "utf8.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RAW_BYTES = 1 << 18, CONTEXT_BYTES = 64, WORD_BYTES = 40 };

static cam_status fail_errno(const char *verb, const char *path) {
    int error = errno;
    char *full = strcmp(path, "standard input") == 0 ? NULL : cam_path_absolute(path);
    cam_fail(CAM_E_DATA, "cannot %s \"%s\": %s", verb, full ? full : path, strerror(error));
    free(full);
    return CAM_E_DATA;
}

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
    for (;;) {
        ssize_t got = read(d->fd, d->raw + d->end, RAW_BYTES - d->end);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            CAM_TRY(fail_errno("read", d->name));
        d->end += (size_t)got;
        d->raw_ended = got == 0;
        break;
    }
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

/* Refuses files that are not text, by their first bytes. "PK" alone may be the start of a header. */
static cam_status refuse_binary(const cam_decoder *d) {
    size_t size = d->end - d->begin;
    const unsigned char *raw = d->raw + d->begin;
    int archive = begins_with(d, "PK", 2) && (size == 2 || (raw[2] < 0x20 && !strchr("\t\r\n", raw[2])));
    if (archive || begins_with(d, "\xD0\xCF\x11\xE0", 4))
        return cam_fail(CAM_E_DATA, "%s: an Excel workbook; save it as CSV UTF-8", d->name);
    if (begins_with(d, "\x1F\x8B", 2))
        return cam_fail(CAM_E_DATA, "%s: a gzip archive; unpack it first", d->name);
    if (begins_with(d, "PAR1", 4))
        return cam_fail(CAM_E_DATA, "%s: a Parquet file; write it as CSV UTF-8 or JSONL", d->name);
    return CAM_OK;
}

/* Chooses the encoding by the byte-order mark, and compares the mark with the requested encoding. */
static cam_status choose_encoding(cam_decoder *d, cam_encoding requested) {
    int little = begins_with(d, "\xFF\xFE", 2), big = begins_with(d, "\xFE\xFF", 2);
    int utf8 = begins_with(d, "\xEF\xBB\xBF", 3);
    if (requested == CAM_ENCODING_UTF8 && (little || big))
        return cam_fail(CAM_E_DATA, "%s:1: the file begins with a UTF-16 byte-order mark; set encoding=utf-16",
                        d->name);
    if (requested == CAM_ENCODING_UTF16 && !little && !big && d->end > d->begin)
        return cam_fail(CAM_E_DATA, "%s:1: no UTF-16 byte-order mark; %s", d->name,
                        utf8 ? "the file has the mark of UTF-8; set encoding=utf-8"
                             : "set encoding=auto, or save the file as CSV UTF-8");
    int single_byte = requested == CAM_ENCODING_WINDOWS_1252 || requested == CAM_ENCODING_ISO_8859_15 ||
                      requested == CAM_ENCODING_MACROMAN;
    if (single_byte && (utf8 || little || big))
        return cam_fail(CAM_E_DATA, "%s:1: the file begins with the byte-order mark of %s; set encoding=%s", d->name,
                        utf8 ? "UTF-8" : "UTF-16", utf8 ? "utf-8" : "utf-16");
    d->encoding = requested != CAM_ENCODING_AUTO ? requested : little || big ? CAM_ENCODING_UTF16 : CAM_ENCODING_UTF8;
    d->big_endian = big;
    d->has_mark = utf8 || little || big;
    d->begin += d->encoding == CAM_ENCODING_UTF16 && d->end > d->begin ? 2 : utf8 ? 3 : 0;
    return CAM_OK;
}

cam_status cam_decoder_open(cam_decoder *decoder, const char *path, cam_encoding encoding) {
    cam_status st = CAM_OK;
    int standard_input = strcmp(path, "-") == 0;
    struct stat about = {0};
    *decoder = (cam_decoder){.name = standard_input ? "standard input" : path, .fd = -1, .line = 1};
    decoder->fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (decoder->fd < 0)
        CAM_TRY(fail_errno("open", path));
    if (fstat(decoder->fd, &about) != 0 || S_ISDIR(about.st_mode)) {
        errno = S_ISDIR(about.st_mode) ? EISDIR : errno;
        CAM_TRY(fail_errno("read", path));
    }
    decoder->regular = S_ISREG(about.st_mode);
    decoder->raw = malloc(RAW_BYTES);
    if (!decoder->raw)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", path);
    CAM_TRY(read_first_bytes(decoder));
    CAM_TRY(refuse_binary(decoder));
    CAM_TRY(choose_encoding(decoder, encoding));
out:
    if (st != CAM_OK)
        cam_decoder_close(decoder);
    return st;
}

void cam_decoder_close(cam_decoder *decoder) {
    if (decoder->fd > STDIN_FILENO)
        close(decoder->fd);
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

static unsigned utf16_unit(const cam_decoder *d, size_t at) {
    unsigned first = d->raw[at], second = d->raw[at + 1];
    return d->big_endian ? first << 8 | second : second << 8 | first;
}

static size_t convert_utf16(cam_decoder *d, char *to, size_t capacity) {
    size_t count = 0;
    while (d->end - d->begin >= 2 && count + 4 <= capacity) {
        unsigned unit = utf16_unit(d, d->begin);
        size_t used = 2;
        if (unit == 0)
            break;
        if (unit >= 0xD800 && unit < 0xE000) {
            if (unit >= 0xDC00 || d->end - d->begin < 4)
                break;
            unsigned low = utf16_unit(d, d->begin + 2);
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

static int in_word(unsigned char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '\'' || c == '-' || c == '_' ||
           c == 0x92 || c == 0x8C || c == 0x9C || c >= 0xC0;
}

/* The word around the bad byte, read as Windows-1252; 0 where one of its bytes has no character there. */
static int word_as_windows_1252(const cam_decoder *d, cam_strbuf *word) {
    size_t first = d->begin, past = d->begin + 1;
    while (first > 0 && d->begin - first < WORD_BYTES && d->raw[first - 1] < 0x80 && in_word(d->raw[first - 1]))
        first--;
    while (past < d->end && past - d->begin < WORD_BYTES && in_word(d->raw[past]))
        past++;
    for (size_t i = first; i < past; i++) {
        char utf8[4];
        unsigned code_point = cam_encoding_code_point(CAM_ENCODING_WINDOWS_1252, d->raw[i]);
        if (code_point == 0)
            return 0;
        cam_strbuf_append(word, utf8, cam_utf8_put(utf8, code_point));
    }
    return 1;
}

/* Fails with a message about the byte at `begin`. */
static cam_status fail_byte(cam_decoder *d) {
    unsigned byte = d->raw[d->begin];
    if (byte == 0 && d->encoding != CAM_ENCODING_UTF16)
        return cam_fail(CAM_E_DATA,
                        "%s:%ld: a NUL byte; this is no text file, or it is UTF-16 without its byte-order mark: save "
                        "it as CSV UTF-8",
                        d->name, d->line);
    if (d->encoding == CAM_ENCODING_UTF16)
        return cam_fail(CAM_E_DATA, "%s:%ld: %s in UTF-16; save the file as CSV UTF-8", d->name, d->line,
                        d->end - d->begin < 2          ? "the last character is cut"
                        : utf16_unit(d, d->begin) == 0 ? "a NUL character"
                                                       : "half a surrogate pair");
    if (d->encoding == CAM_ENCODING_WINDOWS_1252)
        return cam_fail(CAM_E_DATA, "%s:%ld: byte 0x%02X has no character in Windows-1252; save the file as CSV UTF-8",
                        d->name, d->line, byte);
    cam_strbuf word = CAM_STRBUF_INIT;
    if (word_as_windows_1252(d, &word))
        cam_fail(CAM_E_DATA,
                 "%s:%ld: byte 0x%02X is not UTF-8; as Windows-1252 this reads \"%s\"; set encoding=windows-1252",
                 d->name, d->line, byte, cam_strbuf_text(&word));
    else
        cam_fail(CAM_E_DATA, "%s:%ld: byte 0x%02X is not UTF-8; save the file as CSV UTF-8", d->name, d->line, byte);
    cam_strbuf_release(&word);
    return CAM_E_DATA;
}

static long line_ends(const char *text, size_t length, char before) {
    long ends = text[0] == '\r' || (text[0] == '\n' && before != '\r');
    for (size_t i = 1; i < length; i++)
        ends += (text[i] == '\r') | ((text[i] == '\n') & (text[i - 1] != '\r'));
    return ends;
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
         * quoted. */
        if (left >= WORD_BYTES || decoder->raw_ended)
            CAM_TRY(fail_byte(decoder));
        CAM_TRY(need(decoder, left + 1));
    }
    decoder->line += line_ends(to, *count, decoder->last);
    decoder->last = to[*count - 1];
out:
    return st;
}
