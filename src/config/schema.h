/* schema.h: every key of the configuration, declared once.
 *
 * CAM_CONFIG_KEYS makes the fields of struct cam_config, the parser, the defaults, `show`, `init`,
 * docs/configuration.md, the manual page and the shell completion. Leaf names are unique over all sections. Every key
 * has an effect.
 *
 * X(section, leaf, C type of the field, kind, default as YAML, limits, help)
 *   kind    how a value is read and written: cam_config_kind, without its prefix
 *   limits  one of
 *             NONE
 *             CLOSED(a, b)          a number in [a, b]
 *             OPEN(a, b)            in (a, b)
 *             OPEN_ABOVE(a, b)      in [a, b)
 *             OPEN_BELOW(a, b)      in (a, b]
 *             AT_LEAST(a)           at least a
 *             CHOICES(set)          a word of a set of choices.h
 *             CLOSED_CHOICES(a, b, set)
 *   help    one line for `init`, docs/configuration.md and the manual page
 */
#ifndef CAM_SCHEMA_H
#define CAM_SCHEMA_H

#include "cam/status.h"
#include "strbuf.h"
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
#define CAM_CONFIG_KEYS(X)                                                                                             \
    X(model, model_name_or_path, const char *, PATH, "camembert-base", NONE,                                           \
      "Hub id or local folder (Hugging Face layout)")                                                                  \
    X(model, revision, const char *, TEXT, "main", NONE,                                                               \
      "branch, tag or commit of a Hub model")                                                                          \
    X(model, init, enum cam_choice_init, CHOICE, "pretrained", CHOICES(init),                                          \
      "pretrained | random (needs only config.json and the tokenizer)")                                                \
    X(model, num_labels, int64_t, INTEGER_OR_AUTO, "auto", CLOSED(2, 65536),                                           \
      "auto = as many as the data has")                                                                                \
    X(model, max_seq_length, int64_t, INTEGER, "256", CLOSED(3, 8192),                                                 \
      "longer texts are truncated; the run reports how many")                                                          \
    X(model, freeze, cam_config_freeze, FREEZE, "none", CLOSED_CHOICES(1, 1000, freezing),                             \
      "none | embeddings | first:N (embeddings and N layers) | encoder (all but classifier.*)")                        \
    X(model, frozen_dropout, bool, BOOLEAN, "false", NONE,                                                             \
      "true = frozen layers apply dropout, as after model.train() in PyTorch")                                         \
    X(model, layerwise_lr_decay, double, NUMBER, "1.0", OPEN_BELOW(0, 1),                                              \
      "factor d of the rate: head 1, layer i of L (from 1) d^(L+1-i), embeddings d^(L+1)")                             \
    X(model, classifier_dropout, double, NUMBER_OR_NULL, "null", OPEN_ABOVE(0, 1),                                     \
      "dropout of the head; null = the model's own")                                                                   \
    X(data, train_file, const char *, FILES, "data/train.csv", NONE,                                                   \
      ".csv .tsv .jsonl by ending; for pretraining also a list, patterns such as texts/*.txt, and a text a line")      \
    X(data, validation_file, const char *, PATH_OR_NULL, "null", NONE,                                                 \
      "null = split train_file")                                                                                       \
    X(data, test_file, const char *, PATH_OR_NULL, "null", NONE,                                                       \
      "scored once, at the end, with the best model")                                                                  \
    X(data, format, enum cam_choice_format, CHOICE, "auto", CHOICES(format),                                           \
      "auto (by the ending, else by the first bytes) | csv | tsv | jsonl")                                             \
    X(data, encoding, enum cam_choice_encoding, CHOICE, "auto", CHOICES(encoding),                                     \
      "auto (UTF-8, or UTF-16 by its mark) | utf-8 | utf-16 | windows-1252 | iso-8859-15 | macroman")                  \
    X(data, delimiter, enum cam_choice_delimiter, CHOICE, "auto", CHOICES(delimiter),                                  \
      "auto = the one of ; , tab | that splits the first records most evenly")                                         \
    X(data, columns, cam_config_list, COLUMNS, "null", NONE,                                                           \
      "e.g. [label, text] where the file has no header row")                                                           \
    X(data, text_column, const char *, TEXT, "text", NONE,                                                             \
      "column that holds the text")                                                                                    \
    X(data, label_column, const char *, TEXT, "label", NONE,                                                           \
      "column that holds the label")                                                                                   \
    X(data, labels, cam_config_labels, LABELS, "auto", CHOICES(label_order),                                           \
      "auto = sorted by code point | by_appearance | an ordered list, which fixes the ids")                            \
    X(data, label_map, cam_config_map, LABEL_MAP, "null", NONE,                                                        \
      "{old: new, ...} renames labels as they are read; {old: \"\"} leaves their rows out")                            \
    X(data, label_case, enum cam_choice_label_case, CHOICE, "keep", CHOICES(label_case),                               \
      "keep | fold (labels that differ only by case are one)")                                                         \
    X(data, min_rows_per_label, int64_t, INTEGER, "1", CLOSED(1, 1000000),                                             \
      "a label with fewer rows in train_file is rare: see on_rare_label")                                              \
    X(data, on_rare_label, enum cam_choice_on_rare_label, CHOICE, "drop", CHOICES(on_rare_label),                      \
      "drop (leave its rows out) | other (one label for all of them) | error")                                         \
    X(data, validation_split, double, NUMBER, "0.1", OPEN_ABOVE(0, 1),                                                 \
      "fraction of train_file, where validation_file is null; 0 = no row is held out, and the last model is kept")     \
    X(data, stratify, bool, BOOLEAN, "true", NONE,                                                                     \
      "the split keeps the proportions of the labels")                                                                 \
    X(data, split_seed, int64_t, INTEGER, "42", CLOSED(0, 4294967295),                                                 \
      "the split does not change with training.seed")                                                                  \
    X(data, split_duplicates, enum cam_choice_split_duplicates, CHOICE, "together", CHOICES(split_duplicates),         \
      "together (equal texts are in one part) | apart (as scikit-learn)")                                              \
    X(data, split_by, enum cam_choice_split_by, CHOICE, "shuffle", CHOICES(split_by),                                  \
      "shuffle (as scikit-learn) | text (a row stays in its part when other rows change)")                             \
    X(data, max_train_samples, int64_t, INTEGER_OR_NULL, "null", AT_LEAST(1),                                          \
      "only the first N rows of train_file, before it is split")                                                       \
    X(data, max_eval_samples, int64_t, INTEGER_OR_NULL, "null", AT_LEAST(1),                                           \
      "only the first N rows of validation_file and of test_file")                                                     \
    X(data, on_bad_row, enum cam_choice_on_bad_row, CHOICE, "error", CHOICES(on_bad_row),                              \
      "error | skip (skips are counted and reported)")                                                                 \
    X(data, on_duplicate, enum cam_choice_on_duplicate, CHOICE, "warn", CHOICES(on_duplicate),                         \
      "ignore | warn | drop | error")                                                                                  \
    X(training, output_dir, const char *, PATH, "runs/commandes", NONE,                                                \
      "where the trained model and the logs go")                                                                       \
    X(training, overwrite_output_dir, bool, BOOLEAN, "false", NONE,                                                    \
      "true = replace the files in output_dir")                                                                        \
    X(training, num_train_epochs, double, NUMBER, "3", OPEN_BELOW(0, 1000000),                                         \
      "passes over the training rows; 0.5 is half a pass")                                                             \
    X(training, max_steps, int64_t, INTEGER, "-1", AT_LEAST(-1),                                                       \
      "above 0 replaces num_train_epochs")                                                                             \
    X(training, per_device_train_batch_size, int64_t, INTEGER, "32", CLOSED(1, 65536),                                 \
      "rows of a micro-batch for each rank")                                                                           \
    X(training, gradient_accumulation_steps, int64_t, INTEGER, "1", CLOSED(1, 65536),                                  \
      "micro-batches of an optimizer step")                                                                            \
    X(training, learning_rate, double, NUMBER, "2e-5", CLOSED(0, 0.1),                                                 \
      "the highest of the schedule, for the head (layerwise_lr_decay: for the others)")                                \
    X(training, weight_decay, double, NUMBER, "0.01", CLOSED(0, 1),                                                    \
      "decoupled, as in AdamW")                                                                                        \
    X(training, decay_bias_and_norm, bool, BOOLEAN, "false", NONE,                                                     \
      "true = biases and LayerNorm too, as torch.optim.AdamW(model.parameters()) does")                                \
    X(training, adam_beta1, double, NUMBER, "0.9", OPEN_ABOVE(0, 1),                                                   \
      "decay of the first moment")                                                                                     \
    X(training, adam_beta2, double, NUMBER, "0.999", OPEN_ABOVE(0, 1),                                                 \
      "decay of the second moment")                                                                                    \
    X(training, adam_epsilon, double, NUMBER, "1e-8", OPEN_BELOW(0, 1),                                                \
      "added to the root of the second moment")                                                                        \
    X(training, max_grad_norm, double, NUMBER, "1.0", AT_LEAST(0),                                                     \
      "gradients with a larger norm are scaled down to it; 0 = off")                                                   \
    X(training, lr_scheduler_type, enum cam_choice_scheduler, CHOICE, "linear", CHOICES(scheduler),                    \
      "linear | cosine | constant | constant_with_warmup")                                                             \
    X(training, warmup_ratio, double, NUMBER, "0.06", CLOSED(0, 1),                                                    \
      "fraction of all steps")                                                                                         \
    X(training, warmup_steps, int64_t, INTEGER, "0", AT_LEAST(0),                                                      \
      "above 0 replaces warmup_ratio; below 1 it is the ratio, as in transformers 5")                                                                                 \
    X(training, class_weights, cam_config_weights, CLASS_WEIGHTS, "none", CLOSED_CHOICES(1e-9, 1e6, weighting),        \
      "none | balanced | {label: weight}")                                                                             \
    X(training, label_smoothing_factor, double, NUMBER, "0.0", OPEN_ABOVE(0, 1),                                       \
      "0 = off")                                                                                                       \
    X(training, gradient_checkpointing, bool, BOOLEAN, "false", NONE,                                                  \
      "less memory, more time, equal gradients")                                                                       \
    X(training, train_sampling_strategy, enum cam_choice_sampling, CHOICE, "random", CHOICES(sampling),                \
      "random | sequential | group_by_length")                                                                         \
    X(training, bf16, enum cam_choice_bf16, CHOICE, "auto", CHOICES(bf16),                                             \
      "auto = on CUDA from sm_80 on; false elsewhere")                                                                 \
    X(training, tf32, bool, BOOLEAN, "true", NONE,                                                                     \
      "on CUDA, f32 products are rounded to tf32")                                                                     \
    X(training, seed, int64_t, INTEGER, "42", CLOSED(0, 4294967295),                                                   \
      "for fresh weights, the order of the rows and dropout")                                                          \
    X(training, on_nonfinite, enum cam_choice_on_nonfinite, CHOICE, "stop", CHOICES(on_nonfinite),                     \
      "stop | skip (a step whose loss or gradients are not finite)")                                                   \
    X(pretraining, task, enum cam_choice_task, CHOICE, "classify", CHOICES(task),                                      \
      "classify | pretrain (learn the language from texts without labels; cam-train pretrain sets it)")                \
    X(pretraining, mlm_probability, double, NUMBER, "0.15", OPEN_ABOVE(0, 1),                                          \
      "part of the tokens that the model has to guess; 0 = none: it learns the states of distill_teacher alone")       \
    X(pretraining, whole_word_mask, bool, BOOLEAN, "true", NONE,                                                       \
      "true = all pieces of a word are guessed together")                                                              \
    X(pretraining, cache_dir, const char *, PATH_OR_NULL, "null", NONE,                                                \
      "folder for the tokenised texts, which a later run takes; null = output_dir")                                    \
    X(distill, distill_teacher, const char *, PATH_OR_NULL, "null", NONE,                                              \
      "Hub id or local folder of a model from which this one also learns: a classifier, or in pretraining an encoder") \
    X(distill, distill_layers, cam_config_layers, LAYERS, "null", CLOSED(1, 1000),                                     \
      "the model begins as layers of the teacher: N of them, evenly spaced, or a list such as [0, 2, 4]")              \
    X(distill, distill_temperature, double, NUMBER, "2", OPEN_BELOW(0, 1000),                                          \
      "above 1 the teacher's probabilities of other labels weigh more")                                                \
    X(distill, distill_alpha, double, NUMBER, "0.5", CLOSED(0, 1),                                                     \
      "weight of the teacher's targets; that of the labels is 1 - alpha")                                              \
    X(distill, distill_hidden, double, NUMBER, "0", CLOSED(0, 1000),                                                   \
      "weight of the squared distance to the teacher's last hidden state; 0 = off")                                    \
    X(distill, distill_texts, const char *, PATH_OR_NULL, "null", NONE,                                                \
      "file of texts without labels, for which the teacher's answers are learnt, too")                                 \
    X(eval, eval_strategy, enum cam_choice_eval_strategy, CHOICE, "epoch", CHOICES(eval_strategy),                     \
      "no | steps | epoch")                                                                                            \
    X(eval, eval_steps, int64_t, INTEGER, "500", AT_LEAST(1),                                                          \
      "steps between two evaluations, with eval_strategy: steps")                                                      \
    X(eval, per_device_eval_batch_size, int64_t, INTEGER, "64", CLOSED(1, 65536),                                      \
      "rows at a time; no effect on the figures")                                                                      \
    X(eval, metric_for_best_model, enum cam_choice_metric, CHOICE, "f1_macro", CHOICES(metric),                        \
      "the metric that chooses the best model; of the loss, the lowest value")                                         \
    X(eval, load_best_model_at_end, bool, BOOLEAN, "true", NONE,                                                       \
      "false = the last model is the result")                                                                          \
    X(eval, early_stopping_patience, int64_t, INTEGER, "0", AT_LEAST(0),                                               \
      "evaluations in a row without a gain that end the run; 0 = off")                                                 \
    X(eval, early_stopping_threshold, double, NUMBER, "0.0", AT_LEAST(0),                                              \
      "a smaller gain counts as none")                                                                                 \
    X(eval, calibrate, bool, BOOLEAN, "false", NONE,                                                                   \
      "true = the saved scores become probabilities, by one temperature that the validation rows choose")              \
    X(eval, target_accuracy, double, NUMBER_OR_NULL, "null", OPEN(0, 1),                                               \
      "e.g. 0.95: predict gives no label below the score from which on so many are right; null = it always does")      \
    X(checkpoint, save_strategy, enum cam_choice_save_strategy, CHOICE, "epoch", CHOICES(save_strategy),               \
      "no | steps | epoch: when a checkpoint is written, to go on from; the best model is kept in any case")           \
    X(checkpoint, save_steps, int64_t, INTEGER, "500", AT_LEAST(1),                                                    \
      "steps between two checkpoints, with save_strategy: steps")                                                      \
    X(checkpoint, save_total_limit, int64_t, INTEGER, "2", AT_LEAST(1),                                                \
      "checkpoints that stay; the newest one and that of the best model always do")                                    \
    X(checkpoint, resume_from_checkpoint, const char *, PATH, "auto", NONE,                                            \
      "auto (a stopped run in output_dir goes on) | none | a folder checkpoint-N; --resume is the same")               \
    X(measure, folds, int64_t, INTEGER, "5", CLOSED(2, 1000),                                                          \
      "cam-train measure, compare, curve: parts of train_file, each held out once")                                    \
    X(measure, seeds, cam_config_seeds, SEEDS, "[42]", CLOSED(0, 4294967295),                                          \
      "every fold is trained once with each of these instead of training.seed")                                        \
    X(measure, group_column, const char *, TEXT_OR_NULL, "null", NONE,                                                 \
      "column of a customer, a thread, ...: rows with one value are in one fold")                                      \
    X(measure, confidence, double, NUMBER, "0.95", CLOSED(0.5, 0.999),                                                 \
      "of the intervals")                                                                                              \
    X(measure, final, bool, BOOLEAN, "true", NONE,                                                                     \
      "true = measure then trains the model on all rows, into output_dir/model")                                       \
    X(logging, logging_steps, int64_t, INTEGER, "20", AT_LEAST(1),                                                     \
      "a progress line every so many steps")                                                                           \
    X(logging, report_to, unsigned, REPORT_TO, "[jsonl, html]", NONE,                                                  \
      "jsonl writes log.jsonl, html and tensorboard also report.html and event files, made from it; [] writes none")  \
    X(logging, language, enum cam_choice_language, CHOICE, "auto", CHOICES(language),                                  \
      "auto (by LC_ALL, LC_MESSAGES, LANG) | fr | en: of report.html")                                                 \
    X(hardware, device, enum cam_choice_device, CHOICE, "auto", CHOICES(device),                                       \
      "auto = a GPU where there is one | cpu | cuda")                                                                  \
    X(hardware, attention, enum cam_choice_attention, CHOICE, "auto", CHOICES(attention),                              \
      "auto | native | cudnn (bf16 without attention dropout; else native)")                                           \
    X(hardware, cpu_threads, int64_t, INTEGER_OR_AUTO, "auto", CLOSED(1, 1024),                                        \
      "auto = the processors that are allowed (affinity, cgroup quota), shared by the machine's ranks")                \
    X(hardware, shard_optimizer, enum cam_choice_shard, CHOICE, "auto", CHOICES(shard),                                \
      "each rank keeps a shard of AdamW's state (ZeRO-1); auto = on the CPU")                                          \
    X(hardware, ddp_timeout, int64_t, INTEGER, "600", CLOSED(1, 864000),                                               \
      "seconds to wait for another rank before the run fails")
