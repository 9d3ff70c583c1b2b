/* hints.c: see hints.h. */
#include "hints.h"
#include "files.h"
#include "nearest.h"
#include "remedy.h"
#include "schema.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The words of other programs, and of French, for a verb. Accents may be missing: they count as misspellings. */
static const struct {
    const char *word;
    cam_verb verb;
} verb_words[] = {
    {"fit", CAM_VERB_TRAIN},          {"finetune", CAM_VERB_TRAIN},       {"fine-tune", CAM_VERB_TRAIN},
    {"learn", CAM_VERB_TRAIN},        {"training", CAM_VERB_TRAIN},       {"entrainer", CAM_VERB_TRAIN},
    {"apprendre", CAM_VERB_TRAIN},    {"validate", CAM_VERB_CHECK},       {"verify", CAM_VERB_CHECK},
    {"lint", CAM_VERB_CHECK},         {"verifier", CAM_VERB_CHECK},       {"config", CAM_VERB_SHOW},
    {"print", CAM_VERB_SHOW},         {"montrer", CAM_VERB_SHOW},         {"afficher", CAM_VERB_SHOW},
    {"evaluate", CAM_VERB_EVAL},      {"evaluation", CAM_VERB_EVAL},      {"test", CAM_VERB_EVAL},
    {"score", CAM_VERB_EVAL},         {"evaluer", CAM_VERB_EVAL},         {"tester", CAM_VERB_EVAL},
    {"classify", CAM_VERB_PREDICT},   {"infer", CAM_VERB_PREDICT},        {"inference", CAM_VERB_PREDICT},
    {"run", CAM_VERB_PREDICT},        {"predire", CAM_VERB_PREDICT},      {"classer", CAM_VERB_PREDICT},
    {"classifier", CAM_VERB_PREDICT}, {"tokenise", CAM_VERB_TOKENIZE},    {"encode", CAM_VERB_TOKENIZE},
    {"new", CAM_VERB_INIT},           {"create", CAM_VERB_INIT},          {"initialiser", CAM_VERB_INIT},
    {"autotune", CAM_VERB_TUNE},      {"pretraining", CAM_VERB_PRETRAIN}, {"pre-train", CAM_VERB_PRETRAIN},
    {"mlm", CAM_VERB_PRETRAIN},       {"adapt", CAM_VERB_PRETRAIN},       {"preentrainer", CAM_VERB_PRETRAIN},
    {"fill-mask", CAM_VERB_FILL},     {"unmask", CAM_VERB_FILL},          {"completer", CAM_VERB_FILL},
    {"cleanlab", CAM_VERB_CLEAN},     {"nettoyer", CAM_VERB_CLEAN},
};
enum { VERB_WORDS = sizeof verb_words / sizeof *verb_words };

/* Verbs of the specification that this version does not have. */
static const char *const later_verbs[] = {"export"};

/* Fails with a text, which is released. */
static cam_status fail_with(cam_strbuf *text) {
    cam_status st = cam_fail(CAM_E_USAGE, "%s", cam_strbuf_text(text));
    cam_strbuf_release(text);
    return st;
}

/* --- words of the command line ----------------------------------------------------------------------------------- */

/* Copies the name in "--name=value", "name:" or "name"; empty where it is too long. */
static void copy_name(const char *word, char *out, size_t out_bytes) {
    word += strspn(word, "-");
    size_t length = strcspn(word, "=:");
    length = length < out_bytes ? length : 0;
    memcpy(out, word, length);
    out[length] = '\0';
}

static int is_option_like(const char *word) {
    return word[0] == '-' && word[1] && !isdigit((unsigned char)word[1]) && word[1] != '.';
}

static int is_boolean(const char *word) {
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "1", "0", "auto"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(word, words[i]) == 0)
            return 1;
    return 0;
}

/* The value that follows argv[i]: after "=" or ":", or in the next words. NULL where there is none. */
static const char *value_after(int argc, char **argv, int i) {
    const char *word = argv[i] + strspn(argv[i], "-"), *mark = strpbrk(word, "=:");
    if (mark && mark[1])
        return mark + 1 + strspn(mark + 1, " ");
    const char *next = i + 1 < argc ? argv[i + 1] : NULL;
    if (next && next[0] == '=')
        next = next[1] ? next + 1 : i + 2 < argc ? argv[i + 2] : NULL;
    return next && !is_option_like(next) ? next : NULL;
}

