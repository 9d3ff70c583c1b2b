/* french_fit.c: see french_fit_internal.h. */
#include "french_fit_internal.h"
#include <stddef.h>

enum { FITS = 1, NEUTRAL = 0, IMPOSSIBLE = -2 };

static int among(unsigned c, const unsigned *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (list[i] == c)
            return 1;
    return 0;
}
#define AMONG(c, list) among(c, list, sizeof(list) / sizeof(list)[0])

/* à â ä æ ç è é ê ë î ï ô ö ù û ü ÿ œ: small letters of French; the capitals are 0x20 below but for Ÿ and Œ. */
static int is_french_small(unsigned c) {
    static const unsigned letters[] = {0xE0, 0xE2, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA,   0xEB,
                                       0xEE, 0xEF, 0xF4, 0xF9, 0xFB, 0xFC, 0x0153, 0xFF};
    return AMONG(c, letters);
}

static int is_french_capital(unsigned c) {
    return c == 0x0152 || c == 0x0178 || (c >= 0xC0 && c < 0xE0 && is_french_small(c + 0x20));
}

static int is_small(unsigned c) {
    return (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0xFF && c != 0xF7) || c == 0x0153 || c == 0x0161 || c == 0x017E;
}

static int is_capital(unsigned c) {
    return (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) || c == 0x0152 || c == 0x0160 ||
           c == 0x0178 || c == 0x017D;
}

static int is_letter(unsigned c) {
    return is_small(c) || is_capital(c);
}

static int is_digit(unsigned c) {
    return c >= '0' && c <= '9';
}

static int is_space(unsigned c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xA0;
}

static int letter_fits(unsigned before, unsigned c, unsigned after) {
    int alone = !is_letter(before) && !is_letter(after);
    if (before >= 0x80 && after >= 0x80 && is_letter(before) && is_letter(after))
        return IMPOSSIBLE; /* three accented letters in a row: another alphabet */
    if (is_capital(c) ? is_small(before) : is_capital(before) && is_capital(after))
        return IMPOSSIBLE; /* a capital inside a word, or a small letter inside capitals */
    if (!is_french_small(c) && !is_french_capital(c))
        return NEUTRAL;
    if (alone)
        return (c | 0x20) == 0xE0 || (c | 0x20) == 0xF4 ? FITS : NEUTRAL; /* à and ô are words */
    return FITS;
}

static int sign_fits(unsigned before, unsigned c, unsigned after) {
    int inside = is_letter(before) && is_letter(after);
    switch (c) {
    case 0x2019: /* apostrophe */
        return inside ? FITS : NEUTRAL;
    case 0xAB: /* opening quotes */
    case 0x201C:
        return is_letter(before) ? IMPOSSIBLE : FITS;
    case 0xBB: /* closing quotes */
    case 0x201D:
        return is_letter(after) ? IMPOSSIBLE : FITS;
    case 0x20AC: /* euro sign */
        return inside ? IMPOSSIBLE : is_digit(before) || is_space(before) || is_digit(after) ? FITS : NEUTRAL;
    case 0x2026: /* ellipsis */
        return inside ? IMPOSSIBLE : is_letter(after) ? NEUTRAL : FITS;
    case 0xA0: /* no-break space */
        return is_digit(before) || is_digit(after) || before == 0xAB || after == 0xBB || after == ':' || after == ';' ||
                       after == '!' || after == '?' || after == '%' || after == 0x20AC
                   ? FITS
                   : NEUTRAL;
    case 0xB0: /* degree sign, as in "n°" */
        return is_digit(before) || before == 'n' || before == 'N' ? FITS : inside ? IMPOSSIBLE : NEUTRAL;
    default:
        return NEUTRAL;
    }
}

int cam_french_fit(cam_encoding encoding, unsigned char before, unsigned char byte, unsigned char after, int *in_word) {
    /* ‘ ‚ “ ” „ … – — • ‹ › § © ® ° ± · × ÷ ² ³ µ ¼ ½ ¾ ¿ ¡ ™ € ’ « » and the no-break space */
    static const unsigned signs[] = {0x2018, 0x201A, 0x201C, 0x201D, 0x201E, 0x2026, 0x2013, 0x2014, 0x2022,
                                     0x2039, 0x203A, 0xA7,   0xA9,   0xAE,   0xB0,   0xB1,   0xB7,   0xD7,
                                     0xF7,   0xB2,   0xB3,   0xB5,   0xBC,   0xBD,   0xBE,   0xBF,   0xA1,
                                     0x2122, 0x20AC, 0x2019, 0xAB,   0xBB,   0xA0};
    unsigned c = cam_encoding_code_point(encoding, byte);
    unsigned p = cam_encoding_code_point(encoding, before), n = cam_encoding_code_point(encoding, after);
    *in_word = 0;
    if (is_letter(c)) {
        int fit = letter_fits(p, c, n);
        *in_word = fit == FITS;
        return fit;
    }
    if (!AMONG(c, signs))
        return IMPOSSIBLE;
    int fit = sign_fits(p, c, n);
    return fit == NEUTRAL && is_letter(p) && is_letter(n) && c != 0xA0 && c != 0x2013 && c != 0x2014 ? IMPOSSIBLE : fit;
}

int cam_french_in_word(cam_encoding encoding, unsigned char byte) {
    unsigned c = cam_encoding_code_point(encoding, byte);
    return is_letter(c) || is_digit(c) || c == '\'' || c == 0x2019 || c == '-';
}
