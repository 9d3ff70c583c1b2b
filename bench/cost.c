/* cost.c: counts the bytes, floating-point operations and kernel launches of a training step on CUDA. It computes
 * nothing and needs no GPU.
 *
 *     cost [--vocabulary ROWS]
 *
 * The model's own code (src/model) runs one step on a backend whose operators only count:
 *   - bytes read and written, each operand once a call, without caches;
 *   - floating-point operations of products and attention;
 *   - the kernels that the CUDA backend's host code (kernels/) would launch.
 * Its memory is reserved addresses that are never accessed.
 *
 * Prints Markdown: a table for each regime and precision, and a summary. The time of a call is the larger of bytes and
 * operations, each divided by its limit on one H200 (below). The time of a step is the sum over its calls: a roofline
 * without overlap, not a prediction.
 */
#include "camembert.h"
#include "cost_launches.h"
#include "optimizer_step.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The limits of an H200: a large copy (bytes read and written), an 8192^3 bf16 product; f32 and TF32 from the data sheet.
 * In mixed precision the products of f32, which are the head's, are made in TF32. */
static const double BYTES_PER_S = 4.3e12, BF16_FLOPS_PER_S = 790e12, TF32_FLOPS_PER_S = 494e12, F32_FLOPS_PER_S = 67e12;

typedef struct regime {
    const char *name;
    int64_t sequences, tokens, token_capacity;
    int32_t longest;
    double floor_ms, serial_ms; /* lower bounds of docs/cuda-cost.md: with perfect overlap; without overlap of phases */
    int64_t chosen;             /* above 0: a masked language model with as many chosen tokens, a multiple of 32 */
} regime;

static const regime regimes[] = {
    {"32 short commands", 32, 375, 384, 44, 0.67, 0.87, 0}, {"64 x 128", 64, 8192, 8192, 128, 5.1, 6.4, 0},
    {"32 x 512", 32, 16384, 16384, 512, 11.1, 14.8, 0},     {"masked 64 x 128", 64, 8192, 8192, 128, 0, 0, 1248},
    {"masked 32 x 512", 32, 16384, 16384, 512, 0, 0, 2496},
};

typedef struct tally {
    int64_t calls, launches;
    double read, written, flops, flop_seconds, seconds;
} tally;

typedef struct counter {
    cam_backend base; /* first: a cam_backend * is one of these */
    const regime *regime;
    int bf16;
    tally of[CAM_OP_COUNT];
} counter;

/* --- bytes ----------------------------------------------------------------------------------------------------- */

/* The true count of rows, which are the rows that operators read. */
static double rows_in(const counter *c, cam_rows rows) {
    const regime *r = c->regime;
    int64_t queries = r->chosen ? r->chosen : r->sequences;
    if (rows >= CAM_ROWS_HEAD) {
        cam_step_state state = {.head_rows = (int32_t)queries};
        return (double)cam_rows_count(&state, rows);
    }
    return (double)(rows == CAM_ROWS_TOKENS ? r->tokens : r->sequences);
}

/* Bytes of that many rows of a tensor; 0 if it is absent. */
static double bytes_of(cam_tensor t, double rows) {
    double columns = t.ndim > 1 ? (double)t.shape[1] : 1;
    return t.data ? rows * columns * (double)cam_dtype_size(t.dtype) : 0;
}
static double whole(cam_tensor t) {
    return bytes_of(t, (double)t.shape[0]);
}

static void add_at_rate(counter *c, enum cam_op op, double read, double written, double flops, double rate) {
    tally *t = &c->of[op];
    double move_s = (read + written) / BYTES_PER_S, compute_s = flops / rate;
    t->calls++;
    t->read += read;
    t->written += written;
    t->flops += flops;
    t->flop_seconds += compute_s;
    t->seconds += move_s > compute_s ? move_s : compute_s;
}

static void add(counter *c, enum cam_op op, double read, double written, double flops) {
    add_at_rate(c, op, read, written, flops, c->bf16 ? BF16_FLOPS_PER_S : F32_FLOPS_PER_S);
}

