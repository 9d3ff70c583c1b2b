/* trainer_open.c: cam_trainer_open: plans a run, loads its model and allocates all of its memory; see trainer.h. */
#include "distribute_rows.h"
#include "held.h"
#include "parameter_state.h"
#include "phases.h"
#include "trainer.h"
#include "trainer_internal.h"
#include <stdlib.h>
#include <string.h>

enum { SCORING_TOKENS = 4096 };

/* --- planning -------------------------------------------------------------------------------------------------- */

static int64_t max_of(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* The order of every epoch is a pure function, so the largest micro-batch of the run is known before its first step.
 * With several ranks it is the largest part of any rank, so that all ranks allocate the same memory. */
static void find_sizes(cam_trainer *trainer) {
    const cam_plan *plan = &trainer->plan;
    cam_trainer_sizes *sizes = &trainer->sizes;
    *sizes = (cam_trainer_sizes){.order = plan->rows,
                                 .micro_steps = plan->batches_per_epoch,
                                 .epoch_updates = plan->updates_per_epoch,
                                 .updates = plan->updates};
    for (int64_t update = 0; update < plan->updates; update++) {
        cam_update_span span = cam_plan_update_span(plan, update);
        cam_trainer_load_order(trainer, span.epoch);
        for (int64_t done = 0, rows; done < span.rows; done += rows) {
            rows = cam_trainer_micro_rows(trainer, &span, done);
            cam_micro_shape shape = cam_trainer_partition(trainer, span.first + done, rows);
            sizes->tokens = max_of(sizes->tokens, shape.rank_tokens);
            sizes->length = (int32_t)max_of(sizes->length, shape.longest);
            sizes->chosen = max_of(sizes->chosen, shape.rank_chosen);
            for (int r = 0; r < cam_trainer_ranks(trainer); r++)
                sizes->rows = max_of(sizes->rows, trainer->partition[r + 1] - trainer->partition[r]);
        }
        if (trainer->options.sampling == CAM_SAMPLING_SEQUENTIAL && !cam_trainer_masks(trainer) && span.epoch > 0)
            break;
    }
}

static void enlarge(cam_trainer_sizes *largest, const cam_trainer_sizes *sizes) {
    largest->tokens = max_of(largest->tokens, sizes->tokens);
    largest->rows = max_of(largest->rows, sizes->rows);
    largest->chosen = max_of(largest->chosen, sizes->chosen);
    largest->length = (int32_t)max_of(largest->length, sizes->length);
    largest->order = max_of(largest->order, sizes->order);
    largest->micro_steps = max_of(largest->micro_steps, sizes->micro_steps);
    largest->epoch_updates = max_of(largest->epoch_updates, sizes->epoch_updates);
    largest->updates = max_of(largest->updates, sizes->updates);
}

/* For batches of at most this many tokens and rows. The chosen tokens are as many a token as in the largest batch. */
static cam_batch_stream_limits stream_limits(const cam_trainer *trainer, int64_t tokens, int64_t rows) {
    const cam_trainer_sizes *largest = &trainer->largest;
    int64_t chosen = largest->chosen;
    if (tokens < largest->tokens)
        chosen = (chosen * tokens + largest->tokens - 1) / largest->tokens;
    return (cam_batch_stream_limits){.order = largest->order,
                                     .micro_steps = largest->micro_steps,
                                     .updates = largest->epoch_updates,
                                     .tokens = cam_trainer_keeps_features(trainer) ? 0 : tokens,
                                     .rows = rows,
                                     .queries = cam_trainer_queries(trainer, chosen, rows)};
}

/* Counts the bytes of a micro-batch of this size and of the update. */
static cam_status count_memory(cam_trainer *trainer, int64_t tokens, int64_t rows, size_t *bytes) {
    cam_status st = CAM_OK;
    cam_arena_init_counting(&trainer->arena, "step");
    cam_batch_stream sizes = {.limits = stream_limits(trainer, tokens, rows)};
    cam_batch batch =
        cam_batch_stream_batch(&sizes, sizes.limits.tokens, rows, sizes.limits.queries, trainer->largest.length);
    CAM_TRY(cam_trainer_pass(trainer, &sizes, &batch, 0, 0));
    CAM_TRY(cam_optimizer_norm(&trainer->params, &trainer->arena, CAM_NONE, cam_batch_stream_state(&sizes),
                               &trainer->options.adamw, trainer->options.comm, NULL));
    *bytes = trainer->arena.peak + cam_batch_stream_bytes(&sizes.limits);
out:
    return st;
}

static size_t answer_bytes(const cam_trainer *trainer) {
    const cam_trainer_options *o = &trainer->options;
    return cam_trainer_masks(trainer) ? 0
                                      : cam_teacher_answer_bytes(&o->teacher, o->tokens->rows, o->config->num_labels);
}

/* Of the student and of a teacher that stays. */
static size_t parameter_bytes(const cam_trainer *trainer) {
    return cam_parameters_bytes(&trainer->params, 1) + cam_parameters_bytes(&trainer->live.params, 0);
}

cam_memory_need cam_trainer_memory(const cam_trainer *trainer) {
    return (cam_memory_need){.parameters = parameter_bytes(trainer),
                             .activations = trainer->arena.capacity + answer_bytes(trainer),
                             .held = cam_held_bytes(&trainer->params),
                             .snapshot = cam_parameter_state_bytes(&trainer->params)};
}

/* --- opening --------------------------------------------------------------------------------------------------- */

/* Marks the vocabulary rows that the data uses. Frozen embeddings keep all rows (*used = NULL): they have no gradient
 * and no moments, so dropping rows saves little. In pretraining the model is for all texts. */
static cam_status mark_used(const cam_trainer_options *options, unsigned char **used) {
    const cam_token_rows *tokens = options->tokens;
    *used = NULL;
    if (options->rates.frozen_depth > 0 || options->config->task != CAM_TASK_CLASSIFY)
        return CAM_OK;
    *used = calloc((size_t)options->config->vocab_size, 1);
    if (!*used)
        return cam_fail(CAM_E_MEMORY, "no memory for a vocabulary of %d rows", options->config->vocab_size);
    for (int64_t t = 0; t < tokens->offsets[tokens->rows]; t++)
        (*used)[tokens->ids[t]] = 1;
    return CAM_OK;
}

cam_status cam_trainer_upload_class_weights(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    void *memory = trainer->class_weights.data;
    int64_t labels = trainer->options.config->num_labels;
    if (!trainer->options.class_weights)
        return CAM_OK;
    if (!memory)
        CAM_TRY(cam_backend_allocate(trainer->backend, (size_t)labels * sizeof(float), &memory));
    trainer->class_weights = cam_tensor_1d(memory, CAM_F32, labels);
    CAM_TRY(cam_backend_copy(trainer->backend, memory, trainer->options.class_weights, (size_t)labels * sizeof(float),
                             CAM_TO_DEVICE));
    CAM_TRY(cam_backend_synchronize(trainer->backend));
out:
    return st;
}

size_t cam_trainer_available_bytes(const cam_trainer *trainer) {
    const cam_group *group = trainer->options.group;
    size_t available = cam_backend_available(trainer->backend);
    return group && trainer->backend->host_memory ? available / (size_t)group->local_ranks : available;
}

static cam_status lay_out_model(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    const cam_trainer_options *o = &trainer->options;
    unsigned char *used = NULL;
    CAM_ASSERT(!o->rates.hidden_map == !(o->teacher.hidden_weight > 0));
    CAM_TRY(mark_used(o, &used));
    cam_precision precision = {.bf16 = o->bf16, .bf16_gradients = o->bf16 && o->plan.accumulation == 1};
    if (o->bf16 && !trainer->backend->bf16)
        CAM_FAIL(CAM_E_UNSUPPORTED, "\"%s\" does not compute in bf16; use bf16=false", trainer->backend->description);
    cam_sharding sharding = {
        .rank = cam_trainer_rank(trainer), .ranks = cam_trainer_ranks(trainer), .sharded = o->comm && o->shard};
    CAM_TRY(cam_parameters_layout(&trainer->params, o->config, used, &o->rates, precision, sharding));
    CAM_TRY(cam_camembert_open(&trainer->model, o->config, &trainer->params, trainer->backend));
    trainer->model.frozen_depth = o->rates.frozen_depth;
    trainer->model.frozen_dropout = o->frozen_dropout;
    trainer->model.gradient_checkpointing = o->gradient_checkpointing;
    if (cam_trainer_masks(trainer) && cam_teacher_exists(&o->teacher))
        CAM_TRY(cam_live_teacher_layout(&trainer->live, &o->teacher.source, trainer->backend, o->bf16));
out:
    free(used);
    return st;
}

static cam_status open_model(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    const cam_trainer_options *o = &trainer->options;
    CAM_TRY(lay_out_model(trainer));
    int holds = trainer->backend->host_memory && cam_trainer_rank(trainer) == 0;
    size_t needed = parameter_bytes(trainer) + (holds ? cam_held_bytes(&trainer->params) : 0);
    size_t available = cam_trainer_available_bytes(trainer);
    if (needed > available)
        CAM_FAIL(
            CAM_E_MEMORY,
            "parameters, gradients and moments need %zu MB, %zu MB are free; freeze=encoder, or a smaller model, needs "
            "less",
            needed >> 20, available >> 20);
    CAM_TRY(cam_parameters_allocate(&trainer->params, trainer->backend, 1, &o->rates, trainer->largest.updates));
    CAM_TRY(cam_trainer_load(trainer, &o->source, &trainer->fresh_head));
    if (!o->repetitions) /* which load it again */
        trainer->options.source.weights = NULL;
    if (trainer->live.params.list)
        CAM_TRY(cam_group_agree_status(o->group, "opening the teacher",
                                       cam_live_teacher_load(&trainer->live, &o->teacher.source, trainer->backend)));
    trainer->options.teacher.source.weights = NULL;
    CAM_TRY(cam_trainer_upload_class_weights(trainer));
out:
    return st;
}

/* Asks the teacher before the student's own memory is allocated, so that only one of them is there. That of
 * pretraining stays. */
static cam_status ask_teacher(cam_trainer *trainer) {
    cam_trainer_options *o = &trainer->options;
    if (!cam_teacher_exists(&o->teacher))
        return CAM_OK;
    if (cam_trainer_masks(trainer)) {
        cam_teacher_describe(&o->teacher, 0, 0, &trainer->answers);
        return CAM_OK;
    }
    cam_taught_rows rows = {.tokens = o->tokens,
                            .list = o->train,
                            .count = o->train_count,
                            .batch_rows = o->eval_batch_rows,
                            .labels = o->config->num_labels,
                            .group = o->group,
                            .cancel = &o->cancel};
    return cam_teacher_answer(&o->teacher, trainer->backend, &rows, &trainer->answers);
}

static cam_status open_masking(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    const cam_trainer_options *o = &trainer->options;
    if (!cam_trainer_masks(trainer))
        return CAM_OK;
    if (o->rates.frozen_depth > 0)
        CAM_FAIL(CAM_E_USAGE, "in pretraining no part of the model can be frozen");
    if ((o->config->task == CAM_TASK_MASKED_LM) != (o->masking.probability > 0))
        CAM_FAIL(CAM_E_USAGE, "the probability that a word is masked is %g; that of a masked language model is above 0",
                 o->masking.probability);
    if (o->config->task == CAM_TASK_ENCODER && !(o->teacher.hidden_weight > 0))
        CAM_FAIL(CAM_E_USAGE,
                 "an encoder without a head learns from the hidden states of a teacher, and there is none");
    CAM_TRY(cam_device_masking_open(&trainer->masking, trainer->backend, &o->masking, o->config->vocab_size, o->seed));
    trainer->chosen = calloc((size_t)o->train_count + 1, sizeof *trainer->chosen);
    if (!trainer->chosen)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld row numbers", (long long)o->train_count);
out:
    return st;
}

cam_status cam_trainer_plan_training(cam_trainer *trainer) {
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
    cam_order_close(&trainer->order);
    CAM_TRY(cam_order_open(&trainer->order, &order));
    find_sizes(trainer);
out:
    return st;
}

static cam_status open_schedule(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    const cam_trainer_options *o = &trainer->options;
    CAM_TRY(open_masking(trainer));
    trainer->partition = calloc((size_t)cam_trainer_ranks(trainer) + 1, sizeof *trainer->partition);
    if (!trainer->partition)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the parts of %d ranks", cam_trainer_ranks(trainer));
    for (int64_t i = o->repetitions ? o->repetition_count - 1 : 0; i >= 0; i--) { /* the first one stays */
        if (o->repetitions)
            cam_trainer_choose(trainer, i);
        CAM_TRY(cam_trainer_plan_training(trainer));
        enlarge(&trainer->largest, &trainer->sizes);
    }
    trainer->shapes = calloc((size_t)trainer->largest.micro_steps, sizeof *trainer->shapes);
    if (!trainer->shapes)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a plan of %lld batches", (long long)trainer->largest.micro_steps);
out:
    return st;
}

/* Halves the batch until its activations fit into `available` bytes, and returns its rows; 0 if not even one row
 * fits. */
static int64_t rows_that_fit(cam_trainer *trainer, size_t available, size_t *bytes) {
    for (int64_t rows = (trainer->largest.rows + 1) / 2; rows > 0; rows = rows > 1 ? (rows + 1) / 2 : 0) {
        int64_t tokens = cam_token_size_class(trainer->backend, trainer->largest.tokens * rows / trainer->largest.rows);
        if (count_memory(trainer, tokens, rows, bytes) == CAM_OK && *bytes <= available)
            return rows;
    }
    return 0;
}

static cam_status fail_too_large(cam_trainer *trainer, size_t activations, size_t available) {
    size_t parameters = parameter_bytes(trainer), smaller = 0;
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
        (parameters + activations) >> 20, parameters >> 20, activations >> 20, (long long)trainer->largest.rows,
        (long long)trainer->largest.tokens, (parameters + available) >> 20, cam_strbuf_text(&advice));
    cam_strbuf_release(&advice);
    return st;
}

