/* parameters.c: the tensors of a model, their planes and their views; see parameters.h. The order of the index space,
 * its buckets and its shards are in parameter_shards.c. */
#include "cam/arena.h"
#include "parameters_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const layer_names[CAM_LAYER_TENSORS][CAM_MAX_PARTS] = {
    [CAM_QKV_W] = {"attention.self.query.weight", "attention.self.key.weight", "attention.self.value.weight"},
    [CAM_QKV_B] = {"attention.self.query.bias", "attention.self.key.bias", "attention.self.value.bias"},
    [CAM_OUTPUT_W] = {"attention.output.dense.weight"},
    [CAM_OUTPUT_B] = {"attention.output.dense.bias"},
    [CAM_ATTENTION_GAMMA] = {"attention.output.LayerNorm.weight"},
    [CAM_ATTENTION_BETA] = {"attention.output.LayerNorm.bias"},
    [CAM_UP_W] = {"intermediate.dense.weight"},
    [CAM_UP_B] = {"intermediate.dense.bias"},
    [CAM_DOWN_W] = {"output.dense.weight"},
    [CAM_DOWN_B] = {"output.dense.bias"},
    [CAM_FFN_GAMMA] = {"output.LayerNorm.weight"},
    [CAM_FFN_BETA] = {"output.LayerNorm.bias"},
};

/* Appends a tensor of `parts` row blocks; columns == 0 makes it 1-d. */
static cam_parameter *append(cam_parameters *params, int depth, int64_t rows, int64_t columns, int bias_or_norm) {
    cam_parameter *p = &params->list[params->count++];
    *p = (cam_parameter){.parts = 1,
                         .depth = depth,
                         .matrix = columns > 0,
                         .rows = rows,
                         .columns = columns > 0 ? columns : 1,
                         .bias_or_norm = bias_or_norm};
    return p;
}

static void append_named(cam_parameters *params, int depth, int64_t rows, int64_t columns, int bias_or_norm,
                         const char *prefix, const char *name) {
    snprintf(append(params, depth, rows, columns, bias_or_norm)->name[0], CAM_TENSOR_NAME_BYTES, "%s%s", prefix, name);
}

/* The tensors that a layer's products read: its matrices, and the query, key and value biases. */
static int is_read_by_products(cam_layer_tensor t) {
    return t == CAM_QKV_W || t == CAM_QKV_B || t == CAM_OUTPUT_W || t == CAM_UP_W || t == CAM_DOWN_W;
}

static void append_layer(cam_parameters *params, const cam_model_config *config, int layer) {
    int64_t h = config->hidden_size, f = config->intermediate_size;
    const struct {
        int64_t rows, columns;
    } shape[CAM_LAYER_TENSORS] = {
        [CAM_QKV_W] = {3 * h, h},
        [CAM_QKV_B] = {3 * h, 0},
        [CAM_OUTPUT_W] = {h, h},
        [CAM_OUTPUT_B] = {h, 0},
        [CAM_ATTENTION_GAMMA] = {h, 0},
        [CAM_ATTENTION_BETA] = {h, 0},
        [CAM_UP_W] = {f, h},
        [CAM_UP_B] = {f, 0},
        [CAM_DOWN_W] = {h, f},
        [CAM_DOWN_B] = {h, 0},
        [CAM_FFN_GAMMA] = {h, 0},
        [CAM_FFN_BETA] = {h, 0},
    };
    for (int t = 0; t < CAM_LAYER_TENSORS; t++) {
        cam_parameter *p = append(params, layer + 1, shape[t].rows, shape[t].columns, shape[t].columns == 0);
        p->parts = 0;
        p->split = params->precision.bf16 && is_read_by_products((cam_layer_tensor)t);
        while (p->parts < CAM_MAX_PARTS && layer_names[t][p->parts]) {
            snprintf(p->name[p->parts], CAM_TENSOR_NAME_BYTES, "%sencoder.layer.%d.%s", config->family->prefixes[0],
                     layer, layer_names[t][p->parts]);
            p->parts++;
        }
    }
}

