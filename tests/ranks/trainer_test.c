/* trainer_test.c: several ranks train one model. They must compute what one rank computes with the same global batch,
 * for any partition of its rows, with the same dropout masks; sharded and unsharded bit for bit the same. An event on
 * one rank must take effect on all.
 */
#include "counted_allocations.h"
#include "safetensors.h"
#include "training.h"
#include <stdlib.h>

static golden_case golden;
static cam_model_config model;

/* Against one rank, with unsharded and with sharded optimizer state. */
static void compare(const cam_trainer_options *o) {
    outcome alone = train(o, (run_kind){.by = ALONE}), whole = train(o, (run_kind){.by = BY_MPI});
    outcome sharded = train(o, (run_kind){.by = BY_MPI, .shard = 1});
    assert_near(&whole, &alone, rounding_f32);
    assert_identical(&sharded, &whole);
    assert_int_equal(sharded.moments * ranks, whole.moments);
    assert_true(whole.moments >= alone.moments);
    /* each bucket is padded by less than a chunk for each rank */
    assert_true(whole.moments - alone.moments < (fixture_config()->num_hidden_layers + 2) * ranks * CAM_CHUNK);
    outcome_release(&alone);
    outcome_release(&whole);
    outcome_release(&sharded);
}

/* --- the same run ------------------------------------------------------------------------------------------------- */

static void test_plain(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    compare(&o);
}

/* Updates of 5 + 5, 5 + 5 and, at the end of an epoch, 3 rows; then of 5 + 5 and 5 + 2. */
static void test_accumulation(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("accumulation", &golden, &model);
    o.plan.batch_rows = 5;
    o.plan.accumulation = 2;
    o.train_count = 23;
    compare(&o);
    o.train_count = 17;
    o.plan.max_updates = 4;
    compare(&o);
}

static void test_class_weights_and_smoothing(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("smoothing_weights", &golden, &model);
    assert_non_null(o.class_weights);
    assert_true(o.label_smoothing > 0);
    compare(&o);
    o.plan.accumulation = 3;
    compare(&o);
}

static void test_frozen_layers(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("first_1", &golden, &model);
    assert_int_equal(o.rates.frozen_depth, 2);
    compare(&o);
}

/* Each rank computes the features of some rows and receives the others'. */
static void test_frozen_encoder(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("frozen", &golden, &model);
    compare(&o);
    training t;
    training_open(&t, &o, (run_kind){.by = BY_MPI});
    assert_non_null(t.trainer.features.data);
    assert_same_on_all("features", t.trainer.features.data, cam_tensor_bytes(t.trainer.features));
    training_close(&t);
}

/* The ranks answer for a block of the rows each; the map of hidden states is exchanged with the head. */
static void test_student(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("distill_hidden", &golden, &model);
    fixture_distill("distill_hidden", &golden, &model, &o);
    compare(&o);
}

static void test_gradient_checkpointing(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    o.gradient_checkpointing = 1;
    compare(&o);
}

static void test_rows_grouped_by_length(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    o.sampling = CAM_SAMPLING_GROUP_BY_LENGTH;
    o.train_count = 31;
    compare(&o);
}

static void test_layerwise_decay(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("layerwise", &golden, &model);
    assert_true(o.rates.layerwise_decay < 1);
    compare(&o);
}

/* Batches of two rows, and of one at the end of an epoch: some ranks have no row. */
static void test_fewer_rows_than_ranks(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    o.plan.batch_rows = 2;
    o.train_count = 5;
    compare(&o);
    o.plan.accumulation = 2;
    compare(&o);
}

/* The masks of a row do not depend on the rank that has it. The smallest batches have ranks without a chosen token. */
static void test_masked_language_model(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("masked_words", &golden, &model);
    fixture_masked_case("masked_words", &golden);
    model = *golden.options.config;
    model.hidden_dropout_prob = 0.1;
    model.attention_probs_dropout_prob = 0.2;
    o.source.weights = golden.options.source.weights;
    o.labels = NULL;
    o.masking = golden.options.masking;
    compare(&o);
    o.plan.batch_rows = 2;
    o.plan.accumulation = 1;
    o.train_count = 5;
    compare(&o);
}

/* Every rank has the teacher and runs it on its own rows. */
static void test_masked_student(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("distill_masked", &golden, &model);
    fixture_distilled_masked_case("distill_masked", &golden);
    model = *golden.options.config;
    model.hidden_dropout_prob = 0.1;
    o.source.weights = golden.options.source.weights;
    o.labels = NULL;
    o.masking = golden.options.masking;
    o.teacher = golden.options.teacher;
    o.rates.hidden_map = 1;
    compare(&o);
}

static void test_encoder(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("distill_encoder", &golden, &model);
    fixture_distilled_masked_case("distill_encoder", &golden);
    model = *golden.options.config;
    o.source.weights = golden.options.source.weights;
    o.labels = NULL;
    o.masking = golden.options.masking;
    o.teacher = golden.options.teacher;
    o.rates.hidden_map = 1;
    compare(&o);
}

