/* near_texts: the pairs are those of a comparison of each text with each; equal and short texts have none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit.h"
#include "near_texts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 300, BYTES = 80, PAIRS = ROWS * ROWS };

typedef struct pair {
    int64_t first, second;
    double similarity;
} pair;

typedef struct pairs {
    pair list[PAIRS];
    int count;
} pairs;

static char text[ROWS][BYTES];
static cam_row rows[ROWS];
static pairs found, expected;

static void add(void *context, int64_t first, int64_t second, double similarity) {
    pairs *to = context;
    assert_true(first < second && to->count < PAIRS);
    to->list[to->count++] = (pair){first, second, similarity};
}

static int by_rows(const void *a, const void *b) {
    const pair *x = a, *y = b;
    return x->first != y->first ? (x->first < y->first ? -1 : 1) : (x->second > y->second) - (x->second < y->second);
}

static uint32_t hashed(int i, int salt) {
    return ((uint32_t)(i * 131 + salt) * 2654435761U) >> 16;
}

/* Sentences of seven words out of few: many pairs differ in one or two of them. */
static void make_texts(void) {
    static const char *const words[] = {"bonjour",  "je",     "voudrais", "annuler", "ma",   "commande", "carte",
                                        "virement", "perdue", "de",       "demain",  "hier", "la",       "livraison"};
    for (int i = 0; i < ROWS; i++) {
        int base = i / 6;
        for (int w = 0; w < 7; w++) {
            int changed = hashed(i, 50 + w) % 9 == 0;
            strcat(text[i], words[hashed(changed ? i : base, w) % 14]);
            strcat(text[i], w < 6 ? " " : "");
        }
        rows[i] = (cam_row){.text = text[i], .text_length = strlen(text[i])};
    }
}

static int grams_of(const char *t, char grams[BYTES][5]) {
    int count = 0, length = (int)strlen(t);
    for (int i = 0; i + 4 <= length; i++) {
        int known = 0;
        for (int j = 0; j < count; j++)
            known |= memcmp(grams[j], t + i, 4) == 0;
        if (!known)
            memcpy(grams[count++], t + i, 4);
    }
    return count;
}

static double compare(const char *a, const char *b) {
    char x[BYTES][5], y[BYTES][5];
    int m = grams_of(a, x), n = grams_of(b, y), common = 0;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            common += memcmp(x[i], y[j], 4) == 0;
    return m < CAM_NEAR_LEAST_GRAMS || n < CAM_NEAR_LEAST_GRAMS ? 0 : (double)common / (m + n - common);
}

static void test_each_with_each(void **state) {
    (void)state;
    static int64_t first[ROWS];
    cam_dataset dataset = {.rows = rows, .count = ROWS};
    make_texts();
    assert_int_equal(cam_audit_groups(&dataset, first), CAM_OK);
    static const double least[] = {0.5, 0.7, 0.8, 0.95, 1};
    for (size_t t = 0; t < sizeof least / sizeof least[0]; t++) {
        found.count = expected.count = 0;
        for (int i = 0; i < ROWS; i++)
            for (int j = i + 1; j < ROWS; j++) {
                double value = first[i] == i && first[j] == j ? compare(text[i], text[j]) : 0;
                if (value >= least[t])
                    add(&expected, i, j, value);
            }
        assert_int_equal(cam_near_texts(&dataset, first, least[t], add, &found), CAM_OK);
        qsort(found.list, (size_t)found.count, sizeof *found.list, by_rows);
        assert_int_equal(found.count, expected.count);
        assert_true(least[t] > .9 || found.count > 10);
        for (int i = 0; i < found.count; i++) {
            assert_int_equal(found.list[i].first, expected.list[i].first);
            assert_int_equal(found.list[i].second, expected.list[i].second);
            assert_true(fabs(found.list[i].similarity - expected.list[i].similarity) < 1e-15);
        }
    }
}

static void test_forms(void **state) {
    (void)state;
    static const char *const texts[] = {
        "Où est ma commande 1234 ?",        "OÙ EST MA COMMANDE 1235", "où est ma commande 1234", "oui", "ouis", "",
        "Ou\xCC\x80 est ma commande 1236 !"};
    enum { COUNT = sizeof texts / sizeof texts[0] };
    cam_row few[COUNT];
    int64_t first[COUNT];
    for (int i = 0; i < COUNT; i++)
        few[i] = (cam_row){.text = texts[i], .text_length = strlen(texts[i])};
    cam_dataset dataset = {.rows = few, .count = COUNT};
    found.count = 0;
    assert_int_equal(cam_audit_groups(&dataset, first), CAM_OK);
    assert_int_equal(cam_near_texts(&dataset, first, 0.8, add, &found), CAM_OK);
    qsort(found.list, (size_t)found.count, sizeof *found.list, by_rows);
    assert_int_equal(found.count, 3);
    assert_true(found.list[0].first == 0 && found.list[0].second == 1);
    assert_true(found.list[1].first == 0 && found.list[1].second == 6);
    assert_true(found.list[2].first == 1 && found.list[2].second == 6);
    dataset.count = 0;
    assert_int_equal(cam_near_texts(&dataset, first, 0.8, add, &found), CAM_OK);
    assert_int_equal(found.count, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_with_each),
        cmocka_unit_test(test_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
