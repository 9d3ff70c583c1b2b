/* trainer.c: steps, their reports, and the plan of an epoch; scoring, saving and loading; see trainer.h.
 * cam_trainer_open is in trainer_open.c. */
#include "trainer.h"
#include "distribute_rows.h"
#include "held.h"
#include "trainer_internal.h"
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* What a piece of work does; also the kind in a cam_graph_key. */
enum {
    FIRST, /* the first micro-step of several */
    LATER, /* a later one: gradients are added */
    LAST,  /* the last one, with several ranks: gradients are added, then exchanged */
    WHOLE, /* the only micro-step of its step, and the update */
    UPDATE /* the update after several micro-steps */
};

int cam_trainer_ranks(const cam_trainer *trainer) {
    return trainer->options.comm ? trainer->options.comm->ranks : 1;
}

int cam_trainer_rank(const cam_trainer *trainer) {
    return trainer->options.comm ? trainer->options.comm->rank : 0;
}

void cam_trainer_request(cam_trainer *trainer, cam_step_request request) {
    __atomic_fetch_or(trainer->request, (uint32_t)request, __ATOMIC_RELAXED);
}

/* --- forward and backward --------------------------------------------------------------------------------------- */

/* Fills pass->hidden: from the features computed once, or by running the encoder. */
static cam_status encode(cam_trainer *trainer, cam_pass *pass) {
    return cam_trainer_keeps_features(trainer) ? cam_camembert_gather_features(pass, trainer->features)
                                               : cam_camembert_encode(pass);
}

static cam_status exchange_gradients(void *context, int depth) {
    const cam_trainer *trainer = context;
    return cam_exchange_gradients(&trainer->params, trainer->options.comm, depth);
}

cam_status cam_trainer_pass(cam_trainer *trainer, const cam_batch_stream *stream, const cam_batch *batch,
                            int accumulate, int exchange) {
    cam_status st = CAM_OK;
    cam_pass pass = {.model = &trainer->model,
                     .arena = &trainer->arena,
                     .state = cam_batch_stream_state(stream),
                     .batch = batch,
                     .training = 1,
                     .accumulate = accumulate,
                     .class_weights = trainer->class_weights,
                     .label_smoothing = trainer->options.label_smoothing,
                     .distillation =
                         cam_teacher_exists(&trainer->options.teacher) ? &trainer->answers.distillation : NULL,
                     .context = trainer};
    int exchanges = exchange && trainer->options.comm, defers = cam_trainer_defers_update(trainer);
    if (exchanges)
        pass.gradients_ready = exchange_gradients;
    cam_tensor taught = CAM_NONE;
    if (defers && !trainer->options.comm) { /* else the norm is that of the summed gradients */
        trainer->squares = cam_optimizer_squares(&trainer->params, &trainer->arena);
        pass.gradients_ready = exchange ? cam_trainer_sum_squares : NULL;
    }
    if (defers && !accumulate)
        pass.weights_needed = cam_trainer_wait_for_weights;
    if (cam_trainer_masks(trainer) && pass.distillation)
        CAM_TRY(cam_live_teacher_hidden(&trainer->live, &pass, &taught));
    CAM_TRY(encode(trainer, &pass));
    if (trainer->options.config->task == CAM_TASK_CLASSIFY) {
        CAM_TRY(cam_camembert_classify(&pass));
        CAM_TRY(pass.distillation ? cam_camembert_distill(&pass) : cam_camembert_loss(&pass));
    }
    if (trainer->options.config->task == CAM_TASK_MASKED_LM) {
        CAM_TRY(cam_camembert_lm_head(&pass));
        CAM_TRY(cam_camembert_lm_loss(&pass));
    }
    if (cam_trainer_masks(trainer) && pass.distillation)
        CAM_TRY(cam_camembert_distill_hidden(&pass, taught, CAM_NONE));
    CAM_TRY(cam_camembert_backward(&pass));
    if (exchanges && !cam_arena_is_counting(&trainer->arena))
        CAM_TRY(cam_comm_join(trainer->options.comm));
out:
    return st;
}

