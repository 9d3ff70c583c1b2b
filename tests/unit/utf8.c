/* utf8.c: valid characters, where a text may be cut, white space. */
#include "utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The Unicode Standard, chapter 3: well-formed and ill-formed sequences (table 3-7 and D92's examples). */
static void test_utf8_prefix(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size, valid;
    } table[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"\x7F\xC2\x80\xDF\xBF", 5, 5},
        {"\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF", 12, 12},
        {"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8, 8},
        {"a\xC0\x80", 3, 1},        /* overlong */
        {"ab\xC1\xBF", 4, 2},       /* overlong */
        {"\xE0\x9F\xBF", 3, 0},     /* overlong */
        {"\xF0\x8F\xBF\xBF", 4, 0}, /* overlong */
        {"\xED\xA0\x80", 3, 0},     /* surrogate */
        {"\xF4\x90\x80\x80", 4, 0}, /* above U+10FFFF */
        {"\xF5\x80\x80\x80", 4, 0}, /* above U+10FFFF */
        {"x\x80", 2, 1},            /* lone continuation */
        {"x\xC3", 2, 1},            /* incomplete */
        {"x\xE2\x82", 3, 1},        /* incomplete */
        {"12345678\xC3\xA9\xFF", 11, 10},
        {"1234567\xC3\xA9"
         "12345678\xE9 x",
         19, 17},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(cam_utf8_valid_prefix(table[i].bytes, table[i].size), table[i].valid);
}

/* Every code point that is not a surrogate is encoded and decoded. */
static void test_utf8_put(void **state) {
    (void)state;
    for (unsigned c = 1; c <= 0x10FFFF; c++) {
        char bytes[4];
        if (c >= 0xD800 && c < 0xE000)
            continue;
        uint32_t back;
        size_t length = cam_utf8_put(bytes, c);
        assert_int_equal(length, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        assert_int_equal(cam_utf8_valid_prefix(bytes, length), length);
        assert_int_equal(cam_utf8_decode(bytes, length, &back), length);
        assert_int_equal(back, c);
        if (length > 1)
            assert_int_equal(cam_utf8_decode(bytes, length - 1, &back), 0);
    }
}

static void test_utf8_decode(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        uint32_t code_point;
    } table[] = {{"a", 1, 'a'},
                 {"é", 2, 0xE9},
                 {"▁", 3, 0x2581},
                 {"😊", 4, 0x1F60A},
                 {"\xff", 0, 0xFFFD},
                 {"\xc3", 0, 0xFFFD},
                 {"\xc0\x80", 0, 0xFFFD},
                 {"\xc3(", 0, 0xFFFD},
                 {"\xe2\x82(", 0, 0xFFFD},
                 {"\xed\xa0\x80", 0, 0xFFFD},
                 {"\xe0\x80\x80", 0, 0xFFFD},
                 {"\xf4\x90\x80\x80", 0, 0xFFFD}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *at = table[i].bytes, *end = at + strlen(at);
        uint32_t c;
        assert_int_equal(cam_utf8_decode(at, strlen(at), &c), table[i].length);
        assert_int_equal(c, table[i].code_point);
        assert_int_equal(cam_utf8_next(at, end, &c), table[i].length ? table[i].length : 1);
        assert_int_equal(c, table[i].code_point);
    }
}

static void test_cut(void **state) {
    (void)state;
    static const char text[] = "aé▁😊b";
    static const size_t cut[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11};
    for (size_t limit = 0; limit < sizeof cut / sizeof cut[0]; limit++)
        assert_int_equal(cam_utf8_cut(text, strlen(text), limit), cut[limit]);
    assert_int_equal(cam_utf8_cut("", 0, 5), 0);
    assert_int_equal(cam_utf8_cut("é", 2, 1), 0);
}

/* PropList.txt of Unicode 15: White_Space. */
static void test_white_space(void **state) {
    (void)state;
    static const uint32_t spaces[] = {0x09,   0x0A,   0x0B,   0x0C,   0x0D,   0x20,   0x85,   0xA0,   0x1680,
                                      0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008,
                                      0x2009, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
    size_t found = 0;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (!cam_is_white_space(c))
            continue;
        assert_true(found < sizeof spaces / sizeof spaces[0]);
        assert_int_equal(c, spaces[found++]);
    }
    assert_int_equal(found, 25);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_prefix), cmocka_unit_test(test_utf8_put),    cmocka_unit_test(test_utf8_decode),
        cmocka_unit_test(test_cut),         cmocka_unit_test(test_white_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
