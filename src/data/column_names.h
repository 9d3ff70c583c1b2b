/* column_names.h: what the name of a column says about its cells. */
#ifndef CAM_COLUMN_NAMES_H
#define CAM_COLUMN_NAMES_H

#include <stddef.h>

/* Points for a column, from the words of its name; several words add up. */
typedef struct cam_name_points {
    double label, text; /* below 0 where the name is evidence against it */
    int known;          /* it has a word that names columns: the first record is then probably a header */
} cam_name_points;

/* `name` is UTF-8 of any case, with or without accents: "Catégorie", "customer_message", "Date de création". A long or
 * unknown name has no points. */
cam_name_points cam_column_name_points(const char *name, size_t length);

#endif
