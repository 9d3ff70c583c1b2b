/* runtime_streams.cc: streams, events and graphs as cuda_runtime_api.h describes them.
 *
 * Invariants: if the device is not lazy, a stream's queue is empty after every call. The streams of a capture are its
 * branches; every piece of captured work has, for each branch, the number of pieces that must run before it, from
 * events and from the order within its branch.
 */
#include "runtime_state.h"
#include <memory>
#include <thread>

namespace simt {

/* For every branch of a capture, the number of its pieces before a point in the capture. */
typedef std::vector<size_t> frontier;

struct piece {
    size_t branch;
    frontier before;
    work done_by;
};

} // namespace simt

using namespace simt;

struct CUgraph_st {
    std::vector<piece> pieces; /* in the order of the calls */
};
struct CUgraphExec_st {
    std::vector<piece> pieces;
};

struct simt::capture {
    uint64_t number;
    CUgraph_st *graph;
    std::vector<CUstream_st *> branches; /* the first: the stream of cudaStreamBeginCapture */
    std::vector<frontier> ends;          /* the end of each branch */
    bool invalidated;
    enum cudaStreamCaptureMode mode;
    std::thread::id by; /* the thread that began it */
};

/* The position of its last cudaEventRecord: in a capture, or after the work then pending in a stream. */
struct CUevent_st {
    uint64_t capture = 0;
    frontier place;
    CUstream_st *stream = nullptr; /* NULL: never recorded, or in a capture */
    std::shared_ptr<bool> passed;
};

namespace {

size_t reached(const frontier &f, size_t branch) {
    return branch < f.size() ? f[branch] : 0;
}

void advance(frontier *f, const frontier &to) {
    if (f->size() < to.size())
        f->resize(to.size());
    for (size_t i = 0; i < to.size(); i++)
        if ((*f)[i] < to[i])
            (*f)[i] = to[i];
}

CUstream_st *stream_of(cudaStream_t stream) {
    return stream ? stream : &gpu().null_stream;
}

/* Whether the device has a sticky error; an injected fault may take effect here. */
bool is_broken(void) {
    failure &f = gpu().fail_work;
    if (f.n > 0 && --f.n == 0)
        gpu().last = f.error;
    return is_sticky(gpu().last);
}

/* Runs the oldest pending work of a stream; false if there is none. */
bool do_next(CUstream_st *stream) {
    if (stream->queue.empty())
        return false;
    if (is_broken()) {
        stream->queue.clear();
        return false;
    }
    work next = std::move(stream->queue.front());
    stream->queue.pop_front();
    next();
    return true;
}

cudaError_t invalidate(capture *c, cudaError_t e) {
    c->invalidated = true;
    return return_error(e);
}

cudaError_t record(capture *c, size_t branch, work w) {
    if (c->invalidated)
        return return_error(cudaErrorStreamCaptureInvalidated);
    frontier &end = c->ends[branch];
    c->graph->pieces.push_back(piece{branch, end, std::move(w)});
    end.resize(c->branches.size());
    end[branch]++;
    return cudaSuccess;
}

bool forbids(const capture *c) {
    if (!c || c->mode == cudaStreamCaptureModeRelaxed)
        return false;
    return c->mode == cudaStreamCaptureModeGlobal || c->by == std::this_thread::get_id();
}

/* Ends a capture: its streams do not capture any more. */
void leave(capture *c) {
    for (CUstream_st *stream : c->branches)
        stream->capture = nullptr;
    delete c;
}

/* Whether all work of every branch is before the end of the first branch. */
bool is_joined(const capture *c) {
    for (size_t b = 0; b < c->branches.size(); b++)
        if (reached(c->ends[0], b) < reached(c->ends[b], b))
            return false;
    return true;
}

capture *capture_numbered(uint64_t number) {
    for (CUstream_st *stream : gpu().streams)
        if (stream->capture && stream->capture->number == number)
            return stream->capture;
    return nullptr;
}

/* A wait for an event of a capture: the stream becomes a branch of this capture. */
cudaError_t wait_captured(CUstream_st *stream, const CUevent_st *event) {
    capture *c = capture_numbered(event->capture);
    if (!c)
        return return_error(cudaErrorCapturedEvent);
    if (stream->capture && stream->capture != c) {
        c->invalidated = true;
        return invalidate(stream->capture, cudaErrorStreamCaptureMerge);
    }
    if (!stream->capture) {
        stream->capture = c;
        stream->branch = c->branches.size();
        c->branches.push_back(stream);
        c->ends.push_back(frontier());
    }
    advance(&c->ends[stream->branch], event->place);
    return cudaSuccess;
}

simt_graph_order order_of_branches(void) {
    return gpu().has_order ? gpu().order : gpu().lazy ? SIMT_LATE : SIMT_IN_ORDER;
}

/* A graph's pieces in an order that a GPU may choose: see simt_graph_order. */
struct sequence {
    const std::vector<piece> &pieces;
    std::vector<std::vector<size_t>> of; /* the pieces of each branch */
    frontier done;                       /* the number of each branch's pieces in `order` */
    std::vector<size_t> order;

