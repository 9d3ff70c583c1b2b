/* operands.cc: declarations, registers, constants and addresses, from their text to numbers of registers. */
#include "decoder.h"
#include <cstdlib>
#include <sstream>

using namespace ptx;

namespace {

struct type_row {
    const char *word;
    type t;
    size_t bytes;
};
const type_row types[] = {{"pred", PRED, 4}, {"b8", B8, 1},   {"u8", U8, 1},         {"s8", S8, 1},   {"b16", B16, 2},
                          {"u16", U16, 2},   {"s16", S16, 2}, {"bf16", BF16, 2},     {"b32", B32, 4}, {"u32", U32, 4},
                          {"s32", S32, 4},   {"f32", F32, 4}, {"bf16x2", BF16X2, 4}, {"b64", B64, 8}, {"u64", U64, 8},
                          {"s64", S64, 8},   {"f64", F64, 8}};

std::string without_ends(const std::string &text) {
    return trimmed(text.substr(1, text.size() - 2));
}

} // namespace

list ptx::split_at_dots(const std::string &opcode) {
    list words;
    std::stringstream text(opcode);
    std::string word;
    while (std::getline(text, word, '.'))
        words.push_back(word);
    return words;
}

type ptx::type_of_word(const std::string &word) {
    for (const type_row &row : types)
        if (word == row.word)
            return row.t;
    return NO_TYPE;
}
size_t ptx::bytes_of(type t) {
    for (const type_row &row : types)
        if (row.t == t)
            return row.bytes;
    return 0;
}
bool ptx::is_float(type t) {
    return t == F32 || t == F64 || t == BF16 || t == BF16X2;
}
bool ptx::is_signed(type t) {
    return t == S8 || t == S16 || t == S32 || t == S64;
}

/* --- registers and operands --------------------------------------------------------------------------------------- */

void decoder::declare_registers(const std::string &names, type t) {
    for (const std::string &name : split_by_commas(names)) {
        size_t angle = name.find('<');
        int count = angle == std::string::npos ? 0 : atoi(name.c_str() + angle + 1);
        families.push_back(family{at->scope, name.substr(0, angle), count, t});
    }
}

/* ".reg .b32 %r<9>", ".shared .align 4 .b8 name[16]", ".local .align 16 .b8 name[64]" */
void decoder::declare(void) {
    std::stringstream text(at->text);
    std::string first, word;
    text >> first >> word;
    if (first == ".reg") {
        type t = type_of_word(word.substr(1));
        std::string names;
        std::getline(text, names);
        if (t == NO_TYPE)
            fail("unknown type");
        declare_registers(names, t);
        return;
    }
    size_t align = 1;
    if (word == ".align")
        text >> align >> word;
    std::string name;
    text >> name;
    size_t bracket = name.find('['),
           bytes = type_of_word(word.substr(1)) == NO_TYPE ? 0 : bytes_of(type_of_word(word.substr(1)));
    size_t count = bracket == std::string::npos ? 1 : strtoul(name.c_str() + bracket + 1, nullptr, 10);
    size_t *end = first == ".shared" ? &k.static_bytes : first == ".local" ? &k.local_bytes : nullptr;
    if (!end || bytes == 0)
        fail("unknown declaration");
    *end = (*end + align - 1) / align * align;
    symbols[name.substr(0, bracket)] = *end;
    *end += bytes * count;
}

int decoder::find_register(const std::string &name) {
    size_t digits = name.find_last_not_of("0123456789") + 1;
    for (int scope = at->scope; scope >= 0; scope = s.parents[(size_t)scope]) {
        auto found = registers.find({scope, name});
        if (found != registers.end())
            return found->second;
        for (const family &f : families) {
            bool member = f.count > 0 && digits < name.size() && name.compare(0, digits, f.name) == 0 &&
                          atoi(name.c_str() + digits) < f.count;
            if (f.scope == scope && (member || (f.count == 0 && f.name == name)))
                return registers[{scope, name}] = new_register(f.t);
        }
    }
    return NOWHERE;
}

