/* metrics.c: scores compared with scikit-learn 1.9 (precision_recall_fscore_support, zero_division=0) and PyTorch 2.15
 * (cross_entropy, softmax in float64); metrics.json read back with jansson. */
#include "metrics.h"
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Label 2 occurs in predictions only; label 4 does not occur. */
static const int truth30[30] = {3, 0, 1, 1, 3, 3, 3, 3, 0, 1, 1, 3, 0, 1, 1,
                                1, 1, 0, 3, 1, 0, 0, 3, 3, 0, 0, 3, 3, 1, 1};
static const int guess30[30] = {1, 0, 1, 1, 3, 1, 1, 3, 0, 3, 2, 3, 2, 2, 2,
                                2, 2, 0, 3, 2, 0, 0, 3, 3, 0, 0, 3, 3, 2, 2};
static const char *const names5[] = {"a", "b", "c", "d", "e"};

static const float logits4[4][3] = {{0.5071699023246765f, 1.2628886699676514f, -0.6618859767913818f},
                                    {-1.5473817586898804f, -7.174817085266113f, 2.508120536804199f},
                                    {-0.4738772511482239f, 5.965429306030273f, -1.8440923690795898f},
                                    {-9.53184986114502f, -0.4980531632900238f, 8.497686386108398f}};
static const int truth4[4] = {0, 2, 1, 1};

static void near_to(double value, double expected) {
    if (!(fabs(value - expected) <= 1e-14 * fabs(expected)))
        fail_msg("%.17g, expected %.17g", value, expected);
}

/* A row whose largest logit is `guess`. */
static void add_guess(cam_metrics *metrics, int truth, int guess) {
    float logits[8] = {0};
    logits[guess] = 1;
    cam_metrics_add(metrics, logits, truth);
}

static void fill(cam_metrics *metrics, const int *truth, const int *guess, int first, int end) {
    for (int i = first; i < end; i++)
        add_guess(metrics, truth[i], guess[i]);
}

static void scores_are_those_of_scikit_learn(void **unused) {
    (void)unused;
    static const struct {
        double precision, recall, f1;
        int64_t support;
    } labels[5] = {{1, 0.875, 0.9333333333333333, 8},
                   {0.4, 0.18181818181818182, 0.25, 11},
                   {0, 0, 0, 0},
                   {0.8888888888888888, 0.7272727272727273, 0.8, 11},
                   {0, 0, 0, 0}};
    cam_metrics metrics;
    assert_int_equal(cam_metrics_init(&metrics, 5), CAM_OK);
    fill(&metrics, truth30, guess30, 0, 30);
    cam_scores scores = cam_metrics_scores(&metrics);
    assert_int_equal(scores.rows, 30);
    near_to(scores.accuracy, 0.5666666666666667);
    near_to(scores.f1_macro, 0.49583333333333335);
    near_to(scores.f1_micro, 0.5666666666666667);
    near_to(scores.f1_weighted, 0.6338888888888888);
    near_to(scores.precision_macro, 0.5722222222222222);
    near_to(scores.recall_macro, 0.4460227272727273);
    near_to(scores.precision_weighted, 0.7392592592592593);
    near_to(scores.recall_weighted, 0.5666666666666667);
    for (int k = 0; k < 5; k++) {
        cam_class_scores label = cam_metrics_class(&metrics, k);
        near_to(label.precision, labels[k].precision);
        near_to(label.recall, labels[k].recall);
        near_to(label.f1, labels[k].f1);
        assert_int_equal(label.support, labels[k].support);
    }
    assert_int_equal(metrics.confusion[1 * 5 + 2], 8);
    assert_int_equal(metrics.confusion[2 * 5 + 1], 0);
    assert_int_equal(metrics.confusion[3 * 5 + 1], 3);
    assert_int_equal(cam_metrics_only_prediction(&metrics), -1);
    cam_metrics_release(&metrics);
}

static void a_model_that_says_one_thing_is_noticed(void **unused) {
    (void)unused;
    static const int truth[] = {0, 0, 1, 1, 2};
    cam_metrics metrics;
    assert_int_equal(cam_metrics_init(&metrics, 3), CAM_OK);
    for (int i = 0; i < 5; i++)
        add_guess(&metrics, truth[i], 1);
    cam_scores scores = cam_metrics_scores(&metrics);
    near_to(scores.f1_macro, 0.19047619047619047);
    near_to(scores.f1_weighted, 0.22857142857142856);
    near_to(scores.accuracy, 0.4);
    assert_int_equal(cam_metrics_only_prediction(&metrics), 1);
    add_guess(&metrics, 0, 2);
    assert_int_equal(cam_metrics_only_prediction(&metrics), -1);
    cam_metrics_clear(&metrics);
    add_guess(&metrics, 1, 1); /* the truth has one label, too: no warning */
    assert_int_equal(cam_metrics_only_prediction(&metrics), -1);
    cam_metrics_release(&metrics);
}

