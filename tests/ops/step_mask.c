/* step_mask.c: dynamic masking of a packed batch. Everything is exact. The formula draws by reference_philox, row by row,
 * from the description at the head of cam/masking.h.
 */
#include "dropout_reference.h"
#include "harness.h"
#include <stdlib.h>
#include <tgmath.h>

typedef struct shape {
    int32_t sequences, longest; /* 1 .. longest tokens each */
    int32_t fixed;              /* every sequence has `longest` tokens */
    int32_t words, choice;      /* cam_masking_choice */
    int32_t vocabulary;         /* 0 stands for 300 */
    int32_t special;            /* of 100 pieces */
    int32_t continues;          /* of 100 pieces */
    double probability, share_mask, share_random;
    int32_t spare_tokens, spare_sequences, spare_queries;
    uint32_t epoch;
} shape;

enum { MASK_ID = 5 };

static int32_t vocabulary_of(const shape *s) {
    return s->vocabulary ? s->vocabulary : 300;
}

static cam_masking_map map_of(const shape *s) {
    return (cam_masking_map){.mask_below = (uint64_t)(s->share_mask * 0x1p32),
                             .random_below = (uint64_t)((s->share_mask + s->share_random) * 0x1p32),
                             .threshold = (uint32_t)(s->probability * 65536),
                             .mask_id = MASK_ID,
                             .vocab_size = vocabulary_of(s),
                             .whole_words = s->words,
                             .choice = s->choice};
}

/* --- the formula -------------------------------------------------------------------------------------------------- */

static void draw(const trial *t, uint32_t site, int32_t row, int32_t block, uint32_t out[4]) {
    const uint32_t counter[4] = {t->state.epoch, site, (uint32_t)row, (uint32_t)block};
    const uint32_t key[2] = {(uint32_t)(t->state.seed & 0xffffffffu), (uint32_t)(t->state.seed >> 32)};
    reference_philox(counter, key, out);
}

static int is_special(const trial *t, int32_t id) {
    return values_i32(t, "piece_kind")[id] / CAM_PIECE_SPECIAL % 2;
}

/* Whether each token of the sequence at `begin` is chosen. */
static void choose(const trial *t, int32_t begin, int32_t length, unsigned char *chosen) {
    const shape *s = SHAPE(shape);
    const int32_t *ids = values_i32(t, "ids") + begin;
    int32_t row = values_i32(t, "token_row")[begin];
    for (int32_t j = 0; j < length; j++) {
        int continues = s->words && j > 0 && values_i32(t, "piece_kind")[ids[j]] % 2 && !is_special(t, ids[j - 1]);
        uint32_t words[4];
        draw(t, 0x30000, row, j / 8, words);
        uint32_t lane = words[j % 8 / 2] >> 16 * (j % 2) & 0xffffu;
        chosen[j] = continues ? chosen[j - 1] : lane < (uint32_t)(s->probability * 65536);
    }
    for (int32_t j = 0; j < length; j++)
        chosen[j] = s->choice == CAM_CHOOSE_DRAWN      ? chosen[j] && !is_special(t, ids[j])
                    : s->choice == CAM_CHOOSE_MASK_IDS ? ids[j] == MASK_ID
                                                       : 1;
}

static unsigned char *choose_all(const trial *t, int32_t *count) {
    const int32_t *index = values_i32(t, "token_index");
    int32_t tokens = t->state.tokens;
    unsigned char *chosen = calloc((size_t)tokens + 1, 1);
    *count = 0;
    for (int32_t begin = 0, end; begin < tokens; begin = end) {
        for (end = begin + 1; end < tokens && index[end] > 0;)
            end++;
        choose(t, begin, end - begin, chosen + begin);
        for (int32_t i = begin; i < end; i++)
            *count += chosen[i];
    }
    return chosen;
}

static int32_t replacement(const trial *t, int32_t row, int32_t index, int32_t id) {
    const shape *s = SHAPE(shape);
    uint32_t words[4];
    draw(t, 0x30001, row, index, words);
    if ((double)words[0] < floor(s->share_mask * 0x1p32))
        return MASK_ID;
    if ((double)words[0] >= floor((s->share_mask + s->share_random) * 0x1p32))
        return id;
    for (int k = 1; k < 4; k++) {
        int32_t drawn = (int32_t)(words[k] * (double)vocabulary_of(s) / 0x1p32);
        if (!is_special(t, drawn))
            return drawn;
    }
    return MASK_ID;
}

