/* quotes.c: see quotes.h. */
#include "quotes.h"
#include <string.h>

const cam_quote_pair *cam_quote_pair_of(const char *first, size_t first_length, const char *last, size_t last_length) {
    static const cam_quote_pair pairs[] = {
        {"'", "'"},           {"`", "`"},           {"\u2018", "\u2019"}, {"\u2019", "\u2019"},
        {"\u201C", "\u201D"}, {"\u201E", "\u201C"}, {"\u00AB", "\u00BB"}, {"=\"", "\""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        size_t open = strlen(pairs[i].open), close = strlen(pairs[i].close);
        if (first_length >= open && last_length >= close && memcmp(first, pairs[i].open, open) == 0 &&
            memcmp(last + last_length - close, pairs[i].close, close) == 0)
            return &pairs[i];
    }
    return NULL;
}
