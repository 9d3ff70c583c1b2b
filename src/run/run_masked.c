/* run_masked.c: the figures of pretraining; see cam_training_task. They are sums over the masked positions of the held-out
 * rows, whose masks are the same at each evaluation. An encoder that only learns from a teacher has nothing masked: its
 * loss is a mean over all positions, and its only figure. */
#include "phases.h"
#include "plain.h"
#include "remedy.h"
#include "run_end_internal.h"
#include "training_internal.h"
#include "training_record_internal.h"
#include <math.h>
#include <string.h>

typedef struct figures {
    double loss, perplexity, accuracy;
} figures;

static figures figures_of(const cam_masked_scores *scores) {
    double positions = (double)scores->positions;
    if (scores->positions == 0)
        return (figures){NAN, NAN, NAN};
    return (figures){.loss = scores->loss_sum / positions,
                     .perplexity = exp(scores->loss_sum / positions),
                     .accuracy = (double)scores->correct / positions};
}

static int is_encoder(const cam_training *t) {
    return t->run->model.task == CAM_TASK_ENCODER;
}

static cam_status open_figures(cam_training *t) {
    (void)t;
    return CAM_OK;
}

static void close_figures(cam_training *t) {
    (void)t;
}

static void put_members(cam_json *json, const cam_training *t, const cam_masked_scores *scores) {
    figures f = figures_of(scores);
    cam_json_integer(json, "positions", scores->positions);
    cam_json_number(json, "loss", f.loss);
    if (is_encoder(t))
        return;
    cam_json_number(json, "perplexity", f.perplexity);
    cam_json_number(json, "masked_accuracy", f.accuracy);
}

static cam_status evaluate(cam_training *t, cam_evaluated *evaluated) {
    cam_status st = CAM_OK;
    cam_phase before = cam_phase_enter(CAM_PHASE_SCORING);
    const cam_corpus *corpus = &t->run->corpus;
    CAM_TRY(cam_trainer_masked_scores(&t->trainer, corpus->part[CAM_PART_VALIDATION],
                                      corpus->part_count[CAM_PART_VALIDATION], &t->masked));
    figures f = figures_of(&t->masked);
    if (cam_training_writes_log(t)) {
        cam_json *json = cam_run_log_begin(&t->log, "eval");
        cam_json_integer(json, "step", t->trainer.steps_submitted);
        put_members(json, t, &t->masked);
        CAM_TRY(cam_run_log_commit(&t->log));
        CAM_TRY(cam_run_log_sync(&t->log));
    }
    evaluated->value = f.loss;
    if (is_encoder(t))
        cam_strbuf_printf(&evaluated->figures, "loss %.4g", f.loss);
    else
        cam_strbuf_printf(&evaluated->figures, "loss %.4f  perplexity %.4g  masked accuracy %.4f", f.loss, f.perplexity,
                          f.accuracy);
out:
    cam_phase_enter(before);
    return st;
}

static cam_status keep(cam_training *t) {
    t->masked_kept = t->masked;
    return CAM_OK;
}

static void put_results(const cam_training *t, cam_strbuf *out) {
    cam_strbuf_clear(out);
    cam_strbuf_append(out, (const char *)&t->masked, sizeof t->masked);
    cam_strbuf_append(out, (const char *)&t->masked_kept, sizeof t->masked_kept);
}

static int is_good(const cam_masked_scores *scores) {
    return scores->positions >= 0 && scores->correct >= 0 && scores->correct <= scores->positions;
}

static cam_status take_results(cam_training *t, const cam_strbuf *bytes) {
    cam_masked_scores both[2];
    if (bytes->length != sizeof both)
        return cam_fail(CAM_E_MODEL, "%s has another length than this run's", CAM_TRAINING_RESULTS_FILE);
    memcpy(both, bytes->text, sizeof both);
    if (!is_good(&both[0]) || !is_good(&both[1]))
        return cam_fail(CAM_E_MODEL, "%s has figures that do not add up", CAM_TRAINING_RESULTS_FILE);
    t->masked = both[0];
    t->masked_kept = both[1];
    return CAM_OK;
}

