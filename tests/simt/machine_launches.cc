/* machine_launches.cc: checks of arithmetic, launches, streams and graphs, and injected faults. */
#include "machine_test.h"
#include "runtime.h"

/* --- numbers --- */

static float from_bits(uint32_t bits) {
    return cam_bits_to_f32(bits);
}
static void bf16_rounding(void) {
    MUST(cam_f32_to_bf16(1.0f).bits == 0x3f80);
    MUST(cam_f32_to_bf16(from_bits(0x3f808000)).bits == 0x3f80); /* a tie, to even */
    MUST(cam_f32_to_bf16(from_bits(0x3f818000)).bits == 0x3f82);
    MUST(cam_f32_to_bf16(from_bits(0x3f808001)).bits == 0x3f81);
    MUST(cam_f32_to_bf16(from_bits(0x7f7fffff)).bits == 0x7f80); /* overflows to infinity */
    MUST(cam_f32_to_bf16(from_bits(0x7f800001)).bits == 0x7fff);
    MUST(cam_f32_to_bf16(from_bits(0xff800000)).bits == 0xff80);
    MUST(cam_f32_to_bf16(from_bits(0x80000000)).bits == 0x8000);
    MUST(cam_pack_bf16(1.0f, -2.0f) == 0xc0003f80);
}

static void poison_is_nan(void) {
    double d;
    float f;
    simt_poison(&d, sizeof d);
    simt_poison(&f, sizeof f);
    MUST(d != d && f != f);
    MUST((SIMT_POISON & 0x7fff) > 0x7f80 && SIMT_POISON >> 16 > 0x7f80);
}

/* --- launches --- */

CAM_KERNEL(1) note_order(unsigned *next, unsigned *order) {
    order[(*next)++] = blockIdx.x;
}
static std::vector<unsigned> order_of_blocks(uint64_t seed) {
    unsigned *next = device<unsigned>(1), *order = device<unsigned>(50);
    *next = 0;
    simt_seed(seed);
    launch(note_order, 50, 1, 0, next, order);
    std::vector<unsigned> all(order, order + 50);
    cudaFree(next);
    cudaFree(order);
    return all;
}
static void seeds_shuffle(void) {
    std::vector<unsigned> one = order_of_blocks(1), two = order_of_blocks(2), again = order_of_blocks(1);
    MUST(one == again);
    MUST(one != two);
    std::vector<bool> seen(50);
    for (unsigned b : one)
        seen[b] = true;
    for (bool b : seen)
        MUST(b);
}

CAM_KERNEL(32) add(float *x, float a) {
    x[threadIdx.x] += a;
}

static void too_large_a_launch(void) {
    float *x = device<float>(32);
    MUST(cam_launch(nullptr, add, 1, 1025, 0, x, 1.0f) == cudaErrorInvalidConfiguration);
    MUST(cam_launch(nullptr, add, 0, 32, 0, x, 1.0f) == cudaErrorInvalidConfiguration);
    MUST(cam_launch(nullptr, add, 1, 32, 228 << 10, x, 1.0f) == cudaErrorInvalidValue);
    MUST(cudaGetLastError() == cudaErrorInvalidValue && cudaGetLastError() == cudaSuccess);
    cudaFree(x);
}
static void more_threads_than_bound(void) {
    float *x = device<float>(64);
    launch(add, 1, 64, 0, x, 1.0f);
}

