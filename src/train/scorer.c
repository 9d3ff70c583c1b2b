/* scorer.c: see scorer.h. Rows are scored in blocks of up to BLOCK_ROWS. The order and plan of a block are uploaded
 * once, its batches are launched without waiting for each other, and its logits are copied to the host at once.
 */
#include "scorer.h"
#include <math.h>
#include <stdlib.h>

enum { BLOCK_ROWS = 4096 };

/* What to compute; also the kind in a cam_graph_key. */
typedef enum score_kind { LOGITS, FEATURES, LOGITS_OF_FEATURES, MASKED } score_kind;

/* The argument of run_batch. The work of a captured batch depends on these only. */
typedef struct batch_work {
    cam_scorer *scorer;
    score_kind score_kind;
    cam_tensor features; /* LOGITS_OF_FEATURES */
    cam_batch batch;
} batch_work;

/* Columns of the output. */
static int64_t columns_of(const cam_scorer *scorer, score_kind kind) {
    return kind == FEATURES ? scorer->model->params->hidden : scorer->model->config->num_labels;
}

/* --- opening --------------------------------------------------------------------------------------------------- */

/* The loss at the places: that of the pieces there, or the distance from the teacher. */
static cam_status run_places(const cam_scorer *scorer, cam_pass *pass) {
    cam_status st = CAM_OK;
    const cam_scored_places *places = &scorer->places;
    cam_tensor taught = CAM_NONE;
    if (places->teacher)
        CAM_TRY(cam_live_teacher_hidden(places->teacher, pass, &taught));
    CAM_TRY(cam_camembert_encode(pass));
    if (places->teacher) {
        pass->distillation = places->distillation;
        CAM_TRY(cam_camembert_distill_hidden(pass, taught, CAM_NONE));
    } else {
        CAM_TRY(cam_camembert_lm_head(pass));
        CAM_TRY(cam_camembert_lm_loss(pass));
    }
out:
    return st;
}

static cam_status run_rows(const batch_work *work, cam_pass *pass) {
    cam_status st = CAM_OK;
    CAM_TRY(work->score_kind == LOGITS_OF_FEATURES ? cam_camembert_gather_features(pass, work->features)
                                                   : cam_camembert_encode(pass));
    if (work->score_kind != FEATURES)
        CAM_TRY(cam_camembert_classify(pass));
out:
    return st;
}

/* Counts the bytes of the largest batch's pass. */
static cam_status count_memory(cam_scorer *scorer, size_t *bytes) {
    cam_status st = CAM_OK;
    cam_arena_init_counting(&scorer->arena, "scoring");
    cam_batch batch = cam_batch_stream_batch(&scorer->stream, scorer->stream.limits.tokens, scorer->stream.limits.rows,
                                             scorer->stream.limits.queries, scorer->max_length);
    cam_pass pass = {.model = scorer->model,
                     .arena = &scorer->arena,
                     .state = cam_batch_stream_state(&scorer->stream),
                     .batch = &batch};
    CAM_TRY(scorer->places.masking ? run_places(scorer, &pass) : run_rows(&(batch_work){.score_kind = LOGITS}, &pass));
    *bytes = scorer->arena.peak;
out:
    return st;
}

static cam_status allocate(cam_scorer *scorer, int64_t floats, float **memory) {
    void *bytes = NULL;
    cam_status st = cam_backend_allocate(scorer->model->backend, (size_t)floats * sizeof(float), &bytes);
    *memory = bytes;
    return st;
}

