/* arithmetic.cc: instructions that compute with registers only. A handler computes all 32 lanes and keeps those that are
 * on. Integer sums are unsigned, which wraps as PTX does.
 *
 * Each function knows its words; a word that it does not know (a rounding, .sat) makes the instruction unknown.
 */
#include "lanewise.h"
#include <cmath>
#include <type_traits>

using namespace ptx;

namespace {

/* --- loops over lanes --------------------------------------------------------------------------------------------- */

template <typename T> void shift_left(warp &w, const instruction &i, uint32_t on) {
    const T *a = w.values<T>(i.from[0]);
    const uint32_t *n = w.values<uint32_t>(i.from[1]);
    T d[WARP];
    for (unsigned l = 0; l < WARP; l++)
        d[l] = n[l] >= 8 * sizeof(T) ? (T)0 : (T)(a[l] << n[l]);
    put(w, i.to[0], d, on);
}
template <typename T> void shift_right(warp &w, const instruction &i, uint32_t on) {
    const T *a = w.values<T>(i.from[0]);
    const uint32_t *n = w.values<uint32_t>(i.from[1]);
    const uint32_t last = 8 * sizeof(T) - 1;
    T d[WARP];
    for (unsigned l = 0; l < WARP; l++)
        d[l] = n[l] <= last ? (T)(a[l] >> n[l]) : std::is_signed<T>::value ? (T)(a[l] >> last) : (T)0;
    put(w, i.to[0], d, on);
}
template <typename T, typename OP> void compare(warp &w, const instruction &i, uint32_t on) {
    const T *a = w.values<T>(i.from[0]), *b = w.values<T>(i.from[1]);
    uint32_t bits = 0;
    for (unsigned l = 0; l < WARP; l++)
        bits |= (uint32_t)OP::of(a[l], b[l]) << l;
    uint32_t &to = w.predicate(i.to[0]);
    to = (to & ~on) | (bits & on);
}
template <typename T> void select(warp &w, const instruction &i, uint32_t on) {
    const T *a = w.values<T>(i.from[0]), *b = w.values<T>(i.from[1]);
    uint32_t p = w.predicate(i.from[2]);
    T d[WARP];
    for (unsigned l = 0; l < WARP; l++)
        d[l] = p >> l & 1 ? a[l] : b[l];
    put(w, i.to[0], d, on);
}
template <typename OP> void predicates(warp &w, const instruction &i, uint32_t on) {
    uint32_t a = w.predicate(i.from[0]), b = i.sources > 1 ? w.predicate(i.from[1]) : 0, &to = w.predicate(i.to[0]);
    to = (to & ~on) | (OP::of(a, b) & on);
}

/* --- what a lane computes ----------------------------------------------------------------------------------------- */

/* A sum of 16 bits is made in 32 bits, without a signed overflow. */
template <typename T> struct widened { typedef T type; };
template <> struct widened<uint16_t> { typedef uint32_t type; };

#define OPERATION(name, parameters, value)                                                                             \
    struct name {                                                                                                      \
        template <typename T> static auto of parameters { return value; }                                              \
    }
OPERATION(sum, (T a, T b), (T)((typename widened<T>::type)a + b));
OPERATION(difference, (T a, T b), (T)((typename widened<T>::type)a - b));
OPERATION(product, (T a, T b), (T)((typename widened<T>::type)a *b));
OPERATION(negative, (T a), (T)(0 - (typename widened<T>::type)a));
OPERATION(flipped, (T a), (T)~a);
OPERATION(same, (T a), a);
OPERATION(both, (T a, T b), (T)(a &b));
OPERATION(either, (T a, T b), (T)(a | b));
OPERATION(one_of, (T a, T b), (T)(a ^ b));
OPERATION(product_sum, (T a, T b, T c), (T)((typename widened<T>::type)a *b + c));
OPERATION(smaller, (T a, T b), a < b ? a : b);
OPERATION(larger, (T a, T b), a > b ? a : b);
OPERATION(magnitude, (T a), (T)(a < 0 ? 0 - (std::make_unsigned_t<T>)a : (std::make_unsigned_t<T>)a));
OPERATION(is_equal, (T a, T b), a == b);
OPERATION(is_not_equal, (T a, T b), a != b);
OPERATION(is_less, (T a, T b), a < b);
OPERATION(is_at_most, (T a, T b), a <= b);
OPERATION(is_greater, (T a, T b), a > b);
OPERATION(is_at_least, (T a, T b), a >= b);
OPERATION(is_less_or_nan, (T a, T b), !(a >= b));
OPERATION(is_at_most_or_nan, (T a, T b), !(a > b));
OPERATION(is_greater_or_nan, (T a, T b), !(a <= b));
OPERATION(is_at_least_or_nan, (T a, T b), !(a < b));
OPERATION(is_equal_or_nan, (T a, T b), !(a < b || a > b));
OPERATION(is_not_equal_or_nan, (T a, T b), a != b); /* C's != is PTX's neu */
OPERATION(is_ordered_not_equal, (T a, T b), a<b || a> b);
OPERATION(is_a_nan, (T a, T b), a != a || b != b);
OPERATION(is_no_nan, (T a, T b), a == a && b == b);
#undef OPERATION

/* Division by zero: PTX leaves the quotient open; hardware gives all ones. */
struct quotient {
    template <typename T> static T of(T a, T b) {
        if (b == 0)
            return (T)-1;
        return std::is_signed<T>::value && b == (T)-1 ? (T)(0 - (std::make_unsigned_t<T>)a) : (T)(a / b);
    }
};
struct remainder_of {
    template <typename T> static T of(T a, T b) {
        if (b == 0)
            return a;
        return std::is_signed<T>::value && b == (T)-1 ? (T)0 : (T)(a % b);
    }
};
struct wide_product {
    static uint32_t of(uint16_t a, uint16_t b) { return (uint32_t)a * b; }
    static int32_t of(int16_t a, int16_t b) { return (int32_t)a * b; }
    static uint64_t of(uint32_t a, uint32_t b) { return (uint64_t)a * b; }
    static int64_t of(int32_t a, int32_t b) { return (int64_t)a * b; }
};
struct wide_product_sum {
    static uint64_t of(uint32_t a, uint32_t b, uint64_t c) { return (uint64_t)a * b + c; }
    static int64_t of(int32_t a, int32_t b, int64_t c) { return (int64_t)((uint64_t)((int64_t)a * b) + (uint64_t)c); }
};
struct high_product {
    static uint32_t of(uint32_t a, uint32_t b) { return (uint32_t)((uint64_t)a * b >> 32); }
    static int32_t of(int32_t a, int32_t b) { return (int32_t)((int64_t)a * b >> 32); }
    static uint64_t of(uint64_t a, uint64_t b) { return (uint64_t)((unsigned __int128)a * b >> 64); }
    static int64_t of(int64_t a, int64_t b) { return (int64_t)((__int128)a * b >> 64); }
};

/* Floats. NaN results are PTX's canonical NaN, 0x7fffffff, where the host's differ in sign or payload: no test may
 * depend on these bits. */
template <typename T>
constexpr typename bits_of_float<T>::type SIGN = (typename bits_of_float<T>::type)1 << (8 * sizeof(T) - 1);

struct float_sum {
    template <typename T> static T of(T a, T b) { return a + b; }
};
struct float_difference {
    template <typename T> static T of(T a, T b) { return a - b; }
};
struct float_product {
    template <typename T> static T of(T a, T b) { return a * b; }
};
struct float_quotient {
    template <typename T> static T of(T a, T b) { return a / b; }
};
struct float_negative {
    template <typename T> static T of(T a) { return of_bits<T>(bits(a) ^ SIGN<T>); }
};
struct float_magnitude {
    template <typename T> static T of(T a) { return of_bits<T>(bits(a) & ~SIGN<T>); }
};
struct float_root {
    template <typename T> static T of(T a) { return std::sqrt(a); }
};
struct reciprocal {
    template <typename T> static T of(T a) { return 1 / a; }
};
/* copysign d, a, b: the sign of a, the magnitude of b. */
struct sign_copied {
    template <typename T> static T of(T a, T b) { return of_bits<T>((bits(b) & ~SIGN<T>) | (bits(a) & SIGN<T>)); }
};
/* A NaN loses against a number, and -0 is less than +0. */
struct float_smaller {
    template <typename T> static T of(T a, T b) {
        return a != a ? b : b != b ? a : a == b ? (std::signbit(a) ? a : b) : a < b ? a : b;
    }
};
struct float_larger {
    template <typename T> static T of(T a, T b) {
        return a != a ? b : b != b ? a : a == b ? (std::signbit(a) ? b : a) : a > b ? a : b;
    }
};
struct fused {
    template <typename T> static T of(T a, T b, T c) { return std::fma(a, b, c); }
};
/* Rounded towards minus infinity: the product of two floats is exact in double, and so is the error of its sum. */
struct fused_down {
    static float of(float a, float b, float c) {
        float near = std::fma(a, b, c);
        double p = (double)a * b, s = p + c, part = s - p, error = (p - (s - part)) + (c - part);
        return (double)near > s || ((double)near == s && error < 0) ? std::nextafterf(near, -INFINITY) : near;
    }
};
float flushed(float x) {
    return std::fabs(x) < 1.17549435e-38f ? std::copysign(0.0f, x) : x;
}
struct exp2_near {
    static float of(float a) { return approximated(std::exp2(a), a, 2); }
};
struct exp2_flushed {
    static float of(float a) { return flushed(approximated(std::exp2(flushed(a)), a, 2)); }
};
struct log2_near {
    static float of(float a) { return approximated(std::log2(a), a, 1); }
};
struct reciprocal_near {
    static float of(float a) { return approximated(1 / a, a, 1); }
};
struct reciprocal_flushed {
    static float of(float a) { return flushed(approximated(1 / flushed(a), a, 1)); }
};
struct reciprocal_root_near {
    static float of(float a) { return approximated(1 / std::sqrt(a), a, 2); }
};
struct tanh_near {
    static float of(float a) { return std::tanh(a); }
};

/* --- from types to handlers --------------------------------------------------------------------------------------- */

template <typename OP> handler unary_bits(type t) {
    return is_float(t)        ? nullptr
           : bytes_of(t) == 2 ? unary<uint16_t, uint16_t, OP>
           : bytes_of(t) == 4 ? unary<uint32_t, uint32_t, OP>
           : bytes_of(t) == 8 ? unary<uint64_t, uint64_t, OP>
                              : nullptr;
}
template <typename OP> handler binary_bits(type t) {
    return is_float(t)        ? nullptr
           : bytes_of(t) == 2 ? binary<uint16_t, uint16_t, OP>
           : bytes_of(t) == 4 ? binary<uint32_t, uint32_t, OP>
           : bytes_of(t) == 8 ? binary<uint64_t, uint64_t, OP>
                              : nullptr;
}
template <typename OP> handler ternary_bits(type t) {
    return is_float(t)        ? nullptr
           : bytes_of(t) == 2 ? ternary<uint16_t, uint16_t, OP>
           : bytes_of(t) == 4 ? ternary<uint32_t, uint32_t, OP>
           : bytes_of(t) == 8 ? ternary<uint64_t, uint64_t, OP>
                              : nullptr;
}
template <typename OP> handler unary_floats(type t) {
    return t == F32 ? unary<float, float, OP> : t == F64 ? unary<double, double, OP> : nullptr;
}
template <typename OP> handler binary_floats(type t) {
    return t == F32 ? binary<float, float, OP> : t == F64 ? binary<double, double, OP> : nullptr;
}
/* Where the sign matters. */
template <typename OP> handler binary_signs(type t) {
    switch (t) {
    case U16:
        return binary<uint16_t, uint16_t, OP>;
    case S16:
        return binary<int16_t, int16_t, OP>;
    case U32:
        return binary<uint32_t, uint32_t, OP>;
    case S32:
        return binary<int32_t, int32_t, OP>;
    case U64:
        return binary<uint64_t, uint64_t, OP>;
    case S64:
        return binary<int64_t, int64_t, OP>;
    default:
        return nullptr;
    }
}
template <typename OP> handler compared_integers(type t) {
    switch (t) {
    case B16:
    case U16:
        return compare<uint16_t, OP>;
    case S16:
        return compare<int16_t, OP>;
    case B32:
    case U32:
        return compare<uint32_t, OP>;
    case S32:
        return compare<int32_t, OP>;
    case B64:
    case U64:
        return compare<uint64_t, OP>;
    case S64:
        return compare<int64_t, OP>;
    default:
        return nullptr;
    }
}
template <typename OP> handler compared_floats(type t) {
    return t == F32 ? compare<float, OP> : t == F64 ? compare<double, OP> : nullptr;
}

handler sums(const opcode &o) {
    if (o.name() == "add")
        return is_float(o.t) ? o.nearest() ? binary_floats<float_sum>(o.t) : nullptr
               : o.plain()   ? binary_bits<sum>(o.t)
                             : nullptr;
    return is_float(o.t) ? o.nearest() ? binary_floats<float_difference>(o.t) : nullptr
           : o.plain()   ? binary_bits<difference>(o.t)
                         : nullptr;
}

handler products(const opcode &o) {
    if (is_float(o.t))
        return o.nearest() ? binary_floats<float_product>(o.t) : nullptr;
    if (o.has_only({"lo"}))
        return binary_bits<product>(o.t);
    if (o.has_only({"wide"}))
        return o.t == U16   ? binary<uint32_t, uint16_t, wide_product>
               : o.t == S16 ? binary<int32_t, int16_t, wide_product>
               : o.t == U32 ? binary<uint64_t, uint32_t, wide_product>
               : o.t == S32 ? binary<int64_t, int32_t, wide_product>
                            : nullptr;
    if (o.has_only({"hi"}))
        return o.t == U32   ? binary<uint32_t, uint32_t, high_product>
               : o.t == S32 ? binary<int32_t, int32_t, high_product>
               : o.t == U64 ? binary<uint64_t, uint64_t, high_product>
               : o.t == S64 ? binary<int64_t, int64_t, high_product>
                            : nullptr;
    return nullptr;
}

/* Eight lanes in one instruction, where the processor has it. The result is the same. */
#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) void fused_by_vectors(warp &w, const instruction &i, uint32_t on) {
    const float *a = w.values<float>(i.from[0]), *b = w.values<float>(i.from[1]), *c = w.values<float>(i.from[2]);
    float d[WARP];
    for (unsigned l = 0; l < WARP; l++)
        d[l] = __builtin_fmaf(a[l], b[l], c[l]);
    put(w, i.to[0], d, on);
}
handler fused_handler(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? fused_by_vectors
                                                                           : ternary<float, float, fused>;
}
#else
handler fused_handler(void) {
    return ternary<float, float, fused>;
}
#endif

