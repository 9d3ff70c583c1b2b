/* text_order_internal.h: texts in the order of their bytes. The texts with a common beginning are neighbours, so a word
 * is looked up byte by byte, as in a trie: each byte narrows a range of places. */
#ifndef CAM_TEXT_ORDER_INTERNAL_H
#define CAM_TEXT_ORDER_INTERNAL_H

#include "cam/status.h"
#include <stddef.h>
#include <stdint.h>

typedef struct cam_ordered_text {
    const char *text; /* owned by somebody else; no NUL inside */
    int32_t number;
} cam_ordered_text;

/* A zeroed struct is empty. */
typedef struct cam_text_order {
    cam_ordered_text *items; /* by text, equal texts by number */
    size_t count;
} cam_text_order;

/* Places with a common beginning: [low, high). */
typedef struct cam_text_range {
    size_t low, high;
} cam_text_range;

/* Makes room for `count` texts, which are then set and sorted. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_text_order_allocate(cam_text_order *order, size_t count);
void cam_text_order_sort(cam_text_order *order);
void cam_text_order_release(cam_text_order *order);

cam_text_range cam_text_order_all(const cam_text_order *order);
/* The texts that have `byte`, which is not NUL, behind the `depth` bytes that all of `in` have in common. */
cam_text_range cam_text_order_narrow(const cam_text_order *order, cam_text_range in, size_t depth, unsigned char byte);
/* The texts that are nothing but these `depth` bytes. */
cam_text_range cam_text_order_whole(const cam_text_order *order, cam_text_range in, size_t depth);
/* The texts that are equal to `text`. */
cam_text_range cam_text_order_find(const cam_text_order *order, const char *text);

#endif
