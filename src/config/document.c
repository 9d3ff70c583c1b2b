/* document.c: see document_internal.h. Recursion is bounded by CAM_YAML_DEPTH. A problem in the middle leaves a valid,
 * shorter tree. */
#include "bytes_internal.h"
#include "document_internal.h"
#include "remedy.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

typedef struct reader {
    yaml_parser_t parser;
    cam_pool *pool;
    const char *name, *text;
    size_t length;
    bool has_lines;
    cam_problems *problems;
    bool stopped; /* nothing more can be read */
} reader;

/* The line number for messages: the parser counts from 0. 0 where the text has no lines of a file. */
static long line_at(const reader *r, size_t line) {
    return r->has_lines ? (long)line + 1 : 0;
}

static cam_yaml_node *node_make(cam_pool *pool, cam_yaml_kind kind, long line) {
    cam_yaml_node *node = cam_pool_take(pool, sizeof *node);
    if (node) {
        node->kind = kind;
        node->line = line;
    }
    return node;
}

cam_yaml_node *cam_yaml_scalar(cam_pool *pool, const char *text, size_t length, long line) {
    cam_yaml_node *node = node_make(pool, CAM_YAML_SCALAR, line);
    if (!node)
        return NULL;
    node->plain = true;
    node->text = cam_pool_text(pool, text, length);
    return node;
}

bool cam_yaml_is_null(const cam_yaml_node *node) {
    return node->kind == CAM_YAML_SCALAR && node->plain &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcasecmp(node->text, "null") == 0 ||
            strcmp(node->text, "None") == 0);
}

/* A hint for a syntax error, from the text of its line. The usual cause is a value that begins with a special character
 * of YAML: `delimiter: ,`. */
static const char *syntax_hint(const reader *r, size_t line) {
    const char *at = r->text, *end = r->text + r->length;
    while (line-- > 0 && at) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return "";
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    stop = stop ? stop : end;
    if (strstr(r->parser.problem, "hexdecimal") || strstr(r->parser.problem, "escape character"))
        return "; between \" a backslash has a meaning: write the value between ' instead, or paths with /";
    const char *colon = memmem(at, (size_t)(stop - at), ": ", 2);
    if (!colon)
        return "";
    const char *value = colon + 1;
    while (value < stop && *value == ' ')
        value++;
    if (value < stop && strchr(",@`%|>&*!]}", *value))
        return "; put a value that begins like this in quotes";
    if (memmem(value, (size_t)(stop - value), ": ", 2))
        return "; put a value that holds \": \" in quotes";
    return "";
}

static void syntax_problem(reader *r) {
    const yaml_parser_t *parser = &r->parser;
    r->stopped = true;
    if (parser->error == YAML_MEMORY_ERROR) {
        cam_memory_note();
        return;
    }
    if (parser->error == YAML_READER_ERROR) {
        long line = cam_bytes_line(r->text, parser->problem_offset < r->length ? parser->problem_offset : r->length);
        cam_problems_add(r->problems, r->name, r->has_lines ? line : 0, "not YAML: %s", parser->problem);
        return;
    }
    size_t line = parser->problem_mark.line;
    cam_problems_add(r->problems, r->name, line_at(r, line), "not YAML: %s (column %zu)%s", parser->problem,
                     parser->problem_mark.column + 1, syntax_hint(r, line));
}

static bool next_event(reader *r, yaml_event_t *event) {
    if (!r->stopped && yaml_parser_parse(&r->parser, event))
        return true;
    if (!r->stopped)
        syntax_problem(r);
    return false;
}

static void refuse_decoration(reader *r, long line, const yaml_char_t *anchor, const yaml_char_t *tag) {
    if (anchor)
        cam_problems_add(r->problems, r->name, line, "anchors are not allowed; write the value where it is needed");
    if (tag)
        cam_problems_add(
            r->problems, r->name, line,
            "tags are not allowed; each key has its own type, and quotes keep a text that begins with \"!\"");
}

