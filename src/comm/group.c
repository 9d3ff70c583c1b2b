/* group.c: see group.h. */
#include "group.h"
#include "launcher_internal.h"
#include "wire_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* cam_group_finish has its own tag: its messages must not match a receive of a rank that is still in another call. */
enum { TAG_DATA = 1, TAG_END };

/* How long a rank that has lost a peer waits before it ends, so that the other ranks can report the loss before the
 * launcher kills them. */
enum { LINGER_S = 1 };

cam_status cam_group_open(cam_group *group) {
    cam_status st = CAM_OK;
    *group = (cam_group){.ranks = 1, .local_ranks = 1, .timeout_s = CAM_GROUP_TIMEOUT_S, .reporter = -1};
    const char *launcher = cam_launcher();
    cam_mpi *mpi;
    if (!launcher)
        return CAM_OK;
    CAM_TRY(cam_mpi_load(launcher, &mpi));
    group->wire = calloc(1, sizeof *group->wire);
    if (!group->wire)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a group of ranks");
    CAM_TRY(cam_wire_open(group->wire, &group->local_rank, &group->local_ranks));
    group->rank = group->wire->rank;
    group->ranks = group->wire->ranks;
out:
    return st;
}

/* cam_group_all_gather with a tag. */
static cam_status all_gather(cam_group *group, int tag, const char *where, char *data, const size_t *begin) {
    cam_status st = CAM_OK;
    cam_transfers transfers = {0};
    int capacity = 0, rank = group->rank;
    size_t own_bytes = begin[rank + 1] - begin[rank];
    for (int r = 0; r < group->ranks; r++)
        capacity += cam_wire_requests(begin[r + 1] - begin[r]) + cam_wire_requests(own_bytes);
    CAM_TRY(cam_transfers_open(&transfers, capacity + 1));
    for (int r = 0; r < group->ranks; r++)
        if (r != rank)
            CAM_TRY(cam_wire_receive(group->wire, CAM_CHANNEL_HOST, &transfers, r, tag, data + begin[r],
                                     begin[r + 1] - begin[r]));
    for (int step = 1; step < group->ranks; step++)
        CAM_TRY(cam_wire_send(group->wire, CAM_CHANNEL_HOST, &transfers, (rank + step) % group->ranks, tag,
                              data + begin[rank], own_bytes));
    CAM_TRY(
        cam_wire_wait(group->wire, &transfers,
                      &(cam_wait){.where = where, .timeout_s = group->timeout_s, .ignore_notices = tag == TAG_END}));
out:
    cam_transfers_close(&transfers);
    return st;
}

cam_status cam_group_all_gather(cam_group *group, const char *where, void *data, const size_t *begin) {
    return cam_group_ranks(group) == 1 ? CAM_OK : all_gather(group, TAG_DATA, where, data, begin);
}

/* All-gathers one value of each rank: values[r] is rank r's. */
static cam_status all_gather_values(cam_group *group, int tag, const char *where, uint64_t *values) {
    cam_status st = CAM_OK;
    size_t *begin = malloc((size_t)(group->ranks + 1) * sizeof *begin);
    if (!begin)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the values of %d ranks", group->ranks);
    for (int r = 0; r <= group->ranks; r++)
        begin[r] = (size_t)r * sizeof *values;
    CAM_TRY(all_gather(group, tag, where, (char *)values, begin));
out:
    free(begin);
    return st;
}

/* Whether this rank's failure only repeats a peer's. */
static int is_relayed_failure(const cam_group *group, cam_status status) {
    int agreed = group->reporter >= 0 && group->reporter != group->rank && status == group->agreed_status;
    return agreed || (group->wire->failed_rank >= 0 && status == group->wire->failed_status);
}

/* A flag beside a rank's status: the failure is relayed. */
enum { RELAYED = 1 << 16 };

/* The lowest rank with a failure of its own, else the lowest with a relayed one; -1: none. */
static int choose_reporter(const uint64_t *statuses, int ranks) {
    int reporter = -1;
    for (int r = ranks - 1; r >= 0; r--)
        if (statuses[r] != CAM_OK && (reporter < 0 || !(statuses[r] & RELAYED) || (statuses[reporter] & RELAYED)))
            reporter = r;
    return reporter;
}

