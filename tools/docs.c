/* docs.c: writes the pages of docs/ that are made from tables. "cam-docs write FOLDER" writes them (make docs);
 * "cam-docs check FOLDER" exits with 1 where one of them is out of date (the test "docs"). */
#include "config.h"
#include "files.h"
#include "help.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    void (*put)(cam_strbuf *out);
} pages[] = {
    {"configuration.md", cam_config_reference},
    {"cam-train.1", cam_manual_put},
    {"cam-train.bash", cam_completion_put},
};

static cam_status check_page(const char *path, const cam_strbuf *page) {
    cam_status st = CAM_OK;
    cam_strbuf present = CAM_STRBUF_INIT;
    CAM_TRY(cam_file_read(path, 1 << 20, CAM_E_DATA, &present));
    if (strcmp(cam_strbuf_text(&present), cam_strbuf_text(page)) != 0)
        CAM_FAIL(CAM_E_DATA, "\"%s\" is out of date; run \"make docs\"", path);
out:
    cam_strbuf_release(&present);
    return st;
}

int main(int argc, char **argv) {
    int writes = argc == 3 && strcmp(argv[1], "write") == 0, failures = 0;
    if (argc != 3 || (!writes && strcmp(argv[1], "check") != 0)) {
        fprintf(stderr, "usage: cam-docs write|check FOLDER\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        cam_strbuf page = CAM_STRBUF_INIT;
        char *path = cam_path_join(argv[2], pages[i].name);
        pages[i].put(&page);
        cam_status st = writes ? cam_file_write(path, page.text, page.length) : check_page(path, &page);
        if (st != CAM_OK) {
            fprintf(stderr, "error: %s\n", cam_status_message());
            failures++;
        }
        free(path);
        cam_strbuf_release(&page);
    }
    return failures > 0;
}
