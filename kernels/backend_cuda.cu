/* backend_cuda.cu: memory, copies, graphs and errors of the CUDA backend, and the checks when it is opened.
 *
 * The main and the side queue are a stream each; the main one has the higher priority, so that what is beside the chain
 * fills only what the chain leaves. The error of a failed kernel is sticky: every later CUDA call returns it. The first
 * report therefore explains how to find the kernel.
 */
#include "backend_cuda.h"
#include "cam/arena.h"
#include "cuda.cuh"
#include "log.h"
#include "matmul_tune.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" const cam_ops_table cam_cuda_table;

/* Memory left free for graphs, lazily loaded kernels and cuBLAS. */
static const size_t RESERVE = (size_t)384 << 20;
enum { OLDEST_CAPABILITY = 75, BF16_CAPABILITY = 80 };
enum { MAIN, SIDE, QUEUES };

cam_status cam_cuda_failed(cudaError_t error, const char *what, const char *file, int line) {
    const char *name = strrchr(file, '/');
    if (error == cudaErrorMemoryAllocation)
        return cam_fail(CAM_E_MEMORY, "the GPU has no memory left (\"%s\" in %s:%d); use a smaller batch", what,
                        name ? name + 1 : file, line);
    return cam_fail(CAM_E_DEVICE,
                    "\"%s\" in %s:%d: %s (%s); CAM_CUDA_CHECK=1 in the environment names the kernel at fault", what,
                    name ? name + 1 : file, line, cudaGetErrorString(error), cudaGetErrorName(error));
}

/* --- memory ---------------------------------------------------------------------------------------------------- */

static cam_status cuda_allocate(cam_backend *backend, size_t bytes, void **memory) {
    (void)backend;
    cudaError_t error = cudaMalloc(memory, bytes ? bytes : 1);
    if (error == cudaErrorMemoryAllocation) {
        (void)cudaGetLastError();
        return cam_fail(CAM_E_MEMORY, "no GPU memory for a buffer of %zu bytes; use a smaller batch", bytes);
    }
    return error == cudaSuccess ? CAM_OK : cam_cuda_failed(error, "cudaMalloc", __FILE__, __LINE__);
}

static void cuda_release(cam_backend *backend, void *memory) {
    (void)backend;
    if (memory)
        (void)cudaFree(memory);
}

static size_t cuda_available(cam_backend *backend) {
    size_t free_bytes = 0, all = 0;
    (void)backend;
    if (cudaMemGetInfo(&free_bytes, &all) != cudaSuccess)
        return SIZE_MAX;
    return free_bytes > RESERVE ? free_bytes - RESERVE : 0;
}

static cam_status cuda_copy(cam_backend *backend, void *to, const void *from, size_t bytes, cam_copy_kind kind) {
    cam_status st = CAM_OK;
    static const cudaMemcpyKind kinds[] = {cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice};
    if (bytes)
        CAM_CUDA_TRY(cudaMemcpyAsync(to, from, bytes, kinds[kind], cam_cuda(backend)->stream));
out:
    return st;
}

static cam_status cuda_zero(cam_backend *backend, void *memory, size_t bytes) {
    cam_status st = CAM_OK;
    if (bytes)
        CAM_CUDA_TRY(cudaMemsetAsync(memory, 0, bytes, cam_cuda(backend)->stream));
out:
    return st;
}

static cam_status cuda_synchronize(cam_backend *backend) {
    cam_status st = CAM_OK;
    CAM_CUDA_TRY(cudaStreamSynchronize(cam_cuda(backend)->stream));
    if (cam_cuda(backend)->unjoined)
        CAM_CUDA_TRY(cudaStreamSynchronize(cam_cuda(backend)->queues[SIDE]));
out:
    return st;
}

static cam_status cuda_poll(cam_backend *backend) {
    cudaError_t error = cudaStreamQuery(cam_cuda(backend)->stream);
    return error == cudaSuccess || error == cudaErrorNotReady
               ? CAM_OK
               : cam_cuda_failed(error, "a step on the GPU", __FILE__, __LINE__);
}

static void cuda_release_host(cam_backend *backend, void *host) {
    (void)backend;
    if (host)
        (void)cudaFreeHost(host);
}

static cam_status cuda_allocate_mapped(cam_backend *backend, size_t bytes, void **host, void **device) {
    cam_status st = CAM_OK;
    *host = NULL;
    CAM_CUDA_TRY(cudaHostAlloc(host, bytes, cudaHostAllocMapped));
    memset(*host, 0, bytes);
    CAM_CUDA_TRY(cudaHostGetDevicePointer(device, *host, 0));
out:
    if (st != CAM_OK) {
        cuda_release_host(backend, *host);
        *host = NULL;
    }
    return st;
}

