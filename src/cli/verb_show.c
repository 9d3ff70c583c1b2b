/* verb_show.c: `show` prints the resolved configuration, each value with its origin. */
#include "verbs.h"

cam_status cam_verb_show(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_config config = {0};
    cam_strbuf text = CAM_STRBUF_INIT;
    CAM_TRY(cam_verb_load_config(arguments, &config));
    cam_config_show(&config, CAM_COMMENTS_ORIGIN, &text);
    CAM_TRY(cam_verb_print(&text));
out:
    cam_config_release(&config);
    cam_strbuf_release(&text);
    return st;
}
