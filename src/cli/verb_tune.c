/* verb_tune.c: `tune` measures which algorithms make the matrix products of a run fastest on this GPU, and writes the
 * table that later runs use. It runs the first steps of the run, which use every product, and discards their result. */
#include "backend_cuda.h"
#include "backends.h"
#include "files.h"
#include "log.h"
#include "output.h"
#include "run.h"
#include "signals.h"
#include "verbs.h"
#include <stdlib.h>
#include <string.h>

/* After so many steps and rows, batches of a new size are rare; such a batch gets the library's own choice. CANDIDATES:
 * the algorithms that are measured for a product; those further down the library's list are seldom the fastest. */
enum { MOST_STEPS = 1000, MOST_ROWS = 16384, CANDIDATES = 32 };

/* --- the products of the run ------------------------------------------------------------------------------------- */

static cam_status score_some(cam_trainer *trainer, const cam_run *run, cam_data_part part) {
    const cam_corpus *corpus = &run->corpus;
    int64_t count = corpus->part_count[part] < MOST_ROWS ? corpus->part_count[part] : MOST_ROWS;
    if (count == 0)
        return CAM_OK;
    float *logits = malloc((size_t)count * corpus->labels.count * sizeof *logits);
    if (!logits)
        return cam_fail(CAM_E_MEMORY, "no memory for the logits of %lld rows", (long long)count);
    cam_status st = cam_trainer_logits(trainer, corpus->part[part], count, logits);
    free(logits);
    return st;
}

/* Runs steps, by which the backend records the products. The trainer is closed again, so that the measurements have the
 * device's memory. */
static cam_status record_products(const cam_run *run, cam_backend *backend) {
    cam_status st = CAM_OK;
    cam_trainer trainer = {0};
    cam_step_report report;
    cam_trainer_options options = cam_run_trainer_options(run, backend);
    options.skip_nonfinite = 1; /* the result is discarded */
    CAM_TRY(cam_trainer_open(&trainer, backend, &options));
    while (!cam_trainer_is_done(&trainer) && trainer.steps_submitted < MOST_STEPS)
        CAM_TRY(cam_trainer_step_now(&trainer, &report));
    CAM_TRY(score_some(&trainer, run, CAM_PART_VALIDATION));
    CAM_TRY(score_some(&trainer, run, CAM_PART_TEST));
    cam_log("found   the products of %lld steps and of their evaluation", (long long)trainer.steps_submitted);
out:
    cam_trainer_close(&trainer);
    return st;
}

/* --- measuring --------------------------------------------------------------------------------------------------- */

typedef struct totals {
    int64_t products;
    double first_s, tuned_s;
} totals;

static cam_status print_tuned(void *context, const cam_cuda_tuned *tuned) {
    totals *sum = context;
    cam_strbuf text = CAM_STRBUF_INIT;
    if (sum->products++ == 0)
        cam_strbuf_puts(&text, "  first us   tuned us  tried  product\n");
    cam_strbuf_printf(&text, "%10.1f %10.1f %6d  %s\n", tuned->first_s * 1e6, tuned->tuned_s * 1e6, tuned->tried,
                      tuned->product);
    sum->first_s += tuned->first_s;
    sum->tuned_s += tuned->tuned_s;
    cam_status st = cam_verb_print(&text);
    cam_strbuf_release(&text);
    return st;
}

static cam_status make_parent(const char *path) {
    char *folder = cam_path_absolute(path);
    if (!folder)
        return cam_fail(CAM_E_MEMORY, "no memory for a path");
    *strrchr(folder, '/') = '\0';
    cam_status st = folder[0] ? cam_directory_make(folder) : CAM_OK;
    free(folder);
    return st;
}

static cam_status measure(cam_backend *backend, const char *path) {
    cam_status st = CAM_OK;
    totals sum = {0};
    cam_cuda_listener listener = {.on_tuned = print_tuned, .context = &sum};
    CAM_TRY(make_parent(path));
    CAM_TRY(cam_backend_cuda_tune(backend, CANDIDATES, path, &listener));
    cam_log("wrote   \"%s\": %lld products; one of each took %.1f us, now %.1f us", path, (long long)sum.products,
            sum.first_s * 1e6, sum.tuned_s * 1e6);
out:
    return st;
}

/* --- the verb ---------------------------------------------------------------------------------------------------- */

/* The path of the table, to be freed. */
static cam_status choose_path(const cam_arguments *arguments, char **path) {
    cam_status st = CAM_OK;
    if (arguments->table) {
        *path = cam_path_absolute(arguments->table);
        return CAM_OK;
    }
    CAM_TRY(cam_backends_table(path));
    if (!*path)
        CAM_FAIL(CAM_E_USAGE, "the environment says CAM_MATMUL_TABLE=none; name the table with --output FILE");
out:
    return st;
}

static cam_status check_arguments(const cam_arguments *arguments, const cam_config *config) {
    const char *output = arguments->table;
    if (config->device == CAM_CONFIG_DEVICE_CPU)
        return cam_fail(CAM_E_USAGE, "tune measures a GPU, and the configuration says device=cpu; use device=auto");
    if (output && (strcmp(output, "-") == 0 || output[0] == '\0' || cam_directory_exists(output)))
        return cam_fail(CAM_E_USAGE, "option \"--output\" of tune takes the name of a file, not \"%s\"", output);
    return CAM_OK;
}

/* The table must replace no file that is read. */
static cam_status check_output(const cam_arguments *arguments, const cam_config *config, const char *model_folder) {
    cam_status st = CAM_OK;
    const char *const data[] = {config->train_file, config->validation_file, config->test_file};
    cam_output_inputs read = {data, sizeof data / sizeof data[0], model_folder};
    cam_output_inputs configs = {config->files.items, config->files.count, NULL};
    if (!arguments->table)
        return CAM_OK;
    CAM_TRY(cam_output_check(arguments->table, &read));
    CAM_TRY(cam_output_check(arguments->table, &configs));
out:
    return st;
}

static cam_status open_gpu(const cam_config *config, cam_backend **backend) {
    cam_device_options options = {
        .device = CAM_CONFIG_DEVICE_CUDA, .tf32 = config->tf32, .untuned = 1, .attention = config->attention};
    cam_status st = cam_backends_open(&options, backend);
    if (st != CAM_OK)
        return cam_fail(st, "tune measures a GPU: %s", cam_status_message());
    cam_log("device  %s", (*backend)->description);
    return st;
}

cam_status cam_verb_tune(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_config config = {0};
    cam_run run = {0};
    cam_backend *backend = NULL;
    char *path = NULL;
    cam_cancel cancel = {.requested = cam_signals_stop_requested};
    CAM_TRY(cam_verb_load_config(arguments, &config));
    CAM_TRY(check_arguments(arguments, &config));
    config.overwrite_output_dir = 1; /* nothing is written there */
    CAM_TRY(cam_run_prepare(&run, &config, &cancel, NULL));
    CAM_TRY(check_output(arguments, &config, run.model_folder));
    CAM_TRY(open_gpu(&config, &backend));
    CAM_TRY(choose_path(arguments, &path));
    CAM_TRY(record_products(&run, backend));
    CAM_TRY(measure(backend, path));
out:
    cam_run_close(&run);
    cam_backend_close(backend);
    cam_config_release(&config);
    free(path);
    return st == CAM_E_STOPPED ? cam_fail(CAM_E_INTERRUPTED, "interrupted") : st;
}
