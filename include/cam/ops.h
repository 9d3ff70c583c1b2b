/* ops.h: the operators. One contract here, one implementation a backend, one conformance test in tests/ops/.
 *
 * Every operator takes a named argument struct and is called as
 *
 *     cam_status cam_<op>(cam_backend *backend, const cam_<op>_args *args);
 *     size_t cam_<op>_workspace(const cam_backend *backend, const cam_<op>_args *args);
 *
 * The wrapper (src/ops) checks shapes, dtypes and aliasing once for all backends, finds the implementation in the
 * backend's table, calls it and times it. A missing implementation is CAM_E_UNSUPPORTED, never a silent fallback.
 * Operators never allocate: `args->workspace` must have at least <op>_workspace() bytes, otherwise CAM_E_WORKSPACE.
 * <op>_workspace() reads shapes and dtypes of `args`; the data pointers may be unset.
 *
 * Letters of the shapes:
 *
 *     B  sequences          S  longest sequence    V  vocabulary rows
 *     T  packed tokens      H  hidden              P  positions
 *     R  query rows         F  intermediate        K  labels
 *     N  rows of any kind   A  heads, D = H / A
 *
 * The query rows are the rows in the row list, those that the head reads: the <s> token of each sequence; with a masked
 * language model, the chosen tokens.
 *
 * Capacities and true counts. Shapes are capacities. The number of leading rows that are real is in the step state, in
 * device memory; `rows` names the count that an operator reads. In every activation and gradient that an operator
 * writes, the rows from the true count up to the capacity are exact zeros, with one exception: the output of linear_fwd
 * with a bias may hold anything there. No operator reads these rows, except the linear operators, which may compute
 * whole capacities: their inputs must be zero there. So such an output is an input of attention or of the loss, never
 * of a linear operator. Index tensors (ids, row lists, cu_seqlens, data row ids) may hold anything there.
 *
 * Gradients. `accumulate` false: `=`, the output's old contents are not read; true: `+=`. One flag applies to all
 * parameter gradients of a call.
 *
 * All operators are deterministic: the same inputs give the same bits for any number of threads. Sums are accumulated
 * in f32 or wider, in an order fixed by the shapes.
 *
 * Unless the contract says otherwise:
 *   - an output must not overlap any other operand (CAM_E_ALIAS);
 *   - tensors are contiguous (CAM_E_SHAPE);
 *   - numbers are f32 and indices i32 (CAM_E_DTYPE);
 *   - H is a multiple of 8, at most CAM_MAX_HIDDEN.
 *
 * Mixed precision. An operand of dtype `act` is f32 or bf16, the same for all `act` operands of a call. bf16 is a
 * storage format: operators compute in f32 and round to nearest even when they write. A backend whose `bf16` is 0
 * refuses bf16 operands (CAM_E_UNSUPPORTED), except in cast.
 */
#ifndef CAM_OPS_H
#define CAM_OPS_H

#include "cam/backend.h"
#include "cam/distill.h"
#include "cam/masking.h"
#include "cam/optimizer.h"
#include "cam/philox.h"
#include "cam/status.h"
#include "cam/step.h"
#include "cam/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(operator, word), grouped by family. A family is one file of the same name in every backend and in tests/ops. The
 * word states whether the operator uses temporary memory:
 *
 *     WORKSPACE     cam_<op>_args has the member `workspace`, and every backend has the function <op>_workspace, which
 *                   returns the bytes that a call needs (possibly 0). A backend without the function does not link.
 *     NO_WORKSPACE  no backend has either.
 *
 * CAM_IF_<word>(text) expands to the text for WORKSPACE and to nothing for NO_WORKSPACE. A row without a word, or with
 * another one, does not compile. */
