/* choices.h: the words that keys with a closed set of values take, each beside its enumerator.
 *
 * One list a key: CAM_CHOICES_<set>(X) with X(enumerator, word). The first word is what auto-completion offers first,
 * not necessarily the default. Words are the contract with the user; the order of enumerators is free.
 */
#ifndef CAM_CHOICES_H
#define CAM_CHOICES_H

#define CAM_CHOICES_init(X)                                                                                            \
    X(CAM_CONFIG_INIT_PRETRAINED, "pretrained")                                                                        \
    X(CAM_CONFIG_INIT_RANDOM, "random")
#define CAM_CHOICES_freezing(X)                                                                                        \
    X(CAM_CONFIG_FREEZE_NONE, "none")                                                                                  \
    X(CAM_CONFIG_FREEZE_EMBEDDINGS, "embeddings")                                                                      \
    X(CAM_CONFIG_FREEZE_FIRST, "first:N") /* the embeddings and the N layers next to them */                           \
    X(CAM_CONFIG_FREEZE_ENCODER, "encoder")
#define CAM_CHOICES_format(X)                                                                                          \
    X(CAM_CONFIG_FORMAT_AUTO, "auto") /* by the file name's ending */                                                  \
    X(CAM_CONFIG_FORMAT_CSV, "csv")                                                                                    \
    X(CAM_CONFIG_FORMAT_TSV, "tsv")                                                                                    \
    X(CAM_CONFIG_FORMAT_JSONL, "jsonl")
#define CAM_CHOICES_encoding(X)                                                                                        \
    X(CAM_CONFIG_ENCODING_AUTO, "auto")                                                                                \
    X(CAM_CONFIG_ENCODING_UTF_8, "utf-8")                                                                              \
    X(CAM_CONFIG_ENCODING_UTF_16, "utf-16")                                                                            \
    X(CAM_CONFIG_ENCODING_WINDOWS_1252, "windows-1252")
#define CAM_CHOICES_delimiter(X)                                                                                       \
    X(CAM_CONFIG_DELIMITER_AUTO, "auto")                                                                               \
    X(CAM_CONFIG_DELIMITER_SEMICOLON, ";")                                                                             \
    X(CAM_CONFIG_DELIMITER_COMMA, ",")                                                                                 \
    X(CAM_CONFIG_DELIMITER_TAB, "tab")
#define CAM_CHOICES_label_order(X)                                                                                     \
    X(CAM_CONFIG_LABELS_AUTO, "auto") /* sorted by code point */                                                       \
    X(CAM_CONFIG_LABELS_BY_APPEARANCE, "by_appearance")                                                                \
    X(CAM_CONFIG_LABELS_LIST, "[label, ...]")
#define CAM_CHOICES_on_bad_row(X)                                                                                      \
    X(CAM_CONFIG_BAD_ROW_ERROR, "error")                                                                               \
    X(CAM_CONFIG_BAD_ROW_SKIP, "skip")
#define CAM_CHOICES_on_duplicate(X)                                                                                    \
    X(CAM_CONFIG_DUPLICATE_IGNORE, "ignore")                                                                           \
    X(CAM_CONFIG_DUPLICATE_WARN, "warn")                                                                               \
    X(CAM_CONFIG_DUPLICATE_DROP, "drop")                                                                               \
    X(CAM_CONFIG_DUPLICATE_ERROR, "error")
#define CAM_CHOICES_scheduler(X)                                                                                       \
    X(CAM_CONFIG_SCHEDULER_LINEAR, "linear")                                                                           \
    X(CAM_CONFIG_SCHEDULER_COSINE, "cosine")                                                                           \
    X(CAM_CONFIG_SCHEDULER_CONSTANT, "constant")                                                                       \
    X(CAM_CONFIG_SCHEDULER_CONSTANT_WITH_WARMUP, "constant_with_warmup")
#define CAM_CHOICES_weighting(X)                                                                                       \
    X(CAM_CONFIG_CLASS_WEIGHTS_NONE, "none")                                                                           \
    X(CAM_CONFIG_CLASS_WEIGHTS_BALANCED, "balanced")                                                                   \
    X(CAM_CONFIG_CLASS_WEIGHTS_GIVEN, "{label: weight, ...}")
