/* value.c: reads values. Each kind of key has a reading function, which checks everything first and sets the field
 * last. */
#include "aliases.h"
#include "bytes_internal.h"
#include "files.h"
#include "log.h"
#include "nearest.h"
#include "number_internal.h"
#include "value_internal.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct place {
    cam_config *config;
    const cam_config_row *row;
    const char *file;
    cam_problems *problems;
    void *field;
} place;

static bool is_word(const cam_yaml_node *node, const char *word) {
    return node->kind == CAM_YAML_SCALAR && strcasecmp(node->text, word) == 0;
}

static void put_found(const cam_yaml_node *node, cam_strbuf *out) {
    if (node->kind == CAM_YAML_LIST)
        cam_strbuf_puts(out, "a list");
    else if (node->kind == CAM_YAML_MAP)
        cam_strbuf_puts(out, "a mapping");
    else if (node->plain && node->text[0] == '\0')
        cam_strbuf_puts(out, "empty");
    else
        cam_bytes_quote(node->text, out);
}

/* Adds "learning_rate must be a number from 0 to 0.1, not "abc"" and a hint. Always false. */
CAM_PRINTF(3, 4) static bool refuse_hint(const place *p, const cam_yaml_node *node, const char *hint, ...) {
    cam_strbuf text = CAM_STRBUF_INIT;
    char help[256];
    va_list args;
    va_start(args, hint);
    vsnprintf(help, sizeof help, hint, args);
    va_end(args);
    cam_strbuf_printf(&text, "%s must be ", p->row->leaf);
    cam_config_row_describe(p->row, &text);
    cam_strbuf_puts(&text, ", not ");
    put_found(node, &text);
    cam_strbuf_puts(&text, help);
    cam_problems_add(p->problems, p->file, node->line, "%s", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
    return false;
}

/* A program that writes all its settings has null for those that nobody set. */
static bool refuse(const place *p, const cam_yaml_node *node) {
    bool null = cam_yaml_is_null(node) && node->text[0];
    return refuse_hint(p, node, "%s", null ? "; leave it out for the default" : "");
}

/* Adds a problem with one entry of a list or mapping. Always false. */
static bool refuse_entry(const place *p, const cam_yaml_node *entry, const char *what) {
    cam_strbuf found = CAM_STRBUF_INIT;
    put_found(entry, &found);
    cam_problems_add(p->problems, p->file, entry->line, "%s: %s %s", p->row->leaf, what, cam_strbuf_text(&found));
    cam_strbuf_release(&found);
    return false;
}

static bool refuse_number(const place *p, const cam_yaml_node *node, bool whole) {
    cam_strbuf fixed = CAM_STRBUF_INIT;
    bool meant = node->kind == CAM_YAML_SCALAR && cam_number_guess(p->row, node->text, whole, &fixed);
    if (meant)
        refuse_hint(p, node, "; write %s", cam_strbuf_text(&fixed));
    else
        refuse(p, node);
    cam_strbuf_release(&fixed);
    return false;
}

static bool parse_number(const place *p, const cam_yaml_node *node, double *value) {
    if (node->kind != CAM_YAML_SCALAR || !cam_number_is_decimal(node->text))
        return refuse_number(p, node, false);
    *value = strtod(node->text, NULL);
    return cam_number_in_range(p->row, *value) || refuse(p, node);
}

static bool read_number(const place *p, const cam_yaml_node *node) {
    double value = -1;
    bool null = p->row->kind == CAM_KIND_NUMBER_OR_NULL && cam_yaml_is_null(node);
    if (!null && !parse_number(p, node, &value))
        return false;
    *(double *)p->field = value;
    return true;
}

static bool read_integer(const place *p, const cam_yaml_node *node) {
    cam_config_kind kind = p->row->kind;
    int64_t value = 0;
    if (!((kind == CAM_KIND_INTEGER_OR_NULL && cam_yaml_is_null(node)) ||
          (kind == CAM_KIND_INTEGER_OR_AUTO && is_word(node, "auto")))) {
        if (node->kind != CAM_YAML_SCALAR || !cam_number_is_whole(node->text))
            return refuse_number(p, node, true);
        errno = 0;
        value = strtoll(node->text, NULL, 10);
        if (errno == ERANGE || !cam_number_in_range(p->row, (double)value))
            return refuse(p, node);
    }
    *(int64_t *)p->field = value;
    return true;
}

/* Below 1 it is a fraction of all steps, as in transformers 5. */
static bool read_warmup_steps(const place *p, const cam_yaml_node *node) {
    double value = node->kind == CAM_YAML_SCALAR && cam_number_is_decimal(node->text) ? strtod(node->text, NULL) : 0;
    bool is_fraction = value > 0 && value < 1;
    if (!is_fraction && !read_integer(p, node))
        return false;
    if (is_fraction)
        *(int64_t *)p->field = 0;
    p->config->warmup_fraction = is_fraction ? value : 0;
    return true;
}

static bool read_boolean(const place *p, const cam_yaml_node *node) {
    static const char *const yes[] = {"yes", "on", "y", "1"}, *const no[] = {"no", "off", "n", "0"};
    const char *text = node->kind == CAM_YAML_SCALAR ? node->text : "";
    bool value = strcasecmp(text, "true") == 0;
    if (!value && strcasecmp(text, "false") != 0) {
        const char *meant = NULL;
        for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
            meant = strcasecmp(text, yes[i]) == 0 ? "true" : strcasecmp(text, no[i]) == 0 ? "false" : meant;
        return meant ? refuse_hint(p, node, "; write %s", meant) : refuse(p, node);
    }
    *(bool *)p->field = value;
    return true;
}

/* The path with its "~" replaced; NULL after a problem. */
static const char *keep_path(const place *p, const cam_yaml_node *node) {
    char *path = NULL;
    const char *kept = NULL;
    if (&cam_config_rows[CAM_KEY_output_dir] == p->row && cam_path_has_variable(node->text))
        cam_problems_add(p->problems, p->file, node->line,
                         "%s: variables of the shell are not expanded in \"%s\"; write the folder itself", p->row->leaf,
                         node->text);
    else if (cam_path_expand(node->text, CAM_E_USAGE, &path) == CAM_OK)
        kept = path ? cam_config_keep(p->config, path) : NULL;
    else
        cam_problems_add(p->problems, p->file, node->line, "%s: %s", p->row->leaf, cam_status_message());
    free(path);
    return kept;
}

static bool read_text(const place *p, const cam_yaml_node *node) {
    const char *value = NULL;
    cam_config_kind kind = p->row->kind;
    bool null = kind != CAM_KIND_TEXT && cam_yaml_is_null(node);
    bool is_path = kind != CAM_KIND_TEXT && kind != CAM_KIND_TEXT_OR_NULL;
    if (!(null && (kind == CAM_KIND_PATH_OR_NULL || kind == CAM_KIND_TEXT_OR_NULL))) {
        if (null && node->text[0])
            return refuse_hint(p, node, "; put a text that looks like this in quotes");
        if (node->kind != CAM_YAML_SCALAR || node->text[0] == '\0')
            return refuse(p, node);
        value = is_path ? keep_path(p, node) : cam_config_keep(p->config, node->text);
        if (!value)
            return false;
    }
    *(const char **)p->field = value;
    return true;
}

/* Accepts the names of other programs too, and tells what is different about one. */
static bool find_word(const cam_config_row *row, const cam_yaml_node *node, size_t *index) {
    const char *note;
    int found =
        node->kind == CAM_YAML_SCALAR ? cam_choice_read(row->choices, row->choice_count, node->text, &note) : -1;
    if (found < 0)
        return false;
    if (note)
        cam_log("%s: %s", row->leaf, note);
    *index = (size_t)found;
    return true;
}

static bool refuse_word(const place *p, const cam_yaml_node *node) {
    const cam_config_row *row = p->row;
    const char *note = NULL, *text = node->kind == CAM_YAML_SCALAR ? node->text : "";
    int found = cam_choice_read(row->choices, row->choice_count, text, &note);
    if (found < 0 && note)
        return refuse_hint(p, node, "; %s", note);
    if (&cam_config_rows[CAM_KEY_delimiter] == row && text[0] == '\0') /* a shell ends the command at ";" */
        return refuse_hint(p, node, "; write it in quotes: delimiter=';'");
    const char *near = cam_nearest_word(text, row->choices, row->choice_count);
    return near ? refuse_hint(p, node, "; did you mean \"%s\"?", near) : refuse(p, node);
}

/* Enumerators count from 0 in the order of the words. Every enum of choices.h is an int in memory. */
static bool read_choice(const place *p, const cam_yaml_node *node) {
    size_t index;
    if (!find_word(p->row, node, &index))
        return refuse_word(p, node);
    int value = (int)index;
    memcpy(p->field, &value, sizeof value);
    return true;
}

static bool read_freeze(const place *p, const cam_yaml_node *node) {
    static const char first[] = "first:";
    cam_config_freeze value = {CAM_CONFIG_FREEZE_FIRST, 0};
    size_t index;
    if (node->kind == CAM_YAML_SCALAR && strncmp(node->text, first, sizeof first - 1) == 0 &&
        isdigit((unsigned char)node->text[sizeof first - 1]) && cam_number_is_whole(node->text + sizeof first - 1)) {
        value.layers = strtoll(node->text + sizeof first - 1, NULL, 10);
        if (!cam_number_in_range(p->row, (double)value.layers))
            return refuse_hint(p, node, "; N counts layers of the encoder, from 1");
    } else if (find_word(p->row, node, &index) && index != CAM_CONFIG_FREEZE_FIRST) {
        value.kind = (enum cam_choice_freezing)index;
    } else {
        return refuse_word(p, node);
    }
    *(cam_config_freeze *)p->field = value;
    return true;
}

/* The text of an entry without outer space, NULL after a problem. */
static const char *entry_text(const place *p, const cam_yaml_node *entry) {
    if (entry->kind != CAM_YAML_SCALAR) {
        refuse_entry(p, entry, "an entry must be a text, not");
        return NULL;
    }
    const char *begin = entry->text;
    size_t length = strlen(begin);
    cam_bytes_trim(&begin, &length);
    if (length == 0) {
        cam_problems_add(p->problems, p->file, entry->line, "%s: an entry is empty", p->row->leaf);
        return NULL;
    }
    return cam_pool_text(&p->config->memory, begin, length);
}

/* Sorts a copy, since a list may be long. */
static bool check_distinct(const place *p, const cam_yaml_node *node, const char *const *items, size_t count) {
    cam_pool scratch = {NULL};
    const char **sorted = cam_pool_take(&scratch, (count + 1) * sizeof *sorted);
    if (!sorted)
        return false;
    if (count)
        memcpy(sorted, items, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, cam_text_compare);
    bool distinct = true;
    for (size_t i = 1; i < count && distinct; i++) {
        distinct = strcmp(sorted[i - 1], sorted[i]) != 0;
        if (!distinct) {
            cam_strbuf quoted = CAM_STRBUF_INIT;
            cam_bytes_quote(sorted[i], &quoted);
            cam_problems_add(p->problems, p->file, node->line, "%s: %s occurs twice", p->row->leaf,
                             cam_strbuf_text(&quoted));
            cam_strbuf_release(&quoted);
        }
    }
    cam_pool_release(&scratch);
    return distinct;
}

static bool read_list(const place *p, const cam_yaml_node *node, cam_config_list *list) {
    size_t before = p->problems->errors, count = 0;
    const char **items = cam_pool_take(&p->config->memory, (node->count + 1) * sizeof *items);
    for (const cam_yaml_node *entry = items ? node->first : NULL; entry; entry = entry->next)
        if ((items[count] = entry_text(p, entry)) != NULL)
            count++;
    *list = (cam_config_list){items, count};
    return p->problems->errors == before && check_distinct(p, node, items, count);
}

/* A path, or a list of them. */
static bool read_files(const place *p, const cam_yaml_node *node) {
    size_t before = p->problems->errors, count = 0;
    bool is_list = node->kind == CAM_YAML_LIST;
    const char **items = cam_pool_take(&p->config->memory, (is_list ? node->count + 1 : 1) * sizeof *items);
    if (!items || (is_list && node->count == 0))
        return refuse(p, node);
    if (!is_list) {
        if (!read_text(p, node))
            return false;
        items[count++] = *(const char **)p->field;
    }
    for (const cam_yaml_node *entry = is_list ? node->first : NULL; entry; entry = entry->next) {
        const char *text = entry_text(p, entry);
        items[count] = text ? keep_path(p, entry) : NULL;
        count += items[count] != NULL;
    }
    if (p->problems->errors != before || !check_distinct(p, node, items, count))
        return false;
    *(const char **)p->field = items[0];
    p->config->train_files = (cam_config_list){items, count};
    return true;
}

static bool read_columns(const place *p, const cam_yaml_node *node) {
    cam_config_list list = {NULL, 0};
    if (!cam_yaml_is_null(node)) {
        if (node->kind != CAM_YAML_LIST || node->count == 0)
            return refuse(p, node);
        if (!read_list(p, node, &list))
            return false;
    }
    *(cam_config_list *)p->field = list;
    return true;
}

/* The number of a layer, from 0; -1 after a problem. */
static int64_t layer_number(const place *p, const cam_yaml_node *entry) {
    errno = 0;
    int64_t number =
        entry->kind == CAM_YAML_SCALAR && cam_number_is_whole(entry->text) ? strtoll(entry->text, NULL, 10) : -1;
    if (number >= 0 && errno == 0 && (double)number < p->row->high)
        return number;
    refuse_entry(p, entry, "an entry must be the number of a layer, from 0, not");
    return -1;
}

/* null, N, or a list of layers, which may hold one twice. */
static bool read_layers(const place *p, const cam_yaml_node *node) {
    cam_config_layers value = {0, NULL, 0};
    size_t before = p->problems->errors;
    if (node->kind == CAM_YAML_LIST && node->count > 0) {
        int64_t *items = cam_pool_take(&p->config->memory, node->count * sizeof *items);
        for (const cam_yaml_node *entry = items ? node->first : NULL; entry; entry = entry->next)
            items[value.count++] = layer_number(p, entry);
        value.items = items;
        if ((double)value.count > p->row->high)
            return refuse(p, node);
    } else if (node->kind == CAM_YAML_SCALAR && cam_number_is_whole(node->text)) {
        errno = 0;
        value.evenly = strtoll(node->text, NULL, 10);
        if (errno == ERANGE || !cam_number_in_range(p->row, (double)value.evenly))
            return refuse(p, node);
    } else if (!cam_yaml_is_null(node)) {
        return refuse(p, node);
    }
    if (p->problems->errors != before)
        return false;
    *(cam_config_layers *)p->field = value;
    return true;
}

/* A single seed may stand without brackets. */
static bool read_seeds(const place *p, const cam_yaml_node *node) {
    bool is_list = node->kind == CAM_YAML_LIST;
    size_t most = is_list ? node->count : 1;
    int64_t *items = most > 0 ? cam_pool_take(&p->config->memory, most * sizeof *items) : NULL;
    cam_config_seeds value = {items, 0};
    for (const cam_yaml_node *entry = is_list ? node->first : node; entry && items;
         entry = is_list ? entry->next : NULL) {
        int64_t seed = -1;
        if (entry->kind == CAM_YAML_SCALAR && cam_number_is_whole(entry->text)) {
            errno = 0;
            seed = strtoll(entry->text, NULL, 10);
            if (errno == ERANGE || !cam_number_in_range(p->row, (double)seed))
                seed = -1;
        }
        for (size_t i = 0; i < value.count; i++)
            if (items[i] == seed)
                seed = -1;
        if (seed < 0)
            return refuse(p, node);
        items[value.count++] = seed;
    }
    if (value.count == 0)
        return refuse(p, node);
    *(cam_config_seeds *)p->field = value;
    return true;
}

static bool read_labels(const place *p, const cam_yaml_node *node) {
    cam_config_labels value = {CAM_LABELS_LIST, {NULL, 0}};
    size_t index;
    if (node->kind == CAM_YAML_LIST) {
        if (!read_list(p, node, &value.list))
            return false;
        if (value.list.count < 2) {
            cam_problems_add(p->problems, p->file, node->line, "labels must list at least two labels");
            return false;
        }
    } else if (find_word(p->row, node, &index) && index != CAM_LABELS_LIST) {
        value.kind = (enum cam_choice_label_order)index;
    } else {
        return refuse_word(p, node);
    }
    *(cam_config_labels *)p->field = value;
    return true;
}

static bool read_weight(const place *p, const cam_yaml_node *entry, cam_config_weight *weight) {
    cam_config_row number = {.leaf = "each weight of class_weights", .kind = CAM_KIND_NUMBER};
    place inner = *p;
    number.low = p->row->low;
    number.high = p->row->high;
    number.low_open = p->row->low_open;
    number.high_open = p->row->high_open;
    inner.row = &number;
    weight->label = entry_text(p, entry->key);
    return parse_number(&inner, entry, &weight->weight) && weight->label;
}

static bool read_weight_map(const place *p, const cam_yaml_node *node, cam_config_weights *value) {
    size_t before = p->problems->errors, count = 0;
    cam_config_weight *items = cam_pool_take(&p->config->memory, node->count * sizeof *items);
    const char **labels = cam_pool_take(&p->config->memory, node->count * sizeof *labels);
    for (const cam_yaml_node *entry = items && labels ? node->first : NULL; entry; entry = entry->next) {
        if (!read_weight(p, entry, &items[count]))
            continue;
        labels[count] = items[count].label;
        count++;
    }
    value->items = items;
    value->count = count;
    return p->problems->errors == before && check_distinct(p, node, labels, count);
}

static bool read_class_weights(const place *p, const cam_yaml_node *node) {
    cam_config_weights value = {CAM_CONFIG_CLASS_WEIGHTS_GIVEN, NULL, 0};
    size_t index;
    if (node->kind == CAM_YAML_MAP && node->count > 0) {
        if (!read_weight_map(p, node, &value))
            return false;
    } else if (find_word(p->row, node, &index) && index != CAM_CONFIG_CLASS_WEIGHTS_GIVEN) {
        value.kind = (enum cam_choice_weighting)index;
    } else {
        return refuse_word(p, node);
    }
    *(cam_config_weights *)p->field = value;
    return true;
}

/* Reads {old: new}. Several old labels may have the same new one. */
static bool read_label_map(const place *p, const cam_yaml_node *node) {
    cam_config_map value = {NULL, 0};
    size_t before = p->problems->errors;
    if (!cam_yaml_is_null(node)) {
        if (node->kind != CAM_YAML_MAP || node->count == 0)
            return refuse_hint(p, node, "; write {old: new}");
        cam_pair *items = cam_pool_take(&p->config->memory, node->count * sizeof *items);
        const char **old = cam_pool_take(&p->config->memory, node->count * sizeof *old);
        for (const cam_yaml_node *entry = items && old ? node->first : NULL; entry; entry = entry->next) {
            cam_pair *pair = &items[value.count];
            bool is_left_out = entry->kind == CAM_YAML_SCALAR && !entry->plain && entry->text[0] == '\0';
            *pair = (cam_pair){entry_text(p, entry->key), is_left_out ? NULL : entry_text(p, entry)};
            if (pair->from)
                old[value.count++] = pair->from;
        }
        value.items = items;
        if (p->problems->errors != before || !check_distinct(p, node, old, value.count))
            return false;
    }
    *(cam_config_map *)p->field = value;
    return true;
}

static unsigned report_flag(const cam_yaml_node *entry) {
    for (unsigned word = 0; word < CAM_CHOICE_COUNT_report; word++)
        if (is_word(entry, cam_words_report[word]))
            return 1U << word;
    return 0;
}

static bool read_report_to(const place *p, const cam_yaml_node *node) {
    size_t before = p->problems->errors;
    unsigned flags = 0;
    bool is_list = node->kind == CAM_YAML_LIST,
         is_nothing = is_word(node, "none") || (cam_yaml_is_null(node) && node->text[0]);
    for (const cam_yaml_node *entry = is_list ? node->first : node; entry && !is_nothing; entry = entry->next) {
        unsigned flag = report_flag(entry);
        flags |= flag;
        if (!flag && !is_word(entry, "none"))
            refuse_hint(p, entry, "; write [jsonl, html], or [] for none");
        if (!is_list)
            break;
    }
    if (p->problems->errors != before)
        return false;
    *(unsigned *)p->field = flags;
    return true;
}

bool cam_value_read(cam_config *config, cam_config_key key, const cam_yaml_node *node, const char *file,
                    cam_problems *problems) {
    const cam_config_row *row = &cam_config_rows[key];
    place p = {config, row, file, problems, cam_config_field(config, key)};
    switch (row->kind) {
    case CAM_KIND_TEXT:
    case CAM_KIND_TEXT_OR_NULL:
    case CAM_KIND_PATH:
    case CAM_KIND_PATH_OR_NULL:
        return read_text(&p, node);
    case CAM_KIND_FILES:
        return read_files(&p, node);
    case CAM_KIND_NUMBER:
    case CAM_KIND_NUMBER_OR_NULL:
        return read_number(&p, node);
    case CAM_KIND_INTEGER:
    case CAM_KIND_INTEGER_OR_NULL:
    case CAM_KIND_INTEGER_OR_AUTO:
        return key == CAM_KEY_warmup_steps ? read_warmup_steps(&p, node) : read_integer(&p, node);
    case CAM_KIND_BOOLEAN:
        return read_boolean(&p, node);
    case CAM_KIND_CHOICE:
        return read_choice(&p, node);
    case CAM_KIND_FREEZE:
        return read_freeze(&p, node);
    case CAM_KIND_LABELS:
        return read_labels(&p, node);
    case CAM_KIND_COLUMNS:
        return read_columns(&p, node);
    case CAM_KIND_LAYERS:
        return read_layers(&p, node);
    case CAM_KIND_SEEDS:
        return read_seeds(&p, node);
    case CAM_KIND_LABEL_MAP:
        return read_label_map(&p, node);
    case CAM_KIND_CLASS_WEIGHTS:
        return read_class_weights(&p, node);
    case CAM_KIND_REPORT_TO:
        return read_report_to(&p, node);
    }
    CAM_BUG("key \"%s\" has no kind", row->leaf);
}
