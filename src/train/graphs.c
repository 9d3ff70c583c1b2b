/* graphs.c: see graphs.h. */
#include "graphs.h"

void cam_graphs_open(cam_graphs *graphs, cam_backend *backend) {
    graphs->backend = backend;
    graphs->count = 0;
}

void cam_graphs_close(cam_graphs *graphs) {
    for (int i = 0; i < graphs->count; i++)
        if (graphs->list[i].graph)
            graphs->backend->calls->graph_release(graphs->backend, graphs->list[i].graph);
    graphs->count = 0;
}

static int find(const cam_graphs *graphs, cam_graph_key key) {
    int i = 0;
    while (i < graphs->count && !(graphs->list[i].key.tokens == key.tokens && graphs->list[i].key.rows == key.rows &&
                                  graphs->list[i].key.longest == key.longest && graphs->list[i].key.kind == key.kind))
        i++;
    return i;
}

static cam_status capture(cam_graphs *graphs, cam_status (*work)(void *context), void *context, void **graph) {
    cam_backend *backend = graphs->backend;
    cam_status st = backend->calls->capture_begin(backend);
    if (st != CAM_OK)
        return st;
    cam_status done = work(context);
    st = backend->calls->capture_end(backend, graph);
    return done != CAM_OK ? done : st;
}

cam_status cam_graphs_run(cam_graphs *graphs, cam_graph_key key, cam_status (*work)(void *context), void *context) {
    cam_status st = CAM_OK;
    cam_backend *backend = graphs->backend;
    if (!cam_backend_captures(backend) || backend->op_seconds)
        return work(context);
    int i = find(graphs, key);
    if (i == graphs->count) {
        if (graphs->count < CAM_GRAPHS_MOST) {
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
