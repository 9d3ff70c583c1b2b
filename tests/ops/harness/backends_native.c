/* backends_native.c: the backends of ops_test: the CPU, the CPU behind bf16_storage.h, and this machine's GPU,
 * with its own attention or cuDNN's. */
#include "backend_cpu.h"
#include "backend_cuda.h"
#include "backends.h"
#include "bf16_storage.h"

static cam_status open_cpu(int again, cam_backend **backend) {
    return cam_backend_cpu_open(again ? 2 : 1, backend);
}

static cam_status open_bf16(int again, cam_backend **backend) {
    cam_status st = CAM_OK;
    cam_backend *cpu = NULL;
    CAM_TRY(open_cpu(again, &cpu));
    *backend = bf16_storage_open(cpu);
out:
    return st;
}

static cam_status open_cuda(int again, cam_backend **backend) {
    (void)again;
    return cam_backend_cuda_open(&(cam_cuda_options){0}, backend);
}

static cam_status open_cudnn(int again, cam_backend **backend) {
    (void)again;
    return cam_backend_cuda_open(&(cam_cuda_options){.attention_library = 1}, backend);
}

const test_backend test_backends[] = {{"cpu", open_cpu, "with two threads"},
                                      {"cpu-bf16", open_bf16, "with two threads"},
                                      {"cuda", open_cuda, "on a stream of its own"},
                                      {"cuda-cudnn", open_cudnn, "on a stream of its own"},
                                      {NULL, NULL, NULL}};
