/* run_folder.h: the files of a run's output folder. Each file is written whole or not at all.
 */
#ifndef CAM_RUN_FOLDER_H
#define CAM_RUN_FOLDER_H

#include "config.h"
#include "corpus.h"
#include "model_config.h"

/* Checks the output folder before any work is done: CAM_E_USAGE if it holds another run (unless overwrite_output_dir)
 * or is the model's own folder; CAM_E_STORAGE if it cannot be made or written. Leaves no file or folder behind. */
CAM_MUST_CHECK cam_status cam_run_folder_check(const cam_config *config, const char *model_folder);
/* Makes the folder and locks it until *lock is closed (-1: nothing to close), removes an earlier run's figures, and
 * writes run.yaml and split.tsv. CAM_E_USAGE if another process holds the lock; then nothing is changed. */
CAM_MUST_CHECK cam_status cam_run_folder_begin(const cam_config *config, const cam_corpus *corpus, int *lock);
/* Writes config.json and the tokenizer's files, which transformers needs beside model.safetensors. */
CAM_MUST_CHECK cam_status cam_run_folder_put_model_files(const cam_config *config, const cam_model_config *model,
                                                         const cam_tokenizer *tokenizer);

/* Writes the model card as README.md, which ends in CAM_CARD_MARK. Another README.md, which the user wrote, stays; a
 * warning says so. */
#define CAM_CARD_MARK "<!-- written by cam-train -->\n"
CAM_MUST_CHECK cam_status cam_run_folder_put_card(const cam_config *config, const cam_strbuf *card);

/* split.tsv: the part of each used row of train_file, in the order of the file. Its columns are `row` (as a spreadsheet
 * counts it, from 1; in JSON the number of the object), `line` (where the record starts, from 1), `part` (train or
 * validation) and `text` (cam_audit_text_hash in 16 hexadecimal digits, by which the row is known again in a file that
 * has changed). Rows that no part uses are not listed. */
CAM_MUST_CHECK cam_status cam_run_folder_put_split(const cam_config *config, const cam_corpus *corpus);

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

/* output_dir/name; the caller frees it. */
char *cam_run_folder_path(const cam_config *config, const char *name);
/* Writes a text as output_dir/name. */
CAM_MUST_CHECK cam_status cam_run_folder_put(const cam_config *config, const char *name, const cam_strbuf *text);

#endif
