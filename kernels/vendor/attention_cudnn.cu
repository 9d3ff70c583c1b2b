/* attention_cudnn.cu: attention with cuDNN's graph API: loading the library and running a plan. The graphs are in
 * attention_cudnn_graph.cu.
 *
 * There is one plan for each direction and shape: a graph of operations that cuDNN executes in one or a few fused
 * kernels. The graph has the single operations (products, scale, padding mask, softmax), not the SDPA operations of
 * newer versions, because SDPA backward has no engine on Hopper (9.19 refuses the graph).
 *
 * Packed sequences are "ragged" tensors [B,A,S,D]: sequence b begins at element offset[b], which a kernel of ours
 * computes from cu_k. Sequences past the true count have length 0. The statistics are ragged as well, with rows of A:
 * they are lse as in the contract, in natural logarithm. Another small kernel writes the zeros past the true counts.
 *
 * dq is one product over all keys, not an f32 sum in arbitrary order. Backward is therefore deterministic and needs a
 * workspace of B A S S bf16 numbers.
 *
 * Invariant: a plan never changes and lives until the handle is closed, so a captured graph stays valid.
 *
 * Written from the documentation. Checked without a GPU, with cuDNN 9.19.0 and the properties of an H200: cuDNN accepts
 * both graphs, offers engines for them, compiles them and reports their workspace. No result has been computed yet.
 *
 * Source: cuDNN 9 documentation, "Graph API" and "Attention"; NVIDIA/cudnn-frontend for the operation patterns that
 * cuDNN's engines support.
 */
#include "attention_cudnn.h"
#include "attention_cudnn_plan.cuh"
#include "cuda.cuh"
#include "vendor_library.h"
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

/* Older versions need more operations for padding, and lack packed statistics or compute them wrongly. */
enum { OLDEST_VERSION = 91100 };
enum { MOST_POINTERS = 32, ALIGNMENT = 256 };

/* --- opening and closing ----------------------------------------------------------------------------------------- */

#define LIBRARY_OF_(major) "libcudnn.so." #major
#define LIBRARY_OF(major)  LIBRARY_OF_(major)

cam_status cam_attention_cudnn_failed(const cam_attention_cudnn *cudnn, cudnnStatus_t error, const char *what) {
    char reason[512] = "";
    cudnn->GetLastErrorString(reason, sizeof reason);
    return cam_fail(CAM_E_DEVICE, "%s: %s: %s (%s); use attention=native", cudnn->description, what,
                    cudnn->GetErrorString(error), reason);
}

