/* objects.c: checks the machine code of the CUDA kernels, without a GPU.
 *
 *     cuda_objects [--targets 80,90,..] FILE...
 *
 * FILE is any file with fat binaries: an object, a library, the program. Prints a row for each kernel and target, then
 * the errors, each with the kernel's name. It is an error if a kernel
 *   - has a stack frame, or uses local memory (spills do both); `allowances` below has the exceptions;
 *   - has no launch bound, or more registers than a block of that many threads can have;
 *   - must use tensor cores, or load 16 bytes a thread, and does not (`demands` below);
 *   - is missing for one of the targets;
 * and if a demand or an allowance matches no kernel, because it would check nothing. Exit 0: no error; 1: errors; 2: a
 * file could not be read.
 */
#include "cam/status.h"
#include "machine_code.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *__cxa_demangle(const char *mangled, char *buffer, size_t *length, int *status); /* from the C++ ABI */

enum { REGISTERS_A_BLOCK = 65536, REGISTER_UNIT = 8, MAX_TARGETS = 16, FIRST_TARGET = 80 };

typedef struct demand {
    const char *has;       /* a fragment of the demangled name */
    const char *exempt[4]; /* fragments of kernels that are exempt: versions for odd shapes */
    int tensor, wide;
} demand;

/* The plain attention kernels, for any head size, may load fewer bytes. Below sm_80 there are no demands: the
 * tensor-core kernels are empty there, and loads have another operation code. */
static const demand demands[] = {
    {"attention_fwd_short", {NULL}, 1, 1}, {"attention_bwd_short", {NULL}, 1, 1},
    {"attention_fwd_tiled", {NULL}, 1, 1}, {"attention_bwd_tiled", {NULL}, 1, 1},
    {"residual_", {", 1>"}, 0, 1},         {"gelu_", {", 1>"}, 0, 1},
    {"embedding_", {NULL}, 0, 1},          {"adamw_", {NULL}, 0, 1},
    {"norm_partial", {NULL}, 0, 1},
};
enum { DEMANDS = sizeof demands / sizeof *demands };

/* Kernels that may spill so many bytes a thread, because one more block on a multiprocessor is worth more. */
typedef struct allowance {
    const char *has; /* as in a demand */
    int bytes;
} allowance;

static const allowance allowances[] = {
    {"attention_bwd_short<128", 104},
    {"attention_bwd_tiled_keys", 64},
    {"residual_bwd_rows<cam_bf16, cam_bf16, true>", 8},
};
enum { ALLOWANCES = sizeof allowances / sizeof *allowances };

typedef struct report {
    cam_kernel_code *kernels;
    int count, capacity;
    int complaints;
    int found[DEMANDS]; /* number of kernels that each demand matched */
    int allowed[ALLOWANCES];
} report;

static void keep(const cam_kernel_code *kernel, void *context) {
    report *r = context;
    if (r->count == r->capacity) {
        r->capacity = r->capacity ? 2 * r->capacity : 64;
        r->kernels = realloc(r->kernels, (size_t)r->capacity * sizeof *r->kernels);
        if (!r->kernels)
            abort();
    }
    r->kernels[r->count++] = *kernel;
}

/* The readable name: demangled, without anonymous namespaces and parameters; the caller frees it. */
static char *plain_name(const cam_kernel_code *kernel) {
    static const char anonymous[] = "(anonymous namespace)::", returns[] = "void ";
    int status;
    char *name = __cxa_demangle(kernel->name, NULL, NULL, &status);
    if (!name)
        name = strdup(kernel->name);
    if (!name)
        abort();
    for (char *at; (at = strstr(name, anonymous));)
        memmove(at, at + sizeof anonymous - 1, strlen(at + sizeof anonymous - 1) + 1);
    if (strncmp(name, returns, sizeof returns - 1) == 0)
        memmove(name, name + sizeof returns - 1, strlen(name + sizeof returns - 1) + 1);
    name[strcspn(name, "(")] = 0;
    return name;
}

static CAM_PRINTF(4, 5) void complain(report *r, int target, const char *name, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("WRONG: kernel \"%s\" for sm_%d: ", name, target);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    r->complaints++;
}

static int is_spared(const demand *d, const char *name) {
    for (size_t i = 0; i < sizeof d->exempt / sizeof *d->exempt && d->exempt[i]; i++)
        if (strstr(name, d->exempt[i]))
            return 1;
    return 0;
}

static void check_demands(report *r, const cam_kernel_code *kernel, const char *name) {
    if (kernel->target < FIRST_TARGET)
        return;
    for (int i = 0; i < DEMANDS; i++) {
        const demand *d = &demands[i];
        if (!strstr(name, d->has) || is_spared(d, name))
            continue;
        r->found[i]++;
        if (d->tensor && kernel->tensor == 0)
            complain(r, kernel->target, name, "no tensor-core instruction");
        if (d->wide && kernel->wide_loads == 0)
            complain(r, kernel->target, name, "none of its %lld global loads is of 16 bytes",
                     (long long)kernel->global_loads);
    }
}

