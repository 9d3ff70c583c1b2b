/* progress.c: see progress.h. */
#include "progress.h"
#include "log.h"
#include "plain.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINE_COLUMNS = 80 };
static const double redraw_s = 0.1;

cam_progress_mode cam_progress_mode_resolve(cam_progress_mode mode) {
    if (cam_log_get_level() == CAM_LOG_QUIET)
        return CAM_PROGRESS_NONE;
    if (mode != CAM_PROGRESS_AUTO)
        return mode;
    return cam_log_is_terminal() ? CAM_PROGRESS_BAR : CAM_PROGRESS_LINES;
}

static int terminal_columns(void) {
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    long count = columns ? strtol(columns, NULL, 10) : 0;
    return count > 0 && count < 1000 ? (int)count : 80;
}

void cam_progress_init(cam_progress *progress, cam_progress_mode mode, int64_t steps, int64_t logging_steps) {
    *progress = (cam_progress){.mode = cam_progress_mode_resolve(mode), .steps = steps, .logging_steps = logging_steps};
}

static void put_duration(cam_strbuf *buf, double duration_s) {
    int64_t s = (int64_t)fmin(ceil(duration_s), 1e9);
    if (s >= 3600)
        cam_strbuf_printf(buf, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60), (int)(s % 60));
    else
        cam_strbuf_printf(buf, "%d:%02d", (int)(s / 60), (int)(s % 60));
}

static double mean_loss(const cam_progress *progress, const cam_step_event *event) {
    return progress->interval_steps > 0 ? progress->interval_loss / (double)progress->interval_steps : event->loss;
}

/* The figures after the step count, the most important first. */
enum { FIELD_LOSS, FIELD_EPOCH, FIELD_ETA, FIELD_LR, FIELD_SPEED, FIELD_NORM, FIELD_COUNT };

static void put_field(cam_strbuf *buf, int field, const cam_progress *progress, const cam_step_event *event) {
    double speed;
    switch (field) {
    case FIELD_EPOCH:
        cam_strbuf_printf(buf, "epoch %.2f", event->epoch);
        break;
    case FIELD_LOSS:
        cam_strbuf_printf(buf, "loss %.4f", mean_loss(progress, event));
        break;
    case FIELD_LR:
        cam_strbuf_puts(buf, "lr ");
        cam_plain_put_rate(buf, event->lr, 3);
        break;
    case FIELD_NORM:
        cam_strbuf_printf(buf, "grad norm %.3g", event->grad_norm);
        break;
    case FIELD_SPEED:
        speed = progress->interval_s > 0 ? (double)progress->interval_tokens / progress->interval_s : 0;
        cam_plain_put_count(buf, llrint(fmin(speed, 1e15)));
        cam_strbuf_puts(buf, " tokens/s");
        break;
    default:
        cam_strbuf_puts(buf, "ETA ");
        put_duration(buf, (double)(progress->steps - event->step) * progress->seen_s /
                              (double)(progress->seen_steps > 0 ? progress->seen_steps : 1));
    }
}

void cam_progress_render(cam_strbuf *buf, const cam_progress *progress, const cam_step_event *event, int width) {
    static const int shown_order[] = {FIELD_EPOCH, FIELD_LOSS, FIELD_LR, FIELD_NORM, FIELD_SPEED, FIELD_ETA};
    cam_strbuf fields[FIELD_COUNT] = {{0}};
    cam_strbuf head = CAM_STRBUF_INIT;
    cam_strbuf_printf(&head, "step %" PRId64 "/%" PRId64, event->step, progress->steps);
    size_t room = width > 0 ? (size_t)width : 0;
    size_t used = head.length;
    cam_strbuf_append(buf, head.text, used < room ? used : room);
    for (int field = 0; field < FIELD_COUNT && used < room; field++) {
        put_field(&fields[field], field, progress, event);
        used += 2 + fields[field].length;
        if (used > room)
            cam_strbuf_clear(&fields[field]);
    }
    for (int i = 0; i < FIELD_COUNT; i++)
        if (fields[shown_order[i]].length > 0)
            cam_strbuf_printf(buf, "  %s", fields[shown_order[i]].text);
    for (int i = 0; i < FIELD_COUNT; i++)
        cam_strbuf_release(&fields[i]);
    cam_strbuf_release(&head);
}

/* Writes the line and starts the next interval. */
static void show(cam_progress *progress, const cam_step_event *event) {
    cam_strbuf line = CAM_STRBUF_INIT;
    if (progress->mode == CAM_PROGRESS_BAR) {
        cam_progress_render(&line, progress, event, terminal_columns() - 1);
        cam_log_status_line("%s", cam_strbuf_text(&line));
    } else {
        cam_progress_render(&line, progress, event, LINE_COLUMNS);
        cam_log("%s", cam_strbuf_text(&line));
    }
    cam_strbuf_release(&line);
    progress->interval_steps = 0;
    progress->interval_tokens = 0;
    progress->interval_s = 0;
    progress->interval_loss = 0;
}

void cam_progress_step(cam_progress *progress, const cam_step_event *event) {
    progress->interval_steps++;
    progress->interval_tokens += event->tokens;
    progress->interval_s += event->step_s;
    progress->interval_loss += event->loss;
    progress->seen_steps++;
    progress->seen_s += event->step_s;
    int last = event->step == progress->steps;
    if (progress->mode == CAM_PROGRESS_BAR) {
        if (last || progress->seen_steps == 1 || progress->interval_s >= redraw_s)
            show(progress, event);
    } else if (progress->mode == CAM_PROGRESS_LINES) {
        if (last || (progress->logging_steps > 0 && event->step % progress->logging_steps == 0))
            show(progress, event);
    }
}

void cam_progress_stage(const cam_progress *progress, const char *stage, int64_t done, int64_t total) {
    if (progress->mode != CAM_PROGRESS_BAR)
        return;
    cam_strbuf line = CAM_STRBUF_INIT;
    cam_strbuf_printf(&line, "%s %" PRId64 "/%" PRId64, stage, done, total);
    cam_log_status_line("%.*s", terminal_columns() - 1, line.text);
    cam_strbuf_release(&line);
}

void cam_progress_end(cam_progress *progress) {
    if (progress->mode == CAM_PROGRESS_BAR)
        cam_log_status_line("%s", "");
}