static int has_ending(const char *word, const char *ending) {
    size_t length = strlen(word), tail = strlen(ending);
    return length > tail && strcasecmp(word + length - tail, ending) == 0;
}

static int is_config(const char *word) {
    return has_ending(word, ".yaml") || has_ending(word, ".yml");
}

static int is_data(const char *word) {
    static const char *const endings[] = {".csv", ".tsv", ".jsonl", ".json", ".txt", ".xlsx", ".ods", ".parquet"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (has_ending(word, endings[i]))
            return 1;
    return 0;
}

/* Appends a command of the words of this one, without those in [from, to). `verb` is put first where it is not NULL. */
static void put_command(int argc, char **argv, int from, int to, const char *verb, cam_strbuf *out) {
    cam_strbuf_puts(out, "cam-train");
    if (verb)
        cam_strbuf_printf(out, " %s", verb);
    for (int i = 1; i < argc; i++) {
        if ((i >= from && i < to) || (verb && i == 1 && cam_verb_find(argv[i]) >= 0))
            continue;
        cam_strbuf_putc(out, ' ');
        cam_shell_word_put(out, argv[i]);
    }
}

/* Appends a command that sends the words from argv[i] up to the next option to standard input: a text. */
static void put_pipe(int argc, char **argv, int from, int i, cam_strbuf *out) {
    cam_strbuf text = CAM_STRBUF_INIT;
    int end = i;
    for (; end < argc && (end == i || !is_option_like(argv[end])); end++)
        cam_strbuf_put_all(&text, end > i ? " " : "", argv[end], NULL);
    cam_strbuf_puts(out, "; a text comes from standard input: printf '%s\\n' ");
    cam_shell_word_put(out, cam_strbuf_text(&text));
    cam_strbuf_puts(out, " | ");
    put_command(argc, argv, from, end, NULL, out);
    cam_strbuf_release(&text);
}

/* --- settings ---------------------------------------------------------------------------------------------------- */

static int takes_keys(cam_verb verb) {
    return (cam_verb_rows[verb].flags & CAM_VERB_TAKES_KEYS) != 0;
}

static int has_option(cam_verb verb, const char *option) {
    const cam_option_row *row = cam_option_find(option, strlen(option), verb);
    return row && cam_option_is_of(row, verb);
}

/* The option of a verb that does what a key of the configuration does; NULL where there is none. */
static const char *option_of_key(cam_verb verb, const cam_config_row *key) {
    static const struct {
        const char *leaf, *option;
    } others[] = {{"model_name_or_path", "--model"}, {"train_file", "--data"},       {"train_file", "--input"},
                  {"validation_file", "--data"},     {"validation_file", "--input"}, {"test_file", "--data"},
                  {"test_file", "--input"},          {"format", "--input-format"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(key->leaf, others[i].leaf) == 0 && has_option(verb, others[i].option))
            return others[i].option;
    char option[64] = "--";
    size_t length = strlen(key->leaf);
    if (length + 3 > sizeof option || strcmp(key->leaf, "format") == 0)
        return NULL;
    memcpy(option + 2, key->leaf, length + 1);
    const cam_option_row *row = cam_option_find(option, length + 2, verb);
    return row && cam_option_is_of(row, verb) ? row->option : NULL;
}

static int is_switch(const cam_config_row *key) {
    int found = key->kind == CAM_KIND_BOOLEAN;
    for (size_t i = 0; i < key->choice_count; i++)
        found |= strcmp(key->choices[i], "true") == 0;
    return found;
}

/* Appends KEY=VALUE as it is typed. A switch has no value on other command lines, and a list has no brackets. */
static void put_setting(const cam_config_row *key, const char *value, cam_strbuf *out) {
    cam_strbuf list = CAM_STRBUF_INIT;
    int may_be_list = key->kind == CAM_KIND_LABELS || key->kind == CAM_KIND_LAYERS;
    int is_list =
        key->kind == CAM_KIND_COLUMNS || key->kind == CAM_KIND_SEEDS || (may_be_list && value && strchr(value, ','));
    if (is_switch(key) && (!value || !is_boolean(value)))
        value = "true";
    if (is_list && value && value[0] != '[') {
        cam_strbuf_put_all(&list, "[", value, "]", NULL);
        value = cam_strbuf_text(&list);
    }
    cam_remedy_put(out, CAM_SYNTAX_KEYS, key->leaf, value ? value : "VALUE");
    cam_strbuf_release(&list);
}

static void put_option(const char *option, const char *value, cam_strbuf *out) {
    cam_strbuf_printf(out, "%s ", option);
    cam_shell_word_put(out, value ? value : "VALUE");
}

/* `name` is without "--", which would count as two letters that are right. */
static const char *nearest_option(const char *name, cam_verb verb) {
    const char *names[CAM_OPTION_COUNT];
    size_t count = 0;
    for (int i = 0; i < CAM_OPTION_COUNT; i++)
        if (cam_option_is_of(&cam_option_rows[i], verb))
            names[count++] = cam_option_rows[i].option + 2;
    const char *near = cam_nearest_word(name, names, count);
    return near ? near - 2 : NULL;
}

static const cam_config_row *nearest_key(const char *name) {
    const char *leaves[CAM_CONFIG_KEY_COUNT];
    for (size_t i = 0; i < CAM_CONFIG_KEY_COUNT; i++)
        leaves[i] = cam_config_rows[i].leaf;
    const char *leaf = cam_nearest_word(name, leaves, CAM_CONFIG_KEY_COUNT);
    return leaf ? cam_config_row_find(leaf) : NULL;
}

/* Appends what to write for an option with the name of a key, or near one. 0 where nothing is known of it. */
static int put_key_hint(cam_verb verb, int argc, char **argv, int i, cam_strbuf *out) {
    char name[64];
    copy_name(argv[i], name, sizeof name);
    const cam_config_row *key = cam_config_row_meant(name);
    const char *value = value_after(argc, argv, i);
    if (takes_keys(verb) && key) {
        cam_strbuf_puts(out, "; write ");
        put_setting(key, value, out);
        return 1;
    }
    const char *option = key ? option_of_key(verb, key) : NULL;
    if (option) {
        cam_strbuf_puts(out, "; write ");
        put_option(option, value, out);
        return 1;
    }
    if (key) {
        cam_strbuf_printf(out, "; %s is a key of the configuration of a run, and %s has no such option: leave it out",
                          key->leaf, cam_verb_rows[verb].word);
        return 1;
    }
    return cam_config_explain_foreign(NULL, name, out);
}

/* --- the messages ------------------------------------------------------------------------------------------------ */

static void put_verbs_of(const cam_option_row *row, cam_strbuf *out) {
    const char *separator = "; it is an option of ";
    for (int v = 0; v < CAM_VERB_COUNT; v++)
        if (cam_option_is_of(row, (cam_verb)v)) {
            cam_strbuf_printf(out, "%s%s", separator, cam_verb_rows[v].word);
            separator = ", ";
        }
}

static int is_text_name(const char *name) {
    static const char *const names[] = {"text", "texts", "texte", "sentence", "string"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return 1;
    return 0;
}

cam_status cam_hint_option(cam_verb verb, const cam_option_row *row, int argc, char **argv, int i) {
    cam_strbuf text = CAM_STRBUF_INIT;
    char name[64];
    const char *word = argv[i], *verb_word = cam_verb_rows[verb].word;
    int reads_texts = has_option(verb, "--input");
    copy_name(word, name, sizeof name);
    const char *near = nearest_option(name, verb);
    if (strcmp(word, "-v") == 0)
        return cam_fail(CAM_E_USAGE, "option \"-v\" could be --verbose or --version; write one of them");
    if (row)
        cam_strbuf_printf(&text, "option \"%s\" is not one of \"%s\"", row->option, verb_word);
    else
        cam_strbuf_printf(&text, "unknown option \"%s\"", word);
    const cam_config_row *key = nearest_key(name);
    if (name[0] == '\0')
        cam_strbuf_puts(&text, "; leave it out");
    else if (reads_texts && is_text_name(name) && i + 1 < argc)
        put_pipe(argc, argv, i, i + 1, &text);
    else if (row && strcmp(row->option, "--config") == 0)
        cam_strbuf_printf(&text, "; %s takes no configuration: leave it out", verb_word);
    else if (put_key_hint(verb, argc, argv, i, &text))
        ;
    else if (row)
        put_verbs_of(row, &text);
    else if (near)
        cam_strbuf_printf(&text, "; did you mean \"%s\"?", near);
    else if (takes_keys(verb) && key) {
        cam_strbuf_puts(&text, "; did you mean ");
        put_setting(key, value_after(argc, argv, i), &text);
        cam_strbuf_putc(&text, '?');
    } else
        cam_strbuf_printf(&text, "; cam-train %s --help lists them", verb_word);
    return fail_with(&text);
}

/* True for KEY=VALUE whose value may have spaces: without quotes it became several words. */
static int may_be_cut(const char *word) {
    char name[64];
    copy_name(word, name, sizeof name);
    const cam_config_row *key = strchr(word, '=') && word[0] != '-' ? cam_config_row_meant(name) : NULL;
    return key && (key->kind == CAM_KIND_TEXT || key->kind == CAM_KIND_PATH || key->kind == CAM_KIND_PATH_OR_NULL ||
                   key->kind == CAM_KIND_TEXT_OR_NULL || key->kind == CAM_KIND_FILES || key->kind == CAM_KIND_LABELS ||
                   key->kind == CAM_KIND_COLUMNS || key->kind == CAM_KIND_LAYERS || key->kind == CAM_KIND_SEEDS ||
                   key->kind == CAM_KIND_LABEL_MAP || key->kind == CAM_KIND_CLASS_WEIGHTS);
}

/* Appends argv[i - 1] with the words after it up to the next option or setting, as one. */
static void put_joined(int argc, char **argv, int i, cam_strbuf *out) {
    cam_strbuf joined = CAM_STRBUF_INIT;
    cam_strbuf_puts(&joined, argv[i - 1]);
    for (int end = i; end < argc && !is_option_like(argv[end]) && !strchr(argv[end], '='); end++)
        cam_strbuf_put_all(&joined, " ", argv[end], NULL);
    cam_shell_word_put(out, cam_strbuf_text(&joined));
    cam_strbuf_release(&joined);
}

/* Appends what to write for a word that train, check, show or tune does not take. */
static void put_word_hint(int argc, char **argv, int i, cam_strbuf *out) {
    const char *word = argv[i], *before = argv[i - 1];
    char name[64];
    copy_name(word, name, sizeof name);
    const cam_config_row *key = cam_config_row_meant(name);
    size_t before_length = strlen(before);
    if (before_length > 1 && before[before_length - 1] == '=') {
        cam_strbuf_printf(out, "; without a space: %s", before);
        cam_shell_word_put(out, word);
    } else if (cam_verb_find(word) >= 0) {
        cam_strbuf_puts(out, "; the verb comes first: ");
        put_command(argc, argv, i, i + 1, word, out);
    } else if (cam_directory_exists(word)) {
        cam_strbuf_puts(out, "; write ");
        cam_remedy_put(out, CAM_SYNTAX_KEYS,
                       cam_file_exists_in(word, "config.json") ? "model_name_or_path" : "output_dir", word);
    } else if (is_data(word)) {
        cam_strbuf_puts(out, "; write ");
        cam_remedy_put(out, CAM_SYNTAX_KEYS, "train_file", word);
    } else if (cam_file_exists(word)) {
        cam_strbuf_puts(out, "; write ");
        put_option("--config", word, out);
    } else if (may_be_cut(before)) {
        cam_strbuf_puts(out, "; a value with spaces is quoted: write ");
        put_joined(argc, argv, i, out);
    } else if (key) {
        cam_strbuf_puts(out, "; write ");
        put_setting(key, value_after(argc, argv, i), out);
    } else {
        cam_strbuf_puts(out, "; a configuration file goes after --config");
    }
}

/* The same for the verbs that take no keys. */
static void put_argument_hint(cam_verb verb, int argc, char **argv, int i, cam_strbuf *out) {
    const char *word = argv[i], *verb_word = cam_verb_rows[verb].word;
    const char *file_option = has_option(verb, "--input") ? "--input" : "--data";
    if (strchr(word, '=') && !cam_file_exists(word) && put_key_hint(verb, argc, argv, i, out)) {
        return;
    } else if (cam_directory_exists(word) && has_option(verb, "--model")) {
        cam_strbuf_puts(out, "; write ");
        put_option("--model", word, out);
    } else if (is_config(word)) {
        cam_strbuf_printf(out, "; %s takes no configuration: leave it out", verb_word);
    } else if (cam_file_exists(word) || is_data(word) || strcmp(word, "-") == 0) {
        cam_strbuf_puts(out, "; write ");
        put_option(file_option, word, out);
    } else if (has_option(verb, "--input")) {
        put_pipe(argc, argv, i, i, out);
    } else {
        cam_strbuf_printf(out, "; cam-train %s --help lists its options", verb_word);
    }
}

cam_status cam_hint_word(cam_verb verb, int argc, char **argv, int i) {
    cam_strbuf text = CAM_STRBUF_INIT;
    if (strcmp(argv[i], "help") == 0)
        return cam_fail(CAM_E_USAGE, "\"help\" stands before the verb; write cam-train help %s",
                        cam_verb_rows[verb].word);
    if (takes_keys(verb)) {
        cam_strbuf_printf(&text, "\"%s\" is neither an option nor KEY=VALUE", argv[i]);
        put_word_hint(argc, argv, i, &text);
    } else {
        cam_strbuf_printf(&text, "\"%s\" is no argument of \"%s\"", argv[i], cam_verb_rows[verb].word);
        put_argument_hint(verb, argc, argv, i, &text);
    }
    return fail_with(&text);
}

/* The verb that a word probably stands for; NULL where none is near. */
static const char *nearest_verb(const char *word) {
    const char *words[CAM_VERB_COUNT + VERB_WORDS];
    for (int v = 0; v < CAM_VERB_COUNT; v++)
        words[v] = cam_verb_rows[v].word;
    for (size_t i = 0; i < VERB_WORDS; i++)
        words[CAM_VERB_COUNT + i] = verb_words[i].word;
    const char *meant = cam_nearest_word(word, words, CAM_VERB_COUNT + VERB_WORDS);
    for (size_t i = 0; meant && i < VERB_WORDS; i++)
        if (meant == verb_words[i].word)
            meant = cam_verb_rows[verb_words[i].verb].word;
    return meant;
}

cam_status cam_hint_verb(int argc, char **argv, int i) {
    const char *word = argv[i], *meant = nearest_verb(word);
    cam_strbuf text = CAM_STRBUF_INIT;
    for (size_t v = 0; v < sizeof later_verbs / sizeof *later_verbs; v++)
        if (strcmp(word, later_verbs[v]) == 0)
            return cam_fail(CAM_E_USAGE, "verb \"%s\" is in cam-train's specification but not part of this version",
                            word);
    if (cam_config_row_meant(word))
        return cam_hint_word(CAM_VERB_TRAIN, argc, argv, i);
    cam_strbuf_printf(&text, "unknown verb \"%s\"", word);
    if (strcmp(word, "download") == 0) {
        cam_strbuf_puts(&text, "; a model of the Hub is downloaded with cam-train fetch ");
        cam_shell_word_put(&text, i + 1 < argc ? argv[i + 1] : "camembert-base");
    } else if (is_data(word)) {
        cam_strbuf_puts(&text, "; a configuration for this file: cam-train init --data ");
        cam_shell_word_put(&text, word);
        cam_strbuf_puts(&text, " > my.yaml");
    } else if (cam_directory_exists(word)) {
        cam_strbuf_puts(&text, "; to classify texts with a model: cam-train predict --model ");
        cam_shell_word_put(&text, word);
    } else if (cam_file_exists(word)) {
        cam_strbuf_puts(&text, "; a configuration is named with --config ");
        cam_shell_word_put(&text, word);
    } else if (meant) {
        cam_strbuf_printf(&text, "; did you mean \"%s\"?", meant);
    } else {
        cam_strbuf_puts(&text, "; cam-train --help lists them");
    }
    return fail_with(&text);
}