/* clang-format on */

typedef enum cam_config_key {
#define CAM_CONFIG_KEY(section, leaf, ...) CAM_KEY_##leaf,
    CAM_CONFIG_KEYS(CAM_CONFIG_KEY)
#undef CAM_CONFIG_KEY
        CAM_CONFIG_KEY_COUNT
} cam_config_key;

typedef enum cam_config_kind {
    CAM_KIND_TEXT,            /* const char *: any text but an empty one; never NULL */
    CAM_KIND_PATH,            /* the same; a bare null is refused */
    CAM_KIND_PATH_OR_NULL,    /* the same; NULL for null */
    CAM_KIND_TEXT_OR_NULL,    /* const char *: any text but an empty one; NULL for null */
    CAM_KIND_FILES,           /* as PATH: the first of a list, which is cam_config.train_files */
    CAM_KIND_NUMBER,          /* double, finite */
    CAM_KIND_NUMBER_OR_NULL,  /* double; -1 for null */
    CAM_KIND_INTEGER,         /* int64_t */
    CAM_KIND_INTEGER_OR_NULL, /* int64_t; 0 for null */
    CAM_KIND_INTEGER_OR_AUTO, /* int64_t; 0 for auto */
    CAM_KIND_BOOLEAN,         /* bool; written true or false in any case, nothing else */
    CAM_KIND_CHOICE,          /* an enum of choices.h */
    CAM_KIND_FREEZE,          /* cam_config_freeze */
    CAM_KIND_LABELS,          /* cam_config_labels */
    CAM_KIND_COLUMNS,         /* cam_config_list; count 0 for null */
    CAM_KIND_LAYERS,          /* cam_config_layers */
    CAM_KIND_SEEDS,           /* cam_config_seeds */
    CAM_KIND_CLASS_WEIGHTS,   /* cam_config_weights */
    CAM_KIND_LABEL_MAP,       /* cam_config_map; count 0 for null */
    CAM_KIND_REPORT_TO        /* unsigned: CAM_CONFIG_REPORT_* flags */
} cam_config_kind;

