/* encoder.c: encodes a text: splits it at the added tokens, normalizes the rest, splits that into words, and segments
 * each word with SentencePiece or WordPiece. Order and rules are those of huggingface/tokenizers. */
#include "characters_internal.h"
#include "encoder_internal.h"
#include "utf8.h"
#include "wordpiece_internal.h"
#include <stdlib.h>
#include <string.h>

/* A longer word is segmented by cam_viterbi_word alone: SentencePiece's time grows with the square of a run of unknown
 * characters. */
enum { SEGMENT_BYTES = 1024 };

/* --- pipeline ---------------------------------------------------------------------------------------------------- */

static cam_status open_segmenter(cam_pipeline *pipeline) {
    cam_strbuf proto = CAM_STRBUF_INIT;
    cam_vocabulary_to_proto(&pipeline->vocabulary, &proto);
    cam_status st = cam_segmenter_open(cam_strbuf_text(&proto), proto.length, &pipeline->segmenter);
    cam_strbuf_release(&proto);
    return st;
}

/* Normalizes the added tokens that are matched in normalized text. */
static cam_status normalize_tokens(cam_vocabulary *vocabulary) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT, spare = CAM_STRBUF_INIT;
    for (size_t i = 0; i < vocabulary->added_count; i++) {
        cam_added_token *token = &vocabulary->added[i];
        if (!token->normalized)
            continue;
        cam_strbuf_clear(&text);
        cam_strbuf_append(&text, token->text, token->length);
        CAM_TRY(cam_normalize(vocabulary->steps, vocabulary->step_count, &text, &spare));
        char *copy = strndup(cam_strbuf_text(&text), text.length);
        if (!copy)
            CAM_FAIL(CAM_E_MEMORY, "no memory for the added tokens");
        free(token->text);
        token->text = copy;
        token->length = strlen(copy);
    }
out:
    cam_strbuf_release(&text);
    cam_strbuf_release(&spare);
    return st;
}

static cam_status order_tokens(cam_pipeline *pipeline, int normalized) {
    const cam_vocabulary *vocabulary = &pipeline->vocabulary;
    cam_text_order *order = &pipeline->tokens[normalized];
    size_t count = 0;
    cam_text_order_release(order);
    cam_status st = cam_text_order_allocate(order, vocabulary->added_count);
    if (st != CAM_OK)
        return st;
    memset(pipeline->token_begins[normalized], 0, sizeof pipeline->token_begins[normalized]);
    for (size_t i = 0; i < vocabulary->added_count; i++) {
        const cam_added_token *token = &vocabulary->added[i];
        if (token->normalized != normalized || token->length == 0)
            continue;
        order->items[count++] = (cam_ordered_text){token->text, (int32_t)i};
        pipeline->token_begins[normalized][(unsigned char)token->text[0]] = 1;
    }
    order->count = count;
    cam_text_order_sort(order);
    return CAM_OK;
}

cam_status cam_pipeline_order_tokens(cam_pipeline *pipeline) {
    cam_status st = order_tokens(pipeline, 0);
    return st == CAM_OK ? order_tokens(pipeline, 1) : st;
}

cam_status cam_pipeline_prepare(cam_pipeline *pipeline) {
    cam_status st = CAM_OK;
    if (pipeline->vocabulary.kind == CAM_VOCABULARY_UNIGRAM)
        CAM_TRY(open_segmenter(pipeline));
    CAM_TRY(normalize_tokens(&pipeline->vocabulary));
    CAM_TRY(cam_pipeline_order_tokens(pipeline));
out:
    return st;
}

void cam_pipeline_release(cam_pipeline *pipeline) {
    cam_segmenter_close(pipeline->segmenter);
    cam_text_order_release(&pipeline->tokens[0]);
    cam_text_order_release(&pipeline->tokens[1]);
    cam_vocabulary_release(&pipeline->vocabulary);
    *pipeline = (cam_pipeline){0};
}

/* --- encoder ----------------------------------------------------------------------------------------------------- */

void cam_encoder_init(cam_encoder *encoder, const cam_pipeline *pipeline, int with_cache) {
    *encoder = (cam_encoder){.pipeline = pipeline};
    if (with_cache)
        encoder->words = calloc(CAM_WORD_SLOTS, sizeof *encoder->words);
}

