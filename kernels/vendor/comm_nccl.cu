/* comm_nccl.cu: cam/comm.h by NCCL, on a stream of its own.
 *
 * A call forks from the backend's stream, join leads back to it. One event does both: whoever waits takes over what it
 * stands for at that moment, and every record is followed by its only wait. So capture takes them as they are.
 *
 * The communicator is nonblocking: a call may go on in the background, and nothing may be asked of its stream before it
 * has ended, which is polled for. Kernels that wait for their peers on the device are not waited for here.
 *
 * Invariants: the lock is held where `handle` is used, so that abort, which takes it away, may come from any thread.
 * After an error nothing is asked of the handle but to abort.
 *
 * Source: NCCL 2.28 user guide, "Group Calls", "Fault Tolerance", "Using NCCL with CUDA Graphs".
 */
#include "clock.h"
#include "comm_nccl.h"
#include "comm_nccl_library.h"
#include "cuda.cuh"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <pthread.h>
#include <sched.h>

/* Before it a communicator cannot be nonblocking. */
enum { OLDEST_VERSION = 21400 };

typedef struct cam_nccl {
    cam_comm base; /* first: a cam_comm * is one of these */
    cam_nccl_library lib;
    cam_cuda_backend *cuda;
    pthread_mutex_t lock;
    ncclComm_t handle; /* NULL: not open yet, or aborted */
    cudaStream_t stream;
    cudaEvent_t order;
    double timeout_s;
    int opened;
    int failed;
    int started; /* since the last join */
    char description[32];
} cam_nccl;

static cam_nccl *nccl_of(cam_comm *comm) {
    return reinterpret_cast<cam_nccl *>(comm);
}

/* --- the library ------------------------------------------------------------------------------------------------- */

/* Sums have a fixed order in a ring that always chooses alike, and captured calls take the way of others. NCCL reads
 * these at its first call. */
static const struct {
    const char *name, *value;
} pinned[] = {{"NCCL_ALGO", "Ring"}, {"NCCL_PROTO", "Simple"}, {"NCCL_GRAPH_REGISTER", "0"}};

static cam_status load_library(cam_nccl_library *lib) {
    for (const auto &p : pinned)
        setenv(p.name, p.value, 0);
    return cam_nccl_load(lib);
}

/* nccl == NULL: before there is one. */
static cam_status call_failed(const cam_nccl_library *lib, const cam_nccl *nccl, ncclResult_t error, const char *call,
                              int line) {
    const char *words = lib->GetLastError(nccl ? nccl->handle : nullptr);
    char who[64] = "";
    if (nccl)
        snprintf(who, sizeof who, "rank %d of %d in step %lld: ", nccl->base.rank, nccl->base.ranks,
                 (long long)nccl->base.step);
    if (error == ncclInvalidUsage && words && strstr(words, "Duplicate GPU"))
        return cam_fail(CAM_E_DEVICE, "two ranks share one GPU, which NCCL refuses; start one rank a GPU, or "
                                      "CAM_COMM=mpi");
    return cam_fail(error == ncclRemoteError || error == ncclSystemError ? CAM_E_PEER : CAM_E_DEVICE,
                    "%s\"%s\" in comm_nccl.cu:%d: %s (%s)", who, call, line, lib->GetErrorString(error),
                    words ? words : "");
}

cam_status cam_comm_nccl_id(unsigned char id[CAM_NCCL_ID_BYTES]) {
    cam_status st = CAM_OK;
    cam_nccl_library lib;
    ncclUniqueId unique;
    ncclResult_t error;
    static_assert(sizeof unique == CAM_NCCL_ID_BYTES, "an id is all of NCCL's");
    CAM_TRY(load_library(&lib));
    error = lib.GetUniqueId(&unique);
    if (error != ncclSuccess)
        return call_failed(&lib, nullptr, error, "ncclGetUniqueId", __LINE__);
    memcpy(id, &unique, sizeof unique);
out:
    return st;
}

/* --- what goes on in the background ------------------------------------------------------------------------------ */

/* What is started ends within microseconds, ranks come within seconds. */
static void nap(double waited_s) {
    const struct timespec tenth_of_ms = {0, 100000};
    if (waited_s < 1e-3)
        (void)sched_yield();
    else
        (void)nanosleep(&tenth_of_ms, nullptr);
}

static cam_status waited_too_long(const cam_nccl *nccl, const char *call) {
    const cam_comm *c = &nccl->base;
    if (!nccl->opened)
        return cam_fail(CAM_E_PEER, "rank %d of %d waited %g s for the other ranks to open NCCL", c->rank, c->ranks,
                        nccl->timeout_s);
    return cam_fail(CAM_E_PEER, "rank %d of %d waited %g s for the other ranks in \"%s\" of step %lld", c->rank,
                    c->ranks, nccl->timeout_s, call, (long long)c->step);
}

