/* page_evidence.c: scores of repeated training: measured, compared, at growing shares of the data; see page_internal.h. */
#include "page_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct estimate {
    double value, low, high;
} estimate;

static estimate estimate_of(const json_t *object, const char *key) {
    const json_t *member = json_object_get(object, key);
    return (estimate){cam_member_number(member, "value"), cam_member_number(member, "low"),
                      cam_member_number(member, "high")};
}

static estimate metric_of(const json_t *entry, const char *metric) {
    return estimate_of(json_object_get(entry, "metrics"), metric);
}

static cam_bar bar_of(const char *name, estimate e, int kind) {
    return (cam_bar){name, e.value, e.low, e.high, kind};
}

static void put_estimate_tile(cam_page *page, cam_phrase name, estimate e, cam_axis axis) {
    cam_strbuf value = CAM_STRBUF_INIT, interval = CAM_STRBUF_INIT;
    if (isfinite(e.value)) {
        if (axis == CAM_AXIS_PERCENT)
            cam_figure_percent(&value, page->language, e.value, 1);
        else
            cam_figure_number(&value, page->language, e.value, 4);
        cam_page_put_interval(&interval, page->language, e.low, e.high, 3);
        cam_page_tile(page, name, cam_strbuf_text(&value), cam_strbuf_text(&interval));
    }
    cam_strbuf_release(&value);
    cam_strbuf_release(&interval);
}

static void put_count_tile(cam_page *page, cam_phrase name, const json_t *object, const char *key) {
    cam_strbuf value = CAM_STRBUF_INIT;
    if (json_is_integer(json_object_get(object, key))) {
        cam_figure_count(&value, page->language, cam_member_integer(object, key));
        cam_page_tile(page, name, cam_strbuf_text(&value), NULL);
    }
    cam_strbuf_release(&value);
}

/* --- measured ------------------------------------------------------------------------------------------------------ */

static void put_paired(cam_page *page, const json_t *measure) {
    const json_t *paired = cam_member_object(measure, "paired");
    cam_strbuf difference = CAM_STRBUF_INIT, interval = CAM_STRBUF_INIT, p = CAM_STRBUF_INIT;
    if (!paired)
        return;
    double low = cam_member_number(paired, "low"), high = cam_member_number(paired, "high");
    cam_figure_number(&difference, page->language, cam_member_number(paired, "difference"), 4);
    cam_page_put_interval(&interval, page->language, low, high, 4);
    cam_figure_short(&p, page->language, cam_member_number(paired, "p"), 3);
    cam_page_say(page, "say",
                 low > 0    ? CAM_WORD_PAIRED_ABOVE
                 : high < 0 ? CAM_WORD_PAIRED_BELOW
                            : CAM_WORD_PAIRED_EQUAL,
                 cam_strbuf_text(&difference), cam_strbuf_text(&interval), cam_strbuf_text(&p), NULL);
    cam_strbuf_release(&difference);
    cam_strbuf_release(&interval);
    cam_strbuf_release(&p);
}

static void put_against_baseline(cam_page *page, const json_t *measure, cam_phrase title, const char *metric,
                                 cam_axis axis) {
    const json_t *baseline = cam_member_object(measure, "baseline");
    const char *name = cam_member_text(baseline, "name");
    cam_bar bars[] = {bar_of(cam_page_word(page, CAM_WORD_THIS_MODEL), metric_of(measure, metric), 0),
                      bar_of(name[0] ? name : "TF-IDF", metric_of(baseline, metric), 1)};
    if (isfinite(bars[0].value))
        cam_chart_bars(page, cam_page_word(page, title), NULL, bars, baseline ? 2 : 1, 1, axis);
}

