/* ceilings.cu: measures the limits of this GPU: memory bandwidth, matrix products, and the cost of launches. Other
 * measurements are given as fractions of these.
 *
 *     ceilings      one JSON object on standard output
 *
 *   copy      1 GiB, bytes read and written
 *   products  kernels/matmul.h on random numbers: 8192^3 in each precision, and in bf16 the four linear layers of
 *             CamemBERT-base, forward and both gradients, at several token counts; in one CUDA graph whose runs use other
 *             operands in turn, in total more than the cache holds, as in a training step
 *   launches  empty kernels on a stream, and in sequence in a graph
 * Each figure is the median of RUNS, after one warm-up. Exit 6 without a GPU.
 */
#include "matmul.h"
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

enum { RUNS = 11, EMPTY = 300 };
static const int64_t past_caches = (int64_t)192 << 20;

static double now_s(void) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static void check(cudaError_t error, const char *what) {
    if (error == cudaSuccess)
        return;
    fprintf(stderr, "error: %s: %s\n", what, cudaGetErrorString(error));
    exit(6);
}
#define CHECK(call) check((call), #call)

static void must(cam_status status) {
    if (status == CAM_OK)
        return;
    fprintf(stderr, "error: %s\n", cam_status_message());
    exit(cam_status_exit_code(status));
}

static __global__ void empty_kernel(int *) {}

/* Values in (-1/2, 1/2), as f32 or bf16. */
static __global__ void fill(void *to, int64_t n, int bf16) {
    for (int64_t i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x; i < n; i += (int64_t)gridDim.x * blockDim.x) {
        uint32_t u = (uint32_t)i * 2654435761u;
        u ^= u >> 15;
        float value = (float)(int32_t)(u * 2246822519u) * 0x1p-32f;
        if (bf16)
            static_cast<uint16_t *>(to)[i] = (uint16_t)(__float_as_uint(value) >> 16);
        else
            static_cast<float *>(to)[i] = value;
    }
}

static void *take(size_t bytes) {
    void *memory;
    CHECK(cudaMalloc(&memory, bytes));
    return memory;
}

/* Median seconds between two events around `work`. */
template <typename Work> static double time_s(cudaStream_t stream, Work work) {
    double seconds[RUNS];
    cudaEvent_t begin, end;
    CHECK(cudaEventCreate(&begin));
    CHECK(cudaEventCreate(&end));
    work();
    for (int run = 0; run < RUNS; run++) {
        float ms;
        CHECK(cudaEventRecord(begin, stream));
        work();
        CHECK(cudaEventRecord(end, stream));
        CHECK(cudaEventSynchronize(end));
        CHECK(cudaEventElapsedTime(&ms, begin, end));
        seconds[run] = 1e-3 * ms;
    }
    CHECK(cudaEventDestroy(begin));
    CHECK(cudaEventDestroy(end));
    std::sort(seconds, seconds + RUNS);
    return seconds[RUNS / 2];
}

/* Median seconds of a graph of the work that `record` enqueues. */
template <typename Record> static double time_graph_s(cudaStream_t stream, Record record) {
    cudaGraph_t graph;
    cudaGraphExec_t run;
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    record();
    CHECK(cudaStreamEndCapture(stream, &graph));
    CHECK(cudaGraphInstantiate(&run, graph, 0));
    double seconds = time_s(stream, [&] { CHECK(cudaGraphLaunch(run, stream)); });
    CHECK(cudaGraphExecDestroy(run));
    CHECK(cudaGraphDestroy(graph));
    return seconds;
}

static void measure_copies(cudaStream_t stream) {
    size_t bytes = (size_t)1 << 30;
    void *from = take(bytes), *to = take(bytes), *host;
    CHECK(cudaMallocHost(&host, bytes / 8));
    fill<<<1024, 256, 0, stream>>>(from, (int64_t)(bytes / 4), 0);
    double copy_s = time_s(stream, [&] { CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream)); });
    double in_s = time_s(stream, [&] { CHECK(cudaMemcpyAsync(to, host, bytes / 8, cudaMemcpyHostToDevice, stream)); });
    double out_s =
        time_s(stream, [&] { CHECK(cudaMemcpyAsync(host, from, bytes / 8, cudaMemcpyDeviceToHost, stream)); });
    printf("\"copy_gb_per_s\":%.1f,\"to_device_gb_per_s\":%.2f,\"from_device_gb_per_s\":%.2f,",
           2e-9 * (double)bytes / copy_s, 1e-9 * (double)bytes / 8 / in_s, 1e-9 * (double)bytes / 8 / out_s);
    CHECK(cudaFree(from));
    CHECK(cudaFree(to));
    CHECK(cudaFreeHost(host));
}

static void measure_launches(cudaStream_t stream) {
    int *nothing = static_cast<int *>(take(4));
    auto launch = [&] {
        for (int i = 0; i < EMPTY; i++)
            empty_kernel<<<1, 32, 0, stream>>>(nothing);
    };
    double stream_s = time_s(stream, launch), begin = now_s();
    launch();
    double host_s = now_s() - begin;
    CHECK(cudaStreamSynchronize(stream));
    double graph_s = time_graph_s(stream, launch);
    printf("\"launch_us\":%.3f,\"launch_host_us\":%.3f,\"graph_node_us\":%.3f,", 1e6 * stream_s / EMPTY,
           1e6 * host_s / EMPTY, 1e6 * graph_s / EMPTY);
    CHECK(cudaFree(nothing));
}

enum { FORWARD, DATA_GRADIENT, WEIGHT_GRADIENT, PASSES };
static const char *const pass_names[] = {"forward", "data gradient", "weight gradient"};

