/* oof.jsonl. What was read is written and read again, to the same bits. */
#include "out_of_fold.h"
#include "fuzz.h"

void fuzz_one(const uint8_t *data, size_t size) {
    cam_out_of_fold oof, again;
    cam_status st = cam_out_of_fold_parse(&oof, "oof.jsonl", (const char *)data, size);
    FUZZ_CHECK(st == CAM_OK || (st == CAM_E_DATA && cam_status_message()[0]));
    if (st == CAM_OK) {
        char *path = fuzz_path("oof.jsonl");
        size_t cells = (size_t)oof.rows * (size_t)oof.seeds;
        FUZZ_CHECK(cam_out_of_fold_write(&oof, path) == CAM_OK && cam_out_of_fold_read(&again, path) == CAM_OK);
        FUZZ_CHECK(again.rows == oof.rows && again.seeds == oof.seeds && again.labels.count == oof.labels.count);
        FUZZ_CHECK(memcmp(again.fold, oof.fold, cells * sizeof *oof.fold) == 0);
        for (size_t i = 0; i < cells * oof.labels.count; i++)
            FUZZ_CHECK(again.scores[i] == oof.scores[i]);
        cam_out_of_fold_release(&again);
        fuzz_remove("oof.jsonl");
        free(path);
    }
    cam_out_of_fold_release(&oof);
}
