/* A regular expression of a tokenizer file, and behind a 0xFF a text. A match lies in the text, and a search that began
 * there knows the same as one that came from before. */
#include "fuzz.h"
#include "pattern_internal.h"
#include "utf8.h"

void fuzz_one(const uint8_t *data, size_t size) {
    static cam_pattern pattern;
    static cam_pattern_search search, fresh;
    size_t length, bytes;
    char *expression = fuzz_take(&data, &size, &length);
    const char *text = size ? (const char *)data : "  été  x1 aaa\n", *end;
    bytes = size ? size : strlen(text);
    bytes = bytes < 200 ? bytes : 200;
    end = text + bytes;
    if (cam_pattern_compile(&pattern, expression)) {
        cam_pattern_search_begin(&search, &pattern, text, end);
        for (const char *at = text; at < end;) {
            uint32_t rune;
            size_t matched = cam_pattern_match(&search, at);
            cam_pattern_search_begin(&fresh, &pattern, text, end);
            FUZZ_CHECK(matched <= (size_t)(end - at) && matched == cam_pattern_match(&fresh, at));
            at += cam_utf8_next(at, end, &rune);
        }
    }
    free(expression);
}
