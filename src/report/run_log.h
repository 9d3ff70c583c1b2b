/* run_log.h: log.jsonl, the events of a run: one JSON object a line, each appended by one write.
 *
 * Invariant: the file holds whole lines only; a line that was written in part is removed. Figures that are not finite
 * are null. Failures are CAM_E_STORAGE and name the file. */
#ifndef CAM_RUN_LOG_H
#define CAM_RUN_LOG_H

#include "cam/status.h"
#include "choices.h"
#include "json_out.h"
#include "strbuf.h"
#include <stdint.h>

typedef struct cam_run_log {
    int fd; /* -1 = closed */
    char *path;
    int64_t size; /* bytes, whole lines */
    cam_strbuf line;
    cam_json json; /* over `line`, between begin and commit */
} cam_run_log;

#define CAM_RUN_LOG_INIT                                                                                               \
    { .fd = -1 }

/* Opens for appending and keeps the first `keep` bytes of the file (0 = none). A resumed run passes the `size` of its
 * checkpoint, so that lines of lost steps are removed; a shorter file is kept up to its last whole line. */
CAM_MUST_CHECK cam_status cam_run_log_open(cam_run_log *log, const char *path, int64_t keep);
CAM_MUST_CHECK cam_status cam_run_log_sync(cam_run_log *log); /* to the disk */
/* Syncs and closes; a second call does nothing. */
CAM_MUST_CHECK cam_status cam_run_log_close(cam_run_log *log);
/* Closes and frees after a failure; reports nothing. Also after close. */
void cam_run_log_release(cam_run_log *log);

/* Writes any event; members are added to the builder between the two calls. */
cam_json *cam_run_log_begin(cam_run_log *log, const char *event);
CAM_MUST_CHECK cam_status cam_run_log_commit(cam_run_log *log);

/* "run", the first line. */
typedef struct cam_run_event {
    const char *version, *run_id, *model, *device;
    int64_t parameters, trained_parameters;
    int64_t train_rows, validation_rows, labels;
    int64_t tokens; /* of the training rows, <s> and </s> included */
    int64_t steps;  /* planned */
} cam_run_event;
CAM_MUST_CHECK cam_status cam_run_log_run(cam_run_log *log, const cam_run_event *event);

/* "step", one for each optimizer step. */
typedef struct cam_step_event {
    int64_t step;     /* from 1 */
    double epoch;     /* after this step */
    double loss;      /* the minimised loss, over the whole step */
    double lr;        /* the head's learning rate */
    double grad_norm; /* before clipping */
    int64_t tokens;   /* of this step */
    double step_s;    /* seconds */
} cam_step_event;
CAM_MUST_CHECK cam_status cam_run_log_step(cam_run_log *log, const cam_step_event *event);

/* "eval"; synced. */
typedef struct cam_eval_event {
    int64_t step;
    double metrics[CAM_CHOICE_COUNT_metric]; /* by enumerator: CAM_METRIC_* */
} cam_eval_event;
CAM_MUST_CHECK cam_status cam_run_log_eval(cam_run_log *log, const cam_eval_event *event);

/* "end", the last line; synced. `reason`: "done", "early_stopping", "signal", "diverged", ... */
CAM_MUST_CHECK cam_status cam_run_log_end(cam_run_log *log, const char *reason, double wall_s);

#endif
