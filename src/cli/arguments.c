/* arguments.c: see arguments.h. */
#include "arguments.h"
#include "nearest.h"
#include "strbuf.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const size_t offsets[CAM_OPTION_COUNT] = {
#define OFFSET(field, ...) [CAM_OPTION_##field] = offsetof(cam_arguments, field),
    CAM_OPTIONS(OFFSET)
#undef OFFSET
};

static void *field_of(cam_arguments *arguments, const cam_option_row *row) {
    return (char *)arguments + offsets[row - cam_option_rows];
}

static int verb_of(const char *word) {
    for (int v = 0; v < CAM_VERB_COUNT; v++)
        if (strcmp(word, cam_verb_rows[v].word) == 0)
            return v;
    return -1;
}

static cam_status unknown_option(const char *word) {
    const char *words[CAM_OPTION_COUNT];
    for (int i = 0; i < CAM_OPTION_COUNT; i++)
        words[i] = cam_option_rows[i].option;
    const char *meant = cam_nearest_word(word, words, CAM_OPTION_COUNT);
    if (meant)
        return cam_fail(CAM_E_USAGE, "unknown option \"%s\"; did you mean \"%s\"?", word, meant);
    return cam_fail(CAM_E_USAGE, "unknown option \"%s\"; cam-train --help lists them", word);
}

static cam_status unknown_verb(const char *word) {
    const char *words[CAM_VERB_COUNT];
    for (int v = 0; v < CAM_VERB_COUNT; v++)
        words[v] = cam_verb_rows[v].word;
    const char *meant = cam_nearest_word(word, words, CAM_VERB_COUNT);
    if (meant)
        return cam_fail(CAM_E_USAGE, "unknown verb \"%s\"; did you mean \"%s\"?", word, meant);
    return cam_fail(CAM_E_USAGE, "unknown verb \"%s\"; cam-train --help lists them", word);
}

/* Reads the value of the option at argv[*i]: after "=", or the next word. */
static cam_status take_value(const char *option, const char *after, int argc, char **argv, int *i, const char **value) {
    if (*after == '=') {
        *value = after + 1;
        return CAM_OK;
    }
    if (*i + 1 >= argc)
        return cam_fail(CAM_E_USAGE, "option \"%s\" needs a value", option);
    *value = argv[++*i];
    return CAM_OK;
}

static cam_status fail_choice(const cam_option_row *row, cam_verb verb, const char *word) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_printf(&text, "option \"%s\"", row->option);
    if (cam_option_has_several_rows(row))
        cam_strbuf_printf(&text, " of %s", cam_verb_rows[verb].word);
    for (size_t i = 0; i < row->choice_count; i++)
        cam_strbuf_printf(&text, "%s\"%s\"",
                          i == 0                       ? " takes "
                          : i + 1 == row->choice_count ? " or "
                                                       : ", ",
                          row->choices[i]);
    cam_status st = cam_fail(CAM_E_USAGE, "%s, not \"%s\"", cam_strbuf_text(&text), word);
    cam_strbuf_release(&text);
    return st;
}

static cam_status take_choice(const cam_option_row *row, cam_verb verb, const char *word, cam_choice *choice) {
    for (size_t i = 0; i < row->choice_count; i++)
        if (strcmp(word, row->choices[i]) == 0) {
            *choice = (cam_choice){row->choices[i], (int)i};
            return CAM_OK;
        }
    return fail_choice(row, verb, word);
}

/* The first call allocates room for every word of the command line. */
static cam_status append_word(cam_words *words, int argc, const char *word) {
    if (!words->items)
        words->items = calloc((size_t)argc, sizeof *words->items);
    if (!words->items)
        return cam_fail(CAM_E_MEMORY, "no memory for %d arguments", argc);
    words->items[words->count++] = word;
    return CAM_OK;
}