void cam_encoder_release(cam_encoder *encoder) {
    cam_strbuf_release(&encoder->text);
    cam_strbuf_release(&encoder->spare);
    cam_strbuf_release(&encoder->marked);
    free(encoder->viterbi.steps);
    free(encoder->words);
    encoder->viterbi.steps = NULL;
    encoder->viterbi.capacity = 0;
    encoder->words = NULL;
}

/* --- words ------------------------------------------------------------------------------------------------------- */

static cam_word *word_slot(const cam_encoder *encoder, const char *text, size_t length) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return &encoder->words[(hash ^ hash >> 15) % CAM_WORD_SLOTS];
}

static cam_status segment(cam_encoder *encoder, const char *text, size_t length, cam_ids *out) {
    cam_status st = CAM_OK;
    const cam_vocabulary *vocabulary = &encoder->pipeline->vocabulary;
    size_t before = out->count;
    if (vocabulary->kind == CAM_VOCABULARY_WORDPIECE) {
        CAM_TRY(cam_wordpiece_word(vocabulary, text, length, out));
        goto out;
    }
    if (length <= SEGMENT_BYTES)
        CAM_TRY(cam_segmenter_encode(encoder->pipeline->segmenter, text, length, out));
    if (length > SEGMENT_BYTES || out->count - before > 1)
        CAM_TRY(cam_viterbi_word(&encoder->viterbi, vocabulary, text, length, before, out));
out:
    return st;
}

/* cam_word_fn: the context is the encoder. */
static cam_status encode_word(void *context, const char *text, size_t length) {
    cam_status st = CAM_OK;
    cam_encoder *encoder = context;
    cam_ids *out = encoder->out;
    cam_word *word = NULL;
    if (out->count > encoder->enough)
        goto out;
    if (encoder->words && length <= CAM_WORD_BYTES) {
        word = word_slot(encoder, text, length);
        if (word->length == length && memcmp(word->text, text, length) == 0) {
            CAM_TRY(cam_ids_reserve(out, word->count));
            memcpy(out->ids + out->count, word->ids, word->count * sizeof *word->ids);
            out->count += word->count;
            goto out;
        }
    }
    size_t before = out->count;
    CAM_TRY(segment(encoder, text, length, out));
    size_t count = out->count - before;
    if (word && count <= CAM_WORD_IDS) {
        word->length = (uint8_t)length;
        word->count = (uint8_t)count;
        memcpy(word->text, text, length);
        memcpy(word->ids, out->ids + before, count * sizeof *word->ids);
    }
out:
    return st;
}

static cam_status encode_normalized(cam_encoder *encoder, const char *text, size_t length, int is_start) {
    const cam_vocabulary *vocabulary = &encoder->pipeline->vocabulary;
    cam_splitter splitter = {.steps = vocabulary->splits,
                             .count = vocabulary->split_count,
                             .marked = &encoder->marked,
                             .word = encode_word,
                             .context = encoder};
    return cam_splitter_run(&splitter, text, length, is_start);
}

/* --- added tokens ------------------------------------------------------------------------------------------------ */

/* The longest added token of this kind at `at`; of several with its text, the first of the list. */
static const cam_added_token *token_at(const cam_pipeline *pipeline, int normalized, const char *at, const char *end) {
    const cam_text_order *order = &pipeline->tokens[normalized];
    const cam_added_token *longest = NULL;
    cam_text_range in = cam_text_order_all(order);
    for (size_t depth = 0; at + depth < end && at[depth] != '\0'; depth++) {
        in = cam_text_order_narrow(order, in, depth, (unsigned char)at[depth]);
        if (in.low == in.high)
            break;
        cam_text_range whole = cam_text_order_whole(order, in, depth + 1);
        if (whole.low < whole.high)
            longest = &pipeline->vocabulary.added[order->items[whole.low].number];
    }
    return longest;
}

/* The start of the run of space that ends at `at`, not before `begin`. */
static const char *space_before(const char *begin, const char *at) {
    const char *first = at;
    uint32_t rune;
    for (const char *next = begin; next < at;) {
        size_t bytes = cam_utf8_next(next, at, &rune);
        if (!cam_is_white_space(rune))
            first = at;
        else if (first == at)
            first = next;
        next += bytes;
    }
    return first;
}

static const char *space_behind(const char *at, const char *end) {
    uint32_t rune;
    while (at < end) {
        size_t bytes = cam_utf8_next(at, end, &rune);
        if (!cam_is_white_space(rune))
            break;
        at += bytes;
    }
    return at;
}

