/* files.c: reads, maps and atomically writes files. A full disk is /dev/full; a limit on the size of files makes a
 * write fail in the middle. */
#include "files.h"
#include "file_reader.h"
#include "input.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *folder;

static int make_folder(void **state) {
    (void)state;
    const char *parent = getenv("TMPDIR");
    folder = cam_path_join(parent ? parent : "/tmp", "cam-files-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    cam_strbuf command = CAM_STRBUF_INIT;
    cam_strbuf_printf(&command, "rm -rf '%s'", folder);
    int failed = system(command.text);
    cam_strbuf_release(&command);
    free(folder);
    return failed;
}

static void check_contents(const char *path, const char *want) {
    cam_strbuf got = CAM_STRBUF_INIT;
    assert_int_equal(cam_file_read(path, 1 << 20, CAM_E_DATA, &got), CAM_OK);
    assert_string_equal(cam_strbuf_text(&got), want);
    cam_strbuf_release(&got);
}

static int files_beside(const char *path) {
    cam_strbuf command = CAM_STRBUF_INIT;
    int count = -1;
    cam_strbuf_printf(&command, "ls -A '%s'* | wc -l", path);
    FILE *list = popen(command.text, "r");
    assert_non_null(list);
    assert_int_equal(fscanf(list, "%d", &count), 1);
    pclose(list);
    cam_strbuf_release(&command);
    return count;
}

static void written_files_appear_whole(void **state) {
    (void)state;
    char *path = cam_path_join(folder, "whole");
    cam_file_writer writer;
    assert_int_equal(cam_file_writer_open(&writer, path), CAM_OK);
    assert_int_equal(cam_file_writer_write(&writer, "one ", 4), CAM_OK);
    assert_false(cam_file_exists(path));
    assert_int_equal(cam_file_writer_write(&writer, "two", 3), CAM_OK);
    assert_int_equal(cam_file_writer_commit(&writer), CAM_OK);
    cam_file_writer_abandon(&writer);
    check_contents(path, "one two");
    assert_int_equal(files_beside(path), 1);
    free(path);
}

static void abandoned_files_leave_the_old_one(void **state) {
    (void)state;
    char *path = cam_path_join(folder, "kept");
    cam_file_writer writer;
    assert_int_equal(cam_file_write(path, "old", 3), CAM_OK);
    assert_int_equal(cam_file_writer_open(&writer, path), CAM_OK);
    assert_int_equal(cam_file_writer_write(&writer, "new", 3), CAM_OK);
    check_contents(path, "old");
    cam_file_writer_abandon(&writer);
    check_contents(path, "old");
    assert_int_equal(files_beside(path), 1);
    free(path);
}

static void a_write_that_fails_leaves_the_old_one(void **state) {
    (void)state;
    char *path = cam_path_join(folder, "limited");
    static char bytes[10000];
    struct rlimit before, small;
    assert_int_equal(cam_file_write(path, "old", 3), CAM_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){4096, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    cam_status st = cam_file_write(path, bytes, sizeof bytes);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(st, CAM_E_STORAGE);
    assert_non_null(strstr(cam_status_message(), path));
    assert_non_null(strstr(cam_status_message(), "File too large; the file needs 10 kB"));
    check_contents(path, "old");
    assert_int_equal(files_beside(path), 1);
    free(path);
}

static void a_full_disk_is_a_storage_error(void **state) {
    (void)state;
    cam_file_writer writer;
    char *path = cam_path_join(folder, "full");
    assert_int_equal(cam_file_writer_open(&writer, path), CAM_OK);
    FILE *device = fopen("/dev/full", "w");
    assert_non_null(device);
    assert_int_equal(dup2(fileno(device), writer.fd), writer.fd);
    fclose(device);
    assert_int_equal(cam_file_writer_write(&writer, "x", 1), CAM_E_STORAGE);
    assert_non_null(strstr(cam_status_message(), "No space left on device; the file needs more than 0 bytes, and "));
    assert_non_null(strstr(cam_status_message(), " are free there"));
    writer.bytes = 440000000;
    assert_int_equal(cam_file_writer_write(&writer, "x", 1), CAM_E_STORAGE);
    assert_non_null(strstr(cam_status_message(), "; the file needs 440 MB, and "));
    cam_file_writer_abandon(&writer);
    assert_false(cam_file_exists(path));
    assert_int_equal(cam_file_write("/no/such/folder/file", "x", 1), CAM_E_STORAGE);
    assert_non_null(strstr(cam_status_message(), "/no/such/folder/file"));
    free(path);
}

/* More than any disk holds: the room is asked for before the first byte. */
static void room_that_is_not_there_is_told_at_once(void **state) {
    (void)state;
    cam_file_writer writer;
    char *path = cam_path_join(folder, "huge");
    assert_int_equal(cam_file_writer_open(&writer, path), CAM_OK);
    cam_status st = cam_file_writer_reserve(&writer, (uint64_t)1 << 52);
    if (st == CAM_OK)
        print_message("SKIP: this file system takes no room in advance\n");
    else
        assert_non_null(strstr(cam_status_message(), "; the file needs 4503599.6 GB"));
    cam_file_writer_abandon(&writer);
    assert_int_equal(files_beside(path), 0);
    free(path);
}

static char *name_of_temporary(const char *path, const char *rest) {
    cam_strbuf name = CAM_STRBUF_INIT;
    cam_strbuf_printf(&name, "%s.cam-tmp-%s", path, rest);
    return cam_strbuf_detach(&name);
}

/* Those that a living process writes are locked; those of other names are nobody's leftovers. */
static void leftovers_of_killed_writers_are_removed(void **state) {
    (void)state;
    static const char *const gone[] = {"1", "99999.3"}, *const kept[] = {"x", "1x", "", "7"};
    char *path = cam_path_join(folder, "left");
    for (size_t i = 0; i < 2; i++) {
        char *name = name_of_temporary(path, gone[i]);
        fclose(fopen(name, "w"));
        free(name);
    }
    for (size_t i = 0; i < 4; i++) {
        char *name = name_of_temporary(path, kept[i]);
        fclose(fopen(name, "w"));
        free(name);
    }
    char *locked = name_of_temporary(path, "7"), *linked = name_of_temporary(path, "8");
    int fd = open(locked, O_WRONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(symlink(locked, linked), 0);
    assert_int_equal(cam_file_write(path, "x", 1), CAM_OK);
    assert_int_equal(files_beside(path), 1 + 4 + 1);
    close(fd);
    cam_file_remove_leftovers(path);
    assert_int_equal(files_beside(path), 1 + 3 + 1);
    assert_int_equal(unlink(linked), 0);
    free(linked);
    free(locked);
    free(path);
}

static void two_writers_of_one_file_do_not_meet(void **state) {
    (void)state;
    char *path = cam_path_join(folder, "both");
    cam_file_writer first, second;
    assert_int_equal(cam_file_writer_open(&first, path), CAM_OK);
    assert_int_equal(cam_file_writer_open(&second, path), CAM_OK);
    assert_string_not_equal(first.temporary, second.temporary);
    assert_int_equal(cam_file_writer_write(&first, "first", 5), CAM_OK);
    assert_int_equal(cam_file_writer_write(&second, "second", 6), CAM_OK);
    assert_int_equal(cam_file_writer_commit(&first), CAM_OK);
    check_contents(path, "first");
    assert_int_equal(cam_file_writer_commit(&second), CAM_OK);
    check_contents(path, "second");
    assert_int_equal(files_beside(path), 1);
    free(path);
}

static void a_path_through_a_descriptor_follows_a_renamed_folder(void **state) {
    (void)state;
    char *before = cam_path_join(folder, "before"), *after = cam_path_join(folder, "after");
    char *file = cam_path_join(after, "x"), through[60];
    assert_int_equal(cam_directory_make(before), CAM_OK);
    int fd = open(before, O_RDONLY | O_DIRECTORY);
    snprintf(through, sizeof through, "/proc/self/fd/%d/x", fd);
    assert_int_equal(rename(before, after), 0);
    assert_int_equal(cam_file_write(through, "x", 1), CAM_OK);
    check_contents(file, "x");
    char *said = cam_path_absolute(through);
    assert_string_equal(said, file);
    close(fd);
    free(said);
    free(file);
    free(after);
    free(before);
}

static void a_folder_in_the_place_is_kept(void **state) {
    (void)state;
    char *path = cam_path_join(folder, "place");
    char *inside = cam_path_join(path, "inside");
    assert_int_equal(cam_directory_make(path), CAM_OK);
    assert_int_equal(cam_file_write(inside, "x", 1), CAM_OK);
    assert_int_equal(cam_file_write(path, "y", 1), CAM_E_STORAGE);
    check_contents(inside, "x");
    cam_strbuf command = CAM_STRBUF_INIT;
    cam_strbuf_printf(&command, "test -z \"$(ls -A '%s' | grep 'place.cam-tmp')\"", folder);
    assert_int_equal(system(command.text), 0);
    cam_strbuf_release(&command);
    free(inside);
    free(path);
}

static void reading_says_what_and_where(void **state) {
    (void)state;
    cam_strbuf out = CAM_STRBUF_INIT;
    char *path = cam_path_join(folder, "absent");
    assert_int_equal(cam_file_read(path, 100, CAM_E_MODEL, &out), CAM_E_MODEL);
    assert_non_null(strstr(cam_status_message(), path));
    assert_non_null(strstr(cam_status_message(), "No such file"));
    assert_int_equal(cam_file_read(folder, 100, CAM_E_USAGE, &out), CAM_E_USAGE);
    assert_non_null(strstr(cam_status_message(), "Is a directory"));
    assert_int_equal(cam_file_read("no-such-file", 100, CAM_E_DATA, &out), CAM_E_DATA);
    assert_non_null(strstr(cam_status_message(), "/no-such-file\""));
    assert_int_equal(out.length, 0);
    cam_strbuf_release(&out);
    free(path);
}

static void reading_stops_at_the_limit(void **state) {
    (void)state;
    cam_strbuf out = CAM_STRBUF_INIT;
    char *path = cam_path_join(folder, "five");
    assert_int_equal(cam_file_write(path, "12345", 5), CAM_OK);
    assert_int_equal(cam_file_read(path, 5, CAM_E_DATA, &out), CAM_OK);
    assert_int_equal(cam_file_read(path, 5, CAM_E_DATA, &out), CAM_OK);
    assert_string_equal(out.text, "1234512345");
    assert_int_equal(cam_file_read(path, 4, CAM_E_DATA, &out), CAM_E_DATA);
    assert_non_null(strstr(cam_status_message(), "larger than 4 bytes"));
    cam_strbuf_release(&out);
    free(path);
}

/* What others do to a file while it is read is a status. */
static void reading_parts(void **state) {
    (void)state;
    char *path = cam_path_join(folder, "parts"), bytes[4] = "";
    cam_file_reader reader;
    assert_int_equal(cam_file_write(path, "abcdef", 6), CAM_OK);
    assert_int_equal(cam_file_reader_open(&reader, path, CAM_E_MODEL), CAM_OK);
    assert_int_equal(reader.bytes, 6);
    assert_int_equal(cam_file_reader_read(&reader, 2, 3, bytes), CAM_OK);
    assert_string_equal(bytes, "cde");
    assert_int_equal(cam_file_reader_read(&reader, 6, 0, bytes), CAM_OK);
    assert_int_equal(cam_file_write(path, "another file", 12), CAM_OK); /* of that name: the open one is as it was */
    assert_int_equal(cam_file_reader_read(&reader, 3, 3, bytes), CAM_OK);
    assert_string_equal(bytes, "def");
    assert_int_equal(cam_file_reader_check(&reader), CAM_OK);
    cam_file_reader_close(&reader);
    cam_file_reader_close(&reader);

    assert_int_equal(cam_file_reader_open(&reader, path, CAM_E_MODEL), CAM_OK);
    assert_int_equal(truncate(path, 4), 0);
    assert_int_equal(cam_file_reader_read(&reader, 0, 4, bytes), CAM_OK);
    assert_int_equal(cam_file_reader_read(&reader, 2, 3, bytes), CAM_E_MODEL);
    assert_non_null(strstr(cam_status_message(), "was cut short while it was read"));
    assert_int_equal(cam_file_reader_check(&reader), CAM_E_MODEL);
    assert_non_null(strstr(cam_status_message(), "was changed while it was read"));
    cam_file_reader_close(&reader);
    free(path);
    path = cam_path_join(folder, "none");
    assert_int_equal(cam_file_reader_open(&reader, path, CAM_E_DATA), CAM_E_DATA);
    assert_null(reader.path);
    free(path);
}

static int is_requested(void *context) {
    return *(int *)context;
}

/* A child writes after a while, in two parts, and says no more until it is told to end. */
static void a_pipe_is_waited_for(void **state) {
    (void)state;
    cam_strbuf out = CAM_STRBUF_INIT;
    char *path = cam_path_join(folder, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(50000);
        int fd = open(path, O_WRONLY);
        ssize_t wrote = write(fd, "one ", 4);
        usleep(50000);
        wrote += write(fd, "two", 3);
        _exit(wrote == 7 ? 0 : 1);
    }
    assert_int_equal(cam_file_read(path, 100, CAM_E_DATA, &out), CAM_OK);
    assert_string_equal(cam_strbuf_text(&out), "one two");
    cam_strbuf_release(&out);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);

    cam_mapping map;
    assert_int_equal(cam_file_map(path, CAM_E_MODEL, &map), CAM_E_MODEL);
    assert_non_null(strstr(cam_status_message(), "it is a pipe or a device"));
    free(path);
}

static void a_wait_ends_once_a_stop_is_requested(void **state) {
    (void)state;
    cam_strbuf out = CAM_STRBUF_INIT;
    char *path = cam_path_join(folder, "silent");
    int stop = 1;
    assert_int_equal(mkfifo(path, 0600), 0);
    cam_input_set_cancel((cam_cancel){.requested = is_requested, .context = &stop});
    assert_int_equal(cam_file_read(path, 100, CAM_E_DATA, &out), CAM_E_STOPPED);
    assert_non_null(strstr(cam_status_message(), "stopped by a signal while reading \""));
    int writer = open(path, O_RDWR);
    assert_int_equal(cam_file_read(path, 100, CAM_E_DATA, &out), CAM_E_STOPPED);
    close(writer);
    cam_input_set_cancel((cam_cancel){0});
    free(path);
}

static void mapping_and_copying(void **state) {
    (void)state;
    char *path = cam_path_join(folder, "mapped"), *copy = cam_path_join(folder, "copied");
    cam_mapping map;
    assert_int_equal(cam_file_write(path, "abc", 3), CAM_OK);
    assert_int_equal(cam_file_map(path, CAM_E_MODEL, &map), CAM_OK);
    assert_int_equal(map.size, 3);
    assert_memory_equal(map.bytes, "abc", 3);
    cam_file_unmap(&map);
    assert_null(map.bytes);
    assert_int_equal(cam_file_copy(path, copy), CAM_OK);
    check_contents(copy, "abc");
    assert_int_equal(cam_file_write(path, NULL, 0), CAM_OK);
    assert_int_equal(cam_file_map(path, CAM_E_MODEL, &map), CAM_OK);
    assert_null(map.bytes);
    assert_int_equal(map.size, 0);
    cam_file_unmap(&map);
    free(copy);
    free(path);
}

static void folders(void **state) {
    (void)state;
    char *deep = cam_path_join(folder, "a/b/c/"), *file = cam_path_join(folder, "a/file");
    char *under = cam_path_join(file, "d");
    assert_int_equal(cam_directory_make(deep), CAM_OK);
    assert_int_equal(cam_directory_make(deep), CAM_OK);
    assert_true(cam_directory_exists(deep));
    assert_false(cam_file_exists(deep));
    assert_int_equal(cam_file_write(file, "x", 1), CAM_OK);
    assert_false(cam_directory_exists(file));
    assert_int_equal(cam_directory_make(under), CAM_E_STORAGE);
    assert_non_null(strstr(cam_status_message(), file));
    free(under);
    free(file);
    free(deep);
}

static void check_path(char *got, const char *want) {
    assert_string_equal(got, want);
    free(got);
}

static void paths(void **state) {
    (void)state;
    check_path(cam_path_join("a", "b"), "a/b");
    check_path(cam_path_join("a/", "b"), "a/b");
    check_path(cam_path_join("", "b"), "b");
    check_path(cam_path_join("/", "b"), "/b");
    check_path(cam_path_absolute("/a/b"), "/a/b");
    check_path(cam_path_absolute("/proc/self/fd/x"), "/proc/self/fd/x");
    check_path(cam_path_absolute("/proc/self/fd/99999/x"), "/proc/self/fd/99999/x");
    check_path(cam_path_parent("/a/b"), "/a");
    check_path(cam_path_parent("/a"), "/");
    check_path(cam_path_parent("a"), ".");
    check_path(cam_path_parent("a/b/"), "a/b");
    char *here = cam_path_absolute("x"), *current = getcwd(NULL, 0);
    check_path(cam_path_join(current, "x"), here);
    free(current);
    free(here);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_files_appear_whole),
        cmocka_unit_test(abandoned_files_leave_the_old_one),
        cmocka_unit_test(a_write_that_fails_leaves_the_old_one),
        cmocka_unit_test(a_full_disk_is_a_storage_error),
        cmocka_unit_test(room_that_is_not_there_is_told_at_once),
        cmocka_unit_test(leftovers_of_killed_writers_are_removed),
        cmocka_unit_test(two_writers_of_one_file_do_not_meet),
        cmocka_unit_test(a_path_through_a_descriptor_follows_a_renamed_folder),
        cmocka_unit_test(a_folder_in_the_place_is_kept),
        cmocka_unit_test(reading_says_what_and_where),
        cmocka_unit_test(reading_stops_at_the_limit),
        cmocka_unit_test(reading_parts),
        cmocka_unit_test(a_pipe_is_waited_for),
        cmocka_unit_test(a_wait_ends_once_a_stop_is_requested),
        cmocka_unit_test(mapping_and_copying),
        cmocka_unit_test(folders),
        cmocka_unit_test(paths),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
