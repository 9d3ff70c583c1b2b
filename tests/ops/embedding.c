/* embedding.c: word + position + type, LayerNorm, dropout. Rows of the tables that no token uses have gradient size 0:
 * with `=` they must be exact zeros, with `+=` they must keep their bits. */
#include "harness.h"
#include <stdlib.h>
#include <tgmath.h>

typedef struct shape {
    int64_t cap, n, columns, words, positions;
    uint32_t threshold;
    int accumulate;
    int padding;  /* word 1 and position 2 receive no gradient */
    int one_word; /* every token is the same word: one long sum */
    int tied;     /* dword has been begun, though the others are `=` */
} shape;

static const double layer_eps = 1e-5;

static int32_t pad_word(const shape *s) {
    return s->padding ? 1 : -1;
}

static int32_t pad_position(const shape *s) {
    return s->padding ? 2 : -1;
}

#define REAL double
#include "embedding_formula.h"
#undef REAL
#define REAL float
#include "embedding_formula.h"
#undef REAL

static void inputs(trial *t, operand_role beta) {
    const shape *s = SHAPE(shape);
    t->accumulate = s->accumulate;
    t->state.tokens = (int32_t)s->n;
    t->state.sequences = t->state.head_rows = (int32_t)s->cap;
    dropout_operands(t, s->cap, s->n, s->threshold, CAM_SITE_EMBEDDING);
    operand *ids = operand_real(operand_new(t, "ids", IN, CAM_I32, s->cap, 0), s->n);
    fill_integers(t, ids, s->one_word ? s->words - 1 : 0, s->words - 1);
    operand *positions = operand_real(operand_new(t, "positions", IN, CAM_I32, s->cap, 0), s->n);
    fill_integers(t, positions, 0, s->positions - 1);
    fill_normal(t, operand_new(t, "word", IN, CAM_F32, s->words, s->columns), 0, 1);
    fill_normal(t, operand_new(t, "position", IN, CAM_F32, s->positions, s->columns), 0, 0.5);
    fill_normal(t, operand_new(t, "type", IN, CAM_F32, 1, s->columns), 0, 0.2);
    fill_normal(t, operand_new(t, "gamma", IN, CAM_F32, s->columns, 0), 1, 0.2);
    fill_normal(t, operand_new(t, "beta", beta, CAM_F32, s->columns, 0), 0, 0.2);
}

static operand *tokens(trial *t, const char *name, operand_role role, int64_t columns) {
    return operand_real(operand_new(t, name, role, columns ? t->act : CAM_F32, SHAPE(shape)->cap, columns),
                        SHAPE(shape)->n);
}

static void setup_fwd(trial *t) {
    inputs(t, IN);
    operand_get(t, "word")->free_dims = operand_get(t, "position")->free_dims = 1;
    tokens(t, "y", OUT, SHAPE(shape)->columns);
    tokens(t, "mean", OUT, 0);
    tokens(t, "rstd", OUT, 0);
}

static void setup_bwd(trial *t) {
    const shape *s = SHAPE(shape);
    operand_role out = s->accumulate ? ADD : OUT;
    inputs(t, PRIVATE);
    tokens(t, "y", PRIVATE, s->columns);
    tokens(t, "mean", IN, 0);
    tokens(t, "rstd", IN, 0);
    embedding_fwd_double(t);
    operand_resolve(t, "mean");
    operand_resolve(t, "rstd");
    fill_normal(t, tokens(t, "dy", IN, s->columns), 0.1, 1);
    fill_normal(t, operand_new(t, "dword", s->tied ? ADD : out, CAM_F32, s->words, s->columns), 0, 1);
    fill_normal(t, operand_new(t, "dposition", out, CAM_F32, s->positions, s->columns), 0, 1);
    fill_normal(t, operand_new(t, "dtype", out, CAM_F32, 1, s->columns), 0, 1);
    fill_normal(t, operand_new(t, "dgamma", out, CAM_F32, s->columns, 0), 0, 1);
    fill_normal(t, operand_new(t, "dbeta", out, CAM_F32, s->columns, 0), 0, 1);
}

CALL(embedding_fwd, .y = ON("y"), .mean = ON("mean"), .rstd = ON("rstd"), .ids = ON("ids"),
     .positions = ON("positions"), .word = ON("word"), .position = ON("position"), .type = ON("type"),
     .gamma = ON("gamma"), .beta = ON("beta"), .eps = (float)layer_eps, .dropout = DROPOUT, .state = STATE)
CALL(embedding_bwd, .dword = ON("dword"), .dposition = ON("dposition"), .dtype = ON("dtype"), .dgamma = ON("dgamma"),
     .dbeta = ON("dbeta"), .dy = ON("dy"), .mean = ON("mean"), .rstd = ON("rstd"), .ids = ON("ids"),
     .positions = ON("positions"), .word = ON("word"), .position = ON("position"), .type = ON("type"),
     .gamma = ON("gamma"), .pad_word = pad_word(SHAPE(shape)), .pad_position = pad_position(SHAPE(shape)),
     .accumulate = t->accumulate, .tied_word = SHAPE(shape)->tied, .dropout = DROPOUT, .state = STATE)

