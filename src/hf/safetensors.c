/* safetensors.c: see safetensors.h. Invariant: a cam_safetensors that open returned has passed every rule; its tensors
 * are ordered by name and their bytes lie inside the file. */
#include "safetensors.h"
#include "files.h"
#include "json_size.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LENGTH_BYTES = 8, JSON_DEPTH = 8, QUOTED_BYTES = 160, HEAD_BYTES = 2048 };

static const struct {
    const char *name;
    unsigned bits;
} dtypes[] = {
    {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
    {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
    {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64},
};

const char *cam_mistaken_file(const void *bytes, size_t size) {
    static const char pointer[] = "version https://git-lfs.github.com/spec/";
    const char *text = bytes;
    if (size >= sizeof pointer - 1 && memcmp(text, pointer, sizeof pointer - 1) == 0)
        return "is a Git LFS pointer, not the file itself: run \"git lfs pull\" where it was cloned, or download it";
    if (size >= 4 && memcmp(text, "PK\3\4", 4) == 0)
        return "is a PyTorch or zip archive under another name, which is never read: convert it to safetensors";
    size_t at = 0;
    while (at < size && at < 1024 && isspace((unsigned char)text[at]))
        at++;
    if (size - at >= 9 && (strncasecmp(text + at, "<!doctype", 9) == 0 || strncasecmp(text + at, "<html", 5) == 0))
        return "is a web page, not the file itself: download it again, by the link that says download";
    return NULL;
}

void cam_shape_print(cam_strbuf *buf, const int64_t *shape, int32_t ndim) {
    cam_strbuf_putc(buf, '[');
    for (int32_t i = 0; i < ndim; i++)
        cam_strbuf_printf(buf, "%s%" PRId64, i ? ", " : "", shape[i]);
    cam_strbuf_putc(buf, ']');
}

/* --- untrusted JSON -------------------------------------------------------------------------------------------- */

static cam_status check_json_size(const char *path, const char *text, size_t length) {
    cam_status st = cam_json_check_size(text, length, CAM_SAFETENSORS_VALUES, JSON_DEPTH);
    return st == CAM_OK ? CAM_OK : cam_fail(st, "\"%s\": %s", path, cam_status_message());
}

static cam_status fail_json(const char *path, const json_error_t *error) {
    char shown[QUOTED_BYTES]; /* the message quotes bytes of the file */
    size_t length = strnlen(error->text, sizeof shown - 1);
    memcpy(shown, error->text, length);
    for (size_t i = 0; i < length; i++)
        if (shown[i] < 0x20 || shown[i] >= 0x7f)
            shown[i] = '?';
    shown[length] = '\0';
    switch (json_error_code(error)) {
    case json_error_invalid_utf8:
        return cam_fail(CAM_E_MODEL, "\"%s\": its JSON is not UTF-8 at byte %d", path, error->position);
    case json_error_duplicate_key:
        return cam_fail(CAM_E_MODEL, "\"%s\": its JSON holds a key twice: %s", path, shown);
    default:
        return cam_fail(CAM_E_MODEL, "\"%s\": its JSON is broken at byte %d: %s", path, error->position, shown);
    }
}

static cam_status parse_json(const char *path, const char *text, size_t length, json_t **root) {
    json_error_t error;
    if (length == 0 || text[0] != '{')
        return cam_fail(CAM_E_MODEL, "\"%s\": its JSON must begin with '{'", path);
    cam_status st = check_json_size(path, text, length);
    if (st != CAM_OK)
        return st;
    errno = 0; /* jansson reports a syntax error where memory runs out */
    *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!*root && errno == ENOMEM)
        return cam_fail(CAM_E_MEMORY, "no memory to read \"%s\"", path);
    return *root ? CAM_OK : fail_json(path, &error);
}

/* Names are printed: they must be short and without control characters. */
static cam_status check_name(const char *path, const char *name) {
    size_t length = strlen(name);
    if (length > CAM_SAFETENSORS_NAME_BYTES)
        return cam_fail(CAM_E_MODEL, "\"%s\": a tensor's name is longer than %d bytes", path,
                        CAM_SAFETENSORS_NAME_BYTES);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return cam_fail(CAM_E_MODEL, "\"%s\": a tensor's name holds a control character", path);
    return CAM_OK;
}

static cam_status copy_text(const char *text, char **copy) {
    *copy = strdup(text);
    return *copy ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for the name \"%s\"", text);
}

/* --- one file -------------------------------------------------------------------------------------------------- */

static cam_status check_metadata(const char *path, json_t *metadata) {
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return cam_fail(CAM_E_MODEL, "\"%s\": \"__metadata__\" must be an object", path);
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value))
            return cam_fail(CAM_E_MODEL, "\"%s\": \"__metadata__\" may hold strings only", path);
    }
    return CAM_OK;
}

