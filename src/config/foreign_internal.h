/* foreign_internal.h: the names that other tools have for settings, and what a user writes here instead. */
#ifndef CAM_FOREIGN_INTERNAL_H
#define CAM_FOREIGN_INTERNAL_H

#include "schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A key under another name, with the same values. */
typedef struct cam_foreign_name {
    const char *name;
    cam_config_key key;
} cam_foreign_name;
extern const cam_foreign_name cam_foreign_names[];
extern const size_t cam_foreign_name_count;

/* A setting that, where it has the value `when`, is `value` of a key, and is otherwise left out. */
typedef struct cam_foreign_switch {
    const char *name, *when;
    cam_config_key key;
    const char *value;
} cam_foreign_switch;
extern const cam_foreign_switch cam_foreign_switches[];
extern const size_t cam_foreign_switch_count;

/* A setting that has no counterpart, with the reason or NULL. A "*" at the end of the name stands for any end. */
typedef struct cam_foreign_setting {
    const char *name, *why;
} cam_foreign_setting;
extern const cam_foreign_setting cam_foreign_settings[];
extern const size_t cam_foreign_setting_count;

#ifdef __cplusplus
}
#endif
#endif
