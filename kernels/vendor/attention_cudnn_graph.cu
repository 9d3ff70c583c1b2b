/* attention_cudnn_graph.cu: the forward and the backward graph for cuDNN, and the plans made from them. The design is
 * described in attention_cudnn.cu.
 */
#include "attention_cudnn_plan.cuh"
#include <cmath>
#include <cstdlib>
#include <cstring>

enum { MOST_ENGINES = 16, TENSOR_ALIGNMENT = 256 };

/* --- building a graph -------------------------------------------------------------------------------------------- */

/* A graph under construction. After the first error every function does nothing, so that the code reads like the
 * formula. */
struct graph {
    cam_attention_cudnn *cudnn;
    sdpa_plan *plan;
    cam_status st;
    int64_t next_virtual;
    descriptor operations[32];
    int operation_count;
};

static descriptor create(graph *g, cudnnBackendDescriptorType_t type) {
    descriptor d = nullptr;
    if (g->st != CAM_OK)
        return nullptr;
    CAM_ASSERT(g->plan->piece_count < MAX_PIECES);
    cudnnStatus_t error = g->cudnn->BackendCreateDescriptor(type, &d);
    if (error != CUDNN_STATUS_SUCCESS)
        g->st = cam_attention_cudnn_failed(g->cudnn, error, "a descriptor");
    else
        g->plan->pieces[g->plan->piece_count++] = d;
    return d;
}

static void set(graph *g, descriptor d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                int64_t count, const void *values) {
    if (g->st != CAM_OK)
        return;
    cudnnStatus_t error = g->cudnn->BackendSetAttribute(d, name, type, count, values);
    if (error != CUDNN_STATUS_SUCCESS)
        g->st = cam_attention_cudnn_failed(g->cudnn, error, "an attribute of attention");
}

static void set_part(graph *g, descriptor d, cudnnBackendAttributeName_t name, descriptor part) {
    if (part)
        set(g, d, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &part);
}

static descriptor finish(graph *g, descriptor d, const char *what) {
    if (g->st != CAM_OK)
        return nullptr;
    cudnnStatus_t error = g->cudnn->BackendFinalize(d);
    if (error != CUDNN_STATUS_SUCCESS)
        g->st = cam_attention_cudnn_failed(g->cudnn, error, what);
    return d;
}

static void add(graph *g, descriptor operation) {
    CAM_ASSERT(g->operation_count < (int)(sizeof g->operations / sizeof *g->operations));
    g->operations[g->operation_count++] = finish(g, operation, "an operation of attention");
}

struct shape {
    int64_t dims[4], strides[4];
};