/* The product of a linear layer [in] -> [out] over m tokens. */
static cam_matmul_call product(int pass, cam_dtype dtype, int64_t m, int64_t out, int64_t in, void *x, void *w,
                               void *y) {
    cam_tensor tx = cam_tensor_2d(x, dtype, m, in), tw = cam_tensor_2d(w, dtype, out, in),
               ty = cam_tensor_2d(y, dtype, m, out);
    cam_matmul_call call = {};
    if (pass == FORWARD)
        call.c = ty, call.a = tx, call.b = tw, call.b_transposed = 1;
    else if (pass == DATA_GRADIENT)
        call.c = tx, call.a = ty, call.b = tw;
    else
        call.c = tw, call.a = ty, call.b = tx, call.a_transposed = 1;
    return call;
}

typedef struct kind {
    const char *name;
    cam_dtype dtype;
    int tf32;
} kind;
static const kind kinds[] = {{"bf16", CAM_BF16, 0}, {"tf32", CAM_F32, 1}, {"f32", CAM_F32, 0}};

/* Seconds of one product, with so many different operands in turn that none is left in a cache. */
static double product_s(cudaStream_t stream, cam_matmul *matmul, const kind *k, int pass, int64_t m, int64_t out,
                        int64_t in) {
    int64_t size = k->dtype == CAM_BF16 ? 2 : 4, x_bytes = m * in * size, y_bytes = m * out * size,
            w_bytes = out * in * size, all = x_bytes + y_bytes + w_bytes, turns = (past_caches + all - 1) / all;
    char *memory = static_cast<char *>(take((size_t)(all * turns)));
    fill<<<1024, 256, 0, stream>>>(memory, all * turns / size, k->dtype == CAM_BF16);
    auto run = [&] {
        for (int64_t turn = 0; turn < turns; turn++) {
            char *x = memory + turn * all, *y = x + x_bytes, *w = y + y_bytes;
            cam_matmul_call call = product(pass, k->dtype, m, out, in, x, w, y);
            must(cam_matmul_run(matmul, &call));
        }
    };
    run(); /* algorithms must be chosen before the capture */
    CHECK(cudaStreamSynchronize(stream));
    double seconds = time_graph_s(stream, run) / (double)turns;
    CHECK(cudaFree(memory));
    return seconds;
}

static void measure_shapes(cudaStream_t stream, cam_matmul *matmul, const kind *k) {
    static const struct {
        const char *name;
        int64_t out, in;
    } shapes[] = {{"qkv", 2304, 768}, {"output", 768, 768}, {"up", 3072, 768}, {"down", 768, 3072}};
    static const int64_t tokens[] = {384, 448, 512, 8192, 16384};
    for (int64_t m : tokens) {
        double layer_s = 0;
        for (const auto &s : shapes)
            for (int pass = 0; pass < PASSES; pass++) {
                double seconds = product_s(stream, matmul, k, pass, m, s.out, s.in);
                layer_s += seconds;
                printf(
                    "{\"kind\":\"%s\",\"tokens\":%lld,\"product\":\"%s\",\"pass\":\"%s\",\"us\":%.2f,\"tflops\":%.1f},",
                    k->name, (long long)m, s.name, pass_names[pass], 1e6 * seconds,
                    2e-12 * (double)(m * s.out * s.in) / seconds);
            }
        printf("{\"kind\":\"%s\",\"tokens\":%lld,\"product\":\"all of a layer\",\"us\":%.2f}%s", k->name, (long long)m,
               1e6 * layer_s, m == 16384 ? "" : ",");
        fflush(stdout);
    }
}

int main(void) {
    int count = 0;
    if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) {
        fprintf(stderr, "error: no GPU: %s\n", cudaGetErrorString(cudaGetLastError()));
        return 6;
    }
    double begin = now_s();
    CHECK(cudaFree(nullptr));
    double context_s = now_s() - begin;
    cudaDeviceProp device;
    cudaStream_t stream;
    int driver = 0, runtime = 0;
    CHECK(cudaGetDeviceProperties(&device, 0));
    CHECK(cudaDriverGetVersion(&driver));
    CHECK(cudaRuntimeGetVersion(&runtime));
    CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    printf("{\"device\":\"%s\",\"capability\":%d,\"multiprocessors\":%d,\"l2_mb\":%.0f,\"memory_gb\":%.1f,"
           "\"driver\":%d,\"runtime\":%d,\"context_s\":%.4f,",
           device.name, 10 * device.major + device.minor, device.multiProcessorCount, device.l2CacheSize * 1e-6,
           (double)device.totalGlobalMem * 1e-9, driver, runtime, context_s);
    measure_copies(stream);
    measure_launches(stream);
    cam_matmul *matmuls[3];
    for (int i = 0; i < 3; i++) {
        begin = now_s();
        must(cam_matmul_open(&matmuls[i], stream, kinds[i].tf32));
        if (i == 0)
            printf("\"cublaslt\":\"%s\",\"cublaslt_open_s\":%.4f,", cam_matmul_description(matmuls[i]),
                   now_s() - begin);
        double seconds = product_s(stream, matmuls[i], &kinds[i], FORWARD, 8192, 8192, 8192);
        printf("\"%s_tflops\":%.1f,", kinds[i].name, 2e-12 * 8192.0 * 8192.0 * 8192.0 / seconds);
    }
    printf("\"products\":[");
    measure_shapes(stream, matmuls[0], &kinds[0]);
    printf("]}\n");
    for (cam_matmul *matmul : matmuls)
        cam_matmul_close(matmul);
    return 0;
}
