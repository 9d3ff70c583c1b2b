/* nccl_collectives.c: what the collectives of kernels/comm_nccl.cu do, in which order, and what it says of itself. */
#include "nccl_test.h"
#include <math.h>

static void run_part(verb v, cam_dtype dtype, int64_t count) {
    bench b = {.verb = v};
    bench_add(&b, dtype, count);
    bench_run(&b);
}

/* --- the collectives --------------------------------------------------------------------------------------------- */

static void test_sums(void **state) {
    (void)state;
    const cam_dtype dtypes[] = {CAM_F32, CAM_BF16, CAM_F64};
    for (int v = REDUCE_OWN; v <= REDUCE_ALL; v++)
        for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++)
            for (int64_t share = 1; share <= 19; share += 6)
                run_part((verb)v, dtypes[d], share * comm->ranks);
}

static void test_gathering(void **state) {
    (void)state;
    run_part(GATHER, CAM_F32, 7 * comm->ranks);
    run_part(GATHER, CAM_BF16, comm->ranks);
    run_part(GATHER, CAM_I32, 13 * comm->ranks);
}

static void test_broadcasts_of_any_count(void **state) {
    (void)state;
    run_part(BROADCAST, CAM_F64, 1);
    run_part(BROADCAST, CAM_BF16, 61);
    run_part(BROADCAST, CAM_I32, 7);
}

static void test_several_parts(void **state) {
    (void)state;
    for (int v = REDUCE_OWN; v <= BROADCAST; v++) {
        bench b = {.verb = (verb)v};
        const cam_dtype dtypes[] = {CAM_F32, CAM_BF16, CAM_F64, CAM_F32};
        for (int p = 0; p < CAM_COMM_MAX_BUFFERS; p++)
            bench_add(&b, dtypes[p % 4], (p % 5 + 1) * comm->ranks);
        bench_run(&b);
    }
}

static void test_empty_parts(void **state) {
    (void)state;
    run_part(REDUCE_ALL, CAM_F32, 0);
    run_part(GATHER, CAM_F32, 0);
    assert_ok(cam_comm_broadcast(comm, NULL, 0));
    assert_ok(cam_comm_join(comm));
}

static void test_other_sums_are_refused(void **state) {
    (void)state;
    const cam_comm_buffer part = {.dtype = CAM_I32, .count = ranks};
    ASSERT_TOLD(cam_comm_reduce(comm, &part, 1, CAM_REACH_ALL), CAM_E_DTYPE, "I32");
}

/* Every rank may have one to itself, beside the others. */
static void test_a_rank_alone(void **state) {
    (void)state;
    assert_ok(open_for(0, 1, PATIENCE_S));
    for (int v = REDUCE_OWN; v <= BROADCAST; v++)
        run_part((verb)v, v == BROADCAST ? CAM_I32 : CAM_BF16, 11);
    assert_int_equal(comm->figures.bytes_sent, 0);
}

static void test_with_every_launch_waited_for(void **state) {
    bench b = {.verb = REDUCE_ALL};
    setenv("CAM_CUDA_CHECK", "1", 1);
    begin_opened(state);
    unsetenv("CAM_CUDA_CHECK");
    simt_set_lazy(true);
    bench_add(&b, CAM_F32, ranks);
    bench_fill(&b, 0);
    bench_copy(&b, CAM_TO_DEVICE);
    assert_ok(bench_call(&b));
    assert_true(number_at(b.parts[0].data, CAM_F32, 0) == sum_of_numbers(0, 0, 0));
    assert_ok(cam_comm_join(comm));
    bench_release(&b);
}

/* --- order ------------------------------------------------------------------------------------------------------- */

static double first_of(const bench *b) {
    return number_at(b->parts[0].data, CAM_F64, 0);
}

/* On a lazy device: nothing is done before somebody waits, a call brings along what came before it, and the backend
 * waits for it from the join on, not earlier. */
