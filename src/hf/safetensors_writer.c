/* safetensors_writer.c: see safetensors_writer.h. Invariant after begin: tensors[0, current) are complete in the file,
 * the first `written` bytes of tensors[current] are in it, and current is never a tensor of 0 bytes. */
#include "safetensors_writer.h"
#include "files.h"
#include "strbuf.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8 };

typedef struct declared {
    char *name;
    cam_dtype dtype;
    int32_t ndim;
    int64_t shape[CAM_MAX_DIMS];
    uint64_t bytes;
    size_t index; /* in the order of declaration */
} declared;

struct cam_safetensors_writer {
    declared *tensors;
    size_t count, capacity;
    size_t current;
    uint64_t written;
    uint64_t total_bytes;
    int begun;
    cam_file_writer file;
};

cam_status cam_safetensors_writer_new(cam_safetensors_writer **writer) {
    *writer = calloc(1, sizeof **writer);
    if (!*writer)
        return cam_fail(CAM_E_MEMORY, "no memory to write tensors");
    (*writer)->file = (cam_file_writer)CAM_FILE_WRITER_CLOSED;
    return CAM_OK;
}

void cam_safetensors_writer_free(cam_safetensors_writer *writer) {
    if (!writer)
        return;
    if (writer->begun)
        cam_file_writer_abandon(&writer->file);
    for (size_t i = 0; i < writer->count; i++)
        free(writer->tensors[i].name);
    free(writer->tensors);
    free(writer);
}

static cam_status grow(cam_safetensors_writer *writer) {
    if (writer->count < writer->capacity)
        return CAM_OK;
    size_t capacity = writer->capacity * 2 + 64;
    declared *tensors = realloc(writer->tensors, capacity * sizeof *tensors);
    if (!tensors)
        return cam_fail(CAM_E_MEMORY, "no memory to write %zu tensors", capacity);
    writer->tensors = tensors;
    writer->capacity = capacity;
    return CAM_OK;
}

cam_status cam_safetensors_writer_declare(cam_safetensors_writer *writer, const char *name, cam_dtype dtype,
                                          int32_t ndim, const int64_t *shape) {
    CAM_ASSERT(!writer->begun && ndim >= 0 && ndim <= CAM_MAX_DIMS);
    for (size_t i = 0; i < writer->count; i++)
        CAM_ASSERT(strcmp(writer->tensors[i].name, name) != 0);
    cam_status st = grow(writer);
    if (st != CAM_OK)
        return st;
    declared tensor = {
        .name = strdup(name), .dtype = dtype, .ndim = ndim, .bytes = cam_dtype_size(dtype), .index = writer->count};
    if (!tensor.name)
        return cam_fail(CAM_E_MEMORY, "no memory for the name \"%s\"", name);
    for (int32_t i = 0; i < ndim; i++) {
        CAM_ASSERT(shape[i] >= 0);
        tensor.shape[i] = shape[i];
        int overflow = __builtin_mul_overflow(tensor.bytes, (uint64_t)shape[i], &tensor.bytes);
        CAM_ASSERT(!overflow);
    }
    writer->tensors[writer->count++] = tensor;
    return CAM_OK;
}

/* The position in the format's list of dtypes, from narrow to wide. */
static int dtype_rank(cam_dtype dtype) {
    switch (dtype) {
    case CAM_F16:
        return 0;
    case CAM_BF16:
        return 1;
    case CAM_I32:
        return 2;
    case CAM_F32:
        return 3;
    case CAM_F64:
        return 4;
    }
    CAM_BUG("dtype %d has no place in a safetensors file", (int)dtype);
}

static int by_dtype_then_name(const void *a, const void *b) {
    const declared *x = a, *y = b;
    int order = dtype_rank(y->dtype) - dtype_rank(x->dtype);
    return order ? order : strcmp(x->name, y->name);
}

static void put_header(const cam_safetensors_writer *writer, cam_strbuf *header) {
    uint64_t at = 0;
    cam_strbuf_puts(header, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (size_t i = 0; i < writer->count; i++) {
        const declared *tensor = &writer->tensors[i];
        cam_strbuf_putc(header, ',');
        cam_strbuf_put_json(header, tensor->name, strlen(tensor->name));
        cam_strbuf_put_all(header, ":{\"dtype\":\"", cam_dtype_name(tensor->dtype), "\",\"shape\":[", NULL);
        for (int32_t d = 0; d < tensor->ndim; d++)
            cam_strbuf_printf(header, "%s%" PRId64, d ? "," : "", tensor->shape[d]);
        cam_strbuf_printf(header, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", at, at + tensor->bytes);
        at += tensor->bytes;
    }
    cam_strbuf_putc(header, '}');
    while (header->length % 8 != 0)
        cam_strbuf_putc(header, ' ');
}

static void skip_complete(cam_safetensors_writer *writer) {
    while (writer->current < writer->count && writer->written == writer->tensors[writer->current].bytes) {
        writer->current++;
        writer->written = 0;
    }
}

cam_status cam_safetensors_writer_begin(cam_safetensors_writer *writer, const char *path) {
    cam_status st = CAM_OK;
    cam_strbuf header = CAM_STRBUF_INIT;
    unsigned char length[LENGTH_BYTES];
    CAM_ASSERT(!writer->begun);
    if (writer->count)
        qsort(writer->tensors, writer->count, sizeof *writer->tensors, by_dtype_then_name);
    put_header(writer, &header);
    writer->total_bytes = LENGTH_BYTES + header.length;
    for (size_t i = 0; i < writer->count; i++)
        writer->total_bytes += writer->tensors[i].bytes;
    for (unsigned i = 0; i < LENGTH_BYTES; i++)
        length[i] = (unsigned char)((uint64_t)header.length >> (8 * i));
    CAM_TRY(cam_file_writer_open(&writer->file, path));
    writer->begun = 1;
    CAM_TRY(cam_file_writer_reserve(&writer->file, writer->total_bytes));
    CAM_TRY(cam_file_writer_write(&writer->file, length, sizeof length));
    CAM_TRY(cam_file_writer_write(&writer->file, header.text, header.length));
    skip_complete(writer);
out:
    cam_strbuf_release(&header);
    return st;
}

size_t cam_safetensors_writer_next(const cam_safetensors_writer *writer) {
    return writer->current < writer->count ? writer->tensors[writer->current].index : CAM_SAFETENSORS_DONE;
}

cam_status cam_safetensors_writer_write(cam_safetensors_writer *writer, const void *data, size_t bytes) {
    CAM_ASSERT(writer->begun && writer->current < writer->count);
    CAM_ASSERT(bytes <= writer->tensors[writer->current].bytes - writer->written);
    cam_status st = cam_file_writer_write(&writer->file, data, bytes);
    if (st != CAM_OK)
        return st;
    writer->written += bytes;
    skip_complete(writer);
    return CAM_OK;
}

cam_status cam_safetensors_writer_commit(cam_safetensors_writer *writer) {
    CAM_ASSERT(writer->begun && writer->current == writer->count);
    return cam_file_writer_commit(&writer->file);
}

uint64_t cam_safetensors_writer_bytes(const cam_safetensors_writer *writer) {
    return writer->total_bytes;
}
