/* checkpoint_case.h: checkpoints for the tests, in a temporary tree, of a small file, an empty one, and one of several
 * pages. */
#ifndef CHECKPOINT_CASE_H
#define CHECKPOINT_CASE_H

#include "checkpoint.h"
#include "checkpoint_reader.h"
#include "temporary_tree.h"
#include <dirent.h>
#include <sys/stat.h>

enum { PAGES_BYTES = 3 * 4096 + 17, CASE_FILES = 3 };

static char case_pages[PAGES_BYTES];

static inline const cam_checkpoint_file *case_files(void) {
    static cam_checkpoint_file files[CASE_FILES];
    for (int i = 0; i < PAGES_BYTES; i++)
        case_pages[i] = (char)(i * 7 + i / 251);
    files[0] = (cam_checkpoint_file){.name = "state.json", .bytes = "{}", .count = 2};
    files[1] = (cam_checkpoint_file){.name = "empty", .bytes = "", .count = 0};
    files[2] = (cam_checkpoint_file){.name = "weights.bin", .bytes = case_pages, .count = PAGES_BYTES};
    return files;
}

static inline cam_checkpoint case_checkpoint(const tree *t, int64_t step) {
    return (cam_checkpoint){.folder = t->root,
                            .run_id = "run-1",
                            .step = step,
                            .token = "host-7",
                            .files = case_files(),
                            .count = CASE_FILES,
                            .best_step = -1,
                            .timeout_s = 60};
}

static inline void assert_ok(cam_status st) {
    if (st != CAM_OK)
        fail_msg("%s: %s", cam_status_name(st), cam_status_message());
}

static inline void assert_says(const char *text) {
    if (!strstr(cam_status_message(), text))
        fail_msg("\"%s\" is not in: %s", text, cam_status_message());
}

static inline void write_step(const tree *t, int64_t step) {
    cam_checkpoint c = case_checkpoint(t, step);
    assert_ok(cam_checkpoint_write(&c));
}

/* Opens and verifies folder/checkpoint-N. */
static inline cam_status verify_step(const char *folder, int64_t step) {
    cam_checkpoint_reader reader;
    char *path = cam_checkpoint_path(folder, step);
    cam_status st = cam_checkpoint_open(&reader, path);
    if (st == CAM_OK)
        st = cam_checkpoint_verify(&reader);
    cam_checkpoint_close(&reader);
    free(path);
    return st;
}

/* Compares the names in a folder, sorted, each followed by a space, with `expected`. */
static inline void assert_names(const char *folder, const char *expected) {
    struct dirent **entries;
    cam_strbuf names = CAM_STRBUF_INIT;
    int count = scandir(folder, &entries, NULL, alphasort);
    assert_true(count >= 2);
    for (int i = 0; i < count; i++) {
        if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0) {
            cam_strbuf_puts(&names, entries[i]->d_name);
            cam_strbuf_putc(&names, ' ');
        }
        free(entries[i]);
    }
    free(entries);
    assert_string_equal(cam_strbuf_text(&names), expected);
    cam_strbuf_release(&names);
}

/* The steps that the list gives, each followed by a space. */
static inline void assert_steps(const char *folder, const char *run_id, const char *expected) {
    cam_checkpoint_found *found = NULL;
    size_t count = 0;
    cam_strbuf steps = CAM_STRBUF_INIT;
    assert_ok(cam_checkpoint_list(folder, run_id, &found, &count, NULL));
    for (size_t i = 0; i < count; i++)
        cam_strbuf_printf(&steps, "%lld ", (long long)found[i].step);
    assert_string_equal(cam_strbuf_text(&steps), expected);
    cam_strbuf_release(&steps);
    cam_checkpoint_list_release(found, count);
}

static inline int exists_in(const tree *t, const char *name) {
    char *path = tree_path(t, name);
    int exists = access(path, F_OK) == 0;
    free(path);
    return exists;
}

#endif
