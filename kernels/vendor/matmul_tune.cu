/* matmul_tune.cu: measures which algorithm is fastest for each product.
 *
 * A measurement is a captured graph of many runs of one product, so that the host's speed has no effect. Each run uses
 * other memory, in total more than any cache holds: in a training step a product reads its weights from memory, not
 * from the cache. Operands are random, since products of zeros run faster.
 */
#include "cuda.cuh"
#include "files.h"
#include "log.h"
#include "matmul_cublaslt.h"
#include "matmul_tune.h"
#include <cstdlib>
#include <cstring>

enum { REPEATS = 20, ROUNDS = 5, MOST_CANDIDATES = 256 };
enum { OPERANDS = 4 }; /* c, a, b, bias */
static const size_t past_caches = (size_t)192 << 20;

/* Memory of the operands while products are timed: one pool for each operand, large enough for the largest product. */
typedef struct pools {
    unsigned char *memory[OPERANDS];
    size_t bytes[OPERANDS];
    unsigned char *first, *second; /* a result twice, on the host */
    cudaEvent_t begin, end;
} pools;

typedef struct candidate {
    cublasLtMatmulAlgo_t algorithm;
    size_t workspace_bytes;
    float seconds;
} candidate;

/* The bytes of each operand, from its first to past its last element. */
static void operand_bytes(const cam_matmul_key *k, size_t bytes[OPERANDS]) {
    size_t in = cam_dtype_size((cam_dtype)k->input), out = cam_dtype_size((cam_dtype)k->output);
    bytes[0] = (size_t)(k->m * k->c_stride) * out;
    bytes[1] = (size_t)((k->a_transposed ? k->k : k->m) * k->a_stride) * in;
    bytes[2] = (size_t)((k->b_transposed ? k->n : k->k) * k->b_stride) * in;
    bytes[3] = k->bias_alignment ? (size_t)k->n * out : 0;
}

/* Operand `o` of run `turn`, at an address with exactly the alignment of the key. */
static unsigned char *operand_at(const pools *p, const cam_matmul_key *k, int o, int turn) {
    const int32_t alignment[OPERANDS] = {k->c_alignment, k->a_alignment, k->b_alignment, k->bias_alignment};
    size_t bytes[OPERANDS];
    operand_bytes(k, bytes);
    size_t step = (bytes[o] + 1023) / 512 * 512, turns = p->bytes[o] / step;
    return p->memory[o] + (size_t)turn % turns * step + (alignment[o] < 256 ? alignment[o] : 0);
}

/* Random numbers of both signs near 1, valid as f32 and as bf16: random bits with a limited exponent. */
static cam_status fill_random(unsigned char *memory, size_t bytes, uint32_t random) {
    cam_status st = CAM_OK;
    enum { BLOCK = 1 << 20 };
    uint32_t *block = static_cast<uint32_t *>(malloc(BLOCK));
    if (!block)
        CAM_FAIL(CAM_E_MEMORY, "no memory for random numbers");
    for (size_t i = 0; i < BLOCK / sizeof *block; i++) {
        random = random * 1664525u + 1013904223u;
        block[i] = (random & 0x807f807fu) | 0x3f003f00u | (random >> 8 & 0x00800080u);
    }
    for (size_t at = 0; at < bytes; at += BLOCK)
        CAM_CUDA_TRY(
            cudaMemcpy(memory + at, block, bytes - at < BLOCK ? bytes - at : (size_t)BLOCK, cudaMemcpyHostToDevice));
out:
    free(block);
    return st;
}

static cam_status pools_open(pools *p, const cam_matmul *matmul) {
    cam_status st = CAM_OK;
    size_t largest = 0;
    for (int o = 0; o < OPERANDS; o++)
        p->bytes[o] = past_caches;
    for (size_t i = 0; i < matmul->plan_count; i++) {
        size_t bytes[OPERANDS];
        operand_bytes(&matmul->plans[i].key, bytes);
        for (int o = 0; o < OPERANDS; o++)
            p->bytes[o] = bytes[o] + 1024 > p->bytes[o] ? bytes[o] + 1024 : p->bytes[o];
        largest = bytes[0] > largest ? bytes[0] : largest;
    }
    for (int o = 0; o < OPERANDS; o++) {
        CAM_CUDA_TRY(cudaMalloc(reinterpret_cast<void **>(&p->memory[o]), p->bytes[o]));
        CAM_TRY(fill_random(p->memory[o], p->bytes[o], (uint32_t)o + 1));
    }
    p->first = static_cast<unsigned char *>(malloc(largest + 1));
    p->second = static_cast<unsigned char *>(malloc(largest + 1));
    if (!p->first || !p->second)
        CAM_FAIL(CAM_E_MEMORY, "no memory for two results of %zu bytes", largest);
    CAM_CUDA_TRY(cudaEventCreate(&p->begin));
    CAM_CUDA_TRY(cudaEventCreate(&p->end));
    CAM_CUDA_TRY(cudaDeviceSynchronize()); /* the products' stream does not wait for the copies of fill_random */
out:
    return st;
}

