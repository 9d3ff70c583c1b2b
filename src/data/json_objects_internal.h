/* json_objects_internal.h: finds the objects of a JSON file that is not one object a line. */
#ifndef CAM_JSON_OBJECTS_INTERNAL_H
#define CAM_JSON_OBJECTS_INTERNAL_H

#include "csv_cells.h"

typedef enum cam_json_shape {
    CAM_JSON_NONE,   /* no JSON */
    CAM_JSON_LINES,  /* one object a line */
    CAM_JSON_STREAM, /* objects over several lines each */
    CAM_JSON_LIST,   /* a list of objects */
    CAM_JSON_WRAPPED, /* an object whose member "data" or "records" is a list of objects; the other members are ignored */
    CAM_JSON_OTHER    /* a list of other values */
} cam_json_shape;

/* The shape by the first text of a file; `at_end`: by all of it. *begin is where the objects begin: after the bracket of
 * their list. */
cam_json_shape cam_json_shape_of(const char *text, size_t length, int at_end, size_t *begin);

/* Finds the next object of a STREAM, LIST or WRAPPED file as the only cell of a record. CAM_CELLS_OPEN: an object
 * (cells->stray is 1), or the list, does not end. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_json_objects_next(cam_cells *cells, char *text, size_t length, int at_end,
                                                cam_json_shape shape, cam_cells_result *result);

#endif
