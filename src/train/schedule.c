/* schedule.c: see schedule.h. */
#include "schedule.h"
#include <inttypes.h>
#include <math.h>

static const double pi = 3.14159265358979323846;

static int64_t divide_up(int64_t a, int64_t b) {
    return a / b + (a % b > 0);
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

cam_status cam_plan_make(cam_plan *plan, const cam_plan_settings *settings) {
    cam_status st = CAM_OK;
    CAM_ASSERT(settings->rows > 0 && settings->batch_rows > 0 && settings->accumulation > 0);
    plan->rows = settings->rows;
    plan->batch_rows = settings->batch_rows;
    plan->accumulation = settings->accumulation;
    plan->batches_per_epoch = divide_up(plan->rows, plan->batch_rows);
    plan->updates_per_epoch = divide_up(plan->batches_per_epoch, plan->accumulation);
    double updates = settings->max_updates > 0 ? (double)settings->max_updates
                                               : ceil(settings->epochs * (double)plan->updates_per_epoch);
    if (!(updates >= 1))
        CAM_FAIL(CAM_E_USAGE, "\"num_train_epochs\" of %g makes no step; set it or \"max_steps\" above 0",
                 settings->epochs);
    if (updates > (double)INT32_MAX)
        CAM_FAIL(CAM_E_USAGE, "the run would make %.0f steps; at most %" PRId32 " are possible", updates, INT32_MAX);
    plan->updates = (int64_t)updates;
    plan->epochs = divide_up(plan->updates, plan->updates_per_epoch);
out:
    return st;
}

cam_update_span cam_plan_update_span(const cam_plan *plan, int64_t update) {
    CAM_ASSERT(update >= 0 && update < plan->updates);
    int64_t batch = update % plan->updates_per_epoch * plan->accumulation;
    cam_update_span span = {.epoch = update / plan->updates_per_epoch, .first = batch * plan->batch_rows};
    span.batches = smaller(plan->accumulation, plan->batches_per_epoch - batch);
    span.rows = smaller(span.batches * plan->batch_rows, plan->rows - span.first);
    return span;
}

double cam_plan_epoch(const cam_plan *plan, int64_t updates) {
    int64_t epochs = updates / plan->updates_per_epoch;
    int64_t batches = updates % plan->updates_per_epoch * plan->accumulation;
    return (double)epochs + (double)batches / (double)plan->batches_per_epoch;
}

int64_t cam_schedule_warmup(double ratio, int64_t steps, int64_t updates) {
    return steps > 0 ? steps : (int64_t)ceil((double)updates * ratio);
}

static double factor(const cam_schedule *schedule, int64_t update) {
    if (schedule->kind == CAM_SCHEDULE_CONSTANT)
        return 1;
    double warmup = (double)schedule->warmup;
    if (update < schedule->warmup)
        return (double)update / fmax(1, warmup);
    double decay = fmax(1, (double)(schedule->updates - schedule->warmup));
    switch (schedule->kind) {
    case CAM_SCHEDULE_LINEAR:
        return fmax(0, (double)(schedule->updates - update) / decay);
    case CAM_SCHEDULE_COSINE:
        return fmax(0, 0.5 * (1 + cos(pi * ((double)(update - schedule->warmup) / decay))));
    case CAM_SCHEDULE_CONSTANT:
    case CAM_SCHEDULE_CONSTANT_WITH_WARMUP:
        return 1;
    case CAM_CHOICE_COUNT_scheduler:
        break;
    }
    CAM_BUG("no schedule %d", (int)schedule->kind);
}

double cam_schedule_rate(const cam_schedule *schedule, int64_t update) {
    CAM_ASSERT(update >= 0);
    return schedule->learning_rate * factor(schedule, update);
}

double cam_bias_correction(double beta, int64_t t) {
    CAM_ASSERT(t >= 1);
    return 1 - pow(beta, (double)t);
}
