/* faults_test.c: the CUDA backend and a trainer with a missing, too old, too small or failing GPU: the status, the
 * message, and that nothing leaks. Every case begins with a new device and sets an alarm, so that an endless wait for a
 * broken device fails.
 */
#include "assert_ok.h"
#include "backend_cuda.h"
#include "fixture.h"
#include "runtime.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { STEPS = 14, HANGS_AFTER_S = 300 };
static const size_t RESERVE = (size_t)384 << 20; /* memory that the backend leaves free for the driver */

/* Checks the status, and that the message has each of the words. */
static void assert_fails_with(cam_status st, cam_status expected, const char *const words[], int count) {
    if (st != expected)
        fail_msg("%s \"%s\" instead of %s", cam_status_name(st), cam_status_message(), cam_status_name(expected));
    for (int i = 0; i < count; i++)
        if (!strstr(cam_status_message(), words[i]))
            fail_msg("\"%s\" does not say \"%s\"", cam_status_message(), words[i]);
}
#define ASSERT_FAILS_WITH(st, expected, ...)                                                                           \
    assert_fails_with((st), (expected), (const char *const[]){__VA_ARGS__},                                            \
                      (int)(sizeof(const char *[]){__VA_ARGS__} / sizeof(const char *)))

static int begin(void **state) {
    (void)state;
    simt_reset();
    unsetenv("CAM_CUDA_CHECK");
    (void)alarm(HANGS_AFTER_S);
    return 0;
}

static cam_status open_gpu(int ordinal, cam_backend **backend) {
    return cam_backend_cuda_open(&(cam_cuda_options){.device = ordinal}, backend);
}

static cam_backend *open_cuda(void) {
    cam_backend *backend = NULL;
    assert_ok(open_gpu(0, &backend));
    return backend;
}

/* --- a trainer to break ----------------------------------------------------------------------------------------- */

static cam_model_config model;

/* Four steps an epoch, of few shapes: they recur, and are captured. */
static cam_trainer_options small_case(golden_case *c) {
    fixture_case("trainer", c);
    model = *fixture_config();
    cam_trainer_options o = c->options;
    o.config = o.source.config = &model;
    o.train_count = 32;
    o.plan = (cam_plan_settings){.batch_rows = 8, .accumulation = 1, .max_updates = STEPS};
    return o;
}

/* Some 20 MB of parameters, so that sizes in MB are not 0. */
static cam_trainer_options large_case(golden_case *c) {
    cam_trainer_options o = small_case(c);
    model.hidden_size = 256;
    model.intermediate_size = 512;
    model.num_attention_heads = 4;
    o.source.weights = NULL;
    o.plan.batch_rows = 32;
    return o;
}

/* Runs all steps, or until the first error. */
static cam_status train(cam_trainer *trainer) {
    cam_step_report report;
    cam_status st = CAM_OK;
    while (st == CAM_OK && !cam_trainer_is_done(trainer))
        st = cam_trainer_step_now(trainer, &report);
    return st;
}

static cam_status open_and_train(cam_backend *backend, const cam_trainer_options *o) {
    cam_trainer trainer;
    cam_status st = cam_trainer_open(&trainer, backend, o);
    if (st != CAM_OK)
        return st;
    st = train(&trainer);
    cam_trainer_close(&trainer);
    return st;
}

/* --- no GPU, or an unsuitable one ------------------------------------------------------------------------------- */

static void test_no_driver(void **state) {
    (void)state;
    cam_backend *backend = NULL;
    simt_set_driver(0);
    ASSERT_FAILS_WITH(open_gpu(0, &backend), CAM_E_DEVICE, "no NVIDIA driver", "device=cpu");
    assert_null(backend);
}

static void test_driver_too_old(void **state) {
    (void)state;
    cam_backend *backend = NULL;
    simt_set_driver(12020);
    ASSERT_FAILS_WITH(open_gpu(0, &backend), CAM_E_DEVICE, "driver is for CUDA 12.2", "needs CUDA 13.0",
                      "update the driver", "device=cpu");
    assert_null(backend);
}

static void test_no_device(void **state) {
    (void)state;
    cam_backend *backend = NULL;
    simt_set_devices(0);
    ASSERT_FAILS_WITH(open_gpu(0, &backend), CAM_E_DEVICE, "shows no GPU", "device=cpu");
    assert_null(backend);
}

