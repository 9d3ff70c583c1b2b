/* checkpoint_faults.c: a checkpoint is written by a child process, and every system call of it fails once, or is the last
 * one of the process (tests/faults/failing_calls.c). The folder has the checkpoints 10 and 20 before.
 *
 *     unit_checkpoint_faults               the tests
 *     unit_checkpoint_faults FOLDER SAVE   the child: SAVE is one of `saves` */
#include "checkpoint_case.h"
#include "checkpoint_writer.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

enum { MOST_CALLS = 300, CODE_KILLED = 128 + SIGKILL };

static const char *library; /* of failing calls */

/* --- the child ----------------------------------------------------------------------------------------------------- */

typedef struct save {
    const char *name;
    int64_t step;
    int parts;
    const char *no_exchange; /* FAULT_NO_EXCHANGE */
} save;

static const save saves[] = {
    {"next", 30, 1, ""}, {"again", 20, 1, ""}, {"again in two steps", 20, 1, "1"}, {"parts", 30, 2, ""}};

/* Three files in memory and one like another; the second part has a file of its own. */
static cam_status write_checkpoint(const char *folder, const save *how) {
    static const cam_checkpoint_file second = {.name = "second.bin", .bytes = "second", .count = 6};
    cam_status st = CAM_OK;
    cam_checkpoint_writer *writer = NULL;
    cam_checkpoint_file files[CASE_FILES + 1];
    char *like = cam_path_join(folder, "model.safetensors");
    memcpy(files, case_files(), CASE_FILES * sizeof *files);
    files[CASE_FILES] = (cam_checkpoint_file){.name = "model.safetensors", .like = like};
    cam_checkpoint c = {.folder = folder,
                        .run_id = "run-1",
                        .step = how->step,
                        .parts = how->parts,
                        .token = "host-7",
                        .files = files,
                        .count = CASE_FILES + 1,
                        .keep = 2,
                        .best_step = -1,
                        .timeout_s = 0.5};
    cam_checkpoint other = c;
    other.part = 1;
    other.files = &second;
    other.count = 1;
    CAM_TRY(cam_checkpoint_writer_open(&writer));
    if (how->parts > 1)
        cam_checkpoint_writer_start(writer, &other);
    CAM_TRY(cam_checkpoint_write(&c));
    CAM_TRY(cam_checkpoint_writer_wait(writer, NULL));
out:
    cam_checkpoint_writer_close(writer);
    free(like);
    return st;
}

static int child(const char *folder, const char *name) {
    for (size_t i = 0; i < sizeof saves / sizeof *saves; i++) {
        if (strcmp(saves[i].name, name) != 0)
            continue;
        cam_status st = write_checkpoint(folder, &saves[i]);
        fprintf(stderr, "%s\n", st == CAM_OK ? "saved" : cam_status_message());
        return cam_status_exit_code(st);
    }
    return 99;
}

/* --- the faults ---------------------------------------------------------------------------------------------------- */

typedef struct calls {
    char lines[MOST_CALLS][512]; /* "12 rename /path" */
    int count;
} calls;

static void set_faults(const char *folder, const save *how, const char *at, const char *kind, const char *report) {
    setenv("LD_PRELOAD", library, 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
    setenv("FAULT_FOLDER", folder, 1);
    setenv("FAULT_AT", at, 1);
    setenv("FAULT_KIND", kind, 1);
    setenv("FAULT_NO_EXCHANGE", how->no_exchange, 1);
    if (report)
        setenv("FAULT_REPORT", report, 1);
}

/* Runs the save in a child; its exit code, and what it says. */
static int run(const char *folder, const save *how, int at, const char *kind, const char *report, char *said,
               size_t capacity) {
    char number[20];
    int pipes[2], status = 0;
    size_t length = 0;
    snprintf(number, sizeof number, "%d", at);
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipes[1], STDERR_FILENO);
        set_faults(folder, how, number, kind, report);
        execl("/proc/self/exe", "unit_checkpoint_faults", folder, how->name, (char *)NULL);
        _exit(98);
    }
    close(pipes[1]);
    for (ssize_t got = 1; got > 0 && length<capacity - 1; length += got> 0 ? (size_t)got : 0)
        got = read(pipes[0], said + length, capacity - 1 - length);
    said[length] = '\0';
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void shell(const char *format, const char *folder) {
    char command[1000];
    snprintf(command, sizeof command, format, folder, folder, folder);
    assert_int_equal(system(command), 0);
}

