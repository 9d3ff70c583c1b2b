/* nearest.c: see nearest.h. */
#include "nearest.h"
#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { WORD_BYTES = 64 };

/* Converts to lower case and "-" to "_". The length; 0 where the word is empty or too long to be compared. */
static size_t normalise(const char *word, char *out) {
    size_t length = strlen(word);
    if (length >= WORD_BYTES)
        return 0;
    for (size_t i = 0; i < length; i++)
        out[i] = (char)(word[i] == '-' ? '_' : tolower((unsigned char)word[i]));
    return length;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The edit distance with swaps of neighbours (optimal string alignment). */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t rows[3][WORD_BYTES + 1] = {{0}};
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            now[j] = smaller(smaller(before[j], now[j - 1]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = smaller(now[j], earlier[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

size_t cam_misspelling(const char *word, const char *meant) {
    char a[WORD_BYTES], b[WORD_BYTES];
    size_t a_length = normalise(word, a), b_length = normalise(meant, b);
    if (a_length == 0 || b_length == 0)
        return SIZE_MAX;
    size_t limit = smaller(3, (b_length + 2) / 3), far = distance(a, a_length, b, b_length);
    return far <= limit && far < b_length ? far : SIZE_MAX;
}

const char *cam_nearest_word(const char *word, const char *const *words, size_t count) {
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t far = cam_misspelling(word, words[i]);
        if (far < least) {
            least = far;
            nearest = words[i];
        }
    }
    return nearest;
}
