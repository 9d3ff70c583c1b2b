/* step.c: packing of a step's batch, the ranks' reports, and the step record. Everything is exact. Cases of step_begin
 * make several calls in a row, as in an epoch; entries that a call does not write must keep the values of an earlier
 * call.
 */
#include "harness.h"
#include <stdlib.h>
#include <string.h>
#include <tgmath.h>

typedef struct shape {
    int32_t rows, longest;       /* of the data set; rows have 1 .. longest tokens */
    int32_t order;               /* rows in the epoch's order; 0 stands for all */
    int32_t batch, accumulation; /* rows a micro-step; micro-steps an optimizer step, 0 stands for 1 */
    int32_t cursor, calls;       /* calls 0 stands for 1 */
    uint32_t empty;              /* bit m: this rank has no rows of micro-step m */
    int32_t spare_tokens, spare_sequences;
    int32_t fixed; /* every row has `longest` tokens */
    uint32_t updates;
    int rows_only, no_labels;
    int pads; /* many tokens are padding */
    int skips, was_not_finite;

    uint32_t step, slots; /* step_end */
    int not_finite;

    int32_t rank, ranks; /* step_rank_report, step_merge */
    int no_request;
    uint32_t requests; /* step_rank_report: this host's; step_merge: bit r is rank r's; step_end: all ranks' */
} shape;

enum { MAX_MICRO_STEPS = 64, MAX_UPDATES = 9 };
enum { PAD = 3, PAD_POSITION = 1, FIRST_POSITION = 6 };

/* --- step_begin --------------------------------------------------------------------------------------------------- */

/* The rows of micro-step m, of the `left` rows left in the epoch. */
static int32_t rows_of_step(const shape *s, int32_t left, int32_t m) {
    return s->empty >> m & 1 ? 0 : left < s->batch ? left : s->batch;
}

static void data_set(trial *t) {
    const shape *s = SHAPE(shape);
    operand *offsets = operand_new(t, "offsets", IN, CAM_I32, s->rows + 1, 0);
    for (int32_t r = 0; r < s->rows; r++) {
        int32_t length = s->fixed ? s->longest : 1 + (int32_t)(random_u64(t) % (uint64_t)s->longest);
        operand_set(offsets, r + 1, (double)(offsets->i[r] + length));
    }
    offsets->free_dims = s->no_labels;
    if (!s->rows_only) {
        int32_t tokens = offsets->i[s->rows];
        operand *ids = operand_new(t, "data_ids", IN, CAM_I32, tokens, 0);
        fill_integers(t, ids, s->pads ? 2 : 0, s->pads ? 4 : 32004);
        ids->in_group = ids->free_dims = 1;
    }
    if (!s->no_labels)
        fill_integers(t, operand_new(t, "data_labels", IN, CAM_I32, s->rows, 0), 0, 59)->optional = 1;
}

/* The first rows of a permutation. */
static const int32_t *epoch_order(trial *t) {
    const shape *s = SHAPE(shape);
    int32_t count = s->order ? s->order : s->rows, *all = malloc((size_t)s->rows * sizeof *all);
    for (int32_t r = 0; r < s->rows; r++)
        all[r] = r;
    for (int32_t r = 0; r + 1 < s->rows; r++) {
        int32_t other = r + (int32_t)(random_u64(t) % (uint64_t)(s->rows - r)), kept = all[r];
        all[r] = all[other];
        all[other] = kept;
    }
    operand *order = operand_new(t, "order", IN, CAM_I32, count, 0);
    order->free_dims = 1;
    for (int32_t r = 0; r < count; r++)
        operand_set(order, r, (double)all[r]);
    free(all);
    return order->i;
}

static int32_t length_of(const trial *t, int32_t row) {
    const int32_t *offsets = values_i32(t, "offsets");
    return offsets[row + 1] - offsets[row];
}

