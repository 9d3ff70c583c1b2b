/* graph_cache.h: captures the work of recurring shapes as graphs (such as CUDA graphs), and launches them again.
 *
 * The first time a key occurs, its work runs eagerly. The second time it is captured and launched as a graph, and from
 * then on the graph is launched. Work always runs eagerly
 *   - if the backend cannot capture,
 *   - while operators are timed (backend->op_seconds),
 *   - once the table is full.
 * In every case the same operators run in the same order, so the results have the same bits.
 *
 * Captured work may depend only on its key, on constant addresses and on the contents of device memory.
 */
#ifndef CAM_GRAPH_CACHE_H
#define CAM_GRAPH_CACHE_H

#include "cam/backend.h"

enum { CAM_GRAPH_CACHE_SIZE = 256 };

typedef struct cam_graph_key {
    int64_t tokens, rows, queries;
    int32_t longest, kind; /* kind: the caller's number for what the work does */
} cam_graph_key;

typedef struct cam_graph_cache {
    cam_backend *backend;
    int captures;
    int count;
    struct {
        cam_graph_key key;
        void *graph; /* NULL: not captured yet */
    } list[CAM_GRAPH_CACHE_SIZE];
} cam_graph_cache;

/* With captures 0, work always runs eagerly. */
void cam_graph_cache_open(cam_graph_cache *graphs, cam_backend *backend, int captures);
void cam_graph_cache_close(cam_graph_cache *graphs);

CAM_MUST_CHECK cam_status cam_graph_cache_run(cam_graph_cache *graphs, cam_graph_key key,
                                              cam_status (*work)(void *context), void *context);

#endif
