/* trainer.c: see trainer.h. */
#include "trainer.h"
#include "camembert_pass.h"
#include <stdlib.h>
#include <string.h>

enum { SCORING_TOKENS = 4096 };

/* --- planning -------------------------------------------------------------------------------------------------- */

static int encoder_is_frozen(const cam_trainer *trainer) {
    return trainer->options.rates.frozen_depth > (int)trainer->options.config->num_hidden_layers;
}

static int keeps_features(const cam_trainer *trainer) {
    return encoder_is_frozen(trainer) && !trainer->options.frozen_dropout;
}

/* Rows of the micro-batch that starts `done` rows into a window. */
static int64_t micro_rows(const cam_trainer *trainer, const cam_window *window, int64_t done) {
    int64_t left = window->rows - done;
    return left < trainer->plan.batch_rows ? left : trainer->plan.batch_rows;
}

/* The order of every epoch is a function, so the largest batch of the run is known before its first step. */
static void find_largest(cam_trainer *trainer) {
    const cam_token_rows *tokens = trainer->options.tokens;
    for (int64_t update = 0; update < trainer->plan.updates; update++) {
        cam_window window = cam_plan_window(&trainer->plan, update);
        cam_order_load(&trainer->order, window.epoch);
        for (int64_t done = 0, rows; done < window.rows; done += rows) {
            rows = micro_rows(trainer, &window, done);
            int64_t longest = 0;
            int64_t total = cam_packing_tokens(tokens, trainer->order.rows + window.first + done, rows, &longest);
            trainer->largest_tokens = total > trainer->largest_tokens ? total : trainer->largest_tokens;
            trainer->largest_rows = rows > trainer->largest_rows ? rows : trainer->largest_rows;
            trainer->largest_length = longest > trainer->largest_length ? (int32_t)longest : trainer->largest_length;
        }
        if (trainer->options.sampling == CAM_SAMPLING_SEQUENTIAL && window.epoch > 0)
            break;
    }
}

static cam_pass new_pass(cam_trainer *trainer, const cam_batch *batch, int accumulate) {
    return (cam_pass){.model = &trainer->model,
                      .arena = &trainer->arena,
                      .state = trainer->device_state,
                      .batch = batch,
                      .training = 1,
                      .accumulate = accumulate,
                      .class_weights = trainer->class_weights,
                      .label_smoothing = trainer->options.label_smoothing};
}

/* `hidden` of the batch's rows, from the kept features or through the encoder. */
static cam_status encode(cam_trainer *trainer, cam_pass *pass) {
    cam_status st = CAM_OK;
    if (!keeps_features(trainer))
        return cam_camembert_encode(pass);
    pass->hidden = cam_pass_2d(pass, pass->batch->row.shape[0], trainer->params.hidden);
    CAM_RUN(head_gather_fwd, .y = pass->hidden, .x = trainer->features, .list = pass->batch->list);
out:
    return st;
}

static cam_status forward_backward(cam_trainer *trainer, cam_pass *pass) {
    cam_status st = CAM_OK;
    CAM_TRY(encode(trainer, pass));
    CAM_TRY(cam_camembert_classify(pass));
    CAM_TRY(cam_camembert_loss(pass));
    CAM_TRY(cam_camembert_backward(pass));
out:
    return st;
}

/* The largest micro-batch and the update, on a counting arena. */
static cam_status count_memory(cam_trainer *trainer, int64_t tokens, int64_t rows, size_t *bytes) {
    cam_status st = CAM_OK;
    cam_arena_init_counting(&trainer->arena, "step");
    cam_device_batch sizes = {.max_tokens = tokens, .max_rows = rows};
    cam_batch batch =
        cam_device_batch_views(&sizes, keeps_features(trainer) ? 0 : tokens, rows, trainer->largest_length);
    cam_pass pass = new_pass(trainer, &batch, 0);
    CAM_TRY(forward_backward(trainer, &pass));
    CAM_TRY(cam_update(&trainer->params, &trainer->arena, trainer->device_state, &trainer->options.adamw));
    *bytes = trainer->arena.peak;
out:
    return st;
}

cam_memory_need cam_trainer_memory(const cam_trainer *trainer) {
    return (cam_memory_need){.parameters = cam_parameters_bytes(&trainer->params, 1),
                             .activations = trainer->arena.capacity};
}

/* --- opening --------------------------------------------------------------------------------------------------- */

