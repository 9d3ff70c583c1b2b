/* measure_write.c: measure.json, oof.jsonl and confusion.csv; see measure_internal.h. */
#include "measure_internal.h"
#include "out_of_fold.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const *names_of(const cam_measure_state *m) {
    return (const char *const *)m->task->run->corpus.labels.names;
}

/* --- oof.jsonl --------------------------------------------------------------------------------------------------- */

static cam_status write_out_of_fold(const cam_measure_state *m) {
    cam_status st = CAM_OK;
    const cam_predictions *p = &m->predictions;
    cam_out_of_fold oof = {0};
    char run[20];
    char *path = cam_run_folder_path(&m->folder.folder, CAM_OUT_OF_FOLD_FILE);
    int64_t *ids = malloc(((size_t)p->rows + 1) * sizeof *ids);
    double *scores = malloc(((size_t)p->labels + 1) * sizeof *scores);
    if (!ids || !scores || !path)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the scores of %lld rows", (long long)p->rows);
    for (int64_t r = 0; r < p->rows; r++)
        ids[r] = p->row_id[r];
    snprintf(run, sizeof run, "%016" PRIx64, m->folder.identity);
    CAM_TRY(cam_out_of_fold_init(&oof, &m->task->run->corpus, ids, p->rows, m->task->config->seeds.items, p->seeds,
                                 (int32_t)m->plan.folds, run));
    for (int64_t r = 0; r < p->rows; r++)
        for (int32_t s = 0; s < p->seeds; s++) {
            float *to = cam_out_of_fold_scores(&oof, r, s);
            cam_softmax(p->logits + (r * p->seeds + s) * p->labels, p->labels, scores);
            for (int64_t k = 0; k < p->labels; k++)
                to[k] = (float)scores[k];
            oof.fold[r * p->seeds + s] = m->plan.fold[r];
        }
    CAM_TRY(cam_out_of_fold_write(&oof, path));
out:
    cam_out_of_fold_release(&oof);
    free(ids);
    free(scores);
    free(path);
    return st;
}

/* --- confusion.csv ----------------------------------------------------------------------------------------------- */

static void put_cell(cam_strbuf *out, const char *text) {
    cam_strbuf_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            cam_strbuf_putc(out, '"');
        cam_strbuf_putc(out, *text);
    }
    cam_strbuf_putc(out, '"');
}

/* A row a label as given, a column a label as predicted; the predictions of all seeds. */
static cam_status write_confusion(const cam_measure_state *m) {
    cam_strbuf text = CAM_STRBUF_INIT;
    const cam_metrics *metrics = &m->figures.metrics;
    put_cell(&text, "given \\ predicted");
    for (int64_t k = 0; k < metrics->labels; k++) {
        cam_strbuf_putc(&text, ',');
        put_cell(&text, names_of(m)[k]);
    }
    cam_strbuf_putc(&text, '\n');
    for (int64_t k = 0; k < metrics->labels; k++) {
        put_cell(&text, names_of(m)[k]);
        for (int64_t j = 0; j < metrics->labels; j++)
            cam_strbuf_printf(&text, ",%" PRId64, metrics->confusion[k * metrics->labels + j]);
        cam_strbuf_putc(&text, '\n');
    }
    cam_status st = cam_run_folder_put(&m->folder.folder, CAM_CONFUSION_FILE, &text);
    cam_strbuf_release(&text);
    return st;
}

/* --- measure.json ------------------------------------------------------------------------------------------------ */

static void put_head(cam_json *json, const cam_measure_state *m) {
    const cam_config *config = m->task->config;
    cam_json_text(json, "format", "cam-train measure 1");
    cam_json_text(json, "version", CAM_VERSION);
    cam_json_integer(json, "rows", m->plan.rows);
    cam_json_array(json, "labels");
    for (int64_t k = 0; k < m->plan.labels; k++)
        cam_json_text(json, NULL, names_of(m)[k]);
    cam_json_close(json);
    cam_json_integer(json, "folds", m->plan.folds);
    cam_json_array(json, "seeds");
    for (size_t i = 0; i < config->seeds.count; i++)
        cam_json_integer(json, NULL, config->seeds.items[i]);
    cam_json_close(json);
    if (m->plan.groups.of_row) {
        cam_json_text(json, "group_column", config->group_column);
        cam_json_integer(json, "groups", m->plan.groups.count);
    }
    cam_json_number(json, "confidence", config->confidence);
    cam_json_text(json, "model", config->model_name_or_path);
    cam_json_text(json, "device", m->task->backend->description);
    cam_json_number(json, "wall_s", m->wall_s);
}

