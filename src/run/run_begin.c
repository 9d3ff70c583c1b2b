/* run_begin.c: the beginning of a run: its folder, its log, and the checkpoint from which it goes on; see
 * training_internal.h. */
#include "checkpoint_reader.h"
#include "files.h"
#include "log.h"
#include "plain.h"
#include "run_record.h"
#include "training_internal.h"
#include "training_record_internal.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What rank 0 tells the others of the run and of the checkpoint from which it goes on. */
typedef struct beginning {
    char run_id[CAM_RUN_ID_BYTES];
    char token[CAM_TRAINING_TOKEN_BYTES];
    int64_t step; /* 0: from the beginning */
    uint64_t numbers_bytes, results_bytes;
} beginning;

/* --- the first lines ----------------------------------------------------------------------------------------------- */

static void log_cost(const cam_run_event *event, cam_memory_need need) {
    cam_strbuf line = CAM_STRBUF_INIT;
    cam_plain_put_count(&line, event->trained_parameters);
    cam_strbuf_puts(&line, " of ");
    cam_plain_put_count(&line, event->parameters);
    cam_strbuf_puts(&line, " parameters; ");
    cam_plain_put_bytes(&line, (double)need.parameters);
    cam_strbuf_puts(&line, " of parameters and optimizer state, ");
    cam_plain_put_bytes(&line, (double)need.activations);
    cam_strbuf_puts(&line, " of activations");
    cam_log("trained  %s", line.text);
    cam_strbuf_release(&line);
}

static cam_status log_beginning(cam_training *t, const cam_backend *backend) {
    const cam_corpus *corpus = &t->run->corpus;
    const cam_trainer *trainer = &t->trainer;
    cam_run_event event = {.version = CAM_VERSION,
                           .run_id = t->run_id,
                           .model = t->run->model_folder,
                           .device = backend->description,
                           .parameters = trainer->params.logical_count,
                           .trained_parameters = trainer->params.trained_count,
                           .train_rows = corpus->part_count[CAM_PART_TRAIN],
                           .validation_rows = corpus->part_count[CAM_PART_VALIDATION],
                           .labels = (int64_t)corpus->labels.count,
                           .steps = trainer->plan.updates};
    event.tokens = cam_packing_tokens(&corpus->tokens, corpus->part[CAM_PART_TRAIN], event.train_rows, NULL);
    cam_log("device   %s%s", backend->description, trainer->options.bf16 ? ", bf16" : "");
    log_cost(&event, cam_trainer_memory(trainer));
    if (t->run->model.task == CAM_TASK_ENCODER)
        cam_log("no token is masked: the encoder learns the last hidden states of \"%s\" at all tokens",
                t->run->teacher_folder);
    else if (cam_training_config(t)->init == CAM_CONFIG_INIT_PRETRAINED && trainer->fresh_head)
        cam_log("the %s is fresh; all else comes from \"%s\"",
                cam_training_config(t)->task == CAM_CONFIG_TASK_PRETRAIN ? "lm_head" : "classifier",
                t->run->model_folder);
    return cam_training_writes_log(t) ? cam_run_log_run(&t->log, &event) : CAM_OK;
}

/* --- the folder ---------------------------------------------------------------------------------------------------- */

/* Takes over the folder for a new run. */
static cam_status clear_folder(cam_training *t) {
    cam_status st = CAM_OK;
    cam_run_record earlier;
    cam_run_record record = {.facts = t->run->facts};
    cam_status found = cam_run_record_read(t->folder.path, &earlier);
    st = cam_run_folder_clear(&t->folder, found == CAM_OK ? earlier.run_id : "");
    cam_run_record_release(&earlier);
    if (st != CAM_OK)
        return st;
    cam_run_id_draw(t->run_id);
    memcpy(record.run_id, t->run_id, sizeof record.run_id);
    return cam_run_record_write(&t->folder, &record);
}

/* Between the look into the folder and its lock, another process may have written there. */
static cam_status check_folder(cam_training *t) {
    cam_status st = CAM_OK;
    cam_run_record record;
    CAM_TRY(cam_run_record_read(t->folder.path, &record));
    if (strcmp(record.run_id, t->run->resume.run_id) != 0 || record.finished)
        st = cam_fail(CAM_E_USAGE, "output_dir \"%s\": another run has been writing there; try again",
                      cam_training_config(t)->output_dir);
    memcpy(t->run_id, record.run_id, sizeof t->run_id);
    cam_run_record_release(&record);
    if (st == CAM_OK)
        st = cam_run_folder_remove_leftovers(&t->folder);
out:
    return st;
}

static cam_status open_folder(cam_training *t) {
    cam_status st = CAM_OK;
    const cam_config *config = cam_training_config(t);
    CAM_TRY(cam_run_folder_open(config, &t->folder));
    CAM_TRY(t->run->resume.kind == CAM_RUN_GOES_ON ? check_folder(t) : clear_folder(t));
    CAM_TRY(cam_run_folder_put_plan(&t->folder, config, &t->run->corpus));
    t->model_path = cam_run_folder_path(&t->folder, CAM_TRAINING_MODEL_FILE);
out:
    return st;
}

