/* pairwise.c: see pairwise.h. */
#include "pairwise.h"

double cam_pairwise_sum(const double *values, size_t count) {
    if (count < 8) {
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += values[i];
        return sum;
    }
    if (count <= 128) {
        double part[8];
        size_t i = 8;
        for (size_t j = 0; j < 8; j++)
            part[j] = values[j];
        for (; i < count - count % 8; i += 8)
            for (size_t j = 0; j < 8; j++)
                part[j] += values[i + j];
        double sum = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
        for (; i < count; i++)
            sum += values[i];
        return sum;
    }
    size_t half = count / 2;
    half -= half % 8;
    return cam_pairwise_sum(values, half) + cam_pairwise_sum(values + half, count - half);
}
