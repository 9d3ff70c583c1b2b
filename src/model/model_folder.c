/* model_folder.c: see model_folder.h. Tensors pass one at a time through a host buffer of the largest one's size, and
 * from there, in pieces, through a small one that the device reads directly.
 */
#include "model_folder.h"
#include "cam/bf16.h"
#include "safetensors_writer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Elements of parameter i in the file: the word embeddings have the whole vocabulary there. */
static int64_t file_rows(const cam_parameters *params, int i) {
    return i == CAM_WORD ? params->vocab_size : params->list[i].rows;
}

static int64_t part_elements(const cam_parameters *params, int i) {
    return file_rows(params, i) / params->list[i].parts * params->list[i].columns;
}

static cam_status take_staging(const cam_parameters *params, float **staging) {
    int64_t most = 1; /* malloc(0) may return NULL */
    for (int i = 0; i < params->count; i++)
        most = file_rows(params, i) * params->list[i].columns > most ? file_rows(params, i) * params->list[i].columns
                                                                     : most;
    *staging = malloc((size_t)most * sizeof(float));
    return *staging ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for a tensor of %lld values", (long long)most);
}

/* --- fresh values ---------------------------------------------------------------------------------------------- */

/* Four values N(0, 1) of a block, by Box and Muller in f64. */
static void normal_block(uint64_t seed, uint32_t site, uint32_t row, uint32_t block, double out[4]) {
    cam_philox_words r = cam_philox(seed, 0, site, row, block);
    for (int pair = 0; pair < 2; pair++) {
        double u1 = ((double)r.w[2 * pair] + 1.0) * 0x1p-32, u2 = (double)r.w[2 * pair + 1] * 0x1p-32;
        double radius = sqrt(-2.0 * log(u1)), angle = 6.283185307179586 * u2;
        out[2 * pair] = radius * cos(angle);
        out[2 * pair + 1] = radius * sin(angle);
    }
}

static void fresh_row(const cam_model_source *source, int tensor, int64_t row, int64_t columns, float *out) {
    double std = source->config->initializer_range, four[4];
    for (int64_t c = 0; c < columns; c++) {
        if (c % 4 == 0)
            normal_block(source->seed, CAM_SITE_INIT + (uint32_t)tensor, (uint32_t)row, (uint32_t)(c / 4), four);
        out[c] = (float)(std * four[c % 4]);
    }
}

static int is_layer_norm_gain(const cam_parameter *p) {
    return strstr(p->name[0], "LayerNorm.weight") != NULL;
}

static void fresh_tensor(const cam_parameters *params, const cam_model_source *source, int i, float *out) {
    const cam_parameter *p = &params->list[i];
    int pad_row = i == CAM_WORD || i == CAM_POSITION ? source->config->pad_token_id : -1;
    for (int64_t row = 0; row < file_rows(params, i); row++) {
        float *at = out + row * p->columns;
        if (!p->matrix)
            *at = is_layer_norm_gain(p) ? 1.0f : 0.0f;
        else if (row == pad_row)
            memset(at, 0, (size_t)p->columns * sizeof *at);
        else
            fresh_row(source, i, row, p->columns, at);
    }
}

/* --- in -------------------------------------------------------------------------------------------------------- */

/* The rows of a whole-vocabulary table that are kept, moved to its front. */
static void keep_rows(const cam_parameters *params, float *table) {
    for (int64_t r = 0; params->word_id && r < params->word_rows; r++)
        memmove(table + r * params->hidden, table + params->word_id[r] * params->hidden,
                (size_t)params->hidden * sizeof *table);
}

/* The wanted list: one entry a part, in the order of the store. */
static cam_status match(const cam_parameters *params, const cam_model_source *source) {
    cam_status st = CAM_OK;
    size_t count = 0;
    cam_weight_wanted *wanted = calloc((size_t)params->count * CAM_MAX_PARTS, sizeof *wanted);
    if (!wanted)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a table of %d tensors", params->count);
    for (int i = 0; i < params->count; i++) {
        const cam_parameter *p = &params->list[i];
        int head = p->depth == params->layers + 1;
        for (int part = 0; part < p->parts; part++)
            wanted[count++] = (cam_weight_wanted){.name = p->name[part],
                                                  .ndim = p->matrix ? 2 : 1,
                                                  .shape = {file_rows(params, i) / p->parts, p->columns},
                                                  .need = !head               ? CAM_WEIGHT_REQUIRED
                                                          : source->keep_head ? CAM_WEIGHT_OPTIONAL
                                                                              : CAM_WEIGHT_FRESH};
    }
    st = cam_weights_match(source->weights, wanted, count);
out:
    free(wanted);
    return st;
}

