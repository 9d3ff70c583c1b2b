/* text_order.c: see text_order_internal.h. */
#include "text_order_internal.h"
#include <stdlib.h>
#include <string.h>

cam_status cam_text_order_allocate(cam_text_order *order, size_t count) {
    *order = (cam_text_order){.items = malloc((count + 1) * sizeof *order->items), .count = count};
    return order->items ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for an order of %zu texts", count);
}

static int compare(const void *a, const void *b) {
    const cam_ordered_text *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

void cam_text_order_sort(cam_text_order *order) {
    qsort(order->items, order->count, sizeof *order->items, compare);
}

void cam_text_order_release(cam_text_order *order) {
    free(order->items);
    *order = (cam_text_order){0};
}

/* The first place in `in` whose byte at `depth` is at least `byte`. */
static size_t first_place(const cam_text_order *order, cam_text_range in, size_t depth, unsigned byte) {
    while (in.low < in.high) {
        size_t middle = in.low + (in.high - in.low) / 2;
        if ((unsigned char)order->items[middle].text[depth] < byte)
            in.low = middle + 1;
        else
            in.high = middle;
    }
    return in.low;
}

cam_text_range cam_text_order_all(const cam_text_order *order) {
    return (cam_text_range){0, order->count};
}

cam_text_range cam_text_order_narrow(const cam_text_order *order, cam_text_range in, size_t depth, unsigned char byte) {
    size_t low = first_place(order, in, depth, byte);
    return (cam_text_range){low, first_place(order, (cam_text_range){low, in.high}, depth, byte + 1u)};
}

cam_text_range cam_text_order_whole(const cam_text_order *order, cam_text_range in, size_t depth) {
    if (in.low == in.high || order->items[in.low].text[depth] != '\0')
        return (cam_text_range){in.low, in.low};
    return (cam_text_range){in.low, first_place(order, in, depth, 1)};
}

cam_text_range cam_text_order_find(const cam_text_order *order, const char *text) {
    cam_text_range in = cam_text_order_all(order);
    size_t depth = 0;
    for (; text[depth] != '\0' && in.low < in.high; depth++)
        in = cam_text_order_narrow(order, in, depth, (unsigned char)text[depth]);
    return in.low < in.high ? cam_text_order_whole(order, in, depth) : in;
}
