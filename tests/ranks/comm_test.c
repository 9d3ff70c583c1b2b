/* comm_test.c: cam/comm.h by MPI between real processes, against sums worked out here in rank order: to the bit, so
 * that all ranks have the same. Memory that the host does not reach goes through the staging path to the same bits.
 */
#include "backend_cpu.h"
#include "comm_mpi.h"
#include "hash.h"
#include "ranks.h"
#include <mpi.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20, STAGING_BYTES = 32 << 20, MOST_CALLS = 200 /* the ring holds 64 */ };

typedef enum { REDUCE_OWN, REDUCE_ALL, GATHER, BROADCAST, VERBS } verb;

static cam_backend *cpu;
static cam_backend far_away; /* the same, its memory out of the host's reach */
static cam_comm *comm;

/* --- numbers -------------------------------------------------------------------------------------------------------
 */

/* Any element: a sign, random digits and sixteen orders of two, so that the order of a sum shows. */
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

/* From rank `first` on by `stride`. */
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

/* --- parts and what must come of them ------------------------------------------------------------------------------
 */

/* One element more than the part has lies behind it, and stays. */
static cam_comm_buffer part_of(cam_dtype dtype, int64_t count) {
    cam_comm_buffer part = {
        .data = malloc((size_t)(count + 1) * cam_dtype_size(dtype)), .dtype = dtype, .count = count};
    assert_non_null(part.data);
    return part;
}

static char *at(const cam_comm_buffer *part, int64_t i) {
    return (char *)part->data + (size_t)i * cam_dtype_size(part->dtype);
}

static void fill(const cam_comm_buffer *part, uint64_t salt) {
    for (int64_t i = 0; i <= part->count; i++) {
        element e = term(part->dtype, rank, salt, i);
        memcpy(at(part, i), &e, cam_dtype_size(part->dtype));
    }
}

static void check_element(const cam_comm_buffer *part, int64_t i, element expected, const char *what) {
    if (memcmp(at(part, i), &expected, cam_dtype_size(part->dtype)) != 0)
        fail_msg("rank %d: element %lld of %lld, %s, is not the %s", rank, (long long)i, (long long)part->count,
                 cam_dtype_name(part->dtype), what);
}

static void check_at(verb v, const cam_comm_buffer *part, uint64_t salt, int64_t i) {
    int64_t share = part->count / ranks;
    int of_rank = share ? (int)(i / share) : 0;
    if (v == GATHER)
        check_element(part, i, term(part->dtype, of_rank, salt, i), "share of its rank");
    else if (v == BROADCAST)
        check_element(part, i, term(part->dtype, 0, salt, i), "first rank's");
    else if (v == REDUCE_ALL || of_rank == rank)
        check_element(part, i, sum_of(part->dtype, salt, i, 0, 1, ranks), "sum in rank order");
    else
        check_element(part, i, term(part->dtype, rank, salt, i), "term that was there");
}

/* Of large parts every eleventh element, and the last: what is misplaced there is so by whole runs. */
static void check(verb v, const cam_comm_buffer *part, uint64_t salt) {
    int64_t stride = part->count > 1 << 18 ? 11 : 1;
    for (int64_t i = 0; i < part->count; i += stride)
        check_at(v, part, salt, i);
    if (part->count > 0)
        check_at(v, part, salt, part->count - 1);
    check_element(part, part->count, term(part->dtype, rank, salt, part->count), "one that was there");
}

static cam_status ask(verb v, const cam_comm_buffer *parts, int count) {
    if (v == GATHER)
        return cam_comm_all_gather(comm, parts, count);
    if (v == BROADCAST)
        return cam_comm_broadcast(comm, parts, count);
    return cam_comm_reduce(comm, parts, count, v == REDUCE_OWN ? CAM_REACH_OWN : CAM_REACH_ALL);
}