/* --- choosing a checkpoint ----------------------------------------------------------------------------------------- */

/* Opens the checkpoint and reads all of it once, to be sure of it. */
static cam_status open_checkpoint(const char *path, cam_checkpoint_reader *reader) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_checkpoint_open(reader, path));
    CAM_TRY(cam_checkpoint_verify(reader));
out:
    if (st != CAM_OK)
        cam_checkpoint_close(reader);
    return st;
}

/* Opens the newest checkpoint that is whole, or the one that the user has named; closed where there is none. */
static cam_status choose(const cam_training *t, cam_checkpoint_reader *reader) {
    cam_status st = CAM_OK;
    const cam_resume *resume = &t->run->resume;
    cam_checkpoint_found *found = NULL;
    cam_strbuf damaged = CAM_STRBUF_INIT;
    size_t count = 0;
    int is_open = 0;
    CAM_TRY(cam_checkpoint_list(t->folder.path, t->run_id, &found, &count, &damaged));
    cam_log_each_line(cam_strbuf_text(&damaged), cam_log_warn); /* those that cannot be listed */
    for (size_t i = 0; i < count && !is_open; i++) {
        if (resume->is_named && found[i].step != resume->step)
            continue;
        cam_status opened = open_checkpoint(found[i].path, reader);
        is_open = opened == CAM_OK;
        if (opened == CAM_E_MEMORY || (resume->is_named && !is_open))
            CAM_TRY(opened);
        if (!is_open)
            cam_log_warn("%s; the run goes on from the checkpoint before, if there is one", cam_status_message());
    }
    if (!is_open && (count > 0 || damaged.length > 0))
        cam_log_warn("no checkpoint of the run can be read: it begins again");
out:
    cam_checkpoint_list_release(found, count);
    cam_strbuf_release(&damaged);
    return st;
}

/* --- going on ------------------------------------------------------------------------------------------------------ */

static int64_t piece_size(void *context, const char *name) {
    const cam_checkpoint_entry *entry = cam_checkpoint_find((const cam_checkpoint_reader *)context, name);
    return entry ? (int64_t)entry->bytes : -1;
}

static cam_status read_piece(void *context, const char *name, uint64_t begin, size_t count, void *to) {
    const cam_checkpoint_entry *entry = cam_checkpoint_find((const cam_checkpoint_reader *)context, name);
    CAM_ASSERT(entry);
    return cam_checkpoint_read(entry, begin, count, to);
}

/* Reads a whole file of the checkpoint; ranks above 0 get it from rank 0. `bytes` is the same on all ranks. */
static cam_status share_file(cam_training *t, const cam_checkpoint_reader *reader, const char *name, uint64_t bytes,
                             cam_strbuf *out) {
    cam_status st = CAM_OK;
    cam_strbuf_resize(out, (size_t)bytes);
    if (t->writes_output)
        st = cam_checkpoint_read(cam_checkpoint_find(reader, name), 0, (size_t)bytes, out->text);
    CAM_TRY(cam_group_agree_status(t->run->group, "reading the checkpoint", st));
    if (bytes > 0)
        CAM_TRY(cam_group_broadcast(t->run->group, "reading the checkpoint", out->text, (size_t)bytes));
out:
    return st;
}

/* Other arithmetic than that of the checkpoint: refused where its state does not fit, else told. */
static cam_status compare_arithmetic(const cam_training *t, const cam_training_numbers *numbers) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    if (!t->writes_output || cam_facts_compare(&numbers->arithmetic, &t->arithmetic, &text) == 0)
        goto out;
    if ((numbers->counters.bf16 != 0) != (t->trainer.options.bf16 != 0))
        CAM_FAIL(CAM_E_USAGE, "the run in output_dir \"%s\" was computed with %s; set bf16=%s",
                 cam_training_config(t)->output_dir, numbers->counters.bf16 ? "bf16" : "f32",
                 numbers->counters.bf16 ? "true" : "false");
    cam_log_warn("the run goes on with other arithmetic: %s; its result will be equal to rounding, not to the bit",
                 cam_strbuf_text(&text));
out:
    cam_strbuf_release(&text);
    return st;
}

/* The best model comes back where a later one, of steps that are made again, has replaced it. */
static cam_status put_model_back(const cam_training *t, const cam_checkpoint_reader *reader) {
    cam_status st = CAM_OK;
    char *kept = NULL;
    if (!t->writes_output || t->saved_step < 0)
        return CAM_OK;
    kept = cam_path_join(reader->path, CAM_TRAINING_MODEL_FILE);
    if (!cam_file_is_same(kept, t->model_path))
        CAM_TRY(cam_file_copy(kept, t->model_path));
    CAM_TRY(cam_training_complete_model(t));
out:
    free(kept);
    return st;
}

