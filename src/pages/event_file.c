/* event_file.c: see event_file.h. Tags of the fields are written as (number << 3 | type): type 0 a varint, 1 eight bytes,
 * 2 a length and bytes, 5 four bytes (the encoding of Protocol Buffers). */
#include "event_file.h"
#include "crc32c_internal.h"
#include "files.h"
#include "log_table_internal.h"
#include "strbuf.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    EVENT_WALL_TIME = 1 << 3 | 1,
    EVENT_STEP = 2 << 3 | 0,
    EVENT_FILE_VERSION = 3 << 3 | 2,
    EVENT_SUMMARY = 5 << 3 | 2
};
enum { SUMMARY_VALUE = 1 << 3 | 2, VALUE_TAG = 1 << 3 | 2, VALUE_SIMPLE = 2 << 3 | 5 };

/* --- bytes --------------------------------------------------------------------------------------------------------- */

static void put_little(cam_strbuf *out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        cam_strbuf_putc(out, (char)(value >> (8 * i) & 0xFF));
}

static void put_varint(cam_strbuf *out, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        cam_strbuf_putc(out, (char)((value & 0x7F) | 0x80));
    cam_strbuf_putc(out, (char)value);
}

static void put_bytes(cam_strbuf *out, int tag, const char *bytes, size_t length) {
    put_varint(out, (uint64_t)tag);
    put_varint(out, length);
    cam_strbuf_append(out, bytes, length);
}

static void put_record(cam_strbuf *out, const cam_strbuf *bytes) {
    cam_strbuf length = CAM_STRBUF_INIT;
    put_little(&length, bytes->length, 8);
    cam_strbuf_append(out, cam_strbuf_text(&length), length.length);
    put_little(out, cam_crc32c_masked(cam_strbuf_text(&length), length.length), 4);
    cam_strbuf_append(out, cam_strbuf_text(bytes), bytes->length);
    put_little(out, cam_crc32c_masked(cam_strbuf_text(bytes), bytes->length), 4);
    cam_strbuf_release(&length);
}

/* --- events -------------------------------------------------------------------------------------------------------- */

static void put_time(cam_strbuf *event, double wall_time) {
    uint64_t bits;
    memcpy(&bits, &wall_time, sizeof bits);
    put_varint(event, EVENT_WALL_TIME);
    put_little(event, bits, 8);
}

static void put_version(cam_strbuf *out, double wall_time) {
    static const char version[] = "brain.Event:2";
    cam_strbuf event = CAM_STRBUF_INIT;
    put_time(&event, wall_time);
    put_bytes(&event, EVENT_FILE_VERSION, version, sizeof version - 1);
    put_record(out, &event);
    cam_strbuf_release(&event);
}

/* Adds a scalar to a summary; none for a value that is not finite. */
static void put_scalar(cam_strbuf *summary, const char *tag, double value) {
    cam_strbuf scalar = CAM_STRBUF_INIT;
    float rounded = (float)value;
    uint32_t bits;
    if (!isfinite(value))
        return;
    memcpy(&bits, &rounded, sizeof bits);
    put_bytes(&scalar, VALUE_TAG, tag, strlen(tag));
    put_varint(&scalar, VALUE_SIMPLE);
    put_little(&scalar, bits, 4);
    put_bytes(summary, SUMMARY_VALUE, cam_strbuf_text(&scalar), scalar.length);
    cam_strbuf_release(&scalar);
}

static void put_event(cam_strbuf *out, double wall_time, double step, const cam_strbuf *summary) {
    cam_strbuf event = CAM_STRBUF_INIT;
    if (summary->length > 0) {
        put_time(&event, wall_time);
        put_varint(&event, EVENT_STEP);
        put_varint(&event, step > 0 && step < 1e18 ? (uint64_t)step : 0);
        put_bytes(&event, EVENT_SUMMARY, cam_strbuf_text(summary), summary->length);
        put_record(out, &event);
    }
    cam_strbuf_release(&event);
}

static void put_step(cam_strbuf *out, const cam_log_rows *steps, size_t i, double wall_time) {
    static const struct {
        const char *tag;
        int column;
    } scalars[] = {{"train/loss", CAM_LOG_STEP_loss},
                   {"train/learning_rate", CAM_LOG_STEP_lr},
                   {"train/grad_norm", CAM_LOG_STEP_grad_norm},
                   {"train/epoch", CAM_LOG_STEP_epoch}};
    cam_strbuf summary = CAM_STRBUF_INIT;
    for (size_t k = 0; k < sizeof scalars / sizeof scalars[0]; k++)
        put_scalar(&summary, scalars[k].tag, steps->column[scalars[k].column][i]);
    put_scalar(&summary, "train/tokens_per_second",
               steps->column[CAM_LOG_STEP_tokens][i] / steps->column[CAM_LOG_STEP_step_s][i]);
    put_event(out, wall_time, steps->column[CAM_LOG_STEP_step][i], &summary);
    cam_strbuf_release(&summary);
}

static void put_eval(cam_strbuf *out, const cam_log_rows *evals, size_t i, double wall_time) {
    cam_strbuf summary = CAM_STRBUF_INIT, tag = CAM_STRBUF_INIT;
    for (int column = 0; column < CAM_LOG_EVAL_COLUMNS; column++) {
        if (column == CAM_LOG_EVAL_step)
            continue;
        cam_strbuf_clear(&tag);
        cam_strbuf_put_all(&tag, "eval/", cam_log_eval_members[column], NULL);
        put_scalar(&summary, cam_strbuf_text(&tag), evals->column[column][i]);
    }
    put_event(out, wall_time, evals->column[CAM_LOG_EVAL_step][i], &summary);
    cam_strbuf_release(&summary);
    cam_strbuf_release(&tag);
}

/* Steps and evaluations in the order of their steps; an evaluation comes after the step of its number. */
static void put_events(cam_strbuf *out, const cam_log_table *log, double end) {
    const cam_log_rows *steps = &log->steps, *evals = &log->evals;
    double all_s = 0;
    size_t eval = 0;
    for (size_t i = 0; i < steps->count; i++)
        all_s += fmax(steps->column[CAM_LOG_STEP_step_s][i], 0);
    double now = end - all_s;
    put_version(out, now);
    for (size_t i = 0; i <= steps->count; i++) {
        double step = i < steps->count ? steps->column[CAM_LOG_STEP_step][i] : INFINITY;
        for (; eval < evals->count && !(evals->column[CAM_LOG_EVAL_step][eval] >= step); eval++)
            put_eval(out, evals, eval, now);
        if (i == steps->count)
            break;
        now += fmax(steps->column[CAM_LOG_STEP_step_s][i], 0);
        put_step(out, steps, i, now);
    }
}

cam_status cam_event_file_write(const char *folder) {
    cam_status st = CAM_OK;
    cam_log_table log = {0};
    cam_strbuf out = CAM_STRBUF_INIT;
    struct stat about;
    char *path = cam_path_join(folder, CAM_EVENT_FILE), *from = cam_path_join(folder, "log.jsonl");
    CAM_TRY(cam_memory_check(CAM_OK));
    if (stat(from, &about) != 0)
        CAM_TRY(cam_file_fail(CAM_E_DATA, "read", from));
    CAM_TRY(cam_log_table_read(folder, &log));
    put_events(&out, &log, (double)about.st_mtime);
    CAM_TRY(cam_file_write(path, cam_strbuf_text(&out), out.length));
out:
    cam_log_table_release(&log);
    cam_strbuf_release(&out);
    free(path);
    free(from);
    return st;
}