    explicit sequence(const std::vector<piece> &all) : pieces(all) {
        for (size_t i = 0; i < all.size(); i++) {
            if (of.size() <= all[i].branch)
                of.resize(all[i].branch + 1);
            of[all[i].branch].push_back(i);
        }
        done.resize(of.size());
        while (order.size() < all.size())
            take(choose());
    }

    bool is_left(size_t branch) const { return done[branch] < of[branch].size(); }
    const piece &next(size_t branch) const { return pieces[of[branch][done[branch]]]; }
    bool is_ready(size_t branch) const {
        for (size_t b = 0; b < of.size(); b++)
            if (done[b] < reached(next(branch).before, b))
                return false;
        return true;
    }

    /* The branch of the next piece, among those that have one that is ready. */
    size_t choose(void) const {
        std::vector<size_t> ready;
        size_t first = SIZE_MAX;
        for (size_t b = 0; b < of.size(); b++)
            if (is_left(b) && is_ready(b)) {
                ready.push_back(b);
                if (first == SIZE_MAX || of[b][done[b]] < of[first][done[first]])
                    first = b;
            }
        switch (order_of_branches()) {
        case SIMT_IN_ORDER:
            return first;
        case SIMT_LATE:
            return needed_for(0);
        case SIMT_EARLY:
            return ready.back();
        case SIMT_SHUFFLED:
            break;
        }
        gpu().random = gpu().random * 6364136223846793005u + 1442695040888963407u;
        return ready[(size_t)(gpu().random >> 33) % ready.size()];
    }

    /* The first branch that is left; or, while its next piece is not ready, a branch that it waits for. */
    size_t needed_for(size_t branch) const {
        while (!is_left(branch))
            branch++;
        while (!is_ready(branch))
            for (size_t b = 0; b < of.size(); b++)
                if (done[b] < reached(next(branch).before, b)) {
                    branch = b;
                    break;
                }
        return branch;
    }

    void take(size_t branch) { order.push_back(of[branch][done[branch]++]); }
};

} // namespace

/* --- declared in runtime_state.h ---------------------------------------------------------------------------------- */

void simt::drain(CUstream_st *stream) {
    while (do_next(stream))
        continue;
}

void simt::drain_all(void) {
    for (size_t i = gpu().streams.size(); i > 0; i--)
        drain(gpu().streams[i - 1]);
}

cudaError_t simt::enqueue(cudaStream_t of, work w) {
    CUstream_st *stream = stream_of(of);
    if (stream->capture)
        return record(stream->capture, stream->branch, std::move(w));
    stream->queue.push_back(std::move(w));
    if (!gpu().lazy)
        drain(stream);
    return cudaSuccess;
}

cudaError_t simt::forbidden_in_capture(void) {
    bool forbidden = false;
    for (CUstream_st *stream : gpu().streams)
        if (forbids(stream->capture))
            forbidden = stream->capture->invalidated = true;
    return forbidden ? return_error(cudaErrorStreamCaptureUnsupported) : cudaSuccess;
}

cudaError_t simt_enqueue_host(cudaStream_t stream, std::function<void()> w) {
    return enqueue(stream, std::move(w));
}