static double objective(trial *t) {
    embedding_fwd_double(t);
    return weighted_sum(t, "y", "dy");
}

static void gradient(trial *t) {
    if (!SHAPE(shape)->padding) { /* padding rows have no gradient by definition */
        check_gradient(t, "dword", "word", objective);
        check_gradient(t, "dposition", "position", objective);
    }
    check_gradient(t, "dtype", "type", objective);
    check_gradient(t, "dgamma", "gamma", objective);
    check_gradient(t, "dbeta", "beta", objective);
}

#define WIDTH(h)                                                                                                       \
    CASE("width-" #h, .cap = 11, .n = 9, .columns = h, .words = 5, .positions = 7, .threshold = 6554, .padding = 1)
static const op_case cases[] = {
    CHECKED_CASE("small-dropout", .cap = 9, .n = 7, .columns = 16, .words = 11, .positions = 13, .threshold = 6554),
    CHECKED_CASE("small-plus", .cap = 6, .n = 6, .columns = 8, .words = 5, .positions = 4, .accumulate = 1),
    CHECKED_CASE("padding", .cap = 40, .n = 37, .columns = 16, .words = 5, .positions = 4, .padding = 1),
    CASE("padding-plus", .cap = 40, .n = 40, .columns = 16, .words = 5, .positions = 4, .padding = 1, .accumulate = 1,
         .threshold = 6554),
    CASE("tied", .cap = 40, .n = 37, .columns = 16, .words = 50, .positions = 40, .padding = 1, .tied = 1),
    CASE("tied-plus", .cap = 40, .n = 37, .columns = 16, .words = 50, .positions = 40, .tied = 1, .accumulate = 1),
    CASE("tied-768", .cap = 65, .n = 63, .columns = 768, .words = 31, .positions = 67, .tied = 1, .threshold = 6554),
    CASE("tied-no-tokens", .cap = 4, .n = 0, .columns = 16, .words = 5, .positions = 6, .tied = 1),
    CASE("one-token", .cap = 1, .n = 1, .columns = 768, .words = 3, .positions = 514),
    CASE("one-word", .cap = 515, .n = 512, .columns = 24, .words = 7, .positions = 514, .one_word = 1),
    CASE("768", .cap = 128, .n = 113, .columns = 768, .words = 301, .positions = 514, .threshold = 6554),
    CASE("768-plus", .cap = 65, .n = 65, .columns = 768, .words = 31, .positions = 67, .threshold = 6554,
         .accumulate = 1),
    CASE("many-tokens", .cap = 2100, .n = 2039, .columns = 16, .words = 97, .positions = 514),
    WIDTH(8),
    WIDTH(40),
    WIDTH(136),
    WIDTH(248),
    WIDTH(264),
    WIDTH(1016),
    WIDTH(1024),
    WIDTH(1032),
    WIDTH(3072),
    CASE("whole-vocabulary", .cap = 40, .n = 37, .columns = 8, .words = 32005, .positions = 514, .threshold = 6554),
    CASE("two-words", .cap = 300, .n = 299, .columns = 16, .words = 2, .positions = 300),
    CASE("one-of-many", .cap = 257, .n = 1, .columns = 40, .words = 9, .positions = 9, .threshold = 6554),
    BIG_CASE("8192-tokens", .cap = 8200, .n = 8192, .columns = 8, .words = 1009, .positions = 514, .threshold = 6554),
    CASE("no-tokens", .cap = 4, .n = 0, .columns = 16, .words = 5, .positions = 6),
    CASE("no-tokens-plus", .cap = 4, .n = 0, .columns = 16, .words = 5, .positions = 6, .accumulate = 1),
    CASE("no-tokens-768", .cap = 384, .n = 0, .columns = 768, .words = 31, .positions = 514, .threshold = 6554,
         .padding = 1),
    CASE("no-tokens-768-plus", .cap = 384, .n = 0, .columns = 768, .words = 31, .positions = 514, .threshold = 6554,
         .padding = 1, .accumulate = 1),
    CASE("no-tokens-width-1032", .cap = 1, .n = 0, .columns = 1032, .words = 3, .positions = 5, .threshold = 6554),
};
static const op_case odd = CASE("odd", .cap = 4, .n = 3, .columns = 12, .words = 5, .positions = 5);

static const spoil spoils_fwd[] = {SPOIL(embedding_fwd, eps, float, 0), SPOIL(embedding_fwd, eps, float, NAN)};

OP_TESTS(embedding, embedding_fwd, cases, .setup = setup_fwd, .precisions = 2, .odd_hidden = &odd, SPOILS(spoils_fwd));
OP_TESTS(embedding, embedding_bwd, cases, .setup = setup_bwd, .gradient = gradient, .precisions = 2,
         .odd_hidden = &odd);