/* What a rank sends of so many bytes: each of its shares but its own, once or on the way there and back. */
static int64_t bytes_to_send(verb v, int64_t bytes) {
    return v == BROADCAST ? 0 : (v == REDUCE_ALL ? 2 : 1) * (bytes / ranks) * (ranks - 1);
}

static void run_parts(verb v, cam_comm_buffer *parts, int count) {
    int64_t bytes = 0, before = comm->figures.bytes_sent;
    for (int p = 0; p < count; p++) {
        fill(&parts[p], (uint64_t)p + 1);
        bytes += parts[p].count * (int64_t)cam_dtype_size(parts[p].dtype);
    }
    assert_ok(ask(v, parts, count));
    assert_ok(cam_comm_join(comm));
    for (int p = 0; p < count; p++) {
        check(v, &parts[p], (uint64_t)p + 1);
        free(parts[p].data);
    }
    assert_int_equal(comm->figures.bytes_sent - before, bytes_to_send(v, bytes));
}

static void run_one(verb v, cam_dtype dtype, int64_t count) {
    cam_comm_buffer part = part_of(dtype, count);
    run_parts(v, &part, 1);
}

/* --- cases ---------------------------------------------------------------------------------------------------------
 */

static int begin_near(void **state) {
    begin_case(state);
    assert_ok(cam_comm_mpi_open(&group, cpu, &comm));
    return 0;
}

static int copies; /* of the backend that is far away */
static cam_status counted_copy(cam_backend *backend, void *to, const void *from, size_t bytes, cam_copy_kind kind) {
    copies++;
    return cpu->calls->copy(backend, to, from, bytes, kind);
}

static int begin_far(void **state) {
    static cam_backend_calls calls;
    begin_case(state);
    calls = *cpu->calls;
    calls.copy = counted_copy;
    far_away = *cpu;
    far_away.host_memory = 0;
    far_away.calls = &calls;
    copies = 0;
    assert_ok(cam_comm_mpi_open(&group, &far_away, &comm));
    return 0;
}

static int end_near(void **state) {
    cam_comm_close(comm);
    comm = NULL;
    return end_case(state);
}

static int end_far(void **state) {
    assert_true(copies > 0);
    return end_near(state);
}

#define NEAR(name) cmocka_unit_test_setup_teardown(name, begin_near, end_near)
#define FAR(name)  cmocka_unit_test_setup_teardown(name##_far_away, begin_far, end_far)
#define FAR_AWAY(name)                                                                                                 \
    static void name##_far_away(void **state) {                                                                        \
        name(state);                                                                                                   \
    }

static void test_what_it_says(void **state) {
    (void)state;
    assert_string_equal(comm->name, "mpi");
    assert_true(strlen(comm->description) > 4);
    assert_int_equal(comm->rank, rank);
    assert_int_equal(comm->ranks, ranks);
    assert_true(comm->exact_order);
    assert_false(comm->captures);
}

/* Or the other cases would show nothing: another order is another sum, and so is bf16 that is rounded at every step. */
static void test_numbers_tell_orders_apart(void **state) {
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
    const int64_t shares[] = {0, 1, 3, 1023, 1025};
    for (verb v = REDUCE_OWN; v <= REDUCE_ALL; v++)
        for (int d = 0; d < 3; d++)
            for (int s = 0; s < 5; s++)
                run_one(v, dtypes[d], shares[s] * ranks);
}
FAR_AWAY(test_sums)

static void test_sums_of_many_pieces(void **state) {
    (void)state;
    const cam_dtype dtypes[] = {CAM_F32, CAM_BF16, CAM_F64};
    for (int d = 0; d < 3; d++) {
        int64_t piece = PIECE_BYTES / (int64_t)cam_dtype_size(dtypes[d]);
        const int64_t shares[] = {piece - 1, piece, piece + 1};
        for (int s = 0; s < 3; s++)
            run_one(s % 2 ? REDUCE_OWN : REDUCE_ALL, dtypes[d], shares[s] * ranks);
    }
    /* more than there are places on the way */
    run_one(REDUCE_ALL, CAM_F32, (4 * PIECE_BYTES / 4 + 1) * ranks);
}

