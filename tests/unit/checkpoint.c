/* checkpoint.c: checkpoints are written, read, damaged, replaced, rotated and removed. */
#include "checkpoint_case.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>

/* --- writing and reading ------------------------------------------------------------------------------------------- */

static void what_was_written_is_read(void **state) {
    const tree *t = *state;
    cam_checkpoint_reader reader;
    char *path = cam_checkpoint_path(t->root, 30), bytes[PAGES_BYTES];
    write_step(t, 30);
    assert_names(t->root, "checkpoint-30 ");
    assert_names(path, "empty manifest.json state.json weights.bin ");
    assert_ok(cam_checkpoint_open(&reader, path));
    assert_ok(cam_checkpoint_verify(&reader));
    assert_int_equal(reader.step, 30);
    assert_string_equal(reader.run_id, "run-1");
    assert_int_equal(reader.count, CASE_FILES);
    assert_string_equal(reader.entries[0].name, "state.json");
    const cam_checkpoint_entry *weights = cam_checkpoint_find(&reader, "weights.bin");
    assert_non_null(weights);
    assert_int_equal(weights->bytes, PAGES_BYTES);
    assert_ok(cam_checkpoint_read(weights, 0, PAGES_BYTES, bytes));
    assert_memory_equal(bytes, case_pages, PAGES_BYTES);
    assert_ok(cam_checkpoint_read(weights, 4095, 3, bytes));
    assert_memory_equal(bytes, case_pages + 4095, 3);
    assert_ok(cam_checkpoint_read(weights, PAGES_BYTES, 0, bytes));
    assert_int_equal(cam_checkpoint_read(weights, PAGES_BYTES - 1, 2, bytes), CAM_E_MODEL);
    assert_says("weights.bin\" has 12305 bytes: it does not reach to byte 12306");
    assert_int_equal(cam_checkpoint_read(weights, UINT64_MAX, 2, bytes), CAM_E_MODEL);
    assert_null(cam_checkpoint_find(&reader, "weights"));
    assert_string_equal(cam_checkpoint_find(&reader, "empty")->sha256,
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    cam_checkpoint_close(&reader);
    cam_checkpoint_close(&reader);
    free(path);
}

/* The manifest is a contract with other versions. */
static void the_manifest_is_as_documented(void **state) {
    const tree *t = *state;
    static const cam_checkpoint_file file = {.name = "a", .bytes = "abc", .count = 3};
    cam_checkpoint c = case_checkpoint(t, 5);
    char *path = tree_path(t, "checkpoint-5/manifest.json");
    c.files = &file;
    c.count = 1;
    assert_ok(cam_checkpoint_write(&c));
    cam_strbuf text = tree_read_path(path);
    assert_string_equal(
        text.text, "{\"format\":1,\"run_id\":\"run-1\",\"step\":5,\"files\":[{\"name\":\"a\",\"bytes\":3,\"sha256\":"
                   "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}],\"manifest_sha256\":"
                   "\"5180513a0ba9b2b41b7869e31f67d608b10f39690f7a0dc87fd69aaf2c8e45d5\"}\n");
    cam_strbuf_release(&text);
    free(path);
}

/* The files of an open checkpoint are read after it was removed. */
static void an_open_checkpoint_survives_its_removal(void **state) {
    const tree *t = *state;
    cam_checkpoint_reader reader;
    char *path = cam_checkpoint_path(t->root, 1), byte;
    write_step(t, 1);
    assert_ok(cam_checkpoint_open(&reader, path));
    assert_ok(cam_checkpoint_remove_run(t->root, "run-1"));
    assert_names(t->root, "");
    assert_ok(cam_checkpoint_verify(&reader));
    assert_ok(cam_checkpoint_read(&reader.entries[2], 1, 1, &byte));
    assert_int_equal(byte, case_pages[1]);
    cam_checkpoint_close(&reader);
    assert_int_equal(cam_checkpoint_open(&reader, path), CAM_E_MODEL);
    assert_says("cannot open \"");
    assert_says("checkpoint-1/manifest.json\": No such file");
    free(path);
}

static void a_folder_that_is_renamed_meanwhile_is_followed(void **state) {
    const tree *t = *state;
    char *before = tree_path(t, "out"), *after = tree_path(t, "moved"), through[60];
    assert_ok(cam_directory_make(before));
    int fd = open(before, O_RDONLY | O_DIRECTORY);
    assert_int_equal(rename(before, after), 0);
    snprintf(through, sizeof through, "/proc/self/fd/%d", fd);
    cam_checkpoint c = case_checkpoint(t, 3);
    c.folder = through;
    assert_ok(cam_checkpoint_write(&c));
    assert_ok(verify_step(after, 3));
    assert_ok(verify_step(through, 3));
    c.folder = "/proc/self/fd/9999";
    assert_int_equal(cam_checkpoint_write(&c), CAM_E_STORAGE);
    close(fd);
    free(after);
    free(before);
}

/* Whether the file system lets two files share blocks. */
static int clones(const tree *t, const char *from) {
    char *path = tree_path(t, "clone");
    int source = open(from, O_RDONLY), clone = open(path, O_WRONLY | O_CREAT, 0600);
    int can = ioctl(clone, FICLONE, source) == 0;
    close(source);
    close(clone);
    unlink(path);
    free(path);
    return can;
}

static void files_like_others_are_linked_or_copied(void **state) {
    const tree *t = *state;
    cam_checkpoint_file files[2] = {{.name = "model.safetensors"}, {.name = "state.json", .bytes = "{}", .count = 2}};
    char *like = tree_path(t, "model.safetensors"), *placed = tree_path(t, "checkpoint-4/model.safetensors");
    struct stat of_like, of_placed, of_root, of_memory;
    tree_write(t, "model.safetensors", case_pages, PAGES_BYTES);
    files[0].like = like;
    cam_checkpoint c = case_checkpoint(t, 4);
    c.files = files;
    c.count = 2;
    assert_ok(cam_checkpoint_write(&c));
    assert_ok(verify_step(t->root, 4));
    assert_int_equal(stat(like, &of_like), 0);
    assert_int_equal(stat(placed, &of_placed), 0);
    assert_true((of_placed.st_ino != of_like.st_ino) == clones(t, like));
    /* a new file of that name leaves the checkpoint as it was */
    tree_write_text(t, "model.safetensors", "another model");
    assert_ok(verify_step(t->root, 4));
    assert_ok(cam_checkpoint_remove_run(t->root, "run-1"));
    assert_true(exists_in(t, "model.safetensors"));

    /* through a link: the checkpoint has the file, not the link */
    char *link_to = tree_path(t, "link");
    assert_int_equal(symlink(like, link_to), 0);
    files[0].like = link_to;
    assert_ok(cam_checkpoint_write(&c));
    assert_int_equal(lstat(placed, &of_placed), 0);
    assert_true(S_ISREG(of_placed.st_mode));
    free(link_to);

    /* on another file system: only a copy can be made */
    char far[] = "/dev/shm/cam-checkpoint-XXXXXX";
    int fd = mkstemp(far);
    if (fd < 0 || fstat(fd, &of_memory) != 0 || stat(t->root, &of_root) != 0 || of_memory.st_dev == of_root.st_dev) {
        print_message("SKIP: no second file system: no file was copied\n");
    } else {
        assert_int_equal(write(fd, case_pages, PAGES_BYTES), PAGES_BYTES);
        files[0].like = far;
        assert_ok(cam_checkpoint_write(&c));
        assert_ok(verify_step(t->root, 4));
        char *folder = cam_checkpoint_path(t->root, 4);
        assert_names(folder, "manifest.json model.safetensors state.json ");
        free(folder);
    }
    if (fd >= 0) {
        close(fd);
        unlink(far);
    }
    files[0].like = "/no/such/file";
    c.step = 6;
    assert_int_equal(cam_checkpoint_write(&c), CAM_E_MODEL);
    assert_says("/no/such/file");
    assert_false(exists_in(t, "checkpoint-6"));
    assert_false(exists_in(t, ".checkpoint-6.tmp-host-7"));
    free(placed);
    free(like);
}

static void names_that_no_file_may_have(void **state) {
    (void)state;
    static const char *const bad[] = {"",     ".",    "..",   ".x",     "a/b",          "/a",
                                      "a\nb", "\x7f", "lock", "part-1", "manifest.json"};
    static const char *const good[] = {"a", "a.b", "a..b", "part", "locks", "Manifest.json", "\xC3\xA9t\xC3\xA9 \\ \""};
    char longest[202];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(cam_checkpoint_name_is_valid(bad[i]));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(cam_checkpoint_name_is_valid(good[i]));
    memset(longest, 'x', sizeof longest);
    longest[201] = '\0';
    assert_false(cam_checkpoint_name_is_valid(longest));
    longest[200] = '\0';
    assert_true(cam_checkpoint_name_is_valid(longest));
}

static void too_little_room_is_told_before_the_first_byte(void **state) {
    const tree *t = *state;
    static const cam_checkpoint_file file = {.name = "huge", .bytes = "", .count = (size_t)1 << 52};
    cam_checkpoint c = case_checkpoint(t, 8);
    c.files = &file;
    c.count = 1;
    write_step(t, 7);
    assert_int_equal(cam_checkpoint_write(&c), CAM_E_STORAGE);
    assert_says("checkpoint-8\": No space left on device; the checkpoint needs 4503599.6 GB, and ");
    assert_says(" are free there");
    assert_names(t->root, "checkpoint-7 ");
    assert_ok(verify_step(t->root, 7));
}

/* --- damage -------------------------------------------------------------------------------------------------------- */

static const char *const all_files[] = {"state.json", "weights.bin", "manifest.json"};

static void one_changed_byte_is_found_in_every_file(void **state) {
    const tree *t = *state;
    write_step(t, 2);
    for (size_t f = 0; f < sizeof all_files / sizeof *all_files; f++) {
        char *folder = tree_path(t, "checkpoint-2"), *path = cam_path_join(folder, all_files[f]), byte;
        struct stat about;
        assert_int_equal(stat(path, &about), 0);
        int fd = open(path, O_RDWR);
        for (off_t at = 0; at < about.st_size; at += f == 1 ? 97 : 1) {
            assert_int_equal(pread(fd, &byte, 1, at), 1);
            for (int bit = 0; bit < 8; bit += f == 1 ? 7 : 1) {
                char changed = (char)(byte ^ (1 << bit));
                assert_int_equal(pwrite(fd, &changed, 1, at), 1);
                if (verify_step(t->root, 2) != CAM_E_MODEL)
                    fail_msg("%s: bit %d of byte %d", all_files[f], bit, (int)at);
                assert_says(all_files[f]);
            }
            assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        }
        close(fd);
        free(path);
        free(folder);
    }
    assert_ok(verify_step(t->root, 2));
}

static void the_message_has_both_hashes(void **state) {
    const tree *t = *state;
    static const cam_checkpoint_file file = {.name = "a", .bytes = "abc", .count = 3};
    cam_checkpoint c = case_checkpoint(t, 5);
    c.files = &file;
    c.count = 1;
    assert_ok(cam_checkpoint_write(&c));
    tree_write_text(t, "checkpoint-5/a", "abd");
    assert_int_equal(verify_step(t->root, 5), CAM_E_MODEL);
    assert_says("checkpoint-5/a\": its sha256 is a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9, the "
                "manifest says ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void every_truncation_is_found_by_opening(void **state) {
    const tree *t = *state;
    cam_checkpoint_reader reader;
    char *folder = tree_path(t, "checkpoint-2"), *path = cam_path_join(folder, "weights.bin");
    write_step(t, 2);
    for (off_t size = 0; size < PAGES_BYTES; size += 4096) {
        tree_write(t, "checkpoint-2/weights.bin", case_pages, (size_t)size);
        assert_int_equal(cam_checkpoint_open(&reader, folder), CAM_E_MODEL);
        assert_null(reader.entries);
        assert_says("weights.bin\" has ");
        assert_says(" bytes, the manifest says 12305");
    }
    tree_write(t, "checkpoint-2/weights.bin", case_pages, PAGES_BYTES);
    assert_ok(verify_step(t->root, 2));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(cam_checkpoint_open(&reader, folder), CAM_E_MODEL);
    assert_says("weights.bin\": No such file");
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(cam_checkpoint_open(&reader, folder), CAM_E_MODEL);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(cam_checkpoint_open(&reader, folder), CAM_E_MODEL);
    free(path);
    free(folder);
}

static void a_manifest_of_any_length_but_its_own_is_refused(void **state) {
    const tree *t = *state;
    cam_checkpoint_reader reader;
    char *folder = tree_path(t, "checkpoint-2"), *path = cam_path_join(folder, "manifest.json");
    write_step(t, 2);
    cam_strbuf text = tree_read_path(path);
    for (size_t length = 0; length < text.length; length++) {
        assert_int_equal(truncate(path, (off_t)(text.length - 1 - length)), 0);
        assert_int_equal(cam_checkpoint_open(&reader, folder), CAM_E_MODEL);
    }
    cam_strbuf_putc(&text, ' ');
    tree_write(t, "checkpoint-2/manifest.json", text.text, text.length);
    assert_int_equal(cam_checkpoint_open(&reader, folder), CAM_E_MODEL);
    cam_strbuf_release(&text);
    free(path);
    free(folder);
}

/* --- lists --------------------------------------------------------------------------------------------------------- */

static void the_list_has_this_runs_complete_ones_newest_first(void **state) {
    const tree *t = *state;
    cam_checkpoint_found *found;
    size_t count;
    cam_strbuf damaged = CAM_STRBUF_INIT;
    cam_checkpoint c = case_checkpoint(t, 9999);
    c.run_id = "stale";
    char *absent = tree_path(t, "absent"), *file = tree_path(t, "checkpoint-70");
    assert_steps(absent, NULL, "");
    assert_steps(t->root, "run-1", "");
    assert_ok(cam_checkpoint_write(&c));
    write_step(t, 9);
    write_step(t, 100);
    write_step(t, 0);
    write_step(t, 20);
    write_step(t, 40);
    write_step(t, 50);
    tree_write_text(t, "checkpoint-40/manifest.json", "{");
    char *from = tree_path(t, "checkpoint-50"), *to = tree_path(t, "checkpoint-60");
    assert_int_equal(rename(from, to), 0); /* a checkpoint of another step than its name says */
    assert_ok(cam_directory_make(from));   /* of another program: it has no manifest */
    tree_write_text(t, "checkpoint-70", "a file");
    tree_write_text(t, "checkpoint-007/x", "x");
    tree_write_text(t, "checkpoint-/x", "x");
    tree_write_text(t, "checkpoint-99999999999999999999/manifest.json", "x");
    assert_steps(t->root, "run-1", "100 20 9 0 ");
    assert_steps(t->root, "stale", "9999 ");
    assert_steps(t->root, NULL, "9999 100 20 9 0 ");
    assert_steps(t->root, "run", "");
    assert_ok(cam_checkpoint_list(t->root, "run-1", &found, &count, &damaged));
    assert_non_null(strstr(damaged.text, "checkpoint-40/manifest.json\" is not JSON"));
    assert_non_null(strstr(damaged.text, "checkpoint-60\" is a checkpoint of step 50"));
    assert_null(strstr(damaged.text, "checkpoint-50\""));
    assert_null(strstr(damaged.text, "9999"));
    cam_checkpoint_list_release(found, count);
    assert_int_equal(cam_checkpoint_list(file, NULL, &found, &count, NULL), CAM_E_STORAGE);
    cam_strbuf_release(&damaged);
    free(to);
    free(from);
    free(file);
    free(absent);
}

/* --- rotation and replacement -------------------------------------------------------------------------------------- */

static void old_checkpoints_go_the_best_and_the_newest_stay(void **state) {
    const tree *t = *state;
    cam_checkpoint c = case_checkpoint(t, 5000);
    c.run_id = "another";
    assert_ok(cam_checkpoint_write(&c));
    for (int64_t step = 10; step <= 50; step += 10) {
        c = case_checkpoint(t, step);
        c.keep = 2;
        c.best_step = 20;
        assert_ok(cam_checkpoint_write(&c));
    }
    assert_steps(t->root, "run-1", "50 20 ");
    c = case_checkpoint(t, 60);
    c.keep = 3;
    assert_ok(cam_checkpoint_write(&c));
    assert_steps(t->root, "run-1", "60 50 20 ");
    c = case_checkpoint(t, 70);
    c.keep = 1;
    c.best_step = 20;
    assert_ok(cam_checkpoint_write(&c));
    assert_steps(t->root, "run-1", "70 20 ");
    c = case_checkpoint(t, 65); /* of a run that went on from an older one: it stays, and the newest, too */
    c.keep = 1;
    assert_ok(cam_checkpoint_write(&c));
    assert_steps(t->root, "run-1", "70 65 ");
    c = case_checkpoint(t, 80);
    c.keep = 1;
    c.best_step = 80;
    assert_ok(cam_checkpoint_write(&c));
    assert_names(t->root, "checkpoint-5000 checkpoint-80 ");
    assert_steps(t->root, "another", "5000 ");
}

static void a_checkpoint_of_the_same_step_is_replaced(void **state) {
    const tree *t = *state;
    static const cam_checkpoint_file file = {.name = "only", .bytes = "abc", .count = 3};
    cam_checkpoint c = case_checkpoint(t, 5);
    char *path = cam_checkpoint_path(t->root, 5);
    write_step(t, 5);
    c.files = &file;
    c.count = 1;
    assert_ok(cam_checkpoint_write(&c));
    assert_names(t->root, "checkpoint-5 ");
    assert_names(path, "manifest.json only ");
    assert_ok(verify_step(t->root, 5));
    free(path);
}

static void what_is_no_checkpoint_of_the_run_is_moved_aside(void **state) {
    const tree *t = *state;
    cam_checkpoint c = case_checkpoint(t, 5);
    c.run_id = "another";
    assert_ok(cam_checkpoint_write(&c));
    write_step(t, 5);
    assert_names(t->root, "checkpoint-5 checkpoint-5.moved-1 ");
    assert_steps(t->root, NULL, "5 ");
    assert_steps(t->root, "run-1", "5 ");
    tree_write_text(t, "checkpoint-5/manifest.json", "damaged");
    write_step(t, 5);
    assert_names(t->root, "checkpoint-5 checkpoint-5.moved-1 checkpoint-5.moved-2 ");
    tree_write_text(t, "checkpoint-6", "a file of the user");
    write_step(t, 6);
    assert_ok(verify_step(t->root, 6));
    assert_true(exists_in(t, "checkpoint-6.moved-1"));
    assert_true(exists_in(t, "checkpoint-5.moved-1/weights.bin"));
}

/* --- removing ------------------------------------------------------------------------------------------------------ */

static void a_run_is_removed_without_what_is_not_its_own(void **state) {
    const tree *t = *state;
    cam_checkpoint c = case_checkpoint(t, 9999);
    c.run_id = "another";
    assert_ok(cam_checkpoint_write(&c));
    write_step(t, 1);
    write_step(t, 2);
    tree_write_text(t, "checkpoint-2/notes.txt", "mine");
    tree_write_text(t, "checkpoint-3/x", "of another program");
    assert_ok(cam_checkpoint_remove_run(t->root, "run-1"));
    assert_names(t->root, "checkpoint-2 checkpoint-3 checkpoint-9999 ");
    char *kept = cam_checkpoint_path(t->root, 2);
    assert_names(kept, "notes.txt ");
    assert_steps(t->root, NULL, "9999 ");
    assert_ok(verify_step(t->root, 9999));
    free(kept);
}

static void leftovers_are_removed_those_of_a_living_writer_stay(void **state) {
    const tree *t = *state;
    char *lock = tree_path(t, ".checkpoint-3.tmp-host-9/lock"), *four = cam_checkpoint_path(t->root, 4);
    char *put_off = tree_path(t, ".checkpoint-4.old-1"), *exchanged = tree_path(t, ".checkpoint-5.tmp-host-9");
    char *gone = tree_path(t, ".checkpoint-6.gone-1"), *five = cam_checkpoint_path(t->root, 5);
    char *six = cam_checkpoint_path(t->root, 6);
    for (int64_t step = 4; step <= 6; step++)
        write_step(t, step);
    assert_int_equal(rename(four, put_off), 0);   /* killed while 4 was replaced in two steps */
    assert_int_equal(rename(five, exchanged), 0); /* killed after 5 was exchanged for a new one */
    assert_int_equal(rename(six, gone), 0);       /* killed while 6 was removed */
    tree_write_text(t, ".checkpoint-6.gone-1/notes.txt", "mine");
    tree_write_text(t, ".checkpoint-1.tmp-host-7/lock", "");
    tree_write_text(t, ".checkpoint-1.tmp-host-7/part-1.json.cam-tmp-9", "{");
    tree_write_text(t, ".checkpoint-1.tmp-host-7/weights.bin", "half");
    tree_write_text(t, ".checkpoint-2.tmp-host-7.dead/weights.bin", "half");
    tree_write_text(t, ".checkpoint-3.tmp-host-9/lock", "");
    tree_write_text(t, ".checkpoint-x.tmp-a/x", "");
    tree_write_text(t, ".checkpoint-1/x", "");
    tree_write_text(t, "checkpoint-1.tmp-a/x", "");
    int fd = open(lock, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_ok(cam_checkpoint_remove_leftovers(t->root));
    assert_names(t->root, ".checkpoint-1 .checkpoint-3.tmp-host-9 .checkpoint-x.tmp-a checkpoint-1.tmp-a checkpoint-4 "
                          "checkpoint-6 ");
    assert_ok(verify_step(t->root, 4));
    assert_names(six, "notes.txt ");
    close(fd);
    write_step(t, 7); /* a write removes them, too */
    assert_false(exists_in(t, ".checkpoint-3.tmp-host-9"));
    free(six);
    free(five);
    free(gone);
    free(exchanged);
    free(put_off);
    free(four);
    free(lock);
}

static void a_folder_staged_by_a_living_writer_is_no_ones_else(void **state) {
    const tree *t = *state;
    char *lock = tree_path(t, ".checkpoint-3.tmp-host-7/lock");
    cam_checkpoint c = case_checkpoint(t, 3);
    tree_write_text(t, ".checkpoint-3.tmp-host-7/lock", "");
    int fd = open(lock, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(cam_checkpoint_write(&c), CAM_E_STORAGE);
    assert_says(".checkpoint-3.tmp-host-7\" is being written by another process");
    assert_names(t->root, ".checkpoint-3.tmp-host-7 ");
    close(fd);
    write_step(t, 3);
    assert_names(t->root, "checkpoint-3 ");
    free(lock);
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TREE_TEST(what_was_written_is_read),
        TREE_TEST(the_manifest_is_as_documented),
        TREE_TEST(an_open_checkpoint_survives_its_removal),
        TREE_TEST(a_folder_that_is_renamed_meanwhile_is_followed),
        TREE_TEST(files_like_others_are_linked_or_copied),
        cmocka_unit_test(names_that_no_file_may_have),
        TREE_TEST(too_little_room_is_told_before_the_first_byte),
        TREE_TEST(one_changed_byte_is_found_in_every_file),
        TREE_TEST(the_message_has_both_hashes),
        TREE_TEST(every_truncation_is_found_by_opening),
        TREE_TEST(a_manifest_of_any_length_but_its_own_is_refused),
        TREE_TEST(the_list_has_this_runs_complete_ones_newest_first),
        TREE_TEST(old_checkpoints_go_the_best_and_the_newest_stay),
        TREE_TEST(a_checkpoint_of_the_same_step_is_replaced),
        TREE_TEST(what_is_no_checkpoint_of_the_run_is_moved_aside),
        TREE_TEST(a_run_is_removed_without_what_is_not_its_own),
        TREE_TEST(leftovers_are_removed_those_of_a_living_writer_stay),
        TREE_TEST(a_folder_staged_by_a_living_writer_is_no_ones_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