static cam_status exchange_status(cam_group *group, int tag, const char *where, cam_status status) {
    cam_status st = CAM_OK;
    uint64_t *statuses = calloc((size_t)group->ranks, sizeof *statuses);
    if (!statuses)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the statuses of %d ranks", group->ranks);
    statuses[group->rank] = (uint64_t)status;
    if (status != CAM_OK && is_relayed_failure(group, status))
        statuses[group->rank] |= RELAYED;
    CAM_TRY(all_gather_values(group, tag, where, statuses));
    int reporter = choose_reporter(statuses, group->ranks);
    if (reporter < 0)
        goto out;
    st = (cam_status)(statuses[reporter] & ~(uint64_t)RELAYED);
    group->reporter = reporter;
    group->agreed_status = st;
    if (reporter != group->rank)
        cam_fail(st, st == CAM_E_STOPPED ? "stopped by a signal to rank %d" : "rank %d has failed", reporter);
out:
    free(statuses);
    return st;
}

/* cam_group_agree_status with a tag. The reporter keeps its message, which the exchange may overwrite. */
static cam_status agree_status(cam_group *group, int tag, const char *where, cam_status status) {
    if (cam_group_ranks(group) == 1 || status == CAM_E_PEER)
        return status;
    char *message = status == CAM_OK ? NULL : strdup(cam_status_message());
    cam_status st = exchange_status(group, tag, where, status);
    if (message && st == status && group->reporter == group->rank)
        cam_fail_again(st, message);
    free(message);
    return st;
}

cam_status cam_group_agree_status(cam_group *group, const char *where, cam_status status) {
    return agree_status(group, TAG_DATA, where, cam_memory_check(status));
}

cam_status cam_group_broadcast(cam_group *group, const char *where, void *data, size_t bytes) {
    if (cam_group_ranks(group) == 1)
        return CAM_OK;
    return cam_wire_broadcast(group->wire, CAM_CHANNEL_HOST, data, bytes,
                              &(cam_wait){.where = where, .timeout_s = group->timeout_s});
}

/* Allocates *values: (*values)[r] is rank r's `value`. The caller frees it. */
static cam_status all_gather_value(cam_group *group, const char *where, uint64_t value, uint64_t **values) {
    cam_status st = CAM_OK;
    *values = calloc((size_t)group->ranks, sizeof **values);
    if (!*values)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the values of %d ranks", group->ranks);
    (*values)[group->rank] = value;
    CAM_TRY(all_gather_values(group, TAG_DATA, where, *values));
out:
    return st;
}

cam_status cam_group_sum(cam_group *group, const char *where, long long *value) {
    cam_status st = CAM_OK;
    uint64_t *values = NULL;
    if (cam_group_ranks(group) == 1)
        return CAM_OK;
    CAM_TRY(all_gather_value(group, where, (uint64_t)*value, &values));
    *value = 0;
    for (int r = 0; r < group->ranks; r++)
        *value += (long long)values[r];
out:
    free(values);
    return st;
}

cam_status cam_group_require_equal(cam_group *group, const char *what, uint64_t value) {
    cam_status st = CAM_OK;
    uint64_t *values = NULL;
    if (cam_group_ranks(group) == 1)
        return CAM_OK;
    CAM_TRY(all_gather_value(group, what, value, &values));
    for (int r = 1; r < group->ranks; r++)
        if (values[r] != values[0]) {
            group->reporter = 0;
            CAM_FAIL(CAM_E_USAGE, "rank %d does not have the same %s as rank 0; all ranks must be started alike", r,
                     what);
        }
out:
    free(values);
    return st;
}

cam_status cam_group_poll(cam_group *group) {
    return cam_group_ranks(group) == 1 ? CAM_OK : cam_wire_poll(group->wire);
}

cam_status cam_group_finish(cam_group *group, cam_status status) {
    cam_status st = status;
    if (!group || !group->wire || group->finished)
        return status;
    group->finished = 1;
    int known = is_relayed_failure(group, status) || (group->reporter >= 0 && status == group->agreed_status);
    if (status != CAM_OK && status != CAM_E_PEER && !known)
        cam_wire_send_notice(group->wire, status);
    st = agree_status(group, TAG_END, "the end", status);
    if (st == CAM_E_PEER)
        group->reporter = -1;
    return st;
}

cam_status cam_group_finalize(cam_group *group, cam_status status) {
    cam_status st = cam_group_finish(group, status);
    if (!group || !group->wire)
        return st;
    if (st == CAM_E_PEER)
        sleep(LINGER_S);
    cam_wire_close(group->wire, st != CAM_E_PEER);
    free(group->wire);
    group->wire = NULL;
    return st;
}

int cam_group_is_launched(void) {
    return cam_launcher() != NULL;
}

const char *cam_group_mpi(void) {
    cam_mpi *mpi;
    return cam_mpi_load("no launcher", &mpi) == CAM_OK ? cam_wire_description()
                                                       : "no library found; libmpi.so.40 (Open MPI) or libmpi.so.12 "
                                                         "(MPICH) is loaded under a launcher";
}
