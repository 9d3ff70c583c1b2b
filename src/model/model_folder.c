/* model_folder.c: see model_folder.h. Tensors are moved one at a time through a host buffer as large as the largest
 * one, the word embeddings in blocks of rows, and between there and the device in pieces through two small staging
 * buffers: on the way to the device one is filled while the other is copied.
 */
#include "model_folder.h"
#include "cam/bf16.h"
#include "held.h"
#include "safetensors_writer.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of parameter i in the file, where the word embeddings have the whole vocabulary. */
static int64_t file_rows(const cam_parameters *params, int i) {
    return i == CAM_WORD ? params->vocab_size : params->list[i].rows;
}

static int64_t part_elements(const cam_parameters *params, int i) {
    return file_rows(params, i) / params->list[i].parts * params->list[i].columns;
}

/* Elements of a piece, and about as many of a block of word embeddings. */
enum { PIECE = 1 << 20 };

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Rows of the word embeddings in a block. */
static int64_t block_rows(const cam_parameters *params) {
    return params->hidden < PIECE ? PIECE / params->hidden : 1;
}

static cam_status allocate_values(const cam_parameters *params, float **values) {
    int64_t most = block_rows(params) * params->hidden;
    for (int i = CAM_WORD + 1; i < params->count; i++) {
        int64_t count = params->list[i].rows * params->list[i].columns;
        most = count > most ? count : most;
    }
    *values = malloc((size_t)most * sizeof(float));
    return *values ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for a tensor of %lld values", (long long)most);
}

/* --- initial values -------------------------------------------------------------------------------------------- */

/* Four normal values N(0, 1) of a block, by the Box-Muller transform in f64. */
static void normal_block(uint64_t seed, uint32_t site, uint32_t row, uint32_t block, double out[4]) {
    cam_philox_words r = cam_philox(seed, 0, site, row, block);
    for (int pair = 0; pair < 2; pair++) {
        double u1 = ((double)r.w[2 * pair] + 1.0) * 0x1p-32, u2 = (double)r.w[2 * pair + 1] * 0x1p-32;
        double radius = sqrt(-2.0 * log(u1)), angle = 6.283185307179586 * u2;
        out[2 * pair] = radius * cos(angle);
        out[2 * pair + 1] = radius * sin(angle);
    }
}

static void initial_row(const cam_model_source *source, int tensor, int64_t row, int64_t columns, float *out) {
    double std = source->config->initializer_range, four[4];
    for (int64_t c = 0; c < columns; c++) {
        if (c % 4 == 0)
            normal_block(source->seed, CAM_SITE_INIT + (uint32_t)tensor, (uint32_t)row, (uint32_t)(c / 4), four);
        out[c] = (float)(std * four[c % 4]);
    }
}

static int is_layer_norm_gain(const cam_parameter *p) {
    return strstr(p->name[0], "LayerNorm.weight") || strstr(p->name[0], "layer_norm.weight");
}

static int threads_of(const cam_parameters *params) {
    return params->backend->host_threads < 1 ? 1 : params->backend->host_threads;
}

/* Initialises rows [first, first + count) of parameter i; a row is a function of its number, for any number of threads. */
static void initial_rows(const cam_parameters *params, const cam_model_source *source, int i, int64_t first,
                         int64_t count, float *out) {
    const cam_parameter *p = &params->list[i];
    int pad_row = i == CAM_WORD || i == CAM_POSITION ? source->config->pad_token_id : -1;
#pragma omp parallel for num_threads(threads_of(params)) schedule(static)
    for (int64_t row = first; row < first + count; row++) {
        float *at = out + (row - first) * p->columns;
        if (!p->matrix)
            *at = is_layer_norm_gain(p) ? 1.0f : 0.0f;
        else if (row == pad_row)
            memset(at, 0, (size_t)p->columns * sizeof *at);
        else
            initial_row(source, i, row, p->columns, at);
    }
}

/* --- loading --------------------------------------------------------------------------------------------------- */

