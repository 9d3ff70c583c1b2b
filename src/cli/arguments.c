/* arguments.c: see arguments.h. */
#include "arguments.h"
#include "aliases.h"
#include "files.h"
#include "hints.h"
#include "nearest.h"
#include "remedy.h"
#include "strbuf.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const size_t offsets[CAM_OPTION_COUNT] = {
#define OFFSET(field, ...) [CAM_OPTION_##field] = offsetof(cam_arguments, field),
    CAM_OPTIONS(OFFSET)
#undef OFFSET
};

static void *field_of(cam_arguments *arguments, const cam_option_row *row) {
    return (char *)arguments + offsets[row - cam_option_rows];
}

/* Reads the value of the option at argv[*i]: after "=", or the next word. */
static cam_status take_value(const char *option, const char *after, int argc, char **argv, int *i, const char **value) {
    if (*after == '=') {
        *value = after + 1;
        return CAM_OK;
    }
    if (*i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0)
        return cam_fail(CAM_E_USAGE, "option \"%s\" needs a value", option);
    *value = argv[++*i];
    return CAM_OK;
}

static cam_status fail_choice(const cam_option_row *row, cam_verb verb, const char *word, const char *note) {
    cam_strbuf text = CAM_STRBUF_INIT, meant = CAM_STRBUF_INIT;
    const char *near = cam_nearest_word(word, row->choices, row->choice_count);
    cam_strbuf_printf(&text, "option \"%s\"", row->option);
    if (cam_option_has_several_rows(row))
        cam_strbuf_printf(&text, " of %s", cam_verb_rows[verb].word);
    for (size_t i = 0; i < row->choice_count; i++)
        cam_strbuf_printf(&text, "%s\"%s\"",
                          i == 0                       ? " takes "
                          : i + 1 == row->choice_count ? " or "
                                                       : ", ",
                          row->choices[i]);
    if (note)
        cam_strbuf_printf(&meant, "; %s", note);
    else if (near)
        cam_strbuf_printf(&meant, "; did you mean \"%s\"?", near);
    cam_status st = cam_fail(CAM_E_USAGE, "%s, not \"%s\"%s", cam_strbuf_text(&text), word, cam_strbuf_text(&meant));
    cam_strbuf_release(&text);
    cam_strbuf_release(&meant);
    return st;
}

/* The first call allocates room for every word of the command line, and a note of each. */
static cam_status append_word(cam_words *words, int argc, const char *word) {
    if (!words->items)
        words->items = calloc(2 * (size_t)argc, sizeof *words->items);
    if (!words->items)
        return cam_fail(CAM_E_MEMORY, "no memory for %d arguments", argc);
    words->items[words->count++] = word;
    return CAM_OK;
}

static cam_status take_choice(cam_arguments *arguments, int argc, const cam_option_row *row, const char *word) {
    const char *note;
    int value = cam_choice_read(row->choices, row->choice_count, word, &note);
    if (value < 0)
        return fail_choice(row, arguments->verb, word, note);
    *(cam_choice *)field_of(arguments, row) = (cam_choice){row->choices[value], value};
    return note ? append_word(&arguments->notes, argc, note) : CAM_OK;
}

static cam_status expand_path(cam_arguments *arguments, int argc, const char **path) {
    char *expanded;
    if (*path[0] != '~')
        return CAM_OK;
    cam_status st = cam_path_expand(*path, CAM_E_USAGE, &expanded);
    if (st == CAM_OK) {
        *path = expanded;
        st = append_word(&arguments->owned, argc, expanded);
    }
    return st;
}

static cam_status take_option(cam_arguments *arguments, int argc, char **argv, int *i) {
    cam_status st = CAM_OK;
    const char *word = argv[*i], *value = NULL;
    size_t length = strcspn(word, "=");
    const cam_option_row *row = cam_option_find(word, length, arguments->verb);
    if (!row || !cam_option_is_of(row, arguments->verb))
        return cam_hint_option(arguments->verb, row, argc, argv, *i);
    void *field = field_of(arguments, row);
    if (row->kind != CAM_OPTION_IS_SWITCH)
        CAM_TRY(take_value(row->option, word + length, argc, argv, i, &value));
    switch (row->kind) {
    case CAM_OPTION_IS_SWITCH:
        if (word[length])
            CAM_FAIL(CAM_E_USAGE, "option \"%s\" takes no value", row->option);
        *(int *)field = 1;
        break;
    case CAM_OPTION_IS_FILE:
    case CAM_OPTION_IS_FOLDER:
        CAM_TRY(expand_path(arguments, argc, &value));
        *(const char **)field = value;
        break;
    case CAM_OPTION_IS_TEXT:
        *(const char **)field = value;
        break;
    case CAM_OPTION_IS_FILES:
        CAM_TRY(expand_path(arguments, argc, &value));
        CAM_TRY(append_word(field, argc, value));
        break;
    case CAM_OPTION_IS_CHOICE:
        CAM_TRY(take_choice(arguments, argc, row, value));
        break;
    }
out:
    return st;
}

/* A configuration may be named without --config where the word can be nothing else. */
static int is_config_name(const char *word) {
    const char *ending = strrchr(word, '.'), *equals = strchr(word, '=');
    int is_yaml = ending && (strcasecmp(ending, ".yaml") == 0 || strcasecmp(ending, ".yml") == 0);
    return is_yaml && (!equals || memchr(word, '/', (size_t)(equals - word)));
}