static void captured_graph(void) {
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    void *forbidden;
    float *x = device<float>(32), host[32], a = 2;
    MUST(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
    MUST(cudaMemsetAsync(x, 0, 32 * sizeof *x, stream) == cudaSuccess);
    MUST(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
    MUST(cam_launch(stream, add, 1, 32, 0, x, a) == cudaSuccess);
    a = 100; /* was taken by value */
    MUST(cam_launch(stream, add, 1, 32, 0, x, 1.0f) == cudaSuccess);
    MUST(cudaMemcpyAsync(host, x, sizeof host, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
    MUST(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
    MUST(x[7] == 0);
    MUST(cudaGraphInstantiate(&exec, graph, 0) == cudaSuccess && cudaGraphDestroy(graph) == cudaSuccess);
    for (int i = 0; i < 3; i++)
        MUST(cudaGraphLaunch(exec, stream) == cudaSuccess);
    MUST(cudaStreamSynchronize(stream) == cudaSuccess);
    MUST(host[7] == 9 && host[31] == 9);
    MUST(cudaGraphExecDestroy(exec) == cudaSuccess);

    MUST(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    MUST(cudaMalloc(&forbidden, 16) == cudaErrorStreamCaptureUnsupported);
    MUST(cam_launch(stream, add, 1, 32, 0, x, 1.0f) == cudaErrorStreamCaptureInvalidated);
    MUST(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated && !graph);
    MUST(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    MUST(cudaStreamSynchronize(stream) == cudaErrorStreamCaptureUnsupported);
    MUST(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
    (void)cudaGetLastError();
    cudaFree(x);
    MUST(cudaStreamDestroy(stream) == cudaSuccess && simt_live_allocations() == 0);
}

static void lazy_stream(void) {
    cudaStream_t stream;
    float *x = device<float>(32), host[32] = {};
    simt_set_lazy(true);
    MUST(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
    MUST(cudaMemsetAsync(x, 0, 32 * sizeof *x, stream) == cudaSuccess);
    MUST(cam_launch(stream, add, 1, 32, 0, x, 5.0f) == cudaSuccess);
    MUST(cudaMemcpyAsync(host, x, sizeof host, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
    MUST(host[3] == 0);
    MUST(cudaStreamSynchronize(stream) == cudaSuccess);
    MUST(host[3] == 5);
    cudaStreamDestroy(stream);
    cudaFree(x);
}

static void faults_on_demand(void) {
    void *memory = nullptr;
    int count = -1, driver = -1;
    simt_set_memory(1000);
    MUST(cudaMalloc(&memory, 1001) == cudaErrorMemoryAllocation && !memory);
    simt_fail_call("cudaMalloc", cudaErrorMemoryAllocation, 2);
    MUST(cudaMalloc(&memory, 10) == cudaSuccess && cudaFree(memory) == cudaSuccess);
    MUST(cudaMalloc(&memory, 10) == cudaErrorMemoryAllocation);
    MUST(cudaMalloc(&memory, 10) == cudaSuccess);
    MUST(cudaMemcpy(&driver, &count, sizeof count, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
    MUST(cudaFree(memory) == cudaSuccess && cudaFree(memory) == cudaErrorInvalidValue);
    simt_set_driver(0);
    MUST(cudaGetDeviceCount(&count) == cudaErrorInsufficientDriver && count == 0);
    MUST(cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0);
    simt_set_driver(CUDART_VERSION);
    simt_set_devices(0);
    MUST(cudaGetDeviceCount(&count) == cudaErrorNoDevice && count == 0);
    simt_set_devices(1);
    simt_fail_call("cudaStreamSynchronize", cudaErrorIllegalAddress, 1);
    MUST(cudaStreamSynchronize(nullptr) == cudaErrorIllegalAddress);
    MUST(cudaMalloc(&memory, 10) == cudaErrorIllegalAddress); /* from now on all fail */
    MUST(cudaGetLastError() == cudaErrorIllegalAddress && cudaGetLastError() == cudaErrorIllegalAddress);
}

const check checks_of_launches[] = {
    {"bf16 rounding", bf16_rounding, nullptr, IN_ALL},
    {"poison", poison_is_nan, nullptr, IN_ALL},
    {"seeds shuffle", seeds_shuffle, nullptr, IN_PLAIN | IN_ADDRESS},
    {"too large a launch", too_large_a_launch, nullptr, IN_ALL},
    {"more threads than the bound", more_threads_than_bound, "more than its bound", IN_GCC},
    {"captured graph", captured_graph, nullptr, IN_ALL},
    {"lazy stream", lazy_stream, nullptr, IN_ALL},
    {"faults on demand", faults_on_demand, nullptr, IN_ALL},
    {},
};
