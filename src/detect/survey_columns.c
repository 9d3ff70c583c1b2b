/* survey_columns.c: scores columns as text and as label; see survey_internal.h. A name that says what a column is weighs
 * 3 points; all that the cells say together weighs about as much. */
#include "survey_internal.h"
#include <math.h>
#include <string.h>

enum { LABEL_CHARACTERS = 80, MEASURE_NUMBERS = 30, MEASURE_FRACTIONS = 10, MANY_LABELS = 200 };

double cam_column_mean_characters(const cam_column *c) {
    return c->filled ? (double)c->characters / (double)c->filled : 0;
}

static int mostly(int64_t part, const cam_column *c) {
    return 10 * part >= 9 * c->filled;
}

/* A few numbers that repeat can be labels: 1 to 5 stars, codes, 0.0 and 1.0. */
int cam_column_is_measure(const cam_column *c) {
    if (c->filled == 0 || !mostly(c->numbers, c) || c->cells.count < 3)
        return 0;
    return c->cells.count > MEASURE_NUMBERS || (c->cells.count > MEASURE_FRACTIONS && 2 * c->fractions > c->filled) ||
           (int64_t)(2 * c->cells.count) > c->filled + 1;
}

/* True where cells are short and repeat: each occurs twice on average (the first record, if it is not a header, may be
 * one of them). A name for labels is enough where some cells repeat. */
static int repeats(const cam_column *c) {
    if (c->cells.count < 2 || cam_column_mean_characters(c) > LABEL_CHARACTERS)
        return 0;
    return (int64_t)(2 * c->cells.count) <= c->filled + 1 ||
           (c->points.label >= 3 && (int64_t)c->cells.count < c->filled);
}

/* True for cells such as oui and non, which are often a flag beside the category. */
static int is_flag(const cam_column *c) {
    static const char *const words[] = {"oui", "non", "Oui", "Non", "OUI", "NON",  "yes",   "no",   "Yes",
                                        "No",  "0",   "1",   "O",   "N",   "true", "false", "True", "False"};
    for (size_t i = 0; i < c->cells.count; i++) {
        size_t w = 0;
        while (w < sizeof words / sizeof words[0] && strcmp(words[w], c->cells.names[i]) != 0)
            w++;
        if (w == sizeof words / sizeof words[0])
            return 0;
    }
    return c->cells.count == 2;
}

static double fill_points(const cam_survey *s, const cam_column *c) {
    return 10 * c->filled >= 9 * s->records ? 0.5 : 2 * c->filled < s->records ? -1 : 0;
}

double cam_column_label_score(const cam_survey *survey, size_t column) {
    const cam_column *c = &survey->list[column];
    if (!repeats(c) || 2 * c->dates > c->filled || 2 * c->addresses > c->filled || cam_column_is_measure(c))
        return -INFINITY;
    double score = c->points.label + fill_points(survey, c);
    score += 2 * c->letters > c->filled ? 0 : -1;
    score += c->filled >= 5 * (int64_t)c->cells.count ? 0.5 : 0;
    score += cam_column_mean_characters(c) <= 30 ? 0.5 : 0;
    score -= c->points.label <= 0 && is_flag(c) ? 0.5 : 0;
    score -= c->cells.count > MANY_LABELS ? 1 : 0;
    score -= c->combined ? 2 : 0;
    return score;
}

double cam_column_text_score(const cam_survey *survey, size_t column) {
    const cam_column *c = &survey->list[column];
    if (c->filled == 0 || 2 * c->letters < c->filled || 2 * c->dates > c->filled || 2 * c->addresses > c->filled)
        return -INFINITY;
    double score = c->points.text + fill_points(survey, c);
    score += fmin(4, log2(1 + cam_column_mean_characters(c) / 8));
    score += c->words >= 3 * c->filled ? 1 : 0;
    score += 2 * (int64_t)c->cells.count >= c->filled ? 1 : -1;
    return score;
}

/* The score of column i where `requested` is another column, none, or this one. */
static double score_as_requested(const cam_survey *s, size_t requested, size_t i, double score) {
    return requested == s->count ? score : requested == i ? 0 : -INFINITY;
}

cam_column_choice cam_survey_choose(const cam_survey *s, const cam_column_choice *requested) {
    cam_column_choice best = {s->count, requested->label};
    double best_score = -INFINITY, label[CAM_SURVEY_COLUMNS];
    for (size_t j = 0; j < s->count; j++)
        label[j] = score_as_requested(s, requested->label, j, cam_column_label_score(s, j));
    for (size_t i = 0; i < s->count; i++) {
        double text = score_as_requested(s, requested->text, i, cam_column_text_score(s, i));
        for (size_t j = 0; j < s->count; j++) {
            double score = text + label[j];
            if (i != j && score > best_score) {
                best_score = score;
                best = (cam_column_choice){i, j};
            }
        }
    }
    if (best.text < s->count)
        return best;
    for (size_t i = 0; i < s->count; i++) { /* no label: the best text alone */
        double text = score_as_requested(s, requested->text, i, cam_column_text_score(s, i));
        if (i != requested->label && text > best_score) {
            best_score = text;
            best.text = i;
        }
    }
    return best;
}
