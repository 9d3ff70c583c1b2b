/* event_file.h: the curves of a run as an event file, which TensorBoard reads.
 *
 * The file is a sequence of records: length (u64), masked CRC32C of the length, bytes, masked CRC32C of the bytes, all
 * little-endian (tensorflow/core/lib/io/record_writer.h). The bytes of a record are an Event (tensorflow/core/util/
 * event.proto): the first holds file_version "brain.Event:2", each other one wall_time, step and a Summary of scalars.
 * The tags are those that the Trainer of transformers writes: train/loss, train/learning_rate, train/grad_norm,
 * train/epoch, eval/loss, eval/accuracy and so on; train/tokens_per_second besides. */
#ifndef CAM_EVENT_FILE_H
#define CAM_EVENT_FILE_H

#include "cam/status.h"

#define CAM_EVENT_FILE "events.out.tfevents.cam-train"

/* Writes folder/CAM_EVENT_FILE from folder/log.jsonl. The time of an event is that of the log's last change, less what
 * the later steps took. CAM_E_DATA where there is no log or it cannot be read, CAM_E_STORAGE, CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_event_file_write(const char *folder);

#endif
