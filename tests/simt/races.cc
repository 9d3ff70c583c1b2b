/* races.cc: a race detector: reports two accesses by different threads to the same bytes, at least one a write, that no
 * barrier orders: in shared memory within a block, in global memory within a launch. It also reports reads of shared
 * memory that was never written.
 *
 * Kernels compiled with -fsanitize=thread call the functions at the end of this file for every access; the compiler's
 * own library is not linked. The rules of ordering are exact, so a race is found in every schedule, also in one with a
 * correct result:
 *   - a block's barriers divide its run into intervals, numbered through all launches; intervals are ordered
 *   - cam_sync_warp divides it into epochs of a warp, and orders that warp's lanes only; shuffles order nothing
 *   - blocks of one launch are not ordered
 * For each byte it stores the last write, the last read, and whether there were several readers.
 * CAM_SIMT_UNWRITTEN=0 in the environment allows reads of unwritten shared memory.
 */
#include "machine.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <link.h>
#include <memory>
#include <unistd.h>
#include <unordered_map>

namespace {

enum { PAGE_BYTES = 4096 };
enum { MANY_LANES = 1, MANY_WARPS = 2, MANY_BLOCKS = 4 };

struct access {
    uint32_t interval, place; /* place: offset of the code in the program */
    uint16_t thread, epoch;
};
struct cell {
    access write, read;
    uint32_t readers;
};
struct page {
    cell cells[PAGE_BYTES];
};

struct detector {
    std::unordered_map<uintptr_t, std::unique_ptr<page>> pages;
    uintptr_t last_number = ~(uintptr_t)0, base = 0;
    page *last = nullptr;
    uint32_t interval = 0, launch_first = 0, block_first = 0;
    uint16_t epochs[SIMT_MAX_WARPS];
    bool unwritten_allowed = false;
} d;

page *page_of(uintptr_t number) {
    if (number != d.last_number) {
        std::unique_ptr<page> &p = d.pages[number];
        if (!p)
            p.reset(new page());
        d.last = p.get();
        d.last_number = number;
    }
    return d.last;
}

void next_interval(void) {
    if (++d.interval == 0xffffffffu)
        simt_die(nullptr, 0, "too many barriers for the race detector");
    memset(d.epochs, 0, sizeof d.epochs);
}
void launch_begins(void) {
    d.launch_first = d.interval + 1;
}
void block_begins(void) {
    next_interval();
    d.block_first = d.interval;
}
void warp_passes(unsigned warp) {
    d.epochs[warp]++;
}

/* --- reports ------------------------------------------------------------------------------------------------------ */

int first_object(struct dl_phdr_info *info, size_t, void *base) {
    *static_cast<uintptr_t *>(base) = info->dlpi_addr;
    return 1;
}

/* Prints file and line, from addr2line if that is installed. */
void report_access(const char *what, const access &a) {
    char command[128], line[1024];
    fprintf(stderr, "simt: %s by thread %u", what, a.thread);
    snprintf(command, sizeof command, "addr2line -s -i -e /proc/%d/exe 0x%x 2>/dev/null", (int)getpid(), a.place - 1);
    FILE *lines = a.place ? popen(command, "r") : nullptr;
    while (lines && fgets(line, sizeof line, lines)) {
        line[strcspn(line, "\n")] = 0;
        fprintf(stderr, ", %s", line);
    }
    if (lines)
        pclose(lines);
    fprintf(stderr, a.place ? "\n" : ", in a function of device.cuh\n");
}

[[noreturn]] void race(const void *p, const char *old_kind, const access &old, const char *new_kind, const access &now,
                       const char *missing) {
    report_access(old_kind, old);
    report_access(new_kind, now);
    if (simt_is_shared(p, 1))
        simt_die(nullptr, 0, "race on byte %td of shared memory: a %s and a %s without %s between",
                 static_cast<const unsigned char *>(p) - simt_shared_memory, old_kind, new_kind, missing);
    simt_die(nullptr, 0, "race on global memory at %p: a %s and a %s %s", p, old_kind, new_kind,
             old.interval < d.block_first ? "by two blocks" : "without a barrier between");
}

/* --- ordering ----------------------------------------------------------------------------------------------------- */

/* NULL if the access `old` is ordered before `now`; otherwise the name of the missing barrier. */
const char *unordered(const access &old, const access &now, bool shared) {
    if (old.interval < d.launch_first || old.interval == 0)
        return nullptr;
    if (old.interval < d.block_first)
        return shared ? nullptr : "a launch";
    if (old.interval < d.interval || old.thread == now.thread)
        return nullptr;
    if (old.thread / SIMT_WARP != now.thread / SIMT_WARP)
        return "a block barrier";
    return old.epoch < now.epoch ? nullptr : "a warp barrier";
}

void note_read(cell *c, const access &now) {
    const access &old = c->read;
    uint32_t kept = 0;
    if (old.interval >= d.launch_first) {
        kept = c->readers & MANY_BLOCKS;
        if (old.interval < d.block_first)
            kept |= MANY_BLOCKS;
        else if (old.interval == d.interval) {
            kept |= c->readers & MANY_WARPS;
            if (old.thread / SIMT_WARP != now.thread / SIMT_WARP)
                kept |= MANY_WARPS;
            else if (old.epoch == now.epoch)
                kept |= (c->readers & MANY_LANES) | (old.thread != now.thread ? MANY_LANES : 0);
        }
    }
    c->readers = kept;
    c->read = now;
}

void check_readers(const void *p, const cell *c, const access &now, bool shared) {
    const access &old = c->read;
    const char *missing = unordered(old, now, shared);
    if (old.interval >= d.launch_first && c->readers & MANY_BLOCKS && !shared)
        missing = "a launch";
    if (old.interval == d.interval && c->readers & MANY_WARPS)
        missing = "a block barrier";
    if (old.interval == d.interval && c->readers & MANY_LANES && old.epoch == now.epoch)
        missing = "a warp barrier";
    if (missing)
        race(p, "read", old, "write", now, missing);
}

void follow(const void *p, size_t bytes, bool write, uintptr_t code) {
    uintptr_t at = reinterpret_cast<uintptr_t>(p), end = at + bytes;
    if (!simt_now.launch || (p >= simt_stacks_begin && p < simt_stacks_end))
        return;
    bool shared = simt_is_shared(p, 1);
    unsigned thread = simt_now.thread;
    access now = {d.interval, code ? (uint32_t)(code - d.base) : 0, (uint16_t)thread, d.epochs[thread / SIMT_WARP]};
    for (; at < end; at++) {
        cell *c = &page_of(at / PAGE_BYTES)->cells[at % PAGE_BYTES];
        const void *here = reinterpret_cast<const void *>(at);
        const char *missing = unordered(c->write, now, shared);
        if (missing)
            race(here, "write", c->write, write ? "write" : "read", now, missing);
        if (write) {
            check_readers(here, c, now, shared);
            c->write = now;
        } else {
            if (shared && c->write.interval < d.block_first && !d.unwritten_allowed) {
                report_access("read", now);
                simt_die(nullptr, 0, "read of byte %td of shared memory, which was never written",
                         reinterpret_cast<const unsigned char *>(at) - simt_shared_memory);
            }
            note_read(c, now);
        }
    }
}

void machine_access(const void *p, size_t bytes, bool write) {
    follow(p, bytes, write, 0);
}

const simt_watch watch = {launch_begins, block_begins, next_interval, warp_passes, machine_access};

struct begin {
    begin(void) {
        const char *unwritten = getenv("CAM_SIMT_UNWRITTEN");
        d.unwritten_allowed = unwritten && strcmp(unwritten, "0") == 0;
        dl_iterate_phdr(first_object, &d.base);
        simt_watcher = &watch;
    }
} began;

} // namespace

