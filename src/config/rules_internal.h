/* rules_internal.h: the rules that relate several keys. */
#ifndef CAM_RULES_INTERNAL_H
#define CAM_RULES_INTERNAL_H

#include "config.h"
#include "problems.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds a problem for each broken rule, at the origin of one of its keys. Sets warmup_ratio to 0 where warmup_steps is
 * above 0. */
void cam_rules_apply(cam_config *config, cam_problems *problems);

#ifdef __cplusplus
}
#endif
#endif
