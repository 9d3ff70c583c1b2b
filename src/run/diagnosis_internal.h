/* diagnosis_internal.h: what went wrong with a run that learned little, and what to change: the line that closes it.
 *
 * There is one line or none. It says the first of these that holds, its cause, and settings that change it:
 *     one label predicted for all rows; little learned (loss near that of guessing); below TF-IDF on the same rows; a
 *     label never predicted; no better than TF-IDF; the best evaluation is the last one, and the score still rises.
 * The thresholds, each with its reason, are at the head of diagnosis.c. */
#ifndef CAM_DIAGNOSIS_INTERNAL_H
#define CAM_DIAGNOSIS_INTERNAL_H

#include "metrics.h"
#include "strbuf.h"
#include <stdint.h>

typedef enum cam_trained_part { CAM_TRAINED_ALL, CAM_TRAINED_SOME, CAM_TRAINED_HEAD } cam_trained_part;

typedef struct cam_training_facts {
    const cam_metrics *validation; /* of the saved model; its rows are above 0 */
    const char *const *labels;     /* [K] */
    const int64_t *label_rows;     /* [K] training rows of each label */
    int64_t train_rows;
    double baseline_accuracy; /* of TF-IDF on the same rows; negative: not known */

    cam_trained_part trained;
    int random_weights;     /* init: random */
    int folder_has_weights; /* the model folder has pretrained weights */
    int64_t hidden, batch_rows;
    double learning_rate, highest_rate; /* the set one; the highest one of the steps made */
    int64_t warmup, steps, steps_per_epoch;
    double epochs;      /* num_train_epochs; with max_steps the epochs that it makes */
    int steps_are_set;  /* max_steps is above 0 */
    int class_weights;  /* not `none` */
    int64_t to_mend;    /* labels that are misspelt or damaged */
    int early_stopping; /* patience ended the run */
    int64_t evaluations;
    int last_is_best;       /* the last evaluation was the best one, and patience did not end the run */
    double gain;            /* of the best evaluation over the best one before it */
    cam_metric metric;      /* metric_for_best_model */
    const char *output_dir; /* a name beside it is proposed for the next run */
} cam_training_facts;

/* Appends the line, without a line end, and returns 1; returns 0 if there is nothing to say. Where settings help, they are
 * appended to `settings`, " key=value" each. */
int cam_diagnosis_put(cam_strbuf *out, cam_strbuf *settings, const cam_training_facts *facts);

#endif
