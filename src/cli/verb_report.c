/* verb_report.c: `report` makes the page of a folder again from its files. */
#include "files.h"
#include "log.h"
#include "pages.h"
#include "verbs.h"

cam_status cam_verb_report(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    if (!arguments->name)
        CAM_FAIL(CAM_E_USAGE, "report needs a folder of a run, for example cam-train report runs/demandes");
    if (!cam_directory_exists(arguments->name))
        CAM_FAIL(CAM_E_USAGE, "there is no folder \"%s\"", arguments->name);
    CAM_TRY(cam_pages_write(arguments->name, (enum cam_choice_language)arguments->language.value));
    cam_log("wrote \"%s/%s\"", arguments->name, CAM_PAGE_FILE);
out:
    return st;
}
