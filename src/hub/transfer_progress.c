/* transfer_progress.c: see transfer_progress_internal.h. */
#include "clock.h"
#include "log.h"
#include "transfer_progress_internal.h"
#include <stdio.h>

static const double redraw_s = 0.1, line_s = 10;

const char *cam_transfer_size(long long bytes, char text[static 24]) {
    double megabytes = 1e-6 * (double)bytes;
    if (bytes < 10000)
        snprintf(text, 24, bytes == 1 ? "1 byte" : "%lld bytes", bytes);
    else
        snprintf(text, 24, megabytes < 10 ? "%.2f MB" : "%.0f MB", megabytes);
    return text;
}

void cam_transfer_begin(cam_transfer *transfer, long long total, int no_bars) {
    int is_terminal = cam_log_is_terminal();
    double now = cam_now_s();
    *transfer = (cam_transfer){.total = total,
                               .file_begin = -1,
                               .begin_s = now,
                               .next_s = now + (is_terminal ? 0 : line_s),
                               .is_bar = is_terminal && !no_bars && cam_log_get_level() > CAM_LOG_QUIET};
}

void cam_transfer_file(cam_transfer *transfer, const char *file) {
    transfer->file = file;
    transfer->file_begin = -1;
}

void cam_transfer_show(void *context, long long bytes) {
    cam_transfer *t = context;
    char done_text[24], total_text[24], rate_text[24];
    double now = cam_now_s();
    if (t->file_begin < 0 || bytes < t->file_begin)
        t->file_begin = bytes;
    if (now < t->next_s)
        return;
    long long done = t->done + bytes - t->file_begin;
    double rate = now > t->begin_s ? (double)done / (now - t->begin_s) : 0;
    char left_text[32] = "";
    if (rate > 1000)
        snprintf(left_text, sizeof left_text, ", %ld s left", (long)((double)(t->total - done) / rate));
    cam_transfer_size(done, done_text);
    cam_transfer_size(t->total, total_text);
    cam_transfer_size((long long)rate, rate_text);
    if (t->is_bar)
        cam_log_status_line("%s: %s of %s, %s/s%s", t->file, done_text, total_text, rate_text, left_text);
    else
        cam_log("%s: %s of %s, %s/s%s", t->file, done_text, total_text, rate_text, left_text);
    t->is_shown = t->is_bar;
    t->next_s = now + (t->is_bar ? redraw_s : line_s);
}

void cam_transfer_file_end(cam_transfer *transfer, long long received) {
    transfer->done += received;
}

void cam_transfer_end(cam_transfer *transfer) {
    if (transfer->is_shown)
        cam_log_status_line("%s", "");
    transfer->is_shown = 0;
}
