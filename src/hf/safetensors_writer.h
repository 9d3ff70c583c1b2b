/* safetensors_writer.h: writes a safetensors file, one tensor after another; only the header is held in memory.
 *
 *     cam_safetensors_writer *writer;
 *     CAM_TRY(cam_safetensors_writer_new(&writer));
 *     for each tensor: CAM_TRY(cam_safetensors_writer_declare(writer, name, dtype, ndim, shape));
 *     CAM_TRY(cam_safetensors_writer_begin(writer, path));
 *     for (size_t i; (i = cam_safetensors_writer_next(writer)) != CAM_SAFETENSORS_DONE;)
 *         CAM_TRY(cam_safetensors_writer_write(writer, data of the i-th declared, its bytes));
 *     CAM_TRY(cam_safetensors_writer_commit(writer));
 * out:
 *     cam_safetensors_writer_free(writer);
 *
 * The bytes equal those of Hugging Face's own writer: widest dtype first, then by name; compact JSON, padded with
 * spaces to a multiple of 8; `__metadata__` {"format":"pt"}. The file gets its name at commit, complete and synced,
 * so an old file of that name may still be mapped. Without commit, free removes the file.
 *
 * Errors: CAM_E_STORAGE, CAM_E_MEMORY. A name declared twice, too many bytes for a tensor, a commit with tensors
 * missing are broken invariants (CAM_BUG).
 */
#ifndef CAM_SAFETENSORS_WRITER_H
#define CAM_SAFETENSORS_WRITER_H

#include "cam/status.h"
#include "cam/tensor.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CAM_SAFETENSORS_DONE SIZE_MAX

typedef struct cam_safetensors_writer cam_safetensors_writer;

CAM_MUST_CHECK cam_status cam_safetensors_writer_new(cam_safetensors_writer **writer);
/* `name` is copied; ndim 0 to CAM_MAX_DIMS. */
CAM_MUST_CHECK cam_status cam_safetensors_writer_declare(cam_safetensors_writer *writer, const char *name,
                                                         cam_dtype dtype, int32_t ndim, const int64_t *shape);
CAM_MUST_CHECK cam_status cam_safetensors_writer_begin(cam_safetensors_writer *writer, const char *path);
/* The tensor whose bytes come next, by its index in the order of declaration; CAM_SAFETENSORS_DONE after the last. */
size_t cam_safetensors_writer_next(const cam_safetensors_writer *writer);
/* Writes bytes of that tensor, all or the next part of them. */
CAM_MUST_CHECK cam_status cam_safetensors_writer_write(cam_safetensors_writer *writer, const void *data, size_t bytes);
CAM_MUST_CHECK cam_status cam_safetensors_writer_commit(cam_safetensors_writer *writer);
/* The size of the file, known from begin on. */
uint64_t cam_safetensors_writer_bytes(const cam_safetensors_writer *writer);
void cam_safetensors_writer_free(cam_safetensors_writer *writer); /* NULL does nothing */

#ifdef __cplusplus
}
#endif
#endif
