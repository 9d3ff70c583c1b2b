/* checkpoint_writer.c: a checkpoint written behind the caller, and one written by several parts, which are threads here. */
#include "checkpoint_writer.h"
#include "checkpoint_case.h"
#include "clock.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* --- the thread ---------------------------------------------------------------------------------------------------- */

static void it_writes_one_after_another(void **state) {
    const tree *t = *state;
    cam_checkpoint_writer *writer = NULL;
    double waited_s = -1;
    assert_ok(cam_checkpoint_writer_open(&writer));
    assert_false(cam_checkpoint_writer_is_busy(writer));
    assert_ok(cam_checkpoint_writer_wait(writer, &waited_s)); /* for nothing */
    assert_true(waited_s >= 0 && waited_s < 10);
    for (int64_t step = 1; step <= 5; step++) {
        cam_checkpoint c = case_checkpoint(t, step);
        c.keep = 2;
        cam_checkpoint_writer_start(writer, &c);
        memset(&c, 0xff, sizeof c); /* the struct is copied */
        assert_ok(cam_checkpoint_writer_wait(writer, &waited_s));
        assert_false(cam_checkpoint_writer_is_busy(writer));
        assert_ok(verify_step(t->root, step));
    }
    assert_names(t->root, "checkpoint-4 checkpoint-5 ");
    cam_checkpoint c = case_checkpoint(t, 6);
    cam_checkpoint_writer_start(writer, &c);
    cam_checkpoint_writer_close(writer); /* waits */
    assert_ok(verify_step(t->root, 6));
    cam_checkpoint_writer_close(NULL);
}

static void its_failure_is_told_to_the_caller_once(void **state) {
    const tree *t = *state;
    cam_checkpoint_writer *writer = NULL;
    cam_checkpoint bad = case_checkpoint(t, 1), good = case_checkpoint(t, 2);
    bad.folder = "/no/such/folder";
    assert_ok(cam_checkpoint_writer_open(&writer));
    cam_checkpoint_writer_start(writer, &bad);
    while (cam_checkpoint_writer_is_busy(writer))
        usleep(1000);
    cam_checkpoint_writer_start(writer, &good); /* a later success does not hide it */
    cam_status_clear();
    assert_int_equal(cam_checkpoint_writer_wait(writer, NULL), CAM_E_STORAGE);
    assert_says("/no/such/folder");
    assert_ok(verify_step(t->root, 2));
    assert_ok(cam_checkpoint_writer_wait(writer, NULL));
    cam_checkpoint_writer_close(writer);
}