cam_status cam_scorer_open(cam_scorer *scorer, cam_camembert *model, int64_t max_rows, int64_t max_tokens,
                           int32_t max_length, const cam_scored_places *places) {
    cam_status st = CAM_OK;
    size_t bytes = 0;
    void *staging = NULL;
    int64_t labels = model->config->num_labels, h = model->params->hidden;
    *scorer = (cam_scorer){
        .model = model, .max_tokens = max_tokens > max_length ? max_tokens : max_length, .max_length = max_length};
    if (places) {
        scorer->places = *places;
        scorer->given = *places->masking;
        scorer->given.map.choice = CAM_CHOOSE_MASK_IDS;
    }
    cam_graph_cache_open(&scorer->graphs, model->backend, 1);
    cam_batch_stream_limits limits = {.order = BLOCK_ROWS,
                                      .micro_steps = BLOCK_ROWS,
                                      .updates = 0,
                                      .tokens = cam_token_size_class(model->backend, scorer->max_tokens),
                                      .rows = max_rows};
    if (places) /* every token may be chosen */
        limits.queries = limits.tokens > max_rows ? limits.tokens : max_rows;
    CAM_TRY(cam_batch_stream_open(&scorer->stream, model->backend, NULL, &limits));
    CAM_TRY(count_memory(scorer, &bytes));
    CAM_TRY(cam_backend_allocate(model->backend, bytes, &scorer->memory));
    cam_arena_init(&scorer->arena, "scoring", scorer->memory, bytes);
    if (places) {
        CAM_TRY(allocate(scorer, 2 * limits.queries, &scorer->batch_out));
        CAM_TRY(cam_backend_allocate_staging(model->backend, (size_t)limits.queries * 2 * sizeof(float), &staging));
        scorer->host_out = staging;
        goto out;
    }
    CAM_TRY(allocate(scorer, max_rows * (labels > h ? labels : h), &scorer->batch_out));
    CAM_TRY(allocate(scorer, BLOCK_ROWS * labels, &scorer->results));
out:
    if (st != CAM_OK)
        cam_scorer_close(scorer);
    return st;
}

void cam_scorer_close(cam_scorer *scorer) {
    cam_graph_cache_close(&scorer->graphs);
    cam_batch_stream_close(&scorer->stream);
    if (scorer->model) {
        cam_backend_release(scorer->model->backend, scorer->memory);
        cam_backend_release(scorer->model->backend, scorer->batch_out);
        cam_backend_release(scorer->model->backend, scorer->results);
        cam_backend_release_staging(scorer->model->backend, scorer->host_out);
    }
    *scorer = (cam_scorer){0};
}

/* --- a block ---------------------------------------------------------------------------------------------------- */

/* Divides rows [begin, begin + count) of the list into batches, and uploads their order and plan. */
static cam_status begin_block(cam_scorer *scorer, const cam_scored_rows *rows, int64_t begin, int64_t count,
                              int64_t *batches) {
    cam_micro_step *step = cam_batch_stream_host_plan(&scorer->stream);
    int32_t *order = cam_batch_stream_host_order(&scorer->stream);
    const int64_t *offsets = rows->tokens->offsets;
    *batches = 0;
    for (int64_t done = 0; done < count;) {
        int64_t taken = 0, tokens = 0;
        while (done + taken < count && taken < scorer->stream.limits.rows) {
            int32_t row = rows->list[begin + done + taken];
            int64_t length = offsets[row + 1] - offsets[row];
            if (taken > 0 && tokens + length > scorer->max_tokens)
                break;
            order[done + taken++] = row;
            tokens += length;
        }
        step[(*batches)++] = (cam_micro_step){.first = (int32_t)done,
                                              .rows = (int32_t)taken,
                                              .tokens = (int32_t)tokens,
                                              .epoch = CAM_EVAL_EPOCH,
                                              .begins = 1,
                                              .loss_denominator = 1};
        done += taken;
    }
    *cam_batch_stream_host_state(&scorer->stream) =
        (cam_step_state){.finite = 1, .seed = scorer->places.masking ? scorer->places.masking->seed : 0};
    *cam_batch_stream_host_corrections(&scorer->stream) = (cam_bias_corrections){1, 1};
    return cam_batch_stream_begin(&scorer->stream);
}

/* Tokens of the longest row of a batch. */
static int64_t longest(const cam_scored_rows *rows, const int32_t *order, int32_t count) {
    const int64_t *offsets = rows->tokens->offsets;
    int64_t most = 1;
    for (int32_t i = 0; i < count; i++)
        most = offsets[order[i] + 1] - offsets[order[i]] > most ? offsets[order[i] + 1] - offsets[order[i]] : most;
    return most;
}

