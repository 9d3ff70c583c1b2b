/* memory.cc: loads and stores, and what is checked of each: bounds, alignment, and for shared and local memory that it was
 * written before it is read. For shared memory also that barriers order what different warps do to it.
 */
#include "runtime.h"
#include "warp.h"

using namespace ptx;

static const char *verb(access how) {
    return how == access::READ ? "reads" : "writes";
}

static void check_alignment(const warp &w, uint64_t address, size_t bytes, const char *where) {
    if (address % bytes != 0)
        defect(w, "misaligned access to %s memory: 0x%llx is no multiple of %zu", where, (unsigned long long)address,
               bytes);
}

/* --- shared memory ------------------------------------------------------------------------------------------------ */

static void check_shared_bounds(const warp &w, uint64_t address, size_t bytes, access how) {
    if (address > w.of->shared_bytes || bytes > w.of->shared_bytes - address)
        defect(w, "%s %zu bytes at %llu of shared memory, which has %zu", verb(how), bytes, (unsigned long long)address,
               w.of->shared_bytes);
}

/* The write must be ordered before this access. */
static void check_write_is_known(const warp &w, const shared_cell &c, size_t at, access how) {
    if (c.writer != w.number && w.clock[c.writer] < c.written_at)
        defect(w, "race: %s byte %zu of shared memory, which warp %u wrote at line %d, and no barrier is between",
               verb(how), at, c.writer, c.line);
}

static void check_reads_are_known(const warp &w, const shared_cell &c, size_t cell) {
    const launch &g = *w.of;
    for (uint32_t left = c.readers & ~(1u << w.number); left; left &= left - 1) {
        unsigned reader = (unsigned)__builtin_ctz(left);
        if (w.clock[reader] < g.read_at[cell * g.warp_count + reader])
            defect(w, "race: writes byte %zu of shared memory, which warp %u has read, and no barrier is between",
                   cell * CELL_BYTES, reader);
    }
}

/* Aborts if an access of the cell is a defect. */
static void check_cell(warp &w, const shared_cell &c, size_t cell, access how) {
    if (c.in_flight)
        defect(w, "%s byte %zu of shared memory, where an asynchronous copy is not complete: no wait", verb(how),
               cell * CELL_BYTES);
    if (c.written_at >= w.of->block_began)
        check_write_is_known(w, c, cell * CELL_BYTES, how);
    else if (how == access::READ)
        defect(w, "reads byte %zu of shared memory, which nothing has written", cell * CELL_BYTES);
}

/* Most reads repeat one of the same warp: nothing has changed since, because a write forgets the readers. */
static inline void read_cell(warp &w, size_t cell) {
    shared_cell &c = w.of->cells[cell];
    uint32_t &read_at = w.of->read_at[cell * w.of->warp_count + w.number], now = w.clock[w.number];
    if (c.readers >> w.number & 1 && read_at == now)
        return;
    check_cell(w, c, cell, access::READ);
    c.readers |= 1u << w.number;
    read_at = now;
}

static void write_cell(warp &w, size_t cell) {
    shared_cell &c = w.of->cells[cell];
    check_cell(w, c, cell, access::WRITE);
    check_reads_are_known(w, c, cell);
    c.written_at = w.clock[w.number];
    c.writer = (uint8_t)w.number;
    c.readers = 0;
    c.line = w.now->line;
}

unsigned char *ptx::shared_at(warp &w, uint64_t address, size_t bytes, access how) {
    check_shared_bounds(w, address, bytes, how);
    check_alignment(w, address, bytes, "shared");
    size_t cell = address / CELL_BYTES, end = (address + bytes + CELL_BYTES - 1) / CELL_BYTES;
    if (how == access::READ)
        for (; cell < end; cell++)
            read_cell(w, cell);
    else
        for (; cell < end; cell++)
            write_cell(w, cell);
    return &w.of->shared[address];
}

void ptx::shared_in_flight(warp &w, uint64_t address, size_t bytes) {
    check_shared_bounds(w, address, bytes, access::WRITE);
    check_alignment(w, address, bytes < 16 ? bytes : 16, "shared");
    for (size_t cell = address / CELL_BYTES; cell * CELL_BYTES < address + bytes; cell++) {
        write_cell(w, cell);
        w.of->cells[cell].in_flight = true;
    }
}

