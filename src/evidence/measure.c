/* measure.c: see measure.h. */
#include "clock.h"
#include "files.h"
#include "log.h"
#include "measure_internal.h"
#include "model_get.h"
#include "plain.h"
#include <stdlib.h>
#include <string.h>

cam_status cam_measure_configure(const cam_config *from, cam_config *to, char **folder) {
    cam_status st = CAM_OK;
    *to = *from;
    *folder = cam_path_join(from->output_dir, "model");
    CAM_TRY(cam_memory_check(CAM_OK));
    to->output_dir = *folder;
    to->validation_file = NULL;
    to->validation_split = 0;
    to->early_stopping_patience = 0;
    to->calibrate = false; /* the rows of the folds do it (cam_run.given) */
    to->target_accuracy = -1;
    if (from->task != CAM_CONFIG_TASK_CLASSIFY)
        CAM_FAIL(CAM_E_USAGE, "task: folds are made of rows with labels; set task=classify");
    if (from->distill_teacher)
        CAM_FAIL(CAM_E_USAGE, "distill_teacher: a student is not measured by folds, since its teacher may have learnt "
                              "the held-out rows; set ~distill_teacher");
    if (from->validation_file)
        cam_log_warn("validation_file is not read: folds hold out rows of train_file");
    if (from->early_stopping_patience > 0)
        cam_log_warn("early_stopping_patience has no effect: of a fold the last epoch counts, since to choose one by "
                     "the held-out rows would flatter their score");
out:
    return st;
}

/* --- figures ----------------------------------------------------------------------------------------------------- */

static cam_status find_baseline(cam_measure_state *m) {
    cam_status st = CAM_OK;
    const cam_run *run = m->task->run;
    double confidence = run->config->confidence;
    int32_t *predicted = NULL;
    if (m->plan.rows > CAM_BASELINE_ROWS) {
        cam_log_verbose("the TF-IDF baseline is left out: more than %d rows", CAM_BASELINE_ROWS);
        return CAM_OK;
    }
    predicted = malloc(((size_t)m->plan.rows + 1) * sizeof *predicted);
    if (!predicted)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the TF-IDF baseline of %lld rows", (long long)m->plan.rows);
    CAM_TRY(cam_fold_baseline(run, &m->plan, &run->cancel, predicted));
    CAM_TRY(cam_predictions_of_labels(&m->baseline_predictions, run, &m->plan, predicted, m->predictions.seeds));
    CAM_TRY(cam_figures_find(&m->baseline, &m->baseline_predictions, confidence));
    CAM_TRY(cam_figures_compare(&m->predictions, &m->baseline_predictions, confidence, &m->difference));
    m->has_baseline = 1;
out:
    free(predicted);
    return st;
}

/* What the final model gets of it. */
static cam_status give_scores(cam_measure_state *m, const double *score, const unsigned char *right) {
    cam_status st = CAM_OK;
    const cam_config *config = m->task->config;
    cam_given_scores *given = &m->task->run->given;
    cam_automation_point point;
    int found = 0;
    if (config->calibrate && m->calibration.kept)
        given->temperature = m->calibration.temperature;
    if (config->target_accuracy <= 0)
        return CAM_OK;
    CAM_TRY(cam_automation_find(score, right, m->predictions.rows, config->confidence, config->target_accuracy, &point,
                                &found));
    given->has_threshold = found;
    given->threshold = point.threshold;
    given->target = config->target_accuracy;
    if (!found)
        cam_strbuf_printf(&m->warnings, "target_accuracy %g is not reached, and predict labels every text\n",
                          config->target_accuracy);
out:
    return st;
}

