/* checkpoint_hostile.c: manifests that nobody wrote by cam-train. Each is refused with a message, whether its own hash is
 * right or not. */
#include "checkpoint_case.h"
#include <openssl/evp.h>

/* Puts a text, which is JSON up to the last member, as checkpoint-1/manifest.json with its hash. */
static void put_sealed(const tree *t, const char *text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    cam_strbuf sealed = CAM_STRBUF_INIT;
    cam_strbuf_puts(&sealed, text);
    assert_true(EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL));
    cam_strbuf_puts(&sealed, ",\"manifest_sha256\":\"");
    for (int i = 0; i < 32; i++)
        cam_strbuf_printf(&sealed, "%02x", digest[i]);
    cam_strbuf_puts(&sealed, "\"}\n");
    tree_write(t, "checkpoint-1/manifest.json", sealed.text, sealed.length);
    cam_strbuf_release(&sealed);
}

static cam_status open_one(const tree *t) {
    cam_checkpoint_reader reader;
    char *path = cam_checkpoint_path(t->root, 1);
    cam_status st = cam_checkpoint_open(&reader, path);
    if (st == CAM_OK)
        st = cam_checkpoint_verify(&reader);
    cam_checkpoint_close(&reader);
    free(path);
    return st;
}

static void expect(const tree *t, const char *said) {
    cam_status_clear();
    if (open_one(t) != CAM_E_MODEL)
        fail_msg("accepted, where it should say: %s", said);
    assert_says(said);
    assert_says("checkpoint-1/");
}

/* Refused, and not listed either. */
static void expect_no_checkpoint(const tree *t, const char *said) {
    expect(t, said);
    assert_steps(t->root, "r", "");
}

#define ZEROS                           "0000000000000000000000000000000000000000000000000000000000000000"
#define ABC                             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define HEAD                            "{\"format\":1,\"run_id\":\"r\",\"step\":1,\"files\":["
#define FILE_ENTRY(name, bytes, sha256) "{\"name\":" name ",\"bytes\":" bytes ",\"sha256\":\"" sha256 "\"}"

/* The form that all the others differ from in one thing. */
static void a_sealed_manifest_is_accepted(void **state) {
    const tree *t = *state;
    tree_write_text(t, "checkpoint-1/a", "abc");
    put_sealed(t, HEAD FILE_ENTRY("\"a\"", "3", ABC) "]");
    assert_ok(open_one(t));
    put_sealed(t, HEAD "]");
    assert_ok(open_one(t));
    put_sealed(t, HEAD "],\"member_of_a_later_version\":[{}]");
    assert_ok(open_one(t));
    assert_steps(t->root, "r", "1 ");
}

