/* place.h: names a record of a data file in a message, as the user's program shows it. */
#ifndef CAM_PLACE_H
#define CAM_PLACE_H

#include "strbuf.h"

/* Appends "row 999 (line 1017)", "row 12" where both numbers are equal, or "line 12" where sheet_row is 0 (the record
 * is in no table). Both count from 1. */
void cam_place_put(cam_strbuf *out, long sheet_row, long line);

#endif
