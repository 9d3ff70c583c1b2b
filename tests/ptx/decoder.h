/* decoder.h: the decoding of one kernel: its registers and operands (operands.cc), its instructions (decode.cc). */
#ifndef PTX_DECODER_H
#define PTX_DECODER_H

#include "warp.h"

namespace ptx {

typedef std::vector<std::string> list;

/* "mul.wide.u32" as its words. */
list split_at_dots(const std::string &opcode);

/* A register that was declared: "%r<9>" stands for %r0 to %r8. */
struct family {
    int scope;
    std::string name;
    int count; /* 0: the name itself */
    type t;
};

struct decoder {
    const source &s;
    kernel k;
    std::vector<family> families;
    std::map<std::pair<int, std::string>, int> registers; /* by scope and name */
    std::map<std::pair<int, std::string>, int> labels;    /* numbers of instructions */
    std::map<std::pair<size_t, uint64_t>, int> constants; /* by size and bits */
    std::map<std::string, int> specials;
    std::map<std::string, uint64_t> symbols; /* shared and local variables, parameters: their addresses */
    const statement *at = nullptr;
    list words, operands;
    instruction i;

    explicit decoder(const source &from) : s(from) {}

    [[noreturn]] void fail(const char *why) const {
        die("%s:%d: %s: \"%s\" in kernel %s", s.file.c_str(), at->line, why, at->text.c_str(), s.name.c_str());
    }
    [[noreturn]] void unknown(void) const { fail("unknown instruction"); }

    int new_register(type t) {
        k.registers.push_back(t);
        k.widths.push_back((uint8_t)bytes_of(t));
        return (int)k.registers.size() - 1;
    }
    size_t width(int reg) const { return bytes_of_register(k, reg); }
    /* The instruction is opcode words[0] with exactly these words behind it. */
    bool is(const char *opcode) const { return words == split_at_dots(opcode); }
    void demand_operands(size_t least, size_t most) const {
        if (operands.size() < least || operands.size() > most)
            fail("wrong number of operands");
    }

    void declare(void);
    void declare_registers(const std::string &names, type t);
    int find_register(const std::string &name);
    int special_of(const std::string &name);
    int constant_of(const std::string &text, size_t bytes);
    int operand(const std::string &text, size_t bytes);
    int predicate(const std::string &text);
    void add_result(const std::string &text, size_t bytes);
    void add_source(const std::string &text, size_t bytes);
    int64_t add_address(const std::string &text);
    list vector_of(const std::string &text) const;

    void find_labels(void);
    void decode_one(void);
    void take_guard(std::string &text);
    bool control(void);
    bool barrier(void);
    bool memory_access(void);
    bool matrices(void);
    bool asynchronous(void);
    bool mbarriers(void);
    bool lanes(void);
    bool packs(void);
    bool addresses(void);
    bool empty_ones(void);
    void arithmetic(void);
    size_t source_bytes(size_t n, type t) const;
};

} // namespace ptx

#endif
