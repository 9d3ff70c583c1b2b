/* runtime.cc: devices, memory, streams and graphs as cuda_runtime_api.h describes them.
 *
 * Invariant: a stream's queue holds what has been asked for and not been done, in order; it is empty after every call
 * where the device is not lazy.
 */
#include "runtime.h"
#include "machine.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <vector>

typedef std::function<void()> work;

struct CUgraph_st {
    std::vector<work> works;
};
struct CUgraphExec_st {
    std::vector<work> works;
};
struct CUstream_st {
    std::deque<work> queue;
    CUgraph_st *graph = nullptr; /* while it captures */
    bool invalidated = false;
    enum cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
    std::thread::id capturing; /* the thread that began it */
};

namespace {

/* A block of memory that the device knows. Outside of the address sanitizer a guard follows it. */
struct allocation {
    size_t bytes;
    bool host;
};

struct failure {
    std::string call;
    cudaError_t error = cudaSuccess;
    int n = 0;
};

struct device {
    int devices = 1, driver = CUDART_VERSION, capability = 90;
    size_t memory = (size_t)1 << 30, used = 0;
    bool lazy = false;
    failure fail, fail_work;
    std::map<std::string, long> calls; /* how often each was made */
    cudaError_t last = cudaSuccess;
    std::map<const char *, allocation> allocations;
    std::vector<CUstream_st *> streams;
    CUstream_st null_stream;