/* A wider model, whose gradients fill several buckets; its weights are drawn at random. */
static void test_several_buckets(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    model.hidden_size = 320;
    model.intermediate_size = 1280;
    model.num_attention_heads = 5;
    o.source.weights = NULL;
    o.plan.max_updates = 3;
    outcome whole = train(&o, (run_kind){.by = BY_MPI});
    assert_true(whole.buckets > 2);
    outcome_release(&whole);
    compare(&o);
}

/* Vocabulary rows that no text uses are not in memory; their saved values must be those of one rank, bit for bit. */
static void test_unused_vocabulary(void **state) {
    (void)state;
    static unsigned char used[1 << 10];
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    outcome outcomes[2] = {train(&o, (run_kind){.by = ALONE}), train(&o, (run_kind){.by = BY_MPI, .shard = 1})};
    const cam_token_rows *tokens = o.tokens;
    for (int64_t t = 0; t < tokens->offsets[tokens->rows]; t++)
        used[tokens->ids[t]] = 1;
    assert_near(&outcomes[1], &outcomes[0], rounding_f32);
    if (rank == 0) {
        size_t row = (size_t)model.hidden_size * sizeof(float), unused = 0, moved = 0;
        char name[] = "roberta.embeddings.word_embeddings.weight";
        const char *begin[2], *path = fixture_temporary("model.safetensors");
        cam_safetensors file;
        assert_ok(cam_safetensors_open(path, &file)); /* the layout is the same in both */
        for (int i = 0; i < 2; i++)
            begin[i] = outcomes[i].file.text + cam_safetensors_find(&file, name)->begin;
        for (size_t v = 0; v < (size_t)model.vocab_size; v++)
            if (used[v] || (int32_t)v == model.pad_token_id)
                moved += memcmp(begin[0] + v * row, begin[1] + v * row, row) != 0;
            else if (++unused)
                assert_memory_equal(begin[0] + v * row, begin[1] + v * row, row);
        cam_safetensors_close(&file);
        assert_true(unused > 10);
        assert_true(ranks == 1 || moved > 0); /* used rows differ by rounding */
    }
    outcome_release(&outcomes[0]);
    outcome_release(&outcomes[1]);
}

/* --- bits --------------------------------------------------------------------------------------------------------- */

static void test_two_runs(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("accumulation", &golden, &model);
    for (int shard = 0; shard < 2; shard++) {
        outcome first = train(&o, (run_kind){BY_MPI, shard}), again = train(&o, (run_kind){BY_MPI, shard});
        assert_identical(&first, &again);
        outcome_release(&first);
        outcome_release(&again);
    }
}

/* Collectives through the staging buffer, as for memory that the host cannot access. */
static void test_staging(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    for (int shard = 0; shard < 2; shard++) {
        outcome direct = train(&o, (run_kind){BY_MPI, shard}), staged = train(&o, (run_kind){BY_MPI_STAGED, shard});
        assert_identical(&direct, &staged);
        outcome_release(&direct);
        outcome_release(&staged);
    }
}

/* With dropout 0.5 and a learning rate of 0 each loss depends on its masks only. Masks depend on seed, step and data
 * row, not on the rank or the place of a row in the batch. */
static void test_dropout_masks(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    model.hidden_dropout_prob = model.attention_probs_dropout_prob = 0.5;
    o.learning_rate = 0;
    o.plan.max_updates = 6;
    outcome alone = train(&o, (run_kind){.by = ALONE}), several = train(&o, (run_kind){.by = BY_MPI});
    for (int s = 0; s < several.steps; s++)
        if (!(fabs(several.figures[s].loss - alone.figures[s].loss) <= rounding_f32.relative * alone.figures[s].loss))
            fail_msg("step %d: the masks are not those of one rank", s + 1);
    assert_near(&several, &alone, rounding_f32);
    outcome_release(&several);
    o.sampling = CAM_SAMPLING_SEQUENTIAL; /* so that the seed changes only the masks */
    outcome_release(&alone);
    alone = train(&o, (run_kind){.by = ALONE});
    o.seed++;
    several = train(&o, (run_kind){.by = BY_MPI});
    for (int s = 0; s < several.steps; s++)
        assert_true(fabs(several.figures[s].loss - alone.figures[s].loss) > 1e-3);
    outcome_release(&alone);
    outcome_release(&several);
}

/* --- events on one rank ------------------------------------------------------------------------------------------- */

