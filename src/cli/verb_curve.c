/* verb_curve.c: `curve`. */
#include "curve.h"
#include "many_trainings.h"
#include "measure.h"
#include "verbs.h"
#include <stdlib.h>

cam_status cam_verb_curve(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_config config = {0}, all = {0};
    cam_run run = {0};
    cam_many_trainings use = {.arguments = arguments, .config = &config};
    char *folder = NULL;
    CAM_TRY(cam_verb_load_config(arguments, &config));
    CAM_TRY(cam_measure_configure(&config, &all, &folder));
    CAM_TRY(cam_many_trainings_prepare(&use, &run, &all));
    CAM_TRY(cam_many_trainings_open_device(&use));
    CAM_TRY(cam_curve(&(cam_curve_task){
        .config = &config, .run = &run, .backend = use.backend, .group = arguments->group, .progress = use.progress}));
out:
    cam_run_close(&run);
    cam_many_trainings_close(&use);
    cam_config_release(&config);
    free(folder);
    return st;
}
