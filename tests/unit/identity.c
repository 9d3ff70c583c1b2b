/* identity.c: the hash of a model's open files: known answers, files of several pieces and several files; every byte
 * counts; a file that was replaced by another name is still the one that was opened, and one that was written to is
 * refused. */
#include "safetensors_case.h"

#include "weights.h"
#include <fcntl.h>
#include <sys/stat.h>

/* Two whole pieces and a short one (identity_internal.h). */
enum { BYTES = (9 << 20) + 5, FEW = 100, PAGE = 4096 };
static unsigned char values[BYTES];

/* The known answers are those of Python's hashlib, for the same files and the formula of identity_internal.h. */
static const char ONE_FILE[] = "d6317533c29beb529af843553b55074ae5322a15856c97e201570636b6521d39";
static const char TWO_FILES[] = "3b488f264ac6d75e1a2ec76219e4e538fc5fbffab91b2aca88c12f8f85b0b44a";
static const char GOLDEN[] = "cce8926ad2798984e57a56574e68fef8999e999567ca9368861e5d98aca06f8d";

static void write_file(const char *name, const char *tensor, size_t count) {
    char header[128];
    int length = snprintf(header, sizeof header, "{\"%s\":{\"dtype\":\"U8\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}}",
                          tensor, count, count);
    scratch_safetensors(name, header, (size_t)length, values, count);
}

static void assert_identity(const cam_weights *weights, const char *due, int same) {
    char hex[CAM_WEIGHTS_IDENTITY_BYTES];
    assert_int_equal(cam_weights_identity(weights, hex), CAM_OK);
    if (same)
        assert_string_equal(hex, due);
    else
        assert_string_not_equal(hex, due);
}

static void assert_identity_of(const char *folder, const char *due, int same) {
    cam_weights *weights;
    assert_int_equal(cam_weights_open(folder, &weights), CAM_OK);
    assert_identity(weights, due, same);
    cam_weights_close(weights);
}

static void test_known_answers(void **state) {
    (void)state;
    assert_identity_of("tests/model/golden/model", GOLDEN, 1);
    write_file("model.safetensors", "a", BYTES);
    assert_identity_of(scratch, ONE_FILE, 1);
}

static void test_every_byte_counts(void **state) {
    (void)state;
    static const size_t at[] = {0, PAGE, 4 << 20, (8 << 20) + 77, BYTES - 1};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        values[at[i]] ^= 0x80;
        write_file("model.safetensors", "a", BYTES);
        assert_identity_of(scratch, ONE_FILE, 0);
        values[at[i]] ^= 0x80;
    }
    write_file("model.safetensors", "a", BYTES - 1);
    assert_identity_of(scratch, ONE_FILE, 0);
}

static void test_shards(void **state) {
    (void)state;
    static const char index[] = "{\"weight_map\":{\"a\":\"1.safetensors\",\"b\":\"2.safetensors\"}}";
    unlink(scratch_path("model.safetensors"));
    write_file("1.safetensors", "a", BYTES);
    write_file("2.safetensors", "b", FEW);
    scratch_write("model.safetensors.index.json", index, strlen(index));
    assert_identity_of(scratch, TWO_FILES, 1);
    write_file("2.safetensors", "b", FEW + 1);
    assert_identity_of(scratch, TWO_FILES, 0);
}

static void test_replaced_and_changed(void **state) {
    (void)state;
    static const struct timespec earlier[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    cam_weights *weights;
    char hex[CAM_WEIGHTS_IDENTITY_BYTES];
    write_file("model.safetensors", "a", BYTES);
    assert_int_equal(utimensat(AT_FDCWD, scratch_path("model.safetensors"), earlier, 0), 0);
    assert_int_equal(cam_weights_open(scratch, &weights), CAM_OK);
    assert_int_equal(link(scratch_path("model.safetensors"), scratch_path("before")), 0);
    write_file("other", "a", FEW);
    assert_int_equal(rename(scratch_path("other"), scratch_path("model.safetensors")), 0);
    assert_identity(weights, ONE_FILE, 1);
    write_file("before", "a", BYTES); /* the open file, under its other name */
    assert_int_equal(cam_weights_identity(weights, hex), CAM_E_MODEL);
    assert_message("was changed while it was read");
    assert_int_equal(truncate(scratch_path("before"), 5 << 20), 0);
    assert_int_equal(cam_weights_identity(weights, hex), CAM_E_MODEL);
    assert_message("was cut short while it was read");
    cam_weights_close(weights);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_replaced_and_changed),
    };
    for (size_t i = 0; i < BYTES; i++)
        values[i] = (unsigned char)(i / PAGE % 251);
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