/* The tensors that are looked for in a checkpoint, and the memory of their names. */
typedef struct wanted_list {
    cam_weight_wanted *items;
    char (*names)[CAM_TENSOR_NAME_BYTES];
    size_t count;
} wanted_list;

/* Adds the parts of parameter i, under the names of another layer of the checkpoint unless `layer` is below 0. */
static void add_wanted(wanted_list *list, const cam_parameters *params, int i, int32_t layer, cam_weight_need need) {
    static const char word[] = "encoder.layer.";
    const cam_parameter *p = &params->list[i];
    for (int part = 0; part < p->parts; part++) {
        char *name = list->names[list->count];
        memcpy(name, p->name[part], CAM_TENSOR_NAME_BYTES);
        if (layer >= 0) {
            char *number = strstr(name, word) + sizeof word - 1;
            const char *rest = strstr(p->name[part], word) + sizeof word - 1;
            snprintf(number, (size_t)(name + CAM_TENSOR_NAME_BYTES - number), "%d%s", (int)layer,
                     rest + strspn(rest, "0123456789"));
        }
        list->items[list->count++] = (cam_weight_wanted){.name = name,
                                                         .ndim = p->matrix ? 2 : 1,
                                                         .shape = {file_rows(params, i) / p->parts, p->columns},
                                                         .need = need};
    }
}

static int is_chosen(const cam_parameters *params, const cam_model_source *source, int32_t layer) {
    for (int i = 0; i < params->layers; i++)
        if (source->layers[i] == layer)
            return 1;
    return 0;
}

/* Finds every tensor in the checkpoint; the list has one entry a part, in the order of cam_parameters.list, then the
 * layers of the checkpoint that the model does not have. */
static cam_status match(const cam_parameters *params, const cam_model_source *source) {
    cam_status st = CAM_OK;
    wanted_list list = {0};
    int others = source->layers ? source->checkpoint_layers : 0;
    size_t most = (size_t)(params->count + others * CAM_LAYER_TENSORS) * CAM_MAX_PARTS;
    cam_weight_need need = source->keep_head ? CAM_WEIGHT_OPTIONAL : CAM_WEIGHT_FRESH;
    if (params->task == CAM_TASK_MASKED_LM && source->keep_head && source->config->untied &&
        cam_weights_find(source->weights, "lm_head.bias"))
        CAM_FAIL(CAM_E_MODEL,
                 "\"tie_word_embeddings\" is false in config.json: only a masked language model whose decoder "
                 "is its word embeddings is supported");
    list.items = calloc(most, sizeof *list.items);
    list.names = calloc(most, sizeof *list.names);
    if (!list.items || !list.names)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a table of %d tensors", params->count);
    for (int i = 0; i < params->count; i++) {
        const cam_parameter *p = &params->list[i];
        int is_head = p->depth == params->layers + 1;
        int32_t layer = source->layers && p->depth > 0 && !is_head ? source->layers[p->depth - 1] : -1;
        if (!p->unsaved)
            add_wanted(&list, params, i, layer, is_head ? need : CAM_WEIGHT_REQUIRED);
    }
    for (int32_t layer = 0; layer < others; layer++)
        for (int t = 0; t < CAM_LAYER_TENSORS && !is_chosen(params, source, layer); t++)
            add_wanted(&list, params, cam_parameter_of_layer(params, 0, (cam_layer_tensor)t), layer,
                       CAM_WEIGHT_REQUIRED);
    st = cam_weights_match(source->weights, list.items, list.count);
out:
    free(list.items);
    free(list.names);
    return st;
}

/* The map of hidden states begins as the identity. */
static void identity(const cam_parameter *p, float *out) {
    memset(out, 0, (size_t)(p->rows * p->columns) * sizeof *out);
    for (int64_t r = 0; p->matrix && r < p->rows; r++)
        out[r * p->columns + r] = 1;
}

