/* arguments.c: see arguments.h. */
#include "arguments.h"
#include "nearest.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word, *arguments, *help;
} verbs[] = {
#define VERB(code, word, arguments, help) {word, arguments, help},
    CAM_VERBS(VERB)
#undef VERB
};

static const struct {
    const char *option, *value;
    unsigned verbs;
    const char *help;
    size_t field;
} options[] = {
#define OPTION(field, option, value, verb_set, help) {option, value, verb_set, help, offsetof(cam_arguments, field)},
    CAM_OPTIONS(OPTION)
#undef OPTION
};
enum { OPTION_COUNT = sizeof options / sizeof options[0] };

static int verb_of(const char *word) {
    for (int v = 0; v < CAM_VERB_COUNT; v++)
        if (strcmp(word, verbs[v].word) == 0)
            return v;
    return -1;
}

static cam_status unknown_option(const char *word) {
    const char *words[OPTION_COUNT + 1] = {"--config"};
    for (int i = 0; i < OPTION_COUNT; i++)
        words[i + 1] = options[i].option;
    const char *meant = cam_nearest_word(word, words, OPTION_COUNT + 1);
    if (meant)
        return cam_fail(CAM_E_USAGE, "unknown option \"%s\"; did you mean \"%s\"?", word, meant);
    return cam_fail(CAM_E_USAGE, "unknown option \"%s\"; cam-train --help lists them", word);
}

static cam_status unknown_verb(const char *word) {
    const char *words[CAM_VERB_COUNT];
    for (int v = 0; v < CAM_VERB_COUNT; v++)
        words[v] = verbs[v].word;
    const char *meant = cam_nearest_word(word, words, CAM_VERB_COUNT);
    if (meant)
        return cam_fail(CAM_E_USAGE, "unknown verb \"%s\"; did you mean \"%s\"?", word, meant);
    return cam_fail(CAM_E_USAGE, "unknown verb \"%s\"; cam-train --help lists them", word);
}

/* The value of an option at argv[*i]: behind "=", or the next word. */
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

static cam_status take_option(cam_arguments *arguments, int argc, char **argv, int *i) {
    const char *word = argv[*i];
    size_t length = strcspn(word, "=");
    if (length == strlen("--config") && strncmp(word, "--config", length) == 0)
        return take_value("--config", word + length, argc, argv, i, &arguments->configs[arguments->config_count++]);
    for (int o = 0; o < OPTION_COUNT; o++) {
        if (strlen(options[o].option) != length || strncmp(word, options[o].option, length) != 0)
            continue;
        if (!(options[o].verbs & (1u << arguments->verb)))
            return cam_fail(CAM_E_USAGE, "option \"%s\" is not one of \"%s\"", options[o].option,
                            verbs[arguments->verb].word);
        const char **field = (const char **)(void *)((char *)arguments + options[o].field);
        if (options[o].value)
            return take_value(options[o].option, word + length, argc, argv, i, field);
        *field = "";
        return word[length] ? cam_fail(CAM_E_USAGE, "option \"%s\" takes no value", options[o].option) : CAM_OK;
    }
    return unknown_option(word);
}

static cam_status take_word(cam_arguments *arguments, const char *word) {
    int takes_keys = (CAM_FOR_CONFIG & (1u << arguments->verb)) != 0;
    if (takes_keys && (word[0] == '~' || strchr(word, '='))) {
        arguments->overrides[arguments->override_count++] = word;
        return CAM_OK;
    }
    if (takes_keys)
        return cam_fail(CAM_E_USAGE,
                        "\"%s\" is neither an option nor KEY=VALUE; a configuration file goes behind --config", word);
    return cam_fail(CAM_E_USAGE, "\"%s\" is no argument of \"%s\"; see cam-train %s --help", word,
                    verbs[arguments->verb].word, verbs[arguments->verb].word);
}

cam_status cam_arguments_parse(cam_arguments *arguments, int argc, char **argv) {
    cam_status st = CAM_OK;
    int begin = 1;
    *arguments = (cam_arguments){.verb = CAM_VERB_TRAIN};
    arguments->configs = calloc((size_t)argc + 1, sizeof *arguments->configs);
    arguments->overrides = calloc((size_t)argc + 1, sizeof *arguments->overrides);
    if (!arguments->configs || !arguments->overrides)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %d arguments", argc);
    if (argc > 1 && verb_of(argv[1]) >= 0)
        arguments->verb = (cam_verb)verb_of(argv[begin++]);
    else if (argc > 1 && argv[1][0] != '-' && argv[1][0] != '~' && !strchr(argv[1], '='))
        CAM_TRY(unknown_verb(argv[1]));
    for (int i = begin; i < argc; i++)
        CAM_TRY(argv[i][0] == '-' ? take_option(arguments, argc, argv, &i) : take_word(arguments, argv[i]));
    if (arguments->config_count > 0 && !(CAM_FOR_CONFIG & (1u << arguments->verb)))
        CAM_FAIL(CAM_E_USAGE, "option \"--config\" is not one of \"%s\"", verbs[arguments->verb].word);
out:
    return st;
}

void cam_arguments_release(cam_arguments *arguments) {
    free(arguments->configs);
    free(arguments->overrides);
    *arguments = (cam_arguments){0};
}

static const char tables[] =
    "\nPrints how long each matrix product of the run takes by the library's first choice and by the one that is\n"
    "kept. The table goes to the file that the environment variable CAM_MATMUL_TABLE names, else to matmul-GPU.txt,\n"
    "with the GPU's name, in $XDG_CACHE_HOME/cam-train or ~/.cache/cam-train. train, eval and predict take it from\n"
    "there, or none where CAM_MATMUL_TABLE=none: with and without it, results differ in their last bits.\n";

void cam_arguments_help(cam_verb verb, cam_strbuf *out) {
    int all = verb == CAM_VERB_COUNT;
    if (all) {
        cam_strbuf_puts(out, "cam-train fine-tunes CamemBERT sequence classifiers.\n\n");
        for (int v = 0; v < CAM_VERB_COUNT; v++)
            cam_strbuf_printf(out, "  cam-train %-9s %s\n  %19s %s\n", verbs[v].word, verbs[v].arguments, "",
                              verbs[v].help);
    } else {
        cam_strbuf_printf(out, "cam-train %s %s\n  %s\n", verbs[verb].word, verbs[verb].arguments, verbs[verb].help);
    }
    cam_strbuf_puts(out, "\noptions\n");
    if (all || (CAM_FOR_CONFIG & (1u << verb)))
        cam_strbuf_puts(out, "  --config FILE                   a configuration; of several, later ones win\n");
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!all && !(options[i].verbs & (1u << verb)))
            continue;
        cam_strbuf header = CAM_STRBUF_INIT;
        cam_strbuf_printf(&header, "%s %s", options[i].option, options[i].value ? options[i].value : "");
        cam_strbuf_printf(out, "  %-31s %s\n", cam_strbuf_text(&header), options[i].help);
        cam_strbuf_release(&header);
    }
    if (verb == CAM_VERB_TUNE)
        cam_strbuf_puts(out, tables);
    if (all)
        cam_strbuf_puts(
            out, "\nexit codes: 0 done, 2 usage or configuration, 3 data, 4 model, 5 network or Hub, 6 device or\n"
                 "memory, 7 diverged, 8 storage, 75 stopped by a signal, 130 interrupted, 1 internal fault\n");
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