static void test_gathering(void **state) {
    (void)state;
    run_one(GATHER, CAM_F32, 0);
    run_one(GATHER, CAM_I32, ranks);
    run_one(GATHER, CAM_BF16, 1001 * ranks);
    run_one(GATHER, CAM_F64, (PIECE_BYTES / 4 + 3) * ranks);
}
FAR_AWAY(test_gathering)

static void test_broadcasts(void **state) {
    (void)state;
    run_one(BROADCAST, CAM_F32, 0);
    run_one(BROADCAST, CAM_BF16, 1);
    run_one(BROADCAST, CAM_I32, 1007);
    run_one(BROADCAST, CAM_F64, (9 << 20) / 8 + 1);
}
FAR_AWAY(test_broadcasts)

static void test_several_parts(void **state) {
    (void)state;
    const cam_dtype dtypes[] = {CAM_F32, CAM_BF16, CAM_F64, CAM_F32};
    for (verb v = REDUCE_OWN; v < VERBS; v++) {
        cam_comm_buffer parts[CAM_COMM_MAX_BUFFERS];
        for (int p = 0; p < CAM_COMM_MAX_BUFFERS; p++)
            parts[p] = part_of(dtypes[p % 4], p % 3 * 501 * ranks);
        run_parts(v, parts, CAM_COMM_MAX_BUFFERS);
        run_parts(v, NULL, 0);
    }
}
FAR_AWAY(test_several_parts)

/* Rank 0 comes late, so that the others' calls fill the ring and wait for a place in it. */
static void test_many_calls_before_one_join(void **state) {
    (void)state;
    static cam_comm_buffer parts[MOST_CALLS];
    const cam_dtype dtypes[] = {CAM_F64, CAM_F32, CAM_BF16};
    for (int c = 0; c < MOST_CALLS; c++) {
        parts[c] = part_of(dtypes[c % 3], (c * 37 % 400 + 1) * ranks);
        fill(&parts[c], (uint64_t)c);
    }
    if (rank == 0)
        (void)usleep(50000);
    for (int c = 0; c < MOST_CALLS; c++)
        assert_ok(ask((verb)(c % VERBS), &parts[c], 1));
    assert_ok(cam_comm_join(comm));
    for (int c = 0; c < MOST_CALLS; c++) {
        check((verb)(c % VERBS), &parts[c], (uint64_t)c);
        free(parts[c].data);
    }
}

/* Each call takes what the one before it has left: shares are summed, and their sums sent to all. */
static void test_calls_go_in_order(void **state) {
    (void)state;
    cam_comm_buffer part = part_of(CAM_F32, 5000 * ranks);
    fill(&part, 9);
    assert_ok(ask(REDUCE_OWN, &part, 1));
    assert_ok(ask(GATHER, &part, 1));
    assert_ok(cam_comm_join(comm));
    check(REDUCE_ALL, &part, 9);
    free(part.data);
}
FAR_AWAY(test_calls_go_in_order)

/* More than the staging buffer holds, in shares that it cuts unevenly. */
static void test_sums_of_several_stagings_far_away(void **state) {
    (void)state;
    int64_t share = STAGING_BYTES / ranks / 4 + 1001;
    run_one(REDUCE_ALL, CAM_F32, share * ranks);
    run_one(GATHER, CAM_I32, share * ranks);
    run_one(BROADCAST, CAM_I32, STAGING_BYTES / 4 + 1);
}

/* --- a rank that does not come -------------------------------------------------------------------------------------
 */

