/* json_size.h: how much a JSON text holds, before a parser allocates memory for each value: 25 MB of "[[[[" or "{},{},"
 * would take gigabytes. */
#ifndef CAM_JSON_SIZE_H
#define CAM_JSON_SIZE_H

#include "cam/status.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Enough for every file of a model; none has ten. */
enum { CAM_JSON_LEVELS = 64 };

/* CAM_E_MODEL where the text holds more values than `most_values` or is nested deeper than `most_levels`: "its JSON
 * holds more than 100 values". A value is counted up to twice. A text that is not JSON may pass. Time: the length. */
CAM_MUST_CHECK cam_status cam_json_check_size(const char *text, size_t length, size_t most_values, size_t most_levels);

#ifdef __cplusplus
}
#endif
#endif
