/* calibration: temperature, losses, calibration error and bins against scipy and scikit-learn; samples that have no
 * temperature; that a fit is the same each time. */
#include "calibration.h"
#include "statistics_case.h"

static void assert_bins(const cam_reliability *reliability, const json_t *bins) {
    assert_int_equal(json_array_size(bins), CAM_RELIABILITY_BINS);
    for (int b = 0; b < CAM_RELIABILITY_BINS; b++) {
        const json_t *bin = json_array_get(bins, (size_t)b);
        assert_int_equal(reliability->bins[b].rows, json_integer_value(json_array_get(bin, 0)));
        assert_near(reliability->bins[b].score, json_number_value(json_array_get(bin, 1)), 1e-9);
        assert_near(reliability->bins[b].accuracy, json_number_value(json_array_get(bin, 2)), 1e-9);
    }
}

typedef struct rows {
    float *logits;
    int32_t *label;
    int64_t count, labels;
} rows;

static rows take_rows(const json_t *line) {
    size_t values = 0, count = 0;
    double *logits = case_numbers(line, "logits", &values), *label = case_numbers(line, "label", &count);
    rows r = {malloc(values * sizeof *r.logits), malloc(count * sizeof *r.label), (int64_t)count,
              (int64_t)(values / count)};
    for (size_t i = 0; i < values; i++)
        r.logits[i] = (float)logits[i];
    for (size_t i = 0; i < count; i++)
        r.label[i] = (int32_t)label[i];
    free(logits);
    free(label);
    return r;
}

static void release_rows(rows *r) {
    free(r->logits);
    free(r->label);
}

static void check_fit(const json_t *line) {
    rows r = take_rows(line);
    cam_calibration found, again;
    assert_int_equal(cam_calibration_fit(r.logits, r.label, r.count, r.labels, &found), CAM_OK);
    assert_near(found.temperature, case_number(line, "temperature"), 1e-9);
    assert_near(found.loss_before, case_number(line, "loss_before"), 1e-9);
    assert_near(found.loss_after, case_number(line, "loss_after"), 1e-9);
    assert_near(found.before.ece, case_number(line, "ece_before"), 1e-9);
    assert_near(found.after.ece, case_number(line, "ece_after"), 1e-9);
    assert_int_equal(found.kept, json_is_true(json_object_get(line, "kept")));
    assert_int_equal(found.kept, found.outcome == CAM_CALIBRATION_KEPT);
    assert_bins(&found.before, json_object_get(line, "bins_before"));
    assert_bins(&found.after, json_object_get(line, "bins_after"));
    memset(&again, 0xFF, sizeof again);
    assert_int_equal(cam_calibration_fit(r.logits, r.label, r.count, r.labels, &again), CAM_OK);
    assert_memory_equal(&again.temperature, &found.temperature, sizeof again.temperature);
    assert_memory_equal(&again.loss_after, &found.loss_after, sizeof again.loss_after);
    release_rows(&r);
}

static void test_fits(void **state) {
    (void)state;
    each_case("calibration", check_fit);
}

static int kept, refused;

static void count_kept(const json_t *line) {
    *(json_is_true(json_object_get(line, "kept")) ? &kept : &refused) += 1;
}

/* The file has both outcomes. */
static void test_cases(void **state) {
    (void)state;
    each_case("calibration", count_kept);
    assert_true(kept > 0 && refused > 0);
}

/* Log-probabilities are logits, too; and with them divided by the temperature nothing is left to do. */
static void check_again(const json_t *line) {
    rows r = take_rows(line);
    cam_calibration found, rest, applied;
    assert_int_equal(cam_calibration_fit(r.logits, r.label, r.count, r.labels, &found), CAM_OK);
    assert_int_equal(cam_calibration_apply(r.logits, r.label, r.count, r.labels, &found, &applied), CAM_OK);
    for (int64_t i = 0; i < r.count; i++) {
        double sum = 0;
        for (int64_t k = 0; k < r.labels; k++)
            sum += exp(r.logits[i * r.labels + k] / found.temperature);
        for (int64_t k = 0; k < r.labels; k++)
            r.logits[i * r.labels + k] = (float)(r.logits[i * r.labels + k] / found.temperature - log(sum));
    }
    assert_int_equal(cam_calibration_fit(r.logits, r.label, r.count, r.labels, &rest), CAM_OK);
    assert_near(rest.temperature, 1, 1e-5);
    assert_near(rest.loss_before, applied.loss_after, 1e-5);
    assert_true(applied.loss_after <= applied.loss_before);
    assert_near(applied.loss_before, found.loss_before, 1e-12);
    assert_near(rest.before.ece, applied.after.ece, 1e-4);
    release_rows(&r);
}

static void test_calibrated_logits(void **state) {
    (void)state;
    each_case("calibration", check_again);
}

enum { ROWS = 20, LABELS = 3 };

static cam_calibration fit(float logits[ROWS][LABELS], const int32_t *label, int64_t count) {
    cam_calibration found;
    assert_int_equal(cam_calibration_fit(&logits[0][0], label, count, LABELS, &found), CAM_OK);
    return found;
}