/* By the first seed: its rows are independent, each scored once. */
static cam_status find_calibration(cam_measure_state *m) {
    cam_status st = CAM_OK;
    const cam_predictions *p = &m->predictions;
    size_t rows = (size_t)p->rows, labels = (size_t)p->labels;
    float *logits = malloc((rows * labels + 1) * sizeof *logits);
    double *score = malloc((rows + 1) * sizeof *score);
    unsigned char *right = malloc(rows + 1);
    int32_t *truth = malloc((rows + 1) * sizeof *truth);
    if (!logits || !score || !right || !truth)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the scores of %zu rows", rows);
    for (size_t r = 0; r < rows; r++) {
        memcpy(logits + r * labels, p->logits + r * (size_t)p->seeds * labels, labels * sizeof *logits);
        truth[r] = p->truth[r * (size_t)p->seeds];
    }
    CAM_TRY(cam_calibration_fit(logits, truth, p->rows, p->labels, &m->calibration));
    cam_calibration_scores(logits, truth, p->rows, p->labels, m->calibration.kept ? m->calibration.temperature : 1,
                           score, right);
    CAM_TRY(cam_automation_curve(score, right, p->rows, m->task->config->confidence, &m->automation));
    CAM_TRY(give_scores(m, score, right));
out:
    free(logits);
    free(score);
    free(right);
    free(truth);
    return st;
}

static void warn(cam_measure_state *m) {
    if (m->plan.duplicates > 0)
        cam_strbuf_printf(&m->warnings,
                          "%lld of %lld rows have the same text as a row of another fold, which flatters the score; "
                          "on_duplicate=drop leaves repeated texts out\n",
                          (long long)m->plan.duplicates, (long long)m->plan.rows);
    if (m->near_duplicates > 0)
        cam_strbuf_printf(&m->warnings,
                          "%lld of %lld rows differ in little from a row of another fold, which flatters the score; "
                          "where a column says which rows belong together, group_column keeps them in one fold\n",
                          (long long)m->near_duplicates, (long long)m->plan.rows);
    if (m->has_baseline && m->difference.accuracy.low <= 0)
        cam_strbuf_printf(&m->warnings, "the model is not clearly better than " CAM_BASELINE_NAME
                                        ", which needs no language model\n");
}

static cam_status find_figures(cam_measure_state *m) {
    cam_status st = CAM_OK;
    const cam_run *run = m->task->run;
    CAM_TRY(cam_predictions_of_results(&m->predictions, run, &m->plan, m->results));
    CAM_TRY(cam_figures_find(&m->figures, &m->predictions, run->config->confidence));
    CAM_TRY(find_baseline(m));
    CAM_TRY(find_calibration(m));
    CAM_TRY(cam_fold_plan_count_near(&m->plan, run, &m->near_duplicates));
    warn(m);
out:
    return st;
}

/* --- the work ---------------------------------------------------------------------------------------------------- */

static void describe(const cam_measure_state *m) {
    const cam_config_seeds *seeds = &m->task->config->seeds;
    cam_strbuf line = CAM_STRBUF_INIT;
    cam_strbuf_printf(&line, "folds    %lld", (long long)m->plan.folds);
    if (m->plan.groups.of_row)
        cam_strbuf_printf(&line, ", rows of one \"%s\" together (%lld of them)", m->task->config->group_column,
                          (long long)m->plan.groups.count);
    cam_strbuf_printf(&line, "; %zu seed%s: %lld trainings of about %lld rows%s", seeds->count,
                      seeds->count == 1 ? "" : "s", (long long)m->plan.job_count, (long long)m->plan.train_count[0],
                      m->task->config->final ? ", then one of all rows" : "");
    cam_log("%s", cam_strbuf_text(&line));
    cam_strbuf_release(&line);
}

static cam_status repeat(cam_measure_state *m) {
    cam_status st = CAM_OK;
    const cam_measure_task *task = m->task;
    cam_repeat_task work = {.run = task->run,
                            .backend = task->backend,
                            .group = task->group,
                            .folder = cam_group_rank(task->group) == 0 ? &m->folder.folder : NULL,
                            .prefix = CAM_REPEAT_FOLDS,
                            .identity = m->folder.identity,
                            .jobs = m->plan.jobs,
                            .job_count = m->plan.job_count,
                            .progress = task->progress};
    m->results = calloc((size_t)m->plan.job_count, sizeof *m->results);
    if (!m->results)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld trainings", (long long)m->plan.job_count);
    st = cam_repeat(&work, m->results, &m->cost);
    if (st == CAM_E_STOPPED)
        CAM_FAIL(CAM_E_STOPPED,
                 "stopped by a signal; finished trainings are kept in \"%s\": the same command goes on "
                 "with the next one",
                 task->config->output_dir);
    CAM_TRY(st);
out:
    return st;
}

