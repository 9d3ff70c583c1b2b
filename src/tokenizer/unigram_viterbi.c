/* unigram_viterbi.c: see unigram_viterbi_internal.h.
 *
 * Pieces are found in by_text: the range of pieces that share a prefix is narrowed byte by byte. */
#include "unigram_viterbi_internal.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

static const double unknown_penalty = 10;

_Static_assert(CAM_PIECES_MAX <= 1 << 20 && CAM_PIECE_BYTES < 1 << 12, "cam_viterbi_step holds every piece");

/* The piece that is the whole prefix of `depth` bytes, if it is a known one. */
static int32_t piece_of(const cam_vocabulary *vocabulary, cam_text_range in, size_t depth) {
    int32_t found = cam_vocabulary_whole(vocabulary, in, depth);
    return found == vocabulary->unk_piece ? -1 : found;
}

static double *score_at(cam_viterbi *viterbi, size_t position) {
    return &viterbi->scores[position % CAM_VITERBI_SCORES];
}

/* Keeps the better path into begin + bytes. */
static void relax(cam_viterbi *viterbi, size_t begin, size_t bytes, int32_t id, double score) {
    cam_viterbi_step *step = &viterbi->steps[begin + bytes];
    double *best = score_at(viterbi, begin + bytes);
    if (step->bytes > 0 && score <= *best)
        return;
    *step = (cam_viterbi_step){.id = (uint32_t)id & 0xFFFFF, .bytes = (uint32_t)bytes & 0xFFF};
    *best = score;
}

/* Extends the best path into `begin` by every piece that matches there, or by one unknown character. */
static void extend(const cam_vocabulary *vocabulary, cam_viterbi *viterbi, const char *word, size_t length,
                   size_t begin, size_t character_bytes) {
    double score = *score_at(viterbi, begin);
    cam_text_range in = cam_text_order_all(&vocabulary->by_text);
    int whole_character = 0;
    for (size_t depth = 0; begin + depth < length && in.low < in.high; depth++) {
        if (word[begin + depth] == '\0')
            break;
        in = cam_text_order_narrow(&vocabulary->by_text, in, depth, (unsigned char)word[begin + depth]);
        if (in.low == in.high)
            break;
        int32_t id = piece_of(vocabulary, in, depth + 1);
        if (id >= 0) {
            relax(viterbi, begin, depth + 1, id, vocabulary->pieces[id].score + score);
            whole_character |= depth + 1 == character_bytes;
        }
    }
    if (!whole_character)
        relax(viterbi, begin, character_bytes, vocabulary->unk_piece,
              vocabulary->lowest_score - unknown_penalty + score);
}

/* Appends the ids of the best path, with neighbouring unknown characters as one. */
static cam_status write_path(const cam_vocabulary *vocabulary, const cam_viterbi_step *steps, size_t length,
                             cam_ids *out) {
    size_t count = 0, begin = out->count;
    int32_t next = -1;
    for (size_t end = length; end > 0; next = (int32_t)steps[end].id, end -= steps[end].bytes)
        count += !((int32_t)steps[end].id == vocabulary->unk_piece && next == vocabulary->unk_piece);
    cam_status st = cam_ids_reserve(out, count);
    if (st != CAM_OK)
        return st;
    out->count += count;
    next = -1;
    for (size_t end = length; end > 0; next = (int32_t)steps[end].id, end -= steps[end].bytes) {
        if (!((int32_t)steps[end].id == vocabulary->unk_piece && next == vocabulary->unk_piece))
            out->ids[begin + --count] = (int32_t)steps[end].id;
    }
    return CAM_OK;
}

cam_status cam_viterbi_word(cam_viterbi *viterbi, const cam_vocabulary *vocabulary, const char *word, size_t length,
                            size_t begin, cam_ids *out) {
    if (length + 1 > viterbi->capacity) {
        cam_viterbi_step *grown = realloc(viterbi->steps, (length + 1) * sizeof *grown);
        if (!grown)
            return cam_fail(CAM_E_MEMORY, "no memory to segment a word of %zu bytes", length);
        viterbi->steps = grown;
        viterbi->capacity = length + 1;
    }
    memset(viterbi->steps, 0, (length + 1) * sizeof *viterbi->steps);
    viterbi->scores[0] = 0;
    for (size_t at = 0; at < length;) {
        uint32_t rune;
        size_t bytes = cam_utf8_next(word + at, word + length, &rune);
        extend(vocabulary, viterbi, word, length, at, bytes);
        at += bytes;
    }
    out->count = begin;
    return write_path(vocabulary, viterbi->steps, length, out);
}
