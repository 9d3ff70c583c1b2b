/* survey.c: see survey_internal.h; collects the statistics of the columns. */
#include "survey_internal.h"
#include "text_fold.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

void cam_survey_release(cam_survey *survey) {
    for (size_t i = 0; i < survey->count; i++) {
        cam_strbuf_release(&survey->list[i].first);
        cam_name_set_release(&survey->list[i].cells);
        free(survey->list[i].uses);
    }
    free(survey->list);
    cam_name_set_release(&survey->members);
    *survey = (cam_survey){0};
}

cam_status cam_survey_add_column(cam_survey *survey, const char *first, size_t length) {
    if (survey->count == CAM_SURVEY_COLUMNS)
        return cam_fail(CAM_E_DATA, "it has more than %d columns: is it a table of texts and labels?",
                        CAM_SURVEY_COLUMNS);
    cam_column *list = realloc(survey->list, (survey->count + 1) * sizeof *list);
    if (!list)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu columns", survey->count + 1);
    survey->list = list;
    cam_column *column = &list[survey->count++];
    *column = (cam_column){0};
    cam_text_trim(&first, &length);
    cam_strbuf_append(&column->first, first, length);
    column->points = cam_column_name_points(first, length);
    return CAM_OK;
}

/* What the characters of a cell are. */
typedef struct shape {
    int64_t characters, words;
    size_t digits, letters, separators; /* separators: - / : */
    size_t points, others;              /* points: . , */
    int address;
} shape;

static shape shape_of(const char *text, size_t length) {
    shape s = {0};
    int in_word = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        s.characters += (c & 0xC0) != 0x80;
        if (c <= ' ') {
            in_word = 0;
            continue;
        }
        s.words += !in_word;
        in_word = 1;
        if (c >= '0' && c <= '9')
            s.digits++;
        else if (c >= 0x80 || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
            s.letters++;
        else if (c == '-' || c == '/' || c == ':')
            s.separators++;
        else if (c == '.' || c == ',')
            s.points++;
        else
            s.others++;
        s.address |= (c == ':' && length - i > 2 && text[i + 1] == '/' && text[i + 2] == '/') || (c == '@' && i > 0);
    }
    s.address = s.address && s.words == 1;
    return s;
}

/* 12/03/2024, 2024-03-12, 2024-03-12T10:11:12Z, 12.03.2024 10:11 */
static int is_date(const shape *s, const char *text) {
    int separated = s->separators >= 2 || (s->points == 2 && s->digits >= 6);
    return separated && s->digits >= 4 && s->digits <= 20 && s->letters <= 2 && s->others <= 1 && text[0] >= '0' &&
           text[0] <= '9';
}

static int is_number(const shape *s, const char *text) {
    int sign = text[0] == '-' || text[0] == '+';
    return s->digits > 0 && s->letters == 0 && s->words == 1 && s->points <= 1 &&
           s->separators + s->others == (size_t)sign;
}

/* "1.0" is a whole number. */
static int is_fraction(const char *text, size_t length) {
    int point = 0, fraction = 0;
    for (size_t i = 0; i < length; i++) {
        point |= text[i] == '.' || text[i] == ',';
        fraction |= point && text[i] >= '1' && text[i] <= '9';
    }
    return fraction;
}

cam_status cam_survey_add_cell(cam_column *c, const char *text, size_t length) {
    cam_status st = CAM_OK;
    int32_t number;
    int added;
    cam_text_trim(&text, &length);
    if (length == 0)
        goto out;
    CAM_TRY(cam_name_set_add(&c->cells, text, length, &number, &added));
    if (c->cells.count > c->use_capacity) {
        int32_t *uses = realloc(c->uses, c->cells.capacity * sizeof *uses);
        if (!uses)
            CAM_FAIL(CAM_E_MEMORY, "no memory for %zu cells", c->cells.count);
        c->uses = uses;
        c->use_capacity = c->cells.capacity;
    }
    c->uses[number] = added ? 1 : c->uses[number] + 1;
    shape s = shape_of(text, length);
    int is_numeric = is_number(&s, text);
    c->filled++;
    c->characters += s.characters;
    c->words += s.words;
    c->letters += s.letters > 0;
    c->numbers += is_numeric;
    c->fractions += is_numeric && is_fraction(text, length);
    c->dates += is_date(&s, text);
    c->addresses += s.address;
out:
    return st;
}
