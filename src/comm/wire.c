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
/* How often the processes of this machine are looked at. */
static const double LOOK_S = 0.25;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* MPI's own text; the lock is held. */
static cam_status failed(int code, const char *what) {
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    return cam_fail(CAM_E_PEER, "the connection to the other ranks is lost: %s: %s", what, text);
}

#define LOCKED(call)                                                                                                   \
    do {                                                                                                               \
        pthread_mutex_lock(&lock);                                                                                     \
        int code_ = (call);                                                                                            \
        st = code_ == MPI_SUCCESS ? CAM_OK : failed(code_, #call);                                                     \
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
        if (transfers->requests[i] != MPI_REQUEST_NULL) {
            MPI_Cancel(&transfers->requests[i]);
            MPI_Request_free(&transfers->requests[i]);
        }
    pthread_mutex_unlock(&lock);
    free(transfers->requests);
    free(transfers->peers);
    *transfers = (cam_transfers){0};
}

static MPI_Request *next(cam_transfers *transfers, int peer) {
    CAM_ASSERT(transfers->count < transfers->capacity);
    transfers->peers[transfers->count] = peer;
    return &transfers->requests[transfers->count++];
}

static size_t message(size_t left) {
    return left < MESSAGE_BYTES ? left : MESSAGE_BYTES;
}

cam_status cam_wire_send(cam_wire *wire, cam_channel channel, cam_transfers *transfers, int peer, int tag,
                         const void *data, size_t bytes) {
    cam_status st = CAM_OK;
    const char *at = data;
    for (size_t count; bytes > 0; at += count, bytes -= count) {
        count = message(bytes);
        LOCKED(MPI_Isend(at, (int)count, MPI_BYTE, peer, tag, wire->channel[channel], next(transfers, peer)));
    }
out:
    return st;
}

cam_status cam_wire_receive(cam_wire *wire, cam_channel channel, cam_transfers *transfers, int peer, int tag,
                            void *data, size_t bytes) {
    cam_status st = CAM_OK;
    char *at = data;
    for (size_t count; bytes > 0; at += count, bytes -= count) {
        count = message(bytes);
        LOCKED(MPI_Irecv(at, (int)count, MPI_BYTE, peer, tag, wire->channel[channel], next(transfers, peer)));
    }
out:
    return st;
}

/* --- failed peers ---------------------------------------------------------------------------------------------- */

void cam_wire_send_notice(cam_wire *wire, cam_status status) {
    static int32_t code; /* outlives the call: nobody waits for these */
    code = (int32_t)status;
    pthread_mutex_lock(&lock);
    for (int r = 0; r < wire->ranks; r++) {
        MPI_Request request;
        if (r != wire->rank && MPI_Isend(&code, sizeof code, MPI_BYTE, r, TAG_NOTICE, wire->channel[CAM_CHANNEL_HOST],
                                         &request) == MPI_SUCCESS)
            MPI_Request_free(&request);
    }
    pthread_mutex_unlock(&lock);
}

/* Takes a notice where one has come; the lock is held. */
static int take_notice(cam_wire *wire) {
    int there = 0;
    int32_t code = 0;
    MPI_Status about;
    MPI_Comm host = wire->channel[CAM_CHANNEL_HOST];
    int error = MPI_Iprobe(MPI_ANY_SOURCE, TAG_NOTICE, host, &there, &about);
    if (error == MPI_SUCCESS && there)
        error = MPI_Recv(&code, sizeof code, MPI_BYTE, about.MPI_SOURCE, TAG_NOTICE, host, MPI_STATUS_IGNORE);
    if (error == MPI_SUCCESS && there && wire->failed_rank < 0) {
        wire->failed_rank = about.MPI_SOURCE;
        wire->failed_how = (cam_status)code;
    }
    return error;
}

/* A process that was killed is one no longer, or waits to be buried. */
static int is_gone(pid_t process) {
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

/* The lowest rank of this machine that is there no longer, -1 where there is none or it is not yet time to look. Nobody
 * leaves well before all have ended MPI together, so who is gone while others wait is lost. The lock is held. */
static int find_gone(cam_wire *wire) {
    if (cam_now_s() - wire->looked_s < LOOK_S)
        return -1;
    wire->looked_s = cam_now_s();
    for (int r = 0; r < wire->ranks; r++)
        if (r != wire->rank && wire->process[r] && is_gone(wire->process[r]))
            return r;
    return -1;
}

/* Notices stay known: whoever asks later hears of them, too. The deaf look for who is gone only. */
static cam_status look_around(cam_wire *wire, int ignore_notices) {
    cam_status st = CAM_OK;
    pthread_mutex_lock(&lock);
    int error = ignore_notices ? MPI_SUCCESS : take_notice(wire), rank = ignore_notices ? -1 : wire->failed_rank;
    int gone = rank < 0 ? find_gone(wire) : -1;
    cam_status how = wire->failed_how;
    if (error != MPI_SUCCESS)
        st = failed(error, "MPI_Iprobe");
    pthread_mutex_unlock(&lock);
    if (st == CAM_OK && rank >= 0)
        return cam_fail(how, "rank %d has failed", rank);
    return st == CAM_OK && gone >= 0 ? cam_fail(CAM_E_PEER, "rank %d is gone: its process has ended", gone) : st;
}

cam_status cam_wire_poll(cam_wire *wire) {
    return look_around(wire, 0);
}

/* --- waiting --------------------------------------------------------------------------------------------------- */

/* The peers of what has not arrived, each once: "rank 1", "ranks 1, 2 and 5". */
static void name_peers(const cam_transfers *transfers, char *text, size_t bytes) {
    int named[NAMED_PEERS], count = 0, more = 0;
    for (int i = 0; i < transfers->count; i++) {
        int known = transfers->requests[i] == MPI_REQUEST_NULL;
        for (int n = 0; n < count; n++)
            known |= named[n] == transfers->peers[i];
        if (!known && count < NAMED_PEERS)
            named[count++] = transfers->peers[i];
        else if (!known)
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

static cam_status too_late(const cam_wire *wire, const cam_transfers *transfers, const cam_wait *wait) {
    char peers[256];
    name_peers(transfers, peers, sizeof peers);
    return cam_fail(CAM_E_PEER, "rank %d waited %g s at %s for %s; ddp_timeout sets how long", wire->rank,
                    wait->timeout_s, wait->where, peers);
}

static int still_going(const cam_transfers *transfers) {
    int going = 0;
    for (int i = 0; i < transfers->count; i++)
        going += transfers->requests[i] != MPI_REQUEST_NULL;
    return going;
}

/* Sleeps while there is nothing to do, longer and longer: a rank that waits must not take a processor from one that
 * computes, and every look at what has not come costs some microseconds. */
static void pause_shortly(int turns) {
    long ns = 20000L << (turns < 5 ? turns : 5);
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* One by one: MPI_Testall tells nothing of those that have arrived while others are missing. */
static cam_status test_each(cam_transfers *transfers, int *done) {
    cam_status st = CAM_OK;
    *done = 1;
    for (int i = 0; i < transfers->count; i++) {
        int arrived = 1;
        if (transfers->requests[i] != MPI_REQUEST_NULL)
            LOCKED(MPI_Test(&transfers->requests[i], &arrived, MPI_STATUS_IGNORE));
        *done &= arrived;
    }
out:
    return st;
}

cam_status cam_wire_wait(cam_wire *wire, cam_transfers *transfers, const cam_wait *wait) {
    cam_status st = CAM_OK;
    int done = transfers->count == 0, going = still_going(transfers);
    double since = cam_now_s();
    for (int turns = 0; !done; turns++) {
        CAM_TRY(test_each(transfers, &done));
        if (done)
            break;
        if (wait->cancel && __atomic_load_n(wait->cancel, __ATOMIC_ACQUIRE))
            CAM_FAIL(CAM_E_STOPPED, "given up");
        pause_shortly(turns);
        if (turns % 64 != 63)
            continue;
        cam_status heard = look_around(wire, wait->ignore_notices);
        if (heard == CAM_E_PEER)
            CAM_FAIL(heard, "rank %d waited at %s: %s", wire->rank, wait->where, cam_status_message());
        CAM_TRY(heard);
        int left = still_going(transfers);
        if (left < going)
            since = cam_now_s(), turns = 0;
        going = left;
        if (cam_now_s() - since > wait->timeout_s)
            return too_late(wire, transfers, wait);
    }
    transfers->count = 0;
out:
    return st;
}

cam_status cam_wire_broadcast(cam_wire *wire, cam_channel channel, void *data, size_t bytes, const cam_wait *wait) {
    cam_status st = CAM_OK;
    char *at = data;
    for (size_t count; bytes > 0; at += count, bytes -= count) {
        MPI_Request request;
        int root = 0;
        cam_transfers one = {.requests = &request, .peers = &root, .count = 1, .capacity = 1};
        count = bytes < BROADCAST_BYTES ? bytes : BROADCAST_BYTES;
        LOCKED(MPI_Ibcast(at, (int)count, MPI_BYTE, root, wire->channel[channel], &request));
        CAM_TRY(cam_wire_wait(wire, &one, wait));
    }
out:
    return st;
}

/* --- beginning and end ------------------------------------------------------------------------------------------ */

static cam_status count_local(int *local_rank, int *local_ranks) {
    cam_status st = CAM_OK;
    MPI_Comm machine;
    LOCKED(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine));
    LOCKED(MPI_Comm_rank(machine, local_rank));
    LOCKED(MPI_Comm_size(machine, local_ranks));
    LOCKED(MPI_Comm_free(&machine));
out:
    return st;
}

/* Where a process can be looked at: the machine, and the space in which its number means it. */
typedef struct home {
    char machine[64];
    uint64_t space;
    int32_t process;
} home;

static cam_status find_processes(cam_wire *wire) {
    cam_status st = CAM_OK;
    struct stat about;
    home mine = {.process = (int32_t)getpid()}, *all = calloc((size_t)wire->ranks, sizeof *all);
    wire->process = calloc((size_t)wire->ranks, sizeof *wire->process);
    if (!all || !wire->process)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the homes of %d ranks", wire->ranks);
    gethostname(mine.machine, sizeof mine.machine - 1);
    if (stat("/proc/self/ns/pid", &about) == 0)
        mine.space = (uint64_t)about.st_ino;
    LOCKED(MPI_Allgather(&mine, (int)sizeof mine, MPI_BYTE, all, (int)sizeof mine, MPI_BYTE, MPI_COMM_WORLD));
    for (int r = 0; r < wire->ranks; r++)
        if (mine.space && all[r].space == mine.space && strcmp(all[r].machine, mine.machine) == 0)
            wire->process[r] = (pid_t)all[r].process;
out:
    free(all);
    return st;
}

cam_status cam_wire_open(cam_wire *wire, int *local_rank, int *local_ranks) {
    cam_status st = CAM_OK;
    int provided = MPI_THREAD_SINGLE;
    *wire = (cam_wire){.failed_rank = -1};
    LOCKED(MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided));
    if (provided < MPI_THREAD_SERIALIZED)
        CAM_FAIL(CAM_E_UNSUPPORTED, "this MPI (%s) serves one thread only", cam_wire_description());
    LOCKED(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    LOCKED(MPI_Comm_rank(MPI_COMM_WORLD, &wire->rank));
    LOCKED(MPI_Comm_size(MPI_COMM_WORLD, &wire->ranks));
    CAM_TRY(count_local(local_rank, local_ranks));
    CAM_TRY(find_processes(wire));
    for (int c = 0; c < CAM_CHANNELS; c++) {
        LOCKED(MPI_Comm_dup(MPI_COMM_WORLD, &wire->channel[c]));
        LOCKED(MPI_Comm_set_errhandler(wire->channel[c], MPI_ERRORS_RETURN));
    }
    /* or every short sleep takes 50 us longer */
    (void)prctl(PR_SET_TIMERSLACK, 1000UL);
out:
    return st;
}

void cam_wire_close(cam_wire *wire, int well) {
    pthread_mutex_lock(&lock);
    if (well) {
        for (int c = 0; c < CAM_CHANNELS; c++)
            MPI_Comm_free(&wire->channel[c]);
        MPI_Finalize();
    }
    pthread_mutex_unlock(&lock);
    free(wire->process);
}

const char *cam_wire_description(void) {
    static char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    MPI_Get_library_version(text, &length);
    text[strcspn(text, ",\n")] = '\0';
    return text;
}