static cam_status run_batch(void *context) {
    cam_status st = CAM_OK;
    batch_work *work = context;
    cam_scorer *scorer = work->scorer;
    cam_pass pass = {.model = scorer->model,
                     .arena = &scorer->arena,
                     .state = cam_batch_stream_state(&scorer->stream),
                     .batch = &work->batch};
    cam_arena_reset(&scorer->arena);
    CAM_TRY(cam_batch_stream_next(&scorer->stream, &work->batch));
    if (work->score_kind == MASKED) {
        CAM_TRY(run_places(scorer, &pass));
        CAM_TRY(cam_backend_copy(scorer->model->backend, scorer->batch_out, pass.row_loss.data,
                                 cam_tensor_bytes(pass.row_loss), CAM_ON_DEVICE));
        if (pass.hits.data)
            CAM_TRY(cam_backend_copy(scorer->model->backend, scorer->batch_out + pass.hits.shape[0], pass.hits.data,
                                     cam_tensor_bytes(pass.hits), CAM_ON_DEVICE));
        goto out;
    }
    CAM_TRY(run_rows(work, &pass));
    cam_tensor output = work->score_kind == FEATURES ? pass.hidden : pass.logits;
    CAM_TRY(cam_backend_copy(scorer->model->backend, scorer->batch_out, output.data, cam_tensor_bytes(output),
                             CAM_ON_DEVICE));
out:
    return st;
}

/* Copies the output of a batch: features to `features` by row number, logits to the block's results. */
static cam_status store_results(cam_scorer *scorer, score_kind kind, const int32_t *order, const cam_micro_step *step,
                                float *features) {
    cam_status st = CAM_OK;
    cam_backend *backend = scorer->model->backend;
    int64_t columns = columns_of(scorer, kind);
    size_t row_bytes = (size_t)columns * sizeof(float);
    if (kind != FEATURES)
        return cam_backend_copy(backend, scorer->results + step->first * columns, scorer->batch_out,
                                (size_t)step->rows * row_bytes, CAM_ON_DEVICE);
    for (int32_t r = 0; r < step->rows; r++)
        CAM_TRY(cam_backend_copy(backend, features + order[step->first + r] * columns, scorer->batch_out + r * columns,
                                 row_bytes, CAM_ON_DEVICE));
out:
    return st;
}

static cam_status run_block(cam_scorer *scorer, batch_work *work, const cam_scored_rows *rows, int64_t begin,
                            int64_t count, const cam_cancel *cancel, float *out) {
    cam_status st = CAM_OK;
    int64_t batches = 0, columns = columns_of(scorer, work->score_kind);
    int packs = work->score_kind != LOGITS_OF_FEATURES;
    CAM_TRY(begin_block(scorer, rows, begin, count, &batches));
    for (int64_t b = 0; b < batches; b++) {
        const cam_micro_step *step = cam_batch_stream_host_plan(&scorer->stream) + b;
        const int32_t *order = cam_batch_stream_host_order(&scorer->stream);
        if (cam_cancel_requested(cancel))
            CAM_FAIL(CAM_E_STOPPED, "stopped while scoring");
        cam_graph_key key = {.tokens = packs ? cam_token_size_class(scorer->model->backend, step->tokens) : 0,
                             .rows = scorer->stream.limits.rows,
                             .longest = cam_length_size_class(scorer->model->backend,
                                                              longest(rows, order + step->first, step->rows),
                                                              scorer->max_length),
                             .kind = (int32_t)work->score_kind};
        work->batch = cam_batch_stream_batch(&scorer->stream, key.tokens, key.rows, 0, key.longest);
        CAM_TRY(cam_graph_cache_run(&scorer->graphs, key, run_batch, work));
        CAM_TRY(store_results(scorer, work->score_kind, order, step, out));
    }
    if (work->score_kind != FEATURES)
        CAM_TRY(cam_backend_copy(scorer->model->backend, out + begin * columns, scorer->results,
                                 (size_t)(count * columns) * sizeof(float), CAM_FROM_DEVICE));
    CAM_TRY(cam_backend_synchronize(scorer->model->backend));
out:
    return st;
}

/* Captured batches hold the addresses of the data set. */
static int is_same_data(const cam_device_data *a, const cam_device_data *b) {
    return a->offsets.data == b->offsets.data && a->ids.data == b->ids.data && a->labels.data == b->labels.data;
}

static void use_data(cam_scorer *scorer, const cam_device_data *data) {
    if (!is_same_data(&scorer->captured, data))
        cam_graph_cache_close(&scorer->graphs);
    scorer->captured = *data;
    scorer->stream.data = data;
}

static cam_status score_rows(cam_scorer *scorer, batch_work *work, const cam_scored_rows *rows,
                             const cam_cancel *cancel, float *out) {
    cam_status st = CAM_OK;
    work->scorer = scorer;
    use_data(scorer, rows->data);
    for (int64_t begin = 0, count; begin < rows->count; begin += count) {
        count = rows->count - begin < BLOCK_ROWS ? rows->count - begin : BLOCK_ROWS;
        CAM_TRY(run_block(scorer, work, rows, begin, count, cancel, out));
    }
out:
    return st;
}

