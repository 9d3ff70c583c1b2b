/* label_use.c: see label_use.h. */
#include "label_use.h"
#include <stdlib.h>

cam_status cam_label_use_count(const cam_dataset *dataset, cam_label_use **use) {
    *use = calloc(dataset->labels.count + 1, sizeof **use);
    if (!*use)
        return cam_fail(CAM_E_MEMORY, "no memory for the labels of \"%s\"", dataset->path);
    for (size_t i = 0; i < dataset->count; i++) {
        int32_t number = dataset->rows[i].label_number;
        CAM_ASSERT(number >= 0);
        if ((*use)[number].rows++ == 0)
            (*use)[number].first = &dataset->rows[i];
    }
    return CAM_OK;
}
