/* arena.c: handing out in order, taking back at once, counting without memory. */
#include "cam/arena.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static _Alignas(CAM_ARENA_ALIGN) char memory[4096];

static void takes_in_order_and_aligned(void **state) {
    (void)state;
    cam_arena arena;
    cam_arena_init(&arena, "step", memory, sizeof memory);
    assert_ptr_equal(cam_arena_take(&arena, 1), memory);
    assert_ptr_equal(cam_arena_take(&arena, 256), memory + 256);
    assert_ptr_equal(cam_arena_take(&arena, 257), memory + 512);
    assert_ptr_equal(cam_arena_take(&arena, 0), memory + 1024);
    assert_int_equal(arena.used, 1024);
}

static void releases_to_a_mark_and_keeps_the_peak(void **state) {
    (void)state;
    cam_arena arena;
    cam_arena_init(&arena, "scratch", memory, sizeof memory);
    cam_arena_take(&arena, 256);
    size_t mark = cam_arena_mark(&arena);
    cam_arena_take(&arena, 2000);
    cam_arena_release(&arena, mark);
    assert_ptr_equal(cam_arena_take(&arena, 8), memory + 256);
    cam_arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    assert_int_equal(arena.peak, 256 + 2048);
}

/* What a plan counts is what the real run uses, byte for byte. */
static void counts_what_it_would_use(void **state) {
    (void)state;
    cam_arena counting, real;
    cam_arena_init_counting(&counting, "step");
    cam_arena_init(&real, "step", memory, sizeof memory);
    cam_arena *both[] = {&counting, &real};
    for (int i = 0; i < 2; i++) {
        cam_tensor a = cam_arena_2d(both[i], CAM_F32, 3, 40), b = cam_arena_1d(both[i], CAM_I32, 7);
        assert_non_null(a.data);
        assert_non_null(b.data);
        assert_int_equal(a.row_stride, 40);
        assert_false(cam_tensor_overlaps(a, b));
    }
    assert_true(cam_arena_is_counting(&counting));
    assert_false(cam_arena_is_counting(&real));
    assert_int_equal(counting.peak, real.peak);
}

static void counts_more_than_any_machine_has(void **state) {
    (void)state;
    cam_arena arena;
    cam_arena_init_counting(&arena, "step");
    cam_arena_take(&arena, (size_t)1 << 50);
    cam_arena_take(&arena, (size_t)1 << 50);
    assert_int_equal(arena.peak, (size_t)1 << 51);
}

static void take_too_much(size_t bytes) {
    cam_arena arena;
    cam_arena_init(&arena, "step", memory, sizeof memory);
    cam_arena_take(&arena, 256);
    cam_arena_take(&arena, bytes);
}

static void running_out_is_a_bug(void **state) {
    (void)state;
    static const size_t too_much[] = {sizeof memory - 255, SIZE_MAX, SIZE_MAX - 300};
    for (size_t i = 0; i < 3; i++) {
        int how;
        pid_t child = fork();
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            close(STDERR_FILENO);
            take_too_much(too_much[i]);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT);
    }
    take_too_much(sizeof memory - 256);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_in_order_and_aligned), cmocka_unit_test(releases_to_a_mark_and_keeps_the_peak),
        cmocka_unit_test(counts_what_it_would_use),   cmocka_unit_test(counts_more_than_any_machine_has),
        cmocka_unit_test(running_out_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