static void check_spills(report *r, const cam_kernel_code *kernel, const char *name) {
    int allowed = 0;
    for (int i = 0; i < ALLOWANCES; i++)
        if (strstr(name, allowances[i].has)) {
            r->allowed[i]++;
            allowed = allowances[i].bytes;
        }
    if (kernel->frame_bytes > allowed)
        complain(r, kernel->target, name, "a stack frame of %d bytes, %d are allowed", kernel->frame_bytes, allowed);
    if (kernel->local > 0 && allowed == 0)
        complain(r, kernel->target, name, "%lld loads from or stores to local memory", (long long)kernel->local);
}

static void check(report *r, const cam_kernel_code *kernel) {
    char *name = plain_name(kernel);
    printf("%-56s sm_%-3d %4d %5d %6lld %6lld %6lld %5d %6lld %7lld\n", name, kernel->target, kernel->registers,
           kernel->threads, (long long)kernel->tensor, (long long)kernel->global_loads, (long long)kernel->wide_loads,
           kernel->frame_bytes, (long long)kernel->local, (long long)kernel->instructions);
    check_spills(r, kernel, name);
    if (kernel->threads == 0)
        complain(r, kernel->target, name, "no launch bound");
    if (kernel->registers == 0)
        complain(r, kernel->target, name, "its number of registers is not stated");
    int units = (kernel->registers + REGISTER_UNIT - 1) / REGISTER_UNIT;
    if (units * REGISTER_UNIT * kernel->threads > REGISTERS_A_BLOCK)
        complain(r, kernel->target, name, "%d registers a thread are too many for %d threads", kernel->registers,
                 kernel->threads);
    check_demands(r, kernel, name);
    free(name);
}

/* Reports kernels that are missing for a target. */
static void check_targets(report *r, const int *targets, int count) {
    for (int k = 0; k < r->count; k++)
        for (int t = 0; t < count; t++) {
            int there = 0, first = 1;
            for (int other = 0; other < r->count && first; other++) {
                int same = strcmp(r->kernels[other].name, r->kernels[k].name) == 0;
                first = !(same && other < k);
                there |= same && r->kernels[other].target == targets[t];
            }
            if (!first || there)
                continue;
            char *name = plain_name(&r->kernels[k]);
            complain(r, targets[t], name, "is missing");
            free(name);
        }
}

static int read_file(const char *path, unsigned char **data, size_t *bytes) {
    FILE *f = fopen(path, "rb");
    *data = NULL;
    *bytes = 0;
    if (!f)
        return -1;
    for (size_t capacity = 1 << 20;; capacity *= 2) {
        *data = realloc(*data, capacity);
        if (!*data)
            abort();
        *bytes += fread(*data + *bytes, 1, capacity - *bytes, f);
        if (*bytes < capacity)
            break;
    }
    int failed = ferror(f);
    fclose(f);
    return failed ? -1 : 0;
}

static int look_at(report *r, const char *path) {
    unsigned char *data;
    size_t bytes;
    cam_code_summary summary = {0};
    int failed = read_file(path, &data, &bytes) || cam_machine_code_read(data, bytes, keep, r, &summary);
    free(data);
    if (failed) {
        fprintf(stderr, "error: \"%s\" could not be read\n", path);
        return -1;
    }
    if (summary.compressed) {
        fprintf(stderr, "error: the machine code in \"%s\" is compressed; build it with --compress-mode=none\n", path);
        return -1;
    }
    for (int i = 0; i < summary.ptx_count; i++)
        printf("%s: PTX for compute_%d\n", path, summary.ptx[i]);
    return 0;
}

/* "80,90" */
static int parse_targets(const char *text, int *targets) {
    int count = 0;
    for (char *end; *text && count < MAX_TARGETS; text = *end == ',' ? end + 1 : end) {
        targets[count++] = (int)strtol(text, &end, 10);
        if (end == text)
            return -1;
    }
    return count;
}

static void judge(report *r, const int *targets, int count) {
    printf("%-56s %-6s %4s %5s %6s %6s %6s %5s %6s %7s\n", "kernel", "target", "regs", "block", "HMMA", "loads",
           "16-byte", "frame", "local", "instr");
    for (int k = 0; k < r->count; k++)
        check(r, &r->kernels[k]);
    check_targets(r, targets, count);
    for (int i = 0; i < DEMANDS; i++)
        if (r->found[i] == 0) {
            printf("WRONG: no kernel is called \"%s\": its demand checks nothing\n", demands[i].has);
            r->complaints++;
        }
    for (int i = 0; i < ALLOWANCES; i++)
        if (r->allowed[i] == 0) {
            printf("WRONG: no kernel is called \"%s\": its allowance checks nothing\n", allowances[i].has);
            r->complaints++;
        }
    printf("%d kernels, %d complaints\n", r->count, r->complaints);
}

int main(int argc, char **argv) {
    report r = {0};
    int targets[MAX_TARGETS], count = 0, file = 1;
    if (argc > 2 && strcmp(argv[1], "--targets") == 0) {
        count = parse_targets(argv[2], targets);
        file = 3;
    }
    if (file >= argc || count < 0) {
        fprintf(stderr, "usage: cuda_objects [--targets 80,90,..] FILE...\n");
        return 2;
    }
    int failed = 0;
    for (; file < argc && !failed; file++)
        failed = look_at(&r, argv[file]);
    if (!failed)
        judge(&r, targets, count);
    free(r.kernels);
    return failed ? 2 : r.complaints > 0;
}
