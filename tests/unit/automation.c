/* automation: intervals against scipy.stats.beta.ppf; the curve and the threshold that reaches an accuracy against a direct
 * count over all thresholds. */
#include "automation.h"
#include "statistics_case.h"

static void check_interval(const json_t *line) {
    size_t count = 0;
    double *expected = case_numbers(line, "interval", &count);
    int64_t right = (int64_t)case_number(line, "right"), rows = (int64_t)case_number(line, "rows");
    cam_interval found = cam_proportion_interval(right, rows, case_number(line, "confidence"));
    assert_near(found.value, (double)right / (double)rows, 1e-15);
    assert_near(found.low, expected[0], 1e-9);
    assert_near(found.high, expected[1], 1e-9);
    free(expected);
}

static void test_intervals(void **state) {
    (void)state;
    each_case("interval", check_interval);
    cam_interval none = cam_proportion_interval(0, 0, 0.95);
    assert_true(none.low == 0 && none.high == 1);
}

static void check_rows(const json_t *line) {
    double target = case_number(line, "target"), confidence = case_number(line, "confidence");
    int64_t rows = cam_proportion_rows(target, confidence);
    assert_int_equal(rows, (int64_t)case_number(line, "rows"));
}

static void test_fewest_rows(void **state) {
    (void)state;
    each_case("rows", check_rows);
}

typedef struct rows {
    double *score;
    unsigned char *right;
    int64_t count;
} rows;

static rows take_rows(const json_t *line) {
    size_t count = 0;
    double *score = case_numbers(line, "score", &count), *right = case_numbers(line, "right", &count);
    rows r = {score, malloc(count), (int64_t)count};
    for (size_t i = 0; i < count; i++)
        r.right[i] = right[i] == 1;
    free(right);
    return r;
}

static void release_rows(rows *r) {
    free(r->score);
    free(r->right);
}

static void assert_point(const cam_automation_point *point, const json_t *expected) {
    const double found[] = {point->threshold, point->share, point->accuracy.value, point->accuracy.low,
                            point->accuracy.high};
    assert_true(point->threshold == json_number_value(json_array_get(expected, 0)));
    for (size_t i = 1; i < sizeof found / sizeof found[0]; i++)
        assert_near(found[i], json_number_value(json_array_get(expected, i)), 1e-9);
}

/* What a threshold promises is what comparing the scores with it gives. */
static void assert_count(const rows *r, const cam_automation_point *point) {
    int64_t count = 0, right = 0;
    for (int64_t i = 0; i < r->count; i++) {
        count += r->score[i] >= point->threshold;
        right += r->score[i] >= point->threshold && r->right[i];
    }
    assert_int_equal(count, point->rows);
    assert_int_equal(right, point->right);
}

static void check_curve(const json_t *line) {
    rows r = take_rows(line);
    const json_t *points = json_object_get(line, "points");
    double confidence = case_number(line, "confidence");
    cam_automation curve;
    cam_automation_point point;
    int found = -1;
    assert_int_equal(cam_automation_curve(r.score, r.right, r.count, confidence, &curve), CAM_OK);
    assert_int_equal(curve.rows, r.count);
    assert_int_equal(curve.count, json_array_size(points));
    for (int i = 0; i < curve.count; i++) {
        assert_point(&curve.points[i], json_array_get(points, (size_t)i));
        assert_count(&r, &curve.points[i]);
    }
    assert_true(curve.points[curve.count - 1].share == 1);
    assert_int_equal(
        cam_automation_find(r.score, r.right, r.count, confidence, case_number(line, "target"), &point, &found),
        CAM_OK);
    assert_int_equal(found, json_is_true(json_object_get(line, "found")));
    assert_point(&point, json_object_get(line, "point"));
    assert_count(&r, &point);
    release_rows(&r);
}

static void test_curves(void **state) {
    (void)state;
    each_case("automation", check_curve);
}

static int reached, missed;

static void count_found(const json_t *line) {
    *(json_is_true(json_object_get(line, "found")) ? &reached : &missed) += 1;
}

/* The file has both outcomes. */
static void test_cases(void **state) {
    (void)state;
    each_case("automation", count_found);
    assert_true(reached > 0 && missed > 0);
}

enum { MANY = 20000 };

/* At most 101 points of many scores; the order of the rows does not matter. */
static void test_many(void **state) {
    (void)state;
    static double score[MANY], turned[MANY];
    static unsigned char right[MANY], turned_right[MANY];
    cam_automation curve, other;
    for (int i = 0; i < MANY; i++) {
        score[i] = turned[MANY - 1 - i] = (double)((i * 7919) % MANY) / MANY;
        right[i] = turned_right[MANY - 1 - i] = score[i] > 0.1 || i % 3 == 0;
    }
    assert_int_equal(cam_automation_curve(score, right, MANY, 0.95, &curve), CAM_OK);
    assert_int_equal(curve.count, CAM_AUTOMATION_POINTS);
    assert_int_equal(cam_automation_curve(turned, turned_right, MANY, 0.95, &other), CAM_OK);
    for (int i = 0; i < curve.count; i++) {
        assert_true(curve.points[i].threshold == other.points[i].threshold);
        assert_true(curve.points[i].accuracy.low == other.points[i].accuracy.low);
        assert_true(i == 0 || curve.points[i].threshold < curve.points[i - 1].threshold);
        assert_true(i == 0 || curve.points[i].share > curve.points[i - 1].share);
    }
}

static void test_edges(void **state) {
    (void)state;
    static const double score[] = {NAN, 1, 0.99999999, 0};
    static const unsigned char right[] = {1, 1, 1, 0};
    cam_automation curve;
    cam_automation_point point;
    int found = -1;
    assert_int_equal(cam_automation_curve(score, right, 0, 0.95, &curve), CAM_OK);
    assert_int_equal(curve.count, 0);
    assert_int_equal(cam_automation_find(score, right, 0, 0.95, 0.5, &point, &found), CAM_OK);
    assert_true(found == 0 && point.rows == 0);
    assert_int_equal(cam_automation_curve(score, right, 4, 0.95, &curve), CAM_OK);
    assert_int_equal(curve.count, 3);
    assert_true(curve.points[0].threshold == 1 && curve.points[1].threshold == 0.9 && curve.points[2].threshold == 0);
    assert_int_equal(curve.points[2].right, 3);
}

static void test_json(void **state) {
    (void)state;
    static cam_automation automation = {.rows = 4, .count = 1};
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_json json;
    automation.points[0] = (cam_automation_point){0.5, 0.25, 1, 1, {1, 0.025, 1}};
    cam_json_begin(&json, &text);
    cam_automation_put(&automation, &json);
    cam_json_end(&json);
    assert_string_equal(
        text.text, "{\"automation\":[{\"threshold\":0.5,\"share\":0.25,\"accuracy\":1,\"low\":0.025,\"high\":1}]}");
    cam_strbuf_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals), cmocka_unit_test(test_fewest_rows), cmocka_unit_test(test_curves),
        cmocka_unit_test(test_cases),     cmocka_unit_test(test_many),        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
