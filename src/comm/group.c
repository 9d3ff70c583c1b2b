/* group.c: see group.h. */
#include "group.h"
#include "launcher_internal.h"
#include "wire_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The last agreement has a tag of its own: who comes to it early must not be taken for one that goes on. */
enum { TAG_DATA = 1, TAG_END };

/* How long a rank that has lost a peer stays, so that the others, who lost it a moment later, can say so themselves
 * before the launcher ends them all. */
enum { LINGER_S = 1 };

cam_status cam_group_open(cam_group *group) {
    cam_status st = CAM_OK;
    *group = (cam_group){.ranks = 1, .local_ranks = 1, .timeout_s = CAM_GROUP_TIMEOUT_S, .reporter = -1};
    if (!cam_launcher())
        return CAM_OK;
    group->wire = calloc(1, sizeof *group->wire);
    if (!group->wire)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a group of ranks");
    CAM_TRY(cam_wire_open(group->wire, &group->local_rank, &group->local_ranks));
    group->rank = group->wire->rank;
    group->ranks = group->wire->ranks;
out:
    return st;
}

/* Every rank's bytes [begin[r], begin[r + 1]) of data to every other. */
static cam_status exchange(cam_group *group, int tag, const char *where, char *data, const size_t *begin) {
    cam_status st = CAM_OK;
    cam_transfers transfers = {0};
    int capacity = 0, mine = group->rank;
    size_t own = begin[mine + 1] - begin[mine];
    for (int r = 0; r < group->ranks; r++)
        capacity += cam_wire_requests(begin[r + 1] - begin[r]) + cam_wire_requests(own);
    CAM_TRY(cam_transfers_open(&transfers, capacity + 1));
    for (int r = 0; r < group->ranks; r++)
        if (r != mine)
            CAM_TRY(cam_wire_receive(group->wire, CAM_CHANNEL_HOST, &transfers, r, tag, data + begin[r],
                                     begin[r + 1] - begin[r]));
    for (int step = 1; step < group->ranks; step++)
        CAM_TRY(cam_wire_send(group->wire, CAM_CHANNEL_HOST, &transfers, (mine + step) % group->ranks, tag,
                              data + begin[mine], own));
    CAM_TRY(
        cam_wire_wait(group->wire, &transfers,
                      &(cam_wait){.where = where, .timeout_s = group->timeout_s, .ignore_notices = tag == TAG_END}));
out:
    cam_transfers_close(&transfers);
    return st;
}

cam_status cam_group_all_gather(cam_group *group, const char *where, void *data, const size_t *begin) {
    return cam_group_ranks(group) == 1 ? CAM_OK : exchange(group, TAG_DATA, where, data, begin);
}

/* One value of each rank. */
static cam_status collect_values(cam_group *group, int tag, const char *where, uint64_t *values) {
    cam_status st = CAM_OK;
    size_t *begin = malloc((size_t)(group->ranks + 1) * sizeof *begin);
    if (!begin)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the values of %d ranks", group->ranks);
    for (int r = 0; r <= group->ranks; r++)
        begin[r] = (size_t)r * sizeof *values;
    CAM_TRY(exchange(group, tag, where, (char *)values, begin));
out:
    free(begin);
    return st;
}

/* Whether a failure of this rank is only what it heard of another's. */
static int is_relayed_failure(const cam_group *group, cam_status mine) {
    int agreed = group->reporter >= 0 && group->reporter != group->rank && mine == group->agreed;
    return agreed || (group->wire->failed_rank >= 0 && mine == group->wire->failed_how);
}

/* What a rank says of itself: its status, and whether it only heard of it. */
enum { RELAYED = 1 << 16 };

/* The lowest rank that has failed itself, else the lowest that has failed at all; -1: none. */
static int choose_reporter(const uint64_t *said, int ranks) {
    int reporter = -1;
    for (int r = ranks - 1; r >= 0; r--)
        if (said[r] != CAM_OK && (reporter < 0 || !(said[r] & RELAYED) || (said[reporter] & RELAYED)))
            reporter = r;
    return reporter;
}

