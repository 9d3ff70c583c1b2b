/* verb_check.c: `check` reads all that a run would read, and prints what it is made of: files, columns, labels, lengths,
 * steps, cost, warnings and advice; then the errors, if there are any. It trains and writes nothing; of pretraining it
 * leaves the tokenised texts, which the run takes. */
#include "advice.h"
#include "backend_cpu.h"
#include "backends.h"
#include "cost.h"
#include "describe.h"
#include "folder_names.h"
#include "plain.h"
#include "resume.h"
#include "signals.h"
#include "verbs.h"
#include "wrap.h"
#include <stdlib.h>
#include <string.h>

/* Opens the device of the run, for its costs. Where that fails, the costs are left out, and `hindrance` says why: the
 * configuration may be meant for another machine. */
static void open_device(const cam_arguments *arguments, const cam_config *config, cam_backend **backend,
                        cam_strbuf *hindrance) {
    cam_device_options options = {.device = arguments->device.word ? (enum cam_choice_device)arguments->device.value
                                                                   : config->device,
                                  .threads = (int)config->cpu_threads,
                                  .tf32 = config->tf32,
                                  .untuned = 1,
                                  .attention = config->attention};
    if (cam_backends_open(&options, backend) != CAM_OK) {
        *backend = NULL;
        cam_strbuf_puts(hindrance, cam_status_message());
    }
}

static void put_cost(cam_advice_case *advice, cam_strbuf *out) {
    cam_cost cost;
    cam_backend *backend = advice->backend;
    int threads = backend && backend->host_memory ? cam_backend_cpu_threads(backend) : 1;
    if (!backend || cam_cost_measure(advice->run, backend, threads, &advice->speed, &advice->share) != CAM_OK ||
        cam_cost_of(advice->run, backend, advice->speed, NULL, &cost) != CAM_OK)
        return;
    cam_strbuf_puts(out, "cost     ");
    if (cost.seconds >= 0) {
        cam_cost_put_time(out, cost.seconds);
        cam_strbuf_printf(out, " on %d %s, ", threads, threads == 1 ? "thread" : "threads");
    }
    cam_plain_put_bytes(out, cost.bytes);
    cam_strbuf_puts(out, " of memory");
    if (cost.host_bytes > 0) {
        cam_strbuf_puts(out, ", ");
        cam_plain_put_bytes(out, cost.host_bytes);
        cam_strbuf_puts(out, " of the host's");
    }
    cam_strbuf_putc(out, '\n');
}

static void put_notes(const char *title, const cam_strbuf *lines, cam_strbuf *out) {
    if (lines->length == 0)
        return;
    cam_strbuf_printf(out, "\n%s\n", title);
    cam_put_wrapped(out, cam_strbuf_text(lines));
}

/* What could be made of the run, whether or not it can start. */
static void put_picture(const cam_run *run, const cam_arguments *arguments, cam_strbuf *hindrance, cam_strbuf *out) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_advice_case advice = {.run = run, .share = 1};
    cam_run_describe(run, out);
    cam_resume_put(run, out);
    if (run->is_sound) {
        open_device(arguments, run->config, &advice.backend, hindrance);
        put_cost(&advice, out);
        cam_advice_put(&advice, &text);
    }
    if (run->corpus.labels.count > 0)
        cam_strbuf_putc(out, '\n');
    cam_label_bars_put(run, out);
    put_notes("warnings", &run->corpus.warnings, out);
    if (text.length > 0)
        cam_strbuf_put_all(out, "\nadvice\n", cam_strbuf_text(&text), NULL);
    cam_backend_close(advice.backend);
    cam_strbuf_release(&text);
}

/* A finished run in the output folder is the only hindrance. */
static void put_other_folder(const cam_run *run, cam_strbuf *out) {
    cam_strbuf folder = CAM_STRBUF_INIT;
    cam_folder_put_beside(&folder, run->config->output_dir, NULL);
    cam_strbuf_puts(out, "\nall else is well: the run can start in a folder of its own\n  ");
    cam_command_put(run->command, cam_strbuf_text(&folder), out);
    cam_strbuf_putc(out, '\n');
    cam_strbuf_release(&folder);
}

cam_status cam_verb_check(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_config config = {0};
    cam_run run = {0};
    cam_strbuf text = CAM_STRBUF_INIT, hindrance = CAM_STRBUF_INIT;
    char *errors = NULL;
    cam_cancel cancel = {.requested = cam_signals_stop_requested};
    CAM_TRY(cam_verb_load_config(arguments, &config));
    cam_command command = cam_verb_command(arguments);
    cam_status found = cam_run_prepare(&run, &config, &cancel, NULL);
    run.command = &command;
    errors = strdup(cam_status_message());
    if (found == CAM_E_STOPPED)
        CAM_FAIL(CAM_E_INTERRUPTED, "interrupted");
    put_picture(&run, arguments, &hindrance, &text);
    if (found == CAM_OK && run.resume.kind == CAM_RUN_IS_FINISHED) {
        cam_strbuf_puts(&text, "\nall is well: the run in output_dir is finished\n");
    } else if (found == CAM_OK && hindrance.length > 0) {
        put_notes("not on this machine", &hindrance, &text);
        cam_strbuf_puts(&text, "\nall else is well\n");
    } else if (found == CAM_OK)
        cam_strbuf_printf(&text, "\nall is well: the run can %s\n",
                          run.resume.kind == CAM_RUN_GOES_ON ? "go on" : "start");
    else if (run.failures == 1 && run.is_occupied)
        put_other_folder(&run, &text);
    CAM_TRY(cam_verb_print(&text));
    if (found != CAM_OK)
        CAM_TRY(cam_fail_again(found, errors ? errors : "out of memory"));
out:
    cam_run_close(&run);
    cam_config_release(&config);
    cam_strbuf_release(&text);
    cam_strbuf_release(&hindrance);
    free(errors);
    return st;
}