static cam_status aborted(const cam_nccl *nccl) {
    return cam_fail(CAM_E_PEER, "NCCL was aborted on rank %d of %d in step %lld", nccl->base.rank, nccl->base.ranks,
                    (long long)nccl->base.step);
}

/* Whether `call` still goes on; its error, where it has ended with one. */
static cam_status poll_call(cam_nccl *nccl, const char *call, int *goes_on) {
    cam_status st = CAM_OK;
    ncclResult_t state = ncclSuccess, error;
    pthread_mutex_lock(&nccl->lock);
    if (!nccl->handle) {
        st = aborted(nccl);
    } else {
        error = nccl->lib.CommGetAsyncError(nccl->handle, &state);
        *goes_on = error == ncclSuccess && state == ncclInProgress;
        if (error == ncclSuccess && !*goes_on)
            error = state;
        if (error != ncclSuccess)
            st = call_failed(&nccl->lib, nccl, error, call, __LINE__);
    }
    pthread_mutex_unlock(&nccl->lock);
    return st;
}

/* Waits for the end of `call`; with `stream`, for that of what it asked of the device, too. */
static cam_status wait_for_call(cam_nccl *nccl, const char *call, cudaStream_t stream) {
    cam_status st = CAM_OK;
    double start_s = cam_now_s(), waited_s = 0;
    int goes_on = 1;
    for (;;) {
        CAM_TRY(poll_call(nccl, call, &goes_on));
        if (!goes_on && stream) {
            cudaError_t error = cudaStreamQuery(stream);
            goes_on = error == cudaErrorNotReady;
            if (error != cudaSuccess && !goes_on) {
                st = cam_cuda_failed(error, "cudaStreamQuery", __FILE__, __LINE__);
                goto out;
            }
        }
        if (!goes_on)
            break;
        waited_s = cam_now_s() - start_s;
        if (waited_s > nccl->timeout_s) {
            st = waited_too_long(nccl, call);
            goto out;
        }
        nap(waited_s);
    }
out:
    nccl->failed |= st != CAM_OK;
    return st;
}

/* --- collectives ------------------------------------------------------------------------------------------------- */

typedef struct collective {
    const char *call;
    ncclResult_t (*ask)(const cam_nccl *nccl, const cam_comm_buffer *part);
    int rounds; /* of the ring, in each of which a rank sends all shares but one; broadcast: in the mean */
} collective;

static size_t bytes_of(const cam_comm_buffer *part, int64_t count) {
    return (size_t)count * cam_dtype_size(part->dtype);
}

/* Where this rank's share begins. */
static void *own_share(const cam_nccl *nccl, const cam_comm_buffer *part) {
    return static_cast<char *>(part->data) + bytes_of(part, cam_comm_shard_begin(&nccl->base, part, nccl->base.rank));
}

static ncclDataType_t summed_as(const cam_comm_buffer *part) {
    return part->dtype == CAM_F64 ? ncclFloat64 : part->dtype == CAM_BF16 ? ncclBfloat16 : ncclFloat32;
}

static ncclResult_t ask_reduce_own(const cam_nccl *nccl, const cam_comm_buffer *part) {
    return nccl->lib.ReduceScatter(part->data, own_share(nccl, part), (size_t)(part->count / nccl->base.ranks),
                                   summed_as(part), ncclSum, nccl->handle, nccl->stream);
}

static ncclResult_t ask_reduce_all(const cam_nccl *nccl, const cam_comm_buffer *part) {
    return nccl->lib.AllReduce(part->data, part->data, (size_t)part->count, summed_as(part), ncclSum, nccl->handle,
                               nccl->stream);
}

static ncclResult_t ask_gather(const cam_nccl *nccl, const cam_comm_buffer *part) {
    return nccl->lib.AllGather(own_share(nccl, part), part->data, bytes_of(part, part->count / nccl->base.ranks),
                               ncclUint8, nccl->handle, nccl->stream);
}

static ncclResult_t ask_broadcast(const cam_nccl *nccl, const cam_comm_buffer *part) {
    return nccl->lib.Broadcast(part->data, part->data, bytes_of(part, part->count), ncclUint8, 0, nccl->handle,
                               nccl->stream);
}

static const collective reduce_own = {"ncclReduceScatter", ask_reduce_own, 1};
static const collective reduce_all = {"ncclAllReduce", ask_reduce_all, 2};
static const collective gather_all = {"ncclAllGather", ask_gather, 1};
static const collective broadcast_all = {"ncclBroadcast", ask_broadcast, 1};

