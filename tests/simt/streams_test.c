/* streams_test.c: the simulated streams, events and graphs: the orders that a GPU may choose, and the calls that fail
 * during capture.
 */
#include "runtime.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Two streams, an event, and a word of device memory that both write: 1 or 2; the last write stays. */
static struct {
    cudaStream_t a, b;
    cudaEvent_t event;
    unsigned char *word;
} s;

static int begin(void **state) {
    (void)state;
    simt_reset();
    simt_set_lazy(true);
    assert_int_equal(cudaStreamCreateWithFlags(&s.a, cudaStreamNonBlocking), cudaSuccess);
    assert_int_equal(cudaStreamCreateWithFlags(&s.b, cudaStreamNonBlocking), cudaSuccess);
    assert_int_equal(cudaEventCreateWithFlags(&s.event, cudaEventDisableTiming), cudaSuccess);
    assert_int_equal(cudaMalloc((void **)&s.word, 1), cudaSuccess);
    *s.word = 0;
    return 0;
}

/* simt_reset frees the memory. */
static int end(void **state) {
    (void)state;
    assert_int_equal(cudaStreamDestroy(s.a), cudaSuccess);
    assert_int_equal(cudaStreamDestroy(s.b), cudaSuccess);
    assert_int_equal(cudaEventDestroy(s.event), cudaSuccess);
    simt_reset();
    return 0;
}

static void write_word(cudaStream_t stream, int value) {
    assert_int_equal(cudaMemsetAsync(s.word, value, 1, stream), cudaSuccess);
}
static void record(cudaStream_t stream) {
    assert_int_equal(cudaEventRecord(s.event, stream), cudaSuccess);
}
static void wait_event(cudaStream_t stream) {
    assert_int_equal(cudaStreamWaitEvent(stream, s.event, 0), cudaSuccess);
}
/* Any call that waits for the whole device. */
static void wait_for_device(void) {
    assert_int_equal(cudaFree(NULL), cudaSuccess);
}

