/* run_record.h: run.json, by which an output folder tells whose it is: the id of its run, whether it is finished, and the
 * facts on which its result depends. It is written before any other file of the run, and removed first. */
#ifndef CAM_RUN_RECORD_H
#define CAM_RUN_RECORD_H

#include "run.h"
#include "run_folder.h"

/* A zeroed struct is empty. */
typedef struct cam_run_record {
    char run_id[CAM_RUN_ID_BYTES];
    int finished;
    cam_facts facts;
} cam_run_record;

/* Draws a random name for a run. No result depends on it. */
void cam_run_id_draw(char run_id[CAM_RUN_ID_BYTES]);

/* Reads folder/run.json. CAM_E_MODEL where there is none or it is no record; the record is then empty. */
CAM_MUST_CHECK cam_status cam_run_record_read(const char *folder, cam_run_record *record);
CAM_MUST_CHECK cam_status cam_run_record_write(const cam_run_folder *folder, const cam_run_record *record);
void cam_run_record_release(cam_run_record *record);

#endif
