/* diagnosis.c: see diagnosis_internal.h. */
#include "diagnosis_internal.h"
#include "fit.h"
#include "folder_names.h"
#include "plain.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A model that knows only how frequent each label is has a loss of 1 times that of guessing. Runs that ended there or
 * little below had accuracies near that of the most frequent label; the shipped example, which learns, ends at 0.58. */
static const double LITTLE_LEARNED_LOSS = 0.85;
/* ... and its accuracy is at most this part of the way from naming the most frequent label to 1. A model that over-fits
 * has a high loss as well, but a good accuracy. */
static const double LITTLE_LEARNED_ACCURACY = 0.25;
/* A label that fewer validation rows have is missed by chance. */
enum { NEVER_PREDICTED_ROWS = 3, NAMED_LABELS = 3 };
/* A smaller gain of the last evaluation is noise; more epochs would bring little. Relative to the value for the loss. */
static const double STILL_RISING_GAIN = 0.01;
/* From this score on there is little left to gain. */
static const double ENOUGH_SCORE = 0.98;
/* Below this share of learning_rate the peak counts as never reached. */
static const double PEAK_REACHED = 0.5;
/* A rate that is this many times above or below the planned one does not train, or destroys what was learned. */
static const double RATE_FACTOR = 20;
/* More epochs come with the planned rate where the run's differs by more than this factor: rates of use lie that far
 * apart. */
static const double RATE_OF_USE = 3;
/* From this share of one label on, predicting it for all rows has the least loss for long. */
static const double UNEVEN_SHARE = 0.75;
/* Fewer epochs than this share of the planned ones are few; more would change little. */
static const double ENOUGH_EPOCHS = 0.67;
/* What fits the rows and the model. */
typedef struct plan {
    int64_t epochs;
    double rate;
} plan;

static plan plan_for(const cam_training_facts *f, int head_only) {
    cam_fit fit = f->random_weights && !head_only
                      ? cam_fit_plan_random(f->train_rows, f->batch_rows)
                      : cam_fit_plan(f->train_rows, f->validation->labels, f->hidden, head_only, f->batch_rows);
    return (plan){fit.epochs, fit.learning_rate};
}

/* The mean loss on the validation rows of a model that knows only the shares of the training rows. */
static double loss_of_guessing(const cam_training_facts *f) {
    double sum = 0, all = (double)(f->train_rows + f->validation->labels);
    for (int64_t k = 0; k < f->validation->labels; k++)
        sum -= (double)cam_metrics_class(f->validation, k).support * log((double)(f->label_rows[k] + 1) / all);
    return sum / (double)f->validation->rows;
}

/* The accuracy up to which a model has learned little. */
static double least_accuracy(const cam_training_facts *f) {
    int64_t most = 0;
    for (int64_t k = 0; k < f->validation->labels; k++) {
        int64_t support = cam_metrics_class(f->validation, k).support;
        most = support > most ? support : most;
    }
    double majority = (double)most / (double)f->validation->rows;
    return majority + LITTLE_LEARNED_ACCURACY * (1 - majority);
}

/* --- settings -------------------------------------------------------------------------------------------------- */

static void put_rate(cam_strbuf *out, double rate) {
    cam_strbuf_puts(out, " learning_rate=");
    cam_plain_put_rate(out, rate, 1);
}

static void put_epochs(cam_strbuf *out, const cam_training_facts *f, int64_t epochs) {
    cam_strbuf_printf(out, "%s num_train_epochs=%lld", f->steps_are_set ? " max_steps=-1" : "", (long long)epochs);
}

static int warmup_fills_the_run(const cam_training_facts *f) {
    return f->warmup > 0 && f->warmup >= llround(f->epochs * (double)f->steps_per_epoch);
}

/* Adds what else would keep the next run from learning: a warm-up of the whole run, patience that ended this one, and
 * fewer epochs than planned. */
static void put_length(cam_strbuf *out, const cam_training_facts *f, plan fit) {
    if (warmup_fills_the_run(f))
        cam_strbuf_puts(out, " warmup_steps=0 warmup_ratio=0");
    if (f->early_stopping)
        cam_strbuf_puts(out, " early_stopping_patience=0");
    if (f->epochs < (double)fit.epochs)
        put_epochs(out, f, fit.epochs);
}

/* --- causes: each appends the cause to `why`, and settings to `set` where some help, if it holds -------------------- */