static void losses_are_those_of_pytorch(void **unused) {
    (void)unused;
    static const double losses[] = {1.2354137473188582, 0.01723965248935906, 0.0020013621498994956, 8.995863493210878};
    static const double softmax0[] = {0.29071445515480077, 0.6189721621047928, 0.09031338274040641};
    cam_metrics metrics;
    assert_int_equal(cam_metrics_init(&metrics, 3), CAM_OK);
    for (int i = 0; i < 4; i++) {
        /* For a small loss log(sum) + top cancels, so the error is relative to the sum. */
        assert_true(fabs(cam_cross_entropy(logits4[i], 3, truth4[i]) - losses[i]) < 2e-15);
        cam_metrics_add(&metrics, logits4[i], truth4[i]);
    }
    near_to(cam_metrics_scores(&metrics).loss, 2.5626295637922487);
    double scores[3];
    cam_softmax(logits4[0], 3, scores);
    for (int k = 0; k < 3; k++)
        near_to(scores[k], softmax0[k]);
    static const float large[] = {1000, -1000, 999};
    near_to(cam_cross_entropy(large, 3, 2), 1.3132616875182228);
    near_to(cam_cross_entropy(large, 3, 1), 2000.3132616875182);
    cam_metrics_release(&metrics);
}

static void argmax_is_that_of_numpy(void **unused) {
    (void)unused;
    static const float tie[] = {1, 3, 3, 2}, nan_inside[] = {1, NAN, 5, NAN}, low[] = {-INFINITY, -5}, one[] = {-1};
    assert_int_equal(cam_argmax(tie, 4), 1);
    assert_int_equal(cam_argmax(nan_inside, 4), 1);
    assert_int_equal(cam_argmax(low, 2), 1);
    assert_int_equal(cam_argmax(one, 1), 0);
    assert_true(isnan(cam_cross_entropy(nan_inside, 4, 0)));
}

static void parts_add_up_to_the_whole(void **unused) {
    (void)unused;
    cam_metrics whole, first, second;
    assert_int_equal(cam_metrics_init(&whole, 5), CAM_OK);
    assert_int_equal(cam_metrics_init(&first, 5), CAM_OK);
    assert_int_equal(cam_metrics_init(&second, 5), CAM_OK);
    fill(&whole, truth30, guess30, 0, 30);
    fill(&first, truth30, guess30, 0, 13);
    fill(&second, truth30, guess30, 13, 30);
    cam_metrics_merge(&first, &second);
    assert_int_equal(first.rows, 30);
    assert_memory_equal(first.confusion, whole.confusion, 25 * sizeof *whole.confusion);
    near_to(first.loss_sum, whole.loss_sum);
    cam_metrics_release(&whole);
    cam_metrics_release(&first);
    cam_metrics_release(&second);
}

static void without_rows_nothing_is_divided(void **unused) {
    (void)unused;
    cam_metrics metrics;
    assert_int_equal(cam_metrics_init(&metrics, 2), CAM_OK);
    cam_scores scores = cam_metrics_scores(&metrics);
    assert_true(scores.f1_macro == 0 && scores.accuracy == 0 && isnan(scores.loss));
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_metrics_put_json(&buf, NULL, &metrics, names5, NULL, 0);
    assert_non_null(strstr(buf.text, "\"rows\":0,\"loss\":null,\"accuracy\":0,"));
    cam_strbuf_release(&buf);
    cam_metrics_release(&metrics);
}

static void the_json_has_the_schema_of_the_contract(void **unused) {
    (void)unused;
    static const char *const names[] = {"</script>", "a\tb\"\n", "été"};
    static const char *const warnings[] = {"3 texts were cut"};
    cam_metrics metrics;
    assert_int_equal(cam_metrics_init(&metrics, 3), CAM_OK);
    for (int i = 0; i < 3; i++)
        cam_metrics_add(&metrics, logits4[i], truth4[i]);
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_json json;
    cam_json_begin(&json, &buf);
    cam_json_object(&json, "validation");
    cam_metrics_put_members(&json, &metrics, names, warnings, 1);
    cam_json_close(&json);
    cam_json_end(&json);
    json_error_t error;
    json_t *root = json_loads(buf.text, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(root);
    json_t *set = json_object_get(root, "validation");
    static const char *const keys[] = {"rows",        "loss",   "accuracy",  "f1_macro", "f1_micro",
                                       "f1_weighted", "labels", "confusion", "warnings"};
    assert_int_equal(json_object_size(set), 4 + CAM_CHOICE_COUNT_metric);
    for (int i = 0; i < 9; i++)
        assert_non_null(json_object_get(set, keys[i]));
    cam_scores scores = cam_metrics_scores(&metrics);
    assert_int_equal(json_integer_value(json_object_get(set, "rows")), 3);
    assert_true(json_number_value(json_object_get(set, "loss")) == scores.loss); /* bit for bit */
    assert_true(json_number_value(json_object_get(set, "f1_macro")) == scores.f1_macro);
    for (size_t k = 0; k < 3; k++) {
        json_t *label = json_array_get(json_object_get(set, "labels"), k);
        assert_int_equal(json_object_size(label), 5);
        assert_string_equal(json_string_value(json_object_get(label, "label")), names[k]);
    }
    json_t *row = json_array_get(json_object_get(set, "confusion"), 0);
    assert_int_equal(json_integer_value(json_array_get(row, 1)), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(set, "warnings"), 0)), warnings[0]);
    json_decref(root);
    cam_strbuf_release(&buf);
    cam_metrics_release(&metrics);
}