static void append_map(cam_parameters *params, int64_t hidden) {
    int head = params->layers + 1, first = params->count;
    append_named(params, head, hidden, hidden, 0, "", "hidden_map.weight");
    append_named(params, head, hidden, 0, 1, "", "hidden_map.bias");
    for (int i = first; i < params->count; i++)
        params->list[i].unsaved = 1;
}

static void append_head(cam_parameters *params, const cam_model_config *config) {
    int64_t h = config->hidden_size;
    int head = params->layers + 1;
    if (params->task == CAM_TASK_ENCODER)
        return;
    if (params->task == CAM_TASK_MASKED_LM) {
        append_named(params, head, h, h, 0, "", "lm_head.dense.weight");
        append_named(params, head, h, 0, 1, "", "lm_head.dense.bias");
        append_named(params, head, h, 0, 1, "", "lm_head.layer_norm.weight");
        append_named(params, head, h, 0, 1, "", "lm_head.layer_norm.bias");
        append_named(params, head, params->word_rows, 0, 1, "", "lm_head.bias");
        return;
    }
    append_named(params, head, h, h, 0, "", "classifier.dense.weight");
    append_named(params, head, h, 0, 1, "", "classifier.dense.bias");
    append_named(params, head, config->num_labels, h, 0, "", "classifier.out_proj.weight");
    append_named(params, head, config->num_labels, 0, 1, "", "classifier.out_proj.bias");
}

static void append_all(cam_parameters *params, const cam_model_config *config, int hidden_map) {
    int64_t h = config->hidden_size;
    const char *encoder = config->family->prefixes[0];
    append_named(params, 0, params->word_rows, h, 0, encoder, "embeddings.word_embeddings.weight");
    append_named(params, 0, config->max_position_embeddings, h, 0, encoder, "embeddings.position_embeddings.weight");
    append_named(params, 0, config->type_vocab_size, h, 0, encoder, "embeddings.token_type_embeddings.weight");
    append_named(params, 0, h, 0, 1, encoder, "embeddings.LayerNorm.weight");
    append_named(params, 0, h, 0, 1, encoder, "embeddings.LayerNorm.bias");
    for (int layer = 0; layer < params->layers; layer++)
        append_layer(params, config, layer);
    append_head(params, config);
    if (hidden_map)
        append_map(params, h);
}

/* Fills the two maps between file rows and kept rows. */
static cam_status compact_vocabulary(cam_parameters *params, const cam_model_config *config,
                                     const unsigned char *used) {
    cam_status st = CAM_OK;
    params->vocab_size = params->word_rows = config->vocab_size;
    if (!used)
        return CAM_OK;
    params->word_id = malloc((size_t)params->vocab_size * sizeof *params->word_id);
    params->word_row = malloc((size_t)params->vocab_size * sizeof *params->word_row);
    if (!params->word_id || !params->word_row)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a vocabulary of %lld rows", (long long)params->vocab_size);
    params->word_rows = 0;
    for (int32_t id = 0; id < params->vocab_size; id++) {
        int keep = used[id] || id == config->pad_token_id;
        params->word_row[id] = keep ? (int32_t)params->word_rows : -1;
        if (keep)
            params->word_id[params->word_rows++] = id;
    }
out:
    return st;
}

/* Elements from the start of a tensor to the start of the next one; a gap belongs to the tensor before it. */
static int64_t extent(const cam_parameters *params, int place) {
    int64_t end = place + 1 < params->count ? params->list[params->by_offset[place + 1]].offset : params->elements;
    return end - params->list[params->by_offset[place]].offset;
}

/* Places the tensors in each plane, one after another. Moments are placed by chunk, not by tensor. */
static void place_in_planes(cam_parameters *params) {
    for (int i = 0; i < params->count; i++)
        for (int plane = 0; plane < CAM_MOMENT1; plane++) {
            cam_parameter *p = &params->list[params->by_offset[i]];
            if (plane != CAM_WEIGHT && p->offset < params->trained_begin)
                continue;
            p->at[plane] = params->bytes[plane];
            params->bytes[plane] += (size_t)extent(params, i) * cam_parameter_bytes(params, p, (cam_plane)plane);
        }
    size_t kept = (size_t)cam_parameters_kept_chunks(params).count * CAM_CHUNK * sizeof(float);
    params->bytes[CAM_MOMENT1] = params->bytes[CAM_MOMENT2] = kept;
}

