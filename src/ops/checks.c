/* checks.c: the shapes, dtypes and aliasing rules of cam/ops.h, one function an operator. Nothing here computes. */
#include "operands_internal.h"
#include <math.h>

#define F32_1D(label, t, role, n)                                                                                      \
    { label, t, role, CAM_F32, 1, {n, 0}, NULL }
#define I32_1D(label, t, role, n)                                                                                      \
    { label, t, role, CAM_I32, 1, {n, 0}, NULL }
#define F32_2D(label, t, role, rows, columns)                                                                          \
    { label, t, role, CAM_F32, 2, {rows, columns}, NULL }
#define F32_2D_OR(label, t, role, rows, columns, may_alias)                                                            \
    { label, t, role, CAM_F32, 2, {rows, columns}, may_alias }
/* The operand that sets the dtype `act` of the call, and operands that must have the same. */
#define ACT_2D(label, t, role, rows, columns)                                                                          \
    { label, t, (role) | CAM_ACT, CAM_F32, 2, {rows, columns}, NULL }
#define AS_2D(label, t, role, act, rows, columns)                                                                      \
    { label, t, role, (act).dtype, 2, {rows, columns}, NULL }
#define AS_2D_OR(label, t, role, act, rows, columns, may_alias)                                                        \
    { label, t, role, (act).dtype, 2, {rows, columns}, may_alias }
#define CHECK(op, operands) cam_operands_check(backend, op, operands, (int)(sizeof(operands) / sizeof((operands)[0])))
#define REQUIRE(op, condition, ...)                                                                                    \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return cam_fail(CAM_E_SHAPE, op ": " __VA_ARGS__);                                                         \
    } while (0)

/* The two operands of dropout over n rows; they may be absent if the threshold is 0. */
static int dropout_role(const cam_dropout *dropout) {
    return dropout->threshold ? CAM_IN : CAM_OPTIONAL;
}
#define DROPOUT(a, n)                                                                                                  \
    I32_1D("dropout.row", (a)->dropout.row, dropout_role(&(a)->dropout), n),                                           \
        I32_1D("dropout.index", (a)->dropout.index, dropout_role(&(a)->dropout), n)
#define REQUIRE_FEATURES(op, h)                                                                                        \
    REQUIRE(op, (h) > 0 && (h) % 8 == 0 && (h) <= CAM_MAX_HIDDEN,                                                      \
            "the row length %lld is not a multiple of 8 up to %d", (long long)(h), CAM_MAX_HIDDEN)
#define REQUIRE_DROPOUT(op, n) REQUIRE(op, (n) < 65536, "dropout threshold %u is not below 65536", n)
#define REQUIRE_STATE(op, a)   REQUIRE(op, (a)->state != NULL, "the step state is absent")

cam_status cam_check_step_begin(const cam_backend *backend, const cam_step_begin_args *a) {
    int64_t tokens = a->ids.shape[0], rows = a->row.shape[0], data = a->data_ids.shape[0];
    int packs = a->ids.data != NULL, packed = packs ? 0 : CAM_OPTIONAL;
    REQUIRE_STATE("step_begin", a);
    REQUIRE("step_begin", a->plan != NULL, "operand \"plan\" is absent");
    REQUIRE("step_begin", a->corrections != NULL, "operand \"corrections\" is absent");
    REQUIRE("step_begin", a->offsets.shape[0] >= 1, "operand \"offsets\" is empty");
    REQUIRE("step_begin",
            packs || (!a->positions.data && !a->token_row.data && !a->token_index.data && !a->cu_seqlens.data &&
                      !a->data_ids.data),
            "operand \"ids\" is absent, but other token operands are not");
    const cam_operand operands[] = {
        I32_1D("ids", a->ids, CAM_OUT | CAM_OPTIONAL, tokens),
        I32_1D("positions", a->positions, CAM_OUT | packed, tokens),
        I32_1D("token_row", a->token_row, CAM_OUT | packed, tokens),
        I32_1D("token_index", a->token_index, CAM_OUT | packed, tokens),
        I32_1D("cu_seqlens", a->cu_seqlens, CAM_OUT | packed, rows + 1),
        I32_1D("row", a->row, CAM_OUT, rows),
        I32_1D("list", a->list, CAM_OUT, rows),
        I32_1D("list_index", a->list_index, CAM_OUT, rows),
        I32_1D("list_cu", a->list_cu, CAM_OUT, rows + 1),
        I32_1D("labels", a->labels, CAM_OUT, rows),
        I32_1D("order", a->order, CAM_IN, a->order.shape[0]),
        I32_1D("offsets", a->offsets, CAM_IN, a->offsets.shape[0]),
        I32_1D("data_ids", a->data_ids, CAM_IN | packed, data),
        I32_1D("data_labels", a->data_labels, CAM_OPTIONAL, a->offsets.shape[0] - 1),
    };
    return CHECK("step_begin", operands);
}

