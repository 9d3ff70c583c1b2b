/* broken.h: definitions for the broken backends. Each variant replaces one operator in a backend's table and has one
 * defect. It writes to operands directly, so the good backend must use host memory.
 */
#ifndef CAM_TESTS_OPS_BROKEN_H
#define CAM_TESTS_OPS_BROKEN_H

#include "harness.h"
#include "proxy.h"

typedef struct broken_variant {
    const char *name, *op;
    void (*install)(struct cam_ops_table *table);
} broken_variant;

/* BREAK(variant, operator) { body }, and its row in a list of variants. */
#define BREAK(variant, op)                                                                                             \
    static cam_status variant(cam_backend *backend, const cam_##op##_args *args);                                      \
    static void install_##variant(struct cam_ops_table *table) {                                                       \
        table->op = variant;                                                                                           \
    }                                                                                                                  \
    static cam_status variant(cam_backend *backend, const cam_##op##_args *args)
#define VARIANT(variant, op)                                                                                           \
    { #variant, #op, install_##variant }

static inline float *element(cam_tensor t, int64_t row, int64_t column) {
    return (float *)t.data + row * t.row_stride + column;
}

/* broken_storage.c: bf16, planes, the step. */
extern const broken_variant broken_storage[];
extern const size_t broken_storage_count;

#endif
