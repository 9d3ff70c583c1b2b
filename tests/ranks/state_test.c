/* state_test.c: several ranks stop after a step and go on in fresh trainers, with the bits of ranks that were never
 * stopped, sharded or not. A state of one division goes on in another: it is the same to the bit, and the training is
 * the same to rounding. A piece that is missing on one rank ends the put on all of them.
 */
#include "stopping.h"

static golden_case golden;
static cam_model_config model;

enum { KINDS = 3 };
static const run_kind kinds[KINDS] = {{.by = ALONE}, {.by = BY_MPI}, {.by = BY_MPI, .shard = 1}};

/* --- the same division -------------------------------------------------------------------------------------------- */

/* Without sharding, rank 0 has everything and the others nothing. */
static void test_stopped_ranks(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    o.plan.max_updates = 7;
    for (int shard = 0; shard < 2; shard++) {
        training t;
        cam_trainer_state taken;
        stop_after(&o, (run_kind){BY_MPI, shard}, 1);
        training_open(&t, &o, (run_kind){BY_MPI, shard});
        assert_ok(cam_trainer_state_open(&taken, &t.trainer));
        assert_int_equal(taken.parameters.count, (shard ? 2 : rank == 0 ? 2 : 0) + (rank == 0 ? 3 : 0));
        cam_trainer_state_close(&taken);
        training_close(&t);
    }
}

static void test_stopped_accumulation(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("accumulation_short", &golden, &model);
    o.sampling = CAM_SAMPLING_GROUP_BY_LENGTH;
    for (int shard = 0; shard < 2; shard++)
        stop_after(&o, (run_kind){BY_MPI, shard}, 5);
}

static void test_stopped_frozen(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("first_1", &golden, &model);
    stop_after(&o, (run_kind){BY_MPI, 1}, 7);
    o = dropout_case("frozen", &golden, &model);
    stop_after(&o, (run_kind){BY_MPI, 1}, 7);
}

/* --- another division --------------------------------------------------------------------------------------------- */

static void test_other_division(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    o.plan.max_updates = 5;
    change_division(&o, kinds, KINDS, rounding_f32);
}

/* Tensors of many chunks in several buckets, so that a rank's moments are not in the order of the tensors. */
static void test_other_division_of_a_wide_model(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    model.hidden_size = 320;
    model.intermediate_size = 1280;
    model.num_attention_heads = 5;
    model.num_hidden_layers = 1;
    o.source.weights = NULL;
    o.plan.max_updates = STOP + 2;
    change_division(&o, kinds, KINDS, rounding_f32);
}

/* --- failures ----------------------------------------------------------------------------------------------------- */

static void test_missing_on_one_rank(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("frozen", &golden, &model);
    training t;
    kept_state kept = {0};
    training_open(&t, &o, (run_kind){.by = BY_MPI, .shard = 1});
    (void)training_step(&t, CAM_OK);
    take_state(&t, &kept);
    training_close(&t);
    char name[CAM_STATE_NAME_BYTES];
    snprintf(name, sizeof name, "moment2-rank-%d.bin", ranks - 1);
    if (rank == ranks - 1)
        kept_find(&kept, name)->name[0] = '-';
    training_open(&t, &o, (run_kind){.by = BY_MPI, .shard = 1});
    cam_status st = put_state(&t, &kept);
    if (rank == ranks - 1)
        ASSERT_FAILS(st, CAM_E_MODEL, "the checkpoint lacks", name);
    else
        ASSERT_FAILS(st, CAM_E_MODEL, "rank");
    training_close(&t);
    kept_release(&kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_stopped_ranks),  CASE(test_stopped_accumulation),           CASE(test_stopped_frozen),
        CASE(test_other_division), CASE(test_other_division_of_a_wide_model), CASE(test_missing_on_one_rank),
    };
    begin_ranks();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_release();
    end_ranks();
    return failed != 0;
}