cam_status cam_check_step_mask(const cam_backend *backend, const cam_step_mask_args *a) {
    int64_t tokens = a->ids.shape[0], queries = a->list.shape[0];
    REQUIRE_STATE("step_mask", a);
    REQUIRE("step_mask", a->map.vocab_size > 0, "map.vocab_size is %d", a->map.vocab_size);
    REQUIRE("step_mask", a->map.mask_id >= 0 && a->map.mask_id < a->map.vocab_size,
            "map.mask_id %d is not in the vocabulary", a->map.mask_id);
    const cam_operand operands[] = {
        I32_1D("masked", a->masked, CAM_OUT, tokens),
        I32_1D("list", a->list, CAM_OUT, queries),
        I32_1D("list_row", a->list_row, CAM_OUT, queries),
        I32_1D("list_index", a->list_index, CAM_OUT, queries),
        I32_1D("list_cu", a->list_cu, CAM_OUT, a->list_cu.shape[0]),
        I32_1D("labels", a->labels, CAM_OUT, queries),
        I32_1D("ids", a->ids, CAM_IN, tokens),
        I32_1D("token_row", a->token_row, CAM_IN, tokens),
        I32_1D("token_index", a->token_index, CAM_IN, tokens),
        I32_1D("piece_kind", a->piece_kind, CAM_IN, a->map.vocab_size),
    };
    return CHECK("step_mask", operands);
}

cam_status cam_check_step_end(const cam_backend *backend, const cam_step_end_args *a) {
    (void)backend;
    REQUIRE_STATE("step_end", a);
    REQUIRE("step_end", a->ring != NULL, "operand \"ring\" is absent");
    REQUIRE("step_end", a->slots > 0, "%d slots", a->slots);
    return CAM_OK;
}

cam_status cam_check_step_rank_report(const cam_backend *backend, const cam_step_rank_report_args *a) {
    (void)backend;
    REQUIRE_STATE("step_rank_report", a);
    REQUIRE("step_rank_report", a->reports != NULL, "operand \"reports\" is absent");
    REQUIRE("step_rank_report", a->ranks >= 1, "%d ranks", a->ranks);
    REQUIRE("step_rank_report", a->rank >= 0 && a->rank < a->ranks, "rank %d of %d ranks", a->rank, a->ranks);
    return CAM_OK;
}

cam_status cam_check_step_merge(const cam_backend *backend, const cam_step_merge_args *a) {
    (void)backend;
    REQUIRE_STATE("step_merge", a);
    REQUIRE("step_merge", a->reports != NULL, "operand \"reports\" is absent");
    REQUIRE("step_merge", a->ranks >= 1, "%d ranks", a->ranks);
    return CAM_OK;
}