static void pools_close(pools *p) {
    for (int o = 0; o < OPERANDS; o++)
        cudaFree(p->memory[o]);
    free(p->first);
    free(p->second);
    if (p->begin)
        cudaEventDestroy(p->begin);
    if (p->end)
        cudaEventDestroy(p->end);
}

static cam_status run_at(cam_matmul *matmul, const pools *p, const cam_matmul_plan *plan, const candidate *c,
                         int turn) {
    const cam_matmul_key *k = &plan->key;
    return cam_lt_run(matmul, plan, &c->algorithm, c->workspace_bytes, operand_at(p, k, 0, turn),
                      operand_at(p, k, 1, turn), operand_at(p, k, 2, turn),
                      k->bias_alignment ? operand_at(p, k, 3, turn) : nullptr);
}

/* Captures a graph of REPEATS runs. The capture is ended even after an error, because the stream is used again. */
static cam_status capture(cam_matmul *matmul, const pools *p, const cam_matmul_plan *plan, const candidate *c,
                          cudaGraphExec_t *run) {
    cam_status st = CAM_OK, captured = CAM_OK;
    cudaGraph_t graph = nullptr;
    CAM_CUDA_TRY(cudaStreamBeginCapture(matmul->stream, cudaStreamCaptureModeThreadLocal));
    for (int i = 0; i < REPEATS && captured == CAM_OK; i++)
        captured = run_at(matmul, p, plan, c, i);
    CAM_CUDA_TRY(cudaStreamEndCapture(matmul->stream, &graph));
    CAM_TRY(captured);
    CAM_CUDA_TRY(cudaGraphInstantiate(run, graph, 0));
out:
    if (graph)
        cudaGraphDestroy(graph);
    return st;
}

/* c->seconds = the time of one run in the fastest of ROUNDS graphs. */
static cam_status measure(cam_matmul *matmul, const pools *p, const cam_matmul_plan *plan, candidate *c) {
    cam_status st = CAM_OK;
    cudaGraphExec_t run = nullptr;
    CAM_TRY(run_at(matmul, p, plan, c, 0)); /* loads the kernel, which is not allowed during capture */
    CAM_CUDA_TRY(cudaStreamSynchronize(matmul->stream));
    CAM_TRY(capture(matmul, p, plan, c, &run));
    CAM_CUDA_TRY(cudaGraphLaunch(run, matmul->stream));
    for (int round = 0; round < ROUNDS; round++) {
        float milliseconds = 0;
        CAM_CUDA_TRY(cudaEventRecord(p->begin, matmul->stream));
        CAM_CUDA_TRY(cudaGraphLaunch(run, matmul->stream));
        CAM_CUDA_TRY(cudaEventRecord(p->end, matmul->stream));
        CAM_CUDA_TRY(cudaEventSynchronize(p->end));
        CAM_CUDA_TRY(cudaEventElapsedTime(&milliseconds, p->begin, p->end));
        float seconds = milliseconds / 1000 / REPEATS;
        c->seconds = round == 0 || seconds < c->seconds ? seconds : c->seconds;
    }
out:
    if (run)
        cudaGraphExecDestroy(run);
    return st;
}

/* Whether two runs from zeros give the same bits. */
static cam_status repeats(cam_matmul *matmul, const pools *p, const cam_matmul_plan *plan, const candidate *c,
                          int *same) {
    cam_status st = CAM_OK;
    size_t bytes[OPERANDS];
    unsigned char *result = operand_at(p, &plan->key, 0, 0);
    operand_bytes(&plan->key, bytes);
    for (int time = 0; time < 2; time++) {
        CAM_CUDA_TRY(cudaMemsetAsync(result, 0, bytes[0], matmul->stream));
        CAM_TRY(run_at(matmul, p, plan, c, 0));
        CAM_CUDA_TRY(cudaMemcpyAsync(time == 0 ? p->first : p->second, result, bytes[0], cudaMemcpyDeviceToHost,
                                     matmul->stream));
        CAM_CUDA_TRY(cudaStreamSynchronize(matmul->stream));
    }
    *same = memcmp(p->first, p->second, bytes[0]) == 0;
out:
    return st;
}

