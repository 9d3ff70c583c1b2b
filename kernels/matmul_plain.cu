/* matmul_plain.cu: products, and biases before products, for the shapes that the library refuses; see matmul_plain.h.
 *
 * A thread owns an element of c. Neighbouring threads own neighbouring columns, so they read the same element of a, and
 * neighbours of b unless b is transposed. There are no tiles: this is a way out, not a fast way.
 */
#include "cuda.cuh"
#include "matmul_plain.h"

enum { THREADS = 256 };

namespace {
/* a[i,j] is a[i * a_row + j * a_column]; b likewise. c's and bias's columns are adjacent. */
struct product {
    int64_t m, n, k, a_row, a_column, b_row, b_column, c_row;
    int accumulate;
};
} // namespace

template <typename IN, typename OUT>
CAM_KERNEL(THREADS)
matmul_plain_kernel(OUT *c, const IN *a, const IN *b, const OUT *bias, product p) {
    int64_t at = (int64_t)blockIdx.x * THREADS + threadIdx.x;
    if (at >= p.m * p.n)
        return;
    int64_t row = at / p.n, column = at % p.n;
    float sum = 0.0f;
    for (int64_t i = 0; i < p.k; i++)
        sum = cam_fma(cam_to_f32(a[row * p.a_row + i * p.a_column]), cam_to_f32(b[i * p.b_row + column * p.b_column]),
                      sum);
    OUT *to = c + row * p.c_row + column;
    if (p.accumulate)
        sum += cam_to_f32(*to);
    if (bias)
        sum += cam_to_f32(bias[column]);
    cam_from_f32(to, sum);
}

template <typename T>
CAM_KERNEL(THREADS)
spread_bias_kernel(T *c, const T *bias, int64_t m, int64_t n, int64_t c_row, int accumulate) {
    int64_t at = (int64_t)blockIdx.x * THREADS + threadIdx.x;
    if (at >= m * n)
        return;
    T *to = c + at / n * c_row + at % n;
    cam_from_f32(to, (accumulate ? cam_to_f32(*to) : 0.0f) + cam_to_f32(bias[at % n]));
}

static cam_status status_of(cudaError_t error, const char *what) {
    return error == cudaSuccess ? CAM_OK : cam_cuda_failed(error, what, __FILE__, __LINE__);
}

template <typename IN, typename OUT> static cam_status launch(void *stream, const cam_matmul_call *call) {
    product p = {};
    p.m = call->c.shape[0], p.n = call->c.shape[1], p.k = call->a.shape[call->a_transposed ? 0 : 1];
    p.a_row = call->a_transposed ? 1 : call->a.row_stride, p.a_column = call->a_transposed ? call->a.row_stride : 1;
    p.b_row = call->b_transposed ? 1 : call->b.row_stride, p.b_column = call->b_transposed ? call->b.row_stride : 1;
    p.c_row = call->c.row_stride;
    p.accumulate = call->accumulate;
    if (p.m * p.n == 0)
        return CAM_OK;
    return status_of(cam_launch(static_cast<cudaStream_t>(stream), matmul_plain_kernel<IN, OUT>,
                                (unsigned)cam_blocks(p.m * p.n, THREADS), THREADS, 0, static_cast<OUT *>(call->c.data),
                                static_cast<const IN *>(call->a.data), static_cast<const IN *>(call->b.data),
                                static_cast<const OUT *>(call->bias.data), p),
                     "matmul_plain_kernel");
}

cam_status cam_matmul_run_plain(void *stream, const cam_matmul_call *call) {
    if (call->a.dtype == CAM_F32)
        return launch<float, float>(stream, call);
    return call->c.dtype == CAM_F32 ? launch<cam_bf16, float>(stream, call) : launch<cam_bf16, cam_bf16>(stream, call);
}

template <typename T>
static cam_status launch_bias(void *stream, const cam_tensor *c, const cam_tensor *bias, int accumulate) {
    int64_t m = c->shape[0], n = c->shape[1];
    if (m * n == 0)
        return CAM_OK;
    return status_of(cam_launch(static_cast<cudaStream_t>(stream), spread_bias_kernel<T>,
                                (unsigned)cam_blocks(m * n, THREADS), THREADS, 0, static_cast<T *>(c->data),
                                static_cast<const T *>(bias->data), m, n, c->row_stride, accumulate),
                     "spread_bias_kernel");
}

cam_status cam_matmul_spread_bias(void *stream, const cam_tensor *c, const cam_tensor *bias, int accumulate) {
    return c->dtype == CAM_F32 ? launch_bias<float>(stream, c, bias, accumulate)
                               : launch_bias<cam_bf16>(stream, c, bias, accumulate);
}
