/* nccl_collectives.c: results, order and description of the collectives in kernels/vendor/comm_nccl.cu. */
#include "nccl_test.h"
#include <math.h>

static void run_buffer(collective v, cam_dtype dtype, int64_t count) {
    bench b = {.collective = v};
    bench_add(&b, dtype, count);
    bench_run(&b);
}

/* --- the collectives --------------------------------------------------------------------------------------------- */

static void test_sums(void **state) {
    (void)state;
    const cam_dtype dtypes[] = {CAM_F32, CAM_BF16, CAM_F64};
    for (int v = REDUCE_SCATTER; v <= ALL_REDUCE; v++)
        for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++)
            for (int64_t shard = 1; shard <= 19; shard += 6)
                run_buffer((collective)v, dtypes[d], shard * comm->ranks);
}

static void test_all_gather(void **state) {
    (void)state;
    run_buffer(ALL_GATHER, CAM_F32, 7 * comm->ranks);
    run_buffer(ALL_GATHER, CAM_BF16, comm->ranks);
    run_buffer(ALL_GATHER, CAM_I32, 13 * comm->ranks);
}

static void test_broadcasts_of_any_count(void **state) {
    (void)state;
    run_buffer(BROADCAST, CAM_F64, 1);
    run_buffer(BROADCAST, CAM_BF16, 61);
    run_buffer(BROADCAST, CAM_I32, 7);
}

static void test_several_buffers(void **state) {
    (void)state;
    for (int v = REDUCE_SCATTER; v <= BROADCAST; v++) {
        bench b = {.collective = (collective)v};
        const cam_dtype dtypes[] = {CAM_F32, CAM_BF16, CAM_F64, CAM_F32};
        for (int p = 0; p < CAM_COMM_MAX_BUFFERS; p++)
            bench_add(&b, dtypes[p % 4], (p % 5 + 1) * comm->ranks);
        bench_run(&b);
    }
}

static void test_empty_buffers(void **state) {
    (void)state;
    run_buffer(ALL_REDUCE, CAM_F32, 0);
    run_buffer(ALL_GATHER, CAM_F32, 0);
    assert_ok(cam_comm_broadcast(comm, NULL, 0));
    assert_ok(cam_comm_join(comm));
}

static void test_other_sums_are_refused(void **state) {
    (void)state;
    const cam_comm_buffer buffer = {.dtype = CAM_I32, .count = ranks};
    ASSERT_FAILS(cam_comm_all_reduce(comm, &buffer, 1), CAM_E_DTYPE, "I32");
}

/* Every rank may open a communicator of its own. */
static void test_a_rank_alone(void **state) {
    (void)state;
    assert_ok(open_for(0, 1, PATIENCE_S));
    for (int v = REDUCE_SCATTER; v <= BROADCAST; v++)
        run_buffer((collective)v, v == BROADCAST ? CAM_I32 : CAM_BF16, 11);
    assert_int_equal(comm->figures.bytes_sent, 0);
}

static void test_with_every_launch_waited_for(void **state) {
    bench b = {.collective = ALL_REDUCE};
    setenv("CAM_CUDA_CHECK", "1", 1);
    begin_opened(state);
    unsetenv("CAM_CUDA_CHECK");
    simt_set_lazy(true);
    bench_add(&b, CAM_F32, ranks);
    bench_fill(&b, 0);
    bench_copy(&b, CAM_TO_DEVICE);
    assert_ok(bench_call(&b));
    assert_true(number_at(b.buffers[0].data, CAM_F32, 0) == sum_of_numbers(0, 0, 0));
    assert_ok(cam_comm_join(comm));
    bench_release(&b);
}

/* --- order ------------------------------------------------------------------------------------------------------- */

static double first_of(const bench *b) {
    return number_at(b->buffers[0].data, CAM_F64, 0);
}

/* A lazy device does no work until it is waited for. A call completes the work before it, and the backend waits for the
 * call only after the join. */
static void test_join_is_what_waits(void **state) {
    (void)state;
    bench b = {.collective = BROADCAST};
    simt_set_lazy(true);
    bench_add(&b, CAM_F64, 1);
    bench_fill(&b, 0);
    bench_copy(&b, CAM_TO_DEVICE);
    assert_ok(bench_call(&b));
    assert_true(isnan(first_of(&b)));
    assert_ok(cam_backend_synchronize(cuda));
    assert_true(first_of(&b) == number_of(rank, 0, 0, 0));
    assert_ok(cam_comm_join(comm));
    assert_true(first_of(&b) == number_of(rank, 0, 0, 0));
    assert_ok(cam_backend_synchronize(cuda));
    assert_true(first_of(&b) == number_of(0, 0, 0, 0));
    bench_release(&b);
}

