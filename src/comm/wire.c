/* wire.c: see wire_internal.h. */
#include "clock.h"
#include "wire_internal.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    TAG_NOTICE = 1 << 14,
    MESSAGE_BYTES = 1 << 30, /* MPI counts in int */
    BROADCAST_BYTES = 1 << 22,
    NAMED_PEERS = 16
};
/* How often the processes of this machine are checked. */
static const double CHECK_S = 0.25;

static cam_mpi *mpi; /* set when the wire opens */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A failure with MPI's text. The caller holds the lock. */
static cam_status failed(int code, const char *what) {
    char text[CAM_MPI_ERROR_BYTES] = "";
    int length = 0;
    mpi->error_string(code, text, &length);
    return cam_fail(CAM_E_PEER, "the connection to the other ranks is lost: %s: %s", what, text);
}

#define LOCKED(call)                                                                                                   \
    do {                                                                                                               \
        pthread_mutex_lock(&lock);                                                                                     \
        int code_ = (call);                                                                                            \
        st = code_ == CAM_MPI_SUCCESS ? CAM_OK : failed(code_, #call);                                                 \
        pthread_mutex_unlock(&lock);                                                                                   \
        if (st != CAM_OK)                                                                                              \
            goto out;                                                                                                  \
    } while (0)

/* --- messages -------------------------------------------------------------------------------------------------- */

int cam_wire_requests(size_t bytes) {
    return (int)((bytes + MESSAGE_BYTES - 1) / MESSAGE_BYTES);
}

cam_status cam_transfers_open(cam_transfers *transfers, int capacity) {
    *transfers = (cam_transfers){.capacity = capacity};
    transfers->requests = malloc((size_t)capacity * sizeof *transfers->requests);
    transfers->peers = malloc((size_t)capacity * sizeof *transfers->peers);
    if (transfers->requests && transfers->peers)
        return CAM_OK;
    free(transfers->requests);
    free(transfers->peers);
    *transfers = (cam_transfers){0};
    return cam_fail(CAM_E_MEMORY, "no memory for %d messages", capacity);
}

void cam_transfers_close(cam_transfers *transfers) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < transfers->count; i++)
        if (transfers->requests[i] != mpi->request_null) {
            mpi->cancel(&transfers->requests[i]);
            mpi->request_free(&transfers->requests[i]);
        }
    pthread_mutex_unlock(&lock);
    free(transfers->requests);
    free(transfers->peers);
    *transfers = (cam_transfers){0};
}

static cam_mpi_handle *add_request(cam_transfers *transfers, int peer) {
    CAM_ASSERT(transfers->count < transfers->capacity);
    transfers->peers[transfers->count] = peer;
    transfers->requests[transfers->count] = 0;
    return &transfers->requests[transfers->count++];
}

static size_t message_bytes(size_t left) {
    return left < MESSAGE_BYTES ? left : MESSAGE_BYTES;
}

cam_status cam_wire_send(cam_wire *wire, cam_channel channel, cam_transfers *transfers, int peer, int tag,
                         const void *data, size_t bytes) {
    cam_status st = CAM_OK;
    const char *at = data;
    for (size_t count; bytes > 0; at += count, bytes -= count) {
        count = message_bytes(bytes);
        LOCKED(mpi->isend(at, (int)count, mpi->byte, peer, tag, wire->channel[channel], add_request(transfers, peer)));
    }
out:
    return st;
}

cam_status cam_wire_receive(cam_wire *wire, cam_channel channel, cam_transfers *transfers, int peer, int tag,
                            void *data, size_t bytes) {
    cam_status st = CAM_OK;
    char *at = data;
    for (size_t count; bytes > 0; at += count, bytes -= count) {
        count = message_bytes(bytes);
        LOCKED(mpi->irecv(at, (int)count, mpi->byte, peer, tag, wire->channel[channel], add_request(transfers, peer)));
    }
out:
    return st;
}

