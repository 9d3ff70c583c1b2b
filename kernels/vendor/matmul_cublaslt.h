/* matmul_cublaslt.h: the cublasLt binding, for matmul_cublaslt.cu and matmul_tune.cu. The library is loaded with dlopen
 * on first use, so that a program built with CUDA starts on machines without it.
 */
#ifndef CAM_MATMUL_CUBLASLT_H
#define CAM_MATMUL_CUBLASLT_H

#include "matmul.h"
#include "matmul_table.h"
#include <cublasLt.h>

/* X(name): cublasLt<name>, all functions that are called. */
#define CAM_LT_CALLS(X)                                                                                                \
    X(Create)                                                                                                          \
    X(Destroy)                                                                                                         \
    X(GetVersion)                                                                                                      \
    X(GetStatusString)                                                                                                 \
    X(Matmul)                                                                                                          \
    X(MatmulAlgoCheck)                                                                                                 \
    X(MatmulAlgoConfigGetAttribute)                                                                                    \
    X(MatmulAlgoGetHeuristic)                                                                                          \
    X(MatmulDescCreate)                                                                                                \
    X(MatmulDescDestroy)                                                                                               \
    X(MatmulDescSetAttribute)                                                                                          \
    X(MatmulPreferenceCreate)                                                                                          \
    X(MatmulPreferenceDestroy)                                                                                         \
    X(MatmulPreferenceSetAttribute)                                                                                    \
    X(MatrixLayoutCreate)                                                                                              \
    X(MatrixLayoutDestroy)

typedef struct cam_lt_library {
    void *handle; /* from dlopen */
#define CAM_LT_SLOT(name) decltype(&cublasLt##name) name;
    CAM_LT_CALLS(CAM_LT_SLOT)
#undef CAM_LT_SLOT
} cam_lt_library;

/* How a product is computed: the first of these that cublasLt has an algorithm for. */
typedef enum cam_lt_way {
    CAM_LT_WHOLE,      /* by cublasLt, the bias in its epilogue */
    CAM_LT_BIAS_FIRST, /* by cublasLt, added to the bias, which a kernel of ours has written to every row */
    CAM_LT_PLAIN       /* by kernels of ours (matmul_plain.h) */
} cam_lt_way;

/* A product as cublasLt describes it, and the chosen algorithm. cublasLt is column-major, so it computes the transposed
 * product: `first` is the call's b, `second` its a. */
typedef struct cam_matmul_plan {
    cam_matmul_key key; /* first: cam_matmul_position */
    cam_lt_way way;     /* CAM_LT_PLAIN has no algorithm */
    cublasLtMatmulDesc_t operation;
    cublasLtMatrixLayout_t first, second, result;
    cublasLtMatmulAlgo_t algorithm;
    size_t workspace_bytes;
} cam_matmul_plan;

struct cam_matmul {
    cam_lt_library lt;
    cublasLtHandle_t handle;
    cudaStream_t stream;
    int tf32;
    void *workspaces[2]; /* CAM_LT_WORKSPACE bytes each, for one product at a time */
    void *workspace;     /* the one in use */
    cam_matmul_machine machine;
    cam_matmul_table table;
    cam_matmul_plan *plans; /* in ascending order of their keys */
    size_t plan_count, plan_capacity;
    int warned; /* that a product has no algorithm */
    char description[64];
};

/* The size that the cuBLAS documentation recommends for Hopper. */
enum { CAM_LT_WORKSPACE = 32 << 20 };

CAM_MUST_CHECK cam_status cam_lt_failed(const cam_matmul *matmul, cublasStatus_t error, const char *what,
                                        const char *file, int line);
/* For functions with CAM_TRY's frame and a `matmul`. */
#define CAM_LT_TRY(call)                                                                                               \
    do {                                                                                                               \
        cublasStatus_t lt_error_ = (matmul->lt.call);                                                                  \
        if (lt_error_ != CUBLAS_STATUS_SUCCESS) {                                                                      \
            st = cam_lt_failed(matmul, lt_error_, #call, __FILE__, __LINE__);                                          \
            goto out;                                                                                                  \
        }                                                                                                              \
    } while (0)

/* cublasLt's heuristic results for a plan, in its own order, best first; *count is their number, 0 where it has no
 * algorithm for the product. */
CAM_MUST_CHECK cam_status cam_lt_heuristics(cam_matmul *matmul, const cam_matmul_plan *plan, int wanted,
                                            cublasLtMatmulHeuristicResult_t *results, int *count);
/* Runs a plan with an algorithm, that is not CAM_LT_PLAIN. bias may be NULL if the plan has none or another way. */
CAM_MUST_CHECK cam_status cam_lt_run(cam_matmul *matmul, const cam_matmul_plan *plan,
                                     const cublasLtMatmulAlgo_t *algorithm, size_t workspace_bytes, void *c,
                                     const void *a, const void *b, const void *bias);
/* "[400,2304] = [400,768] x [768,2304], bf16", for messages and logs. */
void cam_lt_describe(const cam_matmul_key *key, char *text, size_t bytes);

#endif
