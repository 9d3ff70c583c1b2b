/* harness.h: the operator conformance tests' harness: operands, cases, checks.
 *
 * A *trial* is one run of a case: named operands (host values, position in device memory, the formula's values), a step
 * state, and the call of one operator. The harness has no code for a particular operator. It places the operands
 * between guards in the backend's memory, poisons everything that is not an input, calls the operator, and checks that
 *   - every byte that is not output is unchanged: guards, inputs, gaps of strided views, the state's other fields;
 *   - rows past the true count are exact zeros, whatever they held before in outputs and inputs;
 *   - two runs, with two different poisons, each on two instances of the backend (the CPU's: with one and with two
 *     threads), give the same bits;
 *   - each output agrees with the formula (below).
 * It accesses the backend's memory through the backend's own calls only, so every backend can run the same cases.
 *
 * Precisions. If the contract has `act` operands, the cases run once for each dtype of `act` (enum precision). A
 * backend without bf16 must refuse each bf16 call and write nothing.
 *
 * Formulas. A formula (tests/ops/<family>_formula.h) is plain C with the type REAL, compiled as double, which gives the
 * truth, and as float, which sets the tolerance. With each value it gives a size: the sum of the absolute values of all
 * terms. The error of an element is |got - truth| / size, and must be at most 2 * (largest error of the float formula
 * in that tensor) + floor_ulps * 2^-24. Size 0 means exact. NaN agrees with NaN only, an infinity with the same
 * infinity. The float formula rounds to bf16 every value that a plain implementation in the case's precision would
 * store: outputs (in put_float), and intermediate values (by `stored`). For a large bf16 output the root mean square of
 * the errors must also be near the float formula's, because only this shows rounding by truncation.
 */
#ifndef CAM_TESTS_OPS_HARNESS_H
#define CAM_TESTS_OPS_HARNESS_H

#include "cam/ops.h"
#include <stddef.h>

typedef enum operand_role {
    PRIVATE, /* for the formula only, not on the device */
    IN,
    OUT,   /* `=`: poison before */
    ADD,   /* `+=`: random contents before, to which the formula's put adds */
    UPDATE /* in and out; the formula reads the old contents */
} operand_role;

typedef enum precision {
    PRECISION_F32,
    PRECISION_BF16,     /* every operand that may be bf16 is bf16 */
    PRECISION_BF16_F32, /* `act` is bf16, operands "act or f32" are f32 */
    PRECISIONS
} precision;

/* One block of device memory. It may have several operands, as columns of a wider tensor or in place. */
typedef struct storage {
    size_t bytes; /* without guards */
    int mapped;   /* host-visible memory: cam_backend_allocate_mapped */
    void *device, *host;
    unsigned char *before, *after, *writable; /* images, guards included */
} storage;

typedef struct operand {
    const char *name;
    operand_role role;
    cam_dtype dtype;
    int32_t ndim;
    int64_t shape[2]; /* capacities; shape[1] is 1 if ndim is 1 */
    int64_t real;     /* true count of dimension 0 */
    int64_t stride;
    int64_t column; /* column of the first element in `home` */
    storage *home;
    struct operand *same_as; /* has the memory of this operand */
    int zero_tail;           /* an input whose rows past the true count are zeros */
    int kept_tail;           /* an output that is not written past its true count */
    int free_tail;           /* an output that may hold anything past its true count */

    /* Raw bytes, which the harness does not interpret: a table of structs, a plane of mixed elements. The operator's
     * own check compares them afterwards; `raw_mask` marks the bytes that may change. */
    unsigned char *raw;
    unsigned char *raw_mask;
    int mapped;
    int plain; /* an array, not a tensor: it has no shape */

    int64_t count;
    double *d; /* values, contiguous: an input's, or the truth of an output */
    float *f;  /* the same in float: an input's, or those of the float formula */
    int32_t *i;
    double *size, *old;
    double floor_ulps;

    /* for the sweep of wrong calls */
    int free_dims;   /* bit k: no other operand has dimension k */
    int stride_free; /* takes any row stride */
    int optional;
    int either;            /* may be f32 if the others are bf16 */
    int in_group;          /* absent only together with others; the error may name any of them */
    const char *may_alias; /* an output that may be this input */
} operand;

enum { MAX_OPERANDS = 24, MAX_STATE_WRITES = 16, GUARD_BYTES = 256 };

/* A byte of a raw operand's mask or of a storage's `writable`. */
enum { BYTE_KEPT, BYTE_WRITTEN, BYTE_FREE /* may differ from run to run */ };

