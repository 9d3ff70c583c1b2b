/* diagnosis.c: the closing line for runs given as numbers: each finding and each cause, and runs of which there is
 * nothing to say. tests/cli/finish.bats has real runs. */
#include "diagnosis_internal.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LABELS = 3 };
static const char *const names[LABELS] = {"a", "b", "c"};
static const int64_t even[LABELS] = {300, 300, 300}, uneven[LABELS] = {860, 20, 20};

static const int64_t good[] = {29, 1, 0, 1, 29, 0, 0, 0, 30};
static const int64_t no_c[] = {29, 1, 0, 1, 29, 0, 10, 20, 0};
static const int64_t only_a[] = {30, 0, 0, 30, 0, 0, 30, 0, 0};
static const int64_t chance[] = {12, 9, 9, 9, 12, 9, 9, 9, 12};
static const int64_t weak[] = {22, 4, 4, 4, 22, 4, 4, 4, 22};

/* A finished run with settings that fit 900 rows and hidden size 768, in which all went well. */
static cam_training_facts usual(cam_metrics *metrics, const int64_t *confusion, double loss) {
    static int64_t matrix[LABELS * LABELS];
    memcpy(matrix, confusion, sizeof matrix);
    *metrics = (cam_metrics){.labels = LABELS, .rows = 90, .confusion = matrix, .loss_sum = 90 * loss};
    return (cam_training_facts){.validation = metrics,
                                .labels = names,
                                .label_rows = even,
                                .train_rows = 900,
                                .baseline_accuracy = 0.6,
                                .hidden = 768,
                                .batch_rows = 32,
                                .learning_rate = 5e-5,
                                .highest_rate = 5e-5,
                                .warmup = 26,
                                .steps = 435,
                                .steps_per_epoch = 29,
                                .epochs = 15,
                                .evaluations = 15,
                                .gain = 0.001,
                                .metric = CAM_METRIC_F1_MACRO,
                                .output_dir = "/nowhere/run"};
}

/* Expects a line that begins with `finding` and holds `cause` and `settings`; "" of all: no line. */
static void expect(const cam_training_facts *facts, const char *finding, const char *cause, const char *settings) {
    cam_strbuf line = CAM_STRBUF_INIT, set = CAM_STRBUF_INIT;
    int said = cam_diagnosis_put(&line, &set, facts);
    const char *text = cam_strbuf_text(&line);
    if (said != (finding[0] != '\0') || strncmp(text, finding, strlen(finding)) != 0 || !strstr(text, cause) ||
        !strstr(cam_strbuf_text(&set), settings) || (said != (text[0] != '\0')) || strchr(text, '\n'))
        fail_msg("\"%s\", \"%s\", expected \"%s\", \"%s\", \"%s\"", text, cam_strbuf_text(&set), finding, cause,
                 settings);
    assert_null(strstr(text, "longer warm-up"));
    cam_strbuf_release(&line);
    cam_strbuf_release(&set);
}

#define BESIDE " output_dir=/nowhere/run-2"

static void of_a_good_run_nothing_is_said(void **unused) {
    (void)unused;
    cam_metrics metrics;
    cam_training_facts facts = usual(&metrics, good, 0.1);
    expect(&facts, "", "", "");
    facts.baseline_accuracy = 0.99; /* above 0.9778, but within chance */
    expect(&facts, "", "", "");
    facts.baseline_accuracy = -1;
    expect(&facts, "", "", "");
    facts = usual(&metrics, weak, 1.5); /* over-fitted: a loss above that of guessing, but it has learned */
    expect(&facts, "", "", "");
    facts.epochs = 1; /* few steps that sufficed */
    facts.steps = 29;
    expect(&facts, "", "", "");
}

