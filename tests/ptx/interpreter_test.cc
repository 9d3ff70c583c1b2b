/* interpreter_test.cc: kernels written by hand, each run in a process of its own. It needs no nvcc. */
#include "interpreter_test.h"
#include "cuda_runtime_api.h"
#include "warp.h"
#include <cstdio>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

static const char HEAD[] =
    ".version 9.0\n.target sm_90a\n.address_size 64\n"
    ".extern .shared .align 128 .b8 dynamic[];\n"
    ".visible .entry k(.param .u64 out)\n.maxntid 128, 1, 1\n{\n"
    ".reg .b16 %rs<20>; .reg .b32 %r<40>; .reg .b64 %rd<20>; .reg .f32 %f<20>; .reg .f64 %fd<9>;\n"
    ".reg .pred %p<9>;\n"
    "ld.param.u64 %rd0, [out]; mov.u32 %r0, %tid.x; mul.wide.u32 %rd1, %r0, 4;\n"
    "add.s64 %rd1, %rd0, %rd1;\n";

static int run_body(const interpreter_case &c) {
    uint32_t *out = nullptr;
    std::vector<ptx::source> kernels = ptx::parse_source(c.name, std::string(HEAD) + c.body + "\nret;\n}\n");
    ptx::kernel k = ptx::decode(kernels[0]);
    if (cudaMalloc(&out, OUT_WORDS * sizeof *out) != cudaSuccess)
        return 1;
    for (unsigned t = 0; t < OUT_WORDS; t++)
        out[t] = 1000 + t;
    ptx::run(k, 1, c.threads, SHARED_BYTES, {std::string(reinterpret_cast<const char *>(&out), sizeof out)});
    int wrong = 0;
    for (unsigned t = 0; c.expected && t < c.threads; t++)
        if (out[t] != c.expected(t)) {
            fprintf(stderr, "thread %u: %#x instead of %#x\n", t, out[t], c.expected(t));
            wrong = 1;
        }
    cudaFree(out);
    return wrong;
}

/* Runs the case in a child; returns how it ended, and its messages. */
static int run_alone(const interpreter_case &c, std::string *messages) {
    int ends[2], status = 0;
    char piece[512];
    if (pipe(ends) != 0)
        return 1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        _exit(run_body(c));
    }
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], piece, sizeof piece)) > 0;)
        messages->append(piece, (size_t)n);
    close(ends[0]);
    waitpid(child, &status, 0);
    return status;
}

static bool passes(const interpreter_case &c) {
    std::string messages;
    int status = run_alone(c, &messages);
    bool right = c.words ? WIFSIGNALED(status) && messages.find(c.words) != std::string::npos
                         : WIFEXITED(status) && WEXITSTATUS(status) == 0;
    printf("%s %s\n", right ? "ok" : "FAIL", c.name);
    if (!right)
        printf("  \"%s\" was expected, and it said:\n%s", c.words ? c.words : "no defect", messages.c_str());
    return right;
}

int main(void) {
    int cases = 0, failed = 0;
    for (const interpreter_case *list : {right_cases, wrong_cases})
        for (; list->name; list++) {
            cases++;
            failed += !passes(*list);
        }
    printf("%d cases: %d failed\n", cases, failed);
    return failed > 0;
}
