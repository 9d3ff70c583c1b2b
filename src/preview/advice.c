/* advice.c: see advice.h. */
#include "advice.h"
#include "automation.h"
#include "describe.h"
#include "folder_names.h"
#include "outlook.h"
#include "plain.h"
#include "remedy.h"
#include "wrap.h"
#include <math.h>

/* --- freeze or full -------------------------------------------------------------------------------------------- */

/* Appends the settings that fit one of the two ways: " key=value" each. */
static void put_settings(const cam_advice_case *advice, cam_fit fit, cam_strbuf *out) {
    const cam_config *c = advice->run->config;
    int64_t batch = c->per_device_train_batch_size * c->gradient_accumulation_steps;
    int64_t rows = advice->run->corpus.part_count[CAM_PART_TRAIN], steps = (rows + batch - 1) / batch * fit.epochs;
    cam_strbuf_printf(out, " num_train_epochs=%lld learning_rate=", (long long)fit.epochs);
    cam_plain_put_rate(out, fit.learning_rate, CAM_RATE_DIGITS);
    if (c->max_steps > 0)
        cam_strbuf_puts(out, " max_steps=-1");
    if (2 * cam_schedule_warmup(c->warmup_ratio, c->warmup_steps, steps) > steps)
        cam_strbuf_puts(out, " warmup_steps=0 warmup_ratio=0.06");
}

/* The user's command with the settings of one of the two ways. */
static void put_command(const cam_advice_case *advice, int frozen, cam_fit fit, cam_strbuf *out) {
    cam_strbuf settings = CAM_STRBUF_INIT;
    cam_folder_put_beside(&settings, advice->run->config->output_dir, frozen ? "frozen" : "full");
    cam_strbuf_puts(&settings, frozen ? " freeze=encoder" : " freeze=none");
    put_settings(advice, fit, &settings);
    cam_strbuf_puts(out, "  ");
    cam_command_put(advice->run->command, cam_strbuf_text(&settings), out);
    cam_strbuf_putc(out, '\n');
    cam_strbuf_release(&settings);
}

static void put_way(const cam_advice_case *advice, int frozen, cam_strbuf *out) {
    cam_fit fit = cam_run_fit(advice->run, frozen);
    cam_cost_case way = {.frozen = frozen, .epochs = (double)fit.epochs};
    cam_cost cost = {.seconds = -1};
    cam_strbuf_puts(out, frozen ? "frozen" : "full");
    if (advice->backend && cam_cost_of(advice->run, advice->backend, advice->speed, &way, &cost) == CAM_OK) {
        if (cost.seconds >= 0) {
            cam_strbuf_puts(out, ", ");
            cam_cost_put_time(out, cost.seconds);
        }
        cam_strbuf_puts(out, ", ");
        cam_plain_put_bytes(out, cost.bytes);
    }
    cam_strbuf_puts(out, ":\n");
    put_command(advice, frozen, fit, out);
}

/* The user's command as a comparison of both ways. */
static void put_comparison(const cam_advice_case *advice, cam_strbuf *out) {
    const cam_run *run = advice->run;
    cam_strbuf settings = CAM_STRBUF_INIT, list = CAM_STRBUF_INIT, replaced = CAM_STRBUF_INIT;
    cam_command command = *run->command;
    command.verb = "compare";
    cam_strbuf_puts(&list, "freeze=[none");
    put_settings(advice, cam_run_fit(run, 0), &list);
    cam_strbuf_put_all(&replaced, " freeze=", cam_strbuf_text(&list), NULL);
    cam_strbuf_puts(&list, ", encoder");
    put_settings(advice, cam_run_fit(run, 1), &list);
    cam_strbuf_puts(&list, "]");
    cam_folder_put_beside(&settings, run->config->output_dir, "compare");
    cam_strbuf_putc(&settings, ' ');
    cam_shell_word_put(&settings, cam_strbuf_text(&list));
    cam_strbuf_printf(out, "which is better on these rows? %lld folds of them tell:\n  ",
                      (long long)run->config->folds);
    command.replaced = cam_strbuf_text(&replaced);
    cam_command_put(&command, cam_strbuf_text(&settings), out);
    cam_strbuf_putc(out, '\n');
    cam_strbuf_release(&settings);
    cam_strbuf_release(&list);
    cam_strbuf_release(&replaced);
}

