/* warp.h: the state of a running grid: registers and lanes of each warp, shared memory and what is known of it.
 *
 * A register has 256 bytes: 32 values of its type, one a lane. That a lane has written it is one bit in `written`.
 */
#ifndef PTX_WARP_H
#define PTX_WARP_H

#include "kernel.h"
#include <cstring>
#include <map>

namespace ptx {

enum : size_t { REGISTER_BYTES = 256 };

/* Which work of which warp another one knows to be done: clock[v] of warp w is the last moment of v that is ordered
 * before what w does now. Barriers join the clocks. Source: Flanagan, Freund 2009 (FastTrack). */
typedef uint32_t clocks[MAX_WARPS];

/* What is known of two bytes of shared memory. */
struct shared_cell {
    uint32_t written_at; /* the writer's clock; before launch::block_began: not written in this block */
    uint8_t writer;
    bool in_flight;   /* an asynchronous copy will write it */
    uint32_t readers; /* warps that have read it since it was written */
    int line;         /* of the instruction that wrote it */
};
enum : size_t { CELL_BYTES = 2 };

/* An asynchronous copy that has not landed: cp.async keeps its bytes back until wait_group. */
struct pending_copy {
    size_t to, bytes;
    unsigned lane;
    uint32_t group; /* number of groups that the lane had closed before */
    unsigned char data[16];
};

struct pending_bulk {
    size_t to, bytes, barrier;
    unsigned warp;
    std::vector<unsigned char> data;
};

/* An mbarrier object in shared memory. */
struct mbarrier {
    uint32_t expected, pending;
    int64_t pending_bytes;
    uint64_t phase;
    clocks known;
};

struct launch;

struct warp {
    launch *of;
    unsigned number;
    uint32_t exists;                                 /* its lanes; fewer than 32 in a last, partial warp */
    uint32_t done, at_barrier, at_members, spinning; /* the other lanes can run */
    int pc[WARP];
    const instruction *now; /* the one that runs, for messages */
    unsigned lane;          /* the one that a handler works for, for messages */
    unsigned char *registers;
    std::vector<uint32_t> written;
    clocks clock;
    std::vector<pending_copy> copies;
    uint32_t groups[WARP];
    std::vector<unsigned char> local, local_written; /* bytes of lane l begin at l * kernel::local_bytes */

