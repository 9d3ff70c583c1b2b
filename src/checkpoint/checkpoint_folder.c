/* checkpoint_folder.c: names and removal; see checkpoint_folder_internal.h.
 *
 * Invariant: no folder has a visible name of a checkpoint while its files are removed, and no file is unlinked that
 * neither a manifest names nor lies in a staged folder. */
#include "checkpoint.h"
#include "checkpoint_folder_internal.h"
#include "log.h"
#include "manifest_internal.h"
#include "paths.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char visible[] = "checkpoint-", hidden[] = ".checkpoint-";

/* --- names --------------------------------------------------------------------------------------------------------- */

int cam_checkpoint_exists(const char *path) {
    struct stat about;
    return path && lstat(path, &about) == 0;
}

/* Reads a step as it is written: digits without a zero before them. Sets *end. */
static int64_t parse_step(const char *digits, const char **end) {
    enum { MOST_DIGITS = 18 };
    size_t count = strspn(digits, "0123456789");
    *end = digits + count;
    if (count == 0 || count > MOST_DIGITS || (digits[0] == '0' && count > 1))
        return -1;
    return strtoll(digits, NULL, 10);
}

int64_t cam_checkpoint_step_of(const char *name) {
    const char *end;
    if (strncmp(name, visible, sizeof visible - 1) != 0)
        return -1;
    int64_t step = parse_step(name + sizeof visible - 1, &end);
    return *end == '\0' ? step : -1;
}

static void put_name(cam_strbuf *out, const char *folder, const char *prefix, int64_t step) {
    cam_strbuf_puts(out, folder);
    if (folder[0] == '\0' || folder[strlen(folder) - 1] != '/')
        cam_strbuf_putc(out, '/');
    cam_strbuf_puts(out, prefix);
    cam_strbuf_printf(out, "%" PRId64, step);
}

char *cam_checkpoint_path(const char *folder, int64_t step) {
    cam_strbuf path = CAM_STRBUF_INIT;
    put_name(&path, folder, visible, step);
    return cam_strbuf_detach(&path);
}

char *cam_checkpoint_stage_path(const char *folder, int64_t step, const char *token) {
    cam_strbuf path = CAM_STRBUF_INIT;
    put_name(&path, folder, hidden, step);
    cam_strbuf_puts(&path, ".tmp-");
    cam_strbuf_puts(&path, token);
    return cam_strbuf_detach(&path);
}

char *cam_checkpoint_part_path(const char *stage, int part, const char *end) {
    cam_strbuf path = CAM_STRBUF_INIT;
    cam_strbuf_puts(&path, stage);
    cam_strbuf_printf(&path, "/part-%d", part);
    cam_strbuf_puts(&path, end);
    return cam_strbuf_detach(&path);
}

/* PREFIXstep.KIND-K for the first K from 1 that is free. */
static char *free_path(const char *folder, const char *prefix, int64_t step, const char *kind) {
    for (int k = 1;; k++) {
        cam_strbuf path = CAM_STRBUF_INIT;
        put_name(&path, folder, prefix, step);
        cam_strbuf_putc(&path, '.');
        cam_strbuf_puts(&path, kind);
        cam_strbuf_printf(&path, "-%d", k);
        if (!cam_checkpoint_exists(path.text))
            return cam_strbuf_detach(&path);
        cam_strbuf_release(&path);
    }
}

char *cam_checkpoint_hidden_path(const char *folder, int64_t step, const char *kind) {
    return free_path(folder, hidden, step, kind);
}

/* --- removing ------------------------------------------------------------------------------------------------------ */

static cam_status unlink_in(const char *folder, const char *name) {
    char *path = cam_path_join(folder, name);
    cam_status st = cam_memory_check(CAM_OK);
    if (st == CAM_OK && unlink(path) != 0 && errno != ENOENT)
        st = cam_file_fail(CAM_E_STORAGE, "remove", path);
    free(path);
    return st;
}

/* Appends the names in a folder, each with a NUL. None where it cannot be read. */
static void read_names(const char *folder, cam_strbuf *names) {
    DIR *entries = folder ? opendir(folder) : NULL;
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            cam_strbuf_append(names, entry->d_name, strlen(entry->d_name) + 1);
    if (entries)
        closedir(entries);
}

/* The name after `name`, the first after NULL; NULL after the last. */
static const char *next_name(const cam_strbuf *names, const char *name) {
    name = name ? name + strlen(name) + 1 : cam_strbuf_text(names);
    return name < cam_strbuf_text(names) + names->length ? name : NULL;
}

