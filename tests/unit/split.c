/* split.c: the split is scikit-learn's, row for row. Expected values were made by scikit-learn 1.9.1 with numpy 2.4.6:
 *     train_test_split(np.arange(n), test_size=fraction, random_state=seed, stratify=ids)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "split.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Matsumoto's published first outputs for the seed 5489. */
static void test_generator(void **state) {
    (void)state;
    cam_mt19937 g;
    cam_mt19937_seed(&g, 5489);
    assert_int_equal(cam_mt19937_next(&g), 3499211612U);
    assert_int_equal(cam_mt19937_next(&g), 581869302U);
    assert_int_equal(cam_mt19937_next(&g), 3890346734U);
    for (int i = 3; i < 9999; i++)
        cam_mt19937_next(&g);
    assert_int_equal(cam_mt19937_next(&g), 4123659995U); /* the 10,000th: C++ standard, [rand.predef] */
}

static void test_permutation(void **state) {
    (void)state;
    static const int64_t seed_42[] = {8, 1, 5, 0, 7, 2, 9, 4, 3, 6};
    static const int64_t seed_0[] = {6, 11, 4, 10, 2, 8, 1, 7, 9, 3, 0, 5};
    int64_t order[12];
    cam_mt19937 g;
    cam_mt19937_seed(&g, 42);
    cam_mt19937_permutation(&g, order, 10);
    assert_memory_equal(order, seed_42, sizeof seed_42);
    cam_mt19937_seed(&g, 0);
    cam_mt19937_permutation(&g, order, 12);
    assert_memory_equal(order, seed_0, sizeof seed_0);
}

static void test_documented_example(void **state) {
    (void)state;
    static const int64_t train[] = {2, 0, 3}, test[] = {1, 4};
    cam_split split;
    assert_int_equal(cam_split_rows(&split, 5, 0.33, 42, NULL, 0, NULL), CAM_OK);
    assert_int_equal(split.train_count, 3);
    assert_int_equal(split.test_count, 2);
    assert_memory_equal(split.train, train, sizeof train);
    assert_memory_equal(split.test, test, sizeof test);
    cam_split_release(&split);
}

static void test_stratified_example(void **state) {
    (void)state;
    static const int64_t train[] = {14, 5, 16, 13, 9, 12, 0, 7, 18, 17, 2, 10, 1, 8}, test[] = {4, 15, 3, 11, 19, 6};
    int32_t ids[20];
    for (int i = 0; i < 20; i++)
        ids[i] = i < 9 ? 0 : i < 16 ? 5 : 7; /* there are unused ids in between */
    cam_split split;
    assert_int_equal(cam_split_rows(&split, 20, 0.3, 42, ids, 8, NULL), CAM_OK);
    assert_int_equal(split.train_count, 14);
    assert_int_equal(split.test_count, 6);
    assert_memory_equal(split.train, train, sizeof train);
    assert_memory_equal(split.test, test, sizeof test);
    cam_split_release(&split);
}

static uint64_t fnv(const int64_t *numbers, size_t count) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < count; i++)
        for (int byte = 0; byte < 8; byte++)
            hash = (hash ^ ((uint64_t)numbers[i] >> (8 * byte) & 0xFF)) * UINT64_C(0x100000001B3);
    return hash;
}

/* Classes of unequal sizes, not sorted: min(x % k, x / 16 % k) with x = (i * 2654435761 mod 2^32) >> 16. */
static int32_t class_of(size_t i, uint32_t k) {
    uint32_t x = (uint32_t)((uint64_t)i * 2654435761U) >> 16;
    uint32_t a = x % k, b = (x >> 4) % k;
    return (int32_t)(a < b ? a : b);
}

