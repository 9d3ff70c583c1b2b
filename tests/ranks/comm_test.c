/* comm_test.c: cam/comm.h by MPI between real processes, bit for bit against sums in rank order that are computed here.
 * Memory that the host cannot access goes through the staging buffer and must give the same bits.
 */
#include "backend_cpu.h"
#include "comm_mpi.h"
#include "hash.h"
#include "ranks.h"
#include <mpi.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20, STAGING_BYTES = 32 << 20, MOST_CALLS = 200 /* the ring holds 64 */ };

typedef enum { REDUCE_SCATTER, ALL_REDUCE, ALL_GATHER, BROADCAST, COLLECTIVES } collective;

static cam_backend *cpu;
static cam_backend device_only; /* the same, but the host cannot access its memory */
static cam_comm *comm;

/* --- numbers ------------------------------------------------------------------------------------------------------ */

/* Any element: a random sign and mantissa, and one of 16 exponents, so that a sum depends on its order. */
static uint64_t bits_of(int of_rank, uint64_t salt, int64_t i) {
    return cam_hash_mix((salt << 40) ^ ((uint64_t)of_rank << 56) ^ (uint64_t)i);
}
static float f32_of(uint64_t bits) {
    uint32_t u = (uint32_t)(bits >> 63) << 31 | (uint32_t)(120 + (bits >> 40) % 16) << 23 | (uint32_t)(bits & 0x7FFFFF);
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}
static double f64_of(uint64_t bits) {
    uint64_t u = (bits & UINT64_C(0x800FFFFFFFFFFFFF)) | (1015 + (bits >> 52) % 16) << 52;
    double d;
    memcpy(&d, &u, sizeof d);
    return d;
}
static uint16_t bf16_of(uint64_t bits) {
    float f = f32_of(bits);
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return (uint16_t)(u >> 16);
}
static float widened(uint16_t bf16) {
    uint32_t u = (uint32_t)bf16 << 16;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}
static uint16_t narrowed(float f) {
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return (uint16_t)((u + 0x7FFF + (u >> 16 & 1)) >> 16);
}

/* One element of any type, in its low bytes. */
typedef union element {
    float f32;
    double f64;
    uint16_t bf16;
    uint64_t bits;
} element;

static element term(cam_dtype dtype, int of_rank, uint64_t salt, int64_t i) {
    uint64_t bits = bits_of(of_rank, salt, i);
    element e = {.bits = bits};
    if (dtype == CAM_F32)
        e.f32 = f32_of(bits);
    else if (dtype == CAM_F64)
        e.f64 = f64_of(bits);
    else if (dtype == CAM_BF16)
        e.bf16 = bf16_of(bits);
    return e;
}

/* The sum of the terms of ranks first, first + stride, ... */
static element sum_of(cam_dtype dtype, uint64_t salt, int64_t i, int first, int stride, int of_ranks) {
    element sum = term(dtype, first, salt, i);
    float wide = widened(sum.bf16);
    for (int n = 1; n < of_ranks; n++) {
        element next = term(dtype, first + n * stride, salt, i);
        if (dtype == CAM_F32)
            sum.f32 += next.f32;
        else if (dtype == CAM_F64)
            sum.f64 += next.f64;
        else
            wide += widened(next.bf16);
    }
    if (dtype == CAM_BF16)
        sum.bf16 = narrowed(wide);
    return sum;
}

/* --- buffers and their expected contents -------------------------------------------------------------------------- */

/* With one more element behind the buffer, which must not change. */
static cam_comm_buffer buffer_of(cam_dtype dtype, int64_t count) {
    cam_comm_buffer buffer = {
        .data = malloc((size_t)(count + 1) * cam_dtype_size(dtype)), .dtype = dtype, .count = count};
    assert_non_null(buffer.data);
    return buffer;
}

static char *at(const cam_comm_buffer *buffer, int64_t i) {
    return (char *)buffer->data + (size_t)i * cam_dtype_size(buffer->dtype);
}