handler product_sums(const opcode &o) {
    if (o.name() == "mad")
        return o.has_only({"lo"})                   ? ternary_bits<product_sum>(o.t)
               : o.has_only({"wide"}) && o.t == U32 ? ternary<uint64_t, uint32_t, wide_product_sum>
               : o.has_only({"wide"}) && o.t == S32 ? ternary<int64_t, int32_t, wide_product_sum>
                                                    : nullptr;
    if (o.has_only({"rm"}))
        return o.t == F32 ? ternary<float, float, fused_down> : nullptr;
    if (!o.has_only({"rn"}))
        return nullptr;
    return o.t == F32 ? fused_handler() : o.t == F64 ? ternary<double, double, fused> : nullptr;
}

handler quotients(const opcode &o) {
    if (is_float(o.t))
        return o.has_only({"rn"}) && o.name() == "div" ? binary_floats<float_quotient>(o.t) : nullptr;
    if (!o.plain())
        return nullptr;
    return o.name() == "div" ? binary_signs<quotient>(o.t) : binary_signs<remainder_of>(o.t);
}

handler extremes(const opcode &o) {
    if (!o.plain())
        return nullptr;
    if (o.name() == "min")
        return is_float(o.t) ? binary_floats<float_smaller>(o.t) : binary_signs<smaller>(o.t);
    return is_float(o.t) ? binary_floats<float_larger>(o.t) : binary_signs<larger>(o.t);
}

