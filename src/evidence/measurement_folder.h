/* measurement_folder.h: the output folder of a command of many trainings: measure, compare, curve.
 *
 * run.json (run_record.h) says whose it is, by the facts that the results depend on. A stopped command with the same facts
 * goes on in it; a finished one stays as it is; another one is refused unless overwrite_output_dir is set.
 */
#ifndef CAM_MEASUREMENT_FOLDER_H
#define CAM_MEASUREMENT_FOLDER_H

#include "run_record.h"

typedef struct cam_measurement_folder {
    cam_run_folder folder; /* of rank 0 */
    cam_run_record record;
    uint64_t identity; /* of the facts */
    int is_finished;   /* nothing is left to do */
} cam_measurement_folder;

#define CAM_MEASUREMENT_FOLDER_CLOSED                                                                                  \
    { .folder = CAM_RUN_FOLDER_CLOSED }

/* Makes and locks config->output_dir, and compares what lies there. `facts` are taken over. Without a folder (ranks above
 * 0) only the identity is set; is_finished is the same on all ranks. CAM_E_USAGE, CAM_E_STORAGE. Close in every case. */
CAM_MUST_CHECK cam_status cam_measurement_folder_open(cam_measurement_folder *m, const cam_config *config,
                                                      cam_facts *facts, cam_group *group);
/* Writes report.html, where report_to has html. */
CAM_MUST_CHECK cam_status cam_measurement_folder_put_page(const cam_measurement_folder *m, const cam_config *config);
/* Appends the line of report.html in the list of the folder's files, its name padded to `width` columns. */
void cam_measurement_folder_put_page_line(const cam_config *config, int width, cam_strbuf *out);
/* From now on the same command has nothing left to do. */
CAM_MUST_CHECK cam_status cam_measurement_folder_finish(cam_measurement_folder *m);
void cam_measurement_folder_close(cam_measurement_folder *m);

/* The facts of the run, of folds, seeds and other keys of `config`, of the arithmetic of `backend`, and of what is made of
 * them: "measure". `config` is as the user wrote it; that of the run differs. */
CAM_MUST_CHECK cam_status cam_measurement_facts(const cam_run *run, const cam_config *config,
                                                const cam_backend *backend, const char *command, cam_facts *facts);

#endif
