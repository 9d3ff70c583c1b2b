/* attention.c: packed variable-length attention, every token asking or only the rows of a list. */
#include "harness.h"
#include <tgmath.h>

enum { MOST_SEQUENCES = 40 };

typedef struct shape {
    int32_t lengths[MOST_SEQUENCES]; /* keys of each sequence; ends at 0 */
    int32_t queries[MOST_SEQUENCES]; /* row list: of each sequence */
    int list;                        /* the row list asks, CAM_ROWS_HEAD */
    int32_t columns, heads;
    int32_t spare_tokens, spare_sequences; /* capacity past the true counts */
    uint32_t threshold;
    int strided;    /* q, k, v beside each other in one product's output, their gradients likewise */
    double sharp;   /* deviation of q; 0 stands for 1 */
    int not_finite; /* NaN in one value row, infinity in one key row */
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
    while (b < MOST_SEQUENCES && s->lengths[b])
        b++;
    return b;
}

static int32_t longest_of(const shape *s) {
    int32_t longest = 1;
    for (int b = 0; b < sequences_of(s); b++)
        longest = s->lengths[b] > longest ? s->lengths[b] : longest;
    return longest;
}

/* Counts, offsets and the random map's operands. */
static void sequences(trial *t) {
    const shape *s = SHAPE(shape);
    int32_t count = sequences_of(s), cap = count + s->spare_sequences, tokens = 0, asked = 0;
    for (int b = 0; b < count; b++) {
        tokens += s->lengths[b];
        asked += queries_of(s, b);
    }
    t->rows = s->list ? CAM_ROWS_HEAD : CAM_ROWS_TOKENS;
    t->state.sequences = count;
    t->state.tokens = tokens;
    t->state.head_rows = s->list ? asked : tokens + s->spare_tokens;
    t->threshold = s->threshold;
    t->site = CAM_SITE_ATTENTION + 4 * 7;
    operand *cu_q = operand_real(operand_new(t, "cu_q", IN, CAM_I32, cap + 1, 0), count + 1);
    operand *cu_k = operand_real(operand_new(t, "cu_k", IN, CAM_I32, cap + 1, 0), count + 1);
    operand *index = operand_real(operand_new(t, "q_index", IN, CAM_I32, asked + s->spare_tokens, 0), asked);
    operand *row = operand_real(operand_new(t, "sequence_row", IN, CAM_I32, cap, 0), count);
    fill_integers(t, row, 1000, 2000000);
    int32_t at_q = 0, at_k = 0;
    for (int b = 0; b < count; b++) {
        for (int32_t i = 0; i < queries_of(s, b); i++) /* spread over the sequence, its first token among them */
            operand_set(index, at_q + i, (double)(i * s->lengths[b] / queries_of(s, b)));
        operand_set(cu_q, b + 1, at_q += queries_of(s, b));
        operand_set(cu_k, b + 1, at_k += s->lengths[b]);
    }
}

static operand *query_rows(trial *t, const char *name, operand_role role, int64_t columns) {
    int64_t cap = operand_get(t, "q_index")->shape[0], real = operand_get(t, "q_index")->real;
    return operand_real(operand_new(t, name, role, CAM_F32, cap, columns), real);
}

static operand *key_rows(trial *t, const char *name, operand_role role) {
    const shape *s = SHAPE(shape);
    return operand_real(operand_new(t, name, role, CAM_F32, t->state.tokens + s->spare_tokens, s->columns),
                        t->state.tokens);
}

