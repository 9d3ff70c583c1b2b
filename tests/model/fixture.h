/* fixture.h: the golden model, rows and settings as options of a trainer, in static memory of the test program.
 */
#ifndef CAM_TEST_FIXTURE_H
#define CAM_TEST_FIXTURE_H

#include "trainer.h"

enum { FIXTURE_STEPS = 40, FIXTURE_LABELS = 5, FIXTURE_MASK = 159 };

/* A golden case: settings as trainer options, and PyTorch's figures of each step in f32 and f64. */
typedef struct golden_case {
    cam_trainer_options options;
    float class_weights[FIXTURE_LABELS];
    double loss[FIXTURE_STEPS], loss_f64[FIXTURE_STEPS], lr[FIXTURE_STEPS];
    double grad_norm[FIXTURE_STEPS], grad_norm_f64[FIXTURE_STEPS];
    int32_t layers[3]; /* of the teacher, in a student */
} golden_case;

/* The rows of data.json, and their labels. */
const cam_token_rows *fixture_rows(const int32_t **labels);
/* Reads tests/model/golden/<name>.json. The options point into the case and into static memory. */
void fixture_case(const char *name, golden_case *golden);
/* The same of a case of make_masked_goldens.py: a masked language model. */
void fixture_masked_case(const char *name, golden_case *golden);
/* The same of a case of make_distill_goldens.py: a student begins as layers of its teacher and learns from it. */
void fixture_distilled_case(const char *name, golden_case *golden);
/* A masked language model that learns the hidden states of the same teacher. */
void fixture_distilled_masked_case(const char *name, golden_case *golden);
/* Makes the run of `o` that of the student of such a case: its model, with the dropout of *model, its teacher and its
 * labels. */
void fixture_distill(const char *name, golden_case *golden, cam_model_config *model, cam_trainer_options *o);
/* The pieces' kinds of that model, as make_masked_goldens.py has them. */
const unsigned char *fixture_piece_kind(void);
/* The golden model's config and checkpoint. */
const cam_model_config *fixture_config(void);
cam_weights *fixture_weights(void);
/* A backend of the device set by fixture_use_device (default: "cpu"); `threads` is for the CPU. */
cam_backend *fixture_backend(int threads);
void fixture_use_device(const char *name);
void fixture_release(void);

/* A fresh file name in the test's own temporary folder. */
const char *fixture_temporary(const char *name);

#endif
