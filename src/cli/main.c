/* main.c: parses the command line, runs the verb, and returns the exit code. The only place that exits. */
#include "arguments.h"
#include "backends.h"
#include "help.h"
#include "input.h"
#include "log.h"
#include "model_get.h"
#include "phases.h"
#include "process_limits.h"
#include "signals.h"
#include "threads.h"
#include "verbs.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cam_status (*const run_verb[CAM_VERB_COUNT])(const cam_arguments *arguments) = {
#define RUN_VERB(code, word, ...) [CAM_VERB_##code] = cam_verb_##word,
    CAM_VERBS(RUN_VERB)
#undef RUN_VERB
};

static cam_status print_version(void) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, "cam-train " CAM_VERSION "\n");
    cam_backends_describe(&text);
    cam_strbuf_printf(&text, "  mpi: %s\n", cam_group_mpi());
    cam_status st = cam_verb_print(&text);
    cam_strbuf_release(&text);
    return st;
}

static cam_status print_help(cam_verb verb) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_help_put(verb, &text);
    cam_status st = cam_verb_print(&text);
    cam_strbuf_release(&text);
    return st;
}

static void configure_output(const cam_arguments *arguments) {
    const char *no = getenv("NO_COLOR");
    int is_shown = cam_log_is_terminal() && !(no && no[0]);
    cam_log_set_color(arguments->color.value == CAM_COLOR_AUTO ? is_shown : arguments->color.value == CAM_COLOR_ALWAYS);
    if (arguments->quiet)
        cam_log_set_level(CAM_LOG_QUIET);
    else if (arguments->verbose)
        cam_log_set_level(CAM_LOG_VERBOSE);
}

static cam_status dispatch(int argc, char **argv, cam_group *group) {
    cam_status st = CAM_OK;
    cam_arguments arguments = {0};
    CAM_TRY(cam_arguments_parse(&arguments, argc, argv));
    arguments.group = group;
    unsigned flags = cam_verb_rows[arguments.verb].flags;
    if (flags & CAM_VERB_STOPS_LATER)
        cam_input_set_cancel((cam_cancel){.requested = cam_signals_stop_requested});
    else
        cam_signals_end_at_once();
    configure_output(&arguments);
    cam_threads_set(cam_host_threads(group));
    for (size_t i = 0; i < arguments.notes.count; i++)
        cam_log("%s", arguments.notes.items[i]);
    int is_information = arguments.version || arguments.help || argc == 1;
    if (group->rank > 0 && (is_information || !(flags & CAM_VERB_ON_ALL_RANKS))) {
        group->timeout_s = CAM_MODEL_GET_S;
        goto out; /* rank 0 does it alone; all ranks end with its status */
    }
    if (arguments.version)
        CAM_TRY(print_version());
    else if (arguments.help || argc == 1)
        CAM_TRY(print_help(arguments.has_verb ? arguments.verb : CAM_VERB_COUNT));
    else
        CAM_TRY(run_verb[arguments.verb](&arguments));
out:
    cam_arguments_release(&arguments);
    return st;
}

/* Reports a message line by line, since each line of a list of problems is an error, or a hint at the error before. */
static void report(const char *message) {
    static const char hint[] = "hint: ";
    for (size_t length; *message; message += length + (message[length] != '\0')) {
        length = strcspn(message, "\n");
        if (strncmp(message, hint, sizeof hint - 1) == 0)
            cam_log_hint("%.*s", (int)(length - (sizeof hint - 1)), message + sizeof hint - 1);
        else if (length > 0)
            cam_log_error("%.*s", (int)length, message);
    }
}

/* Gives each standard descriptor that is closed an end of /dev/null. Otherwise the next file would be opened under its
 * number, and messages would be written into it. The end is the wrong one, so that a result without a place to go to is
 * still an error of write. */
static void hold_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            _exit(cam_status_exit_code(CAM_E_STORAGE)); /* and no message could be written */
}

/* Starts the program again with GOMP_SPINCOUNT=20000. While OpenMP's threads wait they spin, and where they share the
 * processors with other programs they delay the threads that they wait for. After 20000 spins, some ten microseconds,
 * they sleep: on an idle machine this costs nothing, on a busy one little (docs/performance.md). The library reads its
 * settings before main, so the process must start again. Where that fails the run is only slower. */
static void reexec_with_short_spin(char **argv) {
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT") || length < 0)
        return;
    self[length] = '\0';
    if (setenv("GOMP_SPINCOUNT", "20000", 1) == 0)
        execv(self, argv);
}

/* jansson (2.14) does not handle every failed allocation: it can write past its buffers or drop bytes of a text. So
 * JSON never gets NULL: the program ends. */
static void *json_memory(size_t bytes) {
    void *memory = malloc(bytes);
    if (!memory) {
        cam_log_error("no memory to read or write JSON");
        exit(cam_status_exit_code(CAM_E_MEMORY));
    }
    return memory;
}

/* True for the rank that reports `agreed`. A stop is no error: rank 0 reports it, whichever rank was stopped. */
static int is_reporter(const cam_group *group, cam_status agreed) {
    return agreed == CAM_E_STOPPED ? group->rank == 0 : group->reporter < 0 || group->reporter == group->rank;
}

/* Agrees with the other ranks on the status. The reporting rank keeps its own message, which the exchange may
 * overwrite. */
static cam_status finish(cam_group *group, cam_status st) {
    char *message = strdup(cam_status_message());
    cam_status agreed = cam_group_finish(group, st);
    if (message && agreed == st && is_reporter(group, agreed))
        cam_fail_again(st, message);
    free(message);
    return agreed;
}

/* Called where another rank is lost while this process waits for its device: exits without cleaning up. */
static void exit_lost_peer(cam_status st) {
    report(cam_status_message());
    cam_signals_exit(cam_status_exit_code(st));
}

int main(int argc, char **argv) {
    cam_group group;
    cam_phase_enter(CAM_PHASE_START);
    hold_standard_descriptors();
    reexec_with_short_spin(argv);
    cam_spare_addresses();
    json_set_alloc_funcs(json_memory, free);
    cam_signals_install();
    cam_status st = cam_group_open(&group);
    cam_log_set_rank(group.rank);
    group.exit_lost_peer = exit_lost_peer;
    if (st == CAM_OK)
        st = dispatch(argc, argv, &group);
    st = finish(&group, cam_memory_check(st));
    cam_signals_ignore(); /* a launcher may signal all ranks once the first has ended; that must not change the exit
                           * code */
    if (st == CAM_E_STOPPED && is_reporter(&group, st))
        cam_log("%s", cam_status_message());
    else if (st != CAM_OK && is_reporter(&group, st))
        report(cam_status_message());
    if (!cam_backends_end())
        cam_signals_exit(cam_status_exit_code(st));
    return cam_status_exit_code(cam_group_finalize(&group, st));
}
