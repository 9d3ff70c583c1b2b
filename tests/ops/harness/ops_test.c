/* ops_test.c: the operator conformance tests as a program.
 *
 *     ops_test [--backend NAME] [--seed N] [--family NAME] [--core | --small | --big] [--list] [--verbose]
 *              [--no-wrong-calls] [part of a case's name to run, or !part of those to skip ...]
 *     ops_test --broken             tests the harness: every broken backend must fail its operator's cases
 *
 * The backends are listed in the program's table (backends.h). --small skips the large cases and runs each case twice
 * instead of four times, for the simulated GPU, which is a thousand times slower. --big runs only the cases that
 * --small skips, also twice. --core runs, also twice, the cases that an operator names as CORE (harness.h); for an
 * operator that names none, all cases of --small.
 * Exit 0: everything passed; 1: a failure; 2: wrong usage. Case names are family.operator/case, with the suffix /bf16
 * or /bf16-f32 for the other precisions (enum precision). The summary lists what did not run.
 */
/* Quick start: adding an operator. The example is scale_fwd, y = factor x, of a new family "scale". An existing family
 * has these files already. "grep -rn gelu_fwd" finds the same lines of an existing operator.
 *
 *  1. include/cam/ops.h         row X(scale_fwd, NO_WORKSPACE) in CAM_OPS; the contract as a comment; the struct
 *                               cam_scale_fwd_args. With WORKSPACE instead, the struct gets a member `workspace`.
 *  2. src/ops/checks.c          cam_check_scale_fwd: shapes, dtypes, which output may alias which input, scalars
 *  3. tests/ops/scale_formula.h F(scale_fwd): the formula in plain C
 *     tests/ops/scale.c         shape, setup, CALL(scale_fwd, ...), cases, OP_TESTS(scale, scale_fwd, cases, ...)
 *  4. tests/ops/harness/broken.c        BREAK(factor_slightly_off, scale_fwd) {...} and its VARIANT row: a defect
 *                                       that the cases must find
 *     tests/ops/harness/bf16_storage.c  if the contract has `act`: WIDEN(scale_fwd, &a.y, &a.x) and TAKE(scale_fwd)
 *  5. src/cpu/scale.c           cam_cpu_scale_fwd, its name in CAM_CPU_NAME; with WORKSPACE also ..._workspace. Then:
 *                                   ops_test --family scale
 *                                   ops_test --backend cpu-bf16 --family scale
 *                                   ops_test --backend cpu-bf16 --broken
 *  6. kernels/scale.cu          cam_cuda_scale_fwd; with WORKSPACE also ..._workspace. Then:
 *                                   tests/simt/try.sh scale
 *                                   RACES=1 tests/simt/try.sh scale -- --no-wrong-calls
 *     tests/simt/CMakeLists.txt scale in simt_families
 *     tests/cuda/objects.c      a row in `demands`, if wide loads or tensor cores are expected
 *  7. bench/ops.c               MEASURE(b, scale_fwd, ...);  bench/cost.c: COUNT(scale_fwd) {...}
 *  8. src/model/camembert_internal.h  X(scale_fwd) in CAM_PASS_OPS, if a pass of the model calls it by CAM_RUN
 *
 * CMake finds the files of src/cpu, kernels and tests/ops by itself. The build fails if one of 1, 2, 3, 5, the kernel
 * of 6 or COUNT is missing; a case fails if WIDEN is missing. Nothing fails without VARIANT, simt_families, `demands`
 * and MEASURE.
 */
#include "backends.h"
#include "harness.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const op_tests *const all_tests[CAM_OP_COUNT] = {
#define ROW(op, word) &tests_##op,
    CAM_OPS(ROW)
#undef ROW
};

typedef struct options {
    const char *backend, *family;
    uint64_t seed;
    int list, verbose, broken, no_wrong_calls, core, small, big;
    char **filters;
    int filter_count;
} options;

typedef struct tally {
    int cases, failed, refused, skipped, calls;
} tally;

static int usage(const char *why, const char *what) {
    fprintf(stderr, "error: %s \"%s\"\n", why, what);
    return 2;
}