static void members_that_are_wrong(void **state) {
    const tree *t = *state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"{\"format\":2,\"run_id\":\"r\",\"step\":1,\"files\":[]", "has format 2, which this cam-train does not know"},
        {"{\"format\":0,\"run_id\":\"r\",\"step\":1,\"files\":[]", "has format 0,"},
        {"{\"format\":-1,\"run_id\":\"r\",\"step\":1,\"files\":[]", "has format -1,"},
        {"{\"format\":1.0,\"run_id\":\"r\",\"step\":1,\"files\":[]", "has no number \"format\""},
        {"{\"format\":\"1\",\"run_id\":\"r\",\"step\":1,\"files\":[]", "has no number \"format\""},
        {"{\"run_id\":\"r\",\"step\":1,\"files\":[]", "has no number \"format\""},
        {"{\"format\":1,\"step\":1,\"files\":[]", "has no text \"run_id\""},
        {"{\"format\":1,\"run_id\":7,\"step\":1,\"files\":[]", "has no text \"run_id\""},
        {"{\"format\":1,\"run_id\":\"r\",\"files\":[]", "\"step\" is no step"},
        {"{\"format\":1,\"run_id\":\"r\",\"step\":-1,\"files\":[]", "\"step\" is no step"},
        {"{\"format\":1,\"run_id\":\"r\",\"step\":1.5,\"files\":[]", "\"step\" is no step"},
        {"{\"format\":1,\"run_id\":\"r\",\"step\":\"1\",\"files\":[]", "\"step\" is no step"},
        {"{\"format\":1,\"run_id\":\"r\",\"step\":1", "has no array \"files\""},
        {"{\"format\":1,\"run_id\":\"r\",\"step\":1,\"files\":{}", "has no array \"files\""},
        {"{\"format\":1,\"run_id\":\"r\",\"step\":99999999999999999999,\"files\":[]", "is not JSON"},
        {"{\"format\":1,\"format\":1,\"run_id\":\"r\",\"step\":1,\"files\":[]", "is not JSON"},
        {"{\"format\":1,\"run_id\":\"\\u0000\",\"step\":1,\"files\":[]", "is not JSON"},
        {"{\"format\":1,\"run_id\":\"\xff\",\"step\":1,\"files\":[]", "is not JSON"},
        {HEAD "1]", "names a file as no file of a checkpoint is named"},
        {HEAD "{}]", "names a file as no file"},
        {HEAD FILE_ENTRY("3", "3", ABC) "]", "names a file as no file"},
        {HEAD FILE_ENTRY("\"\"", "3", ABC) "]", "names a file as no file"},
        {HEAD FILE_ENTRY("\"..\"", "3", ABC) "]", "names a file as no file"},
        {HEAD FILE_ENTRY("\"../a\"", "3", ABC) "]", "names a file as no file"},
        {HEAD FILE_ENTRY("\"/etc/passwd\"", "3", ABC) "]", "names a file as no file"},
        {HEAD FILE_ENTRY("\"x/../../a\"", "3", ABC) "]", "names a file as no file"},
        {HEAD FILE_ENTRY("\".hidden\"", "3", ABC) "]", "names a file as no file"},
        {HEAD FILE_ENTRY("\"manifest.json\"", "3", ABC) "]", "names a file as no file"},
        {HEAD FILE_ENTRY("\"a\\n\"", "3", ABC) "]", "names a file as no file"},
        {HEAD FILE_ENTRY("\"a\\u0000b\"", "3", ABC) "]", "is not JSON"},
        {HEAD FILE_ENTRY("\"a\"", "3", ABC) "," FILE_ENTRY("\"a\"", "3", ABC) "]", "names \"a\" twice"},
        {HEAD FILE_ENTRY("\"a\"", "-3", ABC) "]", "\"bytes\" of \"a\" is no size"},
        {HEAD FILE_ENTRY("\"a\"", "3.0", ABC) "]", "\"bytes\" of \"a\" is no size"},
        {HEAD FILE_ENTRY("\"a\"", "\"3\"", ABC) "]", "\"bytes\" of \"a\" is no size"},
        {HEAD FILE_ENTRY("\"a\"", "18446744073709551619", ABC) "]", "is not JSON"},
        {HEAD FILE_ENTRY("\"a\"", "4", ABC) "]", "has 3 bytes, the manifest says 4"},
        {HEAD FILE_ENTRY("\"a\"", "9223372036854775807", ABC) "]", "the manifest says 9223372036854775807"},
        {HEAD FILE_ENTRY("\"b\"", "3", ABC) "]", "checkpoint-1/b\": No such file"},
        {HEAD FILE_ENTRY("\"a\"", "3", ZEROS) "]", "the manifest says " ZEROS},
        {HEAD FILE_ENTRY("\"a\"", "3", ABC "0") "]", "is not 64 hexadecimal digits"},
        {HEAD FILE_ENTRY("\"a\"", "3", "ab") "]", "is not 64 hexadecimal digits"},
        {HEAD FILE_ENTRY("\"a\"", "3", "") "]", "is not 64 hexadecimal digits"},
        {HEAD FILE_ENTRY("\"a\"", "3", "G" ZEROS) "]", "is not 64 hexadecimal digits"},
        {HEAD "{\"name\":\"a\",\"bytes\":3}]", "is not 64 hexadecimal digits"},
        {HEAD "{\"name\":\"a\",\"sha256\":\"" ABC "\"}]", "\"bytes\" of \"a\" is no size"},
        {HEAD "null]", "names a file as no file"},
    };
    tree_write_text(t, "checkpoint-1/a", "abc");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_sealed(t, cases[i].text);
        expect(t, cases[i].said);
    }
}

