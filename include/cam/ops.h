/* ops.h: the operators. One contract here, one implementation a backend, one conformance test in tests/ops/.
 *
 * Every operator takes a named argument struct and is called as
 *
 *     cam_status cam_<op>(cam_backend *backend, const cam_<op>_args *args);
 *     size_t cam_<op>_workspace(const cam_backend *backend, const cam_<op>_args *args);
 *
 * The wrapper (src/ops) checks shapes, dtypes and aliasing once for all backends, looks the implementation up, times
 * it and calls it. A missing implementation is CAM_E_UNSUPPORTED, never a silent fallback. Operators never allocate:
 * `args->workspace` must hold at least <op>_workspace() bytes (CAM_E_WORKSPACE otherwise; `args` may leave the data
 * pointers unset when it only asks for the size, shapes count).
 *
 * Letters: B sequences, T packed tokens, R listed rows, N generic rows, S longest sequence, H hidden, F intermediate,
 * A heads, D = H / A, V vocabulary rows, P positions, K labels.
 *
 * Capacities and true counts. Shapes hold capacities. How many leading rows are real is read from the step
 * state, which lies in device memory: `rows` says which of its counts bounds the rows of an operator. Rows from the
 * true count up to the capacity are exact zeros in every activation and gradient that an operator writes, and are never
 * read. Index tensors (ids, row lists, cu_seqlens, data row ids) need not hold anything there.
 *
 * Gradients. `accumulate` false: `=`, the output's old contents are not read; true: `+=`. Where an operator has
 * several gradient outputs for parameters one flag serves them all.
 *
 * Deterministic, all of them: the same inputs give the same bits, whatever the number of threads. Floating-point
 * accumulation is in f32 or wider, in an order fixed by the shapes. Unless said otherwise an output must not overlap
 * any other operand (CAM_E_ALIAS), tensors are contiguous (CAM_E_SHAPE), dtypes are f32 for numbers and i32 for indices
 * (CAM_E_DTYPE). H is a multiple of 8.
 */
#ifndef CAM_OPS_H
#define CAM_OPS_H

#include "cam/backend.h"
#include "cam/philox.h"
#include "cam/status.h"
#include "cam/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(operator), grouped by family; a family is a file of the same stem in every backend and in tests/ops. */
#define CAM_OPS(X)                                                                                                     \
    X(embedding_fwd)                                                                                                   \
    X(embedding_bwd)                                                                                                   \
    X(linear_fwd)                                                                                                      \
    X(linear_bwd_data)                                                                                                 \
    X(linear_bwd_weight)                                                                                               \
    X(attention_fwd)                                                                                                   \
    X(attention_bwd)                                                                                                   \
    X(residual_fwd)                                                                                                    \
    X(residual_bwd)                                                                                                    \
    X(gelu_fwd)                                                                                                        \
    X(gelu_bwd)                                                                                                        \
    X(head_gather_fwd)                                                                                                 \
    X(head_gather_bwd)                                                                                                 \
    X(head_dropout)                                                                                                    \
    X(head_tanh_fwd)                                                                                                   \
    X(head_tanh_bwd)                                                                                                   \
    X(loss_fwd)                                                                                                        \
    X(loss_bwd)                                                                                                        \
    X(norm_partial)                                                                                                    \
    X(norm_final)                                                                                                      \
    X(adamw)                                                                                                           \
    X(cast)

/* What a step needs to know beyond shapes: one struct in device memory, written by the host once a step (or prepared
 * for a whole epoch), changed on the device only by loss_fwd and norm_final. No per-step value is a host argument. */
typedef struct cam_step_state {
    uint64_t seed;
    uint32_t step;           /* optimizer step, from 0: the random map's step */
    int32_t tokens;          /* T, true count */
    int32_t sequences;       /* B */
    int32_t head_rows;       /* R, rows of the row list */
    double learning_rate;    /* of the head's group, this step */
    double bias_correction1; /* 1 - beta1^t, t = updates really applied, this one included */
    double bias_correction2; /* 1 - beta2^t */
    double
        loss_denominator; /* sum of the class weights of all examples of the optimizer step (rows, without weights) */
    double loss;          /* out, loss_fwd: this step's loss so far */
    double grad_norm;     /* out, norm_final: before clipping */
    float clip_scale;     /* out, norm_final: what adamw multiplies gradients by */
    uint32_t finite; /* out, norm_final: 1; 0 once loss or norm were not finite, and stays 0 until the host sets it */
} cam_step_state;