cam_status cam_parameters_layout(cam_parameters *params, const cam_model_config *config, const unsigned char *used,
                                 const cam_train_rates *rates, cam_precision precision, cam_sharding sharding) {
    cam_status st = CAM_OK;
    *params = (cam_parameters){.layers = (int)config->num_hidden_layers,
                               .task = config->task,
                               .hidden = config->hidden_size,
                               .precision = precision,
                               .sharding = sharding};
    params->sharding.ranks += sharding.ranks == 0;
    static const int head[] = {[CAM_TASK_CLASSIFY] = CAM_CLASSIFIER_TENSORS,
                               [CAM_TASK_MASKED_LM] = CAM_MASKED_LM_TENSORS,
                               [CAM_TASK_ENCODER] = 0};
    int count = CAM_EMBEDDING_TENSORS + params->layers * CAM_LAYER_TENSORS + head[params->task] +
                (rates->hidden_map ? CAM_MAP_TENSORS : 0);
    CAM_ASSERT(params->task == CAM_TASK_CLASSIFY || !used);
    params->list = calloc((size_t)count, sizeof *params->list);
    params->by_offset = calloc((size_t)count, sizeof *params->by_offset);
    if (!params->list || !params->by_offset)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a table of %d tensors", count);
    CAM_TRY(compact_vocabulary(params, config, used));
    append_all(params, config, rates->hidden_map);
    CAM_ASSERT(params->count == count);
    for (int i = 0; i < count; i++) {
        const cam_parameter *p = &params->list[i];
        params->logical_count += p->unsaved ? 0 : (i == CAM_WORD ? params->vocab_size : p->rows) * p->columns;
        params->trained_count += p->depth < rates->frozen_depth ? 0 : p->rows * p->columns;
    }
    CAM_TRY(cam_parameters_arrange(params, rates->frozen_depth));
    place_in_planes(params);
out:
    if (st != CAM_OK)
        cam_parameters_release(params);
    return st;
}

size_t cam_parameters_bytes(const cam_parameters *params, int training) {
    size_t bytes = 0;
    for (int plane = CAM_WEIGHT; plane < (training ? CAM_PLANES : CAM_WEIGHT + 1); plane++)
        bytes += params->bytes[plane];
    return bytes;
}

cam_status cam_parameters_allocate(cam_parameters *params, cam_backend *backend, int training,
                                   const cam_train_rates *rates, int64_t max_updates) {
    cam_status st = CAM_OK;
    params->backend = backend;
    for (int plane = CAM_WEIGHT; plane < (training ? CAM_PLANES : CAM_WEIGHT + 1); plane++) {
        void *memory = NULL;
        if (params->bytes[plane] == 0)
            continue;
        CAM_TRY(cam_backend_allocate(backend, params->bytes[plane], &memory));
        params->plane[plane] = memory;
        CAM_TRY(cam_backend_zero(backend, memory, params->bytes[plane]));
    }
    if (!training)
        goto out;
    CAM_TRY(cam_parameters_fill_chunks(params, rates));
    params->decay_factors = malloc((size_t)(max_updates > 0 ? max_updates : 1) * sizeof(float));
    if (!params->decay_factors)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a record of %lld updates", (long long)max_updates);
    params->max_decay_updates = max_updates;
out:
    return st;
}

void cam_parameters_pretend(cam_parameters *params) {
    for (int plane = CAM_WEIGHT; plane < CAM_PLANES; plane++)
        params->plane[plane] = params->bytes[plane] > 0 ? (char *)(uintptr_t)CAM_ARENA_ALIGN : NULL;
    params->chunks = (cam_chunk *)(uintptr_t)CAM_ARENA_ALIGN;
}

void cam_parameters_release(cam_parameters *params) {
    for (int plane = 0; plane < CAM_PLANES && params->backend; plane++)
        cam_backend_release(params->backend, params->plane[plane]);
    if (params->backend)
        cam_backend_release(params->backend, params->chunks);
    free(params->chunks_host);
    free(params->segments);
    free(params->buckets);
    free(params->by_offset);
    free(params->decay_factors);
    free(params->held.rows);
    free(params->held.low);
    free(params->word_id);
    free(params->word_row);
    free(params->list);
    *params = (cam_parameters){0};
}

