/* machine.cc: the simulated GPU: grids, blocks and threads as fibres, the scheduler, and barriers.
 *
 * A fibre switches directly to the next one; control returns to the launching thread's stack when the grid is done. A
 * fibre whose thread ends runs the next thread that has not begun, so that a kernel without barriers switches once a
 * launch. A warp runs until it waits; sometimes, after a warp operation, the scheduler switches to another warp.
 */
#include "machine.h"
#include <boost/context/detail/fcontext.hpp>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <time.h>

#ifdef SIMT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

simt_dim3 threadIdx, blockIdx, blockDim, gridDim;
unsigned char *simt_shared_memory;
simt_block simt_now;
const simt_watch *simt_watcher;
void (*simt_interpreter)(const simt_launch &launch);
char *simt_stacks_begin, *simt_stacks_end;

namespace {

enum { STACK_BYTES = 256 << 10, PAGE = 4096, GUARD_BYTES = 128, SWAP_WARPS_ONCE_IN = 8 };

struct fibre {
    fcontext_t context;
    unsigned thread; /* the thread that it runs or will run */
    const void *stack_bottom;
    size_t stack_bytes;
    void *fake_stack; /* of the address sanitizer */
};

struct scheduler {
    fibre main, *running;
    fibre fibres[SIMT_MAX_THREADS]; /* the first fibre_count have a stack */
    unsigned fibre_count;
    std::vector<fibre *> idle;
    fibre *owner[SIMT_MAX_THREADS];
    unsigned active[SIMT_MAX_WARPS], active_count, at; /* warps that may hold runnable lanes; active[at] runs */
    unsigned waiting, left;                            /* threads at the barrier; threads that ended */
    const char *file;                                  /* place of the first thread that waits */
    int line;
    std::vector<unsigned> order; /* the order of the blocks */
    size_t block;                /* index in `order` of the running block */
    size_t shared_capacity;
    uint64_t random, seed, switches;
} s;

uint64_t draw(void) {
    s.random ^= s.random >> 12;
    s.random ^= s.random << 25;
    s.random ^= s.random >> 27;
    return s.random * 0x2545f4914f6cdd1dull;
}
unsigned draw_below(unsigned n) {
    return (unsigned)((draw() >> 32) * n >> 32);
}

void first_time(void) {
    const char *text = getenv("CAM_SIMT_SEED");
    simt_seed(text && *text ? strtoull(text, nullptr, 0) : 1);
    simt_report_crashes();
}

/* --- fibres ------------------------------------------------------------------------------------------------------- */

void arrived(transfer_t from) {
    fibre *before = static_cast<fibre *>(from.data);
    before->context = from.fctx;
#ifdef SIMT_ASAN
    const void *bottom;
    size_t bytes;
    __sanitizer_finish_switch_fiber(s.running->fake_stack, &bottom, &bytes);
    before->stack_bottom = bottom;
    before->stack_bytes = bytes;
#endif
}

void switch_to(fibre *next) {
    fibre *self = s.running;
    s.running = next;
    s.switches++;
#ifdef SIMT_ASAN
    __sanitizer_start_switch_fiber(&self->fake_stack, next->stack_bottom, next->stack_bytes);
#endif
    arrived(jump_fcontext(next->context, self));
}

void fibre_main(transfer_t from);

/* Each stack begins at another offset in its page; with equal offsets all stacks would use the same few cache sets. */
fibre *fibre_new(void) {
    if (s.fibre_count == 0) {
        size_t all = (size_t)STACK_BYTES * SIMT_MAX_THREADS;
        void *memory = mmap(nullptr, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
            simt_die(nullptr, 0, "no memory for the fibres' stacks");
        simt_stacks_begin = static_cast<char *>(memory);
        simt_stacks_end = simt_stacks_begin + all;
    }
    char *bottom = simt_stacks_begin + (size_t)STACK_BYTES * s.fibre_count;
    if (s.fibre_count == SIMT_MAX_THREADS || mprotect(bottom, PAGE, PROT_NONE) != 0)
        simt_die(nullptr, 0, "no memory for a fibre's stack");
    fibre *f = &s.fibres[s.fibre_count];
    f->stack_bottom = bottom + PAGE;
    f->stack_bytes = STACK_BYTES - PAGE - s.fibre_count++ % 16 * 256;
    f->context = make_fcontext(bottom + PAGE + f->stack_bytes, f->stack_bytes, fibre_main);
    return f;
}

fibre *fibre_for(unsigned thread) {
    fibre *f;
    if (s.idle.empty())
        f = fibre_new();
    else {
        f = s.idle.back();
        s.idle.pop_back();
    }
    f->thread = thread;
    return f;
}

/* --- scheduler ---------------------------------------------------------------------------------------------------- */

/* A random set bit of mask. */
unsigned draw_lane(uint32_t mask) {
    unsigned turn = (unsigned)(draw() >> 59);
    uint32_t turned = mask >> turn | mask << (-turn & 31);
    return ((unsigned)__builtin_ctz(turned) + turn) & 31;
}

enum { NO_THREAD = -1 };

/* Chooses the next thread and removes it from its mask; *fresh: it has not begun. NO_THREAD: all wait or have ended. */
int pick(bool *fresh) {
    while (s.active_count > 0) {
        simt_warp &w = simt_now.warps[s.active[s.at]];
        uint32_t runnable = w.fresh | w.ready;
        if (runnable) {
            unsigned lane = draw_lane(runnable);
            *fresh = w.fresh >> lane & 1;
            w.fresh &= ~(1u << lane);
            w.ready &= ~(1u << lane);
            return (int)(s.active[s.at] * SIMT_WARP + lane);
        }
        s.active[s.at] = s.active[--s.active_count];
        s.at = s.active_count ? draw_below(s.active_count) : 0;
    }
    return NO_THREAD;
}

void all_warps_active(void) {
    unsigned warps = (simt_now.launch->threads + SIMT_WARP - 1) / SIMT_WARP;
    s.active_count = 0;
    for (unsigned w = 0; w < warps; w++)
        if (simt_now.warps[w].left != simt_now.warps[w].lanes)
            s.active[s.active_count++] = w;
    s.at = s.active_count ? draw_below(s.active_count) : 0;
}

const char *op_name(simt_op op) {
    static const char *const names[] = {"cam_sync_warp",    "cam_shuffle",  "cam_shuffle_xor",
                                        "cam_shuffle_down", "cam_ldmatrix", "cam_ldmatrix_transposed",
                                        "cam_mma_bf16"};
    return names[op];
}

/* No thread can run, and not all have ended. */
[[noreturn]] void stuck(void) {
    for (unsigned i = 0; i < SIMT_MAX_WARPS; i++) {
        const simt_warp &w = simt_now.warps[i];
        if (w.at_op && w.lanes != 0xffffffffu)
            simt_die(w.file, w.line, "%s in warp %u, which has only %d lanes", op_name(w.op), i,
                     __builtin_popcount(w.lanes));
        if (w.at_op)
            simt_die(w.file, w.line,
                     "%s reached by lanes %#x of warp %u only: %d lanes have ended, %d wait at a block barrier",
                     op_name(w.op), w.at_op, i, __builtin_popcount(w.left), __builtin_popcount(w.at_block));
    }
    simt_die(s.file, s.line, "block barrier reached by %u of %u threads: the other %u have ended", s.waiting,
             simt_now.launch->threads, s.left);
}

/* The calling thread is in one of its warp's masks; returns when the scheduler has chosen it. */
void wait_until_picked(void) {
    unsigned self = simt_now.thread;
    bool fresh;
    int next = pick(&fresh);
    if (next == NO_THREAD)
        stuck();
    if (next == (int)self)
        return;
    fibre *to = fresh ? fibre_for((unsigned)next) : s.owner[next];
    simt_now.thread = (unsigned)next;
    threadIdx.x = (unsigned)next;
    switch_to(to);
}

/* --- blocks ------------------------------------------------------------------------------------------------------- */

void check_guard(void) {
    size_t bytes = simt_now.launch->shared_bytes;
    for (size_t i = 0; i < GUARD_BYTES && bytes + i < s.shared_capacity; i++)
        if (simt_shared_memory[bytes + i] != 0xa5)
            simt_die(nullptr, 0, "wrote past its %zu bytes of shared memory, at byte %zu", bytes, bytes + i);
}

/* Begins the next block, if there is one. */
bool block_begin(void) {
    const simt_launch &launch = *simt_now.launch;
    if (s.block == s.order.size())
        return false;
    blockIdx.x = s.order[s.block++];
    simt_poison(simt_shared_memory, launch.shared_bytes);
    for (unsigned w = 0; w * SIMT_WARP < launch.threads; w++) {
        unsigned lanes = launch.threads - w * SIMT_WARP;
        simt_warp &warp = simt_now.warps[w];
        warp.lanes = warp.fresh = lanes >= SIMT_WARP ? 0xffffffffu : (1u << lanes) - 1;
        warp.ready = warp.at_block = warp.at_op = warp.left = 0;
    }
    s.waiting = s.left = 0;
    all_warps_active();
    if (simt_watcher)
        simt_watcher->block_begins();
    return true;
}

void thread_left(void) {
    simt_now.copies[simt_now.thread].pending.clear();
    simt_now.copies[simt_now.thread].groups = 0;
    simt_my_warp().left |= 1u << simt_now.thread % SIMT_WARP;
    s.left++;
}

/* An endless loop that runs threads; between launches it is idle. */
void fibre_main(transfer_t from) {
    arrived(from);
    fibre *self = s.running;
    for (;;) {
        simt_now.thread = self->thread;
        threadIdx.x = self->thread;
        s.owner[self->thread] = self;
        simt_now.launch->thread();
        thread_left();
        bool fresh = false;
        int next = pick(&fresh);
        while (next == NO_THREAD) {
            if (s.left != simt_now.launch->threads)
                stuck();
            check_guard();
            if (!block_begin())
                break;
            next = pick(&fresh);
        }
        if (next != NO_THREAD && fresh) {
            self->thread = (unsigned)next;
            continue;
        }
        s.idle.push_back(self);
        if (next == NO_THREAD) {
            switch_to(&s.main);
        } else {
            simt_now.thread = (unsigned)next;
            threadIdx.x = (unsigned)next;
            switch_to(s.owner[next]);
        }
    }
}

void order_blocks(unsigned grid) {
    s.order.resize(grid);
    for (unsigned i = 0; i < grid; i++) {
        unsigned k = draw_below(i + 1);
        s.order[i] = s.order[k];
        s.order[k] = i;
    }
    s.block = 0;
}

/* With the address sanitizer the buffer has exactly the launch's size; otherwise a guard follows. */
void shared_begin(size_t bytes) {
    void *memory = nullptr;
#ifdef SIMT_ASAN
    s.shared_capacity = bytes;
#else
    s.shared_capacity = bytes + GUARD_BYTES;
#endif
    if (posix_memalign(&memory, 128, s.shared_capacity ? s.shared_capacity : 1) != 0)
        simt_die(nullptr, 0, "no memory for %zu bytes of shared memory", bytes);
    simt_shared_memory = static_cast<unsigned char *>(memory);
    memset(simt_shared_memory + bytes, 0xa5, s.shared_capacity - bytes);
#ifdef SIMT_ASAN
    if (bytes == 0)
        __asan_poison_memory_region(memory, 1);
#endif
}

} // namespace

void simt_poison(void *memory, size_t bytes) {
    unsigned char *to = static_cast<unsigned char *>(memory);
    const uint32_t word = SIMT_POISON;
    size_t i = 0;
    for (; i + 4 <= bytes; i += 4)
        memcpy(to + i, &word, 4);
    memcpy(to + i, &word, bytes - i);
}

void simt_seed(uint64_t seed) {
    s.seed = seed;
    s.random = (seed + 1) * 0x9e3779b97f4a7c15ull | 1;
    for (int i = 0; i < 8; i++)
        (void)draw();
}

uint64_t simt_seed_of(void) {
    return s.seed;
}

uint64_t simt_switches(void) {
    return s.switches;
}

uint64_t simt_clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void simt_run(const simt_launch &launch) {
    if (simt_interpreter) {
        simt_interpreter(launch);
        return;
    }
    if (s.random == 0)
        first_time();
    simt_now.launch = &launch;
    unsigned bound = simt_kernel_bound(launch.kernel);
    if (bound && launch.threads > bound)
        simt_die(nullptr, 0, "%u threads a block, more than its bound of %u", launch.threads, bound);
    gridDim = simt_dim3{launch.grid, 1, 1};
    blockDim = simt_dim3{launch.threads, 1, 1};
    shared_begin(launch.shared_bytes);
    order_blocks(launch.grid);
    if (simt_watcher)
        simt_watcher->launch_begins();
    bool fresh;
    if (block_begin()) {
        s.running = &s.main;
        switch_to(fibre_for((unsigned)pick(&fresh)));
    }
#ifdef SIMT_ASAN
    __asan_unpoison_memory_region(simt_shared_memory, 1);
#endif
    free(simt_shared_memory);
    simt_shared_memory = nullptr;
    simt_now.launch = nullptr;
}

bool simt_is_shared(const void *p, size_t bytes) {
    const unsigned char *at = static_cast<const unsigned char *>(p);
    size_t all = simt_now.launch->shared_bytes;
    return at >= simt_shared_memory && bytes <= all && at <= simt_shared_memory + (all - bytes);
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static void release_block(void) {
    for (unsigned w = 0; w * SIMT_WARP < simt_now.launch->threads; w++) {
        simt_now.warps[w].ready = simt_now.warps[w].at_block;
        simt_now.warps[w].at_block = 0;
    }
    s.waiting = 0;
    all_warps_active();
    if (simt_watcher)
        simt_watcher->block_passes();
}

void simt_sync_block(SIMT_PARAMS) {
    if (s.waiting == 0) {
        s.file = file;
        s.line = line;
    } else if (s.line != line || strcmp(s.file, file) != 0)
        simt_die(file, line, "block barrier while other threads of the block wait at the one of %s:%d", s.file, s.line);
    simt_my_warp().at_block |= 1u << simt_now.thread % SIMT_WARP;
    if (++s.waiting == simt_now.launch->threads)
        release_block();
    wait_until_picked();
}

bool simt_arrive(simt_op op, const simt_lane &mine, SIMT_PARAMS) {
    simt_warp &w = simt_my_warp();
    unsigned lane = simt_now.thread % SIMT_WARP;
    if (w.at_op == 0) {
        w.op = op;
        w.file = file;
        w.line = line;
    } else if (w.op != op || w.line != line || strcmp(w.file, file) != 0)
        simt_die(file, line, "%s while lanes %#x of the same warp wait in %s of %s:%d", op_name(op), w.at_op,
                 op_name(w.op), w.file, w.line);
    w.in[lane] = mine;
    w.at_op |= 1u << lane;
    if (w.at_op == 0xffffffffu)
        return true;
    wait_until_picked();
    return false;
}

void simt_release_warp(void) {
    simt_warp &w = simt_my_warp();
    w.ready |= w.at_op;
    w.at_op = 0;
    if (draw_below(SWAP_WARPS_ONCE_IN) == 0)
        s.at = draw_below(s.active_count);
    wait_until_picked();
}
