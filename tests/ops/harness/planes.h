/* planes.h: chunk tables and parameter planes for the cases of norm and adamw. Values are f32 numbers, chunk by chunk
 * in the table's order; a plane stores them at the table's positions and in its forms. Written from the description of
 * cam_chunk, independently of the product's code.
 */
#ifndef CAM_TESTS_OPS_PLANES_H
#define CAM_TESTS_OPS_PLANES_H

#include "harness.h"

enum { MAX_CHUNKS = 128 };

typedef enum plane_order {
    PLANES_IN_ORDER,
    PLANES_SHUFFLED, /* the order of positions is not the table's, and differs between planes */
} plane_order;

/* Which chunks are split, and which gradients are bf16. All but PLANES_F32 are mixed planes. */
typedef enum plane_forms {
    PLANES_F32,
    PLANES_MIXED,     /* all four forms of chunks */
    PLANES_ALL_SPLIT, /* weights split, gradients bf16 */
    PLANES_NONE_SPLIT /* mixed planes in which every chunk is f32 */
} plane_forms;

typedef struct planes {
    cam_chunk chunks[MAX_CHUNKS];
    int64_t count;
    int mixed;
    uint32_t weight_units, low_units, gradient_units;
} planes;

/* Rate scales and decays are 1 and 0; the caller sets them. */
planes planes_make(trial *t, int64_t count, plane_forms forms, plane_order order);

/* Operand "chunks": the table, an array. */
operand *planes_table(trial *t, const planes *p);
/* Raw operands "grad" (an input), "weight" and "low" (both changed; "low" is NULL if no chunk is split). `values` are
 * rounded to what the plane can hold. */
operand *planes_gradient(trial *t, const planes *p, float *values);
operand *planes_weight(trial *t, const planes *p, const float *values);
operand *planes_low(trial *t, const planes *p, const float *values);
/* Element i of the weight after a call. */
float planes_weight_after(const trial *t, const planes *p, int64_t i);

#endif