cam_status cam_check_embedding_fwd(const cam_backend *backend, const cam_embedding_fwd_args *a) {
    int64_t tokens = a->y.shape[0], h = a->y.shape[1];
    REQUIRE_STATE("embedding_fwd", a);
    REQUIRE_FEATURES("embedding_fwd", h);
    REQUIRE_DROPOUT("embedding_fwd", a->dropout.threshold);
    REQUIRE("embedding_fwd", a->eps > 0, "eps is not above 0");
    const cam_operand operands[] = {
        ACT_2D("y", a->y, CAM_OUT, tokens, h),
        F32_1D("mean", a->mean, CAM_OUT, tokens),
        F32_1D("rstd", a->rstd, CAM_OUT, tokens),
        I32_1D("ids", a->ids, CAM_IN, tokens),
        I32_1D("positions", a->positions, CAM_IN, tokens),
        F32_2D("word", a->word, CAM_IN, a->word.shape[0], h),
        F32_2D("position", a->position, CAM_IN, a->position.shape[0], h),
        F32_2D("type", a->type, CAM_IN, 1, h),
        F32_1D("gamma", a->gamma, CAM_IN, h),
        F32_1D("beta", a->beta, CAM_IN, h),
        DROPOUT(a, tokens),
    };
    return CHECK("embedding_fwd", operands);
}

cam_status cam_check_embedding_bwd(const cam_backend *backend, const cam_embedding_bwd_args *a) {
    int64_t tokens = a->dy.shape[0], h = a->dy.shape[1], words = a->word.shape[0], positions = a->position.shape[0];
    REQUIRE_STATE("embedding_bwd", a);
    REQUIRE_FEATURES("embedding_bwd", h);
    REQUIRE_DROPOUT("embedding_bwd", a->dropout.threshold);
    const cam_operand operands[] = {
        F32_2D("dword", a->dword, CAM_OUT, words, h),
        F32_2D("dposition", a->dposition, CAM_OUT, positions, h),
        F32_2D("dtype", a->dtype, CAM_OUT, 1, h),
        F32_1D("dgamma", a->dgamma, CAM_OUT, h),
        F32_1D("dbeta", a->dbeta, CAM_OUT, h),
        ACT_2D("dy", a->dy, CAM_IN, tokens, h),
        F32_1D("mean", a->mean, CAM_IN, tokens),
        F32_1D("rstd", a->rstd, CAM_IN, tokens),
        I32_1D("ids", a->ids, CAM_IN, tokens),
        I32_1D("positions", a->positions, CAM_IN, tokens),
        F32_2D("word", a->word, CAM_IN, words, h),
        F32_2D("position", a->position, CAM_IN, positions, h),
        F32_2D("type", a->type, CAM_IN, 1, h),
        F32_1D("gamma", a->gamma, CAM_IN, h),
        DROPOUT(a, tokens),
    };
    return CHECK("embedding_bwd", operands);
}

cam_status cam_check_linear_fwd(const cam_backend *backend, const cam_linear_fwd_args *a) {
    int64_t n = a->y.shape[0], out = a->w.shape[0], in = a->w.shape[1];
    REQUIRE_STATE("linear_fwd", a);
    const cam_operand operands[] = {
        AS_2D("y", a->y, CAM_OUT, a->x, n, out),
        ACT_2D("x", a->x, CAM_IN | CAM_STRIDED, n, in),
        AS_2D("w", a->w, CAM_IN, a->x, out, in),
        {"bias", a->bias, CAM_OPTIONAL, a->x.dtype, 1, {out, 0}, NULL},
    };
    return CHECK("linear_fwd", operands);
}

cam_status cam_check_linear_bwd_data(const cam_backend *backend, const cam_linear_bwd_data_args *a) {
    int64_t n = a->dx.shape[0], out = a->w.shape[0], in = a->w.shape[1];
    REQUIRE_STATE("linear_bwd_data", a);
    const cam_operand operands[] = {
        AS_2D("dx", a->dx, CAM_OUT, a->dy, n, in),
        ACT_2D("dy", a->dy, CAM_IN | CAM_STRIDED, n, out),
        AS_2D("w", a->w, CAM_IN, a->dy, out, in),
    };
    return CHECK("linear_bwd_data", operands);
}