static cam_status read_dtype(const char *path, json_t *entry, cam_safetensors_tensor *tensor, unsigned *bits) {
    json_t *value = json_object_get(entry, "dtype");
    if (!json_is_string(value))
        return cam_fail(CAM_E_MODEL, "\"%s\": tensor \"%s\" has no dtype", path, tensor->name);
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (strcmp(json_string_value(value), dtypes[i].name) == 0) {
            tensor->dtype = dtypes[i].name;
            *bits = dtypes[i].bits;
            return CAM_OK;
        }
    }
    return cam_fail(CAM_E_MODEL, "\"%s\": tensor \"%s\" has a dtype that safetensors does not know", path,
                    tensor->name);
}

static cam_status read_shape(const char *path, json_t *entry, cam_safetensors_tensor *tensor) {
    json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape))
        return cam_fail(CAM_E_MODEL, "\"%s\": tensor \"%s\" has no shape", path, tensor->name);
    if (json_array_size(shape) > CAM_SAFETENSORS_DIMS)
        return cam_fail(CAM_E_MODEL, "\"%s\": tensor \"%s\" has %zu dimensions, more than %d", path, tensor->name,
                        json_array_size(shape), CAM_SAFETENSORS_DIMS);
    tensor->ndim = (int32_t)json_array_size(shape);
    tensor->count = 1;
    for (int32_t i = 0; i < tensor->ndim; i++) {
        json_t *size = json_array_get(shape, (size_t)i);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return cam_fail(CAM_E_MODEL, "\"%s\": tensor \"%s\": a shape is made of whole numbers from 0", path,
                            tensor->name);
        tensor->shape[i] = json_integer_value(size);
        if (__builtin_mul_overflow(tensor->count, tensor->shape[i], &tensor->count))
            return cam_fail(CAM_E_MODEL, "\"%s\": tensor \"%s\": the product of its shape overflows", path,
                            tensor->name);
    }
    return CAM_OK;
}

static cam_status read_offsets(const cam_safetensors *file, uint64_t data_begin, json_t *entry,
                               cam_safetensors_tensor *tensor) {
    json_t *offsets = json_object_get(entry, "data_offsets");
    uint64_t data_bytes = file->file.bytes - data_begin, at[2];
    if (!json_is_array(offsets) || json_array_size(offsets) != 2)
        return cam_fail(CAM_E_MODEL, "\"%s\": tensor \"%s\" has no data_offsets [begin, end]", file->path,
                        tensor->name);
    for (size_t i = 0; i < 2; i++) {
        json_t *value = json_array_get(offsets, i);
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return cam_fail(CAM_E_MODEL, "\"%s\": tensor \"%s\": data_offsets are whole numbers from 0", file->path,
                            tensor->name);
        at[i] = (uint64_t)json_integer_value(value);
    }
    if (at[0] > at[1])
        return cam_fail(CAM_E_MODEL, "\"%s\": tensor \"%s\" ends at byte %" PRIu64 ", before it begins at %" PRIu64,
                        file->path, tensor->name, at[1], at[0]);
    if (at[1] > data_bytes)
        return cam_fail(CAM_E_MODEL,
                        "\"%s\": tensor \"%s\" ends at byte %" PRIu64 ", the file has only %" PRIu64
                        " bytes of data: it is cut short, download it again",
                        file->path, tensor->name, at[1], data_bytes);
    tensor->begin = data_begin + at[0];
    tensor->bytes = at[1] - at[0];
    return CAM_OK;
}

static cam_status read_tensor(const cam_safetensors *file, uint64_t data_begin, const char *name, json_t *entry,
                              cam_safetensors_tensor *tensor) {
    cam_status st = CAM_OK;
    unsigned bits = 0;
    uint64_t total_bits = 0;
    CAM_TRY(check_name(file->path, name));
    CAM_TRY(copy_text(name, &tensor->name));
    if (!json_is_object(entry))
        CAM_FAIL(CAM_E_MODEL, "\"%s\": tensor \"%s\" must be an object with dtype, shape and data_offsets", file->path,
                 name);
    CAM_TRY(read_dtype(file->path, entry, tensor, &bits));
    CAM_TRY(read_shape(file->path, entry, tensor));
    CAM_TRY(read_offsets(file, data_begin, entry, tensor));
    if (__builtin_mul_overflow((uint64_t)tensor->count, (uint64_t)bits, &total_bits))
        CAM_FAIL(CAM_E_MODEL, "\"%s\": tensor \"%s\": its size in bytes overflows", file->path, name);
    if (total_bits % 8 != 0)
        CAM_FAIL(CAM_E_MODEL, "\"%s\": tensor \"%s\" does not fill whole bytes", file->path, name);
    if (total_bits / 8 != tensor->bytes)
        CAM_FAIL(CAM_E_MODEL, "\"%s\": tensor \"%s\" holds %" PRIu64 " bytes, its dtype and shape need %" PRIu64,
                 file->path, name, tensor->bytes, total_bits / 8);
out:
    return st;
}