typedef enum cam_rows { CAM_ROWS_TOKENS, CAM_ROWS_SEQUENCES, CAM_ROWS_HEAD } cam_rows;

/* The true count that `rows` names. */
static inline CAM_HOST_DEVICE int64_t cam_rows_count(const cam_step_state *state, cam_rows rows) {
    return rows == CAM_ROWS_TOKENS ? state->tokens : rows == CAM_ROWS_SEQUENCES ? state->sequences : state->head_rows;
}

/* Dropout over rows of features, by the random map of cam/philox.h. threshold == 0 is no dropout (row and index are
 * then not read and may be absent). */
typedef struct cam_dropout {
    uint32_t threshold; /* cam_dropout_threshold(p) */
    uint32_t site;      /* cam_site, the layer's share added */
    cam_tensor row;     /* [N] i32: data row id of each row */
    cam_tensor index;   /* [N] i32: its index in its sequence, from 0 */
} cam_dropout;

typedef struct cam_workspace {
    void *data;
    size_t bytes;
} cam_workspace;

/* --- embedding ------------------------------------------------------------------------------------------------- */

/* embedding_fwd: y = dropout(LN(word[ids] + type + position[positions])).
 *   y           [T,H]  f32  out
 *   mean, rstd  [T]    f32  out  of the sum's rows; kept for embedding_bwd
 *   ids         [T]    i32  in   rows of `word`
 *   positions   [T]    i32  in   rows of `position` (Hugging Face: first token 2)
 *   word        [V,H]  f32  in
 *   position    [P,H]  f32  in
 *   type        [1,H]  f32  in   the one token type's row, added to every token
 *   gamma,beta  [H]    f32  in
 *   eps         > 0
 * rstd = 1 / sqrt(var + eps), var biased (/ H), two passes.
 * Source: Devlin et al. 2019 section 3; Ba, Kiros, Hinton 2016. */
