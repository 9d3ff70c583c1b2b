/* tfidf.c: the scores of the TF-IDF baseline (src/baseline/tfidf.h) on a file.
 *
 *     tfidf [FILE [FRACTION [SEED]]]     default: examples/commandes/commandes.csv 0.1 42
 *
 * FILE has the columns text and label. FRACTION of its rows are held out, by the same stratified split as in cam-train.
 * One line is printed: the scores on the held-out rows. The same arguments give the same line.
 */
#include "tfidf.h"
#include "labels.h"
#include "split.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct sample {
    const cam_row **rows;
    int32_t *label;
    size_t count;
} sample;

static cam_status take_rows(sample *taken, const cam_dataset *data, const int32_t *ids, const int64_t *list,
                            size_t count) {
    *taken = (sample){calloc(count + 1, sizeof *taken->rows), calloc(count + 1, sizeof *taken->label), count};
    if (!taken->rows || !taken->label)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu rows", count);
    for (size_t i = 0; i < count; i++) {
        taken->rows[i] = &data->rows[list[i]];
        taken->label[i] = ids[list[i]];
    }
    return CAM_OK;
}

static void release(sample *taken) {
    free(taken->rows);
    free(taken->label);
}

static cam_status run(const char *path, double fraction, uint32_t seed) {
    cam_status st = CAM_OK;
    cam_dataset data = {0};
    cam_labels labels = {0};
    cam_split split = {0};
    sample train = {0}, test = {0};
    int32_t *ids = NULL, *predicted = NULL;
    cam_tfidf_scores scores;
    CAM_TRY(cam_dataset_load(&(cam_read_options){.path = path, .label_required = 1}, &data));
    CAM_TRY(cam_labels_build(&labels, &(cam_label_options){.order = CAM_LABELS_SORTED}, &data, NULL));
    ids = calloc(data.count, sizeof *ids);
    predicted = calloc(data.count, sizeof *predicted);
    if (!ids || !predicted)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu rows", data.count);
    CAM_TRY(cam_labels_assign(&labels, &data, ids));
    CAM_TRY(cam_split_rows(&split, data.count, fraction, seed, ids, labels.count, (const char *const *)labels.names));
    CAM_TRY(take_rows(&train, &data, ids, split.train, split.train_count));
    CAM_TRY(take_rows(&test, &data, ids, split.test, split.test_count));
    cam_tfidf_task task = {.train = {train.rows, train.label, train.count},
                           .held_out = {test.rows, test.label, test.count},
                           .labels = labels.count};
    CAM_TRY(cam_tfidf_predict(&task, predicted));
    CAM_TRY(cam_tfidf_score(test.label, predicted, test.count, labels.count, &scores));
    printf("TF-IDF and a linear classifier, %zu held-out rows: accuracy %.4f, macro F1 %.4f\n", test.count,
           scores.accuracy, scores.f1_macro);
out:
    release(&train);
    release(&test);
    free(ids);
    free(predicted);
    cam_split_release(&split);
    cam_labels_release(&labels);
    cam_dataset_release(&data);
    return st;
}

int main(int count, char **arguments) {
    const char *path = count > 1 ? arguments[1] : "examples/commandes/commandes.csv";
    double fraction = count > 2 ? strtod(arguments[2], NULL) : 0.1;
    unsigned long seed = count > 3 ? strtoul(arguments[3], NULL, 10) : 42;
    cam_status st = run(path, fraction, (uint32_t)seed);
    if (st != CAM_OK)
        fprintf(stderr, "tfidf: %s\n", cam_status_message());
    return cam_status_exit_code(st);
}