static cam_status cuda_allocate_staging(cam_backend *backend, size_t bytes, void **host) {
    cam_status st = CAM_OK;
    (void)backend;
    CAM_CUDA_TRY(cudaHostAlloc(host, bytes ? bytes : 1, cudaHostAllocDefault));
out:
    return st;
}

/* --- graphs ---------------------------------------------------------------------------------------------------- */

static cam_status cuda_capture_begin(cam_backend *backend) {
    cam_status st = CAM_OK;
    CAM_CUDA_TRY(cudaStreamBeginCapture(cam_cuda(backend)->stream, cudaStreamCaptureModeThreadLocal));
out:
    return st;
}

static cam_status cuda_capture_end(cam_backend *backend, void **graph) {
    cam_status st = CAM_OK;
    cudaGraph_t recorded = NULL;
    cudaGraphExec_t ready = NULL;
    *graph = NULL;
    CAM_CUDA_TRY(cudaStreamEndCapture(cam_cuda(backend)->stream, &recorded));
    CAM_CUDA_TRY(cudaGraphInstantiate(&ready, recorded, cudaGraphInstantiateFlagUseNodePriority));
    *graph = ready;
out:
    if (recorded)
        (void)cudaGraphDestroy(recorded);
    return st;
}

static cam_status cuda_graph_launch(cam_backend *backend, void *graph) {
    cam_status st = CAM_OK;
    CAM_CUDA_TRY(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), cam_cuda(backend)->stream));
out:
    return st;
}

static void cuda_graph_release(cam_backend *backend, void *graph) {
    (void)backend;
    if (graph)
        (void)cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph));
}

/* --- the side queue -------------------------------------------------------------------------------------------- */

static void use_queue(cam_cuda_backend *cuda, int queue) {
    cuda->stream = cuda->queues[queue];
    cam_matmul_use(cuda->matmul, cuda->stream, queue);
}

static cam_status cuda_side_begin(cam_backend *backend) {
    cam_status st = CAM_OK;
    cam_cuda_backend *cuda = cam_cuda(backend);
    CAM_ASSERT(cuda->stream == cuda->queues[MAIN]);
    CAM_CUDA_TRY(cudaEventRecord(cuda->fork, cuda->queues[MAIN]));
    CAM_CUDA_TRY(cudaStreamWaitEvent(cuda->queues[SIDE], cuda->fork, 0));
    use_queue(cuda, SIDE);
out:
    return st;
}

static cam_status cuda_side_mark(cam_backend *backend, int mark) {
    cam_status st = CAM_OK;
    cam_cuda_backend *cuda = cam_cuda(backend);
    CAM_CUDA_TRY(cudaEventRecord(cuda->marks[mark], cuda->queues[SIDE]));
    cuda->unjoined = 1 + mark;
out:
    return st;
}

static void cuda_side_end(cam_backend *backend) {
    use_queue(cam_cuda(backend), MAIN);
}

static cam_status cuda_side_wait(cam_backend *backend, int mark) {
    cam_status st = CAM_OK;
    cam_cuda_backend *cuda = cam_cuda(backend);
    CAM_CUDA_TRY(cudaStreamWaitEvent(cuda->queues[MAIN], cuda->marks[mark], 0));
    if (cuda->unjoined == 1 + mark)
        cuda->unjoined = 0;
out:
    return st;
}

static cam_status open_queues(cam_cuda_backend *cuda) {
    cam_status st = CAM_OK;
    int least = 0, greatest = 0;
    CAM_CUDA_TRY(cudaDeviceGetStreamPriorityRange(&least, &greatest));
    CAM_CUDA_TRY(cudaStreamCreateWithPriority(&cuda->queues[MAIN], cudaStreamNonBlocking, greatest));
    cuda->stream = cuda->queues[MAIN];
    if (cuda->check)
        goto out;
    CAM_CUDA_TRY(cudaStreamCreateWithPriority(&cuda->queues[SIDE], cudaStreamNonBlocking, least));
    CAM_CUDA_TRY(cudaEventCreateWithFlags(&cuda->fork, cudaEventDisableTiming));
    for (cudaEvent_t &mark : cuda->marks)
        CAM_CUDA_TRY(cudaEventCreateWithFlags(&mark, cudaEventDisableTiming));
out:
    return st;
}

