/* dropout_reference.h: dropout decisions for the formulas: a second implementation of the description at the head of
 * cam/philox.h, without its code. It is checked with the known answers published with Random123.
 */
#ifndef CAM_TESTS_OPS_DROPOUT_REFERENCE_H
#define CAM_TESTS_OPS_DROPOUT_REFERENCE_H

#include <stdint.h>

typedef struct dropout_site {
    uint64_t seed;
    uint32_t step, site, threshold;
} dropout_site;

void reference_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Is feature number i * H + h of data row `row` dropped? */
int reference_drops_feature(const dropout_site *m, uint32_t row, uint64_t feature);
/* Is the probability of head `head` at (query, key) of data row `row` dropped? */
int reference_drops_probability(const dropout_site *m, uint32_t row, uint32_t head, uint32_t query, uint32_t key);

#endif
