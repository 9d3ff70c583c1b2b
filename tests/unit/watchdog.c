/* watchdog.c: a process whose device waits for a lost peer ends with exit 9 after the timeout. A process without
 * pending work, or whose steps are reported in time, does not. Each case is a process of its own.
 */
#include "watchdog.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { STILL_THERE = 42 };
static const double timeout_s = 0.4;

static int abort_hangs;
static volatile int aborted;
static void abort_call(cam_comm *comm) {
    (void)comm;
    aborted = 1;
    while (abort_hangs)
        sleep(1);
}

static void sleep_s(double s) {
    struct timespec t = {(time_t)s, (long)((s - (double)(time_t)s) * 1e9)};
    nanosleep(&t, NULL);
}

/* Writes the message to the parent, and whether the communicator was aborted before. */
static int report_fd;
static void report_and_exit(cam_status st) {
    dprintf(report_fd, "%s%s", aborted ? "aborted; " : "", cam_status_message());
    _exit(cam_status_exit_code(st));
}

static cam_step_progress steps;
static cam_step_progress progress(void *context) {
    (void)context;
    return steps;
}

/* Runs `body` in a child process. Returns its exit code, and its message in `text`. */
static int run_child(void (*body)(cam_watchdog *w), const cam_comm_calls *calls, char *text, size_t bytes) {
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        cam_group group = {.rank = 1, .ranks = 2, .timeout_s = timeout_s, .exit_lost_peer = report_and_exit};
        cam_comm comm = {.calls = calls, .rank = 1, .ranks = 2};
        cam_watchdog *w = NULL;
        report_fd = ends[1];
        if (cam_watchdog_open(&group, &comm, &w) != CAM_OK)
            _exit(1);
        body(w);
        cam_watchdog_close(w);
        _exit(STILL_THERE);
    }
    close(ends[1]);
    ssize_t count = read(ends[0], text, bytes - 1);
    text[count > 0 ? count : 0] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static const cam_comm_calls aborts = {.abort = abort_call}, needs_none = {.abort = NULL};

static void stuck_in_a_step(cam_watchdog *w) {
    steps = (cam_step_progress){.submitted = 9, .reported = 6};
    cam_watchdog_watch(w, progress, NULL);
    sleep_s(5 * timeout_s);
}

static void test_a_stuck_step(void **state) {
    (void)state;
    char text[256];
    for (abort_hangs = 0; abort_hangs < 2; abort_hangs++) {
        assert_int_equal(run_child(stuck_in_a_step, &aborts, text, sizeof text), 9);
        assert_string_equal(text,
                            "aborted; rank 1 waited 0.4 s at step 7 for the other ranks; ddp_timeout sets how long");
    }
    abort_hangs = 0;
}

static void stuck_inside(cam_watchdog *w) {
    cam_watchdog_enter(w, "collecting weights");
    sleep_s(5 * timeout_s);
}

static void test_a_stuck_call(void **state) {
    (void)state;
    char text[256];
    assert_int_equal(run_child(stuck_inside, &aborts, text, sizeof text), 9);
    assert_non_null(strstr(text, "at collecting weights for"));
}

/* Nothing pending; then steps that are reported in time, for longer than the timeout; then a call that returns. */
static void works(cam_watchdog *w) {
    cam_watchdog_watch(w, progress, NULL);
    sleep_s(2 * timeout_s);
    for (int i = 0; i < 8; i++) {
        steps.submitted++;
        sleep_s(timeout_s / 4);
        steps.reported++;
    }
    cam_watchdog_enter(w, "collecting weights");
    sleep_s(timeout_s / 4);
    cam_watchdog_leave(w);
    sleep_s(2 * timeout_s);
}

static void test_no_pending_work_and_steps_in_time(void **state) {
    (void)state;
    char text[256];
    assert_int_equal(run_child(works, &aborts, text, sizeof text), STILL_THERE);
    assert_string_equal(text, "");
}

static void test_no_abort_no_watchdog(void **state) {
    (void)state;
    char text[256];
    assert_int_equal(run_child(stuck_in_a_step, &needs_none, text, sizeof text), STILL_THERE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stuck_step),
        cmocka_unit_test(test_a_stuck_call),
        cmocka_unit_test(test_no_pending_work_and_steps_in_time),
        cmocka_unit_test(test_no_abort_no_watchdog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