static void plan(trial *t, const int32_t *order, int32_t count) {
    const shape *s = SHAPE(shape);
    cam_micro_step steps[MAX_MICRO_STEPS] = {{0}};
    cam_bias_corrections corrections[MAX_UPDATES];
    int32_t m = 0, each = s->accumulation ? s->accumulation : 1;
    for (int32_t first = 0; first < count || s->empty >> m; first += steps[m++].rows) {
        CAM_ASSERT(m < MAX_MICRO_STEPS);
        steps[m] = (cam_micro_step){.learning_rate = 1e-5 * (1 + random_uniform(t)),
                                    .loss_denominator = 1 + random_uniform(t),
                                    .step = 70000u + (uint32_t)(m / each),
                                    .first = first,
                                    .rows = rows_of_step(s, count - first, m),
                                    .begins = m % each == 0,
                                    .epoch = 5000u + (uint32_t)m};
        for (int32_t b = 0; b < steps[m].rows && !s->rows_only; b++)
            steps[m].tokens += length_of(t, order[first + b]);
    }
    CAM_ASSERT(s->cursor + (s->calls ? s->calls : 1) <= m);
    for (int u = 0; u < MAX_UPDATES; u++)
        corrections[u] = (cam_bias_corrections){random_uniform(t), random_uniform(t)};
    operand_raw(t, "plan", IN, CAM_I32, steps, NULL, (size_t)m * sizeof *steps)->plain = 1;
    operand_raw(t, "corrections", IN, CAM_I32, corrections, NULL, sizeof corrections)->plain = 1;
}

static cam_micro_step micro_step(const trial *t, int32_t m) {
    cam_micro_step step;
    memcpy(&step, operand_get(t, "plan")->raw + (size_t)m * sizeof step, sizeof step);
    return step;
}

/* An output that the calls write up to `real` only. */
static operand *written(trial *t, const char *name, int32_t cap, int32_t real) {
    operand *o = operand_real(operand_new(t, name, OUT, CAM_I32, cap, 0), real);
    o->kept_tail = 1;
    return o;
}

static void outputs(trial *t) {
    const shape *s = SHAPE(shape);
    int32_t rows = 0, tokens = 0;
    for (int32_t k = 0; k < (s->calls ? s->calls : 1); k++) {
        cam_micro_step m = micro_step(t, s->cursor + k);
        rows = m.rows > rows ? m.rows : rows;
        tokens = m.tokens > tokens ? m.tokens : tokens;
    }
    static const char *const of_rows[] = {"row", "list", "list_index", "labels"};
    static const char *const of_tokens[] = {"ids", "positions", "token_row", "token_index"};
    int32_t cap = rows + s->spare_sequences;
    for (int i = 0; i < 4; i++)
        written(t, of_rows[i], cap, rows);
    written(t, "list_cu", cap + 1, rows + 1);
    if (s->rows_only)
        return;
    for (int i = 0; i < 4; i++)
        written(t, of_tokens[i], tokens + s->spare_tokens, tokens)->in_group = 1;
    written(t, "cu_seqlens", cap + 1, rows + 1)->in_group = 1;
}

#define WRITTEN_FIELDS(X)                                                                                              \
    X(step)                                                                                                            \
    X(epoch)                                                                                                           \
    X(tokens)                                                                                                          \
    X(sequences)                                                                                                       \
    X(head_rows)                                                                                                       \
    X(learning_rate)                                                                                                   \
    X(inverse_correction1)                                                                                             \
    X(root_correction2)                                                                                                \
    X(loss_denominator)                                                                                                \
    X(loss)                                                                                                            \
    X(clip_scale)                                                                                                      \
    X(finite)                                                                                                          \
    X(cursor)

static void setup_begin(trial *t) {
    const shape *s = SHAPE(shape);
    t->repeat = s->calls;
    t->state.cursor = (uint32_t)s->cursor;
    t->state.updates = s->updates;
    t->state.finite = !s->was_not_finite;
    t->state.skip_nonfinite = (uint32_t)s->skips;
    t->state.tokens = t->state.sequences = t->state.head_rows = -77;
    t->state.requests = 5;
    data_set(t);
    const int32_t *order = epoch_order(t);
    plan(t, order, (int32_t)operand_get(t, "order")->real);
    outputs(t);
#define WRITES(field) STATE_WRITES(t, field);
    WRITTEN_FIELDS(WRITES)
#undef WRITES
}

static void put_exact(trial *t, const char *name, int32_t i, int32_t value) {
    put_double(t, name, i, (double)value, 0);
}

