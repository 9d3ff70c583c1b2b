/* verb_eval.c: `eval` scores a classifier on labelled rows. */
#include "backends.h"
#include "labels.h"
#include "log.h"
#include "metrics.h"
#include "predictor.h"
#include "reading.h"
#include "signals.h"
#include "verbs.h"
#include <stdlib.h>

/* Scores the rows of `data` against their label ids `truth`. */
static cam_status score(cam_predictor *predictor, const cam_dataset *data, const int32_t *truth, cam_metrics *metrics) {
    cam_status st = CAM_OK;
    cam_cancel cancel = {.requested = cam_signals_stop_requested};
    int64_t n = (int64_t)data->count, labels = predictor->config.num_labels;
    long long truncated = 0;
    cam_text *texts = malloc((size_t)n * sizeof *texts);
    float *logits = malloc((size_t)(n * labels) * sizeof *logits);
    if (!texts || !logits)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld rows", (long long)n);
    for (int64_t r = 0; r < n; r++)
        texts[r] = (cam_text){data->rows[r].text, data->rows[r].text_length};
    CAM_TRY(cam_predictor_logits(predictor, texts, n, &cancel, logits, &truncated));
    if (truncated > 0)
        cam_log_warn("%lld of %lld texts were cut to %d tokens", truncated, (long long)n, predictor->max_length);
    for (int64_t r = 0; r < n; r++)
        cam_metrics_add(metrics, logits + r * labels, truth[r]);
out:
    free(texts);
    free(logits);
    return st;
}

static cam_status print_figures(const cam_arguments *arguments, const cam_metrics *metrics, const char *const *names) {
    cam_strbuf text = CAM_STRBUF_INIT;
    if (arguments->json) {
        cam_metrics_put_json(&text, metrics, names, NULL, 0);
        cam_strbuf_putc(&text, '\n');
    } else {
        cam_metrics_put_table(&text, metrics, names);
    }
    cam_status st = cam_verb_print(&text);
    cam_strbuf_release(&text);
    return st;
}

/* Reads the rows and the ids of their labels in the model. */
static cam_status read_rows(const cam_arguments *arguments, const cam_reading *reading, const cam_model_config *config,
                            cam_dataset *data, int32_t **truth) {
    cam_status st = CAM_OK;
    cam_labels labels = {0};
    cam_read_options options;
    cam_reading_options(reading, arguments, arguments->data, &options);
    options.label_required = 1;
    CAM_TRY(cam_dataset_load(&options, data));
    CAM_TRY(cam_labels_from_names(&labels, (const char *const *)config->id2label, (size_t)config->num_labels));
    *truth = malloc(data->count * sizeof **truth);
    if (!*truth)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu labels", data->count);
    CAM_TRY(cam_labels_assign(&labels, data, *truth));
out:
    cam_labels_release(&labels);
    return st;
}

cam_status cam_verb_eval(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_reading reading = {0};
    cam_predictor predictor = {0};
    cam_backend *backend = NULL;
    cam_dataset data = {0};
    cam_metrics metrics = {0};
    int32_t *truth = NULL;
    char *folder = NULL;
    if (!arguments->model || !arguments->data)
        CAM_FAIL(CAM_E_USAGE, "eval needs --model DIR and --data FILE");
    CAM_TRY(cam_verb_get_model(arguments->group, arguments->model, NULL, CAM_MODEL_WEIGHTS, &folder));
    CAM_TRY(cam_reading_open(&reading, arguments, folder));
    CAM_TRY(cam_backends_open(
        &(cam_device_options){.device = (enum cam_choice_device)arguments->device.value, .group = arguments->group},
        &backend));
    CAM_TRY(cam_predictor_open(&predictor, backend, folder, (int32_t)reading.max_seq_length, arguments->group));
    CAM_TRY(read_rows(arguments, &reading, &predictor.config, &data, &truth));
    CAM_TRY(cam_group_require_equal(arguments->group, "rows", data.count));
    CAM_TRY(cam_metrics_init(&metrics, predictor.config.num_labels));
    CAM_TRY(score(&predictor, &data, truth, &metrics));
    if (arguments->group->rank == 0)
        CAM_TRY(print_figures(arguments, &metrics, (const char *const *)predictor.config.id2label));
out:
    cam_metrics_release(&metrics);
    cam_dataset_release(&data);
    free(truth);
    cam_predictor_close(&predictor);
    cam_backend_close(backend);
    cam_reading_release(&reading);
    free(folder);
    return st == CAM_E_STOPPED ? cam_fail(CAM_E_INTERRUPTED, "interrupted") : st;
}
