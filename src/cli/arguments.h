/* arguments.h: the command line, declared once: verbs, options, and which verb takes which.
 */
#ifndef CAM_ARGUMENTS_H
#define CAM_ARGUMENTS_H

#include "cam/status.h"
#include "group.h"
#include "strbuf.h"
#include <stddef.h>

/* X(enumerator, word, arguments, one line of help) */
#define CAM_VERBS(X)                                                                                                   \
    X(TRAIN, "train", "--config FILE [--config FILE2 ...] [KEY=VALUE ...]", "train a classifier (the default verb)")   \
    X(CHECK, "check", "--config FILE [KEY=VALUE ...]", "keys, files, label counts, lengths, advice; trains nothing")   \
    X(SHOW, "show", "--config FILE [KEY=VALUE ...]", "the resolved YAML, each value with where it came from")          \
    X(EVAL, "eval", "--model DIR --data FILE", "accuracy, F1, per class, confusion matrix")                            \
    X(PREDICT, "predict", "--model DIR [--input FILE] [--output FILE]", "one label and score for every text")          \
    X(TOKENIZE, "tokenize", "--model DIR [--input FILE]", "token ids or pieces of every line")                         \
    X(INIT, "init", "[--data FILE] > base.yaml", "a commented configuration, fitted to the data file")                 \
    X(TUNE, "tune", "--config FILE [--output FILE] [KEY=VALUE ...]", "choose this GPU's fastest matrix products")

typedef enum cam_verb {
#define CAM_VERB_ENUM(code, word, arguments, help) CAM_VERB_##code,
    CAM_VERBS(CAM_VERB_ENUM)
#undef CAM_VERB_ENUM
        CAM_VERB_COUNT
} cam_verb;

#define CAM_FOR(verb)  (1u << CAM_VERB_##verb)
#define CAM_FOR_ALL    ((1u << CAM_VERB_COUNT) - 1)
#define CAM_FOR_CONFIG (CAM_FOR(TRAIN) | CAM_FOR(CHECK) | CAM_FOR(SHOW) | CAM_FOR(TUNE))
#define CAM_FOR_DATA   (CAM_FOR(EVAL) | CAM_FOR(PREDICT) | CAM_FOR(TOKENIZE))

/* X(field, option, value in the help text or NULL for a switch, verbs that take it, one line of help) */
#define CAM_OPTIONS(X)                                                                                                 \
    X(dry_run, "--dry-run", NULL, CAM_FOR(TRAIN), "read, check and plan everything, then stop")                        \
    X(model, "--model", "DIR", CAM_FOR_DATA, "folder or Hub id of a classifier")                                       \
    X(data, "--data", "FILE", CAM_FOR(EVAL) | CAM_FOR(INIT), "labelled rows")                                          \
    X(input, "--input", "FILE|-", CAM_FOR(PREDICT) | CAM_FOR(TOKENIZE), "texts; default: standard input")              \
    X(output, "--output", "FILE|-", CAM_FOR(PREDICT) | CAM_FOR(TUNE),                                                  \
      "predict: default standard output; tune: the table, a file")                                                     \
    X(format, "--format", "FORMAT", CAM_FOR(PREDICT) | CAM_FOR(TOKENIZE),                                              \
      "predict: tsv | jsonl; tokenize: jsonl | ids | pieces")                                                          \
    X(top_k, "--top-k", "N", CAM_FOR(PREDICT), "jsonl: the N best labels as well")                                     \
    X(threshold, "--threshold", "P", CAM_FOR(PREDICT), "no label where the best score is below P")                     \
    X(json, "--json", NULL, CAM_FOR(EVAL), "figures as one JSON object")                                               \
    X(text_column, "--text-column", "NAME", CAM_FOR_DATA, "column that holds the text")                                \
    X(label_column, "--label-column", "NAME", CAM_FOR(EVAL), "column that holds the label")                            \
    X(columns, "--columns", "A,B,...", CAM_FOR_DATA, "names of the columns of a file without a header row")            \
    X(encoding, "--encoding", "NAME", CAM_FOR_DATA, "auto | utf-8 | utf-16 | windows-1252")                            \
    X(delimiter, "--delimiter", "C", CAM_FOR_DATA, "auto | ; | , | tab")                                               \
    X(input_format, "--input-format", "FORMAT", CAM_FOR_DATA, "auto | csv | tsv | jsonl")                              \
    X(max_seq_length, "--max-seq-length", "N", CAM_FOR(EVAL) | CAM_FOR(PREDICT), "cut texts to N tokens")              \
    X(device, "--device", "auto|cpu", CAM_FOR(TRAIN) | CAM_FOR(EVAL) | CAM_FOR(PREDICT), "where to compute")           \
    X(color, "--color", "auto|always|never", CAM_FOR_ALL, "colour in messages")                                        \
    X(progress, "--progress", "auto|bar|lines|none", CAM_FOR(TRAIN), "how progress is shown")                          \
    X(quiet, "--quiet", NULL, CAM_FOR_ALL, "warnings and errors only")                                                 \
    X(verbose, "--verbose", NULL, CAM_FOR_ALL, "say more")                                                             \
    X(help, "--help", NULL, CAM_FOR_ALL, "this text")                                                                  \
    X(version, "--version", NULL, CAM_FOR_ALL, "version, libraries and devices")

typedef struct cam_arguments {
    cam_verb verb;
    const char **configs, **overrides; /* owned arrays of borrowed words */
    size_t config_count, override_count;
    cam_group *group; /* the ranks that were started with these words; set by main */
#define CAM_OPTION_FIELD(field, option, value, verbs, help) const char *field; /* a switch: "" when given */
    CAM_OPTIONS(CAM_OPTION_FIELD)
#undef CAM_OPTION_FIELD
} cam_arguments;

/* CAM_E_USAGE with the nearest known word where one is misspelt. The words of argv must outlive the arguments; release
 * in both cases. */
CAM_MUST_CHECK cam_status cam_arguments_parse(cam_arguments *arguments, int argc, char **argv);
void cam_arguments_release(cam_arguments *arguments);

/* Of one verb, or of the program where `verb` is CAM_VERB_COUNT. */
void cam_arguments_help(cam_verb verb, cam_strbuf *out);

/* Numbers of options: CAM_E_USAGE with the option's name where the word is none in [low, high]. */
CAM_MUST_CHECK cam_status cam_argument_integer(const char *option, const char *word, long low, long high, long *value);
CAM_MUST_CHECK cam_status cam_argument_number(const char *option, const char *word, double low, double high,
                                              double *value);

#endif