static void close_queues(cam_cuda_backend *cuda) {
    for (cudaEvent_t mark : cuda->marks)
        if (mark)
            (void)cudaEventDestroy(mark);
    if (cuda->fork)
        (void)cudaEventDestroy(cuda->fork);
    for (cudaStream_t queue : cuda->queues)
        if (queue)
            (void)cudaStreamDestroy(queue);
}

/* --- opening and closing --------------------------------------------------------------------------------------- */

static void cuda_close(cam_backend *backend) {
    cam_cuda_backend *cuda = cam_cuda(backend);
    cam_attention_cudnn_close(cuda->attention_cudnn);
    cam_matmul_close(cuda->matmul);
    close_queues(cuda);
    free(cuda);
}

static cam_backend_calls all_calls(void) {
    cam_backend_calls calls = {};
    calls.allocate = cuda_allocate;
    calls.release = cuda_release;
    calls.available = cuda_available;
    calls.copy = cuda_copy;
    calls.zero = cuda_zero;
    calls.synchronize = cuda_synchronize;
    calls.poll = cuda_poll;
    calls.allocate_mapped = cuda_allocate_mapped;
    calls.release_mapped = cuda_release_host;
    calls.allocate_staging = cuda_allocate_staging;
    calls.release_staging = cuda_release_host;
    calls.close = cuda_close;
    return calls;
}

static const cam_backend_calls checking_calls = all_calls();
static const cam_backend_calls capturing_calls = [] {
    cam_backend_calls calls = all_calls();
    calls.capture_begin = cuda_capture_begin;
    calls.capture_end = cuda_capture_end;
    calls.graph_launch = cuda_graph_launch;
    calls.graph_release = cuda_graph_release;
    calls.side_begin = cuda_side_begin;
    calls.side_mark = cuda_side_mark;
    calls.side_end = cuda_side_end;
    calls.side_wait = cuda_side_wait;
    return calls;
}();

static cam_status no_device(cudaError_t error) {
    int driver = 0, runtime = 0;
    (void)cudaDriverGetVersion(&driver);
    (void)cudaRuntimeGetVersion(&runtime);
    if (driver == 0)
        return cam_fail(CAM_E_DEVICE, "no NVIDIA driver is installed here; device=cpu trains without one");
    if (error == cudaErrorInsufficientDriver || driver / 1000 < runtime / 1000)
        return cam_fail(CAM_E_DEVICE,
                        "the NVIDIA driver is for CUDA %d.%d, this program needs CUDA %d.%d: update the driver; "
                        "device=cpu trains without one",
                        driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    if (error == cudaErrorNoDevice || error == cudaSuccess)
        return cam_fail(CAM_E_DEVICE, "the NVIDIA driver shows no GPU%s; device=cpu trains without one",
                        getenv("CUDA_VISIBLE_DEVICES") ? " (CUDA_VISIBLE_DEVICES is set)" : "");
    return cam_fail(CAM_E_DEVICE, "the GPU cannot be used: %s (%s)", cudaGetErrorString(error),
                    cudaGetErrorName(error));
}

static cam_status find_device(const cam_cuda_options *options, cam_cuda_backend *cuda) {
    cam_status st = CAM_OK;
    int count = 0, major = 0, minor = 0, shared = 0;
    cudaError_t error = cudaGetDeviceCount(&count);
    if (error != cudaSuccess || count == 0)
        return no_device(error);
    if (options->shared || (count == 1 && getenv("CUDA_VISIBLE_DEVICES")))
        cuda->device = options->device % count;
    else
        cuda->device = options->device;
    if (cuda->device >= count)
        CAM_FAIL(CAM_E_DEVICE, "GPU %d was asked for, but there are only %d; start fewer ranks", cuda->device, count);
    CAM_CUDA_TRY(cudaSetDevice(cuda->device));
    CAM_CUDA_TRY(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, cuda->device));
    CAM_CUDA_TRY(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, cuda->device));
    CAM_CUDA_TRY(cudaDeviceGetAttribute(&cuda->multiprocessors, cudaDevAttrMultiProcessorCount, cuda->device));
    CAM_CUDA_TRY(cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, cuda->device));
    cuda->capability = 10 * major + minor;
    cuda->shared_limit = (size_t)shared;
    if (cuda->capability < OLDEST_CAPABILITY)
        CAM_FAIL(CAM_E_DEVICE,
                 "GPU %d has compute capability %d.%d, this program needs 7.5 or newer; device=cpu trains without one",
                 cuda->device, major, minor);