static void fill(const cam_comm_buffer *buffer, uint64_t salt) {
    for (int64_t i = 0; i <= buffer->count; i++) {
        element e = term(buffer->dtype, rank, salt, i);
        memcpy(at(buffer, i), &e, cam_dtype_size(buffer->dtype));
    }
}

static void check_element(const cam_comm_buffer *buffer, int64_t i, element expected, const char *what) {
    if (memcmp(at(buffer, i), &expected, cam_dtype_size(buffer->dtype)) != 0)
        fail_msg("rank %d: element %lld of %lld, %s, is not the %s", rank, (long long)i, (long long)buffer->count,
                 cam_dtype_name(buffer->dtype), what);
}

static void check_at(collective v, const cam_comm_buffer *buffer, uint64_t salt, int64_t i) {
    int64_t shard = buffer->count / ranks;
    int of_rank = shard ? (int)(i / shard) : 0;
    if (v == ALL_GATHER)
        check_element(buffer, i, term(buffer->dtype, of_rank, salt, i), "shard of its rank");
    else if (v == BROADCAST)
        check_element(buffer, i, term(buffer->dtype, 0, salt, i), "first rank's");
    else if (v == ALL_REDUCE || of_rank == rank)
        check_element(buffer, i, sum_of(buffer->dtype, salt, i, 0, 1, ranks), "sum in rank order");
    else
        check_element(buffer, i, term(buffer->dtype, rank, salt, i), "term that was there");
}

/* Of large buffers every eleventh element, and the last: an error there misplaces whole runs of elements. */
static void check(collective v, const cam_comm_buffer *buffer, uint64_t salt) {
    int64_t stride = buffer->count > 1 << 18 ? 11 : 1;
    for (int64_t i = 0; i < buffer->count; i += stride)
        check_at(v, buffer, salt, i);
    if (buffer->count > 0)
        check_at(v, buffer, salt, buffer->count - 1);
    check_element(buffer, buffer->count, term(buffer->dtype, rank, salt, buffer->count), "one that was there");
}

static cam_status start(collective v, const cam_comm_buffer *buffers, int count) {
    if (v == ALL_GATHER)
        return cam_comm_all_gather(comm, buffers, count);
    if (v == BROADCAST)
        return cam_comm_broadcast(comm, buffers, count);
    return v == REDUCE_SCATTER ? cam_comm_reduce_scatter(comm, buffers, count)
                               : cam_comm_all_reduce(comm, buffers, count);
}

/* The bytes that a rank sends: every shard but one, once, or twice in an all-reduce. */
static int64_t bytes_to_send(collective v, int64_t bytes) {
    return v == BROADCAST ? 0 : (v == ALL_REDUCE ? 2 : 1) * (bytes / ranks) * (ranks - 1);
}

static void run_buffers(collective v, cam_comm_buffer *buffers, int count) {
    int64_t bytes = 0, before = comm->figures.bytes_sent;
    for (int p = 0; p < count; p++) {
        fill(&buffers[p], (uint64_t)p + 1);
        bytes += buffers[p].count * (int64_t)cam_dtype_size(buffers[p].dtype);
    }
    assert_ok(start(v, buffers, count));
    assert_ok(cam_comm_join(comm));
    for (int p = 0; p < count; p++) {
        check(v, &buffers[p], (uint64_t)p + 1);
        free(buffers[p].data);
    }
    assert_int_equal(comm->figures.bytes_sent - before, bytes_to_send(v, bytes));
}

static void run_one(collective v, cam_dtype dtype, int64_t count) {
    cam_comm_buffer buffer = buffer_of(dtype, count);
    run_buffers(v, &buffer, 1);
}

/* --- cases -------------------------------------------------------------------------------------------------------- */

static int begin_direct(void **state) {
    begin_case(state);
    assert_ok(cam_comm_mpi_open(&group, cpu, &comm));
    return 0;
}

