/* matmul.h: the matrix products of the linear operators; inside the CUDA backend only.
 *
 * All matrices are row-major, f32 or bf16, with free row strides; accumulation is f32. If the backend was opened with
 * tf32, the operands of f32 products are rounded to tf32. vendor/matmul_cublaslt.cu implements this with cublasLt,
 * tests/simt with loops.
 */
#ifndef CAM_MATMUL_H
#define CAM_MATMUL_H

#include "cam/status.h"
#include "cam/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_matmul cam_matmul;

/* c [m,n] = a b (+ c if accumulate) (+ bias [n] on every row).
 *   a  [m,k], or [k,m] if a_transposed;  b  [k,n], or [n,k] if b_transposed
 *   a and b have the same dtype; c has it too or is f32; bias, if there is one, has the dtype of c. */
typedef struct cam_matmul_call {
    cam_tensor c, a, b, bias;
    int a_transposed, b_transposed;
    int accumulate;
} cam_matmul_call;

/* `stream` is a cudaStream_t. `tf32`: see above. CAM_E_DEVICE if the library cannot be loaded. */
CAM_MUST_CHECK cam_status cam_matmul_open(cam_matmul **matmul, void *stream, int tf32);
void cam_matmul_close(cam_matmul *matmul); /* NULL does nothing */
/* Products from now on run on this stream, with the workspace of this number, 0 or 1. Streams that run at the same time
 * need different ones. After open: its stream, and 0. */
void cam_matmul_use(cam_matmul *matmul, void *stream, int workspace);
CAM_MUST_CHECK cam_status cam_matmul_run(cam_matmul *matmul, const cam_matmul_call *call);
/* "cublasLt 13.0.2" */
const char *cam_matmul_description(const cam_matmul *matmul);

#ifdef __cplusplus
}
#endif
#endif
