/* model_folder.c: see model_folder.h. Tensors pass one at a time through a host buffer of the largest one's size. */
#include "model_folder.h"
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
    int64_t most = 0;
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
    CAM_TRY(cam_parameters_layout(&params, source->config, NULL, &rates));
    CAM_TRY(match(&params, source));
out:
    cam_parameters_release(&params);
    return st;
}

cam_status cam_model_load(cam_parameters *params, const cam_model_source *source, int *fresh_head) {
    cam_status st = CAM_OK;
    float *staging = NULL;
    size_t first = 0;
    CAM_TRY(take_staging(params, &staging));
    if (source->weights)
        CAM_TRY(match(params, source));
    for (int i = 0; i < params->count; i++) {
        int fresh = 0;
        CAM_TRY(original(params, source, i, first, staging, &fresh));
        first += (size_t)params->list[i].parts;
        if (i == CAM_WORD)
            keep_rows(params, staging);
        cam_tensor view = cam_parameters_view(params, i, CAM_WEIGHT);
        CAM_TRY(cam_backend_copy(params->backend, view.data, staging, cam_tensor_bytes(view), CAM_TO_DEVICE));
        CAM_TRY(cam_backend_synchronize(params->backend));
        *fresh_head = fresh;
    }
out:
    free(staging);
    return st;
}

/* --- out ------------------------------------------------------------------------------------------------------- */

/* Parameter i as it is now, whole vocabulary, in the order of the file. */
static cam_status current(const cam_parameters *params, const cam_model_source *source, int i, float *staging) {
    cam_status st = CAM_OK;
    cam_tensor view = cam_parameters_view(params, i, CAM_WEIGHT);
    int64_t h = params->hidden;
    if (i != CAM_WORD || !params->word_id) {
        CAM_TRY(cam_backend_copy(params->backend, staging, view.data, cam_tensor_bytes(view), CAM_FROM_DEVICE));
        return cam_backend_synchronize(params->backend);
    }
    int fresh;
    CAM_TRY(original(params, source, i, 0, staging, &fresh));
    for (int64_t id = 0; id < params->vocab_size; id++) {
        float *row = staging + id * h;
        if (params->word_row[id] < 0)
            cam_parameters_replay_decay(params, row, h);
        else
            CAM_TRY(cam_backend_copy(params->backend, row, (float *)view.data + params->word_row[id] * h,
                                     (size_t)h * sizeof(float), CAM_FROM_DEVICE));
    }
    CAM_TRY(cam_backend_synchronize(params->backend));
out:
    return st;
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
    int *owner = malloc((size_t)params->count * CAM_MAX_PARTS * sizeof *owner), staged = -1;
    if (!owner)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a table of %d tensors", params->count);
    CAM_TRY(take_staging(params, &staging));
    CAM_TRY(cam_safetensors_writer_new(&writer));
    CAM_TRY(declare(params, writer, owner));
    CAM_TRY(cam_safetensors_writer_begin(writer, path));
    for (size_t n; (n = cam_safetensors_writer_next(writer)) != CAM_SAFETENSORS_DONE;) {
        int i = owner[n], part = 0;
        for (size_t before = n; before > 0 && owner[before - 1] == i; before--)
            part++;
        if (staged != i)
            CAM_TRY(current(params, source, i, staging));
        staged = i;
        int64_t elements = part_elements(params, i);
        CAM_TRY(cam_safetensors_writer_write(writer, staging + part * elements, (size_t)elements * sizeof(float)));
    }
    CAM_TRY(cam_safetensors_writer_commit(writer));
out:
    cam_safetensors_writer_free(writer);
    free(staging);
    free(owner);
    return st;
}