#define CAM_OPS(X)                                                                                                     \
    X(step_begin, NO_WORKSPACE)                                                                                        \
    X(step_mask, NO_WORKSPACE)                                                                                         \
    X(step_end, NO_WORKSPACE)                                                                                          \
    X(step_rank_report, NO_WORKSPACE)                                                                                  \
    X(step_merge, NO_WORKSPACE)                                                                                        \
    X(embedding_fwd, NO_WORKSPACE)                                                                                     \
    X(embedding_bwd, WORKSPACE)                                                                                        \
    X(linear_fwd, WORKSPACE)                                                                                           \
    X(linear_bwd_data, WORKSPACE)                                                                                      \
    X(linear_bwd_weight, WORKSPACE)                                                                                    \
    X(attention_fwd, WORKSPACE)                                                                                        \
    X(attention_bwd, WORKSPACE)                                                                                        \
    X(residual_fwd, NO_WORKSPACE)                                                                                      \
    X(residual_bwd, WORKSPACE)                                                                                         \
    X(gelu_fwd, NO_WORKSPACE)                                                                                          \
    X(gelu_bwd, WORKSPACE)                                                                                             \
    X(head_gather_fwd, NO_WORKSPACE)                                                                                   \
    X(head_gather_bwd, NO_WORKSPACE)                                                                                   \
    X(head_dropout, NO_WORKSPACE)                                                                                      \
    X(head_tanh_fwd, NO_WORKSPACE)                                                                                     \
    X(head_tanh_bwd, NO_WORKSPACE)                                                                                     \
    X(loss, NO_WORKSPACE)                                                                                              \
    X(distill_logits, NO_WORKSPACE)                                                                                    \
    X(distill_hidden, NO_WORKSPACE)                                                                                    \
    X(norm_partial, NO_WORKSPACE)                                                                                      \
    X(norm_final, NO_WORKSPACE)                                                                                        \
    X(adamw, NO_WORKSPACE)                                                                                             \
    X(cast, NO_WORKSPACE)

#define CAM_IF_WORKSPACE(...) __VA_ARGS__
#define CAM_IF_NO_WORKSPACE(...)

enum { CAM_MAX_HIDDEN = 4096 };

/* Dropout over rows of features, by the counter layout of cam/philox.h. threshold == 0: no dropout; row and index are
 * then not read and may be absent. */
typedef struct cam_dropout {
    uint32_t threshold; /* cam_dropout_threshold(p) */
    uint32_t site;      /* cam_site plus the layer's offset */
    cam_tensor row;     /* [N] i32: data row id of each row */
    cam_tensor index;   /* [N] i32: its index in its sequence, from 0 */
} cam_dropout;

typedef struct cam_workspace {
    void *data;
    size_t bytes;
} cam_workspace;

/* Operators with column sums may be called in two stages, so that the sums need not be waited for: ROWS computes all
 * but the sums and leaves what they need in the workspace; SUMS, with the same arguments and the same workspace,
 * computes the sums. Both together have the bits of ALL. */
typedef enum cam_stage { CAM_STAGE_ALL, CAM_STAGE_ROWS, CAM_STAGE_SUMS } cam_stage;

/* --- step ------------------------------------------------------------------------------------------------------ */

