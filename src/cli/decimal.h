/* decimal.h: whether the numbers of a table have a decimal comma or a decimal point. */
#ifndef CAM_DECIMAL_H
#define CAM_DECIMAL_H

#include "records.h"
#include <stdint.h>

/* Cells that are numbers with digits on both sides of one mark, such as 187,50 or 3.5. */
typedef struct cam_decimal_evidence {
    int64_t commas, points;
} cam_decimal_evidence;

void cam_decimal_add(cam_decimal_evidence *evidence, const cam_record *record);
/* ',' or '.'. Where a comma delimits, it is a point. Otherwise the numbers decide. Where they do not, it is a comma for a
 * table with semicolons: Excel writes semicolons where the comma is the decimal mark, and R's read.csv2 reads both. */
char cam_decimal_choose(const cam_decimal_evidence *evidence, char delimiter);

#endif