static void begin_state(trial *t, const cam_micro_step *m) {
    cam_step_state *state = &t->truth;
    cam_bias_corrections c;
    memcpy(&c, operand_get(t, "corrections")->raw + state->updates * sizeof c, sizeof c);
    state->step = m->step;
    state->epoch = m->epoch;
    state->tokens = SHAPE(shape)->rows_only ? 0 : m->tokens;
    state->sequences = state->head_rows = m->rows;
    state->learning_rate = m->learning_rate;
    state->loss_denominator = m->loss_denominator;
    state->inverse_correction1 = c.inverse1;
    state->root_correction2 = c.root2;
    state->cursor++;
    if (!m->begins)
        return;
    state->loss = 0;
    state->clip_scale = 1;
    if (state->skip_nonfinite)
        state->finite = 1;
}

/* Packs a batch token by token. */
static void begin_batch(trial *t, const cam_micro_step *m) {
    const shape *s = SHAPE(shape);
    int32_t token = 0;
    for (int32_t b = 0; b < m->rows; b++) {
        int32_t d = values_i32(t, "order")[m->first + b], from = values_i32(t, "offsets")[d];
        put_exact(t, "row", b, d);
        put_exact(t, "list", b, s->rows_only ? d : token);
        put_exact(t, "list_index", b, 0);
        put_exact(t, "list_cu", b, b);
        put_exact(t, "labels", b, s->no_labels ? 0 : values_i32(t, "data_labels")[d]);
        if (s->rows_only)
            continue;
        put_exact(t, "cu_seqlens", b, token);
        int32_t pads = 0;
        for (int32_t j = 0; j < length_of(t, d); j++, token++) {
            int32_t id = values_i32(t, "data_ids")[from + j];
            pads += id == PAD;
            put_exact(t, "ids", token, id);
            put_exact(t, "positions", token, id == PAD ? PAD_POSITION : FIRST_POSITION + j - pads);
            put_exact(t, "token_row", token, d);
            put_exact(t, "token_index", token, j);
        }
    }
    put_exact(t, "list_cu", m->rows, m->rows);
    if (!s->rows_only)
        put_exact(t, "cu_seqlens", m->rows, token);
}

static void step_begin_double(trial *t) {
    const shape *s = SHAPE(shape);
    t->truth = t->state;
    for (int32_t k = 0; k < (s->calls ? s->calls : 1); k++) {
        cam_micro_step m = micro_step(t, s->cursor + k);
        begin_state(t, &m);
        begin_batch(t, &m);
    }
}

/* The result is exact, so there is no float formula. */
static void step_begin_float(trial *t) {
    (void)t;
}