void ptx::shared_landed(launch &g, size_t at, const unsigned char *data, size_t bytes, unsigned writer) {
    memcpy(&g.shared[at], data, bytes);
    for (size_t cell = at / CELL_BYTES; cell * CELL_BYTES < at + bytes; cell++) {
        g.cells[cell].in_flight = false;
        g.cells[cell].written_at = g.warps[writer].clock[writer];
        g.cells[cell].writer = (uint8_t)writer;
    }
}

/* --- global and local memory, parameters -------------------------------------------------------------------------- */

/* The cells of an allocation are kept from launch to launch: serial numbers of blocks make old ones meaningless. */
static uint64_t *cells_of(uintptr_t begin, size_t bytes) {
    static std::map<uintptr_t, std::vector<uint64_t>> all;
    std::vector<uint64_t> &cells = all[begin];
    if (cells.size() < bytes)
        cells.resize(bytes);
    return cells.data();
}

/* A cell, of one byte since kernels write single ones: the serial number of the writer's block, its warp, its clock. */
enum : unsigned { SERIAL_SHIFT = 32, WARP_SHIFT = 24, CLOCK_MASK = 0xffffff };

static void check_global_race(const warp &w, uint64_t cell, uint64_t address, access how) {
    unsigned writer = (unsigned)(cell >> WARP_SHIFT & 255);
    if (cell >> SERIAL_SHIFT != w.of->serial)
        defect(w, "race: %s global memory at 0x%llx, which another block of the grid has written", verb(how),
               (unsigned long long)address);
    if (writer != w.number && w.clock[writer] < (cell & CLOCK_MASK))
        defect(w, "race: %s global memory at 0x%llx, which warp %u has written, and no barrier is between", verb(how),
               (unsigned long long)address, writer);
}

static void access_global(warp &w, const global_range &r, uint64_t address, size_t bytes, access how) {
    size_t cell = address - r.begin, end = cell + bytes;
    uint64_t now = (uint64_t)w.of->serial << SERIAL_SHIFT | w.number << WARP_SHIFT | w.clock[w.number];
    for (; cell < end; cell++) {
        uint64_t &c = r.cells[cell];
        if (c >> SERIAL_SHIFT >= w.of->first_serial)
            check_global_race(w, c, address, how);
        if (how == access::WRITE)
            c = now;
    }
}

unsigned char *ptx::global_at(warp &w, uint64_t address, size_t bytes, access how) {
    global_range &r = w.of->ranges[(size_t)w.now->number];
    check_alignment(w, address, bytes, "global");
    if (address < r.begin || address + bytes > r.end) {
        size_t size = 0;
        uintptr_t begin =
            reinterpret_cast<uintptr_t>(simt_allocation_at(reinterpret_cast<const void *>(address), &size));
        if (!begin)
            defect(w, "%s %zu bytes of global memory at 0x%llx, which belong to no allocation", verb(how), bytes,
                   (unsigned long long)address);
        r = global_range{begin, begin + size, cells_of(begin, size)};
        if (address + bytes > r.end)
            defect(w, "%s %zu bytes of global memory at byte %llu of an allocation of %zu", verb(how), bytes,
                   (unsigned long long)(address - r.begin), size);
    }
    access_global(w, r, address, bytes, how);
    return reinterpret_cast<unsigned char *>(address);
}

static unsigned char *local_at(warp &w, uint64_t address, size_t bytes, access how) {
    size_t size = w.of->k->local_bytes, at = w.lane * size + address;
    if (address > size || bytes > size - address)
        defect(w, "%s %zu bytes at %llu of local memory, which has %zu", verb(how), bytes, (unsigned long long)address,
               size);
    check_alignment(w, address, bytes, "local");
    for (size_t n = 0; n < bytes; n++) {
        if (how == access::READ && !w.local_written[at + n])
            defect(w, "reads byte %llu of local memory, which was not written", (unsigned long long)address + n);
        w.local_written[at + n] = 1;
    }
    return &w.local[at];
}

static unsigned char *parameter_at(warp &w, uint64_t address, size_t bytes) {
    if (address + bytes > w.of->k->parameter_bytes)
        defect(w, "reads %zu bytes at %llu of the parameters, which have %zu", bytes, (unsigned long long)address,
               w.of->k->parameter_bytes);
    check_alignment(w, address, bytes, "parameter");
    return &w.of->parameters[address];
}

