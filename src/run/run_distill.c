/* run_distill.c: see run_distill_internal.h. */
#include "files.h"
#include "log.h"
#include "model_get.h"
#include "model_tokenizer.h"
#include "run_distill_internal.h"
#include <stdlib.h>
#include <string.h>

/* Whether the teacher gives targets, and so has to be a classifier of the data's labels. */
static int gives_targets(const cam_run *run) {
    return run->config->task == CAM_CONFIG_TASK_CLASSIFY && run->config->distill_alpha > 0;
}

int cam_run_is_begun_from_teacher(const cam_config *config) {
    return config->distill_teacher && (config->distill_layers.evenly > 0 || config->distill_layers.count > 0);
}

cam_status cam_run_find_teacher(cam_run *run) {
    cam_status st = CAM_OK;
    char *path = NULL;
    int is_model = cam_run_is_begun_from_teacher(run->config); /* which was looked for, and told of */
    if (!run->config->distill_teacher || (is_model && !run->model_folder))
        return CAM_OK;
    if (is_model)
        run->teacher_folder = strdup(run->model_folder);
    else
        CAM_TRY(cam_model_get(run->group, run->config->distill_teacher, "main", CAM_MODEL_WEIGHTS, &run->cancel,
                              &run->teacher_folder));
    if (!run->teacher_folder)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the name of a folder");
    path = cam_path_join(run->teacher_folder, "config.json");
    st = cam_model_config_read(path, &run->teacher);
    if (st != CAM_OK)
        CAM_FAIL(st, "distill_teacher: %s", cam_status_message());
    if (run->teacher.other_task && gives_targets(run))
        CAM_FAIL(
            CAM_E_MODEL,
            "distill_teacher: \"%s\" is %s, and a teacher gives one label; name the folder of a trained classifier",
            run->teacher_folder, run->teacher.other_task);
out:
    if (st != CAM_OK) {
        cam_model_config_release(&run->teacher);
        run->teacher = (cam_model_config){0};
    }
    free(path);
    return st;
}

/* --- layers ------------------------------------------------------------------------------------------------------ */

/* Layer i of `count`, evenly spaced from the first to the last of `all`. */
static int32_t evenly(int64_t i, int64_t count, int64_t all) {
    return count > 1 ? (int32_t)((2 * i * (all - 1) + (count - 1)) / (2 * (count - 1))) : 0;
}

static void tell_layers(const cam_run *run, int64_t count) {
    cam_strbuf list = CAM_STRBUF_INIT;
    for (int64_t i = 0; i < count; i++)
        cam_strbuf_printf(&list, "%s%d", i ? ", " : "", (int)run->student_layers[i]);
    cam_log("student  begins as layer%s %s of the %d of \"%s\"", count == 1 ? "" : "s", cam_strbuf_text(&list),
            (int)run->teacher.num_hidden_layers, run->config->distill_teacher);
    cam_strbuf_release(&list);
}

cam_status cam_run_choose_layers(cam_run *run) {
    cam_status st = CAM_OK;
    const cam_config_layers *layers = &run->config->distill_layers;
    int64_t count = layers->evenly > 0 ? layers->evenly : (int64_t)layers->count, all = run->teacher.num_hidden_layers;
    if (layers->evenly > all)
        CAM_FAIL(CAM_E_USAGE,
                 "distill_layers is %lld, but the teacher has %lld layers; set distill_layers=%lld or less",
                 (long long)layers->evenly, (long long)all, (long long)all);
    for (size_t i = 0; i < layers->count; i++)
        if (layers->items[i] >= all)
            CAM_FAIL(CAM_E_USAGE,
                     "distill_layers names layer %lld, but the teacher has layers 0 to %lld; name one of these",
                     (long long)layers->items[i], (long long)all - 1);
    run->student_layers = malloc((size_t)(count + 1) * sizeof *run->student_layers);
    if (!run->student_layers)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld layers", (long long)count);
    for (int64_t i = 0; i < count; i++)
        run->student_layers[i] = layers->evenly > 0 ? evenly(i, count, all) : (int32_t)layers->items[i];
    run->model.num_hidden_layers = (int32_t)count;
    tell_layers(run, count);
out:
    return st;
}

/* --- does the teacher fit the run? --------------------------------------------------------------------------------- */

static cam_status check_sizes(const cam_run *run) {
    cam_status st = CAM_OK;
    const cam_model_config *teacher = &run->teacher, *model = &run->model;
    int32_t most = cam_model_config_max_tokens(teacher);
    if (run->config->distill_hidden > 0 && teacher->hidden_size != model->hidden_size)
        CAM_FAIL(
            CAM_E_MODEL,
            "distill_teacher: its hidden states have %d values, those of the model %d, so they cannot be compared; "
            "set distill_hidden=0",
            (int)teacher->hidden_size, (int)model->hidden_size);
    if (teacher->vocab_size != model->vocab_size)
        CAM_FAIL(CAM_E_MODEL,
                 "distill_teacher: its vocabulary has %d pieces, that of the model %d; teacher and model must share a "
                 "tokenizer",
                 (int)teacher->vocab_size, (int)model->vocab_size);
    if (most < run->max_length)
        CAM_FAIL(CAM_E_USAGE, "distill_teacher: it reads at most %d tokens; set max_seq_length=%d", (int)most,
                 (int)most);
out:
    return st;
}

