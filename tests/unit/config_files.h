/* config_files.h: configurations for the tests: texts written to a temporary folder and loaded from there, so that
 * every message has the file name "base.yaml". */
#ifndef CONFIG_FILES_H
#define CONFIG_FILES_H

#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char test_folder[256], home_folder[4096];

/* Tests run in the temporary folder; home_folder is the folder before. */
static int folder_make(void **state) {
    const char *parent = getenv("TMPDIR");
    (void)state;
    snprintf(test_folder, sizeof test_folder, "%s/cam-config-XXXXXX", parent ? parent : "/tmp");
    return getcwd(home_folder, sizeof home_folder) && mkdtemp(test_folder) && chdir(test_folder) == 0 ? 0 : -1;
}

static int folder_remove(void **state) {
    (void)state;
    unlink("base.yaml");
    unlink("experiment.yaml");
    return chdir(home_folder) == 0 && rmdir(test_folder) == 0 ? 0 : -1;
}

static void write_bytes(const char *path, const char *bytes, size_t length) {
    unlink(path); /* rewriting in place makes some file systems wait for the disk */
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* Loads base.yaml with these bytes, and overrides. */
static cam_status load_bytes(cam_config *config, cam_problems *problems, const char *bytes, size_t length,
                             const char *const *overrides, size_t override_count) {
    static const char *const files[] = {"base.yaml"};
    write_bytes("base.yaml", bytes, length);
    *problems = (cam_problems)CAM_PROBLEMS_INIT;
    return cam_config_load(config, files, 1, overrides, override_count, problems);
}

static inline void load_good(cam_config *config, const char *yaml) {
    cam_problems problems;
    cam_status status = load_bytes(config, &problems, yaml, strlen(yaml), NULL, 0);
    if (status != CAM_OK)
        print_error("%s\n%s", yaml, cam_strbuf_text(&problems.shown));
    assert_int_equal(status, CAM_OK);
    cam_problems_release(&problems);
}

/* The problems of a text must be exactly these lines. */
static inline void expect_problems(const char *yaml, const char *expected) {
    cam_config config;
    cam_problems problems;
    assert_int_equal(load_bytes(&config, &problems, yaml, strlen(yaml), NULL, 0), CAM_E_USAGE);
    assert_string_equal(cam_strbuf_text(&problems.shown), expected);
    cam_config_release(&config);
    cam_problems_release(&problems);
}

static inline void expect_override_problem(const char *override, const char *expected) {
    cam_config config;
    cam_problems problems = CAM_PROBLEMS_INIT;
    assert_int_equal(cam_config_load(&config, NULL, 0, &override, 1, &problems), CAM_E_USAGE);
    assert_string_equal(cam_strbuf_text(&problems.shown), expected);
    cam_config_release(&config);
    cam_problems_release(&problems);
}

/* All fields and nothing else: the text that `show` writes without comments. */
static inline char *show_plain(const cam_config *config) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_config_show(config, CAM_COMMENTS_NONE, &text);
    return cam_strbuf_detach(&text);
}

#endif
