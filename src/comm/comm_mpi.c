/* comm_mpi.c: see comm_mpi.h.
 *
 * A call becomes a job; the thread takes jobs in order. A share passes in pieces, of which three are on their way: one
 * whose terms arrive, one that is added up, one whose sum is sent. Memory that the host does not reach is carried
 * through a staging buffer instead, and the call has then ended when it returns.
 *
 * Invariant: jobs [taken, asked) of the ring are waiting or at work; `status` is that of the first that failed, and no
 * job is done after it.
 */
#include "comm_mpi.h"
#include "clock.h"
#include "sums_internal.h"
#include "wire_internal.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { JOBS = 64, SLOTS = 3, MOST_PIECE_BYTES = 1 << 20, TERMS_BYTES = 16 << 20, STAGING_BYTES = 32 << 20 };
enum { TAG_TERMS = 2, TAG_SUM, TAG_SHARE };

typedef enum job_kind { REDUCE, GATHER, BROADCAST } job_kind;

typedef struct job {
    job_kind kind;
    cam_comm_buffer parts[CAM_COMM_MAX_BUFFERS];
    int count;
    cam_reach reach;
    int64_t step;
} job;

/* A piece on its way. */
typedef struct slot {
    cam_transfers terms, sums;
    char *memory; /* the others' terms, piece_bytes each, by rank */
} slot;

typedef struct cam_comm_mpi {
    cam_comm base;
    cam_group *group;
    cam_backend *backend;
    slot slots[SLOTS];
    size_t piece_bytes;
    cam_transfers shares;
    const void **terms; /* [ranks] */
    char *memory;       /* of the slots */
    char *staging;      /* NULL where the host reaches the device's memory */

    pthread_t thread;
    int has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    job jobs[JOBS];
    int64_t asked, taken; /* jobs so far */
    int closing;
    cam_status status;
    char message[256];
    char description[96];
} cam_comm_mpi;

static cam_comm_mpi *of(cam_comm *comm) {
    return (cam_comm_mpi *)(void *)comm;
}

/* --- one call on host memory ------------------------------------------------------------------------------------ */

typedef struct call {
    cam_comm_mpi *comm;
    cam_wait wait;
    char where[64];
} call;

static void begin_call(call *c, cam_comm_mpi *comm, const job *j) {
    static const char *const doing[] = {
        [REDUCE] = "summing gradients", [GATHER] = "exchanging shares", [BROADCAST] = "receiving rank 0's weights"};
    c->comm = comm;
    if (j->kind == BROADCAST)
        snprintf(c->where, sizeof c->where, "%s", doing[j->kind]);
    else
        snprintf(c->where, sizeof c->where, "step %lld (%s)", (long long)j->step, doing[j->kind]);
    c->wait = (cam_wait){.where = c->where, .timeout_s = comm->group->timeout_s, .cancel = &comm->closing};
}

/* Elements [at, at + n) of every share of a part. */
typedef struct piece {
    const cam_comm_buffer *part;
    int64_t share, at, n;
    size_t size; /* of an element */
} piece;

static char *slice(const piece *p, int rank) {
    return (char *)p->part->data + (size_t)(rank * p->share + p->at) * p->size;
}

static int peer(const cam_comm_mpi *comm, int step) {
    return (comm->base.rank + step) % comm->base.ranks;
}

/* What a rank and each of its peers send each other of a piece. */
typedef enum trade {
    TERMS, /* each other's terms: a peer gets those of its slice and sends those of mine, which go to the slot */
    SLICES /* the slices themselves, each where it belongs */
} trade;

static cam_status trade_piece(const call *c, const piece *p, trade what, slot *s, cam_transfers *transfers, int tag) {
    cam_status st = CAM_OK;
    cam_comm_mpi *comm = c->comm;
    cam_wire *wire = comm->group->wire;
    size_t bytes = (size_t)p->n * p->size;
    for (int step = 1; step < comm->base.ranks; step++) {
        int from = peer(comm, comm->base.ranks - step), to = peer(comm, step);
        char *in = what == TERMS ? s->memory + (size_t)from * comm->piece_bytes : slice(p, from);
        const char *out = slice(p, what == TERMS ? to : comm->base.rank);
        CAM_TRY(cam_wire_receive(wire, CAM_CHANNEL_DEVICE, transfers, from, tag, in, bytes));
        CAM_TRY(cam_wire_send(wire, CAM_CHANNEL_DEVICE, transfers, to, tag, out, bytes));
        comm->base.figures.bytes_sent += (int64_t)bytes;
    }
out:
    return st;
}

