/* show.c: writes the configuration for `show`, run.yaml and the reference page. */
#include "bytes_internal.h"
#include "config.h"
#include "plain.h"
#include <string.h>

/* Appends the key of a mapping. YAML allows a long key in a flow mapping only in the explicit form, "? key : value". */
static void put_map_key(const char *text, cam_strbuf *out) {
    enum { SIMPLE_KEY_BYTES = 100 };
    cam_strbuf key = CAM_STRBUF_INIT;
    cam_bytes_put_yaml(text, &key);
    if (key.length > SIMPLE_KEY_BYTES)
        cam_strbuf_put_all(out, "? ", cam_strbuf_text(&key), " : ", NULL);
    else
        cam_strbuf_put_all(out, cam_strbuf_text(&key), ": ", NULL);
    cam_strbuf_release(&key);
}

static void put_weights(const cam_config_weights *weights, cam_strbuf *out) {
    cam_strbuf_putc(out, '{');
    for (size_t i = 0; i < weights->count; i++) {
        cam_strbuf_puts(out, i ? ", " : "");
        put_map_key(weights->items[i].label, out);
        cam_bytes_put_number(weights->items[i].weight, out);
    }
    cam_strbuf_putc(out, '}');
}

static void put_list(const cam_config_list *list, cam_strbuf *out) {
    cam_strbuf_putc(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        cam_strbuf_puts(out, i ? ", " : "");
        cam_bytes_put_yaml(list->items[i], out);
    }
    cam_strbuf_putc(out, ']');
}

void cam_config_put_map(const cam_config_map *map, cam_strbuf *out) {
    if (map->count == 0) {
        cam_strbuf_puts(out, "null");
        return;
    }
    for (size_t i = 0; i < map->count; i++) {
        cam_strbuf_puts(out, i ? ", " : "{");
        put_map_key(map->items[i].from, out);
        cam_bytes_put_yaml(map->items[i].to ? map->items[i].to : "", out);
    }
    cam_strbuf_putc(out, '}');
}

static void put_layers(const cam_config_layers *layers, cam_strbuf *out) {
    if (layers->evenly > 0)
        cam_strbuf_printf(out, "%lld", (long long)layers->evenly);
    else if (layers->count == 0)
        cam_strbuf_puts(out, "null");
    for (size_t i = 0; i < layers->count; i++)
        cam_strbuf_printf(out, "%s%lld", i ? ", " : "[", (long long)layers->items[i]);
    if (layers->count > 0)
        cam_strbuf_putc(out, ']');
}

static void put_report_to(unsigned flags, cam_strbuf *out) {
    size_t begin = out->length;
    cam_strbuf_putc(out, '[');
    for (unsigned word = 0; word < CAM_CHOICE_COUNT_report; word++)
        if (flags >> word & 1)
            cam_strbuf_put_all(out, out->length > begin + 1 ? ", " : "", cam_words_report[word], NULL);
    cam_strbuf_putc(out, ']');
}

static void put_integer(const cam_config_row *row, int64_t value, cam_strbuf *out) {
    if (value == 0 && row->kind == CAM_KIND_INTEGER_OR_AUTO)
        cam_strbuf_puts(out, "auto");
    else if (value == 0 && row->kind == CAM_KIND_INTEGER_OR_NULL)
        cam_strbuf_puts(out, "null");
    else
        cam_strbuf_printf(out, "%lld", (long long)value);
}

static void put_text(const char *text, cam_strbuf *out) {
    if (text)
        cam_bytes_put_yaml(text, out);
    else
        cam_strbuf_puts(out, "null");
}

static void put_seeds(const cam_config_seeds *seeds, cam_strbuf *out) {
    for (size_t i = 0; i < seeds->count; i++)
        cam_strbuf_printf(out, "%s%lld", i ? ", " : "[", (long long)seeds->items[i]);
    cam_strbuf_puts(out, seeds->count > 0 ? "]" : "[]");
}

static void put_freeze(const cam_config_row *row, const cam_config_freeze *freeze, cam_strbuf *out) {
    if (freeze->kind == CAM_CONFIG_FREEZE_FIRST)
        cam_strbuf_printf(out, "first:%lld", (long long)freeze->layers);
    else
        cam_strbuf_puts(out, row->choices[freeze->kind]);
}

