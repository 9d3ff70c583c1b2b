/* run_folder.h: the files of a run's output folder. Each is written whole or not at all.
 *
 * The folder holds a whole model or none: config.json, without which there is none, is written after the tokenizer and
 * the weights, and a run that overwrites another takes the old one away before anything else. Later best models replace
 * only model.safetensors, by one rename. */
#ifndef CAM_RUN_FOLDER_H
#define CAM_RUN_FOLDER_H

#include "config.h"
#include "corpus.h"
#include "model_config.h"

#define CAM_RUN_RECORD_FILE "run.json" /* run_record.h */

/* The names of all files that a run writes but README.md and its checkpoints, in the order in which they are removed;
 * NULL ends the list. A folder with one of them but a page of ours is occupied, and overwrite_output_dir removes them. */
extern const char *const cam_run_folder_files[];

/* --- before any work ----------------------------------------------------------------------------------------------- */

/* Checks the output folder: CAM_E_USAGE if it is the model's own folder, or has a file that the run reads (data,
 * configuration, model) where the run would replace it; CAM_E_STORAGE if it cannot be made or written. Leaves no file or
 * folder behind. */
CAM_MUST_CHECK cam_status cam_run_folder_check(const cam_config *config, const char *model_folder);

/* The first file of an earlier run in output_dir, or NULL. */
const char *cam_run_folder_occupied(const cam_config *config);

/* The bytes that a run writes: for its first save, and at most at one time. */
typedef struct cam_run_folder_need {
    double first_bytes, most_bytes;
} cam_run_folder_need;
/* Compares them with what is free: CAM_E_STORAGE where the first save has no room, a line in `warnings` where the most
 * has none. The message has both numbers. */
CAM_MUST_CHECK cam_status cam_run_folder_check_room(const cam_config *config, const cam_run_folder_need *need,
                                                    cam_strbuf *warnings);

/* --- the opened folder --------------------------------------------------------------------------------------------- */

typedef struct cam_run_folder {
    int fd;     /* the folder, locked as long as it is open; -1: closed */
    char *path; /* leads to it, also after it was renamed */
} cam_run_folder;

#define CAM_RUN_FOLDER_CLOSED                                                                                          \
    { .fd = -1 }

/* Makes the folder and locks it. CAM_E_USAGE if another process holds the lock; then nothing is changed. Close in both
 * cases. */
CAM_MUST_CHECK cam_status cam_run_folder_open(const cam_config *config, cam_run_folder *folder);
/* Removes an earlier run with its checkpoints, finished or killed. `run_id` is its id; "" where it is not known: its
 * checkpoints then stay. */
CAM_MUST_CHECK cam_status cam_run_folder_clear(const cam_run_folder *folder, const char *run_id);
/* Removes what killed writers left: temporary files and unfinished checkpoints. */
CAM_MUST_CHECK cam_status cam_run_folder_remove_leftovers(const cam_run_folder *folder);
/* Writes run.yaml, and split.tsv of a classifier. */
CAM_MUST_CHECK cam_status cam_run_folder_put_plan(const cam_run_folder *folder, const cam_config *config,
                                                  const cam_corpus *corpus);
void cam_run_folder_close(cam_run_folder *folder);
/* Warns where output_dir does not lead to the folder any more. */
void cam_run_folder_warn_of_move(const cam_run_folder *folder, const char *output_dir);

/* folder/name; the caller frees it. */
char *cam_run_folder_path(const cam_run_folder *folder, const char *name);
/* Writes a text as folder/name. */
CAM_MUST_CHECK cam_status cam_run_folder_put(const cam_run_folder *folder, const char *name, const cam_strbuf *text);
/* Writes config.json, which makes a model of the weights and the tokenizer's files that lie there. */
CAM_MUST_CHECK cam_status cam_run_folder_put_config(const cam_run_folder *folder, const cam_model_config *model);

/* Writes the model card as README.md, which ends in CAM_CARD_MARK. Another README.md, which the user wrote, stays; a
 * warning says so. */
#define CAM_CARD_MARK "<!-- written by cam-train -->\n"
CAM_MUST_CHECK cam_status cam_run_folder_put_card(const cam_run_folder *folder, const cam_strbuf *card);

/* --- split.tsv ----------------------------------------------------------------------------------------------------- */

/* split.tsv: the part of each used row of train_file, in the order of the file. Its columns are `row` (as a spreadsheet
 * counts it, from 1; in JSON the number of the object), `line` (where the record starts, from 1), `part` (train or
 * validation) and `text` (cam_audit_text_hash in 16 hexadecimal digits, by which the row is known again in a file that
 * has changed). Rows that no part uses are not listed. */
CAM_MUST_CHECK cam_status cam_run_folder_put_split(const cam_run_folder *folder, const cam_corpus *corpus);

/* split.tsv as read back. */
typedef struct cam_run_split_row {
    long number, line; /* cam_row_number */
    cam_data_part part;
    uint64_t text;
} cam_run_split_row;
typedef struct cam_run_split {
    cam_run_split_row *rows;           /* the number grows */
    const cam_run_split_row **by_text; /* the same rows: the hash grows, and of equal ones the part */
    size_t count;
} cam_run_split;
/* Reads folder/split.tsv of an output folder. CAM_E_MODEL where it is absent, or is no such file (of an older version,
 * cut, edited); *split is then empty. */
CAM_MUST_CHECK cam_status cam_run_folder_read_split(const char *folder, cam_run_split *split);
void cam_run_split_release(cam_run_split *split);
/* The row with this number, line and hash; NULL where the run used none in this place, or it had another text. A line
 * alone does not name a row: several objects of a JSON list may stand on one. */
const cam_run_split_row *cam_run_split_find(const cam_run_split *split, long number, long line, uint64_t text);
/* A row with this text, one of the training where there are several; NULL where there is none. */
const cam_run_split_row *cam_run_split_find_text(const cam_run_split *split, uint64_t text);

#endif
