/* fit.c: see fit.h. */
#include "fit.h"
#include "plain.h"
#include <math.h>
#include <stdio.h>

static int64_t at_least_1(int64_t number) {
    return number < 1 ? 1 : number;
}

static double one_digit(double rate) {
    double unit = pow(10, floor(log10(rate)));
    return round(rate / unit) * unit;
}

static void explain_epochs(cam_fit *fit, int64_t rows, int64_t steps, int64_t batch) {
    cam_strbuf why = CAM_STRBUF_INIT;
    cam_plain_put_counted(&why, rows, "row: ", "rows: ");
    cam_plain_put_counted(&why, steps, "step of up to ", "steps of up to ");
    cam_plain_put_counted(&why, batch, "row", "rows");
    snprintf(fit->epochs_reason, sizeof fit->epochs_reason, "%s", why.text);
    cam_strbuf_release(&why);
}

cam_fit cam_fit_plan(int64_t rows, int64_t labels, int64_t hidden, int frozen, int64_t batch) {
    enum { MOST_LABELS = 65536 };
    cam_fit fit = {0};
    rows = at_least_1(rows);
    batch = at_least_1(batch);
    labels = at_least_1(labels) < MOST_LABELS ? at_least_1(labels) : MOST_LABELS;
    int64_t wanted = frozen ? 1500 + 30 * labels : 320 + 5 * labels;
    int64_t an_epoch = 1 + (rows - 1) / batch, low = frozen ? 20 : 3, high = frozen ? 100 : 20;
    fit.epochs = (wanted + an_epoch - 1) / an_epoch;
    fit.epochs = fit.epochs < low ? low : fit.epochs > high ? high : fit.epochs;
    double width = (double)at_least_1(hidden) / 384;
    fit.learning_rate = frozen ? 2e-3 : one_digit(fmin(1e-3, 2e-4 / (width * width)));
    explain_epochs(&fit, rows, fit.epochs * an_epoch, batch);
    if (frozen)
        snprintf(fit.rate_reason, sizeof fit.rate_reason, "a head alone learns at a high rate");
    else
        snprintf(fit.rate_reason, sizeof fit.rate_reason, "fits a hidden size of %lld", (long long)hidden);
    return fit;
}

cam_fit cam_fit_plan_random(int64_t rows, int64_t batch) {
    enum { RANDOM_STEPS = 650, MOST_EPOCHS = 100 };
    cam_fit fit = {.learning_rate = 1e-3};
    int64_t steps = rows < 1 || batch < 1 ? 1 : (rows + batch - 1) / batch;
    fit.epochs = (RANDOM_STEPS + steps - 1) / steps;
    fit.epochs = fit.epochs > MOST_EPOCHS ? MOST_EPOCHS : fit.epochs;
    explain_epochs(&fit, rows, fit.epochs * steps, batch);
    snprintf(fit.rate_reason, sizeof fit.rate_reason, "random weights learn at a high rate");
    return fit;
}
