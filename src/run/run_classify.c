/* run_classify.c: the figures of a classifier; see cam_training_task. */
#include "calibrated_head.h"
#include "phases.h"
#include "run_end_internal.h"
#include "training_internal.h"
#include "training_record_internal.h"
#include <stdlib.h>

static cam_status open_figures(cam_training *t) {
    cam_status st = CAM_OK;
    const cam_corpus *corpus = &t->run->corpus;
    int64_t labels = (int64_t)corpus->labels.count;
    CAM_TRY(cam_metrics_init(&t->latest, labels));
    CAM_TRY(cam_metrics_init(&t->kept, labels));
    CAM_TRY(cam_metrics_init(&t->test, labels));
    for (int part = CAM_PART_TRAIN + 1; part < CAM_PARTS; part++) {
        int64_t rows = corpus->part_count[part];
        t->logits[part] = malloc((size_t)(rows + 1) * corpus->labels.count * sizeof *t->logits[part]);
        if (!t->logits[part])
            CAM_FAIL(CAM_E_MEMORY, "no memory for the logits of %lld rows", (long long)rows);
    }
    for (int part = 0; part < CAM_PARTS; part++) {
        t->guesses[part] = calloc((size_t)corpus->part_count[part] + 1, sizeof *t->guesses[part]);
        if (!t->guesses[part])
            CAM_FAIL(CAM_E_MEMORY, "no memory for the predictions of %lld rows", (long long)corpus->part_count[part]);
    }
out:
    return st;
}

static void close_figures(cam_training *t) {
    cam_metrics_release(&t->latest);
    cam_metrics_release(&t->kept);
    cam_metrics_release(&t->test);
    for (int part = 0; part < CAM_PARTS; part++) {
        free(t->logits[part]);
        free(t->guesses[part]);
    }
}

/* The figures of a part's logits. */
static void count(const cam_training *t, cam_data_part part, cam_metrics *metrics) {
    const cam_corpus *corpus = &t->run->corpus;
    cam_metrics_clear(metrics);
    for (int64_t i = 0; i < corpus->part_count[part]; i++)
        cam_metrics_add(metrics, t->logits[part] + (size_t)i * corpus->labels.count,
                        corpus->label[corpus->part[part][i]]);
}

/* Scores the rows of a part with the current weights. */
static cam_status score(cam_training *t, cam_data_part part, cam_metrics *metrics) {
    cam_status st = CAM_OK;
    cam_phase before = cam_phase_enter(CAM_PHASE_SCORING);
    const cam_corpus *corpus = &t->run->corpus;
    CAM_TRY(cam_trainer_logits(&t->trainer, corpus->part[part], corpus->part_count[part], t->logits[part]));
    count(t, part, metrics);
out:
    cam_phase_enter(before);
    return st;
}

/* Keeps what the logits of a part's rows, which were scored last, predict. */
static void keep_guesses(cam_training *t, cam_data_part part) {
    const cam_corpus *corpus = &t->run->corpus;
    cam_guess_rows(t->logits[part], corpus->part_count[part], (int64_t)corpus->labels.count, t->guesses[part]);
}

static cam_status evaluate(cam_training *t, cam_evaluated *evaluated) {
    cam_status st = CAM_OK;
    CAM_TRY(score(t, CAM_PART_VALIDATION, &t->latest));
    t->has_logits = 1;
    cam_scores scores = cam_metrics_scores(&t->latest);
    cam_eval_event event = {.step = t->trainer.steps_submitted};
    for (int m = 0; m < CAM_CHOICE_COUNT_metric; m++)
        event.metrics[m] = cam_metric_value((cam_metric)m, &scores);
    if (cam_training_writes_log(t))
        CAM_TRY(cam_run_log_eval(&t->log, &event));
    evaluated->value = cam_metric_value(t->best.metric, &scores);
    cam_metrics_put_shown(&evaluated->figures, &scores, CAM_SHOWN_EVAL);
out:
    return st;
}

static cam_status keep(cam_training *t) {
    cam_status st = CAM_OK;
    if (t->scored_step == t->trainer.steps_submitted && !t->has_logits) /* before the run went on */
        CAM_TRY(score(t, CAM_PART_VALIDATION, &t->latest));
    cam_metrics_clear(&t->kept);
    cam_metrics_merge(&t->kept, &t->latest);
    keep_guesses(t, CAM_PART_VALIDATION);
out:
    return st;
}