int cam_parameter_of_embedding(const cam_parameters *params, cam_embedding_tensor tensor) {
    (void)params;
    return (int)tensor;
}

int cam_parameter_of_layer(const cam_parameters *params, int layer, cam_layer_tensor tensor) {
    CAM_ASSERT(layer >= 0 && layer < params->layers);
    return CAM_EMBEDDING_TENSORS + layer * CAM_LAYER_TENSORS + (int)tensor;
}

int cam_parameter_of_head(const cam_parameters *params, cam_head_tensor tensor) {
    return CAM_EMBEDDING_TENSORS + params->layers * CAM_LAYER_TENSORS + (int)tensor;
}

int cam_parameter_of_map(const cam_parameters *params, cam_map_tensor tensor) {
    CAM_ASSERT(params->list[params->count - 1].unsaved);
    return params->count - CAM_MAP_TENSORS + (int)tensor;
}

int cam_parameters_is_trained(const cam_parameters *params, int index) {
    return params->list[index].offset >= params->trained_begin;
}

cam_tensor cam_parameters_view(const cam_parameters *params, int index, cam_plane plane) {
    const cam_parameter *p = &params->list[index];
    size_t bytes = cam_parameter_bytes(params, p, plane);
    CAM_ASSERT(plane < CAM_MOMENT1);
    if ((plane != CAM_WEIGHT && p->offset < params->trained_begin) || bytes == 0 || !params->plane[plane])
        return CAM_NONE;
    cam_dtype dtype = bytes == sizeof(float) ? CAM_F32 : CAM_BF16;
    void *data = params->plane[plane] + p->at[plane];
    return p->matrix ? cam_tensor_2d(data, dtype, p->rows, p->columns) : cam_tensor_1d(data, dtype, p->rows);
}

cam_tensor cam_parameters_trained(const cam_parameters *params, cam_plane plane) {
    size_t begin = cam_parameters_untrained_bytes(params, plane), bytes = params->bytes[plane] - begin;
    int64_t elements = plane >= CAM_MOMENT1 ? cam_parameters_kept_chunks(params).count * CAM_CHUNK
                                            : params->elements - params->trained_begin;
    if (bytes == 0)
        return CAM_NONE;
    int mixed = bytes != (size_t)elements * sizeof(float);
    return cam_tensor_1d(params->plane[plane] + begin, mixed ? CAM_BF16 : CAM_F32,
                         mixed ? (int64_t)(bytes / sizeof(uint16_t)) : elements);
}

int cam_parameters_records_updates(const cam_parameters *params, const cam_train_rates *rates) {
    return params->word_id && rates->weight_decay != 0 && params->trained_begin == 0;
}

void cam_parameters_record_update(cam_parameters *params, double learning_rate, const cam_train_rates *rates) {
    if (!cam_parameters_records_updates(params, rates))
        return;
    /* The same roundings in the same order as in adamw for a chunk of this group. */
    cam_chunk group = params->chunks_host[0];
    double lr = learning_rate * group.rate_scale;
    params->decay_factors[params->decay_updates++] = (float)(1.0 - lr * group.decay);
}

int64_t cam_parameters_recorded(const cam_parameters *params, const float **factors) {
    *factors = params->decay_factors;
    return params->decay_updates;
}

cam_status cam_parameters_take_record(cam_parameters *params, const float *factors, int64_t updates) {
    CAM_ASSERT(params->decay_updates == 0);
    if (updates < 0 || updates > params->max_decay_updates)
        return cam_fail(CAM_E_MODEL, "a record of %lld updates, and the run makes %lld", (long long)updates,
                        (long long)params->max_decay_updates);
    for (int64_t i = 0; i < updates; i++)
        if (!(factors[i] >= 0 && factors[i] <= 1))
            return cam_fail(CAM_E_MODEL, "update %lld of the record decays weights by %g, which none does",
                            (long long)i + 1, (double)factors[i]);
    if (updates > 0)
        memcpy(params->decay_factors, factors, (size_t)updates * sizeof *factors);
    params->decay_updates = updates;
    return CAM_OK;
}