static cam_status put_state(cam_training *t, cam_checkpoint_reader *reader, const cam_training_numbers *numbers) {
    cam_status st = CAM_OK;
    char *path = NULL;
    cam_state_source source = {.context = reader, .size = piece_size, .read = read_piece};
    if (!t->writes_output && t->trainer.params.sharding.sharded) { /* each rank reads its own shards */
        path = cam_checkpoint_path(cam_training_config(t)->output_dir, numbers->counters.steps);
        st = cam_checkpoint_open(reader, path);
    }
    CAM_TRY(cam_group_agree_status(t->run->group, "opening the checkpoint", st));
    st = cam_trainer_state_put(&t->trainer, &numbers->counters, &source);
    if (st == CAM_E_MODEL)
        CAM_FAIL(CAM_E_MODEL, "cannot go on from checkpoint-%lld: %s", (long long)numbers->counters.steps,
                 cam_status_message());
out:
    free(path);
    return st;
}

/* All that the run was at the checkpoint. */
static cam_status go_on(cam_training *t, cam_checkpoint_reader *reader, const beginning *b) {
    cam_status st = CAM_OK;
    cam_training_numbers numbers = {0};
    CAM_TRY(share_file(t, reader, CAM_TRAINING_NUMBERS_FILE, b->numbers_bytes, &t->numbers));
    CAM_TRY(share_file(t, reader, CAM_TRAINING_RESULTS_FILE, b->results_bytes, &t->results));
    CAM_TRY(cam_training_numbers_read(&t->numbers, &numbers));
    CAM_TRY(cam_group_agree_status(t->run->group, "comparing with the checkpoint", compare_arithmetic(t, &numbers)));
    CAM_TRY(put_state(t, reader, &numbers));
    CAM_TRY(t->task->take_results(t, &t->results));
    cam_training_numbers_take(t, &numbers);
    CAM_TRY(cam_group_agree_status(t->run->group, "restoring the best model", put_model_back(t, reader)));
    t->first_step = t->checkpoint_step = numbers.counters.steps;
    cam_log("resume   checkpoint-%lld: step %lld of %lld", (long long)t->first_step, (long long)t->first_step,
            (long long)t->trainer.plan.updates);
out:
    cam_training_numbers_release(&numbers);
    return st;
}

/* Names the folders in which this process writes checkpoints. */
static void make_token(char token[CAM_TRAINING_TOKEN_BYTES]) {
    char host[40] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    for (char *c = host; *c; c++)
        *c = (char)(isalnum((unsigned char)*c) ? *c : '-');
    snprintf(token, CAM_TRAINING_TOKEN_BYTES, "%s-%ld", host, (long)getpid());
}

/* Rank 0 opens the folder and chooses the checkpoint; all ranks learn of it. */
static cam_status begin_together(cam_training *t, cam_checkpoint_reader *reader, beginning *b) {
    cam_status st = CAM_OK;
    const cam_checkpoint_entry *numbers = NULL, *results = NULL;
    if (t->writes_output) {
        st = open_folder(t);
        if (st == CAM_OK && t->run->resume.kind == CAM_RUN_GOES_ON)
            st = choose(t, reader);
    }
    CAM_TRY(cam_group_agree_status(t->run->group, "opening the output folder", st));
    if (reader->path) {
        numbers = cam_checkpoint_find(reader, CAM_TRAINING_NUMBERS_FILE);
        results = cam_checkpoint_find(reader, CAM_TRAINING_RESULTS_FILE);
    }
    if (numbers && results) {
        b->step = reader->step;
        b->numbers_bytes = numbers->bytes;
        b->results_bytes = results->bytes;
    }
    memcpy(b->run_id, t->run_id, sizeof b->run_id);
    if (t->writes_output)
        make_token(b->token);
    CAM_TRY(cam_group_broadcast(t->run->group, "opening the output folder", b, sizeof *b));
    memcpy(t->run_id, b->run_id, sizeof t->run_id);
    memcpy(t->token, b->token, sizeof t->token);
out:
    return st;
}

cam_status cam_training_begin(cam_training *t, cam_backend *backend) {
    cam_status st = CAM_OK;
    cam_checkpoint_reader reader = {0};
    beginning b = {.step = 0};
    char *log = NULL;
    CAM_TRY(begin_together(t, &reader, &b));
    if (b.step > 0)
        CAM_TRY(go_on(t, &reader, &b));
    else if (t->run->resume.kind == CAM_RUN_GOES_ON)
        cam_log("resume   no checkpoint yet: the run begins again");
    CAM_TRY(cam_group_agree_status(t->run->group, "memory for checkpoints", cam_training_open_checkpoints(t)));
    log = cam_training_writes_log(t) ? cam_run_folder_path(&t->folder, "log.jsonl") : NULL;
    if (log)
        st = cam_run_log_open(&t->log, log, t->log_bytes);
    if (st == CAM_OK && b.step == 0 && t->writes_output)
        st = log_beginning(t, backend);
    CAM_TRY(cam_group_agree_status(t->run->group, "opening the log", st));
out:
    cam_checkpoint_close(&reader);
    free(log);
    return st;
}