/* "lock", "part-3.json", "part-3.failed", and their temporary files. */
static int is_of_stage(const char *name) {
    return strcmp(name, CAM_CHECKPOINT_LOCK) == 0 || strncmp(name, "part-", 5) == 0;
}

cam_status cam_checkpoint_clear_stage(const char *stage) {
    cam_status st = CAM_OK;
    cam_strbuf names = CAM_STRBUF_INIT;
    read_names(stage, &names);
    for (const char *name = next_name(&names, NULL); name; name = next_name(&names, name))
        if (is_of_stage(name))
            CAM_TRY(unlink_in(stage, name));
out:
    cam_strbuf_release(&names);
    return st;
}

/* Renames a folder with files of others to a name that the user sees. */
static cam_status show_again(const char *folder, int64_t step, const char *path) {
    char *to = cam_checkpoint_path(folder, step);
    if (cam_checkpoint_exists(to)) {
        free(to);
        to = free_path(folder, visible, step, "moved");
    }
    char *full = cam_path_absolute(to);
    cam_status st = rename(path, to) == 0 ? CAM_OK : cam_file_fail(CAM_E_STORAGE, "rename to", to);
    if (st == CAM_OK)
        cam_log_warn("\"%s\" has files that cam-train did not write: they stay there, the checkpoint is removed", full);
    free(full);
    free(to);
    return st;
}

/* Removes the emptied folder. */
static cam_status remove_folder(const char *folder, int64_t step, const char *path) {
    if (path && (rmdir(path) == 0 || errno == ENOENT))
        return CAM_OK;
    return errno == ENOTEMPTY || errno == EEXIST ? show_again(folder, step, path)
                                                 : cam_file_fail(CAM_E_STORAGE, "remove", path);
}

/* Goes on with the removal of a folder that has a hidden name. */
static cam_status finish_removal(const char *folder, int64_t step, const char *path) {
    cam_status st = CAM_OK;
    cam_manifest manifest;
    st = cam_manifest_read_in(path, &manifest);
    if (st == CAM_E_MEMORY)
        goto out;
    for (size_t i = 0; i < manifest.count; i++)
        CAM_TRY(unlink_in(path, manifest.files[i].name));
    if (st == CAM_OK) {
        CAM_TRY(cam_checkpoint_clear_stage(path));
        CAM_TRY(unlink_in(path, CAM_MANIFEST_NAME));
    }
    CAM_TRY(remove_folder(folder, step, path));
out:
    cam_manifest_release(&manifest);
    return st;
}

cam_status cam_checkpoint_remove(const char *folder, int64_t step, const char *path) {
    cam_status st = CAM_OK;
    char *gone = cam_checkpoint_hidden_path(folder, step, "gone");
    if (!path || !gone || rename(path, gone) != 0)
        CAM_TRY(errno == ENOENT ? CAM_OK : cam_file_fail(CAM_E_STORAGE, "remove", path));
    CAM_TRY(cam_directory_sync(folder));
    CAM_TRY(finish_removal(folder, step, gone));
out:
    free(gone);
    return st;
}

cam_status cam_checkpoint_move_aside(const char *folder, int64_t step) {
    cam_status st = CAM_OK;
    char *path = cam_checkpoint_path(folder, step), *to = free_path(folder, visible, step, "moved");
    char *full = cam_path_absolute(path), *full_to = cam_path_absolute(to);
    if (!path || !to || rename(path, to) != 0)
        CAM_TRY(cam_file_fail(CAM_E_STORAGE, "rename", path));
    cam_log_warn("\"%s\" is no checkpoint of this run; it is called \"%s\" from now on", full, full_to);
out:
    free(full_to);
    free(full);
    free(to);
    free(path);
    return st;
}

/* All that is in a folder without a manifest. */
static cam_status remove_all(const char *path) {
    cam_status st = CAM_OK;
    cam_strbuf names = CAM_STRBUF_INIT;
    read_names(path, &names);
    for (const char *name = next_name(&names, NULL); name; name = next_name(&names, name))
        CAM_TRY(unlink_in(path, name));
    if (!path || (rmdir(path) != 0 && errno != ENOENT))
        CAM_TRY(cam_file_fail(CAM_E_STORAGE, "remove", path));
out:
    cam_strbuf_release(&names);
    return st;
}