int decoder::special_of(const std::string &name) {
    static const std::map<std::string, special> known = {{"%tid.x", special::TID},
                                                         {"%ntid.x", special::NTID},
                                                         {"%ctaid.x", special::CTAID},
                                                         {"%nctaid.x", special::NCTAID},
                                                         {"%laneid", special::LANE},
                                                         {"%warpid", special::WARP_ID},
                                                         {"%nwarpid", special::NWARPS},
                                                         {"%tid.y", special::ZERO},
                                                         {"%tid.z", special::ZERO},
                                                         {"%ctaid.y", special::ZERO},
                                                         {"%ctaid.z", special::ZERO},
                                                         {"%lanemask_lt", special::LANEMASK_LT},
                                                         {"%lanemask_le", special::LANEMASK_LE},
                                                         {"%lanemask_eq", special::LANEMASK_EQ}};
    auto of = known.find(name);
    if (of == known.end())
        return NOWHERE;
    auto found = specials.find(name);
    if (found != specials.end())
        return found->second;
    int reg = new_register(U32);
    k.specials.push_back(special_register{reg, of->second});
    return specials[name] = reg;
}

/* "12", "-3", "0x1F", "0f3F800000", "0d3FF0000000000000", or a variable's name. */
int decoder::constant_of(const std::string &text, size_t bytes) {
    uint64_t bits;
    auto symbol = symbols.find(text);
    char *end = nullptr;
    if (symbol != symbols.end()) {
        bits = symbol->second;
    } else if (text.size() > 2 && text[0] == '0' && strchr("fFdD", text[1])) {
        bits = strtoull(text.c_str() + 2, &end, 16);
        if (bytes != (strchr("fF", text[1]) ? 4u : 8u))
            fail("a constant of another type");
    } else {
        bits = text[0] == '-' ? (uint64_t)strtoll(text.c_str(), &end, 0) : strtoull(text.c_str(), &end, 0);
    }
    if (text.empty() || (end && (*end && *end != 'U')))
        fail("cannot read an operand");
    auto found = constants.find({bytes, bits});
    if (found != constants.end())
        return found->second;
    int reg = new_register(bytes == 2 ? B16 : bytes == 8 ? B64 : B32);
    k.constants.push_back(constant{reg, bits});
    return constants[{bytes, bits}] = reg;
}

/* bytes == 0: a register of any size, or a constant of 32 bits. */
int decoder::operand(const std::string &text, size_t bytes) {
    int reg = special_of(text);
    if (reg == NOWHERE)
        reg = find_register(text);
    if (reg == NOWHERE && text[0] == '%')
        fail("an unknown register");
    if (reg == NOWHERE)
        return constant_of(text, bytes ? bytes : 4);
    if (k.registers[(size_t)reg] == PRED || (bytes && width(reg) != bytes))
        fail("a register of another size");
    return reg;
}

int decoder::predicate(const std::string &text) {
    int reg = find_register(text);
    if (reg != NOWHERE && k.registers[(size_t)reg] == PRED)
        return reg;
    if (reg != NOWHERE || (text != "-1" && text != "0" && text != "1"))
        fail("no predicate");
    reg = constant_of(text == "0" ? "0" : "-1", 4);
    return reg;
}

void decoder::add_result(const std::string &text, size_t bytes) {
    if (i.results == MAX_RESULTS)
        unknown();
    int reg = text == "_" ? NOWHERE : find_register(text);
    if (text != "_" && (reg == NOWHERE || (bytes && width(reg) != bytes)))
        fail("no register of this size");
    i.to[i.results++] = reg;
}

void decoder::add_source(const std::string &text, size_t bytes) {
    if (i.sources == MAX_SOURCES)
        unknown();
    i.from[i.sources++] = operand(text, bytes);
}

/* "[%rd1+16]", "[name+8]", "[name]" or "[%r1]": the base is added to the sources, the offset returned. */
int64_t decoder::add_address(const std::string &text) {
    if (text.size() < 3 || text[0] != '[' || text.back() != ']')
        fail("no address");
    std::string base = without_ends(text);
    int64_t offset = 0;
    size_t sign = base.find('+', 1);
    if (sign != std::string::npos) {
        offset = strtoll(base.c_str() + sign + 1, nullptr, 0);
        base = trimmed(base.substr(0, sign));
    }
    add_source(base, 0);
    if (k.registers[(size_t)i.from[i.sources - 1]] != PRED && width(i.from[i.sources - 1]) < 4)
        fail("an address in a register that is too small");
    return offset;
}

list decoder::vector_of(const std::string &text) const {
    return text[0] == '{' ? split_by_commas(without_ends(text)) : list{text};
}