static descriptor tensor(graph *g, int64_t id, cudnnDataType_t type, shape s, descriptor offsets, int by_value) {
    const int64_t alignment = 16;
    const bool yes = true;
    descriptor d = create(g, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    if (id == FIRST_VIRTUAL)
        id = g->next_virtual++;
    set(g, d, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &id);
    set(g, d, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
    set(g, d, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, s.dims);
    set(g, d, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, s.strides);
    set(g, d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment);
    if (id >= FIRST_VIRTUAL)
        set(g, d, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &yes);
    if (by_value)
        set(g, d, CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, &yes);
    set_part(g, d, CUDNN_ATTR_TENSOR_RAGGED_OFFSET_DESC, offsets);
    return finish(g, d, "a tensor of attention");
}

static descriptor number(graph *g, int64_t id) {
    return tensor(g, id, CUDNN_DATA_FLOAT, {{1, 1, 1, 1}, {1, 1, 1, 1}}, nullptr, 1);
}

static descriptor integers(graph *g, int64_t id, int64_t count) {
    return tensor(g, id, CUDNN_DATA_INT32, {{count, 1, 1, 1}, {1, 1, 1, 1}}, nullptr, 0);
}

/* Packed rows as [B,A,S,D], and the same memory as [B,A,D,S]. */
static descriptor rows(graph *g, int64_t id, int64_t stride, descriptor offsets) {
    const sdpa_key *k = &g->plan->key;
    return tensor(g, id, CUDNN_DATA_BFLOAT16,
                  {{k->sequences, k->heads, k->longest, k->head_size}, {k->longest * stride, k->head_size, stride, 1}},
                  offsets, 0);
}
static descriptor rows_transposed(graph *g, int64_t id, int64_t stride, descriptor offsets) {
    const sdpa_key *k = &g->plan->key;
    return tensor(g, id, CUDNN_DATA_BFLOAT16,
                  {{k->sequences, k->heads, k->head_size, k->longest}, {k->longest * stride, k->head_size, 1, stride}},
                  offsets, 0);
}

/* Packed rows of A numbers as [B,A,S,1], f32. */
static descriptor statistics(graph *g, int64_t id, descriptor offsets) {
    const sdpa_key *k = &g->plan->key;
    return tensor(g, id, CUDNN_DATA_FLOAT,
                  {{k->sequences, k->heads, k->longest, 1}, {k->longest * k->heads, 1, k->heads, 1}}, offsets, 0);
}

/* A tensor inside the fused kernel: [B,A,S,n]; n is S for scores, 1 for one value a row, D for an output row. */
static descriptor inner(graph *g, cudnnDataType_t type, int64_t n) {
    const sdpa_key *k = &g->plan->key;
    int64_t s = k->longest;
    return tensor(g, FIRST_VIRTUAL, type, {{k->sequences, k->heads, s, n}, {k->heads * s * n, s * n, n, 1}}, nullptr,
                  0);
}
static descriptor scores(graph *g, cudnnDataType_t type) {
    return inner(g, type, g->plan->key.longest);
}

/* c = a b, [m,k] x [k,n] for each head. m, n, k: the lengths tensor if that dimension is the sequence's length, else
 * NULL. */
static void product(graph *g, descriptor c, descriptor a, descriptor b, descriptor m, descriptor n, descriptor k) {
    const cudnnDataType_t type = CUDNN_DATA_FLOAT;
    const double padding = 0.0;
    descriptor how = create(g, CUDNN_BACKEND_MATMUL_DESCRIPTOR);
    set(g, how, CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
    set(g, how, CUDNN_ATTR_MATMUL_PADDING_VALUE, CUDNN_TYPE_DOUBLE, 1, &padding);
    finish(g, how, "a product of attention");
    descriptor op = create(g, CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
    set_part(g, op, CUDNN_ATTR_OPERATION_MATMUL_ADESC, a);
    set_part(g, op, CUDNN_ATTR_OPERATION_MATMUL_BDESC, b);
    set_part(g, op, CUDNN_ATTR_OPERATION_MATMUL_CDESC, c);
    set_part(g, op, CUDNN_ATTR_OPERATION_MATMUL_DESC, how);
    set_part(g, op, CUDNN_ATTR_OPERATION_MATMUL_GEMM_M_OVERRIDE_DESC, m);
    set_part(g, op, CUDNN_ATTR_OPERATION_MATMUL_GEMM_N_OVERRIDE_DESC, n);
    set_part(g, op, CUDNN_ATTR_OPERATION_MATMUL_GEMM_K_OVERRIDE_DESC, k);
    add(g, op);
}

/* y = mode(x, b, t) by element; returns y. `axis` is used by an index generator only. */
static descriptor pointwise(graph *g, cudnnPointwiseMode_t mode, cudnnDataType_t type, descriptor y, descriptor x,
                            descriptor b = nullptr, descriptor t = nullptr, int64_t axis = -1) {
    descriptor how = create(g, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    set(g, how, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
    set(g, how, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &type);
    if (axis >= 0)
        set(g, how, CUDNN_ATTR_POINTWISE_AXIS, CUDNN_TYPE_INT64, 1, &axis);
    finish(g, how, "a function of attention");
    descriptor op = create(g, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    set_part(g, op, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
    set_part(g, op, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
    set_part(g, op, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b);
    set_part(g, op, CUDNN_ATTR_OPERATION_POINTWISE_TDESC, t);
    set_part(g, op, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
    add(g, op);
    return y;
}

/* A pointwise operation on scores, in f32. */
static descriptor compute(graph *g, cudnnPointwiseMode_t mode, descriptor x, descriptor b = nullptr) {
    return pointwise(g, mode, CUDNN_DATA_FLOAT, scores(g, CUDNN_DATA_FLOAT), x, b);
}

static descriptor reduce_rows(graph *g, cudnnReduceTensorOp_t mode, descriptor x) {
    const cudnnDataType_t type = CUDNN_DATA_FLOAT;
    descriptor y = inner(g, type, 1);
    descriptor how = create(g, CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
    set(g, how, CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, 1, &mode);
    set(g, how, CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
    finish(g, how, "a sum of attention");
    descriptor op = create(g, CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
    set_part(g, op, CUDNN_ATTR_OPERATION_REDUCTION_XDESC, x);
    set_part(g, op, CUDNN_ATTR_OPERATION_REDUCTION_YDESC, y);
    set_part(g, op, CUDNN_ATTR_OPERATION_REDUCTION_DESC, how);
    add(g, op);
    return y;
}

static descriptor reshape(graph *g, descriptor y, descriptor x) {
    descriptor op = create(g, CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR);
    set_part(g, op, CUDNN_ATTR_OPERATION_RESHAPE_XDESC, x);
    set_part(g, op, CUDNN_ATTR_OPERATION_RESHAPE_YDESC, y);
    add(g, op);
    return y;
}

/* Scores transposed for a product: [B,A,keys,queries], in bf16. */
static descriptor turned(graph *g, descriptor x) {
    const sdpa_key *k = &g->plan->key;
    int64_t s = k->longest;
    descriptor y = tensor(g, FIRST_VIRTUAL, CUDNN_DATA_BFLOAT16,
                          {{k->sequences, k->heads, s, s}, {k->heads * s * s, s * s, 1, s}}, nullptr, 0);
    return reshape(g, y, x);
}

/* --- the two graphs ---------------------------------------------------------------------------------------------- */

/* Scores of queries or keys past the sequence's length := the lowest number. */
static descriptor mask_padding(graph *g, descriptor x, descriptor lengths) {
    const cudnnDataType_t index = CUDNN_DATA_INT32, truth = CUDNN_DATA_BOOLEAN;
    descriptor query = pointwise(g, CUDNN_POINTWISE_GEN_INDEX, index, scores(g, index), x, nullptr, nullptr, 2);
    descriptor key = pointwise(g, CUDNN_POINTWISE_GEN_INDEX, index, scores(g, index), x, nullptr, nullptr, 3);
    descriptor query_is = pointwise(g, CUDNN_POINTWISE_CMP_LT, truth, scores(g, truth), query, lengths);
    descriptor key_is = pointwise(g, CUDNN_POINTWISE_CMP_LT, truth, scores(g, truth), key, lengths);
    descriptor both = pointwise(g, CUDNN_POINTWISE_LOGICAL_AND, truth, scores(g, truth), query_is, key_is);
    return pointwise(g, CUDNN_POINTWISE_BINARY_SELECT, CUDNN_DATA_FLOAT, scores(g, CUDNN_DATA_FLOAT), x,
                     number(g, ID_LOWEST), both);
}

/* Descriptors of the tensors that both graphs read. */
struct inputs {
    descriptor offsets[OFFSETS_COUNT], lengths, q, k_transposed, out, lse, scale;
};

static inputs make_inputs(graph *g) {
    const sdpa_key *k = &g->plan->key;
    inputs in = {};
    int directions = k->dq_stride ? OFFSETS_COUNT : OFFSETS_DQ;
    for (int i = 0; i < directions; i++)
        in.offsets[i] = integers(g, ID_OFFSETS + i, k->sequences + 1);
    in.lengths = integers(g, ID_LENGTHS, k->sequences);
    in.q = rows(g, ID_Q, k->q_stride, in.offsets[OFFSETS_Q]);
    in.k_transposed = rows_transposed(g, ID_K, k->kv_stride, in.offsets[OFFSETS_KV]);
    in.out = rows(g, ID_OUT, k->heads * k->head_size, in.offsets[OFFSETS_OUT]);
    in.lse = statistics(g, ID_LSE, in.offsets[OFFSETS_LSE]);
    in.scale = number(g, ID_SCALE);
    return in;
}

static descriptor scaled_scores(graph *g, const inputs *in) {
    descriptor s = scores(g, CUDNN_DATA_FLOAT);
    product(g, s, in->q, in->k_transposed, in->lengths, in->lengths, nullptr);
    return compute(g, CUDNN_POINTWISE_MUL, s, in->scale);
}

/* out = softmax(q k^T scale) v, lse = max + log of the sum. */
static void forward_graph(graph *g) {
    const sdpa_key *k = &g->plan->key;
    const cudnnDataType_t f32 = CUDNN_DATA_FLOAT;
    inputs in = make_inputs(g);
    descriptor s = mask_padding(g, scaled_scores(g, &in), in.lengths);
    descriptor highest = reduce_rows(g, CUDNN_REDUCE_TENSOR_MAX, s);
    descriptor e = compute(g, CUDNN_POINTWISE_EXP, compute(g, CUDNN_POINTWISE_SUB, s, highest));
    descriptor sum = reduce_rows(g, CUDNN_REDUCE_TENSOR_ADD, e);
    descriptor logarithm = pointwise(g, CUDNN_POINTWISE_LOG, f32, inner(g, f32, 1), sum);
    pointwise(g, CUDNN_POINTWISE_ADD, f32, in.lse, highest, logarithm);
    descriptor p = pointwise(g, CUDNN_POINTWISE_DIV, f32, scores(g, CUDNN_DATA_BFLOAT16), e, sum);
    product(g, in.out, p, rows(g, ID_V, k->kv_stride, in.offsets[OFFSETS_KV]), in.lengths, nullptr, in.lengths);
}

/* delta = rowsum(dout out); p = exp(q k^T scale - lse); dv = p^T dout; ds = (dout v^T - delta) p scale; dk = ds^T q;
 * dq = ds k. */
static void backward_graph(graph *g) {
    const sdpa_key *k = &g->plan->key;
    const cudnnDataType_t f32 = CUDNN_DATA_FLOAT;
    inputs in = make_inputs(g);
    descriptor dout = rows(g, ID_DOUT, k->heads * k->head_size, in.offsets[OFFSETS_OUT]);
    descriptor v_transposed = rows_transposed(g, ID_V, k->kv_stride, in.offsets[OFFSETS_KV]);

    descriptor both = pointwise(g, CUDNN_POINTWISE_MUL, f32, inner(g, f32, k->head_size), dout, in.out);
    descriptor sums = reduce_rows(g, CUDNN_REDUCE_TENSOR_ADD, both);
    /* cuDNN's pattern has a dropout factor here; it is 1. */
    descriptor delta = pointwise(g, CUDNN_POINTWISE_MUL, f32, statistics(g, ID_DELTA, in.offsets[OFFSETS_LSE]), sums,
                                 number(g, ID_ONE));

    descriptor s = compute(g, CUDNN_POINTWISE_SUB, scaled_scores(g, &in), in.lse);
    descriptor p = compute(g, CUDNN_POINTWISE_EXP, mask_padding(g, s, in.lengths));
    product(g, rows(g, ID_DV, k->dkv_stride, in.offsets[OFFSETS_DKV]), turned(g, p), dout, in.lengths, nullptr,
            in.lengths);

    descriptor dp = scores(g, f32);
    product(g, dp, dout, v_transposed, in.lengths, in.lengths, nullptr);
    descriptor ds = compute(g, CUDNN_POINTWISE_MUL, compute(g, CUDNN_POINTWISE_SUB, dp, delta), p);
    ds = compute(g, CUDNN_POINTWISE_MUL, ds, in.scale);
    product(g, rows(g, ID_DK, k->dkv_stride, in.offsets[OFFSETS_DKV]), turned(g, ds), in.q, in.lengths, nullptr,
            in.lengths);
    descriptor keys = reshape(g, rows(g, FIRST_VIRTUAL, k->kv_stride, in.offsets[OFFSETS_KV]), in.k_transposed);
    product(g, rows(g, ID_DQ, k->dq_stride, in.offsets[OFFSETS_DQ]), ds, keys, in.lengths, nullptr, in.lengths);
}

/* --- plans ------------------------------------------------------------------------------------------------------- */

/* Whether cuDNN reports the configuration's engine as deterministic. */
static int is_deterministic(graph *g, descriptor configuration) {
    cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
    int64_t count = 0;
    descriptor engine = create(g, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    const cam_attention_cudnn *cudnn = g->cudnn;
    if (g->st != CAM_OK ||
        cudnn->BackendGetAttribute(configuration, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count,
                                   &engine) != CUDNN_STATUS_SUCCESS ||
        cudnn->BackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                   CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &count, notes) != CUDNN_STATUS_SUCCESS)
        return 0;
    for (int64_t i = 0; i < count; i++)
        if (notes[i] == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)
            return 0;
    return 1;
}

/* Tries to build the plan from one configuration; plan->ready stays unset if cuDNN refuses. */
static void try_configuration(graph *g, descriptor configuration) {
    const cam_attention_cudnn *cudnn = g->cudnn;
    int64_t bytes = 0, count = 0;
    if (!is_deterministic(g, configuration))
        return;
    descriptor plan = create(g, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    if (cudnn->handle)
        set(g, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn->handle);
    else
        set_part(g, plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, cudnn->device);
    set_part(g, plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
    if (g->st == CAM_OK && cudnn->BackendFinalize(plan) == CUDNN_STATUS_SUCCESS &&
        cudnn->BackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count,
                                   &bytes) == CUDNN_STATUS_SUCCESS) {
        g->plan->ready = plan;
        g->plan->workspace_bytes = (size_t)bytes;
    }
}

/* Takes the first of cuDNN's heuristic results that can be built. */
static void choose(graph *g, descriptor whole, cudnnBackendHeurMode_t mode) {
    descriptor answers[MOST_ENGINES];
    int64_t count = 0;
    descriptor heuristic = create(g, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    set_part(g, heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, whole);
    set(g, heuristic, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    set_part(g, heuristic, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, g->cudnn->device);
    for (descriptor &answer : answers)
        answer = create(g, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    if (g->st != CAM_OK || g->cudnn->BackendFinalize(heuristic) != CUDNN_STATUS_SUCCESS ||
        g->cudnn->BackendGetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                      MOST_ENGINES, &count, answers) != CUDNN_STATUS_SUCCESS)
        return;
    for (int64_t i = 0; i < count && !g->plan->ready; i++)
        try_configuration(g, answers[i]);
}

cam_status cam_attention_cudnn_add_plan(cam_attention_cudnn *cudnn, const sdpa_key *key) {
    graph g = {};
    descriptor whole;
    g.cudnn = cudnn, g.next_virtual = FIRST_VIRTUAL + 1;
    g.plan = static_cast<sdpa_plan *>(calloc(1, sizeof *g.plan));
    if (!g.plan)
        return cam_fail(CAM_E_MEMORY, "no memory for a plan of cuDNN's attention");
    g.plan->key = *key;
    if (key->dq_stride)
        backward_graph(&g);
    else
        forward_graph(&g);
    whole = create(&g, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    set(&g, whole, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, g.operation_count, g.operations);
    if (cudnn->handle)
        set(&g, whole, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn->handle);
    finish(&g, whole, "the graph of attention");
    for (cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
        if (!g.plan->ready)
            choose(&g, whole, mode);
    if (g.st == CAM_OK && !g.plan->ready)
        g.st = cam_attention_cudnn_failed(cudnn, CUDNN_STATUS_NOT_SUPPORTED, "no engine for attention of this shape");
    if (g.st != CAM_OK) {
        cam_attention_cudnn_release_plan(cudnn, g.plan);
        return g.st;
    }
    g.plan->next = cudnn->plans;
    cudnn->plans = g.plan;
    return CAM_OK;
}