/* For functions with CAM_TRY's frame and a `cudnn`. */
#define CUDNN_TRY(call)                                                                                                \
    do {                                                                                                               \
        cudnnStatus_t cudnn_error_ = (cudnn->call);                                                                    \
        if (cudnn_error_ != CUDNN_STATUS_SUCCESS) {                                                                    \
            st = cam_attention_cudnn_failed(cudnn, cudnn_error_, #call);                                               \
            goto out;                                                                                                  \
        }                                                                                                              \
    } while (0)

static cam_status load_library(cam_attention_cudnn *cudnn) {
    const char *name = LIBRARY_OF(CUDNN_MAJOR);
    char reason[256];
    cudnn->library = cam_vendor_library_open(name, reason, sizeof reason);
    if (!cudnn->library)
        return cam_fail(CAM_E_DEVICE, "cannot load \"%s\": %s; install cuDNN %d, or use attention=native", name, reason,
                        CUDNN_MAJOR);
#define LOAD(call)                                                                                                     \
    cudnn->call = reinterpret_cast<decltype(cudnn->call)>(dlsym(cudnn->library, "cudnn" #call));                       \
    if (!cudnn->call)                                                                                                  \
        return cam_fail(CAM_E_DEVICE, "\"%s\" has no function \"cudnn%s\"; install another version", name, #call);
    CUDNN_CALLS(LOAD)
#undef LOAD
    int version = (int)cudnn->GetVersion();
    snprintf(cudnn->description, sizeof cudnn->description, "cuDNN %d.%d.%d", version / 10000, version / 100 % 100,
             version % 100);
    if (version < OLDEST_VERSION)
        return cam_fail(CAM_E_DEVICE, "%s is too old; install 9.11 or newer, or use attention=native",
                        cudnn->description);
    return CAM_OK;
}

static cam_status open_library(cam_attention_cudnn **cudnn, int capability) {
    *cudnn = static_cast<cam_attention_cudnn *>(calloc(1, sizeof **cudnn));
    if (!*cudnn)
        return cam_fail(CAM_E_MEMORY, "no memory for cuDNN's attention");
    (*cudnn)->capability = capability;
    return load_library(*cudnn);
}

cam_status cam_attention_cudnn_open(cam_attention_cudnn **result, void *stream, int capability) {
    cam_status st = CAM_OK;
    cam_attention_cudnn *cudnn = nullptr;
    *result = nullptr;
    CAM_TRY(open_library(&cudnn, capability));
    cudnn->stream = static_cast<cudaStream_t>(stream);
    CUDNN_TRY(Create(&cudnn->handle));
    CUDNN_TRY(SetStream(cudnn->handle, cudnn->stream));
    *result = cudnn;
    cudnn = nullptr;
out:
    cam_attention_cudnn_close(cudnn);
    return st;
}

cam_status cam_attention_cudnn_open_described(cam_attention_cudnn **result, const char *properties, int capability) {
    cam_status st = CAM_OK;
    cam_attention_cudnn *cudnn = nullptr;
    *result = nullptr;
    CAM_TRY(open_library(&cudnn, capability));
    CUDNN_TRY(BackendCreateDescriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &cudnn->device));
    CUDNN_TRY(BackendSetAttribute(cudnn->device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                                  (int64_t)strlen(properties), properties));
    CUDNN_TRY(BackendFinalize(cudnn->device));
    *result = cudnn;
    cudnn = nullptr;
out:
    cam_attention_cudnn_close(cudnn);
    return st;
}

void cam_attention_cudnn_release_plan(cam_attention_cudnn *cudnn, sdpa_plan *plan) {
    while (plan->piece_count > 0)
        cudnn->BackendDestroyDescriptor(plan->pieces[--plan->piece_count]);
    free(plan);
}

void cam_attention_cudnn_close(cam_attention_cudnn *cudnn) {
    if (!cudnn)
        return;
    while (cudnn->plans) {
        sdpa_plan *plan = cudnn->plans;
        cudnn->plans = plan->next;
        cam_attention_cudnn_release_plan(cudnn, plan);
    }
    if (cudnn->device)
        cudnn->BackendDestroyDescriptor(cudnn->device);
    if (cudnn->handle)
        cudnn->Destroy(cudnn->handle);
    free(cudnn);
}

const char *cam_attention_cudnn_description(const cam_attention_cudnn *cudnn) {
    return cudnn->description;
}

/* --- plans ------------------------------------------------------------------------------------------------------- */

static cam_status find_plan(cam_attention_cudnn *cudnn, const sdpa_key *key, const sdpa_plan **plan) {
    cam_status st = CAM_OK;
    cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
    for (*plan = cudnn->plans; *plan; *plan = (*plan)->next)
        if (memcmp(&(*plan)->key, key, sizeof *key) == 0)
            return CAM_OK;
    if (cudnn->handle)
        CAM_CUDA_TRY(cudaStreamIsCapturing(cudnn->stream, &capturing));
    if (capturing != cudaStreamCaptureStatusNone)
        CAM_FAIL(CAM_E_DEVICE, "attention of this shape must run once before it is captured");
    CAM_TRY(cam_attention_cudnn_add_plan(cudnn, key));
    *plan = cudnn->plans;
out:
    return st;
}

template <typename Args> static sdpa_key key_of(const Args *args) {
    sdpa_key key = {};
    key.sequences = args->cu_q.shape[0] - 1, key.heads = args->heads, key.longest = args->max_keys;
    key.head_size = args->q.shape[1] / args->heads;
    key.q_stride = args->q.row_stride, key.kv_stride = args->k.row_stride;
    return key;
}
static sdpa_key key_of(const cam_attention_bwd_args *args) {
    sdpa_key key = key_of<cam_attention_bwd_args>(args);
    key.dq_stride = args->dq.row_stride, key.dkv_stride = args->dk.row_stride;
    return key;
}

cam_status cam_attention_cudnn_prepare_fwd(cam_attention_cudnn *cudnn, const cam_attention_fwd_args *args) {
    const sdpa_plan *plan;
    sdpa_key key = key_of(args);
    return find_plan(cudnn, &key, &plan);
}
cam_status cam_attention_cudnn_prepare_bwd(cam_attention_cudnn *cudnn, const cam_attention_bwd_args *args) {
    const sdpa_plan *plan;
    sdpa_key key = key_of(args);
    return find_plan(cudnn, &key, &plan);
}

/* Offsets are 32-bit numbers of elements. */
static int has_suitable_rows(cam_tensor t) {
    return t.row_stride % 8 == 0 && reinterpret_cast<uintptr_t>(t.data) % 16 == 0 &&
           t.shape[0] * t.row_stride <= INT32_MAX;
}

template <typename Args> static int takes(const cam_attention_cudnn *cudnn, const Args *args) {
    int64_t head_size = args->q.shape[1] / args->heads;
    return cudnn->capability / 10 == 9 && args->q.dtype == CAM_BF16 && args->threshold == 0 &&
           args->q_rows == CAM_ROWS_TOKENS && args->q.shape[0] == args->k.shape[0] && args->cu_q.shape[0] > 1 &&
           head_size % 16 == 0 && head_size <= 128 && has_suitable_rows(args->q) && has_suitable_rows(args->k) &&
           has_suitable_rows(args->v) && has_suitable_rows(args->out);
}
int cam_attention_cudnn_supports_fwd(const cam_attention_cudnn *cudnn, const cam_attention_fwd_args *args) {
    return takes(cudnn, args);
}
int cam_attention_cudnn_supports_bwd(const cam_attention_cudnn *cudnn, const cam_attention_bwd_args *args) {
    return takes(cudnn, args) && has_suitable_rows(args->dout) && has_suitable_rows(args->dq) &&
           has_suitable_rows(args->dk) && has_suitable_rows(args->dv);
}

/* --- our kernels ------------------------------------------------------------------------------------------------- */

/* offsets[i][b] = first row of sequence b, times stride i; lengths[b] = its rows. Past the true count: the end of the
 * last sequence, and 0.
 * A thread owns a sequence. Limits: B < 2^31. */
CAM_KERNEL(128)
sdpa_offsets(int32_t *offsets, int32_t *lengths, const int32_t *cu, const cam_step_state *state, int32_t capacity,
             sdpa_strides strides) {
    int32_t b = (int32_t)(blockIdx.x * blockDim.x + threadIdx.x);
    if (b > capacity)
        return;
    int32_t sequences = state->sequences;
    int32_t row = cu[b < sequences ? b : sequences];
    for (int i = 0; i < OFFSETS_COUNT; i++)
        offsets[(int64_t)i * (capacity + 1) + b] = (int32_t)(row * strides.of[i]);
    if (b < capacity)
        lengths[b] = b < sequences ? cu[b + 1] - row : 0;
}

/* Operands whose rows past the true count are set to zero. Sizes in words of 4 bytes, which divide every row. */
struct sdpa_tails {
    uint32_t *data[3];
    int64_t stride[3], columns[3];
};

/* Rows from the true count of tokens to the capacity := 0, of up to three tensors.
 * A block owns every gridDim-th row. */
CAM_KERNEL(128) sdpa_zero_tails(sdpa_tails tails, const cam_step_state *state, int64_t capacity) {
    for (int64_t row = state->tokens + (int64_t)blockIdx.x; row < capacity; row += gridDim.x)
        for (int i = 0; i < 3; i++)
            if (tails.data[i])
                for (int64_t c = threadIdx.x; c < tails.columns[i]; c += blockDim.x)
                    tails.data[i][row * tails.stride[i] + c] = 0;
}

static void add_tail(sdpa_tails *tails, int at, cam_tensor t) {
    int64_t words = (int64_t)cam_dtype_size(t.dtype);
    tails->data[at] = static_cast<uint32_t *>(t.data);
    tails->stride[at] = t.row_stride * words / 4, tails->columns[at] = t.shape[1] * words / 4;
}

static cam_status zero_tails(cam_backend *backend, const sdpa_tails &tails, const cam_step_state *state,
                             int64_t capacity) {
    const int64_t max_blocks = 128;
    int64_t blocks = capacity < max_blocks ? capacity : max_blocks;
    return CAM_LAUNCH(backend, (sdpa_zero_tails), blocks, 128, 0, tails, state, capacity);
}

/* --- running ----------------------------------------------------------------------------------------------------- */

/* The parts of a call's workspace; each begins at a multiple of ALIGNMENT. */
struct parts {
    size_t lengths, delta, plan, bytes; /* offsets are at 0 */
};

static size_t aligned(size_t bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}
static parts parts_of(const sdpa_key *key, int64_t tokens, size_t plan_bytes) {
    parts p = {};
    p.lengths = aligned((size_t)(key->sequences + 1) * OFFSETS_COUNT * sizeof(int32_t));
    p.delta = p.lengths + aligned((size_t)key->sequences * sizeof(int32_t));
    p.plan = p.delta + (key->dq_stride ? aligned((size_t)(tokens * key->heads) * sizeof(float)) : 0);
    p.bytes = p.plan + aligned(plan_bytes) + ALIGNMENT; /* the workspace itself need not be aligned */
    return p;
}

template <typename Args> static size_t workspace(cam_attention_cudnn *cudnn, const Args *args) {
    const sdpa_plan *plan;
    sdpa_key key = key_of(args);
    return find_plan(cudnn, &key, &plan) == CAM_OK ? parts_of(&key, args->q.shape[0], plan->workspace_bytes).bytes : 0;
}
size_t cam_attention_cudnn_fwd_workspace(cam_attention_cudnn *cudnn, const cam_attention_fwd_args *args) {
    return workspace(cudnn, args);
}
size_t cam_attention_cudnn_bwd_workspace(cam_attention_cudnn *cudnn, const cam_attention_bwd_args *args) {
    return workspace(cudnn, args);
}

/* The address of each tensor. */
struct bindings {
    int64_t ids[MOST_POINTERS];
    void *data[MOST_POINTERS];
    int64_t count;
};

static void bind(bindings *b, int64_t id, const void *data) {
    b->ids[b->count] = id;
    b->data[b->count++] = const_cast<void *>(data);
}

static cam_status execute(cam_attention_cudnn *cudnn, const sdpa_plan *plan, const bindings *b, void *workspace) {
    cam_status st = CAM_OK;
    descriptor pack = nullptr;
    CUDNN_TRY(BackendCreateDescriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, &pack));
    CUDNN_TRY(BackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, b->count, b->ids));
    CUDNN_TRY(BackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, b->count, b->data));
    CUDNN_TRY(BackendSetAttribute(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace));
    CUDNN_TRY(BackendFinalize(pack));
    CUDNN_TRY(BackendExecute(cudnn->handle, plan->ready, pack));
out:
    if (pack)
        cudnn->BackendDestroyDescriptor(pack);
    return st;
}