static cam_status score_end(cam_training *t) {
    (void)t;
    return CAM_OK;
}

/* --- the files of the end ------------------------------------------------------------------------------------------ */

static cam_status write_metrics(const cam_training *t) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_json json;
    cam_json_begin(&json, &text);
    cam_json_object(&json, cam_data_part_name(CAM_PART_VALIDATION));
    cam_json_integer(&json, "rows", t->run->corpus.part_count[CAM_PART_VALIDATION]);
    put_members(&json, t, &t->masked_kept);
    cam_json_close(&json);
    cam_json_lines(&json, "warnings", cam_strbuf_text(&t->run->corpus.warnings));
    cam_json_end(&json);
    cam_strbuf_putc(&text, '\n');
    cam_status st = cam_run_folder_put(&t->folder, "metrics.json", &text);
    cam_strbuf_release(&text);
    return st;
}

static void put_report(const cam_training *t, const cam_run_end *end, cam_strbuf *out) {
    const cam_config *config = cam_training_config(t);
    figures f = figures_of(&t->masked_kept);
    cam_run_saved_put(end, out);
    cam_strbuf_printf(out, "%-12s%9s%12s%9s%s\nvalidation  ", "", "rows", "positions", "loss",
                      is_encoder(t) ? "" : "  perplexity  masked accuracy");
    cam_plain_put_count_aligned(out, t->run->corpus.part_count[CAM_PART_VALIDATION], 9);
    cam_plain_put_count_aligned(out, t->masked_kept.positions, 12);
    if (is_encoder(t))
        cam_strbuf_printf(out, "%9.4g\n", f.loss);
    else
        cam_strbuf_printf(out, "%9.4f%12.4g%17.4f\n", f.loss, f.perplexity, f.accuracy);
    cam_run_cost_put(end->wall_s, out);
    cam_strbuf_printf(out, "\nin \"%s\"\n  model.safetensors  the %s; README.md: its card\n", config->output_dir,
                      is_encoder(t) ? "encoder" : "model with its lm_head");
    if (!config->cache_dir)
        cam_strbuf_puts(out, "  " CAM_TEXT_CACHE_FILE "      the tokenised texts, which a later run takes\n");
    cam_run_record_files_put(config, out);
    if (is_encoder(t)) {
        cam_strbuf_puts(out, "\nnext: train a classifier from this encoder\n");
    } else {
        cam_strbuf_puts(out, "\nnext: guess a word, and train a classifier from this model\n  cam-train fill --model ");
        cam_shell_word_put(out, config->output_dir);
        cam_strbuf_puts(out, " \"Je voudrais <mask> ma commande\"\n");
    }
    cam_strbuf_puts(out, "  cam-train --config my.yaml model_name_or_path=");
    cam_shell_word_put(out, config->output_dir);
    cam_strbuf_putc(out, '\n');
}

static cam_status write_end(cam_training *t, double wall_s, cam_strbuf *report, cam_strbuf *warning) {
    cam_status st = CAM_OK;
    cam_strbuf card = CAM_STRBUF_INIT;
    cam_run_end end = cam_training_run_end(t, wall_s);
    figures f = figures_of(&t->masked_kept);
    (void)warning;
    if (is_encoder(t))
        cam_model_card_put_encoder(&end, f.loss, &card);
    else
        cam_model_card_put_masked(&end, f.loss, f.accuracy, &card);
    CAM_TRY(cam_run_folder_put_card(&t->folder, &card));
    CAM_TRY(write_metrics(t));
    put_report(t, &end, report);
out:
    cam_strbuf_release(&card);
    return st;
}

const cam_training_task cam_training_masked = {.open = open_figures,
                                               .close = close_figures,
                                               .evaluate = evaluate,
                                               .keep = keep,
                                               .put_results = put_results,
                                               .take_results = take_results,
                                               .score_end = score_end,
                                               .write_end = write_end};