/* A product of operands of this dtype. */
static void add_product(counter *c, enum cam_op op, double read, double written, double flops, cam_dtype dtype) {
    double f32_rate = c->bf16 ? TF32_FLOPS_PER_S : F32_FLOPS_PER_S;
    add_at_rate(c, op, read, written, flops, dtype == CAM_BF16 ? BF16_FLOPS_PER_S : f32_rate);
}

/* --- operators: they read the true rows, and write whole capacities (zeros past the true count) ------------------- */

#define COUNT(op) static void count_##op(counter *c, const cam_##op##_args *a)

COUNT(step_begin) {
    double t = rows_in(c, CAM_ROWS_TOKENS), b = rows_in(c, CAM_ROWS_SEQUENCES), i32 = 4;
    add(c, CAM_OP_step_begin, i32 * (t + 4 * b) + sizeof *a->plan, i32 * (4 * t + 6 * b) + sizeof *a->state, 0);
}

COUNT(step_mask) {
    double t = rows_in(c, CAM_ROWS_TOKENS), r = rows_in(c, CAM_ROWS_HEAD), i32 = 4;
    (void)a;
    add(c, CAM_OP_step_mask, i32 * 4 * t, i32 * (t + 4 * r + rows_in(c, CAM_ROWS_SEQUENCES)), 0);
}

COUNT(step_end) {
    add(c, CAM_OP_step_end, sizeof *a->state, sizeof *a->ring, 0);
}

COUNT(step_rank_report) {
    add(c, CAM_OP_step_rank_report, sizeof a->state->loss + sizeof *a->request, sizeof *a->reports, 0);
}

COUNT(step_merge) {
    add(c, CAM_OP_step_merge, (double)a->ranks * sizeof *a->reports, sizeof a->state->loss + sizeof a->state->requests,
        0);
}

COUNT(embedding_fwd) {
    double t = rows_in(c, CAM_ROWS_TOKENS);
    double tables = bytes_of(a->word, t) + bytes_of(a->position, c->regime->longest) + whole(a->type);
    add(c, CAM_OP_embedding_fwd,
        tables + whole(a->gamma) + whole(a->beta) + bytes_of(a->ids, t) + bytes_of(a->positions, t),
        whole(a->y) + whole(a->mean) + whole(a->rstd), 0);
}

COUNT(embedding_bwd) {
    double t = rows_in(c, CAM_ROWS_TOKENS);
    double tables = bytes_of(a->word, t) + bytes_of(a->position, c->regime->longest) + whole(a->type);
    double saved = bytes_of(a->dy, t) + bytes_of(a->mean, t) + bytes_of(a->rstd, t) + whole(a->gamma);
    double gradients = whole(a->dtype) + whole(a->dgamma) + whole(a->dbeta);
    double touched = bytes_of(a->dword, t) + bytes_of(a->dposition, c->regime->longest);
    double positions = bytes_of(a->dposition, c->regime->longest);
    double all = (a->tied_word ? bytes_of(a->dword, t) : whole(a->dword)) + whole(a->dposition);
    add(c, CAM_OP_embedding_bwd,
        tables + saved +
            (a->accumulate  ? touched + gradients
             : a->tied_word ? touched - positions
                            : 0),
        (a->accumulate ? touched : all) + gradients, 0);
}

COUNT(linear_fwd) {
    add_product(c, CAM_OP_linear_fwd, whole(a->x) + whole(a->w) + whole(a->bias), whole(a->y),
                2.0 * (double)(a->x.shape[0] * a->w.shape[0] * a->w.shape[1]), a->x.dtype);
}

COUNT(linear_bwd_data) {
    add_product(c, CAM_OP_linear_bwd_data, whole(a->dy) + whole(a->w) + (a->accumulate ? whole(a->dx) : 0),
                whole(a->dx), 2.0 * (double)(a->dy.shape[0] * a->w.shape[0] * a->w.shape[1]), a->dy.dtype);
}

