/* backends_simt.cc: what ops_test_simt can open: the CUDA backend, on the machine of this folder. The generator goes on
 * from one to the next, so no two runs of a case see their threads in the same order.
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