handler logic(const opcode &o) {
    const std::string &n = o.name();
    if (!o.plain())
        return nullptr;
    if (o.t == PRED)
        return n == "and"   ? predicates<both>
               : n == "or"  ? predicates<either>
               : n == "xor" ? predicates<one_of>
                            : nullptr;
    if (o.t != B16 && o.t != B32 && o.t != B64)
        return nullptr;
    return n == "and" ? binary_bits<both>(o.t) : n == "or" ? binary_bits<either>(o.t) : binary_bits<one_of>(o.t);
}

struct not_first {
    static uint32_t of(uint32_t a, uint32_t) { return ~a; }
};
struct first {
    static uint32_t of(uint32_t a, uint32_t) { return a; }
};

handler signs(const opcode &o) {
    const std::string &n = o.name();
    if (!o.plain())
        return nullptr;
    if (n == "not")
        return o.t == PRED ? predicates<not_first> : unary_bits<flipped>(o.t);
    if (n == "neg")
        return is_float(o.t) ? unary_floats<float_negative>(o.t) : is_signed(o.t) ? unary_bits<negative>(o.t) : nullptr;
    return is_float(o.t) ? unary_floats<float_magnitude>(o.t)
           : o.t == S32  ? unary<int32_t, int32_t, magnitude>
           : o.t == S64  ? unary<int64_t, int64_t, magnitude>
                         : nullptr;
}

