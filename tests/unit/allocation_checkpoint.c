/* allocation_checkpoint.c: the sweep of allocation_sweep.h over the writing and the reading of checkpoints. */
#include "allocation_sweep.h"
#include "checkpoint_case.h"
#include "checkpoint_writer.h"
#include <unistd.h>

/* The sweep is about memory: it writes thousands of checkpoints, and waits for no disk. */
int fsync(int fd) {
    (void)fd;
    return 0;
}
int fdatasync(int fd) {
    (void)fd;
    return 0;
}

static cam_status write_and_rotate(const tree *t) {
    char *like = path_of(t, "like.bin"), *folder = path_of(t, "written");
    cam_checkpoint_file files[3] = {
        {.name = "a", .bytes = "abc", .count = 3}, {.name = "b", .bytes = ""}, {.name = "c"}};
    cam_status st = CAM_OK;
    files[2].like = like;
    cam_checkpoint c = case_checkpoint(t, 3);
    c.folder = folder;
    c.files = files;
    c.count = 3;
    c.keep = 1;
    CAM_TRY(cam_directory_make(folder));
    CAM_TRY(cam_checkpoint_write(&c));
    c.step = 4;
    CAM_TRY(cam_checkpoint_write(&c));
    CAM_TRY(cam_checkpoint_write(&c)); /* in the place of the same step */
    CAM_TRY(verify_step(folder, 4));
out:
    free(folder);
    free(like);
    return st;
}
SWEEP(write_and_rotate, 60)

static cam_status write_behind(const tree *t) {
    cam_checkpoint_writer *writer = NULL;
    char *folder = path_of(t, "behind");
    cam_checkpoint c = case_checkpoint(t, 3);
    cam_status st = CAM_OK;
    c.folder = folder;
    CAM_TRY(cam_directory_make(folder));
    CAM_TRY(cam_checkpoint_writer_open(&writer));
    cam_checkpoint_writer_start(writer, &c);
    CAM_TRY(cam_checkpoint_writer_wait(writer, NULL));
out:
    cam_checkpoint_writer_close(writer);
    free(folder);
    return st;
}
SWEEP(write_behind, 10)

static cam_status list_open_verify(const tree *t) {
    cam_checkpoint_found *found = NULL;
    size_t count = 0;
    cam_checkpoint_reader reader = {0};
    char *folder = path_of(t, "read");
    cam_status st = CAM_OK;
    CAM_TRY(cam_checkpoint_list(folder, "run-1", &found, &count, NULL));
    assert_int_equal(count, 2);
    CAM_TRY(cam_checkpoint_open(&reader, found[0].path));
    CAM_TRY(cam_checkpoint_verify(&reader));
    assert_non_null(cam_checkpoint_find(&reader, "weights.bin"));
out:
    cam_checkpoint_close(&reader);
    cam_checkpoint_list_release(found, count);
    free(folder);
    return st;
}
SWEEP(list_open_verify, 40)

static cam_status remove_leftovers(const tree *t) {
    char *folder = path_of(t, "left");
    cam_status st = CAM_OK;
    cam_checkpoint c = case_checkpoint(t, 1);
    c.folder = folder;
    int armed = allocator.armed; /* what the test itself writes does not fail */
    allocator.armed = 0;
    tree_write_text(t, "left/.checkpoint-1.tmp-a/part-0.json", "{}");
    allocator.armed = armed;
    CAM_TRY(cam_checkpoint_write(&c));
    CAM_TRY(cam_checkpoint_remove_run(folder, "run-1"));
out:
    free(folder);
    return st;
}
SWEEP(remove_leftovers, 10)

static int setup(void **state) {
    int failed = sweep_setup(state);
    const tree *t = *state;
    if (failed)
        return failed;
    tree_write(t, "like.bin", case_pages, PAGES_BYTES);
    tree_write_text(t, "read/x", "");
    cam_checkpoint c = case_checkpoint(t, 1);
    char *folder = path_of(t, "read");
    c.folder = folder;
    assert_ok(cam_checkpoint_write(&c));
    c.step = 2;
    assert_ok(cam_checkpoint_write(&c));
    free(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_and_rotate),
        cmocka_unit_test(test_write_behind),
        cmocka_unit_test(test_list_open_verify),
        cmocka_unit_test(test_remove_leftovers),
    };
    return cmocka_run_group_tests(tests, setup, tree_teardown);
}