/* Waits for the whole device: a call that is not ordered after the copy would run first. */
static void test_a_call_waits_for_what_came_before(void **state) {
    (void)state;
    bench b = {.collective = ALL_REDUCE};
    simt_set_lazy(true);
    bench_add(&b, CAM_F64, ranks);
    bench_fill(&b, 0);
    bench_copy(&b, CAM_TO_DEVICE);
    assert_ok(bench_call(&b));
    wait_for_device();
    assert_true(first_of(&b) == sum_of_numbers(0, 0, 0));
    assert_ok(cam_comm_join(comm));
    bench_release(&b);
}

static void test_a_capture_without_its_join_is_refused(void **state) {
    (void)state;
    bench b = {.collective = ALL_REDUCE};
    void *graph;
    bench_add(&b, CAM_F32, ranks);
    assert_ok(cuda->calls->capture_begin(cuda));
    assert_ok(bench_call(&b));
    ASSERT_FAILS(cuda->calls->capture_end(cuda, &graph), CAM_E_DEVICE, "unjoined");
    bench_release(&b);
}

static void capture_a_join(void) {
    void *graph;
    assert_ok(cuda->calls->capture_begin(cuda));
    assert_ok(cam_comm_join(comm));
    assert_ok(cuda->calls->capture_end(cuda, &graph));
    cuda->calls->graph_release(cuda, graph);
}

static void test_join_without_a_call_is_nothing(void **state) {
    (void)state;
    capture_a_join();
    assert_ok(cam_comm_broadcast(comm, NULL, 0));
    assert_ok(cam_comm_join(comm));
    capture_a_join();
}

/* --- description and figures ------------------------------------------------------------------------------------- */

static void test_the_ring_is_pinned(void **state) {
    (void)state;
    assert_string_equal(simt_nccl_environment("NCCL_ALGO"), "Ring");
    assert_string_equal(simt_nccl_environment("NCCL_PROTO"), "LL,Simple"); /* set by main, as by a user */
    assert_string_equal(simt_nccl_environment("NCCL_GRAPH_REGISTER"), "0");
}

static void test_description(void **state) {
    (void)state;
    assert_string_equal(comm->name, "nccl");
    assert_string_equal(comm->description, "NCCL 2.28.9");
    assert_int_equal(comm->rank, rank);
    assert_int_equal(comm->ranks, ranks);
    assert_true(comm->captures && !comm->exact_order);
}

static int64_t sent_by(collective v, cam_dtype dtype, int64_t count) {
    bench b = {.collective = v};
    int64_t before = comm->figures.bytes_sent;
    bench_add(&b, dtype, count);
    bench_add(&b, dtype, count);
    assert_ok(bench_call(&b));
    assert_ok(cam_comm_join(comm));
    bench_release(&b);
    return comm->figures.bytes_sent - before;
}

static void test_bytes_sent(void **state) {
    (void)state;
    assert_int_equal(comm->figures.bytes_sent, 0);
    assert_int_equal(sent_by(ALL_GATHER, CAM_F32, 5 * ranks), 2 * 5 * 4 * (ranks - 1));
    assert_int_equal(sent_by(BROADCAST, CAM_F32, 5 * ranks), 2 * 5 * 4 * (ranks - 1));
    assert_int_equal(sent_by(REDUCE_SCATTER, CAM_BF16, 5 * ranks), 2 * 5 * 2 * (ranks - 1));
    assert_int_equal(sent_by(ALL_REDUCE, CAM_F64, 5 * ranks), 2 * 2 * 5 * 8 * (ranks - 1));
}

static void test_nothing_is_taken_after_opening(void **state) {
    (void)state;
    static const char *const calls[] = {"cudaMalloc", "cudaHostAlloc", "cudaStreamCreateWithFlags",
                                        "cudaEventCreateWithFlags"};
    long before[4];
    bench b = {.collective = ALL_REDUCE};
    bench_add(&b, CAM_F32, ranks);
    for (int i = 0; i < 4; i++)
        before[i] = simt_calls_of(calls[i]);
    bench_run_eager(&b);
    bench_run_captured(&b);
    for (int i = 0; i < 4; i++)
        assert_int_equal(simt_calls_of(calls[i]), before[i]);
    bench_release(&b);
}

int run_collectives(void) {
    const struct CMUnitTest tests[] = {
        OPENED(test_the_ring_is_pinned),
        OPENED(test_description),
        OPENED(test_sums),
        OPENED(test_all_gather),
        OPENED(test_broadcasts_of_any_count),
        OPENED(test_several_buffers),
        OPENED(test_empty_buffers),
        OPENED(test_other_sums_are_refused),
        UNOPENED(test_a_rank_alone),
        cmocka_unit_test_teardown(test_with_every_launch_waited_for, end),
        OPENED(test_join_is_what_waits),
        OPENED(test_a_call_waits_for_what_came_before),
        OPENED(test_a_capture_without_its_join_is_refused),
        OPENED(test_join_without_a_call_is_nothing),
        OPENED(test_bytes_sent),
        OPENED(test_nothing_is_taken_after_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
