/* choices.h: the sets of choices: each value with its enumerator and its word. The configuration, the command line and
 * the code that acts on a choice share one enumeration and one table of words.
 *
 * CAM_CHOICES_<set>(X) lists a set as X(enumerator, word); CAM_METRICS has more columns. Made from each list:
 *     enum cam_choice_<set>      the enumerators, from 0, and CAM_CHOICE_COUNT_<set>
 *     cam_words_<set>[]          the words, by enumerator
 *
 * To add a choice, add its row, then handle the new enumerator wherever the others of its set are used. To add a set,
 * write its list, and name it in CAM_CHOICE_SETS. A word does not change, since users have it in their files. The first
 * word of a set is the default of an option of the command line (options.h); the default of a key of the configuration
 * is in schema.h. */
#ifndef CAM_CHOICES_H
#define CAM_CHOICES_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CAM_CHOICES_init(X)                                                                                            \
    X(CAM_CONFIG_INIT_PRETRAINED, "pretrained")                                                                        \
    X(CAM_CONFIG_INIT_RANDOM, "random")
#define CAM_CHOICES_task(X)                                                                                            \
    X(CAM_CONFIG_TASK_CLASSIFY, "classify")                                                                            \
    X(CAM_CONFIG_TASK_PRETRAIN, "pretrain")
#define CAM_CHOICES_freezing(X)                                                                                        \
    X(CAM_CONFIG_FREEZE_NONE, "none")                                                                                  \
    X(CAM_CONFIG_FREEZE_EMBEDDINGS, "embeddings")                                                                      \
    X(CAM_CONFIG_FREEZE_FIRST, "first:N") /* the embeddings and the first N layers */                                  \
    X(CAM_CONFIG_FREEZE_ENCODER, "encoder")
#define CAM_CHOICES_format(X)                                                                                          \
    X(CAM_FORMAT_AUTO, "auto") /* by the file name's ending */                                                         \
    X(CAM_FORMAT_CSV, "csv")                                                                                           \
    X(CAM_FORMAT_TSV, "tsv")                                                                                           \
    X(CAM_FORMAT_JSONL, "jsonl")
#define CAM_CHOICES_encoding(X)                                                                                        \
    X(CAM_ENCODING_AUTO, "auto")                                                                                       \
    X(CAM_ENCODING_UTF8, "utf-8")                                                                                      \
    X(CAM_ENCODING_UTF16, "utf-16")                                                                                    \
    X(CAM_ENCODING_WINDOWS_1252, "windows-1252")                                                                       \
    X(CAM_ENCODING_ISO_8859_15, "iso-8859-15")                                                                         \
    X(CAM_ENCODING_MACROMAN, "macroman")
#define CAM_CHOICES_delimiter(X)                                                                                       \
    X(CAM_CONFIG_DELIMITER_AUTO, "auto")                                                                               \
    X(CAM_CONFIG_DELIMITER_SEMICOLON, ";")                                                                             \
    X(CAM_CONFIG_DELIMITER_COMMA, ",")                                                                                 \
    X(CAM_CONFIG_DELIMITER_TAB, "tab")                                                                                 \
    X(CAM_CONFIG_DELIMITER_PIPE, "|")
#define CAM_CHOICES_label_order(X)                                                                                     \
    X(CAM_LABELS_SORTED, "auto") /* sorted by code point */                                                            \
    X(CAM_LABELS_BY_APPEARANCE, "by_appearance")                                                                       \
    X(CAM_LABELS_LIST, "[label, ...]")
#define CAM_CHOICES_label_case(X)                                                                                      \
    X(CAM_LABEL_CASE_KEEP, "keep")                                                                                     \
    X(CAM_LABEL_CASE_FOLD, "fold") /* labels equal but for case are one: the most frequent spelling */
#define CAM_CHOICES_on_rare_label(X)                                                                                   \
    X(CAM_RARE_LABEL_DROP, "drop")   /* its rows are left out */                                                       \
    X(CAM_RARE_LABEL_OTHER, "other") /* its rows get the label "other" */                                              \
    X(CAM_RARE_LABEL_ERROR, "error")