/* Which vocabulary rows the data uses. Frozen embeddings have no optimizer state to save: all are kept. */
static cam_status mark_used(const cam_trainer_options *options, unsigned char **used) {
    const cam_token_rows *tokens = options->tokens;
    *used = NULL;
    if (options->rates.frozen_depth > 0)
        return CAM_OK;
    *used = calloc((size_t)options->config->vocab_size, 1);
    if (!*used)
        return cam_fail(CAM_E_MEMORY, "no memory for a vocabulary of %d rows", options->config->vocab_size);
    for (int64_t t = 0; t < tokens->offsets[tokens->rows]; t++)
        (*used)[tokens->ids[t]] = 1;
    return CAM_OK;
}

static cam_status upload_class_weights(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    void *memory = NULL;
    int64_t labels = trainer->options.config->num_labels;
    if (!trainer->options.class_weights)
        return CAM_OK;
    CAM_TRY(cam_backend_allocate(trainer->backend, (size_t)labels * sizeof(float), &memory));
    trainer->class_weights = cam_tensor_1d(memory, CAM_F32, labels);
    CAM_TRY(cam_backend_copy(trainer->backend, memory, trainer->options.class_weights, (size_t)labels * sizeof(float),
                             CAM_TO_DEVICE));
    CAM_TRY(cam_backend_synchronize(trainer->backend));
out:
    return st;
}

static cam_status open_model(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    const cam_trainer_options *o = &trainer->options;
    unsigned char *used = NULL;
    CAM_TRY(mark_used(o, &used));
    CAM_TRY(cam_parameters_layout(&trainer->params, o->config, used, &o->rates));
    size_t needed = cam_parameters_bytes(&trainer->params, 1), available = cam_backend_available(trainer->backend);
    if (needed > available)
        CAM_FAIL(
            CAM_E_MEMORY,
            "parameters, gradients and moments need %zu MB, %zu MB are free; freeze=encoder, or a smaller model, needs "
            "less",
            needed >> 20, available >> 20);
    CAM_TRY(cam_parameters_allocate(&trainer->params, trainer->backend, 1, &o->rates, trainer->plan.updates));
    CAM_TRY(cam_model_load(&trainer->params, &o->source, &trainer->fresh_head));
    CAM_TRY(cam_camembert_open(&trainer->model, o->config, &trainer->params, trainer->backend));
    trainer->model.frozen_depth = o->rates.frozen_depth;
    trainer->model.frozen_dropout = o->frozen_dropout;
    trainer->model.gradient_checkpointing = o->gradient_checkpointing;
    CAM_TRY(upload_class_weights(trainer));
out:
    free(used);
    return st;
}

static cam_status open_schedule(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    cam_trainer_options *o = &trainer->options;
    o->plan.rows = o->train_count;
    CAM_TRY(cam_plan_make(&trainer->plan, &o->plan));
    trainer->schedule =
        (cam_schedule){.kind = o->schedule,
                       .learning_rate = o->learning_rate,
                       .warmup = cam_schedule_warmup(o->warmup_ratio, o->warmup_steps, trainer->plan.updates),
                       .updates = trainer->plan.updates};
    cam_order_options order = {.sampling = o->sampling,
                               .seed = o->seed,
                               .batch_rows = o->plan.batch_rows,
                               .offsets = o->tokens->offsets,
                               .rows = o->train,
                               .count = o->train_count};
    CAM_TRY(cam_order_open(&trainer->order, &order));
    find_largest(trainer);
out:
    return st;
}

/* The largest batch, by halving, whose activations fit into `available` bytes; 0 where not even one row does. */
static int64_t rows_that_fit(cam_trainer *trainer, size_t available, size_t *bytes) {
    for (int64_t rows = (trainer->largest_rows + 1) / 2; rows > 0; rows = rows > 1 ? (rows + 1) / 2 : 0) {
        int64_t tokens = cam_token_bucket(trainer->largest_tokens * rows / trainer->largest_rows);
        if (count_memory(trainer, tokens, rows, bytes) == CAM_OK && *bytes <= available)
            return rows;
    }
    return 0;
}

static cam_status too_large(cam_trainer *trainer, size_t activations, size_t available) {
    size_t parameters = cam_parameters_bytes(&trainer->params, 1), smaller = 0;
    int64_t rows = rows_that_fit(trainer, available, &smaller);
    cam_strbuf advice = CAM_STRBUF_INIT;
    if (rows > 0)
        cam_strbuf_printf(
            &advice,
            "per_device_train_batch_size=%lld needs %zu MB and fits; gradient_accumulation_steps keeps the "
            "step's size, gradient_checkpointing=true needs less too",
            (long long)rows, (parameters + smaller) >> 20);
    else
        cam_strbuf_puts(&advice, "no batch fits: freeze=encoder, or a smaller model, needs less");
    cam_status st = cam_fail(
        CAM_E_MEMORY,
        "the run needs %zu MB (%zu MB of parameters, gradients and moments, %zu MB for %lld rows of "
        "%lld tokens), %zu MB are free; %s",
        (parameters + activations) >> 20, parameters >> 20, activations >> 20, (long long)trainer->largest_rows,
        (long long)trainer->largest_tokens, (parameters + available) >> 20, cam_strbuf_text(&advice));
    cam_strbuf_release(&advice);
    return st;
}