/* With many rows there is no question. */
static void advise_full(const cam_run *run, cam_strbuf *out) {
    cam_strbuf line = CAM_STRBUF_INIT;
    cam_plain_put_counted(&line, run->corpus.part_count[CAM_PART_TRAIN], "training row", "training rows");
    cam_strbuf_puts(&line, " are enough for the full model");
    if (run->config->freeze.kind == CAM_CONFIG_FREEZE_ENCODER) {
        cam_fit fit = cam_run_fit(run, 0);
        cam_strbuf_printf(&line, ", which usually scores higher: set freeze=none num_train_epochs=%lld learning_rate=",
                          (long long)fit.epochs);
        cam_plain_put_rate(&line, fit.learning_rate, CAM_RATE_DIGITS);
    } else {
        cam_strbuf_puts(&line, "; a frozen encoder (freeze=encoder) usually scores lower");
    }
    cam_put_wrapped(out, cam_strbuf_text(&line));
    cam_strbuf_release(&line);
}

static void advise_freezing(const cam_advice_case *advice, cam_strbuf *out) {
    const cam_run *run = advice->run;
    if (run->corpus.part_count[CAM_PART_TRAIN] > CAM_ADVICE_FEW_ROWS) {
        advise_full(run, out);
        return;
    }
    cam_strbuf_puts(out, "freeze or full?\n");
    cam_put_wrapped(out, "Training the full model usually scores higher, if it gets enough steps at a fitting rate. "
                         "Freezing the encoder is faster and needs less memory: take it for a first look, or where "
                         "the full model over-fits.\n");
    if (run->config->init == CAM_CONFIG_INIT_RANDOM)
        cam_put_wrapped(out, "Your model begins with random weights: frozen, they tell the head little.\n");
    put_way(advice, 0, out);
    put_way(advice, 1, out);
    if (run->command)
        put_comparison(advice, out);
}

/* --- the threshold ----------------------------------------------------------------------------------------------- */

/* Few validation rows cannot tell that so many are right, whatever the model. */
static void advise_target(const cam_run *run, cam_strbuf *out) {
    cam_strbuf line = CAM_STRBUF_INIT;
    double target = run->config->target_accuracy;
    int64_t rows = run->corpus.part_count[CAM_PART_VALIDATION];
    int64_t fewest = target > 0 ? cam_proportion_rows(target, CAM_AUTOMATION_CONFIDENCE) : 0;
    if (rows >= fewest)
        return;
    cam_strbuf_puts(&line, "target_accuracy ");
    cam_strbuf_put_double(&line, target);
    cam_strbuf_puts(&line, " cannot be reached: at least ");
    cam_plain_put_counted(&line, fewest, "validation row has", "validation rows have");
    cam_strbuf_puts(&line, " to be right above the threshold, and there are ");
    cam_plain_put_count(&line, rows);
    cam_strbuf_puts(&line, " in all\n");
    cam_put_wrapped(out, cam_strbuf_text(&line));
    cam_strbuf_release(&line);
}

/* --- lengths --------------------------------------------------------------------------------------------------- */

static void advise_cut_texts(const cam_run *run, cam_strbuf *out) {
    const cam_token_rows *tokens = &run->corpus.tokens;
    int32_t most = cam_model_config_max_tokens(&run->model);
    cam_strbuf line = CAM_STRBUF_INIT;
    if (tokens->truncated * CAM_ADVICE_ONE_CUT_IN < tokens->rows || tokens->truncated == 0)
        return;
    cam_plain_put_counted(&line, tokens->truncated, "text is", "texts are");
    if (run->max_length < most)
        cam_strbuf_printf(
            &line,
            " cut to %d tokens, and the model reads up to %d: set max_seq_length=%d to keep more; it costs "
            "memory and time only for long texts\n",
            run->max_length, most, most);
    else
        cam_strbuf_printf(&line, " longer than the %d tokens that the model reads: the end is not seen\n", most);
    cam_put_wrapped(out, cam_strbuf_text(&line));
    cam_strbuf_release(&line);
}

/* --- the machine ------------------------------------------------------------------------------------------------ */

/* The costs are those of a machine that has nothing else to do. */
static void advise_of_others(const cam_advice_case *advice, cam_strbuf *out) {
    cam_cost cost;
    cam_strbuf line = CAM_STRBUF_INIT;
    if (!advice->backend || advice->share * 100 >= CAM_ADVICE_BUSY_PERCENT ||
        cam_cost_of(advice->run, advice->backend, advice->speed, NULL, &cost) != CAM_OK || cost.seconds < 0)
        return;
    cam_strbuf_printf(
        &line,
        "the machine is busy: other programs left %.0f %% of its processors just now; if that goes on, the "
        "run takes ",
        100 * advice->share);
    cam_cost_put_time(&line, cost.seconds / fmax(advice->share, 0.01));
    cam_put_wrapped(out, cam_strbuf_text(&line));
    cam_strbuf_release(&line);
}

void cam_advice_put(const cam_advice_case *advice, cam_strbuf *out) {
    advise_of_others(advice, out);
    if (advice->run->config->task == CAM_CONFIG_TASK_PRETRAIN)
        return;
    advise_target(advice->run, out);
    advise_cut_texts(advice->run, out);
    advise_freezing(advice, out);
}
