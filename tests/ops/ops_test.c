/* ops_test.c: the operator conformance tests as a program.
 *
 *     ops_test [--backend NAME] [--seed N] [--list] [--verbose] [--no-wrong-calls] [part of a case's name ...]
 *     ops_test --broken             proves the harness: every broken backend must fail its operator's cases
 *
 * Exit 0 where everything passed, 1 where something did not, 2 for wrong usage. Case names are family.operator/case.
 */
#include "backend_cpu.h"
#include "harness.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const op_tests *const all_tests[CAM_OP_COUNT] = {
#define ROW(op) &tests_##op,
    CAM_OPS(ROW)
#undef ROW
};

typedef struct options {
    const char *backend;
    uint64_t seed;
    int list, verbose, broken, no_wrong_calls;
    char **filters;
    int filter_count;
} options;

static int usage(const char *why, const char *what) {
    fprintf(stderr, "error: %s \"%s\"\n", why, what);
    return 2;
}

static int parse(int argc, char **argv, options *o) {
    *o = (options){.backend = "cpu", .seed = 1};
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        const char *flag = argv[at], *value = at + 1 < argc ? argv[at + 1] : NULL;
        if (strcmp(flag, "--list") == 0)
            o->list = 1;
        else if (strcmp(flag, "--verbose") == 0)
            o->verbose = 1;
        else if (strcmp(flag, "--broken") == 0)
            o->broken = 1;
        else if (strcmp(flag, "--no-wrong-calls") == 0)
            o->no_wrong_calls = 1;
        else if (strcmp(flag, "--seed") == 0 && value)
            o->seed = strtoull(argv[++at], NULL, 0);
        else if (strcmp(flag, "--backend") == 0 && value)
            o->backend = argv[++at];
        else
            return usage("unknown or incomplete option", flag);
    }
    o->filters = argv + at;
    o->filter_count = argc - at;
    return 0;
}

static int wanted(const options *o, const op_tests *op, const char *name) {
    char full[128];
    snprintf(full, sizeof full, "%s.%s/%s", op->family, op->name, name);
    for (int i = 0; i < o->filter_count; i++)
        if (strstr(full, o->filters[i]))
            return 1;
    return o->filter_count == 0;
}

/* "cpu", or "cpu-" and the name of a broken variant. */
static cam_status open_backend(const char *name, int threads, cam_backend **backend) {
    cam_status st = CAM_OK;
    cam_backend *cpu = NULL;
    size_t variant = 0;
    if (strcmp(name, "cpu") != 0 && strncmp(name, "cpu-", 4) != 0)
        CAM_FAIL(CAM_E_USAGE, "no backend \"%s\" here", name);
    if (name[3])
        while (variant < broken_count() && strcmp(broken_name(variant), name + 4) != 0)
            variant++;
    if (variant == broken_count())
        CAM_FAIL(CAM_E_USAGE, "no broken variant \"%s\"", name + 4);
    CAM_TRY(cam_backend_cpu_open(threads, &cpu));
    *backend = name[3] ? broken_open(variant, cpu) : cpu;
out:
    return st;
}

static cam_status bench_open(bench *b, const options *o, const char *backend) {
    cam_status st = CAM_OK;
    *b = (bench){.seed = o->seed, .verbose = o->verbose};
    CAM_TRY(open_backend(backend, 1, &b->backend[0]));
    CAM_TRY(open_backend(backend, 2, &b->backend[1]));
out:
    return st;
}

static void bench_close(bench *b) {
    cam_backend_close(b->backend[0]);
    cam_backend_close(b->backend[1]);
}

static void list_cases(const options *o) {
    for (int i = 0; i < CAM_OP_COUNT; i++)
        for (size_t k = 0; k < all_tests[i]->case_count; k++)
            if (wanted(o, all_tests[i], all_tests[i]->cases[k].name))
                printf("%s.%s/%s\n", all_tests[i]->family, all_tests[i]->name, all_tests[i]->cases[k].name);
}

static int run_all(const options *o, const bench *b) {
    int cases = 0, failed = 0, calls = 0;
    for (int i = 0; i < CAM_OP_COUNT; i++) {
        const op_tests *op = all_tests[i];
        for (size_t k = 0; k < op->case_count; k++)
            if (wanted(o, op, op->cases[k].name)) {
                cases++;
                failed += run_case(op, &op->cases[k], b) > 0;
            }
        if (!o->no_wrong_calls && wanted(o, op, "wrong-calls"))
            failed += run_wrong_calls(op, b, &calls) > 0;
    }
    printf("%d cases and %d wrong calls of %d operators: %d failed\n", cases, calls, (int)CAM_OP_COUNT, failed);
    if (cases == 0 && calls == 0)
        return usage("no case matches", o->filters[0]);
    return failed > 0;
}

/* A variant is caught where one case of its operator fails. */
static int is_caught(const options *o, size_t variant) {
    char name[128];
    bench b;
    int failures = 0;
    snprintf(name, sizeof name, "cpu-%s", broken_name(variant));
    if (bench_open(&b, o, name) != CAM_OK) {
        fprintf(stderr, "error: %s\n", cam_status_message());
        return 0;
    }
    b.quiet = !o->verbose;
    for (int i = 0; i < CAM_OP_COUNT; i++)
        if (strcmp(all_tests[i]->name, broken_operator(variant)) == 0)
            for (size_t k = 0; k < all_tests[i]->case_count && failures == 0; k++)
                failures += run_case(all_tests[i], &all_tests[i]->cases[k], &b);
    bench_close(&b);
    return failures > 0;
}

static int run_broken(const options *o) {
    int missed = 0;
    for (size_t variant = 0; variant < broken_count(); variant++) {
        int caught = is_caught(o, variant);
        missed += !caught;
        printf("%s %s (%s)\n", caught ? "caught" : "FAIL: not caught:", broken_name(variant), broken_operator(variant));
    }
    printf("%zu broken backends: %d not caught\n", broken_count(), missed);
    return missed > 0;
}

int main(int argc, char **argv) {
    options o;
    bench b;
    int result = parse(argc, argv, &o);
    if (result != 0)
        return result;
    if (o.list) {
        list_cases(&o);
        return 0;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("seed %llu\n", (unsigned long long)o.seed);
    if (run_map_self_test() > 0)
        return 1;
    if (o.broken)
        return run_broken(&o);
    if (bench_open(&b, &o, o.backend) != CAM_OK) {
        fprintf(stderr, "error: %s\n", cam_status_message());
        return 1;
    }
    printf("backend %s: %s\n", b.backend[0]->name, b.backend[0]->description);
    result = run_all(&o, &b);
    bench_close(&b);
    return result;
}
