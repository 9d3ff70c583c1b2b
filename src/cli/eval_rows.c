/* eval_rows.c: see eval_rows.h. split.tsv has a hash of each text, so that a row of the training is known wherever it
 * stands now. */
#include "eval_rows.h"
#include "audit.h"
#include "files.h"
#include "log.h"
#include "run_folder.h"
#include <stdlib.h>

enum { NOT_USED = CAM_PARTS }; /* the part of a row that the run did not use */

typedef struct chooser {
    const char *train_file; /* of run.yaml; NULL where there is none */
    const char *path;       /* of the file that is scored */
    cam_run_split split;
    int has_split, split_is_damaged;
    int is_run_file;
    size_t in_place;     /* rows of split.tsv that stand where they stood, with the same text */
    size_t learnt;       /* rows whose text is one of the training part */
    size_t not_used;     /* rows that belong to no part */
    unsigned char *part; /* [rows] cam_data_part, or NOT_USED */
} chooser;

/* Finds the part of each row: by place and text; where the file has changed, by the text alone. Returns how many rows
 * of split.tsv have a text that the file has. */
static cam_status find_parts(chooser *c, const cam_dataset *data, size_t *found) {
    cam_status st = CAM_OK;
    const cam_run_split_row *first = c->split.rows;
    unsigned char *seen = calloc(c->split.count + 1, 1);
    const cam_run_split_row **same = malloc((data->count + 1) * sizeof *same);
    c->part = malloc(data->count + 1);
    *found = 0;
    if (!c->part || !seen || !same)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu rows", data->count);
    for (size_t i = 0; i < data->count; i++) {
        const cam_row *row = &data->rows[i];
        uint64_t text = cam_audit_text_hash(row);
        const cam_run_split_row *here = cam_run_split_find(&c->split, cam_row_number(row), row->line, text);
        same[i] = cam_run_split_find_text(&c->split, text);
        c->part[i] = (unsigned char)(here ? (int)here->part : NOT_USED);
        c->in_place += here != NULL;
        c->learnt += same[i] && same[i]->part == CAM_PART_TRAIN;
        if (same[i])
            seen[same[i] - first] = 1;
    }
    for (size_t i = 0; i < data->count; i++) {
        if (c->part[i] == NOT_USED && same[i] && c->in_place < c->split.count)
            c->part[i] = (unsigned char)same[i]->part;
        c->not_used += c->part[i] == NOT_USED;
    }
    for (size_t i = 0; i < c->split.count; i++)
        *found += seen[cam_run_split_find_text(&c->split, first[i].text) - first];
out:
    free(same);
    free(seen);
    return st;
}

/* Finds out whether the scored file is that of the training: the same file, or one with all its texts. */
static cam_status compare_files(chooser *c, const char *folder, const cam_dataset *data) {
    cam_status st = CAM_OK;
    size_t found = 0;
    cam_status read = cam_run_folder_read_split(folder, &c->split);
    if (read == CAM_E_MEMORY)
        CAM_TRY(read);
    c->has_split = read == CAM_OK;
    c->split_is_damaged = !c->has_split && cam_file_exists_in(folder, "split.tsv");
    c->is_run_file = c->train_file && cam_file_is_same(c->train_file, c->path);
    if (!c->has_split)
        goto out;
    CAM_TRY(find_parts(c, data, &found));
    c->is_run_file |= c->split.count > 0 && found == c->split.count;
out:
    return st;
}

/* Says that the file is no longer what it was, and what that means for its rows. */
static void tell_changes(const chooser *c, const cam_dataset *data) {
    if (c->in_place < c->split.count && c->train_file && cam_file_is_same(c->train_file, c->path))
        cam_log_warn("\"%s\" has changed since the training: %zu of the %zu rows that it used are where they were; the "
                     "others are known by their texts only",
                     c->path, c->in_place, c->split.count);
    if (c->not_used > 0)
        cam_log("%zu of the %zu rows of \"%s\" %s not among those that the training used (new, changed, or left out "
                "then), and %s not scored",
                c->not_used, data->count, c->path, c->not_used == 1 ? "is" : "are", c->not_used == 1 ? "is" : "are");
}

/* Leaves the rows of one part of the training file. */
static cam_status keep_part(const chooser *c, cam_data_part part, cam_dataset *data) {
    cam_status st = CAM_OK;
    size_t all = data->count, kept = 0;
    unsigned char *remove = malloc(all + 1);
    if (!remove)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu rows", all);
    if (c->not_used == all)
        CAM_FAIL(CAM_E_DATA,
                 "\"%s\" has changed since the model was trained: it has none of the texts of that time; score all its "
                 "rows with --part all",
                 c->path);
    for (size_t i = 0; i < all; i++) {
        remove[i] = c->part[i] != (int)part;
        kept += !remove[i];
    }
    if (kept == 0)
        CAM_FAIL(CAM_E_USAGE,
                 "no row of \"%s\" was held out of the training; name another file with --data, or score the rows that "
                 "the model has learnt with --part train",
                 c->path);
    tell_changes(c, data);
    cam_dataset_remove(data, remove);
    cam_log("\"%s\" is the file of the training: %zu of its %zu rows %s scored, %s; --part all scores all", c->path,
            kept, all, kept == 1 ? "is" : "are",
            part == CAM_PART_TRAIN ? "those that the model has learnt" : "those that were held out");
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
        if (!c->has_split || !c->train_file)
            return cam_fail(CAM_E_USAGE,
                            "--part %s needs a model folder that a run wrote, with run.yaml and split.tsv; leave it "
                            "out to score all rows",
                            cam_words_eval_part[*part]);
        return cam_fail(CAM_E_USAGE,
                        "--part %s is for the file from which the model was trained, \"%s\", and \"%s\" is another; "
                        "leave it out to score all rows",
                        cam_words_eval_part[*part], c->train_file, c->path);
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
    chooser c = {.train_file = reading->has_run ? reading->config.train_file : NULL, .path = arguments->data};
    *part = (enum cam_choice_eval_part)arguments->part.value;
    CAM_TRY(compare_files(&c, folder, data));
    CAM_TRY(choose(&c, folder, part));
    if (*part != CAM_EVAL_PART_ALL)
        CAM_TRY(keep_part(&c, *part == CAM_EVAL_PART_TRAIN ? CAM_PART_TRAIN : CAM_PART_VALIDATION, data));
    else if (c.is_run_file && c.has_split)
        cam_log("\"%s\" is the file of the training: all its rows are scored, also those that the model has learnt",
                c.path);
    else if (c.learnt > 0)
        cam_log_warn("%zu of the %zu rows of \"%s\" %s a text that the model has learnt; that raises the score",
                     c.learnt, data->count, c.path, c.learnt == 1 ? "has" : "have");
out:
    free(c.part);
    cam_run_split_release(&c.split);
    return st;
}
