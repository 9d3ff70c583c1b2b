/* nccl_faults.c: failures of kernels/vendor/comm_nccl.cu: at opening, of calls that fail or never complete, and after
 * an abort. Checks the status, the message, and that nothing stays allocated.
 */
#include "nccl_test.h"
#include <pthread.h>
#include <time.h>

/* --- opening fails ------------------------------------------------------------------------------------------------ */

static void assert_nothing_left(void) {
    assert_null(comm);
    assert_int_equal(simt_nccl_live(), 0);
    assert_int_equal(simt_live_allocations(), 0);
}

static void test_no_id(void **state) {
    (void)state;
    unsigned char id[CAM_NCCL_ID_BYTES];
    simt_nccl_fail("ncclGetUniqueId", ncclSystemError, "no socket interface found");
    ASSERT_FAILS(cam_comm_nccl_id(id), CAM_E_PEER, "ncclGetUniqueId", "comm_nccl.cu:", "unhandled system error",
                 "no socket interface found");
}

static void test_another_id(void **state) {
    (void)state;
    const unsigned char id[CAM_NCCL_ID_BYTES] = {0};
    ASSERT_FAILS(
        cam_comm_nccl_open(
            cuda, &(cam_comm_nccl_options){.rank = rank, .ranks = ranks, .id = id, .timeout_s = PATIENCE_S}, &comm),
        CAM_E_DEVICE, "ncclCommInitRankConfig", "invalid argument", "wrong id");
    assert_nothing_left();
}

static void test_two_ranks_on_one_gpu(void **state) {
    (void)state;
    const char *text = "Duplicate GPU detected : rank 0 and rank 1 both on CUDA device 2000";
    simt_nccl_end("ncclCommInitRankConfig", ncclInvalidUsage, text);
    ASSERT_FAILS(open_for(rank, ranks, PATIENCE_S), CAM_E_DEVICE,
                 "two ranks share one GPU, which NCCL refuses; start one rank a GPU, or CAM_COMM=mpi");
    assert_nothing_left();
    simt_nccl_end("ncclCommInitRankConfig", ncclInvalidUsage, "something else");
    ASSERT_FAILS(open_for(rank, ranks, PATIENCE_S), CAM_E_DEVICE, "invalid usage", "something else");
    assert_nothing_left();
}

static void test_missing_ranks(void **state) {
    (void)state;
    char expected[96];
    snprintf(expected, sizeof expected, "rank %d of %d waited 0.05 s for the other ranks to open NCCL", rank, ranks);
    simt_nccl_end("ncclCommInitRankConfig", ncclInProgress, "");
    ASSERT_FAILS(open_for(rank, ranks, IMPATIENCE_S), CAM_E_PEER, expected);
    assert_nothing_left();
    simt_nccl_end("ncclGroupEnd", ncclInProgress, ""); /* of the first sum */
    ASSERT_FAILS(open_for(rank, ranks, IMPATIENCE_S), CAM_E_PEER, expected);
    assert_nothing_left();
}

static void test_an_old_library(void **state) {
    (void)state;
    simt_nccl_set_version(21307);
    ASSERT_FAILS(open_for(rank, ranks, PATIENCE_S), CAM_E_DEVICE, "older than 2.14", "CAM_COMM=mpi");
    simt_nccl_set_version(NCCL_VERSION_CODE);
    assert_nothing_left();
}

static void test_opening_with_a_call_that_fails(void **state) {
    (void)state;
    static const char *const calls[] = {"cudaSetDevice",   "cudaStreamCreateWithFlags", "cudaEventCreateWithFlags",
                                        "cudaMalloc",      "cudaMemsetAsync",           "cudaEventRecord",
                                        "cudaStreamQuery", "cudaStreamWaitEvent"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        simt_fail_call(calls[i], cudaErrorInvalidValue, 1);
        ASSERT_FAILS(open_for(rank, ranks, PATIENCE_S), CAM_E_DEVICE, "invalid argument");
        assert_nothing_left();
    }
    simt_fail_call("cudaMalloc", cudaErrorMemoryAllocation, 1);
    ASSERT_FAILS(open_for(rank, ranks, PATIENCE_S), CAM_E_MEMORY, "no memory left");
    assert_nothing_left();
}