/* --- progress -------------------------------------------------------------------------------------------------- */

/* Called from any thread, so it reads only the ring, which the device writes, and steps_submitted. */
cam_step_progress cam_trainer_progress(void *context) {
    const cam_trainer *trainer = context;
    cam_step_progress progress = {.submitted = __atomic_load_n(&trainer->steps_submitted, __ATOMIC_ACQUIRE)};
    progress.reported = progress.submitted > CAM_REPORTS ? progress.submitted - CAM_REPORTS : 0;
    while (progress.reported < progress.submitted &&
           __atomic_load_n(&trainer->ring[progress.reported % CAM_REPORTS].sequence, __ATOMIC_ACQUIRE) ==
               (uint32_t)progress.reported + 1)
        progress.reported++;
    return progress;
}

int cam_trainer_is_done(const cam_trainer *trainer) {
    return trainer->steps_submitted >= trainer->plan.updates;
}

/* --- the plan of an epoch --------------------------------------------------------------------------------------- */

void cam_trainer_load_order(cam_trainer *trainer, int64_t epoch) {
    int64_t loaded = trainer->order.epoch;
    cam_order_load(&trainer->order, epoch);
    for (int64_t r = 0; trainer->chosen && loaded != epoch && r < trainer->order.options.count; r++)
        trainer->chosen[r] = (int32_t)cam_masking_count(&trainer->masking, trainer->options.tokens,
                                                        trainer->order.rows[r], (uint32_t)epoch);
}

int64_t cam_trainer_queries(const cam_trainer *trainer, int64_t chosen, int64_t rows) {
    if (!cam_trainer_masks(trainer))
        return 0;
    int64_t queries = cam_token_size_class(trainer->backend, chosen);
    return queries > rows ? queries : rows;
}

static int64_t sum_of_chosen(const cam_trainer *trainer, int64_t first, int64_t rows) {
    int64_t sum = 0;
    for (int64_t r = first; r < first + rows; r++)
        sum += trainer->chosen[r];
    return sum;
}

/* The sum of the class weights of a span's rows, 1 for one without a label; or its chosen tokens. A step without any has
 * loss 0, not 0 / 0. */
static double loss_denominator(const cam_trainer *trainer, const cam_update_span *span) {
    const cam_trainer_options *o = &trainer->options;
    double sum = 0;
    if (cam_trainer_masks(trainer)) {
        int64_t chosen = sum_of_chosen(trainer, span->first, span->rows);
        return chosen > 0 ? (double)chosen : 1.0;
    }
    for (int64_t r = 0; r < span->rows; r++) {
        int32_t label = o->labels[trainer->order.rows[span->first + r]];
        sum += o->class_weights && label >= 0 ? (double)o->class_weights[label] : 1.0;
    }
    return sum;
}

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

cam_micro_shape cam_trainer_partition(cam_trainer *trainer, int64_t first, int64_t rows) {
    const cam_token_rows *tokens = trainer->options.tokens;
    const int64_t *offsets = cam_trainer_keeps_features(trainer) ? NULL : tokens->offsets;
    const int32_t *list = trainer->order.rows + first;
    int64_t longest = 0;
    cam_micro_shape shape = {.tokens = cam_packing_tokens(tokens, list, rows, &longest)};
    shape.longest = (int32_t)longest;
    cam_rows_partition(offsets, list, rows, cam_trainer_ranks(trainer), trainer->partition);
    for (int r = 0; r < cam_trainer_ranks(trainer); r++) {
        int64_t begin = trainer->partition[r];
        int64_t rank_rows = trainer->partition[r + 1] - begin;
        shape.rank_tokens = larger(shape.rank_tokens, cam_packing_tokens(tokens, list + begin, rank_rows, NULL));
        if (cam_trainer_masks(trainer)) {
            int64_t chosen = sum_of_chosen(trainer, first + begin, rank_rows);
            shape.chosen += chosen;
            shape.rank_chosen = larger(shape.rank_chosen, chosen);
        }
    }
    return shape;
}