extern "C" {

/* --- streams ------------------------------------------------------------------------------------------------------ */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
    FAULT(cudaStreamCreateWithFlags);
    *stream = new CUstream_st();
    gpu().streams.push_back(*stream);
    return cudaSuccess;
}
cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest) {
    FAULT(cudaDeviceGetStreamPriorityRange);
    *least = 0;
    *greatest = -5;
    return cudaSuccess;
}
cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned, int) {
    FAULT(cudaStreamCreateWithPriority);
    *stream = new CUstream_st();
    gpu().streams.push_back(*stream);
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    std::vector<CUstream_st *> &all = gpu().streams;
    drain(stream);
    for (size_t i = 0; i < all.size(); i++)
        if (all[i] == stream) {
            if (stream->capture) {
                delete stream->capture->graph;
                leave(stream->capture);
            }
            all.erase(all.begin() + (std::ptrdiff_t)i);
            delete stream;
            return cudaSuccess;
        }
    return return_error(cudaErrorInvalidResourceHandle);
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    FAULT(cudaStreamSynchronize);
    CUstream_st *of = stream_of(stream);
    if (of->capture)
        return invalidate(of->capture, cudaErrorStreamCaptureUnsupported);
    if (order_of_branches() == SIMT_EARLY)
        drain_all();
    drain(of);
    return is_sticky(gpu().last) ? gpu().last : cudaSuccess;
}
/* A query does not wait, but it runs the stream's work; otherwise a lazy device would never be done. */
cudaError_t cudaStreamQuery(cudaStream_t stream) {
    FAULT(cudaStreamQuery);
    CUstream_st *of = stream_of(stream);
    if (of->queue.empty())
        return cudaSuccess;
    if (order_of_branches() == SIMT_EARLY)
        drain_all();
    drain(of);
    return cudaErrorNotReady;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned) {
    FAULT(cudaEventCreateWithFlags);
    *event = new CUevent_st();
    return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    FAULT(cudaEventRecord);
    CUstream_st *of = stream_of(stream);
    *event = CUevent_st();
    if (of->capture) {
        if (of->capture->invalidated)
            return return_error(cudaErrorStreamCaptureInvalidated);
        event->capture = of->capture->number;
        event->place = of->capture->ends[of->branch];
        return cudaSuccess;
    }
    std::shared_ptr<bool> passed = std::make_shared<bool>(false);
    event->stream = of;
    event->passed = passed;
    return enqueue(stream, [passed] { *passed = true; });
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    FAULT(cudaStreamWaitEvent);
    CUstream_st *waiting = stream_of(stream);
    if (gpu().skip_wait > 0 && --gpu().skip_wait == 0)
        return cudaSuccess;
    if (event->capture)
        return wait_captured(waiting, event);
    if (!event->stream)
        return cudaSuccess;
    if (waiting->capture)
        return invalidate(waiting->capture, cudaErrorStreamCaptureIsolation);
    CUstream_st *awaited = event->stream;
    std::shared_ptr<bool> passed = event->passed;
    return enqueue(stream, [awaited, passed] {
        while (!*passed && do_next(awaited))
            continue;
    });
}

/* --- graphs ------------------------------------------------------------------------------------------------------- */

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status) {
    const capture *c = stream_of(stream)->capture;
    *status = !c               ? cudaStreamCaptureStatusNone
              : c->invalidated ? cudaStreamCaptureStatusInvalidated
                               : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) {
    FAULT(cudaStreamBeginCapture);
    if (!stream)
        return return_error(cudaErrorStreamCaptureUnsupported);
    if (stream->capture)
        return return_error(cudaErrorIllegalState);
    stream->capture = new capture{++gpu().captures,          new CUgraph_st(), {stream}, {frontier()}, false, mode,
                                  std::this_thread::get_id()};
    stream->branch = 0;
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
    *graph = nullptr;
    if (!stream || !stream->capture)
        return return_error(cudaErrorIllegalState);
    capture *c = stream->capture;
    if (c->branches[0] != stream)
        return invalidate(c, cudaErrorStreamCaptureUnmatched);
    cudaError_t e = fault_of("cudaStreamEndCapture");
    if (c->invalidated)
        e = return_error(cudaErrorStreamCaptureInvalidated);
    else if (e == cudaSuccess && !is_joined(c))
        e = return_error(cudaErrorStreamCaptureUnjoined);
    if (e == cudaSuccess)
        *graph = c->graph;
    else
        delete c->graph;
    leave(c);
    return e;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long) {
    FAULT(cudaGraphInstantiate);
    if (!graph)
        return return_error(cudaErrorInvalidValue);
    *exec = new CUgraphExec_st{graph->pieces};
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
    FAULT(cudaGraphLaunch);
    for (size_t i : sequence(exec->pieces).order) {
        cudaError_t e = enqueue(stream, exec->pieces[i].done_by);
        if (e != cudaSuccess)
            return e;
    }
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
    delete exec;
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}

} /* extern "C" */
