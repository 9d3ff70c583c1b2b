/* json_file.h: reads the JSON files of a tokenizer's folder. */
#ifndef CAM_JSON_FILE_H
#define CAM_JSON_FILE_H

#include "strbuf.h"
#include <jansson.h>

/* Reads a JSON object from a file of the folder, of at most 16 MiB and about a million values; *root is NULL where
 * there is no such file. To be released by json_decref. Whole numbers are read as reals: model_max_length may be 1e30
 * in digits. CAM_E_MODEL with file and line, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_json_file_read(const char *folder, const char *name, json_t **root);
/* The same for a file that was read, with its path for the messages. */
CAM_MUST_CHECK cam_status cam_json_file_parse(const char *path, const cam_strbuf *text, json_t **root);

#endif