static cam_status take_option(cam_arguments *arguments, int argc, char **argv, int *i) {
    cam_status st = CAM_OK;
    const char *word = argv[*i], *value = NULL;
    size_t length = strcspn(word, "=");
    const cam_option_row *row = cam_option_find(word, length, arguments->verb);
    if (!row)
        return unknown_option(word);
    if (!cam_option_is_of(row, arguments->verb))
        CAM_FAIL(CAM_E_USAGE, "option \"%s\" is not one of \"%s\"", row->option, cam_verb_rows[arguments->verb].word);
    void *field = field_of(arguments, row);
    if (row->kind != CAM_OPTION_IS_SWITCH)
        CAM_TRY(take_value(row->option, word + length, argc, argv, i, &value));
    switch (row->kind) {
    case CAM_OPTION_IS_SWITCH:
        if (word[length])
            CAM_FAIL(CAM_E_USAGE, "option \"%s\" takes no value", row->option);
        *(int *)field = 1;
        break;
    case CAM_OPTION_IS_TEXT:
    case CAM_OPTION_IS_FILE:
    case CAM_OPTION_IS_FOLDER:
        *(const char **)field = value;
        break;
    case CAM_OPTION_IS_FILES:
        CAM_TRY(append_word(field, argc, value));
        break;
    case CAM_OPTION_IS_CHOICE:
        CAM_TRY(take_choice(row, arguments->verb, value, field));
        break;
    }
out:
    return st;
}

static cam_status take_word(cam_arguments *arguments, int argc, const char *word) {
    const cam_verb_row *verb = &cam_verb_rows[arguments->verb];
    int takes_keys = (verb->flags & CAM_VERB_TAKES_KEYS) != 0;
    if (takes_keys && (word[0] == '~' || strchr(word, '=')))
        return append_word(&arguments->overrides, argc, word);
    if (takes_keys)
        return cam_fail(CAM_E_USAGE,
                        "\"%s\" is neither an option nor KEY=VALUE; a configuration file goes after --config", word);
    return cam_fail(CAM_E_USAGE, "\"%s\" is no argument of \"%s\"; see cam-train %s --help", word, verb->word,
                    verb->word);
}

cam_status cam_arguments_parse(cam_arguments *arguments, int argc, char **argv) {
    cam_status st = CAM_OK;
    int begin = 1;
    *arguments = (cam_arguments){.verb = CAM_VERB_TRAIN};
    if (argc > 1 && verb_of(argv[1]) >= 0)
        arguments->verb = (cam_verb)verb_of(argv[begin++]);
    else if (argc > 1 && argv[1][0] != '-' && argv[1][0] != '~' && !strchr(argv[1], '='))
        CAM_TRY(unknown_verb(argv[1]));
    for (int i = begin; i < argc; i++)
        CAM_TRY(argv[i][0] == '-' ? take_option(arguments, argc, argv, &i) : take_word(arguments, argc, argv[i]));
out:
    return st;
}

void cam_arguments_release(cam_arguments *arguments) {
    for (int i = 0; i < CAM_OPTION_COUNT; i++)
        if (cam_option_rows[i].kind == CAM_OPTION_IS_FILES)
            free(((cam_words *)field_of(arguments, &cam_option_rows[i]))->items);
    free(arguments->overrides.items);
    *arguments = (cam_arguments){0};
}

cam_status cam_argument_number(const char *option, const char *word, double low, double high, double *value) {
    char *end;
    errno = 0;
    *value = strtod(word, &end);
    if (word[0] == '\0' || *end || errno || !(*value >= low && *value <= high))
        return cam_fail(CAM_E_USAGE, "option \"%s\" takes a number from %g to %g, not \"%s\"", option, low, high, word);
    return CAM_OK;
}

cam_status cam_argument_integer(const char *option, const char *word, long low, long high, long *value) {
    char *end;
    errno = 0;
    *value = strtol(word, &end, 10);
    if (word[0] == '\0' || *end || errno || *value < low || *value > high)
        return cam_fail(CAM_E_USAGE, "option \"%s\" takes a whole number from %ld to %ld, not \"%s\"", option, low,
                        high, word);
    return CAM_OK;
}
