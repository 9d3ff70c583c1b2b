/* decisions.h: what a person has decided in suspects.csv.
 *
 * The column decision holds keep, suggested (the label of that column), drop (the row is left out), the name of a label, or
 * nothing, which is as keep. A row is found again by its file, line and text: one that the data does not have, or with an edited
 * text, is refused, as is a label that the data does not have. The file may have been saved by a spreadsheet. */
#ifndef CAM_DECISIONS_H
#define CAM_DECISIONS_H

#include "corpus.h"
#include <stdint.h>

enum { CAM_DECISION_DROPS = -1 };

typedef struct cam_decision {
    int64_t row;   /* data row id */
    int32_t label; /* its new id, another one than before; CAM_DECISION_DROPS */
} cam_decision;

/* A zeroed struct is empty. */
typedef struct cam_decisions {
    cam_decision *list; /* [count] those that change something, by row */
    int64_t count;
    int64_t decided; /* rows with a decision; also those that keep their label */
} cam_decisions;

/* Reads the file against the corpus, whose rows are those of train_file. CAM_E_DATA with all problems, by line. Release in
 * every case. */
CAM_MUST_CHECK cam_status cam_decisions_read(cam_decisions *decisions, const char *path, const cam_corpus *corpus);
void cam_decisions_release(cam_decisions *decisions);
/* Counts the rows of the file with a decision, whatever data they are about. CAM_E_DATA where it cannot be read. */
CAM_MUST_CHECK cam_status cam_decisions_count(const char *path, int64_t *decided);

#endif
