/* vendor_library.c: NVIDIA's libraries are found where Python's packages have them, and stay in memory. */
#include "vendor_library.h"
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char reason[256];

static void test_a_missing_library_has_the_linkers_reason(void **state) {
    (void)state;
    unsetenv("VIRTUAL_ENV");
    assert_null(cam_vendor_library_open("libcamvendor.so.7", reason, sizeof reason));
    assert_non_null(strstr(reason, "libcamvendor.so.7"));
}

static void test_a_library_is_found_among_pythons_packages(void **state) {
    (void)state;
    setenv("VIRTUAL_ENV", getenv("CAM_STANDIN_ROOT"), 1);
    void *library = cam_vendor_library_open("libcamvendor.so.7", reason, sizeof reason);
    assert_non_null(library);
    int (*call)(void);
    *(void **)&call = dlsym(library, "cam_vendor_standin");
    assert_non_null(call);
    assert_int_equal(call(), 7);
    assert_int_equal(dlclose(library), 0);
    assert_int_equal(call(), 7); /* it is still there */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_missing_library_has_the_linkers_reason),
        cmocka_unit_test(test_a_library_is_found_among_pythons_packages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
