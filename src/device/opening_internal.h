/* opening_internal.h: a GPU that is opened by a thread of its own, while the main thread reads and checks the data. */
#ifndef CAM_OPENING_INTERNAL_H
#define CAM_OPENING_INTERNAL_H

#include "cam/backend.h"
#include "device_options.h"

/* Opens by `open` in a thread; `options` may go after the call. Nothing begins where no thread starts, or where
 * something was begun that was not taken. */
void cam_opening_begin(const cam_device_options *options,
                       cam_status (*open)(const cam_device_options *options, cam_backend **backend));
/* Waits for what was begun and hands over its outcome, with the message of a failure, if it was begun with the same
 * options. 0 where nothing was. */
int cam_opening_take(const cam_device_options *options, cam_backend **backend, cam_status *st);
/* Closes what was begun and not taken. 0 where it is not open after `wait_s` seconds. */
int cam_opening_end(double wait_s);

#endif
