/* compare.h: the verb `compare`: which of several settings is best, by the same folds for all.
 *
 * Every entry is measured as `measure` does it. Entries are told apart by paired differences (figures.h) on the same rows,
 * which is far sharper than two separate intervals. Recommended is the entry that trains fastest among those that are not
 * worse than the best one: whose difference to it has 0 in its interval. The intervals are of one comparison each: of many
 * entries one may be taken for better by chance.
 *
 * Into output_dir go compare.json and best.yaml, the configuration of the recommended entry.
 */
#ifndef CAM_COMPARE_H
#define CAM_COMPARE_H

#include "figures.h"
#include "measurement_folder.h"

#define CAM_COMPARE_FILE "compare.json"
#define CAM_BEST_FILE    "best.yaml"

/* A pair of a key and its value in one entry. */
typedef struct cam_compare_setting {
    const char *key, *value;
} cam_compare_setting;

typedef struct cam_compare_entry {
    const char *name; /* "freeze=encoder, learning_rate=1e-3" */
    const cam_compare_setting *settings;
    size_t setting_count;
    const cam_config *config; /* as the user would write it */
    const cam_config *all;    /* of cam_measure_configure */
} cam_compare_entry;

typedef struct cam_compare_task {
    const cam_config *config; /* without the settings of the entries */
    const char *const *keys;  /* those that the entries differ in */
    size_t key_count;
    const cam_compare_entry *entries;
    int64_t count;
    cam_backend *backend;
    cam_group *group;
    const cam_cancel *cancel;
    cam_progress_mode progress;
} cam_compare_task;

/* The output folder of an entry's `all` is not used. CAM_E_USAGE: an entry has other rows or labels than the first one.
 * Errors: those of cam_measure, and of cam_run_prepare. */
CAM_MUST_CHECK cam_status cam_compare(const cam_compare_task *task);

#endif
