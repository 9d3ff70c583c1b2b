/* read_options.c: see read_options.h. */
#include "read_options.h"
#include <string.h>
#include <strings.h>

cam_data_format cam_format_of_path(const char *path) {
    static const struct {
        const char *ending;
        cam_data_format format;
    } endings[] = {{".csv", CAM_FORMAT_CSV},
                   {".tsv", CAM_FORMAT_TSV},
                   {".jsonl", CAM_FORMAT_JSONL},
                   {".ndjson", CAM_FORMAT_JSONL},
                   {".json", CAM_FORMAT_JSONL}};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t tail = strlen(endings[i].ending);
        if (length > tail && strcasecmp(path + length - tail, endings[i].ending) == 0)
            return endings[i].format;
    }
    return CAM_FORMAT_AUTO;
}

const char *cam_text_column(const cam_read_options *options) {
    return options->text_column ? options->text_column : "text";
}

const char *cam_label_column(const cam_read_options *options) {
    return options->label_column ? options->label_column : "label";
}
