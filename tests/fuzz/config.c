/* A configuration file (as run.yaml is one), and behind each 0xFF an override of the command line. What is accepted is
 * shown as YAML and reads back equal; what is refused has a message. */
#include "config.h"
#include "fuzz.h"

enum { OVERRIDES = 4 };

static char *show(const cam_config *config) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_config_show(config, CAM_COMMENTS_NONE, &text);
    return cam_strbuf_detach(&text);
}

static cam_status load(const char *text, size_t length, char *const *overrides, size_t count, cam_config *config) {
    char *path = fuzz_path("base.yaml");
    cam_problems problems = CAM_PROBLEMS_INIT;
    *config = (cam_config){0};
    fuzz_write("base.yaml", text, length);
    cam_status st =
        cam_config_load(config, (const char *const[]){path}, 1, (const char *const *)overrides, count, &problems);
    FUZZ_CHECK(st == (problems.errors ? CAM_E_USAGE : CAM_OK));
    FUZZ_CHECK(st == CAM_OK || cam_strbuf_text(&problems.shown)[0]);
    cam_problems_release(&problems);
    free(path);
    return st;
}

void fuzz_one(const uint8_t *data, size_t size) {
    cam_config config, again;
    char *overrides[OVERRIDES];
    size_t length, unused, count = 0;
    char *text = fuzz_take(&data, &size, &length);
    while (size > 0 && count < OVERRIDES)
        overrides[count++] = fuzz_take(&data, &size, &unused);
    if (load(text, length, overrides, count, &config) == CAM_OK) {
        char *first = show(&config);
        FUZZ_CHECK(load(first, strlen(first), NULL, 0, &again) == CAM_OK);
        char *second = show(&again);
        FUZZ_CHECK(strcmp(first, second) == 0);
        free(first);
        free(second);
        cam_config_release(&again);
    }
    cam_config_release(&config);
    free(text);
    while (count > 0)
        free(overrides[--count]);
}