/* Common to forward and backward: computes offsets and lengths, binds the common tensors, executes the plan. */
template <typename Args>
static cam_status run(cam_attention_cudnn *cudnn, cam_backend *backend, const Args *args, bindings *b) {
    cam_status st = CAM_OK;
    const sdpa_plan *plan;
    const float one = 1.0f, lowest = -INFINITY;
    sdpa_key key = key_of(args);
    int32_t sequences = (int32_t)key.sequences;
    uintptr_t base = aligned(reinterpret_cast<uintptr_t>(args->workspace.data));
    int32_t *offsets = reinterpret_cast<int32_t *>(base);
    parts p;
    CAM_TRY(find_plan(cudnn, &key, &plan));
    p = parts_of(&key, args->q.shape[0], plan->workspace_bytes);
    if (args->workspace.bytes < p.bytes)
        CAM_FAIL(CAM_E_WORKSPACE, "cuDNN's attention was given %zu bytes of workspace, it needs %zu",
                 args->workspace.bytes, p.bytes);
    CAM_TRY(CAM_LAUNCH(backend, (sdpa_offsets), cam_blocks(key.sequences + 1, 128), 128, 0, offsets,
                       reinterpret_cast<int32_t *>(base + p.lengths), static_cast<const int32_t *>(args->cu_k.data),
                       args->state, sequences, strides_of(&key)));
    for (int i = 0; i < (key.dq_stride ? OFFSETS_COUNT : OFFSETS_DQ); i++)
        bind(b, ID_OFFSETS + i, offsets + (int64_t)i * (sequences + 1));
    bind(b, ID_LENGTHS, reinterpret_cast<void *>(base + p.lengths));
    if (key.dq_stride) {
        bind(b, ID_DELTA, reinterpret_cast<void *>(base + p.delta));
        bind(b, ID_ONE, &one);
    }
    bind(b, ID_Q, args->q.data), bind(b, ID_K, args->k.data), bind(b, ID_V, args->v.data);
    bind(b, ID_OUT, args->out.data), bind(b, ID_LSE, args->lse.data);
    bind(b, ID_SCALE, &args->scale), bind(b, ID_LOWEST, &lowest);
    CAM_TRY(execute(cudnn, plan, b, reinterpret_cast<void *>(base + p.plan)));
out:
    return st;
}

