/* calibrated_head: the two tensors of the last layer are divided, all other bytes stay; the file is replaced, not changed; a
 * file that cannot be divided stays as it is. */
#include "calibrated_head.h"
#include "files.h"
#include "safetensors.h"
#include "safetensors_case.h"
#include "safetensors_writer.h"

/* The weights are longer than a block of the copy. */
enum { LABELS = 3, HIDDEN = 100003, OTHER = 300001 };

static const char *const names[] = {"classifier.dense.bias", "classifier.out_proj.bias", "classifier.out_proj.weight",
                                    "roberta.x"};

static int64_t count_of(size_t tensor) {
    static const int64_t counts[] = {OTHER, LABELS, (int64_t)LABELS * HIDDEN, 2};
    return counts[tensor];
}

static float value_of(size_t tensor, int64_t i) {
    return (float)((double)(i % 1009) / 7 - 60 + (double)tensor);
}

static const char *write_model(const char *name, size_t tensors, cam_dtype dtype) {
    cam_safetensors_writer *writer = NULL;
    const char *path = scratch_path(name);
    float *values = malloc(sizeof *values * (size_t)LABELS * HIDDEN);
    assert_non_null(values);
    assert_int_equal(cam_safetensors_writer_new(&writer), CAM_OK);
    for (size_t t = 0; t < tensors; t++) {
        int64_t count = count_of(t);
        assert_int_equal(cam_safetensors_writer_declare(writer, names[t], dtype, 1, &count), CAM_OK);
    }
    assert_int_equal(cam_safetensors_writer_begin(writer, path), CAM_OK);
    for (size_t t; (t = cam_safetensors_writer_next(writer)) != CAM_SAFETENSORS_DONE;) {
        for (int64_t i = 0; i < count_of(t); i++)
            values[i] = value_of(t, i);
        assert_int_equal(cam_safetensors_writer_write(writer, values, (size_t)count_of(t) * cam_dtype_size(dtype)),
                         CAM_OK);
    }
    assert_int_equal(cam_safetensors_writer_commit(writer), CAM_OK);
    cam_safetensors_writer_free(writer);
    free(values);
    return path;
}

static void assert_divided(const char *path, double temperature) {
    cam_safetensors file;
    float *values = malloc(sizeof *values * (size_t)LABELS * HIDDEN);
    assert_non_null(values);
    assert_int_equal(cam_safetensors_open(path, &file), CAM_OK);
    assert_int_equal(file.count, 4);
    for (size_t t = 0; t < 4; t++) {
        const cam_safetensors_tensor *tensor = cam_safetensors_find(&file, names[t]);
        double divisor = t == 1 || t == 2 ? temperature : 1;
        assert_int_equal(tensor->count, count_of(t));
        assert_int_equal(cam_safetensors_read(&file, tensor, 0, (size_t)tensor->bytes, values), CAM_OK);
        for (int64_t i = 0; i < tensor->count; i++)
            if (values[i] != (float)(value_of(t, i) / divisor))
                fail_msg("%s, value %lld: %g", names[t], (long long)i, values[i]);
    }
    cam_safetensors_close(&file);
    free(values);
}

static void test_divide(void **state) {
    (void)state;
    const char *path = write_model("model.safetensors", 4, CAM_F32), *kept = scratch_path("kept.safetensors");
    assert_int_equal(link(path, kept), 0);
    assert_int_equal(cam_head_divide(path, 1.37), CAM_OK);
    assert_divided(path, 1.37);
    assert_divided(kept, 1); /* as a checkpoint has it */
    assert_false(cam_file_is_same(path, kept));
}

static void assert_refused(const char *path, cam_status expected) {
    cam_strbuf before = CAM_STRBUF_INIT, after = CAM_STRBUF_INIT;
    assert_int_equal(cam_file_read(path, 1 << 24, CAM_E_MODEL, &before), CAM_OK);
    assert_int_equal(cam_head_divide(path, 2), expected);
    assert_int_equal(cam_file_read(path, 1 << 24, CAM_E_MODEL, &after), CAM_OK);
    assert_int_equal(after.length, before.length);
    assert_memory_equal(after.text, before.text, before.length);
    cam_strbuf_release(&before);
    cam_strbuf_release(&after);
}

static void test_refused(void **state) {
    (void)state;
    assert_refused(write_model("encoder.safetensors", 2, CAM_F32), CAM_E_MODEL);
    assert_message("has no \"classifier.out_proj.weight\" in float32");
    assert_refused(write_model("half.safetensors", 4, CAM_F16), CAM_E_MODEL);
    assert_message("in float32");
    assert_refused(scratch_write("other", "no model", 8), CAM_E_MODEL);
    assert_int_equal(cam_head_divide(scratch_path("none"), 2), CAM_E_MODEL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_divide), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
