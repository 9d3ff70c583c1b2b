/* model_card.c: the model card of a run; see run_end_internal.h. Source: huggingface_hub, ModelCardData and
 * modelcard_template.md. */
#include "plain.h"
#include "run_end_internal.h"
#include "run_folder.h"
#include <string.h>

/* The last part of a path. */
static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* Appends a text as a quoted scalar, which JSON and YAML share. */
static void put_scalar(cam_strbuf *out, const char *text) {
    cam_strbuf_put_json(out, text, strlen(text));
}

/* Appends a text in a cell of a Markdown table. */
static void put_cell(cam_strbuf *out, const char *text) {
    for (; *text; text++) {
        if (strchr("|\\`*_<>[]", *text))
            cam_strbuf_putc(out, '\\');
        cam_strbuf_putc(out, (unsigned char)*text < ' ' ? ' ' : *text);
    }
}

/* --- metadata ---------------------------------------------------------------------------------------------------- */

static void put_results(cam_strbuf *out, const cam_run_end *end, const char *data) {
    cam_strbuf_puts(out, "model-index:\n- name: ");
    put_scalar(out, base_name(end->run->config->output_dir));
    cam_strbuf_puts(out, "\n  results:\n");
    for (int part = CAM_PART_TRAIN + 1; part < CAM_PARTS; part++) {
        if (!end->metrics[part])
            continue;
        cam_scores scores = cam_metrics_scores(end->metrics[part]);
        cam_strbuf_puts(out, "  - task:\n      type: text-classification\n    dataset:\n      type: csv\n      name: ");
        put_scalar(out, data);
        cam_strbuf_printf(out, "\n      split: %s\n    metrics:\n", cam_data_part_name((cam_data_part)part));
        cam_strbuf_printf(out, "    - type: accuracy\n      value: %.4f\n", scores.accuracy);
        cam_strbuf_printf(out, "    - type: f1\n      name: macro F1\n      value: %.4f\n", scores.f1_macro);
    }
}

static int is_random(const cam_run_end *end) {
    return end->run->config->init == CAM_CONFIG_INIT_RANDOM;
}

/* `pipeline`: the task as the Hub calls it. */
static void put_metadata(cam_strbuf *out, const cam_run_end *end, const char *pipeline) {
    const cam_model_origin *origin = &end->run->origin;
    cam_strbuf_printf(out, "---\nlanguage: fr\nlicense: %s\n", origin->license ? origin->license : "unknown");
    if (origin->id && !is_random(end)) {
        cam_strbuf_puts(out, "base_model: ");
        put_scalar(out, origin->id);
        cam_strbuf_putc(out, '\n');
    }
    cam_strbuf_printf(out, "library_name: transformers\npipeline_tag: %s\ntags:\n- %s\n- cam-train\n", pipeline,
                      pipeline);
}

/* --- text -------------------------------------------------------------------------------------------------------- */

static void put_title(cam_strbuf *out, const cam_run_end *end) {
    cam_strbuf_puts(out, "# ");
    put_cell(out, base_name(end->run->config->output_dir));
    cam_strbuf_puts(out, "\n\n");
}

/* Ends a sentence. `verb`: what was done with the model of which it began. */
static void put_origin(cam_strbuf *out, const cam_run_end *end, const char *verb) {
    const cam_run *run = end->run;
    if (is_random(end))
        cam_strbuf_puts(out, ". It was trained from random weights with cam-train.\n");
    else if (run->origin.id)
        cam_strbuf_printf(out, ". It was %s from `%s` with cam-train.\n", verb, run->origin.id);
    else
        cam_strbuf_printf(out, ". It was %s from the model folder `%s` with cam-train.\n", verb,
                          base_name(run->model_folder));
    if (run->teacher.hidden_size > 0)
        cam_strbuf_printf(out, "It also learned from the model `%s`, which has %d layers.\n",
                          base_name(run->config->distill_teacher), (int)run->teacher.num_hidden_layers);
}

static void put_heading(cam_strbuf *out, const cam_run_end *end) {
    put_title(out, end);
    cam_strbuf_puts(out, "Classifies French texts into ");
    cam_plain_put_counted(out, (int64_t)end->run->corpus.labels.count, "label", "labels");
    put_origin(out, end, "fine-tuned");
    cam_strbuf_puts(out, "\n```python\nfrom transformers import pipeline\n"
                         "classify = pipeline(\"text-classification\", model=\".\")  # this folder\n"
                         "print(classify(\"Bonjour, où est mon colis ?\"))\n```\n");
}

