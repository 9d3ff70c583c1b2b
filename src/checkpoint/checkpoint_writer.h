/* checkpoint_writer.h: one thread that writes checkpoints behind the caller, one at a time.
 *
 *     CAM_TRY(cam_checkpoint_writer_open(&writer));
 *     ...
 *     if (!cam_checkpoint_writer_is_busy(writer)) {
 *         ... fill the buffers ...
 *         cam_checkpoint_writer_start(writer, &checkpoint);
 *     }
 *     ...
 *     CAM_TRY(cam_checkpoint_writer_wait(writer, &waited_s));
 * out:
 *     cam_checkpoint_writer_close(writer);
 *
 * The thread has a lower priority than its process, and blocks all signals. */
#ifndef CAM_CHECKPOINT_WRITER_H
#define CAM_CHECKPOINT_WRITER_H

#include "checkpoint.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_checkpoint_writer cam_checkpoint_writer;

/* CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_checkpoint_writer_open(cam_checkpoint_writer **writer);
/* Begins cam_checkpoint_write. The struct is copied, but for `cancel`; what it points to, files and their bytes among it, must stay until
 * the writer is not busy any more. CAM_BUG where the writer is busy. */
void cam_checkpoint_writer_start(cam_checkpoint_writer *writer, const cam_checkpoint *checkpoint);
int cam_checkpoint_writer_is_busy(cam_checkpoint_writer *writer);
/* Waits for the end of the write, at most so long. Returns whether the writer is still busy. */
int cam_checkpoint_writer_wait_at_most(cam_checkpoint_writer *writer, double seconds);
/* Neither this write nor a later one waits for another part any more: it fails with CAM_E_PEER instead. For a caller that
 * knows that the rank of such a part is lost. NULL: does nothing. */
void cam_checkpoint_writer_give_up(cam_checkpoint_writer *writer);
/* Waits for the end of the write. Gives its outcome, with its message, once; a failure of an earlier write that nobody has
 * waited for comes first. CAM_OK where nothing was started. *waited_s (or NULL) is how long it took. */
CAM_MUST_CHECK cam_status cam_checkpoint_writer_wait(cam_checkpoint_writer *writer, double *waited_s);
/* Waits, and ends the thread; the outcome is lost. NULL: does nothing. */
void cam_checkpoint_writer_close(cam_checkpoint_writer *writer);

#ifdef __cplusplus
}
#endif
#endif
