/* run_log.c: the lines of log.jsonl, those that a resumed run keeps, and those after a full disk; and the JSON builder.
 */
#include "run_log.h"
#include "files.h"
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct fixture {
    char folder[256];
    char path[300];
} fixture;

static int make_folder(void **state) {
    fixture *f = calloc(1, sizeof *f);
    const char *base = getenv("TMPDIR");
    snprintf(f->folder, sizeof f->folder, "%s/cam-run-log-XXXXXX", base && base[0] ? base : "/tmp");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/log.jsonl", f->folder);
    *state = f;
    return 0;
}

static int remove_folder(void **state) {
    fixture *f = *state;
    unlink(f->path);
    int failed = rmdir(f->folder);
    free(f);
    return failed;
}

static void expect_content(const fixture *f, const char *expected) {
    cam_strbuf content = CAM_STRBUF_INIT;
    assert_int_equal(cam_file_read(f->path, 1 << 20, CAM_E_DATA, &content), CAM_OK);
    assert_string_equal(cam_strbuf_text(&content), expected);
    cam_strbuf_release(&content);
}

static cam_status log_step(cam_run_log *log, int64_t step) {
    cam_step_event event = {step, 0.1 * (double)step, 2.5, 2e-5, 1.25, 640, 0.5};
    return cam_run_log_step(log, &event);
}

#define STEP1                                                                                                          \
    "{\"event\":\"step\",\"step\":1,\"epoch\":0.1,\"loss\":2.5,\"lr\":2e-05,\"grad_norm\":1.25,\"tokens\":640,\"step_" \
    "s\":0.5}\n"
#define STEP2                                                                                                          \
    "{\"event\":\"step\",\"step\":2,\"epoch\":0.2,\"loss\":2.5,\"lr\":2e-05,\"grad_norm\":1.25,\"tokens\":640,\"step_" \
    "s\":0.5}\n"

static void every_event_has_the_members_of_the_contract(void **state) {
    fixture *f = *state;
    cam_run_log log;
    assert_int_equal(cam_run_log_open(&log, f->path, 0), CAM_OK);
    cam_run_event run = {"0.1.0", "r1", "camembert-base", "cpu: \"Haswell\"", 110634256, 768, 1370, 153, 16,
                         20000,   129};
    assert_int_equal(cam_run_log_run(&log, &run), CAM_OK);
    assert_int_equal(log_step(&log, 1), CAM_OK);
    cam_eval_event eval = {.step = 1,
                           .metrics = {[CAM_METRIC_LOSS] = NAN,
                                       [CAM_METRIC_ACCURACY] = 0.5,
                                       [CAM_METRIC_F1_MACRO] = 1.0 / 3,
                                       [CAM_METRIC_F1_MICRO] = 0.5,
                                       [CAM_METRIC_F1_WEIGHTED] = 0.25}};
    assert_int_equal(cam_run_log_eval(&log, &eval), CAM_OK);
    assert_int_equal(cam_run_log_end(&log, "done", 12.5), CAM_OK);
    assert_int_equal(cam_run_log_close(&log), CAM_OK);
    assert_int_equal(cam_run_log_close(&log), CAM_OK);
    expect_content(
        f,
        "{\"event\":\"run\",\"version\":\"0.1.0\",\"run_id\":\"r1\",\"model\":\"camembert-base\",\"device\":\"cpu: "
        "\\\"Haswell\\\"\",\"parameters\":110634256,\"trained_parameters\":768,\"rows\":1370,\"validation_rows\":153,"
        "\"labels\":16,\"tokens\":20000,\"steps\":129}\n" STEP1
        "{\"event\":\"eval\",\"step\":1,\"loss\":null,\"accuracy\":0.5,\"f1_macro\":0.3333333333333333,\"f1_micro\":"
        "0.5,\"f1_weighted\":0.25}\n{\"event\":\"end\",\"reason\":\"done\",\"wall_s\":12.5}\n");
}

static void a_resume_keeps_what_its_checkpoint_knew(void **state) {
    fixture *f = *state;
    cam_run_log log;
    assert_int_equal(cam_run_log_open(&log, f->path, 0), CAM_OK);
    assert_int_equal(log_step(&log, 1), CAM_OK);
    int64_t saved = log.size;
    assert_int_equal(log_step(&log, 2), CAM_OK);
    assert_int_equal(log_step(&log, 3), CAM_OK);
    cam_run_log_release(&log);
    assert_int_equal(cam_run_log_open(&log, f->path, saved), CAM_OK);
    assert_int_equal(log_step(&log, 2), CAM_OK);
    assert_int_equal(cam_run_log_close(&log), CAM_OK);
    expect_content(f, STEP1 STEP2);
    assert_int_equal(cam_run_log_open(&log, f->path, 0), CAM_OK);
    assert_int_equal(cam_run_log_close(&log), CAM_OK);
    expect_content(f, "");
}

