/* teacher.c: see teacher.h. A rank answers for its block of the rows into host memory, where all blocks are gathered; then
 * every row goes to its place on the device.
 */
#include "teacher.h"
#include "distribute_rows.h"
#include <stdlib.h>

enum { BATCH_TOKENS = 4096 };

static int64_t hidden_of(const cam_teacher *teacher) {
    return teacher->hidden_weight > 0 ? teacher->source.config->hidden_size : 0;
}

size_t cam_teacher_answer_bytes(const cam_teacher *teacher, int64_t rows, int64_t labels) {
    return cam_teacher_exists(teacher) ? (size_t)(rows * (labels + hidden_of(teacher))) * sizeof(float) : 0;
}

void cam_teacher_describe(const cam_teacher *teacher, int64_t rows, int64_t labels, cam_teacher_answers *answers) {
    cam_distillation *d = &answers->distillation;
    *d = (cam_distillation){
        .temperature = teacher->temperature, .alpha = teacher->alpha, .hidden_weight = teacher->hidden_weight};
    d->logits = cam_tensor_2d(NULL, CAM_F32, rows, labels);
    if (hidden_of(teacher) > 0)
        d->hidden = cam_tensor_2d(NULL, CAM_F32, rows, hidden_of(teacher));
}

/* --- the teacher at work ----------------------------------------------------------------------------------------- */

/* The teacher while it answers, and its answers in host memory, row by row of the list. */
typedef struct lesson {
    const cam_taught_rows *rows;
    cam_parameters params;
    cam_camembert model;
    cam_device_data data;
    cam_scorer scorer;
    int has_head;
    float *logits, *hidden; /* [count,K], [count,H] */
    float *features;        /* device memory: [rows,H] */
} lesson;

static cam_status open_teacher(lesson *l, const cam_teacher *teacher, cam_backend *backend) {
    cam_status st = CAM_OK;
    const cam_model_config *config = teacher->source.config;
    const cam_token_rows *tokens = l->rows->tokens;
    cam_train_rates rates = {.layerwise_decay = 1};
    int fresh_head = 0;
    int64_t longest = 1;
    for (int64_t r = 0; r < tokens->rows; r++)
        longest = tokens->offsets[r + 1] - tokens->offsets[r] > longest ? tokens->offsets[r + 1] - tokens->offsets[r]
                                                                        : longest;
    CAM_TRY(cam_parameters_layout(&l->params, config, NULL, &rates, (cam_precision){0}, (cam_sharding){0}));
    CAM_TRY(cam_parameters_allocate(&l->params, backend, 0, &rates, 0));
    CAM_TRY(cam_model_load(&l->params, &teacher->source, &fresh_head));
    l->has_head = !fresh_head;
    if (fresh_head && teacher->alpha > 0)
        CAM_FAIL(CAM_E_MODEL, "the teacher has no classifier: it gives no targets");
    CAM_TRY(cam_camembert_open(&l->model, config, &l->params, backend));
    CAM_TRY(cam_device_data_open(&l->data, backend, tokens, NULL, NULL, config));
    CAM_TRY(cam_scorer_open(&l->scorer, &l->model, l->rows->batch_rows, BATCH_TOKENS, (int32_t)longest, NULL));
out:
    return st;
}

static void close_teacher(lesson *l, cam_backend *backend) {
    cam_scorer_close(&l->scorer);
    cam_device_data_close(&l->data);
    cam_camembert_close(&l->model);
    cam_parameters_release(&l->params);
    cam_backend_release(backend, l->features);
    free(l->logits);
    free(l->hidden);
}

/* The work of a rank: hidden states, then logits, of rows [first, first + count) of the list. */
static cam_status answer_hidden(void *context, int64_t first, int64_t count) {
    cam_status st = CAM_OK;
    lesson *l = context;
    cam_backend *backend = l->params.backend;
    const int32_t *list = l->rows->list + first;
    int64_t h = l->params.hidden;
    cam_scored_rows rows = {.tokens = l->rows->tokens, .data = &l->data, .list = list, .count = count};
    CAM_TRY(cam_scorer_features(&l->scorer, &rows, l->rows->cancel, l->features));
    for (int64_t i = 0; i < count; i++)
        CAM_TRY(cam_backend_copy(backend, l->hidden + (first + i) * h, l->features + list[i] * h,
                                 (size_t)h * sizeof(float), CAM_FROM_DEVICE));
    CAM_TRY(cam_backend_synchronize(backend));
out:
    return st;
}