#define CAM_CHOICES_on_bad_row(X)                                                                                      \
    X(CAM_BAD_ROW_ERROR, "error")                                                                                      \
    X(CAM_BAD_ROW_SKIP, "skip")
#define CAM_CHOICES_on_duplicate(X)                                                                                    \
    X(CAM_DUPLICATE_IGNORE, "ignore")                                                                                  \
    X(CAM_DUPLICATE_WARN, "warn")                                                                                      \
    X(CAM_DUPLICATE_DROP, "drop")                                                                                      \
    X(CAM_DUPLICATE_ERROR, "error")
#define CAM_CHOICES_split_duplicates(X)                                                                                \
    X(CAM_SPLIT_DUPLICATES_TOGETHER, "together") /* rows with equal texts are in one part */                           \
    X(CAM_SPLIT_DUPLICATES_APART, "apart")       /* as scikit-learn, which does not look at the texts */
#define CAM_CHOICES_split_by(X)                                                                                        \
    X(CAM_SPLIT_BY_SHUFFLE, "shuffle") /* as scikit-learn: any change of the file draws all parts anew */              \
    X(CAM_SPLIT_BY_TEXT, "text")       /* by a hash of each text: the other rows hardly matter */
#define CAM_CHOICES_scheduler(X)                                                                                       \
    X(CAM_SCHEDULE_LINEAR, "linear")                                                                                   \
    X(CAM_SCHEDULE_COSINE, "cosine")                                                                                   \
    X(CAM_SCHEDULE_CONSTANT, "constant")                                                                               \
    X(CAM_SCHEDULE_CONSTANT_WITH_WARMUP, "constant_with_warmup")
#define CAM_CHOICES_weighting(X)                                                                                       \
    X(CAM_CONFIG_CLASS_WEIGHTS_NONE, "none")                                                                           \
    X(CAM_CONFIG_CLASS_WEIGHTS_BALANCED, "balanced")                                                                   \
    X(CAM_CONFIG_CLASS_WEIGHTS_GIVEN, "{label: weight, ...}")
#define CAM_CHOICES_sampling(X)                                                                                        \
    X(CAM_SAMPLING_RANDOM, "random")                                                                                   \
    X(CAM_SAMPLING_SEQUENTIAL, "sequential")                                                                           \
    X(CAM_SAMPLING_GROUP_BY_LENGTH, "group_by_length")
#define CAM_CHOICES_on_nonfinite(X)                                                                                    \
    X(CAM_CONFIG_NONFINITE_STOP, "stop")                                                                               \
    X(CAM_CONFIG_NONFINITE_SKIP, "skip")
#define CAM_CHOICES_eval_strategy(X)                                                                                   \
    X(CAM_CONFIG_EVAL_NO, "no")                                                                                        \
    X(CAM_CONFIG_EVAL_STEPS, "steps")                                                                                  \
    X(CAM_CONFIG_EVAL_EPOCH, "epoch")
#define CAM_CHOICES_save_strategy(X)                                                                                   \
    X(CAM_CONFIG_SAVE_NO, "no")                                                                                        \
    X(CAM_CONFIG_SAVE_STEPS, "steps")                                                                                  \
    X(CAM_CONFIG_SAVE_EPOCH, "epoch")

/* The metrics of an evaluation: X(enumerator, word, field of cam_scores (metrics.h), better, where it is shown). The
 * word is the key in metrics.json and log.jsonl, which hold all of them in this order. */
#define CAM_METRICS(X)                                                                                                 \
    X(CAM_METRIC_LOSS, "loss", loss, CAM_LESS_IS_BETTER, CAM_SHOWN_EVAL | CAM_SHOWN_END | CAM_SHOWN_TABLE)             \
    X(CAM_METRIC_ACCURACY, "accuracy", accuracy, CAM_MORE_IS_BETTER, CAM_SHOWN_EVAL | CAM_SHOWN_END | CAM_SHOWN_TABLE) \
    X(CAM_METRIC_F1_MACRO, "f1_macro", f1_macro, CAM_MORE_IS_BETTER, CAM_SHOWN_EVAL | CAM_SHOWN_END)                   \
    X(CAM_METRIC_F1_MICRO, "f1_micro", f1_micro, CAM_MORE_IS_BETTER, 0) /* equals the accuracy */                      \
    X(CAM_METRIC_F1_WEIGHTED, "f1_weighted", f1_weighted, CAM_MORE_IS_BETTER, CAM_SHOWN_END)
