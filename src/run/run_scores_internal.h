/* run_scores_internal.h: what a run finds at its end about the scores of the rows outside training: whether they are
 * probabilities, and which texts may be handled without a person.
 *
 * A score is the probability of the predicted label. With `calibrate` one temperature is chosen by the validation rows
 * (statistics/calibration.h). With `target_accuracy` a threshold is chosen by them, for the scores that are saved: the
 * lowest one for which the lower end of the accuracy's 95 % interval reaches the target (statistics/automation.h). The
 * same rows have chosen the best epoch, so that the figures flatter a little; those of test rows do not. */
#ifndef CAM_RUN_SCORES_INTERNAL_H
#define CAM_RUN_SCORES_INTERNAL_H

#include "automation.h"
#include "calibration.h"
#include "config.h"
#include "corpus.h"
#include "mistakes_internal.h"

/* Of one part. */
typedef struct cam_part_scores {
    int64_t rows;                /* 0: the part has none, and nothing else is set */
    int is_fitted;               /* `calibrate`: `calibration` is set, otherwise `reliability` */
    cam_calibration calibration; /* of the test rows: with the temperature of the validation rows */
    cam_reliability reliability;
    cam_automation automation; /* of the saved model */
} cam_part_scores;

typedef struct cam_run_scores {
    cam_part_scores part[CAM_PARTS]; /* the training part has none */
    double target;                   /* target_accuracy, or the usual one where it is null */
    int is_asked;                    /* target_accuracy is set */
    int is_found;                    /* a threshold reaches the target */
    cam_automation_point point;      /* it; otherwise the surest one (cam_automation_find) */
} cam_run_scores;

/* True where the logits of the saved model are needed, not only what they predict. */
int cam_run_scores_need_logits(const cam_config *config);
/* By logits[part] [rows, labels], divided by the temperature on return where it is kept; where they are not needed, by
 * guesses[part]. Both are in the order of corpus->part[part]. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_run_scores_find(cam_run_scores *scores, const cam_config *config,
                                              const cam_corpus *corpus, float *const logits[CAM_PARTS],
                                              cam_guess *const guesses[CAM_PARTS]);
/* The temperature that is kept; 1 without one. */
double cam_run_scores_temperature(const cam_run_scores *scores);

/* The members "calibration" and "automation" of a part in metrics.json; nothing without rows. */
void cam_run_scores_put(const cam_part_scores *scores, cam_json *json);
/* Appends the lines for people; nothing where neither `calibrate` nor `target_accuracy` is set. */
void cam_run_scores_report_put(const cam_run_scores *scores, cam_strbuf *out);
/* Appends a line, without its end: the target that was asked for is not reached; otherwise nothing. */
void cam_run_scores_warning_put(const cam_run_scores *scores, cam_strbuf *out);
/* Appends paragraphs for the model card. */
void cam_run_scores_card_put(const cam_run_scores *scores, cam_strbuf *out);

#endif
