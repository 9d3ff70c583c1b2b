/* eval_rows.c: see eval_rows.h. */
#include "eval_rows.h"
#include "audit.h"
#include "corpus.h"
#include "files.h"
#include "log.h"
#include "run_folder.h"
#include <stdlib.h>

typedef struct chooser {
    const cam_reading *reading;
    const char *path; /* of the file that is scored */
    cam_run_split split;
    int has_split, split_is_damaged;
    cam_dataset train; /* train_file, read as the run read it; empty where it is the scored file, or cannot be read */
    int is_run_file;
} chooser;

static const char *train_file(const chooser *c) {
    return c->reading->has_run ? c->reading->config.train_file : NULL;
}

static int same_rows(const cam_dataset *a, const cam_dataset *b) {
    return a->count == b->count && cam_dataset_hash(a) == cam_dataset_hash(b);
}

/* Finds out whether the scored file is that of the training. */
static void compare_files(chooser *c, const char *folder, const cam_dataset *data) {
    const char *path = train_file(c);
    c->has_split = cam_run_folder_read_split(folder, &c->split) == CAM_OK;
    c->split_is_damaged = !c->has_split && cam_file_exists_in(folder, "split.tsv");
    if (!path)
        return;
    c->is_run_file = cam_file_is_same(path, c->path);
    if (c->is_run_file)
        return;
    cam_read_options options = cam_corpus_read_options(&c->reading->config, path);
    if (cam_dataset_load(&options, &c->train) != CAM_OK) {
        cam_dataset_release(&c->train);
        if (c->has_split)
            cam_log("\"%s\", from which the model was trained, cannot be read: whether rows of \"%s\" are among those "
                    "that it learnt is not known",
                    path, c->path);
        return;
    }
    c->is_run_file = same_rows(&c->train, data);
}

/* The part of row i of the training file; -1 where the run did not use it. */
static int part_of(const chooser *c, const cam_dataset *data, size_t i) {
    const cam_row *row = c->train.count > 0 ? &c->train.rows[i] : &data->rows[i];
    return cam_run_split_part(&c->split, cam_row_number(row), row->line);
}

/* CAM_E_DATA where rows of split.tsv are not in the file. */
static cam_status check_unchanged(const chooser *c, const cam_dataset *data) {
    size_t found = 0;
    for (size_t i = 0; i < data->count; i++)
        found += part_of(c, data, i) >= 0;
    return found == c->split.count
               ? CAM_OK
               : cam_fail(CAM_E_DATA,
                          "\"%s\" has changed since the model was trained: %zu of its %zu rows are where they were; "
                          "score all its rows, learnt or not, with --part all",
                          c->path, found, c->split.count);
}

/* Leaves the rows of one part of the training file. */
static cam_status keep_part(const chooser *c, cam_data_part part, cam_dataset *data) {
    cam_status st = CAM_OK;
    size_t all = data->count, kept = 0, fresh = 0;
    unsigned char *remove = malloc(all + 1);
    if (!remove)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu rows", all);
    CAM_TRY(check_unchanged(c, data));
    for (size_t i = 0; i < all; i++) {
        remove[i] = part_of(c, data, i) != (int)part;
        kept += !remove[i];
        fresh += part_of(c, data, i) < 0;
    }
    if (kept == 0)
        CAM_FAIL(CAM_E_USAGE,
                 "no row of \"%s\" was held out of the training; name another file with --data, or score the rows that "
                 "the model has learnt with --part train",
                 c->path);
    cam_dataset_remove(data, remove);
    cam_log("\"%s\" is the file of the training: %zu of its %zu rows %s scored, %s; --part all scores all", c->path,
            kept, all, kept == 1 ? "is" : "are",
            part == CAM_PART_TRAIN ? "those that the model has learnt" : "those that were held out");
    if (fresh > 0)
        cam_log("%zu row%s new in \"%s\" since the training, and %s not scored", fresh, fresh == 1 ? " is" : "s are",
                c->path, fresh == 1 ? "is" : "are");
out:
    free(remove);
    return st;
}

/* Warns where texts of another file are among those that the model has learnt. */
static cam_status warn_of_learnt(chooser *c, const cam_dataset *data) {
    cam_status st = CAM_OK;
    cam_audit audit;
    unsigned char *remove = NULL;
    if (c->train.count == 0 || !c->has_split || check_unchanged(c, &c->train) != CAM_OK)
        goto out;
    remove = malloc(c->train.count);
    if (!remove)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu rows", c->train.count);
    for (size_t i = 0; i < c->train.count; i++)
        remove[i] = part_of(c, &c->train, i) != CAM_PART_TRAIN;
    cam_dataset_remove(&c->train, remove);
    const cam_dataset *parts[CAM_PARTS] = {[CAM_PART_TRAIN] = &c->train, [CAM_PART_TEST] = data};
    CAM_TRY(cam_audit_run(&audit, parts));
    int64_t learnt = audit.overlaps[CAM_PART_TEST].count;
    if (learnt > 0)
        cam_log_warn("%lld of the %zu rows of \"%s\" %s a text that the model has learnt; that raises the score",
                     (long long)learnt, data->count, c->path, learnt == 1 ? "has" : "have");
out:
    free(remove);
    return st;
}

/* What --part means for this file. */
static cam_status choose(chooser *c, const char *folder, enum cam_choice_eval_part *part) {
    if (c->is_run_file && c->split_is_damaged && *part != CAM_EVAL_PART_ALL)
        return cam_run_folder_read_split(folder, &c->split); /* says what is wrong with it */
    if (c->is_run_file && c->has_split) {
        if (*part == CAM_EVAL_PART_AUTO)
            *part = CAM_EVAL_PART_VALIDATION;
        return CAM_OK;
    }
    if (*part != CAM_EVAL_PART_AUTO && *part != CAM_EVAL_PART_ALL) {
        if (!c->has_split || !train_file(c))
            return cam_fail(CAM_E_USAGE,
                            "--part %s needs a model folder that a run wrote, with run.yaml and split.tsv; leave it "
                            "out to score all rows",
                            cam_words_eval_part[*part]);
        return cam_fail(CAM_E_USAGE,
                        "--part %s is for the file from which the model was trained, \"%s\", and \"%s\" is another; "
                        "leave it out to score all rows",
                        cam_words_eval_part[*part], train_file(c), c->path);
    }
    if (c->is_run_file && *part == CAM_EVAL_PART_AUTO)
        cam_log_warn("\"%s\" is the file of the training, and without split.tsv it is not known which rows the model "
                     "has learnt: all are scored",
                     c->path);
    *part = CAM_EVAL_PART_ALL;
    return CAM_OK;
}

cam_status cam_eval_rows_choose(const cam_reading *reading, const cam_arguments *arguments, const char *folder,
                                cam_dataset *data, enum cam_choice_eval_part *part) {
    cam_status st = CAM_OK;
    chooser c = {.reading = reading, .path = arguments->data};
    *part = (enum cam_choice_eval_part)arguments->part.value;
    compare_files(&c, folder, data);
    CAM_TRY(choose(&c, folder, part));
    if (*part != CAM_EVAL_PART_ALL)
        CAM_TRY(keep_part(&c, *part == CAM_EVAL_PART_TRAIN ? CAM_PART_TRAIN : CAM_PART_VALIDATION, data));
    else if (!c.is_run_file)
        CAM_TRY(warn_of_learnt(&c, data));
    else if (c.has_split)
        cam_log("\"%s\" is the file of the training: all its rows are scored, also those that the model has learnt",
                c.path);
out:
    cam_dataset_release(&c.train);
    cam_run_split_release(&c.split);
    return st;
}
