/* training_record_internal.h: what a checkpoint keeps of a run besides the trainer's state: training.json, its numbers,
 * and results.bin, the figures of the last evaluation and of the model in the output folder.
 *
 * results.bin, in the byte order of the machine: K int64; then for `latest` and `kept` rows int64, loss_sum double, cells
 * int64 and so many pairs of index and count of the confusion matrix, int64 each; then the predictions of the validation
 * rows, cam_guess each. */
#ifndef CAM_TRAINING_RECORD_INTERNAL_H
#define CAM_TRAINING_RECORD_INTERNAL_H

#include "training_internal.h"

#define CAM_TRAINING_NUMBERS_FILE "training.json"
#define CAM_TRAINING_RESULTS_FILE "results.bin"
#define CAM_TRAINING_MODEL_FILE   "model.safetensors"

/* A zeroed struct is empty. */
typedef struct cam_training_numbers {
    cam_trainer_counters counters;
    int64_t log_bytes, saved_step, scored_step, skipped;
    int stopped_early;
    double wall_s;
    cam_best best;
    cam_facts arithmetic;
} cam_training_numbers;

/* training.json of the training as it is now; replaces the text. */
void cam_training_numbers_put(const cam_training *t, cam_strbuf *out);
/* CAM_E_MODEL where the text is no training.json of this version. Release in both cases. */
CAM_MUST_CHECK cam_status cam_training_numbers_read(const cam_strbuf *text, cam_training_numbers *numbers);
/* Takes them over, but for the counters and the arithmetic. */
void cam_training_numbers_take(cam_training *t, const cam_training_numbers *numbers);
void cam_training_numbers_release(cam_training_numbers *numbers);

/* results.bin of the training as it is now; replaces the bytes. */
void cam_training_results_put(const cam_training *t, cam_strbuf *out);
/* Takes the figures over. CAM_E_MODEL where the bytes do not fit the labels and rows of this run. */
CAM_MUST_CHECK cam_status cam_training_results_take(cam_training *t, const cam_strbuf *bytes);

#endif
