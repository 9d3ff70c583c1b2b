/* cublaslt_host.cc: cublasLt.h as a shared library, by loops that are enqueued to the stream.
 *
 * CAM_SIMT_CUBLASLT in the environment says for which products it has no algorithm, as some shapes may have none on a
 * GPU:
 *   epilogue   those with an epilogue: no results, but success
 *   any        all: CUBLAS_STATUS_NOT_SUPPORTED
 *   value      all: CUBLAS_STATUS_INVALID_VALUE
 *   broken     all: CUBLAS_STATUS_NOT_INITIALIZED, a failure and no answer
 * A product that is run all the same aborts.
 */
#include "cublasLt.h"
#include "runtime.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>

struct cublasLtContext {
    int unused;
};
struct cublasLtPreference {
    int unused;
};
struct cublasLtLayout {
    cudaDataType_t type;
    int64_t rows, columns, stride;
};
struct cublasLtDesc {
    cublasOperation_t a, b;
    cublasLtEpilogue_t epilogue;
    const void *bias;
};

enum { ALGORITHM = 0x5eed };

static bool is(const char *refusal) {
    const char *setting = getenv("CAM_SIMT_CUBLASLT");
    return setting && strcmp(setting, refusal) == 0;
}

static bool has_algorithm(const cublasLtDesc *operation) {
    return !is("any") && !is("value") && !is("broken") &&
           !(is("epilogue") && operation->epilogue != CUBLASLT_EPILOGUE_DEFAULT);
}

static float read(const void *data, cudaDataType_t type, int64_t at) {
    uint32_t bits;
    float x;
    if (type == CUDA_R_32F)
        return static_cast<const float *>(data)[at];
    bits = (uint32_t) static_cast<const uint16_t *>(data)[at] << 16;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void write(void *data, cudaDataType_t type, int64_t at, float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    if (type == CUDA_R_32F)
        static_cast<float *>(data)[at] = x;
    else if ((u & 0x7fffffffu) > 0x7f800000u)
        static_cast<uint16_t *>(data)[at] = 0x7fff;
    else
        static_cast<uint16_t *>(data)[at] = (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}

/* Element [i,j] of a column-major matrix that is used transposed or not. */
static float element(const void *data, const cublasLtLayout &l, cublasOperation_t used, int64_t i, int64_t j) {
    return read(data, l.type, used == CUBLAS_OP_T ? i * l.stride + j : j * l.stride + i);
}

namespace {
struct product {
    cublasLtDesc operation;
    cublasLtLayout a_layout, b_layout, d_layout;
    const void *a, *b;
    void *d;
    float beta;

    void run() const {
        int64_t k = operation.a == CUBLAS_OP_T ? a_layout.rows : a_layout.columns;
        for (int64_t i = 0; i < d_layout.rows; i++)
            for (int64_t j = 0; j < d_layout.columns; j++) {
                double sum = 0;
                int64_t at = j * d_layout.stride + i;
                for (int64_t l = 0; l < k; l++)
                    sum += (double)element(a, a_layout, operation.a, i, l) * element(b, b_layout, operation.b, l, j);
                if (beta != 0)
                    sum += (double)beta * read(d, d_layout.type, at);
                if (operation.epilogue == CUBLASLT_EPILOGUE_BIAS)
                    sum += read(operation.bias, d_layout.type, i);
                write(d, d_layout.type, at, (float)sum);
            }
    }
};
} // namespace

template <typename T> static cublasStatus_t create(T **made, T value) {
    *made = new T(value);
    return CUBLAS_STATUS_SUCCESS;
}
template <typename T> static cublasStatus_t destroy(T *made) {
    delete made;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
    return create(handle, {});
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
    return destroy(handle);
}
size_t cublasLtGetVersion(void) {
    return 130100;
}
const char *cublasLtGetStatusString(cublasStatus_t) {
    return "as CAM_SIMT_CUBLASLT says";
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference) {
    return create(preference, {});
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
    return destroy(preference);
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t, cublasLtMatmulPreferenceAttributes_t,
                                                    const void *, size_t) {
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, cudaDataType_t type, uint64_t rows,
                                          uint64_t columns, int64_t stride) {
    return create(layout, {type, (int64_t)rows, (int64_t)columns, stride});
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
    return destroy(layout);
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *operation, cublasComputeType_t, cudaDataType_t) {
    return create(operation, {CUBLAS_OP_N, CUBLAS_OP_N, CUBLASLT_EPILOGUE_DEFAULT, nullptr});
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t operation) {
    return destroy(operation);
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t operation, cublasLtMatmulDescAttributes_t attribute,
                                              const void *value, size_t bytes) {
    const struct {
        cublasLtMatmulDescAttributes_t attribute;
        void *to;
        size_t bytes;
    } members[] = {{CUBLASLT_MATMUL_DESC_TRANSA, &operation->a, sizeof operation->a},
                   {CUBLASLT_MATMUL_DESC_TRANSB, &operation->b, sizeof operation->b},
                   {CUBLASLT_MATMUL_DESC_EPILOGUE, &operation->epilogue, sizeof operation->epilogue},
                   {CUBLASLT_MATMUL_DESC_BIAS_POINTER, &operation->bias, sizeof operation->bias}};
    for (const auto &member : members)
        if (member.attribute == attribute && member.bytes == bytes) {
            memcpy(member.to, value, bytes);
            return CUBLAS_STATUS_SUCCESS;
        }
    return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t operation, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t, int, cublasLtMatmulHeuristicResult_t *results,
                                              int *count) {
    *count = 0;
    if (!has_algorithm(operation))
        return is("any")      ? CUBLAS_STATUS_NOT_SUPPORTED
               : is("value")  ? CUBLAS_STATUS_INVALID_VALUE
               : is("broken") ? CUBLAS_STATUS_NOT_INITIALIZED
                              : CUBLAS_STATUS_SUCCESS;
    results[0] = {};
    results[0].algo.data[0] = ALGORITHM;
    *count = 1;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t, cublasLtMatmulDesc_t, cublasLtMatrixLayout_t,
                                       cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                       const cublasLtMatmulAlgo_t *, cublasLtMatmulHeuristicResult_t *) {
    return CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t *, cublasLtMatmulAlgoConfigAttributes_t,
                                                    void *, size_t, size_t *) {
    return CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t operation, const void *, const void *a,
                              cublasLtMatrixLayout_t a_layout, const void *b, cublasLtMatrixLayout_t b_layout,
                              const void *beta, const void *, cublasLtMatrixLayout_t, void *d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t *algorithm, void *, size_t,
                              cudaStream_t stream) {
    if (!has_algorithm(operation) || algorithm->data[0] != ALGORITHM) {
        fprintf(stderr, "cublasLtMatmul: this product has no such algorithm\n");
        abort();
    }
    const product p = {*operation, *a_layout, *b_layout, *d_layout, a, b, d, *static_cast<const float *>(beta)};
    return simt_enqueue_host(stream, [p] { p.run(); }) == cudaSuccess ? CUBLAS_STATUS_SUCCESS
                                                                      : CUBLAS_STATUS_INVALID_VALUE;
}
