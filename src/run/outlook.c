/* outlook.c: see outlook.h. */
#include "outlook.h"
#include "plain.h"
#include "schedule.h"
#include <math.h>
#include <stdlib.h>

enum { USUAL_HIDDEN = 768 }; /* where the model is not known: camembert-base */

typedef struct view {
    const cam_config *config;
    cam_plan plan;
    cam_schedule schedule;
    double highest; /* rate of a step */
    cam_fit fit;    /* of what is trained */
    int frozen;     /* the head alone is trained */
} view;

cam_fit cam_outlook_fit(const cam_outlook *outlook, int frozen) {
    const cam_config *c = outlook->config;
    int64_t batch = c->per_device_train_batch_size * c->gradient_accumulation_steps * outlook->ranks;
    if (c->init == CAM_CONFIG_INIT_RANDOM && !frozen)
        return cam_fit_plan_random(outlook->rows, batch);
    return cam_fit_plan(outlook->rows, outlook->labels, outlook->hidden > 0 ? outlook->hidden : USUAL_HIDDEN, frozen,
                        batch);
}

static cam_status look(const cam_outlook *outlook, view *o) {
    cam_status st = CAM_OK;
    const cam_config *c = outlook->config;
    cam_plan_settings settings = {.rows = outlook->rows,
                                  .batch_rows = c->per_device_train_batch_size * outlook->ranks,
                                  .accumulation = c->gradient_accumulation_steps,
                                  .epochs = c->num_train_epochs,
                                  .max_updates = c->max_steps};
    *o = (view){.config = c, .frozen = c->freeze.kind == CAM_CONFIG_FREEZE_ENCODER};
    CAM_TRY(cam_plan_make(&o->plan, &settings));
    o->schedule = (cam_schedule){.kind = c->lr_scheduler_type,
                                 .learning_rate = c->learning_rate,
                                 .warmup = cam_schedule_warmup(c->warmup_ratio, c->warmup_steps, o->plan.updates),
                                 .updates = o->plan.updates};
    /* The rate rises up to the end of the warm-up and falls after it. */
    int64_t top = o->schedule.warmup < o->plan.updates ? o->schedule.warmup : o->plan.updates - 1;
    o->highest = fmax(cam_schedule_rate(&o->schedule, 0), cam_schedule_rate(&o->schedule, top));
    o->fit = cam_outlook_fit(outlook, o->frozen);
out:
    return st;
}

/* Appends the settings that end the warm-up's part in the trouble: without warm-up the first step has the peak rate. */
static void put_no_warmup(cam_strbuf *out, const cam_config *c) {
    cam_strbuf_puts(out, c->warmup_steps > 0 ? "warmup_steps=0 warmup_ratio=0" : "warmup_ratio=0");
}

static cam_status refuse_no_rate(const view *o) {
    cam_strbuf cure = CAM_STRBUF_INIT;
    if (o->config->learning_rate > 0) {
        put_no_warmup(&cure, o->config);
        cam_fail(CAM_E_USAGE,
                 "the run has one step, and the warm-up begins with a rate of 0: nothing would be learned; set %s",
                 cam_strbuf_text(&cure));
    } else {
        cam_plain_put_rate(&cure, o->fit.learning_rate, CAM_RATE_DIGITS);
        cam_fail(CAM_E_USAGE, "learning_rate is 0: nothing would be learned; set learning_rate=%s",
                 cam_strbuf_text(&cure));
    }
    cam_strbuf_release(&cure);
    return CAM_E_USAGE;
}

static void warn_of_warmup(const view *o, cam_strbuf *out) {
    if (o->highest >= o->config->learning_rate * (1 - 1e-9))
        return;
    cam_strbuf_puts(out, "the warm-up of ");
    cam_plain_put_counted(out, o->schedule.warmup, "step", "steps");
    cam_strbuf_puts(out, " is as long as the run of ");
    cam_plain_put_counted(out, o->plan.updates, "step", "steps");
    cam_strbuf_puts(out, " or longer: the highest rate will be ");
    cam_plain_put_rate(out, o->highest, CAM_RATE_DIGITS);
    cam_strbuf_puts(out, " instead of ");
    cam_plain_put_rate(out, o->config->learning_rate, CAM_RATE_DIGITS);
    cam_strbuf_puts(out, "; set ");
    put_no_warmup(out, o->config);
    cam_strbuf_putc(out, '\n');
}

