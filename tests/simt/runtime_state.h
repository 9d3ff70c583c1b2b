/* runtime_state.h: the device that the runtime stand-ins are about, and what runtime.cc (device, memory) and
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

} // namespace simt

struct CUstream_st {
    std::deque<simt::work> queue;     /* asked for and not done, in order */
    simt::capture *capture = nullptr; /* while it captures; a branch of it */
    size_t branch = 0;
};

namespace simt {

struct device {
    int devices = 1, driver = CUDART_VERSION, capability = 90;
    size_t memory = (size_t)1 << 30, used = 0;
    bool lazy = false;
    failure fail, fail_work;
    std::map<std::string, long> calls; /* how often each was made */
    cudaError_t last = cudaSuccess;
    std::map<const char *, allocation> allocations;
    std::vector<CUstream_st *> streams; /* the oldest first */
    CUstream_st null_stream;
    uint64_t captures = 0; /* begun so far */

    device(void);
};

device &gpu(void);

/* CUDA never recovers from these: every later call gives them again. */
bool is_sticky(cudaError_t e);
/* What a call returns: `e`, and cudaGetLastError knows of it. */
cudaError_t answer(cudaError_t e);
/* Whether the call that asks shall fail, and how. */
cudaError_t fault_of(const char *call);
#define FAULT(call)                                                                                                    \
    do {                                                                                                               \
        cudaError_t fault_ = simt::fault_of(#call);                                                                    \
        if (fault_ != cudaSuccess)                                                                                     \
            return fault_;                                                                                             \
    } while (0)

/* Work at a stream's end: recorded, done at once, or left for later. */
cudaError_t enqueue(cudaStream_t of, work w);
void drain(CUstream_st *stream);
/* The youngest first: work that should have waited for an older stream's then comes too early. */
void drain_all(void);

/* What CUDA forbids while a stream captures, by the capture's mode; the attempt spoils the capture. */
cudaError_t forbidden_in_capture(void);
#define FORBIDDEN_IN_CAPTURE()                                                                                         \
    do {                                                                                                               \
        cudaError_t forbidden_ = simt::forbidden_in_capture();                                                         \
        if (forbidden_ != cudaSuccess)                                                                                 \
            return forbidden_;                                                                                         \
    } while (0)

} // namespace simt

#endif
