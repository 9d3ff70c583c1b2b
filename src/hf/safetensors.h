/* safetensors.h: a safetensors file, mapped and checked before anything in it is used.
 *
 * The file is u64 little-endian N, then N bytes of JSON that name each tensor's dtype, shape and bytes, then the bytes.
 * Opening enforces every rule of the format: 8 + N within the file, N at most CAM_SAFETENSORS_HEADER_BYTES, UTF-8, JSON
 * that starts with '{', no key twice, known dtypes, sizes without overflow that agree with dtype and shape, data
 * without holes or overlaps that ends where the file ends, metadata of strings only. Our own limits, far above what any
 * model needs, bound time and memory for hostile files: CAM_SAFETENSORS_VALUES values in the header, rank
 * CAM_SAFETENSORS_DIMS, names of at most CAM_SAFETENSORS_NAME_BYTES bytes without control characters, so that they can
 * be printed as they are. Values are not looked at.
 *
 * Errors: CAM_E_MODEL, naming the file and the broken rule; CAM_E_MEMORY.
 * Source: huggingface/safetensors README.md, safetensors/src/tensor.rs.
 */
#ifndef CAM_SAFETENSORS_H
#define CAM_SAFETENSORS_H

#include "cam/status.h"
#include "files.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CAM_SAFETENSORS_HEADER_BYTES = 25000000, /* what the Hub's client takes; the format itself allows 100,000,000 */
    CAM_SAFETENSORS_VALUES = 1 << 18,
    CAM_SAFETENSORS_DIMS = 8,
    CAM_SAFETENSORS_NAME_BYTES = 512,
    CAM_SAFETENSORS_INDEX_BYTES = 4 << 20,
};

typedef struct cam_safetensors_tensor {
    char *name;
    const char *dtype; /* as the format writes it, "F32"; static */
    int32_t ndim;      /* 0 = one value */
    int64_t shape[CAM_SAFETENSORS_DIMS];
    int64_t count;    /* values */
    const void *data; /* in the mapping, at any alignment */
    size_t bytes;
} cam_safetensors_tensor;

typedef struct cam_safetensors {
    char *path;
    cam_mapping map;
    cam_safetensors_tensor *tensors; /* by name, as strcmp orders */
    size_t count;
} cam_safetensors;

/* After a failure there is nothing to close; closing twice, or a zeroed struct, does nothing. */
CAM_MUST_CHECK cam_status cam_safetensors_open(const char *path, cam_safetensors *file);
void cam_safetensors_close(cam_safetensors *file);
/* NULL where there is no such tensor. */
const cam_safetensors_tensor *cam_safetensors_find(const cam_safetensors *file, const char *name);
/* The tensor's bytes will not be read again: [begin, begin + count) of them stop counting as memory in use. */
void cam_safetensors_forget(const cam_safetensors *file, const cam_safetensors_tensor *tensor, size_t begin,
                            size_t count);

/* "[32005, 768]" */
void cam_shape_print(cam_strbuf *buf, const int64_t *shape, int32_t ndim);

/* model.safetensors.index.json: which file beside it holds which tensor. Rows are ordered by file, then tensor; files
 * are plain names that end in ".safetensors": no '/' and no "..". */
typedef struct cam_safetensors_index {
    struct cam_safetensors_row {
        char *tensor, *file;
    } * rows;
    size_t count;
} cam_safetensors_index;
CAM_MUST_CHECK cam_status cam_safetensors_index_read(const char *path, cam_safetensors_index *index);
void cam_safetensors_index_release(cam_safetensors_index *index);

/* What bytes that should be a model's file really are, as the end of a sentence that begins with the file's name, and
 * with what to do about it: a Git LFS pointer, a web page, a PyTorch archive. NULL where nothing is recognised. */
const char *cam_mistaken_file(const void *bytes, size_t size);

#ifdef __cplusplus
}
#endif
#endif
