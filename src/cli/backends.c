/* backends.c: the one place that knows which backends there are. */
#include "backends.h"
#include "backend_cpu.h"
#include <string.h>

static const struct {
    const char *name;
    cam_status (*open)(int threads, cam_backend **backend);
} backends[] = {{"cpu", cam_backend_cpu_open}};
enum { BACKEND_COUNT = sizeof backends / sizeof backends[0] };

cam_status cam_backends_open(const char *device, int threads, cam_backend **backend) {
    *backend = NULL;
    for (int i = 0; i < BACKEND_COUNT; i++)
        if (strcmp(device, "auto") == 0 || strcmp(device, backends[i].name) == 0)
            return backends[i].open(threads, backend);
    return cam_fail(CAM_E_USAGE, "unknown device \"%s\"; this build has: auto, cpu", device);
}

void cam_backends_describe(cam_strbuf *out) {
    for (int i = 0; i < BACKEND_COUNT; i++) {
        cam_backend *backend = NULL;
        if (backends[i].open(0, &backend) == CAM_OK)
            cam_strbuf_printf(out, "  %s\n", backend->description);
        else
            cam_strbuf_printf(out, "  %s: %s\n", backends[i].name, cam_status_message());
        cam_backend_close(backend);
    }
}
