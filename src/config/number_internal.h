/* number_internal.h: which texts are numbers. */
#ifndef CAM_NUMBER_INTERNAL_H
#define CAM_NUMBER_INTERNAL_H

#include "schema.h"
#include "strbuf.h"
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True for decimal digits with an optional sign, fraction and exponent. Hexadecimal, infinity and NaN are refused. */
bool cam_number_is_decimal(const char *text);
/* True for digits with an optional sign, and zeros after a point where another program wrote a float: "3", "3.0". */
bool cam_number_is_whole(const char *text);
bool cam_number_in_range(const cam_config_row *row, double value);
/* True for a text that stands for a number in the row's range: "0,01", "10 000", "10 %", for a whole number also "1e3".
 * `fixed` then gets the number as it must be written. */
bool cam_number_guess(const cam_config_row *row, const char *text, bool whole, cam_strbuf *fixed);

#ifdef __cplusplus
}
#endif
#endif