static void put_exact(trial *t, const char *name, int32_t i, int32_t value) {
    put_double(t, name, i, (double)value, 0);
}

static void step_mask_double(trial *t) {
    const int32_t *ids = values_i32(t, "ids"), *row = values_i32(t, "token_row");
    const int32_t *index = values_i32(t, "token_index");
    int32_t count = 0, at = 0, sequence = 0;
    unsigned char *chosen = choose_all(t, &count);
    for (int32_t i = 0; i < t->state.tokens; i++) {
        if (index[i] == 0)
            put_exact(t, "list_cu", sequence++, at);
        int replaces = chosen[i] && SHAPE(shape)->choice == CAM_CHOOSE_DRAWN;
        put_exact(t, "masked", i, replaces ? replacement(t, row[i], index[i], ids[i]) : ids[i]);
        if (!chosen[i])
            continue;
        put_exact(t, "list", at, i);
        put_exact(t, "list_row", at, row[i]);
        put_exact(t, "list_index", at, index[i]);
        put_exact(t, "labels", at, ids[i]);
        at++;
    }
    put_exact(t, "list_cu", sequence, at);
    t->truth = t->state;
    t->truth.head_rows = count;
    free(chosen);
}

/* The result is exact, so there is no float formula. */
static void step_mask_float(trial *t) {
    (void)t;
}

/* --- the case ----------------------------------------------------------------------------------------------------- */

static void pieces(trial *t) {
    const shape *s = SHAPE(shape);
    operand *kind = operand_new(t, "piece_kind", IN, CAM_I32, vocabulary_of(s), 0);
    for (int32_t id = 0; id < vocabulary_of(s); id++) {
        int special = id == MASK_ID || (int32_t)(random_u64(t) % 100) < s->special;
        int continues = (int32_t)(random_u64(t) % 100) < s->continues;
        operand_set(kind, id, (special ? CAM_PIECE_SPECIAL : 0) + (continues ? CAM_PIECE_CONTINUES : 0));
    }
}

static operand *of_tokens(trial *t, const char *name, int64_t tokens) {
    return operand_real(operand_new(t, name, IN, CAM_I32, tokens + SHAPE(shape)->spare_tokens, 0), tokens);
}

static void batch(trial *t) {
    const shape *s = SHAPE(shape);
    int32_t tokens = 0, at = 0;
    int32_t *length = calloc((size_t)s->sequences + 1, sizeof *length);
    for (int32_t b = 0; b < s->sequences; b++) {
        length[b] = s->fixed ? s->longest : 1 + (int32_t)(random_u64(t) % (uint64_t)s->longest);
        tokens += length[b];
    }
    fill_integers(t, of_tokens(t, "ids", tokens), 0, vocabulary_of(s) - 1);
    operand *row = of_tokens(t, "token_row", tokens), *index = of_tokens(t, "token_index", tokens);
    for (int32_t b = 0; b < s->sequences; b++) {
        int32_t d = (int32_t)(random_u64(t) % 100000);
        for (int32_t j = 0; j < length[b]; j++, at++) {
            operand_set(row, at, d);
            operand_set(index, at, j);
        }
    }
    t->state.tokens = tokens;
    t->state.sequences = s->sequences;
    free(length);
}

static void output(trial *t, const char *name, int32_t cap, int32_t real) {
    operand_real(operand_new(t, name, OUT, CAM_I32, cap, 0), real)->kept_tail = 1;
}

static void setup(trial *t) {
    const shape *s = SHAPE(shape);
    int32_t count = 0;
    t->state.epoch = s->epoch;
    t->state.head_rows = -77;
    pieces(t);
    batch(t);
    free(choose_all(t, &count));
    static const char *const lists[] = {"list", "list_row", "list_index", "labels"};
    for (int i = 0; i < 4; i++)
        output(t, lists[i], count + s->spare_queries, count);
    output(t, "masked", t->state.tokens + s->spare_tokens, t->state.tokens);
    output(t, "list_cu", s->sequences + s->spare_sequences + 1, s->sequences + 1);
    operand_get(t, "list_cu")->free_dims = 1;
    STATE_WRITES(t, head_rows);
}