static void plan_update(cam_trainer *trainer, int64_t update, int64_t *count) {
    cam_update_span span = cam_plan_update_span(&trainer->plan, update);
    int rank = cam_trainer_rank(trainer);
    cam_micro_step step = {.learning_rate = cam_schedule_rate(&trainer->schedule, update),
                           .loss_denominator = loss_denominator(trainer, &span),
                           .step = (uint32_t)update,
                           .epoch = (uint32_t)span.epoch,
                           .begins = 1};
    for (int64_t done = 0; done < span.rows; done += cam_trainer_micro_rows(trainer, &span, done)) {
        trainer->shapes[*count] =
            cam_trainer_partition(trainer, span.first + done, cam_trainer_micro_rows(trainer, &span, done));
        step.first = (int32_t)(span.first + done + trainer->partition[rank]);
        step.rows = (int32_t)(trainer->partition[rank + 1] - trainer->partition[rank]);
        step.tokens =
            (int32_t)cam_packing_tokens(trainer->options.tokens, trainer->order.rows + step.first, step.rows, NULL);
        cam_batch_stream_host_plan(&trainer->stream)[(*count)++] = step;
        step.begins = 0;
    }
}

/* Uploads the rest of the epoch, beginning with the next step. Bias corrections count from the updates applied so far,
 * so the reports of all earlier steps must have been read. */
static cam_status begin_epoch(cam_trainer *trainer, int64_t epoch) {
    const cam_trainer_options *o = &trainer->options;
    cam_bias_corrections *corrections = cam_batch_stream_host_corrections(&trainer->stream);
    int64_t update = trainer->steps_submitted, count = 0;
    CAM_ASSERT(trainer->reports_read == trainer->steps_submitted);
    for (; update < trainer->plan.updates && cam_plan_update_span(&trainer->plan, update).epoch == epoch; update++)
        plan_update(trainer, update, &count);
    for (int64_t i = 0; i <= update - trainer->steps_submitted; i++) {
        int64_t t = trainer->updates_applied + i + 1;
        corrections[i] = (cam_bias_corrections){.inverse1 = 1 / cam_bias_correction(o->adamw.beta1, t),
                                                .root2 = sqrt(cam_bias_correction(o->adamw.beta2, t))};
    }
    memcpy(cam_batch_stream_host_order(&trainer->stream), trainer->order.rows,
           (size_t)trainer->plan.rows * sizeof *trainer->order.rows);
    *cam_batch_stream_host_state(&trainer->stream) =
        (cam_step_state){.seed = o->seed, .clip_scale = 1, .finite = 1, .skip_nonfinite = o->skip_nonfinite != 0};
    trainer->micro_steps_submitted = 0;
    trainer->planned_epoch = epoch;
    return cam_batch_stream_begin(&trainer->stream);
}

/* --- reports ---------------------------------------------------------------------------------------------------- */

/* Reads the next record from the ring into `reports`. Returns 0 if the device has not written it yet. */
static int read_report(cam_trainer *trainer) {
    const cam_step_record *record = &trainer->ring[trainer->reports_read % CAM_REPORTS];
    if (__atomic_load_n(&record->sequence, __ATOMIC_ACQUIRE) != (uint32_t)trainer->reports_read + 1)
        return 0;
    cam_step_report *report = &trainer->reports[trainer->reports_read % CAM_REPORTS];
    report->loss = record->loss;
    report->learning_rate = record->learning_rate;
    report->grad_norm = record->grad_norm;
    report->applied = record->finite != 0;
    report->requests = record->requests;
    report->time_s = 1e-9 * (double)record->time_ns;
    trainer->reports_read++;
    if (report->applied) {
        trainer->updates_applied++;
        cam_parameters_record_update(&trainer->params, report->learning_rate, &trainer->options.rates);
        cam_held_follow(&trainer->params);
    }
    return 1;
}

/* Waits for the next record, for a failure of the device, or for a lost rank. */
static cam_status wait_for_report(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    for (int64_t turns = 1; !read_report(trainer); turns++) {
        if (turns % 64 == 0)
            sched_yield();
        if (turns % 65536 != 0)
            continue;
        CAM_TRY(cam_backend_poll(trainer->backend));
        CAM_TRY(cam_group_poll(trainer->options.group));
    }
out:
    return st;
}

