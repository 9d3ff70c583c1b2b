/* visible.c: see visible.h. */
#include "visible.h"
#include "cam/status.h"
#include "utf8.h"
#include <stdio.h>
#include <string.h>

int cam_is_hidden(uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* --- escapes ------------------------------------------------------------------------------------------------------ */

/* Where a text goes: its first bytes, as far as there is room, and the length of all. */
typedef struct sink {
    char *out;
    size_t size, length;
} sink;

static void put(sink *to, const char *bytes, size_t count) {
    if (to->length + 1 < to->size) {
        size_t room = to->size - 1 - to->length;
        memcpy(to->out + to->length, bytes, count < room ? count : room);
    }
    to->length += count;
}

static size_t end(sink *to) {
    if (to->size > 0)
        to->out[to->length < to->size ? to->length : to->size - 1] = '\0';
    return to->length;
}

static void put_escape(sink *to, uint32_t c) {
    char text[16];
    if (c == '\n' || c == '\r' || c == '\t')
        snprintf(text, sizeof text, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    else
        snprintf(text, sizeof text, c < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)c);
    put(to, text, strlen(text));
}

static int is_kept(uint32_t c, const char *kept) {
    return c > 0 && c < 0x80 && strchr(kept, (int)c);
}

static void put_visible(sink *to, const char *text, size_t length, const char *kept) {
    size_t copied = 0;
    for (size_t at = 0, bytes; at < length; at += bytes) {
        uint32_t c;
        bytes = cam_utf8_decode(text + at, length - at, &c);
        if (bytes > 0 && (!cam_is_hidden(c) || is_kept(c, kept)))
            continue;
        put(to, text + copied, at - copied);
        if (bytes > 0) {
            put_escape(to, c);
        } else {
            char byte[8];
            snprintf(byte, sizeof byte, "\\x%02x", (unsigned char)text[at]);
            put(to, byte, strlen(byte));
            bytes = 1;
        }
        copied = at + bytes;
    }
    put(to, text + copied, length - copied);
}

size_t cam_visible_copy(char *out, size_t size, const char *text, size_t length, const char *kept) {
    sink to = {out, size, 0};
    put_visible(&to, text, length, kept);
    return end(&to);
}

/* --- formats ------------------------------------------------------------------------------------------------------ */

/* "%-5.3lld": what stands between "%" and the conversion. */
typedef struct specification {
    char flags[8];
    int width, precision; /* precision -1: none */
    char size[3];         /* "", "hh", "h", "l", "ll", "z", "t", "j", "L" */
    char conversion;
} specification;

/* The arguments, behind a pointer: a va_list as a parameter may be an array. */
typedef struct arguments {
    va_list list;
} arguments;

static int read_number(const char **at, arguments *args) {
    int number = 0;
    if (**at == '*') {
        ++*at;
        return va_arg(args->list, int);
    }
    for (; **at >= '0' && **at <= '9'; ++*at)
        number = number * 10 + (**at - '0');
    return number;
}

/* Reads up to and with the conversion, and moves *at past it. */
static specification read_specification(const char **at, arguments *args) {
    specification s = {.precision = -1};
    for (size_t n = 0; **at && strchr("-+ #0", **at) && n + 2 < sizeof s.flags; ++*at)
        s.flags[n++] = **at;
    s.width = read_number(at, args);
    if (s.width < 0) { /* as C has it */
        s.width = -s.width;
        s.flags[strlen(s.flags)] = '-';
    }
    if (**at == '.') {
        ++*at;
        s.precision = read_number(at, args);
    }
    for (size_t n = 0; **at && strchr("hlztjL", **at) && n + 1 < sizeof s.size; ++*at)
        s.size[n++] = **at;
    s.conversion = **at;
    *at += **at != '\0';
    return s;
}

static void pad(sink *to, int count) {
    for (; count > 0; count--)
        put(to, " ", 1);
}

/* The bytes of a value that are shown. */
static size_t shown_bytes(const char *text, int precision) {
    uint32_t unused;
    if (precision < 0)
        return strlen(text);
    size_t length = strnlen(text, (size_t)precision), cut = length;
    if (length < (size_t)precision)
        return length;
    while (cut > 0 && length - cut < CAM_UTF8_BYTES && ((unsigned char)text[cut - 1] & 0xC0) == 0x80)
        cut--;
    if (cut > 0 && (unsigned char)text[cut - 1] >= 0xC0 && !cam_utf8_decode(text + cut - 1, length - cut + 1, &unused))
        return cut - 1; /* the character goes on after the precision */
    return length;
}

static void put_value(sink *to, const specification *s, const char *text) {
    sink measured = {NULL, 0, 0};
    const char *kept = text == cam_status_message() ? "\n" : "";
    text = text ? text : "(null)";
    size_t length = shown_bytes(text, s->precision);
    if (s->width > 0)
        put_visible(&measured, text, length, kept);
    int spaces = s->width - (int)measured.length;
    if (!strchr(s->flags, '-'))
        pad(to, spaces);
    put_visible(to, text, length, kept);
    if (strchr(s->flags, '-'))
        pad(to, spaces);
}

/* Everything but "%s" is the library's: one argument of the type that the conversion names. */
static void put_by_library(sink *to, const specification *s, arguments *args) {
    char format[48], text[512];
    int length, precision = s->precision, width = s->width < 400 ? s->width : 400;
    if (precision > 60)
        precision = 60;
    int n = snprintf(format, sizeof format, width > 0 ? "%%%s%d" : "%%%s", s->flags, width);
    if (precision >= 0)
        n += snprintf(format + n, sizeof format - (size_t)n, ".%d", precision);
    snprintf(format + n, sizeof format - (size_t)n, "%s%c", s->size, s->conversion);
#define PRINT(type) length = snprintf(text, sizeof text, format, va_arg(args->list, type))
    if (strchr("diuxXoc", s->conversion)) {
        if (strcmp(s->size, "l") == 0)
            PRINT(long);
        else if (strcmp(s->size, "ll") == 0)
            PRINT(long long);
        else if (s->size[0] == 'z')
            PRINT(size_t);
        else if (s->size[0] == 't')
            PRINT(ptrdiff_t);
        else if (s->size[0] == 'j')
            PRINT(intmax_t);
        else
            PRINT(int);
    } else if (s->conversion == 'p') {
        PRINT(void *);
    } else if (s->size[0] == 'L') {
        PRINT(long double);
    } else {
        PRINT(double);
    }
#undef PRINT
    put(to, text, length > 0 ? strnlen(text, sizeof text) : 0);
}

size_t cam_visible_vprint(char *out, size_t size, const char *format, va_list list) {
    sink to = {out, size, 0};
    arguments args;
    va_copy(args.list, list);
    while (*format) {
        size_t text = strcspn(format, "%");
        put(&to, format, text);
        format += text;
        if (*format == '\0')
            break;
        format++;
        specification s = read_specification(&format, &args);
        if (s.conversion == '%')
            put(&to, "%", 1);
        else if (s.conversion == 's')
            put_value(&to, &s, va_arg(args.list, const char *));
        else if (s.conversion && strchr("diuxXocpaAeEfFgG", s.conversion))
            put_by_library(&to, &s, &args);
        else
            CAM_BUG("unknown conversion '%c' of a format", s.conversion);
    }
    va_end(args.list);
    return end(&to);
}
