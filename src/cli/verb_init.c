/* verb_init.c: `init` prints a configuration to start from. With --data it is fitted to a file, with --model to a model;
 * init_fit.c says how. */
#include "init_fit.h"
#include "log.h"
#include "output.h"
#include "remedy.h"
#include "verbs.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Says each line of a text by `say`. */
static void say_lines(const char *text, void (*say)(const char *format, ...)) {
    for (size_t length; *text; text += length + 1) {
        length = strcspn(text, "\n");
        say("%.*s", (int)length, text);
        if (text[length] == '\0')
            break;
    }
}

/* Appends the name of the file that standard output goes to, or "my.yaml" where the system does not tell. */
static void put_output_name(cam_strbuf *out) {
    char target[PATH_MAX] = "", folder[PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/fd/1", target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    const char *name = target;
    if (getcwd(folder, sizeof folder) && strncmp(target, folder, strlen(folder)) == 0 && target[strlen(folder)] == '/')
        name = target + strlen(folder) + 1;
    cam_shell_word_put(out, target[0] == '/' && strncmp(target, "/dev/", 5) != 0 ? name : "my.yaml");
}

static void say_next(void) {
    cam_strbuf file = CAM_STRBUF_INIT;
    put_output_name(&file);
    cam_log("next: %scam-train check --config %s", isatty(STDOUT_FILENO) ? "save this with > my.yaml, then " : "",
            file.text);
    cam_strbuf_release(&file);
}

cam_status cam_verb_init(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_init_fit fit = {0};
    cam_strbuf text = CAM_STRBUF_INIT;
    CAM_TRY(cam_output_check_standard(arguments->data));
    CAM_TRY(cam_init_fit_open(&fit, arguments));
    say_lines(cam_strbuf_text(&fit.notes), cam_log);
    if (arguments->data)
        say_lines(cam_strbuf_text(&fit.model_note), cam_log);
    say_lines(cam_strbuf_text(&fit.warnings), cam_log_warn);
    cam_config_init(&fit.config, cam_strbuf_text(&fit.head), fit.reasons, fit.count, arguments->all, &text);
    CAM_TRY(cam_verb_print(&text));
    if (arguments->data)
        say_next();
out:
    cam_init_fit_release(&fit);
    cam_strbuf_release(&text);
    return st;
}
