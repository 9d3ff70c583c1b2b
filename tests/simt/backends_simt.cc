/* backends_simt.cc: the backend of ops_test_simt: the CUDA backend on the simulated GPU of this folder. The schedule's
 * random generator is not restarted between backends, so each run of a case has another order of threads.
 */
#include "backend_cuda.h"

extern "C" {
#include "backends.h"
}

static cam_status open_cuda(int, cam_backend **backend) {
    const cam_cuda_options options = {};
    return cam_backend_cuda_open(&options, backend);
}

const test_backend test_backends[] = {{"cuda", open_cuda, "with threads in another order"},
                                      {nullptr, nullptr, nullptr}};