static void test_fewer_devices_than_ranks(void **state) {
    (void)state;
    cam_backend *backend = NULL;
    simt_set_devices(2);
    ASSERT_FAILS_WITH(open_gpu(2, &backend), CAM_E_DEVICE, "GPU 2 was asked for", "only 2", "fewer ranks");
    assert_null(backend);
}

static void test_device_too_old(void **state) {
    (void)state;
    cam_backend *backend = NULL;
    simt_set_capability(70);
    ASSERT_FAILS_WITH(open_gpu(0, &backend), CAM_E_DEVICE, "compute capability 7.0", "7.5 or newer", "device=cpu");
    assert_null(backend);
}

static void test_no_code_for_the_device(void **state) {
    (void)state;
    cam_backend *backend = NULL;
    simt_set_capability(87);
    simt_fail_call("cudaLaunchKernelExC", cudaErrorNoKernelImageForDevice, 1);
    ASSERT_FAILS_WITH(open_gpu(0, &backend), CAM_E_DEVICE, "no code for compute capability 8.7",
                      cam_backend_cuda_build());
    assert_null(backend);
}

/* The simulated device also has the old device's size of shared memory. */
static void test_a_device_without_bf16_trains_in_f32(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_trainer_options o = small_case(&c);
    simt_set_capability(75);
    cam_backend *backend = open_cuda();
    assert_int_equal(backend->bf16, 0);
    o.bf16 = 1;
    ASSERT_FAILS_WITH(cam_trainer_open(&trainer, backend, &o), CAM_E_UNSUPPORTED, "does not compute in bf16",
                      "bf16=false");
    assert_int_equal(simt_live_allocations(), 0);
    o.bf16 = 0;
    o.plan.max_updates = 1;
    assert_ok(open_and_train(backend, &o));
    cam_backend_close(backend);
}

static void test_every_call_of_opening_may_fail(void **state) {
    (void)state;
    static const char *const calls[] = {"cudaGetDeviceCount",
                                        "cudaSetDevice",
                                        "cudaDeviceGetAttribute",
                                        "cudaGetDeviceProperties",
                                        "cudaDeviceGetStreamPriorityRange",
                                        "cudaStreamCreateWithPriority",
                                        "cudaEventCreateWithFlags"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        cam_backend *backend = NULL;
        int failed = 0;
        for (;; failed++) {
            simt_fail_call(calls[i], cudaErrorUnknown, failed + 1);
            cam_status st = open_gpu(0, &backend);
            if (st == CAM_OK)
                break;
            ASSERT_FAILS_WITH(st, CAM_E_DEVICE, "unknown error");
            assert_null(backend);
        }
        cam_backend_close(backend);
        assert_true(failed > 0);
    }
}

/* --- too little memory ------------------------------------------------------------------------------------------ */

static void test_parameters_do_not_fit(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_trainer_options o = large_case(&c);
    simt_set_memory(RESERVE + ((size_t)3 << 20));
    cam_backend *backend = open_cuda();
    unsigned needed = 0, available = 0;
    ASSERT_FAILS_WITH(cam_trainer_open(&trainer, backend, &o), CAM_E_MEMORY, "parameters, gradients and moments",
                      "freeze=encoder");
    assert_int_equal(sscanf(cam_status_message(), "parameters, gradients and moments need %u MB, %u MB are free",
                            &needed, &available),
                     2);
    assert_int_equal(available, 3);
    assert_in_range(needed, 10, 100);
    assert_int_equal(simt_live_allocations(), 0);
    cam_backend_close(backend);
}