/* The initial values of parameter i; `first` counts the parts before it. *fresh: values of the model were not loaded. */
static cam_status initial_values(const cam_parameters *params, const cam_model_source *source, int i, size_t first,
                                 float *out, int *fresh) {
    cam_status st = CAM_OK;
    if (params->list[i].unsaved) {
        identity(&params->list[i], out);
        return CAM_OK;
    }
    *fresh = !source->weights || !cam_weights_has(source->weights, first);
    if (*fresh) {
        initial_rows(params, source, i, 0, params->list[i].rows, out);
        goto out;
    }
    for (int part = 0; part < params->list[i].parts; part++)
        CAM_TRY(
            cam_weights_copy(source->weights, first + (size_t)part, out + (int64_t)part * part_elements(params, i)));
out:
    return st;
}

cam_status cam_model_check(const cam_model_source *source) {
    cam_status st = CAM_OK;
    cam_parameters params = {0};
    cam_train_rates rates = {.layerwise_decay = 1};
    if (!source->weights)
        return CAM_OK;
    CAM_TRY(cam_parameters_layout(&params, source->config, NULL, &rates, (cam_precision){0}, (cam_sharding){0}));
    CAM_TRY(match(&params, source));
out:
    cam_parameters_release(&params);
    return st;
}

/* Copies the f32 values of a tensor to the device and back. A split tensor has two bf16 halves there; of a frozen one
 * the device has the upper half, and the lower one is held. */
typedef struct transfer {
    const cam_parameters *params;
    void *buffers[2]; /* staging memory of the backend: each PIECE f32 values, or PIECE high and PIECE low halves */
    int turn;         /* the buffer that is not being copied */
} transfer;

static cam_status transfer_open(transfer *t, const cam_parameters *params) {
    cam_status st = CAM_OK;
    *t = (transfer){.params = params};
    for (int i = 0; i < 2; i++)
        CAM_TRY(cam_backend_allocate_staging(params->backend, PIECE * sizeof(float), &t->buffers[i]));
out:
    return st;
}

/* Waits for the last copies. Returns `st`, or where that is CAM_OK the failure of a copy. */
static cam_status transfer_close(transfer *t, cam_status st) {
    if (!t->params)
        return st;
    cam_status copied = cam_backend_synchronize(t->params->backend);
    for (int i = 0; i < 2; i++)
        if (t->buffers[i])
            cam_backend_release_staging(t->params->backend, t->buffers[i]);
    return st == CAM_OK ? copied : st;
}

/* Fewer values than this are split and joined by one thread. */
enum { THREADED_VALUES = 1 << 16 };

static void split_halves(const float *from, int64_t count, uint16_t *high, uint16_t *low, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static) if (count >= THREADED_VALUES)
    for (int64_t i = 0; i < count; i++) {
        uint32_t u;
        memcpy(&u, from + i, sizeof u);
        high[i] = cam_split_high(u);
        low[i] = cam_split_low(u);
    }
}

static void join_halves(const uint16_t *high, const uint16_t *low, int64_t count, float *to, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static) if (count >= THREADED_VALUES)
    for (int64_t i = 0; i < count; i++) {
        uint32_t u = cam_split_join(high[i], low[i]);
        memcpy(to + i, &u, sizeof u);
    }
}

/* Queues the copy of one piece of a tensor, `count` elements from `at` on, between a buffer and the device. */
static cam_status copy_piece(const transfer *t, cam_tensor weight, cam_tensor low, int64_t at, int64_t count,
                             cam_copy_kind kind) {
    cam_status st = CAM_OK;
    cam_backend *backend = t->params->backend;
    const cam_tensor planes[2] = {weight, low};
    for (size_t half = 0; half < 2 && planes[half].data; half++) {
        size_t size = cam_dtype_size(planes[half].dtype);
        char *device = (char *)planes[half].data + (size_t)at * size,
             *host = (char *)t->buffers[t->turn] + half * PIECE * size;
        int to_device = kind == CAM_TO_DEVICE;
        CAM_TRY(cam_backend_copy(backend, to_device ? device : host, to_device ? host : device, (size_t)count * size,
                                 kind));
    }
out:
    return st;
}