/* False for a token that must be a word of its own, and is not. */
static int stands_alone(const cam_added_token *token, const char *begin, const char *at, const char *end) {
    uint32_t before = ' ', behind = ' ';
    if (!token->single_word)
        return 1;
    if (at > begin)
        cam_utf8_next(begin + cam_utf8_cut(begin, (size_t)(end - begin), (size_t)(at - begin) - 1), end, &before);
    if (at + token->length < end)
        cam_utf8_next(at + token->length, end, &behind);
    return !cam_is_word_character(before) && !cam_is_word_character(behind);
}

/* Encodes the text between two added tokens. `is_start`: it is the beginning of the row. */
typedef cam_status (*between_fn)(cam_encoder *encoder, const char *text, size_t length, int is_start);

/* Splits a text at the added tokens of one kind. */
static cam_status split_at_tokens(cam_encoder *encoder, int normalized, const char *text, size_t length, int is_start,
                                  between_fn encode_between) {
    cam_status st = CAM_OK;
    const cam_pipeline *pipeline = encoder->pipeline;
    cam_ids *out = encoder->out;
    const char *begin = text, *end = text + length;
    for (const char *at = text; at < end;) {
        const cam_added_token *token =
            pipeline->token_begins[normalized][(unsigned char)*at] ? token_at(pipeline, normalized, at, end) : NULL;
        if (!token || !stands_alone(token, text, at, end)) {
            at += token ? token->length : 1;
            continue;
        }
        CAM_TRY(encode_between(encoder, begin, (size_t)((token->lstrip ? space_before(begin, at) : at) - begin),
                               is_start && begin == text));
        CAM_TRY(cam_ids_reserve(out, 1));
        out->ids[out->count++] = token->id;
        at += token->length;
        begin = at = token->rstrip ? space_behind(at, end) : at;
    }
    CAM_TRY(encode_between(encoder, begin, (size_t)(end - begin), is_start && begin == text));
out:
    return st;
}

static cam_status encode_raw(cam_encoder *encoder, const char *text, size_t length, int is_start) {
    const cam_vocabulary *vocabulary = &encoder->pipeline->vocabulary;
    if (length == 0)
        return CAM_OK;
    cam_strbuf_clear(&encoder->text);
    cam_strbuf_append(&encoder->text, text, length);
    cam_status st = cam_normalize(vocabulary->steps, vocabulary->step_count, &encoder->text, &encoder->spare);
    if (st != CAM_OK)
        return st;
    return split_at_tokens(encoder, 1, cam_strbuf_text(&encoder->text), encoder->text.length, is_start,
                           encode_normalized);
}

static cam_status put_around(cam_ids *out, const cam_around *around) {
    cam_status st = cam_ids_reserve(out, around->count);
    if (st == CAM_OK && around->count > 0) {
        memcpy(out->ids + out->count, around->ids, around->count * sizeof *around->ids);
        out->count += around->count;
    }
    return st;
}

/* Keeps `kept` of the ids from `begin` on. Returns whether there were more. */
static int truncate(const cam_vocabulary *vocabulary, cam_ids *out, size_t begin, size_t kept) {
    size_t count = out->count - begin;
    if (count <= kept)
        return 0;
    if (vocabulary->truncate_left)
        memmove(out->ids + begin, out->ids + out->count - kept, kept * sizeof *out->ids);
    out->count = begin + kept;
    return 1;
}

cam_status cam_encoder_encode(cam_encoder *encoder, cam_text text, int32_t max_length, cam_ids *out, int *truncated) {
    cam_status st = CAM_OK;
    const cam_vocabulary *vocabulary = &encoder->pipeline->vocabulary;
    size_t around = vocabulary->before.count + vocabulary->behind.count, most = (size_t)max_length;
    int is_longer = 0;
    CAM_ASSERT(max_length == 0 || max_length >= 2);
    encoder->out = out;
    CAM_TRY(put_around(out, &vocabulary->before));
    size_t begin = out->count, kept = most > around ? most - around : 0;
    encoder->enough = max_length > 0 && !vocabulary->truncate_left ? begin + kept : SIZE_MAX;
    CAM_TRY(split_at_tokens(encoder, 0, text.bytes, text.length, 1, encode_raw));
    if (max_length > 0)
        is_longer = truncate(vocabulary, out, begin, kept);
    CAM_TRY(put_around(out, &vocabulary->behind));
    if (truncated)
        *truncated = is_longer;
out:
    return st;
}