COUNT(linear_bwd_weight) {
    double gradients = whole(a->dw) + whole(a->dbias);
    add_product(c, CAM_OP_linear_bwd_weight, whole(a->dy) + whole(a->x) + (a->accumulate ? gradients : 0), gradients,
                2.0 * (double)(a->dy.shape[0] * a->dw.shape[0] * a->dw.shape[1]), a->dy.dtype);
}

/* The number of scores of a head, over all sequences: queries times keys. All sequences have the same length. */
static double scores(const counter *c, cam_rows q_rows) {
    return rows_in(c, q_rows) * (double)c->regime->tokens / (double)c->regime->sequences;
}

COUNT(attention_fwd) {
    double q = rows_in(c, a->q_rows), t = rows_in(c, CAM_ROWS_TOKENS);
    add(c, CAM_OP_attention_fwd,
        bytes_of(a->q, q) + bytes_of(a->k, t) + bytes_of(a->v, t) + bytes_of(a->q_index, q) + whole(a->cu_q) +
            whole(a->cu_k),
        whole(a->out) + whole(a->lse) + whole(a->mask), 4 * scores(c, a->q_rows) * (double)a->q.shape[1]);
}

COUNT(attention_bwd) {
    double q = rows_in(c, a->q_rows), t = rows_in(c, CAM_ROWS_TOKENS);
    add(c, CAM_OP_attention_bwd,
        bytes_of(a->q, q) + bytes_of(a->k, t) + bytes_of(a->v, t) + bytes_of(a->dout, q) + bytes_of(a->out, q) +
            bytes_of(a->lse, q) + bytes_of(a->q_index, q) + whole(a->cu_q) + whole(a->cu_k) + whole(a->mask),
        whole(a->dq) + whole(a->dk) + whole(a->dv), 10 * scores(c, a->q_rows) * (double)a->q.shape[1]);
}

COUNT(residual_fwd) {
    double n = rows_in(c, a->rows);
    add(c, CAM_OP_residual_fwd,
        bytes_of(a->x, n) + bytes_of(a->residual, n) + whole(a->bias) + whole(a->gamma) + whole(a->beta),
        whole(a->y) + whole(a->z) + whole(a->mean) + whole(a->rstd) + whole(a->mask), 0);
}

COUNT(residual_bwd) {
    double n = rows_in(c, a->rows);
    double gradients = a->stage == CAM_STAGE_ROWS ? 0 : whole(a->dbias) + whole(a->dgamma) + whole(a->dbeta);
    double rows_read = bytes_of(a->dy, n) + bytes_of(a->z, n) + bytes_of(a->mean, n) + bytes_of(a->rstd, n) +
                       whole(a->gamma) + whole(a->mask);
    int rows = a->stage != CAM_STAGE_SUMS;
    add(c, CAM_OP_residual_bwd, (rows ? rows_read : 0) + (a->accumulate ? gradients : 0),
        (rows ? whole(a->dx) + whole(a->dresidual) : 0) + gradients, 0);
}

COUNT(gelu_fwd) {
    add(c, CAM_OP_gelu_fwd, bytes_of(a->x, rows_in(c, a->rows)) + whole(a->bias), whole(a->y), 0);
}

COUNT(gelu_bwd) {
    double n = rows_in(c, a->rows), gradient = a->stage == CAM_STAGE_ROWS ? 0 : whole(a->dbias);
    int rows = a->stage != CAM_STAGE_SUMS;
    add(c, CAM_OP_gelu_bwd,
        (rows ? bytes_of(a->dy, n) + bytes_of(a->x, n) + whole(a->bias) : 0) + (a->accumulate ? gradient : 0),
        (rows ? whole(a->dx) : 0) + gradient, 0);
}

COUNT(head_gather_fwd) {
    double r = rows_in(c, CAM_ROWS_HEAD);
    add(c, CAM_OP_head_gather_fwd, bytes_of(a->x, r) + bytes_of(a->list, r), whole(a->y), 0);
}

