/* fuzz_tokenizer.h: opens the tokenizer of the folder of the fuzz target and encodes some texts. */
#ifndef FUZZ_TOKENIZER_H
#define FUZZ_TOKENIZER_H

#include "family.h"
#include "fuzz.h"
#include "tokenizer.h"

static const char *const fuzz_texts[] = {"",
                                         "a",
                                         "L'été, où est le colis n° 42 ?",
                                         " \t\n\u00a0 ",
                                         "aaaaaaaaaaaaaaaa  aaaa",
                                         "<s> </s><mask> [TEL]",
                                         "ﷺﬁ e\u0301 \u2581",
                                         "\xFF\xC3 x",
                                         "ab\0c"};
enum { FUZZ_TEXTS = sizeof fuzz_texts / sizeof fuzz_texts[0] };

/* Every id is one of the vocabulary, and a row cut to 5 ids is not longer. */
static inline void fuzz_encode(const cam_tokenizer *tokenizer) {
    cam_ids ids = {0};
    int32_t size = cam_tokenizer_vocab_size(tokenizer);
    for (int i = 0; i < FUZZ_TEXTS; i++) {
        cam_text text = {fuzz_texts[i], i == FUZZ_TEXTS - 1 ? 4 : strlen(fuzz_texts[i])};
        int is_cut;
        cam_status st = cam_tokenizer_encode(tokenizer, text, 0, &ids, NULL);
        FUZZ_CHECK(st == CAM_OK || st == CAM_E_MODEL);
        for (size_t k = 0; st == CAM_OK && k < ids.count; k++)
            FUZZ_CHECK(ids.ids[k] >= 0 && ids.ids[k] < size);
        size_t whole = ids.count;
        if (st == CAM_OK && cam_tokenizer_encode(tokenizer, text, 9, &ids, &is_cut) == CAM_OK)
            FUZZ_CHECK(ids.count == (whole < 9 ? whole : 9) && is_cut == (whole > 9));
    }
    cam_ids_release(&ids);
}

/* NULL where the folder is refused. */
static inline cam_tokenizer *fuzz_open(const cam_tokenizer_class *tokenizer_class) {
    cam_tokenizer *tokenizer;
    cam_status st = cam_tokenizer_open(fuzz_folder(), tokenizer_class, &tokenizer);
    FUZZ_CHECK(st == CAM_OK || (st == CAM_E_MODEL && cam_status_message()[0]));
    return tokenizer;
}

#endif