cam_status cam_check_linear_bwd_weight(const cam_backend *backend, const cam_linear_bwd_weight_args *a) {
    int64_t n = a->dy.shape[0], out = a->dw.shape[0], in = a->dw.shape[1];
    REQUIRE_STATE("linear_bwd_weight", a);
    if (a->dw.dtype == CAM_BF16 && (a->dy.dtype != CAM_BF16 || a->accumulate))
        return cam_fail(CAM_E_DTYPE, "linear_bwd_weight: operand \"dw\" is BF16, not F32, %s",
                        a->accumulate ? "and is to be added to" : "and \"dy\" is not BF16");
    const cam_operand operands[] = {
        ACT_2D("dw", a->dw, CAM_OUT, out, in),
        F32_1D("dbias", a->dbias, CAM_OUT | CAM_OPTIONAL, out),
        ACT_2D("dy", a->dy, CAM_IN | CAM_STRIDED, n, out),
        AS_2D("x", a->x, CAM_IN | CAM_STRIDED, a->dy, n, in),
    };
    return CHECK("linear_bwd_weight", operands);
}

/* The requirements on scalars that attention_fwd and attention_bwd have in common. */
#define REQUIRE_ATTENTION(op, a)                                                                                       \
    do {                                                                                                               \
        REQUIRE_STATE(op, a);                                                                                          \
        REQUIRE_FEATURES(op, (a)->q.shape[1]);                                                                         \
        REQUIRE_DROPOUT(op, (a)->threshold);                                                                           \
        REQUIRE(op, (a)->heads > 0 && (a)->q.shape[1] % (a)->heads == 0, "%d heads do not divide %lld columns",        \
                (a)->heads, (long long)(a)->q.shape[1]);                                                               \
        REQUIRE(op, (a)->max_keys >= 1 && (a)->max_keys <= backend->max_keys, "sequences of %d keys, not 1 to %d",     \
                (a)->max_keys, backend->max_keys);                                                                     \
        REQUIRE(op, (a)->max_keys <= 1024 || (a)->heads <= 512, "%d heads over sequences of more than 1024 keys",      \
                (a)->heads); /* cam/philox.h numbers no more tiles */                                                  \
        REQUIRE(op, (a)->cu_q.shape[0] >= 1, "cu_q is empty");                                                         \
        REQUIRE(op, (a)->k.row_stride == (a)->v.row_stride, "operands \"k\" and \"v\" have different row strides");    \
        REQUIRE(op, !(a)->mask.data || (a)->q_rows == CAM_ROWS_TOKENS, "operand \"mask\" with queries of a list");     \
    } while (0)

#define ATTENTION_MASK(a, role)                                                                                        \
    I32_1D("mask", (a)->mask, (role) | CAM_OPTIONAL,                                                                   \
           cam_attention_mask_words((a)->cu_q.shape[0] - 1, (a)->heads, (a)->max_keys))
#define ATTENTION_INPUTS(a, nq, nk, h, b)                                                                              \
    ACT_2D("q", (a)->q, CAM_IN | CAM_STRIDED, nq, h), AS_2D("k", (a)->k, CAM_IN | CAM_STRIDED, (a)->q, nk, h),         \
        AS_2D("v", (a)->v, CAM_IN | CAM_STRIDED, (a)->q, nk, h), I32_1D("cu_q", (a)->cu_q, CAM_IN, (b) + 1),           \
        I32_1D("cu_k", (a)->cu_k, CAM_IN, (b) + 1),                                                                    \
        I32_1D("q_index", (a)->q_index, (a)->threshold ? CAM_IN : CAM_OPTIONAL, nq),                                   \
        I32_1D("sequence_row", (a)->sequence_row, (a)->threshold ? CAM_IN : CAM_OPTIONAL, b)

cam_status cam_check_attention_fwd(const cam_backend *backend, const cam_attention_fwd_args *a) {
    int64_t nq = a->q.shape[0], nk = a->k.shape[0], h = a->q.shape[1], b = a->cu_q.shape[0] - 1;
    REQUIRE_ATTENTION("attention_fwd", a);
    const cam_operand operands[] = {
        AS_2D("out", a->out, CAM_OUT, a->q, nq, h),
        F32_2D("lse", a->lse, CAM_OUT, nq, a->heads),
        ATTENTION_MASK(a, CAM_OUT),
        ATTENTION_INPUTS(a, nq, nk, h, b),
    };
    return CHECK("attention_fwd", operands);
}

