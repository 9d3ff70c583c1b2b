/* matmul_tune.h: the choice of cublasLt algorithms, and their measurement by `cam-train tune`.
 *
 * A product uses the algorithm of a loaded table, otherwise cublasLt's own first choice. Only cam_matmul_tune measures,
 * so that two runs on the same kind of machine give the same bits. Only algorithms with a fixed order of summation are
 * considered: the summed dimension in one piece, or in pieces whose f32 sums a separate kernel adds.
 *
 * To tune a model: open a backend, run a step of each size (or call cam_matmul_prepare for each product), then call
 * cam_matmul_tune. Training loads the file that it writes.
 */
#ifndef CAM_MATMUL_TUNE_H
#define CAM_MATMUL_TUNE_H

#include "backend_cuda.h"
#include "matmul.h"
#include "strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Loads a table's choices for this machine; *taken is their number, possibly 0. They apply to products that have no
 * plan yet. CAM_E_DATA if the file is not a table. An algorithm that cublasLt refuses is CAM_E_DATA at the product's
 * first call. At most one table for each cam_matmul. */
CAM_MUST_CHECK cam_status cam_matmul_load_table(cam_matmul *matmul, const char *path, size_t *taken);
/* The same from memory, for a table from another rank or a checkpoint. `name` is for messages. */
CAM_MUST_CHECK cam_status cam_matmul_take_table(cam_matmul *matmul, const char *text, const char *name, size_t *taken);
/* Appends all choices in use, as the text of a table. */
void cam_matmul_choices(const cam_matmul *matmul, cam_strbuf *text);

/* Makes the plan of a call without running it. Reads shapes, strides, dtypes, flags and the alignment of addresses. */
CAM_MUST_CHECK cam_status cam_matmul_prepare(cam_matmul *matmul, const cam_matmul_call *call);

/* cam_backend_cuda_tune (backend_cuda.h). Allocates device memory and waits for the device. The choices in use do not
 * change. */
CAM_MUST_CHECK cam_status cam_matmul_tune(cam_matmul *matmul, int candidates, const char *path,
                                          const cam_cuda_listener *listener);

#ifdef __cplusplus
}
#endif
#endif
