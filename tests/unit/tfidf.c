/* tfidf: the baseline on small texts, its scores, and that it is the same each time and says nothing. */
#include "tfidf.h"
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LABELS = 3, TRAIN = 60, HELD_OUT = 9 };

typedef struct sample {
    char text[TRAIN + HELD_OUT][64];
    cam_row row[TRAIN + HELD_OUT];
    const cam_row *rows[TRAIN + HELD_OUT];
    int32_t label[TRAIN + HELD_OUT];
} sample;

/* Texts whose label is told by one word, in another form in the held-out ones: by its characters. */
static cam_tfidf_task make_task(sample *s) {
    static const char *const trained[LABELS] = {"mon colis est perdu", "rendez mes Euros", "mot de passe oublié"};
    static const char *const asked[LABELS] = {"les COLIS perdus", "un euro", "OUBLIÉ"};
    for (int i = 0; i < TRAIN + HELD_OUT; i++) {
        s->label[i] = i % LABELS;
        snprintf(s->text[i], sizeof s->text[i], "%s numéro %d", (i < TRAIN ? trained : asked)[i % LABELS], i);
        s->row[i] = (cam_row){.text = s->text[i], .text_length = strlen(s->text[i])};
        s->rows[i] = &s->row[i];
    }
    return (cam_tfidf_task){.train = {s->rows, s->label, TRAIN},
                            .held_out = {s->rows + TRAIN, s->label + TRAIN, HELD_OUT},
                            .labels = LABELS};
}

static void test_predict(void **state) {
    (void)state;
    static sample s;
    cam_tfidf_task task = make_task(&s);
    int32_t predicted[HELD_OUT], again[HELD_OUT];
    assert_int_equal(cam_tfidf_predict(&task, predicted), CAM_OK);
    assert_memory_equal(predicted, s.label + TRAIN, sizeof predicted);
    srand((unsigned)getpid());
    assert_int_equal(cam_tfidf_predict(&task, again), CAM_OK);
    assert_memory_equal(again, predicted, sizeof predicted);
}

/* The largest margin of a row is that of the predicted label. */
static void test_margins(void **state) {
    (void)state;
    static sample s;
    cam_tfidf_task task = make_task(&s);
    int32_t predicted[HELD_OUT];
    double margins[HELD_OUT][LABELS + 1];
    task.labels = LABELS + 1; /* the last one has no training row */
    assert_int_equal(cam_tfidf_predict(&task, predicted), CAM_OK);
    assert_int_equal(cam_tfidf_margins(&task, margins[0]), CAM_OK);
    for (int i = 0; i < HELD_OUT; i++) {
        assert_true(margins[i][LABELS] == -DBL_MAX);
        for (int k = 0; k < LABELS; k++)
            assert_true(k == predicted[i] || (margins[i][k] < margins[i][predicted[i]] && margins[i][k] > -100));
    }
}

/* A label without training rows is never predicted; texts without a known term get some label. */
static void test_edges(void **state) {
    (void)state;
    static sample s;
    cam_tfidf_task task = make_task(&s);
    int32_t predicted[HELD_OUT];
    task.labels = LABELS + 1;
    s.row[TRAIN] = (cam_row){.text = "", .text_length = 0};
    s.row[TRAIN + 1] = (cam_row){.text = "\xF0\x9F\x8E\x89", .text_length = 4};
    assert_int_equal(cam_tfidf_predict(&task, predicted), CAM_OK);
    for (int i = 0; i < HELD_OUT; i++)
        assert_in_range(predicted[i], 0, LABELS - 1);
    task.held_out.count = 0;
    assert_int_equal(cam_tfidf_predict(&task, predicted), CAM_OK);
}

static void test_says_nothing(void **state) {
    (void)state;
    static sample s;
    cam_tfidf_task task = make_task(&s);
    int32_t predicted[HELD_OUT];
    FILE *file = tmpfile();
    fflush(stdout);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    cam_status st = cam_tfidf_predict(&task, predicted);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    assert_int_equal(st, CAM_OK);
    fseek(file, 0, SEEK_END);
    assert_int_equal(ftell(file), 0);
    fclose(file);
}

static int always(void *context) {
    (void)context;
    return 1;
}

static void test_stop(void **state) {
    (void)state;
    static sample s;
    cam_tfidf_task task = make_task(&s);
    cam_cancel cancel = {.requested = always};
    int32_t predicted[HELD_OUT];
    task.cancel = &cancel;
    assert_int_equal(cam_tfidf_predict(&task, predicted), CAM_E_STOPPED);
}

/* scikit-learn: accuracy_score 0.5, f1_score(average="macro") (2/3 + 0 + 2/3) / 3; label 3 occurs nowhere. */
static void test_score(void **state) {
    (void)state;
    static const int32_t label[] = {0, 0, 1, 2}, predicted[] = {0, 1, 2, 2};
    cam_tfidf_scores scores;
    assert_int_equal(cam_tfidf_score(label, predicted, 4, 4, &scores), CAM_OK);
    assert_int_equal(scores.rows, 4);
    assert_float_equal(scores.accuracy, 0.5, 1e-12);
    assert_float_equal(scores.f1_macro, 4.0 / 9, 1e-12);
    assert_int_equal(cam_tfidf_score(label, predicted, 0, 4, &scores), CAM_OK);
    assert_float_equal(scores.f1_macro, 0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_predict), cmocka_unit_test(test_margins),
                                       cmocka_unit_test(test_edges),   cmocka_unit_test(test_says_nothing),
                                       cmocka_unit_test(test_stop),    cmocka_unit_test(test_score)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
