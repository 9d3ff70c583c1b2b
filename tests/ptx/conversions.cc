/* conversions.cc: cvt, and instructions on the bits of a word. */
#include "lanewise.h"
#include <cmath>
#include <limits>

using namespace ptx;

namespace {

/* --- conversions -------------------------------------------------------------------------------------------------- */

template <typename D> struct truncated_to {
    template <typename S> static D of(S a) { return (D)a; }
};
/* To nearest even, a NaN to 0x7fff. */
uint16_t bf16_of(float x) {
    uint32_t u = bits(x);
    return (u & 0x7fffffffu) > 0x7f800000u ? 0x7fff : (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}
struct to_bf16 {
    static uint16_t of(float a) { return bf16_of(a); }
};
/* The first operand becomes the upper half. */
struct to_bf16_pair {
    static uint32_t of(float a, float b) { return (uint32_t)bf16_of(a) << 16 | bf16_of(b); }
};
struct from_bf16 {
    static float of(uint16_t a) { return of_bits<float>((uint32_t)a << 16); }
};
struct saturated {
    static float of(float a) { return a > 0 ? (a < 1 ? a : 1.0f) : 0.0f; } /* a NaN becomes 0 */
};
/* Out of range: the nearest integer there is; a NaN becomes 0. */
template <typename D> struct integer_near {
    template <typename S> static D of(S a) {
        const S least = (S)std::numeric_limits<D>::min(), most = (S)std::numeric_limits<D>::max();
        S r = std::nearbyint(a);
        return a != a       ? (D)0
               : r <= least ? std::numeric_limits<D>::min()
               : r >= most  ? std::numeric_limits<D>::max()
                            : (D)r;
    }
};
template <typename D> struct integer_toward_zero {
    template <typename S> static D of(S a) { return integer_near<D>::of(std::trunc(a)); }
};
template <typename D> struct integer_down {
    template <typename S> static D of(S a) { return integer_near<D>::of(std::floor(a)); }
};
struct unchanged {
    template <typename T> static T of(T a) { return a; }
};

/* The source register may be wider than the source type: its lowest bytes are the value. */
template <typename S> handler integer_to(type to) {
    switch (to) {
    case U16:
    case S16:
        return unary<uint16_t, S, truncated_to<uint16_t>>;
    case U32:
        return unary<uint32_t, S, truncated_to<uint32_t>>;
    case S32:
        return unary<int32_t, S, truncated_to<int32_t>>;
    case U64:
        return unary<uint64_t, S, truncated_to<uint64_t>>;
    case S64:
        return unary<int64_t, S, truncated_to<int64_t>>;
    default:
        return nullptr;
    }
}
template <typename S> handler integer_to_float(type to) {
    return to == F32   ? unary<float, S, truncated_to<float>>
           : to == F64 ? unary<double, S, truncated_to<double>>
                       : nullptr;
}
template <typename S> handler from_integer(type to, const list &between) {
    if (is_float(to))
        return between == list{"rn"} ? integer_to_float<S>(to) : nullptr;
    return between.empty() ? integer_to<S>(to) : nullptr;
}
template <typename S, typename D> handler float_to_integer(const list &between) {
    return between == list{"rni"}   ? unary<D, S, integer_near<D>>
           : between == list{"rzi"} ? unary<D, S, integer_toward_zero<D>>
           : between == list{"rmi"} ? unary<D, S, integer_down<D>>
                                    : nullptr;
}
template <typename S> handler from_float(type to, const list &between) {
    return to == S32   ? float_to_integer<S, int32_t>(between)
           : to == U32 ? float_to_integer<S, uint32_t>(between)
           : to == S64 ? float_to_integer<S, int64_t>(between)
                       : nullptr;
}

/* --- bits --------------------------------------------------------------------------------------------------------- */

/* bfi d, a, b, position, length: the lowest bits of a go into b. */
void insert_bits(warp &w, const instruction &i, uint32_t on) {
    const uint32_t *a = w.values<uint32_t>(i.from[0]), *b = w.values<uint32_t>(i.from[1]);
    const uint32_t *position = w.values<uint32_t>(i.from[2]), *length = w.values<uint32_t>(i.from[3]);
    uint32_t d[WARP];
    for (unsigned l = 0; l < WARP; l++) {
        uint32_t at = position[l] & 255, n = length[l] & 255;
        uint32_t low = n >= 32 ? ALL_LANES : (1u << n) - 1, mask = at >= 32 ? 0 : low << at;
        d[l] = (b[l] & ~mask) | ((at >= 32 ? 0 : a[l] << at) & mask);
    }
    put(w, i.to[0], d, on);
}
/* bfe.u32 d, a, position, length. */
void extract_bits(warp &w, const instruction &i, uint32_t on) {
    const uint32_t *a = w.values<uint32_t>(i.from[0]);
    const uint32_t *position = w.values<uint32_t>(i.from[1]), *length = w.values<uint32_t>(i.from[2]);
    uint32_t d[WARP];
    for (unsigned l = 0; l < WARP; l++) {
        uint32_t at = position[l] & 255, n = length[l] & 255;
        d[l] = (at >= 32 ? 0 : a[l] >> at) & (n >= 32 ? ALL_LANES : (1u << n) - 1);
    }
    put(w, i.to[0], d, on);
}
/* prmt: each nibble of c chooses one of the eight bytes of (b, a), or its sign. */
struct bytes_chosen {
    static uint32_t of(uint32_t a, uint32_t b, uint32_t c) {
        uint64_t all = (uint64_t)b << 32 | a;
        uint32_t d = 0;
        for (unsigned n = 0; n < 4; n++) {
            uint32_t choice = c >> (4 * n), byte = (uint32_t)(all >> (8 * (choice & 7))) & 255;
            if (choice & 8)
                byte = byte & 128 ? 255 : 0;
            d |= byte << (8 * n);
        }
        return d;
    }
};
struct funnel_left {
    static uint32_t of(uint32_t low, uint32_t high, uint32_t n) {
        return (uint32_t)(((uint64_t)high << 32 | low) << (n & 31) >> 32);
    }
};
struct funnel_right {
    static uint32_t of(uint32_t low, uint32_t high, uint32_t n) {
        return (uint32_t)(((uint64_t)high << 32 | low) >> (n & 31));
    }
};
struct ones {
    static uint32_t of(uint32_t a) { return (uint32_t)__builtin_popcount(a); }
};
struct leading_zeros {
    static uint32_t of(uint32_t a) { return a ? (uint32_t)__builtin_clz(a) : 32; }
};
struct reversed {
    static uint32_t of(uint32_t a) {
        uint32_t d = 0;
        for (int n = 0; n < 32; n++)
            d |= (a >> n & 1) << (31 - n);
        return d;
    }
};

} // namespace

handler ptx::bit_field_handler(const opcode &o) {
    const std::string &n = o.name();
    if (o.t != B32 && !(n == "bfe" && o.t == U32))
        return nullptr;
    if (o.plain())
        return n == "bfi"    ? insert_bits
               : n == "bfe"  ? extract_bits
               : n == "prmt" ? ternary<uint32_t, uint32_t, bytes_chosen>
               : n == "popc" ? unary<uint32_t, uint32_t, ones>
               : n == "clz"  ? unary<uint32_t, uint32_t, leading_zeros>
               : n == "brev" ? unary<uint32_t, uint32_t, reversed>
                             : nullptr;
    return n != "shf"                  ? nullptr
           : o.has_only({"l", "wrap"}) ? ternary<uint32_t, uint32_t, funnel_left>
           : o.has_only({"r", "wrap"}) ? ternary<uint32_t, uint32_t, funnel_right>
                                       : nullptr;
}

handler ptx::conversion_handler(const opcode &o) {
    const list &words = o.words;
    if (words.size() < 3)
        return nullptr;
    type to = type_of_word(words[words.size() - 2]), from = type_of_word(words.back());
    list between(words.begin() + 1, words.end() - 2);
    switch (from) {
    case U8:
        return from_integer<uint8_t>(to, between);
    case S8:
        return from_integer<int8_t>(to, between);
    case U16:
        return from_integer<uint16_t>(to, between);
    case S16:
        return from_integer<int16_t>(to, between);
    case U32:
        return from_integer<uint32_t>(to, between);
    case S32:
        return from_integer<int32_t>(to, between);
    case U64:
        return from_integer<uint64_t>(to, between);
    case S64:
        return from_integer<int64_t>(to, between);
    case BF16:
        return to == F32 && between.empty() ? unary<float, uint16_t, from_bf16> : nullptr;
    case F32:
        return to == F32      ? between == list{"sat"} ? unary<float, float, saturated> : nullptr
               : to == F64    ? between.empty() ? unary<double, float, unchanged> : nullptr
               : to == BF16   ? between == list{"rn"} ? unary<uint16_t, float, to_bf16> : nullptr
               : to == BF16X2 ? between == list{"rn"} ? binary<uint32_t, float, to_bf16_pair> : nullptr
                              : from_float<float>(to, between);
    case F64:
        return to == F32 ? between == list{"rn"} ? unary<float, double, truncated_to<float>> : nullptr
                         : from_float<double>(to, between);
    default:
        return nullptr;
    }
}
