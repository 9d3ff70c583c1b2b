/* rules_internal.h: what several keys must hold together. */
#ifndef CAM_RULES_INTERNAL_H
#define CAM_RULES_INTERNAL_H

#include "config.h"
#include "problems.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds a problem for each broken rule, at the place where one of its keys was written; settles what one key decides for
 * another: warmup_steps above 0 makes warmup_ratio 0. */
void cam_rules_apply(cam_config *config, cam_problems *problems);

#ifdef __cplusplus
}
#endif
#endif