static cam_status check_labels(const cam_run *run) {
    cam_status st = CAM_OK;
    const cam_model_config *teacher = &run->teacher;
    const cam_labels *labels = &run->corpus.labels;
    if (!gives_targets(run))
        return CAM_OK;
    if (!teacher->has_labels)
        CAM_FAIL(CAM_E_MODEL, "distill_teacher: \"%s\" names no labels in its config.json", run->teacher_folder);
    if ((size_t)teacher->num_labels != labels->count)
        CAM_FAIL(CAM_E_MODEL,
                 "distill_teacher: it has %d labels, the data %zu; teacher and data must share their labels",
                 (int)teacher->num_labels, labels->count);
    for (size_t k = 0; k < labels->count; k++)
        if (strcmp(teacher->id2label[k], labels->names[k]) != 0)
            CAM_FAIL(CAM_E_MODEL,
                     "distill_teacher: its label %zu is \"%s\", that of the data \"%s\"; teacher and data must share "
                     "their labels, in the same order",
                     k, teacher->id2label[k], labels->names[k]);
out:
    return st;
}

static cam_status fail_other_tokenizer(void) {
    return cam_fail(
        CAM_E_MODEL,
        "distill_teacher: its tokenizer gives other ids than that of the model; teacher and model must share "
        "a tokenizer");
}

static cam_status compare_ids(const cam_run *run, const cam_tokenizer *tokenizer) {
    cam_status st = CAM_OK;
    cam_token_rows rows = {0};
    const cam_token_rows *tokens = &run->corpus.tokens;
    cam_text *texts = malloc((size_t)(tokens->rows + 1) * sizeof *texts);
    if (!texts)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld texts", (long long)tokens->rows);
    for (int64_t r = 0; r < tokens->rows; r++) {
        const cam_row *row = cam_corpus_row(&run->corpus, r);
        texts[r] = (cam_text){row->text, row->text_length};
    }
    CAM_TRY(cam_tokenizer_encode_all(tokenizer, texts, tokens->rows, run->max_length, &run->cancel, &rows));
    size_t offsets = (size_t)(tokens->rows + 1) * sizeof *tokens->offsets;
    if (memcmp(rows.offsets, tokens->offsets, offsets) != 0 ||
        memcmp(rows.ids, tokens->ids, (size_t)tokens->offsets[tokens->rows] * sizeof *tokens->ids) != 0)
        st = fail_other_tokenizer();
out:
    cam_token_rows_release(&rows);
    free(texts);
    return st;
}

/* The texts of pretraining are too many to be encoded once more. */
static cam_status compare_pieces(const cam_run *run, const cam_tokenizer *tokenizer) {
    int32_t count = cam_tokenizer_vocab_size(tokenizer);
    if (count != cam_tokenizer_vocab_size(run->tokenizer))
        return fail_other_tokenizer();
    for (int32_t id = 0; id < count; id++) {
        const char *a = cam_tokenizer_piece(tokenizer, id), *b = cam_tokenizer_piece(run->tokenizer, id);
        if (!a != !b || (a && strcmp(a, b) != 0))
            return fail_other_tokenizer();
    }
    return CAM_OK;
}

/* The teacher reads the ids of the model's tokenizer, so its own must give the same ids for the texts of the run. */
static cam_status check_tokenizer(const cam_run *run) {
    cam_status st = CAM_OK;
    cam_tokenizer *tokenizer = NULL;
    if (strcmp(run->teacher_folder, run->model_folder) == 0)
        return CAM_OK;
    CAM_TRY(cam_model_tokenizer_open(run->teacher_folder, &tokenizer));
    if (cam_tokenizer_identity(tokenizer) == cam_tokenizer_identity(run->tokenizer))
        goto out;
    CAM_TRY(run->config->task == CAM_CONFIG_TASK_PRETRAIN ? compare_pieces(run, tokenizer)
                                                          : compare_ids(run, tokenizer));
out:
    cam_tokenizer_close(tokenizer);
    return st;
}

static cam_status check_weights(cam_run *run) {
    cam_status st = CAM_OK;
    cam_model_source source = {.keep_head = gives_targets(run), .config = &run->teacher};
    CAM_TRY(cam_weights_open(run->teacher_folder, &run->teacher_weights));
    source.weights = run->teacher_weights;
    if (gives_targets(run) && !cam_weights_find(run->teacher_weights, "classifier.out_proj.weight"))
        CAM_FAIL(
            CAM_E_MODEL,
            "distill_teacher: \"%s\" has no classifier (no \"classifier.*\" tensors), so it gives no targets; name "
            "the folder of a trained one, or set distill_alpha=0 distill_hidden=1",
            run->teacher_folder);
    CAM_TRY(cam_model_check(&source));
out:
    return st;
}

cam_status cam_run_check_teacher(cam_run *run) {
    cam_status st = CAM_OK;
    if (run->teacher.hidden_size == 0)
        return CAM_OK;
    CAM_TRY(check_weights(run));
    if (!run->is_sound)
        goto out;
    CAM_TRY(check_sizes(run));
    CAM_TRY(check_labels(run));
    CAM_TRY(check_tokenizer(run));
out:
    return st;
}
