/* verb_fetch.c: `fetch` brings a model of the Hub into the Hugging Face cache and prints its folder. */
#include "hub.h"
#include "signals.h"
#include "verbs.h"
#include <stdlib.h>

cam_status cam_verb_fetch(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_cancel cancel = {.requested = cam_signals_stop_requested};
    cam_hub_options options = {.cancel = &cancel};
    cam_strbuf text = CAM_STRBUF_INIT;
    char *folder = NULL;
    if (!arguments->name)
        CAM_FAIL(CAM_E_USAGE, "fetch needs the name of a model, for example cam-train fetch camembert-base");
    CAM_TRY(cam_hub_fetch(arguments->name, arguments->revision, &options, &folder));
    cam_strbuf_put_all(&text, folder, "\n", NULL);
    CAM_TRY(cam_verb_print(&text));
out:
    cam_strbuf_release(&text);
    free(folder);
    return st;
}
