/* runtime.h: what tests ask of the runtime stand-ins beyond CUDA's own API. */
#ifndef SIMT_RUNTIME_H
#define SIMT_RUNTIME_H

#include "cuda_runtime_api.h"
#include <functional>

/* Work of a stream that is no kernel: done in order with it, recorded while it captures. */
cudaError_t simt_enqueue_host(cudaStream_t stream, std::function<void()> work);

/* The n-th call (from 1) of that name from now on fails with `error`; n == 0 forgets. */
void simt_fail_call(const char *call, cudaError_t error, int n);
/* Bytes of device memory; devices there are; the CUDA version that the driver speaks (0: no driver). */
void simt_set_memory(size_t bytes);
void simt_set_devices(int devices);
void simt_set_driver(int version);
/* Not done before it is waited for. */
void simt_set_lazy(bool lazy);
/* Allocations not freed. */
size_t simt_live_allocations(void);

#endif