static cam_status open_memory(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    size_t bytes = 0;
    int64_t tokens = cam_token_bucket(trainer->largest_tokens);
    CAM_TRY(cam_device_batch_open(&trainer->batch, trainer->backend, tokens, trainer->largest_rows));
    CAM_TRY(count_memory(trainer, tokens, trainer->largest_rows, &bytes));
    size_t available = cam_backend_available(trainer->backend);
    if (bytes > available)
        return too_large(trainer, bytes, available);
    CAM_TRY(cam_backend_allocate(trainer->backend, CAM_ARENA_ALIGN + bytes, &trainer->memory));
    trainer->device_state = trainer->memory;
    cam_arena_init(&trainer->arena, "step", (char *)trainer->memory + CAM_ARENA_ALIGN, bytes);
out:
    return st;
}

static int32_t longest_row(const cam_token_rows *tokens) {
    int64_t longest = 1;
    for (int64_t r = 0; r < tokens->rows; r++)
        if (tokens->offsets[r + 1] - tokens->offsets[r] > longest)
            longest = tokens->offsets[r + 1] - tokens->offsets[r];
    return (int32_t)longest;
}

/* A frozen encoder says the same of a row in every epoch: it is asked once. */
static cam_status compute_features(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    const cam_token_rows *tokens = trainer->options.tokens;
    int64_t h = trainer->params.hidden;
    void *memory = NULL;
    int32_t *all = NULL;
    if (!keeps_features(trainer))
        return CAM_OK;
    all = malloc((size_t)tokens->rows * sizeof *all);
    if (!all)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld row numbers", (long long)tokens->rows);
    for (int64_t r = 0; r < tokens->rows; r++)
        all[r] = (int32_t)r;
    CAM_TRY(cam_backend_allocate(trainer->backend, (size_t)(tokens->rows * h) * sizeof(float), &memory));
    trainer->features = cam_tensor_2d(memory, CAM_F32, tokens->rows, h);
    CAM_TRY(cam_scorer_features(&trainer->scorer, tokens, all, tokens->rows, &trainer->options.stop, memory));
out:
    free(all);
    return st;
}

cam_status cam_trainer_open(cam_trainer *trainer, cam_backend *backend, const cam_trainer_options *options) {
    cam_status st = CAM_OK;
    *trainer = (cam_trainer){.options = *options, .backend = backend};
    CAM_TRY(open_schedule(trainer));
    CAM_TRY(open_model(trainer));
    CAM_TRY(open_memory(trainer));
    CAM_TRY(cam_scorer_open(&trainer->scorer, &trainer->model, options->eval_batch_rows, SCORING_TOKENS,
                            longest_row(options->tokens)));
    CAM_TRY(compute_features(trainer));
out:
    if (st != CAM_OK)
        cam_trainer_close(trainer);
    return st;
}

void cam_trainer_close(cam_trainer *trainer) {
    cam_scorer_close(&trainer->scorer);
    cam_device_batch_close(&trainer->batch);
    cam_camembert_close(&trainer->model);
    cam_parameters_release(&trainer->params);
    if (trainer->backend) {
        cam_backend_release(trainer->backend, trainer->memory);
        cam_backend_release(trainer->backend, trainer->class_weights.data);
        cam_backend_release(trainer->backend, trainer->features.data);
    }
    cam_order_close(&trainer->order);
    *trainer = (cam_trainer){0};
}

/* --- stepping -------------------------------------------------------------------------------------------------- */

int cam_trainer_is_done(const cam_trainer *trainer) {
    return trainer->step >= trainer->plan.updates;
}

/* The sum of class weights over a window's rows. */
static double loss_denominator(const cam_trainer *trainer, const cam_window *window) {
    const cam_trainer_options *o = &trainer->options;
    double sum = 0;
    for (int64_t r = 0; r < window->rows; r++)
        sum += o->class_weights ? (double)o->class_weights[o->labels[trainer->order.rows[window->first + r]]] : 1.0;
    return sum;
}

static void begin_state(cam_trainer *trainer, const cam_window *window) {
    const cam_adamw_options *adamw = &trainer->options.adamw;
    trainer->state = (cam_step_state){.seed = trainer->options.seed,
                                      .step = (uint32_t)trainer->step,
                                      .learning_rate = cam_schedule_rate(&trainer->schedule, trainer->step),
                                      .bias_correction1 = cam_bias_correction(adamw->beta1, trainer->applied + 1),
                                      .bias_correction2 = cam_bias_correction(adamw->beta2, trainer->applied + 1),
                                      .loss_denominator = loss_denominator(trainer, window),
                                      .clip_scale = 1,
                                      .finite = 1};
}