static cam_yaml_node *read_scalar(reader *r, const yaml_event_t *event, long line) {
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(text, '\0', length)) {
        cam_problems_add(r->problems, r->name, line, "a text must not hold a NUL character");
        length = strlen(text);
    }
    cam_yaml_node *node = cam_yaml_scalar(r->pool, text, length, line);
    if (!node)
        return NULL;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    refuse_decoration(r, line, event->data.scalar.anchor, event->data.scalar.tag);
    return node;
}

static cam_yaml_node *read_children(reader *r, cam_yaml_kind kind, long line, int depth);

/* Reads the node that begins with `event`, which is deleted here. NULL at the end of a list or mapping, or where
 * nothing more can be read. */
static cam_yaml_node *read_node(reader *r, yaml_event_t *event, int depth) {
    cam_yaml_node *node = NULL;
    long line = line_at(r, event->start_mark.line);
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        node = read_scalar(r, event, line);
        break;
    case YAML_ALIAS_EVENT:
        cam_problems_add(r->problems, r->name, line,
                         "aliases are not allowed; write the value itself, or put a text "
                         "that begins with \"*\" in quotes");
        node = cam_yaml_scalar(r->pool, "", 0, line);
        break;
    case YAML_SEQUENCE_START_EVENT:
        refuse_decoration(r, line, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        node = read_children(r, CAM_YAML_LIST, line, depth + 1);
        break;
    case YAML_MAPPING_START_EVENT:
        refuse_decoration(r, line, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        node = read_children(r, CAM_YAML_MAP, line, depth + 1);
        break;
    default: /* the end of the list, mapping or document */
        break;
    }
    yaml_event_delete(event);
    return node;
}

static int compare_keys(const void *a, const void *b) {
    const cam_yaml_node *x = *(cam_yaml_node *const *)a, *y = *(cam_yaml_node *const *)b;
    int order = strcmp(x->key->text, y->key->text);
    return order ? order : (x->key->line > y->key->line) - (x->key->line < y->key->line);
}

/* Sorts the keys, since a hostile file may hold 300,000. */
static void check_duplicates(reader *r, const cam_yaml_node *map) {
    size_t count = 0;
    cam_pool scratch = {NULL};
    const cam_yaml_node **items = cam_pool_take(&scratch, (map->count + 1) * sizeof *items);
    for (const cam_yaml_node *child = items ? map->first : NULL; child; child = child->next)
        items[count++] = child;
    if (count > 0)
        qsort(items, count, sizeof *items, compare_keys);
    for (size_t i = 1; i < count; i++) {
        const cam_yaml_node *key = items[i]->key, *before = items[i - 1]->key;
        if (strcmp(key->text, before->text) != 0)
            continue;
        cam_strbuf quoted = CAM_STRBUF_INIT;
        cam_bytes_quote(key->text, &quoted);
        cam_problems_add(r->problems, r->name, key->line, "duplicate key %s; it is also on line %ld",
                         cam_strbuf_text(&quoted), before->line);
        cam_strbuf_release(&quoted);
    }
    cam_pool_release(&scratch);
}

/* Reads a child of a mapping or a list; NULL at the end. */
static cam_yaml_node *read_child(reader *r, cam_yaml_kind kind, int depth) {
    yaml_event_t event;
    if (!next_event(r, &event))
        return NULL;
    cam_yaml_node *key = read_node(r, &event, depth);
    if (!key || kind == CAM_YAML_LIST)
        return key;
    if (key->kind != CAM_YAML_SCALAR && !r->stopped) {
        cam_problems_add(r->problems, r->name, key->line, "a key must be a plain text");
        r->stopped = true;
    }
    if (!next_event(r, &event))
        return NULL;
    cam_yaml_node *value = read_node(r, &event, depth);
    if (value)
        value->key = key;
    return value;
}

static cam_yaml_node *read_children(reader *r, cam_yaml_kind kind, long line, int depth) {
    cam_yaml_node *node = node_make(r->pool, kind, line);
    if (!node) {
        r->stopped = true;
        return NULL;
    }
    if (depth > CAM_YAML_DEPTH) {
        cam_problems_add(r->problems, r->name, line, "nested more than %d levels deep", CAM_YAML_DEPTH);
        r->stopped = true;
        return node;
    }
    cam_yaml_node **end = &node->first;
    for (cam_yaml_node *child; (child = read_child(r, kind, depth)) != NULL; end = &child->next) {
        *end = child;
        node->count++;
    }
    if (kind == CAM_YAML_MAP)
        check_duplicates(r, node);
    return node;
}

/* Reads all events of the text, and gives the root node. */
static cam_yaml_node *read_stream(reader *r) {
    cam_yaml_node *root = NULL;
    yaml_event_t event;
    int documents = 0;
    while (next_event(r, &event)) {
        yaml_event_type_t type = event.type;
        long line = line_at(r, event.start_mark.line);
        if (type == YAML_DOCUMENT_START_EVENT && ++documents > 1) {
            cam_problems_add(r->problems, r->name, line, "a second document begins here; a file holds one");
            r->stopped = true;
        }
        if (type == YAML_SCALAR_EVENT || type == YAML_ALIAS_EVENT || type == YAML_SEQUENCE_START_EVENT ||
            type == YAML_MAPPING_START_EVENT)
            root = read_node(r, &event, 0);
        else
            yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT)
            break;
    }
    return root;
}

