/* verb_clean.c: `clean` lists the rows whose labels a person should look at, and with --apply writes a corrected file by the
 * decisions of that person. */
#include "clean.h"
#include "corrected_file.h"
#include "csv_out.h"
#include "fast_scores.h"
#include "files.h"
#include "log.h"
#include "measurement_folder.h"
#include "pages.h"
#include "remedy.h"
#include "verbs.h"
#include <stdlib.h>
#include <string.h>

typedef struct cleaning {
    const cam_arguments *arguments;
    cam_config config, data; /* as the user wrote it; as it is for reading: all rows of train_file and nothing else */
    cam_out_of_fold oof;
    cam_labels known; /* the labels of oof.jsonl, whose order stays */
    cam_corpus corpus;
    cam_clean clean;
    cam_decisions decisions;
} cleaning;

enum { CHANGES_SHOWN = 20 };

static void close_cleaning(cleaning *c) {
    cam_decisions_release(&c->decisions);
    cam_clean_release(&c->clean);
    cam_corpus_close(&c->corpus);
    cam_labels_release(&c->known);
    cam_out_of_fold_release(&c->oof);
    cam_config_release(&c->config);
}

/* Rows are not split, and equal texts are what is looked for. */
static cam_status configure(cleaning *c) {
    cam_status st = CAM_OK;
    if (c->arguments->fast && c->arguments->apply)
        CAM_FAIL(CAM_E_USAGE, "--fast lists rows and --apply takes the decisions about them; leave one of them out");
    CAM_TRY(cam_verb_load_config(c->arguments, &c->config));
    if (c->config.task != CAM_CONFIG_TASK_CLASSIFY)
        CAM_FAIL(CAM_E_USAGE, "task: clean looks at labels; set task=classify");
    c->data = c->config;
    c->data.validation_file = c->data.test_file = c->data.distill_teacher = NULL;
    c->data.validation_split = 0;
    if (c->data.on_duplicate != CAM_DUPLICATE_DROP)
        c->data.on_duplicate = CAM_DUPLICATE_IGNORE;
out:
    return st;
}

static cam_status open_corpus(cleaning *c) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_corpus_open(&c->corpus, &c->data, c->known.count > 0 ? &c->known : NULL));
    cam_log_each_line(cam_strbuf_text(&c->corpus.warnings), cam_log_warn);
out:
    return st;
}

static cam_status no_scores(const cleaning *c, const char *path) {
    cam_command command = cam_verb_command(c->arguments);
    cam_strbuf measure = CAM_STRBUF_INIT, fast = CAM_STRBUF_INIT;
    command.verb = "measure";
    cam_command_put(&command, "", &measure);
    command.verb = "clean";
    cam_command_put(&command, "", &fast);
    cam_status st = cam_fail(CAM_E_USAGE,
                             "\"%s\" is not there, the scores of each row by a model that never saw it; run %s, which "
                             "writes it, or in seconds, with less to find: %s --fast",
                             path, cam_strbuf_text(&measure), cam_strbuf_text(&fast));
    cam_strbuf_release(&measure);
    cam_strbuf_release(&fast);
    return st;
}

/* Reads the scores that measure has left, and the data that they belong to. */
static cam_status read_scores(cleaning *c) {
    cam_status st = CAM_OK;
    char *path = cam_path_join(c->config.output_dir, CAM_OUT_OF_FOLD_FILE);
    CAM_TRY(cam_memory_check(CAM_OK));
    if (!cam_file_exists(path)) {
        st = no_scores(c, path);
        goto out;
    }
    CAM_TRY(cam_out_of_fold_read(&c->oof, path));
    CAM_TRY(cam_labels_from_names(&c->known, (const char *const *)c->oof.labels.names, c->oof.labels.count));
    CAM_TRY(open_corpus(c));
    CAM_TRY(cam_out_of_fold_check(&c->oof, path, &c->corpus));
    cam_log("clean    %lld rows by the scores of \"%s\"", (long long)c->oof.rows, path);
out:
    free(path);
    return st;
}