/* The settings under which the run has enough steps: more epochs, and smaller batches where those would be many. */
static void put_more_steps(cam_strbuf *out, const cam_outlook *outlook, const view *o) {
    const cam_config *c = outlook->config;
    int64_t ranks = outlook->ranks, rows = o->plan.rows;
    int64_t batch = c->per_device_train_batch_size, accumulation = c->gradient_accumulation_steps, steps, epochs;
    for (;;) {
        steps = (rows + batch * accumulation * ranks - 1) / (batch * accumulation * ranks);
        epochs = (CAM_OUTLOOK_FEW_STEPS + steps - 1) / steps;
        if (epochs <= o->fit.epochs || batch * accumulation == 1)
            break;
        batch = accumulation > 1 ? batch : batch / 2;
        accumulation = 1;
    }
    epochs = epochs > o->fit.epochs ? epochs : o->fit.epochs;
    if (c->max_steps > 0)
        cam_strbuf_puts(out, "max_steps=-1 ");
    cam_strbuf_printf(out, "num_train_epochs=%lld", (long long)epochs);
    if (accumulation != c->gradient_accumulation_steps)
        cam_strbuf_puts(out, " gradient_accumulation_steps=1");
    if (batch != c->per_device_train_batch_size)
        cam_strbuf_printf(out, " per_device_train_batch_size=%lld", (long long)batch);
}

static void warn_of_few_steps(const cam_outlook *outlook, const view *o, cam_strbuf *out) {
    if (o->plan.updates >= CAM_OUTLOOK_FEW_STEPS)
        return;
    cam_strbuf_puts(out, "the run has only ");
    cam_plain_put_counted(out, o->plan.updates, "step", "steps");
    cam_strbuf_printf(out, ", and a model hardly learns in fewer than %d; set ", CAM_OUTLOOK_FEW_STEPS);
    put_more_steps(out, outlook, o);
    cam_strbuf_putc(out, '\n');
}

static void warn_of_random(const view *o, cam_strbuf *out) {
    if (o->config->init == CAM_CONFIG_INIT_RANDOM && o->config->freeze.kind != CAM_CONFIG_FREEZE_NONE)
        cam_strbuf_puts(out, "init: random with freeze: the frozen part keeps its random weights and tells the head "
                             "little; set freeze=none\n");
}

static void warn_of_rate(const cam_outlook *outlook, const view *o, cam_strbuf *out) {
    double rate = o->config->learning_rate, fit = o->fit.learning_rate;
    int low = fit > rate * CAM_OUTLOOK_RATE_FACTOR;
    int high = rate > fit * CAM_OUTLOOK_RATE_FACTOR;
    if (outlook->hidden == 0 || (!low && !high))
        return;
    cam_strbuf_puts(out, "a learning_rate of ");
    cam_plain_put_rate(out, rate, CAM_RATE_DIGITS);
    cam_strbuf_printf(out, " is %s for ", low ? "low" : "high");
    if (o->frozen)
        cam_strbuf_puts(out, "a head alone");
    else if (o->config->init == CAM_CONFIG_INIT_RANDOM)
        cam_strbuf_puts(out, "random weights");
    else
        cam_strbuf_printf(out, "a pretrained encoder of hidden size %lld%s", (long long)outlook->hidden,
                          high ? ", which may forget what it knows" : "");
    cam_strbuf_puts(out, "; set learning_rate=");
    cam_plain_put_rate(out, fit, CAM_RATE_DIGITS);
    cam_strbuf_putc(out, '\n');
}

cam_status cam_outlook_check(const cam_outlook *outlook, cam_strbuf *warnings) {
    cam_status st = CAM_OK;
    view o;
    CAM_TRY(look(outlook, &o));
    if (!(o.highest > 0))
        return refuse_no_rate(&o);
    warn_of_warmup(&o, warnings);
    if (outlook->config->task == CAM_CONFIG_TASK_PRETRAIN) /* what follows was measured on classifiers */
        return CAM_OK;
    warn_of_few_steps(outlook, &o, warnings);
    warn_of_random(&o, warnings);
    warn_of_rate(outlook, &o, warnings);
out:
    return st;
}
