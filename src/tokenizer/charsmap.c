/* charsmap.c: the precompiled character map of a SentencePiece model, such as nmt_nfkc.
 *
 * Layout: u32 size of the trie in bytes; the trie, as little-endian u32 units; the replacements, each ended by a NUL.
 * The file may be hostile: every index is checked before it is used.
 * Source: Darts-clone for the units; google/sentencepiece src/normalizer.cc. */
#include "charsmap_internal.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static uint32_t read_u32(const unsigned char *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t unit_offset(uint32_t unit) {
    return (unit >> 10) << ((unit & (1u << 9)) >> 6);
}

/* The replacement of the shortest key that `text` begins with; NULL where there is none. */
static const char *lookup(const cam_charsmap *map, const char *text, size_t length, size_t *replacement_length) {
    uint32_t position = unit_offset(read_u32(map->units));
    for (size_t i = 0; i < length && text[i] != '\0'; i++) {
        unsigned char c = (unsigned char)text[i];
        position ^= c;
        if (position >= map->unit_count)
            return NULL;
        uint32_t unit = read_u32(map->units + 4 * (size_t)position);
        if ((unit & (1u << 31 | 0xFF)) != c)
            return NULL;
        position ^= unit_offset(unit);
        if (!(unit >> 8 & 1))
            continue;
        if (position >= map->unit_count)
            return NULL;
        uint32_t value = read_u32(map->units + 4 * (size_t)position) & ~(1u << 31);
        if (value >= map->replacement_bytes)
            return NULL;
        *replacement_length = strnlen(map->replacements + value, map->replacement_bytes - value);
        return map->replacements + value;
    }
    return NULL;
}

/* Unicode's longest replacement has 33 bytes. */
enum { REPLACEMENT_MAX = 1024 };

static int has_long_replacement(const cam_charsmap *map) {
    const char *at = map->replacements, *end = at + map->replacement_bytes;
    while (at < end) {
        size_t length = strnlen(at, (size_t)(end - at));
        if (length > REPLACEMENT_MAX)
            return 1;
        at += length + 1;
    }
    return 0;
}

cam_status cam_charsmap_init(cam_charsmap *map, char *blob, size_t bytes) {
    *map = (cam_charsmap){.blob = blob};
    size_t trie_bytes = bytes >= 4 ? read_u32((const unsigned char *)blob) : 0;
    if (bytes < 8 || trie_bytes < 4 || trie_bytes % 4 != 0 || trie_bytes > bytes - 4) {
        cam_charsmap_release(map);
        return cam_fail(CAM_E_MODEL, "the precompiled character map is damaged");
    }
    map->units = (const unsigned char *)blob + 4;
    map->unit_count = trie_bytes / 4;
    map->replacements = blob + 4 + trie_bytes;
    map->replacement_bytes = bytes - 4 - trie_bytes;
    if (has_long_replacement(map)) {
        cam_charsmap_release(map);
        return cam_fail(CAM_E_MODEL, "the precompiled character map replaces a character by more than %d bytes",
                        REPLACEMENT_MAX);
    }
    for (unsigned c = 0; c < 128; c++) {
        char text = (char)c;
        size_t unused;
        map->keeps_ascii[c] = lookup(map, &text, 1, &unused) == NULL;
    }
    return CAM_OK;
}

void cam_charsmap_release(cam_charsmap *map) {
    free(map->blob);
    memset(map, 0, sizeof *map);
}

/* The end of the extended grapheme cluster that begins at `at`. */
static const char *cluster_end(const char *at, const char *end) {
    uint32_t rune, next;
    utf8proc_int32_t state = 0;
    at += cam_utf8_next(at, end, &rune);
    while (at < end) {
        size_t length = cam_utf8_next(at, end, &next);
        if (utf8proc_grapheme_break_stateful((utf8proc_int32_t)rune, (utf8proc_int32_t)next, &state))
            break;
        at += length;
        rune = next;
    }
    return at;
}

static void apply_by_character(const cam_charsmap *map, const char *at, const char *end, size_t most, cam_strbuf *out) {
    while (at < end && out->length <= most) {
        uint32_t rune;
        size_t length = cam_utf8_next(at, end, &rune), replaced_length;
        const char *replaced = lookup(map, at, length, &replaced_length);
        if (replaced)
            cam_strbuf_append(out, replaced, replaced_length);
        else
            cam_strbuf_append(out, at, length);
        at += length;
    }
}

void cam_charsmap_apply(const cam_charsmap *map, const char *text, size_t length, size_t most, cam_strbuf *out) {
    const char *at = text, *end = text + length;
    while (at < end && out->length <= most) {
        /* Fast path: two neighbouring ASCII characters are never one cluster, except CR LF, and CR is left to the slow
         * path. */
        const char *plain = at;
        while (plain < end && (unsigned char)*plain < 128 && *plain != '\r' &&
               map->keeps_ascii[(unsigned char)*plain] && (plain + 1 == end || (unsigned char)plain[1] < 128))
            plain++;
        if (plain > at) {
            cam_strbuf_append(out, at, (size_t)(plain - at));
            at = plain;
            continue;
        }
        const char *next = cluster_end(at, end);
        size_t replaced_length;
        const char *replaced = next - at < 6 ? lookup(map, at, (size_t)(next - at), &replaced_length) : NULL;
        if (replaced)
            cam_strbuf_append(out, replaced, replaced_length);
        else
            apply_by_character(map, at, next, most, out);
        at = next;
    }
}
