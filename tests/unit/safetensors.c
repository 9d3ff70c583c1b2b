/* safetensors.c: every rule of the format is broken once; truncated and mutated files; a file of Hugging Face's writer.
 */
#include "safetensors_case.h"

#include "files.h"
#include "safetensors.h"
#include <time.h>

static const char golden[] = "tests/model/golden/model/model.safetensors";

static void assert_refused(const char *path, const char *fragment) {
    cam_safetensors file;
    assert_int_equal(cam_safetensors_open(path, &file), CAM_E_MODEL);
    assert_null(file.tensors);
    assert_message(path);
    assert_message(fragment);
}

#define A8                         "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"
#define B16                        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}"
#define ONE(dtype, shape, offsets) "{\"x\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static const struct {
    const char *header;
    size_t data_bytes;
    const char *fragment;
} broken[] = {
    {"", 0, "must begin with '{'"},
    {" {\"a\":" A8 "}", 8, "must begin with '{'"},
    {"[]", 0, "must begin with '{'"},
    {"{", 0, "its JSON is broken"},
    {"{\"a\":" A8 "} x", 8, "its JSON is broken"},
    {"{\"a\":" A8 ",}", 8, "its JSON is broken"},
    {"{\"a\xff\":" A8 "}", 8, "is not UTF-8"},
    {"{\"a\xc0\xaf\":" A8 "}", 8, "is not UTF-8"},
    {"{\"a\\u0000b\":" A8 "}", 8, "its JSON is broken"},
    {"{\"a\":" A8 ",\"a\":" B16 "}", 16, "holds a key twice"},
    {"{\"a\":" A8 ",\"\\u0061\":" B16 "}", 16, "holds a key twice"},
    {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "holds a key twice"},
    {"{\"\\u001b[31m\":" A8 "}", 8, "control character"},
    {"{\"a\":[[[[[[[[1]]]]]]]]}", 0, "nested deeper"},
    {"{\"a\":3}", 0, "tensor \"a\" must be an object"},
    {"{\"__metadata__\":\"pt\",\"a\":" A8 "}", 8, "\"__metadata__\" must be an object"},
    {"{\"__metadata__\":{\"format\":1},\"a\":" A8 "}", 8, "may hold strings only"},
    {"{\"x\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "tensor \"x\" has no dtype"},
    {ONE("7", "[2]", "[0,8]"), 8, "tensor \"x\" has no dtype"},
    {ONE("\"f32\"", "[2]", "[0,8]"), 8, "a dtype that safetensors does not know"},
    {ONE("\"F128\"", "[2]", "[0,8]"), 8, "a dtype that safetensors does not know"},
    {"{\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "tensor \"x\" has no shape"},
    {ONE("\"F32\"", "2", "[0,8]"), 8, "tensor \"x\" has no shape"},
    {ONE("\"F32\"", "[2.0]", "[0,8]"), 8, "whole numbers from 0"},
    {ONE("\"F32\"", "[-2]", "[0,8]"), 8, "whole numbers from 0"},
    {ONE("\"F32\"", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, "has 9 dimensions"},
    {ONE("\"F32\"", "[4294967296,4294967296]", "[0,8]"), 8, "product of its shape overflows"},
    {ONE("\"F32\"", "[9223372036854775807,2]", "[0,8]"), 8, "product of its shape overflows"},
    {ONE("\"F32\"", "[99999999999999999999]", "[0,8]"), 8, "its JSON is broken"},
    {ONE("\"F32\"", "[4611686018427387904]", "[0,8]"), 8, "size in bytes overflows"},
    {ONE("\"F4\"", "[3]", "[0,1]"), 1, "does not fill whole bytes"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "has no data_offsets"},
    {ONE("\"F32\"", "[2]", "[8]"), 8, "has no data_offsets"},
    {ONE("\"F32\"", "[2]", "[0,8,8]"), 8, "has no data_offsets"},
    {ONE("\"F32\"", "[2]", "[-8,0]"), 8, "data_offsets are whole numbers"},
    {ONE("\"F32\"", "[2]", "[0,\"8\"]"), 8, "data_offsets are whole numbers"},
    {ONE("\"F32\"", "[2]", "[8,0]"), 8, "before it begins"},
    {ONE("\"F32\"", "[2]", "[0,8]"), 7, "the file has only 7 bytes of data"},
    {ONE("\"F32\"", "[2]", "[9223372036854775800,9223372036854775807]"), 8, "the file has only 8 bytes"},
    {ONE("\"F32\"", "[3]", "[0,8]"), 8, "holds 8 bytes, its dtype and shape need 12"},
    {ONE("\"F64\"", "[2]", "[0,8]"), 8, "holds 8 bytes, its dtype and shape need 16"},
    {ONE("\"F32\"", "[2]", "[0,8]"), 9, "1 bytes follow the last tensor"},
    {"{}", 1, "1 bytes follow the last tensor"},
    {ONE("\"F32\"", "[2]", "[4,12]"), 12, "the first tensor, \"x\", begins at byte 4: holes"},
    {"{\"a\":" A8 ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]}}", 20,
     "tensor \"a\" ends at byte 8, the next begins at 12: holes are not allowed"},
    {"{\"a\":" A8 ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12,
     "tensors \"a\" and \"b\" overlap at byte 4"},
    {"{\"a\":" A8 ",\"b\":" A8 "}", 8, "overlap at byte 0"},
};

