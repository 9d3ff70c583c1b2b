/* safetensors_writer.c: the files equal those of Hugging Face's writer; a failed write leaves nothing behind. */
#include "safetensors_case.h"

#include "files.h"
#include "safetensors.h"
#include "safetensors_writer.h"
#include <dirent.h>

static const char golden[] = "tests/model/golden/model/model.safetensors";

static cam_status write_golden_again(const cam_safetensors *file, const char *path, size_t piece) {
    cam_status st = CAM_OK;
    cam_safetensors_writer *writer = NULL;
    char *bytes = malloc(piece);
    assert_non_null(bytes);
    CAM_TRY(cam_safetensors_writer_new(&writer));
    for (size_t i = file->count; i-- > 0;) {
        const cam_safetensors_tensor *t = &file->tensors[i];
        CAM_TRY(cam_safetensors_writer_declare(writer, t->name, CAM_F32, t->ndim, t->shape));
    }
    CAM_TRY(cam_safetensors_writer_begin(writer, path));
    assert_int_equal(cam_safetensors_writer_bytes(writer), file->file.bytes);
    for (size_t next; (next = cam_safetensors_writer_next(writer)) != CAM_SAFETENSORS_DONE;) {
        const cam_safetensors_tensor *t = &file->tensors[file->count - 1 - next];
        for (size_t at = 0, count; at < t->bytes; at += count) {
            count = t->bytes - at < piece ? t->bytes - at : piece;
            CAM_TRY(cam_safetensors_read(file, t, at, count, bytes));
            CAM_TRY(cam_safetensors_writer_write(writer, bytes, count));
        }
    }
    CAM_TRY(cam_safetensors_writer_commit(writer));
out:
    cam_safetensors_writer_free(writer);
    free(bytes);
    return st;
}

/* A file that is read and written again is the same, bit for bit, in any order of declaration and in pieces of any
 * size. */
static void test_golden_round_trip(void **state) {
    (void)state;
    cam_safetensors file;
    cam_mapping again, whole;
    assert_int_equal(cam_file_map(golden, CAM_E_MODEL, &whole), CAM_OK);
    assert_int_equal(cam_safetensors_open(golden, &file), CAM_OK);
    static const size_t pieces[] = {1 << 20, 1000};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(write_golden_again(&file, scratch_path("again.safetensors"), pieces[i]), CAM_OK);
        assert_int_equal(cam_file_map(scratch_path("again.safetensors"), CAM_E_MODEL, &again), CAM_OK);
        assert_int_equal(again.size, whole.size);
        assert_memory_equal(again.bytes, whole.bytes, again.size);
        cam_file_unmap(&again);
    }
    cam_file_unmap(&whole);
    cam_safetensors_close(&file);
}

/* The bytes of safetensors.numpy.save for the same five arrays: dtypes from wide to narrow, names inside a dtype. */
static void test_order(void **state) {
    (void)state;
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\"},\"wide\":{\"dtype\":\"F64\",\"shape\":[1],"
        "\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]}"
        ",\"b\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[12,12]},\"int\":{\"dtype\""
        ":\"I32\",\"shape\":[1,1],\"data_offsets\":[12,16]},\"half\":{\"dtype\":\"F16\","
        "\"shape\":[2],\"data_offsets\":[16,20]}}";
    const double wide = -0.0;
    const float a = 1.5f;
    const int32_t whole = -7;
    const uint16_t half[2] = {0x3c00, 0x0001};
    const void *data[] = {half, &a, &whole, NULL, &wide};
    const size_t bytes[] = {4, 4, 4, 0, 8};
    const int64_t two[] = {2}, one[] = {1, 1}, none[] = {0, 3};
    cam_safetensors_writer *writer;
    assert_int_equal(cam_safetensors_writer_new(&writer), CAM_OK);
    assert_int_equal(cam_safetensors_writer_declare(writer, "half", CAM_F16, 1, two), CAM_OK);
    assert_int_equal(cam_safetensors_writer_declare(writer, "a", CAM_F32, 0, NULL), CAM_OK);
    assert_int_equal(cam_safetensors_writer_declare(writer, "int", CAM_I32, 2, one), CAM_OK);
    assert_int_equal(cam_safetensors_writer_declare(writer, "b", CAM_F32, 2, none), CAM_OK);
    assert_int_equal(cam_safetensors_writer_declare(writer, "wide", CAM_F64, 1, one), CAM_OK);
    assert_int_equal(cam_safetensors_writer_begin(writer, scratch_path("order")), CAM_OK);
    static const size_t order[] = {4, 1, 2, 0, CAM_SAFETENSORS_DONE};
    for (size_t i = 0; i < 5; i++) {
        size_t next = cam_safetensors_writer_next(writer);
        assert_int_equal(next, order[i]);
        if (next != CAM_SAFETENSORS_DONE)
            assert_int_equal(cam_safetensors_writer_write(writer, data[next], bytes[next]), CAM_OK);
    }
    assert_int_equal(cam_safetensors_writer_commit(writer), CAM_OK);
    cam_safetensors_writer_free(writer);

    cam_mapping map;
    assert_int_equal(cam_file_map(scratch_path("order"), CAM_E_MODEL, &map), CAM_OK);
    size_t padded = (sizeof header - 1 + 7) / 8 * 8;
    assert_int_equal(map.size, 8 + padded + 20);
    assert_int_equal(map.bytes[0] + 256 * map.bytes[1], padded);
    assert_memory_equal(map.bytes + 8, header, sizeof header - 1);
    for (size_t i = sizeof header - 1; i < padded; i++)
        assert_int_equal(map.bytes[8 + i], ' ');
    assert_memory_equal(map.bytes + 8 + padded, &wide, 8);
    assert_memory_equal(map.bytes + 8 + padded + 16, half, 4);
    cam_file_unmap(&map);
}

