/* matmul_cublaslt.cu: matrix products with cublasLt.
 *
 * The first call of a product makes its plan: descriptors and an algorithm, stored under the call's key
 * (matmul_table.h). Later calls find the plan by a search and call the library once, which neither allocates nor waits,
 * captured or not. Invariant: a plan never changes, so the same call gives the same bits. A product for which cublasLt
 * has no algorithm is computed in another way (cam_lt_way), with a warning, instead of failing.
 *
 * Source: cuBLAS 13 documentation, "Using the cuBLASLt API".
 */
#include "cuda.cuh"
#include "files.h"
#include "log.h"
#include "matmul_cublaslt.h"
#include "matmul_plain.h"
#include "matmul_tune.h"
#include "vendor_library.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

/* The reduction schemes whose order of summation is fixed: the summed dimension is one piece, or several pieces whose
 * f32 sums a separate kernel adds. The other schemes round partial sums to the output's type or add them in place in an
 * order that depends on counters. */
static const uint32_t fixed_order_schemes = CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;

/* --- the library ------------------------------------------------------------------------------------------------- */

#define LIBRARY_OF_(major) "libcublasLt.so." #major
#define LIBRARY_OF(major)  LIBRARY_OF_(major)

static cam_status load_library(cam_lt_library *lt) {
    const char *name = LIBRARY_OF(CUBLAS_VER_MAJOR);
    char reason[256];
    lt->handle = cam_vendor_library_open(name, reason, sizeof reason);
    if (!lt->handle)
        return cam_fail(CAM_E_DEVICE, "cannot load \"%s\": %s; install the libraries of CUDA %d, or train on the cpu",
                        name, reason, CUBLAS_VER_MAJOR);
#define LOAD(call)                                                                                                     \
    lt->call = reinterpret_cast<decltype(lt->call)>(dlsym(lt->handle, "cublasLt" #call));                              \
    if (!lt->call)                                                                                                     \
        return cam_fail(CAM_E_DEVICE, "\"%s\" has no function \"cublasLt%s\"; install another version", name, #call);
    CAM_LT_CALLS(LOAD)
#undef LOAD
    return CAM_OK;
}

cam_status cam_lt_failed(const cam_matmul *matmul, cublasStatus_t error, const char *what, const char *file, int line) {
    return cam_fail(error == CUBLAS_STATUS_ALLOC_FAILED ? CAM_E_MEMORY : CAM_E_DEVICE, "cublasLt%s: %s (%s:%d)", what,
                    matmul->lt.GetStatusString(error), file, line);
}

static cam_status describe_machine(cam_matmul *matmul) {
    cam_status st = CAM_OK;
    cudaDeviceProp properties;
    int device = 0, version = (int)matmul->lt.GetVersion();
    CAM_CUDA_TRY(cudaGetDevice(&device));
    CAM_CUDA_TRY(cudaGetDeviceProperties(&properties, device));
    matmul->machine.capability = 10 * properties.major + properties.minor;
    matmul->machine.multiprocessors = properties.multiProcessorCount;
    matmul->machine.library = version;
    snprintf(matmul->machine.name, sizeof matmul->machine.name, "%s", properties.name);
    snprintf(matmul->description, sizeof matmul->description, "cublasLt %d.%d.%d", version / 10000, version / 100 % 100,
             version % 100);
out:
    return st;
}

cam_status cam_matmul_open(cam_matmul **result, void *stream, int tf32) {
    cam_status st = CAM_OK;
    cam_matmul *matmul = static_cast<cam_matmul *>(calloc(1, sizeof *matmul));
    *result = nullptr;
    if (!matmul)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the matrix products");
    matmul->tf32 = tf32;
    CAM_TRY(load_library(&matmul->lt));
    CAM_TRY(describe_machine(matmul));
    CAM_LT_TRY(Create(&matmul->handle));
    for (void *&workspace : matmul->workspaces)
        CAM_CUDA_TRY(cudaMalloc(&workspace, CAM_LT_WORKSPACE));
    cam_matmul_use(matmul, stream, 0);
    *result = matmul;
    matmul = nullptr;
out:
    cam_matmul_close(matmul);
    return st;
}

static void plan_release(cam_matmul *matmul, cam_matmul_plan *plan) {
    if (plan->operation)
        matmul->lt.MatmulDescDestroy(plan->operation);
    for (cublasLtMatrixLayout_t layout : {plan->first, plan->second, plan->result})
        if (layout)
            matmul->lt.MatrixLayoutDestroy(layout);
}

void cam_matmul_close(cam_matmul *matmul) {
    if (!matmul)
        return;
    for (size_t i = 0; i < matmul->plan_count; i++)
        plan_release(matmul, &matmul->plans[i]);
    free(matmul->plans);
    cam_matmul_table_release(&matmul->table);
    for (void *workspace : matmul->workspaces)
        if (workspace)
            cudaFree(workspace);
    if (matmul->handle)
        matmul->lt.Destroy(matmul->handle);
    free(matmul);
}

const char *cam_matmul_description(const cam_matmul *matmul) {
    return matmul->description;
}

void cam_matmul_use(cam_matmul *matmul, void *stream, int workspace) {
    matmul->stream = static_cast<cudaStream_t>(stream);
    matmul->workspace = matmul->workspaces[workspace];
}

/* --- plans ------------------------------------------------------------------------------------------------------- */

static int32_t alignment_of(const void *address) {
    uintptr_t a = reinterpret_cast<uintptr_t>(address) | 256;
    return (int32_t)(a & (0 - a));
}

static cam_matmul_key key_of(const cam_matmul *matmul, const cam_matmul_call *call) {
    cam_matmul_key key = {};
    key.m = call->c.shape[0], key.n = call->c.shape[1], key.k = call->a.shape[call->a_transposed ? 0 : 1];
    key.a_stride = call->a.row_stride, key.b_stride = call->b.row_stride, key.c_stride = call->c.row_stride;
    key.a_transposed = call->a_transposed != 0, key.b_transposed = call->b_transposed != 0;
    key.input = call->a.dtype, key.output = call->c.dtype;
    key.a_alignment = alignment_of(call->a.data), key.b_alignment = alignment_of(call->b.data);
    key.c_alignment = alignment_of(call->c.data);
    key.bias_alignment = call->bias.data ? alignment_of(call->bias.data) : 0;
    key.accumulate = call->accumulate != 0, key.tf32 = matmul->tf32 && call->a.dtype == CAM_F32;
    return key;
}

void cam_lt_describe(const cam_matmul_key *key, char *text, size_t bytes) {
    long long m = key->m, n = key->n, k = key->k;
    snprintf(text, bytes, "[%lld,%lld] %s [%lld,%lld]%s x [%lld,%lld]%s%s, %s to %s", m, n,
             key->accumulate ? "+=" : "=", m, k, key->a_transposed ? "^T" : "", k, n, key->b_transposed ? "^T" : "",
             key->bias_alignment ? " + bias" : "", key->tf32 ? "TF32" : cam_dtype_name((cam_dtype)key->input),
             cam_dtype_name((cam_dtype)key->output));
}

static cudaDataType_t library_type(int32_t dtype) {
    return dtype == CAM_BF16 ? CUDA_R_16BF : CUDA_R_32F;
}

/* The layout of a row-major [rows,columns] matrix, possibly stored transposed. For cublasLt it is a column-major
 * [columns,rows] matrix whose leading dimension is the row stride. */
static cam_status make_layout(cam_matmul *matmul, cublasLtMatrixLayout_t *layout, int32_t dtype, int64_t rows,
                              int64_t columns, int transposed, int64_t stride) {
    cam_status st = CAM_OK;
    CAM_LT_TRY(MatrixLayoutCreate(layout, library_type(dtype), (uint64_t)(transposed ? rows : columns),
                                  (uint64_t)(transposed ? columns : rows), stride));
out:
    return st;
}

static cam_status set_bias(cam_matmul *matmul, const cam_matmul_plan *plan, const void *bias) {
    cam_status st = CAM_OK;
    CAM_LT_TRY(MatmulDescSetAttribute(plan->operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias));
out:
    return st;
}

static cam_status make_descriptors(cam_matmul *matmul, cam_matmul_plan *plan, const void *bias) {
    cam_status st = CAM_OK;
    const cam_matmul_key *k = &plan->key;
    cublasComputeType_t compute = k->tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    cublasOperation_t first = k->b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasOperation_t second = k->a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    CAM_LT_TRY(MatmulDescCreate(&plan->operation, compute, CUDA_R_32F));
    CAM_LT_TRY(MatmulDescSetAttribute(plan->operation, CUBLASLT_MATMUL_DESC_TRANSA, &first, sizeof first));
    CAM_LT_TRY(MatmulDescSetAttribute(plan->operation, CUBLASLT_MATMUL_DESC_TRANSB, &second, sizeof second));
    if (k->bias_alignment) {
        CAM_LT_TRY(MatmulDescSetAttribute(plan->operation, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue));
        CAM_TRY(set_bias(matmul, plan, bias));
    }
    CAM_TRY(make_layout(matmul, &plan->first, k->input, k->k, k->n, k->b_transposed, k->b_stride));
    CAM_TRY(make_layout(matmul, &plan->second, k->input, k->m, k->k, k->a_transposed, k->a_stride));
    CAM_TRY(make_layout(matmul, &plan->result, k->output, k->m, k->n, 0, k->c_stride));
out:
    return st;
}

static cam_status make_preference(cam_matmul *matmul, const cam_matmul_key *key,
                                  cublasLtMatmulPreference_t preference) {
    cam_status st = CAM_OK;
    uint64_t workspace = CAM_LT_WORKSPACE;
    const struct {
        cublasLtMatmulPreferenceAttributes_t attribute;
        const void *value;
        size_t bytes;
    } settings[] = {
        {CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace},
        {CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &fixed_order_schemes, sizeof fixed_order_schemes},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &key->b_alignment, sizeof(uint32_t)},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &key->a_alignment, sizeof(uint32_t)},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &key->c_alignment, sizeof(uint32_t)},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &key->c_alignment, sizeof(uint32_t)},
    };
    for (const auto &s : settings)
        CAM_LT_TRY(MatmulPreferenceSetAttribute(preference, s.attribute, s.value, s.bytes));