/* step_begin: packs the next micro-step's batch from the data set in device memory.
 * With m = plan[state->cursor]:
 *   state      step, epoch, learning_rate, loss_denominator from m; tokens, sequences, head_rows: m.tokens, m.rows,
 *              m.rows; inverse_correction1, root_correction2 from corrections[state->updates]; where m.begins:
 *              loss = 0, clip_scale = 1, and finite = 1 where skip_nonfinite; cursor + 1
 *   of sequence b, data row d = order[m.first + b], and its token j, packed as token t = cu_seqlens[b] + j:
 *   ids        [T]    i32  out  data_ids[offsets[d] + j]
 *   positions  [T]    i32  out  of a pad_id: pad_position; otherwise first_position + the number of tokens before it in the
 *                               sequence that are no pad_id
 *   token_row  [T]    i32  out  d
 *   token_index [T]   i32  out  j
 *   cu_seqlens [B+1]  i32  out  tokens of the sequences before b; entries 0 .. m.rows are written
 *   row        [B]    i32  out  d
 *   list       [B]    i32  out  cu_seqlens[b], its <s>; d where ids is absent
 *   list_index [B]    i32  out  0
 *   list_cu    [B+1]  i32  out  b; entries 0 .. m.rows
 *   labels     [B]    i32  out  data_labels[d]; 0 where data_labels is absent
 *   order      [N]    i32  in   data row ids in this epoch's order
 *   offsets    [rows + 1] i32 in
 *   data_ids   [offsets[rows]] i32 in
 *   data_labels [rows] i32 in   may be absent
 *   plan, corrections            device memory
 * ids, positions, token_row, token_index, cu_seqlens and data_ids may be absent, all together: a head trained on stored
 * features needs rows only. state->tokens is then 0. Entries past the true counts are not written.
 * All values are exact. state is written after all reads of it. */
typedef struct cam_step_begin_args {
    cam_tensor ids, positions, token_row, token_index, cu_seqlens;
    cam_tensor row, list, list_index, list_cu, labels;
    cam_tensor order, offsets, data_ids, data_labels;
    int32_t pad_id, pad_position, first_position; /* the padding token and its position, Hugging Face's padding_idx; the
                                                   * position of a sequence's first token */
    const cam_micro_step *plan;
    const cam_bias_corrections *corrections;
    cam_step_state *state;
} cam_step_begin_args;

/* step_mask: chooses tokens of the packed batch and replaces them, by the map of cam/masking.h with state->seed and
 * state->epoch. The chosen tokens become the query rows.
 *   masked      [T]    i32  out  ids, the chosen tokens replaced
 *   list        [R]    i32  out  the chosen tokens, ascending
 *   list_row    [R]    i32  out  token_row[list[r]]
 *   list_index  [R]    i32  out  token_index[list[r]]
 *   list_cu     [B+1]  i32  out  chosen tokens of the sequences before b; entries 0 .. state->sequences
 *   labels      [R]    i32  out  ids[list[r]]
 *   state       changed: head_rows, the number of chosen tokens; at most R of them are there
 *   ids, token_row, token_index [T] i32 in
 *   piece_kind  [V]    i32  in   CAM_PIECE_ bits; V is map.vocab_size
 * Entries past the true counts are not written. All values are exact. */
typedef struct cam_step_mask_args {
    cam_tensor masked, list, list_row, list_index, list_cu, labels;
    cam_tensor ids, token_row, token_index, piece_kind;
    cam_masking_map map;
    cam_step_state *state;
} cam_step_mask_args;

/* step_end: ring[state->step % slots] = the record of the optimizer step that state describes. */
typedef struct cam_step_end_args {
    cam_step_record *ring; /* device address */
    int32_t slots;
    const cam_step_state *state;
} cam_step_end_args;

/* step_rank_report: reports[rank] = {state->loss, *request}; the other reports are not written.
 *   request  device address of mapped memory that the host may write at any time (cam_backend_allocate_mapped);
 *            NULL: 0 */
typedef struct cam_step_rank_report_args {
    cam_rank_report *reports; /* [ranks], device memory */
    const uint32_t *request;
    int32_t rank, ranks;
    const cam_step_state *state;
} cam_step_rank_report_args;

/* step_merge: state->loss = the sum of reports[r].loss in rank order, in f64; state->requests = the bitwise or of all
 * requests. */
typedef struct cam_step_merge_args {
    const cam_rank_report *reports; /* [ranks], device memory */
    int32_t ranks;
    cam_step_state *state;
} cam_step_merge_args;

/* --- embedding ------------------------------------------------------------------------------------------------- */

