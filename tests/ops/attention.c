/* attention.c: packed variable-length attention; queries are all tokens or only the rows of a list. */
#include "harness.h"
#include <stdlib.h>
#include <string.h>
#include <tgmath.h>

enum { MAX_SEQUENCES = 40 };

typedef struct shape {
    int32_t lengths[MAX_SEQUENCES]; /* keys of each sequence; ends at 0 */
    int32_t queries[MAX_SEQUENCES]; /* with a list: query rows of each sequence */
    int list;                       /* queries are the row list, CAM_ROWS_HEAD */
    int32_t columns, heads;
    int32_t spare_tokens, spare_sequences; /* capacity past the true counts */
    int32_t max_keys;                      /* 0 stands for the longest */
    uint32_t threshold;
    int strided;    /* q, k, v are columns of one product's output, and their gradients too */
    double sharp;   /* standard deviation of q; 0 stands for 1 */
    int not_finite; /* NaN in one value row, infinity in one key row */
    int mask;       /* the decisions are kept for backward */
} shape;

static float scale_of(const trial *t) {
    const shape *s = SHAPE(shape);
    return (float)(1 / sqrt((double)(s->columns / s->heads)));
}

#define REAL double
#include "attention_formula.h"
#undef REAL
#define REAL float
#include "attention_formula.h"
#undef REAL

static int32_t queries_of(const shape *s, int b) {
    return s->list ? s->queries[b] : s->lengths[b];
}

static int32_t sequences_of(const shape *s) {
    int32_t b = 0;
    while (b < MAX_SEQUENCES && s->lengths[b])
        b++;
    return b;
}

static int32_t longest_of(const shape *s) {
    int32_t longest = 1;
    for (int b = 0; b < sequences_of(s); b++)
        longest = s->lengths[b] > longest ? s->lengths[b] : longest;
    return longest;
}

static int32_t max_keys_of(const shape *s) {
    return s->max_keys ? s->max_keys : longest_of(s);
}

/* Counts, offsets and the operands of dropout. */
static void sequences(trial *t) {
    const shape *s = SHAPE(shape);
    int32_t count = sequences_of(s), cap = count + s->spare_sequences, tokens = 0, query_count = 0;
    for (int b = 0; b < count; b++) {
        tokens += s->lengths[b];
        query_count += queries_of(s, b);
    }
    t->rows = s->list ? CAM_ROWS_HEAD : CAM_ROWS_TOKENS;
    t->state.sequences = count;
    t->state.tokens = tokens;
    t->state.head_rows = s->list ? query_count : tokens + s->spare_tokens;
    t->threshold = s->threshold;
    t->site = CAM_SITE_ATTENTION + 4 * 7;
    operand *cu_q = operand_real(operand_new(t, "cu_q", IN, CAM_I32, cap + 1, 0), count + 1);
    operand *cu_k = operand_real(operand_new(t, "cu_k", IN, CAM_I32, cap + 1, 0), count + 1);
    operand *index =
        operand_real(operand_new(t, "q_index", IN, CAM_I32, query_count + s->spare_tokens, 0), query_count);
    operand *row = operand_real(operand_new(t, "sequence_row", IN, CAM_I32, cap, 0), count);
    fill_integers(t, row, 1000, 2000000);
    int32_t at_q = 0, at_k = 0;
    for (int b = 0; b < count; b++) {
        for (int32_t i = 0; i < queries_of(s, b); i++) /* at equal distances, from the first token on */
            operand_set(index, at_q + i, (double)(i * s->lengths[b] / queries_of(s, b)));
        operand_set(cu_q, b + 1, at_q += queries_of(s, b));
        operand_set(cu_k, b + 1, at_k += s->lengths[b]);
    }
}

static operand *query_rows(trial *t, const char *name, operand_role role, int64_t columns) {
    int64_t cap = operand_get(t, "q_index")->shape[0], real = operand_get(t, "q_index")->real;
    cam_dtype dtype = columns == SHAPE(shape)->columns ? t->act : CAM_F32;
    return operand_real(operand_new(t, name, role, dtype, cap, columns), real);
}