static int count_files(void) {
    int count = 0;
    DIR *folder = opendir(scratch);
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 2;
}

/* The old file stays complete, and readable where it is open, until the new one is complete. */
static void test_abandoned_and_replaced(void **state) {
    (void)state;
    static const int64_t shape[] = {4};
    static const float ones[4] = {1, 1, 1, 1};
    cam_safetensors old;
    assert_int_equal(cam_safetensors_open(golden, &old), CAM_OK);
    assert_int_equal(write_golden_again(&old, scratch_path("model"), 4096), CAM_OK);
    cam_safetensors_close(&old);
    int files = count_files();
    assert_int_equal(cam_safetensors_open(scratch_path("model"), &old), CAM_OK);

    for (int commit = 0; commit < 2; commit++) {
        cam_safetensors_writer *writer;
        assert_int_equal(cam_safetensors_writer_new(&writer), CAM_OK);
        assert_int_equal(cam_safetensors_writer_declare(writer, "x", CAM_F32, 1, shape), CAM_OK);
        assert_int_equal(cam_safetensors_writer_begin(writer, scratch_path("model")), CAM_OK);
        assert_int_equal(count_files(), files + 1);
        assert_int_equal(cam_safetensors_writer_write(writer, ones, sizeof ones), CAM_OK);
        if (commit)
            assert_int_equal(cam_safetensors_writer_commit(writer), CAM_OK);
        cam_safetensors_writer_free(writer);
        assert_int_equal(count_files(), files);
        cam_safetensors now;
        assert_int_equal(cam_safetensors_open(scratch_path("model"), &now), CAM_OK);
        assert_int_equal(now.count, commit ? 1 : old.count);
        cam_safetensors_close(&now);
    }
    cam_mapping first;
    assert_int_equal(cam_file_map(golden, CAM_E_MODEL, &first), CAM_OK);
    char *bytes = malloc(first.size);
    assert_non_null(bytes);
    assert_int_equal(old.file.bytes, first.size);
    assert_int_equal(cam_file_reader_read(&old.file, 0, first.size, bytes), CAM_OK);
    assert_memory_equal(bytes, first.bytes, first.size);
    free(bytes);
    cam_file_unmap(&first);
    cam_safetensors_close(&old);
}

static void test_no_folder(void **state) {
    (void)state;
    cam_safetensors_writer *writer;
    assert_int_equal(cam_safetensors_writer_new(&writer), CAM_OK);
    assert_int_equal(cam_safetensors_writer_begin(writer, scratch_path("absent/model")), CAM_E_STORAGE);
    assert_message("absent/model");
    cam_safetensors_writer_free(writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_round_trip),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_abandoned_and_replaced),
        cmocka_unit_test(test_no_folder),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
