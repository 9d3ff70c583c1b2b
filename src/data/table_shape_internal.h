/* table_shape_internal.h: tables in a form that is not read, each known by its first lines. */
#ifndef CAM_TABLE_SHAPE_INTERNAL_H
#define CAM_TABLE_SHAPE_INTERNAL_H

#include "cam/status.h"
#include "read_options.h"
#include <stddef.h>

/* Refuses fastText's lines ("__label__spam the text") and lines that stand in quotes as a whole, with the command that
 * makes a table of them (CAM_E_DATA). `text` is the beginning of the file, in UTF-8. */
CAM_MUST_CHECK cam_status cam_table_shape_check(const cam_read_options *options, const char *text, size_t length);

/* Refuses a table whose rows have one cell more than the header: a row's name, as R writes it (CAM_E_DATA). */
CAM_MUST_CHECK cam_status cam_table_shape_refuse_row_names(const cam_read_options *options);

#endif