static operand *key_rows(trial *t, const char *name, operand_role role) {
    const shape *s = SHAPE(shape);
    return operand_real(operand_new(t, name, role, t->act, t->state.tokens + s->spare_tokens, s->columns),
                        t->state.tokens);
}

/* The model's layout: q, k, v in one [T,3H]; with a row list, k and v in one [T,2H], q separate. */
static void place(trial *t, operand *q, operand *k, operand *v) {
    const shape *s = SHAPE(shape);
    int64_t h = s->columns;
    q->stride_free = k->stride_free = v->stride_free = 1;
    if (!s->strided)
        return;
    storage *panel = panel_new(t, k->shape[0], s->list ? 2 * h : 3 * h, t->act);
    if (!s->list)
        operand_place(q, panel, 3 * h, 0);
    operand_place(k, panel, s->list ? 2 * h : 3 * h, s->list ? 0 : h);
    operand_place(v, panel, s->list ? 2 * h : 3 * h, s->list ? h : 2 * h);
}

static void inputs(trial *t) {
    const shape *s = SHAPE(shape);
    sequences(t);
    operand *q = query_rows(t, "q", IN, s->columns), *k = key_rows(t, "k", IN), *v = key_rows(t, "v", IN);
    fill_normal(t, q, 0, s->sharp > 0 ? s->sharp : 1);
    fill_normal(t, k, 0, 1);
    fill_normal(t, v, 0.2, 1);
    place(t, q, k, v);
    if (s->not_finite) {
        operand_set(v, 2 * s->columns + 1, NAN);
        operand_set(k, (t->state.tokens - 1) * s->columns, INFINITY);
    }
}

/* The mask's expected bytes, and in `written` those of tiles with a real query and key, which forward writes. */
static unsigned char *mask_bytes(const trial *t, unsigned char **written, size_t *bytes) {
    const shape *s = SHAPE(shape);
    int32_t tiles = (max_keys_of(s) + 15) / 16, count = sequences_of(s);
    *bytes = sizeof(int32_t) * (size_t)cam_attention_mask_words(count + s->spare_sequences, s->heads, max_keys_of(s));
    unsigned char *mask = calloc(*bytes + 1, 1), *touched = calloc(*bytes + 1, 1);
    memset(mask, 0xa5, *bytes);
    for (int32_t b = 0; b < count; b++)
        for (int32_t a = 0; a < s->heads; a++)
            for (int32_t i = 0; 16 * i < s->lengths[b]; i++)
                for (int32_t j = 0; 16 * j < s->lengths[b]; j++) {
                    size_t at = 32 * (size_t)(((b * s->heads + a) * tiles + i) * tiles + j);
                    memset(mask + at, 0, 32);
                    memset(touched + at, BYTE_WRITTEN, 32);
                    for (int32_t q = 0; q < 16; q++)
                        for (int32_t k = 0; k < 16; k++) {
                            int call = q % 8 * 4 + k % 8 / 2, lane = k / 8 * 4 + q / 8 * 2 + k % 2;
                            double keep =
                                keep_probability_double(t, values_i32(t, "sequence_row")[b], a, 16 * i + q, 16 * j + k);
                            mask[at + (size_t)call] =
                                (unsigned char)(mask[at + (size_t)call] | (unsigned)(keep > 0) << lane);
                        }
                }
    *written = touched;
    return mask;
}

static void add_mask(trial *t, operand_role role) {
    size_t bytes;
    if (!SHAPE(shape)->mask)
        return;
    unsigned char *written, *mask = mask_bytes(t, &written, &bytes);
    if (role == IN || !t->dropout_masks || !t->threshold)
        memset(written, BYTE_KEPT, bytes);
    operand_raw(t, "mask", role, CAM_I32, mask, written, bytes)->optional = 1;
    t->masked = role == IN && t->dropout_masks;
    free(mask);
    free(written);
}

