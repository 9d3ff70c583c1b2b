/* backends.c: see backends.h. The only file that lists the backends. */
#include "backends.h"
#include "backend_cpu.h"
#include "backend_cuda.h"
#include "comm_mpi.h"
#include "comm_nccl.h"
#include "files.h"
#include "hash.h"
#include "hub_cache.h"
#include "local_threads_internal.h"
#include "log.h"
#include "opening_internal.h"
#include "process_limits.h"
#include "threads.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static cam_status open_cpu(const cam_device_options *options, cam_backend **backend) {
    cam_status st = CAM_OK;
    int threads = options->threads;
    if (options->attention == CAM_CONFIG_ATTENTION_CUDNN)
        CAM_FAIL(CAM_E_UNSUPPORTED, "attention: cudnn needs a GPU; use attention=auto");
    if (threads == 0)
        CAM_TRY(cam_local_threads(options->group, &threads));
    CAM_TRY(cam_backend_cpu_open(threads, backend));
out:
    return st;
}

/* The value of CAM_MATMUL_TABLE; NULL if it is not set. */
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

/* The value of CAM_COMM: "mpi", "nccl"; "" if it is not set. */
static const char *named_comm(void) {
    const char *name = getenv("CAM_COMM");
    return name ? name : "";
}

int cam_host_threads(const cam_group *group) {
    int usable = cam_usable_threads(), ranks = group ? group->local_ranks : 1;
    return usable > ranks ? usable / ranks : 1;
}

/* In the main thread, or by cam_backends_begin in another one. */
static cam_status open_cuda_now(const cam_device_options *options, cam_backend **backend) {
    cam_status st = CAM_OK;
    char *table = NULL;
    int threads = options->threads > 0 ? options->threads : cam_host_threads(options->group);
    cam_cuda_options cuda = {.device = options->group ? options->group->local_rank : 0,
                             .shared = strcmp(named_comm(), "mpi") == 0,
                             .tf32 = options->tf32,
                             .attention_library = options->attention == CAM_CONFIG_ATTENTION_CUDNN};
    if (!options->untuned) {
        CAM_TRY(cam_backends_table(&table));
        cuda.matmul_table = table && (named_table() || cam_file_exists(table)) ? table : NULL;
    }
    CAM_TRY(cam_threads_try(threads));
    CAM_TRY(cam_backend_cuda_open(&cuda, backend));
    (*backend)->host_threads = threads;
out:
    free(table);
    return st;
}

static cam_status open_cuda(const cam_device_options *options, cam_backend **backend) {
    cam_status st = CAM_OK;
    return cam_opening_take(options, backend, &st) ? st : open_cuda_now(options, backend);
}

/* Either all ranks take a GPU, or all take the CPU. */
static cam_status open_any(const cam_device_options *options, cam_backend **backend) {
    cam_status st = open_cuda(options, backend);
    if (st == CAM_E_DATA) /* a broken table is an error; it is not a reason to take the CPU */
        return st;
    if (st != CAM_OK && options->explain && cam_backend_cuda_is_built())
        cam_log("device   auto takes the CPU: %s", cam_status_message());
    long long with_gpu = st == CAM_OK, ranks = cam_group_ranks(options->group);
    CAM_TRY(cam_group_sum(options->group, "looking for GPUs", &with_gpu));
    if (with_gpu == ranks)
        goto out;
    if (with_gpu > 0)
        cam_log_warn("only %lld of %lld ranks have a GPU: all take the CPU", with_gpu, ranks);
    cam_backend_close(*backend);
    *backend = NULL;
    CAM_TRY(open_cpu(options, backend));
out:
    return st;
}

cam_status cam_backends_open(const cam_device_options *options, cam_backend **backend) {
    *backend = NULL;
    switch (options->device) {
    case CAM_CONFIG_DEVICE_AUTO:
        return open_any(options, backend);
    case CAM_CONFIG_DEVICE_CPU:
        return open_cpu(options, backend);
    case CAM_CONFIG_DEVICE_CUDA:
        return open_cuda(options, backend);
    case CAM_CHOICE_COUNT_device:
        break;
    }
    CAM_BUG("no device %d", (int)options->device);
}

void cam_backends_begin(const cam_device_options *options) {
    if (options->device != CAM_CONFIG_DEVICE_CPU && cam_backend_cuda_is_built() && cam_group_ranks(options->group) == 1)
        cam_opening_begin(options, open_cuda_now);
}

int cam_backends_end(void) {
    enum { WAIT_S = 10 };
    return cam_opening_end(WAIT_S);
}

static cam_status connect_nccl(cam_group *group, cam_backend *backend, cam_comm **comm) {
    cam_status st = CAM_OK;
    unsigned char id[CAM_NCCL_ID_BYTES] = {0};
    if (group->rank == 0)
        st = cam_comm_nccl_id(id);
    CAM_TRY(cam_group_agree_status(group, "loading NCCL", st));
    CAM_TRY(cam_group_broadcast(group, "connecting GPUs", id, sizeof id));
    CAM_TRY(cam_comm_nccl_open(
        backend,
        &(cam_comm_nccl_options){.rank = group->rank, .ranks = group->ranks, .id = id, .timeout_s = group->timeout_s},
        comm));
out:
    return st;
}

/* Weights stay equal on all ranks only if all compute the same bits. */
static cam_status check_same_arithmetic(cam_group *group, const cam_backend *backend) {
    const char *kind = backend->arithmetic;
    cam_status st =
        cam_group_require_equal(group, "processor or GPU", cam_hash_bytes(CAM_HASH_START, kind, strlen(kind)));
    return st == CAM_E_USAGE ? cam_fail(CAM_E_DEVICE,
                                        "%s: this one computes with \"%s\"; on processors of different ages "
                                        "CAM_CPU_ISA=v3 in the environment makes them alike",
                                        cam_status_message(), kind)
                             : st;
}

cam_status cam_backends_connect(cam_group *group, cam_backend *backend, cam_comm **comm) {
    cam_status st = CAM_OK;
    const char *named = named_comm();
    int nccl = named[0] ? strcmp(named, "nccl") == 0 : !backend->host_memory;
    *comm = NULL;
    if (named[0] && !nccl && strcmp(named, "mpi") != 0)
        CAM_FAIL(CAM_E_USAGE, "\"CAM_COMM=%s\": there are mpi and nccl", named);
    if (group->ranks == 1 && !(named[0] && nccl))
        goto out;
    if (nccl && backend->host_memory)
        CAM_FAIL(CAM_E_USAGE, "\"CAM_COMM=nccl\" is for GPUs, and this run computes on the CPU");
    CAM_TRY(check_same_arithmetic(group, backend));
    if (nccl)
        CAM_TRY(connect_nccl(group, backend, comm));
    else
        CAM_TRY(cam_comm_mpi_open(group, backend, comm));
    cam_log("ranks    %d, by %s (%s)", group->ranks, (*comm)->name, (*comm)->description);
out:
    return st;
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