static void put_file(cam_strbuf *out, const char *path, const char *use) {
    if (!path)
        return;
    cam_strbuf_puts(out, "- `");
    cam_strbuf_printf(out, "%s`: %s\n", base_name(path), use);
}

static void put_data(cam_strbuf *out, const cam_run_end *end) {
    const cam_corpus *corpus = &end->run->corpus;
    const cam_config *config = end->run->config;
    cam_strbuf_puts(out, "\n## Data\n\n");
    int holds_out = !config->validation_file && config->validation_split > 0;
    put_file(out, config->train_file, holds_out ? "training and validation" : "training");
    put_file(out, config->validation_file, "validation");
    put_file(out, config->test_file, "test");
    put_file(out, config->distill_texts, "texts without labels, for training");
    cam_strbuf_puts(out, "\n| part | rows |\n|---|---:|\n");
    for (int part = 0; part < CAM_PARTS; part++) {
        if (corpus->part_count[part] == 0)
            continue;
        cam_strbuf_printf(out, "| %s | ", cam_data_part_name((cam_data_part)part));
        cam_plain_put_count(out, corpus->part_count[part]);
        cam_strbuf_puts(out, " |\n");
    }
    cam_strbuf_puts(out, "\n| label | training rows |\n|---|---:|\n");
    for (size_t k = 0; k < corpus->labels.count; k++) {
        cam_strbuf_puts(out, "| ");
        put_cell(out, corpus->labels.names[k]);
        cam_strbuf_puts(out, " | ");
        cam_plain_put_count(out, corpus->label_count[k]);
        cam_strbuf_puts(out, " |\n");
    }
}

static void put_scores_row(cam_strbuf *out, const char *name, double accuracy, double f1_macro) {
    cam_strbuf_printf(out, "| %s | %.4f | %.4f |\n", name, accuracy, f1_macro);
}

static int has_scores(const cam_run_end *end) {
    return end->metrics[CAM_PART_VALIDATION] || end->metrics[CAM_PART_TEST];
}

static void put_scores(cam_strbuf *out, const cam_run_end *end) {
    cam_strbuf_puts(out, "\n## Scores\n\n");
    if (end->run->measured.length > 0)
        cam_strbuf_put_all(out, end->run->measured.text, has_scores(end) ? "\n" : "", NULL);
    else if (!has_scores(end))
        cam_strbuf_puts(out, "No rows were held out: how good the model is has not been measured.\n");
    if (has_scores(end))
        cam_strbuf_puts(out, "| rows | accuracy | macro F1 |\n|---|---:|---:|\n");
    for (int part = CAM_PART_TRAIN + 1; part < CAM_PARTS; part++) {
        if (!end->metrics[part])
            continue;
        cam_scores scores = cam_metrics_scores(end->metrics[part]);
        put_scores_row(out, cam_data_part_name((cam_data_part)part), scores.accuracy, scores.f1_macro);
        if (end->baseline[part].rows > 0)
            put_scores_row(out, "the same rows, by TF-IDF and a linear classifier", end->baseline[part].accuracy,
                           end->baseline[part].f1_macro);
    }
    cam_run_scores_card_put(end->scores, out);
    if (end->verdict.length > 0)
        cam_strbuf_puts(out, "\nThe run ended with a warning; see `verdict` in `metrics.json`.\n");
}

static void put_settings(cam_strbuf *out, const cam_run_end *end) {
    const cam_config *c = end->run->config;
    cam_strbuf_printf(out, "\n## Settings\n\nStep %lld of %lld, batches of %lld rows, learning rate ",
                      (long long)end->saved_step, (long long)end->plan->updates,
                      (long long)end->plan->batch_rows * (long long)end->plan->accumulation);
    cam_plain_put_rate(out, c->learning_rate, 6);
    cam_strbuf_printf(out, " (%s),\n", cam_words_scheduler[c->lr_scheduler_type]);
    cam_strbuf_printf(out, "weight decay %g, seed %lld, texts of up to %d tokens. `run.yaml` holds all of them.\n",
                      c->weight_decay, (long long)c->seed, end->run->max_length);
}