static void check_mask(trial *t) {
    size_t bytes;
    if (!SHAPE(shape)->mask || !t->dropout_masks || !t->threshold)
        return;
    unsigned char *written, *mask = mask_bytes(t, &written, &bytes);
    const unsigned char *got = bytes_after(operand_get(t, "mask"));
    for (size_t i = 0; i < bytes; i++)
        if (written[i] && got[i] != mask[i]) {
            trial_fail(t, "byte %zu of \"mask\" is %02x, must be %02x", i, got[i], mask[i]);
            break;
        }
    free(mask);
    free(written);
}

static void setup_fwd(trial *t) {
    inputs(t);
    query_rows(t, "out", OUT, SHAPE(shape)->columns);
    query_rows(t, "lse", OUT, SHAPE(shape)->heads);
    add_mask(t, OUT);
}

static void setup_bwd(trial *t) {
    const shape *s = SHAPE(shape);
    inputs(t);
    query_rows(t, "out", IN, s->columns);
    query_rows(t, "lse", IN, s->heads);
    attention_fwd_double(t);
    operand_resolve(t, "out");
    operand_resolve(t, "lse");
    fill_normal(t, query_rows(t, "dout", IN, s->columns), 0.1, 1);
    operand *dq = query_rows(t, "dq", OUT, s->columns);
    place(t, dq, key_rows(t, "dk", OUT), key_rows(t, "dv", OUT));
    add_mask(t, IN);
}

#define MAP_AND_SHAPES                                                                                                 \
    .q = ON("q"), .k = ON("k"), .v = ON("v"), .cu_q = ON("cu_q"), .cu_k = ON("cu_k"), .q_index = ON("q_index"),        \
    .sequence_row = ON("sequence_row"), .heads = SHAPE(shape)->heads, .max_keys = max_keys_of(SHAPE(shape)),           \
    .scale = scale_of(t), .q_rows = t->rows, .threshold = t->threshold, .site = site_of_call(t), .mask = ON("mask"),   \
    .state = STATE
CALL(attention_fwd, .out = ON("out"), .lse = ON("lse"), MAP_AND_SHAPES)
CALL(attention_bwd, .dq = ON("dq"), .dk = ON("dk"), .dv = ON("dv"), .dout = ON("dout"), .out = ON("out"),
     .lse = ON("lse"), MAP_AND_SHAPES)

static double objective(trial *t) {
    attention_fwd_double(t);
    return weighted_sum(t, "out", "dout");
}

static void gradient(trial *t) {
    check_gradient(t, "dq", "q", objective);
    check_gradient(t, "dk", "k", objective);
    check_gradient(t, "dv", "v", objective);
}

#define MASK         .mask = 1
#define LENGTHS(...) .lengths = {__VA_ARGS__}
#define QUERIES(...) .list = 1, .queries = {__VA_ARGS__}
#define P10          .threshold = 6554
#define D64          .columns = 64

