/* A precompiled character map, and behind a 0xFF 0xFF a text to apply it to. */
#include "charsmap_internal.h"
#include "fuzz.h"

void fuzz_one(const uint8_t *data, size_t size) {
    cam_charsmap map;
    cam_strbuf out = CAM_STRBUF_INIT;
    const uint8_t *mark = size ? memmem(data, size, "\xFF\xFF", 2) : NULL;
    size_t bytes = mark ? (size_t)(mark - data) : size;
    char *blob = malloc(bytes + 1);
    FUZZ_CHECK(blob);
    if (bytes)
        memcpy(blob, data, bytes);
    if (cam_charsmap_init(&map, blob, bytes) == CAM_OK) {
        enum { MOST = 1 << 14, REPLACEMENT = 1024 };
        if (mark)
            cam_charsmap_apply(&map, (const char *)mark + 2, size - bytes - 2, MOST, &out);
        cam_charsmap_apply(&map, "Où ﬁ e\u0301\r\n\u1100\u1161 x", 20, MOST, &out);
        FUZZ_CHECK(out.length <= MOST + 64 * REPLACEMENT);
        cam_charsmap_release(&map);
    }
    cam_strbuf_release(&out);
}