static int peak_not_reached(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    if (!warmup_fills_the_run(f) || f->highest_rate >= PEAK_REACHED * f->learning_rate)
        return 0;
    cam_strbuf_puts(why, "the warm-up takes ");
    cam_plain_put_counted(why, f->warmup, "step", "steps");
    cam_strbuf_puts(why, " and the run made ");
    cam_plain_put_count(why, f->steps);
    cam_strbuf_puts(why, ", so that the rate was at most ");
    cam_plain_put_rate(why, f->highest_rate, 2);
    put_length(set, f, plan_for(f, f->trained == CAM_TRAINED_HEAD));
    return 1;
}

static int rate_does_not_fit(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    plan fit = plan_for(f, f->trained == CAM_TRAINED_HEAD);
    int low = f->learning_rate<fit.rate / RATE_FACTOR, high = f->learning_rate> fit.rate * RATE_FACTOR;
    if (!low && !high)
        return 0;
    cam_strbuf_puts(why, "a learning_rate of ");
    cam_plain_put_rate(why, f->learning_rate, 2);
    cam_strbuf_printf(why, " is too %s for %s", low ? "low" : "high",
                      f->random_weights                ? "random weights"
                      : f->trained == CAM_TRAINED_HEAD ? "a head alone"
                                                       : "this encoder");
    put_rate(set, fit.rate);
    put_length(set, f, fit);
    return 1;
}

static int frozen_is_random(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    if (!f->random_weights || f->trained == CAM_TRAINED_ALL)
        return 0;
    plan fit = plan_for(f, 0);
    cam_strbuf_puts(why, "the frozen part has random weights, which tell the head little");
    cam_strbuf_puts(set, " freeze=none");
    put_rate(set, fit.rate);
    put_length(set, f, fit);
    return 1;
}

static int patience_ended_it(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    if (!f->early_stopping || warmup_fills_the_run(f))
        return 0;
    cam_strbuf_puts(why, "early_stopping_patience ended the run after ");
    cam_plain_put_counted(why, f->steps, "step", "steps");
    put_length(set, f, plan_for(f, f->trained == CAM_TRAINED_HEAD));
    return 1;
}

static int few_epochs(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    plan fit = plan_for(f, f->trained == CAM_TRAINED_HEAD);
    if (f->epochs >= ENOUGH_EPOCHS * (double)fit.epochs)
        return 0;
    cam_strbuf_puts(why, "the run made only ");
    cam_plain_put_counted(why, f->steps, "step", "steps");
    put_epochs(set, f, fit.epochs);
    if (f->learning_rate > RATE_OF_USE * fit.rate || f->learning_rate < fit.rate / RATE_OF_USE)
        put_rate(set, fit.rate);
    return 1;
}

static int still_rising(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    cam_scores scores = cam_metrics_scores(f->validation);
    double value = cam_metric_value(f->metric, &scores);
    int is_score = cam_metric_sign(f->metric) == CAM_MORE_IS_BETTER;
    if (!f->last_is_best || f->evaluations < 2 || !(f->gain >= STILL_RISING_GAIN * (is_score ? 1 : value)) ||
        (is_score && value >= ENOUGH_SCORE))
        return 0;
    cam_strbuf_printf(why, "the last evaluation was the best one, by %.4f in %s, so that more epochs may bring more",
                      f->gain, cam_words_metric[f->metric]);
    if (f->steps_are_set)
        cam_strbuf_printf(set, " max_steps=%lld", 2 * (long long)f->steps);
    else
        put_epochs(set, f, (int64_t)ceil(2 * f->epochs));
    return 1;
}

static int weights_are_random(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    enum { BASE_HIDDEN = 768 };
    if (!f->random_weights)
        return 0;
    cam_fit fit = cam_fit_plan(f->train_rows, f->validation->labels, f->folder_has_weights ? f->hidden : BASE_HIDDEN, 0,
                               f->batch_rows);
    cam_strbuf_puts(why, "it began with random weights, not with pretrained ones");
    cam_strbuf_printf(set, " init=pretrained%s", f->folder_has_weights ? "" : " model_name_or_path=camembert-base");
    put_rate(set, fit.learning_rate);
    put_epochs(set, f, fit.epochs);
    return 1;
}