/* Whether the validation rows have to be scored again: their logits are needed, and are not those of the saved model. */
static int lacks_logits(const cam_training *t) {
    return t->run->corpus.part_count[CAM_PART_VALIDATION] > 0 && cam_run_scores_need_logits(cam_training_config(t)) &&
           !(t->has_logits && t->scored_step == t->saved_step);
}

/* The test rows, and validation rows whose logits are needed. */
static cam_status score_end(cam_training *t) {
    cam_status st = CAM_OK;
    int again = lacks_logits(t), has_test = t->run->corpus.part_count[CAM_PART_TEST] > 0;
    if ((again || has_test) && t->saved_step != t->trainer.steps_submitted) {
        t->holds_best = 1;
        CAM_TRY(cam_trainer_reload(&t->trainer, t->folder.path));
    }
    if (again)
        CAM_TRY(score(t, CAM_PART_VALIDATION, &t->kept));
    if (!has_test)
        goto out;
    CAM_TRY(score(t, CAM_PART_TEST, &t->test));
    keep_guesses(t, CAM_PART_TEST);
out:
    return st;
}

/* Gives the model in the folder the temperature and the threshold that were found. Weights and figures are made from those
 * of the training, so that a run that is stopped here and goes on does it once. */
static cam_status put_scores(cam_training *t) {
    cam_status st = CAM_OK;
    cam_model_config *model = &t->run->model;
    char *path = cam_run_folder_path(&t->folder, CAM_TRAINING_MODEL_FILE);
    const cam_given_scores *given = &t->run->given;
    double temperature = cam_run_scores_temperature(&t->scores);
    if (given->temperature > 0) {
        int64_t values = t->run->corpus.part_count[CAM_PART_TEST] * (int64_t)t->run->corpus.labels.count;
        temperature = given->temperature;
        for (int64_t i = 0; i < values; i++)
            t->logits[CAM_PART_TEST][i] = (float)(t->logits[CAM_PART_TEST][i] / temperature);
    }
    if (temperature != 1) {
        CAM_TRY(cam_head_divide(path, temperature));
        count(t, CAM_PART_VALIDATION, &t->kept);
        keep_guesses(t, CAM_PART_VALIDATION);
        count(t, CAM_PART_TEST, &t->test);
        keep_guesses(t, CAM_PART_TEST);
    }
    if (given->has_threshold) {
        model->has_threshold = 1;
        model->score_threshold = given->threshold;
        model->target_accuracy = given->target;
        CAM_TRY(cam_run_folder_put_config(&t->folder, model));
    } else if (t->scores.is_asked && t->scores.is_found) {
        model->has_threshold = 1;
        model->score_threshold = t->scores.point.threshold;
        model->target_accuracy = t->scores.target;
        CAM_TRY(cam_run_folder_put_config(&t->folder, model));
    }
out:
    free(path);
    return st;
}

static cam_status write_end(cam_training *t, double wall_s, cam_strbuf *report, cam_strbuf *warning) {
    cam_status st = CAM_OK;
    const cam_corpus *corpus = &t->run->corpus;
    cam_run_end end = cam_training_run_end(t, wall_s);
    CAM_TRY(cam_run_scores_find(&t->scores, cam_training_config(t), corpus, t->logits, t->guesses));
    CAM_TRY(put_scores(t));
    end.scores = &t->scores;
    if (corpus->part_count[CAM_PART_VALIDATION] > 0) {
        end.metrics[CAM_PART_VALIDATION] = &t->kept;
        end.guesses[CAM_PART_VALIDATION] = t->guesses[CAM_PART_VALIDATION];
    }
    if (corpus->part_count[CAM_PART_TEST] > 0) {
        end.metrics[CAM_PART_TEST] = &t->test;
        end.guesses[CAM_PART_TEST] = t->guesses[CAM_PART_TEST];
    }
    CAM_TRY(cam_run_end_write(&end));
    cam_run_report_put(&end, report);
    cam_run_verdict_put(&end, warning);
out:
    cam_run_end_release(&end);
    return st;
}

const cam_training_task cam_training_classify = {.open = open_figures,
                                                 .close = close_figures,
                                                 .evaluate = evaluate,
                                                 .keep = keep,
                                                 .put_results = cam_training_results_put,
                                                 .take_results = cam_training_results_take,
                                                 .score_end = score_end,
                                                 .write_end = write_end};