/* A staged folder that a living writer holds keeps the writer busy: part 1 waits for it. */
static void a_start_while_it_is_busy_is_a_bug(void **state) {
    const tree *t = *state;
    pid_t child = fork();
    if (child == 0) {
        cam_checkpoint_writer *writer = NULL;
        cam_checkpoint c = case_checkpoint(t, 1);
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        c.part = 1;
        c.parts = 2;
        if (cam_checkpoint_writer_open(&writer) != CAM_OK)
            _exit(1);
        cam_checkpoint_writer_start(writer, &c);
        if (!cam_checkpoint_writer_is_busy(writer))
            _exit(2);
        cam_checkpoint_writer_start(writer, &c);
        _exit(3);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static volatile sig_atomic_t caught;

static void on_signal(int number) {
    (void)number;
    caught = 1;
}

/* The process gets a signal that its main thread blocks: no thread of the writer may take it. */
static void its_threads_block_signals(void **state) {
    const tree *t = *state;
    cam_checkpoint_writer *writer = NULL;
    cam_checkpoint c = case_checkpoint(t, 1);
    sigset_t usr1, pending;
    c.part = 1; /* waits until the time is over */
    c.parts = 2;
    c.timeout_s = 0.3;
    signal(SIGUSR1, on_signal);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    assert_ok(cam_checkpoint_writer_open(&writer));
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    cam_checkpoint_writer_start(writer, &c);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    assert_int_equal(cam_checkpoint_writer_wait(writer, NULL), CAM_E_STORAGE);
    assert_int_equal(caught, 0);
    sigpending(&pending);
    assert_true(sigismember(&pending, SIGUSR1));
    pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
    assert_int_equal(caught, 1);
    signal(SIGUSR1, SIG_DFL);
    cam_checkpoint_writer_close(writer);
}

/* --- parts --------------------------------------------------------------------------------------------------------- */

enum { PARTS = 3 };

/* Starts a writer for each part but those that `without` names, and gives the outcomes. */
typedef struct parts {
    cam_checkpoint_file files[PARTS][2];
    char names[PARTS][2][20];
    cam_checkpoint checkpoints[PARTS];
    cam_status outcomes[PARTS];
    char messages[PARTS][1000];
    double took_s;
} parts;

static void set_parts(const tree *t, parts *p, int64_t step) {
    for (int r = 0; r < PARTS; r++) {
        p->checkpoints[r] = case_checkpoint(t, step);
        for (int i = 0; i < 2; i++) {
            snprintf(p->names[r][i], sizeof p->names[r][i], "shard-%d-%d", r, i);
            p->files[r][i] = (cam_checkpoint_file){
                .name = p->names[r][i], .bytes = case_pages + r, .count = (size_t)(PAGES_BYTES - r - 100 * i)};
        }
        p->checkpoints[r].files = p->files[r];
        p->checkpoints[r].count = 2;
        p->checkpoints[r].part = r;
        p->checkpoints[r].parts = PARTS;
    }
}

static void write_parts(parts *p, int without) {
    cam_checkpoint_writer *writers[PARTS];
    double begin_s = cam_now_s();
    for (int r = PARTS; r-- > 0;) { /* part 0 last: the others wait for the staged folder */
        assert_ok(cam_checkpoint_writer_open(&writers[r]));
        if (r != without)
            cam_checkpoint_writer_start(writers[r], &p->checkpoints[r]);
    }
    for (int r = 0; r < PARTS; r++) {
        cam_status_clear();
        p->outcomes[r] = cam_checkpoint_writer_wait(writers[r], NULL);
        snprintf(p->messages[r], sizeof p->messages[r], "%s", cam_status_message());
    }
    p->took_s = cam_now_s() - begin_s;
    for (int r = 0; r < PARTS; r++)
        cam_checkpoint_writer_close(writers[r]);
}

static void parts_make_one_checkpoint(void **state) {
    const tree *t = *state;
    static parts p;
    char *path = cam_checkpoint_path(t->root, 20);
    cam_checkpoint_reader reader;
    for (int again = 0; again < 2; again++) { /* the second replaces the first */
        set_parts(t, &p, 20);
        write_parts(&p, -1);
        for (int r = 0; r < PARTS; r++)
            if (p.outcomes[r] != CAM_OK)
                fail_msg("part %d: %s", r, p.messages[r]);
        assert_names(t->root, "checkpoint-20 ");
        assert_names(path, "manifest.json shard-0-0 shard-0-1 shard-1-0 shard-1-1 shard-2-0 shard-2-1 ");
        assert_ok(cam_checkpoint_open(&reader, path));
        assert_ok(cam_checkpoint_verify(&reader));
        assert_int_equal(reader.count, 2 * PARTS);
        cam_checkpoint_close(&reader);
    }
    free(path);
}

static void a_part_that_fails_ends_the_others_at_once(void **state) {
    const tree *t = *state;
    static parts p;
    write_step(t, 10);
    set_parts(t, &p, 20);
    p.checkpoints[2].timeout_s = p.checkpoints[1].timeout_s = p.checkpoints[0].timeout_s = 600;
    p.files[2][0].like = "/no/such/file";
    write_parts(&p, -1);
    assert_int_equal(p.outcomes[2], CAM_E_MODEL);
    assert_non_null(strstr(p.messages[2], "/no/such/file"));
    assert_int_equal(p.outcomes[0], CAM_E_PEER);
    assert_non_null(strstr(p.messages[0], "part 2 of checkpoint 20 failed: cannot "));
    assert_non_null(strstr(p.messages[0], "/no/such/file"));
    assert_true(p.outcomes[1] == CAM_OK || p.outcomes[1] == CAM_E_PEER);
    assert_true(p.took_s < 60);
    assert_names(t->root, "checkpoint-10 ");
    assert_ok(verify_step(t->root, 10));
}

static void part_0_that_fails_ends_the_others(void **state) {
    const tree *t = *state;
    static parts p;
    set_parts(t, &p, 20);
    p.checkpoints[1].timeout_s = p.checkpoints[2].timeout_s = 0.5;
    p.files[0][0].like = "/no/such/file";
    write_parts(&p, -1);
    assert_int_equal(p.outcomes[0], CAM_E_MODEL);
    for (int r = 1; r < PARTS; r++) /* before, during or after the work of part 0 */
        assert_true(p.outcomes[r] == CAM_OK || p.outcomes[r] == CAM_E_PEER || p.outcomes[r] == CAM_E_STORAGE);
    assert_names(t->root, "");
}

static void a_part_that_never_comes_is_named(void **state) {
    const tree *t = *state;
    static parts p;
    set_parts(t, &p, 20);
    p.checkpoints[0].timeout_s = 0.5;
    write_parts(&p, 2);
    assert_int_equal(p.outcomes[0], CAM_E_PEER);
    assert_non_null(strstr(p.messages[0], "checkpoint-20\": after 0.5 s there is nothing of part 2 of the 3 parts"));
    assert_true(p.took_s >= 0.5 && p.took_s < 60);
    assert_names(t->root, "");
}

/* The caller has lost the rank of part 1: neither part 0, which waits for its list, nor part 1 of another writer, which waits
 * for the folder, waits until the time is over. */
static void a_part_that_is_given_up_is_not_waited_for(void **state) {
    const tree *t = *state;
    static parts p;
    for (int part = 0; part < 2; part++) {
        cam_checkpoint_writer *writer = NULL;
        double begin_s = cam_now_s();
        set_parts(t, &p, 20);
        p.checkpoints[part].timeout_s = 600;
        assert_ok(cam_checkpoint_writer_open(&writer));
        cam_checkpoint_writer_start(writer, &p.checkpoints[part]);
        assert_true(cam_checkpoint_writer_wait_at_most(writer, 0.2));
        cam_checkpoint_writer_give_up(writer);
        cam_status_clear();
        assert_int_equal(cam_checkpoint_writer_wait(writer, NULL), CAM_E_PEER);
        assert_says("checkpoint 20 was given up");
        assert_false(cam_checkpoint_writer_wait_at_most(writer, 0));
        cam_checkpoint_writer_close(writer);
        assert_true(cam_now_s() - begin_s < 60);
        assert_names(t->root, "");
    }
}

/* Part 0 waits for the others. */
static void the_staged_folder_of_a_writer_is_no_leftover(void **state) {
    const tree *t = *state;
    static parts p;
    cam_checkpoint_writer *writer = NULL;
    set_parts(t, &p, 20);
    assert_ok(cam_checkpoint_writer_open(&writer));
    cam_checkpoint_writer_start(writer, &p.checkpoints[0]);
    for (int i = 0; i < 10000 && !exists_in(t, ".checkpoint-20.tmp-host-7/shard-0-1"); i++)
        usleep(1000);
    assert_ok(cam_checkpoint_remove_leftovers(t->root));
    assert_names(t->root, ".checkpoint-20.tmp-host-7 ");
    for (int r = 1; r < PARTS; r++)
        assert_ok(cam_checkpoint_write(&p.checkpoints[r]));
    assert_ok(cam_checkpoint_writer_wait(writer, NULL));
    assert_ok(verify_step(t->root, 20));
    cam_checkpoint_writer_close(writer);
}

/* The staged folder of a part 0 that is slow: the failed part has left its message there, and none of its files. */
static void a_failed_part_takes_its_files_away(void **state) {
    const tree *t = *state;
    static parts p;
    char *stage = tree_path(t, ".checkpoint-20.tmp-host-7");
    assert_ok(cam_directory_make(stage));
    set_parts(t, &p, 20);
    p.files[1][0].like = "/proc/self/exe";
    p.files[1][1].like = "/no/such/file";
    assert_int_equal(cam_checkpoint_write(&p.checkpoints[1]), CAM_E_MODEL);
    assert_names(stage, "part-1.failed ");
    p.files[1][1].like = "/proc/self/exe";
    assert_ok(cam_checkpoint_write(&p.checkpoints[1]));
    assert_names(stage, "part-1.failed part-1.json shard-1-0 shard-1-1 ");
    free(stage);
}

/* Another machine's part whose folder of that name is another one. */
static void a_folder_that_is_not_shared_is_told(void **state) {
    const tree *t = *state;
    static parts p;
    set_parts(t, &p, 20);
    for (int r = 1; r < PARTS; r++)
        p.checkpoints[r].timeout_s = 0.2;
    write_parts(&p, 0);
    for (int r = 1; r < PARTS; r++) {
        assert_int_equal(p.outcomes[r], CAM_E_STORAGE);
        assert_non_null(strstr(p.messages[r], "output_dir must be on a file system that all machines see, or set "
                                              "shard_optimizer=false"));
    }
    assert_names(t->root, "");
}

/* A list of another run, one that was cut, and a file that two parts have. */
static void lists_that_do_not_fit_are_refused(void **state) {
    const tree *t = *state;
    static parts p;
    set_parts(t, &p, 20);
    p.checkpoints[1].run_id = "another";
    write_parts(&p, -1);
    assert_int_equal(p.outcomes[0], CAM_E_PEER);
    assert_non_null(strstr(p.messages[0], "is the list of another checkpoint"));
    assert_names(t->root, "");
    set_parts(t, &p, 20);
    snprintf(p.names[1][1], sizeof p.names[1][1], "shard-2-1");
    write_parts(&p, -1);
    assert_int_equal(p.outcomes[0], CAM_E_PEER);
    assert_non_null(strstr(p.messages[0], "shard-2-1\": File exists"));
    assert_names(t->root, "");
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TREE_TEST(it_writes_one_after_another),
        TREE_TEST(its_failure_is_told_to_the_caller_once),
        TREE_TEST(a_start_while_it_is_busy_is_a_bug),
        TREE_TEST(its_threads_block_signals),
        TREE_TEST(parts_make_one_checkpoint),
        TREE_TEST(a_part_that_fails_ends_the_others_at_once),
        TREE_TEST(part_0_that_fails_ends_the_others),
        TREE_TEST(a_part_that_never_comes_is_named),
        TREE_TEST(a_part_that_is_given_up_is_not_waited_for),
        TREE_TEST(the_staged_folder_of_a_writer_is_no_leftover),
        TREE_TEST(a_failed_part_takes_its_files_away),
        TREE_TEST(a_folder_that_is_not_shared_is_told),
        TREE_TEST(lists_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