cam_status cam_check_attention_bwd(const cam_backend *backend, const cam_attention_bwd_args *a) {
    int64_t nq = a->q.shape[0], nk = a->k.shape[0], h = a->q.shape[1], b = a->cu_q.shape[0] - 1;
    REQUIRE_ATTENTION("attention_bwd", a);
    REQUIRE("attention_bwd", a->dk.row_stride == a->dv.row_stride,
            "operands \"dk\" and \"dv\" have different row strides");
    const cam_operand operands[] = {
        AS_2D("dq", a->dq, CAM_OUT | CAM_STRIDED, a->q, nq, h),
        AS_2D("dk", a->dk, CAM_OUT | CAM_STRIDED, a->q, nk, h),
        AS_2D("dv", a->dv, CAM_OUT | CAM_STRIDED, a->q, nk, h),
        AS_2D("dout", a->dout, CAM_IN, a->q, nq, h),
        AS_2D("out", a->out, CAM_IN, a->q, nq, h),
        F32_2D("lse", a->lse, CAM_IN, nq, a->heads),
        ATTENTION_MASK(a, CAM_IN),
        ATTENTION_INPUTS(a, nq, nk, h, b),
    };
    return CHECK("attention_bwd", operands);
}

cam_status cam_check_residual_fwd(const cam_backend *backend, const cam_residual_fwd_args *a) {
    int64_t n = a->y.shape[0], h = a->y.shape[1];
    REQUIRE_STATE("residual_fwd", a);
    REQUIRE_FEATURES("residual_fwd", h);
    REQUIRE_DROPOUT("residual_fwd", a->dropout.threshold);
    REQUIRE("residual_fwd", a->eps > 0, "eps is not above 0");
    const cam_operand operands[] = {
        ACT_2D("y", a->y, CAM_OUT, n, h),
        AS_2D_OR("z", a->z, CAM_OUT, a->x, n, h, "x"),
        F32_1D("mean", a->mean, CAM_OUT, n),
        F32_1D("rstd", a->rstd, CAM_OUT, n),
        ACT_2D("x", a->x, CAM_IN, n, h),
        F32_1D("bias", a->bias, CAM_OPTIONAL, h),
        AS_2D("residual", a->residual, CAM_OPTIONAL, a->x, n, h),
        F32_1D("gamma", a->gamma, CAM_IN, h),
        F32_1D("beta", a->beta, CAM_IN, h),
        I32_1D("mask", a->mask, CAM_OUT | CAM_OPTIONAL, cam_dropout_mask_words(n, h)),
        DROPOUT(a, n),
    };
    return CHECK("residual_fwd", operands);
}

cam_status cam_check_residual_bwd(const cam_backend *backend, const cam_residual_bwd_args *a) {
    int64_t n = a->dy.shape[0], h = a->dy.shape[1];
    REQUIRE_STATE("residual_bwd", a);
    REQUIRE_FEATURES("residual_bwd", h);
    REQUIRE_DROPOUT("residual_bwd", a->dropout.threshold);
    const cam_operand operands[] = {
        AS_2D_OR("dx", a->dx, CAM_OUT, a->z, n, h, a->dy.dtype == a->z.dtype ? "dy" : NULL),
        AS_2D("dresidual", a->dresidual, CAM_OUT | CAM_OPTIONAL, a->z, n, h),
        F32_1D("dbias", a->dbias, CAM_OUT | CAM_OPTIONAL, h),
        F32_1D("dgamma", a->dgamma, CAM_OUT, h),
        F32_1D("dbeta", a->dbeta, CAM_OUT, h),
        ACT_2D("dy", a->dy, CAM_IN, n, h),
        ACT_2D("z", a->z, CAM_IN, n, h),
        F32_1D("mean", a->mean, CAM_IN, n),
        F32_1D("rstd", a->rstd, CAM_IN, n),
        F32_1D("gamma", a->gamma, CAM_IN, h),
        I32_1D("mask", a->mask, CAM_OPTIONAL, cam_dropout_mask_words(n, h)),
        DROPOUT(a, n),
    };
    return CHECK("residual_bwd", operands);
}

