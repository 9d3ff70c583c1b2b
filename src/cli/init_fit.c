/* init_fit.c: see init_fit.h. */
#include "init_fit.h"
#include "files.h"
#include "fit.h"
#include "model_config.h"
#include "model_get.h"
#include "plain.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BASE_HIDDEN = 768, BASE_TOKENS = 512, USUAL_TOKENS = 256 };

/* What is known of the model before a run. */
typedef struct model_facts {
    int32_t hidden, max_tokens;
    int without_weights;
} model_facts;

/* Consumes the text. */
static void add_reason(cam_init_fit *fit, cam_config_key key, cam_strbuf *why) {
    CAM_ASSERT(fit->count < CAM_INIT_KEYS);
    fit->reasons[fit->count++] = (cam_config_reason){key, cam_config_keep(&fit->config, cam_strbuf_text(why))};
    cam_strbuf_release(why);
}

/* because(fit, key, format, ...): the key is written, with this reason. */
#define because(fit, key, ...)                                                                                         \
    do {                                                                                                               \
        cam_strbuf why = CAM_STRBUF_INIT;                                                                              \
        cam_strbuf_printf(&why, __VA_ARGS__);                                                                          \
        add_reason(fit, key, &why);                                                                                    \
    } while (0)

/* --- model --- */

static cam_status read_model(const char *folder, model_facts *facts) {
    cam_status st = CAM_OK;
    cam_model_config config = {0};
    char *path = cam_path_join(folder, "config.json");
    CAM_TRY(cam_model_config_read(path, &config));
    facts->hidden = config.hidden_size;
    facts->max_tokens = cam_model_config_max_tokens(&config);
out:
    cam_model_config_release(&config);
    free(path);
    return st;
}

static cam_status locate(const char *model, char **folder, model_facts *facts) {
    cam_status st = cam_model_get(NULL, model, NULL, CAM_MODEL_WEIGHTS, NULL, folder);
    if (st != CAM_E_MODEL)
        return st;
    char *message = strdup(cam_status_message());
    facts->without_weights = cam_model_locate(model, NULL, CAM_MODEL_CONFIG_ONLY, folder) == CAM_OK;
    if (!facts->without_weights)
        st = cam_fail_again(st, message ? message : "no model");
    free(message);
    return facts->without_weights ? CAM_OK : st;
}

/* Appends the size of the weights in a folder; nothing where they are in several files. */
static void put_weights(const char *folder, cam_strbuf *out) {
    struct stat about;
    char *path = cam_path_join(folder, "model.safetensors");
    if (path && stat(path, &about) == 0) {
        cam_strbuf_puts(out, ", ");
        cam_plain_put_bytes(out, (double)about.st_size);
    }
    free(path);
}

/* Without --model nothing is asked of a network: the cache alone tells what is there. */
static cam_status fit_default_model(cam_init_fit *fit, char **folder, model_facts *facts) {
    static const double BASE_BYTES = 445e6; /* of camembert-base */
    cam_status st = CAM_OK;
    cam_strbuf why = CAM_STRBUF_INIT;
    if (cam_model_locate(fit->config.model_name_or_path, NULL, CAM_MODEL_WEIGHTS, folder) == CAM_OK) {
        CAM_TRY(read_model(*folder, facts));
        cam_strbuf_printf(&why, "in the Hugging Face cache: hidden size %d", (int)facts->hidden);
        put_weights(*folder, &why);
    } else {
        cam_strbuf_puts(&why, "not in the Hugging Face cache: the first run downloads it, about ");
        cam_plain_put_bytes(&why, BASE_BYTES);
    }
    cam_strbuf_puts(&why, "; init --model fits another");
    cam_strbuf_printf(&fit->model_note, "model: %s, %s\n", fit->config.model_name_or_path, why.text);
    add_reason(fit, CAM_KEY_model_name_or_path, &why);
out:
    cam_strbuf_release(&why);
    return st;
}

static cam_status fit_model(cam_init_fit *fit, const char *model, model_facts *facts) {
    cam_status st = CAM_OK;
    char *folder = NULL;
    *facts = (model_facts){.hidden = BASE_HIDDEN, .max_tokens = BASE_TOKENS};
    if (model) {
        CAM_TRY(locate(model, &folder, facts));
        CAM_TRY(read_model(folder, facts));
        fit->config.model_name_or_path = cam_config_keep(&fit->config, model);
        because(fit, CAM_KEY_model_name_or_path, "as given; hidden size %d", (int)facts->hidden);
    } else {
        CAM_TRY(fit_default_model(fit, &folder, facts));
    }
    if (facts->without_weights) {
        fit->config.init = CAM_CONFIG_INIT_RANDOM;
        because(fit, CAM_KEY_init, "the folder has no weights; a pretrained model learns far more from few rows");
    }
out:
    free(folder);
    return st;
}