/* A point for each fold and seed. */
static cam_status put_repetitions(cam_page *page, const json_t *list) {
    cam_status st = CAM_OK;
    size_t count = json_array_size(list), i;
    json_t *item;
    double *memory = malloc((3 * count + 1) * sizeof *memory);
    if (!memory)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu repetitions", count);
    json_array_foreach((json_t *)list, i, item) {
        memory[i] = (double)i + 1;
        memory[count + i] = cam_member_number(item, "accuracy");
        memory[2 * count + i] = cam_member_number(item, "f1_macro");
    }
    cam_chart chart = {.title = cam_page_word(page, CAM_WORD_REPETITIONS),
                       .note = cam_page_word(page, CAM_WORD_REPETITIONS_NOTE),
                       .x_name = cam_page_word(page, CAM_WORD_REPETITION),
                       .y_name = cam_page_word(page, CAM_WORD_SCORES),
                       .x_axis = CAM_AXIS_COUNT,
                       .count = 2,
                       .series = {{.name = cam_page_word(page, CAM_WORD_ACCURACY),
                                   .x = memory,
                                   .y = memory + count,
                                   .count = count,
                                   .marks = 1,
                                   .dashed = 2},
                                  {.name = cam_page_word(page, CAM_WORD_F1_MACRO),
                                   .x = memory,
                                   .y = memory + 2 * count,
                                   .count = count,
                                   .marks = 1,
                                   .dashed = 2}}};
    cam_chart_lines(page, &chart);
    free(memory);
    return st;
}

static void put_repetition_table(cam_page *page, const json_t *list) {
    static const cam_phrase heads[] = {CAM_WORD_SEED,     CAM_WORD_FOLD, CAM_WORD_ROWS, CAM_WORD_ACCURACY,
                                       CAM_WORD_F1_MACRO, CAM_WORD_LOSS, CAM_WORD_TIME, CAM_WORD_COUNT};
    size_t i;
    json_t *item;
    cam_html_open(&page->html, "details");
    cam_html_element(&page->html, "summary", NULL, cam_page_word(page, CAM_WORD_REPETITIONS_AS_TABLE));
    cam_page_table_open(page, CAM_WORD_REPETITIONS, heads, 0);
    json_array_foreach((json_t *)list, i, item) {
        cam_strbuf time = CAM_STRBUF_INIT;
        cam_figure_duration(&time, page->language, cam_member_number(item, "wall_s"));
        cam_page_row_open(page, 0);
        cam_page_cell_count(page, cam_member_integer(item, "seed"));
        cam_page_cell_count(page, cam_member_integer(item, "fold"));
        cam_page_cell_count(page, cam_member_integer(item, "rows"));
        cam_page_cell_number(page, cam_member_number(item, "accuracy"), 4);
        cam_page_cell_number(page, cam_member_number(item, "f1_macro"), 4);
        cam_page_cell_number(page, cam_member_number(item, "loss"), 4);
        cam_page_cell_figure(page, cam_strbuf_text(&time));
        cam_page_close(page);
        cam_strbuf_release(&time);
    }
    cam_page_table_close(page);
    cam_page_close(page);
}