cam_status cam_checkpoint_remove_stage(const char *stage) {
    cam_status st = CAM_OK;
    cam_strbuf dead = CAM_STRBUF_INIT;
    cam_strbuf_puts(&dead, stage);
    cam_strbuf_puts(&dead, ".dead");
    CAM_TRY(remove_all(dead.text));
    if (!stage || cam_strbuf_failed(&dead) || rename(stage, dead.text) != 0)
        CAM_TRY(errno == ENOENT ? CAM_OK : cam_file_fail(CAM_E_STORAGE, "remove", stage));
    CAM_TRY(remove_all(dead.text));
out:
    cam_strbuf_release(&dead);
    return st;
}

/* --- what killed writers left -------------------------------------------------------------------------------------- */

/* Whether the writer of a staged folder lives. Sets *lock to a descriptor that holds the lock, -1 where there is none. */
static int is_living(const char *stage, int *lock) {
    char *path = cam_path_join(stage, CAM_CHECKPOINT_LOCK);
    *lock = !path ? -1 : open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int error = errno;
    free(path);
    if (*lock < 0)
        return error != ENOENT;
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    error = errno;
    close(*lock);
    *lock = -1;
    if (error != EWOULDBLOCK) {
        char *full = cam_path_absolute(stage);
        cam_log_warn(
            "\"%s\" may be left of a run that was killed; this file system has no locks that tell it (%s): remove "
            "it where no run writes there",
            full, strerror(error));
        free(full);
    }
    return 1;
}

/* With a manifest it may be an earlier checkpoint, which was exchanged for a new one. */
static cam_status remove_dead_stage(const char *folder, int64_t step, const char *stage) {
    cam_status st = CAM_OK;
    cam_manifest manifest = {0};
    int lock = -1;
    if (is_living(stage, &lock))
        goto out;
    st = cam_manifest_read_in(stage, &manifest);
    if (st == CAM_OK)
        CAM_TRY(cam_checkpoint_remove(folder, step, stage));
    else if (st != CAM_E_MEMORY)
        CAM_TRY(cam_checkpoint_remove_stage(stage));
out:
    cam_manifest_release(&manifest);
    if (lock >= 0)
        close(lock);
    return st;
}

/* A checkpoint whose successor did not get its name, or did. */
static cam_status put_back(const char *folder, int64_t step, const char *old) {
    cam_status st = CAM_OK;
    char *path = cam_checkpoint_path(folder, step);
    if (cam_checkpoint_exists(path))
        CAM_TRY(cam_checkpoint_remove(folder, step, old));
    else if (!old || !path || rename(old, path) != 0)
        CAM_TRY(cam_file_fail(CAM_E_STORAGE, "rename to", path));
out:
    free(path);
    return st;
}

static cam_status remove_leftover(const char *folder, const char *name) {
    const char *kind;
    if (strncmp(name, hidden, sizeof hidden - 1) != 0)
        return CAM_OK;
    int64_t step = parse_step(name + sizeof hidden - 1, &kind);
    if (step < 0)
        return CAM_OK;
    char *path = cam_path_join(folder, name);
    cam_status st = CAM_OK;
    if (strncmp(kind, ".tmp-", 5) == 0)
        st = remove_dead_stage(folder, step, path);
    else if (strncmp(kind, ".old-", 5) == 0)
        st = put_back(folder, step, path);
    else if (strncmp(kind, ".gone-", 6) == 0)
        st = finish_removal(folder, step, path);
    free(path);
    return st;
}

cam_status cam_checkpoint_remove_leftovers(const char *folder) {
    cam_status st = CAM_OK;
    cam_strbuf names = CAM_STRBUF_INIT;
    read_names(folder, &names);
    for (const char *name = next_name(&names, NULL); name; name = next_name(&names, name))
        CAM_TRY(remove_leftover(folder, name));
out:
    cam_strbuf_release(&names);
    return st;
}

cam_status cam_checkpoint_remove_run(const char *folder, const char *run_id) {
    cam_status st = CAM_OK;
    cam_checkpoint_found *found = NULL;
    size_t count = 0;
    CAM_TRY(cam_checkpoint_list(folder, run_id, &found, &count, NULL));
    for (size_t i = 0; i < count; i++)
        CAM_TRY(cam_checkpoint_remove(folder, found[i].step, found[i].path));
out:
    cam_checkpoint_list_release(found, count);
    return st;
}