static int *switch_of(options *o, const char *flag) {
    return strcmp(flag, "--list") == 0             ? &o->list
           : strcmp(flag, "--verbose") == 0        ? &o->verbose
           : strcmp(flag, "--broken") == 0         ? &o->broken
           : strcmp(flag, "--no-wrong-calls") == 0 ? &o->no_wrong_calls
           : strcmp(flag, "--core") == 0           ? &o->core
           : strcmp(flag, "--small") == 0          ? &o->small
           : strcmp(flag, "--big") == 0            ? &o->big
                                                   : NULL;
}

/* Whether the cases are those of one size class, each run twice only. */
static int is_part(const options *o) {
    return o->core || o->small || o->big;
}

static int parse(int argc, char **argv, options *o) {
    *o = (options){.backend = test_backends[0].name, .seed = 1};
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        const char *flag = argv[at], *value = at + 1 < argc ? argv[at + 1] : NULL;
        if (switch_of(o, flag))
            *switch_of(o, flag) = 1;
        else if (strcmp(flag, "--seed") == 0 && value)
            o->seed = strtoull(argv[++at], NULL, 0);
        else if (strcmp(flag, "--backend") == 0 && value)
            o->backend = argv[++at];
        else if (strcmp(flag, "--family") == 0 && value)
            o->family = argv[++at];
        else
            return usage("unknown or incomplete option", flag);
    }
    o->filters = argv + at;
    o->filter_count = argc - at;
    return 0;
}

static int wanted(const options *o, const op_tests *op, const char *name, precision p) {
    char full[128];
    if (o->family && strcmp(o->family, op->family) != 0)
        return 0;
    snprintf(full, sizeof full, "%s.%s/%s%s", op->family, op->name, name, precision_suffix(p));
    int named = 0, matched = 0;
    for (int i = 0; i < o->filter_count; i++) {
        int excludes = o->filters[i][0] == '!';
        int found = strstr(full, o->filters[i] + excludes) != NULL;
        if (excludes && found)
            return 0;
        matched |= !excludes && found;
        named |= !excludes;
    }
    return matched || !named;
}

/* Whether the operator names the case in this precision as CORE. */
static int is_core(const op_tests *op, const char *name, precision p) {
    char full[128];
    snprintf(full, sizeof full, "%s%s", name, precision_suffix(p));
    for (const char *const *core = op->core; core && *core; core++)
        if (strcmp(*core, full) == 0)
            return 1;
    return 0;
}

static int in_size_class(const options *o, const op_tests *op, const op_case *c, precision p) {
    if (o->core && op->core)
        return is_core(op, c->name, p);
    return c->big ? !o->small && !o->core : !o->big;
}

/* A CORE name without a case would silently test nothing. */
static int count_unknown_core(void) {
    int unknown = 0;
    for (int i = 0; i < CAM_OP_COUNT; i++) {
        const op_tests *op = all_tests[i];
        int named = 0, found = 0;
        for (const char *const *core = op->core; core && *core; core++)
            named++;
        for (size_t k = 0; k < op->case_count; k++)
            for (int p = 0; p < precisions_of(op); p++)
                found += is_core(op, op->cases[k].name, (precision)p);
        if (named != found)
            printf("FAIL %s.%s: %d CORE names, but %d cases of these names\n", op->family, op->name, named, found);
        unknown += named != found;
    }
    return unknown;
}

static cam_status bench_open(bench *b, const options *o) {
    cam_status st = CAM_OK;
    const test_backend *backend = test_backends;
    while (backend->name && strcmp(backend->name, o->backend) != 0)
        backend++;
    if (!backend->name)
        CAM_FAIL(CAM_E_USAGE, "no backend \"%s\" here", o->backend);
    *b = (bench){.again = backend->again, .seed = o->seed, .verbose = o->verbose, .few_runs = is_part(o)};
    CAM_TRY(backend->open(0, &b->backend[0]));
    CAM_TRY(backend->open(1, &b->backend[1]));
out:
    if (st != CAM_OK)
        fprintf(stderr, "error: %s\n", cam_status_message());
    return st;
}

static void bench_close(bench *b) {
    cam_backend_close(b->backend[0]);
    cam_backend_close(b->backend[1]);
}

/* --- all cases ---------------------------------------------------------------------------------------------------- */

