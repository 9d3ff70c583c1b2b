/* comm_mpi.c: see comm_mpi.h.
 *
 * A call becomes a job in a ring, and the thread runs the jobs in order. Sums work on a shard piece by piece. Three
 * pieces are in flight: one whose terms arrive, one that is summed, one whose sum is sent. Memory that the host cannot
 * access is copied through a staging buffer; such a call is complete when it returns.
 *
 * Invariant: jobs [completed, submitted) of the ring are queued or running. `status` is the first failed job's; no job
 * runs after it.
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
enum { TAG_TERMS = 2, TAG_SUM, TAG_SHARD };

typedef enum job_kind { REDUCE_SCATTER, ALL_REDUCE, ALL_GATHER, BROADCAST } job_kind;

typedef struct job {
    job_kind kind;
    cam_comm_buffer buffers[CAM_COMM_MAX_BUFFERS];
    int count;
    int64_t step;
} job;

/* The state of a piece in flight. */
typedef struct slot {
    cam_transfers terms, sums;
    char *memory; /* the peers' terms, piece_bytes each, by rank */
} slot;

typedef struct cam_comm_mpi {
    cam_comm base;
    cam_group *group;
    cam_backend *backend;
    slot slots[SLOTS];
    size_t piece_bytes;
    cam_transfers shards; /* of all_gather */
    const void **terms;   /* [ranks] */
    char *memory;         /* of the slots */
    char *staging;        /* NULL where the host can access the device's memory */

    pthread_t thread;
    int has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    job jobs[JOBS];
    int64_t submitted, completed; /* jobs so far */
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
    static const char *const names[] = {[REDUCE_SCATTER] = "summing gradients",
                                        [ALL_REDUCE] = "summing gradients",
                                        [ALL_GATHER] = "gathering shards",
                                        [BROADCAST] = "receiving rank 0's weights"};
    c->comm = comm;
    if (j->kind == BROADCAST)
        snprintf(c->where, sizeof c->where, "%s", names[j->kind]);
    else
        snprintf(c->where, sizeof c->where, "step %lld (%s)", (long long)j->step, names[j->kind]);
    c->wait = (cam_wait){.where = c->where, .timeout_s = comm->group->timeout_s, .cancel = &comm->closing};
}

/* Elements [at, at + n) of every shard of a buffer. */
typedef struct piece {
    const cam_comm_buffer *buffer;
    int64_t shard, at, n; /* `shard`: elements of a whole shard */
    size_t size;          /* bytes of an element */
} piece;

/* A piece's elements in shard `rank`. */
static char *slice(const piece *p, int rank) {
    return (char *)p->buffer->data + (size_t)(rank * p->shard + p->at) * p->size;
}

static int peer(const cam_comm_mpi *comm, int step) {
    return (comm->base.rank + step) % comm->base.ranks;
}

/* What two ranks exchange of a piece. */
typedef enum exchange {
    TERMS, /* each sends its term of the peer's slice and receives the peer's term of its own slice into the slot */
    SLICES /* each sends its own slice, which the peer receives in place */
} exchange;