/* --- failed peers ---------------------------------------------------------------------------------------------- */

void cam_wire_send_notice(cam_wire *wire, cam_status status) {
    static int32_t code; /* static: the sends may complete after this call */
    code = (int32_t)status;
    pthread_mutex_lock(&lock);
    for (int r = 0; r < wire->ranks; r++) {
        cam_mpi_handle request = 0;
        if (r != wire->rank && mpi->isend(&code, sizeof code, mpi->byte, r, TAG_NOTICE, wire->channel[CAM_CHANNEL_HOST],
                                          &request) == CAM_MPI_SUCCESS)
            mpi->request_free(&request);
    }
    pthread_mutex_unlock(&lock);
}

/* Receives one notice if one has arrived. The caller holds the lock. */
static int receive_notice(cam_wire *wire) {
    int arrived = 0;
    int32_t code = 0;
    int status[CAM_MPI_STATUS_INTS];
    cam_mpi_handle host = wire->channel[CAM_CHANNEL_HOST];
    int error = mpi->iprobe(mpi->any_source, TAG_NOTICE, host, &arrived, status);
    if (error == CAM_MPI_SUCCESS && arrived)
        error =
            mpi->recv(&code, sizeof code, mpi->byte, status[mpi->status_source], TAG_NOTICE, host, mpi->status_ignore);
    if (error == CAM_MPI_SUCCESS && arrived && wire->failed_rank < 0) {
        wire->failed_rank = status[mpi->status_source];
        wire->failed_status = (cam_status)code;
    }
    return error;
}

/* Whether a process no longer exists or is a zombie. */
static int has_ended(pid_t process) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "re");
    if (!file)
        return kill(process, 0) != 0 && errno == ESRCH;
    size_t count = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[count] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end && strncmp(name_end, ") Z", 3) == 0;
}

/* The lowest rank of this machine whose process has ended; -1: none, or the last check was less than CHECK_S ago. Ranks
 * that succeed end MPI together, so a process that has ended while another one waits is lost. The caller holds the
 * lock. */
static int find_ended(cam_wire *wire) {
    if (cam_now_s() - wire->checked_s < CHECK_S)
        return -1;
    wire->checked_s = cam_now_s();
    for (int r = 0; r < wire->ranks; r++)
        if (r != wire->rank && wire->process[r] && has_ended(wire->process[r]))
            return r;
    return -1;
}

/* The wire remembers the first notice: later checks return it, too. With ignore_notices only ended processes count. */
static cam_status check_peers(cam_wire *wire, int ignore_notices) {
    cam_status st = CAM_OK;
    pthread_mutex_lock(&lock);
    int error = ignore_notices ? CAM_MPI_SUCCESS : receive_notice(wire), rank = ignore_notices ? -1 : wire->failed_rank;
    int ended = rank < 0 ? find_ended(wire) : -1;
    cam_status peer_status = wire->failed_status;
    if (error != CAM_MPI_SUCCESS)
        st = failed(error, "MPI_Iprobe");
    pthread_mutex_unlock(&lock);
    if (st == CAM_OK && rank >= 0)
        return cam_fail(peer_status, "rank %d has failed", rank);
    return st == CAM_OK && ended >= 0 ? cam_fail(CAM_E_PEER, "rank %d is gone: its process has ended", ended) : st;
}

cam_status cam_wire_poll(cam_wire *wire) {
    return check_peers(wire, 0);
}

/* --- waiting --------------------------------------------------------------------------------------------------- */