static void make_folder(const tree *t) {
    shell("rm -rf '%s/out' && cp -r '%s/before' '%s/out'", t->root);
}

static void read_calls(const char *path, calls *c) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (c->count = 0; c->count < MOST_CALLS && fgets(c->lines[c->count], sizeof c->lines[0], file); c->count++)
        c->lines[c->count][strcspn(c->lines[c->count], "\n")] = '\0';
    fclose(file);
    assert_in_range(c->count, 20, MOST_CALLS - 1);
}

/* The calls of a save that nothing disturbs. */
static void count_calls(const tree *t, const save *how, calls *c) {
    char *folder = tree_path(t, "out"), *report = tree_path(t, "report"), said[2000];
    unlink(report);
    make_folder(t);
    int code = run(folder, how, 0, "none", report, said, sizeof said);
    if (code != 0)
        fail_msg("%s: code %d: %s", how->name, code, said);
    read_calls(report, c);
    free(report);
    free(folder);
}

static int count_names(const char *folder, const char *begin) {
    int found = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        found += strncmp(entry->d_name, begin, strlen(begin)) == 0;
    closedir(entries);
    return found;
}

static int has_hidden(const char *folder) {
    return count_names(folder, ".checkpoint-") > 0;
}

static int is_there(const char *folder, int64_t step) {
    char *path = cam_checkpoint_path(folder, step);
    int is = access(path, F_OK) == 0;
    free(path);
    return is;
}

static void must_verify(const char *folder, int64_t step, const char *what) {
    if (verify_step(folder, step) != CAM_OK)
        fail_msg("%s: checkpoint-%d: %s", what, (int)step, cam_status_message());
}

/* What holds after every fault. */
static void check_folder(const char *folder, const save *how, int code, const char *what) {
    if (how->no_exchange[0] && code == CODE_KILLED) /* between two renames only the hidden one is complete */
        assert_ok(cam_checkpoint_remove_leftovers(folder));
    must_verify(folder, 20, what);
    if (code == 0 || is_there(folder, how->step))
        must_verify(folder, how->step, what);
    if (how->step == 20 || !is_there(folder, 30))
        must_verify(folder, 10, what);
    /* where the new name may not be on the disk, the old checkpoint stays */
    int is_named = how->step == 20 && strstr(what, " fsync ") && strcmp(what + strlen(what) - 4, "/out") == 0;
    if (code != 0 && code != CODE_KILLED && is_named != has_hidden(folder))
        fail_msg("%s: a failed save has %s", what, is_named ? "removed the old checkpoint" : "left a folder");
    if (is_there(folder, 10) && verify_step(folder, 10) != CAM_OK)
        fail_msg("%s: checkpoint-10 is there in part", what);
}

/* The next save removes what is left: all that has a name like a checkpoint's is one. */
static void check_next(const char *folder, const char *what) {
    static const save later = {"later", 40, 1, ""};
    cam_checkpoint_found *found = NULL;
    size_t count = 0;
    if (write_checkpoint(folder, &later) != CAM_OK)
        fail_msg("%s: the next save: %s", what, cam_status_message());
    must_verify(folder, 40, what);
    if (has_hidden(folder))
        fail_msg("%s: the next save has left a folder", what);
    assert_ok(cam_checkpoint_list(folder, "run-1", &found, &count, NULL));
    if (count != 2 || count_names(folder, "checkpoint-") != 2)
        fail_msg("%s: %d checkpoints of %d names", what, (int)count, count_names(folder, "checkpoint-"));
    for (size_t i = 0; i < count; i++)
        must_verify(folder, found[i].step, what);
    cam_checkpoint_list_release(found, count);
}

