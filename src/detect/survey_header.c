/* survey_header.c: scores the first record as a header row; see survey_internal.h. One piece of evidence may mislead (a
 * rare label, short texts), so each has its weight and the sum decides. */
#include "survey_internal.h"
#include <math.h>
#include <string.h>

/* The pieces of evidence, in the order in which they are told. */
enum { KNOWN_NAMES, NO_LABEL, TYPES, A_LABEL, A_CELL, A_NUMBER, TWICE, LENGTH, EVIDENCE_COUNT };

static const char *const words[EVIDENCE_COUNT] = {
    "its cells are usual names of columns",
    "its label occurs in no other row",
    "it has words where the rows have numbers or dates",
    "its label occurs in other rows",
    "its cells occur in other rows",
    "it has a number or a date as they have",
    "two of its cells are equal",
    "it is short beside the texts",
};

static int32_t uses_of_first(const cam_column *c) {
    int32_t at = cam_name_set_find(&c->cells, cam_strbuf_text(&c->first), c->first.length);
    return at < 0 ? 0 : c->uses[at];
}

static int is_word(const cam_column *c) {
    const char *text = cam_strbuf_text(&c->first);
    for (size_t i = 0; i < c->first.length; i++)
        if ((unsigned char)text[i] >= 0x80 || ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z'))
            return 1;
    return 0;
}

/* A row has a label that no other row has with the chance of such labels among the rows. */
static double points_of_new_label(const cam_survey *s, const cam_column *label) {
    int64_t single = 0;
    for (size_t i = 0; i < label->cells.count; i++)
        single += label->uses[i] == 1;
    return fmin(6, log2(((double)s->records + 1) / ((double)single + 0.5)));
}

static void weigh_columns(const cam_survey *s, double points[EVIDENCE_COUNT]) {
    for (size_t i = 0; i < s->count; i++) {
        const cam_column *c = &s->list[i];
        if (c->first.length == 0 || c->filled == 0)
            continue;
        int32_t uses = uses_of_first(c);
        int typed = 10 * (c->numbers > c->dates ? c->numbers : c->dates) >= 9 * c->filled;
        points[KNOWN_NAMES] += c->points.known && uses == 0 ? 2 : 0;
        points[TYPES] += typed && is_word(c) ? 4 : 0;
        points[A_NUMBER] -= typed && !is_word(c) ? 4 : 0;
        points[A_CELL] -= uses > 0 ? 3 : 0;
        for (size_t j = 0; j < i; j++)
            points[TWICE] -= strcmp(cam_strbuf_text(&c->first), cam_strbuf_text(&s->list[j].first)) == 0 ? 2 : 0;
    }
    points[KNOWN_NAMES] = fmin(6, points[KNOWN_NAMES]);
    points[A_CELL] = fmax(-6, points[A_CELL]);
}

double cam_survey_header_score(const cam_survey *s, const cam_column_choice *choice, cam_strbuf *because) {
    double points[EVIDENCE_COUNT] = {0}, sum = 0;
    weigh_columns(s, points);
    if (choice->label < s->count) {
        const cam_column *label = &s->list[choice->label];
        if (uses_of_first(label) > 0)
            points[A_LABEL] = -8;
        else if (label->first.length > 0)
            points[NO_LABEL] = points_of_new_label(s, label);
    }
    if (choice->text < s->count) {
        const cam_column *text = &s->list[choice->text];
        double share = (double)text->first.length / fmax(1, cam_column_mean_characters(text));
        points[LENGTH] = share < 0.5 ? 1.5 : share > 1.5 ? -3 : 0;
    }
    for (size_t i = 0; i < EVIDENCE_COUNT; i++)
        sum += points[i];
    for (size_t i = 0; i < EVIDENCE_COUNT; i++)
        if (sum > 0 ? points[i] > 0 : points[i] < 0)
            cam_strbuf_printf(because, "%s%s", because->length ? "; " : "",
                              i == LENGTH && points[i] < 0 ? "it is as long as a text" : words[i]);
    return sum;
}