/* --- calls fail --------------------------------------------------------------------------------------------------- */

static bench one_buffer(void) {
    bench b = {.collective = ALL_REDUCE};
    bench_add(&b, CAM_F32, ranks);
    return b;
}

/* After a failed call, close must abort the communicator and not finalize it. */
static void assert_aborted_at_close(bench *b) {
    long finalized = simt_nccl_calls_of("ncclCommFinalize"), aborts = simt_nccl_calls_of("ncclCommAbort");
    bench_release(b);
    cam_comm_close(comm);
    comm = NULL;
    assert_int_equal(simt_nccl_calls_of("ncclCommFinalize"), finalized);
    assert_int_equal(simt_nccl_calls_of("ncclCommAbort"), aborts + 1);
}

static void test_a_lost_peer(void **state) {
    bench b = one_buffer();
    char expected[64];
    (void)state;
    comm->step = 5;
    snprintf(expected, sizeof expected, "rank %d of %d in step 5: \"ncclAllReduce\" in comm_nccl.cu:", rank, ranks);
    simt_nccl_end("ncclGroupEnd", ncclRemoteError, "socket of rank 7 closed");
    ASSERT_FAILS(bench_call(&b), CAM_E_PEER, expected, "remote process exited", "socket of rank 7 closed");
    assert_aborted_at_close(&b);
}

