/* decay_rows.c: many weight decays in one pass give the bits of one after another, in each instruction set and for any
 * number of threads: usual values, values that become subnormal or 0, and those that are not finite. */
#include "decay_rows_internal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GROUPS = 150, COUNT = GROUPS * CAM_DECAY_GROUP, UPDATES = 67 };

static uint32_t next(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 1 ^ *state << 8;
}

/* Any bits, which are any values. */
static void draw(float *x, int64_t count, uint32_t seed) {
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits = next(&seed);
        memcpy(x + i, &bits, sizeof bits);
    }
}

static void decay_one_by_one(float *x, int64_t count, const float *factors, int64_t updates) {
    for (int64_t update = 0; update < updates; update++)
        for (int64_t i = 0; i < count; i++) {
            volatile float product = x[i] * factors[update]; /* no compiler may join two updates */
            x[i] = product;
        }
}

static float start[COUNT], due[COUNT], got[COUNT], factors[UPDATES];

static void assert_decays(int64_t count, int64_t updates, int threads) {
    memcpy(due, start, sizeof due);
    memcpy(got, start, sizeof got);
    decay_one_by_one(due, count, factors, updates);
    cam_decay_rows(got, count, factors, updates, threads);
    assert_memory_equal(got, due, sizeof due); /* what follows the rows is as before */
}

static void test_bits(void **state) {
    static const char *const sets[] = {"v2", "v3", "v4"};
    (void)state;
    draw(start, COUNT, 11);
    for (int set = 0; set < 3; set++) {
        setenv("CAM_CPU_ISA", sets[set], 1);
        for (int i = 0; i < UPDATES; i++)
            factors[i] = 1 - 1e-4f * (float)i;
        for (int threads = 1; threads <= 3; threads++) {
            assert_decays(COUNT, UPDATES, threads);
            assert_decays(COUNT - CAM_DECAY_GROUP, 1, threads);
            assert_decays(CAM_DECAY_GROUP, UPDATES, threads);
            assert_decays(0, UPDATES, threads);
            assert_decays(COUNT, 0, threads);
        }
        for (int i = 0; i < UPDATES; i++)
            factors[i] = i % 2 ? 0.125f : 0.7f; /* towards 0, through the subnormal numbers */
        assert_decays(COUNT, UPDATES, 2);
    }
    unsetenv("CAM_CPU_ISA");
}

/* The same updates in several passes. */
static void test_passes(void **state) {
    (void)state;
    draw(start, COUNT, 12);
    memcpy(due, start, sizeof due);
    memcpy(got, start, sizeof got);
    decay_one_by_one(due, COUNT, factors, UPDATES);
    for (int64_t done = 0, updates = 1; done < UPDATES; done += updates, updates *= 2)
        cam_decay_rows(got, COUNT, factors + done, done + updates > UPDATES ? UPDATES - done : updates, 2);
    assert_memory_equal(got, due, sizeof due);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
