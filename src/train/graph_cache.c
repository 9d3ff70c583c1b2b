/* graph_cache.c: see graph_cache.h. */
#include "graph_cache.h"
#include <stdlib.h>
#include <string.h>

void cam_graph_cache_open(cam_graph_cache *graphs, cam_backend *backend, int captures) {
    graphs->backend = backend;
    graphs->captures = captures && cam_backend_captures(backend);
    graphs->count = 0;
}

void cam_graph_cache_close(cam_graph_cache *graphs) {
    for (int i = 0; i < graphs->count; i++)
        if (graphs->list[i].graph)
            graphs->backend->calls->graph_release(graphs->backend, graphs->list[i].graph);
    graphs->count = 0;
}

static int find(const cam_graph_cache *graphs, cam_graph_key key) {
    int i = 0;
    while (i < graphs->count && !(graphs->list[i].key.tokens == key.tokens && graphs->list[i].key.rows == key.rows &&
                                  graphs->list[i].key.queries == key.queries &&
                                  graphs->list[i].key.longest == key.longest && graphs->list[i].key.kind == key.kind))
        i++;
    return i;
}

/* A capture must be ended even if its work failed. Its graph is then released, and the message of the work's failure is
 * kept. */
static cam_status capture(cam_graph_cache *graphs, cam_status (*work)(void *context), void *context, void **graph) {
    cam_status st = CAM_OK;
    cam_backend *backend = graphs->backend;
    CAM_TRY(backend->calls->capture_begin(backend));
    st = work(context);
    if (st == CAM_OK)
        return backend->calls->capture_end(backend, graph);
    char *message = strdup(cam_status_message());
    if (backend->calls->capture_end(backend, graph) == CAM_OK)
        backend->calls->graph_release(backend, *graph);
    *graph = NULL;
    st = cam_fail_again(st, message ? message : "a step could not be captured");
    free(message);
out:
    return st;
}

cam_status cam_graph_cache_run(cam_graph_cache *graphs, cam_graph_key key, cam_status (*work)(void *context),
                               void *context) {
    cam_status st = CAM_OK;
    cam_backend *backend = graphs->backend;
    if (!graphs->captures || backend->op_seconds)
        return work(context);
    int i = find(graphs, key);
    if (i == graphs->count) {
        if (graphs->count < CAM_GRAPH_CACHE_SIZE) {
            graphs->list[graphs->count].key = key;
            graphs->list[graphs->count++].graph = NULL;
        }
        return work(context);
    }
    if (!graphs->list[i].graph)
        CAM_TRY(capture(graphs, work, context, &graphs->list[i].graph));
    CAM_TRY(backend->calls->graph_launch(backend, graphs->list[i].graph));
out:
    return st;
}