static void check_message(const char *call, const char *kind, const char *said, const char *what) {
    static const char *const with_need[] = {" write ", " open ", " fallocate ", " fdatasync ", " mkdir "};
    if (strstr(said, "saved\n"))
        fail_msg("%s: says that it was saved", what);
    if (!strstr(said, kind[1] == 'I' ? "Input/output error" : "No space left"))
        fail_msg("%s: does not say why: %s", what, said);
    for (size_t i = 0; i < sizeof with_need / sizeof *with_need; i++)
        if (kind[1] != 'I' && strstr(call, with_need[i]) && !strstr(said, "needs "))
            fail_msg("%s: does not say how much is needed: %s", what, said);
}

static int number_of(const calls *c, const char *call, const char *end) {
    for (int i = 0; i < c->count; i++) {
        size_t length = strlen(c->lines[i]), end_length = strlen(end);
        if (strstr(c->lines[i], call) && length > end_length && strcmp(c->lines[i] + length - end_length, end) == 0)
            return i;
    }
    fail_msg("no call %s of %s", call, end);
    return -1;
}

/* Whether an error at this call, before the folder has its name, must be the end of the save. Without the room in advance, a
 * clone or a link there are other ways. */
static int must_fail(const calls *c, const save *how, int at) {
    static const char *const fatal[] = {" open ", " write ", " fsync ", " fdatasync ", " mkdir ", " rename"};
    const char *line = c->lines[at - 1], *call = strchr(line, ' ');
    int named = strcmp(how->name, "again") == 0 ? number_of(c, " renameat2 ", "/checkpoint-20")
                : how->step == 30               ? number_of(c, " rename ", "/checkpoint-30")
                                                : number_of(c, " rename ", "/checkpoint-20");
    if (how->parts > 1 || at - 1 > named + 1)
        return 0;
    if (strncmp(call, " close ", 7) == 0)
        return strstr(line, "/weights.bin") || strstr(line, "/state.json") || strstr(line, "/empty");
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        if (strncmp(call, fatal[i], strlen(fatal[i])) == 0)
            return !strstr(line, "/model.safetensors") || strncmp(call, " fdatasync ", 11) == 0;
    return 0;
}

static void try_fault(const tree *t, const save *how, const calls *c, int at, const char *kind) {
    char *folder = tree_path(t, "out"), said[2000], what[1000];
    int may_kill = strcmp(kind, "kill") == 0 || strcmp(kind, "torn") == 0;
    make_folder(t);
    int code = run(folder, how, at, kind, NULL, said, sizeof said);
    snprintf(what, sizeof what, "%s, %s at %s", how->name, kind, c->lines[at - 1]);
    if (code != 0 && code != (may_kill ? CODE_KILLED : how->parts > 1 && code == 9 ? 9 : 8))
        fail_msg("%s: code %d: %s", what, code, said);
    if (strcmp(kind, "short") == 0 && code != 0)
        fail_msg("%s: code %d: %s", what, code, said);
    if (strcmp(kind, "EIO") == 0 && code != 8 && must_fail(c, how, at))
        fail_msg("%s: the save goes on: %s", what, said);
    if (code == 8 && how->parts == 1)
        check_message(c->lines[at - 1], kind, said, what);
    check_folder(folder, how, code, what);
    check_next(folder, what);
    free(folder);
}

/* All of them with CAM_FAULTS=all; otherwise the end of the process at each call, all faults of the syncs of folders, and
 * every third of the others. */
static void try_faults(const tree *t, const save *how, const char *const *kinds) {
    static calls c;
    const char *wanted = getenv("CAM_FAULTS");
    int all = wanted && strcmp(wanted, "all") == 0, shift = 0;
    count_calls(t, how, &c);
    for (; *kinds; kinds++, shift++)
        for (int at = 1; at <= c.count; at++)
            if (all || strcmp(*kinds, "kill") == 0 || (at + shift) % 3 == 0 || strstr(c.lines[at - 1], " fsync "))
                try_fault(t, how, &c, at, *kinds);
}

/* --- tests --------------------------------------------------------------------------------------------------------- */