/* Weights and moments of the trained part. */
enum { COPIES = 3 };
static void copy_state(const training *t, void *copies[COPIES], int check) {
    const cam_plane planes[COPIES] = {CAM_WEIGHT, CAM_MOMENT1, CAM_MOMENT2};
    for (int p = 0; p < COPIES; p++) {
        cam_tensor plane = cam_parameters_trained(&t->trainer.params, planes[p]);
        if (check) {
            assert_memory_equal(copies[p], plane.data, cam_tensor_bytes(plane));
            free(copies[p]);
        } else {
            copies[p] = malloc(cam_tensor_bytes(plane));
            assert_non_null(copies[p]);
            memcpy(copies[p], plane.data, cam_tensor_bytes(plane));
        }
    }
}

/* Three good steps; then `spoil` writes NaN on the last rank, and the next step must change nothing on any rank. */
static void one_rank_diverges(const cam_trainer_options *o, run_kind how, void (*spoil)(const training *t)) {
    training t;
    void *copies[COPIES];
    training_open(&t, o, how);
    for (int s = 0; s < 3; s++)
        assert_true(training_step(&t, CAM_OK).applied);
    if (rank == ranks - 1)
        spoil(&t);
    copy_state(&t, copies, 0);
    step_figures f = training_step(&t, o->skip_nonfinite ? CAM_OK : CAM_E_DIVERGED);
    assert_false(f.applied);
    assert_false(isfinite(f.loss) != 0);
    assert_int_equal(t.trainer.reports_delivered, 4);
    assert_int_equal(t.trainer.updates_applied, 3);
    copy_state(&t, copies, 1);
    training_close(&t);
}

static void spoil_a_weight(const training *t) {
    const cam_parameters *p = &t->trainer.params;
    float *bias = cam_parameters_view(p, cam_parameter_of_layer(p, 1, CAM_UP_B), CAM_WEIGHT).data;
    bias[0] = NAN;
}
/* No parameter is changed: with sharded state a NaN in one would be gathered or overwritten with its shard. */
static void spoil_the_loss(const training *t) {
    float *weights = t->trainer.class_weights.data;
    for (int k = 0; k < FIXTURE_LABELS; k++)
        weights[k] = NAN;
}

static void test_a_nan_on_one_rank(void **state) {
    (void)state;
    for (int skip = 0; skip < 2; skip++) {
        cam_trainer_options o = dropout_case("trainer", &golden, &model);
        o.skip_nonfinite = skip;
        one_rank_diverges(&o, (run_kind){.by = BY_MPI}, spoil_a_weight);
        o = dropout_case("class_weights", &golden, &model);
        o.skip_nonfinite = skip;
        for (int shard = 0; shard < 2; shard++)
            one_rank_diverges(&o, (run_kind){BY_MPI, shard}, spoil_the_loss);
    }
}

/* A request of one rank must be in all ranks' reports of the same step. */
static void test_requests(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("trainer", &golden, &model);
    for (int shard = 0; shard < 2; shard++) {
        training t;
        training_open(&t, &o, (run_kind){BY_MPI, shard});
        for (int s = 1; s <= 6; s++) {
            if (s == 4 && rank == ranks - 1)
                cam_trainer_request(&t.trainer, CAM_REQUEST_STOP);
            step_figures f = training_step(&t, CAM_OK);
            assert_int_equal(f.requests, s >= 4 ? CAM_REQUEST_STOP : 0);
        }
        training_close(&t);
    }
}

/* --- allocations ------------------------------------------------------------------------------------------------ */

static void test_a_step_allocates_nothing(void **state) {
    (void)state;
    cam_trainer_options o = dropout_case("accumulation", &golden, &model);
    o.sampling = CAM_SAMPLING_GROUP_BY_LENGTH;
    for (int staged = 0; staged < 2; staged++)
        for (int shard = 0; shard < 2; shard++) {
            training t;
            long before_open = allocations;
            training_open(&t, &o, (run_kind){staged ? BY_MPI_STAGED : BY_MPI, shard});
            assert_true(allocations > before_open); /* the counter works */
            long before = allocations;
            for (int s = 0; s < MOST_STEPS; s++) /* beyond the end of an epoch */
                (void)training_step(&t, CAM_OK);
            assert_int_equal(allocations, before);
            training_close(&t);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_plain),
        CASE(test_accumulation),
        CASE(test_class_weights_and_smoothing),
        CASE(test_frozen_layers),
        CASE(test_frozen_encoder),
        CASE(test_student),
        CASE(test_gradient_checkpointing),
        CASE(test_rows_grouped_by_length),
        CASE(test_layerwise_decay),
        CASE(test_fewer_rows_than_ranks),
        CASE(test_masked_language_model),
        CASE(test_masked_student),
        CASE(test_encoder),
        CASE(test_several_buckets),
        CASE(test_unused_vocabulary),
        CASE(test_two_runs),
        CASE(test_staging),
        CASE(test_dropout_masks),
        CASE(test_a_nan_on_one_rank),
        CASE(test_requests),
        CASE(test_a_step_allocates_nothing),
    };
    begin_ranks();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_release();
    end_ranks();
    return failed != 0;
}
