/* group_test.c: group.h between real processes: agreement, exchanged values, timeouts, and failures of one rank, which
 * all ranks must return at once and with the same status.
 */
#include "mpi_constants.h"
#include "ranks.h"
#include <mpi.h>
#include <stdlib.h>
#include <unistd.h>

/* The rank that fails: not rank 0, so that its number in a message is no default. */
static int last(void) {
    return ranks - 1;
}

/* This rank's failure, with a message of its own. */
static cam_status fail_as(cam_status status) {
    return cam_fail(status, "row 7 of rank %d is bad", rank);
}

static void assert_last_reports(cam_status st, cam_status expected) {
    char expected_text[48];
    snprintf(expected_text, sizeof expected_text, rank == last() ? "row 7 of rank %d is bad" : "rank %d has failed",
             last());
    ASSERT_FAILS(st, expected, expected_text);
    assert_int_equal(group.reporter, last());
}

/* --- agreement ---------------------------------------------------------------------------------------------------- */

static void test_no_failure(void **state) {
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(cam_group_agree_status(&group, "here", CAM_OK), CAM_OK);
    assert_int_equal(group.reporter, -1);
    assert_ok(cam_group_poll(&group));
}

static void test_one_fails(void **state) {
    (void)state;
    NEEDS_RANKS(2);
    cam_status mine = rank == last() ? fail_as(CAM_E_DATA) : CAM_OK;
    assert_last_reports(cam_group_agree_status(&group, "reading data", mine), CAM_E_DATA);
    assert_int_equal(cam_group_finalize(&group, CAM_E_DATA), CAM_E_DATA);
    assert_int_equal(group.reporter, last());
}

static void test_two_fail(void **state) {
    (void)state;
    NEEDS_RANKS(2);
    int first = ranks > 2 ? 1 : 0;
    char expected_text[48];
    cam_status mine = rank == first ? fail_as(CAM_E_MODEL) : rank == last() ? fail_as(CAM_E_DATA) : CAM_OK;
    cam_status st = cam_group_agree_status(&group, "opening", mine);
    snprintf(expected_text, sizeof expected_text, rank == first ? "row 7 of rank %d is bad" : "rank %d has failed",
             first);
    ASSERT_FAILS(st, CAM_E_MODEL, expected_text);
    assert_int_equal(group.reporter, first);
    assert_int_equal(cam_group_finalize(&group, st), CAM_E_MODEL);
    assert_int_equal(group.reporter, first);
}

