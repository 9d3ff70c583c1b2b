/* tokenizer_files.c: see tokenizer_files_internal.h. */
#include "files.h"
#include "json_file.h"
#include "tokenizer_files_internal.h"
#include <stdlib.h>

const char *const cam_tokenizer_file_names[CAM_TOKENIZER_FILE_COUNT] = {
#define NAME(code, name, most) name,
    CAM_TOKENIZER_FILES(NAME)
#undef NAME
};

static const size_t most_bytes[CAM_TOKENIZER_FILE_COUNT] = {
#define MOST(code, name, most) (size_t)(most),
    CAM_TOKENIZER_FILES(MOST)
#undef MOST
};

cam_status cam_tokenizer_files_read(cam_tokenizer_files *files, const char *folder) {
    cam_status st = CAM_OK;
    *files = (cam_tokenizer_files){0};
    for (int i = 0; i < CAM_TOKENIZER_FILE_COUNT; i++) {
        files->path[i] = cam_path_join(folder, cam_tokenizer_file_names[i]);
        CAM_TRY(cam_memory_check(CAM_OK));
        files->present[i] = cam_file_exists(files->path[i]);
        if (files->present[i])
            CAM_TRY(cam_file_read(files->path[i], most_bytes[i], CAM_E_MODEL, &files->bytes[i]));
    }
out:
    return st;
}

void cam_tokenizer_files_release(cam_tokenizer_files *files) {
    for (int i = 0; i < CAM_TOKENIZER_FILE_COUNT; i++) {
        free(files->path[i]);
        cam_strbuf_release(&files->bytes[i]);
    }
    *files = (cam_tokenizer_files){0};
}

cam_status cam_tokenizer_files_parse(const cam_tokenizer_files *files, cam_tokenizer_file file, json_t **root) {
    *root = NULL;
    return files->present[file] ? cam_json_file_parse(files->path[file], &files->bytes[file], root) : CAM_OK;
}
