/* hub.c: see hub.h. */
#include "hub.h"
#include "download_internal.h"
#include "log.h"
#include "strbuf.h"
#include <stdlib.h>

static const cam_hub_options no_options;

/* `*unreachable`: no server answered. */
static cam_status download(const char *id, const char *revision, cam_model_needs needs, int verify,
                           const cam_hub_options *options, int *unreachable) {
    cam_status st = CAM_OK;
    cam_hub_settings settings = {0};
    cam_http http = {0};
    CAM_TRY(cam_hub_settings_read(&settings));
    CAM_TRY(cam_http_open(&http, &settings, options->cancel, options->first_pause_s > 0 ? options->first_pause_s : 1));
    CAM_TRY(cam_hub_download(&http, id, revision, needs, verify));
out:
    *unreachable = st == CAM_E_NETWORK && http.unreachable;
    cam_http_close(&http);
    cam_hub_settings_release(&settings);
    return st;
}

/* Adds how a machine without network gets the model. */
static cam_status fail_unreachable(const char *id, const char *revision) {
    cam_strbuf command = CAM_STRBUF_INIT;
    char *cache = cam_hub_cache_folder(), *folder = cam_hub_folder_name(id);
    cam_hub_command_put(&command, id, revision);
    cam_status st = cam_fail(CAM_E_NETWORK,
                             "%s; without network, run \"%s\" on a machine that has it and copy its folder "
                             "\"~/.cache/huggingface/hub/%s\" into \"%s\"",
                             cam_status_message(), cam_strbuf_text(&command), folder, cache);
    cam_strbuf_release(&command);
    free(folder);
    free(cache);
    return st;
}

/* The look-up has failed with the name of what is missing. */
static cam_status fail_offline(void) {
    return cam_fail(CAM_E_NETWORK, "%s; nothing is downloaded, because %s is set", cam_status_message(),
                    cam_hub_offline());
}

cam_status cam_hub_get(const char *name, const char *revision, cam_model_needs needs, const cam_hub_options *options,
                       char **folder) {
    cam_status st = cam_model_locate(name, revision, needs, folder);
    int unreachable = 0;
    if (st != CAM_E_NETWORK)
        return st;
    if (cam_hub_offline())
        return fail_offline();
    revision = revision ? revision : "main";
    st = download(name, revision, needs, 0, options ? options : &no_options, &unreachable);
    if (unreachable)
        return fail_unreachable(name, revision);
    return st == CAM_OK ? cam_model_locate(name, revision, needs, folder) : st;
}

cam_status cam_hub_fetch(const char *id, const char *revision, const cam_hub_options *options, char **folder) {
    int unreachable = 0;
    *folder = NULL;
    if (cam_model_is_path(id))
        return cam_fail(CAM_E_USAGE,
                        "\"%s\" is a path; only a model of the Hub (\"name\" or \"organisation/name\") can be fetched",
                        id);
    cam_status cached = cam_model_locate(id, revision, CAM_MODEL_WEIGHTS, folder);
    if (cached != CAM_OK && cached != CAM_E_NETWORK)
        return cached;
    if (cam_hub_offline())
        return cached == CAM_OK ? CAM_OK : fail_offline();
    revision = revision ? revision : "main";
    cam_status st = download(id, revision, CAM_MODEL_WEIGHTS, 1, options ? options : &no_options, &unreachable);
    if (unreachable && cached == CAM_OK) {
        cam_log_warn("%s; the model of the cache is kept as it is", cam_status_message());
        return CAM_OK;
    }
    free(*folder);
    *folder = NULL;
    if (unreachable)
        return fail_unreachable(id, revision);
    return st == CAM_OK ? cam_model_locate(id, revision, CAM_MODEL_WEIGHTS, folder) : st;
}