static bool is_line_end(const char *text, size_t length, size_t i) {
    return text[i] == '\n' || (text[i] == '\r' && (i + 1 == length || text[i + 1] != '\n'));
}

/* True for NUL in every second byte, on either side: UTF-16 that has lost its mark, or begins in the middle of one. */
static bool looks_like_utf16(const char *text, size_t length) {
    size_t nuls[2] = {0};
    for (size_t i = 0; i < length; i++)
        nuls[i % 2] += text[i] == '\0';
    return nuls[0] * 4 > length || nuls[1] * 4 > length;
}

/* Appends a command that converts the file. */
static void put_iconv(const char *name, const char *from, cam_strbuf *out) {
    cam_strbuf converted = CAM_STRBUF_INIT;
    size_t length = strlen(name), stem = length > 5 && strcmp(name + length - 5, ".yaml") == 0 ? length - 5 : length;
    cam_strbuf_append(&converted, name, stem);
    cam_strbuf_puts(&converted, "-utf8.yaml");
    cam_strbuf_printf(out, "save it as UTF-8, for example with iconv -f %s -t utf-8 ", from);
    cam_shell_word_put(out, name);
    cam_strbuf_puts(out, " > ");
    cam_shell_word_put(out, cam_strbuf_text(&converted));
    cam_strbuf_release(&converted);
}

/* The name of an 8-bit encoding in which the bytes are letters: Word and Excel of France write them in Windows-1252,
 * those of old Macs in MacRoman. */
static const char *encoding_of(const char *text, size_t length) {
    size_t windows = 0, mac = 0;
    for (size_t i = 0; i < length; i++) {
        windows += (unsigned char)text[i] >= 0xC0;
        mac += (unsigned char)text[i] >= 0x80 && (unsigned char)text[i] < 0xA0;
    }
    return mac > windows ? "macintosh" : "windows-1252";
}

/* Adds one problem for all the lines that are not UTF-8: they have one cause. */
static void refuse_bytes(const char *name, long line, unsigned char byte, size_t lines, const char *text, size_t length,
                         cam_problems *problems) {
    cam_strbuf message = CAM_STRBUF_INIT;
    cam_strbuf_printf(&message, "byte 0x%02X is not UTF-8", byte);
    if (lines > 1)
        cam_strbuf_printf(&message, " (%zu lines have such bytes)", lines);
    cam_strbuf_puts(&message, "; ");
    if (line == 0)
        cam_strbuf_puts(&message, "set the terminal to UTF-8, or write the value into a configuration file");
    else
        put_iconv(name, encoding_of(text, length), &message);
    cam_problems_add(problems, name, line, "%s", cam_strbuf_text(&message));
    cam_strbuf_release(&message);
}

