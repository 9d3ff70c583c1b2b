/* cuda_test.c: several ranks train one model on the CUDA backend of tests/simt, by the stand-in for NCCL with captured
 * steps, and by MPI through the staging buffer; compared with one rank on that backend. They stop, and go on in fresh
 * trainers.
 */
#include "runtime.h"
#include "stopping.h"
#include <stdlib.h>

enum { STEPS = 5 /* of two shapes: each runs eagerly, is captured, and is launched again */ };

/* Every rank rounds its gradients to bf16 before the sum, by at most 2^-9 each; the forward pass rounds the weights
 * that result, at other places. Observed: 2e-4 and 2e-6. */
static const tolerance rounding_bf16 = {.relative = 2e-3, .logits = 2e-3, .weights = 1e-5};

static golden_case golden;
static cam_model_config model;

/* Few rows, in an order that gives the same shapes in every epoch. */
static cam_trainer_options small_case(void) {
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    o.sampling = CAM_SAMPLING_SEQUENTIAL;
    o.train_count = 12;
    o.plan = (cam_plan_settings){.batch_rows = 8, .accumulation = 1, .max_updates = STEPS};
    return o;
}

/* Heads of 64 columns, for bf16; the weights are drawn at random. */
static cam_trainer_options wide_case(void) {
    cam_trainer_options o = small_case();
    model.hidden_size = 128;
    model.intermediate_size = 256;
    model.num_attention_heads = 2;
    model.num_hidden_layers = 2;
    o.source.weights = NULL;
    o.bf16 = 1;
    return o;
}

static outcome train_captured(const cam_trainer_options *o, run_kind how) {
    long before = simt_calls_of("cudaGraphLaunch");
    outcome result = train(o, how);
    assert_true((simt_calls_of("cudaGraphLaunch") > before) == (how.by != BY_MPI));
    return result;
}

/* Waits for every launch and captures nothing. */
static outcome train_eagerly(const cam_trainer_options *o, run_kind how) {
    long before = simt_calls_of("cudaGraphLaunch");
    setenv("CAM_CUDA_CHECK", "1", 1);
    outcome result = train(o, how);
    unsetenv("CAM_CUDA_CHECK");
    assert_int_equal(simt_calls_of("cudaGraphLaunch"), before);
    return result;
}

static void assert_identical_and_release(const outcome *a, outcome b) {
    assert_identical(a, &b);
    outcome_release(&b);
}

/* The stand-in sums in rank order, as the collectives by MPI do. So both give the same bits, sharded or not. */
static void compare(const cam_trainer_options *o, tolerance t) {
    outcome alone = train_captured(o, (run_kind){.by = ALONE});
    outcome nccl = train_captured(o, (run_kind){.by = BY_NCCL});
    if (ranks == 1)
        assert_identical(&nccl, &alone);
    assert_near(&nccl, &alone, t);
    assert_identical_and_release(&nccl, train_eagerly(o, (run_kind){.by = BY_NCCL}));
    if (ranks > 1)
        assert_identical_and_release(&nccl, train_captured(o, (run_kind){.by = BY_MPI}));
    outcome sharded = train_captured(o, (run_kind){.by = BY_NCCL, .shard = 1});
    assert_identical(&nccl, &sharded);
    assert_int_equal(sharded.moments * ranks, nccl.moments);
    if (ranks > 1)
        assert_identical_and_release(&nccl, train_captured(o, (run_kind){.by = BY_MPI, .shard = 1}));
    outcome_release(&alone);
    outcome_release(&nccl);
    outcome_release(&sharded);
}

static void test_f32(void **state) {
    (void)state;
    cam_trainer_options o = small_case();
    compare(&o, rounding_f32);
}

static void test_bf16(void **state) {
    (void)state;
    cam_trainer_options o = wide_case();
    compare(&o, rounding_bf16);
}

/* The update of a step runs beside the next forward pass, bucket by bucket, unless state is sharded: the same bits in
 * every order that a graph's branches allow. */
static void test_orders(void **state) {
    (void)state;
    static const simt_graph_order orders[] = {SIMT_LATE, SIMT_EARLY, SIMT_SHUFFLED};
    cam_trainer_options o = wide_case();
    outcome in_order = train_captured(&o, (run_kind){.by = BY_NCCL});
    assert_int_equal(in_order.buckets, 2);
    for (int i = 0; i < 3; i++) {
        simt_set_graph_order(orders[i]);
        assert_identical_and_release(&in_order, train_captured(&o, (run_kind){.by = BY_NCCL}));
    }
    simt_set_graph_order(SIMT_IN_ORDER);
    assert_identical_and_release(&in_order, train_captured(&o, (run_kind){.by = BY_NCCL, .shard = 1}));
    outcome_release(&in_order);
}

/* Micro-steps and updates are separate graphs; gradients are f32. */
static void test_accumulation(void **state) {
    (void)state;
    cam_trainer_options o = wide_case();
    o.plan.batch_rows = 4;
    o.plan.accumulation = 2;
    outcome alone = train_captured(&o, (run_kind){.by = ALONE});
    outcome nccl = train_captured(&o, (run_kind){.by = BY_NCCL, .shard = 1});
    assert_near(&nccl, &alone, rounding_bf16);
    assert_identical_and_release(&nccl, train_eagerly(&o, (run_kind){.by = BY_NCCL, .shard = 1}));
    outcome_release(&alone);
    outcome_release(&nccl);
}

/* Each rank has the low halves and moments of its shards, in mixed precision in several segments. */
static void test_stopped(void **state) {
    (void)state;
    static const run_kind kinds[] = {{.by = BY_NCCL, .shard = 1}, {.by = BY_NCCL}};
    cam_trainer_options o = wide_case();
    o.plan.max_updates = STEPS - 1;
    stop_after(&o, kinds[0], STEPS);
    change_division(&o, kinds, 2, rounding_bf16);
}

/* A request of one rank must be in all ranks' reports of the same step, captured or not. */
static void test_requests(void **state) {
    (void)state;
    cam_trainer_options o = small_case();
    training t;
    training_open(&t, &o, (run_kind){.by = BY_NCCL, .shard = 1});
    for (int s = 1; s <= STEPS; s++) {
        if (s == STEPS - 1 && rank == ranks - 1)
            cam_trainer_request(&t.trainer, CAM_REQUEST_STOP);
        step_figures f = training_step(&t, CAM_OK);
        assert_int_equal(f.requests, s >= STEPS - 1 ? CAM_REQUEST_STOP : 0);
    }
    training_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_f32),          CASE(test_bf16),    CASE(test_orders),
        CASE(test_accumulation), CASE(test_stopped), CASE(test_requests),
    };
    begin_ranks();
    fixture_use_device("cuda");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_release();
    end_ranks();
    return failed != 0;
}
