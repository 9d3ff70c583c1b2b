/* terms.c: see terms_internal.h. */
#include "hash.h"
#include "terms_internal.h"
#include "utf8.h"
#include <stdlib.h>

#include <utf8proc.h>

enum { MIN_GRAM = 2, MAX_GRAM = 5 };

static cam_status add_term(cam_terms *terms, uint64_t hash) {
    if (terms->count == terms->capacity) {
        size_t capacity = terms->capacity ? 2 * terms->capacity : 1024;
        uint64_t *grown = realloc(terms->hash, capacity * sizeof *grown);
        if (!grown)
            return cam_fail(CAM_E_MEMORY, "no memory for %zu terms", capacity);
        terms->hash = grown;
        terms->capacity = capacity;
    }
    terms->hash[terms->count++] = hash;
    return CAM_OK;
}

/* A word and the same characters inside a longer one are different terms. */
static uint64_t hash_of(const int32_t *characters, size_t count, cam_term_kind kind) {
    return cam_hash_mix(
        cam_hash_bytes(cam_hash_mix(CAM_HASH_START + (uint64_t)kind), characters, count * sizeof *characters));
}

static int is_word(int32_t c) {
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    utf8proc_category_t category = utf8proc_category(c);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
           (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

/* Reads the text's characters, with room for a space at both ends: characters[1 .. *count]. */
static cam_status read_characters(cam_terms *terms, const char *text, size_t length, size_t *count) {
    if (terms->character_capacity < length + 2) {
        int32_t *grown = realloc(terms->characters, (length + 2) * sizeof *grown);
        if (!grown)
            return cam_fail(CAM_E_MEMORY, "no memory for a text of %zu bytes", length);
        terms->characters = grown;
        terms->character_capacity = length + 2;
    }
    *count = 0;
    for (const char *at = text, *end = text + length; at < end;) {
        uint32_t c;
        at += cam_utf8_next(at, end, &c);
        int32_t lower = c < 0x80 ? (int32_t)(c >= 'A' && c <= 'Z' ? c + 32 : c) : utf8proc_tolower((int32_t)c);
        terms->characters[++*count] = cam_is_white_space((uint32_t)lower) ? ' ' : lower;
    }
    return CAM_OK;
}

/* Words of at least two characters, and pairs of neighbouring words. */
static cam_status add_words(cam_terms *terms, const int32_t *text, size_t count) {
    cam_status st = CAM_OK;
    uint64_t before = 0;
    int has_before = 0;
    for (size_t begin = 0; begin < count;) {
        size_t end = begin;
        while (end < count && is_word(text[end]))
            end++;
        if (end - begin >= 2) {
            uint64_t word = hash_of(text + begin, end - begin, CAM_TERM_WORDS);
            CAM_TRY(add_term(terms, word));
            if (has_before)
                CAM_TRY(add_term(terms, cam_hash_bytes(before, &word, sizeof word)));
            before = word;
            has_before = 1;
        }
        begin = end + 1;
    }
out:
    return st;
}

/* The grams of a piece between spaces, a space at both ends included. A piece that is not longer than a gram is added
 * whole, and no longer grams. */
static cam_status add_grams_of_piece(cam_terms *terms, const int32_t *piece, size_t length) {
    cam_status st = CAM_OK;
    for (size_t gram = MIN_GRAM; gram <= MAX_GRAM; gram++) {
        if (gram >= length)
            return add_term(terms, hash_of(piece, length, CAM_TERM_CHARACTERS));
        for (size_t at = 0; at + gram <= length; at++)
            CAM_TRY(add_term(terms, hash_of(piece + at, gram, CAM_TERM_CHARACTERS)));
    }
out:
    return st;
}

/* `text` has a space before its first and after its last character. */
static cam_status add_grams(cam_terms *terms, const int32_t *text, size_t count) {
    cam_status st = CAM_OK;
    for (size_t space = 0; space + 1 < count;) {
        size_t next = space + 1;
        while (text[next] != ' ')
            next++;
        if (next > space + 1)
            CAM_TRY(add_grams_of_piece(terms, text + space, next + 1 - space));
        space = next;
    }
out:
    return st;
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

cam_status cam_terms_of(cam_terms *terms, const char *text, size_t length, size_t most_bytes, cam_term_kind kind) {
    cam_status st = CAM_OK;
    size_t count = 0;
    terms->count = 0;
    CAM_TRY(read_characters(terms, text, cam_utf8_cut(text, length, most_bytes), &count));
    terms->characters[0] = terms->characters[count + 1] = ' ';
    if (kind == CAM_TERM_WORDS)
        CAM_TRY(add_words(terms, terms->characters, count + 2));
    else
        CAM_TRY(add_grams(terms, terms->characters, count + 2));
    if (terms->count > 0)
        qsort(terms->hash, terms->count, sizeof *terms->hash, by_value);
out:
    return st;
}

void cam_terms_release(cam_terms *terms) {
    free(terms->hash);
    free(terms->characters);
    *terms = (cam_terms){0};
}
