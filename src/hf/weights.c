/* weights.c: see weights.h. Invariant: every file in `files` has passed the rules of its format. With an index, each
 * tensor is in the file that the index names, and the files hold no other tensor. */
#include "weights.h"
#include "conversions_internal.h"
#include "family.h"
#include "files.h"
#include "identity_internal.h"
#include "log.h"
#include "problems.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that a thread reads and converts at a time: a second-level cache holds them. */
enum { COPY_BLOCK = 1 << 18, MAX_THREADS = 4 };

typedef struct match {
    const cam_safetensors *file;
    const cam_safetensors_tensor *tensor; /* NULL = the folder has none */
    int taken;
} match;

struct cam_weights {
    char *path; /* of the file or the index, for messages */
    cam_safetensors *files;
    size_t file_count;
    const char *wrapper; /* all names begin with these bytes, such as "module." */
    size_t wrapper_length;
    const char *prefix; /* of the names of the encoder's tensors, behind the wrapper */
    match *matches;     /* by index of cam_weights_match's `wanted` */
    size_t match_count;
    int logged;            /* the line about unused tensors was written */
    unsigned char *blocks; /* [MAX_THREADS * COPY_BLOCK] */
};

static int begins_with(const char *text, const char *beginning) {
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* --- the folder ------------------------------------------------------------------------------------------------ */

const char *cam_weights_instead(const char *folder, const char **description) {
#define CONVERT                                                                                                        \
    "; load the model with transformers and write it with save_pretrained, or fetch a revision that has "              \
    "model.safetensors"
#define MERGE                                                                                                          \
    "an adapter, which is no model without its base: merge them first (merge_and_unload of peft), save the "           \
    "result with save_pretrained and name its folder"
    static const struct {
        const char *name, *description;
    } others[] = {
        {"adapter_config.json", MERGE},
        {"adapter_model.safetensors", MERGE},
        {"adapter_model.bin", MERGE},
        {"pytorch_model.bin", "a pickle, which could run code and is never read" CONVERT},
        {"pytorch_model.bin.index.json", "pickles, which could run code and are never read" CONVERT},
        {"tf_model.h5", "TensorFlow's weights, which cannot be read" CONVERT},
        {"flax_model.msgpack", "Flax's weights, which cannot be read" CONVERT},
        {"model.onnx", "a model for ONNX, which cannot be trained" CONVERT},
        {"onnx/model.onnx", "a model for ONNX, which cannot be trained" CONVERT},
        {"onnx", "models for ONNX, which cannot be trained" CONVERT},
        {"openvino_model.xml", "a model for OpenVINO, which cannot be trained" CONVERT},
    };
#undef CONVERT
#undef MERGE
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char *path = cam_path_join(folder, others[i].name);
        int there = cam_file_exists(path) || cam_directory_exists(path);
        free(path);
        if (there) {
            *description = others[i].description;
            return others[i].name;
        }
    }
    return NULL;
}

static cam_status fail_without_weights(const char *folder) {
    cam_status st = CAM_OK;
    char *full = cam_path_absolute(folder);
    const char *description = NULL, *instead = cam_weights_instead(folder, &description);
    if (!cam_directory_exists(folder))
        CAM_FAIL(CAM_E_MODEL, "\"%s\" is not a folder", full);
    if (instead)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" has no model.safetensors, only \"%s\": %s", full, instead, description);
    CAM_FAIL(CAM_E_MODEL, "\"%s\" has no model.safetensors and no model.safetensors.index.json", full);
out:
    free(full);
    return st;
}

static cam_status allocate_files(cam_weights *weights, size_t count) {
    weights->files = calloc(count, sizeof *weights->files);
    return weights->files ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory to read \"%s\"", weights->path);
}

