/* paired.c: see paired.h. */
#include "paired.h"
#include "bootstrap_internal.h"
#include <math.h>

cam_status cam_paired_bootstrap(const cam_bootstrap_rows *first, const cam_bootstrap_rows *second,
                                const cam_bootstrap_options *options, cam_bootstrap_scores *differences) {
    return cam_bootstrap_run(first, second, options, differences);
}

/* Twice the lower tail of the binomial distribution with n trials of probability 1/2, summed from its largest term down.
 */
double cam_mcnemar_p(int64_t first_only, int64_t second_only) {
    int64_t n = first_only + second_only, least = first_only < second_only ? first_only : second_only;
    if (2 * least == n)
        return 1;
    double term =
        exp(lgamma((double)n + 1) - lgamma((double)least + 1) - lgamma((double)(n - least) + 1) - (double)n * log(2.0));
    double sum = 0;
    for (int64_t k = least; k >= 0 && term > 0; k--) {
        sum += term;
        term *= (double)k / (double)(n - k + 1);
    }
    return sum < 0.5 ? 2 * sum : 1;
}

cam_mcnemar cam_mcnemar_exact(int64_t rows, const int32_t *truth, const int32_t *first, const int32_t *second) {
    cam_mcnemar result = {0};
    for (int64_t i = 0; i < rows; i++) {
        int first_is_right = first[i] == truth[i], second_is_right = second[i] == truth[i];
        result.first_only += first_is_right && !second_is_right;
        result.second_only += second_is_right && !first_is_right;
    }
    result.p = cam_mcnemar_p(result.first_only, result.second_only);
    return result;
}