out:
    return st;
}

cam_status cam_lt_heuristics(cam_matmul *matmul, const cam_matmul_plan *plan, int wanted,
                             cublasLtMatmulHeuristicResult_t *results, int *count) {
    cam_status st = CAM_OK;
    cublasLtMatmulPreference_t preference = nullptr;
    cublasStatus_t error;
    *count = 0;
    CAM_LT_TRY(MatmulPreferenceCreate(&preference));
    CAM_TRY(make_preference(matmul, &plan->key, preference));
    error = matmul->lt.MatmulAlgoGetHeuristic(matmul->handle, plan->operation, plan->first, plan->second, plan->result,
                                              plan->result, preference, wanted, results, count);
    if (error == CUBLAS_STATUS_NOT_SUPPORTED || error == CUBLAS_STATUS_INVALID_VALUE)
        *count = 0; /* its answers for some products with one row or column */
    else if (error != CUBLAS_STATUS_SUCCESS)
        CAM_FAIL(CAM_E_DEVICE, "%s fails to choose an algorithm: %s", matmul->description,
                 matmul->lt.GetStatusString(error));
out:
    if (preference)
        matmul->lt.MatmulPreferenceDestroy(preference);
    return st;
}

/* Uses a table's algorithm, if cublasLt's check accepts it. */
static cam_status take_choice(cam_matmul *matmul, cam_matmul_plan *plan, const cam_matmul_choice *choice) {
    cam_status st = CAM_OK;
    cublasLtMatmulHeuristicResult_t checked = {};
    uint32_t scheme = 0;
    size_t written = 0;
    static_assert(sizeof plan->algorithm == sizeof choice->algorithm, "an algorithm is eight words");
    memcpy(&plan->algorithm, choice->algorithm, sizeof plan->algorithm);
    cublasStatus_t error = matmul->lt.MatmulAlgoCheck(matmul->handle, plan->operation, plan->first, plan->second,
                                                      plan->result, plan->result, &plan->algorithm, &checked);
    if (error == CUBLAS_STATUS_SUCCESS)
        error = matmul->lt.MatmulAlgoConfigGetAttribute(&plan->algorithm, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME,
                                                        &scheme, sizeof scheme, &written);
    if (error != CUBLAS_STATUS_SUCCESS || checked.workspaceSize > CAM_LT_WORKSPACE || (scheme & ~fixed_order_schemes))
        CAM_FAIL(CAM_E_DATA, "%s:%d: %s refuses this algorithm; make the table again with \"cam-train tune\"",
                 matmul->table.name, choice->line, matmul->description);
    plan->workspace_bytes = checked.workspaceSize;
out:
    return st;
}