handler shifts(const opcode &o) {
    if (!o.plain())
        return nullptr;
    if (o.name() == "shl")
        return o.t == B16   ? shift_left<uint16_t>
               : o.t == B32 ? shift_left<uint32_t>
               : o.t == B64 ? shift_left<uint64_t>
                            : nullptr;
    switch (o.t) {
    case B16:
    case U16:
        return shift_right<uint16_t>;
    case S16:
        return shift_right<int16_t>;
    case B32:
    case U32:
        return shift_right<uint32_t>;
    case S32:
        return shift_right<int32_t>;
    case B64:
    case U64:
        return shift_right<uint64_t>;
    case S64:
        return shift_right<int64_t>;
    default:
        return nullptr;
    }
}

handler moves(const opcode &o) {
    return !o.plain()           ? nullptr
           : o.t == PRED        ? predicates<first>
           : bytes_of(o.t) == 2 ? unary<uint16_t, uint16_t, same>
           : bytes_of(o.t) == 4 ? unary<uint32_t, uint32_t, same>
           : bytes_of(o.t) == 8 ? unary<uint64_t, uint64_t, same>
                                : nullptr;
}

handler selections(const opcode &o) {
    return !o.plain() || o.t == PRED ? nullptr
           : bytes_of(o.t) == 2      ? select<uint16_t>
           : bytes_of(o.t) == 4      ? select<uint32_t>
           : bytes_of(o.t) == 8      ? select<uint64_t>
                                     : nullptr;
}

