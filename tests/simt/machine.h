/* machine.h: what the files of the machine share: the block that runs now, its warps, and the ways to wait and to die.
 *
 * Invariant: a thread of the running block is in exactly one of its warp's masks (fresh, ready, at_block, at_op, left),
 * but for the one that runs.
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

/* What a lane brings to an operation of its warp, and takes from it. */
struct simt_lane {
    uint64_t bits;    /* shuffle: the value */
    int32_t selector; /* shuffle: the lane, mask or distance */
    uint32_t row[4];  /* ldmatrix: the row that the lane points to */
    uint32_t a[4], b[2];
    float d[4];
};

struct simt_warp {
    uint32_t lanes; /* that exist */
    uint32_t fresh, ready, at_block, at_op, left;
    simt_op op; /* of the lanes in at_op */
    const char *file;
    int line;
    simt_lane in[SIMT_WARP], out[SIMT_WARP];
};

struct simt_pending_copy {
    unsigned char *to;
    uint32_t group; /* the thread's count of groups when it was asked for */
    unsigned char bytes[16];
};
struct simt_copies {
    uint32_t groups; /* closed so far */
    std::vector<simt_pending_copy> pending;
};

struct simt_block {
    const simt_launch *launch;
    unsigned thread; /* that runs */
    simt_warp warps[SIMT_MAX_WARPS];
    simt_copies copies[SIMT_MAX_THREADS];
};
extern simt_block simt_now;

static inline simt_warp &simt_my_warp(void) {
    return simt_now.warps[simt_now.thread / SIMT_WARP];
}

/* Arrives at a warp operation with what `mine` holds; true for the lane that completes it, which then fills `out` of
 * every lane and calls simt_release_warp. The others return false when they may go on. */
bool simt_arrive(simt_op op, const simt_lane &mine, SIMT_PARAMS);
void simt_release_warp(void);
static inline const simt_lane &simt_taken(void) {
    return simt_my_warp().out[simt_now.thread % SIMT_WARP];
}

/* Ends the program: "simt: " and the sentence, then where and with which seed. */
[[noreturn]] void simt_die(SIMT_PARAMS, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Says kernel, block, thread and seed, where one runs. */
void simt_say_where(void);
/* Makes a crash inside of a kernel say so, too. */
void simt_tell_of_crashes(void);
uint64_t simt_seed_of(void);

/* True where [p, p + bytes) lies in the block's shared memory. */
bool simt_is_shared(const void *p, size_t bytes);

/* Where the fibres' stacks lie. */
extern char *simt_stacks_begin, *simt_stacks_end;

/* Followers of what threads do; NULL where nobody follows. races.cc is one. access() is told
 * of what the machine itself reads and writes for a thread. */
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