COUNT(head_gather_bwd) {
    double r = rows_in(c, CAM_ROWS_HEAD), touched = bytes_of(a->dx, r);
    add(c, CAM_OP_head_gather_bwd, bytes_of(a->dy, r) + bytes_of(a->list, r) + (a->accumulate ? touched : 0),
        a->accumulate ? touched : whole(a->dx), 0);
}

COUNT(head_dropout) {
    add(c, CAM_OP_head_dropout, bytes_of(a->x, rows_in(c, CAM_ROWS_HEAD)), whole(a->y), 0);
}

COUNT(head_tanh_fwd) {
    add(c, CAM_OP_head_tanh_fwd, bytes_of(a->x, rows_in(c, CAM_ROWS_HEAD)) + whole(a->bias), whole(a->y), 0);
}

COUNT(head_tanh_bwd) {
    double r = rows_in(c, CAM_ROWS_HEAD);
    add(c, CAM_OP_head_tanh_bwd,
        bytes_of(a->dy, r) + bytes_of(a->x, r) + whole(a->bias) + (a->accumulate ? whole(a->dbias) : 0),
        whole(a->dx) + whole(a->dbias), 0);
}

COUNT(loss) {
    double r = rows_in(c, a->rows);
    add(c, CAM_OP_loss, bytes_of(a->logits, r) + bytes_of(a->labels, r) + whole(a->weights),
        whole(a->row_loss) + whole(a->dlogits), 0);
}

/* The teacher's rows are gathered. */
COUNT(distill_logits) {
    double r = rows_in(c, CAM_ROWS_HEAD);
    add(c, CAM_OP_distill_logits,
        2 * bytes_of(a->logits, r) + bytes_of(a->labels, r) + bytes_of(a->row, r) + whole(a->weights),
        whole(a->dlogits) + whole(a->row_loss), 0);
}

COUNT(distill_hidden) {
    double r = rows_in(c, CAM_ROWS_HEAD);
    add(c, CAM_OP_distill_hidden, 2 * bytes_of(a->mapped, r) + bytes_of(a->row, r),
        whole(a->dmapped) + whole(a->row_loss), 0);
}

COUNT(norm_partial) {
    add(c, CAM_OP_norm_partial, whole(a->grad), whole(a->partial), 0);
}

COUNT(norm_final) {
    add(c, CAM_OP_norm_final, whole(a->partial), sizeof *a->state, 0);
}

COUNT(adamw) {
    int64_t chunk_count = a->m.shape[0] / CAM_CHUNK;
    double chunks = (double)chunk_count * sizeof *a->chunks;
    double both = whole(a->weight) + whole(a->low) + whole(a->m) + whole(a->v);
    add(c, CAM_OP_adamw, both + whole(a->grad) + chunks, both, 0);
}

COUNT(cast) {
    add(c, CAM_OP_cast, whole(a->from), whole(a->to), 0);
}

/* --- the backend ----------------------------------------------------------------------------------------------- */

/* Each operator counts, then runs the CUDA backend's host code to count its launches. */
#define SLOT(op, word)                                                                                                 \
    static cam_status run_##op(cam_backend *backend, const cam_##op##_args *args) {                                    \
        cam_status st = CAM_OK;                                                                                        \
        counter *c = (counter *)backend;                                                                               \
        int64_t launches = 0;                                                                                          \
        count_##op(c, args);                                                                                           \
        CAM_TRY(cost_launches_##op(args, &launches));                                                                  \
        c->of[CAM_OP_##op].launches += launches;                                                                       \
    out:                                                                                                               \
        return st;                                                                                                     \
    }                                                                                                                  \
    CAM_IF_##word(static size_t space_##op(const cam_backend *backend, const cam_##op##_args *args) {                  \
        (void)backend;                                                                                                 \
        return cost_workspace_##op(args);                                                                              \
    })
CAM_OPS(SLOT)
#undef SLOT