/* Rank 0 trains it alone, as each fold was trained. */
static cam_status train_final(cam_measure_state *m) {
    cam_status st = CAM_OK;
    const cam_measure_task *task = m->task;
    cam_run *run = task->run;
    if (!task->config->final)
        return CAM_OK;
    if (run->resume.kind == CAM_RUN_IS_FINISHED) {
        cam_log("the model on all rows is finished in \"%s\"", run->config->output_dir);
        return CAM_OK;
    }
    cam_log("final    the model on all %lld rows", (long long)m->plan.rows);
    cam_measure_card_put(m, &run->measured);
    CAM_TRY(cam_run_train(run, task->backend, task->progress));
out:
    return st;
}

static void tell(const cam_measure_state *m) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_measure_table_put(m, &text);
    cam_log_each_line(cam_strbuf_text(&text), cam_log);
    cam_log_each_line(cam_strbuf_text(&m->warnings), cam_log_warn);
    cam_strbuf_release(&text);
}

/* What rank 0 does once all trainings are made. */
static cam_status conclude(cam_measure_state *m) {
    cam_status st = CAM_OK;
    CAM_TRY(find_figures(m));
    m->wall_s = cam_now_s() - m->begin_s + m->cost.taken_s;
    CAM_TRY(cam_measure_write(m));
    CAM_TRY(train_final(m));
    CAM_TRY(cam_measurement_folder_put_page(&m->folder, m->task->config));
    CAM_TRY(cam_measurement_folder_finish(&m->folder));
    CAM_TRY(cam_repeat_remove_files(&m->folder.folder));
    tell(m);
out:
    return st;
}

static cam_status measure(cam_measure_state *m) {
    cam_status st = CAM_OK;
    const cam_measure_task *task = m->task;
    cam_group *group = task->group;
    cam_facts facts = {0};
    CAM_TRY(cam_group_agree_status(group, "making folds", cam_fold_plan_make(&m->plan, task->run)));
    CAM_TRY(cam_group_agree_status(group, "reading the model",
                                   cam_measurement_facts(task->run, task->config, task->backend, "measure", &facts)));
    CAM_TRY(cam_measurement_folder_open(&m->folder, task->config, &facts, group));
    if (m->folder.is_finished) {
        cam_log("output_dir \"%s\" holds this measurement, finished: nothing is left to do; to measure anew set "
                "overwrite_output_dir=true",
                task->config->output_dir);
        goto out;
    }
    if (cam_group_rank(group) == 0)
        describe(m);
    CAM_TRY(repeat(m));
    if (group)
        group->timeout_s = CAM_MODEL_GET_S; /* the others wait while rank 0 trains the model on all rows */
    CAM_TRY(cam_group_agree_status(group, "the final model", cam_group_rank(group) == 0 ? conclude(m) : CAM_OK));
out:
    cam_facts_release(&facts);
    return st;
}

cam_status cam_measure(const cam_measure_task *task) {
    cam_measure_state m = {
        .task = task, .folder = CAM_MEASUREMENT_FOLDER_CLOSED, .warnings = CAM_STRBUF_INIT, .begin_s = cam_now_s()};
    cam_status st = measure(&m);
    cam_measurement_folder_close(&m.folder);
    cam_predictions_release(&m.predictions);
    cam_predictions_release(&m.baseline_predictions);
    cam_figures_release(&m.figures);
    cam_figures_release(&m.baseline);
    cam_repeat_release(m.results, m.plan.job_count);
    cam_fold_plan_release(&m.plan);
    cam_strbuf_release(&m.warnings);
    return st;
}
