/* attention_cudnn_plan.cuh: common to attention_cudnn.cu and attention_cudnn_graph.cu: the loaded library, the key of a
 * plan, and the tensor ids that both files use.
 */
#ifndef CAM_ATTENTION_CUDNN_PLAN_CUH
#define CAM_ATTENTION_CUDNN_PLAN_CUH

#include "attention_cudnn.h"
#include "cuda.cuh"
#include <cudnn_graph.h>

typedef cudnnBackendDescriptor_t descriptor;

/* X(name): cudnn<name>, all functions that are called. */
#define CUDNN_CALLS(X)                                                                                                 \
    X(GetVersion)                                                                                                      \
    X(GetErrorString)                                                                                                  \
    X(GetLastErrorString)                                                                                              \
    X(Create)                                                                                                          \
    X(Destroy)                                                                                                         \
    X(SetStream)                                                                                                       \
    X(BackendCreateDescriptor)                                                                                         \
    X(BackendDestroyDescriptor)                                                                                        \
    X(BackendSetAttribute)                                                                                             \
    X(BackendGetAttribute)                                                                                             \
    X(BackendFinalize)                                                                                                 \
    X(BackendExecute)

enum { MAX_PIECES = 192 };

/* Everything that a plan depends on. Strides in elements; those of gradients are 0 in a forward plan. */
struct sdpa_key {
    int64_t sequences, heads, longest, head_size;
    int64_t q_stride, kv_stride, dq_stride, dkv_stride;
};

struct sdpa_plan {
    sdpa_key key;
    descriptor ready;
    size_t workspace_bytes;
    descriptor pieces[MAX_PIECES]; /* the plan's descriptor and all that it was made from */
    int piece_count;
    sdpa_plan *next;
};

struct cam_attention_cudnn {
    void *library; /* for dlsym; never closed */
#define CUDNN_SLOT(name) decltype(&cudnn##name) name;
    CUDNN_CALLS(CUDNN_SLOT)
#undef CUDNN_SLOT
    cudnnHandle_t handle;
    descriptor device; /* used instead of a handle */
    cudaStream_t stream;
    int capability;
    sdpa_plan *plans;
    char description[32];
};

/* Tensors that a call binds to addresses. Tensors inside the fused kernel are numbered from FIRST_VIRTUAL on. */
enum tensor_id {
    ID_Q = 1,
    ID_K,
    ID_V,
    ID_OUT,
    ID_LSE,
    ID_DOUT,
    ID_DQ,
    ID_DK,
    ID_DV,
    ID_DELTA,
    ID_LENGTHS,
    ID_SCALE,
    ID_ONE,
    ID_LOWEST,
    ID_OFFSETS, /* the first of one id for each row stride: see `strides_of` */
    FIRST_VIRTUAL = 100
};

enum { OFFSETS_Q, OFFSETS_KV, OFFSETS_OUT, OFFSETS_LSE, OFFSETS_DQ, OFFSETS_DKV, OFFSETS_COUNT };

struct sdpa_strides {
    int64_t of[OFFSETS_COUNT];
};

static inline sdpa_strides strides_of(const sdpa_key *k) {
    return {{k->q_stride, k->kv_stride, k->heads * k->head_size, k->heads, k->dq_stride, k->dkv_stride}};
}

/* A cuDNN error as a status, with cuDNN's own message if it has one. */
CAM_MUST_CHECK cam_status cam_attention_cudnn_failed(const cam_attention_cudnn *cudnn, cudnnStatus_t error,
                                                     const char *what);
/* Puts a new plan at the front of cudnn->plans. */
CAM_MUST_CHECK cam_status cam_attention_cudnn_add_plan(cam_attention_cudnn *cudnn, const sdpa_key *key);
void cam_attention_cudnn_release_plan(cam_attention_cudnn *cudnn, sdpa_plan *plan);

#endif
