/* runtime.cc: devices, memory and errors as cuda_runtime_api.h describes them, and the settings for tests. */
#include "machine.h"
#include "runtime_state.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace simt;

namespace {

long number_of(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text && *text ? strtol(text, nullptr, 0) : otherwise;
}

} // namespace

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

static device *the_gpu;

device &simt::gpu(void) {
    if (!the_gpu)
        the_gpu = new device();
    return *the_gpu;
}

bool simt::is_sticky(cudaError_t e) {
    return e == cudaErrorIllegalAddress || e == cudaErrorLaunchTimeout || e == cudaErrorLaunchFailure;
}

cudaError_t simt::return_error(cudaError_t e) {
    if (e != cudaSuccess)
        gpu().last = e;
    return e;
}

cudaError_t simt::fault_of(const char *call) {
    failure &f = gpu().fail;
    gpu().calls[call]++;
    if (gpu().driver < CUDART_VERSION / 1000 * 1000)
        return return_error(cudaErrorInsufficientDriver);
    if (gpu().devices <= 0)
        return return_error(cudaErrorNoDevice);
    if (is_sticky(gpu().last))
        return gpu().last;
    if (f.n > 0 && f.call == call && --f.n == 0)
        return return_error(f.error);
    return cudaSuccess;
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

namespace {

enum { ALIGN = 256, GUARD_BYTES = 256, GUARD = 0xa5 };

#ifdef SIMT_ASAN
constexpr size_t guard_bytes = 0;
#else
constexpr size_t guard_bytes = GUARD_BYTES;
#endif

cudaError_t take(void **memory, size_t bytes, bool host) {
    void *block = nullptr;
    if (!host && bytes > gpu().memory - gpu().used)
        return return_error(cudaErrorMemoryAllocation);
    if (posix_memalign(&block, ALIGN, bytes + guard_bytes) != 0)
        return return_error(cudaErrorMemoryAllocation);
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
        return return_error(cudaErrorInvalidValue);
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

/* Whether [p, p + bytes) is device memory (on_device) or host memory. Pinned host memory is mapped, so it is both. */
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

/* --- settings for tests ------------------------------------------------------------------------------------------- */

void simt_fail_call(const char *call, cudaError_t error, int n) {
    gpu().fail = failure{call, error, n};
}
void simt_fail_work(cudaError_t error, int n) {
    gpu().fail_work = failure{"", error, n};
}
void simt_skip_wait(int n) {
    gpu().skip_wait = n;
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
void simt_set_graph_order(simt_graph_order order) {
    gpu().has_order = true;
    gpu().order = order;
}
size_t simt_live_allocations(void) {
    return gpu().allocations.size();
}
const char *simt_allocation_at(const void *p, size_t *bytes) {
    auto next = gpu().allocations.upper_bound(static_cast<const char *>(p));
    if (next == gpu().allocations.begin() || !allocation_of(p, 1))
        return nullptr;
    --next;
    *bytes = next->second.bytes;
    return next->first;
}

void simt_reset(void) {
    for (const auto &a : gpu().allocations)
        free(const_cast<char *>(a.first));
    delete the_gpu;
    the_gpu = nullptr;
}

enum { SHARED_LIMIT = 227 << 10, SHARED_LIMIT_OLD = 64 << 10, MULTIPROCESSORS = 132 };

static size_t shared_limit(void) {
    return gpu().capability >= 90 ? SHARED_LIMIT : gpu().capability >= 80 ? 99 << 10 : SHARED_LIMIT_OLD;
}

cudaError_t simt_enqueue(cudaStream_t stream, const simt_launch &launch) {
    FAULT(cudaLaunchKernelExC);
    if (launch.grid == 0 || launch.grid > 0x7fffffffu || launch.threads == 0 || launch.threads > 1024)
        return return_error(cudaErrorInvalidConfiguration);
    if (launch.shared_bytes > shared_limit())
        return return_error(cudaErrorInvalidValue);
    return enqueue(stream, [launch] { simt_run(launch); });
}

extern "C" {

/* --- device ------------------------------------------------------------------------------------------------------- */

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
    return device >= 0 && device < gpu().devices ? cudaSuccess : return_error(cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int device) {
    FAULT(cudaGetDeviceProperties);
    if (device < 0 || device >= gpu().devices)
        return return_error(cudaErrorInvalidDevice);
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
        return return_error(cudaErrorInvalidValue);
    }
    return cudaSuccess;
}

/* The two version queries work without a driver or a device. */
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

/* --- memory ------------------------------------------------------------------------------------------------------- */

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
        return return_error(cudaErrorInvalidValue);
    *device = host;
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream) {
    FAULT(cudaMemcpyAsync);
    gpu().calls["copies of host memory"] += kind != cudaMemcpyDeviceToDevice;
    if (bytes == 0)
        return cudaSuccess;
    if (!is_copy_allowed(to, from, bytes, kind))
        return return_error(cudaErrorInvalidValue);
    return enqueue(stream, [=] { memmove(to, from, bytes); });
}
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind) {
    FAULT(cudaMemcpy);
    FORBIDDEN_IN_CAPTURE();
    drain_all();
    if (!is_copy_allowed(to, from, bytes, kind))
        return return_error(cudaErrorInvalidValue);
    memmove(to, from, bytes);
    return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t stream) {
    FAULT(cudaMemsetAsync);
    if (bytes == 0)
        return cudaSuccess;
    if (!lies_right(memory, bytes, true))
        return return_error(cudaErrorInvalidValue);
    return enqueue(stream, [=] { memset(memory, value, bytes); });
}

/* --- kernels ------------------------------------------------------------------------------------------------------ */

cudaError_t cudaFuncSetAttribute(const void *kernel, enum cudaFuncAttribute attribute, int value) {
    FAULT(cudaFuncSetAttribute);
    if (!kernel || value < 0)
        return return_error(cudaErrorInvalidValue);
    if (attribute == cudaFuncAttributeMaxDynamicSharedMemorySize && (size_t)value > shared_limit())
        return return_error(cudaErrorInvalidValue);
    return cudaSuccess;
}

} /* extern "C" */