#define ROW(op, word) .op = run_##op CAM_IF_##word(, .op##_workspace = space_##op),
static const cam_ops_table table = {CAM_OPS(ROW)};
#undef ROW

/* Reserved addresses without memory. The size is stored in front, in the only accessible page. */
enum { PAGE = 4096 };

static cam_status reserve(cam_backend *backend, size_t bytes, void **memory) {
    (void)backend;
    char *at = mmap(NULL, bytes + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED || mprotect(at, PAGE, PROT_READ | PROT_WRITE))
        return cam_fail(CAM_E_MEMORY, "no %zu bytes of addresses", bytes);
    memcpy(at, &bytes, sizeof bytes);
    *memory = at + PAGE;
    return CAM_OK;
}

static void release(cam_backend *backend, void *memory) {
    (void)backend;
    if (!memory)
        return;
    size_t bytes;
    memcpy(&bytes, (char *)memory - PAGE, sizeof bytes);
    munmap((char *)memory - PAGE, bytes + PAGE);
}

static cam_status copy(cam_backend *backend, void *to, const void *from, size_t bytes, cam_copy_kind kind) {
    (void)backend, (void)to, (void)from, (void)bytes, (void)kind;
    return CAM_OK;
}

static cam_status zero(cam_backend *backend, void *memory, size_t bytes) {
    (void)backend, (void)memory, (void)bytes;
    return CAM_OK;
}

static cam_status synchronize(cam_backend *backend) {
    (void)backend;
    return CAM_OK;
}

static const cam_backend_calls calls = {
    .allocate = reserve, .release = release, .copy = copy, .zero = zero, .synchronize = synchronize};

/* --- one step -------------------------------------------------------------------------------------------------- */

static const cam_model_config camembert_base = {.family = &cam_families[0],
                                                .vocab_size = 32005,
                                                .hidden_size = 768,
                                                .num_hidden_layers = 12,
                                                .num_attention_heads = 12,
                                                .intermediate_size = 3072,
                                                .max_position_embeddings = 514,
                                                .type_vocab_size = 1,
                                                .layer_norm_eps = 1e-5,
                                                .hidden_dropout_prob = 0.1,
                                                .attention_probs_dropout_prob = 0.1,
                                                .classifier_dropout = -1,
                                                .pad_token_id = 1,
                                                .bos_token_id = 5,
                                                .eos_token_id = 6,
                                                .num_labels = 60};

static cam_tensor indices(cam_arena *arena, int64_t n) {
    return cam_arena_1d(arena, CAM_I32, n);
}

static cam_batch make_batch(cam_arena *arena, const regime *r) {
    int64_t t = r->token_capacity, b = r->sequences, q = r->chosen ? r->chosen : b;
    return (cam_batch){.ids = indices(arena, t),
                       .positions = indices(arena, t),
                       .token_row = indices(arena, t),
                       .token_index = indices(arena, t),
                       .cu_seqlens = indices(arena, b + 1),
                       .row = indices(arena, b),
                       .list = indices(arena, q),
                       .list_row = indices(arena, q),
                       .list_index = indices(arena, q),
                       .list_cu = indices(arena, b + 1),
                       .labels = indices(arena, q),
                       .source_ids = r->chosen ? indices(arena, t) : CAM_NONE,
                       .longest = r->longest};
}