static cam_status agree(cam_group *group, int tag, const char *where, cam_status mine) {
    cam_status st = CAM_OK;
    uint64_t *said = calloc((size_t)group->ranks, sizeof *said);
    if (!said)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the states of %d ranks", group->ranks);
    said[group->rank] = (uint64_t)mine;
    if (mine != CAM_OK && is_relayed_failure(group, mine))
        said[group->rank] |= RELAYED;
    CAM_TRY(collect_values(group, tag, where, said));
    int reporter = choose_reporter(said, group->ranks);
    if (reporter < 0)
        goto out;
    st = (cam_status)(said[reporter] & ~(uint64_t)RELAYED);
    group->reporter = reporter;
    group->agreed = st;
    if (reporter != group->rank)
        cam_fail(st, st == CAM_E_STOPPED ? "stopped by a signal to rank %d" : "rank %d has failed", reporter);
out:
    free(said);
    return st;
}

/* A reporter's message outlasts what it hears of the others. */
static cam_status agree_aloud(cam_group *group, int tag, const char *where, cam_status mine) {
    if (cam_group_ranks(group) == 1 || mine == CAM_E_PEER)
        return mine;
    char *message = mine == CAM_OK ? NULL : strdup(cam_status_message());
    cam_status st = agree(group, tag, where, mine);
    if (message && st == mine && group->reporter == group->rank)
        cam_fail(st, "%s", message);
    free(message);
    return st;
}

cam_status cam_group_agree_status(cam_group *group, const char *where, cam_status mine) {
    return agree_aloud(group, TAG_DATA, where, mine);
}

cam_status cam_group_broadcast(cam_group *group, const char *where, void *data, size_t bytes) {
    if (cam_group_ranks(group) == 1)
        return CAM_OK;
    return cam_wire_broadcast(group->wire, CAM_CHANNEL_HOST, data, bytes,
                              &(cam_wait){.where = where, .timeout_s = group->timeout_s});
}

/* The value of each rank, to be freed. */
static cam_status collect_from_all(cam_group *group, const char *where, uint64_t mine, uint64_t **all) {
    cam_status st = CAM_OK;
    *all = calloc((size_t)group->ranks, sizeof **all);
    if (!*all)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the values of %d ranks", group->ranks);
    (*all)[group->rank] = mine;
    CAM_TRY(collect_values(group, TAG_DATA, where, *all));
out:
    return st;
}

cam_status cam_group_sum(cam_group *group, const char *where, long long *value) {
    cam_status st = CAM_OK;
    uint64_t *all = NULL;
    if (cam_group_ranks(group) == 1)
        return CAM_OK;
    CAM_TRY(collect_from_all(group, where, (uint64_t)*value, &all));
    *value = 0;
    for (int r = 0; r < group->ranks; r++)
        *value += (long long)all[r];
out:
    free(all);
    return st;
}

cam_status cam_group_require_equal(cam_group *group, const char *what, uint64_t value) {
    cam_status st = CAM_OK;
    uint64_t *all = NULL;
    if (cam_group_ranks(group) == 1)
        return CAM_OK;
    CAM_TRY(collect_from_all(group, what, value, &all));
    for (int r = 1; r < group->ranks; r++)
        if (all[r] != all[0]) {
            group->reporter = 0;
            CAM_FAIL(CAM_E_USAGE, "rank %d has not the same %s as rank 0; all ranks must be started alike", r, what);
        }
out:
    free(all);
    return st;
}

cam_status cam_group_poll(cam_group *group) {
    return cam_group_ranks(group) == 1 ? CAM_OK : cam_wire_poll(group->wire);
}

cam_status cam_group_finish(cam_group *group, cam_status mine) {
    cam_status st = mine;
    if (!group || !group->wire || group->finished)
        return mine;
    group->finished = 1;
    int known = is_relayed_failure(group, mine) || (group->reporter >= 0 && mine == group->agreed);
    if (mine != CAM_OK && mine != CAM_E_PEER && !known)
        cam_wire_send_notice(group->wire, mine);
    st = agree_aloud(group, TAG_END, "the end", mine);
    if (st == CAM_E_PEER)
        group->reporter = -1;
    return st;
}

cam_status cam_group_finalize(cam_group *group, cam_status mine) {
    cam_status st = cam_group_finish(group, mine);
    if (!group || !group->wire)
        return st;
    if (st == CAM_E_PEER)
        sleep(LINGER_S);
    cam_wire_close(group->wire, st != CAM_E_PEER);
    free(group->wire);
    group->wire = NULL;
    return st;
}

const char *cam_group_build(void) {
    return cam_wire_description();
}