static void test_calls_that_fail(void **state) {
    static const struct {
        const char *call, *named;
        ncclResult_t error;
        cam_status status;
        collective collective;
    } cases[] = {
        {"ncclGroupStart", "ncclAllReduce", ncclInternalError, CAM_E_DEVICE, ALL_REDUCE},
        {"ncclAllReduce", "ncclAllReduce", ncclSystemError, CAM_E_PEER, ALL_REDUCE},
        {"ncclReduceScatter", "ncclReduceScatter", ncclUnhandledCudaError, CAM_E_DEVICE, REDUCE_SCATTER},
        {"ncclAllGather", "ncclAllGather", ncclInvalidArgument, CAM_E_DEVICE, ALL_GATHER},
        {"ncclBroadcast", "ncclBroadcast", ncclRemoteError, CAM_E_PEER, BROADCAST},
        {"ncclGroupEnd", "ncclAllReduce", ncclInternalError, CAM_E_DEVICE, ALL_REDUCE},
        {"ncclCommGetAsyncError", "ncclAllReduce", ncclInternalError, CAM_E_DEVICE, ALL_REDUCE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(open_for(rank, ranks, PATIENCE_S));
        bench b = one_buffer();
        b.collective = cases[i].collective;
        simt_nccl_fail(cases[i].call, cases[i].error, "the reason");
        ASSERT_FAILS(bench_call(&b), cases[i].status, cases[i].named, ncclGetErrorString(cases[i].error), "the reason");
        assert_aborted_at_close(&b);
        end(state);
        begin_unopened(state);
    }
}

static void test_a_call_that_no_other_rank_makes(void **state) {
    bench b = one_buffer();
    char expected[96];
    (void)state;
    cam_comm_close(comm);
    assert_ok(open_for(rank, ranks, IMPATIENCE_S));
    comm->step = 12;
    snprintf(expected, sizeof expected,
             "rank %d of %d waited 0.05 s for the other ranks in \"ncclAllReduce\" of step 12", rank, ranks);
    simt_nccl_end("ncclGroupEnd", ncclInProgress, "");
    ASSERT_FAILS(bench_call(&b), CAM_E_PEER, expected);
    assert_aborted_at_close(&b);
}

static void test_events_that_fail(void **state) {
    bench b = one_buffer();
    (void)state;
    simt_fail_call("cudaEventRecord", cudaErrorInvalidValue, 1);
    ASSERT_FAILS(bench_call(&b), CAM_E_DEVICE, "cudaEventRecord");
    assert_ok(bench_call(&b));
    simt_fail_call("cudaStreamWaitEvent", cudaErrorInvalidValue, 1);
    ASSERT_FAILS(cam_comm_join(comm), CAM_E_DEVICE, "cudaStreamWaitEvent");
    assert_ok(cam_comm_join(comm));
    bench_release(&b);
}

static void test_a_close_waits_for_the_others(void **state) {
    long finalized = simt_nccl_calls_of("ncclCommFinalize"), destroyed = simt_nccl_calls_of("ncclCommDestroy");
    long aborts = simt_nccl_calls_of("ncclCommAbort");
    (void)state;
    cam_comm_close(comm);
    comm = NULL;
    assert_int_equal(simt_nccl_calls_of("ncclCommFinalize"), finalized + 1);
    assert_int_equal(simt_nccl_calls_of("ncclCommDestroy"), destroyed + 1);
    assert_int_equal(simt_nccl_calls_of("ncclCommAbort"), aborts);
}

static void test_a_close_that_fails(void **state) {
    static const ncclResult_t ends[] = {ncclRemoteError, ncclInProgress};
    (void)state;
    for (int i = 0; i < 2; i++) {
        long aborts = simt_nccl_calls_of("ncclCommAbort");
        assert_ok(open_for(rank, ranks, IMPATIENCE_S));
        simt_nccl_end("ncclCommFinalize", ends[i], "");
        cam_comm_close(comm);
        comm = NULL;
        assert_int_equal(simt_nccl_calls_of("ncclCommAbort"), aborts + 1);
        assert_nothing_left();
    }
}

/* --- abort -------------------------------------------------------------------------------------------------------- */

static void test_abort_ends_what_waits_on_the_device(void **state) {
    bench b = one_buffer();
    (void)state;
    simt_set_lazy(true);
    bench_fill(&b, 0);
    bench_copy(&b, CAM_TO_DEVICE);
    assert_ok(bench_call(&b));
    assert_ok(cam_comm_join(comm));
    comm->calls->abort(comm);
    assert_ok(cam_backend_synchronize(cuda));
    assert_true(number_at(b.buffers[0].data, CAM_F32, 0) == number_of(rank, 0, 0, 0));
    ASSERT_FAILS(bench_call(&b), CAM_E_PEER, "aborted");
    comm->calls->abort(comm);
    bench_release(&b);
}

static void *abort_soon(void *context) {
    const struct timespec soon = {0, 50000000};
    nanosleep(&soon, NULL);
    comm->calls->abort(comm);
    return context;
}

static void test_abort_from_another_thread(void **state) {
    bench b = one_buffer();
    pthread_t thread;
    (void)state;
    comm->step = 3;
    simt_nccl_end("ncclGroupEnd", ncclInProgress, "");
    assert_int_equal(pthread_create(&thread, NULL, abort_soon, NULL), 0);
    ASSERT_FAILS(bench_call(&b), CAM_E_PEER, "aborted", "step 3");
    pthread_join(thread, NULL);
    bench_release(&b);
}

int run_faults(void) {
    const struct CMUnitTest tests[] = {
        UNOPENED(test_no_id),
        UNOPENED(test_another_id),
        UNOPENED(test_two_ranks_on_one_gpu),
        UNOPENED(test_missing_ranks),
        UNOPENED(test_an_old_library),
        UNOPENED(test_opening_with_a_call_that_fails),
        OPENED(test_a_lost_peer),
        UNOPENED(test_calls_that_fail),
        OPENED(test_a_call_that_no_other_rank_makes),
        OPENED(test_events_that_fail),
        OPENED(test_a_close_waits_for_the_others),
        UNOPENED(test_a_close_that_fails),
        OPENED(test_abort_ends_what_waits_on_the_device),
        OPENED(test_abort_from_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