/* Proposes the encoder frozen, or all trained, with the rate and the epochs that fit it. */
static int put_other_way(const cam_training_facts *f, int head_only, const char *freeze, cam_strbuf *set) {
    plan fit = plan_for(f, head_only);
    cam_strbuf_puts(set, freeze);
    put_rate(set, fit.rate);
    put_epochs(set, f, fit.epochs);
    return 1;
}

static int encoder_is_frozen(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    if (f->trained == CAM_TRAINED_ALL)
        return 0;
    cam_strbuf_puts(why, "a frozen encoder cannot learn the words of these texts");
    return put_other_way(f, 0, " freeze=none", set);
}

static int encoder_is_trained(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    if (f->random_weights || f->trained == CAM_TRAINED_HEAD)
        return 0;
    cam_strbuf_puts(why, "the words alone tell as much; a frozen encoder may score the same in less time");
    return put_other_way(f, 1, " freeze=encoder", set);
}

static int labels_are_uneven(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    int64_t most = 0;
    for (int64_t k = 0; k < f->validation->labels; k++)
        most = f->label_rows[k] > most ? f->label_rows[k] : most;
    if (f->class_weights || (double)most < UNEVEN_SHARE * (double)f->train_rows)
        return 0;
    cam_strbuf_puts(why, "one label has most of the rows");
    cam_strbuf_puts(set, " class_weights=balanced");
    put_length(set, f, plan_for(f, f->trained == CAM_TRAINED_HEAD));
    return 1;
}

/* They are rare because they are misspelt. */
static int labels_are_misspelt(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    (void)set;
    if (f->to_mend == 0)
        return 0;
    cam_plain_put_counted(why, f->to_mend, "label looks", "labels look");
    cam_strbuf_puts(why, " like another one or damaged; mend them first, by the label_map that check proposes");
    return 1;
}

static int labels_weigh_the_same(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    if (f->class_weights)
        return 0;
    cam_strbuf_puts(why, "rare labels weigh little");
    cam_strbuf_puts(set, " class_weights=balanced");
    return 1;
}

static int texts_do_not_tell(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set) {
    (void)set;
    if (f->baseline_accuracy < 0 || f->baseline_accuracy > least_accuracy(f))
        return 0;
    cam_strbuf_printf(why,
                      "TF-IDF learns no more (accuracy %.4f), so that the texts may not tell the labels apart; read "
                      "mistakes.csv",
                      f->baseline_accuracy);
    return 1;
}

typedef int (*cause)(const cam_training_facts *f, cam_strbuf *why, cam_strbuf *set);

/* How folders of such runs are called. */
static const char *kind_of(const char *settings) {
    return strstr(settings, " freeze=none") ? "full" : strstr(settings, " freeze=encoder") ? "frozen" : NULL;
}

/* Appends the first cause that holds after `separator`, and its settings. Returns 0 if there is none. */
static int put_cause(cam_strbuf *out, cam_strbuf *settings, const char *separator, const cam_training_facts *f,
                     const cause *causes, size_t count) {
    cam_strbuf why = CAM_STRBUF_INIT, set = CAM_STRBUF_INIT;
    size_t i = 0;
    while (i < count && !causes[i](f, &why, &set))
        i++;
    if (i < count)
        cam_strbuf_printf(out, "%s%s", separator, cam_strbuf_text(&why));
    if (set.length > 0) {
        cam_strbuf_puts(settings, cam_strbuf_text(&set));
        cam_folder_put_beside(settings, f->output_dir, kind_of(set.text));
    }
    cam_strbuf_release(&why);
    cam_strbuf_release(&set);
    return i < count;
}

/* --- findings -------------------------------------------------------------------------------------------------- */

#define COUNT(causes) (sizeof(causes) / sizeof(causes)[0])

static const cause of_no_learning[] = {rate_does_not_fit,   patience_ended_it,  peak_not_reached,  frozen_is_random,
                                       labels_are_misspelt, labels_are_uneven,  texts_do_not_tell, few_epochs,
                                       still_rising,        weights_are_random, encoder_is_frozen};
static const cause of_low_scores[] = {rate_does_not_fit, patience_ended_it, peak_not_reached,   frozen_is_random,
                                      few_epochs,        still_rising,      weights_are_random, encoder_is_frozen};
static const cause of_missing_labels[] = {rate_does_not_fit,   patience_ended_it,    peak_not_reached,
                                          frozen_is_random,    few_epochs,           still_rising,
                                          labels_are_misspelt, labels_weigh_the_same};
