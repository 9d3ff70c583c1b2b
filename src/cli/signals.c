/* signals.c: see signals.h. Handlers only set a flag. */
#include "signals.h"
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t stop_wanted, at_once;

static void on_signal(int number) {
    (void)number;
    if (stop_wanted || at_once)
        _exit(130);
    stop_wanted = 1;
}

void cam_signals_install(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&action.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

void cam_signals_end_at_once(void) {
    at_once = 1;
}

int cam_signals_stop_wanted(void *context) {
    (void)context;
    return stop_wanted;
}
