/* text_order.c: texts found byte by byte are those that a scan of the list finds; and the segmentation over them is
 * that of a search that keeps every score. */
#include "text_order_internal.h"
#include "unigram_viterbi_internal.h"
#include "utf8.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXTS = 400, LONGEST = 6 };

static uint32_t random_state = 3;

static uint32_t draw(uint32_t below) {
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static size_t make_text(char *out, size_t longest) {
    static const char bytes[] = {'a', 'a', 'b', (char)0xC3, (char)0xFF};
    size_t length = draw((uint32_t)longest + 1);
    for (size_t i = 0; i < length; i++)
        out[i] = bytes[draw(sizeof bytes)];
    out[length] = '\0';
    return length;
}

static void test_order(void **state) {
    static char texts[TEXTS][LONGEST + 1];
    cam_text_order order;
    (void)state;
    assert_int_equal(cam_text_order_allocate(&order, TEXTS), CAM_OK);
    for (int i = 0; i < TEXTS; i++) {
        make_text(texts[i], LONGEST);
        order.items[i] = (cam_ordered_text){texts[i], i};
    }
    cam_text_order_sort(&order);
    for (int i = 0; i < 20000; i++) {
        char wanted[LONGEST + 3];
        size_t length = make_text(wanted, LONGEST + 2), equal = 0, beginning = 0;
        cam_text_range in = cam_text_order_all(&order);
        for (size_t depth = 0; depth < length; depth++)
            in = cam_text_order_narrow(&order, in, depth, (unsigned char)wanted[depth]);
        for (int k = 0; k < TEXTS; k++) {
            equal += strcmp(texts[k], wanted) == 0;
            beginning += strncmp(texts[k], wanted, length) == 0;
        }
        assert_int_equal(in.high - in.low, beginning);
        cam_text_range found = cam_text_order_find(&order, wanted);
        assert_int_equal(found.high - found.low, equal);
        for (size_t k = found.low; k < found.high; k++) {
            assert_string_equal(order.items[k].text, wanted);
            assert_true(k == found.low || order.items[k].number > order.items[k - 1].number);
        }
    }
    cam_text_order_release(&order);
}

/* The ids of a word, from a search over all pieces and all positions. */
static size_t expected_ids(const cam_vocabulary *v, const char *word, size_t length, int32_t *ids) {
    double *score = malloc((length + 1) * sizeof *score);
    size_t *begin = calloc(length + 1, sizeof *begin), count = 0;
    int32_t *piece = malloc((length + 1) * sizeof *piece);
    assert_true(score && begin && piece);
    for (size_t i = 0; i <= length; i++)
        piece[i] = -1;
    score[0] = 0;
    for (size_t at = 0; at < length; at++) {
        int whole = 0;
        for (size_t depth = 1; depth <= length - at; depth++)
            for (int32_t id = (int32_t)v->count - 1; id >= 0; id--) {
                if (id == v->unk_piece || strlen(v->pieces[id].text) != depth ||
                    memcmp(v->pieces[id].text, word + at, depth) != 0)
                    continue;
                whole |= depth == 1;
                double sum = v->pieces[id].score + score[at];
                if (piece[at + depth] < 0 || sum > score[at + depth]) {
                    score[at + depth] = sum;
                    begin[at + depth] = at;
                    piece[at + depth] = id;
                }
                break; /* of equal pieces the last */
            }
        double unknown = v->lowest_score - 10 + score[at];
        if (!whole && (piece[at + 1] < 0 || unknown > score[at + 1])) {
            score[at + 1] = unknown;
            begin[at + 1] = at;
            piece[at + 1] = v->unk_piece;
        }
    }
    for (size_t end = length; end > 0; end = begin[end])
        if (count == 0 || ids[count - 1] != v->unk_piece || piece[end] != v->unk_piece)
            ids[count++] = piece[end];
    for (size_t i = 0; i < count / 2; i++) {
        int32_t id = ids[i];
        ids[i] = ids[count - 1 - i];
        ids[count - 1 - i] = id;
    }
    free(score);
    free(begin);
    free(piece);
    return count;
}

/* Words longer than the scores that are kept, and pieces as long as they may be. */
static void test_long_words(void **state) {
    enum { BYTES = 3 * CAM_VITERBI_SCORES + 17 };
    static char word[BYTES + 1], piece[CAM_PIECE_BYTES + 2];
    static int32_t expected[BYTES];
    static const size_t lengths[] = {1, 2, 3, 5, 700, CAM_PIECE_BYTES - 1, CAM_PIECE_BYTES};
    cam_vocabulary v = {.unk_piece = 0};
    cam_viterbi *viterbi = calloc(1, sizeof *viterbi);
    cam_ids out = {0};
    (void)state;
    assert_non_null(viterbi);
    assert_int_equal(cam_vocabulary_add(&v, "<unk>", 5, 0), CAM_OK);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        assert_int_equal(cam_vocabulary_add(&v, memset(piece, 'a', lengths[i]), lengths[i],
                                            -0.01 * (double)lengths[i] - (double)(i * 7 % 5) * 0.003),
                         CAM_OK);
    assert_int_equal(cam_vocabulary_add(&v, "ab", 2, -2.5), CAM_OK);
    assert_int_equal(cam_vocabulary_add(&v, "ab", 2, -2), CAM_OK);
    memset(piece, 'b', CAM_PIECE_BYTES + 1);
    assert_int_equal(cam_vocabulary_add(&v, piece, CAM_PIECE_BYTES + 1, -1), CAM_E_MODEL);
    assert_int_equal(cam_vocabulary_finish(&v), CAM_OK);
    for (int i = 0; i < 6; i++) {
        size_t length = i == 0 ? 0 : BYTES - draw(1000);
        for (size_t k = 0; k < length; k++)
            word[k] = draw(400) == 0 ? 'b' : draw(900) == 0 ? 'x' : 'a';
        out.count = 0;
        assert_int_equal(cam_viterbi_word(viterbi, &v, word, length, 0, &out), CAM_OK);
        assert_int_equal(out.count, expected_ids(&v, word, length, expected));
        if (out.count > 0)
            assert_memory_equal(out.ids, expected, out.count * sizeof *expected);
    }
    cam_ids_release(&out);
    free(viterbi->steps);
    free(viterbi);
    cam_vocabulary_release(&v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_long_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
