/* pattern.c: compares matches with those of plain backtracking, which forgets what it has tried: for random expressions
 * over random texts, and at every place. */
#include "pattern_internal.h"
#include "utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct cam_pattern_item item_of_pattern;

/* Only what the random expressions have: ranges of characters. */
static int holds(const item_of_pattern *item, char c) {
    int in = 0;
    for (int i = 0; i < item->class.range_count; i++)
        in |= (uint32_t)c >= item->class.ranges[i].first && (uint32_t)c <= item->class.ranges[i].last;
    return in != item->class.negated;
}

static const char *backtrack(const item_of_pattern *item, const item_of_pattern *last, const char *begin,
                             const char *at, const char *end) {
    if (item == last)
        return at;
    if (item->test == CAM_PATTERN_AHEAD)
        return (at < end && holds(item, *at)) != item->absent ? backtrack(item + 1, last, begin, at, end) : NULL;
    if (item->test == CAM_PATTERN_BEHIND)
        return (at > begin && holds(item, at[-1])) != item->absent ? backtrack(item + 1, last, begin, at, end) : NULL;
    long most = 0;
    while (at + most < end && most < item->at_most && holds(item, at[most]))
        most++;
    for (long times = most; times >= item->at_least; times--) {
        const char *matched = backtrack(item + 1, last, begin, at + times, end);
        if (matched)
            return matched;
    }
    return NULL;
}

static size_t expected(const cam_pattern *pattern, const char *begin, const char *at, const char *end) {
    for (int i = 0; i < pattern->count; i++) {
        const struct cam_pattern_alternative *a = &pattern->alternatives[i];
        const char *matched = backtrack(a->items, a->items + a->count, begin, at, end);
        if (matched)
            return (size_t)(matched - at);
    }
    return 0;
}

static uint32_t random_state = 7;

static uint32_t draw(uint32_t below) {
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static void make_expression(char *out, size_t size) {
    static const char *const classes[] = {"a", "b", "[ab]", "[^a]", "c", "[a-c]"};
    static const char *const repeats[] = {"", "*", "+", "?", "{1,3}", "{0,2}", "{2}", "{2,}", "*"};
    static const char *const tests[] = {"(?=a)", "(?!b)", "(?<=a)", "(?<!c)", "(?![ab])"};
    size_t length = 0;
    for (uint32_t alternatives = 1 + draw(3); alternatives > 0; alternatives--) {
        for (uint32_t items = 1 + draw(5); items > 0; items--) {
            if (draw(6) == 0)
                length += (size_t)snprintf(out + length, size - length, "%s", tests[draw(5)]);
            else
                length += (size_t)snprintf(out + length, size - length, "%s%s", classes[draw(6)], repeats[draw(9)]);
        }
        if (alternatives > 1)
            length += (size_t)snprintf(out + length, size - length, "|");
    }
}

static void test_random(void **state) {
    size_t matches = 0, places = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        cam_pattern pattern;
        cam_pattern_search search;
        char expression[512], text[24];
        size_t length = 1 + draw(sizeof text);
        make_expression(expression, sizeof expression);
        if (!cam_pattern_compile(&pattern, expression))
            fail_msg("\"%s\" was refused", expression);
        for (size_t k = 0; k < length; k++)
            text[k] = "aaabbc"[draw(6)];
        cam_pattern_search_begin(&search, &pattern, text, text + length);
        for (const char *at = text; at < text + length;) {
            size_t found = cam_pattern_match(&search, at);
            if (found != expected(&pattern, text, at, text + length))
                fail_msg("\"%s\" on \"%.*s\" at %d: %zu", expression, (int)length, text, (int)(at - text), found);
            places++;
            matches += found > 0;
            at += draw(2) && found ? found : 1; /* as those who replace, and at every place */
        }
    }
    assert_true(matches > places / 20 && matches < places);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