/* Copies `values` to elements [begin, begin + count) of a tensor. The last copy may still be on its way on return. */
static cam_status upload(transfer *t, int index, int64_t begin, int64_t count, const float *values) {
    cam_status st = CAM_OK;
    cam_tensor weight = cam_parameters_view(t->params, index, CAM_WEIGHT);
    cam_tensor low = cam_parameters_view(t->params, index, CAM_LOW);
    uint16_t *held = cam_held_low(t->params, index);
    for (int64_t done = 0, n; done < count; done += n) {
        uint16_t *halves = t->buffers[t->turn];
        n = smaller(count - done, PIECE);
        if (weight.dtype == CAM_F32)
            memcpy(halves, values + done, (size_t)n * sizeof *values);
        else
            split_halves(values + done, n, halves, halves + PIECE, threads_of(t->params));
        if (held)
            memcpy(held + begin + done, halves + PIECE, (size_t)n * sizeof *held);
        CAM_TRY(cam_backend_synchronize(t->params->backend)); /* for the other buffer */
        CAM_TRY(copy_piece(t, weight, low, begin + done, n, CAM_TO_DEVICE));
        t->turn = 1 - t->turn;
    }
out:
    return st;
}

/* Copies elements [begin, begin + count) of a tensor to `values`. */
static cam_status download(transfer *t, int index, int64_t begin, int64_t count, float *values) {
    cam_status st = CAM_OK;
    cam_tensor weight = cam_parameters_view(t->params, index, CAM_WEIGHT);
    cam_tensor low = cam_parameters_view(t->params, index, CAM_LOW);
    const uint16_t *halves = t->buffers[t->turn], *held = cam_held_low(t->params, index);
    CAM_ASSERT(weight.dtype == CAM_F32 || low.data || held);
    for (int64_t done = 0, n; done < count; done += n) {
        n = smaller(count - done, PIECE);
        CAM_TRY(copy_piece(t, weight, low, begin + done, n, CAM_FROM_DEVICE));
        CAM_TRY(cam_backend_synchronize(t->params->backend));
        if (weight.dtype == CAM_F32)
            memcpy(values + done, halves, (size_t)n * sizeof *values);
        else
            join_halves(halves, held ? held + begin + done : halves + PIECE, n, values + done, threads_of(t->params));
    }
out:
    return st;
}

static int is_kept(const cam_parameters *params, int64_t id) {
    return !params->word_row || params->word_row[id] >= 0;
}

static cam_status initial_words(const cam_parameters *params, const cam_model_source *source, int64_t first,
                                int64_t count, float *out) {
    if (source->weights)
        return cam_weights_copy_rows(source->weights, CAM_WORD, first, count, out);
    initial_rows(params, source, CAM_WORD, first, count, out);
    return CAM_OK;
}

/* Loads the word embeddings block by block: kept rows go to the device, the others are held. */
static cam_status load_words(transfer *t, const cam_model_source *source, float *values) {
    cam_status st = CAM_OK;
    const cam_parameters *params = t->params;
    int64_t h = params->hidden, kept = 0, held = 0;
    size_t row_bytes = (size_t)h * sizeof *values;
    for (int64_t id = 0, count; id < params->vocab_size; id += count) {
        int64_t keep = 0;
        count = smaller(params->vocab_size - id, block_rows(params));
        CAM_TRY(initial_words(params, source, id, count, values));
        for (int64_t r = 0; r < count; r++) {
            float *to = is_kept(params, id + r) ? values + keep++ * h : cam_held_row(params, held++);
            memmove(to, values + r * h, row_bytes);
        }
        CAM_TRY(upload(t, CAM_WORD, kept * h, keep * h, values));
        kept += keep;
    }
out:
    return st;
}