/* Rows `list` of a window, their gradients added to those of the micro-batches before. */
static cam_status micro_step(cam_trainer *trainer, const int32_t *list, int64_t rows, int first, int64_t *tokens) {
    cam_status st = CAM_OK;
    const cam_trainer_options *o = &trainer->options;
    cam_batch batch;
    *tokens = 0;
    if (keeps_features(trainer))
        CAM_TRY(cam_device_batch_upload_rows(&trainer->batch, list, rows, o->labels, &batch));
    else
        CAM_TRY(cam_device_batch_upload(&trainer->batch, o->tokens, list, rows, o->labels, trainer->params.word_row,
                                        o->config->pad_token_id, &batch, tokens));
    trainer->state.tokens = (int32_t)*tokens;
    trainer->state.sequences = trainer->state.head_rows = (int32_t)rows;
    /* What the device has summed so far stays: only the inputs, which come first, are written again. */
    size_t bytes = first ? sizeof trainer->state : offsetof(cam_step_state, loss);
    CAM_TRY(cam_backend_copy(trainer->backend, trainer->device_state, &trainer->state, bytes, CAM_TO_DEVICE));
    cam_arena_reset(&trainer->arena);
    cam_pass pass = new_pass(trainer, &batch, !first);
    CAM_TRY(forward_backward(trainer, &pass));
    CAM_TRY(cam_backend_synchronize(trainer->backend));
out:
    return st;
}

cam_status cam_trainer_step(cam_trainer *trainer, cam_step_report *report) {
    cam_status st = CAM_OK;
    cam_window window = cam_plan_window(&trainer->plan, trainer->step);
    *report = (cam_step_report){.rows = window.rows};
    cam_order_load(&trainer->order, window.epoch);
    begin_state(trainer, &window);
    for (int64_t done = 0, rows, tokens; done < window.rows; done += rows) {
        const int32_t *list = trainer->order.rows + window.first + done;
        rows = micro_rows(trainer, &window, done);
        CAM_TRY(micro_step(trainer, list, rows, done == 0, &tokens));
        report->tokens +=
            keeps_features(trainer) ? cam_packing_tokens(trainer->options.tokens, list, rows, NULL) : tokens;
    }
    CAM_TRY(cam_update(&trainer->params, &trainer->arena, trainer->device_state, &trainer->options.adamw));
    CAM_TRY(cam_backend_copy(trainer->backend, &trainer->state, trainer->device_state, sizeof trainer->state,
                             CAM_FROM_DEVICE));
    CAM_TRY(cam_backend_synchronize(trainer->backend));

    report->step = ++trainer->step;
    report->epoch = cam_plan_epoch(&trainer->plan, trainer->step);
    report->loss = trainer->state.loss;
    report->learning_rate = trainer->state.learning_rate;
    report->grad_norm = trainer->state.grad_norm;
    report->applied = trainer->state.finite != 0;
    if (report->applied) {
        trainer->applied++;
        cam_parameters_record_update(&trainer->params, report->learning_rate, &trainer->options.rates);
    } else if (!trainer->options.skip_nonfinite) {
        CAM_FAIL(CAM_E_DIVERGED,
                 "step %lld is not finite (loss %g, gradient norm %g); the weights are those before it; try a lower "
                 "learning_rate, or on_nonfinite=skip",
                 (long long)report->step, report->loss, report->grad_norm);
    }
out:
    return st;
}

cam_status cam_trainer_logits(cam_trainer *trainer, const int32_t *list, int64_t count, float *logits) {
    const cam_trainer_options *o = &trainer->options;
    if (keeps_features(trainer))
        return cam_scorer_head_logits(&trainer->scorer, trainer->features, list, count, &o->stop, logits);
    return cam_scorer_logits(&trainer->scorer, o->tokens, list, count, &o->stop, logits);
}

cam_status cam_trainer_save(const cam_trainer *trainer, const char *path) {
    return cam_model_save(&trainer->params, &trainer->options.source, path);
}

cam_status cam_trainer_reload(cam_trainer *trainer, const char *folder) {
    cam_status st = CAM_OK;
    int fresh_head = 0;
    cam_model_source saved = {.keep_head = 1, .config = trainer->options.config};
    CAM_TRY(cam_weights_open(folder, &saved.weights));
    CAM_TRY(cam_model_load(&trainer->params, &saved, &fresh_head));
    CAM_ASSERT(!fresh_head);
out:
    cam_weights_close(saved.weights);
    return st;
}
