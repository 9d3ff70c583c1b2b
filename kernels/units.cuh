/* units.cuh: a unit: N consecutive elements of a row, which one thread loads and stores with accesses of at most 16
 * bytes. In registers they are f32, for every storage type.
 *
 * N is 8 if possible: 16 bytes of bf16, and the eight decisions of one Philox call. N is 1 for matrices whose rows are
 * not whole units.
 */
#ifndef CAM_UNITS_CUH
#define CAM_UNITS_CUH

#include "device.cuh"

enum { CAM_UNIT = 8 };

/* A unit as loaded, so that data in flight takes no more registers than its bytes. */
template <typename T, int N> struct cam_unit {
    static constexpr int EACH = N * (int)sizeof(T) > 16 ? 16 / (int)sizeof(T) : N;
    cam_vec<T, EACH> part[N / EACH];
};
/* Two bf16 in a word; conversion to f32 is one shift or one mask. */
template <> struct cam_unit<cam_bf16, CAM_UNIT> { cam_vec<uint32_t, 4> words; };

template <int N, typename T> CAM_DEVICE cam_unit<T, N> cam_unit_load(const T *from) {
    cam_unit<T, N> u;
    if constexpr (sizeof(T) == 2 && N == CAM_UNIT) {
        u.words = cam_load(reinterpret_cast<const cam_vec<uint32_t, 4> *>(from));
    } else {
        typedef cam_vec<T, cam_unit<T, N>::EACH> part;
#pragma unroll
        for (int i = 0; i < N / cam_unit<T, N>::EACH; i++)
            u.part[i] = cam_load(reinterpret_cast<const part *>(from) + i);
    }
    return u;
}

template <typename T, int N> CAM_DEVICE void cam_unit_f32(float to[N], const cam_unit<T, N> &u) {
    if constexpr (sizeof(T) == 2 && N == CAM_UNIT) {
#pragma unroll
        for (int i = 0; i < N; i += 2) {
            to[i] = cam_bits_to_f32(u.words.at[i / 2] << 16);
            to[i + 1] = cam_bits_to_f32(u.words.at[i / 2] & 0xFFFF0000u);
        }
    } else {
#pragma unroll
        for (int i = 0; i < N; i++)
            to[i] = cam_to_f32(u.part[i / cam_unit<T, N>::EACH].at[i % cam_unit<T, N>::EACH]);
    }
}

/* Converts N floats to the storage type T. */
template <typename T, int N> CAM_DEVICE cam_unit<T, N> cam_unit_of(const float from[N]) {
    cam_unit<T, N> u;
    if constexpr (sizeof(T) == 2 && N == CAM_UNIT) {
#pragma unroll
        for (int i = 0; i < N; i += 2)
            u.words.at[i / 2] = cam_pack_bf16(from[i], from[i + 1]);
    } else {
#pragma unroll
        for (int i = 0; i < N; i++)
            cam_from_f32(&u.part[i / cam_unit<T, N>::EACH].at[i % cam_unit<T, N>::EACH], from[i]);
    }
    return u;
}

template <typename T, int N> CAM_DEVICE void cam_unit_store(T *to, const cam_unit<T, N> &u) {
    if constexpr (sizeof(T) == 2 && N == CAM_UNIT) {
        cam_store(reinterpret_cast<cam_vec<uint32_t, 4> *>(to), u.words);
    } else {
        typedef cam_vec<T, cam_unit<T, N>::EACH> part;
#pragma unroll
        for (int i = 0; i < N / cam_unit<T, N>::EACH; i++)
            cam_store(reinterpret_cast<part *>(to) + i, u.part[i]);
    }
}

/* Loads a unit and converts it to f32. */
template <int N, typename T> CAM_DEVICE void cam_unit_read(float to[N], const T *from) {
    cam_unit_f32<T, N>(to, cam_unit_load<N>(from));
}
template <int N, typename T> CAM_DEVICE void cam_unit_write(T *to, const float from[N]) {
    cam_unit_store<T, N>(to, cam_unit_of<T, N>(from));
}

template <int N> CAM_DEVICE void cam_unit_clear(float v[N]) {
#pragma unroll
    for (int i = 0; i < N; i++)
        v[i] = 0;
}

#endif