cam_status cam_scorer_logits(cam_scorer *scorer, const cam_scored_rows *rows, const cam_cancel *cancel, float *logits) {
    return score_rows(scorer, &(batch_work){.score_kind = LOGITS}, rows, cancel, logits);
}

cam_status cam_scorer_features(cam_scorer *scorer, const cam_scored_rows *rows, const cam_cancel *cancel,
                               float *features) {
    return score_rows(scorer, &(batch_work){.score_kind = FEATURES}, rows, cancel, features);
}

cam_status cam_scorer_head_logits(cam_scorer *scorer, cam_tensor features, const cam_scored_rows *rows,
                                  const cam_cancel *cancel, float *logits) {
    return score_rows(scorer, &(batch_work){.score_kind = LOGITS_OF_FEATURES, .features = features}, rows, cancel,
                      logits);
}

/* --- the places of pretraining ------------------------------------------------------------------------------------- */

static int64_t queries_for(const cam_scorer *scorer, int64_t chosen) {
    int64_t queries = cam_token_size_class(scorer->model->backend, chosen), rows = scorer->stream.limits.rows;
    return queries > rows ? queries : rows;
}

/* The batch of a micro-step, in which as many tokens are chosen. */
static cam_batch masked_batch(const cam_scorer *scorer, const cam_scored_rows *rows, const cam_micro_step *step,
                              int64_t chosen, cam_graph_key *key) {
    const int32_t *order = cam_batch_stream_host_order(&scorer->stream) + step->first;
    const cam_backend *backend = scorer->model->backend;
    *key =
        (cam_graph_key){.tokens = cam_token_size_class(backend, step->tokens),
                        .rows = scorer->stream.limits.rows,
                        .queries = queries_for(scorer, chosen),
                        .longest = cam_length_size_class(backend, longest(rows, order, step->rows), scorer->max_length),
                        .kind = MASKED};
    return cam_batch_stream_batch(&scorer->stream, key->tokens, key->rows, key->queries, key->longest);
}

/* Runs a batch, waits for its losses and hits, and adds them up row by row. */
static cam_status score_masked_batch(cam_scorer *scorer, const cam_scored_rows *rows, const cam_micro_step *step,
                                     cam_row_scores *scores) {
    cam_status st = CAM_OK;
    cam_backend *backend = scorer->model->backend;
    const int32_t *order = cam_batch_stream_host_order(&scorer->stream) + step->first;
    batch_work work = {.scorer = scorer, .score_kind = MASKED};
    cam_graph_key key;
    int64_t chosen = 0, at = 0;
    for (int32_t r = 0; r < step->rows; r++) {
        scores[r] = (cam_row_scores){0};
        scores[r].positions =
            (int32_t)cam_masking_count(scorer->places.masking, rows->tokens, order[r], CAM_EVAL_EPOCH);
        chosen += scores[r].positions;
    }
    work.batch = masked_batch(scorer, rows, step, chosen, &key);
    CAM_TRY(cam_graph_cache_run(&scorer->graphs, key, run_batch, &work));
    CAM_TRY(cam_backend_copy(backend, scorer->host_out, scorer->batch_out, (size_t)key.queries * 2 * sizeof(float),
                             CAM_FROM_DEVICE));
    CAM_TRY(cam_backend_synchronize(backend));
    for (int32_t r = 0; r < step->rows; r++)
        for (int32_t i = 0; i < scores[r].positions; i++, at++) {
            scores[r].loss_sum += (double)scorer->host_out[at];
            scores[r].correct += !scorer->places.teacher && scorer->host_out[key.queries + at] > 0;
        }
out:
    return st;
}

cam_status cam_scorer_masked(cam_scorer *scorer, const cam_scored_rows *rows, const cam_cancel *cancel,
                             cam_row_scores *scores) {
    cam_status st = CAM_OK;
    use_data(scorer, rows->data);
    scorer->stream.masking = scorer->places.masking;
    for (int64_t begin = 0, count, batches; begin < rows->count; begin += count) {
        count = rows->count - begin < BLOCK_ROWS ? rows->count - begin : BLOCK_ROWS;
        CAM_TRY(begin_block(scorer, rows, begin, count, &batches));
        for (int64_t b = 0; b < batches; b++) {
            const cam_micro_step *step = cam_batch_stream_host_plan(&scorer->stream) + b;
            if (cam_cancel_requested(cancel))
                CAM_FAIL(CAM_E_STOPPED, "stopped while scoring");
            CAM_TRY(score_masked_batch(scorer, rows, step, scores + begin + step->first));
        }
    }
out:
    return st;
}