static int is_well(ncclResult_t result) {
    return result == ncclSuccess || result == ncclInProgress;
}

/* All parts as one call of NCCL's, which may end in the background. */
static cam_status ask_group(cam_nccl *nccl, const collective *c, const cam_comm_buffer *parts, int count) {
    cam_status st = CAM_OK;
    ncclResult_t error, ended;
    pthread_mutex_lock(&nccl->lock);
    if (!nccl->handle) {
        st = aborted(nccl);
        goto out;
    }
    error = nccl->lib.GroupStart();
    if (is_well(error)) {
        for (int i = 0; is_well(error) && i < count; i++)
            error = c->ask(nccl, &parts[i]);
        ended = nccl->lib.GroupEnd();
        if (is_well(error))
            error = ended;
    }
    if (!is_well(error))
        st = call_failed(&nccl->lib, nccl, error, c->call, __LINE__);
out:
    nccl->failed |= st != CAM_OK;
    pthread_mutex_unlock(&nccl->lock);
    return st;
}

static cam_status wait_in_order(cam_nccl *nccl, cudaStream_t waiting, cudaStream_t awaited) {
    cam_status st = CAM_OK;
    CAM_CUDA_TRY(cudaEventRecord(nccl->order, awaited));
    CAM_CUDA_TRY(cudaStreamWaitEvent(waiting, nccl->order, 0));
out:
    return st;
}

static cam_status start(cam_comm *comm, const collective *c, const cam_comm_buffer *parts, int count) {
    cam_status st = CAM_OK;
    cam_nccl *nccl = nccl_of(comm);
    CAM_ASSERT(count <= CAM_COMM_MAX_BUFFERS);
    CAM_TRY(wait_in_order(nccl, nccl->stream, nccl->cuda->stream));
    nccl->started = 1;
    CAM_TRY(ask_group(nccl, c, parts, count));
    CAM_TRY(wait_for_call(nccl, c->call, nullptr));
    if (nccl->cuda->check)
        CAM_CUDA_TRY(cudaStreamSynchronize(nccl->stream));
    for (int i = 0; i < count; i++)
        comm->figures.bytes_sent +=
            c->rounds * (int64_t)bytes_of(&parts[i], parts[i].count) / comm->ranks * (comm->ranks - 1);
out:
    return st;
}

static cam_status nccl_reduce(cam_comm *comm, const cam_comm_buffer *parts, int count, cam_reach reach) {
    for (int i = 0; i < count; i++) {
        if (parts[i].dtype != CAM_F32 && parts[i].dtype != CAM_BF16 && parts[i].dtype != CAM_F64)
            return cam_fail(CAM_E_DTYPE, "NCCL is not asked for sums of %s", cam_dtype_name(parts[i].dtype));
        CAM_ASSERT(parts[i].count % comm->ranks == 0);
    }
    return start(comm, reach == CAM_REACH_OWN ? &reduce_own : &reduce_all, parts, count);
}

static cam_status nccl_gather(cam_comm *comm, const cam_comm_buffer *parts, int count) {
    for (int i = 0; i < count; i++)
        CAM_ASSERT(parts[i].count % comm->ranks == 0);
    return start(comm, &gather_all, parts, count);
}

static cam_status nccl_broadcast(cam_comm *comm, const cam_comm_buffer *parts, int count) {
    return start(comm, &broadcast_all, parts, count);
}

/* Where nothing was started there may be no capture that the other stream is part of. */
static cam_status nccl_join(cam_comm *comm) {
    cam_status st = CAM_OK;
    cam_nccl *nccl = nccl_of(comm);
    if (nccl->started)
        CAM_TRY(wait_in_order(nccl, nccl->cuda->stream, nccl->stream));
    nccl->started = 0;
out:
    return st;
}

/* --- opening and closing ----------------------------------------------------------------------------------------- */

static void nccl_abort(cam_comm *comm) {
    cam_nccl *nccl = nccl_of(comm);
    pthread_mutex_lock(&nccl->lock);
    ncclComm_t handle = nccl->handle;
    nccl->handle = nullptr;
    pthread_mutex_unlock(&nccl->lock);
    if (handle)
        (void)nccl->lib.CommAbort(handle);
}

/* Finalizing waits for the other ranks, destroying does not. */
static void finalize(cam_nccl *nccl) {
    ncclResult_t error = ncclSuccess;
    pthread_mutex_lock(&nccl->lock);
    if (nccl->handle)
        error = nccl->lib.CommFinalize(nccl->handle);
    pthread_mutex_unlock(&nccl->lock);
    if (!is_well(error) || wait_for_call(nccl, "ncclCommFinalize", nullptr) != CAM_OK)
        return;
    pthread_mutex_lock(&nccl->lock);
    if (nccl->handle)
        (void)nccl->lib.CommDestroy(nccl->handle);
    nccl->handle = nullptr;
    pthread_mutex_unlock(&nccl->lock);
}

