/* A device that is opened by a thread of its own: taken, refused with the message of its failure, left alone, or without an
 * answer. */
#include "opening_internal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int closed;
static void count_close(cam_backend *backend) {
    (void)backend;
    closed++;
}
static const cam_backend_calls calls = {.close = count_close};
static cam_backend device = {.name = "device", .calls = &calls};

static cam_status open_well(const cam_device_options *options, cam_backend **backend) {
    assert_int_equal(options->threads, 3);
    *backend = &device;
    return CAM_OK;
}

static cam_status open_badly(const cam_device_options *options, cam_backend **backend) {
    (void)options;
    *backend = NULL;
    return cam_fail(CAM_E_DEVICE, "no such device");
}

static int answers[2]; /* a pipe: open_late returns when it can read from it */
static cam_status open_late(const cam_device_options *options, cam_backend **backend) {
    char byte;
    (void)options;
    assert_int_equal(read(answers[0], &byte, 1), 1);
    *backend = &device;
    return CAM_OK;
}

static const cam_device_options asked = {.threads = 3};

static void test_taken(void **state) {
    (void)state;
    cam_backend *backend = NULL;
    cam_status st = CAM_E_INTERNAL;
    assert_false(cam_opening_take(&asked, &backend, &st)); /* nothing was begun */
    cam_opening_begin(&asked, open_well);
    assert_false(cam_opening_take(&(cam_device_options){.threads = 4}, &backend, &st)); /* another device */
    assert_true(cam_opening_take(&asked, &backend, &st));
    assert_int_equal(st, CAM_OK);
    assert_ptr_equal(backend, &device);
    assert_true(cam_opening_end(0));
    assert_int_equal(closed, 0); /* it is the taker's */
}

static void test_failed(void **state) {
    (void)state;
    cam_backend *backend = &device;
    cam_status st = CAM_OK;
    cam_opening_begin(&asked, open_badly);
    assert_true(cam_opening_take(&asked, &backend, &st));
    assert_int_equal(st, CAM_E_DEVICE);
    assert_string_equal(cam_status_message(), "no such device");
    assert_null(backend);
}

static void test_not_taken(void **state) {
    (void)state;
    closed = 0;
    cam_opening_begin(&asked, open_well);
    assert_true(cam_opening_end(60));
    assert_int_equal(closed, 1);
}

static void test_without_an_answer(void **state) {
    (void)state;
    closed = 0;
    assert_int_equal(pipe(answers), 0);
    cam_opening_begin(&asked, open_late);
    assert_false(cam_opening_end(0));
    assert_int_equal(closed, 0);
    assert_int_equal(write(answers[1], "x", 1), 1);
    assert_true(cam_opening_end(60));
    assert_int_equal(closed, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_taken), cmocka_unit_test(test_failed),
                                       cmocka_unit_test(test_not_taken), cmocka_unit_test(test_without_an_answer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