static int copies; /* by device_only */
static cam_status counted_copy(cam_backend *backend, void *to, const void *from, size_t bytes, cam_copy_kind kind) {
    copies++;
    return cpu->calls->copy(backend, to, from, bytes, kind);
}

static int begin_staged(void **state) {
    static cam_backend_calls calls;
    begin_case(state);
    calls = *cpu->calls;
    calls.copy = counted_copy;
    device_only = *cpu;
    device_only.host_memory = 0;
    device_only.calls = &calls;
    copies = 0;
    assert_ok(cam_comm_mpi_open(&group, &device_only, &comm));
    return 0;
}

static int end_direct(void **state) {
    cam_comm_close(comm);
    comm = NULL;
    return end_case(state);
}

static int end_staged(void **state) {
    assert_true(copies > 0);
    return end_direct(state);
}

#define DIRECT(name) cmocka_unit_test_setup_teardown(name, begin_direct, end_direct)
#define STAGED(name) cmocka_unit_test_setup_teardown(name##_staged, begin_staged, end_staged)
#define ALSO_STAGED(name)                                                                                              \
    static void name##_staged(void **state) {                                                                          \
        name(state);                                                                                                   \
    }

static void test_description(void **state) {
    (void)state;
    assert_string_equal(comm->name, "mpi");
    assert_true(strlen(comm->description) > 4);
    assert_int_equal(comm->rank, rank);
    assert_int_equal(comm->ranks, ranks);
    assert_true(comm->exact_order);
    assert_false(comm->captures);
}

/* Checks the numbers of the other cases: another order must give another sum, and so must bf16 that is rounded at every
 * step. */
static void test_sums_depend_on_order(void **state) {
    (void)state;
    const cam_dtype dtypes[] = {CAM_F32, CAM_F64, CAM_BF16};
    int others[3] = {0}, stepwise = 0, signs = 0;
    for (int64_t i = 0; i < 4000; i++) {
        for (int d = 0; d < 3; d++) {
            element forward = sum_of(dtypes[d], 1, i, 0, 1, 4), backward = sum_of(dtypes[d], 1, i, 3, -1, 4);
            others[d] += memcmp(&forward, &backward, cam_dtype_size(dtypes[d])) != 0;
        }
        float sum = widened(term(CAM_BF16, 0, 1, i).bf16);
        for (int r = 1; r < 4; r++)
            sum = widened(narrowed(sum + widened(term(CAM_BF16, r, 1, i).bf16)));
        stepwise += narrowed(sum) != sum_of(CAM_BF16, 1, i, 0, 1, 4).bf16;
        signs += sum < 0;
    }
    assert_true(others[0] > 400 && others[1] > 400 && stepwise > 400);
    assert_true(signs > 1000 && signs < 3000);
}

static void test_sums(void **state) {
    (void)state;
    const cam_dtype dtypes[] = {CAM_F32, CAM_BF16, CAM_F64};
    const int64_t shards[] = {0, 1, 3, 1023, 1025};
    for (collective v = REDUCE_SCATTER; v <= ALL_REDUCE; v++)
        for (int d = 0; d < 3; d++)
            for (int s = 0; s < 5; s++)
                run_one(v, dtypes[d], shards[s] * ranks);
}
ALSO_STAGED(test_sums)

static void test_sums_of_many_pieces(void **state) {
    (void)state;
    const cam_dtype dtypes[] = {CAM_F32, CAM_BF16, CAM_F64};
    for (int d = 0; d < 3; d++) {
        int64_t piece = PIECE_BYTES / (int64_t)cam_dtype_size(dtypes[d]);
        const int64_t shards[] = {piece - 1, piece, piece + 1};
        for (int s = 0; s < 3; s++)
            run_one(s % 2 ? REDUCE_SCATTER : ALL_REDUCE, dtypes[d], shards[s] * ranks);
    }
    /* more pieces than slots */
    run_one(ALL_REDUCE, CAM_F32, (4 * PIECE_BYTES / 4 + 1) * ranks);
}

