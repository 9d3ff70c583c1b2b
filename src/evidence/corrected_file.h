/* corrected_file.h: a data file written again with other labels, beside the original, which is only read.
 *
 * Tables (CSV, TSV) keep their columns, delimiter, quotes, line ends and encoding; titles above the header and repeated headers
 * are left out. In JSON Lines the value of the label alone is replaced. What was written is read back and compared with the
 * original, row by row, before it gets its name. */
#ifndef CAM_CORRECTED_FILE_H
#define CAM_CORRECTED_FILE_H

#include "decisions.h"

/* Writes NAME-clean.EXT beside train_file, or NAME-clean-2.EXT and so on where that is there; *path is to be freed. CAM_E_DATA: the
 * file is a JSON list, a label cannot be written in its encoding, label_map would rename a new label. CAM_E_STORAGE. */
CAM_MUST_CHECK cam_status cam_corrected_file_write(const cam_config *config, const cam_corpus *corpus,
                                                   const cam_decisions *decisions, char **path);

#endif
