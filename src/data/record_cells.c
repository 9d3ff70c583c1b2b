/* record_cells.c: see record_cells.h. */
#include "record_cells.h"
#include "records_internal.h"

cam_status cam_record_cells_open(const cam_read_options *options, cam_record_reader **reader) {
    return cam_reader_make(options, cam_reader_open_cells, reader);
}

cam_status cam_record_cells_next(cam_record_reader *reader, const cam_cells **cells, int *got) {
    cam_status st = CAM_OK;
    *cells = &reader->cells;
    do
        CAM_TRY(cam_reader_next_cells(reader, got));
    while (*got && (cam_cells_blank(reader->cells.list, reader->cells.count) || cam_reader_is_damaged(reader)));
out:
    return st;
}

const char *cam_record_cells_shape(const cam_record_reader *reader) {
    static const char *const shapes[] = {"JSON",
                                         "one object a line",
                                         "objects over several lines",
                                         "a list of objects",
                                         "a list of objects within an object",
                                         "a list"};
    return reader->format == CAM_FORMAT_JSONL ? shapes[reader->shape] : "a table";
}