static void a_broken_last_line_is_cut_off(void **state) {
    fixture *f = *state;
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, STEP1 STEP2 "{\"event\":\"step\",");
    for (int i = 0; i < 10000; i++) /* longer than the block that is read at once */
        cam_strbuf_putc(&text, 'x');
    assert_int_equal(cam_file_write(f->path, text.text, text.length), CAM_OK);
    cam_run_log log;
    assert_int_equal(cam_run_log_open(&log, f->path, INT64_MAX), CAM_OK);
    assert_int_equal(log.size, strlen(STEP1 STEP2));
    assert_int_equal(cam_run_log_close(&log), CAM_OK);
    expect_content(f, STEP1 STEP2);
    cam_strbuf_release(&text);
}

static void a_line_that_does_not_fit_is_taken_back(void **state) {
    fixture *f = *state;
    cam_run_log log;
    struct rlimit limit, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(cam_run_log_open(&log, f->path, 0), CAM_OK);
    assert_int_equal(log_step(&log, 1), CAM_OK);
    signal(SIGXFSZ, SIG_IGN);
    small = limit;
    small.rlim_cur = strlen(STEP1) + 20; /* the second line fits in part */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    cam_status st = log_step(&log, 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(st, CAM_E_STORAGE);
    assert_non_null(strstr(cam_status_message(), f->path));
    expect_content(f, STEP1);
    assert_int_equal(log_step(&log, 2), CAM_OK);
    assert_int_equal(cam_run_log_close(&log), CAM_OK);
    expect_content(f, STEP1 STEP2);
}

static void a_full_disk_and_a_missing_folder_are_storage_errors(void **state) {
    fixture *f = *state;
    cam_run_log log;
    char missing[400];
    snprintf(missing, sizeof missing, "%s/none/log.jsonl", f->folder);
    assert_int_equal(cam_run_log_open(&log, missing, 0), CAM_E_STORAGE);
    assert_non_null(strstr(cam_status_message(), missing));
    assert_int_equal(log.fd, -1);
    if (access("/dev/full", W_OK) != 0) {
        print_message("SKIPPED: no /dev/full here\n");
        skip();
    }
    assert_int_equal(cam_run_log_open(&log, "/dev/full", 0), CAM_OK);
    assert_int_equal(log_step(&log, 1), CAM_E_STORAGE);
    cam_run_log_release(&log);
}

static void json_is_valid_whatever_goes_in(void **state) {
    (void)state;
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_json json;
    cam_json_begin(&json, &buf);
    cam_json_text(&json, "text", "a\"\\\x01\x7f\r\né\xff\xc3(\xed\xa0\x80\xf0\x9f\x98\x80");
    cam_json_text(&json, "none", NULL);
    cam_json_boolean(&json, "yes", 1);
    cam_json_object(&json, "empty");
    cam_json_close(&json);
    cam_json_array(&json, "numbers");
    static const double numbers[] = {0.1, -0.0, 1e-310, 1.7976931348623157e308, 1.0 / 3};
    for (int i = 0; i < 5; i++)
        cam_json_number(&json, NULL, numbers[i]);
    cam_json_number(&json, NULL, NAN);
    cam_json_number(&json, NULL, -INFINITY);
    cam_json_integer(&json, NULL, INT64_MIN);
    cam_json_close(&json);
    cam_json_end(&json);
    json_error_t error;
    json_t *root = json_loads(buf.text, 0, &error);
    assert_non_null(root);
    assert_string_equal(
        json_string_value(json_object_get(root, "text")),
        "a\"\\\x01\x7f\r\né\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80");
    assert_true(json_is_null(json_object_get(root, "none")));
    assert_true(json_is_true(json_object_get(root, "yes")));
    json_t *read = json_object_get(root, "numbers");
    assert_int_equal(json_array_size(read), 8);
    for (size_t i = 0; i < 5; i++)
        assert_true(json_number_value(json_array_get(read, i)) == numbers[i]);
    assert_true(json_is_null(json_array_get(read, 5)) && json_is_null(json_array_get(read, 6)));
    assert_true(json_integer_value(json_array_get(read, 7)) == INT64_MIN);
    json_decref(root);
    cam_strbuf_release(&buf);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(every_event_has_the_members_of_the_contract),
        WITH_FOLDER(a_resume_keeps_what_its_checkpoint_knew),
        WITH_FOLDER(a_broken_last_line_is_cut_off),
        WITH_FOLDER(a_line_that_does_not_fit_is_taken_back),
        WITH_FOLDER(a_full_disk_and_a_missing_folder_are_storage_errors),
        cmocka_unit_test(json_is_valid_whatever_goes_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