/* The batch that the message recommends fits. */
static void test_batch_does_not_fit(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_trainer_options o = large_case(&c);
    cam_backend *backend = open_cuda();
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    cam_memory_need need = cam_trainer_memory(&trainer);
    cam_trainer_close(&trainer);
    assert_int_equal(simt_live_allocations(), 0);
    simt_set_memory(RESERVE + need.parameters + need.activations / 2 + ((size_t)1 << 20));
    ASSERT_FAILS_WITH(cam_trainer_open(&trainer, backend, &o), CAM_E_MEMORY, "for 32 rows", "MB are free",
                      "gradient_accumulation_steps");
    assert_int_equal(simt_live_allocations(), 0);
    const char *advice = strstr(cam_status_message(), "per_device_train_batch_size=");
    int rows = 0;
    unsigned needed = 0;
    assert_non_null(advice);
    assert_int_equal(sscanf(advice, "per_device_train_batch_size=%d needs %u MB and fits", &rows, &needed), 2);
    assert_in_range(rows, 1, 31);
    o.plan.batch_rows = rows;
    o.plan.max_updates = 1;
    assert_ok(open_and_train(backend, &o));
    simt_set_memory(RESERVE + need.parameters + 4096);
    ASSERT_FAILS_WITH(cam_trainer_open(&trainer, backend, &o), CAM_E_MEMORY, "no batch fits", "freeze=encoder");
    assert_int_equal(simt_live_allocations(), 0);
    cam_backend_close(backend);
}

/* Makes the n-th call fail, for every n. */
static void sweep_opening(const char *call, cudaError_t error, cam_status expected, const char *word) {
    golden_case c;
    cam_trainer trainer;
    cam_trainer_options o = small_case(&c);
    cam_backend *backend = open_cuda();
    int failed = 0;
    for (;; failed++) {
        simt_fail_call(call, error, failed + 1);
        cam_status st = cam_trainer_open(&trainer, backend, &o);
        if (st == CAM_OK)
            break;
        ASSERT_FAILS_WITH(st, expected, word);
        if (simt_live_allocations() != 0)
            fail_msg("%zu allocations are left where %s %d fails", simt_live_allocations(), call, failed + 1);
    }
    simt_fail_call(call, cudaSuccess, 0);
    assert_true(failed > 0);
    cam_trainer_close(&trainer);
    assert_int_equal(simt_live_allocations(), 0);
    cam_backend_close(backend);
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    sweep_opening("cudaMalloc", cudaErrorMemoryAllocation, CAM_E_MEMORY, "no GPU memory for a buffer of");
    sweep_opening("cudaHostAlloc", cudaErrorMemoryAllocation, CAM_E_MEMORY, "memory");
    sweep_opening("cudaHostGetDevicePointer", cudaErrorUnknown, CAM_E_DEVICE, "cudaHostGetDevicePointer");
}

static void test_every_copy_may_fail(void **state) {
    (void)state;
    sweep_opening("cudaMemcpyAsync", cudaErrorUnknown, CAM_E_DEVICE, "unknown error");
    sweep_opening("cudaMemsetAsync", cudaErrorUnknown, CAM_E_DEVICE, "unknown error");
    sweep_opening("cudaStreamSynchronize", cudaErrorUnknown, CAM_E_DEVICE, "unknown error");
}

/* --- failures during training ----------------------------------------------------------------------------------- */

static void test_a_launch_fails(void **state) {
    (void)state;
    golden_case c;
    cam_trainer_options o = small_case(&c);
    o.plan.max_updates = 9;
    cam_backend *backend = open_cuda();
    cam_status st;
    int n = 1;
    /* eager and captured steps; with a prime stride every kernel is reached */
    for (;; n += 37) {
        simt_fail_call("cudaLaunchKernelExC", cudaErrorLaunchOutOfResources, n);
        st = open_and_train(backend, &o);
        if (st == CAM_OK)
            break;
        assert_int_equal(st, CAM_E_DEVICE);
        assert_int_equal(simt_live_allocations(), 0);
    }
    assert_true(n > 2 * 37);
    cam_backend_close(backend);
}