handler comparisons(const opcode &o) {
    if (o.words.size() != 3)
        return nullptr;
    const std::string &c = o.words[1];
    bool f = is_float(o.t);
    if (!f && (o.t == B16 || o.t == B32 || o.t == B64) && c != "eq" && c != "ne")
        return nullptr;
    if (c == "eq")
        return f ? compared_floats<is_equal>(o.t) : compared_integers<is_equal>(o.t);
    if (c == "ne")
        return f ? compared_floats<is_ordered_not_equal>(o.t) : compared_integers<is_not_equal>(o.t);
    if (c == "lt" || (c == "lo" && !f))
        return f ? compared_floats<is_less>(o.t) : compared_integers<is_less>(o.t);
    if (c == "le" || (c == "ls" && !f))
        return f ? compared_floats<is_at_most>(o.t) : compared_integers<is_at_most>(o.t);
    if (c == "gt" || (c == "hi" && !f))
        return f ? compared_floats<is_greater>(o.t) : compared_integers<is_greater>(o.t);
    if (c == "ge" || (c == "hs" && !f))
        return f ? compared_floats<is_at_least>(o.t) : compared_integers<is_at_least>(o.t);
    return c == "equ"   ? compared_floats<is_equal_or_nan>(o.t)
           : c == "neu" ? compared_floats<is_not_equal_or_nan>(o.t)
           : c == "ltu" ? compared_floats<is_less_or_nan>(o.t)
           : c == "leu" ? compared_floats<is_at_most_or_nan>(o.t)
           : c == "gtu" ? compared_floats<is_greater_or_nan>(o.t)
           : c == "geu" ? compared_floats<is_at_least_or_nan>(o.t)
           : c == "nan" ? compared_floats<is_a_nan>(o.t)
           : c == "num" ? compared_floats<is_no_nan>(o.t)
                        : nullptr;
}