static void one_label_only(void **unused) {
    (void)unused;
    cam_metrics metrics;
    cam_training_facts facts = usual(&metrics, only_a, 1.09);
    static const char finding[] = "the model predicts one label only, \"a\", for all 90 rows";
    expect(&facts, finding, ": the texts may not tell the labels apart; read mistakes.csv", "");
    facts.label_rows = uneven;
    expect(&facts, finding, "one label has most of the rows", " class_weights=balanced" BESIDE);
    facts.class_weights = 1;
    expect(&facts, finding, "the texts may not tell", "");
    facts = usual(&metrics, only_a, 1.09);
    facts.warmup = 500;
    facts.steps = 3;
    facts.epochs = 3.0 / 29;
    facts.highest_rate = 2e-7;
    expect(&facts, finding, "the warm-up takes 500 steps and the run made 3, so that the rate was at most 2e-7",
           " warmup_steps=0 warmup_ratio=0 num_train_epochs=");
    facts.warmup = 1;
    facts.steps = 1;
    facts.epochs = 1.0 / 29;
    facts.highest_rate = 0;
    expect(&facts, finding, "the warm-up takes 1 step and the run made 1", "warmup_ratio=0 num_train_epochs=");
}

static void little_learned_and_why(void **unused) {
    (void)unused;
    cam_metrics metrics;
    static const char finding[] = "the model learned little: its loss of 1.0500 is near 1.0986";
    cam_training_facts facts = usual(&metrics, chance, 1.05);
    expect(&facts, finding, "the texts may not tell", "");
    facts.epochs = 3;
    facts.steps = 87;
    expect(&facts, finding, "the run made only 87 steps", " num_train_epochs=");
    facts.baseline_accuracy = 0.45;
    expect(
        &facts, finding,
        "TF-IDF learns no more (accuracy 0.4500), so that the texts may not tell the labels apart; read mistakes.csv",
        "");
    facts.baseline_accuracy = 0.6;
    facts.steps_are_set = 1;
    expect(&facts, finding, "the run made only 87 steps", " max_steps=-1 num_train_epochs=");
    facts.learning_rate = facts.highest_rate = 1e-7;
    expect(&facts, finding, "a learning_rate of 1e-7 is too low for this encoder", " learning_rate=");
    facts.learning_rate = facts.highest_rate = 0;
    expect(&facts, finding, "a learning_rate of 0 is too low", " learning_rate=");
    facts.learning_rate = facts.highest_rate = 0.01;
    expect(&facts, finding, "a learning_rate of 1e-2 is too high for this encoder", " learning_rate=");
    facts.trained = CAM_TRAINED_HEAD; /* such a rate suits a head */
    expect(&facts, finding, "the run made only 87 steps", " num_train_epochs=");
    facts.epochs = 100;
    expect(&facts, finding, "a frozen encoder cannot learn the words", " freeze=none learning_rate=");
    facts.random_weights = 1;
    facts.learning_rate = facts.highest_rate = 1e-3;
    expect(&facts, finding, "the frozen part has random weights",
           " freeze=none learning_rate=1e-3 output_dir=/nowhere/run-full");
    facts.trained = CAM_TRAINED_ALL;
    expect(&facts, finding, "it began with random weights", " init=pretrained model_name_or_path=camembert-base ");
    facts.folder_has_weights = 1;
    expect(&facts, finding, "it began with random weights", " init=pretrained learning_rate=");
}

static void below_the_baseline(void **unused) {
    (void)unused;
    cam_metrics metrics;
    static const char finding[] = "the model is below TF-IDF on the same rows (accuracy 0.7333 against 0.9000)";
    cam_training_facts facts = usual(&metrics, weak, 0.7);
    facts.baseline_accuracy = 0.9;
    expect(&facts, finding, "the texts may not tell", "");
    facts.epochs = 5;
    facts.steps = 145;
    expect(&facts, finding, "the run made only 145 steps", " num_train_epochs=");
    facts.learning_rate = facts.highest_rate = 5e-6;
    expect(&facts, finding, "the run made only 145 steps", " learning_rate=");
    facts.early_stopping = 1;
    expect(&facts, finding, "early_stopping_patience ended the run after 145 steps", " early_stopping_patience=0 ");
}