/* embedding_fwd: y = dropout(LN(word[ids] + type + position[positions])).
 *   y           [T,H]  act  out
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
} cam_embedding_fwd_args;

/* embedding_bwd: the gradients of embedding_fwd's parameters.
 *   dword       [V,H]  f32  out  rows that no token uses are zero (`=`) or unchanged (`+=`); with tied_word it is `+=`
 *                                even where accumulate is 0: a head that shares the table has written its part
 *   dposition   [P,H]  f32  out  likewise
 *   dtype       [1,H]  f32  out
 *   dgamma,dbeta [H]   f32  out
 *   dy          [T,H]  act  in
 *   ids, positions, word, position, type, gamma, mean, rstd as in the forward call; the sum is computed again.
 *   pad_word, pad_position  rows of word and position that receive no gradient (Hugging Face: padding_idx); -1 = none.
 * A row's gradient is the sum over its tokens in ascending order. */
typedef struct cam_embedding_bwd_args {
    cam_tensor dword, dposition, dtype, dgamma, dbeta;
    cam_tensor dy, mean, rstd;
    cam_tensor ids, positions, word, position, type, gamma;
    int32_t pad_word, pad_position;
    int accumulate, tied_word;
    cam_dropout dropout;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_embedding_bwd_args;

/* --- linear ---------------------------------------------------------------------------------------------------- */

/* For all three: if w holds an infinity or a NaN, rows past the true count of y and dx may be NaN.
 *
 * linear_fwd: y = x W^T + bias.
 *   y     [N,O]  act  out  with a bias, rows past the true count may hold anything; without one they are zero
 *   x     [N,I]  act  in   row stride free; zero past the true count
 *   w     [O,I]  act  in
 *   bias  [O]    act  in   may be absent */
typedef struct cam_linear_fwd_args {
    cam_tensor y, x, w, bias;
    cam_rows rows;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_linear_fwd_args;

/* linear_bwd_data: dx (=|+=) dy W.
 *   dx  [N,I]  act  out
 *   dy  [N,O]  act  in   row stride free; zero past the true count
 *   w   [O,I]  act  in */
typedef struct cam_linear_bwd_data_args {
    cam_tensor dx, dy, w;
    cam_rows rows;
    int accumulate;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_linear_bwd_data_args;

/* linear_bwd_weight: dw (=|+=) dy^T x, dbias (=|+=) the column sums of dy.
 *   dw     [O,I]  f32, or bf16 if x is bf16 and accumulate is 0  out
 *   dbias  [O]    f32  out  may be absent
 *   dy     [N,O]  act  in   row stride free; zero past the true count
 *   x      [N,I]  act  in   row stride free; zero past the true count */
typedef struct cam_linear_bwd_weight_args {
    cam_tensor dw, dbias, dy, x;
    cam_rows rows;
    int accumulate;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_linear_bwd_weight_args;

/* --- attention ------------------------------------------------------------------------------------------------- */

/* attention_fwd: for each sequence b and head a, out = dropout(softmax(q k^T * scale)) v, over packed sequences.
 *   out         [Nq,H]   act  out
 *   lse         [Nq,A]   f32  out  log of the sum of exp(scale * score) of each query, kept for attention_bwd
 *   q           [Nq,H]   act  in   row stride free; head a is columns [a D, (a + 1) D)
 *   k, v        [T,H]    act  in   row stride free, the same for both
 *   cu_q, cu_k  [B+1]    i32  in   sequence b owns query rows [cu_q[b], cu_q[b+1]) and key rows [cu_k[b], cu_k[b+1]);
 *                                  a sequence has at least one key row and at most as many query rows as key rows,
 *                                  possibly none
 *   q_index     [Nq]     i32  in   index in its sequence of each query row (0 .. S-1), for dropout
 *   sequence_row [B]     i32  in   data row id of each sequence, for dropout
 *   heads       A, divides H
 *   max_keys    an upper bound of the sequence lengths, 1 .. the backend's max_keys
 *   q_rows      CAM_ROWS_TOKENS (every token is a query) or CAM_ROWS_HEAD (only the query rows are)
 *   threshold, site: dropout on probabilities, by the attention tiles of cam/philox.h
 *   mask        [cam_attention_mask_words] i32  out  may be absent, and is with q_rows CAM_ROWS_HEAD. The decisions as
 *                                  bits, for attention_bwd, if the backend's `dropout_masks` is 1 and there is dropout;
 *                                  else not written.
 *                                  Of sequence b and head a, query tile i and key tile j, tiles being those of
 *                                  cam/philox.h and n = ceil(max_keys / 16): 32 bytes from 32 (((b A + a) n + i) n + j)
 *                                  on. Bit k of byte l is set if lane k of the tile's call l is kept. Tiles without a
 *                                  real query and key are not written.
 * Keys are rows CAM_ROWS_TOKENS, sequences CAM_ROWS_SEQUENCES. softmax subtracts the row's maximum.
 * Source: Vaswani et al. 2017; Dao et al. 2022 for lse. */
typedef struct cam_attention_fwd_args {
    cam_tensor out, lse;
    cam_tensor q, k, v, cu_q, cu_k, q_index, sequence_row;
    int32_t heads, max_keys;
    float scale;
    cam_rows q_rows;
    uint32_t threshold, site;
    cam_tensor mask;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_attention_fwd_args;

static inline int64_t cam_attention_mask_words(int64_t sequences, int64_t heads, int64_t max_keys) {
    int64_t tiles = (max_keys + 15) / 16;
    return sequences * heads * tiles * tiles * 8;
}

/* attention_bwd: the gradients of q, k and v, `=`; probabilities are computed again from q, k and lse.
 *   dq          [Nq,H]   act  out  row stride free
 *   dk, dv      [T,H]    act  out  row stride free, the same for both
 *   dout        [Nq,H]   act  in
 *   out, lse and the rest as in the forward call
 *   mask        i32  in   may be absent: the decisions are then drawn again
 * In bf16, probabilities and their gradients may be rounded to bf16 as operands of a product.
 * ds = p * (dp - rowsum(dout * out)) as in Dao et al. 2022, appendix B. */
typedef struct cam_attention_bwd_args {
    cam_tensor dq, dk, dv;
    cam_tensor dout, out, lse;
    cam_tensor q, k, v, cu_q, cu_k, q_index, sequence_row;
    int32_t heads, max_keys;
    float scale;
    cam_rows q_rows;
    uint32_t threshold, site;
    cam_tensor mask;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_attention_bwd_args;

/* --- residual -------------------------------------------------------------------------------------------------- */

/* residual_fwd: z = dropout(x + bias) + residual; y = LN(z). With neither bias nor residual nor dropout, y = LN(x).
 *   y           [N,H]  act or f32  out
 *   z           [N,H]  act  out  kept for residual_bwd; may be x itself (same data, same shape)
 *   mean, rstd  [N]    f32  out  of z's rows as stored: y is the LN of the rounded z
 *   x           [N,H]  act  in
 *   residual    [N,H]  act  in   may be absent: 0
 *   bias        [H]    f32  in   may be absent: 0
 *   gamma,beta  [H]    f32  in
 *   mask        [cam_dropout_mask_words] i32  out  may be absent. The decisions as bits, for residual_bwd, if the
 *                                  backend's `dropout_masks` is 1 and there is dropout; else not written. Bit i of byte
 *                                  r H / 8 + u is set if element 8 u + i of row r is kept. Rows past the true count are
 *                                  not written.
 *   eps         > 0; rstd as in embedding_fwd */
typedef struct cam_residual_fwd_args {
    cam_tensor y, z, mean, rstd;
    cam_tensor x, bias, residual, gamma, beta;
    float eps;
    cam_rows rows;
    cam_dropout dropout;
    cam_tensor mask;
    const cam_step_state *state;
} cam_residual_fwd_args;

static inline int64_t cam_dropout_mask_words(int64_t rows, int64_t columns) {
    return (rows * columns + 31) / 32;
}

/* residual_bwd: the gradients of residual_fwd.
 *   dx          [N,H]  act  out  `=`; may be dy itself if both have the same dtype
 *   dresidual   [N,H]  act  out  `=` (dz, before dropout's mask); must not overlap dy; may be absent: not written
 *   dbias       [H]    f32  out  (=|+=) by `accumulate`; may be absent: not written
 *   dgamma, dbeta [H]  f32  out  (=|+=) by `accumulate`
 *   dy          [N,H]  act or f32  in
 *   z           [N,H]  act  in
 *   mean, rstd  [N], gamma [H]  f32  in
 *   mask        i32  in   may be absent: the decisions are then drawn again
 * dbias sums dx before it is rounded. In stages, dbias, dgamma and dbeta are the sums. */
typedef struct cam_residual_bwd_args {
    cam_tensor dx, dresidual, dbias, dgamma, dbeta;
    cam_tensor dy, z, mean, rstd, gamma;
    cam_rows rows;
    int accumulate;
    cam_dropout dropout;
    cam_tensor mask;
    cam_stage stage;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_residual_bwd_args;

/* --- gelu ------------------------------------------------------------------------------------------------------ */

/* gelu_fwd: y = gelu(x + bias), gelu(u) = u/2 (1 + erf(u / sqrt 2)): the exact form, not the tanh approximation.
 *   y     [N,F]  act  out
 *   x     [N,F]  act  in   kept by the caller for gelu_bwd
 *   bias  [F]    f32  in
 * |error| at most 2 ulp of the result's scale, as with libm's erff. Source: Hendrycks, Gimpel 2016. */
typedef struct cam_gelu_fwd_args {
    cam_tensor y, x, bias;
    cam_rows rows;
    const cam_step_state *state;
} cam_gelu_fwd_args;

/* gelu_bwd: dx = dy gelu'(x + bias), gelu'(u) = Phi(u) + u phi(u).
 *   dx     [N,F]  act  out  `=`; may be dy itself
 *   dbias  [F]    f32  out  (=|+=) the column sums of dx, before it is rounded
 *   dy, x  [N,F]  act  in
 *   bias   [F]    f32  in
 * In stages, dbias is the sum. */
typedef struct cam_gelu_bwd_args {
    cam_tensor dx, dbias, dy, x, bias;
    cam_rows rows;
    int accumulate;
    cam_stage stage;
    const cam_step_state *state;
    cam_workspace workspace;
} cam_gelu_bwd_args;

/* --- head ------------------------------------------------------------------------------------------------------ */

/* head_gather_fwd: y[r] = x[list[r]].
 *   y     [R,H]  act  out  rows CAM_ROWS_HEAD
 *   x     [N,H]  act  in
 *   list  [R]    i32  in   distinct rows of x, in any order */
typedef struct cam_head_gather_fwd_args {
    cam_tensor y, x, list;
    const cam_step_state *state;
} cam_head_gather_fwd_args;

/* head_gather_bwd: dx[list[r]] (=|+=) dy[r]; with `=` every other row of dx is zero.
 *   dx    [N,H]  act  out
 *   dy    [R,H]  act  in
 *   list  [R]    i32  in */
typedef struct cam_head_gather_bwd_args {
    cam_tensor dx, dy, list;
    int accumulate;
    const cam_step_state *state;
} cam_head_gather_bwd_args;

/* head_dropout: y = dropout(x). It is also its own backward: dx = dropout(dy).
 *   y  [R,H]  f32  out  may be x itself
 *   x  [R,H]  f32  in   rows CAM_ROWS_HEAD */
typedef struct cam_head_dropout_args {
    cam_tensor y, x;
    cam_dropout dropout;
    const cam_step_state *state;
} cam_head_dropout_args;

/* head_tanh_fwd: y = dropout(tanh(x + bias)).
 *   y     [R,H]  f32  out
 *   x     [R,H]  f32  in   kept for head_tanh_bwd; rows CAM_ROWS_HEAD
 *   bias  [H]    f32  in */
typedef struct cam_head_tanh_fwd_args {
    cam_tensor y, x, bias;
    cam_dropout dropout;
    const cam_step_state *state;
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
} cam_head_tanh_bwd_args;

/* --- loss ------------------------------------------------------------------------------------------------------ */

/* loss: cross-entropy with class weights w and label smoothing e, as torch.nn.CrossEntropyLoss, and its gradient. For
 * row r of label y, with p = softmax(logits[r]) and nll[k] = -log p[k]:
 *     row_loss[r] = (1 - e) w[y] nll[y] + e / K * sum over k of w[k] nll[k]
 *     state->loss (=|+=) sum of row_loss / state->loss_denominator
 *     dlogits[r,k] = ( p[k] ((1 - e) w[y] + e / K * sum(w)) - (1 - e) w[y] [k = y] - e / K w[k] ) / loss_denominator
 *   row_loss  [R]    f32  out
 *   hits      [R]    f32  out  1 where no other logit of the row is above the label's, and none before it equals it; 0
 *                              elsewhere; may be absent
 *   dlogits   [R,K]  f32  out  `=`; may be logits itself; may be absent
 *   state     changed: loss
 *   logits    [R,K]  f32  in
 *   labels    [R]    i32  in   0 .. K-1
 *   rows      CAM_ROWS_HEAD, or one of its chunks
 *   weights   [K]    f32  in   may be absent: all 1
 * The sum over rows is in f64. */
typedef struct cam_loss_args {
    cam_tensor row_loss, hits, dlogits, logits, labels, weights;
    cam_rows rows;
    float smoothing;
    int accumulate;
    cam_step_state *state;
} cam_loss_args;

/* --- distill: cam/distill.h ------------------------------------------------------------------------------------- */

/* --- cast ------------------------------------------------------------------------------------------------------ */

/* cast: to = from, rounded to nearest even; f16 and bf16 overflow to infinity, NaN stays NaN.
 *   to    [n]  f32|f16|bf16  out
 *   from  [n]  f32|f16|bf16|f64  in */
typedef struct cam_cast_args {
    cam_tensor to, from;
} cam_cast_args;

/* --- the table ------------------------------------------------------------------------------------------------- */

enum cam_op {
#define CAM_OP_ENUM(op, word) CAM_OP_##op,
    CAM_OPS(CAM_OP_ENUM)
#undef CAM_OP_ENUM
        CAM_OP_COUNT
};

const char *cam_op_name(enum cam_op op); /* "attention_fwd" */

/* A backend fills every slot. The wrappers have checked the arguments before an implementation is called. */
struct cam_ops_table {
#define CAM_OP_SLOTS(op, word)                                                                                         \
    cam_status (*op)(cam_backend * backend, const cam_##op##_args *args);                                              \
    CAM_IF_##word(size_t (*op##_workspace)(const cam_backend *backend, const cam_##op##_args *args);)
    CAM_OPS(CAM_OP_SLOTS)
#undef CAM_OP_SLOTS
};

/* Every operator has cam_<op>_workspace and cam_<op>_set_workspace, so that callers can treat all operators alike. With
 * NO_WORKSPACE the first returns 0 and the second does nothing. */
#define CAM_OP_WRAPPERS(op, word)                                                                                      \
    CAM_MUST_CHECK cam_status cam_##op(cam_backend *backend, const cam_##op##_args *args);                             \
    size_t cam_##op##_workspace(const cam_backend *backend, const cam_##op##_args *args);                              \
    static inline void cam_##op##_set_workspace(cam_##op##_args *args, cam_workspace memory) {                         \
        (void)args, (void)memory;                                                                                      \
        CAM_IF_##word(args->workspace = memory;)                                                                       \
    }
CAM_OPS(CAM_OP_WRAPPERS)
#undef CAM_OP_WRAPPERS

#ifdef __cplusplus
}
#endif
#endif