static void test_join_is_what_waits(void **state) {
    (void)state;
    bench b = {.verb = BROADCAST};
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

/* The whole device is waited for: were the call not ordered behind the copy, it would come first. */
static void test_a_call_waits_for_what_came_before(void **state) {
    (void)state;
    bench b = {.verb = REDUCE_ALL};
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
    bench b = {.verb = REDUCE_ALL};
    void *graph;
    bench_add(&b, CAM_F32, ranks);
    assert_ok(cuda->calls->capture_begin(cuda));
    assert_ok(bench_call(&b));
    ASSERT_TOLD(cuda->calls->capture_end(cuda, &graph), CAM_E_DEVICE, "unjoined");
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

/* --- what it says of itself -------------------------------------------------------------------------------------- */

static void test_the_ring_is_pinned(void **state) {
    (void)state;
    assert_string_equal(simt_nccl_saw("NCCL_ALGO"), "Ring");
    assert_string_equal(simt_nccl_saw("NCCL_PROTO"), "LL,Simple"); /* main set it, as a user might */
    assert_string_equal(simt_nccl_saw("NCCL_GRAPH_REGISTER"), "0");
}

static void test_what_it_says(void **state) {
    (void)state;
    assert_string_equal(comm->name, "nccl");
    assert_string_equal(comm->description, "NCCL 2.28.9");
    assert_int_equal(comm->rank, rank);
    assert_int_equal(comm->ranks, ranks);
    assert_true(comm->captures && !comm->exact_order);
}

static int64_t sent_by(verb v, cam_dtype dtype, int64_t count) {
    bench b = {.verb = v};
    int64_t before = comm->figures.bytes_sent;
    bench_add(&b, dtype, count);
    bench_add(&b, dtype, count);
    assert_ok(bench_call(&b));
    assert_ok(cam_comm_join(comm));
    bench_release(&b);
    return comm->figures.bytes_sent - before;
}

static void test_what_is_sent(void **state) {
    (void)state;
    assert_int_equal(comm->figures.bytes_sent, 0);
    assert_int_equal(sent_by(GATHER, CAM_F32, 5 * ranks), 2 * 5 * 4 * (ranks - 1));
    assert_int_equal(sent_by(BROADCAST, CAM_F32, 5 * ranks), 2 * 5 * 4 * (ranks - 1));
    assert_int_equal(sent_by(REDUCE_OWN, CAM_BF16, 5 * ranks), 2 * 5 * 2 * (ranks - 1));
    assert_int_equal(sent_by(REDUCE_ALL, CAM_F64, 5 * ranks), 2 * 2 * 5 * 8 * (ranks - 1));
}

static void test_nothing_is_taken_after_opening(void **state) {
    (void)state;
    static const char *const calls[] = {"cudaMalloc", "cudaHostAlloc", "cudaStreamCreateWithFlags",
                                        "cudaEventCreateWithFlags"};
    long before[4];
    bench b = {.verb = REDUCE_ALL};
    bench_add(&b, CAM_F32, ranks);
    for (int i = 0; i < 4; i++)
        before[i] = simt_calls_of(calls[i]);
    bench_run_as_asked(&b);
    bench_run_captured(&b);
    for (int i = 0; i < 4; i++)
        assert_int_equal(simt_calls_of(calls[i]), before[i]);
    bench_release(&b);
}

int run_collectives(void) {
    const struct CMUnitTest tests[] = {
        OPENED(test_the_ring_is_pinned),
        OPENED(test_what_it_says),
        OPENED(test_sums),
        OPENED(test_gathering),
        OPENED(test_broadcasts_of_any_count),
        OPENED(test_several_parts),
        OPENED(test_empty_parts),
        OPENED(test_other_sums_are_refused),
        UNOPENED(test_a_rank_alone),
        cmocka_unit_test_teardown(test_with_every_launch_waited_for, end),
        OPENED(test_join_is_what_waits),
        OPENED(test_a_call_waits_for_what_came_before),
        OPENED(test_a_capture_without_its_join_is_refused),
        OPENED(test_join_without_a_call_is_nothing),
        OPENED(test_what_is_sent),
        OPENED(test_nothing_is_taken_after_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