static cam_status drop_epilogue(cam_matmul *matmul, const cam_matmul_plan *plan) {
    cam_status st = CAM_OK;
    cublasLtEpilogue_t none = CUBLASLT_EPILOGUE_DEFAULT;
    CAM_TRY(set_bias(matmul, plan, nullptr));
    CAM_LT_TRY(MatmulDescSetAttribute(plan->operation, CUBLASLT_MATMUL_DESC_EPILOGUE, &none, sizeof none));
out:
    return st;
}

static void warn(cam_matmul *matmul, const cam_matmul_plan *plan) {
    char product[160];
    if (matmul->warned)
        return;
    matmul->warned = 1;
    cam_lt_describe(&plan->key, product, sizeof product);
    cam_log_warn("%s has no algorithm for %s; this product, and others like it, are computed more slowly",
                 matmul->description, product);
}

/* Takes cublasLt's own first choice, in the first way that has one. */
static cam_status choose_way(cam_matmul *matmul, cam_matmul_plan *plan) {
    cam_status st = CAM_OK;
    cublasLtMatmulHeuristicResult_t result = {};
    int count = 0;
    CAM_TRY(cam_lt_heuristics(matmul, plan, 1, &result, &count));
    if (count == 0 && plan->key.bias_alignment) {
        plan->way = CAM_LT_BIAS_FIRST;
        CAM_TRY(drop_epilogue(matmul, plan));
        CAM_TRY(cam_lt_heuristics(matmul, plan, 1, &result, &count));
    }
    if (count == 0)
        plan->way = CAM_LT_PLAIN;
    if (plan->way != CAM_LT_WHOLE)
        warn(matmul, plan);
    plan->algorithm = result.algo;
    plan->workspace_bytes = result.workspaceSize;
out:
    return st;
}