/* One step: packing of the batch, forward, backward, norm, update, step record. */
static cam_status run_step(counter *c, cam_camembert *model, cam_parameters *params, cam_arena *arena) {
    cam_status st = CAM_OK;
    static const cam_adamw_options adamw = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .max_grad_norm = 1};
    enum { DATA_ROWS = 9219, DATA_TOKENS = 108000 };
    cam_batch batch = make_batch(arena, c->regime);
    cam_step_state *state = cam_arena_take(arena, sizeof *state);
    int64_t rows = c->regime->sequences;
    int masks = c->regime->chosen > 0;
    cam_pass pass = {.model = model, .arena = arena, .state = state, .batch = &batch, .training = 1};
    CAM_TRY(cam_step_begin(&c->base, &(cam_step_begin_args){.ids = masks ? batch.source_ids : batch.ids,
                                                            .positions = batch.positions,
                                                            .token_row = batch.token_row,
                                                            .token_index = batch.token_index,
                                                            .cu_seqlens = batch.cu_seqlens,
                                                            .row = batch.row,
                                                            .list = cam_tensor_rows(batch.list, 0, rows),
                                                            .list_index = cam_tensor_rows(batch.list_index, 0, rows),
                                                            .list_cu = batch.list_cu,
                                                            .labels = cam_tensor_rows(batch.labels, 0, rows),
                                                            .order = indices(arena, DATA_ROWS),
                                                            .offsets = indices(arena, DATA_ROWS + 1),
                                                            .data_ids = indices(arena, DATA_TOKENS),
                                                            .data_labels = indices(arena, DATA_ROWS),
                                                            .plan = cam_arena_take(arena, 1),
                                                            .corrections = cam_arena_take(arena, 1),
                                                            .state = state}));
    if (masks)
        CAM_TRY(cam_step_mask(&c->base, &(cam_step_mask_args){.masked = batch.ids,
                                                              .list = batch.list,
                                                              .list_row = batch.list_row,
                                                              .list_index = batch.list_index,
                                                              .list_cu = batch.list_cu,
                                                              .labels = batch.labels,
                                                              .ids = batch.source_ids,
                                                              .token_row = batch.token_row,
                                                              .token_index = batch.token_index,
                                                              .piece_kind = indices(arena, camembert_base.vocab_size),
                                                              .map = {.vocab_size = camembert_base.vocab_size},
                                                              .state = state}));
    CAM_TRY(cam_camembert_encode(&pass));
    if (masks) {
        CAM_TRY(cam_camembert_lm_head(&pass));
        CAM_TRY(cam_camembert_lm_loss(&pass));
    } else {
        CAM_TRY(cam_camembert_classify(&pass));
        CAM_TRY(cam_camembert_loss(&pass));
    }
    CAM_TRY(cam_camembert_backward(&pass));
    CAM_TRY(cam_optimizer_norm(params, arena, CAM_NONE, state, &adamw, NULL, NULL));
    CAM_TRY(cam_optimizer_update(params, state, &adamw, NULL));
    CAM_TRY(cam_step_end(&c->base, &(cam_step_end_args){.ring = cam_arena_take(arena, 1), .slots = 1, .state = state}));
out:
    return st;
}

static cam_status count_step(counter *c, int64_t vocabulary, double *parameters) {
    cam_status st = CAM_OK;
    const cam_train_rates rates = {.weight_decay = 0.01, .layerwise_decay = 1};
    cam_parameters params = {0};
    cam_camembert model = {0};
    cam_arena arena;
    size_t bytes = (size_t)1 << 40; /* address space only */
    void *memory = NULL;
    unsigned char *used = calloc((size_t)camembert_base.vocab_size, 1);
    int masks = c->regime->chosen > 0;
    cam_model_config config = camembert_base;
    CAM_ASSERT(used != NULL);
    memset(used, 1, (size_t)vocabulary);
    config.task = masks ? CAM_TASK_MASKED_LM : CAM_TASK_CLASSIFY;
    CAM_TRY(reserve(&c->base, bytes, &memory));
    cam_arena_init(&arena, "step", memory, bytes);
    CAM_TRY(cam_parameters_layout(&params, &config, masks ? NULL : used, &rates,
                                  (cam_precision){.bf16 = c->bf16, .bf16_gradients = c->bf16}, (cam_sharding){0}));
    CAM_TRY(cam_parameters_allocate(&params, &c->base, 1, &rates, 1));
    CAM_TRY(cam_camembert_open(&model, &config, &params, &c->base));
    CAM_TRY(run_step(c, &model, &params, &arena));
    *parameters = (double)params.trained_count;
out:
    cam_camembert_close(&model);
    cam_parameters_release(&params);
    release(&c->base, memory);
    free(used);
    return st;
}