int cam_page_measured(cam_page *page, const cam_page_files *files, cam_status *st) {
    const json_t *measure = files->measure;
    if (!measure)
        return 0;
    if (!page)
        return 1;
    cam_strbuf confidence = CAM_STRBUF_INIT, folds = CAM_STRBUF_INIT, seeds = CAM_STRBUF_INIT;
    const json_t *repetitions = cam_member_list(measure, "repetitions");
    cam_figure_percent(&confidence, page->language, cam_member_number(measure, "confidence"), 0);
    cam_figure_count(&folds, page->language, cam_member_integer(measure, "folds"));
    cam_figure_count(&seeds, page->language, (int64_t)json_array_size(json_object_get(measure, "seeds")));
    cam_page_say(page, NULL, CAM_WORD_MEASURED_NOTE, cam_strbuf_text(&folds), cam_strbuf_text(&seeds),
                 cam_strbuf_text(&confidence), NULL);
    cam_page_warnings(page, cam_member_list(measure, "warnings"));
    cam_page_tiles_open(page);
    put_estimate_tile(page, CAM_WORD_ACCURACY, metric_of(measure, "accuracy"), CAM_AXIS_PERCENT);
    put_estimate_tile(page, CAM_WORD_F1_MACRO, metric_of(measure, "f1_macro"), CAM_AXIS_NUMBER);
    put_estimate_tile(page, CAM_WORD_F1_WEIGHTED, metric_of(measure, "f1_weighted"), CAM_AXIS_NUMBER);
    put_estimate_tile(page, CAM_WORD_LOSS, metric_of(measure, "loss"), CAM_AXIS_NUMBER);
    put_count_tile(page, CAM_WORD_ROWS, measure, "rows");
    put_count_tile(page, CAM_WORD_DUPLICATES_ACROSS_FOLDS, measure, "duplicates_across_folds");
    cam_page_close(page);
    put_paired(page, measure);
    cam_page_charts_open(page);
    put_against_baseline(page, measure, CAM_WORD_ACCURACY, "accuracy", CAM_AXIS_PERCENT);
    put_against_baseline(page, measure, CAM_WORD_F1_MACRO, "f1_macro", CAM_AXIS_NUMBER);
    if (repetitions)
        *st = put_repetitions(page, repetitions);
    cam_page_close(page);
    if (repetitions)
        put_repetition_table(page, repetitions);
    cam_page_facts_open(page);
    cam_page_fact(page, CAM_WORD_BASE_MODEL, cam_member_text(measure, "model"));
    cam_page_fact(page, CAM_WORD_DEVICE, cam_member_text(measure, "device"));
    cam_page_fact(page, CAM_WORD_VERSION, cam_member_text(measure, "version"));
    cam_page_close(page);
    cam_strbuf_release(&confidence);
    cam_strbuf_release(&folds);
    cam_strbuf_release(&seeds);
    return 1;
}

/* --- compared ------------------------------------------------------------------------------------------------------ */

static void put_entry(cam_page *page, const json_t *entry) {
    estimate accuracy = metric_of(entry, "accuracy"), f1 = metric_of(entry, "f1_macro");
    const json_t *difference = cam_member_object(entry, "difference");
    cam_strbuf text = CAM_STRBUF_INIT;
    int recommended = cam_member_is_true(entry, "recommended");
    double rows_s = cam_member_number(entry, "predict_rows_s");
    cam_page_row_open(page, recommended);
    cam_html_open(&page->html, "th");
    cam_html_attribute(&page->html, "scope", "row");
    cam_html_isolated(&page->html, cam_member_text(entry, "name"));
    if (recommended)
        cam_html_element(&page->html, "div", "note", cam_page_word(page, CAM_WORD_RECOMMENDED));
    if (json_is_integer(json_object_get(entry, "pruned_after"))) {
        cam_strbuf folds = CAM_STRBUF_INIT;
        cam_figure_count(&folds, page->language, cam_member_integer(entry, "pruned_after"));
        const char *values[] = {cam_strbuf_text(&folds), NULL};
        cam_word_put(&text, page->language, CAM_WORD_PRUNED, values);
        cam_html_element(&page->html, "div", "note", cam_strbuf_text(&text));
        cam_strbuf_clear(&text);
        cam_strbuf_release(&folds);
    }
    cam_html_close(&page->html);
    cam_page_cell_number(page, accuracy.value, 4);
    cam_page_cell_interval(page, accuracy.low, accuracy.high, 3);
    cam_page_cell_number(page, f1.value, 4);
    cam_page_cell_number(page, cam_member_number(difference, "value"), 4);
    cam_page_cell_interval(page, cam_member_number(difference, "low"), cam_member_number(difference, "high"), 3);
    cam_figure_duration(&text, page->language, cam_member_number(entry, "train_s"));
    cam_page_cell_figure(page, cam_strbuf_text(&text));
    cam_strbuf_clear(&text);
    cam_figure_short(&text, page->language, rows_s, 3);
    cam_page_cell_figure(page, cam_strbuf_text(&text));
    cam_page_close(page);
    cam_strbuf_release(&text);
}