#define CAM_CHOICES_metric(X) CAM_METRICS(X)

enum { CAM_LESS_IS_BETTER = -1, CAM_MORE_IS_BETTER = 1 };
enum {
    CAM_SHOWN_EVAL = 1, /* in the line after each evaluation */
    CAM_SHOWN_END = 2,  /* in the lines at the end of a run */
    CAM_SHOWN_TABLE = 4 /* on a line of its own in the table of eval; the F1 means are in its lines of means */
};

#define CAM_CHOICES_device(X)                                                                                          \
    X(CAM_CONFIG_DEVICE_AUTO, "auto")                                                                                  \
    X(CAM_CONFIG_DEVICE_CPU, "cpu")                                                                                    \
    X(CAM_CONFIG_DEVICE_CUDA, "cuda")
#define CAM_CHOICES_shard(X)                                                                                           \
    X(CAM_CONFIG_SHARD_AUTO, "auto")                                                                                   \
    X(CAM_CONFIG_SHARD_TRUE, "true")                                                                                   \
    X(CAM_CONFIG_SHARD_FALSE, "false")
#define CAM_CHOICES_bf16(X)                                                                                            \
    X(CAM_CONFIG_BF16_AUTO, "auto") /* true on CUDA from sm_80 on */                                                   \
    X(CAM_CONFIG_BF16_TRUE, "true")                                                                                    \
    X(CAM_CONFIG_BF16_FALSE, "false")
#define CAM_CHOICES_attention(X)                                                                                       \
    X(CAM_CONFIG_ATTENTION_AUTO, "auto")                                                                               \
    X(CAM_CONFIG_ATTENTION_NATIVE, "native")                                                                           \
    X(CAM_CONFIG_ATTENTION_CUDNN, "cudnn")

/* Options of the command line that are not keys of the configuration. */
#define CAM_CHOICES_color(X)                                                                                           \
    X(CAM_COLOR_AUTO, "auto")                                                                                          \
    X(CAM_COLOR_ALWAYS, "always")                                                                                      \
    X(CAM_COLOR_NEVER, "never")
#define CAM_CHOICES_predict_format(X)                                                                                  \
    X(CAM_PREDICT_TSV, "tsv")                                                                                          \
    X(CAM_PREDICT_JSONL, "jsonl")                                                                                      \
    X(CAM_PREDICT_CSV, "csv") /* the input's columns, then prediction and score */
#define CAM_CHOICES_decimal(X)                                                                                         \
    X(CAM_DECIMAL_AUTO, "auto") /* as the numbers of the table, or its delimiter, have it */                           \
    X(CAM_DECIMAL_COMMA, "comma")                                                                                      \
    X(CAM_DECIMAL_POINT, "point")
#define CAM_CHOICES_eval_part(X)                                                                                       \
    X(CAM_EVAL_PART_AUTO, "auto") /* the held-out rows, where the file is that of the training */                      \
    X(CAM_EVAL_PART_VALIDATION, "validation")                                                                          \
    X(CAM_EVAL_PART_TRAIN, "train")                                                                                    \
    X(CAM_EVAL_PART_ALL, "all")
#define CAM_CHOICES_unknown_labels(X)                                                                                  \
    X(CAM_UNKNOWN_LABELS_ERROR, "error")                                                                               \
    X(CAM_UNKNOWN_LABELS_SKIP, "skip")
#define CAM_CHOICES_tokenize_format(X)                                                                                 \
    X(CAM_TOKENIZE_JSONL, "jsonl")                                                                                     \
    X(CAM_TOKENIZE_IDS, "ids")                                                                                         \
    X(CAM_TOKENIZE_PIECES, "pieces")
