/* split.tsv. Its rows are found by their number and by their text. */
#include "fuzz.h"
#include "run_folder.h"

void fuzz_one(const uint8_t *data, size_t size) {
    cam_run_split split;
    fuzz_write("split.tsv", data, size);
    cam_status st = cam_run_folder_read_split(fuzz_folder(), &split);
    FUZZ_CHECK(st == CAM_OK || (st == CAM_E_MODEL && cam_status_message()[0] && split.count == 0));
    for (size_t i = 0; i < split.count; i++) {
        const cam_run_split_row *row = &split.rows[i];
        FUZZ_CHECK(i == 0 || row->number > split.rows[i - 1].number);
        FUZZ_CHECK(cam_run_split_find(&split, row->number, row->line, row->text) == row);
        FUZZ_CHECK(cam_run_split_find_text(&split, row->text)->text == row->text);
    }
    cam_run_split_release(&split);
}
