/* backends.c: the one place that knows which backends there are. */
#include "backends.h"
#include "backend_cpu.h"
#include "backend_cuda.h"
#include "log.h"
#include <string.h>

static cam_status open_cpu(const cam_device_options *options, cam_backend **backend) {
    if (strcmp(options->attention, "cudnn") == 0)
        return cam_fail(CAM_E_UNSUPPORTED, "attention: cudnn needs a GPU; use attention=auto");
    return cam_backend_cpu_open(options->threads, backend);
}

static cam_status open_cuda(const cam_device_options *options, cam_backend **backend) {
    cam_cuda_options cuda = {.tf32 = options->tf32, .attention_library = strcmp(options->attention, "cudnn") == 0};
    return cam_backend_cuda_open(&cuda, backend);
}

static cam_status open_any(const cam_device_options *options, cam_backend **backend) {
    if (open_cuda(options, backend) == CAM_OK)
        return CAM_OK;
    if (options->explain && cam_backend_cuda_is_built())
        cam_log("device   auto takes the CPU: %s", cam_status_message());
    return open_cpu(options, backend);
}

cam_status cam_backends_open(const cam_device_options *options, cam_backend **backend) {
    *backend = NULL;
    if (strcmp(options->device, "auto") == 0)
        return open_any(options, backend);
    if (strcmp(options->device, "cpu") == 0)
        return open_cpu(options, backend);
    if (strcmp(options->device, "cuda") == 0)
        return open_cuda(options, backend);
    return cam_fail(CAM_E_USAGE, "unknown device \"%s\"; there are: auto, cpu, cuda", options->device);
}

void cam_backends_describe(cam_strbuf *out) {
    cam_backend *backend = NULL;
    if (cam_backend_cpu_open(0, &backend) == CAM_OK)
        cam_strbuf_printf(out, "  %s\n", backend->description);
    else
        cam_strbuf_printf(out, "  cpu: %s\n", cam_status_message());
    cam_backend_close(backend);
    cam_strbuf_printf(out, "  cuda: %s\n", cam_backend_cuda_build());
    if (!cam_backend_cuda_is_built())
        return;
    if (cam_backend_cuda_open(&(cam_cuda_options){0}, &backend) == CAM_OK)
        cam_strbuf_printf(out, "    %s\n", backend->description);
    else
        cam_strbuf_printf(out, "    %s\n", cam_status_message());
    cam_backend_close(backend);
}