handler functions(const opcode &o) {
    const std::string &n = o.name();
    if (n == "sqrt")
        return o.has_only({"rn"}) ? unary_floats<float_root>(o.t) : nullptr;
    if (n == "rcp" && o.has_only({"rn"}))
        return unary_floats<reciprocal>(o.t);
    if (o.t != F32)
        return nullptr;
    if (o.has_only({"approx", "ftz"}))
        return n == "ex2"   ? unary<float, float, exp2_flushed>
               : n == "rcp" ? unary<float, float, reciprocal_flushed>
                            : nullptr;
    if (!o.has_only({"approx"}))
        return nullptr;
    return n == "ex2"     ? unary<float, float, exp2_near>
           : n == "lg2"   ? unary<float, float, log2_near>
           : n == "rcp"   ? unary<float, float, reciprocal_near>
           : n == "rsqrt" ? unary<float, float, reciprocal_root_near>
           : n == "tanh"  ? unary<float, float, tanh_near>
                          : nullptr;
}

} // namespace

handler ptx::arithmetic_handler(const std::vector<std::string> &words) {
    static const std::map<std::string, handler (*)(const opcode &)> table = {{"add", sums},
                                                                             {"sub", sums},
                                                                             {"mul", products},
                                                                             {"mad", product_sums},
                                                                             {"fma", product_sums},
                                                                             {"div", quotients},
                                                                             {"rem", quotients},
                                                                             {"min", extremes},
                                                                             {"max", extremes},
                                                                             {"and", logic},
                                                                             {"or", logic},
                                                                             {"xor", logic},
                                                                             {"not", signs},
                                                                             {"neg", signs},
                                                                             {"abs", signs},
                                                                             {"shl", shifts},
                                                                             {"shr", shifts},
                                                                             {"mov", moves},
                                                                             {"selp", selections},
                                                                             {"setp", comparisons},
                                                                             {"sqrt", functions},
                                                                             {"rcp", functions},
                                                                             {"ex2", functions},
                                                                             {"lg2", functions},
                                                                             {"rsqrt", functions},
                                                                             {"tanh", functions},
                                                                             {"bfi", bit_field_handler},
                                                                             {"bfe", bit_field_handler},
                                                                             {"prmt", bit_field_handler},
                                                                             {"popc", bit_field_handler},
                                                                             {"clz", bit_field_handler},
                                                                             {"brev", bit_field_handler},
                                                                             {"shf", bit_field_handler}};
    opcode o{words, type_of_word(words.back())};
    if (words[0] == "cvt")
        return conversion_handler(o);
    if (words[0] == "copysign")
        return o.plain() ? binary_floats<sign_copied>(o.t) : nullptr;
    auto found = table.find(words[0]);
    return found == table.end() || o.t == NO_TYPE ? nullptr : found->second(o);
}