static cam_status exchange_piece(const call *c, const piece *p, exchange what, slot *s, cam_transfers *transfers,
                                 int tag) {
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

/* Waits for the terms and sums them. After the wait this rank's terms have been sent, so that the peers' slices may be
 * overwritten. */
static cam_status sum_piece(const call *c, const piece *p, slot *s, job_kind kind) {
    cam_status st = CAM_OK;
    cam_comm_mpi *comm = c->comm;
    CAM_TRY(cam_wire_wait(comm->group->wire, &s->terms, &c->wait));
    for (int r = 0; r < comm->base.ranks; r++)
        comm->terms[r] = r == comm->base.rank ? slice(p, r) : s->memory + (size_t)r * comm->piece_bytes;
    cam_sum_terms(p->buffer->dtype, slice(p, comm->base.rank), comm->terms, comm->base.ranks, p->n);
    if (kind == ALL_REDUCE)
        CAM_TRY(exchange_piece(c, p, SLICES, s, &s->sums, TAG_SUM));
out:
    return st;
}

static piece piece_of(const cam_comm_mpi *comm, const cam_comm_buffer *buffer, int64_t k) {
    piece p = {.buffer = buffer, .shard = buffer->count / comm->base.ranks, .size = cam_dtype_size(buffer->dtype)};
    int64_t most = (int64_t)(comm->piece_bytes / p.size);
    p.at = k * most;
    p.n = p.shard - p.at < most ? p.shard - p.at : most;
    return p;
}

static cam_status sum_buffer(const call *c, const cam_comm_buffer *buffer, job_kind kind) {
    cam_status st = CAM_OK;
    cam_comm_mpi *comm = c->comm;
    int64_t most = (int64_t)(comm->piece_bytes / cam_dtype_size(buffer->dtype));
    int64_t pieces = (buffer->count / comm->base.ranks + most - 1) / most;
    for (int64_t k = 0; k < pieces + 2; k++) {
        piece now = piece_of(comm, buffer, k), before = piece_of(comm, buffer, k - 1);
        if (k < pieces)
            CAM_TRY(exchange_piece(c, &now, TERMS, &comm->slots[k % SLOTS], &comm->slots[k % SLOTS].terms, TAG_TERMS));
        if (k >= 1 && k <= pieces)
            CAM_TRY(sum_piece(c, &before, &comm->slots[(k - 1) % SLOTS], kind));
        if (k >= 2)
            CAM_TRY(cam_wire_wait(comm->group->wire, &comm->slots[(k - 2) % SLOTS].sums, &c->wait));
    }
out:
    return st;
}

static cam_status gather_buffer(const call *c, const cam_comm_buffer *buffer) {
    cam_status st = CAM_OK;
    int64_t shard = buffer->count / c->comm->base.ranks;
    piece whole = {.buffer = buffer, .shard = shard, .n = shard, .size = cam_dtype_size(buffer->dtype)};
    CAM_TRY(exchange_piece(c, &whole, SLICES, NULL, &c->comm->shards, TAG_SHARD));
    CAM_TRY(cam_wire_wait(c->comm->group->wire, &c->comm->shards, &c->wait));
out:
    return st;
}

static cam_status run(cam_comm_mpi *comm, const job *j) {
    cam_status st = CAM_OK;
    call c;
    begin_call(&c, comm, j);
    for (int i = 0; i < j->count; i++) {
        const cam_comm_buffer *buffer = &j->buffers[i];
        if (j->kind == REDUCE_SCATTER || j->kind == ALL_REDUCE)
            CAM_TRY(sum_buffer(&c, buffer, j->kind));
        else if (j->kind == ALL_GATHER)
            CAM_TRY(gather_buffer(&c, buffer));
        else
            CAM_TRY(cam_wire_broadcast(comm->group->wire, CAM_CHANNEL_DEVICE, buffer->data,
                                       (size_t)buffer->count * cam_dtype_size(buffer->dtype), &c.wait));
    }
out:
    return st;
}

/* --- memory that the host cannot access --------------------------------------------------------------------------- */

/* Copies elements [at, at + n) of each of `shards` shards between a buffer and the staging buffer, which then holds a
 * smaller buffer of `shards` shards. */
static cam_status copy_staged(cam_comm_mpi *comm, const cam_comm_buffer *buffer, int shards, int64_t at, int64_t n,
                              cam_copy_kind direction) {
    cam_status st = CAM_OK;
    size_t size = cam_dtype_size(buffer->dtype), bytes = (size_t)n * size;
    int64_t shard = buffer->count / shards;
    for (int r = 0; r < shards; r++) {
        char *device = (char *)buffer->data + (size_t)(r * shard + at) * size;
        char *host = comm->staging + (size_t)r * bytes;
        int to_host = direction == CAM_FROM_DEVICE;
        CAM_TRY(cam_backend_copy(comm->backend, to_host ? host : device, to_host ? device : host, bytes, direction));
    }
    CAM_TRY(cam_backend_synchronize(comm->backend));
out:
    return st;
}

static cam_status run_staged(cam_comm_mpi *comm, const job *j) {
    cam_status st = CAM_OK;
    int shards = j->kind == BROADCAST ? 1 : comm->base.ranks;
    for (int i = 0; i < j->count; i++) {
        const cam_comm_buffer *buffer = &j->buffers[i];
        int64_t shard = buffer->count / shards;
        int64_t most = STAGING_BYTES / shards / (int64_t)cam_dtype_size(buffer->dtype);
        for (int64_t at = 0, n; at < shard; at += n) {
            n = shard - at < most ? shard - at : most;
            job staged = *j;
            staged.count = 1;
            staged.buffers[0] = (cam_comm_buffer){.data = comm->staging, .dtype = buffer->dtype, .count = n * shards};
            CAM_TRY(copy_staged(comm, buffer, shards, at, n, CAM_FROM_DEVICE));
            CAM_TRY(run(comm, &staged));
            CAM_TRY(copy_staged(comm, buffer, shards, at, n, CAM_TO_DEVICE));
        }
    }
out:
    return st;
}

/* --- jobs -------------------------------------------------------------------------------------------------------- */

static void *run_thread(void *context) {
    cam_comm_mpi *comm = context;
    pthread_mutex_lock(&comm->lock);
    for (;;) {
        while (comm->completed == comm->submitted && !comm->closing)
            pthread_cond_wait(&comm->changed, &comm->lock);
        if (comm->closing)
            break;
        const job *j = &comm->jobs[comm->completed % JOBS];
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
        comm->completed++;
        pthread_cond_broadcast(&comm->changed);
    }
    pthread_mutex_unlock(&comm->lock);
    return NULL;
}

/* Queues a job, or runs it where there is a staging buffer. */
static cam_status submit(cam_comm *base, job_kind kind, const cam_comm_buffer *buffers, int count) {
    cam_comm_mpi *comm = of(base);
    job j = {.kind = kind, .count = count, .step = base->step};
    CAM_ASSERT(count <= CAM_COMM_MAX_BUFFERS);
    for (int i = 0; i < count; i++)
        j.buffers[i] = buffers[i];
    if (comm->staging)
        return run_staged(comm, &j);
    pthread_mutex_lock(&comm->lock);
    while (comm->submitted - comm->completed == JOBS)
        pthread_cond_wait(&comm->changed, &comm->lock);
    comm->jobs[comm->submitted++ % JOBS] = j;
    pthread_cond_broadcast(&comm->changed);
    pthread_mutex_unlock(&comm->lock);
    return CAM_OK;
}

static cam_status mpi_reduce_scatter(cam_comm *comm, const cam_comm_buffer *buffers, int count) {
    return submit(comm, REDUCE_SCATTER, buffers, count);
}

static cam_status mpi_all_reduce(cam_comm *comm, const cam_comm_buffer *buffers, int count) {
    return submit(comm, ALL_REDUCE, buffers, count);
}

static cam_status mpi_all_gather(cam_comm *comm, const cam_comm_buffer *buffers, int count) {
    return submit(comm, ALL_GATHER, buffers, count);
}

static cam_status mpi_broadcast(cam_comm *comm, const cam_comm_buffer *buffers, int count) {
    return submit(comm, BROADCAST, buffers, count);
}

static cam_status mpi_join(cam_comm *base) {
    cam_status st = CAM_OK;
    cam_comm_mpi *comm = of(base);
    double begin = cam_now_s();
    pthread_mutex_lock(&comm->lock);
    while (comm->completed < comm->submitted)
        pthread_cond_wait(&comm->changed, &comm->lock);
    base->figures.waited_s += cam_now_s() - begin;
    st = comm->status;
    pthread_mutex_unlock(&comm->lock);
    return st == CAM_OK ? CAM_OK : cam_fail_again(st, comm->message);
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
    cam_transfers_close(&comm->shards);
    if (comm->staging)
        cam_backend_release_staging(comm->backend, comm->staging);
    pthread_mutex_destroy(&comm->lock);
    pthread_cond_destroy(&comm->changed);
    free(comm->memory);
    free(comm->terms);
    free(comm);
}

static const cam_comm_calls calls = {.reduce_scatter = mpi_reduce_scatter,
                                     .all_reduce = mpi_all_reduce,
                                     .all_gather = mpi_all_gather,
                                     .broadcast = mpi_broadcast,
                                     .join = mpi_join,
                                     .close = mpi_close};

static cam_status allocate(cam_comm_mpi *comm) {
    cam_status st = CAM_OK;
    int ranks = comm->base.ranks;
    void *staging = NULL;
    size_t by_rank = (size_t)(TERMS_BYTES / ranks) / sizeof(double) * sizeof(double);
    comm->piece_bytes = by_rank < MOST_PIECE_BYTES ? by_rank : MOST_PIECE_BYTES;
    comm->terms = malloc((size_t)ranks * sizeof *comm->terms);
    comm->memory = malloc((size_t)SLOTS * (size_t)ranks * comm->piece_bytes);
    if (!comm->terms || !comm->memory)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the terms of %d ranks", ranks);
    for (int s = 0; s < SLOTS; s++) {
        comm->slots[s].memory = comm->memory + (size_t)s * (size_t)ranks * comm->piece_bytes;
        CAM_TRY(cam_transfers_open(&comm->slots[s].terms, 2 * ranks));
        CAM_TRY(cam_transfers_open(&comm->slots[s].sums, 2 * ranks));
    }
    /* a shard of at most 16 GiB */
    CAM_TRY(cam_transfers_open(&comm->shards, 2 * 16 * ranks));
    if (!comm->backend->host_memory)
        CAM_TRY(cam_backend_allocate_staging(comm->backend, STAGING_BYTES, &staging));
    comm->staging = staging;
out:
    return st;
}

/* The thread blocks all signals; the main thread handles them. */
static cam_status start_thread(cam_comm_mpi *comm) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    comm->has_thread = pthread_create(&comm->thread, NULL, run_thread, comm) == 0;
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
    CAM_TRY(allocate(comm));
    if (!comm->staging)
        CAM_TRY(start_thread(comm));
    *result = &comm->base;
out:
    if (st != CAM_OK && comm)
        mpi_close(&comm->base);
    return st;
}