/* Opens one file of the index; `rows` are its tensors. */
static cam_status open_shard(cam_weights *weights, const char *folder, const struct cam_safetensors_row *rows,
                             size_t count) {
    cam_status st = CAM_OK;
    cam_safetensors *file = &weights->files[weights->file_count];
    char *path = cam_path_join(folder, rows[0].file);
    if (!cam_file_exists(path))
        CAM_FAIL(CAM_E_MODEL, "\"%s\" names \"%s\", which is missing: the model is incomplete", weights->path,
                 rows[0].file);
    CAM_TRY(cam_safetensors_open(path, file));
    weights->file_count++;
    for (size_t i = 0; i < count; i++)
        if (!cam_safetensors_find(file, rows[i].tensor))
            CAM_FAIL(CAM_E_MODEL, "\"%s\": tensor \"%s\" is not in \"%s\", the file that it names", weights->path,
                     rows[i].tensor, rows[i].file);
    if (file->count != count)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" holds %zu tensors, \"%s\" lists %zu for it", path, file->count, weights->path,
                 count);
out:
    free(path);
    return st;
}

static cam_status open_shards(cam_weights *weights, const char *folder) {
    cam_status st = CAM_OK;
    cam_safetensors_index index = {0};
    CAM_TRY(cam_safetensors_index_read(weights->path, &index));
    CAM_TRY(allocate_files(weights, index.count));
    for (size_t begin = 0, end; begin < index.count; begin = end) {
        for (end = begin + 1; end < index.count && strcmp(index.rows[end].file, index.rows[begin].file) == 0;)
            end++;
        CAM_TRY(open_shard(weights, folder, &index.rows[begin], end - begin));
    }
out:
    cam_safetensors_index_release(&index);
    return st;
}

/* The length of the wrappers' names that a tensor's name begins with: DataParallel, torch.compile, Lightning. */
static size_t wrapper_of(const char *name) {
    static const char *const wrappers[] = {"module.", "_orig_mod.", "model."};
    size_t length = 0;
    for (size_t i = 0; i < sizeof wrappers / sizeof wrappers[0];) {
        if (begins_with(name + length, wrappers[i])) {
            length += strlen(wrappers[i]);
            i = 0;
        } else {
            i++;
        }
    }
    return length;
}

/* The wrapper is that of the first tensor. The encoder's prefix is that of the first tensor that has one. */
static void find_prefix(cam_weights *weights) {
    weights->prefix = "";
    for (size_t f = 0; f < weights->file_count; f++)
        for (size_t i = 0; i < weights->files[f].count; i++) {
            const char *name = weights->files[f].tensors[i].name;
            size_t wrapper = wrapper_of(name);
            if (!weights->wrapper) {
                weights->wrapper = name;
                weights->wrapper_length = wrapper;
            }
            if (!weights->prefix[0])
                weights->prefix = cam_family_prefix_of(name + wrapper);
        }
}

cam_status cam_weights_open(const char *folder, cam_weights **out) {
    cam_status st = CAM_OK;
    cam_weights *weights = *out = calloc(1, sizeof *weights);
    if (!weights)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", folder);
    weights->blocks = malloc(MAX_THREADS * (size_t)COPY_BLOCK);
    if (!weights->blocks)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", folder);
    weights->path = cam_path_join(folder, "model.safetensors");
    if (cam_file_exists(weights->path)) {
        CAM_TRY(allocate_files(weights, 1));
        CAM_TRY(cam_safetensors_open(weights->path, &weights->files[0]));
        weights->file_count = 1;
    } else {
        free(weights->path);
        weights->path = cam_path_join(folder, "model.safetensors.index.json");
        if (!cam_file_exists(weights->path))
            CAM_TRY(fail_without_weights(folder));
        CAM_TRY(open_shards(weights, folder));
    }
    find_prefix(weights);
out:
    if (st != CAM_OK) {
        cam_weights_close(weights);
        *out = NULL;
    }
    return st;
}

void cam_weights_close(cam_weights *weights) {
    if (!weights)
        return;
    for (size_t i = 0; i < weights->file_count; i++)
        cam_safetensors_close(&weights->files[i]);
    free(weights->files);
    free(weights->blocks);
    free(weights->matches);
    free(weights->path);
    free(weights);
}

/* --- names ----------------------------------------------------------------------------------------------------- */

static match find_stored(const cam_weights *weights, const char *name) {
    for (size_t i = 0; i < weights->file_count; i++) {
        const cam_safetensors_tensor *tensor = cam_safetensors_find(&weights->files[i], name);
        if (tensor)
            return (match){.file = &weights->files[i], .tensor = tensor};
    }
    return (match){0};
}

/* The tensor of a model's name: under the folder's prefix, and also under TensorFlow's names of LayerNorm's two
 * tensors. */