/* The rank that failed first stays the reporter, even if others repeat its failure. */
static void test_relayed_failures(void **state) {
    (void)state;
    NEEDS_RANKS(2);
    cam_status st = cam_group_agree_status(&group, "reading data", rank == last() ? fail_as(CAM_E_DATA) : CAM_OK);
    assert_last_reports(st, CAM_E_DATA);
    assert_last_reports(cam_group_agree_status(&group, "opening", st), CAM_E_DATA);
    assert_last_reports(cam_group_finalize(&group, st), CAM_E_DATA);
    assert_int_equal(ends_of_mpi, 1);
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static unsigned char byte_of(size_t i) {
    return (unsigned char)(i * 167 + i / 251 + 1);
}

/* Rank r contributes r * each bytes: rank 0 none. */
static void gather(size_t each) {
    size_t begin[16] = {0};
    for (int r = 0; r < ranks; r++)
        begin[r + 1] = begin[r] + (size_t)r * each;
    size_t total = begin[ranks];
    unsigned char *data = calloc(total + 1, 1);
    assert_non_null(data);
    for (size_t i = begin[rank]; i < begin[rank + 1]; i++)
        data[i] = byte_of(i);
    assert_ok(cam_group_all_gather(&group, "here", data, begin));
    for (size_t i = 0; i < total; i++)
        assert_int_equal(data[i], ranks == 1 ? 0 : byte_of(i));
    assert_int_equal(data[total], 0);
    free(data);
}

static void test_all_gather(void **state) {
    (void)state;
    gather(0);
    gather(1);
    gather(1000);
    gather(300000);
}

static void test_broadcast(void **state) {
    (void)state;
    const size_t sizes[] = {0, 1, 129, 9 << 20};
    for (int s = 0; s < 4; s++) {
        unsigned char *data = calloc(sizes[s] + 1, 1);
        assert_non_null(data);
        for (size_t i = 0; rank == 0 && i < sizes[s]; i++)
            data[i] = byte_of(i);
        assert_ok(cam_group_broadcast(&group, "here", data, sizes[s]));
        for (size_t i = 0; i < sizes[s]; i++)
            if (data[i] != byte_of(i))
                fail_msg("rank %d: byte %zu of %zu is not rank 0's", rank, i, sizes[s]);
        assert_int_equal(data[sizes[s]], 0);
        free(data);
    }
}

static void test_sum(void **state) {
    (void)state;
    long long value = 1LL << (20 * rank % 60), sum = 0, negative = -(rank + 1);
    for (int r = 0; r < ranks; r++)
        sum += 1LL << (20 * r % 60);
    assert_ok(cam_group_sum(&group, "here", &value));
    assert_ok(cam_group_sum(&group, "here", &negative));
    assert_int_equal(value, sum);
    assert_int_equal(negative, -ranks * (ranks + 1) / 2);
}

static void test_require_equal(void **state) {
    (void)state;
    char expected_text[64];
    assert_ok(cam_group_require_equal(&group, "seed", UINT64_C(0xFFFFFFFF00000001)));
    if (ranks == 1)
        return;
    snprintf(expected_text, sizeof expected_text, "rank %d does not have the same learning_rate as rank 0", last());
    ASSERT_FAILS(cam_group_require_equal(&group, "learning_rate", rank == last() ? UINT64_C(1) << 40 : 0), CAM_E_USAGE,
                 expected_text);
    assert_int_equal(group.reporter, 0);
}

static void test_one_rank_without_a_group(void **state) {
    (void)state;
    const size_t begin[2] = {0, 4};
    char data[4] = "abc";
    long long value = 5;
    assert_int_equal(cam_group_ranks(NULL), 1);
    assert_int_equal(cam_group_rank(NULL), 0);
    assert_int_equal(cam_group_agree_status(NULL, "here", CAM_E_DATA), CAM_E_DATA);
    assert_ok(cam_group_all_gather(NULL, "here", data, begin));
    assert_ok(cam_group_broadcast(NULL, "here", data, sizeof data));
    assert_ok(cam_group_sum(NULL, "here", &value));
    assert_ok(cam_group_require_equal(NULL, "seed", 3));
    assert_ok(cam_group_poll(NULL));
    assert_int_equal(value, 5);
    assert_string_equal(data, "abc");
    assert_int_equal(cam_group_finalize(NULL, CAM_E_MODEL), CAM_E_MODEL);
}

/* --- failures outside of an agreement ----------------------------------------------------------------------------- */

/* Waits in one of the calls that wait. */
static cam_status wait_in(int call) {
    const size_t begin[17] = {0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64};
    char data[64] = "";
    long long value = 1;
    return call == 0   ? cam_group_sum(&group, "here", &value)
           : call == 1 ? cam_group_all_gather(&group, "here", data, begin)
           : call == 2 ? cam_group_agree_status(&group, "here", CAM_OK)
                       : cam_group_require_equal(&group, "seed", 1);
}

static void assert_fails_at_once(int call) {
    cam_status mine = CAM_OK;
    double begin = seconds();
    char expected_text[32];
    snprintf(expected_text, sizeof expected_text, "rank %d has failed", last());
    if (rank == last()) {
        (void)usleep(20000); /* the others wait by then */
        mine = fail_as(CAM_E_DATA);
    } else {
        mine = wait_in(call);
        ASSERT_FAILS(mine, CAM_E_DATA, expected_text);
        ASSERT_FAILS(cam_group_poll(&group), CAM_E_DATA, expected_text); /* a later poll returns it again */
        cam_fail(CAM_E_DATA, "%s", expected_text);
    }
    assert_last_reports(cam_group_finalize(&group, mine), CAM_E_DATA);
    assert_int_equal(ends_of_mpi, 1);
    assert_true(seconds() - begin < AT_ONCE_S);
}

static void test_one_fails_while_others_wait(void **state) {
    NEEDS_RANKS(2);
    for (int call = 0; call < 4; call++) {
        assert_fails_at_once(call);
        end_case(state);
        begin_case(state);
    }
}

/* Whichever notice arrives first, all ranks end with the same status, and the lowest failed rank reports it. */
static void test_two_fail_outside_of_an_agreement(void **state) {
    (void)state;
    NEEDS_RANKS(2);
    int first = ranks > 2 ? 1 : 0;
    cam_status mine = rank == first ? fail_as(CAM_E_MODEL) : rank == last() ? fail_as(CAM_E_DATA) : wait_in(0);
    assert_int_not_equal(mine, CAM_OK);
    assert_int_equal(cam_group_finalize(&group, mine), CAM_E_MODEL);
    assert_int_equal(group.reporter, first);
}

/* One rank fails after the others have finished their work. */
static void test_finalize_after_a_failure(void **state) {
    (void)state;
    NEEDS_RANKS(2);
    assert_last_reports(cam_group_finalize(&group, rank == last() ? fail_as(CAM_E_STORAGE) : CAM_OK), CAM_E_STORAGE);
    assert_int_equal(ends_of_mpi, 1);
}

static void test_finalize(void **state) {
    (void)state;
    assert_int_equal(cam_group_finalize(&group, CAM_OK), CAM_OK);
    assert_int_equal(ends_of_mpi, 1);
    assert_null(group.wire);
    assert_int_equal(cam_group_finalize(&group, CAM_OK), CAM_OK); /* a second call does nothing */
    assert_int_equal(ends_of_mpi, 1);
}

/* --- missing ranks ------------------------------------------------------------------------------------------------ */

/* Ranks from `first_missing` on do not make the call. */
static void assert_times_out(int first_missing, const char *missing) {
    char expected_text[96];
    group.timeout_s = IMPATIENCE_S;
    snprintf(expected_text, sizeof expected_text, "rank %d waited 0.75 s at counting rows for %s;", rank, missing);
    if (rank < first_missing) {
        double begin = seconds();
        long long value = 1;
        cam_status st = cam_group_sum(&group, "counting rows", &value);
        double waited = seconds() - begin;
        ASSERT_FAILS(st, CAM_E_PEER, expected_text, "ddp_timeout");
        assert_true(waited >= IMPATIENCE_S && waited < AT_ONCE_S);
        /* CAM_E_PEER is not exchanged */
        assert_int_equal(cam_group_agree_status(&group, "here", CAM_E_PEER), CAM_E_PEER);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    assert_int_equal(cam_group_finalize(&group, CAM_E_PEER), CAM_E_PEER);
    assert_int_equal(ends_of_mpi, 0);
    assert_true(lingered_s > 0);
    assert_int_equal(group.reporter, -1);
}

static void test_a_missing_rank(void **state) {
    (void)state;
    NEEDS_RANKS(2);
    char missing[32];
    snprintf(missing, sizeof missing, "rank %d", last());
    assert_times_out(last(), missing);
}

static void test_several_missing_ranks(void **state) {
    (void)state;
    NEEDS_RANKS(3);
    assert_times_out(1, ranks == 3 ? "ranks 1 and 2" : "ranks 1, 2 and 3");
}

/* Each arrival restarts the timeout. */
static void test_a_slow_rank(void **state) {
    (void)state;
    NEEDS_RANKS(3);
    long long value = 1;
    group.timeout_s = 0.8;
    (void)usleep((useconds_t)(rank % 3) * 500000); /* rank 2 arrives after a second */
    assert_ok(cam_group_sum(&group, "here", &value));
    assert_int_equal(value, ranks);
    assert_int_equal(lingered_s, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constants),
        CASE(test_no_failure),
        CASE(test_one_fails),
        CASE(test_two_fail),
        CASE(test_relayed_failures),
        CASE(test_all_gather),
        CASE(test_broadcast),
        CASE(test_sum),
        CASE(test_require_equal),
        CASE(test_one_rank_without_a_group),
        CASE(test_one_fails_while_others_wait),
        CASE(test_two_fail_outside_of_an_agreement),
        CASE(test_finalize_after_a_failure),
        CASE(test_finalize),
        CASE(test_a_missing_rank),
        CASE(test_several_missing_ranks),
        CASE(test_a_slow_rank),
    };
    begin_ranks();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    end_ranks();
    return failed != 0;
}
