/* options.h: the tables of the command line: verbs, options, and the options of each verb. The parser, --help, the man
 * page and the completion for bash are made from them.
 *
 * A verb is a row of CAM_VERBS and the function cam_verb_<word> in verb_<word>.c. An option is a row of CAM_OPTIONS. */
#ifndef CAM_OPTIONS_H
#define CAM_OPTIONS_H

#include "choices.h"
#include <stddef.h>

/* --- verbs ------------------------------------------------------------------------------------------------------- */

/* Flags of a verb; they can be combined. */
enum {
    CAM_VERB_IS_PLAIN = 0,
    CAM_VERB_ON_ALL_RANKS = 1, /* all ranks of a run work on it; without this flag rank 0 does it alone */
    CAM_VERB_STOPS_LATER = 2,  /* it polls for signals and saves its work; without this flag a signal ends it at once */
    CAM_VERB_TAKES_KEYS = 4,   /* --config FILE and KEY=VALUE */
    CAM_VERB_READS_TEXTS = 8,  /* --model DIR and the options for reading a file of texts */
    CAM_VERB_TAKES_NAME = 16   /* the name of a model or folder, or a text, without an option before it */
};

/* X(enumerator, word, flags, arguments, one line of help, paragraph for its own help and the man page) */
/* clang-format off */
#define CAM_VERBS(X)                                                                                                   \
    X(TRAIN, train, CAM_VERB_TAKES_KEYS | CAM_VERB_ON_ALL_RANKS | CAM_VERB_STOPS_LATER,                                \
      "--config FILE [--config FILE2 ...] [KEY=VALUE ...]",                                                            \
      "train a classifier (the default verb)",                                                                         \
      "Trains on the rows of train_file and writes the model and the figures of the run into output_dir. A first "     \
      "signal TERM, INT, USR1 or HUP ends the run after the current step; the model is saved where there is none "     \
      "yet.")                                                                                                          \
    X(PRETRAIN, pretrain, CAM_VERB_TAKES_KEYS | CAM_VERB_ON_ALL_RANKS | CAM_VERB_STOPS_LATER,                          \
      "--config FILE [--config FILE2 ...] [KEY=VALUE ...]",                                                            \
      "teach a model the language of texts without labels",                                                            \
      "Trains a masked language model on the texts of train_file, from a pretrained one (domain adaptation) or from "  \
      "random weights, and writes the model and the figures of the run into output_dir. It is the start of better "    \
      "classifiers. The verb is train with task=pretrain; signals and checkpoints are those of train.")                \
    X(MEASURE, measure, CAM_VERB_TAKES_KEYS | CAM_VERB_ON_ALL_RANKS | CAM_VERB_STOPS_LATER,                            \
      "--config FILE [--config FILE2 ...] [KEY=VALUE ...]",                                                            \
      "how good a model is, by folds of the data",                                                                     \
      "Trains as often as the section measure of the configuration says, each time without the rows of one fold, and " \
      "scores these rows: so every row is scored by a model that never saw it. Writes into output_dir the scores with "\
      "their intervals (measure.json), those of every row (oof.jsonl) and the confusion matrix (confusion.csv); then " \
      "trains the model on all rows into output_dir/model. A stopped measurement goes on where it was. Under mpirun "  \
      "each rank takes whole trainings.")                                                                              \
    X(CLEAN, clean, CAM_VERB_TAKES_KEYS,                                                                               \
      "--config FILE [--fast | --apply] [KEY=VALUE ...]",                                                              \
      "the labels that are probably wrong, for a person to decide",                                                    \
      "Looks for wrong labels of train_file by confident learning, from the scores that measure has left in "          \
      "output_dir (oof.jsonl), or with --fast from those of TF-IDF; for equal and nearly equal texts with two labels; "\
      "and for texts that are unlike every label. Writes into output_dir suspects.csv, the most doubtful rows first, " \
      "and clean.json. A person fills the column decision of suspects.csv: keep, suggested, drop, or a label. --apply " \
      "then writes a corrected file beside train_file, which stays as it is, and lists each change in changes.csv.")   \
    X(COMPARE, compare, CAM_VERB_TAKES_KEYS | CAM_VERB_ON_ALL_RANKS | CAM_VERB_STOPS_LATER,                            \
      "--config FILE \"KEY=[A, B, ...]\" [KEY=VALUE ...]",                                                             \
      "which of several settings is best, by folds of the data",                                                       \
      "Measures every combination of the listed values, as measure does, on the same folds. A value may be followed "  \
      "by settings that go with it: \"freeze=[none, encoder learning_rate=1e-3]\". Writes into output_dir the "        \
      "differences with their intervals and what each costs (compare.json), and the configuration of the cheapest "    \
      "that is not worse (best.yaml). Stops and ranks are those of measure.")                                          \
    X(CURVE, curve, CAM_VERB_TAKES_KEYS | CAM_VERB_ON_ALL_RANKS | CAM_VERB_STOPS_LATER,                                \
      "--config FILE [--config FILE2 ...] [KEY=VALUE ...]",                                                            \
      "what more data would bring",                                                                                    \
      "Trains on growing shares of the training rows of every fold and scores each time the rows of the fold. Writes " \
      "into output_dir the scores by the number of rows, a power law through them, what it expects of twice the rows, "\
      "and which labels gain most (curve.json). Stops and ranks are those of measure.")                                \
    X(CHECK, check, CAM_VERB_TAKES_KEYS,                                                                               \
      "--config FILE [KEY=VALUE ...]",                                                                                 \
      "keys, files, label counts, lengths, advice; trains nothing",                                                    \
      "Reads all that a run would read, and prints what it found. Exit status 0 means that the run can start.")        \
    X(SHOW, show, CAM_VERB_TAKES_KEYS,                                                                                 \
      "--config FILE [KEY=VALUE ...]",                                                                                 \
      "the resolved YAML, each value with its origin",                                                                 \
      "Prints every key of the configuration. The comment after a value names the file and line of its origin, "       \
      "or says that it is a default or from the command line.")                                                        \
    X(EVAL, eval, CAM_VERB_READS_TEXTS | CAM_VERB_ON_ALL_RANKS,                                                        \
      "--model DIR --data FILE",                                                                                       \
      "accuracy, F1, per class, confusion matrix",                                                                     \
      "Scores a classifier on labelled rows. Where the model's folder has a run.yaml, it gives the names of columns, " \
      "what happens to labels and bad rows, and the length of texts; options replace them. Of the file from which the " \
      "model was trained only the rows that were held out are scored, unless --part says otherwise; of another file "  \
      "all are, with a warning where the model has learnt some of their texts. A label that the model lacks is an "    \
      "error; with --unknown-labels skip its rows are left out and counted.")                                                                        \
    X(PREDICT, predict, CAM_VERB_READS_TEXTS | CAM_VERB_ON_ALL_RANKS,                                                  \
      "--model DIR [--input FILE] [--output FILE]",                                                                    \
      "one label and score for every text",                                                                            \
      "Writes one row for every record of the input, in the same order; a text of nothing but space has no label. "    \
      "Nor has one with a score below --threshold, or below the threshold that target_accuracy gave the model. "      \
      "The input is one text a line, unless its name ends in .csv, .tsv or .jsonl or --input-format says what it is. " \
      "A table comes back as it was, with the columns prediction and score (--format csv, the default for a table "    \
      "and for an output whose name ends in .csv; for one in .jsonl it is jsonl, else tsv). Rows of tsv "              \
      "are label, score and text, in which tab, line end and backslash are escaped; rows of jsonl are objects with "   \
      "label and score. On a terminal the control characters of all formats are escaped, too. Lines are answered as they come, so the program can serve another one through two pipes. "     \
      "With --on-bad-row skip a row that cannot be read keeps its place and has no label.")                            \
    X(FILL, fill, CAM_VERB_TAKES_NAME,                                                                                 \
      "--model DIR TEXT",                                                                                              \
      "the best words for each <mask> of a text",                                                                      \
      "Prints the words that a masked language model finds likeliest in the place of each <mask> of the text, with "   \
      "their probabilities: as a table on a terminal, else as lines of mask, word, probability and token id, "         \
      "separated by tabs.")                                                                                            \
    X(TOKENIZE, tokenize, CAM_VERB_READS_TEXTS,                                                                        \
      "--model DIR [--input FILE]",                                                                                    \
      "token ids or pieces of every line",                                                                             \
      "Writes the tokens of every text on a line of its own, never truncated.")                                        \
    X(FETCH, fetch, CAM_VERB_TAKES_NAME,                                                                               \
      "MODEL [--revision R]",                                                                                          \
      "download a model of the Hub into the cache",                                                                    \
      "Brings the newest commit of a model of the Hugging Face Hub into the Hugging Face cache and prints its "        \
      "folder. Files that are there are checked by their hashes; an interrupted download goes on where it ended. "     \
      "Verbs that need a model download it too, but never ask for a newer commit of one that is in the cache. The "    \
      "environment variables are those of huggingface_hub: HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, "             \
      "HF_HUB_OFFLINE; https_proxy and no_proxy.")                                                                     \
    X(EXPORT, export, CAM_VERB_IS_PLAIN,                                                                               \
      "--model DIR --output DIR [--dtype f16]",                                                                        \
      "write a model again, in half the bytes",                                                                        \
      "Writes the classifier or the masked language model of a folder into a new folder, with its weights in another " \
      "dtype. f16 and bf16 take half the bytes; f16 rounds less. The folder is one of transformers, which computes "   \
      "in float32 with it, and so does this program.")                                                                 \
    X(REPORT, report, CAM_VERB_TAKES_NAME,                                                                             \
      "DIR [--language fr]",                                                                                           \
      "make the page of a folder again",                                                                               \
      "Writes report.html into the output folder of a run, from the files that lie there: loss and scores, labels, "   \
      "confusions, the surest mistakes, configuration. It is one file that loads nothing from elsewhere and can be "   \
      "sent as it is. It holds texts of the data.")                                                                    \
    X(INIT, init, CAM_VERB_IS_PLAIN,                                                                                   \
      "[--data FILE] [--model DIR] [--all] > my.yaml",                                                                 \
      "a commented configuration, fitted to the data file and the model",                                              \
      "Prints a configuration that can be run, with a reason for every value. With --data it finds the file's format, "\
      "encoding, delimiter and columns, and says by what evidence; with --model it fits the learning rate to the "     \
      "model's size. --all adds the keys that matter less.")                                                           \
    X(TUNE, tune, CAM_VERB_TAKES_KEYS,                                                                                 \
      "--config FILE [--output FILE] [KEY=VALUE ...]",                                                                 \
      "choose this GPU's fastest matrix products",                                                                     \
      "Prints how long each matrix product of the run takes by the library's first choice and by the one that is "     \
      "kept. The table is written to the file that the environment variable CAM_MATMUL_TABLE names, else to "          \
      "matmul-GPU.txt, with the GPU's name, in $XDG_CACHE_HOME/cam-train or ~/.cache/cam-train. train, eval and "      \
      "predict read it there; CAM_MATMUL_TABLE=none means no table. With and without it, results differ in their "     \
      "last bits.")
