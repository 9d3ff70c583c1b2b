/* run_log.c: see run_log.h. Invariant: between calls the file's length is `size` and ends a line, unless a line was
 * broken and could not be removed either (the next open then removes it). */
#include "run_log.h"
#include "files.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The length of the whole lines among the first `keep` bytes. */
static cam_status whole_lines(int fd, const char *path, int64_t keep, int64_t *size) {
    cam_status st = CAM_OK;
    char block[4096];
    for (int64_t end = keep; end > 0;) {
        int64_t begin = end > (int64_t)sizeof block ? end - (int64_t)sizeof block : 0;
        ssize_t count = pread(fd, block, (size_t)(end - begin), (off_t)begin);
        if (count < 0 && errno == EINTR)
            continue;
        if (count != (ssize_t)(end - begin))
            CAM_FAIL(CAM_E_STORAGE, "cannot read \"%s\": %s", path, count < 0 ? strerror(errno) : "it became shorter");
        while (end > begin && block[end - begin - 1] != '\n')
            end--;
        if (end > begin) {
            *size = end;
            goto out;
        }
    }
    *size = 0;
out:
    return st;
}

cam_status cam_run_log_open(cam_run_log *log, const char *path, int64_t keep) {
    cam_status st = CAM_OK;
    *log = (cam_run_log)CAM_RUN_LOG_INIT;
    log->path = cam_path_absolute(path);
    CAM_TRY(cam_memory_check(CAM_OK));
    log->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (log->fd < 0)
        CAM_FAIL(CAM_E_STORAGE, "cannot write \"%s\": %s", log->path, strerror(errno));
    struct stat status;
    if (fstat(log->fd, &status) != 0)
        CAM_FAIL(CAM_E_STORAGE, "cannot read \"%s\": %s", log->path, strerror(errno));
    CAM_TRY(whole_lines(log->fd, log->path, keep < status.st_size ? keep : (int64_t)status.st_size, &log->size));
    if (S_ISREG(status.st_mode) && ftruncate(log->fd, (off_t)log->size) != 0)
        CAM_FAIL(CAM_E_STORAGE, "cannot shorten \"%s\": %s", log->path, strerror(errno));
out:
    if (st != CAM_OK)
        cam_run_log_release(log);
    return st;
}

cam_status cam_run_log_sync(cam_run_log *log) {
    /* EINVAL: a pipe or a device, which cannot be synced. */
    if (fdatasync(log->fd) != 0 && errno != EINVAL)
        return cam_fail(CAM_E_STORAGE, "cannot write \"%s\" to the disk: %s", log->path, strerror(errno));
    return CAM_OK;
}

cam_status cam_run_log_close(cam_run_log *log) {
    cam_status st = CAM_OK;
    if (log->fd < 0)
        return CAM_OK;
    CAM_TRY(cam_run_log_sync(log));
    int failed = close(log->fd);
    log->fd = -1;
    if (failed)
        CAM_FAIL(CAM_E_STORAGE, "cannot close \"%s\": %s", log->path, strerror(errno));
out:
    cam_run_log_release(log);
    return st;
}

void cam_run_log_release(cam_run_log *log) {
    if (log->fd >= 0)
        close(log->fd);
    free(log->path);
    cam_strbuf_release(&log->line);
    *log = (cam_run_log)CAM_RUN_LOG_INIT;
}

cam_json *cam_run_log_begin(cam_run_log *log, const char *event) {
    CAM_ASSERT(log->fd >= 0);
    cam_strbuf_clear(&log->line);
    cam_json_begin(&log->json, &log->line);
    cam_json_text(&log->json, "event", event);
    return &log->json;
}

cam_status cam_run_log_commit(cam_run_log *log) {
    cam_json_end(&log->json);
    cam_strbuf_putc(&log->line, '\n');
    cam_status st = cam_memory_check(CAM_OK); /* a text of the line may be missing */
    if (st != CAM_OK)
        return st;
    for (size_t done = 0; done < log->line.length;) {
        ssize_t count = write(log->fd, log->line.text + done, log->line.length - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            int error = errno;
            if (done > 0 && ftruncate(log->fd, (off_t)log->size) != 0)
                error = errno;
            return cam_fail(CAM_E_STORAGE, "cannot write \"%s\": %s", log->path, strerror(error));
        }
        done += (size_t)count;
    }
    log->size += (int64_t)log->line.length;
    return CAM_OK;
}

static cam_status commit_and_sync(cam_run_log *log) {
    cam_status st = CAM_OK;
    CAM_TRY(cam_run_log_commit(log));
    CAM_TRY(cam_run_log_sync(log));
out:
    return st;
}

cam_status cam_run_log_run(cam_run_log *log, const cam_run_event *event) {
    cam_json *json = cam_run_log_begin(log, "run");
    cam_json_text(json, "version", event->version);
    cam_json_text(json, "run_id", event->run_id);
    cam_json_text(json, "model", event->model);
    cam_json_text(json, "device", event->device);
    cam_json_integer(json, "parameters", event->parameters);
    cam_json_integer(json, "trained_parameters", event->trained_parameters);
    cam_json_integer(json, "rows", event->train_rows);
    cam_json_integer(json, "validation_rows", event->validation_rows);
    cam_json_integer(json, "labels", event->labels);
    cam_json_integer(json, "tokens", event->tokens);
    cam_json_integer(json, "steps", event->steps);
    return cam_run_log_commit(log);
}

cam_status cam_run_log_step(cam_run_log *log, const cam_step_event *event) {
    cam_json *json = cam_run_log_begin(log, "step");
    cam_json_integer(json, "step", event->step);
    cam_json_number(json, "epoch", event->epoch);
    cam_json_number(json, "loss", event->loss);
    cam_json_number(json, "lr", event->lr);
    cam_json_number(json, "grad_norm", event->grad_norm);
    cam_json_integer(json, "tokens", event->tokens);
    cam_json_number(json, "step_s", event->step_s);
    return cam_run_log_commit(log);
}

cam_status cam_run_log_eval(cam_run_log *log, const cam_eval_event *event) {
    cam_json *json = cam_run_log_begin(log, "eval");
    cam_json_integer(json, "step", event->step);
    for (int m = 0; m < CAM_CHOICE_COUNT_metric; m++)
        cam_json_number(json, cam_words_metric[m], event->metrics[m]);
    return commit_and_sync(log);
}

cam_status cam_run_log_end(cam_run_log *log, const char *reason, double wall_s) {
    cam_json *json = cam_run_log_begin(log, "end");
    cam_json_text(json, "reason", reason);
    cam_json_number(json, "wall_s", wall_s);
    return commit_and_sync(log);
}
