/* baseline.c: see baseline_internal.h. */
#include "baseline_internal.h"
#include <stdlib.h>
#include <string.h>

/* Appends the rows of a part to a list that has room for them. */
static void add_part(const cam_corpus *corpus, cam_data_part part, const cam_row **rows, int32_t *label,
                     size_t *count) {
    for (int64_t i = 0; i < corpus->part_count[part]; i++) {
        int32_t id = corpus->part[part][i];
        rows[*count] = cam_corpus_row(corpus, id);
        label[(*count)++] = corpus->label[id];
    }
}

cam_status cam_run_baseline(const cam_corpus *corpus, const cam_cancel *cancel, cam_tfidf_scores scores[CAM_PARTS]) {
    cam_status st = CAM_OK;
    size_t rows = 0, train, all = 0;
    for (int part = 0; part < CAM_PARTS; part++)
        all += (size_t)corpus->part_count[part];
    const cam_row **row = malloc((all + 1) * sizeof *row);
    int32_t *label = malloc((all + 1) * sizeof *label), *predicted = malloc((all + 1) * sizeof *predicted);
    memset(scores, 0, CAM_PARTS * sizeof *scores);
    if (!row || !label || !predicted)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the TF-IDF baseline of %zu rows", all);
    add_part(corpus, CAM_PART_TRAIN, row, label, &rows);
    train = rows;
    for (int part = CAM_PART_TRAIN + 1; part < CAM_PARTS; part++)
        add_part(corpus, (cam_data_part)part, row, label, &rows);
    cam_tfidf_task task = {.train = {row, label, train},
                           .held_out = {row + train, label + train, rows - train},
                           .labels = corpus->labels.count,
                           .cancel = cancel};
    CAM_TRY(cam_tfidf_predict(&task, predicted + train));
    for (int part = CAM_PART_TRAIN + 1; part < CAM_PARTS; part++) {
        size_t count = (size_t)corpus->part_count[part];
        CAM_TRY(cam_tfidf_score(label + train, predicted + train, count, corpus->labels.count, &scores[part]));
        train += count;
    }
out:
    free(row);
    free(label);
    free(predicted);
    return st;
}