static void fit_length(cam_init_fit *fit, const model_facts *facts) {
    const cam_trial *t = &fit->trial;
    int32_t wanted = 50 * t->long_texts > t->rows ? BASE_TOKENS : USUAL_TOKENS;
    fit->config.max_seq_length = wanted < facts->max_tokens ? wanted : facts->max_tokens;
    if (wanted > facts->max_tokens)
        because(fit, CAM_KEY_max_seq_length, "tokens; the model reads no more");
    else if (wanted == BASE_TOKENS)
        because(fit, CAM_KEY_max_seq_length, "tokens; %lld text%s more than %d characters", (long long)t->long_texts,
                t->long_texts == 1 ? " has" : "s have", CAM_TRIAL_LONG_TEXT);
    else
        because(fit, CAM_KEY_max_seq_length, "tokens; longer texts are cut, and the run says how many");
}

/* --- data --- */

/* The part of a note behind its subject and the value, which stands before the comment anyway. */
static const char *evidence(const cam_init_fit *fit, cam_detect_note note, const char *value) {
    const char *text = strstr(cam_strbuf_text(&fit->found.notes[note]), ": ");
    if (!text)
        return "";
    text += 2;
    size_t length = strlen(value);
    return length > 0 && strncmp(text, value, length) == 0 && strncmp(text + length, ", ", 2) == 0 ? text + length + 2
                                                                                                   : text;
}

static void fit_columns(cam_init_fit *fit) {
    cam_detected *found = &fit->found;
    cam_config *config = &fit->config;
    config->text_column = found->columns[found->text_column];
    config->label_column = found->columns[found->label_column];
    if (!found->has_header) {
        config->columns = (cam_config_list){(const char *const *)found->columns, found->column_count};
        because(fit, CAM_KEY_columns, "the file has no header row: %s", evidence(fit, CAM_NOTE_HEADER, "none"));
    }
    because(fit, CAM_KEY_text_column, "%s", evidence(fit, CAM_NOTE_TEXT, config->text_column));
    because(fit, CAM_KEY_label_column, "%s", evidence(fit, CAM_NOTE_LABEL, config->label_column));
}

static void fit_reading(cam_init_fit *fit, const char *data) {
    cam_detected *found = &fit->found;
    cam_config *config = &fit->config;
    config->train_file = cam_config_keep(config, data);
    cam_strbuf size = CAM_STRBUF_INIT;
    cam_plain_put_counted(&size, fit->trial.rows, "row, ", "rows, ");
    cam_plain_put_counted(&size, (int64_t)fit->trial.labels, "label", "labels");
    add_reason(fit, CAM_KEY_train_file, &size);
    if (found->notes[CAM_NOTE_FORMAT].length > 0) {
        config->format = found->format;
        because(fit, CAM_KEY_format, "%s", evidence(fit, CAM_NOTE_FORMAT, cam_words_format[found->format]));
    }
    if (found->encoding != CAM_ENCODING_UTF8 || found->damaged) {
        config->encoding = found->encoding;
        because(fit, CAM_KEY_encoding, "%s", evidence(fit, CAM_NOTE_ENCODING, cam_words_encoding[found->encoding]));
    }
    if (found->format == CAM_FORMAT_CSV) {
        config->delimiter = cam_config_delimiter_of(found->delimiter);
        char quoted[] = {'"', found->delimiter, '"', '\0'};
        because(fit, CAM_KEY_delimiter, "%s",
                evidence(fit, CAM_NOTE_DELIMITER, found->delimiter == '\t' ? "tab" : quoted));
    }
    if (fit->trial.bad_rows > 0 || found->damaged) {
        config->on_bad_row = CAM_BAD_ROW_SKIP;
        because(fit, CAM_KEY_on_bad_row, "%lld row%s cannot be used and %s left out; on_bad_row: error says why",
                (long long)fit->trial.bad_rows, fit->trial.bad_rows == 1 ? "" : "s",
                fit->trial.bad_rows == 1 ? "is" : "are");
    }
}

