/* map.h: the random map, written a second time from its description (cam/philox.h's head) for the formulas. It shares
 * no code with cam/philox.h, and is proved by the known answers published with Random123.
 */
#ifndef CAM_TESTS_OPS_MAP_H
#define CAM_TESTS_OPS_MAP_H

#include <stdint.h>

typedef struct map_site {
    uint64_t seed;
    uint32_t step, site, threshold;
} map_site;

void map_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Is feature number i * H + h of data row `row` dropped? */
int map_drops_feature(const map_site *m, uint32_t row, uint64_t feature);
/* Is the probability of head `head` at (query, key) of data row `row` dropped? */
int map_drops_probability(const map_site *m, uint32_t row, uint32_t head, uint32_t query, uint32_t key);

#endif
