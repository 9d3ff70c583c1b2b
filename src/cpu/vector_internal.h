/* vector_internal.h: the vector type of the instruction set, and sums in a fixed order.
 *
 * Elementwise operators are plain loops, which the compiler vectorises. The vector type is for values that must stay in
 * registers (matrix products); cam_lanes is for sums, which a compiler may not reorder by itself.
 */
#ifndef CAM_VECTOR_INTERNAL_H
#define CAM_VECTOR_INTERNAL_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define CAM_VECTOR 16 /* floats */
#elif defined(__AVX2__)
#define CAM_VECTOR 8
#else
#define CAM_VECTOR 4
#endif

typedef float cam_vector __attribute__((vector_size(CAM_VECTOR * sizeof(float))));

#define CAM_ALWAYS_INLINE static inline __attribute__((always_inline))

CAM_ALWAYS_INLINE cam_vector cam_vector_load(const float *p) {
    cam_vector v;
    memcpy(&v, p, sizeof v);
    return v;
}
CAM_ALWAYS_INLINE void cam_vector_store(float *p, cam_vector v) {
    memcpy(p, &v, sizeof v);
}
CAM_ALWAYS_INLINE int64_t cam_vector_pad(int64_t n) {
    return (n + CAM_VECTOR - 1) / CAM_VECTOR * CAM_VECTOR;
}

typedef float cam_eight __attribute__((vector_size(32)));

/* to[i * stride + j] = from[j][i] for an 8 x 8 block; `from` has a pointer to each of its rows. */
CAM_ALWAYS_INLINE void cam_transpose_8x8(float *to, int64_t stride, const float *const from[8]) {
    cam_eight r[8], s[8];
    for (int i = 0; i < 8; i++)
        memcpy(&r[i], from[i], sizeof r[i]);
    for (int i = 0; i < 8; i += 2) {
        s[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        s[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            r[i + 2 * j] = __builtin_shufflevector(s[i + j], s[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            r[i + 2 * j + 1] = __builtin_shufflevector(s[i + j], s[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < 4; i++) {
        s[i] = __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        s[i + 4] = __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
    for (int i = 0; i < 8; i++)
        memcpy(to + i * stride, &s[i], sizeof s[i]);
}

/* A sum has CAM_LANES independent lanes, element i in lane i % CAM_LANES; the lanes are then added as a tree. */
enum { CAM_LANES = 32 };

typedef struct cam_lanes {
    float lane[CAM_LANES];
} cam_lanes;

CAM_ALWAYS_INLINE float cam_lanes_sum(cam_lanes *s) {
    for (int width = CAM_LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            s->lane[i] += s->lane[i + width];
    return s->lane[0];
}

/* for (i = 0; i < n; i++) s.lane[i % CAM_LANES] += term; written so that the lanes stay in registers. */
#define CAM_LANES_ADD(s, n, i, term)                                                                                   \
    do {                                                                                                               \
        int64_t lanes_whole = (n) / CAM_LANES * CAM_LANES;                                                             \
        for (int64_t lanes_at = 0; lanes_at < lanes_whole; lanes_at += CAM_LANES)                                      \
            for (int lane_at = 0; lane_at < CAM_LANES; lane_at++) {                                                    \
                int64_t i = lanes_at + lane_at;                                                                        \
                (s).lane[lane_at] += (term);                                                                           \
            }                                                                                                          \
        for (int64_t i = lanes_whole; i < (n); i++)                                                                    \
            (s).lane[i - lanes_whole] += (term);                                                                       \
    } while (0)

#endif