bool cam_yaml_check_text(const char *name, bool has_lines, const char *text, size_t length, cam_problems *problems) {
    size_t before = problems->errors, bad_lines = 0;
    long line = 1, reported = 0, first_bad = 0;
    unsigned char bad = 0;
    if (has_lines && looks_like_utf16(text, length)) {
        cam_strbuf cure = CAM_STRBUF_INIT;
        put_iconv(name, text[0] ? "utf-16le" : "utf-16be", &cure);
        cam_problems_add(problems, name, 1, "this is UTF-16 without its mark, or damaged; %s", cam_strbuf_text(&cure));
        cam_strbuf_release(&cure);
        return false;
    }
    for (size_t i = 0; i < length;) {
        unsigned char c = (unsigned char)text[i];
        uint32_t unused;
        size_t step = cam_utf8_decode(text + i, length - i, &unused);
        bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
        line += is_line_end(text, length, i);
        if (line != reported && control) {
            cam_problems_add(problems, name, has_lines ? line : 0, "control character 0x%02X", c);
            reported = line;
        } else if (line != reported && step == 0) {
            bad = bad_lines++ ? bad : c;
            first_bad = first_bad ? first_bad : line;
            reported = line;
        }
        i += step ? step : 1;
    }
    if (bad_lines > 0)
        refuse_bytes(name, has_lines ? first_bad : 0, bad, bad_lines, text, length, problems);
    return problems->errors == before;
}

/* Refuses tabs in indentations: their width is not defined. */
static bool check_tabs(const reader *r) {
    size_t before = r->problems->errors;
    long line = 1;
    bool indentation = true;
    for (size_t i = 0; i < r->length; i++) {
        char c = r->text[i];
        if (indentation && c == '\t') {
            cam_problems_add(r->problems, r->name, r->has_lines ? line : 0, "a tab in the indentation; use spaces");
            indentation = false;
        } else if (is_line_end(r->text, r->length, i)) {
            indentation = true;
            line++;
        } else if (c != ' ') {
            indentation = false;
        }
    }
    return r->problems->errors == before;
}

/* Refuses many %TAG directives, which the parser compares in pairs. None is of use, as tags are refused. */
static bool check_directives(const reader *r) {
    enum { MOST = 16 };
    size_t count = 0;
    bool line_begins = true;
    for (size_t i = 0; i < r->length && count <= MOST; i++) {
        count += line_begins && r->length - i >= 4 && memcmp(r->text + i, "%TAG", 4) == 0;
        line_begins = is_line_end(r->text, r->length, i);
    }
    if (count > MOST)
        cam_problems_add(r->problems, r->name, 0, "more than %d lines begin with %%TAG; a configuration has no tags",
                         MOST);
    return count <= MOST;
}

cam_yaml_node *cam_yaml_read(cam_pool *pool, const char *name, bool has_lines, const char *text, size_t length,
                             bool *complete, cam_problems *problems) {
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        length -= 3;
    }
    reader r = {
        .pool = pool, .name = name, .text = text, .length = length, .has_lines = has_lines, .problems = problems};
    *complete = false;
    if (!cam_yaml_check_text(name, has_lines, text, length, problems) || !check_tabs(&r) || !check_directives(&r))
        return NULL;
    if (!yaml_parser_initialize(&r.parser)) {
        cam_memory_note();
        return NULL;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, length);
    cam_yaml_node *root = read_stream(&r);
    yaml_parser_delete(&r.parser);
    *complete = !r.stopped;
    return root;
}
