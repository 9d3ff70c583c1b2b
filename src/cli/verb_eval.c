/* verb_eval.c: `eval` scores a classifier on labelled rows. */
#include "backends.h"
#include "corpus.h"
#include "eval_rows.h"
#include "labels.h"
#include "log.h"
#include "metrics.h"
#include "model_get.h"
#include "output.h"
#include "predictor.h"
#include "reading.h"
#include "signals.h"
#include "verbs.h"
#include <stdlib.h>
#include <string.h>

typedef struct eval_rows {
    cam_dataset data;
    enum cam_choice_eval_part part; /* never AUTO */
    int32_t *truth;                 /* [data.count] the ids of their labels */
} eval_rows;

static cam_status score(cam_predictor *predictor, const eval_rows *rows, cam_metrics *metrics) {
    cam_status st = CAM_OK;
    const cam_dataset *data = &rows->data;
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
        cam_log_warn("%lld of %lld texts %s cut to %d tokens", truncated, (long long)n, truncated == 1 ? "was" : "were",
                     predictor->max_length);
    for (int64_t r = 0; r < n; r++)
        cam_metrics_add(metrics, logits + r * labels, rows->truth[r]);
out:
    free(texts);
    free(logits);
    return st;
}

static cam_status print_figures(const cam_arguments *arguments, enum cam_choice_eval_part part,
                                const cam_metrics *metrics, const char *const *names) {
    cam_strbuf text = CAM_STRBUF_INIT;
    if (arguments->json) {
        cam_metrics_put_json(&text, cam_words_eval_part[part], metrics, names, NULL, 0);
        cam_strbuf_putc(&text, '\n');
    } else {
        cam_metrics_put_table(&text, metrics, names);
    }
    cam_status st = cam_verb_print(&text);
    cam_strbuf_release(&text);
    return st;
}

/* Changes labels as the training changed them: label_map, label_case and the rare labels of run.yaml. */
static cam_status apply_rules(const cam_reading *reading, const cam_labels *labels, cam_dataset *data) {
    cam_status st = CAM_OK;
    cam_strbuf notes = CAM_STRBUF_INIT;
    cam_label_rules rules = cam_corpus_label_rules(&reading->config);
    CAM_TRY(cam_label_rules_apply(&rules, labels, data, &notes));
    cam_reading_warn(&notes);
    if (data->count == 0)
        CAM_FAIL(CAM_E_DATA, "%s: the label rules of the training leave no row to score", data->path);
out:
    cam_strbuf_release(&notes);
    return st;
}

/* Removes the rows whose label the model lacks, and warns of them. */
static cam_status skip_unknown(const cam_labels *labels, cam_dataset *data) {
    cam_status st = CAM_OK;
    size_t all = data->count, skipped = 0;
    unsigned char *remove = malloc(all + 1);
    if (!remove)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu rows", all);
    for (size_t i = 0; i < all; i++) {
        remove[i] = cam_labels_find(labels, data->rows[i].label, data->rows[i].label_length) < 0;
        skipped += remove[i];
    }
    if (skipped == all)
        CAM_FAIL(CAM_E_DATA, "%s: no row has a label of the model", data->path);
    cam_dataset_remove(data, remove);
    if (skipped > 0)
        cam_log_warn("%zu of %zu rows %s left out: the model lacks their labels", skipped, all,
                     skipped == 1 ? "is" : "are");
out:
    free(remove);
    return st;
}

/* Sets the ids of the rows' labels. */
static cam_status assign(const cam_labels *labels, const cam_dataset *data, int32_t *truth) {
    cam_status st = cam_labels_assign(labels, data, truth);
    return st == CAM_E_DATA ? cam_fail(st, "%s; correct the file, or leave these rows out with --unknown-labels skip",
                                       cam_status_message())
                            : st;
}

/* Reads the rows to score and the ids of their labels in the model. */
static cam_status read_rows(const cam_arguments *arguments, const cam_reading *reading, const char *folder,
                            const cam_model_config *config, eval_rows *rows) {
    cam_status st = CAM_OK;
    cam_labels labels = {0};
    cam_read_options options;
    cam_dataset *data = &rows->data;
    cam_reading_options(reading, arguments, arguments->data, &options);
    options.label_required = 1;
    CAM_TRY(cam_reading_failed(cam_dataset_load(&options, data), &options, &data->counts));
    cam_reading_warn_of_rows(&options, &data->counts);
    CAM_TRY(cam_eval_rows_choose(reading, arguments, folder, data, &rows->part));
    CAM_TRY(cam_labels_from_names(&labels, (const char *const *)config->id2label, (size_t)config->num_labels));
    CAM_TRY(apply_rules(reading, &labels, data));
    if (arguments->unknown_labels.value == CAM_UNKNOWN_LABELS_SKIP)
        CAM_TRY(skip_unknown(&labels, data));
    rows->truth = malloc(data->count * sizeof *rows->truth);
    if (!rows->truth)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu labels", data->count);
    CAM_TRY(assign(&labels, data, rows->truth));
out:
    cam_labels_release(&labels);
    return st;
}

cam_status cam_verb_eval(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_reading reading = {0};
    cam_predictor predictor = {0};
    cam_backend *backend = NULL;
    eval_rows rows = {0};
    cam_metrics metrics = {0};
    char *folder = NULL;
    if (!arguments->model || !arguments->data)
        CAM_FAIL(CAM_E_USAGE, "eval needs --model DIR and --data FILE");
    CAM_TRY(cam_output_check_standard(arguments->data));
    CAM_TRY(cam_model_get(arguments->group, arguments->model, NULL, CAM_MODEL_WEIGHTS, NULL, &folder));
    CAM_TRY(cam_reading_open(&reading, arguments, folder));
    CAM_TRY(cam_backends_open(
        &(cam_device_options){.device = (enum cam_choice_device)arguments->device.value, .group = arguments->group},
        &backend));
    CAM_TRY(cam_predictor_open(&predictor, backend, folder, (int32_t)reading.max_seq_length, arguments->group));
    CAM_TRY(read_rows(arguments, &reading, folder, &predictor.config, &rows));
    CAM_TRY(cam_group_require_equal(arguments->group, "rows", rows.data.count));
    CAM_TRY(cam_metrics_init(&metrics, predictor.config.num_labels));
    CAM_TRY(score(&predictor, &rows, &metrics));
    if (arguments->group->rank == 0)
        CAM_TRY(print_figures(arguments, rows.part, &metrics, (const char *const *)predictor.config.id2label));
out:
    cam_metrics_release(&metrics);
    cam_dataset_release(&rows.data);
    free(rows.truth);
    cam_predictor_close(&predictor);
    cam_backend_close(backend);
    cam_reading_release(&reading);
    free(folder);
    return st == CAM_E_STOPPED ? cam_fail(CAM_E_INTERRUPTED, "interrupted") : st;
}