/* Waits for the terms, which also says that the others' slices here have been sent and may be written again. */
static cam_status add_up(const call *c, const piece *p, slot *s, cam_reach reach) {
    cam_status st = CAM_OK;
    cam_comm_mpi *comm = c->comm;
    CAM_TRY(cam_wire_wait(comm->group->wire, &s->terms, &c->wait));
    for (int r = 0; r < comm->base.ranks; r++)
        comm->terms[r] = r == comm->base.rank ? slice(p, r) : s->memory + (size_t)r * comm->piece_bytes;
    cam_sum_terms(p->part->dtype, slice(p, comm->base.rank), comm->terms, comm->base.ranks, p->n);
    if (reach == CAM_REACH_ALL)
        CAM_TRY(trade_piece(c, p, SLICES, s, &s->sums, TAG_SUM));
out:
    return st;
}

static piece piece_of(const cam_comm_mpi *comm, const cam_comm_buffer *part, int64_t k) {
    piece p = {.part = part, .share = part->count / comm->base.ranks, .size = cam_dtype_size(part->dtype)};
    int64_t most = (int64_t)(comm->piece_bytes / p.size);
    p.at = k * most;
    p.n = p.share - p.at < most ? p.share - p.at : most;
    return p;
}

static cam_status reduce_part(const call *c, const cam_comm_buffer *part, cam_reach reach) {
    cam_status st = CAM_OK;
    cam_comm_mpi *comm = c->comm;
    int64_t most = (int64_t)(comm->piece_bytes / cam_dtype_size(part->dtype));
    int64_t pieces = (part->count / comm->base.ranks + most - 1) / most;
    for (int64_t k = 0; k < pieces + 2; k++) {
        piece now = piece_of(comm, part, k), before = piece_of(comm, part, k - 1);
        if (k < pieces)
            CAM_TRY(trade_piece(c, &now, TERMS, &comm->slots[k % SLOTS], &comm->slots[k % SLOTS].terms, TAG_TERMS));
        if (k >= 1 && k <= pieces)
            CAM_TRY(add_up(c, &before, &comm->slots[(k - 1) % SLOTS], reach));
        if (k >= 2)
            CAM_TRY(cam_wire_wait(comm->group->wire, &comm->slots[(k - 2) % SLOTS].sums, &c->wait));
    }
out:
    return st;
}

static cam_status gather_part(const call *c, const cam_comm_buffer *part) {
    cam_status st = CAM_OK;
    int64_t share = part->count / c->comm->base.ranks;
    piece whole = {.part = part, .share = share, .n = share, .size = cam_dtype_size(part->dtype)};
    CAM_TRY(trade_piece(c, &whole, SLICES, NULL, &c->comm->shares, TAG_SHARE));
    CAM_TRY(cam_wire_wait(c->comm->group->wire, &c->comm->shares, &c->wait));
out:
    return st;
}

static cam_status run(cam_comm_mpi *comm, const job *j) {
    cam_status st = CAM_OK;
    call c;
    begin_call(&c, comm, j);
    for (int i = 0; i < j->count; i++) {
        const cam_comm_buffer *part = &j->parts[i];
        if (j->kind == REDUCE)
            CAM_TRY(reduce_part(&c, part, j->reach));
        else if (j->kind == GATHER)
            CAM_TRY(gather_part(&c, part));
        else
            CAM_TRY(cam_wire_broadcast(comm->group->wire, CAM_CHANNEL_DEVICE, part->data,
                                       (size_t)part->count * cam_dtype_size(part->dtype), &c.wait));
    }
out:
    return st;
}

/* --- memory that the host does not reach -------------------------------------------------------------------------- */

