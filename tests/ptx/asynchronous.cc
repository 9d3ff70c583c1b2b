/* asynchronous.cc: copies that land late, and mbarriers. The bytes of a copy land at the last moment that PTX allows: at
 * the wait, or where an mbarrier is tested. Until then an access to them is a defect, so that a missing wait is found.
 *
 * Source: PTX ISA 9.0, 9.7.9.25 (cp.async, cp.async.bulk), 9.7.13.15 (mbarrier).
 */
#include "warp.h"
#include <algorithm>

using namespace ptx;

/* --- cp.async ----------------------------------------------------------------------------------------------------- */

void ptx::copy_async(warp &w, const instruction &i, uint32_t on) {
    const uint32_t *source_bytes = w.values<uint32_t>(i.from[2]);
    for (uint32_t left = on; left; left &= left - 1) {
        unsigned l = w.lane = (unsigned)__builtin_ctz(left);
        uint64_t to = (uint32_t)(address_of(w, i, 0, l) + (uint64_t)i.offset);
        uint64_t from = address_of(w, i, 1, l) + (uint64_t)i.offset2;
        pending_copy copy = {to, i.element_bytes, l, w.groups[l], {}};
        if (source_bytes[l] > copy.bytes)
            defect(w, "copies %u of %zu bytes", source_bytes[l], copy.bytes);
        if (from % copy.bytes != 0)
            defect(w, "misaligned source 0x%llx of a copy of %zu bytes", (unsigned long long)from, copy.bytes);
        /* the bytes behind the source's size are zeros */
        for (uint32_t n = 0; n + 4 <= source_bytes[l]; n += 4)
            memcpy(copy.data + n, global_at(w, from + n, 4, access::READ), 4);
        shared_in_flight(w, to, copy.bytes);
        w.copies.push_back(copy);
    }
}

void ptx::copy_commit(warp &w, const instruction &, uint32_t on) {
    for (unsigned l = 0; l < WARP; l++)
        w.groups[l] += on >> l & 1;
}

/* mode 1: wait_all, which takes the copies of the open group as well. */
void ptx::copy_wait(warp &w, const instruction &i, uint32_t on) {
    auto keeps = [&](const pending_copy &c) {
        bool waits = on >> c.lane & 1 && (i.mode || w.groups[c.lane] > c.group + (uint32_t)i.offset);
        if (waits)
            shared_landed(*w.of, c.to, c.data, c.bytes, w.number);
        return !waits;
    };
    w.copies.erase(std::stable_partition(w.copies.begin(), w.copies.end(), keeps), w.copies.end());
}

/* --- mbarriers ---------------------------------------------------------------------------------------------------- */

static uint64_t barrier_address(warp &w, const instruction &i, int n, int64_t offset, unsigned l) {
    uint64_t at = (uint32_t)(address_of(w, i, n, l) + (uint64_t)offset);
    if (at % 8 != 0)
        defect(w, "misaligned mbarrier at %llu", (unsigned long long)at);
    return at;
}

static mbarrier &barrier_at(warp &w, uint64_t at) {
    auto found = w.of->mbarriers.find(at);
    if (found == w.of->mbarriers.end())
        defect(w, "no mbarrier was initialised at %llu", (unsigned long long)at);
    return found->second;
}

static void complete_phase(launch &g, mbarrier &b) {
    if (b.pending != 0 || b.pending_bytes != 0)
        return;
    b.pending = b.expected;
    b.phase++;
    g.progress++;
}

void ptx::mbarrier_init(warp &w, const instruction &i, uint32_t on) {
    for (uint32_t left = on; left; left &= left - 1) {
        unsigned l = w.lane = (unsigned)__builtin_ctz(left);
        uint64_t at = barrier_address(w, i, 0, i.offset, l);
        uint32_t count = w.values<uint32_t>(i.from[1])[l];
        if (count == 0 || count >= 1u << 20)
            defect(w, "an mbarrier cannot expect %u arrivals", count);
        shared_at(w, at, 8, access::WRITE);
        if (w.of->mbarriers.count(at))
            defect(w, "an mbarrier at %llu is initialised already", (unsigned long long)at);
        mbarrier &b = w.of->mbarriers[at];
        b.expected = b.pending = count;
        memcpy(b.known, w.clock, sizeof b.known);
    }
}

void ptx::mbarrier_inval(warp &w, const instruction &i, uint32_t on) {
    for (uint32_t left = on; left; left &= left - 1) {
        w.lane = (unsigned)__builtin_ctz(left);
        uint64_t at = barrier_address(w, i, 0, i.offset, w.lane);
        barrier_at(w, at);
        w.of->mbarriers.erase(at);
        shared_at(w, at, 8, access::WRITE);
    }
}

