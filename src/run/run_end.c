/* run_end.c: see run_end_internal.h. */
#include "baseline_internal.h"
#include "diagnosis_internal.h"
#include "log.h"
#include "run_end_internal.h"
#include <stdlib.h>
#include <string.h>

/* --- baseline and verdict ---------------------------------------------------------------------------------------- */

/* The baseline is an extra: a run does not fail without it, and a signal only ends its computation. */
static void score_baseline(cam_run_end *end) {
    const cam_corpus *corpus = &end->run->corpus;
    if (corpus->part_count[CAM_PART_TRAIN] > CAM_BASELINE_ROWS) {
        cam_log_verbose("the TF-IDF baseline is left out: more than %d training rows", CAM_BASELINE_ROWS);
        return;
    }
    if (cam_run_baseline(corpus, &end->run->cancel, end->baseline) == CAM_OK)
        return;
    cam_log_verbose("the TF-IDF baseline is left out: %s", cam_status_message());
    memset(end->baseline, 0, sizeof end->baseline);
}

static double highest_rate(const cam_run_end *end) {
    double highest = 0;
    for (int64_t update = 0; update < end->steps; update++) {
        double rate = cam_schedule_rate(end->schedule, update);
        highest = rate > highest ? rate : highest;
    }
    return highest;
}

static void find_verdict(cam_run_end *end) {
    const cam_run *run = end->run;
    const cam_config *config = run->config;
    const cam_tfidf_scores *baseline = &end->baseline[CAM_PART_VALIDATION];
    if (!end->metrics[CAM_PART_VALIDATION])
        return;
    cam_training_facts facts = {.validation = end->metrics[CAM_PART_VALIDATION],
                                .labels = (const char *const *)run->corpus.labels.names,
                                .label_rows = run->corpus.label_count,
                                .train_rows = run->corpus.part_count[CAM_PART_TRAIN],
                                .baseline_accuracy = baseline->rows > 0 ? baseline->accuracy : -1,
                                .trained = config->freeze.kind == CAM_CONFIG_FREEZE_NONE      ? CAM_TRAINED_ALL
                                           : config->freeze.kind == CAM_CONFIG_FREEZE_ENCODER ? CAM_TRAINED_HEAD
                                                                                              : CAM_TRAINED_SOME,
                                .random_weights = config->init == CAM_CONFIG_INIT_RANDOM,
                                .folder_has_weights = run->folder_has_weights,
                                .hidden = run->model.hidden_size,
                                .batch_rows = end->plan->batch_rows * end->plan->accumulation,
                                .learning_rate = config->learning_rate,
                                .highest_rate = highest_rate(end),
                                .warmup = end->schedule->warmup,
                                .steps = end->steps,
                                .steps_per_epoch = end->plan->updates_per_epoch,
                                .epochs = (double)end->plan->updates / (double)end->plan->updates_per_epoch,
                                .steps_are_set = config->max_steps > 0,
                                .class_weights = config->class_weights.kind != CAM_CONFIG_CLASS_WEIGHTS_NONE,
                                .to_mend = (int64_t)run->corpus.to_mend,
                                .early_stopping = end->early_stopping,
                                .evaluations = end->best->evaluations,
                                .last_is_best = !end->early_stopping && end->best->step == end->steps,
                                .gain = end->best->gain,
                                .metric = end->best->metric,
                                .output_dir = config->output_dir};
    cam_diagnosis_put(&end->verdict, &end->settings, &facts);
}

/* --- metrics.json ------------------------------------------------------------------------------------------------ */

static void put_baseline(cam_json *json, const cam_run_end *end) {
    cam_json_object(json, "baseline");
    cam_json_text(json, "name", "TF-IDF and a linear classifier");
    for (int part = CAM_PART_TRAIN + 1; part < CAM_PARTS; part++) {
        const cam_tfidf_scores *scores = &end->baseline[part];
        if (scores->rows == 0)
            continue;
        cam_json_object(json, cam_data_part_name((cam_data_part)part));
        cam_json_integer(json, "rows", scores->rows);
        cam_json_number(json, "accuracy", scores->accuracy);
        cam_json_number(json, "f1_macro", scores->f1_macro);
        cam_json_close(json);
    }
    cam_json_close(json);
}

static void put_warnings(cam_json *json, const cam_run_end *end) {
    cam_strbuf lines = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&lines, cam_strbuf_text(&end->run->corpus.warnings), "\n", NULL);
    cam_run_scores_warning_put(end->scores, &lines);
    cam_json_lines(json, "warnings", cam_strbuf_text(&lines));
    cam_strbuf_release(&lines);
}

static void put_part(cam_json *json, const cam_run_end *end, cam_data_part part) {
    if (!end->metrics[part])
        return;
    cam_json_object(json, cam_data_part_name(part));
    cam_metrics_put_members(json, end->metrics[part], (const char *const *)end->run->corpus.labels.names, NULL, 0);
    cam_run_scores_put(&end->scores->part[part], json);
    cam_json_close(json);
}

static cam_status write_metrics(const cam_run_end *end) {
    cam_strbuf text = CAM_STRBUF_INIT, verdict = CAM_STRBUF_INIT;
    cam_json json;
    cam_json_begin(&json, &text);
    for (int part = CAM_PART_TRAIN + 1; part < CAM_PARTS; part++)
        put_part(&json, end, (cam_data_part)part);
    if (end->baseline[CAM_PART_VALIDATION].rows > 0 || end->baseline[CAM_PART_TEST].rows > 0)
        put_baseline(&json, end);
    if (end->settings.length > 0)
        cam_strbuf_printf(&verdict, "%s; train again with%s", end->verdict.text, end->settings.text);
    else
        cam_strbuf_puts(&verdict, cam_strbuf_text(&end->verdict));
    cam_json_text(&json, "verdict", verdict.length > 0 ? verdict.text : NULL);
    put_warnings(&json, end);
    cam_json_end(&json);
    cam_strbuf_putc(&text, '\n');
    cam_status st = cam_run_folder_put(end->folder, "metrics.json", &text);
    cam_strbuf_release(&text);
    cam_strbuf_release(&verdict);
    return st;
}

/* --- the other files --------------------------------------------------------------------------------------------- */

static cam_status write_mistakes(cam_run_end *end) {
    char *path = cam_run_folder_path(end->folder, "mistakes.csv");
    cam_status st = cam_mistakes_write(path, &end->run->corpus, end->guesses, &end->mistakes);
    free(path);
    return st;
}

cam_status cam_run_end_write(cam_run_end *end) {
    cam_status st = CAM_OK;
    cam_strbuf card = CAM_STRBUF_INIT;
    score_baseline(end);
    find_verdict(end);
    CAM_TRY(write_mistakes(end));
    cam_model_card_put(end, &card);
    CAM_TRY(cam_run_folder_put_card(end->folder, &card));
    CAM_TRY(write_metrics(end));
out:
    cam_strbuf_release(&card);
    return st;
}

void cam_run_end_release(cam_run_end *end) {
    cam_strbuf_release(&end->verdict);
    cam_strbuf_release(&end->settings);
}
