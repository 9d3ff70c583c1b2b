/* corpus.tokens, the cache of tokenised texts. An input that begins with '+' gets the header, the identity and the hash that
 * make it whole, so that what lies behind them is reached, too.
 */
#include "fuzz.h"
#include "hash.h"
#include "text_cache_internal.h"
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 16, VOCABULARY = 100 };
static const uint64_t identity = 7;

static void seal(unsigned char *bytes, size_t size) {
    cam_text_cache_header header = {
        .magic = CAM_TEXT_CACHE_MAGIC, .version = CAM_TEXT_CACHE_VERSION, .one = 1, .identity = 7};
    cam_text_cache_end end;
    if (size < sizeof header + sizeof end)
        return;
    memcpy(bytes, &header, sizeof header);
    memcpy(&end, bytes + size - sizeof end, sizeof end);
    end.identity = identity;
    if (end.counts.tokens >= 0 && (size_t)end.counts.tokens <= (size - sizeof header) / sizeof(int32_t)) {
        int32_t *ids = (int32_t *)(void *)(bytes + sizeof header);
        end.ids_hash = cam_text_cache_hash(CAM_HASH_START, ids, (size_t)end.counts.tokens);
    }
    memcpy(bytes + size - sizeof end, &end, sizeof end);
}

void fuzz_one(const uint8_t *data, size_t size) {
    int is_sealed = size > 0 && data[0] == '+';
    data += is_sealed;
    size -= (size_t)is_sealed;
    unsigned char *bytes = malloc(size + 1); /* aligned as a mapping is */
    FUZZ_CHECK(bytes);
    memcpy(bytes, data, size);
    if (is_sealed)
        seal(bytes, size);
    cam_text_cache cache = {.map = {.bytes = bytes, .size = size}};
    if (cam_text_cache_find_parts(&cache, LONGEST, VOCABULARY, identity)) {
        const cam_token_rows *tokens = &cache.tokens;
        int64_t longest = 0, sum = 0;
        for (int64_t r = 0; r < tokens->rows; r++) {
            int64_t length = tokens->offsets[r + 1] - tokens->offsets[r];
            longest = length > longest ? length : longest;
            sum += (int64_t)(cache.of_text[r] & 1);
            for (int64_t t = tokens->offsets[r]; t < tokens->offsets[r + 1]; t++)
                FUZZ_CHECK(tokens->ids[t] >= 0 && tokens->ids[t] < VOCABULARY);
        }
        FUZZ_CHECK(longest <= LONGEST && sum <= tokens->rows && cache.counts.train_rows <= tokens->rows);
    }
    free(bytes);
}
