/* dataset_audit.c: duplicates, conflicting labels and overlaps are counted and shown with their lines. Fault 31. */
#include "audit.h"
#include "dataset_case.h"
#include "text_fold.h"
#include "utf8.h"

static void test_what_counts_as_the_same(void **state) {
    (void)state;
    static const struct {
        const char *text, *key;
    } table[] = {
        {"", ""},
        {"   ", ""},
        {"Bonjour !", "bonjour"},
        {"  L'ÉTÉ\t\n arrive...", "l'été arrive"},
        {"L'E\xCC\x81te\xCC\x81 arrive\xC2\xA0?!", "l'été arrive"},
        {"\xC5\x92uf\xE2\x80\xA6 ", "œuf"},
        {"STRASSE", "strasse"},
        {"straße", "strasse"},
        {"a\xE2\x80\x80"
         "b\xE3\x80\x80"
         "c",
         "a b c"},
        {"\xC2\xB5", "\xCE\xBC"}, /* micro sign: Greek mu */
        {"3 \xC3\x97 4", "3 × 4"},
        {"\xCE\xA3\xCE\xAF\xCF\x82", "\xCF\x83\xCE\xAF\xCF\x83"}, /* final sigma folds */
        {"?!", "?!"},                                             /* a text of punctuation keeps it */
        {"12,5.", "12,5"},
    };
    cam_strbuf key = CAM_STRBUF_INIT;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        cam_text_fold(table[i].text, strlen(table[i].text), CAM_FOLD_TEXT, &key);
        assert_string_equal(cam_strbuf_text(&key), table[i].key);
    }
    cam_strbuf_release(&key);
}

/* The fast path for Latin text gives the same keys as utf8proc. A character that folds to itself is put in front of a
 * text to force the slow path, and is then removed from the key. */
static void test_short_way_is_the_long_way(void **state) {
    (void)state;
    static const char front[] = "\xE4\xB8\xAD ";
    cam_strbuf quick = CAM_STRBUF_INIT, slow = CAM_STRBUF_INIT;
    for (unsigned c = 1; c < 0x3000; c++) {
        char text[32] = "中 xA", *put = text + 4;
        if (c >= 0x2000 && c < 0x2002) /* spaces that NFC replaces by other spaces: the same to both */
            continue;
        put += cam_utf8_put(put + 1, c);
        memcpy(put + 1, "Zz", 3);
        cam_text_fold(text + sizeof front - 1, strlen(text) - (sizeof front - 1), CAM_FOLD_TEXT, &quick);
        cam_text_fold(text, strlen(text), CAM_FOLD_TEXT, &slow);
        assert_string_equal(quick.text, slow.text + sizeof front - 1);
    }
    cam_strbuf_release(&quick);
    cam_strbuf_release(&slow);
}

static const char train_text[] = "text;label\n"
                                 "Bonjour;a\n"                     /* 2 */
                                 "où est ma commande ?;b\n"        /* 3 */
                                 "bonjour !;a\n"                   /* 4: repeats 2 */
                                 "BONJOUR;b\n"                     /* 5: repeats 2, another label */
                                 ";a\n"                            /* 6: empty */
                                 ";b\n"                            /* 7: empty, no duplicate */
                                 "merci;a\n"                       /* 8 */
                                 "Ou\xCC\x80 est ma commande;b\n"; /* 9: repeats 3 */