static cam_status put_entry_charts(cam_page *page, const json_t *entries) {
    size_t count = json_array_size(entries), i, differences = 0;
    json_t *entry;
    cam_bar *bars = malloc(2 * count * sizeof *bars);
    if (!bars)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu entries", count);
    json_array_foreach((json_t *)entries, i, entry) {
        const char *name = cam_member_text(entry, "name");
        const json_t *difference = cam_member_object(entry, "difference");
        int kind = cam_member_is_true(entry, "recommended") ? 2 : cam_member_is_true(entry, "is_baseline");
        bars[i] = bar_of(name, metric_of(entry, "accuracy"), kind);
        if (difference && isfinite(cam_member_number(difference, "value")))
            bars[count + differences++] =
                (cam_bar){name, cam_member_number(difference, "value"), cam_member_number(difference, "low"),
                          cam_member_number(difference, "high"), kind};
    }
    cam_page_charts_open(page);
    cam_chart_bars(page, cam_page_word(page, CAM_WORD_ACCURACY), cam_page_word(page, CAM_WORD_COMPARED_BARS_NOTE), bars,
                   count, 1, CAM_AXIS_PERCENT);
    if (differences > 0)
        cam_chart_differences(page, cam_page_word(page, CAM_WORD_DIFFERENCES),
                              cam_page_word(page, CAM_WORD_DIFFERENCES_NOTE), bars + count, differences);
    cam_page_close(page);
    free(bars);
    return CAM_OK;
}

int cam_page_comparison(cam_page *page, const cam_page_files *files, cam_status *st) {
    static const cam_phrase heads[] = {CAM_WORD_SETTING,    CAM_WORD_ACCURACY,      CAM_WORD_INTERVAL_HEAD,
                                       CAM_WORD_F1_MACRO,   CAM_WORD_DIFFERENCE,    CAM_WORD_INTERVAL_HEAD,
                                       CAM_WORD_TRAIN_TIME, CAM_WORD_PREDICT_SPEED, CAM_WORD_COUNT};
    const json_t *entries = cam_member_list(files->compare, "entries");
    size_t i;
    json_t *entry;
    if (!files->compare)
        return 0;
    if (!page)
        return 1;
    json_array_foreach((json_t *)entries, i, entry) {
        if (cam_member_is_true(entry, "recommended"))
            cam_page_say(page, "say", CAM_WORD_COMPARED_RECOMMENDED, cam_member_text(entry, "name"), NULL);
    }
    cam_page_warnings(page, cam_member_list(files->compare, "warnings"));
    if (!entries)
        return 1;
    *st = put_entry_charts(page, entries);
    cam_page_table_open(page, CAM_WORD_COMPARED_CAPTION, heads, 1);
    json_array_foreach((json_t *)entries, i, entry) {
        put_entry(page, entry);
    }
    cam_page_table_close(page);
    cam_page_say(page, "note", CAM_WORD_COMPARED_NOTE, NULL);
    return 1;
}

/* --- the learning curve -------------------------------------------------------------------------------------------- */

enum { LAW_POINTS = 60 };

typedef struct learning {
    size_t count;
    double *memory, *rows, *accuracy, *low, *high;
    double law_rows[LAW_POINTS], law[LAW_POINTS];
    size_t law_count;
} learning;

static cam_status read_points(const json_t *points, learning *l) {
    size_t i;
    json_t *point;
    l->count = json_array_size(points);
    l->memory = malloc((4 * l->count + 1) * sizeof *l->memory);
    if (!l->memory)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu points of a curve", l->count);
    l->rows = l->memory;
    l->accuracy = l->rows + l->count;
    l->low = l->accuracy + l->count;
    l->high = l->low + l->count;
    json_array_foreach((json_t *)points, i, point) {
        estimate e = estimate_of(point, "accuracy");
        l->rows[i] = cam_member_number(point, "rows");
        l->accuracy[i] = e.value;
        l->low[i] = isfinite(e.low) ? e.low : e.value;
        l->high[i] = isfinite(e.high) ? e.high : e.value;
    }
    return CAM_OK;
}