static void nccl_close(cam_comm *comm) {
    cam_nccl *nccl = nccl_of(comm);
    if (!nccl->failed)
        finalize(nccl);
    nccl_abort(comm);
    if (nccl->order)
        (void)cudaEventDestroy(nccl->order);
    if (nccl->stream)
        (void)cudaStreamDestroy(nccl->stream);
    pthread_mutex_destroy(&nccl->lock);
    free(nccl);
}

static const cam_comm_calls nccl_calls = {nccl_reduce, nccl_gather, nccl_broadcast, nccl_join, nccl_abort, nccl_close};

static cam_status describe(cam_nccl *nccl) {
    cam_status st = CAM_OK;
    int version = 0;
    (void)nccl->lib.GetVersion(&version);
    snprintf(nccl->description, sizeof nccl->description, "NCCL %d.%d.%d", version / 10000, version / 100 % 100,
             version % 100);
    if (version < OLDEST_VERSION)
        CAM_FAIL(CAM_E_DEVICE, "NCCL is older than 2.14; install a newer version, or use CAM_COMM=mpi");
out:
    return st;
}

static cam_status connect(cam_nccl *nccl, const unsigned char *id) {
    cam_status st = CAM_OK;
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    ncclUniqueId unique;
    ncclResult_t error;
    config.blocking = 0;
    memcpy(&unique, id, sizeof unique);
    error = nccl->lib.CommInitRankConfig(&nccl->handle, nccl->base.ranks, unique, nccl->base.rank, &config);
    if (!is_well(error))
        return call_failed(&nccl->lib, nccl, error, "ncclCommInitRankConfig", __LINE__);
    CAM_TRY(wait_for_call(nccl, "ncclCommInitRankConfig", nullptr));
out:
    return st;
}

/* The first sum. NCCL connects the ring, and takes memory for it, when it is first used: now, and not while a step is
 * captured. */
static cam_status meet(cam_nccl *nccl) {
    cam_status st = CAM_OK;
    cam_comm_buffer part = {nullptr, CAM_F32, nccl->base.ranks};
    size_t bytes = bytes_of(&part, part.count);
    CAM_CUDA_TRY(cudaMalloc(&part.data, bytes));
    CAM_CUDA_TRY(cudaMemsetAsync(part.data, 0, bytes, nccl->cuda->stream));
    CAM_TRY(start(&nccl->base, &reduce_all, &part, 1));
    CAM_TRY(wait_for_call(nccl, reduce_all.call, nccl->stream));
    nccl->started = 0;
    nccl->base.figures = cam_comm_figures{};
out:
    if (st != CAM_OK)
        nccl_abort(&nccl->base); /* before the memory that its kernel may wait over */
    if (part.data)
        (void)cudaFree(part.data);
    return st;
}

static void fill(cam_nccl *nccl, cam_backend *cuda, const cam_comm_nccl_options *options) {
    nccl->cuda = cam_cuda(cuda);
    nccl->timeout_s = options->timeout_s;
    nccl->base.name = "nccl";
    nccl->base.description = nccl->description;
    nccl->base.rank = options->rank;
    nccl->base.ranks = options->ranks;
    nccl->base.captures = 1;
    nccl->base.calls = &nccl_calls;
    pthread_mutex_init(&nccl->lock, nullptr);
}

cam_status cam_comm_nccl_open(cam_backend *cuda, const cam_comm_nccl_options *options, cam_comm **comm) {
    cam_status st = CAM_OK;
    cam_nccl *nccl = static_cast<cam_nccl *>(calloc(1, sizeof *nccl));
    *comm = nullptr;
    CAM_ASSERT(options->rank >= 0 && options->rank < options->ranks);
    if (!nccl)
        return cam_fail(CAM_E_MEMORY, "no memory for NCCL's state");
    fill(nccl, cuda, options);
    CAM_TRY(load_library(&nccl->lib));
    CAM_TRY(describe(nccl));
    CAM_CUDA_TRY(cudaSetDevice(nccl->cuda->device));
    CAM_CUDA_TRY(cudaStreamCreateWithFlags(&nccl->stream, cudaStreamNonBlocking));
    CAM_CUDA_TRY(cudaEventCreateWithFlags(&nccl->order, cudaEventDisableTiming));
    CAM_TRY(connect(nccl, options->id));
    CAM_TRY(meet(nccl));
    nccl->opened = 1;
    *comm = &nccl->base;
out:
    if (st != CAM_OK) {
        nccl->failed = 1;
        nccl_close(&nccl->base);
    }
    return st;
}