/* Elements [at, at + n) of every one of `shares` shares, to the staging buffer as a part of its own or back. */
static cam_status carry(cam_comm_mpi *comm, const cam_comm_buffer *part, int shares, int64_t at, int64_t n,
                        cam_copy_kind direction) {
    cam_status st = CAM_OK;
    size_t size = cam_dtype_size(part->dtype), bytes = (size_t)n * size;
    int64_t share = part->count / shares;
    for (int r = 0; r < shares; r++) {
        char *there = (char *)part->data + (size_t)(r * share + at) * size, *here = comm->staging + (size_t)r * bytes;
        int in = direction == CAM_FROM_DEVICE;
        CAM_TRY(cam_backend_copy(comm->backend, in ? here : there, in ? there : here, bytes, direction));
    }
    CAM_TRY(cam_backend_synchronize(comm->backend));
out:
    return st;
}

static cam_status run_staged(cam_comm_mpi *comm, const job *j) {
    cam_status st = CAM_OK;
    int shares = j->kind == BROADCAST ? 1 : comm->base.ranks;
    for (int i = 0; i < j->count; i++) {
        const cam_comm_buffer *part = &j->parts[i];
        int64_t share = part->count / shares, most = STAGING_BYTES / shares / (int64_t)cam_dtype_size(part->dtype);
        for (int64_t at = 0, n; at < share; at += n) {
            n = share - at < most ? share - at : most;
            job staged = *j;
            staged.count = 1;
            staged.parts[0] = (cam_comm_buffer){.data = comm->staging, .dtype = part->dtype, .count = n * shares};
            CAM_TRY(carry(comm, part, shares, at, n, CAM_FROM_DEVICE));
            CAM_TRY(run(comm, &staged));
            CAM_TRY(carry(comm, part, shares, at, n, CAM_TO_DEVICE));
        }
    }
out:
    return st;
}

/* --- jobs -------------------------------------------------------------------------------------------------------- */

static void *work(void *context) {
    cam_comm_mpi *comm = context;
    pthread_mutex_lock(&comm->lock);
    for (;;) {
        while (comm->taken == comm->asked && !comm->closing)
            pthread_cond_wait(&comm->changed, &comm->lock);
        if (comm->closing)
            break;
        const job *j = &comm->jobs[comm->taken % JOBS];
        cam_status st = comm->status;
        pthread_mutex_unlock(&comm->lock);
        double begin = cam_now_s();
        if (st == CAM_OK)
            st = run(comm, j);
        double end = cam_now_s();
        pthread_mutex_lock(&comm->lock);
        comm->base.figures.busy_s += end - begin;
        if (st != CAM_OK && comm->status == CAM_OK) {
            comm->status = st;
            snprintf(comm->message, sizeof comm->message, "%s", cam_status_message());
        }
        comm->taken++;
        pthread_cond_broadcast(&comm->changed);
    }
    pthread_mutex_unlock(&comm->lock);
    return NULL;
}

static cam_status ask(cam_comm *base, const job *j) {
    cam_comm_mpi *comm = of(base);
    if (comm->staging)
        return run_staged(comm, j);
    pthread_mutex_lock(&comm->lock);
    while (comm->asked - comm->taken == JOBS)
        pthread_cond_wait(&comm->changed, &comm->lock);
    comm->jobs[comm->asked++ % JOBS] = *j;
    pthread_cond_broadcast(&comm->changed);
    pthread_mutex_unlock(&comm->lock);
    return CAM_OK;
}

static job job_of(const cam_comm *comm, job_kind kind, const cam_comm_buffer *parts, int count, cam_reach reach) {
    job j = {.kind = kind, .count = count, .reach = reach, .step = comm->step};
    CAM_ASSERT(count <= CAM_COMM_MAX_BUFFERS);
    for (int i = 0; i < count; i++)
        j.parts[i] = parts[i];
    return j;
}

static cam_status mpi_reduce(cam_comm *comm, const cam_comm_buffer *parts, int count, cam_reach reach) {
    job j = job_of(comm, REDUCE, parts, count, reach);
    return ask(comm, &j);
}

static cam_status mpi_gather(cam_comm *comm, const cam_comm_buffer *parts, int count) {
    job j = job_of(comm, GATHER, parts, count, CAM_REACH_ALL);
    return ask(comm, &j);
}

static cam_status mpi_broadcast(cam_comm *comm, const cam_comm_buffer *parts, int count) {
    job j = job_of(comm, BROADCAST, parts, count, CAM_REACH_ALL);
    return ask(comm, &j);
}

