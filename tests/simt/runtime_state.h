/* runtime_state.h: the state of the simulated device, and the functions that runtime.cc (device, memory) and
 * runtime_streams.cc (streams, events, graphs) call of each other.
 */
#ifndef SIMT_RUNTIME_STATE_H
#define SIMT_RUNTIME_STATE_H

#include "runtime.h"
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace simt {

typedef std::function<void()> work;
struct capture;

/* A block of device or pinned memory. Without the address sanitizer a guard follows it. */
struct allocation {
    size_t bytes;
    bool host;
};

struct failure {
    std::string call;
    cudaError_t error = cudaSuccess;
    int n = 0;
};

} // namespace simt

struct CUstream_st {
    std::deque<simt::work> queue;     /* pending work, in order */
    simt::capture *capture = nullptr; /* while the stream captures, as one of its branches */
    size_t branch = 0;
};

namespace simt {

struct device {
    int devices = 1, driver = CUDART_VERSION, capability = 90;
    size_t memory = (size_t)1 << 30, used = 0;
    bool lazy = false, has_order = false;
    simt_graph_order order = SIMT_IN_ORDER; /* if has_order */
    uint64_t random = 1;                    /* of SIMT_SHUFFLED */
    failure fail, fail_work;
    int skip_wait = 0;
    std::map<std::string, long> calls; /* number of calls by name */
    cudaError_t last = cudaSuccess;
    std::map<const char *, allocation> allocations;
    std::vector<CUstream_st *> streams; /* oldest first */
    CUstream_st null_stream;
    uint64_t captures = 0; /* begun so far */

    device(void);
};

device &gpu(void);

/* Sticky errors: CUDA never recovers from them, and every later call returns them again. */
bool is_sticky(cudaError_t e);
/* Stores `e` for cudaGetLastError and returns it. */
cudaError_t return_error(cudaError_t e);
/* The injected fault for this call, or cudaSuccess. */
cudaError_t fault_of(const char *call);
#define FAULT(call)                                                                                                    \
    do {                                                                                                               \
        cudaError_t fault_ = simt::fault_of(#call);                                                                    \
        if (fault_ != cudaSuccess)                                                                                     \
            return fault_;                                                                                             \
    } while (0)

/* Appends work to a stream: recorded, run at once, or left for later. */
cudaError_t enqueue(cudaStream_t of, work w);
void drain(CUstream_st *stream);
/* Runs all pending work, the youngest stream first: work that should wait for an older stream then runs too early. */
void drain_all(void);

/* The error of a call that CUDA forbids during capture, by the capture's mode; such a call invalidates the capture. */
cudaError_t forbidden_in_capture(void);
#define FORBIDDEN_IN_CAPTURE()                                                                                         \
    do {                                                                                                               \
        cudaError_t forbidden_ = simt::forbidden_in_capture();                                                         \
        if (forbidden_ != cudaSuccess)                                                                                 \
            return forbidden_;                                                                                         \
    } while (0)

} // namespace simt

#endif
