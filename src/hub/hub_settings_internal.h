/* hub_settings_internal.h: what the environment says about the Hub. */
#ifndef CAM_HUB_SETTINGS_INTERNAL_H
#define CAM_HUB_SETTINGS_INTERNAL_H

#include "cam/status.h"

typedef struct cam_hub_settings {
    char *endpoint;              /* "https://huggingface.co", without a slash at the end */
    char *token;                 /* NULL: none */
    const char *certificates;    /* a file of authorities; NULL: the library's own */
    const char *offline_because; /* the variable that forbids connections; NULL: they are allowed */
    long stall_s;                /* how long a transfer may stand still */
    int no_bars;                 /* no redrawn progress line */
    int no_links;                /* files in place of symbolic links */
} cam_hub_settings;

/* CAM_E_USAGE for an endpoint or a token that cannot be one. Release in both cases. */
CAM_MUST_CHECK cam_status cam_hub_settings_read(cam_hub_settings *settings);
void cam_hub_settings_release(cam_hub_settings *settings);

/* The variable that forbids connections; NULL where none does. */
const char *cam_hub_offline(void);

#endif
