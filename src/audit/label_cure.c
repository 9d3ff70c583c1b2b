/* label_cure.c: see label_cure.h. */
#include "label_cure.h"
#include <stdlib.h>
#include <string.h>

cam_status cam_label_cure_add(cam_label_cure *cure, const char *from, const char *to) {
    cam_status st = CAM_OK;
    int32_t number;
    int added;
    if (cure->from.count == cure->capacity) {
        size_t capacity = cure->capacity ? 2 * cure->capacity : 8;
        char **grown = realloc(cure->to, capacity * sizeof *grown);
        if (!grown)
            CAM_FAIL(CAM_E_MEMORY, "no memory for %zu labels", capacity);
        cure->to = grown;
        cure->capacity = capacity;
    }
    CAM_TRY(cam_name_set_add(&cure->from, from, strlen(from), &number, &added));
    if (!added)
        goto out;
    cure->to[number] = NULL;
    if (to && !(cure->to[number] = strdup(to)))
        CAM_FAIL(CAM_E_MEMORY, "no memory for a label");
out:
    return st;
}

cam_pair cam_label_cure_pair(const cam_label_cure *cure, size_t number) {
    return (cam_pair){cure->from.names[number], cure->to[number]};
}

void cam_label_cure_release(cam_label_cure *cure) {
    for (size_t i = 0; i < cure->from.count; i++)
        free(cure->to[i]);
    free(cure->to);
    cam_name_set_release(&cure->from);
    *cure = (cam_label_cure){0};
}