static const op_case cases[] = {
    CHECKED_CASE("small-dropout", LENGTHS(3, 1, 5), .columns = 16, .heads = 2, .spare_tokens = 2, .spare_sequences = 1,
                 P10),
    CHECKED_CASE("small", LENGTHS(4, 7), .columns = 24, .heads = 3),
    CHECKED_CASE("small-strided", LENGTHS(2, 5), .columns = 16, .heads = 2, .strided = 1, .spare_tokens = 3, P10),
    CHECKED_CASE("small-list", LENGTHS(4, 6, 3), QUERIES(1, 2, 1), .columns = 16, .heads = 2, .strided = 1,
                 .spare_tokens = 2, .spare_sequences = 2, P10),
    CASE("mask-small", LENGTHS(3, 1, 5), .columns = 16, .heads = 2, .spare_tokens = 2, .spare_sequences = 1, P10, MASK),
    CASE("mask-head-size-32", LENGTHS(33, 17, 64), .columns = 96, .heads = 3, .strided = 1, P10, MASK),
    CASE("mask-head-size-8-long", LENGTHS(530, 3), .columns = 8, .heads = 1, .threshold = 20000, MASK),
    CASE("mask-12", LENGTHS(12, 1, 17, 31), .columns = 128, .heads = 2, .spare_sequences = 2, .strided = 1, P10, MASK),
    CASE("mask-64", LENGTHS(33, 63, 1, 64, 17), D64, .heads = 1, .strided = 1, .spare_tokens = 40, P10, MASK),
    CASE("mask-128", LENGTHS(127, 65, 1, 128, 96), D64, .heads = 1, .strided = 1, .threshold = 20000, MASK),
    CASE("mask-200", LENGTHS(200, 3, 129, 64), .columns = 128, .heads = 2, .strided = 1, .spare_tokens = 5, P10, MASK),
    CASE("mask-max-keys-512-of-40", LENGTHS(5, 40, 1), D64, .heads = 1, .max_keys = 512, .spare_tokens = 80, P10, MASK),
    CASE("mask-no-dropout", LENGTHS(20, 33), D64, .heads = 1, MASK),
    CASE("mask-no-sequence", LENGTHS(0), D64, .heads = 1, .spare_tokens = 3, .spare_sequences = 2, .max_keys = 64, P10,
         MASK),
    CASE("one-token", LENGTHS(1), .columns = 64, .heads = 1),
    CASE("one-token-dropout", LENGTHS(1, 1, 1, 1, 1, 1, 1), .columns = 64, .heads = 4, .threshold = 32768),
    CASE("head-size-64", LENGTHS(63, 64, 65), .columns = 128, .heads = 2, .spare_tokens = 5, .strided = 1, P10),
    CASE("head-size-8", LENGTHS(31, 32, 33), .columns = 8, .heads = 1, .spare_tokens = 1),
    CASE("head-size-3", LENGTHS(7, 13), .columns = 24, .heads = 8, .spare_tokens = 1),
    CASE("head-size-32", LENGTHS(33, 17, 64), .columns = 96, .heads = 3, .strided = 1, P10),
    CASE("head-size-80", LENGTHS(20, 65, 1), .columns = 160, .heads = 2, .spare_tokens = 3),
    CASE("head-size-128", LENGTHS(17, 16, 15), .columns = 256, .heads = 2, P10),
    CASE("head-size-128-long", LENGTHS(129, 3), .columns = 128, .heads = 1, .strided = 1, .spare_tokens = 2),
    CASE("head-size-4-many-heads", LENGTHS(9, 18), .columns = 64, .heads = 16, P10),
    CASE("768", LENGTHS(7, 23, 1, 41), .columns = 768, .heads = 12, .spare_tokens = 24, .spare_sequences = 4,
         .strided = 1, P10),
    CASE("one-long-among-short", LENGTHS(3, 1, 257, 2, 5, 1, 4), .columns = 64, .heads = 1, .spare_tokens = 7, P10),
    CASE("up-to-32", LENGTHS(32, 1, 15, 16, 17, 31, 12), D64, .heads = 1, .spare_tokens = 1, P10),
    CASE("up-to-32-no-dropout", LENGTHS(31, 1, 16, 32, 2), .columns = 128, .heads = 2, .strided = 1),
    CASE("up-to-64", LENGTHS(33, 63, 1, 64, 17), D64, .heads = 1, .strided = 1, .spare_tokens = 40, P10),
    CASE("up-to-64-no-dropout", LENGTHS(64, 48), D64, .heads = 1),
    CASE("up-to-128", LENGTHS(127, 65, 1, 128, 96), D64, .heads = 1, .strided = 1, P10),
    CASE("up-to-128-no-dropout", LENGTHS(128, 127), D64, .heads = 1, .spare_tokens = 3),
    CASE("129", LENGTHS(129, 1, 128, 64), D64, .heads = 1, .strided = 1, .spare_tokens = 2, P10),
    CASE("129-no-dropout", LENGTHS(1, 129), .columns = 128, .heads = 2),
    CASE("256", LENGTHS(255, 256, 257), D64, .heads = 1, .strided = 1, P10),
    CASE("511", LENGTHS(511), .columns = 64, .heads = 1, .spare_tokens = 1, .strided = 1),
    CASE("512", LENGTHS(512), .columns = 16, .heads = 2, P10),
    BIG_CASE("512-head-size-64", LENGTHS(512, 3), D64, .heads = 1, .strided = 1, P10),
    CASE("1024", LENGTHS(1024, 1), .columns = 8, .heads = 1, P10),
    BIG_CASE("1023-head-size-64", LENGTHS(1023), D64, .heads = 1, .spare_tokens = 1),
    BIG_CASE("1024-head-size-64", LENGTHS(1024, 2), D64, .heads = 1, .strided = 1, P10),
    BIG_CASE("768-long", LENGTHS(3, 190, 1, 77), .columns = 768, .heads = 12, .strided = 1, .spare_tokens = 9, P10),
    CASE("40-commands",
         LENGTHS(12, 9, 11, 3, 14, 12, 8, 21, 6, 13, 12, 10, 7, 9, 11, 5, 16, 12, 9, 13, 12, 10, 4, 18, 11, 12, 9, 8,
                 15, 12, 7, 10, 11, 13, 9, 12, 6, 14, 10, 12),
         .columns = 128, .heads = 2, .strided = 1, .spare_tokens = 21, P10),
    CASE("max-keys-64-of-40", LENGTHS(5, 40, 1), D64, .heads = 1, .max_keys = 64, P10),
    CASE("max-keys-128-of-12", LENGTHS(12, 9), .columns = 128, .heads = 2, .max_keys = 128, .spare_tokens = 8, P10),
    CASE("max-keys-512-of-40", LENGTHS(5, 40, 1), D64, .heads = 1, .max_keys = 512, .spare_tokens = 80, P10),
    CASE("max-keys-1024-of-3", LENGTHS(3, 1), D64, .heads = 1, .max_keys = 1024, .spare_sequences = 7),
    CASE("max-keys-1024-head-size-8", LENGTHS(20, 3), .columns = 16, .heads = 2, .max_keys = 1024, P10),
    CASE("much-spare", LENGTHS(20, 30), D64, .heads = 1, .spare_tokens = 150, .spare_sequences = 50, .max_keys = 128,
         P10),
    CASE("much-spare-long", LENGTHS(20, 140), D64, .heads = 1, .spare_tokens = 200, .spare_sequences = 9, P10),
    CASE("tile-edges", LENGTHS(15, 16, 17, 127, 128, 129), .columns = 24, .heads = 3, .threshold = 20000),
    CASE("classifier-list", LENGTHS(9, 64, 65, 1, 33), QUERIES(1, 1, 1, 1, 1), .columns = 128, .heads = 2, .strided = 1,
         .spare_tokens = 11, .spare_sequences = 3, P10),
    CASE("masked-list", LENGTHS(50, 3, 65, 20), QUERIES(7, 0, 10, 0), .columns = 128, .heads = 2, .spare_tokens = 9,
         .spare_sequences = 1, P10),
    CASE("classifier-list-short", LENGTHS(12, 1, 32, 9), QUERIES(1, 1, 1, 1), .columns = 128, .heads = 2, .strided = 1,
         .spare_tokens = 3, .spare_sequences = 4, P10),
    CASE("classifier-list-long", LENGTHS(200, 12, 129, 64), QUERIES(1, 1, 1, 1), .columns = 128, .heads = 2,
         .strided = 1, .spare_tokens = 5, .spare_sequences = 1, P10),
    CASE("classifier-list-long-no-dropout", LENGTHS(130, 3), QUERIES(1, 1), D64, .heads = 1),
    CASE("masked-list-long", LENGTHS(200, 3, 150, 70), QUERIES(31, 0, 130, 0), D64, .heads = 1, .spare_tokens = 2, P10),
    CASE("all-listed", LENGTHS(33, 17, 1), QUERIES(33, 17, 1), D64, .heads = 1, .spare_tokens = 4, P10),
    CASE("all-listed-long", LENGTHS(140, 20), QUERIES(140, 20), D64, .heads = 1, P10),
    CASE("long-without-queries", LENGTHS(300, 5), QUERIES(0, 2), D64, .heads = 1, .strided = 1, .spare_tokens = 3, P10),
    CASE("list-head-size-80", LENGTHS(40, 7), QUERIES(3, 1), .columns = 160, .heads = 2, P10),
    CASE("first-without-queries", LENGTHS(5, 4, 6), QUERIES(0, 3, 0), .columns = 16, .heads = 1),
    CASE("no-queries", LENGTHS(5, 4), QUERIES(0, 0), .columns = 16, .heads = 1, .spare_tokens = 3),
    CASE("no-queries-head-size-64", LENGTHS(5, 140), QUERIES(0, 0), D64, .heads = 1, .spare_tokens = 3, P10),
    CASE("no-sequence", LENGTHS(0), .columns = 16, .heads = 2, .spare_tokens = 3, .spare_sequences = 2, P10),
    CASE("no-sequence-head-size-64", LENGTHS(0), D64, .heads = 1, .spare_tokens = 3, .spare_sequences = 2,
         .max_keys = 64),
    CASE("no-sequence-long", LENGTHS(0), D64, .heads = 1, .spare_tokens = 9, .spare_sequences = 2, .max_keys = 512,
         P10),
    CASE("no-sequence-strided", LENGTHS(0), .columns = 128, .heads = 2, .strided = 1, .spare_tokens = 70,
         .spare_sequences = 5, .max_keys = 32, P10),
    CASE("no-sequence-128", LENGTHS(0), D64, .heads = 1, .strided = 1, .spare_tokens = 130, .spare_sequences = 3,
         .max_keys = 128, P10),
    CASE("no-sequence-1024", LENGTHS(0), .columns = 128, .heads = 2, .strided = 1, .spare_tokens = 40,
         .spare_sequences = 1, .max_keys = 1024),
    CASE("no-sequence-list", LENGTHS(0), QUERIES(0), .columns = 16, .heads = 2, .strided = 1, .spare_tokens = 5,
         .spare_sequences = 3, .max_keys = 40, P10),
    CASE("no-sequence-list-short", LENGTHS(0), QUERIES(0), .columns = 128, .heads = 2, .strided = 1, .spare_tokens = 20,
         .spare_sequences = 4, .max_keys = 44, P10),
    CASE("no-sequence-list-short-no-dropout", LENGTHS(0), QUERIES(0), D64, .heads = 1, .spare_tokens = 7,
         .spare_sequences = 2, .max_keys = 32),
    CASE("no-sequence-list-long", LENGTHS(0), QUERIES(0), .columns = 128, .heads = 2, .strided = 1, .spare_tokens = 20,
         .spare_sequences = 4, .max_keys = 200, P10),
    CASE("no-sequence-list-head-size-80", LENGTHS(0), QUERIES(0), .columns = 160, .heads = 2, .spare_tokens = 3,
         .spare_sequences = 2, .max_keys = 600),
    CASE("large-scores", LENGTHS(40, 33), .columns = 64, .heads = 1, .sharp = 60),
    CASE("large-scores-long", LENGTHS(300), D64, .heads = 1, .sharp = 60),
    CASE("small-scores-long", LENGTHS(150, 40), D64, .heads = 1, .sharp = 1e-3, P10),
    CASE("nearly-all-dropped", LENGTHS(33, 20), .columns = 16, .heads = 2, .threshold = 65000),
    CASE("nearly-all-dropped-head-size-64", LENGTHS(33, 140), D64, .heads = 1, .threshold = 65000),
    CASE("not-finite", LENGTHS(5, 6, 4), .columns = 16, .heads = 2, .not_finite = 1),
    CASE("not-finite-head-size-64", LENGTHS(5, 6, 33, 4), D64, .heads = 1, .not_finite = 1, .spare_tokens = 2),
    CASE("not-finite-long", LENGTHS(5, 6, 140, 4), D64, .heads = 1, .not_finite = 1, .spare_tokens = 2),
    /* head size 64, with the sizes at which the tensor-core kernels change their code path */
    CASE("32-of-64", LENGTHS(12, 1, 32, 16, 17, 31), .columns = 128, .heads = 2, .spare_tokens = 9,
         .spare_sequences = 2, .strided = 1, P10),
    CASE("64-of-64", LENGTHS(33, 47, 48, 49, 64), .columns = 64, .heads = 1, .threshold = 20000),
    CASE("128-of-64", LENGTHS(113, 128, 2), .columns = 128, .heads = 2, .spare_tokens = 1, .strided = 1),
    CASE("129-of-64", LENGTHS(129, 192, 1, 193), .columns = 64, .heads = 1, .spare_tokens = 3, .spare_sequences = 1,
         .strided = 1, P10),
    CASE("1024-of-64", LENGTHS(1024), .columns = 64, .heads = 1, P10),
    CASE("list-32-of-64", LENGTHS(12, 1, 32, 20), QUERIES(1, 1, 9, 0), .columns = 128, .heads = 2, .strided = 1,
         .spare_tokens = 4, P10),
    CASE("list-200-of-64", LENGTHS(130, 3, 200, 64), QUERIES(20, 0, 150, 1), .columns = 128, .heads = 2, .strided = 1,
         .spare_tokens = 4, .spare_sequences = 1, P10),
    CASE("list-129-of-64", LENGTHS(129, 5), QUERIES(1, 1), .columns = 64, .heads = 1, .spare_tokens = 4),
    CASE("large-scores-of-64", LENGTHS(140, 33), .columns = 64, .heads = 1, .sharp = 60),
    CASE("not-finite-of-64", LENGTHS(5, 6, 4), .columns = 128, .heads = 2, .not_finite = 1),
};
static const op_case odd = CASE("odd", LENGTHS(3, 2), .columns = 12, .heads = 2);