/* Parameter i as it was at first, whole vocabulary; `first` counts the parts before it. */
static cam_status original(const cam_parameters *params, const cam_model_source *source, int i, size_t first,
                           float *out, int *fresh) {
    cam_status st = CAM_OK;
    *fresh = !source->weights || !cam_weights_has(source->weights, first);
    if (*fresh) {
        fresh_tensor(params, source, i, out);
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

/* f32 values of a tensor on their way to the device and back, as bf16 halves where it is split. */
enum { PIECE = 1 << 20 /* elements */ };

typedef struct ferry {
    const cam_parameters *params;
    void *buffer; /* staging memory of the backend: PIECE f32 values, or as many halves twice */
} ferry;

static cam_status ferry_open(ferry *f, const cam_parameters *params) {
    *f = (ferry){.params = params};
    return cam_backend_allocate_staging(params->backend, PIECE * sizeof(float), &f->buffer);
}

static void ferry_close(ferry *f) {
    if (f->buffer)
        cam_backend_release_staging(f->params->backend, f->buffer);
}

/* cam/bf16.h. */
static void split_halves(const float *from, int64_t count, uint16_t *high, uint16_t *low) {
    for (int64_t i = 0; i < count; i++) {
        uint32_t u;
        memcpy(&u, from + i, sizeof u);
        high[i] = cam_split_high(u);
        low[i] = cam_split_low(u);
    }
}

static void join_halves(const uint16_t *high, const uint16_t *low, int64_t count, float *to) {
    for (int64_t i = 0; i < count; i++) {
        uint32_t u = cam_split_join(high[i], low[i]);
        memcpy(to + i, &u, sizeof u);
    }
}

/* The next piece of a tensor, at most PIECE elements from `at` on, between the buffer and the device. */
static cam_status carry(ferry *f, cam_tensor weight, cam_tensor low, int64_t at, int64_t count, cam_copy_kind kind) {
    cam_status st = CAM_OK;
    cam_backend *backend = f->params->backend;
    const cam_tensor planes[2] = {weight, low};
    for (size_t half = 0; half < 2 && planes[half].data; half++) {
        size_t size = cam_dtype_size(planes[half].dtype);
        char *there = (char *)planes[half].data + (size_t)at * size, *here = (char *)f->buffer + half * PIECE * size;
        int out_bound = kind == CAM_TO_DEVICE;
        CAM_TRY(
            cam_backend_copy(backend, out_bound ? there : here, out_bound ? here : there, (size_t)count * size, kind));
    }
    CAM_TRY(cam_backend_synchronize(backend));
out:
    return st;
}

static int64_t piece(int64_t all, int64_t at) {
    return all - at < PIECE ? all - at : PIECE;
}

static cam_status upload(ferry *f, int index, const float *values) {
    cam_status st = CAM_OK;
    cam_tensor weight = cam_parameters_view(f->params, index, CAM_WEIGHT);
    cam_tensor low = cam_parameters_view(f->params, index, CAM_LOW);
    uint16_t *halves = f->buffer;
    for (int64_t at = 0, count, all = cam_tensor_count(weight); at < all; at += count) {
        count = piece(all, at);
        if (weight.dtype == CAM_F32)
            memcpy(f->buffer, values + at, (size_t)count * sizeof *values);
        else
            split_halves(values + at, count, halves, halves + PIECE);
        CAM_TRY(carry(f, weight, low, at, count, CAM_TO_DEVICE));
    }
out:
    return st;
}

static cam_status download(ferry *f, int index, float *values) {
    cam_status st = CAM_OK;
    cam_tensor weight = cam_parameters_view(f->params, index, CAM_WEIGHT);
    cam_tensor low = cam_parameters_view(f->params, index, CAM_LOW);
    const uint16_t *halves = f->buffer;
    for (int64_t at = 0, count, all = cam_tensor_count(weight); at < all; at += count) {
        count = piece(all, at);
        CAM_TRY(carry(f, weight, low, at, count, CAM_FROM_DEVICE));
        if (weight.dtype == CAM_F32)
            memcpy(values + at, f->buffer, (size_t)count * sizeof *values);
        else
            join_halves(halves, halves + PIECE, count, values + at);
    }
out:
    return st;
}

cam_status cam_model_load(cam_parameters *params, const cam_model_source *source, int *fresh_head) {
    cam_status st = CAM_OK;
    float *staging = NULL;
    size_t first = 0;
    ferry boat = {0};
    CAM_TRY(take_staging(params, &staging));
    CAM_TRY(ferry_open(&boat, params));
    if (source->weights)
        CAM_TRY(match(params, source));
    for (int i = 0; i < params->count; i++) {
        int fresh = 0;
        CAM_TRY(original(params, source, i, first, staging, &fresh));
        first += (size_t)params->list[i].parts;
        if (i == CAM_WORD)
            keep_rows(params, staging);
        CAM_TRY(upload(&boat, i, staging));
        *fresh_head = fresh;
    }
out:
    ferry_close(&boat);
    free(staging);
    return st;
}

/* --- out ------------------------------------------------------------------------------------------------------- */

/* The whole vocabulary's table: kept rows as they are now, the others as decay alone has made them. */
static cam_status current_words(ferry *boat, const cam_model_source *source, float *staging) {
    cam_status st = CAM_OK;
    const cam_parameters *params = boat->params;
    int64_t h = params->hidden;
    size_t row_bytes = (size_t)h * sizeof(float);
    float *kept = malloc((size_t)params->word_rows * row_bytes);
    int fresh;
    if (!kept)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld embeddings", (long long)params->word_rows);
    CAM_TRY(download(boat, CAM_WORD, kept));
    CAM_TRY(original(params, source, CAM_WORD, 0, staging, &fresh));
    for (int64_t id = 0; id < params->vocab_size; id++) {
        float *row = staging + id * h;
        if (params->word_row[id] < 0)
            cam_parameters_replay_decay(params, row, h);
        else
            memcpy(row, kept + params->word_row[id] * h, row_bytes);
    }
out:
    free(kept);
    return st;
}

/* Parameter i as it is now, in the order of the file; `first` counts the parts before it. What the device keeps rounded
 * only was never trained: it still is what the source says. */
static cam_status current(ferry *boat, const cam_model_source *source, int i, size_t first, float *staging) {
    int fresh;
    if (cam_parameters_is_rounded(boat->params, i))
        return original(boat->params, source, i, first, staging, &fresh);
    if (i == CAM_WORD && boat->params->word_id)
        return current_words(boat, source, staging);
    return download(boat, i, staging);
}

/* Declares every part; `owner` says whose part the n-th declared one is. */
static cam_status declare(const cam_parameters *params, cam_safetensors_writer *writer, int *owner) {
    cam_status st = CAM_OK;
    size_t count = 0;
    for (int i = 0; i < params->count; i++) {
        const cam_parameter *p = &params->list[i];
        int64_t shape[2] = {file_rows(params, i) / p->parts, p->columns};
        for (int part = 0; part < p->parts; part++) {
            owner[count++] = i;
            CAM_TRY(cam_safetensors_writer_declare(writer, p->name[part], CAM_F32, p->matrix ? 2 : 1, shape));
        }
    }
out:
    return st;
}

cam_status cam_model_save(const cam_parameters *params, const cam_model_source *source, const char *path) {
    cam_status st = CAM_OK;
    float *staging = NULL;
    cam_safetensors_writer *writer = NULL;
    ferry boat = {0};
    int *owner = malloc((size_t)params->count * CAM_MAX_PARTS * sizeof *owner), staged = -1;
    if (!owner)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a table of %d tensors", params->count);
    CAM_TRY(take_staging(params, &staging));
    CAM_TRY(ferry_open(&boat, params));
    CAM_TRY(cam_safetensors_writer_new(&writer));
    CAM_TRY(declare(params, writer, owner));
    CAM_TRY(cam_safetensors_writer_begin(writer, path));
    for (size_t n; (n = cam_safetensors_writer_next(writer)) != CAM_SAFETENSORS_DONE;) {
        int i = owner[n], part = 0;
        for (size_t before = n; before > 0 && owner[before - 1] == i; before--)
            part++;
        if (staged != i)
            CAM_TRY(current(&boat, source, i, n - (size_t)part, staging));
        staged = i;
        int64_t elements = part_elements(params, i);
        CAM_TRY(cam_safetensors_writer_write(writer, staging + part * elements, (size_t)elements * sizeof(float)));
    }
    CAM_TRY(cam_safetensors_writer_commit(writer));
out:
    cam_safetensors_writer_free(writer);
    ferry_close(&boat);
    free(staging);
    free(owner);
    return st;
}
