/* fixture.h: the golden model, rows and settings, ready for a trainer. Everything lives in static memory of the test
 * program.
 */
#ifndef CAM_TEST_FIXTURE_H
#define CAM_TEST_FIXTURE_H

#include "trainer.h"

enum { FIXTURE_STEPS = 40, FIXTURE_LABELS = 5 };

/* A golden case: settings as trainer options, and what PyTorch saw at each step in f32 and f64. */
typedef struct golden_case {
    cam_trainer_options options;
    float class_weights[FIXTURE_LABELS];
    double loss[FIXTURE_STEPS], loss_f64[FIXTURE_STEPS], lr[FIXTURE_STEPS];
    double grad_norm[FIXTURE_STEPS], grad_norm_f64[FIXTURE_STEPS];
} golden_case;

/* The rows of data.json; labels by row. */
const cam_token_rows *fixture_rows(const int32_t **labels);
/* tests/model/golden/<name>.json over the golden model. Options point into the case and into static memory. */
void fixture_case(const char *name, golden_case *golden);
/* The golden model's config and checkpoint. */
const cam_model_config *fixture_config(void);
cam_weights *fixture_weights(void);
/* Of the device that fixture_use_device named, "cpu" at first; threads count there only. */
cam_backend *fixture_backend(int threads);
void fixture_use_device(const char *name);
void fixture_release(void);

/* A fresh file name in the test's own temporary folder. */
const char *fixture_temporary(const char *name);

#endif