/* clang-format on */

typedef enum cam_verb {
#define CAM_VERB_ENUM(code, ...) CAM_VERB_##code,
    CAM_VERBS(CAM_VERB_ENUM)
#undef CAM_VERB_ENUM
        CAM_VERB_COUNT
} cam_verb;

typedef struct cam_verb_row {
    const char *word;
    unsigned flags;
    const char *arguments, *help, *more;
} cam_verb_row;

extern const cam_verb_row cam_verb_rows[CAM_VERB_COUNT];

int cam_verb_find(const char *word); /* -1 where it is no verb */

/* --- options ----------------------------------------------------------------------------------------------------- */

/* Sets of verbs. */
#define CAM_FOR(verb)    (1u << CAM_VERB_##verb)
#define CAM_FOR_TRAINING (CAM_FOR(TRAIN) | CAM_FOR(PRETRAIN))
#define CAM_FOR_MANY     (CAM_FOR(MEASURE) | CAM_FOR(COMPARE) | CAM_FOR(CURVE))
#define CAM_FOR_ALL      ((1u << CAM_VERB_COUNT) - 1)
#define CAM_FOR_CONFIG   ((unsigned)CAM_VERBS_WITH_KEYS)
#define CAM_FOR_DATA     ((unsigned)CAM_VERBS_WITH_TEXTS)
enum {
#define CAM_VERB_WITH_KEYS(code, word, flags, ...)  | ((flags)&CAM_VERB_TAKES_KEYS ? 1 << CAM_VERB_##code : 0)
#define CAM_VERB_WITH_TEXTS(code, word, flags, ...) | ((flags)&CAM_VERB_READS_TEXTS ? 1 << CAM_VERB_##code : 0)
    CAM_VERBS_WITH_KEYS = 0 CAM_VERBS(CAM_VERB_WITH_KEYS),
    CAM_VERBS_WITH_TEXTS = 0 CAM_VERBS(CAM_VERB_WITH_TEXTS)
#undef CAM_VERB_WITH_KEYS
#undef CAM_VERB_WITH_TEXTS
};

