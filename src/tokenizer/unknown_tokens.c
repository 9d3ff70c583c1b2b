/* unknown_tokens.c: warns where the vocabulary does not know much of a data set. */
#include "tokenizer.h"
#include "utf8.h"

enum { EXAMPLES = 5, EXAMPLE_BYTES = 40, SHARE_ABOVE = 100 /* one token in so many */ };

typedef struct word_list {
    cam_text found[EXAMPLES];
    int count;
} word_list;

static int holds_unknown(const cam_ids *ids, int32_t unk) {
    for (size_t i = 0; i < ids->count; i++)
        if (ids->ids[i] == unk)
            return 1;
    return 0;
}

static int is_listed(const word_list *words, cam_text word) {
    for (int i = 0; i < words->count; i++)
        if (words->found[i].length == word.length && memcmp(words->found[i].bytes, word.bytes, word.length) == 0)
            return 1;
    return 0;
}

/* Adds the words of a text, divided at space, that hold an unknown token. */
static cam_status find_words(const cam_tokenizer *tokenizer, cam_text text, cam_ids *scratch, word_list *words) {
    cam_status st = CAM_OK;
    int32_t unk = cam_tokenizer_special_ids(tokenizer).unk;
    const char *begin = text.bytes, *end = text.bytes + text.length;
    for (const char *at = begin; at <= end && words->count < EXAMPLES;) {
        uint32_t rune = ' ';
        size_t bytes = at < end ? cam_utf8_next(at, end, &rune) : 1;
        cam_text word = {begin, (size_t)(at - begin)};
        if (cam_is_white_space(rune)) {
            if (word.length > 0 && !is_listed(words, word)) {
                CAM_TRY(cam_tokenizer_encode(tokenizer, word, 0, scratch, NULL));
                if (holds_unknown(scratch, unk))
                    words->found[words->count++] = word;
            }
            begin = at + bytes;
        }
        at += bytes;
    }
out:
    return st;
}

static int row_holds(const cam_token_rows *rows, int64_t row, int32_t id) {
    for (int64_t t = rows->offsets[row]; t < rows->offsets[row + 1]; t++)
        if (rows->ids[t] == id)
            return 1;
    return 0;
}

static void put_warning(int64_t unknown, int64_t tokens, const word_list *words, cam_strbuf *warnings) {
    cam_strbuf_printf(warnings, "the vocabulary does not know %.1f %% of the tokens (<unk>)",
                      100.0 * (double)unknown / (double)tokens);
    for (int i = 0; i < words->count; i++) {
        cam_text word = words->found[i];
        cam_strbuf_puts(warnings, i == 0 ? ", such as in " : ", ");
        cam_strbuf_put_json(warnings, word.bytes, cam_utf8_cut(word.bytes, word.length, EXAMPLE_BYTES));
    }
    cam_strbuf_puts(warnings, "; are tokenizer and model the right ones for this data?\n");
}

cam_status cam_tokenizer_warn_of_unknown(const cam_tokenizer *tokenizer, const cam_text *texts,
                                         const cam_token_rows *rows, cam_strbuf *warnings) {
    cam_status st = CAM_OK;
    cam_special_ids special = cam_tokenizer_special_ids(tokenizer);
    int64_t tokens = 0, unknown = 0;
    cam_ids scratch = {0};
    word_list words = {.count = 0};
    for (int64_t t = 0; rows->rows > 0 && t < rows->offsets[rows->rows]; t++) {
        tokens += rows->ids[t] != special.bos && rows->ids[t] != special.eos;
        unknown += rows->ids[t] == special.unk;
    }
    if (unknown * SHARE_ABOVE <= tokens)
        goto out;
    for (int64_t row = 0; row < rows->rows && words.count < EXAMPLES; row++)
        if (row_holds(rows, row, special.unk))
            CAM_TRY(find_words(tokenizer, texts[row], &scratch, &words));
    put_warning(unknown, tokens, &words, warnings);
out:
    cam_ids_release(&scratch);
    return st;
}
