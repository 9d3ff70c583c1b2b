/* unigram_viterbi.c: see unigram_viterbi_internal.h.
 *
 * Pieces are found in by_text: the range of pieces that share a prefix is narrowed byte by byte. */
#include "unigram_viterbi_internal.h"
#include "utf8.h"
#include <stdlib.h>

static const double unknown_penalty = 10;

/* The piece that is the whole prefix of `depth` bytes, if it is a known one. */
static int32_t piece_of(const cam_vocabulary *vocabulary, cam_piece_range in, size_t depth) {
    int32_t found = cam_vocabulary_whole(vocabulary, in, depth);
    return found == vocabulary->unk_piece ? -1 : found;
}

/* Keeps the better path into `end`. */
static void relax(cam_viterbi_node *paths, size_t begin, size_t end, int32_t id, double score) {
    if (paths[end].id < 0 || score > paths[end].score)
        paths[end] = (cam_viterbi_node){score, begin, id};
}

/* Extends the best path into `begin` by every piece that matches there, or by one unknown character. */
static void extend(const cam_vocabulary *vocabulary, cam_viterbi_node *paths, const char *word, size_t length,
                   size_t begin, size_t character_bytes) {
    double score = paths[begin].score;
    cam_piece_range in = cam_vocabulary_all(vocabulary);
    int whole_character = 0;
    for (size_t depth = 0; begin + depth < length && in.low < in.high; depth++) {
        if (word[begin + depth] == '\0')
            break;
        in = cam_vocabulary_narrow(vocabulary, in, depth, (unsigned char)word[begin + depth]);
        if (in.low == in.high)
            break;
        int32_t id = piece_of(vocabulary, in, depth + 1);
        if (id >= 0) {
            relax(paths, begin, begin + depth + 1, id, vocabulary->pieces[id].score + score);
            whole_character |= depth + 1 == character_bytes;
        }
    }
    if (!whole_character)
        relax(paths, begin, begin + character_bytes, vocabulary->unk_piece,
              vocabulary->lowest_score - unknown_penalty + score);
}

/* Appends the ids of the best path, with neighbouring unknown characters as one. */
static cam_status write_path(const cam_vocabulary *vocabulary, const cam_viterbi_node *paths, size_t length,
                             cam_ids *out) {
    size_t count = 0, begin = out->count;
    int32_t next = -1;
    for (size_t end = length; end > 0; next = paths[end].id, end = paths[end].begin)
        count += !(paths[end].id == vocabulary->unk_piece && next == vocabulary->unk_piece);
    cam_status st = cam_ids_reserve(out, count);
    if (st != CAM_OK)
        return st;
    out->count += count;
    next = -1;
    for (size_t end = length; end > 0; next = paths[end].id, end = paths[end].begin) {
        if (!(paths[end].id == vocabulary->unk_piece && next == vocabulary->unk_piece))
            out->ids[begin + --count] = paths[end].id;
    }
    return CAM_OK;
}

cam_status cam_viterbi_word(cam_viterbi *viterbi, const cam_vocabulary *vocabulary, const char *word, size_t length,
                            size_t begin, cam_ids *out) {
    if (length + 1 > viterbi->capacity) {
        size_t capacity = 2 * (length + 1);
        cam_viterbi_node *grown = realloc(viterbi->paths, capacity * sizeof *grown);
        if (!grown)
            return cam_fail(CAM_E_MEMORY, "no memory to segment a word of %zu bytes", length);
        viterbi->paths = grown;
        viterbi->capacity = capacity;
    }
    cam_viterbi_node *paths = viterbi->paths;
    for (size_t i = 0; i <= length; i++)
        paths[i].id = -1;
    paths[0].score = 0;
    for (size_t at = 0; at < length;) {
        uint32_t rune;
        size_t bytes = cam_utf8_next(word + at, word + length, &rune);
        extend(vocabulary, paths, word, length, at, bytes);
        at += bytes;
    }
    out->count = begin;
    return write_path(vocabulary, paths, length, out);
}
