/* words.c: see words_internal.h. */
#include "words_internal.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NARROW_SPACE "\xe2\x80\xaf" /* U+202F, which no line is broken at */

static const char *const table[CAM_WORD_COUNT][2] = {
#define ROW(id, english, french) {english, french},
    CAM_WORDS(ROW)
#undef ROW
};

cam_language cam_language_resolve(cam_language language) {
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; language == CAM_LANGUAGE_AUTO && i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && value[0])
            language = strncmp(value, "fr", 2) == 0 ? CAM_LANGUAGE_FR : CAM_LANGUAGE_EN;
    }
    return language == CAM_LANGUAGE_AUTO ? CAM_LANGUAGE_EN : language;
}

const char *cam_language_code(cam_language language) {
    return language == CAM_LANGUAGE_FR ? "fr" : "en";
}

const char *cam_word_text(cam_language language, cam_phrase word) {
    return table[word][language == CAM_LANGUAGE_FR];
}

void cam_word_put(cam_strbuf *out, cam_language language, cam_phrase word, const char *const *values) {
    size_t count = 0;
    while (values[count])
        count++;
    for (const char *at = cam_word_text(language, word); *at;) {
        size_t length = strcspn(at, "{");
        cam_strbuf_append(out, at, length);
        at += length;
        if (!*at)
            break;
        size_t value = (size_t)(at[1] - '0');
        CAM_ASSERT(value < count && at[2] == '}');
        cam_strbuf_puts(out, values[value]);
        at += 3;
    }
}

/* --- figures ------------------------------------------------------------------------------------------------------- */

/* Appends a number as C writes it, with thousands apart and the language's point. */
static void put_digits(cam_strbuf *out, cam_language language, const char *text) {
    int french = language == CAM_LANGUAGE_FR;
    if (*text == '-') {
        cam_strbuf_puts(out, "\xe2\x88\x92"); /* U+2212, minus */
        text++;
    }
    size_t whole = strspn(text, "0123456789");
    for (size_t i = 0; i < whole; i++) {
        cam_strbuf_putc(out, text[i]);
        if (i + 1 < whole && (whole - i - 1) % 3 == 0)
            cam_strbuf_puts(out, french ? NARROW_SPACE : ",");
    }
    text += whole;
    if (*text == '.') {
        cam_strbuf_putc(out, french ? ',' : '.');
        text++;
    }
    cam_strbuf_puts(out, text);
}

void cam_figure_count(cam_strbuf *out, cam_language language, int64_t count) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, count);
    put_digits(out, language, text);
}

void cam_figure_number(cam_strbuf *out, cam_language language, double value, int digits) {
    char text[400];
    if (!isfinite(value)) {
        cam_strbuf_puts(out, "\xe2\x80\x93");
        return;
    }
    snprintf(text, sizeof text, "%.*f", digits, value);
    put_digits(out, language, strspn(text, "-0.") == strlen(text) && text[0] == '-' ? text + 1 : text);
}

void cam_figure_short(cam_strbuf *out, cam_language language, double value, int digits) {
    char text[64], *exponent;
    if (!isfinite(value)) {
        cam_strbuf_puts(out, "\xe2\x80\x93");
        return;
    }
    double size = fabs(value);
    if (size >= 1e6 || (size > 0 && size < 1e-2)) {
        snprintf(text, sizeof text, "%.*e", digits - 1, value);
        exponent = strchr(text, 'e');
        long power = strtol(exponent + 1, NULL, 10);
        size_t end = (size_t)(exponent - text);
        while (memchr(text, '.', end) && text[end - 1] == '0')
            end--;
        end -= text[end - 1] == '.';
        snprintf(text + end, sizeof text - end, "e%ld", power);
    } else {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strchr(text, 'e')) /* rounded up to a power of ten that has more digits */
            snprintf(text, sizeof text, "%.0f", value);
    }
    put_digits(out, language, text);
}

void cam_figure_percent(cam_strbuf *out, cam_language language, double share, int digits) {
    cam_figure_number(out, language, 100 * share, digits);
    if (isfinite(share))
        cam_strbuf_puts(out, NARROW_SPACE "%");
}

void cam_figure_duration(cam_strbuf *out, cam_language language, double seconds) {
    if (!isfinite(seconds) || seconds < 0 || seconds > 1e12) {
        cam_strbuf_puts(out, "\xe2\x80\x93");
        return;
    }
    if (seconds < 10) {
        cam_figure_number(out, language, seconds, 1);
        cam_strbuf_puts(out, NARROW_SPACE "s");
        return;
    }
    int64_t s = llrint(seconds);
    if (s < 60)
        cam_strbuf_printf(out, "%d" NARROW_SPACE "s", (int)s);
    else if (s < 3600)
        cam_strbuf_printf(out, "%d" NARROW_SPACE "min %d" NARROW_SPACE "s", (int)(s / 60), (int)(s % 60));
    else {
        cam_figure_count(out, language, s / 3600);
        cam_strbuf_printf(out, NARROW_SPACE "h %d" NARROW_SPACE "min", (int)(s / 60 % 60));
    }
}

void cam_figure_bytes(cam_strbuf *out, cam_language language, double bytes) {
    static const char *const english[] = {"bytes", "kB", "MB", "GB", "TB"};
    static const char *const french[] = {"octets", "ko", "Mo", "Go", "To"};
    int unit = 0;
    while (bytes >= 1000 && unit < 4) {
        bytes /= 1000;
        unit++;
    }
    cam_figure_number(out, language, bytes, unit > 0 && bytes < 10 ? 1 : 0);
    cam_strbuf_put_all(out, NARROW_SPACE, (language == CAM_LANGUAGE_FR ? french : english)[unit], NULL);
}