/* The one error in a call of the sweep of wrong calls. */
typedef enum fault {
    FAULT_NONE,
    FAULT_MISSING, /* CAM_NONE */
    FAULT_NULL,    /* no data, but a shape */
    FAULT_DTYPE,
    FAULT_PRECISION, /* f32, but the others are bf16 */
    FAULT_SHAPE,
    FAULT_NDIM,
    FAULT_STRIDE,
    FAULT_ALIAS,
    FAULT_PARTIAL_ALIAS,
    FAULT_STATE,
    FAULT_WORKSPACE,
    FAULT_SPOILT
} fault;

struct op_tests;
struct op_case;
struct spoil;

typedef struct trial {
    const struct op_tests *op;
    const struct op_case *c;
    precision precision;
    cam_dtype act, either; /* dtype of `act` operands; of "act or f32" operands */
    uint64_t random;
    operand operands[MAX_OPERANDS];
    int operand_count;
    storage storages[MAX_OPERANDS + 2];
    int storage_count;
    storage workspace_home;

    cam_rows rows;
    int accumulate;
    int repeat; /* calls in a row, 0 stands for 1 */
    uint32_t threshold, site;
    int dropout_masks; /* the backend's */
    int masked;        /* the decisions are in an operand: the call gets another site, so that drawing is an error */
    cam_step_state state, state_after; /* before the call, and after the first run */
    cam_step_state truth;              /* the formula's values of the fields in state_writes */
    storage *state_home;
    struct {
        size_t offset, bytes;
    } state_writes[MAX_STATE_WRITES];
    int state_write_count;

    cam_status status; /* error of the preparation: no memory, a failed copy */
    uint32_t poison;
    fault fault;
    const operand *fault_operand, *fault_other;
    int fault_dim;
    const struct spoil *fault_spoil;
    int faults_disabled; /* during the query of the workspace size */

    int failures, quiet, verbose;
} trial;

typedef struct op_case {
    const char *name;
    const void *shape; /* the family's own struct */
    int gradient;      /* also finite differences of the formula: small shapes */
    int big;           /* only its size is special: skipped by --small */
} op_case;

/* A wrong value of a scalar argument, which the wrapper must refuse with a message that has `word`. */
typedef struct spoil {
    const char *word;
    size_t offset, bytes;
    const void *value;
} spoil;
#define SPOIL(op, field, type, bad)                                                                                    \
    {                                                                                                                  \
#field, offsetof(cam_##op##_args, field), sizeof(type), &(const type) {                                        \
            bad                                                                                                        \
        }                                                                                                              \
    }

/* The tests of one operator. Each row of CAM_OPS needs an object `tests_<operator>`; without it the program does not
 * link. */
typedef struct op_tests {
    const char *family, *name;
    void (*setup)(trial *t);
    cam_status (*call)(trial *t, cam_backend *backend);
    void (*formula_double)(trial *t);
    void (*formula_float)(trial *t);
    void (*check)(trial *t);    /* further checks, for example of the state; may be NULL */
    void (*gradient)(trial *t); /* finite differences; NULL if the operator is not a backward one */
    const op_case *cases;       /* the sweep of wrong calls modifies the first one */
    size_t case_count;
    const spoil *spoils;
    size_t spoil_count;
    int precisions;            /* number of enum precision's values that it runs in, from the first; 0 stands for 1 */
    int stateless;             /* takes no step state */
    int casts;                 /* takes bf16 on every backend */
    const char *also_swept;    /* another case for the sweep of wrong calls */
    const char *const *core;   /* the cases of --core, ended by NULL; NULL: all but the large ones */
    const op_case *odd_hidden; /* H not a multiple of 8: must be refused; NULL if there is no H */
} op_tests;

/* CASE("name", .field = ..., ...) sets the fields of the family's `shape`. CHECKED_CASE also checks finite differences;
 * BIG_CASE is skipped by --small. */
#define CASE(label, ...)                                                                                               \
    { label, &(const shape){__VA_ARGS__}, 0, 0 }
#define CHECKED_CASE(label, ...)                                                                                       \
    { label, &(const shape){__VA_ARGS__}, 1, 0 }
#define BIG_CASE(label, ...)                                                                                           \
    { label, &(const shape){__VA_ARGS__}, 0, 1 }
#define OP_TESTS(family_, op, list, ...)                                                                               \
    const op_tests tests_##op = {.family = #family_,                                                                   \
                                 .name = #op,                                                                          \
                                 .call = call_##op,                                                                    \
                                 .formula_double = op##_double,                                                        \
                                 .formula_float = op##_float,                                                          \
                                 .cases = (list),                                                                      \
                                 .case_count = sizeof(list) / sizeof *(list),                                          \
                                 __VA_ARGS__}
/* CORE("case", "case/bf16", ...): the cheapest cases, each in one precision, that together reach every branch of the
 * CUDA kernels which all cases but the large ones reach. docs/performance.md says how they were found. */
