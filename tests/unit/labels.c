/* labels.c: names get ids; labels that a classifier cannot be trained on are errors. Faults 28 and 30. */
#include "labels.h"
#include "dataset_case.h"

static void expect_names(const cam_labels *labels, const char *const *names, size_t count) {
    assert_int_equal(labels->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(labels->names[i], names[i]);
        assert_int_equal(cam_labels_find(labels, names[i], strlen(names[i])), i);
    }
    assert_int_equal(cam_labels_find(labels, "inconnu", 7), -1);
    assert_int_equal(cam_labels_find(labels, "", 0), -1);
}

/* Python: sorted({"b", "a", "Z", "é", "-1", "no", "\U0001F600", "\uFFFD"}) */
static void test_order(void **state) {
    case_folder *f = *state;
    cam_dataset data =
        case_load(f, "d.csv", "text;label\n1;b\n2;a\n3;\U0001F600\n4;Z\n5;é\n6;b\n7;-1\n8;\uFFFD\n9;no\n");
    static const char *const sorted[] = {"-1", "Z", "a", "b", "no", "é", "\uFFFD", "\U0001F600"};
    static const char *const appearing[] = {"b", "a", "\U0001F600", "Z", "é", "-1", "\uFFFD", "no"};
    cam_label_options options = {.order = CAM_LABELS_SORTED};
    cam_labels labels;
    int32_t ids[9];
    int64_t counts[8];
    assert_int_equal(cam_labels_build(&labels, &options, &data, NULL), CAM_OK);
    expect_names(&labels, sorted, 8);
    assert_int_equal(cam_labels_assign(&labels, &data, ids), CAM_OK);
    static const int32_t expected[] = {3, 2, 7, 1, 5, 3, 0, 6, 4};
    assert_memory_equal(ids, expected, sizeof expected);
    cam_labels_count(&labels, ids, 9, counts);
    static const int64_t expected_counts[] = {1, 1, 1, 2, 1, 1, 1, 1};
    assert_memory_equal(counts, expected_counts, sizeof counts);
    cam_labels_release(&labels);
    options.order = CAM_LABELS_BY_APPEARANCE;
    assert_int_equal(cam_labels_build(&labels, &options, &data, NULL), CAM_OK);
    expect_names(&labels, appearing, 8);
    cam_labels_release(&labels);
    cam_dataset_release(&data);
}

static void test_list(void **state) {
    case_folder *f = *state;
    static const char *const list[] = {"retour", "achat", "autre"};
    cam_dataset data = case_load(f, "d.csv", "text;label\n1;achat\n2;retour\n3;achat\n");
    cam_label_options options = {CAM_LABELS_LIST, list, 3};
    cam_labels labels;
    cam_strbuf warnings = CAM_STRBUF_INIT;
    assert_int_equal(cam_labels_build(&labels, &options, &data, &warnings), CAM_OK);
    expect_names(&labels, list, 3);
    assert_string_equal(warnings.text, "label \"autre\" is listed but no training row has it\n");
    cam_labels_release(&labels);
    cam_strbuf_release(&warnings);
    cam_dataset_release(&data);
}

static void expect_failure(const cam_label_options *options, const cam_dataset *data, cam_status status,
                           const char *message) {
    cam_labels labels;
    assert_int_equal(cam_labels_build(&labels, options, data, NULL), status);
    assert_string_equal(cam_status_message(), message);
    cam_labels_release(&labels);
}

static void test_refused(void **state) {
    case_folder *f = *state;
    static const char *const list[] = {"achat", "retour"}, *const twice[] = {"a", "b", "a"}, *const empty[] = {"a", ""};
    cam_label_options options = {CAM_LABELS_LIST, list, 2};
    char message[1000];
    cam_dataset data = case_load(f, "d.csv", "text;label\n1;achat\n2;Achat\n3;retour\n4;rendu\n5;Achat\n");
    snprintf(message, sizeof message,
             "%s:3: label \"Achat\" is not among the 2 known labels (2 rows); did you mean \"achat\"?\n%s:5: label "
             "\"rendu\" is not among the 2 "
             "known labels (1 row)",
             data.path, data.path);
    expect_failure(&options, &data, CAM_E_DATA, message);
    options = (cam_label_options){CAM_LABELS_LIST, twice, 3};
    expect_failure(&options, &data, CAM_E_USAGE, "label \"a\" is listed twice");
    options = (cam_label_options){CAM_LABELS_LIST, empty, 2};
    expect_failure(&options, &data, CAM_E_USAGE, "label 2 of the list is empty");
    options = (cam_label_options){CAM_LABELS_LIST, list, 1};
    expect_failure(&options, &data, CAM_E_USAGE, "1 label is listed; a classifier needs two");
    cam_dataset_release(&data);
    data = case_load(f, "d.csv", "text;label\n1;achat\n2;achat\n");
    options = (cam_label_options){.order = CAM_LABELS_SORTED};
    expect_failure(&options, &data, CAM_E_DATA,
                   case_says(f, ": one class only, \"achat\" in all 2 rows; a classifier needs two"));
    options = (cam_label_options){CAM_LABELS_LIST, list, 2};
    expect_failure(&options, &data, CAM_E_DATA,
                   case_says(f, ": one class only, \"achat\" in all 2 rows; a classifier needs two"));
    cam_dataset_release(&data);
}