int64_t cam_trainer_steps_in_flight(const cam_trainer *trainer) {
    return trainer->steps_submitted - trainer->reports_delivered;
}

cam_status cam_trainer_report(cam_trainer *trainer, int wait, cam_step_report *report, int *present) {
    cam_status st = CAM_OK;
    *present = 0;
    if (trainer->reports_delivered == trainer->steps_submitted ||
        (trainer->reports_delivered == trainer->reports_read && !wait && !read_report(trainer)))
        goto out;
    if (trainer->reports_delivered == trainer->reports_read)
        CAM_TRY(wait_for_report(trainer));
    *report = trainer->reports[trainer->reports_delivered++ % CAM_REPORTS];
    *present = 1;
    if (!report->applied && !trainer->options.skip_nonfinite)
        CAM_FAIL(CAM_E_DIVERGED,
                 "step %lld is not finite (loss %g, gradient norm %g); the weights are those before it; try a lower "
                 "learning_rate, or on_nonfinite=skip",
                 (long long)report->step, report->loss, report->grad_norm);
out:
    return st;
}

/* --- steps ------------------------------------------------------------------------------------------------------ */

typedef struct step_work {
    cam_trainer *trainer;
    int kind;
    cam_batch batch;
} step_work;

static cam_status run_micro_step(cam_trainer *trainer, const step_work *work) {
    cam_status st = CAM_OK;
    int later = work->kind == LATER || work->kind == LAST;
    cam_arena_reset(&trainer->arena);
    if (!later)
        CAM_TRY(cam_trainer_begin_update(trainer));
    CAM_TRY(cam_batch_stream_next(&trainer->stream, &work->batch));
    CAM_TRY(
        cam_trainer_pass(trainer, &trainer->stream, &work->batch, later, work->kind == WHOLE || work->kind == LAST));
out:
    return st;
}

static cam_status run_work(void *context) {
    cam_status st = CAM_OK;
    const step_work *work = context;
    work->trainer->squares = CAM_NONE;
    if (work->kind != UPDATE)
        CAM_TRY(run_micro_step(work->trainer, work));
    if (work->kind == UPDATE || work->kind == WHOLE)
        CAM_TRY(cam_trainer_end_step(work->trainer));
out:
    return st;
}

/* Submits the next micro-step of the plan; kind WHOLE includes the update. */
static cam_status submit_micro_step(cam_trainer *trainer, int kind) {
    const cam_micro_shape *shape = &trainer->shapes[trainer->micro_steps_submitted++];
    cam_graph_key key = {
        .tokens = cam_trainer_keeps_features(trainer) ? 0 : cam_token_size_class(trainer->backend, shape->rank_tokens),
        .rows = trainer->sizes.rows,
        .queries = cam_trainer_queries(trainer, shape->rank_chosen, trainer->sizes.rows),
        .longest = cam_length_size_class(trainer->backend, shape->longest, trainer->sizes.length),
        .kind = kind};
    step_work work = {.trainer = trainer,
                      .kind = kind,
                      .batch =
                          cam_batch_stream_batch(&trainer->stream, key.tokens, key.rows, key.queries, key.longest)};
    return cam_graph_cache_run(&trainer->graphs, key, run_work, &work);
}

static void begin_report(cam_trainer *trainer, const cam_update_span *span) {
    const cam_micro_shape *shape = trainer->shapes + trainer->micro_steps_submitted;
    cam_step_report *report = &trainer->reports[trainer->steps_submitted % CAM_REPORTS];
    *report = (cam_step_report){.step = trainer->steps_submitted + 1,
                                .epoch = cam_plan_epoch(&trainer->plan, trainer->steps_submitted + 1),
                                .rows = span->rows};
    for (int64_t done = 0; done < span->rows; done += cam_trainer_micro_rows(trainer, span, done))
        report->tokens += (shape++)->tokens;
}

