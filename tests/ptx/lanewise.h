/* lanewise.h: loops over the lanes of a warp. A handler computes all 32 lanes and keeps those that are on. */
#ifndef PTX_LANEWISE_H
#define PTX_LANEWISE_H

#include "decoder.h"

namespace ptx {

template <typename D, typename S, typename OP> void unary(warp &w, const instruction &i, uint32_t on) {
    const S *a = w.values<S>(i.from[0]);
    D d[WARP];
    for (unsigned l = 0; l < WARP; l++)
        d[l] = OP::of(a[l]);
    put(w, i.to[0], d, on);
}
template <typename D, typename S, typename OP> void binary(warp &w, const instruction &i, uint32_t on) {
    const S *a = w.values<S>(i.from[0]), *b = w.values<S>(i.from[1]);
    D d[WARP];
    for (unsigned l = 0; l < WARP; l++)
        d[l] = OP::of(a[l], b[l]);
    put(w, i.to[0], d, on);
}
template <typename D, typename S, typename OP> void ternary(warp &w, const instruction &i, uint32_t on) {
    const S *a = w.values<S>(i.from[0]), *b = w.values<S>(i.from[1]);
    const D *c = w.values<D>(i.from[2]);
    D d[WARP];
    for (unsigned l = 0; l < WARP; l++)
        d[l] = OP::of(a[l], b[l], c[l]);
    put(w, i.to[0], d, on);
}

/* Bits of a float as an unsigned integer, and back. */
template <typename T> struct bits_of_float { typedef uint32_t type; };
template <> struct bits_of_float<double> { typedef uint64_t type; };
template <typename T> typename bits_of_float<T>::type bits(T x) {
    typename bits_of_float<T>::type u;
    memcpy(&u, &x, sizeof u);
    return u;
}
template <typename T> T of_bits(typename bits_of_float<T>::type u) {
    T x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* "add.rn.ftz.f32": its name, the words between, its type. */
struct opcode {
    const list &words;
    type t;
    const std::string &name(void) const { return words[0]; }
    /* Whether the words between are exactly these. */
    bool has_only(const list &expected) const {
        return words.size() >= 2 && list(words.begin() + 1, words.end() - 1) == expected;
    }
    bool plain(void) const { return has_only({}); }
    bool nearest(void) const { return has_only({}) || has_only({"rn"}); }
};

/* Null: there is no such instruction. */
handler bit_field_handler(const opcode &o);  /* bfi, bfe, prmt, shf, popc, clz, brev */
handler conversion_handler(const opcode &o); /* cvt */

} // namespace ptx

#endif