static void the_warning_reaches_the_json(void **unused) {
    (void)unused;
    cam_metrics metrics;
    assert_int_equal(cam_metrics_init(&metrics, 5), CAM_OK);
    add_guess(&metrics, 0, 3);
    add_guess(&metrics, 1, 3);
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_metrics_put_json(&buf, NULL, &metrics, names5, NULL, 0);
    assert_non_null(strstr(buf.text, "\"warnings\":[\"the model predicts one label only, \\\"d\\\", for all 2 rows"));
    cam_strbuf_release(&buf);
    cam_metrics_release(&metrics);
}

static void the_table_lines_up(void **unused) {
    (void)unused;
    /* composed, decomposed, wide, with a line end inside, longer than the column */
    static const char *const names[] = {"réclamation", "re\xcc\x81sumé", "返品", "x\ny",
                                        "un libellé qui est bien plus long que quarante colonnes"};
    cam_metrics metrics;
    assert_int_equal(cam_metrics_init(&metrics, 5), CAM_OK);
    fill(&metrics, truth30, guess30, 0, 30);
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_metrics_put_table(&buf, &metrics, names);
    assert_non_null(
        strstr(buf.text, "\nréclamation                                  1.0000   0.8750   0.9333        8\n"));
    assert_non_null(
        strstr(buf.text, "\nre\xcc\x81sumé                                       0.4000   0.1818   0.2500       11\n"));
    assert_non_null(strstr(buf.text, "\n返品                                         0.0000"));
    assert_non_null(strstr(buf.text, "\nx?y                                          0.8889"));
    assert_non_null(strstr(buf.text, "\nun libellé qui est bien pl…ante colonnes     0.0000"));
    assert_non_null(
        strstr(buf.text, "\nmacro mean                                   0.5722   0.4460   0.4958       30\n"));
    assert_non_null(strstr(buf.text, "\n 1 réclamation                              7 . 1 . .\n"));
    assert_non_null(strstr(
        buf.text, "largest confusions\n  re\xcc\x81sumé taken for 返品: 8\n  x?y taken for re\xcc\x81sumé: 3\n"));
    cam_strbuf_release(&buf);
    cam_metrics_release(&metrics);
}

static void a_large_matrix_gives_its_largest_confusions_only(void **unused) {
    (void)unused;
    enum { LABELS = 16 };
    static const char *const name = "x";
    const char *names[LABELS];
    cam_metrics metrics;
    assert_int_equal(cam_metrics_init(&metrics, LABELS), CAM_OK);
    for (int k = 0; k < LABELS; k++) {
        names[k] = name;
        metrics.confusion[k * LABELS + (k + 1) % LABELS] = k;
        metrics.rows += k;
    }
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_metrics_put_table(&buf, &metrics, names);
    assert_null(strstr(buf.text, "rows are the truth"));
    assert_non_null(strstr(buf.text, "confusions\n  x taken for x: 15\n  x taken for x: 14\n"));
    assert_non_null(strstr(buf.text, "x taken for x: 6\n"));
    assert_null(strstr(buf.text, "x taken for x: 5\n"));
    cam_strbuf_release(&buf);
    cam_metrics_release(&metrics);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_those_of_scikit_learn),
        cmocka_unit_test(a_model_that_says_one_thing_is_noticed),
        cmocka_unit_test(losses_are_those_of_pytorch),
        cmocka_unit_test(argmax_is_that_of_numpy),
        cmocka_unit_test(parts_add_up_to_the_whole),
        cmocka_unit_test(without_rows_nothing_is_divided),
        cmocka_unit_test(the_json_has_the_schema_of_the_contract),
        cmocka_unit_test(the_warning_reaches_the_json),
        cmocka_unit_test(the_table_lines_up),
        cmocka_unit_test(a_large_matrix_gives_its_largest_confusions_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