cam_status cam_check_gelu_fwd(const cam_backend *backend, const cam_gelu_fwd_args *a) {
    int64_t n = a->x.shape[0], f = a->x.shape[1];
    REQUIRE_STATE("gelu_fwd", a);
    const cam_operand operands[] = {
        AS_2D("y", a->y, CAM_OUT, a->x, n, f),
        ACT_2D("x", a->x, CAM_IN, n, f),
        F32_1D("bias", a->bias, CAM_IN, f),
    };
    return CHECK("gelu_fwd", operands);
}

cam_status cam_check_gelu_bwd(const cam_backend *backend, const cam_gelu_bwd_args *a) {
    int64_t n = a->x.shape[0], f = a->x.shape[1];
    REQUIRE_STATE("gelu_bwd", a);
    const cam_operand operands[] = {
        AS_2D_OR("dx", a->dx, CAM_OUT, a->x, n, f, "dy"),
        F32_1D("dbias", a->dbias, CAM_OUT, f),
        AS_2D("dy", a->dy, CAM_IN, a->x, n, f),
        ACT_2D("x", a->x, CAM_IN, n, f),
        F32_1D("bias", a->bias, CAM_IN, f),
    };
    return CHECK("gelu_bwd", operands);
}

cam_status cam_check_head_gather_fwd(const cam_backend *backend, const cam_head_gather_fwd_args *a) {
    int64_t r = a->y.shape[0], h = a->y.shape[1];
    REQUIRE_STATE("head_gather_fwd", a);
    REQUIRE_FEATURES("head_gather_fwd", h);
    const cam_operand operands[] = {
        AS_2D("y", a->y, CAM_OUT, a->x, r, h),
        ACT_2D("x", a->x, CAM_IN, a->x.shape[0], h),
        I32_1D("list", a->list, CAM_IN, r),
    };
    return CHECK("head_gather_fwd", operands);
}

cam_status cam_check_head_gather_bwd(const cam_backend *backend, const cam_head_gather_bwd_args *a) {
    int64_t r = a->dy.shape[0], h = a->dy.shape[1];
    REQUIRE_STATE("head_gather_bwd", a);
    REQUIRE_FEATURES("head_gather_bwd", h);
    const cam_operand operands[] = {
        AS_2D("dx", a->dx, CAM_OUT, a->dy, a->dx.shape[0], h),
        ACT_2D("dy", a->dy, CAM_IN, r, h),
        I32_1D("list", a->list, CAM_IN, r),
    };
    return CHECK("head_gather_bwd", operands);
}

cam_status cam_check_head_dropout(const cam_backend *backend, const cam_head_dropout_args *a) {
    int64_t r = a->y.shape[0], h = a->y.shape[1];
    REQUIRE_STATE("head_dropout", a);
    REQUIRE_FEATURES("head_dropout", h);
    REQUIRE_DROPOUT("head_dropout", a->dropout.threshold);
    const cam_operand operands[] = {
        F32_2D_OR("y", a->y, CAM_OUT, r, h, "x"),
        F32_2D("x", a->x, CAM_IN, r, h),
        DROPOUT(a, r),
    };
    return CHECK("head_dropout", operands);
}

cam_status cam_check_head_tanh_fwd(const cam_backend *backend, const cam_head_tanh_fwd_args *a) {
    int64_t r = a->x.shape[0], h = a->x.shape[1];
    REQUIRE_STATE("head_tanh_fwd", a);
    REQUIRE_FEATURES("head_tanh_fwd", h);
    REQUIRE_DROPOUT("head_tanh_fwd", a->dropout.threshold);
    const cam_operand operands[] = {
        F32_2D("y", a->y, CAM_OUT, r, h),
        F32_2D("x", a->x, CAM_IN, r, h),
        F32_1D("bias", a->bias, CAM_IN, h),
        DROPOUT(a, r),
    };
    return CHECK("head_tanh_fwd", operands);
}