static void test_a_rank_that_never_comes(void **state) {
    (void)state;
    NEEDS_RANKS(2);
    char who[64], waits[32];
    cam_comm_buffer part = part_of(CAM_F32, 8 * ranks);
    fill(&part, 3);
    group.timeout_s = IMPATIENCE_S;
    comm->step = 17;
    if (rank != ranks - 1) {
        double begin = seconds();
        assert_ok(ask(REDUCE_ALL, &part, 1));
        cam_status st = cam_comm_join(comm);
        snprintf(who, sizeof who, "for rank %d;", ranks - 1);
        snprintf(waits, sizeof waits, "rank %d waited 0.75 s", rank);
        ASSERT_TOLD(st, CAM_E_PEER, waits, "at step 17 (summing gradients)", who, "ddp_timeout");
        assert_true(seconds() - begin >= IMPATIENCE_S && seconds() - begin < AT_ONCE_S);
        /* nothing is done after it, and nothing waited for */
        begin = seconds();
        assert_ok(ask(GATHER, &part, 1));
        ASSERT_TOLD(cam_comm_join(comm), CAM_E_PEER, "step 17 (summing gradients)");
        assert_true(seconds() - begin < IMPATIENCE_S);
    }
    MPI_Barrier(MPI_COMM_WORLD); /* the missing rank is there after all: for the next case */
    cam_comm_close(comm);
    comm = NULL;
    free(part.data);
    assert_int_equal(cam_group_finalize(&group, CAM_E_PEER), CAM_E_PEER);
    assert_int_equal(ends_of_mpi, 0);
}

/* Who waits in a sum hears of it long before the timeout, with the failed rank's own code. */
static void test_a_rank_that_fails_meanwhile(void **state) {
    (void)state;
    NEEDS_RANKS(2);
    cam_comm_buffer part = part_of(CAM_F32, 8 * ranks);
    fill(&part, 3);
    double begin = seconds();
    cam_status mine = CAM_E_STORAGE;
    char who[64];
    snprintf(who, sizeof who, "rank %d has failed", ranks - 1);
    if (rank != ranks - 1) {
        assert_ok(ask(REDUCE_ALL, &part, 1));
        mine = cam_comm_join(comm);
        ASSERT_TOLD(mine, CAM_E_STORAGE, who);
    }
    cam_comm_close(comm);
    comm = NULL;
    free(part.data);
    assert_int_equal(cam_group_finalize(&group, mine), CAM_E_STORAGE);
    assert_int_equal(group.reporter, ranks - 1);
    assert_true(seconds() - begin < AT_ONCE_S);
}

/* Closing gives up what is in flight. */
static void test_closing_does_not_wait(void **state) {
    (void)state;
    NEEDS_RANKS(2);
    cam_comm_buffer part = part_of(CAM_F32, 8 * ranks);
    fill(&part, 3);
    double begin = seconds();
    if (rank != ranks - 1)
        assert_ok(ask(REDUCE_ALL, &part, 1));
    (void)usleep(50000);
    cam_comm_close(comm);
    comm = NULL;
    free(part.data);
    assert_true(seconds() - begin < AT_ONCE_S);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NEAR(test_what_it_says),
        NEAR(test_numbers_tell_orders_apart),
        NEAR(test_sums),
        NEAR(test_sums_of_many_pieces),
        NEAR(test_gathering),
        NEAR(test_broadcasts),
        NEAR(test_several_parts),
        NEAR(test_many_calls_before_one_join),
        NEAR(test_calls_go_in_order),
        FAR(test_sums),
        FAR(test_gathering),
        FAR(test_broadcasts),
        FAR(test_several_parts),
        FAR(test_calls_go_in_order),
        FAR(test_sums_of_several_stagings),
        NEAR(test_a_rank_that_never_comes),
        NEAR(test_a_rank_that_fails_meanwhile),
        NEAR(test_closing_does_not_wait),
    };
    begin_ranks();
    assert_ok(cam_backend_cpu_open(1, &cpu));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cam_backend_close(cpu);
    end_ranks();
    return failed != 0;
}
