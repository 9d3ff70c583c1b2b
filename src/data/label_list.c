/* label_list.c: see label_list_internal.h. */
#include "label_list_internal.h"
#include <string.h>

static size_t skip_space(const char *text, size_t at, size_t length) {
    while (at < length && text[at] == ' ')
        at++;
    return at;
}

/* The index after the number at `at`, or `at`. */
static size_t number_end(const char *text, size_t at, size_t length) {
    size_t end = at;
    while (end < length && text[end] && strchr("0123456789.-", text[end]))
        end++;
    return end;
}

/* The index after the member at `at`, and the member without quotes; 0 where there is none. */
static size_t member_end(const char *text, size_t at, size_t length, int numbers, const char **member,
                         size_t *member_length) {
    char quote = text[at];
    if (quote != '\'' && quote != '"') {
        if (!numbers)
            return 0;
        size_t end = number_end(text, at, length);
        *member = text + at;
        *member_length = end - at;
        return end > at ? end : 0;
    }
    size_t end = at + 1;
    while (end < length && text[end] != quote)
        end += text[end] == '\\' ? 2 : 1;
    *member = text + at + 1;
    *member_length = end - at - 1;
    return end < length ? end + 1 : 0;
}

/* Skips the beginning {"choices": of Label Studio; 0 where the label has another. */
static size_t choices_begin(const char *text, size_t length) {
    static const char name[] = "\"choices\"";
    size_t at = length > 0 && text[0] == '{' ? skip_space(text, 1, length) : length;
    if (length - at < sizeof name || memcmp(text + at, name, sizeof name - 1) != 0)
        return 0;
    at = skip_space(text, at + sizeof name - 1, length);
    return at < length && text[at] == ':' ? skip_space(text, at + 1, length) : 0;
}

int cam_label_list_read(const char *label, size_t length, size_t *count, const char **first, size_t *first_length) {
    const char *member;
    size_t member_length, begin = choices_begin(label, length);
    *count = 0;
    if (begin)
        length--; /* the brace, which the caller's label ends with */
    if (begin >= length || length - begin < 2 || !strchr("[({", label[begin]))
        return 0;
    char close = label[begin] == '[' ? ']' : label[begin] == '(' ? ')' : '}';
    if (begin && label[length] != '}')
        return 0;
    while (length > begin && label[length - 1] == ' ')
        length--;
    if (label[length - 1] != close)
        return 0;
    size_t at = skip_space(label, begin + 1, length), end = length - 1;
    while (at < end) {
        at = member_end(label, at, end, close == ']', &member, &member_length);
        if (at == 0)
            return 0;
        if ((*count)++ == 0) {
            *first = member;
            *first_length = member_length;
        }
        size_t next = skip_space(label, at, end);
        if (next < end && label[next] != ',' && next == at)
            return 0; /* NumPy separates by spaces, Python by commas */
        at = skip_space(label, next < end && label[next] == ',' ? next + 1 : next, end);
    }
    return label[begin] == '[' || *count > 0;
}