/* The peers of pending messages, each once: "rank 1", "ranks 1, 2 and 5". */
static void name_peers(const cam_transfers *transfers, char *text, size_t bytes) {
    int named[NAMED_PEERS], count = 0, more = 0;
    for (int i = 0; i < transfers->count; i++) {
        int skip = transfers->requests[i] == mpi->request_null;
        for (int n = 0; n < count; n++)
            skip |= named[n] == transfers->peers[i];
        if (!skip && count < NAMED_PEERS)
            named[count++] = transfers->peers[i];
        else if (!skip)
            more = 1;
    }
    size_t at = (size_t)snprintf(text, bytes, count == 1 ? "rank" : "ranks");
    for (int n = 0; n < count && at < bytes; n++)
        at += (size_t)snprintf(text + at, bytes - at, "%s %d",
                               n == 0                    ? ""
                               : n + 1 == count && !more ? " and"
                                                         : ",",
                               named[n]);
    if (more && at < bytes)
        snprintf(text + at, bytes - at, " and others");
}

static cam_status timed_out(const cam_wire *wire, const cam_transfers *transfers, const cam_wait *wait) {
    char peers[256];
    name_peers(transfers, peers, sizeof peers);
    return cam_fail(CAM_E_PEER, "rank %d waited %g s at %s for %s; ddp_timeout sets how long", wire->rank,
                    wait->timeout_s, wait->where, peers);
}

static int count_pending(const cam_transfers *transfers) {
    int pending = 0;
    for (int i = 0; i < transfers->count; i++)
        pending += transfers->requests[i] != mpi->request_null;
    return pending;
}

/* Sleeps between polls, for longer and longer: a rank that waits must not take a processor from one that computes, and
 * every poll costs some microseconds. */