/* Few bad rows are left out without a word here; many mean that the file was not understood. */
static void warn_of_bad_rows(cam_init_fit *fit, const char *data) {
    enum { FEW_PERCENT = 5 };
    const cam_trial *t = &fit->trial;
    if (t->bad_rows * 100 > (t->rows + t->bad_rows) * FEW_PERCENT)
        cam_strbuf_printf(&fit->warnings,
                          "%s: %lld of %lld rows would be left out, the first since: %s; check lists them "
                          "with on_bad_row=error\n",
                          data, (long long)t->bad_rows, (long long)t->rows + t->bad_rows, t->bad_cause);
}

/* By text, so that the held-out rows stay when the user mends the file. */
static void fit_split_by(cam_init_fit *fit) {
    fit->config.split_by = CAM_SPLIT_BY_TEXT;
    because(fit, CAM_KEY_split_by,
            "a held-out row stays held out when other rows are mended; shuffle: as scikit-learn");
}

/* A stratified split needs two rows of each label, and a validation part that holds each. */
static void fit_split(cam_init_fit *fit) {
    const cam_trial *t = &fit->trial;
    double fraction = fit->config.validation_split;
    int fits = 0;
    for (int tenths = 1; tenths <= 3 && !fits; tenths++) {
        double held = ceil(tenths / 10.0 * (double)t->rows);
        fits = held >= (double)t->labels && (double)t->rows - held >= (double)t->labels;
        fraction = fits ? tenths / 10.0 : fraction;
    }
    if (fits && t->rare == 0)
        fit->config.validation_split = fraction;
    because(fit, CAM_KEY_validation_split, "held out of train_file: %.0f rows",
            ceil(fit->config.validation_split * (double)t->rows));
    if (fits && t->rare == 0)
        return;
    fit->config.stratify = false;
    if (t->rare > 0)
        because(fit, CAM_KEY_stratify, "%zu label%s one row only (\"%s\"); true needs two of each", t->rare,
                t->rare == 1 ? " has" : "s have", t->rarest);
    else
        because(fit, CAM_KEY_stratify, "%lld rows are few for %zu labels; true needs each in both parts",
                (long long)t->rows, t->labels);
}

/* --- training --- */

/* runs/NAME, with a number where that exists. */
static void fit_output(cam_init_fit *fit, const char *data) {
    const char *slash = strrchr(data, '/'), *name = slash ? slash + 1 : data, *dot = strrchr(name, '.');
    cam_strbuf folder = CAM_STRBUF_INIT;
    for (int number = 1; number == 1 || cam_directory_exists(cam_strbuf_text(&folder)); number++) {
        cam_strbuf_clear(&folder);
        cam_strbuf_puts(&folder, "runs/");
        cam_strbuf_append(&folder, name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
        if (number > 1)
            cam_strbuf_printf(&folder, "-%d", number);
    }
    fit->config.output_dir = cam_config_keep(&fit->config, folder.text);
    because(fit, CAM_KEY_output_dir, "where the trained model and the logs go");
    cam_strbuf_release(&folder);
}

static void fit_training(cam_init_fit *fit, const model_facts *facts) {
    enum { FEW_ROWS = 200, SOME_ROWS = 1000 };
    cam_config *config = &fit->config;
    int64_t rows = fit->trial.rows - (int64_t)ceil(config->validation_split * (double)fit->trial.rows);
    config->per_device_train_batch_size = rows < FEW_ROWS ? 8 : rows < SOME_ROWS ? 16 : 32;
    int64_t batch = config->per_device_train_batch_size, labels = (int64_t)fit->trial.labels;
    cam_fit full =
        facts->without_weights ? cam_fit_plan_random(rows, batch) : cam_fit_plan(rows, labels, facts->hidden, 0, batch);
    cam_fit frozen = cam_fit_plan(rows, labels, facts->hidden, 1, batch);
    config->num_train_epochs = (double)full.epochs;
    config->learning_rate = full.learning_rate;
    if (facts->without_weights)
        because(fit, CAM_KEY_freeze, "all is trained: a frozen encoder of random weights tells the head little");
    else
        because(fit, CAM_KEY_freeze,
                "all is trained; quicker: freeze: encoder, learning_rate: %g, num_train_epochs: %lld",
                frozen.learning_rate, (long long)frozen.epochs);
    because(fit, CAM_KEY_num_train_epochs, "%s", full.epochs_reason);
    because(fit, CAM_KEY_per_device_train_batch_size, "%s",
            batch == 32 ? "rows of a step" : "rows of a step; few rows need small steps to make enough of them");
    because(fit, CAM_KEY_learning_rate, "%s", full.rate_reason);
}

/* The comment at the top, and the notes of the terminal. */
static void put_words(cam_init_fit *fit, const char *data) {
    cam_strbuf *head = &fit->head;
    cam_strbuf_puts(head, "Made by cam-train init. Keys that are not here have the defaults of docs/configuration.md;\n"
                          "init --all writes them too.\n");
    for (size_t i = 0; i < CAM_NOTE_COUNT; i++)
        if (fit->found.notes[i].length > 0)
            cam_strbuf_put_all(&fit->notes, cam_strbuf_text(&fit->found.notes[i]), "\n", NULL);
    if (fit->found.warnings.length > 0)
        cam_strbuf_puts(&fit->warnings, fit->found.warnings.text);
    if (!data)
        return;
    cam_strbuf_printf(head, "\nSeen in %s:\n", data);
    cam_strbuf_put_all(head, cam_strbuf_text(&fit->notes), cam_strbuf_text(&fit->warnings), NULL);
}

static void fit_scores(cam_init_fit *fit) {
    fit->config.calibrate = true;
    because(fit, CAM_KEY_calibrate,
            "scores become probabilities; target_accuracy: 0.95 leaves unsure texts to a person");
}

/* The keys that matter most, also where nothing is known about data and model. */
static void explain_the_rest(cam_init_fit *fit) {
    static const cam_config_key keys[] = {CAM_KEY_model_name_or_path,
                                          CAM_KEY_max_seq_length,
                                          CAM_KEY_freeze,
                                          CAM_KEY_train_file,
                                          CAM_KEY_text_column,
                                          CAM_KEY_label_column,
                                          CAM_KEY_validation_split,
                                          CAM_KEY_output_dir,
                                          CAM_KEY_num_train_epochs,
                                          CAM_KEY_learning_rate,
                                          CAM_KEY_per_device_train_batch_size,
                                          CAM_KEY_metric_for_best_model,
                                          CAM_KEY_seed};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        size_t i = 0;
        while (i < fit->count && fit->reasons[i].key != keys[k])
            i++;
        if (i == fit->count)
            because(fit, keys[k], "%s", "");
    }
}