static int by_place(const void *a, const void *b) {
    const cam_safetensors_tensor *x = a, *y = b;
    return x->begin != y->begin ? (x->begin > y->begin) - (x->begin < y->begin)
                                : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const cam_safetensors_tensor *)a)->name, ((const cam_safetensors_tensor *)b)->name);
}

/* Checks that every byte of the data belongs to exactly one tensor. Leaves the tensors ordered by name. */
static cam_status check_places(cam_safetensors *file, uint64_t data_begin) {
    uint64_t end = 0, data_bytes = file->file.bytes - data_begin;
    const char *previous = "";
    if (file->count)
        qsort(file->tensors, file->count, sizeof *file->tensors, by_place);
    for (size_t i = 0; i < file->count; i++) {
        const cam_safetensors_tensor *tensor = &file->tensors[i];
        uint64_t begin = tensor->begin - data_begin;
        if (begin > end && i == 0)
            return cam_fail(CAM_E_MODEL,
                            "\"%s\": the first tensor, \"%s\", begins at byte %" PRIu64 ": holes are not allowed",
                            file->path, tensor->name, begin);
        if (begin > end)
            return cam_fail(CAM_E_MODEL,
                            "\"%s\": tensor \"%s\" ends at byte %" PRIu64 ", the next begins at %" PRIu64
                            ": holes are not allowed",
                            file->path, previous, end, begin);
        if (begin < end)
            return cam_fail(CAM_E_MODEL, "\"%s\": tensors \"%s\" and \"%s\" overlap at byte %" PRIu64, file->path,
                            previous, tensor->name, begin);
        end = begin + tensor->bytes;
        previous = tensor->name;
    }
    if (end != data_bytes)
        return cam_fail(CAM_E_MODEL,
                        "\"%s\": %" PRIu64 " bytes follow the last tensor: the file must end with its data", file->path,
                        data_bytes - end);
    if (file->count)
        qsort(file->tensors, file->count, sizeof *file->tensors, by_name);
    return CAM_OK;
}

static cam_status read_header(cam_safetensors *file, uint64_t header_bytes) {
    cam_status st = CAM_OK;
    json_t *root = NULL, *entry;
    const char *name;
    char *text = malloc((size_t)header_bytes + 1);
    if (!text)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", file->path);
    CAM_TRY(cam_file_reader_read(&file->file, LENGTH_BYTES, (size_t)header_bytes, text));
    CAM_TRY(parse_json(file->path, text, (size_t)header_bytes, &root));
    file->tensors = calloc(json_object_size(root) + 1, sizeof *file->tensors);
    if (!file->tensors)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", file->path);
    json_object_foreach(root, name, entry) {
        if (strcmp(name, "__metadata__") == 0)
            CAM_TRY(check_metadata(file->path, entry));
        else
            CAM_TRY(read_tensor(file, LENGTH_BYTES + header_bytes, name, entry, &file->tensors[file->count++]));
    }
    CAM_TRY(check_places(file, LENGTH_BYTES + header_bytes));
out:
    json_decref(root);
    free(text);
    return st;
}

static cam_status read_length(const cam_safetensors *file, uint64_t *header_bytes) {
    cam_status st = CAM_OK;
    unsigned char head[HEAD_BYTES];
    size_t size = file->file.bytes < HEAD_BYTES ? (size_t)file->file.bytes : HEAD_BYTES;
    CAM_TRY(cam_file_reader_read(&file->file, 0, size, head));
    const char *mistaken = cam_mistaken_file(head, size);
    if (mistaken)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" %s", file->path, mistaken);
    if (size < LENGTH_BYTES)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" has %zu bytes: too short for a safetensors file", file->path, size);
    *header_bytes = 0;
    for (unsigned i = 0; i < LENGTH_BYTES; i++)
        *header_bytes |= (uint64_t)head[i] << (8 * i);
    if (*header_bytes > CAM_SAFETENSORS_HEADER_BYTES)
        CAM_FAIL(CAM_E_MODEL, "\"%s\": its header would have %" PRIu64 " bytes, more than %d: no safetensors file",
                 file->path, *header_bytes, CAM_SAFETENSORS_HEADER_BYTES);
    if (*header_bytes > file->file.bytes - LENGTH_BYTES)
        CAM_FAIL(CAM_E_MODEL,
                 "\"%s\": its header of %" PRIu64 " bytes goes past the end of the file: it is cut short, "
                 "download it again",
                 file->path, *header_bytes);