static void back_off(int polls) {
    long ns = 20000L << (polls < 5 ? polls : 5);
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* One by one: MPI_Testall does not say which messages have arrived while others are pending. */
static cam_status test_each(cam_transfers *transfers, int *done) {
    cam_status st = CAM_OK;
    *done = 1;
    for (int i = 0; i < transfers->count; i++) {
        int arrived = 1;
        if (transfers->requests[i] != mpi->request_null)
            LOCKED(mpi->test(&transfers->requests[i], &arrived, mpi->status_ignore));
        *done &= arrived;
    }
out:
    return st;
}

cam_status cam_wire_wait(cam_wire *wire, cam_transfers *transfers, const cam_wait *wait) {
    cam_status st = CAM_OK;
    int done = transfers->count == 0, pending = count_pending(transfers);
    double last_arrival_s = cam_now_s();
    for (int polls = 0; !done; polls++) {
        CAM_TRY(test_each(transfers, &done));
        if (done)
            break;
        if (wait->cancel && __atomic_load_n(wait->cancel, __ATOMIC_ACQUIRE))
            CAM_FAIL(CAM_E_STOPPED, "cancelled");
        back_off(polls);
        if (polls % 64 != 63)
            continue;
        cam_status peers = check_peers(wire, wait->ignore_notices);
        if (peers == CAM_E_PEER)
            CAM_FAIL(peers, "rank %d waited at %s: %s", wire->rank, wait->where, cam_status_message());
        CAM_TRY(peers);
        int left = count_pending(transfers);
        if (left < pending)
            last_arrival_s = cam_now_s(), polls = 0;
        pending = left;
        if (cam_now_s() - last_arrival_s > wait->timeout_s)
            return timed_out(wire, transfers, wait);
    }
    transfers->count = 0;
out:
    return st;
}

cam_status cam_wire_broadcast(cam_wire *wire, cam_channel channel, void *data, size_t bytes, const cam_wait *wait) {
    cam_status st = CAM_OK;
    char *at = data;
    for (size_t count; bytes > 0; at += count, bytes -= count) {
        cam_mpi_handle request = 0;
        int root = 0;
        cam_transfers one = {.requests = &request, .peers = &root, .count = 1, .capacity = 1};
        count = bytes < BROADCAST_BYTES ? bytes : BROADCAST_BYTES;
        LOCKED(mpi->ibcast(at, (int)count, mpi->byte, root, wire->channel[channel], &request));
        CAM_TRY(cam_wire_wait(wire, &one, wait));
    }
out:
    return st;
}

/* --- opening and closing ----------------------------------------------------------------------------------------- */

static cam_status count_local(int *local_rank, int *local_ranks) {
    cam_status st = CAM_OK;
    cam_mpi_handle machine = 0;
    LOCKED(mpi->comm_split_type(mpi->comm_world, mpi->comm_type_shared, 0, mpi->info_null, &machine));
    LOCKED(mpi->comm_rank(machine, local_rank));
    LOCKED(mpi->comm_size(machine, local_ranks));
    LOCKED(mpi->comm_free(&machine));
out:
    return st;
}

/* Identifies a process: its id holds in one PID namespace of one machine. */
typedef struct process_place {
    char machine[64];
    uint64_t pid_namespace;
    int32_t process;
} process_place;

static cam_status find_processes(cam_wire *wire) {
    cam_status st = CAM_OK;
    struct stat about;
    process_place own = {.process = (int32_t)getpid()}, *all = calloc((size_t)wire->ranks, sizeof *all);
    wire->process = calloc((size_t)wire->ranks, sizeof *wire->process);
    if (!all || !wire->process)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the processes of %d ranks", wire->ranks);
    gethostname(own.machine, sizeof own.machine - 1);
    if (stat("/proc/self/ns/pid", &about) == 0)
        own.pid_namespace = (uint64_t)about.st_ino;
    LOCKED(mpi->allgather(&own, (int)sizeof own, mpi->byte, all, (int)sizeof own, mpi->byte, mpi->comm_world));
    for (int r = 0; r < wire->ranks; r++)
        if (own.pid_namespace && all[r].pid_namespace == own.pid_namespace && strcmp(all[r].machine, own.machine) == 0)
            wire->process[r] = (pid_t)all[r].process;
out:
    free(all);
    return st;
}

cam_status cam_wire_open(cam_wire *wire, int *local_rank, int *local_ranks) {
    cam_status st = CAM_OK;
    int provided = 0;
    *wire = (cam_wire){.failed_rank = -1};
    mpi = cam_mpi_loaded();
    LOCKED(mpi->init_thread(NULL, NULL, CAM_MPI_THREAD_SERIALIZED, &provided));
    if (provided < CAM_MPI_THREAD_SERIALIZED)
        CAM_FAIL(CAM_E_UNSUPPORTED, "this MPI (%s) serves one thread only", cam_wire_description());
    LOCKED(mpi->comm_set_errhandler(mpi->comm_world, mpi->errors_return));
    LOCKED(mpi->comm_rank(mpi->comm_world, &wire->rank));
    LOCKED(mpi->comm_size(mpi->comm_world, &wire->ranks));
    CAM_TRY(count_local(local_rank, local_ranks));
    CAM_TRY(find_processes(wire));
    for (int c = 0; c < CAM_CHANNELS; c++) {
        LOCKED(mpi->comm_dup(mpi->comm_world, &wire->channel[c]));
        LOCKED(mpi->comm_set_errhandler(wire->channel[c], mpi->errors_return));
    }
    /* the default slack makes every short sleep 50 us longer */
    (void)prctl(PR_SET_TIMERSLACK, 1000UL);
out:
    return st;
}

void cam_wire_close(cam_wire *wire, int finalize) {
    pthread_mutex_lock(&lock);
    if (finalize) {
        for (int c = 0; c < CAM_CHANNELS; c++)
            mpi->comm_free(&wire->channel[c]);
        mpi->finalize();
    }
    pthread_mutex_unlock(&lock);
    free(wire->process);
}

const char *cam_wire_description(void) {
    static char text[CAM_MPI_NAME_BYTES];
    int length = 0;
    cam_mpi_loaded()->get_library_version(text, &length);
    text[strcspn(text, ",\n")] = '\0';
    for (char *tab = text; (tab = strchr(tab, '\t')) != NULL;)
        *tab = ' ';
    return text;
}
