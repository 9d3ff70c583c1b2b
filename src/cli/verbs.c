/* verbs.c: functions that several verbs call. */
#include "verbs.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

cam_status cam_verb_load_config(const cam_arguments *arguments, cam_config *config) {
    cam_status st = CAM_OK;
    cam_problems problems = CAM_PROBLEMS_INIT;
    *config = (cam_config){0};
    if (arguments->configs.count == 0)
        CAM_FAIL(CAM_E_USAGE,
                 "no configuration: name one with --config FILE, or make one with cam-train init --data FILE");
    CAM_TRY(cam_config_load(config, arguments->configs.items, arguments->configs.count, arguments->overrides.items,
                            arguments->overrides.count, &problems));
out:
    cam_problems_release(&problems);
    return st;
}

cam_status cam_verb_print(const cam_strbuf *text) {
    size_t wrote = fwrite(cam_strbuf_text(text), 1, text->length, stdout);
    if ((wrote < text->length || fflush(stdout) != 0) && errno != EPIPE)
        return cam_fail(CAM_E_STORAGE, "cannot write standard output: %s", strerror(errno));
    return CAM_OK;
}