static void texts_that_are_no_manifest(void **state) {
    const tree *t = *state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "is not JSON"},
        {"{", "is not JSON"},
        {"[]", "is not a JSON object"},
        {"null", "is not JSON"},
        {"{}", "has no number \"format\""},
        {"<html>", "is not JSON"},
        {"version https://git-lfs.github.com/spec/v1", "is not JSON"},
        {HEAD "]}", "was changed"},
        {HEAD "],\"manifest_sha256\":\"" ZEROS "\"}\n", "was changed"},
        {HEAD "],\"manifest_sha256\":\"" ZEROS "\"}", "was changed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tree_write_text(t, "checkpoint-1/manifest.json", cases[i].text);
        expect_no_checkpoint(t, cases[i].said);
    }
    tree_write(t, "checkpoint-1/manifest.json", "{\0}", 3);
    expect(t, "is not JSON");
}

static void nothing_without_bound(void **state) {
    const tree *t = *state;
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, HEAD);
    for (int i = 0; i < 100000; i++)
        cam_strbuf_putc(&text, '[');
    tree_write(t, "checkpoint-1/manifest.json", text.text, text.length);
    expect(t, "is not JSON");
    cam_strbuf_clear(&text);

    cam_strbuf_puts(&text, HEAD);
    for (int i = 0; i <= 10000; i++)
        cam_strbuf_puts(&text, i ? ",0" : "0");
    cam_strbuf_puts(&text, "]");
    put_sealed(t, text.text);
    expect_no_checkpoint(t, "names 10001 files, more than 10000");
    cam_strbuf_clear(&text);

    cam_strbuf_puts(&text, "{\"format\":1,\"run_id\":\"");
    for (int i = 0; i < 1001; i++)
        cam_strbuf_putc(&text, 'r');
    cam_strbuf_puts(&text, "\",\"step\":1,\"files\":[]");
    put_sealed(t, text.text);
    expect_no_checkpoint(t, "has no text \"run_id\"");
    cam_strbuf_clear(&text);

    cam_strbuf_resize(&text, ((size_t)1 << 22) + 1);
    memset(text.text, ' ', text.length);
    tree_write(t, "checkpoint-1/manifest.json", text.text, text.length);
    expect_no_checkpoint(t, "is larger than 4194304 bytes");
    cam_strbuf_release(&text);
}

/* What a hostile manifest names outside its folder, or besides it, is not removed with it. */
static void a_removal_stays_in_the_folder(void **state) {
    const tree *t = *state;
    tree_write_text(t, "victim", "x");
    tree_write_text(t, "checkpoint-1/a", "abc");
    put_sealed(t, HEAD FILE_ENTRY("\"../victim\"", "1", ZEROS) "]");
    assert_ok(cam_checkpoint_remove_run(t->root, "r"));
    assert_names(t->root, "checkpoint-1 victim ");
    put_sealed(t, HEAD FILE_ENTRY("\"a\"", "3", ABC) "]");
    assert_ok(cam_checkpoint_remove_run(t->root, "r"));
    assert_names(t->root, "victim ");
}

/* Devices, pipes and links to what is not there. */
static void files_that_are_no_files(void **state) {
    const tree *t = *state;
    char *path = tree_path(t, "checkpoint-1/a"), *manifest = tree_path(t, "checkpoint-1/manifest.json");
    put_sealed(t, HEAD FILE_ENTRY("\"a\"", "3", ABC) "]");
    assert_int_equal(symlink("/dev/zero", path), 0);
    expect(t, "has 0 bytes, the manifest says 3");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("nowhere", path), 0);
    expect(t, "No such file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect(t, "has 0 bytes, the manifest says 3");
    assert_int_equal(unlink(manifest), 0);
    assert_int_equal(mkfifo(manifest, 0600), 0);
    expect(t, "is not JSON");
    assert_int_equal(unlink(manifest), 0);
    assert_int_equal(mkdir(manifest, 0700), 0);
    expect(t, "Is a directory");
    free(manifest);
    free(path);
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TREE_TEST(a_sealed_manifest_is_accepted), TREE_TEST(members_that_are_wrong),
        TREE_TEST(texts_that_are_no_manifest),    TREE_TEST(nothing_without_bound),
        TREE_TEST(a_removal_stays_in_the_folder), TREE_TEST(files_that_are_no_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