out:
    return st;
}

cam_status cam_safetensors_open(const char *path, cam_safetensors *file) {
    cam_status st = CAM_OK;
    uint64_t header_bytes = 0;
    *file = (cam_safetensors){0};
    CAM_TRY(copy_text(path, &file->path));
    CAM_TRY(cam_file_reader_open(&file->file, path, CAM_E_MODEL));
    CAM_TRY(read_length(file, &header_bytes));
    CAM_TRY(read_header(file, header_bytes));
    return CAM_OK;
out:
    cam_safetensors_close(file);
    return st;
}

void cam_safetensors_close(cam_safetensors *file) {
    for (size_t i = 0; i < file->count; i++)
        free(file->tensors[i].name);
    free(file->tensors);
    free(file->path);
    cam_file_reader_close(&file->file);
    *file = (cam_safetensors){0};
}

const cam_safetensors_tensor *cam_safetensors_find(const cam_safetensors *file, const char *name) {
    size_t low = 0, high = file->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, file->tensors[middle].name);
        if (order == 0)
            return &file->tensors[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

cam_status cam_safetensors_read(const cam_safetensors *file, const cam_safetensors_tensor *tensor, uint64_t begin,
                                size_t count, void *to) {
    CAM_ASSERT(begin <= tensor->bytes && count <= tensor->bytes - begin);
    return cam_file_reader_read(&file->file, tensor->begin + begin, count, to);
}

/* --- several files --------------------------------------------------------------------------------------------- */

static cam_status check_shard_name(const char *path, const char *name) {
    static const char ending[] = ".safetensors";
    size_t length = strlen(name);
    if (strchr(name, '/') || strstr(name, ".."))
        return cam_fail(CAM_E_MODEL, "\"%s\": a file's name in \"weight_map\" may hold neither '/' nor \"..\"", path);
    if (length < sizeof ending || strcmp(name + length - (sizeof ending - 1), ending) != 0)
        return cam_fail(CAM_E_MODEL, "\"%s\": a file's name in \"weight_map\" must end in \"%s\"", path, ending);
    return check_name(path, name);
}

static int by_file(const void *a, const void *b) {
    const struct cam_safetensors_row *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    return order ? order : strcmp(x->tensor, y->tensor);
}

static cam_status read_weight_map(const char *path, json_t *map, cam_safetensors_index *index) {
    const char *name;
    json_t *value;
    cam_status st = CAM_OK;
    if (json_object_size(map) == 0)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" has no \"weight_map\" with tensors in it", path);
    index->rows = calloc(json_object_size(map), sizeof *index->rows);
    if (!index->rows)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", path);
    json_object_foreach(map, name, value) {
        struct cam_safetensors_row *row = &index->rows[index->count++];
        CAM_TRY(check_name(path, name));
        if (!json_is_string(value))
            CAM_FAIL(CAM_E_MODEL, "\"%s\": tensor \"%s\" must name a file", path, name);
        CAM_TRY(check_shard_name(path, json_string_value(value)));
        CAM_TRY(copy_text(name, &row->tensor));
        CAM_TRY(copy_text(json_string_value(value), &row->file));
    }
    qsort(index->rows, index->count, sizeof *index->rows, by_file);
out:
    return st;
}

cam_status cam_safetensors_index_read(const char *path, cam_safetensors_index *index) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    json_t *root = NULL;
    *index = (cam_safetensors_index){0};
    CAM_TRY(cam_file_read(path, CAM_SAFETENSORS_INDEX_BYTES, CAM_E_MODEL, &text));
    const char *mistaken = cam_mistaken_file(cam_strbuf_text(&text), text.length);
    if (mistaken)
        CAM_FAIL(CAM_E_MODEL, "\"%s\" %s", path, mistaken);
    CAM_TRY(parse_json(path, cam_strbuf_text(&text), text.length, &root));
    CAM_TRY(read_weight_map(path, json_object_get(root, "weight_map"), index));
out:
    json_decref(root);
    cam_strbuf_release(&text);
    if (st != CAM_OK)
        cam_safetensors_index_release(index);
    return st;
}

void cam_safetensors_index_release(cam_safetensors_index *index) {
    for (size_t i = 0; i < index->count; i++) {
        free(index->rows[i].tensor);
        free(index->rows[i].file);
    }
    free(index->rows);
    *index = (cam_safetensors_index){0};
}
