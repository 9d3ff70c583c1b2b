/* bf16.c: rounding to bf16 against the middle between neighbours, in double precision, and the exactness of the split.
 */
#include "cam/bf16.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Every finite bf16, what lies between it and the next, and the middle, which goes to the even one of the two. */
static void rounds_to_nearest_even(void **unused) {
    (void)unused;
    for (uint32_t sign = 0; sign < 2; sign++)
        for (uint32_t h = 0; h < 0x7F80; h++) {
            uint16_t low = (uint16_t)(sign << 15 | h), high = (uint16_t)(low + 1);
            uint32_t begin = cam_bits_of_bf16(low);
            assert_int_equal(cam_bf16_of_bits(begin), low);
            assert_int_equal(cam_bf16_of_bits(begin + 1), low);
            assert_int_equal(cam_bf16_of_bits(begin + 0x7FFF), low);
            assert_int_equal(cam_bf16_of_bits(begin + 0x8000), h % 2 ? high : low);
            assert_int_equal(cam_bf16_of_bits(begin + 0x8001), high);
            assert_int_equal(cam_bf16_of_bits(begin + 0xFFFF), high);
        }
}

static void keeps_what_is_no_number(void **unused) {
    (void)unused;
    assert_int_equal(cam_bf16_of_f32(INFINITY), 0x7F80);
    assert_int_equal(cam_bf16_of_f32(-INFINITY), 0xFF80);
    assert_int_equal(cam_bf16_of_f32(3.4028235e38f), 0x7F80); /* the largest f32 is nearer to what comes next */
    for (uint32_t payload = 1; payload < 0x800000; payload = payload * 3 + 1)
        for (uint32_t sign = 0; sign < 2; sign++) {
            float value = cam_f32_of_bf16(cam_bf16_of_bits(sign << 31 | 0x7F800000 | payload));
            assert_true(isnan(value));
            assert_int_equal(bits_of(value) >> 31, sign);
        }
}

static void split_halves_are_exact(void **unused) {
    (void)unused;
    for (uint32_t i = 0, u = 0; i < 1u << 22; i++, u += 1021) { /* once around, all low halves among them */
        uint16_t high = cam_split_high(u);
        assert_int_equal(cam_split_join(high, cam_split_low(u)), u);
        int64_t distance = (int64_t)(u & 0x7FFFFFFF) - (int64_t)(cam_bits_of_bf16(high) & 0x7FFFFFFF);
        if ((u & 0x7FFFFFFF) < 0x7F7F8000)
            assert_true(distance >= -0x8000 && distance < 0x8000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_to_nearest_even),
        cmocka_unit_test(keeps_what_is_no_number),
        cmocka_unit_test(split_halves_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
