/* packing.c: the size of a packed batch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "packing.h"

static int32_t all_ids[] = {5, 6, 12, 31, 13, 1, 5, 1, 9, 6, 5, 40, 6};
static int64_t offsets[] = {0, 2, 6, 10, 13};
static const cam_token_rows rows = {.ids = all_ids, .offsets = offsets, .rows = 4};

static void test_count(void **state) {
    (void)state;
    static const int32_t list[] = {0, 3, 3};
    int64_t longest = -1;
    assert_int_equal(cam_packing_tokens(&rows, list, 3, &longest), 8);
    assert_int_equal(longest, 3);
    assert_int_equal(cam_packing_tokens(&rows, list, 0, &longest), 0);
    assert_int_equal(longest, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
