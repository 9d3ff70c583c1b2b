/* many_trainings.h: what the verbs that train many times have in common: a run that each rank prepares for itself, since
 * ranks take whole trainings, and the device.
 */
#ifndef CAM_MANY_TRAININGS_H
#define CAM_MANY_TRAININGS_H

#include "arguments.h"
#include "backends.h"
#include "measure.h"

typedef struct cam_many_trainings {
    const cam_arguments *arguments;
    const cam_config *config; /* as the user wrote it */
    cam_device_options device;
    cam_command command;
    cam_backend *backend;
    cam_progress_mode progress;
} cam_many_trainings;

/* Begins to open the device, prepares `run` by `config`, and tells of it. The caller closes the run in every case. */
CAM_MUST_CHECK cam_status cam_many_trainings_prepare(cam_many_trainings *use, cam_run *run, const cam_config *config);
/* Opens the device, once all is prepared. */
CAM_MUST_CHECK cam_status cam_many_trainings_open_device(cam_many_trainings *use);
void cam_many_trainings_close(cam_many_trainings *use);

/* The whole of a verb whose `work` has one configuration: cam_measure or cam_curve. */
CAM_MUST_CHECK cam_status cam_many_trainings_of_one(const cam_arguments *arguments,
                                                    cam_status (*work)(const cam_measure_task *task));

#endif