out:
    return st;
}

/* An empty kernel, to find out whether the program has code for this device. */
CAM_KERNEL(1) probe(int *nothing) {
    (void)nothing;
}

/* A table of another GPU or library only costs speed, so it is ignored with a warning. */
static cam_status load_table(cam_cuda_backend *cuda, const char *path, size_t *taken) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_matmul_load_table(cuda->matmul, path, taken));
    if (*taken == 0)
        cam_log_warn("\"%s\" has no products of this GPU with %s and is ignored; make it again with \"cam-train tune\"",
                     path, cam_matmul_description(cuda->matmul));
out:
    return st;
}

static cam_status describe(cam_cuda_backend *cuda, size_t tuned) {
    cam_status st = CAM_OK;
    cudaDeviceProp properties;
    char choices[48] = "";
    if (tuned > 0)
        snprintf(choices, sizeof choices, " (%zu products tuned)", tuned);
    CAM_CUDA_TRY(cudaGetDeviceProperties(&properties, cuda->device));
    snprintf(cuda->description, sizeof cuda->description, "cuda: %.99s, sm_%d, %zu GB, %s%s%s%s%s", properties.name,
             cuda->capability, properties.totalGlobalMem >> 30, cam_matmul_description(cuda->matmul), choices,
             cuda->attention_cudnn ? ", " : "",
             cuda->attention_cudnn ? cam_attention_cudnn_description(cuda->attention_cudnn) : "",
             cuda->base.bf16 ? "" : "; older than sm_80: plain f32 kernels, no bf16");
out:
    return st;
}

cam_status cam_backend_cuda_open(const cam_cuda_options *options, cam_backend **backend) {
    cam_status st = CAM_OK;
    const char *check = getenv("CAM_CUDA_CHECK");
    size_t tuned = 0;
    cam_cuda_backend *cuda = static_cast<cam_cuda_backend *>(calloc(1, sizeof *cuda));
    *backend = NULL;
    if (!cuda)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a backend");
    cuda->check = check && strcmp(check, "0") != 0;
    cuda->base.name = "cuda";
    cuda->base.calls = cuda->check ? &checking_calls : &capturing_calls;
    cuda->base.ops = &cam_cuda_table;
    cuda->base.max_keys = 1024;   /* as many as cam_attention_call numbers */
    cuda->base.token_step = 64;   /* a product's tile has at least as many rows */
    cuda->base.least_length = 32; /* the shortest attention kernel takes as many keys */
    cuda->base.dropout_masks = 1;
    cuda->base.description = cuda->base.arithmetic = cuda->description;
    CAM_TRY(find_device(options, cuda));
    cuda->base.bf16 = cuda->capability >= BF16_CAPABILITY;
    CAM_TRY(open_queues(cuda));
    if (cam_launch(cuda->stream, probe, 1, 1, 0, nullptr) == cudaErrorNoKernelImageForDevice)
        CAM_FAIL(CAM_E_DEVICE, "this program has no code for compute capability %d.%d (it has %s)",
                 cuda->capability / 10, cuda->capability % 10, cam_backend_cuda_build());
    CAM_TRY(cam_matmul_open(&cuda->matmul, cuda->stream, options->tf32));
    if (options->matmul_table)
        CAM_TRY(load_table(cuda, options->matmul_table, &tuned));
    if (options->attention_library)
        CAM_TRY(cam_attention_cudnn_open(&cuda->attention_cudnn, cuda->stream, cuda->capability));
    CAM_TRY(describe(cuda, tuned));
    *backend = &cuda->base;
out:
    if (st != CAM_OK && cuda)
        cuda_close(&cuda->base);
    return st;
}

cam_status cam_backend_cuda_device_name(int device, cam_strbuf *name) {
    cam_status st = CAM_OK;
    cudaDeviceProp properties;
    cam_cuda_backend found = {};
    const cam_cuda_options options = {device, 0, 0, 0, nullptr};
    CAM_TRY(find_device(&options, &found));
    CAM_CUDA_TRY(cudaGetDeviceProperties(&properties, device));
    cam_strbuf_puts(name, properties.name);
out:
    return st;
}

cam_status cam_backend_cuda_tune(cam_backend *backend, int candidates, const char *path,
                                 const cam_cuda_listener *listener) {
    return cam_matmul_tune(cam_cuda(backend)->matmul, candidates, path, listener);
}

const char *cam_backend_cuda_build(void) {
    return CAM_CUDA_BUILD;
}

int cam_backend_cuda_is_built(void) {
    return 1;
}