#define CORE(...)                                                                                                      \
    .core = (const char *const[]) {                                                                                    \
        __VA_ARGS__, NULL                                                                                              \
    }
#define SPOILS(list) .spoils = (list), .spoil_count = sizeof(list) / sizeof *(list)

#define DECLARE_TESTS(op, word) extern const op_tests tests_##op;
CAM_OPS(DECLARE_TESTS)
#undef DECLARE_TESTS

/* --- setting up: operands.c --------------------------------------------------------------------------------------- */

/* A new operand; columns 0 makes it 1-d. All rows are real until operand_real sets their number. */
operand *operand_new(trial *t, const char *name, operand_role role, cam_dtype dtype, int64_t rows, int64_t columns);
operand *operand_real(operand *o, int64_t real);
operand *operand_find(const trial *t, const char *name); /* NULL if there is none */
operand *operand_get(const trial *t, const char *name);  /* aborts if there is none */

/* Raw bytes; `mask` NULL: none may change. The view on the device is 1-d, of whole elements of `dtype`. */
operand *operand_raw(trial *t, const char *name, operand_role role, cam_dtype dtype, const void *bytes,
                     const unsigned char *mask, size_t count);

/* Fill all real entries; for ADD and UPDATE operands also the `old` contents. */
operand *fill_normal(trial *t, operand *o, double mean, double deviation);
operand *fill_uniform(trial *t, operand *o, double low, double high);
operand *fill_integers(trial *t, operand *o, int64_t low, int64_t high); /* inclusive */
void operand_set(operand *o, int64_t i, double value);
/* Rounds an input that a formula has filled (a tensor that forward stores for backward) to its dtype. */
void operand_resolve(trial *t, const char *name);

/* The position of an operand that has no storage of its own. */
storage *panel_new(trial *t, int64_t rows, int64_t columns, cam_dtype dtype);
void operand_place(operand *o, storage *panel, int64_t columns, int64_t column);
void operand_in_place_of(operand *output, operand *input);

/* dropout's operands "row" and "index" for n rows of capacity `cap`; none if threshold is 0. */
void dropout_operands(trial *t, int64_t cap, int64_t n, uint32_t threshold, uint32_t site);

void state_writes(trial *t, size_t offset, size_t bytes);
#define STATE_WRITES(t, field) state_writes(t, offsetof(cam_step_state, field), sizeof(t)->state.field)

uint64_t random_u64(trial *t);
double random_uniform(trial *t); /* [0, 1) */
double random_normal(trial *t);

CAM_PRINTF(2, 3) void trial_fail(trial *t, const char *format, ...);

/* --- calling: the right side of an argument struct ------------------------------------------------------------- */

cam_tensor on_device(const trial *t, const char *name); /* CAM_NONE if the trial has no such operand */
cam_step_state *state_on_device(const trial *t);
cam_dropout dropout_on_device(const trial *t);
uint32_t site_of_call(const trial *t);
cam_workspace workspace_of(trial *t, cam_backend *backend, size_t bytes);
void spoil_arguments(const trial *t, void *args);

/* CALL(op, .y = ON("y"), ...) defines call_<op>. The workspace size is always queried with correct arguments.
 * CALL_IN_STAGES(op, condition, ...) calls in two stages (cam_stage) where the condition holds. */
