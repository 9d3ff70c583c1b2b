/* record_cells.h: the records of a file as cells, for whoever looks for its columns. Format, delimiter and what stands
 * above the header are found as for rows (records.h). */
#ifndef CAM_RECORD_CELLS_H
#define CAM_RECORD_CELLS_H

#include "cam/status.h"
#include "csv_cells.h"
#include "records.h"

/* As cam_record_reader_open, but reads no header. The counts' records_above is the number of records above it, which
 * cam_record_cells_next gives too. Of the reader, use its format, delimiter, counts and close besides these. */
CAM_MUST_CHECK cam_status cam_record_cells_open(const cam_read_options *options, cam_record_reader **reader);
/* Gives the next record that is neither blank nor damaged, or *got == 0 at the end. Of JSON the whole object is the only
 * cell. The cells are valid until the next call. CAM_E_DATA where the file cannot be split into records. */
CAM_MUST_CHECK cam_status cam_record_cells_next(cam_record_reader *reader, const cam_cells **cells, int *got);
/* What the first bytes are, in words: "a table", "a list of objects". */
const char *cam_record_cells_shape(const cam_record_reader *reader);

#endif
