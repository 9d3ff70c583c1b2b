/* diagnostics.cc: reports of defects: one sentence, then kernel, block, thread and seed. Crashes are reported as well,
 * by the address sanitizer's death callback, or by a signal handler with its own stack, because a fibre's stack may
 * have overflowed.
 */
#include "machine.h"
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#ifdef SIMT_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

void simt_report_place(void) {
    if (!simt_now.launch)
        return;
    fprintf(stderr, "simt: kernel %s, block %u of %u, thread %u of %u (warp %u, lane %u), %zu bytes of shared memory\n",
            simt_kernel_name(simt_now.launch->kernel), blockIdx.x, gridDim.x, simt_now.thread, blockDim.x,
            simt_now.thread / SIMT_WARP, simt_now.thread % SIMT_WARP, simt_now.launch->shared_bytes);
    fprintf(stderr, "simt: CAM_SIMT_SEED=%llu\n", (unsigned long long)simt_seed_of());
}

void simt_die(SIMT_PARAMS, const char *format, ...) {
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "simt: ");
    if (file)
        fprintf(stderr, "%s:%d: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    simt_report_place();
    abort();
}

void simt_misaligned(const void *p, size_t bytes, const char *what, SIMT_PARAMS) {
    simt_die(file, line, "misaligned %s: address %p is not a multiple of %zu", what, p, bytes);
}

#ifdef SIMT_ASAN
void simt_report_crashes(void) {
    __sanitizer_set_death_callback(simt_report_place);
}
#else
static void crashed(int signal_number) {
    if (simt_now.launch)
        fprintf(stderr, "simt: signal %d in a kernel\n", signal_number);
    simt_report_place();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

void simt_report_crashes(void) {
    static char stack[64 << 10];
    stack_t alternate = {};
    struct sigaction action = {};
    alternate.ss_sp = stack;
    alternate.ss_size = sizeof stack;
    action.sa_handler = crashed;
    action.sa_flags = SA_ONSTACK | SA_NODEFER;
    if (sigaltstack(&alternate, nullptr) != 0)
        return;
    for (int signal_number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL})
        sigaction(signal_number, &action, nullptr);
}
#endif