/* Loads the parameters from index `begin` of the index space on; `begin` is 0, or the first that is trained. */
static cam_status load(cam_parameters *params, const cam_model_source *source, int64_t begin, int *fresh_head) {
    cam_status st = CAM_OK;
    float *values = NULL;
    size_t first = 1; /* parts before the parameter; the word embeddings are one */
    transfer t = {0};
    CAM_TRY(cam_held_allocate(params));
    CAM_TRY(allocate_values(params, &values));
    CAM_TRY(transfer_open(&t, params));
    if (source->weights)
        CAM_TRY(match(params, source));
    if (params->list[CAM_WORD].offset >= begin)
        CAM_TRY(load_words(&t, source, values));
    for (int i = CAM_WORD + 1; i < params->count; first += (size_t)params->list[i++].parts) {
        if (params->list[i].offset < begin)
            continue;
        CAM_TRY(initial_values(params, source, i, first, values, fresh_head));
        CAM_TRY(upload(&t, i, 0, params->list[i].rows * params->list[i].columns, values));
    }
    if (source->weights)
        CAM_TRY(cam_weights_check_unchanged(source->weights));
    cam_held_begin(params);
out:
    st = transfer_close(&t, st);
    free(values);
    return st;
}

cam_status cam_model_load(cam_parameters *params, const cam_model_source *source, int *fresh_head) {
    return load(params, source, 0, fresh_head);
}

cam_status cam_model_load_trained(cam_parameters *params, const cam_model_source *source, int *fresh_head) {
    return load(params, source, params->trained_begin, fresh_head);
}

cam_status cam_model_load_folder(cam_parameters *params, const char *folder, const cam_model_config *config,
                                 cam_backend *backend, int *fresh_head) {
    cam_status st = CAM_OK;
    cam_train_rates rates = {.layerwise_decay = 1};
    cam_model_source source = {.keep_head = 1, .config = config};
    CAM_TRY(cam_weights_open(folder, &source.weights));
    CAM_TRY(cam_parameters_layout(params, config, NULL, &rates, (cam_precision){0}, (cam_sharding){0}));
    CAM_TRY(cam_parameters_allocate(params, backend, 0, &rates, 0));
    CAM_TRY(cam_model_load(params, &source, fresh_head));
out:
    cam_weights_close(source.weights);
    return st;
}

/* --- saving ---------------------------------------------------------------------------------------------------- */

/* Where a save writes to, and as what. */
typedef struct target {
    cam_safetensors_writer *writer;
    cam_dtype dtype;
    uint16_t *halves; /* [PIECE] of another dtype than f32 */
} target;

static int has_infinity(const uint16_t *f16, int64_t count) {
    int found = 0;
    for (int64_t i = 0; i < count; i++)
        found |= (f16[i] & 0x7C00) == 0x7C00;
    return found;
}

/* Writes values of parameter i. */
static cam_status put_values(const target *to, const cam_parameters *params, int i, float *values, int64_t count) {
    cam_status st = CAM_OK;
    if (to->dtype == CAM_F32)
        return cam_safetensors_writer_write(to->writer, values, (size_t)count * sizeof *values);
    CAM_ASSERT(params->backend->host_memory);
    for (int64_t done = 0, n; done < count; done += n) {
        n = smaller(count - done, PIECE);
        CAM_TRY(cam_cast(params->backend, &(cam_cast_args){.to = cam_tensor_1d(to->halves, to->dtype, n),
                                                           .from = cam_tensor_1d(values + done, CAM_F32, n)}));
        if (to->dtype == CAM_F16 && has_infinity(to->halves, n))
            CAM_FAIL(CAM_E_MODEL, "a value of \"%s\" is too large for f16; use --dtype bf16", params->list[i].name[0]);
        CAM_TRY(cam_safetensors_writer_write(to->writer, to->halves, (size_t)n * sizeof *to->halves));
    }
out:
    return st;
}

/* Writes the word embeddings of the whole vocabulary block by block. The kept rows of a block arrive at its end and move
 * forward to their places; no row is written over that has still to move. */