cam_status cam_check_head_tanh_bwd(const cam_backend *backend, const cam_head_tanh_bwd_args *a) {
    int64_t r = a->x.shape[0], h = a->x.shape[1];
    REQUIRE_STATE("head_tanh_bwd", a);
    REQUIRE_FEATURES("head_tanh_bwd", h);
    REQUIRE_DROPOUT("head_tanh_bwd", a->dropout.threshold);
    const cam_operand operands[] = {
        F32_2D_OR("dx", a->dx, CAM_OUT, r, h, "dy"), F32_1D("dbias", a->dbias, CAM_OUT, h),
        F32_2D("dy", a->dy, CAM_IN, r, h),           F32_2D("x", a->x, CAM_IN, r, h),
        F32_1D("bias", a->bias, CAM_IN, h),          DROPOUT(a, r),
    };
    return CHECK("head_tanh_bwd", operands);
}

cam_status cam_check_loss(const cam_backend *backend, const cam_loss_args *a) {
    int64_t r = a->logits.shape[0], k = a->logits.shape[1];
    REQUIRE_STATE("loss", a);
    REQUIRE("loss", a->smoothing >= 0 && a->smoothing < 1, "smoothing is not in [0, 1)");
    REQUIRE("loss", a->rows >= CAM_ROWS_HEAD, "rows %d are not query rows", (int)a->rows);
    const cam_operand operands[] = {
        F32_1D("row_loss", a->row_loss, CAM_OUT, r),
        F32_1D("hits", a->hits, CAM_OUT | CAM_OPTIONAL, r),
        F32_2D_OR("dlogits", a->dlogits, CAM_OUT | CAM_OPTIONAL, r, k, "logits"),
        F32_2D("logits", a->logits, CAM_IN, r, k),
        I32_1D("labels", a->labels, CAM_IN, r),
        F32_1D("weights", a->weights, CAM_OPTIONAL, k),
    };
    return CHECK("loss", operands);
}

cam_status cam_check_distill_logits(const cam_backend *backend, const cam_distill_logits_args *a) {
    int64_t r = a->logits.shape[0], k = a->logits.shape[1];
    REQUIRE_STATE("distill_logits", a);
    REQUIRE("distill_logits", a->temperature > 0 && isfinite(a->temperature), "temperature is not above 0");
    REQUIRE("distill_logits", a->alpha >= 0 && a->alpha <= 1, "alpha is not in [0, 1]");
    REQUIRE("distill_logits", a->smoothing >= 0 && a->smoothing < 1, "smoothing is not in [0, 1)");
    const cam_operand operands[] = {
        F32_2D_OR("dlogits", a->dlogits, CAM_OUT, r, k, "logits"),
        F32_1D("row_loss", a->row_loss, CAM_OUT, r),
        F32_2D("logits", a->logits, CAM_IN, r, k),
        I32_1D("labels", a->labels, CAM_IN, r),
        F32_1D("weights", a->weights, CAM_OPTIONAL, k),
        F32_2D("teacher", a->teacher, CAM_IN, a->teacher.shape[0], k),
        I32_1D("row", a->row, CAM_IN, r),
    };
    return CHECK("distill_logits", operands);
}

cam_status cam_check_distill_hidden(const cam_backend *backend, const cam_distill_hidden_args *a) {
    int64_t r = a->mapped.shape[0], h = a->dmapped.shape[1];
    REQUIRE_STATE("distill_hidden", a);
    REQUIRE_FEATURES("distill_hidden", h);
    REQUIRE("distill_hidden", a->row.data || a->teacher.shape[0] >= r, "operand \"teacher\" has too few rows");
    REQUIRE("distill_hidden", a->weight >= 0 && isfinite(a->weight), "weight is not a number from 0 on");
    const cam_operand operands[] = {
        F32_2D_OR("dmapped", a->dmapped, CAM_OUT, r, h, "mapped"),
        F32_1D("row_loss", a->row_loss, CAM_OUT, r),
        F32_2D("mapped", a->mapped, CAM_IN, r, h),
        F32_2D("teacher", a->teacher, CAM_IN, a->teacher.shape[0], h),
        I32_1D("row", a->row, CAM_OPTIONAL, r),
    };
    return CHECK("distill_hidden", operands);
}

