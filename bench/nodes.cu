/* nodes.cu: measures what a node of a CUDA graph costs on this GPU, apart from the work that its kernel does.
 *
 *     nodes      one JSON object on standard output
 *
 * Each graph is a chain of NODES kernels; a figure is the time of the graph divided by NODES, the median of RUNS:
 *   empty      one block that does nothing
 *   blocks     as many blocks as the GPU has multiprocessors, which do nothing
 *   dependent  as many blocks, each of which loads what the kernel before has stored and stores the sum
 *   ..._programmatic  the same by programmatic edges: a kernel is started early and waits for the one before by itself
 *   fork       two kernels side by side and one that joins them, a kernel
 * And of the host's side: the microseconds of instantiating, updating and launching a graph, a node; and the time from
 * one graph of a single node to the next on the stream. Exit 6 without a GPU.
 */
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

enum { RUNS = 21, NODES = 330, THREADS = 256, GRAPHS = 200 };

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

static __device__ void wait_for_the_one_before(void) {
#if __CUDA_ARCH__ >= 900
    cudaTriggerProgrammaticLaunchCompletion();
    cudaGridDependencySynchronize();
#endif
}

static __global__ void idle(float *) {
    wait_for_the_one_before();
}

/* Without programmatic edges the wait returns at once. */
static __global__ void add_one(float *x) {
    wait_for_the_one_before();
    int at = (int)(blockIdx.x * THREADS + threadIdx.x);
    x[at] = x[at] + 1.0f;
}

typedef void (*kernel)(float *);

typedef struct chain {
    kernel run;
    int blocks, threads, programmatic;
} chain;

static cudaStream_t stream, branch;
static cudaEvent_t forked, joined, begin, end;
static float *numbers;

static void launch(const chain *c, cudaStream_t on) {
    cudaLaunchConfig_t config = {};
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attribute.val.programmaticStreamSerializationAllowed = 1;
    config.gridDim = dim3((unsigned)c->blocks), config.blockDim = dim3((unsigned)c->threads);
    config.stream = on, config.attrs = &attribute, config.numAttrs = c->programmatic ? 1 : 0;
    CHECK(cudaLaunchKernelEx(&config, c->run, numbers));
}

static void record_chain(const chain *c, int nodes) {
    for (int i = 0; i < nodes; i++)
        launch(c, stream);
}

/* Three kernels a turn: two side by side, and one after both. */
static void record_forks(const chain *c, int nodes) {
    for (int i = 0; i < nodes / 3; i++) {
        CHECK(cudaEventRecord(forked, stream));
        CHECK(cudaStreamWaitEvent(branch, forked, 0));
        launch(c, stream);
        launch(c, branch);
        CHECK(cudaEventRecord(joined, branch));
        CHECK(cudaStreamWaitEvent(stream, joined, 0));
        launch(c, stream);
    }
}

typedef void (*recorder)(const chain *, int);

static cudaGraph_t capture(recorder record, const chain *c, int nodes) {
    cudaGraph_t graph;
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    record(c, nodes);
    CHECK(cudaStreamEndCapture(stream, &graph));
    return graph;
}

/* Median seconds of `launches` launches of a graph, by the device's clock. */
static double time_s(cudaGraphExec_t run, int launches) {
    double seconds[RUNS];
    CHECK(cudaGraphLaunch(run, stream));
    for (double &s : seconds) {
        float ms;
        CHECK(cudaEventRecord(begin, stream));
        for (int i = 0; i < launches; i++)
            CHECK(cudaGraphLaunch(run, stream));
        CHECK(cudaEventRecord(end, stream));
        CHECK(cudaEventSynchronize(end));
        CHECK(cudaEventElapsedTime(&ms, begin, end));
        s = 1e-3 * ms;
    }
    std::sort(seconds, seconds + RUNS);
    return seconds[RUNS / 2];
}

static double node_us(recorder record, const chain *c) {
    cudaGraphExec_t run;
    cudaGraph_t graph = capture(record, c, NODES);
    CHECK(cudaGraphInstantiate(&run, graph, 0));
    double seconds = time_s(run, 1);
    CHECK(cudaGraphExecDestroy(run));
    CHECK(cudaGraphDestroy(graph));
    return 1e6 * seconds / NODES;
}

static void measure_host(const chain *c) {
    cudaGraphExec_t run, single_run;
    cudaGraphExecUpdateResultInfo info;
    cudaGraph_t graph = capture(record_chain, c, NODES), single = capture(record_chain, c, 1);
    double from = now_s();
    CHECK(cudaGraphInstantiate(&run, graph, 0));
    double instantiate_s = now_s() - from;
    from = now_s();
    CHECK(cudaGraphLaunch(run, stream));
    double first_s = now_s() - from;
    CHECK(cudaStreamSynchronize(stream));
    from = now_s();
    CHECK(cudaGraphExecUpdate(run, graph, &info));
    double update_s = now_s() - from;
    from = now_s();
    CHECK(cudaGraphLaunch(run, stream));
    double launch_s = now_s() - from;
    CHECK(cudaStreamSynchronize(stream));
    CHECK(cudaGraphInstantiate(&single_run, single, 0));
    printf("\"instantiate_node_us\":%.3f,\"first_launch_node_us\":%.3f,\"update_node_us\":%.3f,\"launch_node_us\":%.3f,"
           "\"graph_of_one_node_us\":%.3f}\n",
           1e6 * instantiate_s / NODES, 1e6 * first_s / NODES, 1e6 * update_s / NODES, 1e6 * launch_s / NODES,
           1e6 * time_s(single_run, GRAPHS) / GRAPHS);
}

int main(void) {
    int count = 0;
    cudaDeviceProp device;
    if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) {
        fprintf(stderr, "error: no GPU: %s\n", cudaGetErrorString(cudaGetLastError()));
        return 6;
    }
    CHECK(cudaGetDeviceProperties(&device, 0));
    CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    CHECK(cudaStreamCreateWithFlags(&branch, cudaStreamNonBlocking));
    for (cudaEvent_t *event : {&forked, &joined, &begin, &end})
        CHECK(cudaEventCreate(event));
    int blocks = device.multiProcessorCount;
    size_t bytes = (size_t)blocks * THREADS * sizeof *numbers;
    CHECK(cudaMalloc(&numbers, bytes));
    CHECK(cudaMemset(numbers, 0, bytes));
    const struct {
        const char *name;
        chain c;
    } chains[] = {{"empty", {idle, 1, 32, 0}},
                  {"blocks", {idle, blocks, THREADS, 0}},
                  {"dependent", {add_one, blocks, THREADS, 0}}};
    printf("{\"bench\":\"nodes\",\"nodes\":%d,\"blocks\":%d,", NODES, blocks);
    for (const auto &one : chains) {
        chain c = one.c;
        launch(&c, stream); /* loads the kernel, which is not allowed during capture */
        CHECK(cudaDeviceSynchronize());
        printf("\"%s_us\":%.3f,", one.name, node_us(record_chain, &c));
        c.programmatic = 1;
        if (device.major >= 9)
            printf("\"%s_programmatic_us\":%.3f,", one.name, node_us(record_chain, &c));
        fflush(stdout);
    }
    printf("\"fork_us\":%.3f,", node_us(record_forks, &chains[1].c));
    measure_host(&chains[0].c);
    return 0;
}
