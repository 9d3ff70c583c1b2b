/* machine_test.cc: the simulated GPU computes what a GPU computes, and finds the defects of wrong kernels.
 *
 *     machine_test [--speed] [part of a name]
 *
 * Each check runs in its own process. A kernel with a defect must end by abort() with the given words; if only the
 * effect of the defect is visible, it must give a wrong result (exit 1). The correct version of the kernel must end
 * with
 * 0. There are three builds: plain, with the address sanitizer, and machine_test_races with the race detector.
 */
#include "machine_test.h"
#include <cstdlib>
#include <string>
#include <sys/wait.h>

#ifdef __clang__
#define BOUNDS 0
#else
#define BOUNDS IN_GCC
#endif
static int this_build(void) {
#if defined(CAM_SIMT_RACES)
    return IN_RACES | BOUNDS;
#elif defined(SIMT_ASAN)
    return IN_ADDRESS | BOUNDS;
#else
    return IN_PLAIN | BOUNDS;
#endif
}

/* A child's stdout and stderr, and its exit status. */
static std::string output_of(const check &c, int *status) {
    int ends[2];
    char buffer[4096];
    std::string all;
    if (pipe(ends) != 0)
        abort();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        c.run();
        fflush(stdout);
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
        all.append(buffer, (size_t)n);
    close(ends[0]);
    waitpid(child, status, 0);
    return all;
}

static bool is_as_expected(const check &c, const std::string &output, int status) {
    bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!c.words)
        return well;
    if (!*c.words)
        return WIFEXITED(status) && WEXITSTATUS(status) == 1;
    return !well && output.find(c.words) != std::string::npos;
}

static bool passes(const check &c) {
    int status = 0;
    std::string output = output_of(c, &status);
    bool as_expected = is_as_expected(c, output, status);
    printf("%s %s\n", as_expected ? "ok  " : "FAIL", c.name);
    if (!as_expected)
        printf("  must %s%s; it ended with %#x:\n%s\n", c.words ? *c.words ? "die of " : "give a wrong result" : "pass",
               c.words ? c.words : "", status, output.c_str());
    return as_expected;
}

/* --- speed --- */

CAM_KERNEL(256) many_barriers(int n) {
    for (int i = 0; i < n; i++)
        cam_sync_block();
}
CAM_KERNEL(256) many_products(float *out, int n) {
    uint32_t a[4] = {}, b[2] = {};
    float d[4] = {};
    for (int i = 0; i < n; i++)
        cam_mma_bf16(d, a, b);
    out[blockIdx.x * 256 + threadIdx.x] = d[0];
}
CAM_KERNEL(128) read_only(const float *in) {
    volatile float taken = in[threadIdx.x];
    (void)taken;
}
static void print_speed(const char *what, double count, uint64_t begin_ns) {
    printf("%s: %.1f million a second\n", what, count / (double)(simt_clock_ns() - begin_ns) * 1e3);
}
static void speed(void) {
    float *x = device<float>(1024);
    uint64_t begin = simt_clock_ns(), switches = simt_switches();
    launch(many_barriers, 4, 256, 0, 5000);
    print_speed("fibre switches", (double)(simt_switches() - switches), begin);
    begin = simt_clock_ns();
    launch(many_products, 4, 256, 0, x, 2000);
    print_speed("mma", 4 * 8 * 2000.0, begin);
    begin = simt_clock_ns();
    launch(read_only, 100000, 128, 0, (const float *)x);
    print_speed("threads without barriers", 100000 * 128.0, begin);
    cudaFree(x);
}

int main(int argc, char **argv) {
    int failed = 0, ran = 0;
    if (argc > 1 && strcmp(argv[1], "--speed") == 0) {
        speed();
        return 0;
    }
    for (const check *list : {checks_of_blocks, checks_of_warps, checks_of_launches})
        for (const check *c = list; c->name; c++) {
            if (!(c->builds & this_build()) || (argc > 1 && !strstr(c->name, argv[1])))
                continue;
            failed += !passes(*c);
            ran++;
        }
    printf("%d checks: %d failed\n", ran, failed);
    return failed > 0 || ran == 0;
}