static cam_status make_scores(cleaning *c) {
    cam_status st = CAM_OK;
    CAM_TRY(open_corpus(c));
    CAM_TRY(cam_fast_scores(&c->oof, &c->corpus, &c->config, NULL));
    cam_log("clean    %lld rows by TF-IDF in %d folds", (long long)c->oof.rows, (int)c->oof.folds);
out:
    return st;
}

static void tell(const cleaning *c) {
    cam_command command = cam_verb_command(c->arguments);
    cam_strbuf text = CAM_STRBUF_INIT;
    command.verb = "clean";
    cam_clean_put_table(&c->clean, &c->corpus, &text);
    cam_strbuf_printf(&text, "\nin \"%s\"\n", c->config.output_dir);
    cam_strbuf_puts(&text, "  suspects.csv   the rows; its column decision: keep, suggested, drop or a label\n"
                           "  clean.json     all figures\n");
    cam_measurement_folder_put_page_line(&c->config, 15, &text);
    cam_strbuf_puts(&text, "next: a corrected file by these decisions\n  ");
    cam_command_put(&command, "", &text);
    cam_strbuf_puts(&text, " --apply");
    cam_log_each_line(cam_strbuf_text(&text), cam_log);
    cam_strbuf_release(&text);
}

/* Decisions of an earlier list are a person's work. */
static cam_status keep_decisions(const cleaning *c) {
    cam_status st = CAM_OK;
    int64_t decided = 0;
    char *path = cam_path_join(c->config.output_dir, CAM_SUSPECTS_FILE);
    CAM_TRY(cam_memory_check(CAM_OK));
    if (!cam_file_exists(path) || c->config.overwrite_output_dir)
        goto out;
    CAM_TRY(cam_decisions_count(path, &decided));
    if (decided > 0)
        CAM_FAIL(CAM_E_USAGE,
                 "\"%s\" has %lld decision%s, which a new list would replace; use them with --apply, or set "
                 "overwrite_output_dir=true",
                 path, (long long)decided, decided == 1 ? "" : "s");
out:
    free(path);
    return st;
}

static cam_status list_suspects(cleaning *c) {
    cam_status st = CAM_OK;
    int fast = c->arguments->fast;
    CAM_TRY(keep_decisions(c));
    CAM_TRY(fast ? make_scores(c) : read_scores(c));
    CAM_TRY(cam_clean_find(&c->clean, &c->corpus, &c->oof, c->config.confidence));
    CAM_TRY(cam_directory_make(c->config.output_dir));
    CAM_TRY(
        cam_clean_write(&c->clean, &c->corpus, &c->oof, fast ? "tfidf" : CAM_OUT_OF_FOLD_FILE, c->config.output_dir));
    if (c->config.report_to & CAM_CONFIG_REPORT_HTML)
        CAM_TRY(cam_pages_write(c->config.output_dir, c->config.language));
    tell(c);
out:
    return st;
}

/* --- applying decisions ---------------------------------------------------------------------------------------- */

static const char *new_label(const cleaning *c, const cam_decision *decision) {
    return decision->label < 0 ? "" : c->corpus.labels.names[decision->label];
}

