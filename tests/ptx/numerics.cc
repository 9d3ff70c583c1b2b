/* numerics.cc: products of matrices and approximate functions: exact to f32, or as inexact as hardware may be.
 *
 * Hardware adds the products of eight columns at once: each is cut off below 2^-CAM_PTX_MMA_BITS (default 24) of the
 * largest of them and the accumulator, and the sum is cut to f32. Source: Fasi, Higham, Mikaitis, Pranesh 2021,
 * "Numerical behavior of NVIDIA tensor cores". Approximations are off by up to the ulp that the PTX ISA allows, in a
 * direction that depends on the argument.
 */
#include "warp.h"
#include <cmath>
#include <cstdlib>

using namespace ptx;

static bool hardware_numerics(void) {
    static const char *text = getenv("CAM_PTX_NUMERICS");
    static const bool is_hardware = text && strcmp(text, "hardware") == 0;
    return is_hardware;
}

static int kept_bits(void) {
    static const char *text = getenv("CAM_PTX_MMA_BITS");
    static const int kept = text && *text ? atoi(text) : 24;
    return kept;
}

float ptx::approximated(float result, float argument, int ulp) {
    uint32_t bits, u;
    if (!hardware_numerics() || !std::isnormal(result))
        return result;
    memcpy(&u, &argument, sizeof u);
    memcpy(&bits, &result, sizeof bits);
    bits += (uint32_t)((int)(u * 2654435761u >> 8) % (2 * ulp + 1) - ulp);
    memcpy(&result, &bits, sizeof result);
    return result;
}

static double cut(double x, double unit) {
    return std::trunc(x / unit) * unit;
}

/* The sum of eight products and c. */
static float truncated_sum(const float *a, const float b[][8], int column, float c) {
    double terms[9], largest = std::fabs((double)c), sum = 0;
    for (int k = 0; k < 8; k++) {
        terms[k] = (double)a[k] * b[k][column];
        largest = std::fmax(largest, std::fabs(terms[k]));
        sum += terms[k];
    }
    terms[8] = c;
    sum += c;
    if (!std::isfinite(sum) || largest == 0)
        return (float)sum;
    double unit = std::ldexp(1.0, std::ilogb(largest) + 1 - kept_bits());
    sum = 0;
    for (double term : terms)
        sum += cut(term, unit);
    return sum == 0 ? 0 : (float)cut(sum, std::ldexp(1.0, std::ilogb(sum) - 23));
}

void ptx::multiply_row(float c[8], const float a[16], const float b[16][8]) {
    if (hardware_numerics()) {
        for (int k = 0; k < 16; k += 8)
            for (int column = 0; column < 8; column++)
                c[column] = truncated_sum(a + k, b + k, column, c[column]);
        return;
    }
    for (int k = 0; k < 16; k++)
        for (int column = 0; column < 8; column++)
            c[column] += a[k] * b[k][column];
}