static void test_unseen_in_validation(void **state) {
    case_folder *f = *state;
    cam_dataset train = case_load(f, "train.csv", "text;label\n1;a\n2;b\n");
    cam_dataset validation = case_load(f, "dev.csv", "text;label\n1;a\n2;c\n");
    cam_label_options options = {.order = CAM_LABELS_SORTED};
    cam_labels labels;
    int32_t ids[2];
    assert_int_equal(cam_labels_build(&labels, &options, &train, NULL), CAM_OK);
    assert_int_equal(cam_labels_assign(&labels, &validation, ids), CAM_E_DATA);
    assert_string_equal(cam_status_message(), case_says(f, ":3: label \"c\" is not among the 2 known labels (1 row)"));
    cam_labels_release(&labels);
    cam_dataset_release(&train);
    cam_dataset_release(&validation);
}

/* A label that only removed rows have gets no id. */
static void test_after_removal(void **state) {
    case_folder *f = *state;
    cam_dataset data = case_load(f, "d.csv", "text;label\n1;z\n2;b\n3;a\n");
    static const unsigned char remove[] = {1, 0, 0};
    static const char *const left[] = {"b", "a"};
    cam_label_options options = {.order = CAM_LABELS_BY_APPEARANCE};
    cam_labels labels;
    cam_dataset_remove(&data, remove);
    assert_int_equal(data.count, 2);
    assert_int_equal(data.rows[0].line, 3);
    assert_int_equal(cam_labels_build(&labels, &options, &data, NULL), CAM_OK);
    expect_names(&labels, left, 2);
    cam_labels_release(&labels);
    cam_dataset_release(&data);
}

static void test_many(void **state) {
    (void)state;
    enum { COUNT = 5000 };
    static char texts[COUNT][24];
    static const char *names[COUNT];
    cam_labels labels;
    for (int i = 0; i < COUNT; i++) {
        snprintf(texts[i], sizeof texts[i], "classe %d", i);
        names[i] = texts[i];
    }
    assert_int_equal(cam_labels_from_names(&labels, names, COUNT), CAM_OK);
    expect_names(&labels, names, COUNT);
    cam_labels_release(&labels);
}

/* --- rules ------------------------------------------------------------------------------------------------------ */

/* The labels of all rows, "a b c ", after the rules, and the notes behind "| ". */
static void expect_rules(case_folder *f, const cam_label_rules *rules, const cam_labels *known, const char *labels_in,
                         const char *expected) {
    cam_strbuf text = CAM_STRBUF_INIT, said = CAM_STRBUF_INIT, notes = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, "text;label\n");
    for (const char *c = labels_in; *c; c++)
        cam_strbuf_printf(&text, "texte %d;%.*s\n", (int)(c - labels_in), *c == 'o' ? 5 : 1, *c == 'o' ? "other" : c);
    cam_dataset data = case_load(f, "d.csv", text.text);
    assert_int_equal(cam_label_rules_apply(rules, known, &data, &notes), CAM_OK);
    for (size_t i = 0; i < data.count; i++) {
        assert_string_equal(data.rows[i].label, data.labels.names[data.rows[i].label_number]);
        assert_int_equal(data.rows[i].label_length, strlen(data.rows[i].label));
        cam_strbuf_put_all(&said, data.rows[i].label, " ", NULL);
    }
    const char *note = notes.length ? strstr(notes.text, ": ") : NULL;
    cam_strbuf_put_all(&said, "|", note ? note + 1 : "", NULL);
    assert_string_equal(said.text, expected);
    cam_strbuf_release(&text);
    cam_strbuf_release(&said);
    cam_strbuf_release(&notes);
    cam_dataset_release(&data);
}

static void test_map(void **state) {
    case_folder *f = *state;
    static const cam_pair map[] = {{"a", "b"}, {"b", "c"}, {"x", NULL}, {"missing", "a"}};
    cam_label_rules rules = {.map = map, .map_count = 4};
    expect_rules(f, &rules, NULL, "abcd", "b c c d |"); /* no label is renamed twice */
    expect_rules(f, &rules, NULL, "axdx", "b d | 2 rows were left out by label_map\n");
    expect_rules(f, &rules, NULL, "xx", "| 2 rows were left out by label_map\n");
    expect_rules(f, &(cam_label_rules){0}, NULL, "axdx", "a x d x |");
}

