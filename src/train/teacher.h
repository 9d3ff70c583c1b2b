/* teacher.h: the answers of a teacher, a trained classifier, for the training rows of a run. A student learns from them.
 *
 * They are computed once, before the first step, by all ranks together, and kept in device memory for the whole run. The
 * teacher itself is gone then. It computes in f32. The same teacher, rows and ranks give the same bits.
 *
 * In pretraining the teacher stays instead (live_teacher.h).
 */
#ifndef CAM_TEACHER_H
#define CAM_TEACHER_H

#include "cancel.h"
#include "group.h"
#include "model_folder.h"
#include "scorer.h"

/* A run's settings for its teacher. A zeroed struct: none. */
typedef struct cam_teacher {
    cam_model_source source; /* its checkpoint is read once; config NULL: no teacher */
    float temperature, alpha;
    float hidden_weight; /* above 0: its last hidden states are kept, too */
} cam_teacher;

static inline int cam_teacher_exists(const cam_teacher *teacher) {
    return teacher->source.config != NULL;
}

/* The rows to be answered for. */
typedef struct cam_taught_rows {
    const cam_token_rows *tokens; /* the whole data set */
    const int32_t *list;          /* the training rows */
    int64_t count;
    int64_t batch_rows;
    int64_t labels; /* of the student */
    cam_group *group;
    const cam_cancel *cancel;
} cam_taught_rows;

typedef struct cam_teacher_answers {
    cam_backend *backend;
    cam_distillation distillation; /* has a row for every row of the data set; those that are not trained on are zero */
} cam_teacher_answers;

/* Bytes of the answers for `rows` rows. */
size_t cam_teacher_answer_bytes(const cam_teacher *teacher, int64_t rows, int64_t labels);
/* Describes the answers without memory, for counting the memory of a pass. */
void cam_teacher_describe(const cam_teacher *teacher, int64_t rows, int64_t labels, cam_teacher_answers *answers);
/* Loads the teacher, answers, and releases it. All ranks call it together. CAM_E_MODEL where the teacher has no
 * classifier and alpha is above 0; CAM_E_MEMORY, CAM_E_STOPPED. Release the answers in every case. */
CAM_MUST_CHECK cam_status cam_teacher_answer(const cam_teacher *teacher, cam_backend *backend,
                                             const cam_taught_rows *rows, cam_teacher_answers *answers);
void cam_teacher_answers_release(cam_teacher_answers *answers);

#endif
