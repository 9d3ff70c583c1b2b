/* runtime.h: functions of the simulated CUDA runtime for tests, beyond CUDA's own API. */
#ifndef SIMT_RUNTIME_H
#define SIMT_RUNTIME_H

#include "cuda_runtime_api.h"
#include <stdbool.h>

#ifdef __cplusplus
#include <functional>

/* Enqueues host work to a stream: it runs in order with the stream, and is recorded while the stream captures. */
cudaError_t simt_enqueue_host(cudaStream_t stream, std::function<void()> work);

extern "C" {
#endif

/* The n-th call (from 1) of that name from now on fails with `error`; n == 0 removes the setting. */
void simt_fail_call(const char *call, cudaError_t error, int n);
/* The n-th work item that streams run from now on fails with the sticky error `error`: nothing more runs, and later
 * calls return it. */
void simt_fail_work(cudaError_t error, int n);
/* The n-th cudaStreamWaitEvent from now on waits for nothing; n == 0 removes the setting. */
void simt_skip_wait(int n);
/* The number of calls of that name so far. "copies of host memory": those of cudaMemcpyAsync that are not within the
 * device's. */
long simt_calls_of(const char *call);
/* Bytes of device memory; number of devices; the driver's CUDA version (0: no driver); compute capability (90: 9.0). */
void simt_set_memory(size_t bytes);
void simt_set_devices(int devices);
void simt_set_driver(int version);
void simt_set_capability(int capability);
/* Lazy streams run work only when the host waits for it. */
void simt_set_lazy(bool lazy);
/* The order of a graph's pieces, one of those that its branches allow; of lazy streams, too. By default: SIMT_IN_ORDER, or
 * SIMT_LATE where streams are lazy. */
typedef enum simt_graph_order {
    SIMT_IN_ORDER, /* that of the calls */
    SIMT_LATE,     /* the first branch, or the stream waited for, goes ahead; the others run as late as possible */
    SIMT_EARLY,    /* the last branch, or the youngest stream, goes ahead */
    SIMT_SHUFFLED  /* another order at every launch; streams as with SIMT_LATE */
} simt_graph_order;
void simt_set_graph_order(simt_graph_order order);
/* The number of allocations that are not freed. */
size_t simt_live_allocations(void);
/* The allocation in which p lies, and its size; NULL: none. */
const char *simt_allocation_at(const void *p, size_t *bytes);
/* Starts over as a new process would: clears errors, injected faults and memory, and sets the device up from the
 * environment. Streams must have been destroyed. */
void simt_reset(void);

#ifdef __cplusplus
}
#endif
#endif
