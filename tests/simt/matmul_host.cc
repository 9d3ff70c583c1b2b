/* matmul_host.cc: kernels/matmul.h with loops, enqueued to the stream.
 *
 * A product is summed in f32 over blocks of 64 of k, blocks in ascending order, so that its error is like a library's.
 * b is packed so that the inner loop runs over adjacent columns.
 */
#include "matmul_tune.h"
#include "runtime.h"
#include <cstring>
#include <new>
#include <vector>

struct cam_matmul {
    cudaStream_t stream;
};

enum { K_BLOCK = 64, ROWS = 4, COLUMNS = 32 };

static float f32_at(const cam_tensor &t, int64_t row, int64_t column) {
    int64_t at = row * t.row_stride + column;
    if (t.dtype == CAM_F32)
        return static_cast<const float *>(t.data)[at];
    uint32_t bits = (uint32_t) static_cast<const uint16_t *>(t.data)[at] << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void put_f32(const cam_tensor &t, int64_t row, int64_t column, float x) {
    int64_t at = row * t.row_stride + column;
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    if (t.dtype == CAM_F32)
        static_cast<float *>(t.data)[at] = x;
    else if ((u & 0x7fffffffu) > 0x7f800000u)
        static_cast<uint16_t *>(t.data)[at] = 0x7fff;
    else
        static_cast<uint16_t *>(t.data)[at] = (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}

/* A copy of t, transposed if `transposed`, as f32 [rows, columns] with rows padded to `stride` by zeros. */
static std::vector<float> packed(const cam_tensor &t, bool transposed, int64_t rows, int64_t columns, int64_t stride) {
    std::vector<float> p((size_t)(rows * stride));
    for (int64_t r = 0; r < (transposed ? columns : rows); r++)
        for (int64_t c = 0; c < (transposed ? rows : columns); c++)
            p[(size_t)(transposed ? c * stride + r : r * stride + c)] = f32_at(t, r, c);
    return p;
}

/* sums[ROWS][COLUMNS] of one tile of c; a is [m,k] with m a multiple of ROWS. */
static void multiply_tile(float sums[ROWS][COLUMNS], const float *a, const float *b, int64_t k, int64_t stride) {
    for (int64_t k0 = 0; k0 < k; k0 += K_BLOCK) {
        float part[ROWS][COLUMNS] = {};
        int64_t end = k0 + K_BLOCK < k ? k0 + K_BLOCK : k;
        for (int64_t i = k0; i < end; i++)
            for (int r = 0; r < ROWS; r++)
                for (int c = 0; c < COLUMNS; c++)
                    part[r][c] += a[r * k + i] * b[i * stride + c];
        for (int r = 0; r < ROWS; r++)
            for (int c = 0; c < COLUMNS; c++)
                sums[r][c] += part[r][c];
    }
}

static void run(const cam_matmul_call &call) {
    int64_t m = call.c.shape[0], n = call.c.shape[1], k = call.a.shape[call.a_transposed ? 0 : 1];
    int64_t stride = (n + COLUMNS - 1) / COLUMNS * COLUMNS;
    std::vector<float> a = packed(call.a, call.a_transposed, m, k, k),
                       b = packed(call.b, call.b_transposed, k, n, stride);
    a.resize((size_t)((m + ROWS - 1) / ROWS * ROWS * k));
    for (int64_t i = 0; i < m; i += ROWS)
        for (int64_t j = 0; j < n; j += COLUMNS) {
            float sums[ROWS][COLUMNS] = {};
            multiply_tile(sums, &a[(size_t)(i * k)], &b[(size_t)j], k, stride);
            for (int64_t r = i; r < m && r < i + ROWS; r++)
                for (int64_t c = j; c < n && c < j + COLUMNS; c++) {
                    float x = sums[r - i][c - j];
                    if (call.bias.data)
                        x += f32_at(call.bias, 0, c);
                    if (call.accumulate)
                        x += f32_at(call.c, r, c);
                    put_f32(call.c, r, c, x);
                }
        }
}

cam_status cam_matmul_open(cam_matmul **matmul, void *stream, int) {
    *matmul = new (std::nothrow) cam_matmul{static_cast<cudaStream_t>(stream)};
    return *matmul ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for the matrix products");
}

void cam_matmul_close(cam_matmul *matmul) {
    delete matmul;
}

void cam_matmul_use(cam_matmul *matmul, void *stream, int) {
    matmul->stream = static_cast<cudaStream_t>(stream);
}

cam_status cam_matmul_run(cam_matmul *matmul, const cam_matmul_call *call) {
    cam_matmul_call copy = *call;
    cudaError_t e = simt_enqueue_host(matmul->stream, [copy] { run(copy); });
    return e == cudaSuccess ? CAM_OK : cam_fail(CAM_E_DEVICE, "matrix product: %s", cudaGetErrorString(e));
}

cam_status cam_matmul_load_table(cam_matmul *, const char *path, size_t *taken) {
    *taken = 0;
    return cam_fail(CAM_E_UNSUPPORTED, "\"%s\": loops on the host have no algorithms to choose from", path);
}

cam_status cam_matmul_tune(cam_matmul *, int, const char *, const cam_cuda_listener *) {
    return cam_fail(CAM_E_UNSUPPORTED, "loops on the host have no algorithms to choose from");
}

const char *cam_matmul_description(const cam_matmul *) {
    return "loops on the host";
}
