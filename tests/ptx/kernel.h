/* kernel.h: a kernel in decoded form: instructions whose operands are numbers of registers. Constants and special
 * registers (%tid.x) are registers too, which are filled before the kernel begins, so an operand is always a register.
 */
#ifndef PTX_KERNEL_H
#define PTX_KERNEL_H

#include "source.h"
#include <cstdint>

namespace ptx {

enum : unsigned { WARP = 32, ALL_LANES = 0xffffffffu, MAX_WARPS = 32 };

/* PRED: one bit a lane, in one word. The others are one value a lane. */
enum type : uint8_t { NO_TYPE, PRED, B8, U8, S8, B16, U16, S16, BF16, B32, U32, S32, F32, BF16X2, B64, U64, S64, F64 };

enum class space : uint8_t { GENERIC, GLOBAL, SHARED, LOCAL, PARAM };

/* What the scheduler has to know of an instruction (execute.cc). */
enum class flow : uint8_t {
    PLAIN, /* the lanes whose guard holds do it, one independent of the other */
    BRANCH,
    RETURN,
    BARRIER, /* the block's: the warp waits */
    ALIGNED, /* all 32 lanes of the warp together, or it is an error (mma.sync.aligned, ldmatrix) */
    MEMBERS  /* the lanes of a mask together; they wait for each other (shfl.sync, bar.warp.sync) */
};

struct warp;
struct instruction;
/* Does the instruction for the lanes `on`. The caller has checked that their source registers have been written. */
typedef void (*handler)(warp &w, const instruction &i, uint32_t on);

/* What a source register does that was not written. The compiler computes with such registers where it discards the result
 * afterwards by a selp; what reaches memory, an address, a branch or another lane must have been written. */
enum class unwritten : uint8_t {
    DEFECT,
    PASSED_ON, /* the result counts as not written */
    SELECTED   /* selp: only the chosen source and the predicate count */
};

enum { MAX_RESULTS = 4, MAX_SOURCES = 10, NOWHERE = -1 };

struct instruction {
    handler run = nullptr;
    flow what = flow::PLAIN;
    ptx::unwritten unwritten = ptx::unwritten::DEFECT;
    bool guard_negated = false;
    bool uniform = false; /* bra.uni */
    int guard = NOWHERE;  /* predicate register */
    int target = 0;       /* BRANCH: number of an instruction */
    uint8_t results = 0, sources = 0;
    int to[MAX_RESULTS]; /* NOWHERE: the operand "_" */
    int from[MAX_SOURCES];
    /* Operands that the instruction's words contain or that are written as constants. */
    ptx::space space = ptx::space::GENERIC;
    uint8_t element_bytes = 0;       /* memory: of one element of a vector */
    uint8_t mode = 0;                /* the handler's own */
    int64_t offset = 0, offset2 = 0; /* of addresses: [register + offset] */
    int number = 0;                  /* its index in the kernel */
    int line = 0;
    std::string text;
};

struct constant {
    int reg;
    uint64_t bits; /* broadcast as 64 bits */
};

/* Special registers that differ from lane to lane, warp to warp or block to block. */
enum class special : uint8_t {
    TID,
    NTID,
    CTAID,
    NCTAID,
    LANE,
    WARP_ID,
    NWARPS,
    ZERO,
    LANEMASK_LT,
    LANEMASK_LE,
    LANEMASK_EQ
};
struct special_register {
    int reg;
    special what;
};

struct kernel {
    std::string file, name;
    unsigned max_threads = 0;
    std::vector<parameter> parameters;
    size_t parameter_bytes = 0;
    size_t local_bytes = 0;  /* .local of each thread */
    size_t static_bytes = 0; /* .shared of fixed size; the dynamic shared memory follows it */
    std::vector<instruction> code;
    std::vector<type> registers;
    std::vector<uint8_t> widths; /* of each register's values, bytes */
    std::vector<constant> constants;
    std::vector<special_register> specials;
};

/* Ends the program if the kernel has an instruction that is not known; the message names it, its line and the kernel. */
kernel decode(const source &s);

/* "u32"; NO_TYPE: the word is no type. */
type type_of_word(const std::string &word);
size_t bytes_of(type t);
static inline size_t bytes_of_register(const kernel &k, int reg) {
    return k.widths[(size_t)reg];
}
bool is_float(type t);
bool is_signed(type t);

} // namespace ptx

#endif
