/* progress.c: the progress of a run: the text at every width, plain lines on a pipe, one redrawn line on a terminal.
 */
#include "progress.h"
#include "log.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

static const cam_step_event step20 = {
    .step = 20, .epoch = 0.465, .loss = 2.5, .lr = 1.8e-5, .grad_norm = 3.214, .tokens = 6172, .step_s = 0.5};

#define WHOLE "step 20/129  epoch 0.47  loss 2.5000  lr 1.8e-5  grad norm 3.21  12,344 tokens/s  ETA 0:55"

static void the_line_fits_every_width(void **unused) {
    (void)unused;
    cam_progress progress = {.mode = CAM_PROGRESS_BAR,
                             .steps = 129,
                             .seen_steps = 1,
                             .seen_s = 0.5,
                             .interval_steps = 1,
                             .interval_tokens = 6172,
                             .interval_s = 0.5,
                             .interval_loss = 2.5};
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_progress_render(&buf, &progress, &step20, 200);
    assert_string_equal(buf.text, WHOLE);
    for (int width = 0; width <= (int)strlen(WHOLE); width++) {
        cam_strbuf_clear(&buf);
        cam_progress_render(&buf, &progress, &step20, width);
        assert_true(buf.length <= (size_t)width);
    }
    assert_string_equal(buf.text, WHOLE);
    cam_strbuf_clear(&buf);
    cam_progress_render(&buf, &progress, &step20, 49);
    assert_string_equal(buf.text, "step 20/129  epoch 0.47  loss 2.5000  ETA 0:55");
    cam_strbuf_release(&buf);
}

static void long_times_have_hours(void **unused) {
    (void)unused;
    cam_progress progress = {.steps = 20 + 7265 * 2, .seen_steps = 10, .seen_s = 5};
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_progress_render(&buf, &progress, &step20, 200);
    assert_non_null(strstr(buf.text, "  ETA 2:01:05"));
    cam_strbuf_release(&buf);
}

/* Runs 45 steps with standard error redirected to `fd_out`, and reads `text` from `fd_in`. */
static void run_steps(int fd_out, int fd_in, char *text, size_t size) {
    int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && dup2(fd_out, STDERR_FILENO) >= 0);
    cam_progress progress;
    cam_progress_init(&progress, CAM_PROGRESS_AUTO, 45, 20);
    for (int64_t step = 1; step <= 45; step++) {
        cam_step_event event = {step, 0, (double)step, 1e-5, 1, 100, 0.05};
        cam_progress_step(&progress, &event);
    }
    cam_progress_stage(&progress, "evaluating", 3, 7);
    cam_progress_end(&progress);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    size_t used = 0;
    ssize_t count;
    assert_int_equal(fcntl(fd_in, F_SETFL, O_NONBLOCK), 0);
    while ((count = read(fd_in, text + used, size - 1 - used)) > 0)
        used += (size_t)count;
    text[used] = '\0';
}

static void a_pipe_gets_plain_lines(void **unused) {
    (void)unused;
    int ends[2];
    char text[8192];
    assert_int_equal(pipe(ends), 0);
    setenv("TERM", "xterm", 1);
    run_steps(ends[1], ends[0], text, sizeof text);
    assert_string_equal(text, /* the loss is the mean since the previous line */
                        "step 20/45  epoch 0.00  loss 10.5000  lr 1e-5  2,000 tokens/s  ETA 0:02\n"
                        "step 40/45  epoch 0.00  loss 30.5000  lr 1e-5  2,000 tokens/s  ETA 0:01\n"
                        "step 45/45  epoch 0.00  loss 43.0000  lr 1e-5  2,000 tokens/s  ETA 0:00\n");
    cam_log_set_level(CAM_LOG_QUIET);
    assert_int_equal(write(ends[1], "-", 1), 1);
    run_steps(ends[1], ends[0], text, sizeof text);
    assert_string_equal(text, "-");
    cam_log_set_level(CAM_LOG_NORMAL);
    close(ends[0]);
    close(ends[1]);
}

static void a_terminal_gets_one_line_within_its_width(void **unused) {
    (void)unused;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        print_message("SKIPPED: no pseudo-terminal here\n");
        skip();
    }
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    struct winsize size = {.ws_row = 24, .ws_col = 50};
    assert_true(slave >= 0 && ioctl(slave, TIOCSWINSZ, &size) == 0);
    char text[8192];
    setenv("TERM", "xterm", 1);
    run_steps(slave, master, text, sizeof text);
    assert_null(strchr(text, '\n'));
    int redraws = 0;
    for (char *at = strstr(text, "\r\033[K"); at; at = strstr(at + 4, "\r\033[K")) {
        size_t columns = strcspn(at + 4, "\r");
        assert_true(columns < 50);
        redraws++;
    }
    assert_true(redraws >= 20 && redraws <= 27); /* 45 steps of 0.05 s at ten redraws a second */
    assert_non_null(strstr(text, "\r\033[Kevaluating 3/7\r\033[K"));
    assert_string_equal(text + strlen(text) - 4, "\r\033[K");
    setenv("TERM", "dumb", 1);
    run_steps(slave, master, text, sizeof text);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "step 45/45"));
    close(slave);
    close(master);
}

static void a_mode_that_is_named_is_kept(void **unused) {
    (void)unused;
    for (int mode = CAM_PROGRESS_BAR; mode <= CAM_PROGRESS_NONE; mode++)
        assert_int_equal(cam_progress_mode_resolve((cam_progress_mode)mode), mode);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_fits_every_width),    cmocka_unit_test(long_times_have_hours),
        cmocka_unit_test(a_pipe_gets_plain_lines),      cmocka_unit_test(a_terminal_gets_one_line_within_its_width),
        cmocka_unit_test(a_mode_that_is_named_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
