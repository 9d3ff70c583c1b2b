/* aliases.c: see aliases.h. */
#include "aliases.h"
#include <ctype.h>
#include <string.h>

#define SAME(set, name, value)                                                                                         \
    { cam_words_##set, name, value, NULL }
#define NEAR(set, name, value, note)                                                                                   \
    { cam_words_##set, name, value, note }
#define NONE(set, name, note)                                                                                          \
    { cam_words_##set, name, CAM_ALIAS_IS_REFUSED, note }

static const char latin1[] = "Latin-1 is read as windows-1252, which has all its letters",
                  f1_mean[] = "write f1_macro, in which every label counts the same, or f1_weighted, in which every "
                              "row does",
                  choose_gpu[] = "write cuda, and choose the GPU with the environment variable CUDA_VISIBLE_DEVICES",
                  write_true[] = "write true", write_false[] = "write false";

const cam_alias cam_aliases[] = {
    SAME(encoding, "utf8-sig", CAM_ENCODING_UTF8),
    SAME(encoding, "utf8-bom", CAM_ENCODING_UTF8),
    SAME(encoding, "utf8-with-bom", CAM_ENCODING_UTF8),
    SAME(encoding, "u8", CAM_ENCODING_UTF8),
    SAME(encoding, "ascii", CAM_ENCODING_UTF8),
    SAME(encoding, "us-ascii", CAM_ENCODING_UTF8),
    SAME(encoding, "utf16-le", CAM_ENCODING_UTF16),
    SAME(encoding, "utf16-be", CAM_ENCODING_UTF16),
    SAME(encoding, "u16", CAM_ENCODING_UTF16),
    SAME(encoding, "ucs2", CAM_ENCODING_UTF16),
    SAME(encoding, "ucs2-le", CAM_ENCODING_UTF16),
    SAME(encoding, "ucs2-be", CAM_ENCODING_UTF16),
    SAME(encoding, "unicode", CAM_ENCODING_UTF16),
    NEAR(encoding, "latin1", CAM_ENCODING_WINDOWS_1252, latin1),
    NEAR(encoding, "l1", CAM_ENCODING_WINDOWS_1252, latin1),
    NEAR(encoding, "iso-8859-1", CAM_ENCODING_WINDOWS_1252, latin1),
    NEAR(encoding, "8859-1", CAM_ENCODING_WINDOWS_1252, latin1),
    SAME(encoding, "cp1252", CAM_ENCODING_WINDOWS_1252),
    SAME(encoding, "win1252", CAM_ENCODING_WINDOWS_1252),
    SAME(encoding, "1252", CAM_ENCODING_WINDOWS_1252),
    SAME(encoding, "ansi", CAM_ENCODING_WINDOWS_1252),
    SAME(encoding, "mbcs", CAM_ENCODING_WINDOWS_1252),
    SAME(encoding, "windows", CAM_ENCODING_WINDOWS_1252),
    SAME(encoding, "latin9", CAM_ENCODING_ISO_8859_15),
    SAME(encoding, "l9", CAM_ENCODING_ISO_8859_15),
    SAME(encoding, "8859-15", CAM_ENCODING_ISO_8859_15),
    SAME(encoding, "mac", CAM_ENCODING_MACROMAN),
    SAME(encoding, "macintosh", CAM_ENCODING_MACROMAN),
    SAME(encoding, "x-mac-roman", CAM_ENCODING_MACROMAN),
    SAME(encoding, "apple-roman", CAM_ENCODING_MACROMAN),

    SAME(delimiter, "\t", CAM_CONFIG_DELIMITER_TAB),
    SAME(delimiter, "\\t", CAM_CONFIG_DELIMITER_TAB),
    SAME(delimiter, "tabulation", CAM_CONFIG_DELIMITER_TAB),
    SAME(delimiter, "comma", CAM_CONFIG_DELIMITER_COMMA),
    SAME(delimiter, "virgule", CAM_CONFIG_DELIMITER_COMMA),
    SAME(delimiter, "semicolon", CAM_CONFIG_DELIMITER_SEMICOLON),
    SAME(delimiter, "point-virgule", CAM_CONFIG_DELIMITER_SEMICOLON),
    SAME(delimiter, "pipe", CAM_CONFIG_DELIMITER_PIPE),
    SAME(delimiter, "bar", CAM_CONFIG_DELIMITER_PIPE),
    SAME(delimiter, "barre", CAM_CONFIG_DELIMITER_PIPE),

    SAME(decimal, ",", CAM_DECIMAL_COMMA),
    SAME(decimal, ".", CAM_DECIMAL_POINT),
    SAME(decimal, "virgule", CAM_DECIMAL_COMMA),
    SAME(decimal, "dot", CAM_DECIMAL_POINT),

    SAME(format, "json", CAM_FORMAT_JSONL),
    SAME(format, "json-lines", CAM_FORMAT_JSONL),
    SAME(format, "ndjson", CAM_FORMAT_JSONL),
    SAME(predict_format, "json", CAM_PREDICT_JSONL),
    SAME(predict_format, "json-lines", CAM_PREDICT_JSONL),
    SAME(predict_format, "ndjson", CAM_PREDICT_JSONL),
    SAME(tokenize_format, "json", CAM_TOKENIZE_JSONL),
    SAME(tokenize_format, "json-lines", CAM_TOKENIZE_JSONL),
    SAME(tokenize_format, "ndjson", CAM_TOKENIZE_JSONL),

    SAME(metric, "eval_loss", CAM_METRIC_LOSS),
    SAME(metric, "val_loss", CAM_METRIC_LOSS),
    SAME(metric, "validation_loss", CAM_METRIC_LOSS),
    SAME(metric, "acc", CAM_METRIC_ACCURACY),
    SAME(metric, "accuracy_score", CAM_METRIC_ACCURACY),
    SAME(metric, "eval_acc", CAM_METRIC_ACCURACY),
    SAME(metric, "eval_accuracy", CAM_METRIC_ACCURACY),
    SAME(metric, "val_acc", CAM_METRIC_ACCURACY),
    SAME(metric, "val_accuracy", CAM_METRIC_ACCURACY),
    SAME(metric, "macro_f1", CAM_METRIC_F1_MACRO),
    SAME(metric, "eval_f1_macro", CAM_METRIC_F1_MACRO),
    SAME(metric, "eval_macro_f1", CAM_METRIC_F1_MACRO),
    SAME(metric, "f1_score_macro", CAM_METRIC_F1_MACRO),
    SAME(metric, "macro_f1_score", CAM_METRIC_F1_MACRO),
    SAME(metric, "micro_f1", CAM_METRIC_F1_MICRO),
    SAME(metric, "eval_f1_micro", CAM_METRIC_F1_MICRO),
    SAME(metric, "eval_micro_f1", CAM_METRIC_F1_MICRO),
    SAME(metric, "f1_score_micro", CAM_METRIC_F1_MICRO),
    SAME(metric, "weighted_f1", CAM_METRIC_F1_WEIGHTED),
    SAME(metric, "eval_f1_weighted", CAM_METRIC_F1_WEIGHTED),
    SAME(metric, "eval_weighted_f1", CAM_METRIC_F1_WEIGHTED),
    SAME(metric, "f1_score_weighted", CAM_METRIC_F1_WEIGHTED),
    NONE(metric, "f1", f1_mean),
    NONE(metric, "eval_f1", f1_mean),
    NONE(metric, "f1_score", f1_mean),
    NONE(metric, "eval_f1_score", f1_mean),
    NONE(metric, "f_score", f1_mean),
    NONE(metric, "f_measure", f1_mean),
    NONE(metric, "macro avg", "write f1_macro"),
    NONE(metric, "macro", "write f1_macro"),
    NONE(metric, "weighted avg", "write f1_weighted"),
    NONE(metric, "weighted", "write f1_weighted"),
    NONE(metric, "micro", "write f1_micro"),
    NONE(metric, "balanced_accuracy", "f1_macro is the one in which every label counts the same"),

    SAME(scheduler, "linear_with_warmup", CAM_SCHEDULE_LINEAR),
    SAME(scheduler, "cosine_with_warmup", CAM_SCHEDULE_COSINE),
    NONE(scheduler, "cosine_with_restarts", "write cosine, which falls once"),
    NONE(scheduler, "cosine_with_min_lr", "write cosine, which falls to 0"),
    NONE(scheduler, "cosine_annealing", "write cosine"),
    NONE(scheduler, "polynomial", "write linear, which is the polynomial of power 1"),
    NONE(scheduler, "inverse_sqrt", "write linear or cosine"),
    NONE(scheduler, "reduce_lr_on_plateau", "write linear or cosine"),
    NONE(scheduler, "warmup_stable_decay", "write linear or cosine"),

    SAME(freezing, "null", CAM_CONFIG_FREEZE_NONE),
    SAME(freezing, "false", CAM_CONFIG_FREEZE_NONE),
    NONE(freezing, "true", "write encoder, which trains the head only"),
    NONE(freezing, "all", "write encoder, which trains the head only"),
    NONE(freezing, "backbone", "write encoder"),
    NONE(freezing, "base_model", "write encoder"),
    SAME(weighting, "null", CAM_CONFIG_CLASS_WEIGHTS_NONE),
    SAME(weighting, "false", CAM_CONFIG_CLASS_WEIGHTS_NONE),
    NONE(weighting, "true", "write balanced"),
    NONE(weighting, "auto", "write balanced"),
    SAME(label_order, "sorted", CAM_LABELS_SORTED),
    SAME(label_order, "null", CAM_LABELS_SORTED),
    SAME(sampling, "shuffle", CAM_SAMPLING_RANDOM),
    SAME(eval_strategy, "false", CAM_CONFIG_EVAL_NO), /* `no`, after a program that takes it for a boolean */
    SAME(eval_strategy, "none", CAM_CONFIG_EVAL_NO),
    SAME(eval_strategy, "epochs", CAM_CONFIG_EVAL_EPOCH),
    SAME(eval_strategy, "step", CAM_CONFIG_EVAL_STEPS),

    SAME(device, "gpu", CAM_CONFIG_DEVICE_CUDA),
    NONE(device, "cuda:0", choose_gpu),
    NONE(device, "cuda:1", choose_gpu),
    NONE(device, "mps", "write cpu"),
    NONE(bf16, "yes", write_true),
    NONE(bf16, "1", write_true),
    NONE(bf16, "no", write_false),
    NONE(bf16, "0", write_false),
    NONE(shard, "yes", write_true),
    NONE(shard, "1", write_true),
    NONE(shard, "no", write_false),
    NONE(shard, "0", write_false),
    NONE(attention, "sdpa", "write auto"),
    NONE(attention, "eager", "write native"),
    NONE(attention, "flash_attention_2", "write auto"),
};

const size_t cam_alias_count = sizeof cam_aliases / sizeof *cam_aliases;

enum { WORD_BYTES = 64 };

/* Converts to lower case without "-", "_" and space. False where nothing is left, or the word is too long. */
static int simplify(const char *word, char *out) {
    size_t length = 0;
    for (; *word && length < WORD_BYTES; word++)
        if (!strchr("-_ ", *word))
            out[length++] = (char)tolower((unsigned char)*word);
    if (length == WORD_BYTES)
        return 0;
    out[length] = '\0';
    return length > 0;
}

static int is_same(const char *simple, const char *word) {
    char other[WORD_BYTES];
    return simplify(word, other) && strcmp(simple, other) == 0;
}

int cam_choice_read(const char *const *words, size_t count, const char *word, const char **note) {
    char simple[WORD_BYTES];
    *note = NULL;
    if (!simplify(word, simple))
        return -1;
    for (size_t i = 0; i < count; i++)
        if (is_same(simple, words[i]))
            return (int)i;
    for (size_t i = 0; i < cam_alias_count; i++)
        if (cam_aliases[i].words == words && is_same(simple, cam_aliases[i].name)) {
            *note = cam_aliases[i].note;
            return cam_aliases[i].value;
        }
    return -1;
}
