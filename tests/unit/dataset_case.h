/* dataset_case.h: a temporary folder with data files, for the tests of src/data and src/audit. */
#ifndef DATASET_CASE_H
#define DATASET_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataset.h"
#include "strbuf.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct case_folder {
    char path[256];     /* of the folder */
    char file[4][300];  /* of files written */
    char message[4096]; /* expand()'s result */
    int files;
} case_folder;

static inline int case_setup(void **state) {
    case_folder *folder = calloc(1, sizeof *folder);
    const char *base = getenv("TMPDIR");
    if (!folder)
        return -1;
    snprintf(folder->path, sizeof folder->path, "%s/cam-data-XXXXXX", base ? base : "/tmp");
    *state = folder;
    return mkdtemp(folder->path) ? 0 : -1;
}

static inline int case_teardown(void **state) {
    case_folder *folder = *state;
    for (int i = 0; i < folder->files; i++)
        unlink(folder->file[i]);
    int failed = rmdir(folder->path);
    free(folder);
    return failed;
}

/* Writes a file and replaces an older one of that name; the path is valid as long as the folder. */
static inline const char *case_write(case_folder *folder, const char *name, const void *bytes, size_t size) {
    char path[sizeof folder->file[0]];
    snprintf(path, sizeof path, "%.200s/%.90s", folder->path, name);
    int at = 0;
    while (at < folder->files && strcmp(folder->file[at], path) != 0)
        at++;
    if (at == folder->files) {
        assert_true(folder->files < 4);
        memcpy(folder->file[folder->files++], path, sizeof path);
    }
    unlink(path); /* a new file: rewriting one makes some file systems wait for the disk */
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
    return folder->file[at];
}

static inline const char *case_text(case_folder *folder, const char *name, const char *text) {
    return case_write(folder, name, text, strlen(text));
}

/* The message that a test expects: the path of the file written last, and `tail`. */
static inline const char *case_says(case_folder *folder, const char *tail) {
    snprintf(folder->message, sizeof folder->message, "%s%s", folder->file[folder->files - 1], tail);
    return folder->message;
}

/* The rows of a file with this text, whose rows all have a label; to be released. */
static inline cam_dataset case_load(case_folder *folder, const char *name, const char *text) {
    cam_read_options options = {.path = case_text(folder, name, text), .label_required = 1};
    cam_dataset data;
    if (cam_dataset_load(&options, &data) != CAM_OK)
        fail_msg("%s", cam_status_message());
    return data;
}

/* All rows, with labels, as "label|text" one a line (line ends in texts as \n), read with the given options; or the
 * message of the error. */
static inline char *case_rows(const cam_read_options *options) {
    cam_dataset data;
    cam_strbuf out = CAM_STRBUF_INIT;
    if (cam_dataset_load(options, &data) != CAM_OK) {
        cam_dataset_release(&data);
        return strdup(cam_status_message());
    }
    for (size_t i = 0; i < data.count; i++) {
        cam_strbuf_printf(&out, "%s|", data.rows[i].label ? data.rows[i].label : "(none)");
        for (const char *c = data.rows[i].text; *c; c++)
            if (*c == '\n')
                cam_strbuf_puts(&out, "\\n");
            else
                cam_strbuf_putc(&out, *c);
        cam_strbuf_putc(&out, '\n');
    }
    cam_dataset_release(&data);
    return cam_strbuf_detach(&out);
}

#define ASSERT_ROWS(options, expected)                                                                                 \
    do {                                                                                                               \
        char *got_rows = case_rows(options);                                                                           \
        assert_string_equal(got_rows, expected);                                                                       \
        free(got_rows);                                                                                                \
    } while (0)

#endif