/* X(field, option, kind, verbs that take it, one line of help)
 *   kind   SWITCH; TEXT(name), FILE(name) or FOLDER(name) for one value, by its name in the help; FILES(name) for an
 *          option that may be repeated; CHOICE(set) for one word of CAM_CHOICES_<set> (choices.h), whose first word is
 *          the default
 * An option that has different meanings for two verbs has a row, and a field, for each. */
/* clang-format off */
#define CAM_OPTIONS(X)                                                                                                 \
    X(configs, "--config", FILES("FILE"), CAM_FOR_CONFIG, "of several, later ones win (or -c; or without it, *.yaml)") \
    X(dry_run, "--dry-run", SWITCH, CAM_FOR_TRAINING, "read, check and plan everything, then stop")                      \
    X(yes, "--yes", SWITCH, CAM_FOR(COMPARE), "make more than 50 trainings")                                           \
    X(resume, "--resume", TEXT("auto|none|DIR"), CAM_FOR_TRAINING | CAM_FOR(CHECK), "the same as resume_from_checkpoint=")          \
    X(model, "--model", FOLDER("DIR"), CAM_FOR_DATA | CAM_FOR(INIT) | CAM_FOR(FILL) | CAM_FOR(EXPORT), "folder or Hub id of a model")\
    X(data, "--data", FILE("FILE"), CAM_FOR(EVAL) | CAM_FOR(INIT), "labelled rows")                                    \
    X(all, "--all", SWITCH, CAM_FOR(INIT), "every key, not only those that matter most")                               \
    X(input, "--input", FILE("FILE|-"), CAM_FOR(PREDICT) | CAM_FOR(TOKENIZE), "texts; default: standard input")        \
    X(output, "--output", FILE("FILE|-"), CAM_FOR(PREDICT), "labels; default: standard output")                        \
    X(table, "--output", FILE("FILE"), CAM_FOR(TUNE), "where the table is written")                                    \
    X(folder, "--output", FOLDER("DIR"), CAM_FOR(EXPORT), "the folder that is made")                                   \
    X(export_dtype, "--dtype", CHOICE(export_dtype), CAM_FOR(EXPORT), "of the weights in the file")                    \
    X(force, "--force", SWITCH, CAM_FOR(PREDICT), "write over an output file that exists")                             \
    X(predict_format, "--format", CHOICE(predict_format), CAM_FOR(PREDICT), "csv for tables, else tsv")                \
    X(tokenize_format, "--format", CHOICE(tokenize_format), CAM_FOR(TOKENIZE), "how tokens are written")               \
    X(top_k, "--top-k", TEXT("N"), CAM_FOR(PREDICT), "with --format jsonl or csv: the N best labels too")              \
    X(fill_top_k, "--top-k", TEXT("N"), CAM_FOR(FILL), "the N best words; default: 5")                                 \
    X(digits, "--digits", TEXT("N"), CAM_FOR(PREDICT), "of scores, after the point; csv has 4, the others all")        \
    X(decimal, "--decimal", CHOICE(decimal), CAM_FOR(PREDICT), "of scores in csv; auto: a comma where ';' is between cells")\
    X(fast, "--fast", SWITCH, CAM_FOR(CLEAN), "scores by TF-IDF alone, in seconds")                                    \
    X(apply, "--apply", SWITCH, CAM_FOR(CLEAN), "write a corrected file by the decisions in suspects.csv")             \
    X(threshold, "--threshold", TEXT("P"), CAM_FOR(PREDICT), "no label where the best score is below P; default: the model's (target_accuracy)")               \
    X(json, "--json", SWITCH, CAM_FOR(EVAL) | CAM_FOR(FILL), "the result as one JSON object")                          \
    X(part, "--part", CHOICE(eval_part), CAM_FOR(EVAL), "of the file that the model was trained from")                 \
    X(unknown_labels, "--unknown-labels", CHOICE(unknown_labels), CAM_FOR(EVAL), "rows with labels that the model lacks")\
    X(text_column, "--text-column", TEXT("NAME"), CAM_FOR_DATA | CAM_FOR(INIT), "column that holds the text")          \
    X(label_column, "--label-column", TEXT("NAME"), CAM_FOR(EVAL) | CAM_FOR(INIT), "column that holds the label")      \
    X(columns, "--columns", TEXT("A,B,..."), CAM_FOR_DATA, "names of the columns of a file without a header row")      \
    X(encoding, "--encoding", CHOICE(encoding), CAM_FOR_DATA | CAM_FOR(INIT), "of the file of texts")                  \
    X(delimiter, "--delimiter", CHOICE(delimiter), CAM_FOR_DATA | CAM_FOR(INIT), "between the cells of a CSV file; write ';' quoted")\
    X(input_format, "--input-format", CHOICE(format), CAM_FOR_DATA | CAM_FOR(INIT), "of the file of texts; auto: by its ending")\
    X(on_bad_row, "--on-bad-row", CHOICE(on_bad_row), CAM_FOR_DATA, "skip: predict and tokenize answer it with nothing")\
    X(max_seq_length, "--max-seq-length", TEXT("N"), CAM_FOR(EVAL) | CAM_FOR(PREDICT), "truncate texts to N tokens")   \
    X(language, "--language", CHOICE(language), CAM_FOR(REPORT), "of the page; auto: by LC_ALL, LC_MESSAGES, LANG")    \
    X(revision, "--revision", TEXT("R"), CAM_FOR(FETCH), "branch, tag or commit; default: main")                       \
    X(device, "--device", CHOICE(device), CAM_FOR_TRAINING | CAM_FOR_MANY | CAM_FOR(EVAL) | CAM_FOR(PREDICT) | CAM_FOR(FILL), "where to compute")\
    X(color, "--color", CHOICE(color), CAM_FOR_ALL, "colour in messages")                                              \
    X(progress, "--progress", CHOICE(progress), CAM_FOR_TRAINING | CAM_FOR_MANY, "how progress is shown")                \
    X(quiet, "--quiet", SWITCH, CAM_FOR_ALL, "warnings and errors only (or -q)")                                       \
    X(verbose, "--verbose", SWITCH, CAM_FOR_ALL, "more messages; train also tells where its time went")               \
    X(help, "--help", SWITCH, CAM_FOR_ALL, "this text (or -h; or cam-train help VERB)")                                \
    X(version, "--version", SWITCH, CAM_FOR_ALL, "version, libraries and devices (or -V)")