static void test_all_gather(void **state) {
    (void)state;
    run_one(ALL_GATHER, CAM_F32, 0);
    run_one(ALL_GATHER, CAM_I32, ranks);
    run_one(ALL_GATHER, CAM_BF16, 1001 * ranks);
    run_one(ALL_GATHER, CAM_F64, (PIECE_BYTES / 4 + 3) * ranks);
}
ALSO_STAGED(test_all_gather)

static void test_broadcasts(void **state) {
    (void)state;
    run_one(BROADCAST, CAM_F32, 0);
    run_one(BROADCAST, CAM_BF16, 1);
    run_one(BROADCAST, CAM_I32, 1007);
    run_one(BROADCAST, CAM_F64, (9 << 20) / 8 + 1);
}
ALSO_STAGED(test_broadcasts)

static void test_several_buffers(void **state) {
    (void)state;
    const cam_dtype dtypes[] = {CAM_F32, CAM_BF16, CAM_F64, CAM_F32};
    for (collective v = REDUCE_SCATTER; v < COLLECTIVES; v++) {
        cam_comm_buffer buffers[CAM_COMM_MAX_BUFFERS];
        for (int p = 0; p < CAM_COMM_MAX_BUFFERS; p++)
            buffers[p] = buffer_of(dtypes[p % 4], p % 3 * 501 * ranks);
        run_buffers(v, buffers, CAM_COMM_MAX_BUFFERS);
        run_buffers(v, NULL, 0);
    }
}
ALSO_STAGED(test_several_buffers)

/* Rank 0 is late, so that the others' calls fill the ring and wait for a free place. */
static void test_many_calls_before_one_join(void **state) {
    (void)state;
    static cam_comm_buffer buffers[MOST_CALLS];
    const cam_dtype dtypes[] = {CAM_F64, CAM_F32, CAM_BF16};
    for (int c = 0; c < MOST_CALLS; c++) {
        buffers[c] = buffer_of(dtypes[c % 3], (c * 37 % 400 + 1) * ranks);
        fill(&buffers[c], (uint64_t)c);
    }
    if (rank == 0)
        (void)usleep(50000);
    for (int c = 0; c < MOST_CALLS; c++)
        assert_ok(start((collective)(c % COLLECTIVES), &buffers[c], 1));
    assert_ok(cam_comm_join(comm));
    for (int c = 0; c < MOST_CALLS; c++) {
        check((collective)(c % COLLECTIVES), &buffers[c], (uint64_t)c);
        free(buffers[c].data);
    }
}

/* Each call works on the result of the one before: a reduce-scatter, then an all-gather. */
static void test_calls_go_in_order(void **state) {
    (void)state;
    cam_comm_buffer buffer = buffer_of(CAM_F32, 5000 * ranks);
    fill(&buffer, 9);
    assert_ok(start(REDUCE_SCATTER, &buffer, 1));
    assert_ok(start(ALL_GATHER, &buffer, 1));
    assert_ok(cam_comm_join(comm));
    check(ALL_REDUCE, &buffer, 9);
    free(buffer.data);
}
ALSO_STAGED(test_calls_go_in_order)

/* More than the staging buffer holds, in shards that it does not divide evenly. */
static void test_sums_larger_than_staging_staged(void **state) {
    (void)state;
    int64_t shard = STAGING_BYTES / ranks / 4 + 1001;
    run_one(ALL_REDUCE, CAM_F32, shard * ranks);
    run_one(ALL_GATHER, CAM_I32, shard * ranks);
    run_one(BROADCAST, CAM_I32, STAGING_BYTES / 4 + 1);
}

/* --- missing and failed ranks ------------------------------------------------------------------------------------- */

