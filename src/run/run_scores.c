/* run_scores.c: see run_scores_internal.h. */
#include "interval.h"
#include "plain.h"
#include "run_scores_internal.h"
#include "wrap.h"
#include <stdio.h>
#include <stdlib.h>

static const double USUAL_TARGET = 0.95, CONFIDENCE = CAM_AUTOMATION_CONFIDENCE;

int cam_run_scores_need_logits(const cam_config *config) {
    return config->task == CAM_CONFIG_TASK_CLASSIFY && (config->calibrate || config->target_accuracy > 0);
}

double cam_run_scores_temperature(const cam_run_scores *scores) {
    const cam_part_scores *validation = &scores->part[CAM_PART_VALIDATION];
    return validation->is_fitted && validation->calibration.kept ? validation->calibration.temperature : 1;
}

/* --- finding ------------------------------------------------------------------------------------------------------- */

/* The rows of a part: their labels, and the score of what is predicted. */
typedef struct rows {
    int64_t count, labels;
    float *logits; /* [count,labels]; NULL: not needed */
    int32_t *label;
    double *score;
    unsigned char *right;
} rows;

static void release_rows(rows *r) {
    free(r->label);
    free(r->score);
    free(r->right);
}

static cam_status make_rows(rows *r, const cam_corpus *corpus, cam_data_part part, float *logits) {
    int64_t count = corpus->part_count[part];
    *r = (rows){.count = count, .labels = (int64_t)corpus->labels.count, .logits = logits};
    r->label = malloc((size_t)(count + 1) * sizeof *r->label);
    r->score = malloc((size_t)(count + 1) * sizeof *r->score);
    r->right = malloc((size_t)count + 1);
    if (!r->label || !r->score || !r->right)
        return cam_fail(CAM_E_MEMORY, "no memory for the scores of %lld rows", (long long)count);
    for (int64_t i = 0; i < count; i++)
        r->label[i] = corpus->label[corpus->part[part][i]];
    return CAM_OK;
}

/* The validation rows choose the temperature; the others show what it does. */
static cam_status calibrate(cam_run_scores *scores, cam_data_part part, const rows *r) {
    cam_status st = CAM_OK;
    cam_part_scores *here = &scores->part[part];
    const cam_part_scores *validation = &scores->part[CAM_PART_VALIDATION];
    if (part == CAM_PART_VALIDATION)
        CAM_TRY(cam_calibration_fit(r->logits, r->label, r->count, r->labels, &here->calibration));
    else if (validation->is_fitted)
        CAM_TRY(cam_calibration_apply(r->logits, r->label, r->count, r->labels, &validation->calibration,
                                      &here->calibration));
    else
        return CAM_OK;
    here->is_fitted = 1;
    double temperature = cam_run_scores_temperature(scores);
    CAM_ASSERT(r->logits);
    for (int64_t i = 0; temperature != 1 && i < r->count * r->labels; i++)
        r->logits[i] = (float)(r->logits[i] / temperature);
out:
    return st;
}

static void set_scores(rows *r, const cam_guess *guesses) {
    if (r->logits)
        cam_calibration_scores(r->logits, r->label, r->count, r->labels, 1, r->score, r->right);
    for (int64_t i = 0; !r->logits && i < r->count; i++) {
        r->score[i] = (double)guesses[i].score;
        r->right[i] = guesses[i].label == r->label[i];
    }
}

static cam_status find_part(cam_run_scores *scores, const cam_config *config, const cam_corpus *corpus,
                            cam_data_part part, float *logits, const cam_guess *guesses) {
    cam_status st = CAM_OK;
    rows r = {0};
    cam_part_scores *here = &scores->part[part];
    CAM_TRY(make_rows(&r, corpus, part, logits));
    here->rows = r.count;
    if (config->calibrate)
        CAM_TRY(calibrate(scores, part, &r));
    set_scores(&r, guesses);
    if (!here->is_fitted)
        cam_reliability_measure(r.score, r.right, r.count, &here->reliability);
    CAM_TRY(cam_automation_curve(r.score, r.right, r.count, CONFIDENCE, &here->automation));
    if (part == CAM_PART_VALIDATION)
        CAM_TRY(cam_automation_find(r.score, r.right, r.count, CONFIDENCE, scores->target, &scores->point,
                                    &scores->is_found));
out:
    release_rows(&r);
    return st;
}

cam_status cam_run_scores_find(cam_run_scores *scores, const cam_config *config, const cam_corpus *corpus,
                               float *const logits[CAM_PARTS], cam_guess *const guesses[CAM_PARTS]) {
    cam_status st = CAM_OK;
    int need = cam_run_scores_need_logits(config);
    *scores = (cam_run_scores){.is_asked = config->target_accuracy > 0};
    scores->target = scores->is_asked ? config->target_accuracy : USUAL_TARGET;
    for (int part = CAM_PART_TRAIN + 1; part < CAM_PARTS; part++)
        if (corpus->part_count[part] > 0)
            CAM_TRY(find_part(scores, config, corpus, (cam_data_part)part, need ? logits[part] : NULL, guesses[part]));
out:
    return st;
}

/* --- metrics.json -------------------------------------------------------------------------------------------------- */