/* Takes a word for a configuration, and notes it. */
static cam_status take_config(cam_arguments *arguments, int argc, const char *word) {
    cam_status st = CAM_OK;
    cam_strbuf note = CAM_STRBUF_INIT;
    cam_strbuf_puts(&note, "read as --config ");
    cam_shell_word_put(&note, word);
    CAM_TRY(append_word(&arguments->notes, argc, cam_strbuf_text(&note)));
    CAM_TRY(append_word(&arguments->owned, argc, cam_strbuf_text(&note)));
    note = (cam_strbuf)CAM_STRBUF_INIT;
    CAM_TRY(expand_path(arguments, argc, &word));
    CAM_TRY(append_word(&arguments->configs, argc, word));
out:
    cam_strbuf_release(&note);
    return st;
}

static cam_status take_word(cam_arguments *arguments, int argc, char **argv, int i) {
    cam_status st = CAM_OK;
    const char *word = argv[i];
    int takes_keys = (cam_verb_rows[arguments->verb].flags & CAM_VERB_TAKES_KEYS) != 0;
    if ((cam_verb_rows[arguments->verb].flags & CAM_VERB_TAKES_NAME) && !arguments->name) {
        arguments->name = word;
    } else if (takes_keys && is_config_name(word)) {
        CAM_TRY(take_config(arguments, argc, word));
    } else if (takes_keys && (word[0] == '~' || (strchr(word, '=') && word[0] != '='))) {
        CAM_TRY(append_word(&arguments->overrides, argc, word));
    } else {
        CAM_TRY(cam_hint_word(arguments->verb, argc, argv, i));
    }
out:
    return st;
}

/* Reads "help", "help VERB" and "version", which stand in the place of a verb. True for such a word. */
static int take_information(cam_arguments *arguments, const char *word) {
    arguments->help |= strcmp(word, "help") == 0;
    arguments->version |= strcmp(word, "version") == 0;
    return arguments->help || arguments->version;
}

/* Reads the verb, if there is one, and sets *begin to the first word after it. */
static cam_status take_verb(cam_arguments *arguments, int argc, char **argv, int *begin) {
    *begin = 1;
    if (argc > 1 && take_information(arguments, argv[1]))
        *begin = 2;
    const char *word = *begin < argc ? argv[*begin] : "-";
    int verb = cam_verb_find(word);
    if (verb >= 0) {
        arguments->verb = (cam_verb)verb;
        arguments->has_verb = 1;
        ++*begin;
    } else if (!strchr("-~", word[0]) && !strchr(word, '=') && !is_config_name(word)) {
        return cam_hint_verb(argc, argv, *begin);
    }
    return CAM_OK;
}

/* --resume is the key resume_from_checkpoint, in its place. */
static cam_status take_resume(cam_arguments *arguments, int argc) {
    cam_status st = CAM_OK;
    cam_strbuf key = CAM_STRBUF_INIT;
    cam_strbuf_puts(&key, "resume_from_checkpoint=");
    cam_strbuf_puts(&key, arguments->resume);
    CAM_TRY(append_word(&arguments->overrides, argc, cam_strbuf_text(&key)));
    CAM_TRY(append_word(&arguments->owned, argc, cam_strbuf_text(&key)));
    key = (cam_strbuf)CAM_STRBUF_INIT;
out:
    cam_strbuf_release(&key);
    return st;
}

cam_status cam_arguments_parse(cam_arguments *arguments, int argc, char **argv) {
    cam_status st = CAM_OK;
    int begin;
    *arguments = (cam_arguments){.verb = CAM_VERB_TRAIN};
    CAM_TRY(take_verb(arguments, argc, argv, &begin));
    for (int i = begin; i < argc; i++)
        CAM_TRY(argv[i][0] == '-' && argv[i][1] ? take_option(arguments, argc, argv, &i)
                                                : take_word(arguments, argc, argv, i));
    if (arguments->resume)
        CAM_TRY(take_resume(arguments, argc));
out:
    return st;
}

void cam_arguments_release(cam_arguments *arguments) {
    for (int i = 0; i < CAM_OPTION_COUNT; i++)
        if (cam_option_rows[i].kind == CAM_OPTION_IS_FILES)
            free(((cam_words *)field_of(arguments, &cam_option_rows[i]))->items);
    free(arguments->overrides.items);
    free(arguments->notes.items);
    for (size_t i = 0; i < arguments->owned.count; i++)
        free((void *)(uintptr_t)arguments->owned.items[i]);
    free(arguments->owned.items);
    *arguments = (cam_arguments){0};
}

/* "0,5" of a French keyboard. */
static const char *comma_hint(const char *word, double low, double high, char *hint, size_t hint_bytes) {
    char *end, *comma;
    snprintf(hint, hint_bytes, "; write %s", word);
    comma = strchr(hint, ',');
    if (!comma || strlen(word) + sizeof "; write " > hint_bytes)
        return "";
    *comma = '.';
    double value = strtod(hint + strlen("; write "), &end);
    return *end || !(value >= low && value <= high) ? "" : hint;
}

cam_status cam_argument_number(const char *option, const char *word, double low, double high, double *value) {
    char *end;
    errno = 0;
    *value = strtod(word, &end);
    if (word[0] == '\0' || *end || errno || !(*value >= low && *value <= high)) {
        char hint[64];
        return cam_fail(CAM_E_USAGE, "option \"%s\" takes a number from %g to %g, not \"%s\"%s", option, low, high,
                        word, comma_hint(word, low, high, hint, sizeof hint));
    }
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