static const cause of_equal_scores[] = {rate_does_not_fit,  patience_ended_it, peak_not_reached,
                                        frozen_is_random,   few_epochs,        still_rising,
                                        weights_are_random, encoder_is_frozen, encoder_is_trained};
static const cause of_rising[] = {still_rising};

/* Validation rows of one label only tell nothing. */
static int learned_little(const cam_training_facts *f) {
    cam_scores scores = cam_metrics_scores(f->validation);
    int64_t present = 0;
    for (int64_t k = 0; k < f->validation->labels; k++)
        present += cam_metrics_class(f->validation, k).support > 0;
    return present > 1 && scores.loss >= LITTLE_LEARNED_LOSS * loss_of_guessing(f) &&
           scores.accuracy <= least_accuracy(f);
}

/* The standard error of accuracies on so many rows: a smaller difference is chance. */
static double chance(const cam_training_facts *f, double accuracy) {
    double p = (f->baseline_accuracy + accuracy) / 2;
    return sqrt(p * (1 - p) / (double)f->validation->rows);
}

static int below_baseline(const cam_training_facts *f, double accuracy) {
    return f->baseline_accuracy >= 0 && f->baseline_accuracy - accuracy > chance(f, accuracy);
}

/* No better than the baseline, where there is something left to gain. */
static int equals_baseline(const cam_training_facts *f, double accuracy) {
    return f->baseline_accuracy >= 0 && accuracy < ENOUGH_SCORE && f->baseline_accuracy < ENOUGH_SCORE &&
           accuracy - f->baseline_accuracy <= chance(f, accuracy);
}

/* Names the labels after `before`; returns 0 if there are none. */
static int put_never_predicted(cam_strbuf *out, const char *before, const cam_training_facts *f) {
    int64_t found = 0;
    for (int64_t k = 0; k < f->validation->labels; k++) {
        cam_class_scores label = cam_metrics_class(f->validation, k);
        if (label.predicted > 0 || label.support < NEVER_PREDICTED_ROWS)
            continue;
        if (++found > NAMED_LABELS)
            continue;
        cam_strbuf_printf(out, "%s\"%s\" (", found == 1 ? before : ", ", f->labels[k]);
        cam_plain_put_counted(out, f->label_rows[k], "training row)", "training rows)");
    }
    if (found > NAMED_LABELS) {
        cam_strbuf_puts(out, " and ");
        cam_plain_put_counted(out, found - NAMED_LABELS, "more label", "more labels");
    }
    return found > 0;
}

int cam_diagnosis_put(cam_strbuf *out, cam_strbuf *settings, const cam_training_facts *f) {
    cam_scores scores = cam_metrics_scores(f->validation);
    int explained = 0;
    if (cam_metrics_put_warning(out, f->validation, f->labels)) {
        explained = put_cause(out, settings, ": ", f, of_no_learning, COUNT(of_no_learning));
    } else if (learned_little(f)) {
        cam_strbuf_printf(out, "the model learned little: its loss of %.4f is near %.4f, that of guessing by frequency",
                          scores.loss, loss_of_guessing(f));
        explained = put_cause(out, settings, ": ", f, of_no_learning, COUNT(of_no_learning));
    } else if (below_baseline(f, scores.accuracy)) {
        cam_strbuf_printf(out, "the model is below TF-IDF on the same rows (accuracy %.4f against %.4f)",
                          scores.accuracy, f->baseline_accuracy);
        put_never_predicted(out, " and never predicts ", f);
        explained = put_cause(out, settings, ": ", f, of_low_scores, COUNT(of_low_scores));
    } else if (put_never_predicted(out, "never predicted: ", f)) {
        explained = put_cause(out, settings, ": ", f, of_missing_labels, COUNT(of_missing_labels));
    } else if (equals_baseline(f, scores.accuracy)) {
        cam_strbuf_printf(out, "the model is no better than TF-IDF on the same rows (accuracy %.4f against %.4f)",
                          scores.accuracy, f->baseline_accuracy);
        explained = put_cause(out, settings, ": ", f, of_equal_scores, COUNT(of_equal_scores));
    } else {
        return put_cause(out, settings, "", f, of_rising, COUNT(of_rising));
    }
    if (!explained)
        cam_strbuf_puts(out, ": the texts may not tell the labels apart; read mistakes.csv");
    return 1;
}