    device(void);
};

long number_of(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text && *text ? strtol(text, nullptr, 0) : otherwise;
}

device::device(void) {
    devices = (int)number_of("CAM_SIMT_DEVICES", devices);
    driver = (int)number_of("CAM_SIMT_DRIVER", driver);
    capability = (int)number_of("CAM_SIMT_CAPABILITY", capability);
    memory = (size_t)number_of("CAM_SIMT_MEMORY", (long)memory);
    lazy = number_of("CAM_SIMT_LAZY", 0) != 0;
    streams.push_back(&null_stream);
    const char *text = getenv("CAM_SIMT_FAIL");
    char call[64];
    int error, n;
    if (text && sscanf(text, "%63s %d %d", call, &error, &n) == 3)
        fail = failure{call, (cudaError_t)error, n};
}

device *the_gpu;
device &gpu(void) {
    if (!the_gpu)
        the_gpu = new device();
    return *the_gpu;
}

/* CUDA never recovers from these: every later call gives them again. */
bool is_sticky(cudaError_t e) {
    return e == cudaErrorIllegalAddress || e == cudaErrorLaunchTimeout || e == cudaErrorLaunchFailure;
}

cudaError_t answer(cudaError_t e) {
    if (e != cudaSuccess)
        gpu().last = e;
    return e;
}

/* Whether the call that asks shall fail, and how. */
cudaError_t fault_of(const char *call) {
    failure &f = gpu().fail;
    gpu().calls[call]++;
    if (gpu().driver < CUDART_VERSION / 1000 * 1000)
        return answer(cudaErrorInsufficientDriver);
    if (gpu().devices <= 0)
        return answer(cudaErrorNoDevice);
    if (is_sticky(gpu().last))
        return gpu().last;
    if (f.n > 0 && f.call == call && --f.n == 0)
        return answer(f.error);
    return cudaSuccess;
}
#define FAULT(call)                                                                                                    \
    do {                                                                                                               \
        cudaError_t fault_ = fault_of(#call);                                                                          \
        if (fault_ != cudaSuccess)                                                                                     \
            return fault_;                                                                                             \
    } while (0)

CUstream_st *stream_of(cudaStream_t stream) {
    return stream ? stream : &gpu().null_stream;
}

/* Whether the device has broken down, perhaps just now. */
bool is_broken(void) {
    failure &f = gpu().fail_work;
    if (f.n > 0 && --f.n == 0)
        gpu().last = f.error;
    return is_sticky(gpu().last);
}

void drain(CUstream_st *stream) {
    while (!stream->queue.empty()) {
        if (is_broken()) {
            stream->queue.clear();
            return;
        }
        work next = std::move(stream->queue.front());
        stream->queue.pop_front();
        next();
    }
}
void drain_all(void) {
    for (CUstream_st *stream : gpu().streams)
        drain(stream);
}

cudaError_t enqueue(cudaStream_t of, work w) {
    CUstream_st *stream = stream_of(of);
    if (stream->graph) {
        if (stream->invalidated)
            return answer(cudaErrorStreamCaptureInvalidated);
        stream->graph->works.push_back(std::move(w));
        return cudaSuccess;
    }
    stream->queue.push_back(std::move(w));
    if (!gpu().lazy)
        drain(stream);
    return cudaSuccess;
}

bool forbids(const CUstream_st &stream) {
    if (!stream.graph || stream.mode == cudaStreamCaptureModeRelaxed)
        return false;
    return stream.mode == cudaStreamCaptureModeGlobal || stream.capturing == std::this_thread::get_id();
}

/* What CUDA forbids while a stream captures, by the capture's mode; the attempt spoils the capture. */
cudaError_t forbidden_in_capture(void) {
    bool forbidden = false;
    for (CUstream_st *stream : gpu().streams)
        if (forbids(*stream))
            forbidden = stream->invalidated = true;
    return forbidden ? answer(cudaErrorStreamCaptureUnsupported) : cudaSuccess;
}
#define FORBIDDEN_IN_CAPTURE()                                                                                         \
    do {                                                                                                               \
        cudaError_t forbidden_ = forbidden_in_capture();                                                               \
        if (forbidden_ != cudaSuccess)                                                                                 \
            return forbidden_;                                                                                         \
    } while (0)

/* --- memory --------------------------------------------------------------------------------------------------------
 */

enum { ALIGN = 256, GUARD_BYTES = 256, GUARD = 0xa5 };

#ifdef SIMT_ASAN
constexpr size_t guard_bytes = 0;
#else
constexpr size_t guard_bytes = GUARD_BYTES;
#endif

cudaError_t take(void **memory, size_t bytes, bool host) {
    void *block = nullptr;
    if (!host && bytes > gpu().memory - gpu().used)
        return answer(cudaErrorMemoryAllocation);
    if (posix_memalign(&block, ALIGN, bytes + guard_bytes) != 0)
        return answer(cudaErrorMemoryAllocation);
    simt_poison(block, bytes);
    memset(static_cast<char *>(block) + bytes, GUARD, guard_bytes);
    gpu().allocations[static_cast<char *>(block)] = allocation{bytes, host};
    gpu().used += host ? 0 : bytes;
    *memory = block;
    return cudaSuccess;
}

void check_guard(const char *block, size_t bytes) {
    for (size_t i = 0; i < guard_bytes; i++)
        if ((unsigned char)block[bytes + i] != GUARD) {
            fprintf(stderr, "simt: wrote past the end of a device allocation of %zu bytes, at byte %zu\n", bytes,
                    bytes + i);
            abort();
        }
}

cudaError_t give_back(void *memory, bool host) {
    auto found = gpu().allocations.find(static_cast<char *>(memory));
    if (found == gpu().allocations.end() || found->second.host != host)
        return answer(cudaErrorInvalidValue);
    check_guard(found->first, found->second.bytes);
    gpu().used -= host ? 0 : found->second.bytes;
    gpu().allocations.erase(found);
    free(memory);
    return cudaSuccess;
}

/* The allocation that holds [p, p + bytes), or NULL. */
const allocation *allocation_of(const void *p, size_t bytes) {
    const char *at = static_cast<const char *>(p);
    auto next = gpu().allocations.upper_bound(at);
    if (next == gpu().allocations.begin())
        return nullptr;
    --next;
    return at + bytes <= next->first + next->second.bytes ? &next->second : nullptr;
}

/* 1: device memory, 0: of the host. Pinned host memory is both: mapped. */
bool lies_right(const void *p, size_t bytes, bool on_device) {
    const allocation *a = allocation_of(p, bytes);
    return on_device ? a != nullptr : !a || a->host;
}
bool is_copy_allowed(const void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind) {
    if (kind == cudaMemcpyDefault)
        return true;
    bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    return lies_right(to, bytes, to_device) && lies_right(from, bytes, from_device);
}

} // namespace

/* --- what tests set ------------------------------------------------------------------------------------------------
 */

void simt_fail_call(const char *call, cudaError_t error, int n) {
    gpu().fail = failure{call, error, n};
}
void simt_fail_work(cudaError_t error, int n) {
    gpu().fail_work = failure{"", error, n};
}
long simt_calls_of(const char *call) {
    return gpu().calls[call];
}
void simt_set_memory(size_t bytes) {
    gpu().memory = bytes;
}
void simt_set_devices(int devices) {
    gpu().devices = devices;
}
void simt_set_driver(int version) {
    gpu().driver = version;
}
void simt_set_capability(int capability) {
    gpu().capability = capability;
}
void simt_set_lazy(bool lazy) {
    gpu().lazy = lazy;
}
size_t simt_live_allocations(void) {
    return gpu().allocations.size();
}

void simt_reset(void) {
    for (const auto &a : gpu().allocations)
        free(const_cast<char *>(a.first));
    delete the_gpu;
    the_gpu = nullptr;
}

cudaError_t simt_enqueue_host(cudaStream_t stream, std::function<void()> w) {
    return enqueue(stream, std::move(w));
}

enum { SHARED_LIMIT = 227 << 10, SHARED_LIMIT_OLD = 64 << 10, MULTIPROCESSORS = 132 };

static size_t shared_limit(void) {
    return gpu().capability >= 90 ? SHARED_LIMIT : gpu().capability >= 80 ? 99 << 10 : SHARED_LIMIT_OLD;
}

cudaError_t simt_enqueue(cudaStream_t stream, const simt_launch &launch) {
    FAULT(cudaLaunchKernelExC);
    if (launch.grid == 0 || launch.grid > 0x7fffffffu || launch.threads == 0 || launch.threads > 1024)
        return answer(cudaErrorInvalidConfiguration);
    if (launch.shared_bytes > shared_limit())
        return answer(cudaErrorInvalidValue);
    return enqueue(stream, [launch] { simt_run(launch); });
}

extern "C" {

/* --- device --------------------------------------------------------------------------------------------------------
 */

cudaError_t cudaGetDeviceCount(int *count) {
    *count = 0;
    FAULT(cudaGetDeviceCount);
    *count = gpu().devices;
    return cudaSuccess;
}
cudaError_t cudaGetDevice(int *device) {
    FAULT(cudaGetDevice);
    *device = 0;
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
    FAULT(cudaSetDevice);
    return device >= 0 && device < gpu().devices ? cudaSuccess : answer(cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int device) {
    FAULT(cudaGetDeviceProperties);
    if (device < 0 || device >= gpu().devices)
        return answer(cudaErrorInvalidDevice);
    *p = cudaDeviceProp();
    snprintf(p->name, sizeof p->name, "simt host device");
    p->totalGlobalMem = gpu().memory;
    p->sharedMemPerBlock = 48 << 10;
    p->sharedMemPerBlockOptin = shared_limit();
    p->sharedMemPerMultiprocessor = shared_limit() + 1024;
    p->major = gpu().capability / 10;
    p->minor = gpu().capability % 10;
    p->multiProcessorCount = MULTIPROCESSORS;
    p->warpSize = 32;
    p->maxThreadsPerBlock = 1024;
    p->canMapHostMemory = 1;
    p->l2CacheSize = 50 << 20;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device) {
    FAULT(cudaDeviceGetAttribute);
    struct cudaDeviceProp p;
    cudaError_t e = cudaGetDeviceProperties(&p, device);
    if (e != cudaSuccess)
        return e;
    switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
        *value = p.multiProcessorCount;
        break;
    case cudaDevAttrComputeCapabilityMajor:
        *value = p.major;
        break;
    case cudaDevAttrComputeCapabilityMinor:
        *value = p.minor;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = (int)p.sharedMemPerBlockOptin;
        break;
    default:
        return answer(cudaErrorInvalidValue);
    }
    return cudaSuccess;
}

/* The two versions can be asked for without a driver or a device. */
cudaError_t cudaDriverGetVersion(int *version) {
    *version = gpu().driver;
    return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int *version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaGetLastError(void) {
    cudaError_t e = gpu().last;
    if (!is_sticky(e))
        gpu().last = cudaSuccess;
    return e;
}
const char *cudaGetErrorName(cudaError_t error) {
    switch (error) {
#define CASE(name, number, text)                                                                                       \
    case name:                                                                                                         \
        return #name;
        SIMT_CUDA_ERRORS(CASE)
#undef CASE
    }
    return "unrecognized error code";
}
const char *cudaGetErrorString(cudaError_t error) {
    switch (error) {
#define CASE(name, number, text)                                                                                       \
    case name:                                                                                                         \
        return text;
        SIMT_CUDA_ERRORS(CASE)
#undef CASE
    }
    return "unrecognized error code";
}

/* --- memory --------------------------------------------------------------------------------------------------------
 */

cudaError_t cudaMalloc(void **memory, size_t bytes) {
    *memory = nullptr;
    FAULT(cudaMalloc);
    FORBIDDEN_IN_CAPTURE();
    return bytes == 0 ? cudaSuccess : take(memory, bytes, false);
}
cudaError_t cudaFree(void *memory) {
    FAULT(cudaFree);
    FORBIDDEN_IN_CAPTURE();
    drain_all();
    return memory ? give_back(memory, false) : cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t *available, size_t *total) {
    FAULT(cudaMemGetInfo);
    *available = gpu().memory - gpu().used;
    *total = gpu().memory;
    return cudaSuccess;
}
cudaError_t cudaHostAlloc(void **host, size_t bytes, unsigned) {
    *host = nullptr;
    FAULT(cudaHostAlloc);
    FORBIDDEN_IN_CAPTURE();
    return bytes == 0 ? cudaSuccess : take(host, bytes, true);
}
cudaError_t cudaFreeHost(void *host) {
    FAULT(cudaFreeHost);
    FORBIDDEN_IN_CAPTURE();
    drain_all();
    return host ? give_back(host, true) : cudaSuccess;
}
cudaError_t cudaHostGetDevicePointer(void **device, void *host, unsigned) {
    FAULT(cudaHostGetDevicePointer);
    const allocation *a = allocation_of(host, 1);
    if (!a || !a->host)
        return answer(cudaErrorInvalidValue);
    *device = host;
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream) {
    FAULT(cudaMemcpyAsync);
    if (bytes == 0)
        return cudaSuccess;
    if (!is_copy_allowed(to, from, bytes, kind))
        return answer(cudaErrorInvalidValue);
    return enqueue(stream, [=] { memmove(to, from, bytes); });
}
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind) {
    FAULT(cudaMemcpy);
    FORBIDDEN_IN_CAPTURE();
    drain_all();
    if (!is_copy_allowed(to, from, bytes, kind))
        return answer(cudaErrorInvalidValue);
    memmove(to, from, bytes);
    return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t stream) {
    FAULT(cudaMemsetAsync);
    if (bytes == 0)
        return cudaSuccess;
    if (!lies_right(memory, bytes, true))
        return answer(cudaErrorInvalidValue);
    return enqueue(stream, [=] { memset(memory, value, bytes); });
}

/* --- streams and graphs --------------------------------------------------------------------------------------------
 */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
    FAULT(cudaStreamCreateWithFlags);
    *stream = new CUstream_st();
    gpu().streams.push_back(*stream);
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    std::vector<CUstream_st *> &all = gpu().streams;
    drain(stream);
    for (size_t i = 0; i < all.size(); i++)
        if (all[i] == stream) {
            all.erase(all.begin() + (std::ptrdiff_t)i);
            delete stream->graph;
            delete stream;
            return cudaSuccess;
        }
    return answer(cudaErrorInvalidResourceHandle);
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    FAULT(cudaStreamSynchronize);
    if (stream_of(stream)->graph) {
        stream_of(stream)->invalidated = true;
        return answer(cudaErrorStreamCaptureUnsupported);
    }
    drain(stream_of(stream));
    return is_sticky(gpu().last) ? gpu().last : cudaSuccess;
}
/* Asking is no waiting; but a lazy device would never be done if asking did not move it on. */
cudaError_t cudaStreamQuery(cudaStream_t stream) {
    FAULT(cudaStreamQuery);
    CUstream_st *of = stream_of(stream);
    if (of->queue.empty())
        return cudaSuccess;
    drain(of);
    return cudaErrorNotReady;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status) {
    const CUstream_st *of = stream_of(stream);
    *status = !of->graph        ? cudaStreamCaptureStatusNone
              : of->invalidated ? cudaStreamCaptureStatusInvalidated
                                : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) {
    FAULT(cudaStreamBeginCapture);
    if (!stream)
        return answer(cudaErrorStreamCaptureUnsupported);
    if (stream->graph)
        return answer(cudaErrorIllegalState);
    stream->graph = new CUgraph_st();
    stream->invalidated = false;
    stream->mode = mode;
    stream->capturing = std::this_thread::get_id();
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
    *graph = nullptr;
    if (!stream || !stream->graph)
        return answer(cudaErrorIllegalState);
    CUgraph_st *captured = stream->graph;
    cudaError_t e = fault_of("cudaStreamEndCapture");
    stream->graph = nullptr;
    if (stream->invalidated)
        e = answer(cudaErrorStreamCaptureInvalidated);
    if (e == cudaSuccess)
        *graph = captured;
    else
        delete captured;
    return e;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long) {
    FAULT(cudaGraphInstantiate);
    if (!graph)
        return answer(cudaErrorInvalidValue);
    *exec = new CUgraphExec_st{graph->works};
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
    FAULT(cudaGraphLaunch);
    for (const work &w : exec->works) {
        cudaError_t e = enqueue(stream, w);
        if (e != cudaSuccess)
            return e;
    }
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
    delete exec;
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void *kernel, enum cudaFuncAttribute attribute, int value) {
    FAULT(cudaFuncSetAttribute);
    if (!kernel || value < 0)
        return answer(cudaErrorInvalidValue);
    if (attribute == cudaFuncAttributeMaxDynamicSharedMemorySize && (size_t)value > shared_limit())
        return answer(cudaErrorInvalidValue);
    return cudaSuccess;
}

} /* extern "C" */