#define CAM_CHOICES_export_dtype(X)                                                                                    \
    X(CAM_EXPORT_F32, "f32")                                                                                           \
    X(CAM_EXPORT_F16, "f16")                                                                                           \
    X(CAM_EXPORT_BF16, "bf16")
#define CAM_CHOICES_progress(X)                                                                                        \
    X(CAM_PROGRESS_AUTO, "auto")                                                                                       \
    X(CAM_PROGRESS_BAR, "bar")     /* one redrawn line */                                                              \
    X(CAM_PROGRESS_LINES, "lines") /* a line every logging_steps, no carriage return */                                \
    X(CAM_PROGRESS_NONE, "none")

#define CAM_CHOICES_report(X)                                                                                          \
    X(CAM_REPORT_JSONL, "jsonl")                                                                                       \
    X(CAM_REPORT_HTML, "html")                                                                                         \
    X(CAM_REPORT_TENSORBOARD, "tensorboard")
#define CAM_CHOICES_language(X)                                                                                        \
    X(CAM_LANGUAGE_AUTO, "auto") /* by LC_ALL, LC_MESSAGES, LANG */                                                    \
    X(CAM_LANGUAGE_FR, "fr")                                                                                           \
    X(CAM_LANGUAGE_EN, "en")

/* X(set): every list above. */
#define CAM_CHOICE_SETS(X)                                                                                             \
    X(init)                                                                                                            \
    X(task)                                                                                                            \
    X(freezing)                                                                                                        \
    X(format)                                                                                                          \
    X(encoding)                                                                                                        \
    X(delimiter)                                                                                                       \
    X(label_order)                                                                                                     \
    X(label_case)                                                                                                      \
    X(on_rare_label)                                                                                                   \
    X(on_bad_row)                                                                                                      \
    X(on_duplicate)                                                                                                    \
    X(split_duplicates)                                                                                                \
    X(split_by)                                                                                                        \
    X(scheduler)                                                                                                       \
    X(weighting)                                                                                                       \
    X(sampling)                                                                                                        \
    X(on_nonfinite)                                                                                                    \
    X(eval_strategy)                                                                                                   \
    X(save_strategy)                                                                                                   \
    X(metric)                                                                                                          \
    X(device)                                                                                                          \
    X(shard)                                                                                                           \
    X(bf16)                                                                                                            \
    X(attention)                                                                                                       \
    X(color)                                                                                                           \
    X(predict_format)                                                                                                  \
    X(decimal)                                                                                                         \
    X(eval_part)                                                                                                       \
    X(unknown_labels)                                                                                                  \
    X(tokenize_format)                                                                                                 \
    X(export_dtype)                                                                                                    \
    X(progress)                                                                                                        \
    X(report)                                                                                                          \
    X(language)

#define CAM_CHOICE_ENUMERATOR(code, ...) code,
/* clang-format off */
#define CAM_CHOICE_ENUM(set)                                                                                           \
    enum cam_choice_##set { CAM_CHOICES_##set(CAM_CHOICE_ENUMERATOR) CAM_CHOICE_COUNT_##set };                         \
    extern const char *const cam_words_##set[CAM_CHOICE_COUNT_##set];
/* clang-format on */
CAM_CHOICE_SETS(CAM_CHOICE_ENUM)
#undef CAM_CHOICE_ENUM
#undef CAM_CHOICE_ENUMERATOR

/* The enumerator of a word in such a table; -1 where the table has no such word. */
int cam_choice_find(const char *const *words, size_t count, const char *word);

/* Flags of the key report_to: bit i stands for the word i. */
enum {
    CAM_CONFIG_REPORT_JSONL = 1 << CAM_REPORT_JSONL,
    CAM_CONFIG_REPORT_HTML = 1 << CAM_REPORT_HTML,
    CAM_CONFIG_REPORT_TENSORBOARD = 1 << CAM_REPORT_TENSORBOARD
};

#ifdef __cplusplus
}
#endif

#endif