/* The kind of the micro-step that begins `done` rows into the span, one of several. */
static int kind_of(const cam_trainer *trainer, const cam_update_span *span, int64_t done) {
    if (done == 0)
        return FIRST;
    int is_last = done + cam_trainer_micro_rows(trainer, span, done) == span->rows;
    return is_last && trainer->options.comm ? LAST : LATER;
}

cam_status cam_trainer_step(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    cam_update_span span = cam_plan_update_span(&trainer->plan, trainer->steps_submitted);
    CAM_ASSERT(cam_trainer_steps_in_flight(trainer) < CAM_REPORTS);
    if (trainer->planned_epoch != span.epoch) {
        while (trainer->reports_read < trainer->steps_submitted)
            CAM_TRY(wait_for_report(trainer));
        cam_trainer_load_order(trainer, span.epoch);
        CAM_TRY(begin_epoch(trainer, span.epoch));
    }
    begin_report(trainer, &span);
    if (trainer->options.comm)
        trainer->options.comm->step = trainer->steps_submitted + 1;
    if (cam_trainer_micro_rows(trainer, &span, 0) == span.rows) {
        CAM_TRY(submit_micro_step(trainer, WHOLE));
    } else {
        for (int64_t done = 0; done < span.rows; done += cam_trainer_micro_rows(trainer, &span, done))
            CAM_TRY(submit_micro_step(trainer, kind_of(trainer, &span, done)));
        step_work update = {.trainer = trainer, .kind = UPDATE};
        CAM_TRY(cam_graph_cache_run(&trainer->graphs, (cam_graph_key){.kind = UPDATE}, run_work, &update));
    }
    trainer->has_deferred = trainer->deferred != NULL;
    __atomic_store_n(&trainer->steps_submitted, trainer->steps_submitted + 1, __ATOMIC_RELEASE);
out:
    return st;
}

cam_status cam_trainer_step_now(cam_trainer *trainer, cam_step_report *report) {
    cam_status st = CAM_OK;
    int present = 0;
    CAM_TRY(cam_trainer_step(trainer));
    while (!present || report->step < trainer->steps_submitted)
        CAM_TRY(cam_trainer_report(trainer, 1, report, &present));
out:
    return st;
}

/* --- scoring, saving, loading ---------------------------------------------------------------------------------- */

typedef struct scoring {
    cam_trainer *trainer;
    const int32_t *list;
    float *logits;
} scoring;

static cam_status score_block(void *context, int64_t first, int64_t count) {
    const scoring *s = context;
    cam_trainer *trainer = s->trainer;
    const cam_trainer_options *o = &trainer->options;
    cam_scored_rows rows = {.tokens = o->tokens, .data = &trainer->data, .list = s->list + first, .count = count};
    float *logits = s->logits + first * o->config->num_labels;
    if (cam_trainer_keeps_features(trainer))
        return cam_scorer_head_logits(&trainer->scorer, trainer->features, &rows, &o->cancel, logits);
    return cam_scorer_logits(&trainer->scorer, &rows, &o->cancel, logits);
}

cam_status cam_trainer_logits(cam_trainer *trainer, const int32_t *list, int64_t count, float *logits) {
    cam_status st = CAM_OK;
    const cam_trainer_options *o = &trainer->options;
    scoring s = {trainer, list, logits};
    CAM_TRY(cam_trainer_flush(trainer));
    CAM_TRY(cam_distribute_rows(o->group,
                                &(cam_distributed_rows){.where = "scoring",
                                                        .offsets = o->tokens->offsets,
                                                        .list = list,
                                                        .count = count,
                                                        .results = logits,
                                                        .row_bytes = (size_t)o->config->num_labels * sizeof *logits,
                                                        .work = score_block,
                                                        .context = &s}));
out:
    return st;
}

typedef struct masked_scoring {
    cam_trainer *trainer;
    const int32_t *list;
    cam_row_scores *results;
} masked_scoring;

static cam_status score_masked_block(void *context, int64_t first, int64_t count) {
    const masked_scoring *s = context;
    cam_trainer *trainer = s->trainer;
    cam_scored_rows rows = {
        .tokens = trainer->options.tokens, .data = &trainer->data, .list = s->list + first, .count = count};
    return cam_scorer_masked(&trainer->scorer, &rows, &trainer->options.cancel, s->results + first);
}

