/* decoder_fail.c: see decoder_fail_internal.h. A file is read a second time, so that one cut character is not taken for
 * another encoding; of a pipe only what is in the buffer is weighed. */
#include "decoder_fail_internal.h"
#include "encoding_evidence.h"
#include <unistd.h>

static const char *encoding_name(cam_encoding encoding) {
    return encoding == CAM_ENCODING_WINDOWS_1252 ? "Windows-1252"
           : encoding == CAM_ENCODING_MACROMAN   ? "Mac OS Roman"
                                                 : "ISO-8859-15";
}

static cam_status weigh(const cam_decoder *d, cam_encoding_evidence *evidence) {
    if (d->regular && d->fd != STDIN_FILENO)
        return cam_encoding_evidence_read(d->name, evidence);
    size_t from = d->long_characters == 0 && d->line == 1 ? 0 : d->begin;
    cam_encoding_evidence_of(d->raw + from, d->end - from, d->line, d->long_characters, !d->raw_ended, evidence);
    return CAM_OK;
}

static cam_status fail_with_setting(const cam_decoder *d, const char *what, const char *encoding) {
    cam_strbuf setting = CAM_STRBUF_INIT;
    cam_remedy_put(&setting, d->syntax, "encoding", encoding);
    cam_fail(CAM_E_DATA, "%s:%ld: %s; set %s", d->name, d->line, what, setting.text);
    cam_strbuf_release(&setting);
    return CAM_E_DATA;
}

static cam_status fail_utf16(const cam_decoder *d) {
    return cam_fail(CAM_E_DATA, "%s:%ld: %s in UTF-16; save the file as CSV UTF-8", d->name, d->line,
                    d->end - d->begin < 2                      ? "the last character is cut"
                    : cam_decoder_utf16_unit(d, d->begin) == 0 ? "a NUL character"
                                                               : "half a surrogate pair");
}

static cam_status fail_single_byte(const cam_decoder *d, const cam_encoding_evidence *evidence) {
    cam_strbuf what = CAM_STRBUF_INIT;
    cam_strbuf_printf(&what, "byte 0x%02X is not UTF-8; as %s ", d->raw[d->begin], encoding_name(evidence->encoding));
    if (evidence->word_line == d->line)
        cam_strbuf_printf(&what, "this reads \"%s\"", evidence->word);
    else
        cam_strbuf_printf(&what, "line %ld reads \"%s\"", evidence->word_line, evidence->word);
    fail_with_setting(d, what.text, cam_words_encoding[evidence->encoding]);
    cam_strbuf_release(&what);
    return CAM_E_DATA;
}

static cam_status fail_utf8(const cam_decoder *d, const cam_encoding_evidence *evidence) {
    unsigned byte = d->raw[d->begin];
    switch (evidence->finding) {
    case CAM_FOUND_SINGLE_BYTE:
        return fail_single_byte(d, evidence);
    case CAM_FOUND_DAMAGED:
        return cam_fail(
            CAM_E_DATA,
            "%s:%ld: a character is cut or damaged here (byte 0x%02X); the rest of the file is UTF-8: write "
            "the line again",
            d->name, d->line, byte);
    case CAM_FOUND_MIXED:
        return cam_fail(
            CAM_E_DATA,
            "%s:%ld: byte 0x%02X is not UTF-8, while other lines are (two files joined?); save each part as "
            "CSV UTF-8",
            d->name, d->line, byte);
    default:
        return cam_fail(CAM_E_DATA,
                        "%s:%ld: byte 0x%02X is not UTF-8, and the text reads as French in none of Windows-1252, "
                        "ISO-8859-15 and Mac OS Roman; save the file as CSV UTF-8",
                        d->name, d->line, byte);
    }
}

cam_status cam_decoder_judge_byte(cam_decoder *d) {
    cam_status st = CAM_OK;
    cam_encoding_evidence evidence;
    unsigned byte = d->raw[d->begin];
    if (d->damaged) {
        d->only_nuls &= byte == 0;
        goto out;
    }
    if (d->encoding == CAM_ENCODING_UTF16)
        CAM_TRY(fail_utf16(d));
    CAM_TRY(weigh(d, &evidence));
    if (byte == 0 && evidence.finding == CAM_FOUND_UTF16)
        CAM_TRY(fail_with_setting(d, "UTF-16 without its byte-order mark", "utf-16"));
    d->only_nuls = byte == 0 && evidence.bad_bytes == 0;
    d->mixed = evidence.finding == CAM_FOUND_MIXED;
    d->damaged = d->accepts_damage && d->encoding == CAM_ENCODING_UTF8 &&
                 (evidence.finding == CAM_FOUND_DAMAGED || d->mixed || (byte == 0 && evidence.bad_bytes == 0));
    if (d->damaged)
        goto out;
    if (byte == 0)
        CAM_FAIL(CAM_E_DATA, "%s:%ld: a NUL byte; this is no text file: save it as CSV UTF-8", d->name, d->line);
    if (d->encoding != CAM_ENCODING_UTF8)
        CAM_FAIL(CAM_E_DATA, "%s:%ld: byte 0x%02X has no character in %s; save the file as CSV UTF-8", d->name, d->line,
                 byte, encoding_name(d->encoding));
    CAM_TRY(fail_utf8(d, &evidence));
out:
    return st;
}