/* A plane of the parameter store must have room for `chunks` chunks. The length of a mixed plane is in 16-bit units. */
static cam_status check_plane(const char *op, const char *name, cam_tensor plane, int64_t chunks) {
    int64_t n = plane.shape[0], least = chunks * CAM_CHUNK;
    if (plane.data && n < least)
        return cam_fail(CAM_E_SHAPE, "%s: dimension 0 of operand \"%s\" is %lld, not %lld or more", op, name,
                        (long long)n, (long long)least);
    return CAM_OK;
}

cam_status cam_check_norm_partial(const cam_backend *backend, const cam_norm_partial_args *a) {
    cam_status st = CAM_OK;
    int64_t chunks = a->partial.shape[0];
    REQUIRE("norm_partial", a->chunks || a->grad.dtype != CAM_BF16, "operand \"chunks\" is absent");
    REQUIRE("norm_partial", a->chunks || a->grad.shape[0] == chunks * CAM_CHUNK,
            "operand \"grad\" has %lld elements, not %lld", (long long)a->grad.shape[0],
            (long long)(chunks * CAM_CHUNK));
    CAM_TRY(check_plane("norm_partial", "grad", a->grad, chunks));
    const cam_operand operands[] = {
        {"partial", a->partial, CAM_OUT, CAM_F64, 1, {chunks, 0}, NULL},
        {"grad", a->grad, CAM_IN | CAM_ACT, CAM_F32, 1, {a->grad.shape[0], 0}, NULL},
    };
    st = CHECK("norm_partial", operands);
out:
    return st;
}

cam_status cam_check_norm_final(const cam_backend *backend, const cam_norm_final_args *a) {
    REQUIRE_STATE("norm_final", a);
    REQUIRE("norm_final", a->max_norm >= 0, "max_norm is below 0");
    const cam_operand operands[] = {
        {"partial", a->partial, CAM_IN, CAM_F64, 1, {a->partial.shape[0], 0}, NULL},
    };
    return CHECK("norm_final", operands);
}

cam_status cam_check_adamw(const cam_backend *backend, const cam_adamw_args *a) {
    cam_status st = CAM_OK;
    int64_t n = a->m.shape[0];
    REQUIRE_STATE("adamw", a);
    REQUIRE("adamw", a->chunks != NULL, "operand \"chunks\" is absent");
    REQUIRE("adamw", n % CAM_CHUNK == 0, "operand \"m\" has %lld elements, not whole chunks", (long long)n);
    CAM_TRY(check_plane("adamw", "weight", a->weight, n / CAM_CHUNK));
    CAM_TRY(check_plane("adamw", "grad", a->grad, n / CAM_CHUNK));
    const cam_operand operands[] = {
        {"weight", a->weight, CAM_OUT | CAM_ACT, CAM_F32, 1, {a->weight.shape[0], 0}, NULL},
        {"low", a->low, CAM_OUT | CAM_OPTIONAL, CAM_BF16, 1, {a->low.shape[0], 0}, NULL},
        F32_1D("m", a->m, CAM_OUT, n),
        F32_1D("v", a->v, CAM_OUT, n),
        {"grad", a->grad, CAM_IN | CAM_ACT, CAM_F32, 1, {a->grad.shape[0], 0}, NULL},
    };
    st = CHECK("adamw", operands);
out:
    return st;
}

cam_status cam_check_cast(const cam_backend *backend, const cam_cast_args *a) {
    int64_t n = a->from.shape[0];
    if (a->to.data && a->to.dtype == CAM_F64)
        return cam_fail(CAM_E_DTYPE, "cast: operand \"to\" is F64; f32, f16 and bf16 are written");
    const cam_operand operands[] = {
        {"to", a->to, CAM_OUT | CAM_ANY_FLOAT, CAM_F32, 1, {n, 0}, NULL},
        {"from", a->from, CAM_IN | CAM_ANY_FLOAT, CAM_F32, 1, {n, 0}, NULL},
    };
    return CHECK("cast", operands);
}