/* What the warp has done so far is known to those who wait for the phase. */
static void release(warp &w, mbarrier &b) {
    join(b.known, w.clock);
    w.clock[w.number]++;
}

void ptx::mbarrier_expect(warp &w, const instruction &i, uint32_t on) {
    for (uint32_t left = on; left; left &= left - 1) {
        unsigned l = w.lane = (unsigned)__builtin_ctz(left);
        barrier_at(w, barrier_address(w, i, 0, i.offset, l)).pending_bytes += w.values<uint32_t>(i.from[1])[l];
    }
}

/* from[1], where it is there: the bytes to expect (mode 1) or the number of arrivals. */
void ptx::mbarrier_arrive(warp &w, const instruction &i, uint32_t on) {
    uint64_t state[WARP] = {};
    for (uint32_t left = on; left; left &= left - 1) {
        unsigned l = w.lane = (unsigned)__builtin_ctz(left);
        mbarrier &b = barrier_at(w, barrier_address(w, i, 0, i.offset, l));
        uint32_t operand = i.sources > 1 ? w.values<uint32_t>(i.from[1])[l] : 1, arrivals = i.mode ? 1 : operand;
        if (arrivals > b.pending)
            defect(w, "more arrivals at an mbarrier than the %u that it expects", b.expected);
        state[l] = b.phase;
        b.pending_bytes += i.mode ? operand : 0;
        release(w, b);
        b.pending -= arrivals;
        complete_phase(*w.of, b);
    }
    put(w, i.to[0], state, on);
}

/* The copies that complete on the mbarrier at `at` land. */
static void land_bulk(launch &g, size_t at, mbarrier &b) {
    auto lands = [&](const pending_bulk &c) {
        if (c.barrier != at)
            return false;
        shared_landed(g, c.to, c.data.data(), c.bytes, c.warp);
        b.pending_bytes -= (int64_t)c.bytes;
        release(g.warps[c.warp], b);
        return true;
    };
    g.bulk.erase(std::remove_if(g.bulk.begin(), g.bulk.end(), lands), g.bulk.end());
    complete_phase(g, b);
}

/* from[1]: the phase's parity (mode 1) or the state that an arrival returned. A lane whose phase is not complete lets the
 * other lanes and warps run before it goes on. */
void ptx::mbarrier_wait(warp &w, const instruction &i, uint32_t on) {
    uint32_t complete = 0;
    for (uint32_t left = on; left; left &= left - 1) {
        unsigned l = w.lane = (unsigned)__builtin_ctz(left);
        uint64_t at = barrier_address(w, i, 0, i.offset, l);
        mbarrier &b = barrier_at(w, at);
        bool waits_for_bytes = b.pending == 0 || b.pending_bytes != 0;
        if (waits_for_bytes && b.pending == 0)
            land_bulk(*w.of, at, b);
        bool is_complete = i.mode ? (b.phase & 1) != (w.values<uint32_t>(i.from[1])[l] & 1)
                                  : b.phase != w.values<uint64_t>(i.from[1])[l];
        complete |= (uint32_t)is_complete << l;
        if (is_complete)
            join(w.clock, b.known);
    }
    uint32_t &p = w.predicate(i.to[0]);
    p = (p & ~on) | complete;
    w.spinning |= on & ~complete;
}

/* cp.async.bulk [to], [from], bytes, [mbarrier]. */
void ptx::copy_bulk(warp &w, const instruction &i, uint32_t on) {
    for (uint32_t left = on; left; left &= left - 1) {
        unsigned l = w.lane = (unsigned)__builtin_ctz(left);
        uint64_t to = (uint32_t)(address_of(w, i, 0, l) + (uint64_t)i.offset);
        uint64_t from = address_of(w, i, 1, l) + (uint64_t)i.offset2;
        uint32_t bytes = w.values<uint32_t>(i.from[2])[l];
        uint64_t barrier = barrier_address(w, i, 3, 0, l);
        if (bytes == 0 || bytes % 16 != 0 || to % 16 != 0 || from % 16 != 0)
            defect(w, "a bulk copy of %u bytes from 0x%llx to %llu: all must be multiples of 16", bytes,
                   (unsigned long long)from, (unsigned long long)to);
        barrier_at(w, barrier);
        for (uint32_t n = 0; n < bytes; n += 16)
            global_at(w, from + n, 16, access::READ);
        const unsigned char *data = reinterpret_cast<const unsigned char *>(from);
        shared_in_flight(w, to, bytes);
        w.of->bulk.push_back(
            pending_bulk{to, bytes, barrier, w.number, std::vector<unsigned char>(data, data + bytes)});
    }
}
