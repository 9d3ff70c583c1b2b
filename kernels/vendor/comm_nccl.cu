/* comm_nccl.cu: cam/comm.h by NCCL, on a stream of its own.
 *
 * A call forks from the backend's stream, and join joins the two again. One event serves both: cudaStreamWaitEvent
 * waits for the event's last record, and each record is followed by exactly one wait. Both can be captured.
 *
 * The communicator is nonblocking: a call may continue in the background, and nothing may be submitted to its stream
 * before the call has completed. The host polls for that; it does not wait for the kernels on the device.
 *
 * Invariants: `handle` is used under the lock only, because abort may clear it from any thread. After an error the only
 * call with the handle is ncclCommAbort.
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

/* The first version with nonblocking communicators. */
enum { OLDEST_VERSION = 21400 };

typedef struct cam_nccl {
    cam_comm base; /* first: a cam_comm * points to a cam_nccl */
    cam_nccl_library lib;
    cam_cuda_backend *cuda;
    pthread_mutex_t lock;
    ncclComm_t handle; /* NULL: not open yet, or aborted */
    cudaStream_t stream;
    cudaEvent_t order;
    double timeout_s;
    int opened;
    int failed;
    int started; /* a call was started since the last join */
    char description[32];
} cam_nccl;

static cam_nccl *nccl_of(cam_comm *comm) {
    return reinterpret_cast<cam_nccl *>(comm);
}

/* --- the library ------------------------------------------------------------------------------------------------- */

/* A fixed ring and protocol give sums a fixed order, in captured calls as in others. NCCL reads these variables at its
 * first call. */
static const struct {
    const char *name, *value;
} pinned[] = {{"NCCL_ALGO", "Ring"}, {"NCCL_PROTO", "Simple"}, {"NCCL_GRAPH_REGISTER", "0"}};

static cam_status load_library(cam_nccl_library *lib) {
    for (const auto &p : pinned)
        setenv(p.name, p.value, 0);
    return cam_nccl_load(lib);
}

/* nccl == NULL: there is no communicator yet. */
static cam_status call_failed(const cam_nccl_library *lib, const cam_nccl *nccl, ncclResult_t error, const char *call,
                              int line) {
    const char *text = lib->GetLastError(nccl ? nccl->handle : nullptr);
    char where[64] = "";
    if (nccl)
        snprintf(where, sizeof where, "rank %d of %d in step %lld: ", nccl->base.rank, nccl->base.ranks,
                 (long long)nccl->base.step);
    if (error == ncclInvalidUsage && text && strstr(text, "Duplicate GPU"))
        return cam_fail(CAM_E_DEVICE, "two ranks share one GPU, which NCCL refuses; start one rank a GPU, or "
                                      "CAM_COMM=mpi");
    return cam_fail(error == ncclRemoteError || error == ncclSystemError ? CAM_E_PEER : CAM_E_DEVICE,
                    "%s\"%s\" in comm_nccl.cu:%d: %s (%s)", where, call, line, lib->GetErrorString(error),
                    text ? text : "");
}

cam_status cam_comm_nccl_id(unsigned char id[CAM_NCCL_ID_BYTES]) {
    cam_status st = CAM_OK;
    cam_nccl_library lib;
    ncclUniqueId unique;
    ncclResult_t error;
    static_assert(sizeof unique == CAM_NCCL_ID_BYTES, "an id has NCCL's size");
    CAM_TRY(load_library(&lib));
    error = lib.GetUniqueId(&unique);
    if (error != ncclSuccess)
        return call_failed(&lib, nullptr, error, "ncclGetUniqueId", __LINE__);
    memcpy(id, &unique, sizeof unique);
out:
    return st;
}

/* --- calls in the background ------------------------------------------------------------------------------------- */