/* With hidden states, the encoder has run for the same rows, and only the head is left. */
static cam_status answer_logits(void *context, int64_t first, int64_t count) {
    lesson *l = context;
    float *logits = l->logits + first * l->rows->labels;
    cam_tensor features = cam_tensor_2d(l->features, CAM_F32, l->rows->tokens->rows, l->params.hidden);
    cam_scored_rows rows = {.tokens = l->rows->tokens, .data = &l->data, .list = l->rows->list + first, .count = count};
    return l->hidden ? cam_scorer_head_logits(&l->scorer, features, &rows, l->rows->cancel, logits)
                     : cam_scorer_logits(&l->scorer, &rows, l->rows->cancel, logits);
}

static cam_status distribute(lesson *l, float *results, int64_t columns,
                             cam_status (*work)(void *context, int64_t first, int64_t count)) {
    return cam_distribute_rows(l->rows->group, &(cam_distributed_rows){.where = "asking the teacher",
                                                                       .offsets = l->rows->tokens->offsets,
                                                                       .list = l->rows->list,
                                                                       .count = l->rows->count,
                                                                       .results = results,
                                                                       .row_bytes = (size_t)columns * sizeof *results,
                                                                       .work = work,
                                                                       .context = l});
}

static cam_status allocate(lesson *l, int64_t hidden) {
    cam_status st = CAM_OK;
    size_t count = (size_t)(l->rows->count > 0 ? l->rows->count : 1);
    void *features = NULL;
    l->logits = calloc(count * (size_t)l->rows->labels, sizeof *l->logits);
    l->hidden = hidden > 0 ? calloc(count * (size_t)hidden, sizeof *l->hidden) : NULL;
    if (!l->logits || (hidden > 0 && !l->hidden))
        CAM_FAIL(CAM_E_MEMORY, "no memory for the teacher's answers for %lld rows", (long long)l->rows->count);
    if (hidden > 0)
        CAM_TRY(cam_backend_allocate(l->params.backend, (size_t)(l->rows->tokens->rows * hidden) * sizeof(float),
                                     &features));
    l->features = features;
out:
    return st;
}

/* --- what is kept ------------------------------------------------------------------------------------------------ */

/* Puts the answers for the list's rows in their places on the device. */
static cam_status keep(const lesson *l, cam_backend *backend, const float *from, cam_tensor *to) {
    cam_status st = CAM_OK;
    void *memory = NULL;
    int64_t columns = to->shape[1];
    size_t bytes = cam_tensor_bytes(*to);
    CAM_TRY(cam_backend_allocate(backend, bytes, &memory));
    to->data = memory;
    CAM_TRY(cam_backend_zero(backend, memory, bytes));
    for (int64_t i = 0; i < l->rows->count; i++)
        CAM_TRY(cam_backend_copy(backend, (float *)memory + l->rows->list[i] * columns, from + i * columns,
                                 (size_t)columns * sizeof *from, CAM_TO_DEVICE));
    CAM_TRY(cam_backend_synchronize(backend));
out:
    return st;
}

cam_status cam_teacher_answer(const cam_teacher *teacher, cam_backend *backend, const cam_taught_rows *rows,
                              cam_teacher_answers *answers) {
    cam_status st = CAM_OK;
    lesson l = {.rows = rows};
    cam_distillation *d = &answers->distillation;
    *answers = (cam_teacher_answers){.backend = backend};
    cam_teacher_describe(teacher, rows->tokens->rows, rows->labels, answers);
    st = open_teacher(&l, teacher, backend);
    if (st == CAM_OK)
        st = allocate(&l, hidden_of(teacher));
    CAM_TRY(cam_group_agree_status(rows->group, "opening the teacher", st));
    if (l.hidden)
        CAM_TRY(distribute(&l, l.hidden, l.params.hidden, answer_hidden));
    if (l.has_head) /* else the targets have no weight */
        CAM_TRY(distribute(&l, l.logits, rows->labels, answer_logits));
    CAM_TRY(keep(&l, backend, l.logits, &d->logits));
    if (l.hidden)
        CAM_TRY(keep(&l, backend, l.hidden, &d->hidden));
out:
    close_teacher(&l, backend);
    return st;
}

void cam_teacher_answers_release(cam_teacher_answers *answers) {
    if (answers->backend) {
        cam_backend_release(answers->backend, answers->distillation.logits.data);
        cam_backend_release(answers->backend, answers->distillation.hidden.data);
    }
    *answers = (cam_teacher_answers){0};
}