static cam_status detect(cam_init_fit *fit, const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_read_options requested = {.path = arguments->data,
                                  .format = (cam_data_format)arguments->input_format.value,
                                  .encoding = (cam_encoding)arguments->encoding.value,
                                  .delimiter =
                                      cam_config_delimiter_char((enum cam_choice_delimiter)arguments->delimiter.value),
                                  .text_column = arguments->text_column,
                                  .label_column = arguments->label_column,
                                  .syntax = CAM_SYNTAX_OPTIONS};
    if (strcmp(arguments->data, "-") == 0)
        CAM_FAIL(CAM_E_USAGE,
                 "init reads the data file several times, which standard input does not allow; save it, and "
                 "give --data its name");
    CAM_TRY(cam_detect(&requested, &fit->found));
    CAM_TRY(cam_detect_try(arguments->data, &fit->found, &fit->trial));
    if (fit->trial.labels < 2)
        CAM_FAIL(CAM_E_DATA, "%s: the rows that can be used have one label only; a classifier needs two",
                 arguments->data);
out:
    return st;
}

cam_status cam_init_fit_open(cam_init_fit *fit, const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    model_facts facts;
    const char *data = arguments->data;
    *fit = (cam_init_fit){0};
    CAM_TRY(cam_config_defaults(&fit->config));
    if (data)
        CAM_TRY(detect(fit, arguments));
    CAM_TRY(fit_model(fit, arguments->model, &facts));
    if (data) {
        fit_length(fit, &facts);
        fit_reading(fit, data);
        warn_of_bad_rows(fit, data);
        fit_columns(fit);
        fit_split(fit);
        fit_split_by(fit);
        fit_output(fit, data);
        fit_training(fit, &facts);
    }
    fit_scores(fit);
    explain_the_rest(fit);
    put_words(fit, data);
out:
    return st;
}

void cam_init_fit_release(cam_init_fit *fit) {
    cam_config_release(&fit->config);
    cam_detected_release(&fit->found);
    cam_trial_release(&fit->trial);
    cam_strbuf_release(&fit->notes);
    cam_strbuf_release(&fit->model_note);
    cam_strbuf_release(&fit->warnings);
    cam_strbuf_release(&fit->head);
}