static void each_case(const options *o, const bench *b, tally *t,
                      void (*visit)(const op_tests *op, const op_case *c, precision p, const bench *b, tally *t)) {
    for (int i = 0; i < CAM_OP_COUNT; i++) {
        const op_tests *op = all_tests[i];
        for (size_t k = 0; k < op->case_count; k++)
            for (int p = 0; p < precisions_of(op); p++)
                if (wanted(o, op, op->cases[k].name, (precision)p)) {
                    if (in_size_class(o, op, &op->cases[k], (precision)p))
                        visit(op, &op->cases[k], (precision)p, b, t);
                    else
                        t->skipped++;
                }
    }
}

static void list_case(const op_tests *op, const op_case *c, precision p, const bench *b, tally *t) {
    (void)b, (void)t;
    printf("%s.%s/%s%s\n", op->family, op->name, c->name, precision_suffix(p));
}

static void count_case(const op_tests *op, const op_case *c, precision p, const bench *b, tally *t) {
    case_outcome outcome = run_case(op, c, p, b);
    t->cases++;
    t->failed += outcome == CASE_FAILED;
    t->refused += outcome == CASE_REFUSED;
}

static int run_all(const options *o, const bench *b) {
    tally t = {0};
    each_case(o, b, &t, count_case);
    for (int i = 0; i < CAM_OP_COUNT; i++)
        if (!o->no_wrong_calls && wanted(o, all_tests[i], "wrong-calls", PRECISION_F32))
            t.failed += run_wrong_calls(all_tests[i], b, &t.calls) > 0;
    printf("%d cases and %d wrong calls: %d failed\n", t.cases, t.calls, t.failed);
    if (t.refused)
        printf("SKIPPED: the values of %d cases: backend \"%s\" takes no bf16 (it must refuse each, and nothing else "
               "was tested)\n",
               t.refused, b->backend[0]->name);
    if (is_part(o))
        printf("SKIPPED: %d %s cases, and two of four runs of each case (%s)\n", t.skipped,
               o->small ? "large" : "other",
               o->core    ? "--core"
               : o->small ? "--small"
                          : "--big");
    if (t.cases == 0 && t.calls == 0 && t.skipped == 0)
        return usage("no case matches", o->filter_count ? o->filters[0] : o->family ? o->family : "");
    return t.failed > 0;
}

/* --- test of the harness itself ----------------------------------------------------------------------------------- */

/* A variant is caught if one case of its operator fails. */
static int is_caught(const bench *good, size_t variant) {
    int failures = 0;
    bench b = *good;
    b.quiet = !b.verbose;
    for (int i = 0; i < 2; i++)
        b.backend[i] = broken_open(variant, good->backend[i]);
    for (int i = 0; i < CAM_OP_COUNT; i++)
        if (strcmp(all_tests[i]->name, broken_operator(variant)) == 0)
            for (size_t k = 0; k < all_tests[i]->case_count; k++)
                for (int p = 0; p < precisions_of(all_tests[i]) && failures == 0; p++)
                    failures += run_case(all_tests[i], &all_tests[i]->cases[k], (precision)p, &b) == CASE_FAILED;
    cam_backend_close(b.backend[0]);
    cam_backend_close(b.backend[1]);
    return failures > 0;
}

static int run_broken(const bench *b) {
    int missed = 0;
    for (size_t variant = 0; variant < broken_count(); variant++) {
        int caught = is_caught(b, variant);
        missed += !caught;
        printf("%s %s (%s)\n", caught ? "caught" : "FAIL: not caught:", broken_name(variant), broken_operator(variant));
    }
    printf("%zu broken backends: %d not caught\n", broken_count(), missed);
    return missed > 0;
}

int main(int argc, char **argv) {
    options o;
    bench b;
    tally none = {0};
    int result = parse(argc, argv, &o);
    if (result != 0)
        return result;
    if (o.list) {
        each_case(&o, NULL, &none, list_case);
        return 0;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("seed %llu\n", (unsigned long long)o.seed);
    if (count_unknown_core() > 0 || run_dropout_self_test() > 0 || bench_open(&b, &o) != CAM_OK)
        return 1;
    printf("backend %s: %s\n", b.backend[0]->name, b.backend[0]->description);
    result = o.broken ? run_broken(&b) : run_all(&o, &b);
    bench_close(&b);
    return result;
}