static void put_field(const cam_config_row *row, const void *field, cam_strbuf *out) {
    const cam_config_labels *labels = field;
    const cam_config_weights *weights = field;
    const cam_config_list *columns = field;
    int choice;
    switch (row->kind) {
    case CAM_KIND_TEXT:
    case CAM_KIND_TEXT_OR_NULL:
    case CAM_KIND_PATH:
    case CAM_KIND_PATH_OR_NULL:
    case CAM_KIND_FILES:
        put_text(*(const char *const *)field, out);
        break;
    case CAM_KIND_NUMBER_OR_NULL:
    case CAM_KIND_NUMBER:
        if (row->kind == CAM_KIND_NUMBER_OR_NULL && *(const double *)field < 0)
            cam_strbuf_puts(out, "null");
        else
            cam_bytes_put_number(*(const double *)field, out);
        break;
    case CAM_KIND_INTEGER:
    case CAM_KIND_INTEGER_OR_NULL:
    case CAM_KIND_INTEGER_OR_AUTO:
        put_integer(row, *(const int64_t *)field, out);
        break;
    case CAM_KIND_BOOLEAN:
        cam_strbuf_puts(out, *(const bool *)field ? "true" : "false");
        break;
    case CAM_KIND_CHOICE:
        memcpy(&choice, field, sizeof choice);
        cam_bytes_put_yaml(row->choices[choice], out);
        break;
    case CAM_KIND_FREEZE:
        put_freeze(row, field, out);
        break;
    case CAM_KIND_LABELS:
        if (labels->kind == CAM_LABELS_LIST)
            put_list(&labels->list, out);
        else
            cam_strbuf_puts(out, row->choices[labels->kind]);
        break;
    case CAM_KIND_COLUMNS:
        if (columns->count > 0)
            put_list(columns, out);
        else
            cam_strbuf_puts(out, "null");
        break;
    case CAM_KIND_LAYERS:
        put_layers(field, out);
        break;
    case CAM_KIND_SEEDS:
        put_seeds(field, out);
        break;
    case CAM_KIND_LABEL_MAP:
        cam_config_put_map(field, out);
        break;
    case CAM_KIND_CLASS_WEIGHTS:
        if (weights->kind == CAM_CONFIG_CLASS_WEIGHTS_GIVEN)
            put_weights(weights, out);
        else
            cam_strbuf_puts(out, row->choices[weights->kind]);
        break;
    case CAM_KIND_REPORT_TO:
        put_report_to(*(const unsigned *)field, out);
        break;
    }
}

static void put_given(const cam_config *config, cam_config_key key, cam_strbuf *out) {
    if (key == CAM_KEY_train_file && config->train_files.count > 1)
        put_list(&config->train_files, out);
    else
        put_field(&cam_config_rows[key], cam_config_const_field(config, key), out);
}

int cam_config_is_default(const cam_config *config, cam_config_key key) {
    cam_config defaults;
    cam_strbuf value = CAM_STRBUF_INIT, usual = CAM_STRBUF_INIT;
    memset(&defaults, 0, sizeof defaults);
    cam_config_restore(&defaults, key);
    put_given(config, key, &value);
    put_given(&defaults, key, &usual);
    int is_default = strcmp(cam_strbuf_text(&value), cam_strbuf_text(&usual)) == 0;
    cam_strbuf_release(&value);
    cam_strbuf_release(&usual);
    cam_config_release(&defaults);
    return is_default;
}

/* A default is written as in the schema: 1.0, not 1. */
void cam_config_put_value(const cam_config *config, cam_config_key key, cam_strbuf *out) {
    if (cam_config_is_default(config, key))
        cam_strbuf_puts(out, cam_config_rows[key].default_text);
    else
        put_given(config, key, out);
}