int64_t cam_scorer_places(const cam_scorer *scorer, const cam_scored_rows *rows) {
    return cam_masking_count(&scorer->given, rows->tokens, rows->list[0], 0);
}

/* The `best` largest logits of a row as probabilities, the largest first, of equal ones the lower id. */
static void choose_best(const float *logits, int64_t count, int64_t best, cam_filled *filled) {
    double sum = 0, most = (double)logits[0];
    int64_t kept = 0;
    for (int64_t k = 1; k < count; k++)
        most = (double)logits[k] > most ? (double)logits[k] : most;
    for (int64_t k = 0; k < count; k++) {
        double p = exp((double)logits[k] - most);
        int64_t at = kept < best ? kept++ : best;
        sum += p;
        for (; at > 0 && filled[at - 1].probability < p; at--)
            if (at < best)
                filled[at] = filled[at - 1];
        if (at < best)
            filled[at] = (cam_filled){.id = (int32_t)k, .probability = p};
    }
    for (int64_t k = 0; k < best; k++)
        filled[k].probability /= sum;
}

/* The decoder's logits chunk by chunk, of `places` query rows. */
static cam_status fill_places(cam_scorer *scorer, cam_pass *pass, int64_t places, int64_t best, float *host,
                              cam_filled *filled) {
    cam_status st = CAM_OK;
    cam_backend *backend = scorer->model->backend;
    int64_t vocabulary = scorer->model->config->vocab_size;
    for (int chunk = 0; chunk < cam_camembert_lm_chunks(pass); chunk++) {
        int64_t first = (int64_t)chunk * CAM_HEAD_CHUNK, rows = places - first;
        rows = rows < CAM_HEAD_CHUNK ? rows : CAM_HEAD_CHUNK;
        if (rows <= 0)
            break;
        size_t mark = cam_arena_mark(pass->arena);
        cam_tensor logits;
        CAM_TRY(cam_camembert_lm_logits(pass, chunk, &logits));
        CAM_TRY(
            cam_backend_copy(backend, host, logits.data, (size_t)(rows * vocabulary) * sizeof *host, CAM_FROM_DEVICE));
        CAM_TRY(cam_backend_synchronize(backend));
        cam_arena_release(pass->arena, mark);
        for (int64_t r = 0; r < rows; r++)
            choose_best(host + r * vocabulary, vocabulary, best, filled + (first + r) * best);
    }
out:
    return st;
}

cam_status cam_scorer_fill(cam_scorer *scorer, const cam_scored_rows *rows, int64_t best, cam_filled *filled) {
    cam_status st = CAM_OK;
    int64_t places = cam_scorer_places(scorer, rows), batches = 0, vocabulary = scorer->model->config->vocab_size;
    int64_t held = places < CAM_HEAD_CHUNK ? places : CAM_HEAD_CHUNK;
    cam_graph_key key;
    float *host = malloc((size_t)(held * vocabulary + 1) * sizeof *host);
    CAM_ASSERT(best >= 1 && best <= vocabulary);
    if (!host)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the scores of %lld masked places", (long long)places);
    use_data(scorer, rows->data);
    scorer->stream.masking = &scorer->given;
    CAM_TRY(begin_block(scorer, rows, 0, 1, &batches));
    cam_batch batch = masked_batch(scorer, rows, cam_batch_stream_host_plan(&scorer->stream), places, &key);
    cam_pass pass = {.model = scorer->model,
                     .arena = &scorer->arena,
                     .state = cam_batch_stream_state(&scorer->stream),
                     .batch = &batch};
    cam_arena_reset(&scorer->arena);
    CAM_TRY(cam_batch_stream_next(&scorer->stream, &batch));
    CAM_TRY(cam_camembert_encode(&pass));
    CAM_TRY(cam_camembert_lm_head(&pass));
    CAM_TRY(fill_places(scorer, &pass, places, best, host, filled));
out:
    free(host);
    return st;
}
