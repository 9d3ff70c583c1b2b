/* verb_init.c: `init` prints a commented configuration, fitted to a data file where one is named. */
#include "detect.h"
#include "verbs.h"

static cam_status fit(const char *path, const cam_detected *found, cam_config_fit *out) {
    if (found->label_column == found->column_count)
        return cam_fail(CAM_E_DATA, "\"%s\" has no column whose cells repeat, so none that can be a label", path);
    *out = (cam_config_fit){.train_file = path,
                            .encoding = found->encoding,
                            .delimiter = found->format == CAM_FORMAT_CSV ? cam_config_delimiter_of(found->delimiter)
                                                                         : CAM_CONFIG_DELIMITER_AUTO,
                            .text_column = found->columns[found->text_column],
                            .label_column = found->columns[found->label_column]};
    if (!found->has_header)
        out->columns = (cam_config_list){(const char *const *)found->columns, found->column_count};
    return CAM_OK;
}

cam_status cam_verb_init(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_detected found = {0};
    cam_config_fit fitted;
    cam_strbuf text = CAM_STRBUF_INIT;
    if (arguments->data) {
        CAM_TRY(cam_detect(arguments->data, &found));
        CAM_TRY(fit(arguments->data, &found, &fitted));
    }
    cam_config_init(arguments->data ? &fitted : NULL, &text);
    CAM_TRY(cam_verb_print(&text));
out:
    cam_detected_release(&found);
    cam_strbuf_release(&text);
    return st;
}