static unsigned char *generic_at(warp &w, uint64_t address, size_t bytes, access how) {
    if (address >= SHARED_WINDOW && address < SHARED_WINDOW + WINDOW_BYTES)
        return shared_at(w, address - SHARED_WINDOW, bytes, how);
    if (address >= LOCAL_WINDOW && address < LOCAL_WINDOW + WINDOW_BYTES)
        return local_at(w, address - LOCAL_WINDOW, bytes, how);
    return global_at(w, address, bytes, how);
}

static unsigned char *memory_at(warp &w, space s, uint64_t address, size_t bytes, access how) {
    switch (s) {
    case space::GLOBAL:
        return global_at(w, address, bytes, how);
    case space::SHARED:
        return shared_at(w, (uint32_t)address, bytes, how);
    case space::LOCAL:
        return local_at(w, (uint32_t)address, bytes, how);
    case space::PARAM:
        return parameter_at(w, address, bytes);
    default:
        return generic_at(w, address, bytes, how);
    }
}

/* --- instructions ------------------------------------------------------------------------------------------------- */

uint64_t ptx::address_of(warp &w, const instruction &i, int n, unsigned l) {
    int reg = i.from[n];
    bool is_wide = bytes_of_register(*w.of->k, reg) == 8;
    return is_wide ? w.values<uint64_t>(reg)[l] : w.values<uint32_t>(reg)[l];
}

/* The pointer of each lane that is on. */
static void pointers(warp &w, const instruction &i, unsigned elements, access how, uint32_t on,
                     unsigned char *p[WARP]) {
    size_t bytes = elements * (size_t)i.element_bytes;
    uint64_t last = 0; /* many lanes often read the same bytes */
    for (uint32_t left = on; left; left &= left - 1) {
        unsigned l = (unsigned)__builtin_ctz(left), before = w.lane;
        uint64_t address = address_of(w, i, 0, l) + (uint64_t)i.offset;
        bool repeats = how == access::READ && left != on && address == last && i.space == space::SHARED;
        w.lane = l;
        p[l] = repeats ? p[before] : memory_at(w, i.space, address, bytes, how);
        last = address;
    }
}

/* An element as the register takes it: sign-extended if mode says so. */
static uint64_t element_at(const unsigned char *p, const instruction &i) {
    uint64_t bits = 0;
    memcpy(&bits, p, i.element_bytes);
    unsigned unused = 64 - 8u * i.element_bytes;
    return i.mode ? (uint64_t)((int64_t)(bits << unused) >> unused) : bits;
}

template <typename T>
static void fill(warp &w, const instruction &i, int n, unsigned char *const p[WARP], uint32_t on) {
    T *to = w.values<T>(i.to[n]);
    size_t at = (size_t)n * i.element_bytes;
    if (sizeof(T) == i.element_bytes)
        for (uint32_t left = on; left; left &= left - 1) {
            unsigned l = (unsigned)__builtin_ctz(left);
            memcpy(&to[l], p[l] + at, sizeof(T));
        }
    else
        for (uint32_t left = on; left; left &= left - 1) {
            unsigned l = (unsigned)__builtin_ctz(left);
            to[l] = (T)element_at(p[l] + at, i);
        }
}

void ptx::load(warp &w, const instruction &i, uint32_t on) {
    unsigned char *p[WARP];
    pointers(w, i, i.results, access::READ, on, p);
    for (int n = 0; n < i.results; n++) {
        if (i.to[n] == NOWHERE)
            continue;
        size_t bytes = bytes_of_register(*w.of->k, i.to[n]);
        if (bytes == 2)
            fill<uint16_t>(w, i, n, p, on);
        else if (bytes == 4)
            fill<uint32_t>(w, i, n, p, on);
        else
            fill<uint64_t>(w, i, n, p, on);
    }
}

void ptx::store(warp &w, const instruction &i, uint32_t on) {
    unsigned char *p[WARP];
    pointers(w, i, i.sources - 1u, access::WRITE, on, p);
    for (int n = 1; n < i.sources; n++) {
        size_t bytes = bytes_of_register(*w.of->k, i.from[n]), at = (size_t)(n - 1) * i.element_bytes;
        const unsigned char *from = w.values<unsigned char>(i.from[n]);
        for (uint32_t left = on; left; left &= left - 1) {
            unsigned l = (unsigned)__builtin_ctz(left);
            memcpy(p[l] + at, from + l * bytes, i.element_bytes);
        }
    }
}
