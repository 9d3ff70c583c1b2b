/* machine.h: internal definitions of the simulated GPU: the running block, its warps, warp operations and diagnostics.
 *
 * Invariant: every thread of the running block, except the running one, is in exactly one of its warp's masks (fresh,
 * ready, at_block, at_op, left).
 */
#ifndef SIMT_MACHINE_H
#define SIMT_MACHINE_H

#include "simt.h"
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define SIMT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIMT_ASAN 1
#endif
#endif

enum { SIMT_WARP = 32, SIMT_MAX_THREADS = 1024, SIMT_MAX_WARPS = SIMT_MAX_THREADS / SIMT_WARP };

/* A lane's operands of a warp operation, and its results. */
struct simt_lane {
    uint64_t bits;    /* shuffle: the value */
    int32_t selector; /* shuffle: the lane, mask or distance */
    uint32_t row[4];  /* ldmatrix: the row at the lane's address */
    uint32_t a[4], b[2];
    float d[4];
};

struct simt_warp {
    uint32_t lanes; /* mask of the lanes that exist */
    uint32_t fresh, ready, at_block, at_op, left;
    simt_op op; /* operation of the lanes in at_op */
    const char *file;
    int line;
    simt_lane in[SIMT_WARP], out[SIMT_WARP];
};

struct simt_pending_copy {
    unsigned char *to;
    uint32_t group; /* number of groups that the thread had closed before this copy */
    unsigned char bytes[16];
};
struct simt_copies {
    uint32_t groups; /* closed so far */
    std::vector<simt_pending_copy> pending;
};

struct simt_block {
    const simt_launch *launch;
    unsigned thread; /* the running one */
    simt_warp warps[SIMT_MAX_WARPS];
    simt_copies copies[SIMT_MAX_THREADS];
};
extern simt_block simt_now;

static inline simt_warp &simt_my_warp(void) {
    return simt_now.warps[simt_now.thread / SIMT_WARP];
}

/* Enters a warp operation with the operands `mine`. Returns true for the last lane, which must fill `out` of every lane
 * and call simt_release_warp. For the others it returns false after that. */
bool simt_arrive(simt_op op, const simt_lane &mine, SIMT_PARAMS);
void simt_release_warp(void);
static inline const simt_lane &simt_taken(void) {
    return simt_my_warp().out[simt_now.thread % SIMT_WARP];
}

/* Aborts the program with the message "simt: " and the sentence, then simt_report_place. */
[[noreturn]] void simt_die(SIMT_PARAMS, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Prints kernel, block, thread and seed, if a kernel runs. */
void simt_report_place(void);
/* Installs handlers that report crashes inside a kernel. */
void simt_report_crashes(void);
uint64_t simt_seed_of(void);

/* True where [p, p + bytes) lies in the block's shared memory. */
bool simt_is_shared(const void *p, size_t bytes);

/* The memory of the fibres' stacks. */
extern char *simt_stacks_begin, *simt_stacks_end;

/* Callbacks for what threads do; NULL: none. races.cc uses them. access() is called for memory that the machine itself
 * reads or writes for a thread. */
struct simt_watch {
    void (*launch_begins)(void);
    void (*block_begins)(void);
    void (*block_passes)(void); /* a barrier */
    void (*warp_passes)(unsigned warp);
    void (*access)(const void *p, size_t bytes, bool write);
};
extern const simt_watch *simt_watcher;

static inline void simt_accessed(const void *p, size_t bytes, bool write) {
    if (simt_watcher)
        simt_watcher->access(p, bytes, write);
}

#endif