static cam_status mpi_join(cam_comm *base) {
    cam_status st = CAM_OK;
    cam_comm_mpi *comm = of(base);
    double begin = cam_now_s();
    pthread_mutex_lock(&comm->lock);
    while (comm->taken < comm->asked)
        pthread_cond_wait(&comm->changed, &comm->lock);
    base->figures.waited_s += cam_now_s() - begin;
    st = comm->status;
    pthread_mutex_unlock(&comm->lock);
    return st == CAM_OK ? CAM_OK : cam_fail(st, "%s", comm->message);
}

/* --- opening and closing ------------------------------------------------------------------------------------------ */

static void mpi_close(cam_comm *base) {
    cam_comm_mpi *comm = of(base);
    if (comm->has_thread) {
        pthread_mutex_lock(&comm->lock);
        __atomic_store_n(&comm->closing, 1, __ATOMIC_RELEASE);
        pthread_cond_broadcast(&comm->changed);
        pthread_mutex_unlock(&comm->lock);
        pthread_join(comm->thread, NULL);
    }
    for (int s = 0; s < SLOTS; s++) {
        cam_transfers_close(&comm->slots[s].terms);
        cam_transfers_close(&comm->slots[s].sums);
    }
    cam_transfers_close(&comm->shares);
    if (comm->staging)
        cam_backend_release_staging(comm->backend, comm->staging);
    pthread_mutex_destroy(&comm->lock);
    pthread_cond_destroy(&comm->changed);
    free(comm->memory);
    free(comm->terms);
    free(comm);
}

static const cam_comm_calls calls = {
    .reduce = mpi_reduce, .gather = mpi_gather, .broadcast = mpi_broadcast, .join = mpi_join, .close = mpi_close};

static cam_status take_memory(cam_comm_mpi *comm) {
    cam_status st = CAM_OK;
    int ranks = comm->base.ranks;
    void *staging = NULL;
    size_t fair = (size_t)(TERMS_BYTES / ranks) / sizeof(double) * sizeof(double);
    comm->piece_bytes = fair < MOST_PIECE_BYTES ? fair : MOST_PIECE_BYTES;
    comm->terms = malloc((size_t)ranks * sizeof *comm->terms);
    comm->memory = malloc((size_t)SLOTS * (size_t)ranks * comm->piece_bytes);
    if (!comm->terms || !comm->memory)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the terms of %d ranks", ranks);
    for (int s = 0; s < SLOTS; s++) {
        comm->slots[s].memory = comm->memory + (size_t)s * (size_t)ranks * comm->piece_bytes;
        CAM_TRY(cam_transfers_open(&comm->slots[s].terms, 2 * ranks));
        CAM_TRY(cam_transfers_open(&comm->slots[s].sums, 2 * ranks));
    }
    /* a share of 16 GiB at the most */
    CAM_TRY(cam_transfers_open(&comm->shares, 2 * 16 * ranks));
    if (!comm->backend->host_memory)
        CAM_TRY(cam_backend_allocate_staging(comm->backend, STAGING_BYTES, &staging));
    comm->staging = staging;
out:
    return st;
}

/* Signals are for the thread that began the run. */
static cam_status start_thread(cam_comm_mpi *comm) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    comm->has_thread = pthread_create(&comm->thread, NULL, work, comm) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return comm->has_thread ? CAM_OK : cam_fail(CAM_E_MEMORY, "no thread for the collectives could be started");
}

cam_status cam_comm_mpi_open(cam_group *group, cam_backend *backend, cam_comm **result) {
    cam_status st = CAM_OK;
    cam_comm_mpi *comm = calloc(1, sizeof *comm);
    *result = NULL;
    if (!comm)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a communicator");
    comm->base = (cam_comm){.name = "mpi",
                            .description = comm->description,
                            .rank = group->rank,
                            .ranks = group->ranks,
                            .exact_order = 1,
                            .calls = &calls};
    comm->group = group;
    comm->backend = backend;
    pthread_mutex_init(&comm->lock, NULL);
    pthread_cond_init(&comm->changed, NULL);
    snprintf(comm->description, sizeof comm->description, "%s", group->wire ? cam_wire_description() : "none");
    CAM_TRY(take_memory(comm));
    if (!comm->staging)
        CAM_TRY(start_thread(comm));
    *result = &comm->base;
out:
    if (st != CAM_OK && comm)
        mpi_close(&comm->base);
    return st;
}