static void test_fold(void **state) {
    case_folder *f = *state;
    static const char *const names[] = {"a", "B"}, *const listed[] = {"A", "b"};
    cam_label_rules rules = {.label_case = CAM_LABEL_CASE_FOLD};
    cam_labels known;
    expect_rules(f, &rules, NULL, "AaaBb", "a a a B B |"); /* the most frequent, or the first */
    assert_int_equal(cam_labels_from_names(&known, names, 2), CAM_OK);
    expect_rules(f, &rules, &known, "AAabbC", "a a a B B C |");
    cam_labels_release(&known);
    rules.spellings = listed;
    rules.spelling_count = 2;
    expect_rules(f, &rules, NULL, "aaBBBc", "A A b b b c |");
    /* the map comes first, and its new labels are counted */
    static const cam_pair map[] = {{"x", "A"}};
    rules = (cam_label_rules){.map = map, .map_count = 1, .label_case = CAM_LABEL_CASE_FOLD};
    expect_rules(f, &rules, NULL, "axxb", "A A A b |");
}

static void test_rare(void **state) {
    case_folder *f = *state;
    static const char *const names[] = {"a", "b"}, *const with_other[] = {"a", "other"};
    cam_label_rules rules = {.min_rows = 2};
    cam_labels known;
    expect_rules(f, &rules, NULL, "aabc",
                 "a a | 2 labels with fewer than 2 rows were left out (2 rows): \"b\" 1, \"c\" 1\n");
    expect_rules(f, &rules, NULL, "aabcc", "a a c c | 1 label with fewer than 2 rows was left out (1 row): \"b\" 1\n");
    assert_int_equal(cam_labels_from_names(&known, names, 2), CAM_OK);
    expect_rules(f, &rules, &known, "abc", "a b | 1 label without training rows was left out (1 row): \"c\" 1\n");
    rules.on_rare = CAM_RARE_LABEL_ERROR;
    expect_rules(f, &rules, &known, "abc", "a b c |");
    cam_labels_release(&known);
    cam_dataset data = case_load(f, "d.csv", "text;label\n1;a\n2;a\n3;b\n");
    assert_int_equal(cam_label_rules_apply(&rules, NULL, &data, NULL), CAM_E_DATA);
    assert_string_equal(cam_status_message(),
                        case_says(f,
                                  ": 1 label has fewer than 2 rows (min_rows_per_label): \"b\" 1; on_rare_label=drop "
                                  "leaves the rows out, on_rare_label=other puts them under one label"));
    cam_dataset_release(&data);
    rules.on_rare = CAM_RARE_LABEL_OTHER;
    expect_rules(
        f, &rules, NULL, "aabco",
        "a a other other other | 2 labels with fewer than 2 rows became \"other\" (2 rows): \"b\" 1, \"c\" 1\n");
    assert_int_equal(cam_labels_from_names(&known, with_other, 2), CAM_OK);
    expect_rules(f, &rules, &known, "azz",
                 "a other other | 1 label without training rows became \"other\" (2 rows): \"z\" 2\n");
    cam_labels_release(&known);
}

/* The message names the label that was meant, with the characters that the eye cannot tell. */
static void test_nearest_is_named(void **state) {
    case_folder *f = *state;
    static const char *const names[] = {"suivi client", "retour"};
    cam_labels labels;
    int32_t ids[3];
    assert_int_equal(cam_labels_from_names(&labels, names, 2), CAM_OK);
    cam_dataset data = case_load(f, "d.csv", "text;label\n\"1\n\";suivi\u00A0client\n2;retours\n3;retour\n");
    assert_int_equal(cam_labels_assign(&labels, &data, ids), CAM_E_DATA);
    assert_non_null(strstr(cam_status_message(), "label \"suivi\u00A0client\" (U+00A0 after \"i\") is not among the 2 "
                                                 "known labels (1 row); did you mean \"suivi client\"?\n"));
    assert_non_null(strstr(cam_status_message(), case_says(f, ":4: row 3: label \"retours\" is not among the 2 known "
                                                              "labels (1 row); did you mean \"retour\"?")));
    assert_int_equal(ids[0], -1);
    assert_int_equal(ids[2], 1);
    cam_labels_release(&labels);
    cam_dataset_release(&data);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_order),         TEST(test_list),
        TEST(test_refused),       TEST(test_unseen_in_validation),
        TEST(test_after_removal), cmocka_unit_test(test_many),
        TEST(test_map),           TEST(test_fold),
        TEST(test_rare),          TEST(test_nearest_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