static cam_status open_memory(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    const cam_trainer_options *o = &trainer->options;
    cam_backend *backend = trainer->backend;
    size_t bytes = 0, ring_bytes = CAM_REPORTS * sizeof *trainer->ring;
    void *host = NULL, *device = NULL;
    int64_t tokens = cam_token_size_class(trainer->backend, trainer->largest.tokens);
    cam_batch_stream_limits limits = stream_limits(trainer, tokens, trainer->largest.rows);
    CAM_TRY(cam_device_data_open(&trainer->data, backend, o->tokens, o->labels, trainer->params.word_row, o->config));
    CAM_TRY(count_memory(trainer, tokens, trainer->largest.rows, &bytes));
    size_t available = cam_trainer_available_bytes(trainer);
    if (bytes > available)
        return fail_too_large(trainer, bytes, available);
    bytes -= cam_batch_stream_bytes(&limits);
    CAM_TRY(cam_batch_stream_open(&trainer->stream, backend, &trainer->data, &limits));
    trainer->stream.masking = &trainer->masking;
    CAM_TRY(cam_backend_allocate(backend, bytes, &trainer->memory));
    cam_arena_init(&trainer->arena, "step", trainer->memory, bytes);
    CAM_TRY(cam_trainer_open_update(trainer));
    CAM_TRY(cam_backend_allocate_mapped(backend, ring_bytes, &host, &device));
    trainer->ring = host;
    trainer->device_ring = device;
    CAM_TRY(cam_backend_allocate_mapped(backend, sizeof *trainer->request, &host, &device));
    trainer->request = host;
    trainer->device_request = device;
    trainer->reports = calloc(CAM_REPORTS, sizeof *trainer->reports);
    if (!trainer->reports)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %d reports", CAM_REPORTS);
    cam_graph_cache_open(&trainer->graphs, backend, !o->comm || o->comm->captures);
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

typedef struct features_work {
    cam_trainer *trainer;
    const int32_t *all; /* [rows] 0, 1, 2, .. */
    float *host;        /* [rows,H] host memory for gathering over the ranks; NULL: one rank */
} features_work;

/* Computes the features of rows [first, first + count) of the data set, and copies them to `host`. */
static cam_status compute_block(void *context, int64_t first, int64_t count) {
    cam_status st = CAM_OK;
    const features_work *work = context;
    cam_trainer *trainer = work->trainer;
    int64_t h = trainer->params.hidden;
    float *features = trainer->features.data;
    cam_scored_rows rows = {
        .tokens = trainer->options.tokens, .data = &trainer->data, .list = work->all + first, .count = count};
    CAM_TRY(cam_scorer_features(&trainer->scorer, &rows, &trainer->options.cancel, features));
    if (!work->host)
        goto out;
    CAM_TRY(cam_backend_copy(trainer->backend, work->host + first * h, features + first * h,
                             (size_t)(count * h) * sizeof(float), CAM_FROM_DEVICE));
    CAM_TRY(cam_backend_synchronize(trainer->backend));
out:
    return st;
}

/* Each rank computes a block of rows; all are gathered. */
cam_status cam_trainer_compute_features(cam_trainer *trainer) {
    cam_status st = CAM_OK;
    const cam_token_rows *tokens = trainer->options.tokens;
    size_t row_bytes = (size_t)trainer->params.hidden * sizeof(float), bytes = (size_t)tokens->rows * row_bytes;
    void *memory = NULL;
    int32_t *all = NULL;
    features_work work = {.trainer = trainer};
    if (!cam_trainer_keeps_features(trainer))
        return CAM_OK;
    work.all = all = malloc((size_t)tokens->rows * sizeof *all);
    work.host = cam_trainer_ranks(trainer) > 1 ? malloc(bytes) : NULL;
    if (!all || (!work.host && cam_trainer_ranks(trainer) > 1))
        CAM_FAIL(CAM_E_MEMORY, "no memory for the features of %lld rows", (long long)tokens->rows);
    for (int64_t r = 0; r < tokens->rows; r++)
        all[r] = (int32_t)r;
    memory = trainer->features.data;
    if (!memory)
        CAM_TRY(cam_backend_allocate(trainer->backend, bytes, &memory));
    trainer->features = cam_tensor_2d(memory, CAM_F32, tokens->rows, trainer->params.hidden);
    CAM_TRY(cam_distribute_rows(trainer->options.group, &(cam_distributed_rows){.where = "computing features",
                                                                                .offsets = tokens->offsets,
                                                                                .list = all,
                                                                                .count = tokens->rows,
                                                                                .results = work.host,
                                                                                .row_bytes = row_bytes,
                                                                                .work = compute_block,
                                                                                .context = &work}));
    if (work.host) {
        CAM_TRY(cam_backend_copy(trainer->backend, memory, work.host, bytes, CAM_TO_DEVICE));
        CAM_TRY(cam_backend_synchronize(trainer->backend));
    }
out:
    free(work.host);
    free(all);
    return st;
}

cam_status cam_trainer_open(cam_trainer *trainer, cam_backend *backend, const cam_trainer_options *options) {
    cam_status st = CAM_OK;
    cam_phase before = cam_phase_enter(CAM_PHASE_PLAN);
    *trainer = (cam_trainer){.options = *options, .backend = backend, .planned_epoch = -1};
    CAM_ASSERT(!options->repetitions || (!options->comm && !cam_teacher_exists(&options->teacher)));
    CAM_TRY(open_schedule(trainer));
    cam_phase_enter(CAM_PHASE_FEATURES);
    CAM_TRY(ask_teacher(trainer));
    cam_phase_enter(CAM_PHASE_WEIGHTS);
    CAM_TRY(open_model(trainer));
    cam_phase_enter(CAM_PHASE_PLAN);
    CAM_TRY(open_memory(trainer));
    cam_scored_places places = {.masking = &trainer->masking};
    if (options->config->task == CAM_TASK_ENCODER)
        places = (cam_scored_places){&trainer->masking, &trainer->live, &trainer->answers.distillation};
    CAM_TRY(cam_scorer_open(&trainer->scorer, &trainer->model, options->eval_batch_rows, SCORING_TOKENS,
                            longest_row(options->tokens), cam_trainer_masks(trainer) ? &places : NULL));
    cam_phase_enter(CAM_PHASE_FEATURES);
    CAM_TRY(cam_trainer_compute_features(trainer));
out:
    cam_phase_enter(before);
    if (st != CAM_OK)
        cam_trainer_close(trainer);
    return st;
}

cam_status cam_trainer_plan_memory(const cam_trainer_options *options, cam_backend *backend, cam_memory_need *need) {
    cam_status st = CAM_OK;
    cam_trainer trainer = {.options = *options, .backend = backend};
    CAM_TRY(open_schedule(&trainer));
    CAM_TRY(lay_out_model(&trainer));
    need->parameters = parameter_bytes(&trainer);
    need->held = cam_held_bytes(&trainer.params);
    need->snapshot = cam_parameter_state_bytes(&trainer.params);
    cam_parameters_pretend(&trainer.params);
    cam_parameters_pretend(&trainer.live.params);
    cam_teacher_describe(&options->teacher, options->tokens->rows, options->config->num_labels, &trainer.answers);
    CAM_TRY(count_memory(&trainer, cam_token_size_class(backend, trainer.largest.tokens), trainer.largest.rows,
                         &need->activations));
    need->activations += answer_bytes(&trainer);
out:
    cam_trainer_close(&trainer);
    return st;
}

cam_status cam_trainer_count_saved(const cam_trainer_options *options, cam_saved_bytes *bytes) {
    cam_status st = CAM_OK;
    cam_parameters params = {0};
    unsigned char *used = NULL;
    CAM_TRY(mark_used(options, &used));
    CAM_TRY(cam_parameters_layout(&params, options->config, used, &options->rates, (cam_precision){0},
                                  (cam_sharding){.ranks = 1}));
    *bytes = (cam_saved_bytes){.model = (size_t)params.logical_count * sizeof(float),
                               .state = cam_parameter_state_bytes(&params)};
out:
    cam_parameters_release(&params);
    free(used);
    return st;
}

void cam_trainer_close(cam_trainer *trainer) {
    cam_scorer_close(&trainer->scorer);
    cam_graph_cache_close(&trainer->graphs);
    cam_batch_stream_close(&trainer->stream);
    cam_device_data_close(&trainer->data);
    cam_device_masking_close(&trainer->masking);
    cam_teacher_answers_release(&trainer->answers);
    cam_live_teacher_close(&trainer->live);
    cam_camembert_close(&trainer->model);
    cam_beginning_release(&trainer->beginning, &trainer->params);
    cam_parameters_release(&trainer->params);
    if (trainer->backend) {
        cam_backend_release(trainer->backend, trainer->memory);
        cam_backend_release(trainer->backend, trainer->class_weights.data);
        cam_backend_release(trainer->backend, trainer->features.data);
        cam_backend_release(trainer->backend, trainer->deferred);
        cam_backend_release_mapped(trainer->backend, trainer->ring);
        cam_backend_release_mapped(trainer->backend, trainer->request);
    }
    free(trainer->reports);
    free(trainer->shapes);
    free(trainer->partition);
    free(trainer->chosen);
    cam_order_close(&trainer->order);
    *trainer = (cam_trainer){0};
}
