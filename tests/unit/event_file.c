/* event_file.c: an event file is, byte for byte, the one that TensorBoard's own classes write of the same log. */
#include "event_file.h"
#include "crc32c_internal.h"
#include "files.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Both are made by tests/unit/data/make_event_golden.py. */
static const char log_path[] = "tests/unit/data/events_log.jsonl";
static const char golden_path[] = "tests/unit/data/events_golden.tfevents";
enum { CHANGED = 1700000000 };

typedef struct fixture {
    char folder[256], log[300], events[300];
} fixture;

static int make_folder(void **state) {
    fixture *f = calloc(1, sizeof *f);
    const char *base = getenv("TMPDIR");
    snprintf(f->folder, sizeof f->folder, "%s/cam-events-XXXXXX", base && base[0] ? base : "/tmp");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->log, sizeof f->log, "%s/log.jsonl", f->folder);
    snprintf(f->events, sizeof f->events, "%s/%s", f->folder, CAM_EVENT_FILE);
    *state = f;
    return 0;
}

static int remove_folder(void **state) {
    fixture *f = *state;
    unlink(f->log);
    unlink(f->events);
    int failed = rmdir(f->folder);
    free(f);
    return failed;
}

static void test_crc(void **state) {
    static const char zeros[32];
    (void)state;
    assert_int_equal(cam_crc32c("123456789", 9), 0xE3069283); /* the check value of CRC-32/ISCSI */
    assert_int_equal(cam_crc32c(zeros, 32), 0x8A9136AA);      /* RFC 3720, appendix B.4 */
}

static void test_golden(void **state) {
    const fixture *f = *state;
    cam_strbuf made = CAM_STRBUF_INIT, golden = CAM_STRBUF_INIT;
    struct timespec times[2] = {{.tv_sec = CHANGED}, {.tv_sec = CHANGED}};
    assert_int_equal(cam_file_copy(log_path, f->log), CAM_OK);
    assert_int_equal(utimensat(AT_FDCWD, f->log, times, 0), 0);
    assert_int_equal(cam_event_file_write(f->folder), CAM_OK);
    assert_int_equal(cam_file_read(f->events, 1 << 20, CAM_E_DATA, &made), CAM_OK);
    assert_int_equal(cam_file_read(golden_path, 1 << 20, CAM_E_DATA, &golden), CAM_OK);
    assert_int_equal(made.length, golden.length);
    assert_memory_equal(made.text, golden.text, golden.length);
    cam_strbuf_release(&made);
    cam_strbuf_release(&golden);
}

static void test_no_log(void **state) {
    const fixture *f = *state;
    unlink(f->log);
    unlink(f->events);
    assert_int_equal(cam_event_file_write(f->folder), CAM_E_DATA);
    assert_non_null(strstr(cam_status_message(), "log.jsonl"));
    assert_false(cam_file_exists(f->events));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_crc), cmocka_unit_test(test_golden),
                                       cmocka_unit_test(test_no_log)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