static void check(trial *t) {
    if (t->state_after.head_rows != t->truth.head_rows)
        trial_fail(t, "state->head_rows is %d, must be %d", t->state_after.head_rows, t->truth.head_rows);
}

CALL(step_mask, .masked = ON("masked"), .list = ON("list"), .list_row = ON("list_row"), .list_index = ON("list_index"),
     .list_cu = ON("list_cu"), .labels = ON("labels"), .ids = ON("ids"), .token_row = ON("token_row"),
     .token_index = ON("token_index"), .piece_kind = ON("piece_kind"), .map = map_of(SHAPE(shape)), .state = STATE)

#define SPARE .spare_tokens = 9, .spare_sequences = 3, .spare_queries = 5
#define USUAL .probability = 0.15, .share_mask = 0.8, .share_random = 0.1, .special = 5, .continues = 40
#define OFTEN .probability = 0.5, .share_mask = 0.3, .share_random = 0.4, .special = 10, .continues = 60
static const op_case cases[] = {
    CASE("small", .sequences = 5, .longest = 20, OFTEN, SPARE),
    CASE("usual", .sequences = 12, .longest = 64, USUAL, .epoch = 3, SPARE),
    CASE("words", .sequences = 12, .longest = 64, USUAL, .words = 1, SPARE),
    CASE("long-words", .sequences = 7, .longest = 70, .probability = 0.4, .share_mask = 0.5, .continues = 95,
         .special = 2, .words = 1, SPARE),
    CASE("every-token", .sequences = 6, .longest = 40, .probability = 1, .share_mask = 0.5, .share_random = 0.5, SPARE),
    CASE("no-token", .sequences = 6, .longest = 40, .probability = 0, .share_mask = 0.8, .spare_queries = 4),
    CASE("all-special", .sequences = 6, .longest = 9, .probability = 1, .share_mask = 0.8, .special = 100,
         .spare_queries = 2),
    CASE("drawn-ones-are-special", .sequences = 4, .longest = 50, .probability = 1, .share_random = 1, .special = 70,
         .vocabulary = 40, SPARE),
    CASE("given", .sequences = 9, .longest = 30, .choice = CAM_CHOOSE_MASK_IDS, .vocabulary = 9, USUAL, SPARE),
    CASE("all", .sequences = 9, .longest = 30, .choice = CAM_CHOOSE_ALL, USUAL, SPARE),
    CASE("one-token", .sequences = 1, .longest = 1, .probability = 1, .share_mask = 1),
    CASE("full-capacity", .sequences = 33, .longest = 31, OFTEN),
    CASE("single-tokens", .sequences = 700, .longest = 1, OFTEN, SPARE),
    CASE("32-of-32", .sequences = 32, .longest = 32, .fixed = 1, OFTEN, .words = 1, .epoch = UINT32_MAX, SPARE),
    CASE("1025-tokens", .sequences = 1, .longest = 1025, .fixed = 1, OFTEN, SPARE),
    CASE("no-sequences", .sequences = 0, .longest = 1, USUAL, .spare_tokens = 4, .spare_sequences = 2,
         .spare_queries = 3),
    CASE("4-of-512", .sequences = 4, .longest = 512, .fixed = 1, USUAL, .words = 1, .vocabulary = 32005, SPARE),
    BIG_CASE("32-of-512", .sequences = 32, .longest = 512, .fixed = 1, USUAL, .vocabulary = 32005, SPARE),
};
static const spoil spoils[] = {{"map.vocab_size", offsetof(cam_step_mask_args, map.vocab_size), 4, &(const int32_t){0}},
                               {"map.mask_id", offsetof(cam_step_mask_args, map.mask_id), 4, &(const int32_t){-1}},
                               {"map.mask_id", offsetof(cam_step_mask_args, map.mask_id), 4, &(const int32_t){300}}};

OP_TESTS(step, step_mask, cases, .setup = setup, .check = check, SPOILS(spoils));