static void put_baseline(cam_json *json, const cam_measure_state *m) {
    const cam_interval *difference = &m->difference.accuracy;
    if (!m->has_baseline)
        return;
    cam_json_object(json, "baseline");
    cam_json_text(json, "name", CAM_BASELINE_NAME);
    cam_figures_put(&m->baseline, json, "metrics");
    cam_json_close(json);
    cam_json_object(json, "paired");
    cam_json_text(json, "metric", "accuracy");
    cam_json_number(json, "difference", difference->value);
    cam_json_number(json, "low", difference->low);
    cam_json_number(json, "high", difference->high);
    if (m->difference.p >= 0)
        cam_json_number(json, "p", m->difference.p);
    cam_json_close(json);
}

static void put_classes(cam_json *json, const cam_measure_state *m) {
    const cam_metrics *metrics = &m->figures.metrics;
    cam_json_array(json, "classes");
    for (int64_t k = 0; k < metrics->labels; k++) {
        cam_class_scores of = cam_metrics_class(metrics, k);
        cam_json_object(json, NULL);
        cam_json_text(json, "label", names_of(m)[k]);
        cam_json_integer(json, "support", of.support / m->predictions.seeds);
        cam_json_number(json, "precision", of.precision);
        cam_json_number(json, "recall", of.recall);
        cam_json_number(json, "f1", of.f1);
        cam_json_number(json, "f1_low", m->figures.scores.f1[k].low);
        cam_json_number(json, "f1_high", m->figures.scores.f1[k].high);
        cam_json_close(json);
    }
    cam_json_close(json);
    cam_json_array(json, "confusion");
    for (int64_t k = 0; k < metrics->labels; k++) {
        cam_json_array(json, NULL);
        for (int64_t j = 0; j < metrics->labels; j++)
            cam_json_integer(json, NULL, metrics->confusion[k * metrics->labels + j]);
        cam_json_close(json);
    }
    cam_json_close(json);
}

static cam_status put_repetitions(cam_json *json, const cam_measure_state *m) {
    cam_status st = CAM_OK;
    cam_metrics metrics = {0};
    CAM_TRY(cam_metrics_init(&metrics, m->plan.labels));
    cam_json_array(json, "repetitions");
    for (int64_t j = 0; j < m->plan.job_count; j++) {
        const cam_repeat_job *job = &m->plan.jobs[j];
        cam_metrics_clear(&metrics);
        for (int64_t i = 0; i < job->held_count; i++)
            cam_metrics_add(&metrics, m->results[j].logits + i * m->plan.labels,
                            m->task->run->corpus.label[job->held_out[i]]);
        cam_scores scores = cam_metrics_scores(&metrics);
        cam_json_object(json, NULL);
        cam_json_integer(json, "seed", job->seed);
        cam_json_integer(json, "fold", job->fold);
        cam_json_integer(json, "rows", job->held_count);
        cam_json_number(json, "accuracy", scores.accuracy);
        cam_json_number(json, "f1_macro", scores.f1_macro);
        cam_json_number(json, "loss", scores.loss);
        cam_json_number(json, "wall_s", m->results[j].wall_s);
        cam_json_close(json);
    }
    cam_json_close(json);
out:
    cam_metrics_release(&metrics);
    return st;
}

static cam_status write_json(const cam_measure_state *m) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_json json;
    cam_json_begin(&json, &text);
    put_head(&json, m);
    cam_figures_put(&m->figures, &json, "metrics");
    put_baseline(&json, m);
    put_classes(&json, m);
    CAM_TRY(put_repetitions(&json, m));
    cam_calibration_put(&m->calibration, &json);
    cam_automation_put(&m->automation, &json);
    cam_json_integer(&json, "duplicates_across_folds", m->plan.duplicates);
    cam_json_integer(&json, "near_duplicates_across_folds", m->near_duplicates);
    cam_json_lines(&json, "warnings", cam_strbuf_text(&m->warnings));
    cam_json_end(&json);
    cam_strbuf_putc(&text, '\n');
    CAM_TRY(cam_memory_check(CAM_OK));
    CAM_TRY(cam_run_folder_put(&m->folder.folder, CAM_MEASURE_FILE, &text));
out:
    cam_strbuf_release(&text);
    return st;
}

cam_status cam_measure_write(const cam_measure_state *m) {
    cam_status st = CAM_OK;
    CAM_TRY(write_out_of_fold(m));
    CAM_TRY(write_confusion(m));
    CAM_TRY(write_json(m));
out:
    return st;
}