static int by_seconds(const void *a, const void *b) {
    float left = static_cast<const candidate *>(a)->seconds, right = static_cast<const candidate *>(b)->seconds;
    return (left > right) - (left < right);
}

/* *best = the fastest of cublasLt's heuristic results; candidates[0] is its own first choice. */
static cam_status tune_product(cam_matmul *matmul, const pools *p, const cam_matmul_plan *plan, int wanted,
                               const cam_cuda_listener *listener, candidate *best) {
    cam_status st = CAM_OK;
    static cublasLtMatmulHeuristicResult_t results[MOST_CANDIDATES];
    candidate candidates[MOST_CANDIDATES];
    int found = 0, count = 0, same = 0;
    char product[160];
    CAM_TRY(cam_lt_heuristics(matmul, plan, wanted, results, &found));
    for (int i = 0; i < found; i++) {
        if (results[i].state != CUBLAS_STATUS_SUCCESS)
            continue;
        candidates[count] = {results[i].algo, results[i].workspaceSize, 0};
        CAM_TRY(measure(matmul, p, plan, &candidates[count++]));
    }
    cam_lt_describe(&plan->key, product, sizeof product);
    if (count == 0)
        CAM_FAIL(CAM_E_DEVICE, "%s has no algorithm for %s", matmul->description, product);
    *best = candidates[0];
    qsort(candidates, (size_t)count, sizeof *candidates, by_seconds);
    for (int i = 0; i < count && !same; i++) {
        CAM_TRY(repeats(matmul, p, plan, &candidates[i], &same));
        if (same) {
            const cam_cuda_tuned tuned = {product, (double)best->seconds, (double)candidates[i].seconds, count};
            CAM_TRY(listener->on_tuned(listener->context, &tuned));
            *best = candidates[i];
        }
    }
    if (!same)
        CAM_FAIL(CAM_E_DEVICE, "none of %d algorithms gives the same bits twice for %s", count, product);
out:
    return st;
}

/* Appends the old file's entries for other products and machines. A file that is not a table is ignored. */
static cam_status put_rest(const cam_matmul *matmul, const char *path, cam_strbuf *text) {
    cam_status st = CAM_OK;
    cam_strbuf before = CAM_STRBUF_INIT;
    enum { MOST_BYTES = 64 << 20 };
    if (!cam_file_exists(path))
        return CAM_OK;
    CAM_TRY(cam_file_read(path, MOST_BYTES, CAM_E_DATA, &before));
    CAM_TRY(cam_matmul_table_put_rest(text, &matmul->machine, cam_strbuf_text(&before), path));
out:
    cam_strbuf_release(&before);
    if (st == CAM_E_DATA)
        cam_log_warn("%s; it is replaced", cam_status_message());
    return st == CAM_E_DATA ? CAM_OK : st;
}

cam_status cam_matmul_tune(cam_matmul *matmul, int candidates, const char *path, const cam_cuda_listener *listener) {
    cam_status st = CAM_OK;
    pools p = {};
    cam_strbuf text = CAM_STRBUF_INIT;
    int wanted = candidates < 1 ? 1 : candidates > MOST_CANDIDATES ? MOST_CANDIDATES : candidates;
    CAM_TRY(pools_open(&p, matmul));
    cam_matmul_table_put_machine(&text, &matmul->machine);
    for (size_t i = 0; i < matmul->plan_count; i++) {
        candidate best;
        cam_matmul_choice choice = {};
        if (matmul->plans[i].way != CAM_LT_WHOLE)
            continue; /* there is nothing to choose from */
        CAM_TRY(tune_product(matmul, &p, &matmul->plans[i], wanted, listener, &best));
        choice.key = matmul->plans[i].key;
        memcpy(choice.algorithm, &best.algorithm, sizeof choice.algorithm);
        cam_matmul_table_put_choice(&text, &choice);
    }
    CAM_TRY(put_rest(matmul, path, &text));
    CAM_TRY(cam_file_write(path, cam_strbuf_text(&text), text.length));
out:
    pools_close(&p);
    cam_strbuf_release(&text);
    return st;
}