static void test_table(void **state) {
    (void)state;
    /* rows, fraction, seed, classes (0 = not stratified), test rows, FNV-1a of the train and test arrays as int64 */
    static const struct {
        size_t rows;
        double fraction;
        uint32_t seed, classes;
        size_t test_rows;
        uint64_t train, test;
    } table[] = {
        {100, 0.1, 42U, 0, 10, UINT64_C(0x9D29D6CBAE4AD48F), UINT64_C(0xEADD26DF3BF5998F)},
        {1000, 0.2, 0U, 0, 200, UINT64_C(0x9AD2CF68398B9214), UINT64_C(0xED6A2410DCE808B0)},
        {11514, 0.1, 42U, 0, 1152, UINT64_C(0x411BBCBCCD999D3B), UINT64_C(0xA1E6673F615561EA)},
        {3, 0.5, 7U, 0, 2, UINT64_C(0xA8C7F832281A39C5), UINT64_C(0x072184407C3A4AC6)},
        {100, 0.2, 42U, 3, 20, UINT64_C(0x8AD9885EBF1B5526), UINT64_C(0x6AD595797D695006)},
        {1000, 0.1, 42U, 7, 100, UINT64_C(0x3C50FBFEF98EAC9C), UINT64_C(0x05917DCBE63862A4)},
        {997, 0.25, 1U, 12, 250, UINT64_C(0xE5BCEF68A35842E1), UINT64_C(0xD4BBE385C7704450)},
        {4999, 0.33, 4294967295U, 20, 1650, UINT64_C(0xE8889DC1109EF4B9), UINT64_C(0xE24B323C507170A3)},
        {11514, 0.1, 42U, 60, 1152, UINT64_C(0xC7F9C40157D359AE), UINT64_C(0x3334097D3D0D8BEF)},
        {50, 0.5, 3U, 4, 25, UINT64_C(0x21207C620B3835E7), UINT64_C(0x8B4D5A345FF657E6)},
        {2000, 0.07, 123U, 2, 140, UINT64_C(0xE40FFCFDAC8C4102), UINT64_C(0xE35F1BF3E5AF7052)},
    };
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        cam_split split;
        int32_t *ids = malloc(table[t].rows * sizeof *ids);
        assert_non_null(ids);
        for (size_t i = 0; i < table[t].rows; i++)
            ids[i] = table[t].classes ? class_of(i, table[t].classes) : 0;
        assert_int_equal(cam_split_rows(&split, table[t].rows, table[t].fraction, table[t].seed,
                                        table[t].classes ? ids : NULL, table[t].classes, NULL),
                         CAM_OK);
        assert_int_equal(split.test_count, table[t].test_rows);
        assert_int_equal(split.train_count, table[t].rows - table[t].test_rows);
        assert_true(fnv(split.train, split.train_count) == table[t].train);
        assert_true(fnv(split.test, split.test_count) == table[t].test);
        cam_split_release(&split);
        free(ids);
    }
}

static void expect_failure(cam_status status, const char *message, size_t count, double fraction, const int32_t *ids,
                           size_t classes, const char *const *names) {
    cam_split split;
    assert_int_equal(cam_split_rows(&split, count, fraction, 42, ids, classes, names), status);
    assert_string_equal(cam_status_message(), message);
    assert_null(split.train);
    assert_null(split.test);
}

static void test_refusals(void **state) {
    (void)state;
    static const int32_t lonely[] = {0, 0, 0, 1, 2, 2}, pairs[] = {0, 0, 1, 1, 2, 2};
    static const char *const names[] = {"achat", "retour", "autre"};
    expect_failure(CAM_E_USAGE, "validation_split is 1; it must lie between 0 and 1", 6, 1.0, NULL, 0, NULL);
    expect_failure(CAM_E_USAGE, "validation_split is 0; it must lie between 0 and 1", 6, 0.0, NULL, 0, NULL);
    expect_failure(CAM_E_DATA, "validation_split 0.1 of 1 row leaves none to train on", 1, 0.1, NULL, 0, NULL);
    expect_failure(CAM_E_DATA, "1 label has one row only, and a stratified split needs two of each: \"retour\"", 6, 0.5,
                   lonely, 3, names);
    expect_failure(CAM_E_DATA,
                   "a stratified split of 6 rows would leave 2 for validation, fewer than the 3 labels: \"achat\" 2, "
                   "\"retour\" 2, \"autre\" 2",
                   6, 0.3, pairs, 3, names);
    expect_failure(CAM_E_DATA,
                   "a stratified split of 6 rows would leave 1 for training, fewer than the 3 labels: \"achat\" 2, "
                   "\"retour\" 2, \"autre\" 2",
                   6, 0.8, pairs, 3, names);
}

