/* checkpoint_write.c: writes a checkpoint: stage, files, lists, manifest, name, rotation; see checkpoint.h.
 *
 * Invariant: a folder gets the name of a checkpoint only after everything in it, and its own list of names, is on the
 * disk; nothing is removed before the parent folder, with that name, is on the disk, too. */
#include "checkpoint.h"
#include "checkpoint_folder_internal.h"
#include "checkpoint_part_internal.h"
#include "clock.h"
#include "files.h"
#include "log.h"
#include "manifest_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct writing {
    const cam_checkpoint *checkpoint;
    cam_checkpoint_room room;
    char *path, *stage; /* checkpoint-N, and its staged folder */
    int lock;           /* of the staged folder, of part 0 */
    int is_staged;      /* the staged folder is there and is not published */
    cam_manifest manifest;
} writing;

/* A pause between two looks at a folder that others write, longer from look to look. A network file system looks again
 * when the folder is opened. */
static void pause_before_look(const char *folder, int look) {
    long ms = look < 7 ? 1L << look : 100;
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
}

/* --- the staged folder --------------------------------------------------------------------------------------------- */

static cam_status fail(const writing *w, const char *verb) {
    return cam_checkpoint_fail(w->checkpoint, &w->room, verb, NULL);
}

static cam_status make_stage(writing *w) {
    cam_status st = CAM_OK;
    char *lock = cam_path_join(w->stage, CAM_CHECKPOINT_LOCK), *full = cam_path_absolute(w->stage);
    CAM_TRY(cam_memory_check(CAM_OK));
    if (mkdir(w->stage, 0777) != 0)
        CAM_TRY(errno == EEXIST ? cam_fail(CAM_E_STORAGE, "\"%s\" is being written by another process", full)
                                : fail(w, "make folder"));
    w->is_staged = 1;
    w->lock = open(lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (w->lock < 0)
        CAM_TRY(fail(w, "write"));
    (void)flock(w->lock, LOCK_EX | LOCK_NB); /* where there are no locks, leftovers stay */
out:
    free(full);
    free(lock);
    return st;
}

/* The caller knows that the wait for another part is in vain. */
static cam_status check_cancelled(const writing *w) {
    if (!cam_cancel_requested(w->checkpoint->cancel))
        return CAM_OK;
    return cam_fail(CAM_E_PEER, "checkpoint %" PRId64 " was given up: a rank that writes a part of it is lost",
                    w->checkpoint->step);
}

/* Waits until part 0 has made the staged folder. */
static cam_status find_stage(const writing *w) {
    cam_status st = CAM_OK;
    double deadline_s = cam_now_s() + w->checkpoint->timeout_s;
    for (int look = 0; !cam_checkpoint_exists(w->stage); look++) {
        CAM_TRY(check_cancelled(w));
        if (cam_now_s() > deadline_s) {
            char *full = cam_path_absolute(w->path);
            cam_fail(
                CAM_E_STORAGE,
                "part %d of \"%s\" does not see what part 0 writes there: output_dir must be on a file system that "
                "all machines see, or set shard_optimizer=false",
                w->checkpoint->part, full);
            free(full);
            return CAM_E_STORAGE;
        }
        pause_before_look(w->checkpoint->folder, look);
    }
out:
    return st;
}

/* --- parts --------------------------------------------------------------------------------------------------------- */

static cam_status take_list(writing *w, const char *path) {
    cam_status st = CAM_OK;
    cam_manifest list;
    CAM_TRY(cam_manifest_read(path, &list));
    if (list.step != w->checkpoint->step || strcmp(list.run_id, w->checkpoint->run_id) != 0)
        CAM_FAIL(CAM_E_PEER, "\"%s\" is the list of another checkpoint", path);
    CAM_TRY(cam_manifest_append(&w->manifest, &list));
out:
    cam_manifest_release(&list);
    return st;
}

/* Passes on why a part failed, where it has said so. */
static cam_status check_failed(const writing *w, int number) {
    enum { MOST_BYTES = 2000 };
    cam_status st = CAM_OK;
    char *path = cam_checkpoint_part_path(w->stage, number, ".failed"), text[MOST_BYTES + 1] = "";
    cam_file_reader reader = {0};
    if (!cam_checkpoint_exists(path))
        goto out;
    if (cam_file_reader_open(&reader, path, CAM_E_PEER) == CAM_OK) {
        size_t count = reader.bytes < MOST_BYTES ? (size_t)reader.bytes : MOST_BYTES;
        if (cam_file_reader_read(&reader, 0, count, text) != CAM_OK)
            text[0] = '\0';
        cam_file_reader_close(&reader);
    }
    CAM_FAIL(CAM_E_PEER, "part %d of checkpoint %" PRId64 " failed: %s", number, w->checkpoint->step, text);
out:
    free(path);
    return st;
}

static cam_status fail_missing(const writing *w, const char *taken) {
    cam_strbuf missing = CAM_STRBUF_INIT;
    char *full = cam_path_absolute(w->path);
    for (int r = 1; r < w->checkpoint->parts; r++)
        if (!taken[r])
            cam_strbuf_printf(&missing, "%s%d", missing.length > 0 ? ", " : "", r);
    cam_fail(CAM_E_PEER,
             "\"%s\": after %g s there is nothing of part %s of the %d parts; have those ranks ended? All must see "
             "output_dir",
             full, w->checkpoint->timeout_s, missing.text, w->checkpoint->parts);
    free(full);
    cam_strbuf_release(&missing);
    return CAM_E_PEER;
}

/* Takes the lists that came since the last look; *left parts have none yet. */
static cam_status take_lists(writing *w, char *taken, int *left) {
    cam_status st = CAM_OK;
    char *path = NULL;
    *left = 0;
    for (int r = 1; r < w->checkpoint->parts; r++) {
        if (taken[r])
            continue;
        CAM_TRY(check_failed(w, r));
        free(path);
        path = cam_checkpoint_part_path(w->stage, r, ".json");
        if (!cam_checkpoint_exists(path)) {
            ++*left;
            continue;
        }
        CAM_TRY(take_list(w, path));
        taken[r] = 1;
    }
out:
    free(path);
    return st;
}

static cam_status wait_for_parts(writing *w) {
    cam_status st = CAM_OK;
    double deadline_s = cam_now_s() + w->checkpoint->timeout_s;
    int left = 0;
    char *taken = calloc((size_t)w->checkpoint->parts + 1, 1);
    if (!taken)
        CAM_FAIL(CAM_E_MEMORY, "no memory to wait for the parts of a checkpoint");
    CAM_TRY(take_lists(w, taken, &left));
    for (int look = 0; left > 0; look++) {
        CAM_TRY(check_cancelled(w));
        if (cam_now_s() > deadline_s)
            CAM_TRY(fail_missing(w, taken));
        pause_before_look(w->stage, look);
        CAM_TRY(take_lists(w, taken, &left));
    }
out:
    free(taken);
    return st;
}

static cam_status put_list(writing *w) {
    char *path = cam_checkpoint_part_path(w->stage, w->checkpoint->part, ".json");
    cam_status st = cam_manifest_write(path, &w->manifest);
    free(path);
    return st;
}

/* Leaves the message for part 0. Where part 0 has given up, that is the message. */
static cam_status put_failure(const writing *w, cam_status st) {
    cam_failure failure;
    cam_failure_set_aside(&failure, st);
    char *path = cam_checkpoint_part_path(w->stage, w->checkpoint->part, ".failed");
    int is_awaited = cam_checkpoint_exists(w->stage);
    if (!is_awaited)
        st = cam_fail(CAM_E_PEER, "part 0 of checkpoint %" PRId64 " failed, or another part", w->checkpoint->step);
    else if (!path || cam_file_write(path, failure.message, strlen(failure.message)) != CAM_OK)
        cam_log_warn("part 0 does not learn of this failure: %s", cam_status_message());
    if (is_awaited)
        st = cam_failure_report(&failure);
    free(path);
    return st;
}

static cam_status write_other_part(writing *w) {
    cam_status st = CAM_OK;
    CAM_TRY(find_stage(w));
    st = cam_checkpoint_check_room(w->checkpoint, &w->room);
    if (st == CAM_OK)
        st = cam_checkpoint_write_part(w->checkpoint, &w->room, w->stage, &w->manifest);
    if (st == CAM_OK)
        st = put_list(w);
    if (st != CAM_OK)
        st = put_failure(w, st);
out:
    return st;
}

/* --- the name ------------------------------------------------------------------------------------------------------ */

/* manifest.json comes last; then nothing but the checkpoint's files may be left. */
static cam_status put_manifest(writing *w) {
    cam_status st = CAM_OK;
    char *path = cam_path_join(w->stage, CAM_MANIFEST_NAME);
    CAM_TRY(cam_manifest_write(path, &w->manifest));
    CAM_TRY(cam_checkpoint_clear_stage(w->stage));
    CAM_TRY(cam_directory_sync(w->stage));
out:
    free(path);
    return st;
}

static cam_status is_own(const writing *w, int *is) {
    cam_manifest manifest;
    cam_status st = cam_manifest_read_in(w->path, &manifest);
    *is = st == CAM_OK && manifest.step == w->checkpoint->step && strcmp(manifest.run_id, w->checkpoint->run_id) == 0;
    cam_manifest_release(&manifest);
    return st == CAM_E_MEMORY ? st : CAM_OK;
}

static void warn_of_rest(cam_status st) {
    if (st != CAM_OK)
        cam_log_warn("an old checkpoint could not be removed: %s", cam_status_message());
}

/* Gives the staged folder its name, which nothing has. */
static cam_status take_name(writing *w) {
    if (rename(w->stage, w->path) != 0)
        return fail(w, "rename to");
    w->is_staged = 0;
    return cam_directory_sync(w->checkpoint->folder);
}

/* Where two folders cannot be exchanged: cam_checkpoint_remove_leftovers gives the old one its name back if this process
 * ends between the two renames. */
static cam_status replace_in_two_steps(writing *w) {
    cam_status st = CAM_OK;
    char *old = cam_checkpoint_hidden_path(w->checkpoint->folder, w->checkpoint->step, "old");
    if (!old || rename(w->path, old) != 0)
        CAM_TRY(fail(w, "replace"));
    if (rename(w->stage, w->path) != 0) {
        st = fail(w, "rename to");
        if (rename(old, w->path) != 0)
            cam_log_warn("the earlier checkpoint has the name \"%s\"", old);
        goto out;
    }
    w->is_staged = 0;
    CAM_TRY(cam_directory_sync(w->checkpoint->folder));
    warn_of_rest(cam_checkpoint_remove(w->checkpoint->folder, w->checkpoint->step, old));
out:
    free(old);
    return st;
}

/* At no time is there neither the old checkpoint nor the new one. */
static cam_status replace(writing *w) {
    cam_status st = CAM_OK;
    if (renameat2(AT_FDCWD, w->stage, AT_FDCWD, w->path, RENAME_EXCHANGE) != 0) {
        CAM_TRY(errno == EINVAL || errno == ENOSYS || errno == ENOTSUP ? replace_in_two_steps(w) : fail(w, "replace"));
        goto out;
    }
    w->is_staged = 0;
    CAM_TRY(cam_directory_sync(w->checkpoint->folder));
    warn_of_rest(cam_checkpoint_remove(w->checkpoint->folder, w->checkpoint->step, w->stage));
out:
    return st;
}

static cam_status publish(writing *w) {
    cam_status st = CAM_OK;
    int own = 0;
    if (cam_checkpoint_exists(w->path)) {
        CAM_TRY(is_own(w, &own));
        if (!own)
            CAM_TRY(cam_checkpoint_move_aside(w->checkpoint->folder, w->checkpoint->step));
    }
    CAM_TRY(own ? replace(w) : take_name(w));
out:
    return st;
}

/* --- rotation ------------------------------------------------------------------------------------------------------ */

/* Removes the oldest checkpoints of the run until `keep` are left. The checkpoint is complete: what fails is a warning. */
static void rotate(const cam_checkpoint *c) {
    cam_status st = CAM_OK;
    cam_checkpoint_found *found = NULL;
    size_t count = 0;
    if (c->keep <= 0)
        return;
    CAM_TRY(cam_checkpoint_list(c->folder, c->run_id, &found, &count, NULL));
    int64_t left = (int64_t)count;
    for (size_t i = count; i-- > 1 && left > c->keep;) {
        if (found[i].step == c->step || found[i].step == c->best_step)
            continue;
        CAM_TRY(cam_checkpoint_remove(c->folder, found[i].step, found[i].path));
        left--;
    }
out:
    warn_of_rest(st);
    cam_checkpoint_list_release(found, count);
}

/* --- all of it ----------------------------------------------------------------------------------------------------- */

static cam_status write_whole(writing *w) {
    const cam_checkpoint *c = w->checkpoint;
    cam_status st = CAM_OK;
    st = cam_checkpoint_remove_leftovers(c->folder);
    if (st == CAM_E_MEMORY)
        goto out;
    warn_of_rest(st);
    CAM_TRY(cam_checkpoint_check_room(c, &w->room));
    CAM_TRY(make_stage(w));
    CAM_TRY(cam_checkpoint_write_part(c, &w->room, w->stage, &w->manifest));
    if (c->parts > 1)
        CAM_TRY(wait_for_parts(w));
    CAM_TRY(put_manifest(w));
    CAM_TRY(publish(w));
    rotate(c);
out:
    return st;
}

/* The message of the failure stays that of the write. */
static void remove_stage(const writing *w, cam_status st) {
    cam_failure failure;
    cam_failure_set_aside(&failure, st);
    if (cam_checkpoint_remove_stage(w->stage) != CAM_OK)
        cam_log_warn("what was written of a checkpoint could not be removed: %s", cam_status_message());
    if (st != CAM_OK)
        cam_failure_report(&failure);
}

cam_status cam_checkpoint_write(const cam_checkpoint *checkpoint) {
    writing w = {.checkpoint = checkpoint, .lock = -1};
    cam_status st = CAM_OK;
    CAM_ASSERT(checkpoint->step >= 0 && checkpoint->part >= 0 &&
               (checkpoint->part == 0 || checkpoint->part < checkpoint->parts));
    w.path = cam_checkpoint_path(checkpoint->folder, checkpoint->step);
    w.stage = cam_checkpoint_stage_path(checkpoint->folder, checkpoint->step, checkpoint->token);
    w.manifest.step = checkpoint->step;
    w.manifest.run_id = strdup(checkpoint->run_id);
    if (!w.manifest.run_id)
        CAM_FAIL(CAM_E_MEMORY, "no memory to write a checkpoint");
    CAM_TRY(checkpoint->part == 0 ? write_whole(&w) : write_other_part(&w));
out:
    if (w.is_staged)
        remove_stage(&w, st);
    if (w.lock >= 0)
        close(w.lock);
    cam_manifest_release(&w.manifest);
    free(w.stage);
    free(w.path);
    return st;
}