static void files_are_on_the_disk_before_the_folder_has_its_name(void **state) {
    const tree *t = *state;
    static calls c;
    static const char *const synced[] = {"/state.json", "/empty", "/weights.bin", "/model.safetensors"};
    count_calls(t, &saves[0], &c);
    int named = number_of(&c, " rename ", "/checkpoint-30");
    int manifest = number_of(&c, " rename ", "/manifest.json");
    int unlocked = number_of(&c, " unlink ", ".tmp-host-7/lock");
    for (size_t i = 0; i < sizeof synced / sizeof *synced; i++)
        assert_true(number_of(&c, " fdatasync ", synced[i]) < manifest);
    assert_true(number_of(&c, " fallocate ", "/weights.bin") < number_of(&c, " write ", "/weights.bin"));
    assert_true(manifest < unlocked);
    assert_true(unlocked < named);
    int synced_folder = unlocked + 1; /* and closed */
    assert_non_null(strstr(c.lines[synced_folder], " fsync "));
    assert_string_equal(strrchr(c.lines[synced_folder], '/'), "/.checkpoint-30.tmp-host-7");
    assert_non_null(strstr(c.lines[named + 1], " fsync "));
    assert_string_equal(strrchr(c.lines[named + 1], '/'), "/out");
    int removed = number_of(&c, " rename ", "/.checkpoint-10.gone-1");
    assert_true(named + 1 < removed);
    assert_true(removed < number_of(&c, " unlink ", ".checkpoint-10.gone-1/weights.bin"));
    count_calls(t, &saves[1], &c);
    number_of(&c, " renameat2 ", "/checkpoint-20");
}

static const char *const all_kinds[] = {"kill", "torn", "EIO", "ENOSPC", "short", NULL};
static const char *const kinds_of_parts[] = {"kill", "EIO", NULL};

static void a_new_checkpoint(void **state) {
    try_faults(*state, &saves[0], all_kinds);
}

static void one_in_the_place_of_another(void **state) {
    try_faults(*state, &saves[1], all_kinds);
}

static void the_same_without_exchange(void **state) {
    try_faults(*state, &saves[2], all_kinds);
}

static void one_of_two_parts(void **state) {
    try_faults(*state, &saves[3], kinds_of_parts);
}

/* A file system without locks: nothing fails, and what is left of a killed writer stays, with a warning. */
static void a_file_system_without_locks(void **state) {
    const tree *t = *state;
    char *folder = tree_path(t, "out"), said[2000];
    make_folder(t);
    setenv("FAULT_CALLS", "flock", 1);
    int code = run(folder, &saves[0], 1, "ENOLCK", NULL, said, sizeof said);
    assert_int_equal(code, 0);
    must_verify(folder, 30, said);
    tree_write_text(t, "out/.checkpoint-50.tmp-a/lock", "");
    code = run(folder, &saves[0], 1, "ENOLCK", NULL, said, sizeof said);
    unsetenv("FAULT_CALLS");
    assert_int_equal(code, 0);
    assert_non_null(strstr(said, ".checkpoint-50.tmp-a\" may be left of a run that was killed"));
    assert_true(has_hidden(folder));
    free(folder);
}

static int setup(void **state) {
    static const save earlier[] = {{"", 10, 1, ""}, {"", 20, 1, ""}};
    int failed = tree_setup(state);
    const tree *t = *state;
    if (failed)
        return failed;
    tree_write(t, "before/model.safetensors", case_files()[2].bytes, PAGES_BYTES);
    char *folder = tree_path(t, "before");
    for (int i = 0; i < 2; i++)
        assert_ok(write_checkpoint(folder, &earlier[i]));
    free(folder);
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_on_the_disk_before_the_folder_has_its_name),
        cmocka_unit_test(a_new_checkpoint),
        cmocka_unit_test(one_in_the_place_of_another),
        cmocka_unit_test(the_same_without_exchange),
        cmocka_unit_test(one_of_two_parts),
        cmocka_unit_test(a_file_system_without_locks),
    };
    if (argc == 3)
        return child(argv[1], argv[2]);
    library = getenv("CAM_FAILING_CALLS");
    if (!library) {
        puts("SKIP unit_checkpoint_faults: run by ctest, which knows where the library of failing calls is");
        return 0;
    }
    if (access("/dev/shm", W_OK) == 0) /* nothing here needs a real disk */
        setenv("TMPDIR", "/dev/shm", 1);
    return cmocka_run_group_tests(tests, setup, tree_teardown);
}
