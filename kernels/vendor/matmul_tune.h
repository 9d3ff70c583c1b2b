/* matmul_tune.h: who chooses the library's algorithms, and the measuring that a person asks for.
 *
 * For each product the choice is, in this order: the line of a loaded table; the library's own first answer. Nothing is
 * ever measured but by cam_matmul_tune, so that two runs on one kind of machine give the same bits. Only algorithms
 * whose sums have a fixed order are considered: the summed dimension in one piece, or in pieces whose sums are kept in
 * f32 and added by a step of their own.
 *
 * To tune a model: open a backend, ask for every product that it needs (cam_matmul_prepare, or simply run a step of
 * each size), then cam_matmul_tune. The program that trains loads what that wrote.
 */
#ifndef CAM_MATMUL_TUNE_H
#define CAM_MATMUL_TUNE_H

#include "backend_cuda.h"
#include "matmul.h"
#include "strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The choices of a table for this machine, for products not asked for before. A table without any is fine: *taken is 0.
 * CAM_E_DATA where it is no table, or names an algorithm that the library refuses (said when the product is first asked
 * for). At most one table a matmul. */
CAM_MUST_CHECK cam_status cam_matmul_load_table(cam_matmul *matmul, const char *path, size_t *taken);
/* The same from memory: what another rank or a checkpoint says. `name` is for messages. */
CAM_MUST_CHECK cam_status cam_matmul_take_table(cam_matmul *matmul, const char *text, const char *name, size_t *taken);
/* All choices in force, as the text of a table, appended. */
void cam_matmul_choices(const cam_matmul *matmul, cam_strbuf *text);

/* Chooses for a call without running it: only shapes, strides, dtypes, flags and the alignment of addresses count. */
CAM_MUST_CHECK cam_status cam_matmul_prepare(cam_matmul *matmul, const cam_matmul_call *call);

/* cam_backend_cuda_tune: times algorithms for every product asked for so far, on random numbers that no cache holds,
 * and writes the fastest ones that give the same bits twice. Takes device memory and waits. The choices in force stay.
 */
CAM_MUST_CHECK cam_status cam_matmul_tune(cam_matmul *matmul, int candidates, const char *path,
                                          const cam_cuda_listener *listener);

#ifdef __cplusplus
}
#endif
#endif