static void test_findings(void **state) {
    case_folder *f = *state;
    cam_dataset train = case_load(f, "train.csv", train_text);
    cam_dataset validation = case_load(f, "dev.csv", "text;label\nMerci.;a\nautre;b\n");
    cam_dataset test = case_load(f, "test.csv", "text;label\nautre !;a\nmerci;b\nneuf;a\nneuf;a\n");
    const cam_dataset *parts[CAM_PARTS] = {&train, &validation, &test};
    cam_audit audit;
    cam_strbuf out = CAM_STRBUF_INIT;
    char expected[4000];
    assert_int_equal(cam_audit_run(&audit, parts), CAM_OK);
    assert_int_equal(audit.duplicates[CAM_PART_TRAIN].count, 3);
    assert_int_equal(audit.conflicts[CAM_PART_TRAIN].count, 1);
    assert_int_equal(audit.empty_texts[CAM_PART_TRAIN], 2);
    assert_int_equal(audit.overlaps[CAM_PART_TRAIN].count, 0);
    assert_int_equal(audit.overlaps[CAM_PART_VALIDATION].count, 1);
    assert_int_equal(audit.overlaps[CAM_PART_TEST].count, 2);
    assert_int_equal(audit.duplicates[CAM_PART_TEST].count, 1);
    cam_audit_describe(&audit, &out);
    snprintf(
        expected, sizeof expected,
        "%s: 3 rows repeat the text of an earlier row: row 2 and row 4 \"bonjour !\"; row 2 and row 5 \"BONJOUR\"; row "
        "3 and row 9 \"Ou\xCC\x80 est ma commande\"\n"
        "%s: 1 row has the text of an earlier row under another label: row 2 and row 5 \"BONJOUR\" (\"a\", \"b\")\n"
        "%s: 2 rows have no text\n"
        "%s: 1 row has the text of a row in the training data: row 2 (train row 8) \"Merci.\"\n"
        "%s: 1 row repeats the text of an earlier row: row 4 and row 5 \"neuf\"\n"
        "%s: 2 rows have the text of a row in the training or validation data: row 2 (validation row 3) \"autre "
        "!\"; row 3 (train row 8) \"merci\"\n",
        train.path, train.path, train.path, validation.path, test.path, test.path);
    assert_string_equal(out.text, expected);
    cam_strbuf_release(&out);
    cam_dataset_release(&train);
    cam_dataset_release(&validation);
    cam_dataset_release(&test);
}

static void test_actions(void **state) {
    case_folder *f = *state;
    cam_dataset train = case_load(f, "train.csv", train_text);
    const cam_dataset *parts[CAM_PARTS] = {&train, NULL, NULL};
    cam_audit audit;
    cam_strbuf warnings = CAM_STRBUF_INIT;
    size_t dropped;
    assert_int_equal(cam_audit_run(&audit, parts), CAM_OK);
    assert_int_equal(cam_audit_apply(&audit, CAM_DUPLICATE_IGNORE, &train, &warnings, &dropped), CAM_OK);
    assert_int_equal(warnings.length, 0);
    assert_int_equal(cam_audit_apply(&audit, CAM_DUPLICATE_WARN, &train, &warnings, &dropped), CAM_OK);
    assert_non_null(strstr(warnings.text, "3 rows repeat"));
    assert_int_equal(train.count, 8);
    assert_int_equal(cam_audit_apply(&audit, CAM_DUPLICATE_ERROR, &train, &warnings, &dropped), CAM_E_DATA);
    assert_non_null(strstr(cam_status_message(), "3 rows repeat"));
    assert_int_equal(train.count, 8);
    assert_int_equal(cam_audit_apply(&audit, CAM_DUPLICATE_DROP, &train, &warnings, &dropped), CAM_OK);
    assert_int_equal(dropped, 3);
    assert_non_null(strstr(warnings.text, "3 repeated rows were dropped, the first of each kept\n"));
    static const long left[] = {2, 3, 6, 7, 8};
    assert_int_equal(train.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(train.rows[i].line, left[i]);
    assert_int_equal(cam_audit_run(&audit, parts), CAM_OK);
    assert_int_equal(audit.duplicates[CAM_PART_TRAIN].count, 0);
    assert_int_equal(cam_audit_apply(&audit, CAM_DUPLICATE_ERROR, &train, &warnings, &dropped), CAM_OK);
    cam_strbuf_release(&warnings);
    cam_dataset_release(&train);
}

static void test_label_counts(void **state) {
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d"};
    static const int64_t even[] = {8, 9, 10, 0}, uneven[] = {100, 7, 8, 1};
    cam_labels labels;
    cam_strbuf warnings = CAM_STRBUF_INIT;
    assert_int_equal(cam_labels_from_names(&labels, names, 4), CAM_OK);
    assert_true(cam_audit_labels(&labels, even, 0, &warnings) == 1.25);
    assert_int_equal(warnings.length, 0);
    assert_true(cam_audit_labels(&labels, uneven, 0, &warnings) == 100.0);
    assert_string_equal(warnings.text, "2 labels have fewer than 8 training rows: \"b\" 7, \"d\" 1\n"
                                       "the labels are uneven: \"a\" has 100 training rows, \"d\" has 1; consider "
                                       "class_weights=balanced\n");
    cam_strbuf_release(&warnings);
    cam_labels_release(&labels);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_counts_as_the_same),
        cmocka_unit_test(test_short_way_is_the_long_way),
        TEST(test_findings),
        TEST(test_actions),
        cmocka_unit_test(test_label_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