/* changes.csv: the rows of the original file that are different in the corrected one; `to` is empty for a dropped row. */
static cam_status write_changes(const cleaning *c) {
    const cam_dataset *file = &c->corpus.files[CAM_PART_TRAIN];
    char *path = cam_path_join(c->config.output_dir, CAM_CHANGES_FILE), d = file->delimiter == ';' ? ';' : ',';
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_printf(&text,
                      "\xEF\xBB\xBF"
                      "file%cline%ctext%cfrom%cto\n",
                      d, d, d, d);
    for (int64_t i = 0; i < c->decisions.count; i++) {
        const cam_decision *decision = &c->decisions.list[i];
        const cam_row *row = &file->rows[decision->row];
        cam_csv_text_put(&text, file->path, d);
        cam_strbuf_printf(&text, "%c%ld%c", d, row->line, d);
        cam_csv_text_put(&text, row->text, d);
        cam_strbuf_putc(&text, d);
        cam_csv_text_put(&text, c->corpus.labels.names[c->corpus.label[decision->row]], d);
        cam_strbuf_putc(&text, d);
        cam_csv_text_put(&text, new_label(c, decision), d);
        cam_strbuf_putc(&text, '\n');
    }
    cam_status st = cam_memory_check(CAM_OK);
    if (st == CAM_OK)
        st = cam_file_write(path, text.text, text.length);
    cam_strbuf_release(&text);
    free(path);
    return st;
}

static void tell_changes(const cleaning *c, const char *corrected) {
    cam_command command = cam_verb_command(c->arguments);
    const cam_dataset *file = &c->corpus.files[CAM_PART_TRAIN];
    cam_strbuf text = CAM_STRBUF_INIT, setting = CAM_STRBUF_INIT;
    int64_t dropped = 0;
    for (int64_t i = 0; i < c->decisions.count; i++) {
        const cam_decision *decision = &c->decisions.list[i];
        dropped += decision->label < 0;
        if (i >= CHANGES_SHOWN)
            continue;
        cam_log("line %ld: \"%s\" %s%s%s", file->rows[decision->row].line,
                c->corpus.labels.names[c->corpus.label[decision->row]],
                decision->label < 0 ? "is dropped" : "becomes \"", new_label(c, decision),
                decision->label < 0 ? "" : "\"");
    }
    if (c->decisions.count > CHANGES_SHOWN)
        cam_log("and %lld more", (long long)(c->decisions.count - CHANGES_SHOWN));
    cam_log("wrote    \"%s\": %lld label%s changed, %lld row%s dropped, of %lld; \"%s\" is as it was", corrected,
            (long long)(c->decisions.count - dropped), c->decisions.count - dropped == 1 ? "" : "s", (long long)dropped,
            dropped == 1 ? "" : "s", (long long)file->count, file->path);
    cam_log("         \"%s/%s\": each change", c->config.output_dir, CAM_CHANGES_FILE);
    cam_strbuf_puts(&setting, " train_file=");
    cam_shell_word_put(&setting, corrected);
    command.verb = "check";
    cam_command_put(&command, cam_strbuf_text(&setting), &text);
    cam_log("next: look at it before it is trained on");
    cam_log("  %s", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
    cam_strbuf_release(&setting);
}

static cam_status apply_decisions(cleaning *c) {
    cam_status st = CAM_OK;
    char *corrected = NULL, *path = cam_path_join(c->config.output_dir, CAM_SUSPECTS_FILE);
    CAM_TRY(cam_memory_check(CAM_OK));
    if (!cam_file_exists(path))
        CAM_FAIL(CAM_E_USAGE, "\"%s\" is not there; run clean without --apply first, which writes it", path);
    CAM_TRY(open_corpus(c));
    CAM_TRY(cam_decisions_read(&c->decisions, path, &c->corpus));
    if (c->decisions.count == 0) {
        cam_log("nothing to change: %lld decisions in \"%s\", and none changes a label",
                (long long)c->decisions.decided, path);
        goto out;
    }
    CAM_TRY(cam_corrected_file_write(&c->config, &c->corpus, &c->decisions, &corrected));
    CAM_TRY(write_changes(c));
    tell_changes(c, corrected);
out:
    free(path);
    free(corrected);
    return st;
}

cam_status cam_verb_clean(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cleaning c = {.arguments = arguments};
    CAM_TRY(configure(&c));
    CAM_TRY(arguments->apply ? apply_decisions(&c) : list_suspects(&c));
out:
    close_cleaning(&c);
    return st;
}
