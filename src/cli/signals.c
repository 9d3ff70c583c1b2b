/* signals.c: see signals.h. Handlers only count: two of them may run at the same time in two threads, or one inside the
 * other. */
#include "signals.h"
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP};
static atomic_int signals, at_once;
static const char *volatile unfinished;

void cam_signals_exit(int code) {
    if (unfinished)
        unlink(unfinished);
    _exit(code);
}

static void on_signal(int number) {
    (void)number;
    if (atomic_fetch_add(&signals, 1) > 0 || at_once)
        cam_signals_exit(130);
}

static void handle(int number, void (*handler)(int number)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

/* nohup starts a program with HUP ignored: it is to go on when its terminal is closed. */
static int is_under_nohup(void) {
    struct sigaction before;
    return sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler == SIG_IGN;
}

void cam_signals_install(void) {
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i] != SIGHUP || !is_under_nohup())
            handle(numbers[i], on_signal);
    handle(SIGPIPE, SIG_IGN);
    handle(SIGXFSZ, SIG_IGN);
}

void cam_signals_ignore(void) {
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        handle(numbers[i], SIG_IGN);
}

void cam_signals_end_at_once(void) {
    at_once = 1;
}

void cam_signals_set_unfinished(const char *path) {
    unfinished = path;
}

int cam_signals_stop_requested(void *context) {
    (void)context;
    return signals > 0;
}
