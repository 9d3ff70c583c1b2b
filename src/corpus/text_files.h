/* text_files.h: the files of texts that pretraining reads: train_file, which may be a list and have patterns, and
 * validation_file. */
#ifndef CAM_TEXT_FILES_H
#define CAM_TEXT_FILES_H

#include "config.h"
#include <stddef.h>
#include <stdint.h>

/* A zeroed struct is empty. */
typedef struct cam_text_files {
    char **paths; /* those of train_file first; each file once */
    size_t count, train_count;
    uint64_t bytes;    /* of all together */
    uint64_t identity; /* a hash of names, sizes and times of change */
} cam_text_files;

/* Finds the files. CAM_E_DATA with a line for each entry that is missing, is no regular file, or matches nothing.
 * CAM_E_MEMORY. Release in every case. */
CAM_MUST_CHECK cam_status cam_text_files_find(cam_text_files *files, const cam_config *config);
/* CAM_E_DATA where a file has changed since it was found. */
CAM_MUST_CHECK cam_status cam_text_files_check(const cam_text_files *files);
void cam_text_files_release(cam_text_files *files);

#endif