static match find_wanted(const cam_weights *weights, const char *name) {
    static const char *const spellings[][2] = {{".LayerNorm.weight", ".LayerNorm.gamma"},
                                               {".LayerNorm.bias", ".LayerNorm.beta"}};
    cam_strbuf stored = CAM_STRBUF_INIT;
    const char *own_prefix = cam_family_prefix_of(name);
    cam_strbuf_append(&stored, weights->wrapper ? weights->wrapper : "", weights->wrapper_length);
    cam_strbuf_put_all(&stored, own_prefix[0] ? weights->prefix : "", name + strlen(own_prefix), NULL);
    match found = find_stored(weights, cam_strbuf_text(&stored));
    for (size_t i = 0; !found.tensor && i < 2; i++) {
        size_t ending = strlen(spellings[i][0]);
        if (stored.length < ending || strcmp(stored.text + stored.length - ending, spellings[i][0]) != 0)
            continue;
        stored.text[stored.length -= ending] = '\0';
        cam_strbuf_puts(&stored, spellings[i][1]);
        found = find_stored(weights, stored.text);
    }
    cam_strbuf_release(&stored);
    return found;
}

const cam_safetensors_tensor *cam_weights_find(const cam_weights *weights, const char *name) {
    return find_wanted(weights, name).tensor;
}

/* --- matching -------------------------------------------------------------------------------------------------- */

static int same_shape(const cam_safetensors_tensor *tensor, const cam_weight_wanted *wanted) {
    return tensor->ndim == wanted->ndim &&
           (tensor->ndim == 0 ||
            memcmp(tensor->shape, wanted->shape, (size_t)tensor->ndim * sizeof wanted->shape[0]) == 0);
}

static void check_shape(const cam_weights *weights, const cam_safetensors_tensor *tensor,
                        const cam_weight_wanted *wanted, cam_problems *problems) {
    cam_strbuf found = CAM_STRBUF_INIT, due = CAM_STRBUF_INIT;
    if (same_shape(tensor, wanted))
        return;
    int transposed = tensor->ndim == 2 && wanted->ndim == 2 && tensor->shape[0] == wanted->shape[1] &&
                     tensor->shape[1] == wanted->shape[0];
    cam_shape_print(&found, tensor->shape, tensor->ndim);
    cam_shape_print(&due, wanted->shape, wanted->ndim);
    cam_problems_add(problems, weights->path, 0, "tensor \"%s\" has shape %s, by config.json it must be %s%s",
                     tensor->name, cam_strbuf_text(&found), cam_strbuf_text(&due),
                     transposed ? ": it is transposed" : "");
    cam_strbuf_release(&found);
    cam_strbuf_release(&due);
}

static void check_wanted(cam_weights *weights, const cam_weight_wanted *wanted, match *found, int has_head,
                         cam_problems *problems) {
    *found = find_wanted(weights, wanted->name);
    if (wanted->need == CAM_WEIGHT_FRESH)
        return;
    if (!found->tensor) {
        if (wanted->need == CAM_WEIGHT_REQUIRED)
            cam_problems_add(problems, weights->path, 0, "tensor \"%s\" is missing", wanted->name);
        else if (has_head)
            cam_problems_add(problems, weights->path, 0, "tensor \"%s\" is missing, others of the head are there",
                             wanted->name);
        return;
    }
    if (!cam_conversion_of(found->tensor->dtype))
        cam_problems_add(problems, weights->path, 0, "tensor \"%s\" has dtype %s, only F32, F16, BF16 and F64 are read",
                         found->tensor->name, found->tensor->dtype);
    check_shape(weights, found->tensor, wanted, problems);
    found->taken = 1;
}