static void test_no_temperature(void **state) {
    (void)state;
    float logits[ROWS][LABELS] = {{0}};
    int32_t label[ROWS];
    for (int i = 0; i < ROWS; i++) {
        label[i] = i % LABELS;
        logits[i][label[i]] = 2;
    }
    cam_calibration found = fit(logits, label, ROWS);
    assert_int_equal(found.outcome, CAM_CALIBRATION_ALL_RIGHT);
    assert_false(found.kept);
    assert_true(found.temperature == 1 && found.loss_after == found.loss_before && found.loss_before > 0);
    assert_true(found.after.ece == found.before.ece && found.before.ece > 0);
    for (int i = 0; i < ROWS; i++)
        label[i] = (label[i] + 1) % LABELS; /* all are wrong */
    assert_int_equal(fit(logits, label, ROWS).outcome, CAM_CALIBRATION_NO_SIGNAL);
    assert_int_equal(fit(logits, label, CAM_CALIBRATION_FOLDS - 1).outcome, CAM_CALIBRATION_FEW_ROWS);
    assert_int_equal(fit(logits, label, 0).outcome, CAM_CALIBRATION_FEW_ROWS);
    memset(logits, 0, sizeof logits);
    assert_int_equal(fit(logits, label, ROWS).outcome, CAM_CALIBRATION_NO_SIGNAL);
    logits[7][1] = NAN;
    assert_int_equal(fit(logits, label, ROWS).outcome, CAM_CALIBRATION_NOT_FINITE);
    logits[7][1] = INFINITY;
    assert_int_equal(fit(logits, label, ROWS).outcome, CAM_CALIBRATION_NOT_FINITE);
}

/* Bin b has the scores in (b/15, (b+1)/15]. */
static void test_edges_of_bins(void **state) {
    (void)state;
    static const double score[] = {0, 1.0 / 3, 0.3333334, 0.2, 1, NAN};
    static const unsigned char right[] = {0, 1, 1, 1, 1, 0};
    cam_reliability found;
    cam_reliability_measure(score, right, 5, &found);
    assert_int_equal(found.bins[0].rows, 1);
    assert_int_equal(found.bins[4].rows, 1);
    assert_int_equal(found.bins[5].rows, 1);
    assert_int_equal(found.bins[2].rows, 1);
    assert_int_equal(found.bins[14].rows, 1);
    assert_near(found.ece, (2.0 / 3 + (1 - 0.3333334) + 0.8) / 5, 1e-12);
    cam_reliability_measure(score, right, 6, &found);
    assert_int_equal(found.bins[0].rows, 2);
    cam_reliability_measure(score, right, 0, &found);
    assert_true(found.ece == 0 && found.bins[14].high == 1 && found.bins[0].low == 0);
}

static void test_scores(void **state) {
    (void)state;
    static const float logits[] = {1, 3, 1, 0, 0, 0};
    static const int32_t label[] = {1, 2};
    double score[2];
    unsigned char right[2];
    cam_calibration_scores(logits, label, 2, 3, 2, score, right);
    assert_near(score[0], exp(1.5) / (exp(1.5) + 2 * exp(0.5)), 1e-14);
    assert_near(score[1], 1.0 / 3, 1e-14);
    assert_true(right[0] == 1 && right[1] == 0); /* of equal logits the first is the best */
}

static void test_json(void **state) {
    (void)state;
    cam_calibration calibration = {.outcome = CAM_CALIBRATION_KEPT, .kept = 1, .temperature = 2};
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_json json;
    json_error_t error;
    calibration.after = (cam_reliability){.rows = 4, .ece = 0.25};
    calibration.after.bins[14] = (cam_reliability_bin){0.9, 1, 4, 0.95, 0.75};
    cam_json_begin(&json, &text);
    cam_calibration_put(&calibration, &json);
    cam_json_end(&json);
    json_t *root = json_loads(cam_strbuf_text(&text), 0, &error), *member = json_object_get(root, "calibration");
    assert_non_null(member);
    assert_true(json_is_true(json_object_get(member, "kept")));
    assert_true(case_number(member, "temperature") == 2 && case_number(member, "ece_after") == 0.25);
    assert_int_equal(json_array_size(json_object_get(member, "bins")), CAM_RELIABILITY_BINS);
    const json_t *bin = json_array_get(json_object_get(member, "bins"), 14);
    assert_true(case_number(bin, "rows") == 4 && case_number(bin, "score") == 0.95);
    json_decref(root);
    calibration.kept = 0;
    cam_strbuf_clear(&text);
    cam_json_begin(&json, &text);
    cam_calibration_put(&calibration, &json);
    cam_json_end(&json);
    assert_null(strstr(text.text, "\"rows\":4"));
    cam_strbuf_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_calibrated_logits),
        cmocka_unit_test(test_no_temperature),
        cmocka_unit_test(test_edges_of_bins),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