/* Within one standard error. */
static void no_better_than_the_baseline(void **unused) {
    (void)unused;
    cam_metrics metrics;
    static const char finding[] =
        "the model is no better than TF-IDF on the same rows (accuracy 0.7333 against 0.7200)";
    cam_training_facts facts = usual(&metrics, weak, 0.7);
    facts.baseline_accuracy = 0.72;
    expect(&facts, finding, "a frozen encoder may score the same in less time",
           " freeze=encoder learning_rate=2e-3 num_train_epochs=55 output_dir=/nowhere/run-frozen");
    facts.trained = CAM_TRAINED_HEAD;
    facts.learning_rate = facts.highest_rate = 2e-3;
    facts.epochs = 55;
    expect(&facts, finding, "a frozen encoder cannot learn the words",
           " freeze=none learning_rate=5e-5 num_train_epochs=12 output_dir=/nowhere/run-full");
    facts.random_weights = 1;
    facts.trained = CAM_TRAINED_ALL;
    facts.learning_rate = facts.highest_rate = 1e-3;
    expect(&facts, finding, "it began with random weights", " init=pretrained");
    facts = usual(&metrics, good, 0.1);
    facts.baseline_accuracy = 0.99; /* there is little left to gain */
    expect(&facts, "", "", "");
}

static void labels_never_predicted(void **unused) {
    (void)unused;
    cam_metrics metrics;
    cam_training_facts facts = usual(&metrics, no_c, 0.5);
    static const char finding[] = "never predicted: \"c\" (300 training rows)";
    expect(&facts, finding, "rare labels weigh little", " class_weights=balanced" BESIDE);
    facts.baseline_accuracy = 0.9;
    expect(&facts, "the model is below TF-IDF on the same rows (accuracy 0.6444 against 0.9000)",
           " and never predicts \"c\" (300 training rows): ", "");
    facts.baseline_accuracy = 0.6;
    facts.to_mend = 2;
    expect(&facts, finding, "2 labels look like another one or damaged; mend them first", "");
    facts.to_mend = 0;
    facts.class_weights = 1;
    expect(&facts, finding, "the texts may not tell", "");
    facts.last_is_best = 1;
    facts.gain = 0.05;
    expect(&facts, finding, "the last evaluation was the best one", " num_train_epochs=30" BESIDE);
    int64_t *matrix = metrics.confusion;
    matrix[6] = matrix[7] = 1; /* two rows are too few to say so */
    metrics.rows = 62;
    facts.gain = 0;
    expect(&facts, "", "", "");
}

static void still_rising_at_the_end(void **unused) {
    (void)unused;
    cam_metrics metrics;
    cam_training_facts facts = usual(&metrics, weak, 0.7);
    static const char finding[] = "the last evaluation was the best one, by 0.0200 in f1_macro";
    facts.last_is_best = 1;
    facts.gain = 0.02;
    expect(&facts, finding, "more epochs may bring more", " num_train_epochs=30" BESIDE);
    facts.steps_are_set = 1;
    expect(&facts, finding, "", " max_steps=870" BESIDE);
    facts.steps_are_set = 0;
    facts.epochs = 1.5;
    expect(&facts, finding, "", " num_train_epochs=3" BESIDE);
    facts.gain = 0.005;
    expect(&facts, "", "", "");
    facts.gain = 0.02;
    facts.last_is_best = 0;
    expect(&facts, "", "", "");
    facts.last_is_best = 1; /* the only one: it cannot rise */
    facts.evaluations = 1;
    facts.gain = INFINITY;
    expect(&facts, "", "", "");
    facts = usual(&metrics, good, 0.1); /* 0.9778 accuracy, but the loss still falls */
    facts.last_is_best = 1;
    facts.metric = CAM_METRIC_LOSS;
    facts.gain = 0.05;
    expect(&facts, "the last evaluation was the best one, by 0.0500 in loss", "", " num_train_epochs=30");
    facts.gain = 0.0005;
    expect(&facts, "", "", "");
}

static void the_next_folder_can_be_pasted(void **unused) {
    (void)unused;
    cam_metrics metrics;
    cam_training_facts facts = usual(&metrics, weak, 0.7);
    facts.last_is_best = 1;
    facts.gain = 0.02;
    facts.output_dir = "/nowhere/l'essai été/";
    expect(&facts, "the last", "", " output_dir='/nowhere/l'\\''essai été-2'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_good_run_nothing_is_said), cmocka_unit_test(one_label_only),
        cmocka_unit_test(little_learned_and_why),        cmocka_unit_test(below_the_baseline),
        cmocka_unit_test(labels_never_predicted),        cmocka_unit_test(still_rising_at_the_end),
        cmocka_unit_test(the_next_folder_can_be_pasted), cmocka_unit_test(no_better_than_the_baseline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
