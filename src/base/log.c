/* log.c: see log.h. A mutex admits one writer at a time; the status line is erased before a line and redrawn after it.
 */
#include "log.h"
#include "utf8.h"
#include "visible.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cam_log_level level = CAM_LOG_NORMAL;
static int color, rank;
static char line[1 << 14]; /* the line that is written; a longer one is cut */
static char status_line[512];

void cam_log_set_level(cam_log_level new_level) {
    level = new_level;
}

cam_log_level cam_log_get_level(void) {
    return level;
}

/* Lines of several processes must not mix, so each line is one write. */
void cam_log_set_rank(int new_rank) {
    static char buffer[sizeof line + 64];
    rank = new_rank;
    setvbuf(stderr, buffer, _IOLBF, sizeof buffer);
}

void cam_log_set_color(int on) {
    color = on;
}

int cam_log_color(void) {
    return color;
}

int cam_log_is_terminal(void) {
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && term[0] && strcmp(term, "dumb") != 0;
}

/* Writes `line`, of which `length` bytes were wanted. */
static void put_line(const char *prefix, const char *ansi, size_t length) {
    if (length >= sizeof line)
        cam_utf8_truncate(line, sizeof line);
    if (status_line[0])
        fputs("\r\033[K", stderr);
    if (rank > 0)
        fprintf(stderr, "[rank %d] ", rank);
    if (color && ansi[0])
        fprintf(stderr, "\033[%sm%s\033[0m", ansi, prefix);
    else
        fputs(prefix, stderr);
    fputs(line, stderr);
    fputc('\n', stderr);
    if (status_line[0])
        fputs(status_line, stderr);
    fflush(stderr);
}

#define CAM_LOG_LINE(prefix, ansi)                                                                                     \
    va_list args;                                                                                                      \
    va_start(args, format);                                                                                            \
    pthread_mutex_lock(&lock);                                                                                         \
    put_line(prefix, ansi, cam_visible_vprint(line, sizeof line, format, args));                                       \
    pthread_mutex_unlock(&lock);                                                                                       \
    va_end(args)

void cam_log(const char *format, ...) {
    if (level < CAM_LOG_NORMAL || rank > 0)
        return;
    CAM_LOG_LINE("", "");
}

void cam_log_verbose(const char *format, ...) {
    if (level < CAM_LOG_VERBOSE || rank > 0)
        return;
    CAM_LOG_LINE("", "");
}

void cam_log_warn(const char *format, ...) {
    if (rank > 0)
        return;
    CAM_LOG_LINE("warning: ", "33");
}

void cam_log_warn_lines(const char *text) {
    if (rank > 0)
        return;
    pthread_mutex_lock(&lock);
    put_line("warning: ", "33", cam_visible_copy(line, sizeof line, text, strlen(text), "\n"));
    pthread_mutex_unlock(&lock);
}

void cam_log_error(const char *format, ...) {
    CAM_LOG_LINE("error: ", "31");
}

void cam_log_hint(const char *format, ...) {
    CAM_LOG_LINE("hint: ", "36");
}

void cam_log_each_line(const char *text, void (*log)(const char *format, ...)) {
    for (size_t length; *text; text += length + (text[length] != '\0')) {
        length = strcspn(text, "\n");
        log("%.*s", (int)length, text);
    }
}

void cam_log_status_line(const char *format, ...) {
    pthread_mutex_lock(&lock);
    va_list args;
    va_start(args, format);
    cam_visible_vprint(status_line, sizeof status_line, format, args);
    va_end(args);
    fprintf(stderr, "\r\033[K%s", status_line);
    fflush(stderr);
    pthread_mutex_unlock(&lock);
}
