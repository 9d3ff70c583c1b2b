/* value_internal.h: one value between its YAML and its field, as the schema says; YAML never decides a type. */
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

/* Sets the field of `key`. False, with problems and the field untouched, where the value is of the wrong kind or out of
 * range. Texts are copied into the configuration. */
bool cam_value_read(cam_config *config, cam_config_key key, const cam_yaml_node *node, const char *file,
                    cam_problems *problems);

#ifdef __cplusplus
}
#endif
#endif