static void check_begin(trial *t) {
#define COMPARE(field)                                                                                                 \
    if (memcmp(&t->state_after.field, &t->truth.field, sizeof t->truth.field) != 0)                                    \
        trial_fail(t, "state->" #field " is %.9g, must be %.9g", (double)t->state_after.field, (double)t->truth.field);
    WRITTEN_FIELDS(COMPARE)
#undef COMPARE
}

CALL(step_begin, .ids = ON("ids"), .positions = ON("positions"), .token_row = ON("token_row"),
     .token_index = ON("token_index"), .cu_seqlens = ON("cu_seqlens"), .row = ON("row"), .list = ON("list"),
     .list_index = ON("list_index"), .list_cu = ON("list_cu"), .labels = ON("labels"), .order = ON("order"),
     .offsets = ON("offsets"), .data_ids = ON("data_ids"), .data_labels = ON("data_labels"), .pad_id = PAD,
     .pad_position = PAD_POSITION, .first_position = FIRST_POSITION, .plan = ON("plan").data,
     .corrections = ON("corrections").data, .state = STATE)

#define SPARE .spare_tokens = 9, .spare_sequences = 3
static const op_case begin_cases[] = {
    CASE("small", .rows = 11, .longest = 7, .batch = 4, SPARE),
    CASE("one-row", .rows = 5, .longest = 9, .batch = 1, .cursor = 2, SPARE),
    CASE("one-token", .rows = 1, .longest = 1, .batch = 1),
    CASE("full-capacity", .rows = 40, .longest = 12, .batch = 32),
    CASE("last-is-short", .rows = 11, .longest = 7, .batch = 4, .cursor = 2, SPARE),
    CASE("walk", .rows = 37, .longest = 20, .batch = 5, .calls = 8, SPARE),
    CASE("walk-to-a-short-one", .rows = 23, .longest = 30, .batch = 6, .cursor = 1, .calls = 3, SPARE),
    CASE("accumulation", .rows = 24, .longest = 6, .batch = 3, .accumulation = 3, .cursor = 3, .calls = 2, SPARE),
    CASE("accumulating", .rows = 24, .longest = 6, .batch = 3, .accumulation = 3, .cursor = 4, .calls = 2, SPARE),
    CASE("next-step", .rows = 24, .longest = 6, .batch = 3, .accumulation = 2, .cursor = 3, .calls = 3, SPARE),
    CASE("third-update", .rows = 9, .longest = 6, .batch = 3, .updates = 3, SPARE),
    CASE("last-correction", .rows = 9, .longest = 6, .batch = 3, .updates = MAX_UPDATES - 1),
    CASE("stays-not-finite", .rows = 9, .longest = 6, .batch = 3, .was_not_finite = 1, SPARE),
    CASE("finite-again", .rows = 9, .longest = 6, .batch = 3, .was_not_finite = 1, .skips = 1, SPARE),
    CASE("not-yet-finite", .rows = 24, .longest = 6, .batch = 3, .accumulation = 2, .cursor = 1, .was_not_finite = 1,
         .skips = 1, SPARE),
    CASE("stays-finite", .rows = 9, .longest = 6, .batch = 3, .skips = 1),
    CASE("part-of-the-data", .rows = 50, .longest = 8, .order = 12, .batch = 5, .calls = 3, SPARE),
    CASE("pads", .rows = 9, .longest = 131, .batch = 4, .calls = 2, .pads = 1, SPARE),
    CASE("pads-512", .rows = 3, .longest = 512, .batch = 2, .fixed = 1, .pads = 1, SPARE),
    CASE("no-labels", .rows = 11, .longest = 7, .batch = 4, .no_labels = 1, SPARE),
    CASE("rows-only", .rows = 31, .longest = 7, .batch = 8, .calls = 3, .rows_only = 1, SPARE),
    CASE("rows-only-no-labels", .rows = 31, .longest = 7, .batch = 31, .rows_only = 1, .no_labels = 1),
    CASE("one-long-row", .rows = 3, .longest = 512, .batch = 1, .fixed = 1, .cursor = 1, SPARE),
    CASE("31", .rows = 40, .longest = 33, .batch = 31, SPARE),
    CASE("33", .rows = 40, .longest = 31, .batch = 33, SPARE),
    CASE("64-of-128", .rows = 70, .longest = 128, .fixed = 1, .batch = 64),
    CASE("257", .rows = 300, .longest = 5, .batch = 257, SPARE),
    CASE("1025-single-tokens", .rows = 1100, .longest = 1, .batch = 1025, SPARE),
    CASE("empty", .rows = 9, .longest = 6, .batch = 3, .cursor = 1, .empty = 1 << 1, SPARE),
    CASE("empty-first", .rows = 9, .longest = 6, .batch = 3, .calls = 3, .empty = 1 << 0, .was_not_finite = 1,
         .skips = 1, SPARE),
    CASE("empty-after-all-rows", .rows = 9, .longest = 6, .batch = 3, .cursor = 2, .calls = 3, .empty = 3 << 3, SPARE),
    CASE("empty-in-a-walk", .rows = 23, .longest = 30, .batch = 4, .calls = 9, .empty = 1 << 2 | 3 << 5, SPARE),
    CASE("empty-begins", .rows = 9, .longest = 6, .batch = 3, .accumulation = 2, .cursor = 2, .empty = 1 << 2, SPARE),
    CASE("empty-begins-then-rows", .rows = 12, .longest = 6, .batch = 3, .accumulation = 2, .cursor = 2, .calls = 2,
         .empty = 1 << 2, SPARE),
    CASE("empty-accumulating", .rows = 9, .longest = 6, .batch = 3, .accumulation = 3, .cursor = 1, .empty = 1 << 1,
         SPARE),
    CASE("empty-window", .rows = 9, .longest = 6, .batch = 3, .accumulation = 2, .cursor = 1, .calls = 4,
         .empty = 3 << 2, SPARE),
    CASE("empty-rows-only", .rows = 9, .longest = 6, .batch = 3, .cursor = 1, .empty = 1 << 1, .rows_only = 1, SPARE),
    CASE("empty-rows-only-in-a-walk", .rows = 31, .longest = 7, .batch = 8, .calls = 4, .empty = 1 << 1, .rows_only = 1,
         .no_labels = 1, SPARE),
    CASE("empty-among-1025", .rows = 1100, .longest = 2, .batch = 1025, .calls = 3, .empty = 1 << 1, SPARE),
    BIG_CASE("3001", .rows = 3100, .longest = 12, .batch = 3001, SPARE),
    BIG_CASE("32-of-512", .rows = 70, .longest = 512, .fixed = 1, .batch = 32, .calls = 2, SPARE),
};
OP_TESTS(step, step_begin, begin_cases, .setup = setup_begin, .check = check_begin, .also_swept = "rows-only");

/* --- step_end ----------------------------------------------------------------------------------------------------- */

static void mark(unsigned char *mask, size_t offset, size_t bytes, int what) {
    memset(mask + offset, what, bytes);
}

/* The ring is full of other values; only one record may change. */
static void setup_end(trial *t) {
    const shape *s = SHAPE(shape);
    size_t bytes = s->slots * sizeof(cam_step_record), slot = s->step % s->slots * sizeof(cam_step_record);
    unsigned char *ring = malloc(bytes), *mask = calloc(bytes, 1);
    memset(ring, 0x5a, bytes);
    mark(mask, slot, sizeof(cam_step_record), BYTE_WRITTEN);
    mark(mask, slot + offsetof(cam_step_record, time_ns), sizeof(uint64_t), BYTE_FREE);
    operand *o = operand_raw(t, "ring", UPDATE, CAM_I32, ring, mask, bytes);
    o->plain = o->mapped = 1;
    free(ring);
    free(mask);
    t->repeat = s->calls;
    t->state.step = s->step;
    t->state.finite = !s->not_finite;
    t->state.requests = s->requests;
    if (s->not_finite)
        t->state.loss = t->state.grad_norm = NAN;
}

static void step_end_double(trial *t) {
    (void)t;
}

static void step_end_float(trial *t) {
    (void)t;
}

static void check_end(trial *t) {
    const shape *s = SHAPE(shape);
    cam_step_record got;
    memcpy(&got, bytes_after(operand_get(t, "ring")) + s->step % s->slots * sizeof got, sizeof got);
    if (memcmp(&got.loss, &t->state.loss, sizeof got.loss) != 0 ||
        memcmp(&got.grad_norm, &t->state.grad_norm, sizeof got.grad_norm) != 0 ||
        got.learning_rate != t->state.learning_rate)
        trial_fail(t, "the record says loss %g, norm %g, rate %g; the state %g, %g, %g", got.loss, got.grad_norm,
                   got.learning_rate, t->state.loss, t->state.grad_norm, t->state.learning_rate);
    if (got.step != s->step || got.finite != t->state.finite || got.sequence != s->step + 1)
        trial_fail(t, "the record says step %u, finite %u, sequence %u", got.step, got.finite, got.sequence);
    if (got.requests != s->requests)
        trial_fail(t, "the record says requests %#x, the state %#x", got.requests, s->requests);
    if (got.time_ns == 0 || got.time_ns == 0x5a5a5a5a5a5a5a5au)
        trial_fail(t, "the record has no time");
}

CALL(step_end, .ring = ON("ring").data, .slots = (int32_t)SHAPE(shape)->slots, .state = STATE)

static const op_case end_cases[] = {
    CASE("some-slot", .step = 1234567, .slots = 64),  CASE("first", .step = 0, .slots = 8),
    CASE("last-slot", .step = 15, .slots = 8),        CASE("once-around", .step = 8, .slots = 8),
    CASE("one-slot", .step = 41, .slots = 1),         CASE("odd-ring", .step = 100, .slots = 7),
    CASE("late", .step = 0x90000001u, .slots = 1024), CASE("not-finite", .step = 9, .slots = 4, .not_finite = 1),
    CASE("twice", .step = 9, .slots = 4, .calls = 2), CASE("requests", .step = 5, .slots = 4, .requests = 0x80000001u),
};
static const spoil spoils_end[] = {SPOIL(step_end, slots, int32_t, 0), SPOIL(step_end, slots, int32_t, -1)};

OP_TESTS(step, step_end, end_cases, .setup = setup_end, .check = check_end, SPOILS(spoils_end));

/* --- step_rank_report --------------------------------------------------------------------------------------------- */

/* The reports are full of other values; only one of them may change. */
static void setup_report(trial *t) {
    const shape *s = SHAPE(shape);
    size_t bytes = (size_t)s->ranks * sizeof(cam_rank_report);
    unsigned char *reports = malloc(bytes), *mask = calloc(bytes, 1);
    memset(reports, 0x5a, bytes);
    mark(mask, (size_t)s->rank * sizeof(cam_rank_report), sizeof(cam_rank_report), BYTE_WRITTEN);
    operand_raw(t, "reports", UPDATE, CAM_I32, reports, mask, bytes)->plain = 1;
    free(reports);
    free(mask);
    if (!s->no_request) {
        operand *request = operand_raw(t, "request", IN, CAM_I32, &s->requests, NULL, sizeof s->requests);
        request->plain = request->mapped = request->optional = 1;
    }
    t->repeat = s->calls;
    t->state.loss = s->not_finite ? NAN : random_normal(t);
    t->state.requests = 0x66; /* requests of the last step, which must not be reported again */
}

static void step_rank_report_double(trial *t) {
    (void)t;
}

static void step_rank_report_float(trial *t) {
    (void)t;
}

static void check_report(trial *t) {
    const shape *s = SHAPE(shape);
    cam_rank_report got, want = {.loss = t->state.loss, .request = s->no_request ? 0 : s->requests};
    memcpy(&got, bytes_after(operand_get(t, "reports")) + (size_t)s->rank * sizeof got, sizeof got);
    if (memcmp(&got, &want, sizeof got) != 0)
        trial_fail(t, "the report says loss %.17g, request %#x, unused %u, must be %.17g, %#x, 0", got.loss,
                   got.request, got.unused, want.loss, want.request);
}

CALL(step_rank_report, .reports = ON("reports").data, .request = ON("request").data, .rank = SHAPE(shape)->rank,
     .ranks = SHAPE(shape)->ranks, .state = STATE)

static const op_case report_cases[] = {
    CASE("first-of-three", .rank = 0, .ranks = 3, .requests = CAM_REQUEST_STOP),
    CASE("second-of-three", .rank = 1, .ranks = 3),
    CASE("last-of-three", .rank = 2, .ranks = 3, .requests = 0xc0000001u),
    CASE("alone", .rank = 0, .ranks = 1, .requests = CAM_REQUEST_STOP),
    CASE("first-of-two", .rank = 0, .ranks = 2),
    CASE("last-of-two", .rank = 1, .ranks = 2, .requests = CAM_REQUEST_STOP),
    CASE("first-of-seven", .rank = 0, .ranks = 7),
    CASE("second-of-seven", .rank = 1, .ranks = 7, .requests = CAM_REQUEST_STOP),
    CASE("third-of-seven", .rank = 2, .ranks = 7, .requests = 0x10u),
    CASE("fourth-of-seven", .rank = 3, .ranks = 7, .requests = CAM_REQUEST_STOP),
    CASE("fifth-of-seven", .rank = 4, .ranks = 7),
    CASE("sixth-of-seven", .rank = 5, .ranks = 7, .requests = 0xffffffffu),
    CASE("last-of-seven", .rank = 6, .ranks = 7, .requests = CAM_REQUEST_STOP),
    CASE("no-request", .rank = 1, .ranks = 3, .no_request = 1),
    CASE("no-request-alone", .rank = 0, .ranks = 1, .no_request = 1),
    CASE("not-finite", .rank = 2, .ranks = 3, .not_finite = 1),
    CASE("twice", .rank = 1, .ranks = 3, .calls = 2, .requests = CAM_REQUEST_STOP),
};
static const spoil spoils_report[] = {
    SPOIL(step_rank_report, ranks, int32_t, 0), SPOIL(step_rank_report, ranks, int32_t, -1),
    SPOIL(step_rank_report, rank, int32_t, 3), SPOIL(step_rank_report, rank, int32_t, -1)};

OP_TESTS(step, step_rank_report, report_cases, .setup = setup_report, .check = check_report, SPOILS(spoils_report));

/* --- step_merge --------------------------------------------------------------------------------------------------- */

enum { MAX_RANKS = 64 };

/* Losses of very different sizes, so that every order of the sum gives other bits. A requesting rank sets two bits, one
 * of which no other rank sets. */
static void setup_merge(trial *t) {
    const shape *s = SHAPE(shape);
    cam_rank_report reports[MAX_RANKS];
    CAM_ASSERT(s->ranks <= MAX_RANKS);
    for (int32_t r = 0; r < s->ranks; r++) {
        uint32_t own = r < 31 ? s->requests & 1u << r : 0;
        reports[r] = (cam_rank_report){.loss = ldexp(1 + random_uniform(t), (int)(random_u64(t) % 30)),
                                       .request = own ? own | 0x80000000u : 0,
                                       .unused = 0x5a5a5a5a};
    }
    if (s->not_finite)
        reports[s->rank].loss = s->not_finite > 1 ? INFINITY : NAN;
    operand_raw(t, "reports", IN, CAM_I32, reports, NULL, (size_t)s->ranks * sizeof *reports)->plain = 1;
    t->repeat = s->calls;
    t->state.requests = 0x60000000u; /* requests of the last step */
    STATE_WRITES(t, loss);
    STATE_WRITES(t, requests);
}

static void step_merge_double(trial *t) {
    double loss = 0;
    uint32_t requests = 0;
    for (int32_t r = 0; r < SHAPE(shape)->ranks; r++) {
        cam_rank_report report;
        memcpy(&report, operand_get(t, "reports")->raw + (size_t)r * sizeof report, sizeof report);
        loss += report.loss;
        requests |= report.request;
    }
    t->truth.loss = loss;
    t->truth.requests = requests;
}

static void step_merge_float(trial *t) {
    (void)t;
}

static void check_merge(trial *t) {
    double got = t->state_after.loss, want = t->truth.loss;
    if (isnan(want) ? !isnan(got) : memcmp(&got, &want, sizeof got) != 0)
        trial_fail(t, "state->loss is %.17g, must be %.17g", got, want);
    if (t->state_after.requests != t->truth.requests)
        trial_fail(t, "state->requests is %#x, must be %#x", t->state_after.requests, t->truth.requests);
}

CALL(step_merge, .reports = ON("reports").data, .ranks = SHAPE(shape)->ranks, .state = STATE)

static const op_case merge_cases[] = {
    CASE("three", .ranks = 3, .requests = 1 << 1),
    CASE("three-no-requests", .ranks = 3),
    CASE("three-first-requests", .ranks = 3, .requests = 1 << 0),
    CASE("three-last-requests", .ranks = 3, .requests = 1 << 2),
    CASE("alone", .ranks = 1, .requests = 1 << 0),
    CASE("alone-requests-nothing", .ranks = 1),
    CASE("two", .ranks = 2, .requests = 3),
    CASE("seven", .ranks = 7, .requests = 1 << 6 | 1 << 3),
    CASE("seven-all-request", .ranks = 7, .requests = 0x7f),
    CASE("eight", .ranks = 8, .requests = 1 << 7),
    CASE("nine", .ranks = 9, .requests = 1 << 8),
    CASE("sixty-four", .ranks = 64, .requests = 1 << 30),
    CASE("not-finite", .ranks = 3, .rank = 1, .not_finite = 1),
    CASE("infinite", .ranks = 3, .rank = 2, .not_finite = 2),
    CASE("twice", .ranks = 3, .calls = 2, .requests = 1 << 1),
};
static const spoil spoils_merge[] = {SPOIL(step_merge, ranks, int32_t, 0), SPOIL(step_merge, ranks, int32_t, -3)};

OP_TESTS(step, step_merge, merge_cases, .setup = setup_merge, .check = check_merge, SPOILS(spoils_merge));
