/* runtime.h: what tests ask of the runtime stand-ins beyond CUDA's own API. */
#ifndef SIMT_RUNTIME_H
#define SIMT_RUNTIME_H

#include "cuda_runtime_api.h"
#include <stdbool.h>

#ifdef __cplusplus
#include <functional>

/* Work of a stream that is no kernel: done in order with it, recorded while it captures. */
cudaError_t simt_enqueue_host(cudaStream_t stream, std::function<void()> work);

extern "C" {
#endif

/* The n-th call (from 1) of that name from now on fails with `error`; n == 0 forgets. */
void simt_fail_call(const char *call, cudaError_t error, int n);
/* The n-th work that streams do from now on fails with `error`, of those that CUDA never recovers from: nothing more is
 * done, and later calls tell it. */
void simt_fail_work(cudaError_t error, int n);
/* How often a call of that name was made. */
long simt_calls_of(const char *call);
/* Bytes of device memory; devices there are; the CUDA version that the driver speaks (0: no driver); 90: capability
 * 9.0. */
void simt_set_memory(size_t bytes);
void simt_set_devices(int devices);
void simt_set_driver(int version);
void simt_set_capability(int capability);
/* Not done before it is waited for. */
void simt_set_lazy(bool lazy);
/* Allocations not freed. */
size_t simt_live_allocations(void);
/* What the end of the process does: errors, faults to come and memory are forgotten, and the device is as the
 * environment has it. Streams must have been destroyed. */
void simt_reset(void);

#ifdef __cplusplus
}
#endif
#endif