static void test_each_rule(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_refused(scratch_safetensors("broken.safetensors", broken[i].header, strlen(broken[i].header), NULL,
                                           broken[i].data_bytes),
                       broken[i].fragment);
}

static void test_lengths(void **state) {
    (void)state;
    static const unsigned char endless[] = {255, 255, 255, 255, 255, 255, 255, 127, '{', '}'};
    static const unsigned char past_limit[] = {0x41, 0x78, 0x7d, 1, 0, 0, 0, 0, '{', '}'}; /* 25,000,001 */
    static const unsigned char past_end[] = {3, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    assert_refused(scratch_write("x", "", 0), "has 0 bytes: too short");
    assert_refused(scratch_write("x", "\2\0\0\0\0\0\0", 7), "has 7 bytes: too short");
    assert_refused(scratch_write("x", endless, sizeof endless), "no safetensors file");
    assert_refused(scratch_write("x", past_limit, sizeof past_limit), "25000001 bytes, more than 25000000");
    assert_refused(scratch_write("x", past_end, sizeof past_end), "goes past the end of the file");
    assert_refused(scratch_path("absent"), "cannot open");
}

static void test_other_files(void **state) {
    (void)state;
    static const char lfs[] = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 445032417\n";
    static const char page[] = "\n<!DOCTYPE html>\n<html><head><title>Not found</title></head></html>";
    static const char zip[] = "PK\3\4\0\0\0\0archive/data.pkl";
    static const char pickle[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    assert_refused(scratch_write("x", lfs, sizeof lfs - 1), "Git LFS pointer");
    assert_refused(scratch_write("x", page, sizeof page - 1), "web page");
    assert_refused(scratch_write("x", "<HTML>302 found", 15), "web page");
    assert_refused(scratch_write("x", zip, sizeof zip - 1), "PyTorch or zip archive");
    assert_refused(scratch_write("x", pickle, sizeof pickle - 1), "no safetensors file");
}

/* Headers that would take much memory or time: each is refused in well under a second. */
static void test_costly_headers(void **state) {
    (void)state;
    static const struct {
        const char *begin, *repeat, *fragment;
    } cases[] = {
        {"{\"a\":", "[", "nested deeper"},
        {"{\"a\":[{}", ",{}", "values"},
        {"{\"__metadata__\":{\"k\":\"v\"", ",\"k\":\"v\"", "values"},
        {"{\"", "long", "its JSON is broken"},
        {"{\"a\":\"", "\\\"", "its JSON is broken"},
    };
    size_t size = CAM_SAFETENSORS_HEADER_BYTES;
    char *header = malloc(size);
    assert_non_null(header);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = strlen(cases[i].repeat), at = strlen(cases[i].begin);
        memcpy(header, cases[i].begin, at);
        for (; at + length <= size; at += length)
            memcpy(header + at, cases[i].repeat, length);
        const char *path = scratch_safetensors("costly", header, at, NULL, 0);
        clock_t start = clock();
        assert_refused(path, cases[i].fragment);
        assert_true(clock() - start < 2 * CLOCKS_PER_SEC); /* sanitizers included */
    }
    free(header);
}

static void test_legal_oddities(void **state) {
    (void)state;
    static const char header[] =
        "{\"z\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[1,9]},\"__metadata__\":{\"format\":\"pt\"},"
        "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[1,1]},"
        "\"b\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[0,1],\"note\":null},"
        "\"four\":{\"dtype\":\"F4\",\"shape\":[2,3],\"data_offsets\":[9,12]}}   ";
    cam_safetensors file;
    const char *path = scratch_safetensors("odd", header, sizeof header - 1, NULL, 12);
    assert_int_equal(cam_safetensors_open(path, &file), CAM_OK);
    assert_int_equal(file.count, 4);
    const cam_safetensors_tensor *z = cam_safetensors_find(&file, "z"), *empty = cam_safetensors_find(&file, "empty");
    assert_int_equal(z->ndim, 0);
    assert_int_equal(z->count, 1);
    assert_int_equal(z->begin, 8 + sizeof header - 1 + 1);
    assert_int_equal(empty->count, 0);
    assert_int_equal(empty->bytes, 0);
    assert_int_equal(cam_safetensors_find(&file, "four")->bytes, 3);
    assert_null(cam_safetensors_find(&file, "__metadata__"));
    cam_safetensors_close(&file);
    cam_safetensors_close(&file);
    path = scratch_safetensors("odd", "{}", 2, NULL, 0);
    assert_int_equal(cam_safetensors_open(path, &file), CAM_OK);
    assert_int_equal(file.count, 0);
    assert_null(cam_safetensors_find(&file, "x"));
    cam_safetensors_close(&file);
}

/* The file as transformers' save_pretrained wrote it. */
static void test_golden(void **state) {
    (void)state;
    cam_safetensors file;
    assert_int_equal(cam_safetensors_open(golden, &file), CAM_OK);
    assert_int_equal(file.count, 5 + 3 * 16 + 4);
    for (size_t i = 1; i < file.count; i++)
        assert_true(strcmp(file.tensors[i - 1].name, file.tensors[i].name) < 0);
    const cam_safetensors_tensor *up = cam_safetensors_find(&file, "roberta.encoder.layer.2.intermediate.dense.weight");
    assert_non_null(up);
    assert_string_equal(up->dtype, "F32");
    assert_int_equal(up->ndim, 2);
    assert_int_equal(up->shape[0], 64);
    assert_int_equal(up->shape[1], 32);
    assert_int_equal(up->bytes, 64 * 32 * 4);
    cam_safetensors_close(&file);
}

/* Every prefix of the golden file in steps of 4 KiB, and every one of its first 200 bytes. */
static void test_cut(void **state) {
    (void)state;
    cam_mapping whole;
    assert_int_equal(cam_file_map(golden, CAM_E_MODEL, &whole), CAM_OK);
    assert_true(whole.size > 100000);
    for (size_t size = 0; size < whole.size; size += size < 200 ? 1 : 4096)
        assert_refused(scratch_write("cut", whole.bytes, size), size < 8 ? "too short" : "cut short");
    assert_refused(scratch_write("cut", whole.bytes, whole.size - 1), "cut short");
    cam_file_unmap(&whole);
}

static uint64_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* A file with a few changed bytes is refused with a message, or all its tensors lie inside it. */
static void test_mutations(void **state) {
    (void)state;
    static const char header[] = "{\"__metadata__\":{\"format\":\"pt\"},\"a\":" A8 ",\"b\":" B16
                                 ",\"c\":{\"dtype\":\"I64\",\"shape\":[1,2],\"data_offsets\":[16,32]}}     ";
    static const char alphabet[] = "0123456789{}[]\":,.-\\eEtfnu \t\n\xff\xc3\0F";
    uint64_t random = 20240607;
    unsigned accepted = 0, refused = 0;
    for (int round = 0; round < 20000; round++) {
        char bytes[8 + sizeof header - 1 + 32] = {(char)(sizeof header - 1)};
        memcpy(bytes + 8, header, sizeof header - 1);
        for (uint64_t n = 1 + next_random(&random) % 3; n > 0; n--)
            bytes[next_random(&random) % (8 + sizeof header - 1)] =
                alphabet[next_random(&random) % (sizeof alphabet - 1)];
        cam_safetensors file;
        if (cam_safetensors_open(scratch_write("mutant", bytes, sizeof bytes), &file) != CAM_OK) {
            assert_true(cam_status_message()[0] != '\0');
            refused++;
            continue;
        }
        uint64_t total = 0;
        for (size_t i = 0; i < file.count; i++) {
            const cam_safetensors_tensor *t = &file.tensors[i];
            assert_true(t->begin >= 8 && t->begin + t->bytes <= sizeof bytes);
            total += t->bytes;
        }
        assert_int_equal(total, 32);
        accepted++;
        cam_safetensors_close(&file);
    }
    assert_true(accepted > 50 && refused > 10000);
}

static void test_index(void **state) {
    (void)state;
    static const char good[] = "{\"metadata\":{\"total_size\":24},\"weight_map\":{\"b\":\"model-2.safetensors\","
                               "\"c\":\"model-1.safetensors\",\"a\":\"model-2.safetensors\"}}";
    static const struct {
        const char *text, *fragment;
    } bad[] = {
        {"{}", "no \"weight_map\""},
        {"{\"weight_map\":[]}", "no \"weight_map\""},
        {"{\"weight_map\":{}}", "no \"weight_map\""},
        {"{\"weight_map\":{\"a\":1}}", "must name a file"},
        {"{\"weight_map\":{\"a\":\"../model.safetensors\"}}", "neither '/' nor \"..\""},
        {"{\"weight_map\":{\"a\":\"/etc/x.safetensors\"}}", "neither '/' nor \"..\""},
        {"{\"weight_map\":{\"a\":\"x..safetensors\"}}", "neither '/' nor \"..\""},
        {"{\"weight_map\":{\"a\":\"pytorch_model.bin\"}}", "must end in \".safetensors\""},
        {"{\"weight_map\":{\"a\":\".safetensors\"}}", "must end in \".safetensors\""},
        {"{\"weight_map\":{\"a\":\"x.safetensors\",\"a\":\"x.safetensors\"}}", "holds a key twice"},
        {"<!doctype html>", "web page"},
        {"", "must begin with '{'"},
    };
    cam_safetensors_index index;
    assert_int_equal(cam_safetensors_index_read(scratch_write("index", good, sizeof good - 1), &index), CAM_OK);
    assert_int_equal(index.count, 3);
    assert_string_equal(index.rows[0].tensor, "c");
    assert_string_equal(index.rows[0].file, "model-1.safetensors");
    assert_string_equal(index.rows[1].tensor, "a");
    assert_string_equal(index.rows[2].tensor, "b");
    cam_safetensors_index_release(&index);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *path = scratch_write("index", bad[i].text, strlen(bad[i].text));
        assert_int_equal(cam_safetensors_index_read(path, &index), CAM_E_MODEL);
        assert_message(bad[i].fragment);
        assert_null(index.rows);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule),      cmocka_unit_test(test_lengths),   cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_costly_headers), cmocka_unit_test(test_golden),    cmocka_unit_test(test_cut),
        cmocka_unit_test(test_legal_oddities), cmocka_unit_test(test_mutations), cmocka_unit_test(test_index),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