static cam_status save_words(transfer *t, const target *to, float *values) {
    cam_status st = CAM_OK;
    const cam_parameters *params = t->params;
    int64_t h = params->hidden, kept = 0, held = 0;
    size_t row_bytes = (size_t)h * sizeof *values;
    for (int64_t id = 0, count; id < params->vocab_size; id += count) {
        int64_t keep = 0;
        count = smaller(params->vocab_size - id, block_rows(params));
        for (int64_t r = 0; r < count; r++)
            keep += is_kept(params, id + r);
        const float *from = values + (count - keep) * h;
        CAM_TRY(download(t, CAM_WORD, kept * h, keep * h, values + (count - keep) * h));
        kept += keep;
        for (int64_t r = 0; r < count; r++) {
            if (is_kept(params, id + r)) {
                memmove(values + r * h, from, row_bytes);
                from += h;
            } else {
                memcpy(values + r * h, cam_held_row(params, held++), row_bytes);
            }
        }
        CAM_TRY(put_values(to, params, CAM_WORD, values, count * h));
    }
out:
    return st;
}

/* Declares every part; parameter_of[n] receives the parameter of the n-th part. */
static cam_status declare(const cam_parameters *params, const target *to, int *parameter_of) {
    cam_status st = CAM_OK;
    size_t count = 0;
    for (int i = 0; i < params->count; i++) {
        const cam_parameter *p = &params->list[i];
        int64_t shape[2] = {file_rows(params, i) / p->parts, p->columns};
        for (int part = 0; part < p->parts && !p->unsaved; part++) {
            parameter_of[count++] = i;
            CAM_TRY(cam_safetensors_writer_declare(to->writer, p->name[part], to->dtype, p->matrix ? 2 : 1, shape));
        }
    }
out:
    return st;
}

/* Writes the tensors in the writer's order; one of several parts is downloaded for the first of them. */
static cam_status save_tensors(transfer *t, const target *to, const int *parameter_of, float *values) {
    cam_status st = CAM_OK;
    const cam_parameters *params = t->params;
    int staged = -1;
    for (size_t n; (n = cam_safetensors_writer_next(to->writer)) != CAM_SAFETENSORS_DONE;) {
        int i = parameter_of[n], part = 0;
        if (i == CAM_WORD) {
            CAM_TRY(save_words(t, to, values));
            staged = -1;
            continue;
        }
        for (size_t before = n; before > 0 && parameter_of[before - 1] == i; before--)
            part++;
        if (staged != i)
            CAM_TRY(download(t, i, 0, params->list[i].rows * params->list[i].columns, values));
        staged = i;
        int64_t elements = part_elements(params, i);
        CAM_TRY(put_values(to, params, i, values + part * elements, elements));
    }
out:
    return st;
}

cam_status cam_model_save(cam_parameters *params, cam_dtype dtype, const char *path) {
    cam_status st = CAM_OK;
    float *values = NULL;
    target to = {.dtype = dtype};
    transfer t = {0};
    int *parameter_of = malloc((size_t)params->count * CAM_MAX_PARTS * sizeof *parameter_of);
    if (!parameter_of)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a table of %d tensors", params->count);
    CAM_TRY(allocate_values(params, &values));
    CAM_TRY(transfer_open(&t, params));
    if (dtype != CAM_F32 && !(to.halves = malloc(PIECE * sizeof *to.halves)))
        CAM_FAIL(CAM_E_MEMORY, "no memory for a piece of a tensor");
    CAM_TRY(cam_safetensors_writer_new(&to.writer));
    CAM_TRY(declare(params, &to, parameter_of));
    CAM_TRY(cam_safetensors_writer_begin(to.writer, path));
    cam_held_catch_up(params);
    CAM_TRY(save_tensors(&t, &to, parameter_of, values));
    CAM_TRY(cam_safetensors_writer_commit(to.writer));
out:
    cam_safetensors_writer_free(to.writer);
    st = transfer_close(&t, st);
    free(to.halves);
    free(values);
    free(parameter_of);
    return st;
}