#define CAM_CHOICES_sampling(X)                                                                                        \
    X(CAM_CONFIG_SAMPLING_RANDOM, "random")                                                                            \
    X(CAM_CONFIG_SAMPLING_SEQUENTIAL, "sequential")                                                                    \
    X(CAM_CONFIG_SAMPLING_GROUP_BY_LENGTH, "group_by_length")
#define CAM_CHOICES_on_nonfinite(X)                                                                                    \
    X(CAM_CONFIG_NONFINITE_STOP, "stop")                                                                               \
    X(CAM_CONFIG_NONFINITE_SKIP, "skip")
#define CAM_CHOICES_eval_strategy(X)                                                                                   \
    X(CAM_CONFIG_EVAL_NO, "no")                                                                                        \
    X(CAM_CONFIG_EVAL_STEPS, "steps")                                                                                  \
    X(CAM_CONFIG_EVAL_EPOCH, "epoch")
#define CAM_CHOICES_metric(X)                                                                                          \
    X(CAM_CONFIG_METRIC_F1_MACRO, "f1_macro")                                                                          \
    X(CAM_CONFIG_METRIC_F1_MICRO, "f1_micro")                                                                          \
    X(CAM_CONFIG_METRIC_F1_WEIGHTED, "f1_weighted")                                                                    \
    X(CAM_CONFIG_METRIC_ACCURACY, "accuracy")                                                                          \
    X(CAM_CONFIG_METRIC_LOSS, "loss") /* the only one of which less is better */
#define CAM_CHOICES_device(X)                                                                                          \
    X(CAM_CONFIG_DEVICE_AUTO, "auto")                                                                                  \
    X(CAM_CONFIG_DEVICE_CPU, "cpu")                                                                                    \
    X(CAM_CONFIG_DEVICE_CUDA, "cuda")
#define CAM_CHOICES_shard(X)                                                                                           \
    X(CAM_CONFIG_SHARD_AUTO, "auto")                                                                                   \
    X(CAM_CONFIG_SHARD_TRUE, "true")                                                                                   \
    X(CAM_CONFIG_SHARD_FALSE, "false")
#define CAM_CHOICES_bf16(X)                                                                                            \
    X(CAM_CONFIG_BF16_AUTO, "auto") /* where the device has it */                                                      \
    X(CAM_CONFIG_BF16_TRUE, "true")                                                                                    \
    X(CAM_CONFIG_BF16_FALSE, "false")
#define CAM_CHOICES_attention(X)                                                                                       \
    X(CAM_CONFIG_ATTENTION_AUTO, "auto")                                                                               \
    X(CAM_CONFIG_ATTENTION_NATIVE, "native")                                                                           \
    X(CAM_CONFIG_ATTENTION_CUDNN, "cudnn")

/* X(set): every list above; the enum of a set is `enum cam_config_<set>`. */
#define CAM_CHOICE_SETS(X)                                                                                             \
    X(init)                                                                                                            \
    X(freezing)                                                                                                        \
    X(format)                                                                                                          \
    X(encoding)                                                                                                        \
    X(delimiter)                                                                                                       \
    X(label_order)                                                                                                     \
    X(on_bad_row)                                                                                                      \
    X(on_duplicate)                                                                                                    \
    X(scheduler)                                                                                                       \
    X(weighting)                                                                                                       \
    X(sampling)                                                                                                        \
    X(on_nonfinite)                                                                                                    \
    X(eval_strategy)                                                                                                   \
    X(metric)                                                                                                          \
    X(device)                                                                                                          \
    X(shard)                                                                                                           \
    X(bf16)                                                                                                            \
    X(attention)

#define CAM_CHOICE_ENUMERATOR(code, word) code,
/* clang-format off */
#define CAM_CHOICE_ENUM(set)                                                                                           \
    enum cam_config_##set { CAM_CHOICES_##set(CAM_CHOICE_ENUMERATOR) CAM_CHOICE_COUNT_##set };
/* clang-format on */
CAM_CHOICE_SETS(CAM_CHOICE_ENUM)
#undef CAM_CHOICE_ENUM
#undef CAM_CHOICE_ENUMERATOR

/* report_to is a set of these. */
enum { CAM_CONFIG_REPORT_JSONL = 1 };

#endif