/* The sums are made of the rows' sums, in the order of the list, so they do not depend on batches or ranks. */
cam_status cam_trainer_masked_scores(cam_trainer *trainer, const int32_t *list, int64_t count,
                                     cam_masked_scores *scores) {
    cam_status st = CAM_OK;
    const cam_trainer_options *o = &trainer->options;
    masked_scoring s = {trainer, list, NULL};
    *scores = (cam_masked_scores){0};
    s.results = calloc((size_t)(count > 0 ? count : 1), sizeof *s.results);
    if (!s.results)
        st = cam_fail(CAM_E_MEMORY, "no memory for the scores of %lld rows", (long long)count);
    CAM_TRY(cam_group_agree_status(o->group, "scoring", st));
    CAM_TRY(cam_trainer_flush(trainer));
    CAM_TRY(cam_distribute_rows(o->group, &(cam_distributed_rows){.where = "scoring",
                                                                  .offsets = o->tokens->offsets,
                                                                  .list = list,
                                                                  .count = count,
                                                                  .results = s.results,
                                                                  .row_bytes = sizeof *s.results,
                                                                  .work = score_masked_block,
                                                                  .context = &s}));
    for (int64_t r = 0; r < count; r++) {
        scores->loss_sum += s.results[r].loss_sum;
        scores->positions += s.results[r].positions;
        scores->correct += s.results[r].correct;
    }
out:
    free(s.results);
    return st;
}

/* With sharded state, each rank holds the low halves of its own shards. A save needs all of them on rank 0. */
static cam_status gather_low_halves(const cam_trainer *trainer) {
    cam_status st = CAM_OK;
    const cam_trainer_options *o = &trainer->options;
    if (!trainer->params.sharding.sharded || !o->bf16)
        return CAM_OK;
    cam_watchdog_enter(o->watchdog, "gathering weights");
    CAM_TRY(cam_exchange_low_halves(&trainer->params, o->comm));
    CAM_TRY(cam_comm_join(o->comm));
    CAM_TRY(cam_backend_synchronize(trainer->backend));
out:
    cam_watchdog_leave(o->watchdog);
    return st;
}

cam_status cam_trainer_save(cam_trainer *trainer, const char *path) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_trainer_flush(trainer));
    CAM_TRY(gather_low_halves(trainer));
    if (cam_trainer_rank(trainer) == 0)
        st = cam_model_save(&trainer->params, CAM_F32, path);
    st = cam_group_agree_status(trainer->options.group, "saving", st);
out:
    return st;
}

cam_status cam_trainer_load(cam_trainer *trainer, const cam_model_source *source, int *fresh_head) {
    cam_status st = CAM_OK;
    cam_comm *comm = trainer->options.comm;
    if (cam_trainer_rank(trainer) == 0)
        st = cam_model_load(&trainer->params, source, fresh_head);
    CAM_TRY(cam_group_agree_status(trainer->options.group, "loading the model", st));
    if (!comm)
        goto out;
    cam_watchdog_enter(trainer->options.watchdog, "receiving rank 0's weights");
    CAM_TRY(cam_exchange_broadcast(&trainer->params, comm));
    CAM_TRY(cam_comm_join(comm));
    CAM_TRY(cam_backend_synchronize(trainer->backend));
out:
    cam_watchdog_leave(trainer->options.watchdog);
    return st;
}

cam_status cam_trainer_reload(cam_trainer *trainer, const char *folder) {
    cam_status st = CAM_OK;
    int fresh_head = 0;
    cam_model_source saved = {.keep_head = 1, .config = trainer->options.config};
    CAM_TRY(cam_trainer_flush(trainer));
    if (cam_trainer_rank(trainer) == 0)
        st = cam_weights_open(folder, &saved.weights);
    CAM_TRY(cam_group_agree_status(trainer->options.group, "opening the best model", st));
    CAM_TRY(cam_trainer_load(trainer, &saved, &fresh_head));
    CAM_ASSERT(!fresh_head);
out:
    cam_weights_close(saved.weights);
    return st;
}