static void test_is_possible(void **state) {
    (void)state;
    assert_true(cam_split_is_possible((const int64_t[]){10, 10}, 2, 0.1));
    assert_true(cam_split_is_possible((const int64_t[]){10, 0, 10}, 3, 0.1)); /* a class without rows takes no part */
    assert_false(cam_split_is_possible((const int64_t[]){10, 1, 10}, 3, 0.2));
    assert_false(cam_split_is_possible((const int64_t[]){5, 5, 5}, 3, 0.1)); /* 2 rows for 3 classes */
    assert_true(cam_split_is_possible((const int64_t[]){5, 5, 5}, 3, 0.2));
    assert_false(cam_split_is_possible((const int64_t[]){2, 2}, 2, 0.9));
}

/* --- equal texts ------------------------------------------------------------------------------------------------ */

enum { ROWS = 400, CLASSES = 4 };

typedef struct together {
    int32_t ids[ROWS];
    int64_t first[ROWS];
    cam_split plain, split;
    cam_split_moves moves;
} together;

/* Rows whose number is below `repeated` have the text of row (number % texts). */
static void keep_together(together *t, int64_t repeated, int64_t texts, uint32_t seed, int stratified) {
    for (int64_t i = 0; i < ROWS; i++) {
        t->ids[i] = class_of((size_t)i, CLASSES);
        t->first[i] = i < repeated ? i % texts : i;
    }
    const int32_t *ids = stratified ? t->ids : NULL;
    assert_int_equal(cam_split_rows(&t->plain, ROWS, 0.2, seed, ids, CLASSES, NULL), CAM_OK);
    assert_int_equal(cam_split_rows(&t->split, ROWS, 0.2, seed, ids, CLASSES, NULL), CAM_OK);
    assert_int_equal(cam_split_keep_together(&t->split, t->first, ids, CLASSES, &t->moves), CAM_OK);
}

static void release(together *t) {
    cam_split_release(&t->plain);
    cam_split_release(&t->split);
}

/* Every row is in one part, once, and no text is in both. */
static void expect_whole(const together *t) {
    int part[ROWS] = {0};
    assert_int_equal(t->split.train_count + t->split.test_count, ROWS);
    for (size_t i = 0; i < t->split.train_count; i++)
        part[t->split.train[i]] += 1;
    for (size_t i = 0; i < t->split.test_count; i++)
        part[t->split.test[i]] += 2;
    for (size_t i = 0; i < ROWS; i++) {
        assert_in_range(part[i], 1, 2);
        assert_int_equal(part[i], part[t->first[i]]);
    }
}

static void count_test(const cam_split *split, const int32_t *ids, int64_t *counts) {
    memset(counts, 0, CLASSES * sizeof *counts);
    for (size_t i = 0; i < split->test_count; i++)
        counts[ids[split->test[i]]]++;
}

static void test_nothing_repeated(void **state) {
    (void)state;
    together t;
    keep_together(&t, 0, 1, 42, 1);
    assert_int_equal(t.moves.texts, 0);
    assert_int_equal(t.moves.rows, 0);
    assert_memory_equal(t.split.train, t.plain.train, t.plain.train_count * sizeof(int64_t));
    assert_memory_equal(t.split.test, t.plain.test, t.plain.test_count * sizeof(int64_t));
    release(&t);
}

/* Equal texts are in one part. Each class keeps its number of test rows while it has unique texts to fill up, which the
 * smallest, of 15 rows, soon has not. */