static cam_status choose(cam_matmul *matmul, cam_matmul_plan *plan) {
    const cam_matmul_choice *choice = cam_matmul_table_find(&matmul->table, &plan->key);
    return choice ? take_choice(matmul, plan, choice) : choose_way(matmul, plan);
}

static cam_status add_plan(cam_matmul *matmul, const cam_matmul_key *key, const void *bias, size_t at) {
    cam_status st = CAM_OK;
    cam_matmul_plan plan = {};
    plan.key = *key;
    if (matmul->plan_count == matmul->plan_capacity) {
        size_t capacity = matmul->plan_capacity ? 2 * matmul->plan_capacity : 256;
        void *grown = realloc(matmul->plans, capacity * sizeof plan);
        if (!grown)
            CAM_FAIL(CAM_E_MEMORY, "no memory for the plans of %zu matrix products", capacity);
        matmul->plans = static_cast<cam_matmul_plan *>(grown);
        matmul->plan_capacity = capacity;
    }
    CAM_TRY(make_descriptors(matmul, &plan, bias));
    CAM_TRY(choose(matmul, &plan));
    memmove(matmul->plans + at + 1, matmul->plans + at, (matmul->plan_count - at) * sizeof plan);
    matmul->plans[at] = plan;
    matmul->plan_count++;
    plan = {};
out:
    plan_release(matmul, &plan);
    return st;
}

