/* backends_cpu.c: the backends of ops_test: the CPU, and the CPU with bf16 storage in front of it. */
#include "backend_cpu.h"
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

const test_backend test_backends[] = {
    {"cpu", open_cpu, "with two threads"}, {"cpu-bf16", open_bf16, "with two threads"}, {NULL, NULL, NULL}};