/* A call completes within microseconds; other ranks may arrive seconds later. */
static void back_off(double waited_s) {
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

/* Sets *pending to whether `call` is in progress. Returns its error if it has failed. */
static cam_status poll_call(cam_nccl *nccl, const char *call, int *pending) {
    cam_status st = CAM_OK;
    ncclResult_t state = ncclSuccess, error;
    pthread_mutex_lock(&nccl->lock);
    if (!nccl->handle) {
        st = aborted(nccl);
    } else {
        error = nccl->lib.CommGetAsyncError(nccl->handle, &state);
        *pending = error == ncclSuccess && state == ncclInProgress;
        if (error == ncclSuccess && !*pending)
            error = state;
        if (error != ncclSuccess)
            st = call_failed(&nccl->lib, nccl, error, call, __LINE__);
    }
    pthread_mutex_unlock(&nccl->lock);
    return st;
}

/* Waits until `call` has completed; with `stream`, also until its work on the device has. */
static cam_status wait_for_call(cam_nccl *nccl, const char *call, cudaStream_t stream) {
    cam_status st = CAM_OK;
    double start_s = cam_now_s(), waited_s = 0;
    int pending = 1;
    for (;;) {
        CAM_TRY(poll_call(nccl, call, &pending));
        if (!pending && stream) {
            cudaError_t error = cudaStreamQuery(stream);
            pending = error == cudaErrorNotReady;
            if (error != cudaSuccess && !pending) {
                st = cam_cuda_failed(error, "cudaStreamQuery", __FILE__, __LINE__);
                goto out;
            }
        }
        if (!pending)
            break;
        waited_s = cam_now_s() - start_s;
        if (waited_s > nccl->timeout_s) {
            st = waited_too_long(nccl, call);
            goto out;
        }
        back_off(waited_s);
    }
out:
    nccl->failed |= st != CAM_OK;
    return st;
}

/* --- collectives ------------------------------------------------------------------------------------------------- */

typedef struct collective {
    const char *name;
    ncclResult_t (*call)(const cam_nccl *nccl, const cam_comm_buffer *buffer);
    int rounds; /* of the ring; a rank sends all shards but one in each (of a broadcast: on average) */
} collective;

static size_t bytes_of(const cam_comm_buffer *buffer, int64_t count) {
    return (size_t)count * cam_dtype_size(buffer->dtype);
}

static void *own_shard(const cam_nccl *nccl, const cam_comm_buffer *buffer) {
    return static_cast<char *>(buffer->data) +
           bytes_of(buffer, cam_comm_shard_begin(&nccl->base, buffer, nccl->base.rank));
}

static ncclDataType_t type_of(const cam_comm_buffer *buffer) {
    return buffer->dtype == CAM_F64 ? ncclFloat64 : buffer->dtype == CAM_BF16 ? ncclBfloat16 : ncclFloat32;
}

static ncclResult_t call_reduce_scatter(const cam_nccl *nccl, const cam_comm_buffer *buffer) {
    return nccl->lib.ReduceScatter(buffer->data, own_shard(nccl, buffer), (size_t)(buffer->count / nccl->base.ranks),
                                   type_of(buffer), ncclSum, nccl->handle, nccl->stream);
}

static ncclResult_t call_all_reduce(const cam_nccl *nccl, const cam_comm_buffer *buffer) {
    return nccl->lib.AllReduce(buffer->data, buffer->data, (size_t)buffer->count, type_of(buffer), ncclSum,
                               nccl->handle, nccl->stream);
}

static ncclResult_t call_all_gather(const cam_nccl *nccl, const cam_comm_buffer *buffer) {
    return nccl->lib.AllGather(own_shard(nccl, buffer), buffer->data,
                               bytes_of(buffer, buffer->count / nccl->base.ranks), ncclUint8, nccl->handle,
                               nccl->stream);
}

static ncclResult_t call_broadcast(const cam_nccl *nccl, const cam_comm_buffer *buffer) {
    return nccl->lib.Broadcast(buffer->data, buffer->data, bytes_of(buffer, buffer->count), ncclUint8, 0, nccl->handle,
                               nccl->stream);
}

static const collective reduce_scatter = {"ncclReduceScatter", call_reduce_scatter, 1};
static const collective all_reduce = {"ncclAllReduce", call_all_reduce, 2};
static const collective all_gather = {"ncclAllGather", call_all_gather, 1};
static const collective broadcast = {"ncclBroadcast", call_broadcast, 1};

static int is_ok(ncclResult_t result) {
    return result == ncclSuccess || result == ncclInProgress;
}

/* All buffers in one NCCL group call, which may complete in the background. */
static cam_status call_group(cam_nccl *nccl, const collective *c, const cam_comm_buffer *buffers, int count) {
    cam_status st = CAM_OK;
    ncclResult_t error, ended;
    pthread_mutex_lock(&nccl->lock);
    if (!nccl->handle) {
        st = aborted(nccl);
        goto out;
    }
    error = nccl->lib.GroupStart();
    if (is_ok(error)) {
        for (int i = 0; is_ok(error) && i < count; i++)
            error = c->call(nccl, &buffers[i]);
        ended = nccl->lib.GroupEnd();
        if (is_ok(error))
            error = ended;
    }
    if (!is_ok(error))
        st = call_failed(&nccl->lib, nccl, error, c->name, __LINE__);
out:
    nccl->failed |= st != CAM_OK;
    pthread_mutex_unlock(&nccl->lock);
    return st;
}

/* Work that `later` gets from now on waits for all work that `earlier` has. */
static cam_status order_streams(cam_nccl *nccl, cudaStream_t earlier, cudaStream_t later) {
    cam_status st = CAM_OK;
    CAM_CUDA_TRY(cudaEventRecord(nccl->order, earlier));
    CAM_CUDA_TRY(cudaStreamWaitEvent(later, nccl->order, 0));
out:
    return st;
}

static cam_status start(cam_comm *comm, const collective *c, const cam_comm_buffer *buffers, int count) {
    cam_status st = CAM_OK;
    cam_nccl *nccl = nccl_of(comm);
    CAM_ASSERT(count <= CAM_COMM_MAX_BUFFERS);
    CAM_TRY(order_streams(nccl, nccl->cuda->stream, nccl->stream));
    nccl->started = 1;
    CAM_TRY(call_group(nccl, c, buffers, count));
    CAM_TRY(wait_for_call(nccl, c->name, nullptr));
    if (nccl->cuda->check)
        CAM_CUDA_TRY(cudaStreamSynchronize(nccl->stream));
    for (int i = 0; i < count; i++)
        comm->figures.bytes_sent +=
            c->rounds * (int64_t)bytes_of(&buffers[i], buffers[i].count) / comm->ranks * (comm->ranks - 1);
out:
    return st;
}

static cam_status start_sum(cam_comm *comm, const collective *c, const cam_comm_buffer *buffers, int count) {
    for (int i = 0; i < count; i++) {
        if (buffers[i].dtype != CAM_F32 && buffers[i].dtype != CAM_BF16 && buffers[i].dtype != CAM_F64)
            return cam_fail(CAM_E_DTYPE, "sums of %s are not supported with NCCL", cam_dtype_name(buffers[i].dtype));
        CAM_ASSERT(buffers[i].count % comm->ranks == 0);
    }
    return start(comm, c, buffers, count);
}

static cam_status nccl_reduce_scatter(cam_comm *comm, const cam_comm_buffer *buffers, int count) {
    return start_sum(comm, &reduce_scatter, buffers, count);
}

static cam_status nccl_all_reduce(cam_comm *comm, const cam_comm_buffer *buffers, int count) {
    return start_sum(comm, &all_reduce, buffers, count);
}

static cam_status nccl_all_gather(cam_comm *comm, const cam_comm_buffer *buffers, int count) {
    for (int i = 0; i < count; i++)
        CAM_ASSERT(buffers[i].count % comm->ranks == 0);
    return start(comm, &all_gather, buffers, count);
}

static cam_status nccl_broadcast(cam_comm *comm, const cam_comm_buffer *buffers, int count) {
    return start(comm, &broadcast, buffers, count);
}

/* Unless a call was started, NCCL's stream is not part of the backend's capture and must not be joined. */
static cam_status nccl_join(cam_comm *comm) {
    cam_status st = CAM_OK;
    cam_nccl *nccl = nccl_of(comm);
    if (nccl->started)
        CAM_TRY(order_streams(nccl, nccl->stream, nccl->cuda->stream));
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

/* CommFinalize waits for the other ranks, CommDestroy does not. */
static void finalize(cam_nccl *nccl) {
    ncclResult_t error = ncclSuccess;
    pthread_mutex_lock(&nccl->lock);
    if (nccl->handle)
        error = nccl->lib.CommFinalize(nccl->handle);
    pthread_mutex_unlock(&nccl->lock);
    if (!is_ok(error) || wait_for_call(nccl, "ncclCommFinalize", nullptr) != CAM_OK)
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

static const cam_comm_calls nccl_calls = {nccl_reduce_scatter, nccl_all_reduce, nccl_all_gather, nccl_broadcast,
                                          nccl_join,           nccl_abort,      nccl_close};

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
    if (!is_ok(error))
        return call_failed(&nccl->lib, nccl, error, "ncclCommInitRankConfig", __LINE__);
    CAM_TRY(wait_for_call(nccl, "ncclCommInitRankConfig", nullptr));
out:
    return st;
}

/* A first all-reduce. NCCL connects the ring and allocates its buffers at the first call; that must not happen while a
 * step is captured. */
static cam_status warm_up(cam_nccl *nccl) {
    cam_status st = CAM_OK;
    cam_comm_buffer buffer = {nullptr, CAM_F32, nccl->base.ranks};
    size_t bytes = bytes_of(&buffer, buffer.count);
    CAM_CUDA_TRY(cudaMalloc(&buffer.data, bytes));
    CAM_CUDA_TRY(cudaMemsetAsync(buffer.data, 0, bytes, nccl->cuda->stream));
    CAM_TRY(start(&nccl->base, &all_reduce, &buffer, 1));
    CAM_TRY(wait_for_call(nccl, all_reduce.name, nccl->stream));
    nccl->started = 0;
    nccl->base.figures = cam_comm_figures{};
out:
    if (st != CAM_OK)
        nccl_abort(&nccl->base); /* first: its kernel may still use the memory */
    if (buffer.data)
        (void)cudaFree(buffer.data);
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
    CAM_TRY(warm_up(nccl));
    nccl->opened = 1;
    *comm = &nccl->base;
out:
    if (st != CAM_OK) {
        nccl->failed = 1;
        nccl_close(&nccl->base);
    }
    return st;
}