    template <typename T> T *values(int reg) { return reinterpret_cast<T *>(registers + (size_t)reg * REGISTER_BYTES); }
    uint32_t &predicate(int reg) { return *values<uint32_t>(reg); }
};

/* An allocation. A cell is what is known of two of its bytes: who wrote them last (memory.cc). */
struct global_range {
    uintptr_t begin, end;
    uint64_t *cells;
};

struct launch {
    const kernel *k;
    unsigned grid, threads, block;
    uint32_t serial, first_serial; /* of the block among all that ever ran; of the launch's first block */
    size_t shared_bytes;           /* static and dynamic together */
    std::vector<unsigned char> parameters;
    std::vector<unsigned char> shared;
    std::vector<shared_cell> cells;
    std::vector<uint32_t> read_at; /* [cell][warp] */
    uint32_t block_began;          /* clock of all warps when the block began */
    std::vector<warp> warps;
    size_t warp_count;
    std::vector<global_range> ranges; /* [instruction]: the allocation that it accessed last */
    std::map<size_t, mbarrier> mbarriers;
    std::vector<pending_bulk> bulk;
    uint64_t progress; /* grows with each event that another warp may wait for */
};

/* Aborts with "ptx: file:line: kernel: the instruction: the sentence", then block and thread. */
[[noreturn]] void defect(const warp &w, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

/* Moves the lanes' results to a register; the other lanes keep their values. */
template <typename T> static inline void put(warp &w, int reg, const T *result, uint32_t on) {
    if (reg == NOWHERE)
        return;
    T *to = w.values<T>(reg);
    if (on == ALL_LANES) {
        memcpy(to, result, WARP * sizeof(T));
        return;
    }
    for (unsigned l = 0; l < WARP; l++)
        to[l] = on >> l & 1 ? result[l] : to[l];
}

/* --- memory (memory.cc) ------------------------------------------------------------------------------------------- */

enum class access : uint8_t { READ, WRITE };
/* The bytes of shared memory at an address, which the lane w.lane accesses now: in bounds, aligned, written before they
 * are read, not in flight, and no race. */
unsigned char *shared_at(warp &w, uint64_t address, size_t bytes, access how);
unsigned char *global_at(warp &w, uint64_t address, size_t bytes, access how);
/* Marks them as being written by a copy, or as written now. */
void shared_in_flight(warp &w, uint64_t address, size_t bytes);
void shared_landed(launch &g, size_t at, const unsigned char *data, size_t bytes, unsigned writer);
/* The value of the address operand from[n], without its offset, in lane l. */
uint64_t address_of(warp &w, const instruction &i, int n, unsigned l);
/* Addresses of shared and local memory in the generic space begin here. The lower halves are not 0, so that an address that
 * was not converted is no address of shared memory. */
enum : uint64_t {
    SHARED_WINDOW = 1ull << 60 | 1u << 30,
    LOCAL_WINDOW = 1ull << 61 | 1u << 30,
    WINDOW_BYTES = 1u << 30
};

/* All that `a` knows is known to `b` as well. */
void join(clocks &b, const clocks &a);

/* --- numerics ----------------------------------------------------------------------------------------------------- */

/* CAM_PTX_NUMERICS=hardware: sums of mma.sync and results of .approx are as inexact as hardware's (numerics.cc). Else they
 * are `result` itself and sums in f32. */
float approximated(float result, float argument, int ulp);
/* c[8] += the products of a row a[16] with b[16][8]. */
void multiply_row(float c[8], const float a[16], const float b[16][8]);

/* --- handlers ----------------------------------------------------------------------------------------------------- */

/* Of arithmetic.cc; null: there is no such instruction. `words` is the opcode at its dots. */
handler arithmetic_handler(const std::vector<std::string> &words);

/* Of memory.cc, lanes.cc and asynchronous.cc. */
void load(warp &, const instruction &, uint32_t);
void store(warp &, const instruction &, uint32_t);
void load_matrix(warp &, const instruction &, uint32_t);
void copy_async(warp &, const instruction &, uint32_t);
void copy_commit(warp &, const instruction &, uint32_t);
void copy_wait(warp &, const instruction &, uint32_t);
void shuffle(warp &, const instruction &, uint32_t);
void vote(warp &, const instruction &, uint32_t);
void reduce(warp &, const instruction &, uint32_t);
void active_mask(warp &, const instruction &, uint32_t);
void multiply_matrices(warp &, const instruction &, uint32_t);
void pack(warp &, const instruction &, uint32_t);
void unpack(warp &, const instruction &, uint32_t);
void clock_ns(warp &, const instruction &, uint32_t);
void nothing(warp &, const instruction &, uint32_t);
void trap(warp &, const instruction &, uint32_t);
void mbarrier_init(warp &, const instruction &, uint32_t);
void mbarrier_inval(warp &, const instruction &, uint32_t);
void mbarrier_arrive(warp &, const instruction &, uint32_t);
void mbarrier_expect(warp &, const instruction &, uint32_t);
void mbarrier_wait(warp &, const instruction &, uint32_t);
void copy_bulk(warp &, const instruction &, uint32_t);

/* --- running ------------------------------------------------------------------------------------------------------ */

/* Warp instructions so far. */
extern uint64_t instructions_run;

/* Runs a grid to its end. */
void run(const kernel &k, unsigned grid, unsigned threads, size_t dynamic_bytes,
         const std::vector<std::string> &arguments);

} // namespace ptx

#endif
