/* safetensors.h: a safetensors file, checked before anything in it is used; values are read from it on request.
 *
 * The file is u64 little-endian N, then N bytes of JSON with each tensor's dtype, shape and byte range, then the data.
 * Opening checks every rule of the format:
 *   - 8 + N bytes are within the file, and N is at most CAM_SAFETENSORS_HEADER_BYTES;
 *   - the header is UTF-8 JSON that begins with '{' and has no key twice; metadata holds strings only;
 *   - dtypes are known; sizes do not overflow and agree with dtype and shape;
 *   - the data has no holes and no overlaps, and ends at the end of the file.
 * Own limits, far above those of any model, bound time and memory for hostile files: CAM_SAFETENSORS_VALUES values in
 * the header, rank CAM_SAFETENSORS_DIMS, names of at most CAM_SAFETENSORS_NAME_BYTES bytes without control characters,
 * so that they can be printed. The values of tensors are not checked.
 *
 * Errors: CAM_E_MODEL, naming the file and the broken rule; CAM_E_MEMORY.
 * Source: huggingface/safetensors README.md, safetensors/src/tensor.rs. */
#ifndef CAM_SAFETENSORS_H
#define CAM_SAFETENSORS_H

#include "cam/status.h"
#include "file_reader.h"
#include "strbuf.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CAM_SAFETENSORS_HEADER_BYTES = 25000000, /* the limit of the Hub's client; the format allows 100,000,000 */
    CAM_SAFETENSORS_VALUES = 1 << 18,
    CAM_SAFETENSORS_DIMS = 8,
    CAM_SAFETENSORS_NAME_BYTES = 512,
    CAM_SAFETENSORS_INDEX_BYTES = 4 << 20,
};

typedef struct cam_safetensors_tensor {
    char *name;
    const char *dtype; /* the format's name, "F32"; static */
    int32_t ndim;      /* 0 = one value */
    int64_t shape[CAM_SAFETENSORS_DIMS];
    int64_t count;  /* values */
    uint64_t begin; /* of its bytes in the file */
    uint64_t bytes;
} cam_safetensors_tensor;

typedef struct cam_safetensors {
    char *path;
    cam_file_reader file;
    cam_safetensors_tensor *tensors; /* ordered by name (strcmp) */
    size_t count;
} cam_safetensors;

/* After a failure there is nothing to close; closing twice, or a zeroed struct, does nothing. */
CAM_MUST_CHECK cam_status cam_safetensors_open(const char *path, cam_safetensors *file);
void cam_safetensors_close(cam_safetensors *file);
/* NULL where there is no such tensor. */
const cam_safetensors_tensor *cam_safetensors_find(const cam_safetensors *file, const char *name);
/* Reads bytes [begin, begin + count) of the tensor. CAM_E_MODEL where the file was cut since it was opened. */
CAM_MUST_CHECK cam_status cam_safetensors_read(const cam_safetensors *file, const cam_safetensors_tensor *tensor,
                                               uint64_t begin, size_t count, void *to);

/* Appends "[32005, 768]". */
void cam_shape_print(cam_strbuf *buf, const int64_t *shape, int32_t ndim);

/* model.safetensors.index.json: the file of each tensor. Rows are ordered by file, then tensor. Files are plain names
 * that end in ".safetensors", without '/' and "..". */
typedef struct cam_safetensors_index {
    struct cam_safetensors_row {
        char *tensor, *file;
    } * rows;
    size_t count;
} cam_safetensors_index;
CAM_MUST_CHECK cam_status cam_safetensors_index_read(const char *path, cam_safetensors_index *index);
void cam_safetensors_index_release(cam_safetensors_index *index);

/* Recognises files that are often found in place of a model file: a Git LFS pointer, a web page, a PyTorch archive.
 * Returns the end of a sentence that begins with the file's name, with a hint; NULL where the file is none of these. */
const char *cam_mistaken_file(const void *bytes, size_t size);

#ifdef __cplusplus
}
#endif
#endif
