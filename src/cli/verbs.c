/* verbs.c: functions that several verbs call. */
#include "verbs.h"
#include "output.h"
#include "remedy.h"
#include "threads.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The data file may be known already. */
static cam_status fail_without_config(const cam_arguments *arguments) {
    static const char key[] = "train_file=";
    cam_strbuf text = CAM_STRBUF_INIT;
    const char *file = "FILE";
    for (size_t i = 0; i < arguments->overrides.count; i++)
        if (strncmp(arguments->overrides.items[i], key, sizeof key - 1) == 0)
            file = arguments->overrides.items[i] + sizeof key - 1;
    cam_strbuf_puts(&text, "no configuration: name one with --config FILE, or make one with cam-train init --data ");
    cam_shell_word_put(&text, file);
    cam_status st = cam_fail(CAM_E_USAGE, "%s > my.yaml", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
    return st;
}

/* `pretrain` is a setting, too, and the last one. */
static cam_status load(const cam_arguments *arguments, const char *const *given, size_t count, cam_config *config,
                       cam_problems *problems) {
    cam_status st = CAM_OK;
    const char **overrides = calloc(count + 1, sizeof *overrides);
    if (!overrides)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu arguments", count);
    if (count > 0)
        memcpy(overrides, given, count * sizeof *overrides);
    if (arguments->verb == CAM_VERB_PRETRAIN)
        overrides[count++] = "task=pretrain";
    CAM_TRY(cam_config_load(config, arguments->configs.items, arguments->configs.count, overrides, count, problems));
out:
    free(overrides);
    return st;
}

cam_status cam_verb_load_config_with(const cam_arguments *arguments, const char *const *overrides, size_t count,
                                     cam_config *config) {
    cam_status st = CAM_OK;
    cam_problems problems = CAM_PROBLEMS_INIT;
    *config = (cam_config){0};
    if (arguments->configs.count == 0)
        CAM_TRY(fail_without_config(arguments));
    for (size_t i = 0; i < arguments->configs.count; i++)
        CAM_TRY(cam_output_check_standard(arguments->configs.items[i]));
    CAM_TRY(load(arguments, overrides, count, config, &problems));
    if (config->cpu_threads > 0)
        cam_threads_set((int)config->cpu_threads);
out:
    cam_problems_release(&problems);
    return st;
}

cam_status cam_verb_load_config(const cam_arguments *arguments, cam_config *config) {
    return cam_verb_load_config_with(arguments, arguments->overrides.items, arguments->overrides.count, config);
}

cam_command cam_verb_command(const cam_arguments *arguments) {
    return (cam_command){.configs = arguments->configs.items,
                         .config_count = arguments->configs.count,
                         .overrides = arguments->overrides.items,
                         .override_count = arguments->overrides.count,
                         .device = arguments->device.word,
                         .verb = arguments->verb == CAM_VERB_PRETRAIN ? "pretrain" : NULL};
}

cam_status cam_verb_print(const cam_strbuf *text) {
    cam_strbuf escaped = CAM_STRBUF_INIT;
    cam_status st = CAM_OK;
    if (cam_output_is_shown(STDOUT_FILENO)) {
        cam_output_put_for_terminal(cam_strbuf_text(text), text->length, &escaped);
        text = &escaped;
    }
    CAM_TRY(cam_memory_check(CAM_OK)); /* a part of the text may be missing */
    size_t wrote = fwrite(cam_strbuf_text(text), 1, text->length, stdout);
    if ((wrote < text->length || fflush(stdout) != 0) && errno != EPIPE)
        st = cam_fail(CAM_E_STORAGE, "cannot write standard output: %s", strerror(errno));
out:
    cam_strbuf_release(&escaped);
    return st;
}