/* --- functions that compiled kernels call ------------------------------------------------------------------------- */

#define HERE reinterpret_cast<uintptr_t>(__builtin_return_address(0))
#define OF_SIZE(n)                                                                                                     \
    void __tsan_read##n(void *p) {                                                                                     \
        follow(p, n, false, HERE);                                                                                     \
    }                                                                                                                  \
    void __tsan_write##n(void *p) {                                                                                    \
        follow(p, n, true, HERE);                                                                                      \
    }                                                                                                                  \
    void __tsan_unaligned_read##n(void *p) {                                                                           \
        follow(p, n, false, HERE);                                                                                     \
    }                                                                                                                  \
    void __tsan_unaligned_write##n(void *p) {                                                                          \
        follow(p, n, true, HERE);                                                                                      \
    }

extern "C" {
OF_SIZE(1)
OF_SIZE(2)
OF_SIZE(4)
OF_SIZE(8)
OF_SIZE(16)
void __tsan_read_range(void *p, unsigned long bytes) {
    follow(p, bytes, false, HERE);
}
void __tsan_write_range(void *p, unsigned long bytes) {
    follow(p, bytes, true, HERE);
}
void __tsan_init(void) {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit(void) {}
void __tsan_vptr_read(void *) {}
void __tsan_vptr_update(void *, void *) {}
void __tsan_atomic_thread_fence(int) {}
void __tsan_atomic_signal_fence(int) {}
/* clang calls these in kernels that copy or fill more than a vector. */
void *__tsan_memcpy(void *to, const void *from, size_t bytes) {
    follow(from, bytes, false, HERE);
    follow(to, bytes, true, HERE);
    return memcpy(to, from, bytes);
}
void *__tsan_memmove(void *to, const void *from, size_t bytes) {
    follow(from, bytes, false, HERE);
    follow(to, bytes, true, HERE);
    return memmove(to, from, bytes);
}
void *__tsan_memset(void *to, int value, size_t bytes) {
    follow(to, bytes, true, HERE);
    return memset(to, value, bytes);
}
}
