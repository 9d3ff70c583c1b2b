/* value_internal.h: reads one value from YAML into its field. The schema decides its type, not YAML. */
#ifndef CAM_VALUE_INTERNAL_H
#define CAM_VALUE_INTERNAL_H

#include "config.h"
#include "document_internal.h"
#include "problems.h"
#include "schema.h"
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sets the field of `key`. False, with problems and the field unchanged, where the value is of the wrong kind or out of
 * range. Texts are copied into the configuration. */
bool cam_value_read(cam_config *config, cam_config_key key, const cam_yaml_node *node, const char *file,
                    cam_problems *problems);

#ifdef __cplusplus
}
#endif
#endif