static void test_together(void **state) {
    (void)state;
    static const int64_t repeated[][2] = {{2, 1}, {50, 25}, {100, 10}, {200, 3}, {300, 150}};
    int64_t before[CLASSES], after[CLASSES], tested = 0;
    for (size_t k = 0; k < sizeof repeated / sizeof *repeated; k++)
        for (uint32_t seed = 0; seed < 20; seed++) {
            together t, again;
            keep_together(&t, repeated[k][0], repeated[k][1], seed, 1);
            expect_whole(&t);
            count_test(&t.plain, t.ids, before);
            count_test(&t.split, t.ids, after);
            for (int c = 0; c < CLASSES; c++)
                assert_true(k < 4 && c < 3 ? after[c] == before[c] : after[c] <= before[c]);
            keep_together(&again, repeated[k][0], repeated[k][1], seed, 1);
            assert_memory_equal(t.split.train, again.split.train, t.split.train_count * sizeof(int64_t));
            for (size_t i = 0; i < t.split.test_count; i++)
                tested += k == 4 && t.split.test[i] < 300;
            release(&t);
            release(&again);
        }
    assert_in_range(tested, 20 * 300 / 10, 20 * 300 / 4); /* repeated texts are tested too */
}

static void test_together_unstratified(void **state) {
    (void)state;
    together t;
    keep_together(&t, 300, 100, 7, 0);
    expect_whole(&t);
    assert_int_equal(t.split.test_count, t.plain.test_count);
    assert_true(t.moves.texts > 0 && t.moves.rows > 0);
    release(&t);
}

/* Where training has no unique texts, the test part becomes smaller, never larger. */
static void test_all_repeated(void **state) {
    (void)state;
    int64_t before[CLASSES], after[CLASSES];
    together t;
    keep_together(&t, ROWS, 7, 3, 1);
    expect_whole(&t);
    count_test(&t.plain, t.ids, before);
    count_test(&t.split, t.ids, after);
    for (int c = 0; c < CLASSES; c++)
        assert_true(after[c] <= before[c]);
    assert_int_equal(t.moves.texts, 7);
    release(&t);
}

/* --- by rank ---------------------------------------------------------------------------------------------------- */

/* A file of short texts: text, label id. */
typedef struct by_text {
    cam_row rows[ROWS + 1];
    char texts[ROWS + 1][24];
    int32_t ids[ROWS + 1];
    uint64_t rank[ROWS + 1];
    size_t count;
    cam_split split;
} by_text;

static void fill(by_text *t) {
    *t = (by_text){.count = ROWS};
    for (size_t i = 0; i < ROWS; i++) {
        snprintf(t->texts[i], sizeof t->texts[i], "la demande %zu", i);
        t->ids[i] = class_of(i, CLASSES);
    }
}

static void split_by_text(by_text *t, int stratified) {
    cam_dataset data = {.rows = t->rows, .count = t->count};
    for (size_t i = 0; i < t->count; i++)
        t->rows[i] = (cam_row){.text = t->texts[i], .text_length = strlen(t->texts[i])};
    cam_split_rank_texts(&data, 42, t->rank);
    assert_int_equal(cam_split_by_rank(&t->split, t->count, 0.2, t->rank, stratified ? t->ids : NULL, CLASSES, NULL),
                     CAM_OK);
}

static int is_held_out(const by_text *t, const char *text) {
    for (size_t i = 0; i < t->split.test_count; i++)
        if (strcmp(t->texts[t->split.test[i]], text) == 0)
            return 1;
    return 0;
}

/* Rows of `a` that are held out in both; its texts are all different. */
static size_t held_out_in_both(const by_text *a, const by_text *b) {
    size_t both = 0;
    for (size_t i = 0; i < a->split.test_count; i++)
        both += (size_t)is_held_out(b, a->texts[a->split.test[i]]);
    return both;
}