static void put_limits(cam_strbuf *out, const cam_run_end *end) {
    const cam_corpus *corpus = &end->run->corpus;
    cam_strbuf_puts(out, "\n## Limits\n\n- Every text gets one of the labels above, also one that belongs to none.\n");
    cam_strbuf_printf(out, "- Of a text longer than %d tokens only the beginning is read.\n", end->run->max_length);
    if (end->best->evaluations > 1 && end->best->step == end->saved_step && end->metrics[CAM_PART_VALIDATION])
        cam_strbuf_puts(out, "- The best epoch was chosen by the validation rows, so that their score flatters a "
                             "little.\n");
    enum { FEW_ROWS = 10 };
    int64_t few = 0;
    for (size_t k = 0; k < corpus->labels.count; k++)
        few += corpus->label_count[k] < FEW_ROWS;
    if (few > 0) {
        cam_strbuf_puts(out, "- ");
        cam_plain_put_counted(out, few, "label has", "labels have");
        cam_strbuf_printf(out, " fewer than %d training rows.\n", FEW_ROWS);
    }
    cam_strbuf_puts(out, "- It knows only what the texts of the training file show; others may be judged worse.\n");
}

void cam_model_card_put(const cam_run_end *end, cam_strbuf *out) {
    put_metadata(out, end, "text-classification");
    cam_strbuf_puts(out, "metrics:\n- accuracy\n- f1\n");
    if (has_scores(end))
        put_results(out, end, base_name(end->run->config->train_file));
    cam_strbuf_puts(out, "---\n\n");
    put_heading(out, end);
    put_data(out, end);
    put_scores(out, end);
    put_settings(out, end);
    put_limits(out, end);
    cam_strbuf_puts(out, "\n" CAM_CARD_MARK);
}

/* --- a model of pretraining ---------------------------------------------------------------------------------------- */

static void put_texts(cam_strbuf *out, const cam_run *run) {
    const cam_text_counts *counts = &run->corpus.texts.counts;
    cam_strbuf_puts(out, "\n## Data\n\n");
    for (size_t i = 0; i < run->config->train_files.count; i++)
        put_file(out, run->config->train_files.items[i], "texts");
    put_file(out, run->config->validation_file, "held-out texts");
    cam_strbuf_putc(out, '\n');
    cam_plain_put_counted(out, counts->texts, "text", "texts");
    cam_strbuf_puts(out, " of together ");
    cam_plain_put_counted(out, counts->tokens, "token", "tokens");
    cam_strbuf_puts(out, "; ");
    cam_plain_put_counted(out, run->corpus.part_count[CAM_PART_VALIDATION], "row was", "rows were");
    cam_strbuf_puts(out, " held out.\n");
}

static void put_pretraining_limits(cam_strbuf *out) {
    cam_strbuf_puts(out, "\n## Limits\n\n- It may have learnt by heart what stands often in its texts, names and "
                         "addresses too.\n\n" CAM_CARD_MARK);
}

void cam_model_card_put_masked(const cam_run_end *end, double loss, double accuracy, cam_strbuf *out) {
    const cam_config *config = end->run->config;
    put_metadata(out, end, "fill-mask");
    cam_strbuf_puts(out, "---\n\n");
    put_title(out, end);
    cam_strbuf_puts(out, "Guesses masked words of French texts, and is a start for classifiers of such texts");
    put_origin(out, end, "adapted");
    cam_strbuf_puts(out, "\n```python\nfrom transformers import pipeline\n"
                         "fill = pipeline(\"fill-mask\", model=\".\")  # this folder\n"
                         "print(fill(\"Je voudrais <mask> ma commande\"))\n```\n");
    put_texts(out, end->run);
    cam_strbuf_printf(out, "\n## Scores\n\nOn held-out texts: loss %.4f of a masked token, %.4f of them guessed.\n",
                      loss, accuracy);
    put_settings(out, end);
    cam_strbuf_printf(out, "%.3g of the tokens were masked%s.\n", config->mlm_probability,
                      config->whole_word_mask ? ", whole words at a time" : "");
    put_pretraining_limits(out);
}

void cam_model_card_put_encoder(const cam_run_end *end, double loss, cam_strbuf *out) {
    const cam_config *config = end->run->config;
    put_metadata(out, end, "feature-extraction");
    cam_strbuf_puts(out, "---\n\n");
    put_title(out, end);
    cam_strbuf_puts(out, "An encoder without a head: a start for classifiers of French texts");
    put_origin(out, end, "distilled");
    put_texts(out, end->run);
    cam_strbuf_printf(out,
                      "\n## Scores\n\nOn held-out texts: loss %.4g, the mean squared distance from the teacher's last "
                      "hidden states, times %g.\n",
                      loss, config->distill_hidden);
    put_settings(out, end);
    put_pretraining_limits(out);
}