/* A comment that is longer than the rest of a line stands above its key. */
void cam_config_put_line(const cam_config *config, cam_config_key key, const char *comment, cam_strbuf *out) {
    enum { COMMENT_COLUMN = 39, LINE = 118 };
    const cam_config_row *row = &cam_config_rows[key];
    cam_strbuf line = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&line, "  ", row->leaf, ": ", NULL);
    cam_config_put_value(config, key, &line);
    size_t columns = (size_t)cam_plain_columns(cam_strbuf_text(&line));
    size_t pad = columns < COMMENT_COLUMN - 2 ? COMMENT_COLUMN - 2 - columns : 0;
    int fits = comment && (columns + pad + 4 + (size_t)cam_plain_columns(comment) <= LINE || columns < COMMENT_COLUMN);
    if (comment && !fits)
        cam_strbuf_put_all(out, "  # ", comment, "\n", NULL);
    cam_strbuf_puts(out, cam_strbuf_text(&line));
    if (fits) {
        cam_strbuf_printf(out, "%*s", (int)pad, "");
        cam_strbuf_put_all(out, "  # ", comment, NULL);
    }
    cam_strbuf_putc(out, '\n');
    cam_strbuf_release(&line);
}

void cam_config_show(const cam_config *config, cam_config_comments comments, cam_strbuf *out) {
    const char *section = "";
    for (size_t key = 0; key < CAM_CONFIG_KEY_COUNT; key++) {
        cam_strbuf comment = CAM_STRBUF_INIT;
        if (strcmp(section, cam_config_rows[key].section) != 0)
            cam_strbuf_put_all(out, cam_config_rows[key].section, ":\n", NULL);
        section = cam_config_rows[key].section;
        if (comments == CAM_COMMENTS_ORIGIN) {
            cam_strbuf origin = CAM_STRBUF_INIT;
            cam_config_put_origin(config, (cam_config_key)key, &origin);
            cam_bytes_put_comment(cam_strbuf_text(&origin), &comment);
            cam_strbuf_release(&origin);
        }
        cam_config_put_line(config, (cam_config_key)key,
                            comments == CAM_COMMENTS_ORIGIN ? cam_strbuf_text(&comment) : NULL, out);
        cam_strbuf_release(&comment);
    }
}

/* A cell of a Markdown table. */
static void put_cell(const char *text, cam_strbuf *out) {
    for (; *text; text++)
        cam_strbuf_printf(out, *text == '|' ? "\\%c" : "%c", *text);
}

void cam_config_reference(cam_strbuf *out) {
    const char *section = "";
    cam_strbuf_puts(
        out, "# Configuration\n\n"
             "This page is generated from the schema in `src/config/schema.h`; a test keeps it up to date.\n\n"
             "A configuration is a YAML file of sections and keys. Key names are unique, so on the command line\n"
             "`learning_rate=3e-5` and `training.learning_rate=3e-5` mean the same, and `~learning_rate` restores\n"
             "the default. A later `--config` file replaces values of an earlier one, and the command line those\n"
             "of all files. `cam-train show` prints every value and its origin, `cam-train init` a file to start\n"
             "from.\n\n"
             "The key decides the type of a value, not YAML: `2e-5` is a number where the key takes a number, and\n"
             "`no`, `01` or `null` in `labels` are texts. Anchors, aliases, tags, duplicate keys, tabs in\n"
             "indentations and several documents in a file are refused. A list on the command line is written as\n"
             "in YAML: `'labels=[oui, non]'`.\n");
    for (size_t key = 0; key < CAM_CONFIG_KEY_COUNT; key++) {
        const cam_config_row *row = &cam_config_rows[key];
        cam_strbuf values = CAM_STRBUF_INIT;
        if (strcmp(section, row->section) != 0)
            cam_strbuf_printf(out, "\n## %s\n\n| Key | Value | Default | Meaning |\n|---|---|---|---|\n", row->section);
        section = row->section;
        cam_config_row_describe(row, &values);
        cam_strbuf_printf(out, "| `%s` | ", row->leaf);
        put_cell(values.text, out);
        cam_strbuf_printf(out, " | `%s` | ", row->default_text);
        put_cell(row->help, out);
        cam_strbuf_puts(out, " |\n");
        cam_strbuf_release(&values);
    }
}