void cam_run_scores_put(const cam_part_scores *scores, cam_json *json) {
    if (scores->rows == 0)
        return;
    if (scores->is_fitted)
        cam_calibration_put(&scores->calibration, json);
    else
        cam_reliability_put(&scores->reliability, json);
    cam_automation_put(&scores->automation, json);
}

/* --- for people ---------------------------------------------------------------------------------------------------- */

/* Appends a percentage as a whole number, with decimals only where it would be taken for all or none. */
static void put_percent(cam_strbuf *out, double value) {
    enum { MOST_DECIMALS = 3 };
    char text[32] = "";
    for (int decimals = 0; decimals <= MOST_DECIMALS; decimals++) {
        snprintf(text, sizeof text, "%.*f", decimals, 100 * value);
        double shown = strtod(text, NULL);
        if ((shown < 100 || value >= 1) && (shown > 0 || value <= 0))
            break;
    }
    cam_strbuf_puts(out, text);
}

static void put_range(const cam_interval *accuracy, cam_strbuf *out) {
    put_percent(out, accuracy->low);
    cam_strbuf_puts(out, " to ");
    put_percent(out, accuracy->high);
}

/* Appends "95 % of them right (92 to 97)". */
static void put_accuracy(const cam_interval *accuracy, cam_strbuf *out) {
    put_percent(out, accuracy->value);
    cam_strbuf_puts(out, " % of them right (");
    put_range(accuracy, out);
    cam_strbuf_puts(out, ")");
}

static void put_calibration(const cam_calibration *calibration, cam_strbuf *out) {
    if (calibration->kept)
        cam_strbuf_printf(out, "calibrated (temperature %.3g): expected calibration error %.3f -> %.3f",
                          calibration->temperature, calibration->before.ece, calibration->after.ece);
    else
        cam_strbuf_printf(out, "not calibrated: %s; expected calibration error %.3f",
                          cam_calibration_why(calibration->outcome), calibration->before.ece);
}

static void put_threshold(const cam_run_scores *scores, cam_strbuf *out) {
    cam_strbuf_puts(out, "with a score of at least ");
    cam_strbuf_put_double(out, scores->point.threshold);
    cam_strbuf_puts(out, ", ");
    put_percent(out, scores->point.share);
    cam_strbuf_printf(out, " %% of the rows %s handled automatically, ", scores->is_asked ? "are" : "can be");
    put_accuracy(&scores->point.accuracy, out);
}

void cam_run_scores_report_put(const cam_run_scores *scores, cam_strbuf *out) {
    const cam_part_scores *validation = &scores->part[CAM_PART_VALIDATION];
    cam_strbuf lines = CAM_STRBUF_INIT;
    if (validation->is_fitted) {
        put_calibration(&validation->calibration, &lines);
        cam_strbuf_puts(&lines, "\n");
    }
    if (scores->is_found && (scores->is_asked || validation->is_fitted)) {
        put_threshold(scores, &lines);
        cam_strbuf_puts(&lines, "\n");
    }
    if (lines.length > 0) {
        cam_strbuf_puts(out, "\n");
        cam_put_wrapped(out, lines.text);
    }
    cam_strbuf_release(&lines);
}

void cam_run_scores_warning_put(const cam_run_scores *scores, cam_strbuf *out) {
    const cam_automation_point *point = &scores->point;
    int64_t fewest = cam_proportion_rows(scores->target, CONFIDENCE);
    if (!scores->is_asked || scores->is_found)
        return;
    cam_strbuf_puts(out, "target_accuracy ");
    cam_strbuf_put_double(out, scores->target);
    cam_strbuf_puts(out, " is not reached, and predict labels every text: ");
    if (point->rows == 0) {
        cam_strbuf_puts(out, "there are no validation rows");
        return;
    }
    cam_strbuf_puts(out, "at best, with a score of at least ");
    cam_strbuf_put_double(out, point->threshold);
    cam_strbuf_puts(out, ", ");
    put_percent(out, point->accuracy.value);
    cam_strbuf_puts(out, " % of ");
    cam_plain_put_counted(out, point->rows, "validation row is right (", "validation rows are right (");
    put_range(&point->accuracy, out);
    cam_strbuf_puts(out, ")");
    if (point->right == point->rows && point->rows < fewest)
        cam_strbuf_printf(out, "; only %lld such rows would tell", (long long)fewest);
}

void cam_run_scores_card_put(const cam_run_scores *scores, cam_strbuf *out) {
    const cam_part_scores *validation = &scores->part[CAM_PART_VALIDATION];
    const cam_calibration *calibration = &validation->calibration;
    if (validation->is_fitted && calibration->kept)
        cam_strbuf_printf(out,
                          "\nThe scores are calibrated: the last layer is divided by the temperature %.4g, which the\n"
                          "validation rows chose. Their expected calibration error was %.3f and is %.3f.\n",
                          calibration->temperature, calibration->before.ece, calibration->after.ece);
    if (!scores->is_asked || !scores->is_found)
        return;
    cam_strbuf_puts(out, "\nOf the validation rows ");
    put_percent(out, scores->point.share);
    cam_strbuf_puts(out, " % have a score of at least ");
    cam_strbuf_put_double(out, scores->point.threshold);
    cam_strbuf_puts(out, ", ");
    put_accuracy(&scores->point.accuracy, out);
    cam_strbuf_puts(out, ".\nBelow that score `cam-train predict` gives no label; with transformers compare `score` "
                         "yourself.\n");
}
