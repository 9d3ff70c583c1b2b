/* backends.c: the one place that knows which backends there are. */
#include "backends.h"
#include "backend_cpu.h"
#include "backend_cuda.h"
#include "cache.h"
#include "files.h"
#include "log.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static cam_status open_cpu(const cam_device_options *options, cam_backend **backend) {
    if (strcmp(options->attention, "cudnn") == 0)
        return cam_fail(CAM_E_UNSUPPORTED, "attention: cudnn needs a GPU; use attention=auto");
    return cam_backend_cpu_open(options->threads, backend);
}

/* The file that the environment names; NULL where it names none. */
static const char *named_table(void) {
    const char *table = getenv("CAM_MATMUL_TABLE");
    return table && table[0] != '\0' ? table : NULL;
}

cam_status cam_backends_table(char **path) {
    cam_status st = CAM_OK;
    const char *named = named_table();
    cam_strbuf name = CAM_STRBUF_INIT;
    char *cache = NULL;
    *path = NULL;
    cam_strbuf_puts(&name, "cam-train/matmul-");
    size_t begin = name.length;
    CAM_TRY(cam_backend_cuda_device_name(0, &name));
    if (named) {
        *path = strcmp(named, "none") == 0 ? NULL : cam_path_absolute(named);
        goto out;
    }
    for (size_t i = begin; i < name.length; i++)
        if (!isalnum((unsigned char)name.text[i]))
            name.text[i] = '-';
    cam_strbuf_puts(&name, ".txt");
    cache = cam_user_cache_folder();
    *path = cam_path_join(cache, cam_strbuf_text(&name));
out:
    cam_strbuf_release(&name);
    free(cache);
    return st;
}

static cam_status open_cuda(const cam_device_options *options, cam_backend **backend) {
    cam_status st = CAM_OK;
    char *table = NULL;
    cam_cuda_options cuda = {.tf32 = options->tf32, .attention_library = strcmp(options->attention, "cudnn") == 0};
    if (!options->untuned) {
        CAM_TRY(cam_backends_table(&table));
        cuda.matmul_table = table && (named_table() || cam_file_exists(table)) ? table : NULL;
    }
    CAM_TRY(cam_backend_cuda_open(&cuda, backend));
out:
    free(table);
    return st;
}

static cam_status open_any(const cam_device_options *options, cam_backend **backend) {
    cam_status st = open_cuda(options, backend);
    if (st == CAM_OK || st == CAM_E_DATA) /* a table that is none is to be mended, not the GPU left alone */
        return st;
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
