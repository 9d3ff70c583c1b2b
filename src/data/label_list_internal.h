/* label_list_internal.h: a list of labels in one cell, as pandas and annotation tools write it. */
#ifndef CAM_LABEL_LIST_INTERNAL_H
#define CAM_LABEL_LIST_INTERNAL_H

#include <stddef.h>

/* True where the label is a list of texts or numbers: ['a'], ["a", "b"], [1], ('a',), {'a'}, {"choices":["a"]}, []. Gives the
 * number of its members and the first (not NULL where there is one), which points into the label. */
int cam_label_list_read(const char *label, size_t length, size_t *count, const char **first, size_t *first_length);

#endif
