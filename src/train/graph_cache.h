/* graphs.h: work of a few recurring shapes, recorded once and launched again.
 *
 * The first time a shape occurs its work runs as it is written; the second time it is captured, and from then on it is
 * one launch. Where the backend captures nothing or operators are timed, or the table is full, work always runs as
 * written. Either way it is
 * the same operators in the same order: the same bits.
 *
 * What is captured must depend on nothing but its key, constant addresses, and what lies on the device.
 */
#ifndef CAM_GRAPH_CACHE_H
#define CAM_GRAPH_CACHE_H

#include "cam/backend.h"

enum { CAM_GRAPH_CACHE_SIZE = 256 };

typedef struct cam_graph_key {
    int64_t tokens, rows;
    int32_t longest, kind; /* kind: which work, the caller's number */
} cam_graph_key;

typedef struct cam_graph_cache {
    cam_backend *backend;
    int captures;
    int count;
    struct {
        cam_graph_key key;
        void *graph; /* NULL: seen once */
    } list[CAM_GRAPH_CACHE_SIZE];
} cam_graph_cache;

/* Without `captures` work always runs as written. */
void cam_graph_cache_open(cam_graph_cache *graphs, cam_backend *backend, int captures);
void cam_graph_cache_close(cam_graph_cache *graphs);

CAM_MUST_CHECK cam_status cam_graph_cache_run(cam_graph_cache *graphs, cam_graph_key key,
                                              cam_status (*work)(void *context), void *context);

#endif
