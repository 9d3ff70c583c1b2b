/* execute.cc: runs the blocks of a grid, the warps of a block and the lanes of a warp.
 *
 * Lanes of a warp run together where they are at the same instruction; where they are not, those at the lowest one run,
 * so that they meet again behind a branch. A warp runs until all its lanes wait or have ended, then another one, in an
 * order that CAM_SIMT_SEED shuffles, as it does that of the blocks.
 */
#include "warp.h"
#include <algorithm>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <random>

using namespace ptx;

uint64_t ptx::instructions_run;

void ptx::defect(const warp &w, const char *format, ...) {
    const launch &g = *w.of;
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    die("%s:%d: \"%s\": %s\nptx: kernel %s, block %u of %u, warp %u, lane %u, %zu bytes of shared memory",
        g.k->file.c_str(), w.now->line, w.now->text.c_str(), sentence, g.k->name.c_str(), g.block, g.grid, w.number,
        w.lane, g.shared_bytes);
}

void ptx::join(clocks &b, const clocks &a) {
    for (unsigned n = 0; n < MAX_WARPS; n++)
        b[n] = std::max(b[n], a[n]);
}

namespace {

std::mt19937 &generator(void) {
    static const char *seed = getenv("CAM_SIMT_SEED");
    static std::mt19937 random(seed && *seed ? (unsigned)strtoul(seed, nullptr, 0) : 1);
    return random;
}

/* The lanes of a warp that run one instruction together. */
struct group {
    uint32_t lanes;
    int pc, others_at; /* the lowest instruction of the lanes that can run beside */
};

void leave_at(warp &w, uint32_t lanes, int pc) {
    for (uint32_t left = lanes; left; left &= left - 1)
        w.pc[__builtin_ctz(left)] = pc;
}

void check_written(warp &w, int reg, uint32_t on) {
    uint32_t missing = on & ~w.written[(size_t)reg];
    if (!missing)
        return;
    w.lane = (unsigned)__builtin_ctz(missing);
    defect(w, "reads a register that lanes %#x have not written", missing);
}

/* The lanes whose results count as written. */
uint32_t written_lanes(warp &w, const instruction &i, uint32_t on) {
    uint32_t all = on;
    if (i.unwritten == unwritten::SELECTED) {
        uint32_t p = w.predicate(i.from[2]), a = w.written[(size_t)i.from[0]], b = w.written[(size_t)i.from[1]];
        return on & w.written[(size_t)i.from[2]] & ((p & a) | (~p & b));
    }
    for (int n = 0; n < i.sources; n++)
        all &= w.written[(size_t)i.from[n]];
    if (all != on && i.unwritten == unwritten::DEFECT)
        for (int n = 0; n < i.sources; n++)
            check_written(w, i.from[n], on);
    return all;
}

void perform(warp &w, const instruction &i, uint32_t on) {
    uint32_t written = written_lanes(w, i, on);
    i.run(w, i, on);
    for (int n = 0; n < i.results; n++)
        if (i.to[n] != NOWHERE) {
            uint32_t &lanes = w.written[(size_t)i.to[n]];
            lanes = (lanes & ~on) | written;
        }
}

/* The lanes of the group whose guard holds. */
uint32_t guarded(warp &w, const instruction &i, uint32_t lanes) {
    if (i.guard == NOWHERE)
        return lanes;
    check_written(w, i.guard, lanes);
    uint32_t p = w.predicate(i.guard);
    return lanes & (i.guard_negated ? ~p : p);
}

void demand_all(warp &w, const group &of, uint32_t on) {
    w.lane = (unsigned)__builtin_ctz(of.lanes);
    if (on != of.lanes)
        defect(w, "its guard holds for lanes %#x of %#x only, and all must do it together", on, of.lanes);
    if (of.lanes != w.exists)
        defect(w, "reached by lanes %#x of %#x only: lanes %#x have ended, the others are elsewhere", of.lanes,
               w.exists, w.done);
}

/* True: all lanes of the mask are here, and they have done it. False: the group waits. */
bool perform_members(warp &w, const instruction &i, const group &of, uint32_t on) {
    int reg = i.from[i.sources - 1];
    w.lane = (unsigned)__builtin_ctz(of.lanes);
    if (on != of.lanes)
        defect(w, "its guard holds for lanes %#x of %#x only", on, of.lanes);
    check_written(w, reg, of.lanes);
    uint32_t mask = w.values<uint32_t>(reg)[w.lane], here = of.lanes;
    for (unsigned l = 0; l < WARP; l++) {
        bool waits_here = w.at_members >> l & 1 && w.pc[l] == of.pc;
        here |= (uint32_t)waits_here << l;
        if (of.lanes >> l & 1 && w.values<uint32_t>(reg)[l] != mask)
            defect(w, "lanes with different masks (%#x, %#x)", mask, w.values<uint32_t>(reg)[l]);
    }
    if (of.lanes & ~mask)
        defect(w, "lanes %#x are not in their own mask %#x", of.lanes & ~mask, mask);
    if (mask & (w.done | ~w.exists))
        defect(w, "waits for lanes %#x, which have ended or do not exist", mask & (w.done | ~w.exists));
    w.at_members |= of.lanes;
    leave_at(w, of.lanes, of.pc);
    if (here != mask)
        return false;
    perform(w, i, here);
    w.at_members &= ~here;
    leave_at(w, here, of.pc + 1);
    return true;
}

/* A branch; true: the whole group goes the same way. */
bool branch(warp &w, const instruction &i, group *of, uint32_t on) {
    if (on == of->lanes || on == 0) {
        of->pc = on ? i.target : of->pc + 1;
        return true;
    }
    w.lane = (unsigned)__builtin_ctz(on);
    if (i.uniform)
        defect(w, "bra.uni of lanes %#x of %#x", on, of->lanes);
    leave_at(w, on, i.target);
    leave_at(w, of->lanes & ~on, of->pc + 1);
    return false;
}

/* Runs one instruction; false: the group ends here, and each lane knows where it is. */
bool step(warp &w, const instruction &i, group *of) {
    uint32_t on = guarded(w, i, of->lanes);
    switch (i.what) {
    case flow::BRANCH:
        return branch(w, i, of, on);
    case flow::RETURN:
        w.done |= on;
        leave_at(w, of->lanes & ~on, of->pc + 1);
        return false;
    case flow::BARRIER:
        demand_all(w, *of, on);
        w.at_barrier = of->lanes;
        leave_at(w, of->lanes, of->pc);
        return false;
    case flow::MEMBERS:
        if (on == ALL_LANES && of->lanes == ALL_LANES && w.values<uint32_t>(i.from[i.sources - 1])[0] == ALL_LANES) {
            perform(w, i, on); /* most often */
            break;
        }
        if (on)
            perform_members(w, i, *of, on);
        else
            leave_at(w, of->lanes, of->pc + 1);
        return false;
    case flow::ALIGNED:
        demand_all(w, *of, on);
        if (on != ALL_LANES)
            defect(w, "in a warp of fewer than 32 lanes");
        perform(w, i, on);
        break;
    case flow::PLAIN:
        if (on)
            perform(w, i, on);
        break;
    }
    of->pc++;
    return true;
}

void run_group(warp &w, group of) {
    const std::vector<instruction> &code = w.of->k->code;
    do {
        if ((size_t)of.pc >= code.size())
            die("%s: kernel %s runs past its end", w.of->k->file.c_str(), w.of->k->name.c_str());
        w.now = &code[(size_t)of.pc];
        instructions_run++;
        if (!step(w, *w.now, &of))
            return;
    } while (of.pc < of.others_at && !(w.spinning & of.lanes));
    leave_at(w, of.lanes, of.pc);
}

/* Runs a warp until none of its lanes can go on. */
void run_warp(warp &w) {
    for (;;) {
        uint32_t able = w.exists & ~(w.done | w.at_barrier | w.at_members | w.spinning);
        group of = {0, INT_MAX, INT_MAX};
        for (uint32_t left = able; left; left &= left - 1)
            of.pc = std::min(of.pc, w.pc[__builtin_ctz(left)]);
        for (uint32_t left = able; left; left &= left - 1) {
            unsigned l = (unsigned)__builtin_ctz(left);
            if (w.pc[l] == of.pc)
                of.lanes |= 1u << l;
            else
                of.others_at = std::min(of.others_at, w.pc[l]);
        }
        if (able) {
            run_group(w, of);
            continue;
        }
        if (w.at_members && !w.spinning) {
            w.lane = (unsigned)__builtin_ctz(w.at_members);
            w.now = &w.of->k->code[(size_t)w.pc[w.lane]];
            defect(w, "reached by lanes %#x only: lanes %#x have ended, lanes %#x wait at a barrier of the block",
                   w.at_members, w.done, w.at_barrier);
        }
        return;
    }
}

/* --- blocks ------------------------------------------------------------------------------------------------------- */

template <typename T> void broadcast(warp &w, int reg, T value) {
    for (unsigned l = 0; l < WARP; l++)
        w.values<T>(reg)[l] = value;
}

uint32_t special_value(const launch &g, const warp &w, special what, unsigned l) {
    switch (what) {
    case special::TID:
        return WARP * w.number + l;
    case special::NTID:
        return g.threads;
    case special::CTAID:
        return g.block;
    case special::NCTAID:
        return g.grid;
    case special::LANE:
        return l;
    case special::WARP_ID:
        return w.number;
    case special::NWARPS:
        return (uint32_t)g.warps.size();
    case special::LANEMASK_EQ:
        return 1u << l;
    case special::LANEMASK_LT:
        return (1u << l) - 1;
    case special::LANEMASK_LE:
        return (2u << l) - 1;
    case special::ZERO:
        break;
    }
    return 0;
}

void warp_begin(launch &g, warp &w) {
    const kernel &k = *g.k;
    std::fill(w.written.begin(), w.written.end(), 0);
    for (const constant &c : k.constants)
        w.written[(size_t)c.reg] = ALL_LANES;
    for (const special_register &r : k.specials) {
        w.written[(size_t)r.reg] = ALL_LANES;
        for (unsigned l = 0; l < WARP; l++)
            w.values<uint32_t>(r.reg)[l] = special_value(g, w, r.what, l);
    }
    w.done = w.at_barrier = w.at_members = w.spinning = 0;
    std::fill(w.pc, w.pc + WARP, 0);
    std::fill(w.groups, w.groups + WARP, 0);
    std::fill(w.local_written.begin(), w.local_written.end(), 0);
    w.lane = 0;
    w.now = &k.code[0];
}

/* All warps know what all have done before. */
void join_all(launch &g) {
    clocks all = {};
    for (const warp &w : g.warps)
        join(all, w.clock);
    for (warp &w : g.warps) {
        memcpy(w.clock, all, sizeof all);
        w.clock[w.number]++;
    }
}

uint32_t next_serial = 1;

void block_begin(launch &g, unsigned block) {
    g.block = block;
    g.serial = next_serial++;
    g.mbarriers.clear();
    uint32_t latest = 0;
    for (const warp &w : g.warps)
        latest = std::max(latest, w.clock[w.number]);
    for (warp &w : g.warps)
        w.clock[w.number] = latest;
    join_all(g);
    g.block_began = latest + 1;
    for (warp &w : g.warps)
        warp_begin(g, w);
}

void block_end(launch &g) {
    for (warp &w : g.warps)
        if (!w.copies.empty()) {
            w.lane = w.copies[0].lane;
            defect(w, "the thread ends before its asynchronous copies are complete: no wait");
        }
    if (!g.bulk.empty())
        defect(g.warps[g.bulk[0].warp], "the block ends before its bulk copies are complete: no wait");
}

/* All warps wait at the block's barrier or have ended. */
void release_barrier(launch &g) {
    warp *first = nullptr;
    for (warp &w : g.warps) {
        if (!w.at_barrier)
            continue;
        w.lane = (unsigned)__builtin_ctz(w.at_barrier);
        w.now = &g.k->code[(size_t)w.pc[w.lane]];
        if (first && first->pc[first->lane] != w.pc[w.lane])
            defect(w, "while other warps of the block wait at line %d", first->now->line);
        first = first ? first : &w;
    }
    for (const warp &w : g.warps)
        if (w.done)
            defect(*first, "waits for lanes %#x of warp %u, which have ended", w.done, w.number);
    for (warp &w : g.warps) {
        leave_at(w, w.at_barrier, w.pc[w.lane] + 1);
        w.at_barrier = 0;
    }
    join_all(g);
}

/* Runs each warp once, in a random order; returns whether all have ended. */
bool run_round(launch &g, std::vector<unsigned> *order) {
    bool ended = true, spins = false, can_release = true;
    uint64_t before = g.progress;
    std::shuffle(order->begin(), order->end(), generator());
    for (unsigned n : *order) {
        warp &w = g.warps[n];
        w.spinning = 0;
        run_warp(w);
        ended = ended && w.done == w.exists;
        spins = spins || w.spinning;
        can_release = can_release && (w.done | w.at_barrier) == w.exists;
    }
    if (ended)
        return true;
    if (can_release) {
        release_barrier(g);
        return false;
    }
    for (const warp &w : g.warps)
        if (g.progress == before && w.spinning)
            defect(w, "waits for an mbarrier whose phase nobody completes");
    return false;
}

void run_blocks(launch &g) {
    std::vector<unsigned> blocks(g.grid), order(g.warps.size());
    for (unsigned n = 0; n < g.grid; n++)
        blocks[n] = n;
    for (unsigned n = 0; n < order.size(); n++)
        order[n] = n;
    g.first_serial = next_serial;
    std::shuffle(blocks.begin(), blocks.end(), generator());
    for (unsigned block : blocks) {
        block_begin(g, block);
        while (!run_round(g, &order)) {
        }
        block_end(g);
    }
}

void take_arguments(launch &g, const std::vector<std::string> &arguments) {
    const kernel &k = *g.k;
    if (arguments.size() != k.parameters.size())
        die("%s: kernel %s has %zu parameters, the launch %zu", k.file.c_str(), k.name.c_str(), k.parameters.size(),
            arguments.size());
    g.parameters.resize(k.parameter_bytes);
    for (size_t n = 0; n < arguments.size(); n++) {
        if (arguments[n].size() != k.parameters[n].bytes)
            die("%s: parameter %zu of kernel %s has %zu bytes, the launch's argument %zu", k.file.c_str(), n,
                k.name.c_str(), k.parameters[n].bytes, arguments[n].size());
        memcpy(&g.parameters[k.parameters[n].offset], arguments[n].data(), arguments[n].size());
    }
}

/* Memory that is kept from launch to launch. */
unsigned char *register_file(size_t bytes) {
    static std::vector<unsigned char> memory;
    if (memory.size() < bytes)
        memory.resize(bytes);
    return memory.data();
}

void warps_new(launch &g) {
    const kernel &k = *g.k;
    size_t file_bytes = k.registers.size() * REGISTER_BYTES, count = (g.threads + WARP - 1) / WARP;
    unsigned char *file = register_file(count * file_bytes);
    g.warps.resize(count);
    g.warp_count = count;
    for (unsigned n = 0; n < count; n++) {
        warp &w = g.warps[n];
        unsigned lanes = g.threads - WARP * n;
        w.of = &g;
        w.number = n;
        w.exists = lanes >= WARP ? ALL_LANES : (1u << lanes) - 1;
        w.registers = file + n * file_bytes;
        w.written.resize(k.registers.size());
        w.local.resize(WARP * k.local_bytes);
        w.local_written.resize(WARP * k.local_bytes);
        memset(w.clock, 0, sizeof w.clock);
        for (const constant &c : k.constants) {
            size_t bytes = bytes_of_register(k, c.reg);
            if (bytes == 2)
                broadcast(w, c.reg, (uint16_t)c.bits);
            else if (bytes == 4)
                broadcast(w, c.reg, (uint32_t)c.bits);
            else
                broadcast(w, c.reg, c.bits);
        }
    }
}

} // namespace

void ptx::run(const kernel &k, unsigned grid, unsigned threads, size_t dynamic_bytes,
              const std::vector<std::string> &arguments) {
    launch g = {};
    if (threads > k.max_threads)
        die("%s: kernel %s is launched with %u threads a block, more than its bound of %u", k.file.c_str(),
            k.name.c_str(), threads, k.max_threads);
    g.k = &k;
    g.grid = grid;
    g.threads = threads;
    g.shared_bytes = k.static_bytes + dynamic_bytes;
    g.shared.resize(g.shared_bytes);
    take_arguments(g, arguments);
    warps_new(g);
    size_t cells = (g.shared_bytes + CELL_BYTES - 1) / CELL_BYTES;
    g.cells.resize(cells);
    g.read_at.resize(cells * g.warps.size());
    g.ranges.resize(k.code.size());
    run_blocks(g);
}