/* Parts that other models and old files have, and the wanted one does not use. */
enum {
    PART_LM_HEAD,
    PART_POOLER,
    PART_POSITIONS,
    PART_TYPES,
    PART_TOKENS_WEIGHT, /* the head of a token classifier or a model of multiple choice */
    PART_TOKENS_BIAS,
    PART_QUESTIONS,
    PART_CLASSIFIER_DENSE,
    PART_CLASSIFIER_OUT,
    PARTS
};
static const struct {
    const char *shown, *name;
    int whole;         /* `name` is the whole name, not its beginning */
    int under_encoder; /* after the encoder's prefix */
} parts[PARTS] = {
    [PART_LM_HEAD] = {"lm_head", "lm_head.", 0, 0},
    [PART_POOLER] = {"pooler", "pooler.dense.", 0, 1},
    [PART_POSITIONS] = {"position_ids", "embeddings.position_ids", 1, 1},
    [PART_TYPES] = {"token_type_ids", "embeddings.token_type_ids", 1, 1},
    [PART_TOKENS_WEIGHT] = {"the head of another task", "classifier.weight", 1, 0},
    [PART_TOKENS_BIAS] = {"the head of another task", "classifier.bias", 1, 0},
    [PART_QUESTIONS] = {"the head of another task", "qa_outputs.", 0, 0},
    [PART_CLASSIFIER_DENSE] = {"the head of another task", "classifier.dense.", 0, 0},
    [PART_CLASSIFIER_OUT] = {"the head of another task", "classifier.out_proj.", 0, 0},
};

static int part_of(const cam_weights *weights, const char *name) {
    name += wrapper_of(name);
    int encoder = begins_with(name, weights->prefix);
    for (int i = 0; i < PARTS; i++) {
        if (parts[i].under_encoder && !encoder)
            continue;
        const char *rest = parts[i].under_encoder ? name + strlen(weights->prefix) : name;
        if (parts[i].whole ? strcmp(rest, parts[i].name) == 0 : begins_with(rest, parts[i].name))
            return i;
    }
    return PARTS;
}

static int is_matched(const cam_weights *weights, const cam_safetensors_tensor *tensor) {
    for (size_t i = 0; i < weights->match_count; i++)
        if (weights->matches[i].tensor == tensor)
            return 1;
    return 0;
}

/* A masked language model's decoder is the word embeddings, and some files hold it a second time. */
static int is_tied_decoder(const cam_weights *weights, const char *name) {
    const cam_safetensors_tensor *bias = find_wanted(weights, "lm_head.bias").tensor;
    return bias && is_matched(weights, bias) && begins_with(name + wrapper_of(name), "lm_head.decoder.");
}

static void check_surplus(const cam_weights *weights, size_t counts[PARTS], cam_problems *problems) {
    for (size_t f = 0; f < weights->file_count; f++) {
        const cam_safetensors *file = &weights->files[f];
        for (size_t i = 0; i < file->count; i++) {
            if (is_matched(weights, &file->tensors[i]) || is_tied_decoder(weights, file->tensors[i].name))
                continue;
            int part = part_of(weights, file->tensors[i].name);
            if (part < PARTS)
                counts[part]++;
            else
                cam_problems_add(problems, weights->path, 0, "tensor \"%s\" has no place in this model",
                                 file->tensors[i].name);
        }
    }
}

static void log_unused(cam_weights *weights, const size_t counts[PARTS]) {
    cam_strbuf list = CAM_STRBUF_INIT;
    size_t total = 0;
    for (int i = 0; i < PARTS; i++) {
        if (counts[i] && !strstr(cam_strbuf_text(&list), parts[i].shown))
            cam_strbuf_printf(&list, "%s%s", total ? ", " : "", parts[i].shown);
        total += counts[i];
    }
    if (total && !weights->logged)
        cam_log("\"%s\": ignored %zu tensor%s that this model does not use (%s)", weights->path, total,
                total == 1 ? "" : "s", cam_strbuf_text(&list));
    weights->logged = 1;
    cam_strbuf_release(&list);
}

cam_status cam_weights_match(cam_weights *weights, const cam_weight_wanted *wanted, size_t count) {
    cam_status st = CAM_OK;
    cam_problems problems = CAM_PROBLEMS_INIT;
    size_t counts[PARTS] = {0};
    int has_head = 0;
    match *matches = realloc(weights->matches, (count + 1) * sizeof *matches);
    if (!matches)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", weights->path);
    weights->matches = matches;
    weights->match_count = count;
    for (size_t i = 0; i < count; i++)
        has_head |= wanted[i].need == CAM_WEIGHT_OPTIONAL && find_wanted(weights, wanted[i].name).tensor;
    for (size_t i = 0; i < count; i++)
        check_wanted(weights, &wanted[i], &matches[i], has_head, &problems);
    check_surplus(weights, counts, &problems);
    CAM_TRY(cam_problems_status(&problems, CAM_E_MODEL));
    log_unused(weights, counts);
out:
    cam_problems_release(&problems);
    return st;
}