/* --- the table ------------------------------------------------------------------------------------------------- */

static void print_row(const char *name, const tally *t) {
    printf("| %s | %lld | %lld | %.1f | %.1f | %.2f | %.3f |\n", name, (long long)t->calls, (long long)t->launches,
           t->read * 1e-6, t->written * 1e-6, t->flops * 1e-9, t->seconds * 1e3);
}

static tally print_table(const counter *c, double parameters) {
    tally sum = {0};
    printf("\n### %s, %s\n\n%lld sequences, %lld tokens (capacity %lld), %.1f M parameters trained.\n\n",
           c->regime->name, c->bf16 ? "bf16" : "f32", (long long)c->regime->sequences, (long long)c->regime->tokens,
           (long long)c->regime->token_capacity, parameters * 1e-6);
    printf("| operator | calls | launches | MB read | MB written | GFLOP | roofline, ms |\n"
           "|---|---|---|---|---|---|---|\n");
    for (int op = 0; op < CAM_OP_COUNT; op++) {
        const tally *t = &c->of[op];
        if (t->calls == 0)
            continue;
        print_row(cam_op_name((enum cam_op)op), t);
        sum.calls += t->calls;
        sum.launches += t->launches;
        sum.read += t->read;
        sum.written += t->written;
        sum.flops += t->flops;
        sum.flop_seconds += t->flop_seconds;
        sum.seconds += t->seconds;
    }
    print_row("**step**", &sum);
    return sum;
}

static void print_summary(const counter *c, const tally *sum) {
    printf("| %s, %s | %lld | %.2f | %.3f | %.2f | %.2f | %.2f |", c->regime->name, c->bf16 ? "bf16" : "f32",
           (long long)sum->launches, (sum->read + sum->written) * 1e-9, sum->flops * 1e-12,
           (sum->read + sum->written) / BYTES_PER_S * 1e3, sum->flop_seconds * 1e3, sum->seconds * 1e3);
    if (c->bf16 && c->regime->floor_ms > 0)
        printf(" %.2f | %.2f |\n", c->regime->floor_ms, c->regime->serial_ms);
    else
        printf(" | |\n");
}

static cam_status run(int64_t vocabulary) {
    enum { REGIMES = sizeof regimes / sizeof *regimes };
    cam_status st = CAM_OK;
    static counter counters[2 * REGIMES];
    tally sums[2 * REGIMES];
    for (int i = 0; i < 2 * REGIMES; i++) {
        double parameters = 0;
        counters[i] = (counter){
            .base =
                {.name = "counting", .bf16 = 1, .max_keys = 1024, .dropout_masks = 1, .calls = &calls, .ops = &table},
            .regime = &regimes[i / 2],
            .bf16 = i % 2};
        CAM_TRY(count_step(&counters[i], vocabulary, &parameters));
        sums[i] = print_table(&counters[i], parameters);
    }
    printf("\n### Summary\n\n| regime | launches | GB moved | TFLOP | ms of bytes | ms of FLOP | roofline, ms | "
           "floor, ms | serial floor, ms |\n|---|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < 2 * REGIMES; i++)
        print_summary(&counters[i], &sums[i]);
out:
    return st;
}

int main(int argc, char **argv) {
    int64_t vocabulary = 6000;
    if (argc == 3 && strcmp(argv[1], "--vocabulary") == 0)
        vocabulary = strtoll(argv[2], NULL, 10);
    if ((argc != 1 && argc != 3) || vocabulary < 2 || vocabulary > camembert_base.vocab_size) {
        fprintf(stderr, "usage: cost [--vocabulary ROWS]\nROWS: the vocabulary rows that the data uses, at most %d\n",
                camembert_base.vocab_size);
        return 2;
    }
    cam_status st = run(vocabulary);
    if (st != CAM_OK)
        fprintf(stderr, "error: %s\n", cam_status_message());
    return cam_status_exit_code(st);
}
