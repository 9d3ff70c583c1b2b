/* nccl_host.cc: nccl.h by MPI, as work on streams.
 *
 * A group's collectives are put on their streams by the ncclCommGetAsyncError that reports the group's end. Sums are in
 * rank order, bf16 in f32.
 */
#include "nccl_host.h"
#include "comm_nccl_library.h"
#include "runtime.h"
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mpi.h>
#include <set>
#include <string>
#include <vector>

enum { POLLS = 2 /* until a call's background work ends */ };

/* The part of a communicator that work on a stream uses; it outlives an abort. */
struct ring {
    MPI_Comm mpi = MPI_COMM_NULL;
    int rank, ranks;
    std::atomic<bool> aborted{false};
};

struct ncclComm {
    std::shared_ptr<ring> shared;
    std::set<cudaStream_t> streams;
    int polls = 0; /* left; 0: no call is pending */
    ncclResult_t ends = ncclSuccess;
    std::string text;
    std::function<void()> rest; /* background work of the pending call */
    ncclResult_t broken = ncclSuccess;
    bool finalized = false;
};

namespace {

struct fault {
    ncclResult_t result;
    std::string text;
};

struct {
    std::map<std::string, fault> calls, ends;
    std::map<std::string, long> made;
    std::map<std::string, std::string> environment;
    std::string last_error;
    int version = NCCL_VERSION_CODE;
    int live = 0;
} state;

struct {
    int depth = 0;
    ncclComm_t comm = nullptr;
    std::vector<std::pair<cudaStream_t, std::function<void()>>> works;
} group;

ncclResult_t fail(ncclResult_t result, const std::string &text) {
    state.last_error = text;
    return result;
}

/* Counts a call and returns the failure that a test has set for it. Every call begins with it. */
ncclResult_t fault_of(const char *call) {
    if (state.environment.empty())
        for (const char *name : {"NCCL_ALGO", "NCCL_PROTO", "NCCL_GRAPH_REGISTER"})
            state.environment[name] = getenv(name) ? getenv(name) : "";
    state.made[call]++;
    auto found = state.calls.find(call);
    if (found == state.calls.end())
        return ncclSuccess;
    fault f = found->second;
    state.calls.erase(found);
    return fail(f.result, f.text);
}
#define FAULT(call)                                                                                                    \
    do {                                                                                                               \
        ncclResult_t fault_ = fault_of(#call);                                                                         \
        if (fault_ != ncclSuccess)                                                                                     \
            return fault_;                                                                                             \
    } while (0)

/* Whether a call is allowed now. */
ncclResult_t ready(const ncclComm *comm) {
    if (comm->polls)
        return fail(ncclInvalidUsage, "called while another call is pending");
    if (comm->broken != ncclSuccess || comm->finalized)
        return fail(ncclInvalidUsage, "called after an error or the end");
    return ncclSuccess;
}

ncclResult_t start_background(ncclComm *comm, const char *call, std::function<void()> rest) {
    auto found = state.ends.find(call);
    comm->polls = POLLS;
    comm->ends = ncclSuccess;
    comm->rest = std::move(rest);
    if (found != state.ends.end()) {
        comm->ends = found->second.result;
        comm->text = found->second.text;
        state.ends.erase(found);
    }
    return ncclInProgress;
}

size_t size_of(ncclDataType_t type) {
    return type == ncclFloat64 ? 8 : type == ncclFloat32 ? 4 : type == ncclBfloat16 ? 2 : 1;
}

float f32_of(uint16_t bf16) {
    uint32_t u = (uint32_t)bf16 << 16;
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

uint16_t bf16_of(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}

/* Elements [begin, begin + count) of the sum; `all` holds the ranks' `whole` elements one after another. */
template <typename T> void sum(T *to, const T *all, size_t whole, size_t begin, size_t count, int ranks) {
    for (size_t i = begin; i < begin + count; i++) {
        T x = all[i];
        for (int r = 1; r < ranks; r++)
            x += all[(size_t)r * whole + i];
        to[i - begin] = x;
    }
}
template <> void sum<uint16_t>(uint16_t *to, const uint16_t *all, size_t whole, size_t begin, size_t count, int ranks) {
    for (size_t i = begin; i < begin + count; i++) {
        float x = f32_of(all[i]);
        for (int r = 1; r < ranks; r++)
            x += f32_of(all[(size_t)r * whole + i]);
        to[i - begin] = bf16_of(x);
    }
}

void reduce(const ring &r, void *data, size_t whole, size_t begin, size_t count, ncclDataType_t type) {
    size_t size = size_of(type);
    std::vector<unsigned char> all(size * whole * (size_t)r.ranks + sizeof(double));
    char *to = static_cast<char *>(data) + begin * size;
    MPI_Allgather(data, (int)(whole * size), MPI_BYTE, all.data(), (int)(whole * size), MPI_BYTE, r.mpi);
    if (type == ncclFloat64)
        sum(reinterpret_cast<double *>(to), reinterpret_cast<double *>(all.data()), whole, begin, count, r.ranks);
    else if (type == ncclFloat32)
        sum(reinterpret_cast<float *>(to), reinterpret_cast<float *>(all.data()), whole, begin, count, r.ranks);
    else
        sum(reinterpret_cast<uint16_t *>(to), reinterpret_cast<uint16_t *>(all.data()), whole, begin, count, r.ranks);
}

ncclResult_t add(ncclComm_t comm, cudaStream_t stream, const std::function<void(const ring &)> &work) {
    ncclResult_t usable = ready(comm);
    if (usable != ncclSuccess)
        return usable;
    if (group.depth == 0)
        return fail(ncclInvalidUsage, "a collective outside of a group");
    std::shared_ptr<ring> shared = comm->shared;
    group.comm = comm;
    group.works.emplace_back(stream, [shared, work] {
        if (!shared->aborted)
            work(*shared);
    });
    return ncclSuccess;
}

const char *at(const void *data, size_t bytes) {
    return static_cast<const char *>(data) + bytes;
}

} // namespace

cam_status cam_nccl_load(cam_nccl_library *library) {
#define LOAD(call) library->call = nccl##call;
    CAM_NCCL_CALLS(LOAD)
#undef LOAD
    return CAM_OK;
}

extern "C" {

/* --- control by tests --------------------------------------------------------------------------------------------- */

void simt_nccl_fail(const char *call, ncclResult_t result, const char *text) {
    state.calls[call] = fault{result, text};
}
void simt_nccl_end(const char *call, ncclResult_t result, const char *text) {
    state.ends[call] = fault{result, text};
}
void simt_nccl_set_version(int version) {
    state.version = version;
}
long simt_nccl_calls_of(const char *call) {
    return state.made[call];
}
int simt_nccl_live(void) {
    return state.live;
}
const char *simt_nccl_environment(const char *variable) {
    return state.environment[variable].c_str();
}

/* --- communicators ------------------------------------------------------------------------------------------------ */

ncclResult_t ncclGetVersion(int *version) {
    *version = state.version;
    return ncclSuccess;
}
/* MPI connects the ranks, so the id only has to be the same on all of them. */
ncclResult_t ncclGetUniqueId(ncclUniqueId *id) {
    FAULT(ncclGetUniqueId);
    memset(id, 'i', sizeof *id);
    return ncclSuccess;
}
const char *ncclGetErrorString(ncclResult_t result) {
    static const char *const texts[] = {"no error",
                                        "unhandled cuda error",
                                        "unhandled system error",
                                        "internal error",
                                        "invalid argument",
                                        "invalid usage",
                                        "remote process exited or there was a network error",
                                        "NCCL operation in progress"};
    return texts[result];
}
const char *ncclGetLastError(ncclComm_t) {
    return state.last_error.c_str();
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t *comm, int ranks, ncclUniqueId id, int rank, ncclConfig_t *config) {
    ncclUniqueId right;
    *comm = nullptr;
    FAULT(ncclCommInitRankConfig);
    memset(&right, 'i', sizeof right);
    if (memcmp(&id, &right, sizeof id) != 0 || config->magic != 0xcafebeef || config->blocking != 0)
        return fail(ncclInvalidArgument, "wrong id or configuration");
    *comm = new ncclComm();
    state.live++;
    std::shared_ptr<ring> shared = (*comm)->shared = std::make_shared<ring>();
    shared->rank = rank;
    shared->ranks = ranks;
    return start_background(*comm, "ncclCommInitRankConfig", [shared] {
        MPI_Comm_dup(shared->ranks == 1 ? MPI_COMM_SELF : MPI_COMM_WORLD, &shared->mpi);
    });
}
/* Completes the work on the streams first. */
ncclResult_t ncclCommFinalize(ncclComm_t comm) {
    FAULT(ncclCommFinalize);
    ncclResult_t usable = ready(comm);
    if (usable != ncclSuccess)
        return usable;
    return start_background(comm, "ncclCommFinalize", [comm] {
        for (cudaStream_t stream : comm->streams)
            (void)cudaStreamQuery(stream);
        comm->finalized = true;
    });
}
ncclResult_t ncclCommDestroy(ncclComm_t comm) {
    FAULT(ncclCommDestroy);
    if (!comm->finalized)
        return fail(ncclInvalidUsage, "destroyed before the end");
    if (comm->shared.use_count() > 1) {
        fprintf(stderr, "simt: ncclCommDestroy of a communicator whose calls a graph still holds would never return\n");
        abort();
    }
    MPI_Comm_free(&comm->shared->mpi);
    state.live--;
    delete comm;
    return ncclSuccess;
}
/* MPI's communicator stays: all ranks would have to free it. */
ncclResult_t ncclCommAbort(ncclComm_t comm) {
    FAULT(ncclCommAbort);
    comm->shared->aborted = true;
    state.live--;
    delete comm;
    return ncclSuccess;
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *result) {
    FAULT(ncclCommGetAsyncError);
    if (comm->polls && comm->ends != ncclInProgress && --comm->polls == 0) {
        std::function<void()> rest = std::move(comm->rest);
        comm->rest = nullptr;
        if (comm->ends == ncclSuccess)
            rest();
        else
            comm->broken = fail(comm->ends, comm->text);
    }
    *result = comm->polls ? ncclInProgress : comm->broken;
    return ncclSuccess;
}

/* --- collectives -------------------------------------------------------------------------------------------------- */

ncclResult_t ncclGroupStart(void) {
    FAULT(ncclGroupStart);
    group.depth++;
    return ncclSuccess;
}
ncclResult_t ncclGroupEnd(void) {
    ncclResult_t fault = fault_of("ncclGroupEnd");
    if (--group.depth > 0)
        return fault;
    ncclComm_t comm = group.comm;
    auto works = std::move(group.works);
    group = {};
    if (fault != ncclSuccess)
        return fault;
    if (!comm)
        return ncclSuccess;
    return start_background(comm, "ncclGroupEnd", [comm, works] {
        for (const auto &w : works) {
            comm->streams.insert(w.first);
            (void)simt_enqueue_host(w.first, w.second);
        }
    });
}
ncclResult_t ncclAllReduce(const void *send, void *receive, size_t count, ncclDataType_t type, ncclRedOp_t,
                           ncclComm_t comm, cudaStream_t stream) {
    FAULT(ncclAllReduce);
    if (send != receive)
        return fail(ncclInvalidArgument, "not in place");
    return add(comm, stream, [=](const ring &r) { reduce(r, receive, count, 0, count, type); });
}
ncclResult_t ncclReduceScatter(const void *send, void *receive, size_t count, ncclDataType_t type, ncclRedOp_t,
                               ncclComm_t comm, cudaStream_t stream) {
    FAULT(ncclReduceScatter);
    size_t rank = (size_t)comm->shared->rank;
    if (receive != at(send, rank * count * size_of(type)))
        return fail(ncclInvalidArgument, "not in place");
    return add(comm, stream, [=](const ring &r) {
        reduce(r, const_cast<void *>(send), count * (size_t)r.ranks, rank * count, count, type);
    });
}
ncclResult_t ncclAllGather(const void *send, void *receive, size_t count, ncclDataType_t type, ncclComm_t comm,
                           cudaStream_t stream) {
    FAULT(ncclAllGather);
    if (send != at(receive, (size_t)comm->shared->rank * count * size_of(type)))
        return fail(ncclInvalidArgument, "not in place");
    return add(comm, stream, [=](const ring &r) {
        MPI_Allgather(MPI_IN_PLACE, 0, MPI_BYTE, receive, (int)(count * size_of(type)), MPI_BYTE, r.mpi);
    });
}
ncclResult_t ncclBroadcast(const void *send, void *receive, size_t count, ncclDataType_t type, int root,
                           ncclComm_t comm, cudaStream_t stream) {
    FAULT(ncclBroadcast);
    if (send != receive)
        return fail(ncclInvalidArgument, "not in place");
    return add(comm, stream,
               [=](const ring &r) { MPI_Bcast(receive, (int)(count * size_of(type)), MPI_BYTE, root, r.mpi); });
}

} /* extern "C" */
