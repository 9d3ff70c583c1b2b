/* run_classify.c: the figures of a classifier; see cam_training_task. */
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
    int64_t validation = corpus->part_count[CAM_PART_VALIDATION], test = corpus->part_count[CAM_PART_TEST];
    int64_t rows = validation > test ? validation : test;
    t->logits = malloc((size_t)(rows + 1) * corpus->labels.count * sizeof *t->logits);
    if (!t->logits)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the logits of %lld rows", (long long)rows);
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
    free(t->logits);
    for (int part = 0; part < CAM_PARTS; part++)
        free(t->guesses[part]);
}

/* Scores the rows of a part with the current weights. */
static cam_status score(cam_training *t, cam_data_part part, cam_metrics *metrics) {
    cam_status st = CAM_OK;
    cam_phase before = cam_phase_enter(CAM_PHASE_SCORING);
    const cam_corpus *corpus = &t->run->corpus;
    const int32_t *list = corpus->part[part];
    size_t labels = corpus->labels.count;
    cam_metrics_clear(metrics);
    CAM_TRY(cam_trainer_logits(&t->trainer, list, corpus->part_count[part], t->logits));
    for (int64_t i = 0; i < corpus->part_count[part]; i++)
        cam_metrics_add(metrics, t->logits + (size_t)i * labels, corpus->label[list[i]]);
out:
    cam_phase_enter(before);
    return st;
}

/* Keeps what the logits of a part's rows, which were scored last, predict. */
static void keep_guesses(cam_training *t, cam_data_part part) {
    const cam_corpus *corpus = &t->run->corpus;
    cam_guess_rows(t->logits, corpus->part_count[part], (int64_t)corpus->labels.count, t->guesses[part]);
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

/* The test rows. */
static cam_status score_end(cam_training *t) {
    cam_status st = CAM_OK;
    if (t->run->corpus.part_count[CAM_PART_TEST] == 0)
        return CAM_OK;
    if (t->saved_step != t->trainer.steps_submitted) {
        t->holds_best = 1;
        CAM_TRY(cam_trainer_reload(&t->trainer, t->folder.path));
    }
    CAM_TRY(score(t, CAM_PART_TEST, &t->test));
    keep_guesses(t, CAM_PART_TEST);
out:
    return st;
}

static cam_status write_end(cam_training *t, double wall_s, cam_strbuf *report, cam_strbuf *warning) {
    cam_status st = CAM_OK;
    const cam_corpus *corpus = &t->run->corpus;
    cam_run_end end = cam_training_run_end(t, wall_s);
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