cam_status cam_attention_cudnn_fwd(cam_attention_cudnn *cudnn, cam_backend *backend,
                                   const cam_attention_fwd_args *args) {
    cam_status st = CAM_OK;
    bindings b = {};
    sdpa_tails tails = {};
    CAM_TRY(run(cudnn, backend, args, &b));
    add_tail(&tails, 0, args->out), add_tail(&tails, 1, args->lse);
    CAM_TRY(zero_tails(backend, tails, args->state, args->q.shape[0]));
out:
    return st;
}

cam_status cam_attention_cudnn_bwd(cam_attention_cudnn *cudnn, cam_backend *backend,
                                   const cam_attention_bwd_args *args) {
    cam_status st = CAM_OK;
    bindings b = {};
    sdpa_tails tails = {};
    bind(&b, ID_DOUT, args->dout.data);
    bind(&b, ID_DQ, args->dq.data), bind(&b, ID_DK, args->dk.data), bind(&b, ID_DV, args->dv.data);
    CAM_TRY(run(cudnn, backend, args, &b));
    add_tail(&tails, 0, args->dq), add_tail(&tails, 1, args->dk), add_tail(&tails, 2, args->dv);
    CAM_TRY(zero_tails(backend, tails, args->state, args->q.shape[0]));
out:
    return st;
}