/* Each part has as many rows, and the test part as many of each class, as scikit-learn's split. */
static void test_by_rank_counts(void **state) {
    (void)state;
    static by_text t;
    int64_t wanted[CLASSES], counts[CLASSES];
    unsigned char seen[ROWS] = {0};
    for (int stratified = 0; stratified < 2; stratified++) {
        cam_split shuffled;
        fill(&t);
        split_by_text(&t, stratified);
        assert_int_equal(cam_split_rows(&shuffled, ROWS, 0.2, 42, stratified ? t.ids : NULL, CLASSES, NULL), CAM_OK);
        assert_int_equal(t.split.test_count, shuffled.test_count);
        count_test(&shuffled, t.ids, wanted);
        count_test(&t.split, t.ids, counts);
        for (int c = 0; stratified && c < CLASSES; c++)
            assert_true(counts[c] >= wanted[c] - 1 && counts[c] <= wanted[c] + 1);
        memset(seen, 0, sizeof seen);
        for (size_t i = 0; i < t.split.train_count; i++)
            seen[t.split.train[i]]++;
        for (size_t i = 0; i < t.split.test_count; i++)
            seen[t.split.test[i]]++;
        for (size_t i = 0; i < ROWS; i++)
            assert_int_equal(seen[i], 1);
        for (size_t i = 1; i < t.split.test_count; i++) /* both parts end where they meet */
            assert_true(t.rank[t.split.test[i - 1]] < t.rank[t.split.test[i]]);
        for (size_t i = 1; i < t.split.train_count; i++)
            assert_true(t.rank[t.split.train[i - 1]] > t.rank[t.split.train[i]]);
        cam_split_release(&shuffled);
        cam_split_release(&t.split);
    }
}

/* A corrected label, a row less, a row more at the top, another order and other punctuation: hardly a row changes part. */
static void test_by_rank_keeps_rows(void **state) {
    (void)state;
    static by_text before, after;
    fill(&before);
    split_by_text(&before, 1);
    size_t held = before.split.test_count;
    for (int edit = 0; edit < 4; edit++) {
        fill(&after);
        if (edit == 0) {
            for (size_t i = 0; i < 8; i++) /* eight rows get another label */
                after.ids[i * 31] = (after.ids[i * 31] + 1) % CLASSES;
        } else if (edit == 1) {
            after.count = ROWS + 1;
            memcpy(after.texts[ROWS], after.texts[0], sizeof after.texts[0]);
            after.ids[ROWS] = after.ids[0];
            strcpy(after.texts[0], "toute nouvelle");
        } else if (edit == 2) {
            for (size_t i = 0; i < ROWS; i++) {
                memcpy(after.texts[i], before.texts[ROWS - 1 - i], sizeof after.texts[i]);
                after.ids[i] = before.ids[ROWS - 1 - i];
            }
        } else {
            strcpy(after.texts[before.split.test[0]] + strlen(after.texts[before.split.test[0]]), " !");
        }
        split_by_text(&after, 1);
        size_t both = held_out_in_both(&before, &after);
        assert_true(edit == 0   ? both + 8 >= held
                    : edit == 1 ? both + 1 >= held
                    : edit == 2 ? both == held
                                : both + 1 == held);
        cam_split_release(&after.split);
    }
    cam_split_release(&before.split);
}

static void test_by_rank_refusals(void **state) {
    (void)state;
    cam_split split;
    const uint64_t rank[] = {4, 3, 2, 1};
    assert_int_equal(cam_split_by_rank(&split, 4, 0.5, rank, (const int32_t[]){0, 0, 0, 1}, 2, NULL), CAM_E_DATA);
    assert_int_equal(cam_split_by_rank(&split, 4, 0.9, rank, NULL, 0, NULL), CAM_E_DATA);
    assert_int_equal(cam_split_by_rank(&split, 4, 1, rank, NULL, 0, NULL), CAM_E_USAGE);
    assert_null(split.train);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generator),
        cmocka_unit_test(test_permutation),
        cmocka_unit_test(test_documented_example),
        cmocka_unit_test(test_stratified_example),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_is_possible),
        cmocka_unit_test(test_nothing_repeated),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_together_unstratified),
        cmocka_unit_test(test_all_repeated),
        cmocka_unit_test(test_by_rank_counts),
        cmocka_unit_test(test_by_rank_keeps_rows),
        cmocka_unit_test(test_by_rank_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