/* The error a * rows^-b + c, as an accuracy, from the first point to twice the last. */
static void draw_law(const json_t *law, learning *l) {
    double a = cam_member_number(law, "a"), b = cam_member_number(law, "b"), c = cam_member_number(law, "c");
    double first = l->count > 0 ? l->rows[0] : NAN, last = l->count > 0 ? 2 * l->rows[l->count - 1] : NAN;
    if (!isfinite(a) || !isfinite(b) || !isfinite(c) || !(first > 0) || !(last > first))
        return;
    for (size_t i = 0; i < LAW_POINTS; i++) {
        double rows = first + (last - first) * (double)i / (LAW_POINTS - 1);
        l->law_rows[i] = rows;
        l->law[i] = 1 - (a * pow(rows, -b) + c);
    }
    l->law_count = LAW_POINTS;
}

static void put_learning_chart(cam_page *page, const learning *l) {
    cam_chart chart = {.title = cam_page_word(page, CAM_WORD_LEARNING_TITLE),
                       .note = cam_page_word(page, CAM_WORD_LEARNING_NOTE),
                       .x_name = cam_page_word(page, CAM_WORD_TRAINING_ROWS),
                       .y_name = cam_page_word(page, CAM_WORD_ACCURACY),
                       .x_axis = CAM_AXIS_COUNT,
                       .y_axis = CAM_AXIS_PERCENT,
                       .count = 1,
                       .series = {{.name = cam_page_word(page, CAM_WORD_ACCURACY_WITH_INTERVAL),
                                   .x = l->rows,
                                   .y = l->accuracy,
                                   .low = l->low,
                                   .high = l->high,
                                   .count = l->count,
                                   .marks = 1}}};
    if (l->law_count > 0) {
        chart.series[0].dashed = 2;
        chart.series[chart.count++] = (cam_series){.name = cam_page_word(page, CAM_WORD_POWER_LAW),
                                                   .x = l->law_rows,
                                                   .y = l->law,
                                                   .count = l->law_count,
                                                   .dashed = 1};
    }
    cam_chart_lines(page, &chart);
}

static void put_at_twice(cam_page *page, const json_t *twice) {
    cam_strbuf rows = CAM_STRBUF_INIT, accuracy = CAM_STRBUF_INIT, interval = CAM_STRBUF_INIT;
    if (!twice)
        return;
    cam_figure_count(&rows, page->language, cam_member_integer(twice, "rows"));
    cam_figure_percent(&accuracy, page->language, cam_member_number(twice, "accuracy"), 1);
    cam_page_put_interval(&interval, page->language, cam_member_number(twice, "low"), cam_member_number(twice, "high"),
                          3);
    cam_page_say(page, "say", CAM_WORD_AT_TWICE, cam_strbuf_text(&rows), cam_strbuf_text(&accuracy),
                 cam_strbuf_text(&interval), NULL);
    cam_strbuf_release(&rows);
    cam_strbuf_release(&accuracy);
    cam_strbuf_release(&interval);
}

int cam_page_learning(cam_page *page, const cam_page_files *files, cam_status *st) {
    static const cam_phrase heads[] = {CAM_WORD_LABEL, CAM_WORD_GAIN, CAM_WORD_COUNT};
    enum { MOST_LABELS = 20 };
    const json_t *labels = cam_member_list(files->curve, "labels");
    if (!files->curve)
        return 0;
    if (!page)
        return 1;
    learning l = {0};
    *st = read_points(cam_member_list(files->curve, "points"), &l);
    if (*st == CAM_OK) {
        draw_law(cam_member_object(files->curve, "power_law"), &l);
        put_at_twice(page, cam_member_object(files->curve, "at_twice"));
        cam_page_warnings(page, cam_member_list(files->curve, "warnings"));
        cam_page_charts_open(page);
        if (l.count > 0)
            put_learning_chart(page, &l);
        if (labels) {
            cam_page_table_open(page, CAM_WORD_GAIN_CAPTION, heads, 1);
            for (size_t i = 0; i < json_array_size(labels) && i < MOST_LABELS; i++) {
                const json_t *label = json_array_get(labels, i);
                cam_page_row_open(page, 0);
                cam_page_cell_head(page, cam_member_text(label, "label"));
                cam_page_cell_number(page, cam_member_number(label, "gain"), 4);
                cam_page_close(page);
            }
            cam_page_table_close(page);
        }
        cam_page_close(page);
    }
    free(l.memory);
    return 1;
}