/* clang-format on */

/* X(letter, option): short forms. */
#define CAM_SHORT_OPTIONS(X)                                                                                           \
    X("-c", "--config")                                                                                                \
    X("-h", "--help")                                                                                                  \
    X("-q", "--quiet")                                                                                                 \
    X("-V", "--version")

enum {
#define CAM_OPTION_NUMBER(field, ...) CAM_OPTION_##field,
    CAM_OPTIONS(CAM_OPTION_NUMBER)
#undef CAM_OPTION_NUMBER
        CAM_OPTION_COUNT
};

typedef enum cam_option_kind {
    CAM_OPTION_IS_SWITCH,
    CAM_OPTION_IS_TEXT,
    CAM_OPTION_IS_FILE,
    CAM_OPTION_IS_FOLDER,
    CAM_OPTION_IS_FILES,
    CAM_OPTION_IS_CHOICE
} cam_option_kind;

typedef struct cam_option_row {
    const char *option;
    cam_option_kind kind;
    const char *value;          /* its name in the help: "DIR"; NULL for a switch and for a choice */
    const char *const *choices; /* the words by enumerator; NULL where there are none */
    size_t choice_count;
    unsigned verbs; /* bit v: the verb v takes the option */
    const char *help;
} cam_option_row;

extern const cam_option_row cam_option_rows[CAM_OPTION_COUNT];

static inline int cam_option_is_of(const cam_option_row *row, cam_verb verb) {
    return (row->verbs >> verb & 1u) != 0;
}
/* The row of an option for `verb`, with "-" or "_" inside its name, or of its short form; where the verb does not take it, another row of that name; NULL if there is none. */
const cam_option_row *cam_option_find(const char *option, size_t length, cam_verb verb);
/* True where the same option has another row, for other verbs. */
int cam_option_has_several_rows(const cam_option_row *row);

#endif