int cam_weights_has(const cam_weights *weights, size_t index) {
    CAM_ASSERT(index < weights->match_count);
    return weights->matches[index].taken;
}

/* --- values --------------------------------------------------------------------------------------------------- */

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Reads and converts values [begin, begin + n) of a tensor, a block at most. */
static cam_status copy_block(const match *found, size_t begin, size_t n, unsigned char *block, float *dst) {
    cam_status st = CAM_OK;
    const cam_conversion *conversion = cam_conversion_of(found->tensor->dtype);
    size_t bytes = conversion->bytes, bad = 0;
    CAM_TRY(cam_safetensors_read(found->file, found->tensor, begin * bytes, n * bytes, block));
    if (!conversion->convert(dst, block, n))
        return CAM_OK;
    while (!conversion->convert(dst, block + bad * bytes, 1))
        bad++;
    CAM_FAIL(CAM_E_MODEL,
             "\"%s\": tensor \"%s\" holds NaN, infinity or more than f32 can hold (value %zu): the model is damaged",
             found->file->path, found->tensor->name, begin + bad);
out:
    return st;
}

/* The blocks in turn, by several threads. Messages belong to threads: the calling thread goes on with the first block
 * that failed, for its message. */
static cam_status copy_values(const cam_weights *weights, const match *found, size_t begin, size_t count, float *dst) {
    cam_status st = CAM_OK;
    size_t each = COPY_BLOCK / cam_conversion_of(found->tensor->dtype)->bytes, blocks = (count + each - 1) / each;
    size_t failed[MAX_THREADS], at = count;
    int threads = blocks < 1 ? 1 : blocks < MAX_THREADS ? (int)blocks : MAX_THREADS;
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int t = 0; t < threads; t++) {
        unsigned char *block = weights->blocks + (size_t)t * COPY_BLOCK;
        size_t own = (size_t)t * each, step = (size_t)threads * each;
        while (own < count && copy_block(found, begin + own, smaller(each, count - own), block, dst + own) == CAM_OK)
            own += step;
        failed[t] = own;
    }
    for (int t = 0; t < threads; t++)
        at = smaller(at, failed[t]);
    for (; at < count; at += each)
        CAM_TRY(copy_block(found, begin + at, smaller(each, count - at), weights->blocks, dst + at));
out:
    return st;
}

cam_status cam_weights_copy_rows(const cam_weights *weights, size_t index, int64_t row, int64_t count, float *dst) {
    CAM_ASSERT(cam_weights_has(weights, index));
    const match *found = &weights->matches[index];
    int64_t rows = found->tensor->ndim ? found->tensor->shape[0] : 1;
    CAM_ASSERT(row >= 0 && count >= 0 && row <= rows && count <= rows - row);
    size_t width = rows ? (size_t)(found->tensor->count / rows) : 0;
    return copy_values(weights, found, (size_t)row * width, (size_t)count * width, dst);
}

cam_status cam_weights_copy(const cam_weights *weights, size_t index, float *dst) {
    CAM_ASSERT(cam_weights_has(weights, index));
    const match *found = &weights->matches[index];
    return copy_values(weights, found, 0, (size_t)found->tensor->count, dst);
}

cam_status cam_weights_check_unchanged(const cam_weights *weights) {
    cam_status st = CAM_OK;
    for (size_t f = 0; f < weights->file_count; f++)
        CAM_TRY(cam_file_reader_check(&weights->files[f].file));
out:
    return st;
}

cam_status cam_weights_identity(const cam_weights *weights, char hex[CAM_WEIGHTS_IDENTITY_BYTES]) {
    cam_status st = CAM_OK;
    const cam_file_reader **files = calloc(weights->file_count, sizeof *files);
    if (!files)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", weights->path);
    for (size_t f = 0; f < weights->file_count; f++)
        files[f] = &weights->files[f].file;
    CAM_TRY(cam_identity_of_files(files, weights->file_count, hex));
out:
    free(files);
    return st;
}
