/* schema.c: the rows of schema.h as a table, and the values of a row in words. */
#include "schema.h"
#include "bytes_internal.h"
#include "choices.h"
#include <math.h>
#include <string.h>

#define RANGE(a, b, a_open, b_open) .low = (a), .high = (b), .low_open = (a_open), .high_open = (b_open)
#define NONE                        .low = -INFINITY, .high = INFINITY
#define CLOSED(a, b)                RANGE(a, b, false, false)
#define OPEN(a, b)                  RANGE(a, b, true, true)
#define OPEN_ABOVE(a, b)            RANGE(a, b, false, true)
#define OPEN_BELOW(a, b)            RANGE(a, b, true, false)
#define AT_LEAST(a)                 RANGE(a, INFINITY, false, true)
#define CHOICES(set)                .choices = cam_words_##set, .choice_count = CAM_CHOICE_COUNT_##set
#define CLOSED_CHOICES(a, b, set)   CLOSED(a, b), CHOICES(set)
#define ROW(of_section, of_leaf, type, of_kind, text, limits, of_help)                                                 \
    [CAM_KEY_##of_leaf] = {.section = #of_section,                                                                     \
                           .leaf = #of_leaf,                                                                           \
                           .kind = CAM_KIND_##of_kind,                                                                 \
                           .default_text = text,                                                                       \
                           .help = of_help,                                                                            \
                           limits},

const cam_config_row cam_config_rows[CAM_CONFIG_KEY_COUNT] = {CAM_CONFIG_KEYS(ROW)};

const cam_config_row *cam_config_row_find(const char *leaf) {
    for (size_t i = 0; i < CAM_CONFIG_KEY_COUNT; i++)
        if (strcmp(cam_config_rows[i].leaf, leaf) == 0)
            return &cam_config_rows[i];
    return NULL;
}

int cam_config_section_exists(const char *section) {
    for (size_t i = 0; i < CAM_CONFIG_KEY_COUNT; i++)
        if (strcmp(cam_config_rows[i].section, section) == 0)
            return 1;
    return 0;
}

static void describe_choices(const cam_config_row *row, cam_strbuf *out) {
    for (size_t i = 0; i < row->choice_count; i++) {
        const char *word = row->choices[i];
        cam_strbuf_puts(out, i == 0 ? "" : i + 1 == row->choice_count ? " or " : ", ");
        cam_strbuf_printf(out, strlen(word) == 1 ? "\"%s\"" : "%s", word);
    }
}

static void describe_range(const cam_config_row *row, const char *noun, cam_strbuf *out) {
    cam_strbuf_puts(out, noun);
    if (isinf(row->low))
        return;
    if (isinf(row->high)) {
        cam_strbuf_puts(out, row->low_open ? " above " : " of at least ");
        cam_bytes_put_number(row->low, out);
        return;
    }
    cam_strbuf_puts(out, row->low_open ? " above " : " from ");
    cam_bytes_put_number(row->low, out);
    cam_strbuf_puts(out, row->high_open ? " and below " : row->low_open ? " and at most " : " to ");
    cam_bytes_put_number(row->high, out);
}

void cam_config_row_describe(const cam_config_row *row, cam_strbuf *out) {
    switch (row->kind) {
    case CAM_KIND_TEXT:
        cam_strbuf_puts(out, "a text");
        break;
    case CAM_KIND_TEXT_OR_NULL:
        cam_strbuf_puts(out, "null or a text");
        break;
    case CAM_KIND_PATH:
        cam_strbuf_puts(out, "a name or path");
        break;
    case CAM_KIND_PATH_OR_NULL:
        cam_strbuf_puts(out, "null or a path");
        break;
    case CAM_KIND_FILES:
        cam_strbuf_puts(out, "a path or [path, path, ...]");
        break;
    case CAM_KIND_NUMBER:
        describe_range(row, "a number", out);
        break;
    case CAM_KIND_NUMBER_OR_NULL:
        describe_range(row, "null or a number", out);
        break;
    case CAM_KIND_INTEGER:
        describe_range(row, "a whole number", out);
        break;
    case CAM_KIND_INTEGER_OR_NULL:
        describe_range(row, "null or a whole number", out);
        break;
    case CAM_KIND_INTEGER_OR_AUTO:
        describe_range(row, "auto or a whole number", out);
        break;
    case CAM_KIND_BOOLEAN:
        cam_strbuf_puts(out, "true or false");
        break;
    case CAM_KIND_CHOICE:
    case CAM_KIND_FREEZE:
    case CAM_KIND_LABELS:
    case CAM_KIND_CLASS_WEIGHTS:
        describe_choices(row, out);
        break;
    case CAM_KIND_LABEL_MAP:
        cam_strbuf_puts(out, "null or a mapping {old: new, ...}");
        break;
    case CAM_KIND_COLUMNS:
        cam_strbuf_puts(out, "null or [name, name, ...]");
        break;
    case CAM_KIND_LAYERS:
        cam_strbuf_puts(out, "null, a number of layers or [layer, layer, ...], counted from 0");
        break;
    case CAM_KIND_SEEDS:
        cam_strbuf_puts(out, "[seed, seed, ...], whole numbers from 0 to 4294967295, all different");
        break;
    case CAM_KIND_REPORT_TO:
        cam_strbuf_puts(out, "[jsonl, html, tensorboard], some of these, or []");
        break;
    }
}
