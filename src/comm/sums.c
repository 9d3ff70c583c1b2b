/* sums.c: see sums_internal.h. Sums are formed in blocks that stay in the first-level cache. */
#include "cam/bf16.h"
#include "cam/status.h"
#include "sums_internal.h"
#include <string.h>

enum { BLOCK = 1024 };

static void sum_f32(float *out, const void *const *terms, int count, int64_t begin, int64_t n) {
    float sum[BLOCK];
    memcpy(sum, (const float *)terms[0] + begin, (size_t)n * sizeof *sum);
    for (int t = 1; t < count; t++) {
        const float *term = (const float *)terms[t] + begin;
        for (int64_t i = 0; i < n; i++)
            sum[i] += term[i];
    }
    memcpy(out + begin, sum, (size_t)n * sizeof *sum);
}

static void sum_f64(double *out, const void *const *terms, int count, int64_t begin, int64_t n) {
    double sum[BLOCK];
    memcpy(sum, (const double *)terms[0] + begin, (size_t)n * sizeof *sum);
    for (int t = 1; t < count; t++) {
        const double *term = (const double *)terms[t] + begin;
        for (int64_t i = 0; i < n; i++)
            sum[i] += term[i];
    }
    memcpy(out + begin, sum, (size_t)n * sizeof *sum);
}

static void sum_bf16(uint16_t *out, const void *const *terms, int count, int64_t begin, int64_t n) {
    float sum[BLOCK];
    for (int64_t i = 0; i < n; i++)
        sum[i] = cam_f32_of_bf16(((const uint16_t *)terms[0])[begin + i]);
    for (int t = 1; t < count; t++) {
        const uint16_t *term = (const uint16_t *)terms[t] + begin;
        for (int64_t i = 0; i < n; i++)
            sum[i] += cam_f32_of_bf16(term[i]);
    }
    for (int64_t i = 0; i < n; i++)
        out[begin + i] = cam_bf16_of_f32(sum[i]);
}

void cam_sum_terms(cam_dtype dtype, void *out, const void *const *terms, int count, int64_t elements) {
    CAM_ASSERT(dtype == CAM_F32 || dtype == CAM_F64 || dtype == CAM_BF16);
    for (int64_t begin = 0; begin < elements; begin += BLOCK) {
        int64_t n = elements - begin < BLOCK ? elements - begin : BLOCK;
        if (dtype == CAM_F32)
            sum_f32(out, terms, count, begin, n);
        else if (dtype == CAM_F64)
            sum_f64(out, terms, count, begin, n);
        else
            sum_bf16(out, terms, count, begin, n);
    }
}