static void test_a_missing_rank(void **state) {
    (void)state;
    NEEDS_RANKS(2);
    char expected[64], waits[32];
    cam_comm_buffer buffer = buffer_of(CAM_F32, 8 * ranks);
    fill(&buffer, 3);
    group.timeout_s = IMPATIENCE_S;
    comm->step = 17;
    if (rank != ranks - 1) {
        double begin = seconds();
        assert_ok(start(ALL_REDUCE, &buffer, 1));
        cam_status st = cam_comm_join(comm);
        snprintf(expected, sizeof expected, "for rank %d;", ranks - 1);
        snprintf(waits, sizeof waits, "rank %d waited 0.75 s", rank);
        ASSERT_FAILS(st, CAM_E_PEER, waits, "at step 17 (summing gradients)", expected, "ddp_timeout");
        assert_true(seconds() - begin >= IMPATIENCE_S && seconds() - begin < AT_ONCE_S);
        /* later calls do nothing and do not wait */
        begin = seconds();
        assert_ok(start(ALL_GATHER, &buffer, 1));
        ASSERT_FAILS(cam_comm_join(comm), CAM_E_PEER, "step 17 (summing gradients)");
        assert_true(seconds() - begin < IMPATIENCE_S);
    }
    MPI_Barrier(MPI_COMM_WORLD); /* the missing rank takes part in the next case */
    cam_comm_close(comm);
    comm = NULL;
    free(buffer.data);
    assert_int_equal(cam_group_finalize(&group, CAM_E_PEER), CAM_E_PEER);
    assert_int_equal(ends_of_mpi, 0);
}

/* A rank that waits in a sum returns long before the timeout, with the failed rank's status. */
static void test_a_failed_rank(void **state) {
    (void)state;
    NEEDS_RANKS(2);
    cam_comm_buffer buffer = buffer_of(CAM_F32, 8 * ranks);
    fill(&buffer, 3);
    double begin = seconds();
    cam_status mine = CAM_E_STORAGE;
    char expected[64];
    snprintf(expected, sizeof expected, "rank %d has failed", ranks - 1);
    if (rank != ranks - 1) {
        assert_ok(start(ALL_REDUCE, &buffer, 1));
        mine = cam_comm_join(comm);
        ASSERT_FAILS(mine, CAM_E_STORAGE, expected);
    }
    cam_comm_close(comm);
    comm = NULL;
    free(buffer.data);
    assert_int_equal(cam_group_finalize(&group, mine), CAM_E_STORAGE);
    assert_int_equal(group.reporter, ranks - 1);
    assert_true(seconds() - begin < AT_ONCE_S);
}

/* Closing cancels calls in flight. */
static void test_closing_does_not_wait(void **state) {
    (void)state;
    NEEDS_RANKS(2);
    cam_comm_buffer buffer = buffer_of(CAM_F32, 8 * ranks);
    fill(&buffer, 3);
    double begin = seconds();
    if (rank != ranks - 1)
        assert_ok(start(ALL_REDUCE, &buffer, 1));
    (void)usleep(50000);
    cam_comm_close(comm);
    comm = NULL;
    free(buffer.data);
    assert_true(seconds() - begin < AT_ONCE_S);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DIRECT(test_description),
        DIRECT(test_sums_depend_on_order),
        DIRECT(test_sums),
        DIRECT(test_sums_of_many_pieces),
        DIRECT(test_all_gather),
        DIRECT(test_broadcasts),
        DIRECT(test_several_buffers),
        DIRECT(test_many_calls_before_one_join),
        DIRECT(test_calls_go_in_order),
        STAGED(test_sums),
        STAGED(test_all_gather),
        STAGED(test_broadcasts),
        STAGED(test_several_buffers),
        STAGED(test_calls_go_in_order),
        STAGED(test_sums_larger_than_staging),
        DIRECT(test_a_missing_rank),
        DIRECT(test_a_failed_rank),
        DIRECT(test_closing_does_not_wait),
    };
    begin_ranks();
    assert_ok(cam_backend_cpu_open(1, &cpu));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cam_backend_close(cpu);
    end_ranks();
    return failed != 0;
}