static const spoil spoils_fwd[] = {SPOIL(attention_fwd, heads, int32_t, 0),
                                   SPOIL(attention_fwd, heads, int32_t, -2),
                                   SPOIL(attention_fwd, heads, int32_t, 3),
                                   {"keys", offsetof(cam_attention_fwd_args, max_keys), 4, &(const int32_t){0}},
                                   {"keys", offsetof(cam_attention_fwd_args, max_keys), 4, &(const int32_t){8193}},
                                   SPOIL(attention_fwd, threshold, uint32_t, 65536)};
static const spoil spoils_bwd[] = {SPOIL(attention_bwd, heads, int32_t, 0),
                                   SPOIL(attention_bwd, heads, int32_t, 3),
                                   {"keys", offsetof(cam_attention_bwd_args, max_keys), 4, &(const int32_t){8193}},
                                   SPOIL(attention_bwd, threshold, uint32_t, 65536)};

/* 36 of 178 cases and precisions, for both operators. The plain kernels run in f32, the short and tiled ones in bf16;
 * one-long-among-short, 129-of-64 and 256 are here because their loops run more than twice. */
#define CORE_CASES                                                                                                     \
    CORE("mask-small", "mask-12/bf16", "mask-64/bf16", "mask-128/bf16", "mask-200/bf16",                               \
         "mask-max-keys-512-of-40/bf16", "small-list", "one-token", "one-token/bf16", "768/bf16",                      \
         "one-long-among-short", "up-to-32/bf16", "256/bf16", "max-keys-128-of-12/bf16", "max-keys-1024-head-size-8",  \
         "max-keys-1024-head-size-8/bf16", "masked-list/bf16", "classifier-list-short/bf16", "all-listed/bf16",        \
         "all-listed-long/bf16", "no-queries/bf16", "no-sequence", "no-sequence-head-size-64/bf16",                    \
         "no-sequence-strided/bf16", "no-sequence-128/bf16", "no-sequence-list/bf16", "no-sequence-list-short/bf16",   \
         "no-sequence-list-short-no-dropout/bf16", "nearly-all-dropped-head-size-64/bf16", "not-finite/bf16",          \
         "not-finite-head-size-64/bf16", "not-finite-long/bf16", "128-of-64/bf16", "129-of-64/bf16",                   \
         "list-32-of-64/bf16", "not-finite-of-64")
OP_TESTS(attention, attention_fwd, cases, .setup = setup_fwd, .check = check_mask, .precisions = 2, .odd_hidden = &odd,
         .also_swept = "mask-small", SPOILS(spoils_fwd), CORE_CASES);
OP_TESTS(attention, attention_bwd, cases, .setup = setup_bwd, .gradient = gradient, .precisions = 2, .odd_hidden = &odd,
         .also_swept = "mask-small", SPOILS(spoils_bwd), CORE_CASES);
