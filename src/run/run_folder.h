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
 * counts it, from 1; in JSON the number of the object), `line` (where the record starts, from 1) and `part` (train or validation). Rows that no part uses
 * are not listed. */
CAM_MUST_CHECK cam_status cam_run_folder_put_split(const cam_config *config, const cam_corpus *corpus);

/* split.tsv as read back. */
typedef struct cam_run_split_row {
    long number, line; /* cam_row_number */
    cam_data_part part;
} cam_run_split_row;
typedef struct cam_run_split {
    cam_run_split_row *rows; /* the number grows */
    size_t count;
} cam_run_split;
/* Reads folder/split.tsv of an output folder. CAM_E_MODEL where it is absent, or is no such file (of an older version,
 * cut, edited); *split is then empty. */
CAM_MUST_CHECK cam_status cam_run_folder_read_split(const char *folder, cam_run_split *split);
void cam_run_split_release(cam_run_split *split);
/* The part (cam_data_part) of a row of train_file: that with this number and this line; -1 if no part uses it. A
 * line alone does not name a row: several objects of a JSON list may stand on one. */
int cam_run_split_part(const cam_run_split *split, long number, long line);

/* output_dir/name; the caller frees it. */
char *cam_run_folder_path(const cam_config *config, const char *name);
/* Writes a text as output_dir/name. */
CAM_MUST_CHECK cam_status cam_run_folder_put(const cam_config *config, const char *name, const cam_strbuf *text);

#endif