/* As the model lays them: q, k, v in one [T,3H]; where a list asks, k, v in [T,2H] and q alone. */
static void place(trial *t, operand *q, operand *k, operand *v) {
    const shape *s = SHAPE(shape);
    int64_t h = s->columns;
    q->stride_free = k->stride_free = v->stride_free = 1;
    if (!s->strided)
        return;
    storage *panel = panel_new(t, k->shape[0], s->list ? 2 * h : 3 * h);
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

static void setup_fwd(trial *t) {
    inputs(t);
    query_rows(t, "out", OUT, SHAPE(shape)->columns);
    query_rows(t, "lse", OUT, SHAPE(shape)->heads);
}

static void setup_bwd(trial *t) {
    const shape *s = SHAPE(shape);
    inputs(t);
    query_rows(t, "out", IN, s->columns);
    query_rows(t, "lse", IN, s->heads);
    attention_fwd_double(t);
    operand_settle(t, "out");
    operand_settle(t, "lse");
    fill_normal(t, query_rows(t, "dout", IN, s->columns), 0.1, 1);
    operand *dq = query_rows(t, "dq", OUT, s->columns);
    place(t, dq, key_rows(t, "dk", OUT), key_rows(t, "dv", OUT));
}

#define MAP_AND_SHAPES                                                                                                 \
    .q = ON("q"), .k = ON("k"), .v = ON("v"), .cu_q = ON("cu_q"), .cu_k = ON("cu_k"), .q_index = ON("q_index"),        \
    .sequence_row = ON("sequence_row"), .heads = SHAPE(shape)->heads, .max_keys = longest_of(SHAPE(shape)),            \
    .scale = scale_of(t), .q_rows = t->rows, .threshold = t->threshold, .site = t->site, .state = STATE
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

#define LENGTHS(...) .lengths = {__VA_ARGS__}
#define QUERIES(...) .list = 1, .queries = {__VA_ARGS__}
#define P10          .threshold = 6554

static const op_case cases[] = {
    CHECKED_CASE("small-dropout", LENGTHS(3, 1, 5), .columns = 16, .heads = 2, .spare_tokens = 2, .spare_sequences = 1,
                 P10),
    CHECKED_CASE("small", LENGTHS(4, 7), .columns = 24, .heads = 3),
    CHECKED_CASE("small-strided", LENGTHS(2, 5), .columns = 16, .heads = 2, .strided = 1, .spare_tokens = 3, P10),
    CHECKED_CASE("small-list", LENGTHS(4, 6, 3), QUERIES(1, 2, 1), .columns = 16, .heads = 2, .strided = 1,
                 .spare_tokens = 2, .spare_sequences = 2, P10),
    CASE("one-token", LENGTHS(1), .columns = 64, .heads = 1),
    CASE("one-token-dropout", LENGTHS(1, 1, 1, 1, 1, 1, 1), .columns = 64, .heads = 4, .threshold = 32768),
    CASE("head-size-64", LENGTHS(63, 64, 65), .columns = 128, .heads = 2, .spare_tokens = 5, .strided = 1, P10),
    CASE("head-size-8", LENGTHS(31, 32, 33), .columns = 8, .heads = 1, .spare_tokens = 1),
    CASE("head-size-3", LENGTHS(7, 13), .columns = 24, .heads = 8, .spare_tokens = 1),
    CASE("head-size-128", LENGTHS(17, 16, 15), .columns = 256, .heads = 2, P10),
    CASE("768", LENGTHS(7, 23, 1, 41), .columns = 768, .heads = 12, .spare_tokens = 24, .spare_sequences = 4,
         .strided = 1, P10),
    CASE("one-long-among-short", LENGTHS(3, 1, 257, 2, 5, 1, 4), .columns = 64, .heads = 1, .spare_tokens = 7, P10),
    CASE("511", LENGTHS(511), .columns = 64, .heads = 1, .spare_tokens = 1, .strided = 1),
    CASE("512", LENGTHS(512), .columns = 16, .heads = 2, P10),
    CASE("1024", LENGTHS(1024, 1), .columns = 8, .heads = 1, P10),
    CASE("tile-edges", LENGTHS(15, 16, 17, 127, 128, 129), .columns = 24, .heads = 3, .threshold = 20000),
    CASE("classifier-list", LENGTHS(9, 64, 65, 1, 33), QUERIES(1, 1, 1, 1, 1), .columns = 128, .heads = 2, .strided = 1,
         .spare_tokens = 11, .spare_sequences = 3, P10),
    CASE("masked-list", LENGTHS(50, 3, 65, 20), QUERIES(7, 0, 10, 0), .columns = 128, .heads = 2, .spare_tokens = 9,
         .spare_sequences = 1, P10),
    CASE("first-asks-nothing", LENGTHS(5, 4, 6), QUERIES(0, 3, 0), .columns = 16, .heads = 1),
    CASE("nobody-asks", LENGTHS(5, 4), QUERIES(0, 0), .columns = 16, .heads = 1, .spare_tokens = 3),
    CASE("no-sequence", LENGTHS(0), .columns = 16, .heads = 2, .spare_tokens = 3, .spare_sequences = 2, P10),
    CASE("large-scores", LENGTHS(40, 33), .columns = 64, .heads = 1, .sharp = 60),
    CASE("nearly-all-dropped", LENGTHS(33, 20), .columns = 16, .heads = 2, .threshold = 65000),
    CASE("not-finite", LENGTHS(5, 6, 4), .columns = 16, .heads = 2, .not_finite = 1),
};
static const op_case odd = CASE("odd", LENGTHS(3, 2), .columns = 12, .heads = 2);

static const spoil spoils_fwd[] = {SPOIL(attention_fwd, heads, int32_t, 0),
                                   SPOIL(attention_fwd, heads, int32_t, -2),
                                   SPOIL(attention_fwd, heads, int32_t, 3),
                                   {"keys", offsetof(cam_attention_fwd_args, max_keys), 4, &(const int32_t){0}},
                                   {"keys", offsetof(cam_attention_fwd_args, max_keys), 4, &(const int32_t){1025}},
                                   SPOIL(attention_fwd, threshold, uint32_t, 65536)};
static const spoil spoils_bwd[] = {SPOIL(attention_bwd, heads, int32_t, 0),
                                   SPOIL(attention_bwd, heads, int32_t, 3),
                                   {"keys", offsetof(cam_attention_bwd_args, max_keys), 4, &(const int32_t){1025}},
                                   SPOIL(attention_bwd, threshold, uint32_t, 65536)};

OP_TESTS(attention, attention_fwd, cases, .setup = setup_fwd, .odd_hidden = &odd, SPOILS(spoils_fwd));
OP_TESTS(attention, attention_bwd, cases, .setup = setup_bwd, .gradient = gradient, .odd_hidden = &odd,
         SPOILS(spoils_bwd));