#define ON(name)      on_device(t, name)
#define STATE         state_on_device(t)
#define DROPOUT       dropout_on_device(t)
#define SHAPE(of)     ((const of *)t->c->shape)
#define CALL(op, ...) CALL_BY(op, cam_##op(backend, &args), __VA_ARGS__)
#define CALL_IN_STAGES(op, condition, ...)                                                                             \
    static cam_status stages_##op(cam_backend *backend, cam_##op##_args args) {                                        \
        cam_status st = CAM_OK;                                                                                        \
        args.stage = CAM_STAGE_ROWS;                                                                                   \
        CAM_TRY(cam_##op(backend, &args));                                                                             \
        args.stage = CAM_STAGE_SUMS;                                                                                   \
        CAM_TRY(cam_##op(backend, &args));                                                                             \
    out:                                                                                                               \
        return st;                                                                                                     \
    }                                                                                                                  \
    CALL_BY(op, (condition) ? stages_##op(backend, args) : cam_##op(backend, &args), __VA_ARGS__)
#define CALL_BY(op, outcome, ...)                                                                                      \
    static cam_##op##_args arguments_##op(const trial *t) {                                                            \
        return (cam_##op##_args){__VA_ARGS__};                                                                         \
    }                                                                                                                  \
    static cam_status call_##op(trial *t, cam_backend *backend) {                                                      \
        t->faults_disabled = 1;                                                                                        \
        cam_##op##_args args = arguments_##op(t);                                                                      \
        size_t bytes = cam_##op##_workspace(backend, &args);                                                           \
        t->faults_disabled = 0;                                                                                        \
        args = arguments_##op(t);                                                                                      \
        cam_##op##_set_workspace(&args, workspace_of(t, backend, bytes));                                              \
        spoil_arguments(t, &args);                                                                                     \
        return t->status != CAM_OK ? t->status : (outcome);                                                            \
    }

/* --- formulas --------------------------------------------------------------------------------------------------- */

#define FORMULA_PASTE_(name, real) name##_##real
#define FORMULA_PASTE(name, real)  FORMULA_PASTE_(name, real)
#define F(name)                    FORMULA_PASTE(name, REAL)

double *values_double(const trial *t, const char *name);
float *values_float(const trial *t, const char *name);
const int32_t *values_i32(const trial *t, const char *name);
int64_t rows_of(const trial *t, const char *name); /* true count */
int64_t columns_of(const trial *t, const char *name);

/* Element i of an output, and its size. */
void put_double(trial *t, const char *name, int64_t i, double value, double size);
void put_float(trial *t, const char *name, int64_t i, float value, double size);

/* Round to `act`: an intermediate value, and a whole output that was summed in place. */
double stored_double(const trial *t, double value);
float stored_float(const trial *t, float value);
void store_double(trial *t, const char *name);
void store_float(trial *t, const char *name);

/* Dropout's factor, from dropout_reference.h: of feature h of H of packed row r, or of an attention probability. */
double keep_double(const trial *t, int64_t r, int64_t h, int64_t columns);
float keep_float(const trial *t, int64_t r, int64_t h, int64_t columns);
double keep_probability_double(const trial *t, int32_t row, int32_t head, int32_t query, int32_t key);
float keep_probability_float(const trial *t, int32_t row, int32_t head, int32_t query, int32_t key);

/* Compares the truth of gradient `grad` with central differences of `objective` with respect to `input`. It leaves the
 * values of a perturbed forward in the trial, so it must be the last step of a case. */
void check_gradient(trial *t, const char *grad, const char *input, double (*objective)(trial *t));
double weighted_sum(const trial *t, const char *values, const char *weights);

/* --- running: run_case.c, wrong_calls.c, broken.c ----------------------------------------------------------------- */

typedef struct bench {
    cam_backend *backend[2]; /* the same backend, opened twice */
    const char *again;       /* the difference of the second: "with two threads" */
    uint64_t seed;
    int quiet, verbose;
    int few_runs; /* two runs instead of four: the second one on the second backend with the other poison */
} bench;

extern const op_tests *const all_tests[CAM_OP_COUNT];

/* The number of precisions of an operator, and the suffix of a case's name for one of them, such as "/bf16". */
int precisions_of(const op_tests *op);
const char *precision_suffix(precision p);

/* Makes the trial of a case with its operands; computes the formulas' values; frees both. */
void trial_begin(trial *t, const op_tests *op, const op_case *c, precision p, const bench *b);
void trial_formulas(trial *t);
void trial_release(trial *t);
int trial_has_bf16(const trial *t);

cam_status trial_upload(trial *t, cam_backend *backend, uint32_t poison);
cam_status trial_download(trial *t, cam_backend *backend);
void trial_free_device(trial *t, cam_backend *backend);
/* Fail the trial if a byte changed that belongs to no output, or if any byte changed. */
void trial_check_untouched(trial *t);
void trial_check_unchanged(trial *t);
/* NaN, or about 1e30, as f32 and as bf16 in both halves of the word. */
enum { POISON_NAN = 0x7fc57fc5, POISON_BIG = 0x7149f2ca };

/* An operand's contents after a call (contiguous, real rows), and the comparison with the truth; for `check`. */
const unsigned char *bytes_after(const operand *o);
double element_after(const operand *o, int64_t row, int64_t column);
void check_against_truth(trial *t, const operand *o, const double *got);

/* CASE_REFUSED: the backend takes no bf16 and refused the call. */
typedef enum case_outcome { CASE_PASSED, CASE_FAILED, CASE_REFUSED } case_outcome;
case_outcome run_case(const op_tests *op, const op_case *c, precision p, const bench *b);
int run_wrong_calls(const op_tests *op, const bench *b, int *calls); /* number of failures */
int run_dropout_self_test(void);

/* The broken variants: proxies of a good backend with one defect in one operator. */
size_t broken_count(void);
const char *broken_name(size_t variant);
const char *broken_operator(size_t variant);
cam_backend *broken_open(size_t variant, cam_backend *good); /* `good` must outlive it and use host memory */

#endif
