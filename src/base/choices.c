/* choices.c: see choices.h. */
#include "choices.h"
#include <string.h>

#define WORD(code, word, ...) word,
#define WORDS(set)            const char *const cam_words_##set[] = {CAM_CHOICES_##set(WORD)};
CAM_CHOICE_SETS(WORDS)

int cam_choice_find(const char *const *words, size_t count, const char *word) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return (int)i;
    return -1;
}