static void begin_capture(cudaStream_t stream) {
    assert_int_equal(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
}
static cudaError_t end_capture(cudaStream_t stream, cudaGraphExec_t *exec) {
    cudaGraph_t graph;
    cudaError_t e = cudaStreamEndCapture(stream, &graph);
    *exec = NULL;
    if (e == cudaSuccess) {
        assert_int_equal(cudaGraphInstantiate(exec, graph, 0), cudaSuccess);
        assert_int_equal(cudaGraphDestroy(graph), cudaSuccess);
    }
    return e;
}

/* --- events ------------------------------------------------------------------------------------------------------ */

static void test_without_an_event_the_younger_stream_comes_first(void **state) {
    (void)state;
    write_word(s.a, 1);
    write_word(s.b, 2);
    wait_for_device();
    assert_int_equal(*s.word, 1);
}

static void test_an_event_orders_streams(void **state) {
    (void)state;
    write_word(s.a, 1);
    record(s.a);
    wait_event(s.b);
    write_word(s.b, 2);
    wait_for_device();
    assert_int_equal(*s.word, 2);
}

static void test_a_wait_runs_only_work_before_the_record(void **state) {
    (void)state;
    write_word(s.a, 1);
    record(s.a);
    write_word(s.a, 2);
    wait_event(s.b);
    assert_int_equal(*s.word, 0);
    assert_int_equal(cudaStreamSynchronize(s.b), cudaSuccess);
    assert_int_equal(*s.word, 1);
}

/* A wait is for the record before it, not for a later one. */
static void test_an_event_may_be_recorded_again_at_once(void **state) {
    (void)state;
    write_word(s.a, 1);
    record(s.a);
    wait_event(s.b);
    write_word(s.a, 2);
    record(s.a);
    assert_int_equal(cudaStreamSynchronize(s.b), cudaSuccess);
    assert_int_equal(*s.word, 1);
}

static void test_an_event_never_recorded_blocks_nothing(void **state) {
    (void)state;
    write_word(s.a, 1);
    wait_event(s.b);
    assert_int_equal(cudaStreamSynchronize(s.b), cudaSuccess);
    assert_int_equal(*s.word, 0);
}

static void test_an_event_outlives_its_stream(void **state) {
    (void)state;
    cudaStream_t c;
    assert_int_equal(cudaStreamCreateWithFlags(&c, cudaStreamNonBlocking), cudaSuccess);
    write_word(c, 1);
    record(c);
    wait_event(s.b);
    assert_int_equal(cudaStreamDestroy(c), cudaSuccess);
    assert_int_equal(cudaStreamSynchronize(s.b), cudaSuccess);
    assert_int_equal(*s.word, 1);
}

static void test_a_broken_device_ends_every_wait(void **state) {
    (void)state;
    write_word(s.a, 1);
    record(s.a);
    wait_event(s.b);
    simt_fail_work(cudaErrorIllegalAddress, 2);
    assert_int_equal(cudaStreamSynchronize(s.b), cudaErrorIllegalAddress);
    assert_int_equal(*s.word, 0);
}

/* --- captured ---------------------------------------------------------------------------------------------------- */

/* Stream a writes 1, b writes 2; a writes 3 before or after it joins b. */
static cudaGraphExec_t capture_fork(int join_before_last) {
    cudaGraphExec_t exec;
    *s.word = 0;
    begin_capture(s.a);
    write_word(s.a, 1);
    record(s.a);
    wait_event(s.b);
    write_word(s.b, 2);
    record(s.b);
    if (!join_before_last)
        write_word(s.a, 3);
    wait_event(s.a);
    if (join_before_last)
        write_word(s.a, 3);
    assert_int_equal(end_capture(s.a, &exec), cudaSuccess);
    assert_int_equal(*s.word, 0);
    return exec;
}

static int launched(cudaGraphExec_t exec, bool lazy) {
    simt_set_lazy(lazy);
    assert_int_equal(cudaGraphLaunch(exec, s.a), cudaSuccess);
    assert_int_equal(cudaStreamSynchronize(s.a), cudaSuccess);
    assert_int_equal(cudaGraphExecDestroy(exec), cudaSuccess);
    return *s.word;
}

static void test_a_branch_comes_before_what_waits_for_it(void **state) {
    (void)state;
    assert_int_equal(launched(capture_fork(1), false), 3);
    assert_int_equal(launched(capture_fork(1), true), 3);
}

static void test_a_branch_may_come_as_late_as_its_join(void **state) {
    (void)state;
    assert_int_equal(launched(capture_fork(0), false), 3);
    assert_int_equal(launched(capture_fork(0), true), 2);
}

static void test_a_graph_needs_its_branches_joined(void **state) {
    (void)state;
    cudaGraphExec_t exec;
    begin_capture(s.a);
    record(s.a);
    wait_event(s.b);
    write_word(s.b, 2);
    assert_int_equal(end_capture(s.a, &exec), cudaErrorStreamCaptureUnjoined);
    write_word(s.b, 2);
    assert_int_equal(cudaStreamSynchronize(s.b), cudaSuccess);
    assert_int_equal(*s.word, 2);
}

static void test_work_after_the_join_is_not_joined(void **state) {
    (void)state;
    cudaGraphExec_t exec;
    begin_capture(s.a);
    record(s.a);
    wait_event(s.b);
    write_word(s.b, 2);
    record(s.b);
    wait_event(s.a);
    write_word(s.b, 1);
    assert_int_equal(end_capture(s.a, &exec), cudaErrorStreamCaptureUnjoined);
}

static void test_a_branch_cannot_end_the_capture(void **state) {
    (void)state;
    cudaGraphExec_t exec;
    begin_capture(s.a);
    record(s.a);
    wait_event(s.b);
    assert_int_equal(end_capture(s.b, &exec), cudaErrorStreamCaptureUnmatched);
    assert_int_equal(end_capture(s.a, &exec), cudaErrorStreamCaptureInvalidated);
}

static void test_a_capture_cannot_wait_for_work_outside(void **state) {
    (void)state;
    cudaGraphExec_t exec;
    record(s.b);
    begin_capture(s.a);
    assert_int_equal(cudaStreamWaitEvent(s.a, s.event, 0), cudaErrorStreamCaptureIsolation);
    assert_int_equal(end_capture(s.a, &exec), cudaErrorStreamCaptureInvalidated);
}

static void test_no_stream_can_wait_for_an_ended_capture(void **state) {
    (void)state;
    cudaGraphExec_t exec;
    begin_capture(s.a);
    record(s.a);
    assert_int_equal(end_capture(s.a, &exec), cudaSuccess);
    assert_int_equal(cudaStreamWaitEvent(s.b, s.event, 0), cudaErrorCapturedEvent);
    assert_int_equal(cudaGraphExecDestroy(exec), cudaSuccess);
}

static void test_captures_do_not_merge(void **state) {
    (void)state;
    cudaGraphExec_t exec;
    begin_capture(s.a);
    begin_capture(s.b);
    record(s.a);
    assert_int_equal(cudaStreamWaitEvent(s.b, s.event, 0), cudaErrorStreamCaptureMerge);
    assert_int_equal(end_capture(s.a, &exec), cudaErrorStreamCaptureInvalidated);
    assert_int_equal(end_capture(s.b, &exec), cudaErrorStreamCaptureInvalidated);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(test_without_an_event_the_younger_stream_comes_first),
        CASE(test_an_event_orders_streams),
        CASE(test_a_wait_runs_only_work_before_the_record),
        CASE(test_an_event_may_be_recorded_again_at_once),
        CASE(test_an_event_never_recorded_blocks_nothing),
        CASE(test_an_event_outlives_its_stream),
        CASE(test_a_broken_device_ends_every_wait),
        CASE(test_a_branch_comes_before_what_waits_for_it),
        CASE(test_a_branch_may_come_as_late_as_its_join),
        CASE(test_a_graph_needs_its_branches_joined),
        CASE(test_work_after_the_join_is_not_joined),
        CASE(test_a_branch_cannot_end_the_capture),
        CASE(test_a_capture_cannot_wait_for_work_outside),
        CASE(test_no_stream_can_wait_for_an_ended_capture),
        CASE(test_captures_do_not_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
