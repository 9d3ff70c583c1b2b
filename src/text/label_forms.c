/* label_forms.c: see label_forms.h. */
#include "label_forms.h"
#include "mojibake.h"
#include "nearest.h"
#include "utf8.h"
#include "visible.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* --- characters ------------------------------------------------------------------------------------------------ */

/* The ASCII quote that a typographic one stands for; 0 for no quote. */
static char plain_quote(uint32_t c) {
    static const uint32_t single[] = {0x60, 0xB4, 0x2018, 0x2019, 0x201A, 0x201B, 0x2032, 0x2039, 0x203A, 0x2BC, 0};
    static const uint32_t twofold[] = {0xAB, 0xBB, 0x201C, 0x201D, 0x201E, 0x201F, 0x2033, 0};
    for (size_t i = 0; single[i]; i++)
        if (single[i] == c)
            return '\'';
    for (size_t i = 0; twofold[i]; i++)
        if (twofold[i] == c)
            return '"';
    return 0;
}

static int is_dash(uint32_t c) {
    return (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xFE63;
}

/* The Latin letters that a letter looks like or stands for; NULL for itself. Only the letters whose shapes are equal in
 * most fonts. */
static const char *latin_letters(uint32_t c) {
    static const struct {
        uint32_t c;
        const char *latin;
    } table[] = {
        {0xC6, "AE"},    {0xE6, "ae"},    {0x152, "OE"}, {0x153, "oe"}, {0xFB00, "ff"}, {0xFB01, "fi"}, {0xFB02, "fl"},
        {0xFB03, "ffi"}, {0xFB04, "ffl"}, {0x131, "i"},  {0x391, "A"},  {0x392, "B"},   {0x395, "E"},   {0x396, "Z"},
        {0x397, "H"},    {0x399, "I"},    {0x39A, "K"},  {0x39C, "M"},  {0x39D, "N"},   {0x39F, "O"},   {0x3A1, "P"},
        {0x3A4, "T"},    {0x3A5, "Y"},    {0x3A7, "X"},  {0x3BF, "o"},  {0x405, "S"},   {0x406, "I"},   {0x408, "J"},
        {0x410, "A"},    {0x412, "B"},    {0x415, "E"},  {0x41A, "K"},  {0x41C, "M"},   {0x41D, "H"},   {0x41E, "O"},
        {0x420, "P"},    {0x421, "C"},    {0x422, "T"},  {0x425, "X"},  {0x430, "a"},   {0x435, "e"},   {0x43E, "o"},
        {0x440, "p"},    {0x441, "c"},    {0x443, "y"},  {0x445, "x"},  {0x455, "s"},   {0x456, "i"},   {0x458, "j"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].c == c)
            return table[i].latin;
    return NULL;
}

static int is_full_width(uint32_t c) {
    return c >= 0xFF01 && c <= 0xFF5E;
}

static int is_ascii_punctuation(char c) {
    return c > ' ' && c < 0x7F && !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
}

/* --- the form -------------------------------------------------------------------------------------------------- */

static int is_word_byte(char c) {
    return (unsigned char)c >= 0x80 || (c > ' ' && !is_ascii_punctuation(c));
}

/* Characters to plain ones. */
static void put_plain(const char *text, size_t length, unsigned kinds, cam_strbuf *out) {
    for (size_t at = 0; at < length;) {
        uint32_t c;
        size_t bytes = cam_utf8_next(text + at, text + length, &c);
        const char *latin = kinds & CAM_LABEL_LETTERS ? latin_letters(c) : NULL;
        if ((kinds & CAM_LABEL_INVISIBLE) && cam_is_invisible(c))
            ;
        else if ((kinds & CAM_LABEL_SPACES) && cam_is_white_space(c))
            cam_strbuf_putc(out, ' ');
        else if ((kinds & CAM_LABEL_QUOTES) && plain_quote(c))
            cam_strbuf_putc(out, plain_quote(c));
        else if ((kinds & CAM_LABEL_HYPHENS) && is_dash(c))
            cam_strbuf_putc(out, '-');
        else if ((kinds & CAM_LABEL_LETTERS) && is_full_width(c))
            cam_strbuf_putc(out, (char)(c - 0xFEE0));
        else if (latin)
            cam_strbuf_puts(out, latin);
        else
            cam_strbuf_append(out, text + at, bytes);
        at += bytes;
    }
}

static void put_letters(const cam_strbuf *text, unsigned kinds, cam_strbuf *out) {
    int options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | (kinds & CAM_LABEL_CASE ? UTF8PROC_CASEFOLD : 0) |
                  (kinds & CAM_LABEL_ACCENTS ? UTF8PROC_STRIPMARK : 0);
    utf8proc_uint8_t *mapped;
    utf8proc_ssize_t size = utf8proc_map((const utf8proc_uint8_t *)cam_strbuf_text(text),
                                         (utf8proc_ssize_t)text->length, &mapped, (utf8proc_option_t)options);
    if (size == UTF8PROC_ERROR_NOMEM) {
        cam_memory_note();
        return;
    }
    if (size < 0)
        CAM_BUG("utf8proc: %s", utf8proc_errmsg(size));
    cam_strbuf_append(out, (const char *)mapped, (size_t)size);
    free(mapped);
}

/* Hyphens and underscores between words become a space. Before a number, a hyphen may be a minus sign. */
static void join_words(cam_strbuf *form) {
    char *text = form->text;
    for (size_t i = 1; i + 1 < form->length; i++) {
        char before = text[i - 1], after = text[i + 1];
        int minus = before == ' ' && after >= '0' && after <= '9';
        if ((text[i] == '-' || text[i] == '_') && !minus && (is_word_byte(before) || before == ' ') &&
            (is_word_byte(after) || after == ' '))
            text[i] = ' ';
    }
}

/* One space between words, none at the ends or beside punctuation. */
static void squeeze(cam_strbuf *form) {
    char *text = form->text;
    size_t to = 0;
    for (size_t at = 0; at < form->length; at++) {
        char c = text[at];
        if (c == ' ' && (to == 0 || text[to - 1] == ' ' || is_ascii_punctuation(text[to - 1])))
            continue;
        to -= is_ascii_punctuation(c) && to > 0 && text[to - 1] == ' ';
        text[to++] = c;
    }
    form->length = to - (to > 0 && text[to - 1] == ' ');
}

static void drop_outer(cam_strbuf *form, unsigned kinds) {
    char *text = form->text;
    size_t begin = 0, end = form->length;
    for (int again = 1; again && begin < end;) {
        again = 0;
        if ((kinds & CAM_LABEL_QUOTES) && end - begin > 2 && (text[begin] == '"' || text[begin] == '\'') &&
            text[begin] == text[end - 1]) {
            begin++, end--;
            again = 1;
        } else if ((kinds & CAM_LABEL_PUNCTUATION) && strchr(".,;:!?", text[end - 1])) {
            end--;
            while (end > begin && text[end - 1] == ' ')
                end--;
            again = 1;
        } else if ((kinds & CAM_LABEL_PUNCTUATION) && end - begin >= 3 && memcmp(text + end - 3, "…", 3) == 0) {
            end -= 3;
            again = 1;
        } else if ((kinds & CAM_LABEL_SPACES) && (text[end - 1] == ' ' || text[begin] == ' ')) {
            end -= text[end - 1] == ' ';
            begin += end > begin && text[begin] == ' ';
            again = 1;
        }
    }
    if (begin == end)
        return;
    memmove(text, text + begin, end - begin);
    form->length = end - begin;
}

/* Where the number's digits begin, or NULL: a sign, digits, and at most one point or comma with digits after it. */
static const char *number_digits(const char *text) {
    const char *digits = text + (*text == '+' || *text == '-');
    size_t whole = strspn(digits, "0123456789");
    const char *rest = digits + whole;
    if (whole > 0 && (*rest == '.' || *rest == ','))
        rest += 1 + strspn(rest + 1, "0123456789");
    return whole > 0 && *rest == '\0' ? digits : NULL;
}

/* "+01,50" becomes "1.5". */
static void plain_number(cam_strbuf *form) {
    const char *digits = number_digits(form->text);
    if (!digits)
        return;
    while (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9')
        digits++;
    size_t length = strlen(digits), whole = strspn(digits, "0123456789");
    while (length > whole && strchr("0.,", digits[length - 1]))
        length--;
    int negative = form->text[0] == '-' && !(length == 1 && digits[0] == '0');
    memmove(form->text + negative, digits, length);
    if (negative)
        form->text[0] = '-';
    form->length = length + (size_t)negative;
    form->text[form->length] = '\0';
    char *comma = strchr(form->text, ',');
    if (comma)
        *comma = '.';
}

void cam_label_form(const char *label, size_t length, unsigned kinds, cam_strbuf *form) {
    cam_strbuf repaired = CAM_STRBUF_INIT, plain = CAM_STRBUF_INIT;
    cam_strbuf_clear(form);
    if (kinds & CAM_LABEL_MOJIBAKE)
        cam_mojibake_repair(label, length, &repaired);
    else
        cam_strbuf_append(&repaired, label, length);
    put_plain(cam_strbuf_text(&repaired), repaired.length, kinds, &plain);
    put_letters(&plain, kinds, form);
    if (form->length > 0 && (kinds & CAM_LABEL_HYPHENS))
        join_words(form);
    if (form->length > 0 && (kinds & CAM_LABEL_SPACES))
        squeeze(form);
    if (form->length > 0)
        drop_outer(form, kinds);
    if (form->length == 0)
        cam_strbuf_append(form, label, length);
    cam_strbuf_resize(form, form->length);
    if ((kinds & CAM_LABEL_NUMBERS) && form->length > 0)
        plain_number(form);
    cam_strbuf_release(&repaired);
    cam_strbuf_release(&plain);
}

static int same_form(const char *a, const char *b, unsigned kinds) {
    cam_strbuf one = CAM_STRBUF_INIT, two = CAM_STRBUF_INIT;
    cam_label_form(a, strlen(a), kinds, &one);
    cam_label_form(b, strlen(b), kinds, &two);
    int same = one.length == two.length && memcmp(cam_strbuf_text(&one), cam_strbuf_text(&two), one.length) == 0;
    cam_strbuf_release(&one);
    cam_strbuf_release(&two);
    return same;
}

int cam_label_same_form(const char *a, const char *b) {
    return same_form(a, b, CAM_LABEL_ALL);
}

/* A kind is a difference where the forms are no longer equal without its step. */
unsigned cam_label_differences(const char *a, const char *b) {
    unsigned kinds = 0;
    for (unsigned kind = 1; kind < CAM_LABEL_ALL; kind <<= 1)
        if (!same_form(a, b, CAM_LABEL_ALL & ~kind))
            kinds |= kind;
    return kinds;
}

/* --- messages -------------------------------------------------------------------------------------------------- */

void cam_label_put_differences(unsigned kinds, cam_strbuf *out) {
    static const char *const texts[] = {
#define CAM_LABEL_KIND_TEXT(kind, text) text,
        CAM_LABEL_KINDS(CAM_LABEL_KIND_TEXT)
#undef CAM_LABEL_KIND_TEXT
    };
    if (kinds == 0)
        cam_strbuf_puts(out, "how accents are stored (NFC or NFD)");
    for (int i = 0, put = 0; i < CAM_LABEL_KIND_COUNT; i++) {
        if (!(kinds >> i & 1))
            continue;
        cam_strbuf_printf(out, "%s%s", !put ? "" : kinds >> (i + 1) ? ", " : " and ", texts[i]);
        put = 1;
    }
}

/* Whether the eye cannot tell this character, in a label that differs from others by `kinds`. */
static int is_hidden(uint32_t c, uint32_t before, unsigned kinds) {
    return ((kinds & CAM_LABEL_INVISIBLE) && cam_is_invisible(c)) ||
           ((kinds & CAM_LABEL_SPACES) && cam_is_white_space(c) && (c != ' ' || before == ' ')) ||
           ((kinds & CAM_LABEL_QUOTES) && plain_quote(c)) || ((kinds & CAM_LABEL_HYPHENS) && is_dash(c)) ||
           ((kinds & CAM_LABEL_LETTERS) && (is_full_width(c) || (c >= 0x370 && latin_letters(c)))) ||
           utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_MN;
}

void cam_label_put(const char *label, unsigned kinds, cam_strbuf *out) {
    enum { SHOWN = 3 };
    size_t length = strlen(label), last = 0;
    int hidden = 0;
    uint32_t c, before = 0;
    cam_strbuf_put_json(out, label, length);
    for (size_t at = 0; at < length && hidden < SHOWN; before = c) {
        size_t bytes = cam_utf8_next(label + at, label + length, &c);
        if (is_hidden(c, before, kinds)) {
            cam_strbuf_printf(out, "%sU+%04X", hidden++ ? ", " : " (", (unsigned)c);
            if (at == 0)
                cam_strbuf_puts(out, " at the start");
            else
                cam_strbuf_printf(out, " after \"%.*s\"", (int)(at - last), label + last);
        } else {
            last = at;
        }
        at += bytes;
    }
    if (hidden)
        cam_strbuf_putc(out, ')');
}

void cam_label_put_marked(const char *label, unsigned kinds, cam_strbuf *out) {
    size_t length = strlen(label);
    uint32_t c, before = 0;
    for (size_t at = 0; at < length; before = c) {
        size_t bytes = cam_utf8_next(label + at, label + length, &c);
        if (is_hidden(c, before, kinds) || cam_is_hidden(c))
            cam_strbuf_printf(out, "<U+%04X>", (unsigned)c);
        else
            cam_strbuf_append(out, label + at, bytes);
        at += bytes;
    }
}

/* --- questions ------------------------------------------------------------------------------------------------- */

int cam_label_is_missing(const char *label) {
    static const char *const words[] = {
        "nan",        "-nan",     "<na>",        "na",     "n/a",    "#n/a",    "#na",       "n.a",   "null",
        "(null)",     "<null>",   "none",        "(none)", "<none>", "nil",     "nat",       "nd",    "n.d",
        "n/d",        "nr",       "n.r",         "n/r",    "vide",   "(vide)",  "<vide>",    "empty", "(empty)",
        "blank",      "(blank)",  "missing",     "\\n",    "-",      "--",      "---",       "?",     "??",
        "???",        ".",        "..",          "...",    "…",      "_",       "/",         "#ref",  "#value",
        "#valeur",    "#div/0",   "#name",       "#nom",   "#num",   "#nombre", "undefined", "undef", "non renseigne",
        "non defini", "manquant", "a completer", "#null",  "#n/d",   "[]",      "{}",        "\"\""};
    cam_strbuf form = CAM_STRBUF_INIT;
    int found = 0;
    cam_label_form(label, strlen(label), CAM_LABEL_ALL, &form);
    for (size_t i = 0; i < sizeof words / sizeof *words && !found; i++)
        found = strcmp(cam_strbuf_text(&form), words[i]) == 0;
    cam_strbuf_release(&form);
    return found;
}

int cam_label_is_number(const char *label) {
    char text[64], *end;
    size_t length = strlen(label);
    while (length > 0 && strchr(" %", label[length - 1]))
        length--;
    if (length == 0 || length >= sizeof text || strspn(label, "0123456789+-.,eE") < length || strchr("eE", label[0]))
        return 0;
    memcpy(text, label, length);
    text[length] = '\0';
    char *comma = strchr(text, ',');
    if (comma)
        *comma = '.';
    strtod(text, &end);
    return *end == '\0';
}

const char *cam_label_nearest(const cam_name_set *names, const char *label) {
    const char *nearest = NULL;
    cam_strbuf form = CAM_STRBUF_INIT, other = CAM_STRBUF_INIT;
    size_t least = SIZE_MAX;
    cam_label_form(label, strlen(label), CAM_LABEL_ALL, &form);
    for (size_t i = 0; i < names->count && least > 0; i++) {
        cam_label_form(names->names[i], names->lengths[i], CAM_LABEL_ALL, &other);
        size_t far = strcmp(cam_strbuf_text(&form), cam_strbuf_text(&other)) == 0
                         ? 0
                         : cam_misspelling(cam_strbuf_text(&form), cam_strbuf_text(&other));
        if (far < least) {
            least = far;
            nearest = names->names[i];
        }
    }
    cam_strbuf_release(&form);
    cam_strbuf_release(&other);
    return nearest;
}