/* Finds the plan of a call, or makes it. The pointer is valid until the next plan is made. */
static cam_status find_plan(cam_matmul *matmul, const cam_matmul_call *call, const cam_matmul_plan **plan) {
    cam_status st = CAM_OK;
    cam_matmul_key key = key_of(matmul, call);
    size_t at = cam_matmul_position(matmul->plans, matmul->plan_count, sizeof *matmul->plans, &key);
    if (at == matmul->plan_count || memcmp(&matmul->plans[at].key, &key, sizeof key) != 0)
        CAM_TRY(add_plan(matmul, &key, call->bias.data, at));
    *plan = &matmul->plans[at];
out:
    return st;
}

cam_status cam_matmul_prepare(cam_matmul *matmul, const cam_matmul_call *call) {
    const cam_matmul_plan *plan;
    return find_plan(matmul, call, &plan);
}

/* --- running ----------------------------------------------------------------------------------------------------- */

cam_status cam_lt_run(cam_matmul *matmul, const cam_matmul_plan *plan, const cublasLtMatmulAlgo_t *algorithm,
                      size_t workspace_bytes, void *c, const void *a, const void *b, const void *bias) {
    cam_status st = CAM_OK;
    const float one = 1.0f, beta = plan->key.accumulate || plan->way == CAM_LT_BIAS_FIRST ? 1.0f : 0.0f;
    if (plan->key.bias_alignment && plan->way == CAM_LT_WHOLE)
        CAM_TRY(set_bias(matmul, plan, bias));
    CAM_LT_TRY(Matmul(matmul->handle, plan->operation, &one, b, plan->first, a, plan->second, &beta, c, plan->result, c,
                      plan->result, algorithm, matmul->workspace, workspace_bytes, matmul->stream));
out:
    return st;
}

cam_status cam_matmul_run(cam_matmul *matmul, const cam_matmul_call *call) {
    cam_status st = CAM_OK;
    const cam_matmul_plan *plan;
    CAM_TRY(find_plan(matmul, call, &plan));
    if (plan->way == CAM_LT_PLAIN)
        return cam_matmul_run_plain(matmul->stream, call);
    if (plan->way == CAM_LT_BIAS_FIRST)
        CAM_TRY(cam_matmul_spread_bias(matmul->stream, &call->c, &call->bias, call->accumulate));
    CAM_TRY(cam_lt_run(matmul, plan, &plan->algorithm, plan->workspace_bytes, call->c.data, call->a.data, call->b.data,
                       call->bias.data));
out:
    return st;
}

/* --- choices ----------------------------------------------------------------------------------------------------- */

cam_status cam_matmul_take_table(cam_matmul *matmul, const char *text, const char *name, size_t *taken) {
    CAM_ASSERT(matmul->table.name == nullptr);
    cam_status st = cam_matmul_table_read(&matmul->table, &matmul->machine, text, name, nullptr);
    *taken = st == CAM_OK ? matmul->table.count : 0;
    return st;
}

cam_status cam_matmul_load_table(cam_matmul *matmul, const char *path, size_t *taken) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    enum { MOST_BYTES = 64 << 20 };
    CAM_TRY(cam_file_read(path, MOST_BYTES, CAM_E_DATA, &text));
    if (strlen(cam_strbuf_text(&text)) != text.length)
        CAM_FAIL(CAM_E_DATA, "\"%s\" is no table of products: it holds a zero byte", path);
    CAM_TRY(cam_matmul_take_table(matmul, cam_strbuf_text(&text), path, taken));
out:
    cam_strbuf_release(&text);
    return st;
}

void cam_matmul_choices(const cam_matmul *matmul, cam_strbuf *text) {
    cam_matmul_table_put_machine(text, &matmul->machine);
    for (size_t i = 0; i < matmul->plan_count; i++) {
        cam_matmul_choice choice = {};
        if (matmul->plans[i].way != CAM_LT_WHOLE)
            continue; /* no table can say this; whoever reads the table finds the same way */
        choice.key = matmul->plans[i].key;
        memcpy(choice.algorithm, &matmul->plans[i].algorithm, sizeof choice.algorithm);
        cam_matmul_table_put_choice(text, &choice);
    }
}