/* A failed kernel is reported by the wait for the step's report, with an eager and with a lazy device. */
static void step_on_a_broken_device(bool lazy) {
    golden_case c;
    cam_trainer trainer;
    cam_step_report report;
    int present = 0;
    cam_trainer_options o = small_case(&c);
    cam_backend *backend = open_cuda();
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    assert_ok(cam_trainer_step_now(&trainer, &report));
    simt_set_lazy(lazy);
    simt_fail_work(cudaErrorIllegalAddress, lazy ? 5 : 20);
    cam_status st = cam_trainer_step(&trainer);
    if (lazy)
        assert_ok(st);
    if (st == CAM_OK)
        st = cam_trainer_report(&trainer, 1, &report, &present);
    ASSERT_FAILS_WITH(st, CAM_E_DEVICE, "an illegal memory access", "CAM_CUDA_CHECK=1");
    assert_false(present);
    ASSERT_FAILS_WITH(cam_trainer_step(&trainer), CAM_E_DEVICE, "an illegal memory access");
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void test_a_kernel_fails(void **state) {
    (void)state;
    step_on_a_broken_device(false);
    simt_reset();
    step_on_a_broken_device(true);
}

static void test_a_checked_run_names_the_kernel(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_step_report report;
    cam_trainer_options o = small_case(&c);
    setenv("CAM_CUDA_CHECK", "1", 1);
    cam_backend *backend = open_cuda();
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    assert_ok(cam_trainer_step_now(&trainer, &report));
    simt_fail_work(cudaErrorIllegalAddress, 1);
    ASSERT_FAILS_WITH(cam_trainer_step(&trainer), CAM_E_DEVICE, "step_begin_kernel",
                      "step.cu:", "an illegal memory access");
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void test_capturing_fails(void **state) {
    (void)state;
    static const char *const calls[] = {"cudaStreamBeginCapture", "cudaStreamEndCapture", "cudaGraphInstantiate",
                                        "cudaGraphLaunch"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        golden_case c;
        cam_trainer_options o = small_case(&c);
        cam_backend *backend = open_cuda();
        simt_fail_call(calls[i], cudaErrorUnknown, 1);
        ASSERT_FAILS_WITH(open_and_train(backend, &o), CAM_E_DEVICE, calls[i], "unknown error");
        assert_int_equal(simt_live_allocations(), 0);
        assert_ok(open_and_train(backend, &o)); /* the stream is usable again */
        cam_backend_close(backend);
    }
}

/* --- numbers that are not finite -------------------------------------------------------------------------------- */

enum { KEPT = 3 };
typedef struct snapshot {
    void *plane[KEPT]; /* weights, first and second moments */
    size_t bytes[KEPT];
} snapshot;

static snapshot take(cam_trainer *trainer) {
    static const cam_plane planes[KEPT] = {CAM_WEIGHT, CAM_MOMENT1, CAM_MOMENT2};
    snapshot s;
    assert_ok(cam_trainer_flush(trainer));
    for (int p = 0; p < KEPT; p++) {
        cam_tensor plane = cam_parameters_trained(&trainer->params, planes[p]);
        s.bytes[p] = cam_tensor_bytes(plane);
        s.plane[p] = malloc(s.bytes[p]);
        assert_non_null(s.plane[p]);
        assert_ok(cam_backend_copy(trainer->backend, s.plane[p], plane.data, s.bytes[p], CAM_FROM_DEVICE));
    }
    assert_ok(cam_backend_synchronize(trainer->backend));
    return s;
}

static int is_same(const snapshot *a, const snapshot *b) {
    int same = 1;
    for (int p = 0; p < KEPT; p++)
        same &= a->bytes[p] == b->bytes[p] && memcmp(a->plane[p], b->plane[p], a->bytes[p]) == 0;
    return same;
}

static void drop(snapshot *s) {
    for (int p = 0; p < KEPT; p++)
        free(s->plane[p]);
}

/* Overwrites one bias of the last layer. */
static void plant(cam_trainer *trainer, float value) {
    assert_ok(cam_trainer_flush(trainer));
    int bias = cam_parameter_of_layer(&trainer->params, trainer->params.layers - 1, CAM_UP_B);
    void *at = cam_parameters_view(&trainer->params, bias, CAM_WEIGHT).data;
    assert_ok(cam_backend_copy(trainer->backend, at, &value, sizeof value, CAM_TO_DEVICE));
    assert_ok(cam_backend_synchronize(trainer->backend));
}

static void test_nan_ends_the_run_and_changes_nothing(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_step_report report;
    int present;
    cam_trainer_options o = small_case(&c);
    cam_backend *backend = open_cuda();
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    for (int i = 0; i < 9; i++)
        assert_ok(cam_trainer_step_now(&trainer, &report));
    plant(&trainer, NAN);
    snapshot before = take(&trainer);
    simt_set_lazy(true);
    for (int i = 0; i < 3; i++)
        assert_ok(cam_trainer_step(&trainer));
    ASSERT_FAILS_WITH(cam_trainer_report(&trainer, 1, &report, &present), CAM_E_DIVERGED, "step 10 is not finite",
                      "learning_rate", "on_nonfinite=skip");
    assert_true(present);
    assert_false(report.applied);
    snapshot after = take(&trainer);
    assert_true(is_same(&before, &after));
    assert_int_equal(trainer.updates_applied, 9);
    drop(&before);
    drop(&after);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

static void test_nan_is_skipped_and_counted(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_step_report report;
    cam_trainer_options o = small_case(&c);
    o.skip_nonfinite = 1;
    cam_backend *backend = open_cuda();
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    for (int i = 0; i < 5; i++)
        assert_ok(cam_trainer_step_now(&trainer, &report));
    plant(&trainer, NAN);
    snapshot before = take(&trainer);
    for (int i = 0; i < 2; i++) {
        assert_ok(cam_trainer_step_now(&trainer, &report));
        assert_false(report.applied);
    }
    snapshot after = take(&trainer);
    assert_true(is_same(&before, &after));
    assert_int_equal(trainer.updates_applied, 5);
    plant(&trainer, 0);
    assert_ok(cam_trainer_step_now(&trainer, &report));
    assert_true(report.applied);
    assert_true(isfinite(report.loss));
    assert_int_equal(trainer.updates_applied, 6);
    drop(&before);
    drop(&after);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

/* --- calls that a step must not make ---------------------------------------------------------------------------- */

enum { WAITS = 8 };
static const char *const waits[WAITS] = {"cudaStreamSynchronize", "cudaMalloc",    "cudaFree",
                                         "cudaHostAlloc",         "cudaFreeHost",  "cudaMemcpy",
                                         "copies of host memory", "cudaMemGetInfo"};

static void test_steps_of_an_epoch_wait_for_nothing(void **state) {
    (void)state;
    golden_case c;
    cam_trainer trainer;
    cam_step_report report;
    cam_trainer_options o = small_case(&c);
    cam_backend *backend = open_cuda();
    assert_ok(cam_trainer_open(&trainer, backend, &o));
    int64_t steps = trainer.plan.updates_per_epoch;
    assert_int_equal(steps, 4);
    for (int epoch = 0; epoch < 3; epoch++) {
        long calls[WAITS], begun[WAITS];
        for (int w = 0; w < WAITS; w++)
            begun[w] = simt_calls_of(waits[w]);
        assert_ok(cam_trainer_step_now(&trainer, &report));
        for (int w = 0; w < WAITS; w++)
            calls[w] = simt_calls_of(waits[w]);
        assert_int_equal(calls[0] - begun[0], 1); /* the plan's upload is waited for once an epoch */
        assert_int_equal(calls[1] - begun[1], 0);
        for (int64_t step = 1; step < steps; step++)
            assert_ok(cam_trainer_step_now(&trainer, &report));
        for (int w = 0; w < WAITS; w++)
            if (simt_calls_of(waits[w]) != calls[w])
                fail_msg("%ld calls of %s within epoch %d", simt_calls_of(waits[w]) - calls[w], waits[w], epoch);
    }
    assert_true(simt_calls_of("cudaGraphLaunch") > 0);
    cam_trainer_close(&trainer);
    cam_backend_close(backend);
}

#define CASE(test) cmocka_unit_test_setup(test, begin)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_no_driver),
        CASE(test_driver_too_old),
        CASE(test_no_device),
        CASE(test_fewer_devices_than_ranks),
        CASE(test_device_too_old),
        CASE(test_no_code_for_the_device),
        CASE(test_a_device_without_bf16_trains_in_f32),
        CASE(test_every_call_of_opening_may_fail),
        CASE(test_parameters_do_not_fit),
        CASE(test_batch_does_not_fit),
        CASE(test_every_allocation_may_fail),
        CASE(test_every_copy_may_fail),
        CASE(test_a_launch_fails),
        CASE(test_a_kernel_fails),
        CASE(test_a_checked_run_names_the_kernel),
        CASE(test_capturing_fails),
        CASE(test_nan_ends_the_run_and_changes_nothing),
        CASE(test_nan_is_skipped_and_counted),
        CASE(test_steps_of_an_epoch_wait_for_nothing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    simt_reset();
    fixture_release();
    return failed;
}