/* One key. All text is static. */
typedef struct cam_config_row {
    const char *section, *leaf;
    cam_config_kind kind;
    const char *default_text; /* as YAML */
    const char *help;
    double low, high;           /* numbers; high is INFINITY where there is no limit */
    bool low_open, high_open;   /* the limit itself is refused */
    const char *const *choices; /* the words by enumerator; NULL where there are none */
    size_t choice_count;
} cam_config_row;

/* The table, in the order in which keys are printed; rows[key] belongs to CAM_KEY_<leaf>. */
extern const cam_config_row cam_config_rows[CAM_CONFIG_KEY_COUNT];

/* By leaf name; NULL where there is none. */
const cam_config_row *cam_config_row_find(const char *leaf);
int cam_config_section_exists(const char *section);
/* Appends the values of a key in words, for messages and the reference: "a number from 0 to 0.1", "auto or cpu". */
void cam_config_row_describe(const cam_config_row *row, cam_strbuf *out);

/* Appends the message about a key that is unknown or in the wrong section, with the key that was probably meant:
 *     unknown key "learning_rat" in training; did you mean "learning_rate"?
 * `section` is NULL for the command line without a section, "" for the top level of a file. */
void cam_config_explain_key(const char *section, const char *leaf, cam_strbuf *out);
/* The same for a section. */
void cam_config_explain_section(const char *section, cam_strbuf *out);
/* The row of a key, or of a name that other tools have for it, with "-" or "_"; NULL where there is none. */
const cam_config_row *cam_config_row_meant(const char *name);
/* For a setting of another tool that is no key of ours: appends "; for true write device=cpu, else leave it out" or
 * " has no counterpart; leave it out". 0 where nothing is known of it. */
int cam_config_explain_foreign(const char *section, const char *leaf, cam_strbuf *out);

#ifdef __cplusplus
}
#endif
#endif
