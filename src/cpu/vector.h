/* vector.h: the vector of the instruction set at hand, and sums whose order is fixed.
 *
 * Where a loop is elementwise the operators write plain loops and leave the vectors to the compiler. This type is for
 * what must stay in registers (matrix products), and the lanes for sums, which a compiler may not reorder by itself.
 */
#ifndef CAM_CPU_VECTOR_H
#define CAM_CPU_VECTOR_H

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
/* The first n floats only, 0 < n <= CAM_VECTOR. */
CAM_ALWAYS_INLINE void cam_vector_store_part(float *p, cam_vector v, int64_t n) {
    memcpy(p, &v, (size_t)n * sizeof(float));
}
CAM_ALWAYS_INLINE cam_vector cam_vector_load_part(const float *p, int64_t n) {
    cam_vector v = {0};
    memcpy(&v, p, (size_t)n * sizeof(float));
    return v;
}
CAM_ALWAYS_INLINE int64_t cam_vector_pad(int64_t n) {
    return (n + CAM_VECTOR - 1) / CAM_VECTOR * CAM_VECTOR;
}

/* Sums run in CAM_LANES independent lanes, element i in lane i % CAM_LANES; the lanes are then added as a tree. */
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

/* for (i = 0; i < n; i++) s.lane[i % CAM_LANES] += term, written so that the lanes stay in registers. */
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
