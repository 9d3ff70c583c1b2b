/* status.c: codes and the thread-local message. */
#include "cam/status.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void codes_have_names_and_exit_codes(void **state) {
    (void)state;
    assert_string_equal(cam_status_name(CAM_E_DATA), "CAM_E_DATA");
    assert_int_equal(cam_status_exit_code(CAM_OK), 0);
    assert_int_equal(cam_status_exit_code(CAM_E_USAGE), 2);
    assert_int_equal(cam_status_exit_code(CAM_E_DATA), 3);
    assert_int_equal(cam_status_exit_code(CAM_E_DIVERGED), 7);
    assert_int_equal(cam_status_exit_code(CAM_E_STOPPED), 75);
    assert_int_equal(cam_status_exit_code(CAM_E_INTERRUPTED), 130);
}

static void fail_keeps_the_message_and_clear_takes_it(void **state) {
    (void)state;
    assert_int_equal(cam_fail(CAM_E_DATA, "\"%s\" has no rows", "a.csv"), CAM_E_DATA);
    assert_string_equal(cam_status_message(), "\"a.csv\" has no rows");
    cam_status_clear();
    assert_string_equal(cam_status_message(), "");
}

static void a_message_may_quote_the_one_before(void **state) {
    (void)state;
    cam_fail(CAM_E_DATA, "inner");
    assert_int_equal(cam_fail(CAM_E_MODEL, "outer: %s", cam_status_message()), CAM_E_MODEL);
    assert_string_equal(cam_status_message(), "outer: inner");
}

static cam_status two_steps(cam_status first, int *reached) {
    cam_status st = CAM_OK;
    CAM_TRY(first);
    *reached = 1;
    CAM_FAIL(CAM_E_STORAGE, "second");
out:
    return st;
}

static void try_and_fail_leave_by_out(void **state) {
    (void)state;
    int reached = 0;
    assert_int_equal(two_steps(CAM_E_PEER, &reached), CAM_E_PEER);
    assert_int_equal(reached, 0);
    assert_int_equal(two_steps(CAM_OK, &reached), CAM_E_STORAGE);
    assert_int_equal(reached, 1);
}

enum { MOST = 8191 }; /* bytes of a message, as cam/status.h has it */

static void messages_at_the_limit_are_whole(void **state) {
    (void)state;
    char text[MOST + 2];
    memset(text, 'a', sizeof text);
    text[MOST] = '\0';
    cam_fail(CAM_E_DATA, "%s", text);
    assert_string_equal(cam_status_message(), text);
    text[MOST] = 'a';
    text[MOST + 1] = '\0';
    cam_fail(CAM_E_DATA, "%s", text);
    assert_int_equal(strlen(cam_status_message()), MOST);
    assert_string_equal(cam_status_message() + MOST - 3, "...");
}

/* Characters of one to four bytes, shifted so that the message ends at each of their bytes. */
static void long_messages_are_cut_between_characters(void **state) {
    (void)state;
    static const char *const characters[] = {"a", "é", "€", "😀"};
    for (size_t c = 0; c < 4; c++)
        for (size_t shift = 0; shift < 4; shift++) {
            char text[MOST + 1000] = {0};
            size_t width = strlen(characters[c]), at = shift;
            memset(text, 'x', shift);
            for (; at + width < sizeof text; at += width)
                memcpy(text + at, characters[c], width);
            cam_fail(CAM_E_DATA, "%s", text);
            const char *message = cam_status_message();
            size_t kept = strlen(message) - 3;
            assert_in_range(strlen(message), MOST - 3, MOST);
            assert_string_equal(message + kept, "...");
            assert_int_equal((kept - shift) % width, 0);
            assert_memory_equal(message, text, kept);
        }
}

static void *other_thread(void *failed) {
    cam_fail(CAM_E_PEER, "elsewhere");
    *(int *)failed = strcmp(cam_status_message(), "elsewhere") != 0;
    return NULL;
}

static void each_thread_has_its_own_message(void **state) {
    (void)state;
    pthread_t thread;
    int failed = 1;
    cam_fail(CAM_E_DATA, "here");
    assert_int_equal(pthread_create(&thread, NULL, other_thread, &failed), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(failed, 0);
    assert_string_equal(cam_status_message(), "here");
}

static cam_status note_and_go_on(int *reached) {
    cam_status st = CAM_OK;
    CAM_TRY(CAM_OK);
    cam_memory_note();
    CAM_TRY((++*reached, CAM_OK));
out:
    return st;
}

static void a_noted_lack_of_memory_ends_what_goes_on(void **state) {
    (void)state;
    int reached = 0;
    cam_status_clear();
    assert_int_equal(cam_memory_check(CAM_E_DATA), CAM_E_DATA);
    assert_int_equal(note_and_go_on(&reached), CAM_E_MEMORY);
    assert_int_equal(reached, 0); /* the call was not made */
    assert_int_equal(cam_memory_check(CAM_OK), CAM_E_MEMORY);
    assert_int_equal(cam_memory_check(CAM_E_DATA), CAM_E_MEMORY);
    assert_int_equal(cam_fail(CAM_E_DATA, "a half text"), CAM_E_MEMORY);
    assert_string_equal(cam_status_message(), "no memory for a text");
    assert_int_equal(cam_fail(CAM_E_MEMORY, "no memory for 3 rows"), CAM_E_MEMORY);
    assert_int_equal(cam_memory_check(CAM_E_MEMORY), CAM_E_MEMORY);
    assert_string_equal(cam_status_message(), "no memory for 3 rows");
    cam_status_clear();
    assert_int_equal(cam_memory_check(CAM_OK), CAM_OK);
    assert_int_equal(cam_fail(CAM_E_DATA, "whole"), CAM_E_DATA);
}

static void a_bug_says_where_and_aborts(void **state) {
    (void)state;
    int ends[2], how;
    char said[512] = {0};
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        CAM_ASSERT(1 + 1 == 3);
        _exit(0);
    }
    close(ends[1]);
    for (size_t at = 0, got = 1; got > 0 && at < sizeof said - 1; at += got)
        got = (size_t)read(ends[0], said + at, sizeof said - 1 - at);
    close(ends[0]);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT);
    assert_non_null(strstr(said, "status.c:"));
    assert_non_null(strstr(said, "broken invariant: 1 + 1 == 3"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_names_and_exit_codes),
        cmocka_unit_test(fail_keeps_the_message_and_clear_takes_it),
        cmocka_unit_test(a_message_may_quote_the_one_before),
        cmocka_unit_test(try_and_fail_leave_by_out),
        cmocka_unit_test(messages_at_the_limit_are_whole),
        cmocka_unit_test(long_messages_are_cut_between_characters),
        cmocka_unit_test(each_thread_has_its_own_message),
        cmocka_unit_test(a_noted_lack_of_memory_ends_what_goes_on),
        cmocka_unit_test(a_bug_says_where_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