typedef struct cam_embedding_fwd_args {
    cam_tensor y, mean, rstd;
    cam_tensor ids, positions, word, position, type, gamma, beta;
    float eps;
    cam_dropout dropout;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_embedding_fwd_args;

/* embedding_bwd: the gradients of embedding_fwd's parameters.
 *   dword       [V,H]  f32  out  rows that no token uses are zero (`=`) or unchanged (`+=`)
 *   dposition   [P,H]  f32  out  likewise
 *   dtype       [1,H]  f32  out
 *   dgamma,dbeta [H]   f32  out
 *   dy          [T,H]  f32  in
 *   ids, positions, word, position, type, gamma, mean, rstd as in the forward call; the sum is made again.
 *   pad_word, pad_position  rows of word and position that receive no gradient (Hugging Face: padding_idx); -1 = none.
 * A row's gradient is the sum over its tokens in ascending order. */
typedef struct cam_embedding_bwd_args {
    cam_tensor dword, dposition, dtype, dgamma, dbeta;
    cam_tensor dy, mean, rstd;
    cam_tensor ids, positions, word, position, type, gamma;
    int32_t pad_word, pad_position;
    int accumulate;
    cam_dropout dropout;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_embedding_bwd_args;

/* --- linear ---------------------------------------------------------------------------------------------------- */

/* linear_fwd: y = x W^T + bias.
 *   y     [N,O]  f32  out
 *   x     [N,I]  f32  in   row stride free
 *   w     [O,I]  f32  in
 *   bias  [O]    f32  in   may be absent */
typedef struct cam_linear_fwd_args {
    cam_tensor y, x, w, bias;
    cam_rows rows;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_linear_fwd_args;

/* linear_bwd_data: dx (=|+=) dy W.
 *   dx  [N,I]  f32  out
 *   dy  [N,O]  f32  in   row stride free
 *   w   [O,I]  f32  in */
typedef struct cam_linear_bwd_data_args {
    cam_tensor dx, dy, w;
    cam_rows rows;
    int accumulate;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_linear_bwd_data_args;

/* linear_bwd_weight: dw (=|+=) dy^T x, dbias (=|+=) the column sums of dy.
 *   dw     [O,I]  f32  out
 *   dbias  [O]    f32  out  may be absent
 *   dy     [N,O]  f32  in   row stride free
 *   x      [N,I]  f32  in   row stride free */
typedef struct cam_linear_bwd_weight_args {
    cam_tensor dw, dbias, dy, x;
    cam_rows rows;
    int accumulate;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_linear_bwd_weight_args;

/* --- attention ------------------------------------------------------------------------------------------------- */

/* No sequence is longer: the attention tiles of cam/philox.h are numbered for so many. */
enum { CAM_MAX_KEYS = 1024 };

/* attention_fwd: for each sequence b and head a, out = dropout(softmax(q k^T * scale)) v, over packed sequences.
 *   out         [Nq,H]   f32  out
 *   lse         [Nq,A]   f32  out  log of the sum of exp(scale * score) of each query, kept for attention_bwd
 *   q           [Nq,H]   f32  in   row stride free; head a is columns [a D, (a + 1) D)
 *   k, v        [T,H]    f32  in   row stride free, the same for both
 *   cu_q, cu_k  [B+1]    i32  in   sequence b owns query rows [cu_q[b], cu_q[b+1]) and key rows [cu_k[b], cu_k[b+1]);
 *                                  a sequence may own no query row, never no key row
 *   q_index     [Nq]     i32  in   index in its sequence of each query row (0 .. S-1): for the random map
 *   sequence_row [B]     i32  in   data row id of each sequence: for the random map
 *   heads       A, divides H; max_keys: no sequence is longer (1 .. CAM_MAX_KEYS)
 *   q_rows      CAM_ROWS_TOKENS (every token asks) or CAM_ROWS_HEAD (the row list asks)
 *   threshold, site: dropout on probabilities, by the attention tiles of cam/philox.h
 * Keys are rows CAM_ROWS_TOKENS, sequences CAM_ROWS_SEQUENCES. softmax subtracts the row's maximum.
 * Source: Vaswani et al. 2017; Dao et al. 2022 for what backward keeps. */
typedef struct cam_attention_fwd_args {
    cam_tensor out, lse;
    cam_tensor q, k, v, cu_q, cu_k, q_index, sequence_row;
    int32_t heads, max_keys;
    float scale;
    cam_rows q_rows;
    uint32_t threshold, site;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_attention_fwd_args;

/* attention_bwd: the gradients of q, k and v, `=`; probabilities are made again from q, k and lse.
 *   dq          [Nq,H]   f32  out  row stride free
 *   dk, dv      [T,H]    f32  out  row stride free, the same for both
 *   dout        [Nq,H]   f32  in
 *   out, lse and the rest as in the forward call
 * With ds = p * (dp - rowsum(dout * out)) as in Dao et al. 2022, appendix B. */
typedef struct cam_attention_bwd_args {
    cam_tensor dq, dk, dv;
    cam_tensor dout, out, lse;
    cam_tensor q, k, v, cu_q, cu_k, q_index, sequence_row;
    int32_t heads, max_keys;
    float scale;
    cam_rows q_rows;
    uint32_t threshold, site;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_attention_bwd_args;

/* --- residual -------------------------------------------------------------------------------------------------- */

/* residual_fwd: z = dropout(x + bias) + residual; y = LN(z).
 *   y           [N,H]  f32  out
 *   z           [N,H]  f32  out  kept for residual_bwd; may be x itself (same data, same shape)
 *   mean, rstd  [N]    f32  out  of z's rows
 *   x, residual [N,H]  f32  in
 *   bias        [H]    f32  in
 *   gamma,beta  [H]    f32  in
 *   eps         > 0; rstd as in embedding_fwd */
typedef struct cam_residual_fwd_args {
    cam_tensor y, z, mean, rstd;
    cam_tensor x, bias, residual, gamma, beta;
    float eps;
    cam_rows rows;
    cam_dropout dropout;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_residual_fwd_args;

/* residual_bwd.
 *   dx          [N,H]  f32  out  `=`; may be dy itself
 *   dresidual   [N,H]  f32  out  `=` (dz, before dropout's mask); must not overlap dy
 *   dbias, dgamma, dbeta [H] f32 out  (=|+=) by `accumulate`
 *   dy, z       [N,H]  f32  in
 *   mean, rstd  [N], gamma [H]  f32  in */
typedef struct cam_residual_bwd_args {
    cam_tensor dx, dresidual, dbias, dgamma, dbeta;
    cam_tensor dy, z, mean, rstd, gamma;
    cam_rows rows;
    int accumulate;
    cam_dropout dropout;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_residual_bwd_args;

/* --- gelu ------------------------------------------------------------------------------------------------------ */

/* gelu_fwd: y = gelu(x + bias), gelu(u) = u/2 (1 + erf(u / sqrt 2)): the exact form, not tanh's.
 *   y     [N,F]  f32  out
 *   x     [N,F]  f32  in   kept by the caller for gelu_bwd
 *   bias  [F]    f32  in
 * |error| at most 2 ulp of the result's scale, as libm's erff has. Source: Hendrycks, Gimpel 2016. */
typedef struct cam_gelu_fwd_args {
    cam_tensor y, x, bias;
    cam_rows rows;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_gelu_fwd_args;

/* gelu_bwd: dx = dy gelu'(x + bias), gelu'(u) = Phi(u) + u phi(u).
 *   dx     [N,F]  f32  out  `=`; may be dy itself
 *   dbias  [F]    f32  out  (=|+=) the column sums of dx
 *   dy, x  [N,F]  f32  in
 *   bias   [F]    f32  in */
typedef struct cam_gelu_bwd_args {
    cam_tensor dx, dbias, dy, x, bias;
    cam_rows rows;
    int accumulate;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_gelu_bwd_args;

/* --- head ------------------------------------------------------------------------------------------------------ */

/* head_gather_fwd: y[r] = x[list[r]].
 *   y     [R,H]  f32  out  rows CAM_ROWS_HEAD
 *   x     [N,H]  f32  in
 *   list  [R]    i32  in   distinct rows of x, in any order */
typedef struct cam_head_gather_fwd_args {
    cam_tensor y, x, list;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_head_gather_fwd_args;

/* head_gather_bwd: dx[list[r]] (=|+=) dy[r]; with `=` every other row of dx is zero.
 *   dx    [N,H]  f32  out
 *   dy    [R,H]  f32  in
 *   list  [R]    i32  in */
typedef struct cam_head_gather_bwd_args {
    cam_tensor dx, dy, list;
    int accumulate;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_head_gather_bwd_args;

/* head_dropout: y = dropout(x). Its own backward (dx = dropout(dy)).
 *   y  [R,H]  f32  out  may be x itself
 *   x  [R,H]  f32  in   rows CAM_ROWS_HEAD */
typedef struct cam_head_dropout_args {
    cam_tensor y, x;
    cam_dropout dropout;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_head_dropout_args;

/* head_tanh_fwd: y = dropout(tanh(x + bias)).
 *   y     [R,H]  f32  out
 *   x     [R,H]  f32  in   kept for head_tanh_bwd; rows CAM_ROWS_HEAD
 *   bias  [H]    f32  in */
typedef struct cam_head_tanh_fwd_args {
    cam_tensor y, x, bias;
    cam_dropout dropout;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_head_tanh_fwd_args;

/* head_tanh_bwd: dx = dropout(dy) (1 - tanh(x + bias)^2), dbias (=|+=) its column sums.
 *   dx     [R,H]  f32  out  `=`; may be dy itself
 *   dbias  [H]    f32  out
 *   dy, x  [R,H]  f32  in
 *   bias   [H]    f32  in */
typedef struct cam_head_tanh_bwd_args {
    cam_tensor dx, dbias, dy, x, bias;
    int accumulate;
    cam_dropout dropout;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_head_tanh_bwd_args;

/* --- loss ------------------------------------------------------------------------------------------------------ */

/* loss_fwd: cross-entropy with class weights w and label smoothing e, as torch.nn.CrossEntropyLoss. Of row r, label y:
 *     row_loss[r] = (1 - e) w[y] nll[y] + e / K * sum over k of w[k] nll[k],   nll[k] = -log softmax(logits[r])[k]
 *     state->loss (=|+=) sum of row_loss / state->loss_denominator
 *   row_loss  [R]    f32  out
 *   state     changed: loss
 *   logits    [R,K]  f32  in   rows CAM_ROWS_HEAD
 *   labels    [R]    i32  in   0 .. K-1
 *   weights   [K]    f32  in   may be absent: all 1
 * The sum over rows is in f64. */
typedef struct cam_loss_fwd_args {
    cam_tensor row_loss, logits, labels, weights;
    float smoothing;
    int accumulate;
    cam_step_state *state;
    cam_workspace workspace;
} cam_loss_fwd_args;

/* loss_bwd: dlogits[r,k] = ( p[k] ((1 - e) w[y] + e / K * sum(w)) - (1 - e) w[y] [k = y] - e / K w[k] ) / denominator.
 *   dlogits  [R,K]  f32  out  `=`; may be logits itself */
typedef struct cam_loss_bwd_args {
    cam_tensor dlogits, logits, labels, weights;
    float smoothing;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_loss_bwd_args;

/* --- norm ------------------------------------------------------------------------------------------------------ */

/* The parameter store is cut into chunks; every tensor starts on one and gaps are zero. */
enum { CAM_CHUNK = 2048 /* elements */ };

/* norm_partial: partial[c] = sum of the squares of chunk c of a gradient range.
 *   partial  [C]           f64  out
 *   grad     [C * CHUNK]   f32  in   1-d */
typedef struct cam_norm_partial_args {
    cam_tensor partial, grad;
    cam_workspace workspace;
} cam_norm_partial_args;

/* norm_final: state->grad_norm = sqrt(sum of partial); clip_scale = min(1, max_norm / (norm + 1e-6)) (1 where max_norm
 * is 0); finite = finite and norm and state->loss are finite. As torch.nn.utils.clip_grad_norm_. partial  [C]  f64  in
 * summed in ascending order in f64 state    changed: grad_norm, clip_scale, finite */
typedef struct cam_norm_final_args {
    cam_tensor partial;
    float max_norm;
    cam_step_state *state;
    cam_workspace workspace;
} cam_norm_final_args;

/* --- adamw ----------------------------------------------------------------------------------------------------- */

/* Of one chunk: its group's rate as a share of state->learning_rate, and its weight decay. */
typedef struct cam_adamw_chunk {
    double rate_scale;
    double decay;
} cam_adamw_chunk;

/* adamw: decoupled weight decay (Loshchilov, Hutter 2019) in the order of torch.optim.AdamW, over a range of chunks.
 * With lr = learning_rate * rate_scale in f64, and factors rounded to f32 once a chunk:
 *     g = grad * clip_scale
 *     p = p * (1 - lr decay)
 *     m = m + (1 - beta1) (g - m)
 *     v = beta2 v + (1 - beta2) g^2
 *     p = p - lr / bias_correction1 * m / (sqrt(v) / sqrt(bias_correction2) + eps)
 * Nothing changes where state->finite is 0.
 *   param, m, v  [C * CHUNK]  f32  in, out
 *   grad         [C * CHUNK]  f32  in
 *   chunks       [C]          cam_adamw_chunk, device memory */
typedef struct cam_adamw_args {
    cam_tensor param, m, v, grad;
    const cam_adamw_chunk *chunks;
    double beta1, beta2, eps;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_adamw_args;

/* --- cast ------------------------------------------------------------------------------------------------------ */

/* cast: to = from, rounded to nearest even; f16 and bf16 overflow to infinity, NaN stays NaN.
 *   to    [n]  f32|f16|bf16  out
 *   from  [n]  f32|f16|bf16|f64  in */
typedef struct cam_cast_args {
    cam_tensor to, from;
    cam_workspace workspace;
} cam_cast_args;

/* --- the table ------------------------------------------------------------------------------------------------- */

enum cam_op {
#define CAM_OP_ENUM(op) CAM_OP_##op,
    CAM_OPS(CAM_OP_ENUM)
#undef CAM_OP_ENUM
        CAM_OP_COUNT
};

const char *cam_op_name(enum cam_op op); /* "attention_fwd" */

/* What a backend fills in. A NULL workspace function means none is needed. Implementations may trust their arguments:
 * the wrappers have checked them. */
struct cam_ops_table {
#define CAM_OP_SLOTS(op)                                                                                               \
    cam_status (*op)(cam_backend * backend, const cam_##op##_args *args);                                              \
    size_t (*op##_workspace)(const cam_backend *backend, const cam_##op##_args *args);
    CAM_OPS(CAM_OP_SLOTS)
#undef CAM_OP_SLOTS
};

#define CAM_OP_WRAPPERS(op)                                                                                            \
    CAM_MUST_CHECK cam_status cam_##op(cam_backend *backend, const cam_##op##_args *args);                             \
    size_t cam_##op##_workspace(const cam_backend *backend, const cam_##op##_args *args);
CAM_OPS(CAM_OP_WRAPPERS)
#undef CAM_OP_WRAPPERS

#ifdef __cplusplus
}
#endif
#endif
