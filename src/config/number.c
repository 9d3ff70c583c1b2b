/* number.c: see number_internal.h. */
#include "bytes_internal.h"
#include "number_internal.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_digits(const char *at) {
    return at + strspn(at, "0123456789");
}

bool cam_number_is_decimal(const char *text) {
    const char *at = text + (*text == '+' || *text == '-');
    const char *point = skip_digits(at), *end = *point == '.' ? skip_digits(point + 1) : point;
    if (end == at || (end == at + 1 && *at == '.'))
        return false;
    if (*end == 'e' || *end == 'E') {
        end++;
        end += *end == '+' || *end == '-';
        if (!isdigit((unsigned char)*end))
            return false;
        end = skip_digits(end);
    }
    return *end == '\0';
}

bool cam_number_is_whole(const char *text) {
    const char *at = text + (*text == '+' || *text == '-'), *end = skip_digits(at);
    if (end > at && *end == '.')
        end += 1 + strspn(end + 1, "0");
    return end > at && *end == '\0';
}

bool cam_number_in_range(const cam_config_row *row, double value) {
    bool above = row->low_open ? value > row->low : value >= row->low;
    bool below = row->high_open ? value < row->high : value <= row->high;
    return above && below;
}

/* Copies a number as people write it to one as YAML has it: without the marks between thousands, with a point for the
 * comma. The length; 0 where the text is too long. A comma before three digits of a whole number is such a mark. */
static size_t copy_number(const char *text, bool whole, char *out, size_t out_bytes) {
    static const char *const marks[] = {" ", "_", "'", "\xC2\xA0", "\xE2\x80\xAF"};
    size_t length = 0;
    while (*text && length + 1 < out_bytes) {
        size_t skipped = whole && *text == ',' && strspn(text + 1, "0123456789") == 3 ? 1 : 0;
        for (size_t i = 0; i < sizeof marks / sizeof *marks && skipped == 0; i++)
            if (strncmp(text, marks[i], strlen(marks[i])) == 0)
                skipped = strlen(marks[i]);
        if (skipped == 0)
            out[length++] = *text == ',' ? '.' : *text;
        text += skipped ? skipped : 1;
    }
    out[length] = '\0';
    return *text ? 0 : length;
}

bool cam_number_guess(const cam_config_row *row, const char *text, bool whole, cam_strbuf *fixed) {
    char copy[40];
    size_t length = copy_number(text, whole, copy, sizeof copy);
    bool percent = length > 0 && copy[length - 1] == '%';
    if (percent)
        copy[length - 1] = '\0';
    if (length == 0 || !cam_number_is_decimal(copy))
        return false;
    double value = strtod(copy, NULL) / (percent ? 100 : 1);
    if (!cam_number_in_range(row, value) || (whole && (value != floor(value) || fabs(value) > 1e15)))
        return false;
    if (percent || whole)
        cam_bytes_put_number(value, fixed);
    else
        cam_strbuf_puts(fixed, copy);
    return true;
}
