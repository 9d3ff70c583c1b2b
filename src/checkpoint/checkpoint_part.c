/* checkpoint_part.c: see checkpoint_part_internal.h. The thread that writes does not hash: a second one reads the same
 * memory, or the file that was cloned. */
#include "checkpoint_folder_internal.h"
#include "checkpoint_part_internal.h"
#include "file_reader.h"
#include "files.h"
#include "plain.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

typedef struct part {
    const cam_checkpoint *checkpoint;
    const cam_checkpoint_room *room;
    const char *stage;
    cam_sha256_job *jobs;    /* one a file */
    cam_file_reader *placed; /* one a file: those with `like`, open in the staged folder */
} part;

/* --- room ---------------------------------------------------------------------------------------------------------- */

static int is_full(int error) {
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

cam_status cam_checkpoint_fail(const cam_checkpoint *checkpoint, const cam_checkpoint_room *room, const char *verb,
                               const char *name) {
    int error = errno;
    char *path = cam_checkpoint_path(checkpoint->folder, checkpoint->step);
    char *file = name ? cam_path_join(path, name) : NULL;
    cam_strbuf need = CAM_STRBUF_INIT;
    cam_strbuf_puts(&need, checkpoint->parts > 1 ? "; this part of the checkpoint needs " : "; the checkpoint needs ");
    cam_plain_put_bytes(&need, (double)room->needed);
    cam_strbuf_puts(&need, ", and ");
    cam_plain_put_bytes(&need, room->free_bytes);
    cam_strbuf_puts(&need, " are free there");
    errno = error;
    cam_status st = cam_file_fail(CAM_E_STORAGE, verb, file ? file : path);
    if (is_full(error))
        st = cam_fail(st, "%s%s", cam_status_message(), need.text);
    cam_strbuf_release(&need);
    free(file);
    free(path);
    return st;
}

cam_status cam_checkpoint_check_room(const cam_checkpoint *checkpoint, cam_checkpoint_room *room) {
    struct statvfs there;
    struct stat about;
    uint64_t in_memory = 0;
    *room = (cam_checkpoint_room){0};
    for (size_t i = 0; i < checkpoint->count; i++) {
        const cam_checkpoint_file *file = &checkpoint->files[i];
        CAM_ASSERT(cam_checkpoint_name_is_valid(file->name));
        in_memory += file->like ? 0 : file->count;
        room->needed += file->like ? stat(file->like, &about) == 0 ? (uint64_t)about.st_size : 0 : file->count;
    }
    if (statvfs(checkpoint->folder, &there) != 0)
        return cam_file_fail(CAM_E_STORAGE, "write to", checkpoint->folder);
    room->free_bytes = (double)there.f_bavail * (double)there.f_frsize;
    if (there.f_blocks == 0 || (double)in_memory <= room->free_bytes) /* some file systems do not tell */
        return CAM_OK;
    errno = ENOSPC;
    return cam_checkpoint_fail(checkpoint, room, "write", NULL);
}

static cam_status fail(const part *p, const char *verb, const char *name) {
    return cam_checkpoint_fail(p->checkpoint, p->room, verb, name);
}

/* --- files in memory ----------------------------------------------------------------------------------------------- */

/* Takes the room where the file system can; where it cannot, the writes will tell. */
static cam_status reserve(const part *p, int fd, const cam_checkpoint_file *file) {
    if (file->count == 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)file->count) == 0 || !is_full(errno))
        return CAM_OK;
    return fail(p, "write", file->name);
}

/* Writes block by block, and has the disk begin with each block at once: the sync at the end then waits less. */
static cam_status write_blocks(const part *p, int fd, const cam_checkpoint_file *file) {
    static const size_t block_bytes = 8 << 20;
    for (size_t at = 0; at < file->count;) {
        size_t count = file->count - at < block_bytes ? file->count - at : block_bytes;
        ssize_t wrote = write(fd, (const char *)file->bytes + at, count);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return fail(p, "write", file->name);
        if (count == block_bytes && sync_file_range(fd, (off_t)at, wrote, SYNC_FILE_RANGE_WRITE) != 0 &&
            (is_full(errno) || errno == EIO))
            return fail(p, "write", file->name);
        at += (size_t)wrote;
    }
    return CAM_OK;
}

static cam_status write_file(part *p, const cam_checkpoint_file *file, const char *path) {
    cam_status st = CAM_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        CAM_TRY(fail(p, "write", file->name));
    CAM_TRY(reserve(p, fd, file));
    CAM_TRY(write_blocks(p, fd, file));
    if (fdatasync(fd) != 0)
        CAM_TRY(fail(p, "sync", file->name));
    int closed = close(fd);
    fd = -1;
    if (closed != 0)
        CAM_TRY(fail(p, "close", file->name));
out:
    if (fd >= 0)
        close(fd);
    return st;
}

/* --- files like others --------------------------------------------------------------------------------------------- */

/* A clone shares the blocks of the other file until one of the two is written. */
static int clone_file(const char *like, const char *path) {
    int from = open(like, O_RDONLY | O_CLOEXEC), cloned = 0;
    int to = from >= 0 ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    if (to >= 0)
        cloned = ioctl(to, FICLONE, from) == 0;
    if (to >= 0 && close(to) != 0)
        cloned = 0;
    if (to >= 0 && !cloned)
        unlink(path);
    if (from >= 0)
        close(from);
    return cloned;
}

static cam_status place_like(part *p, size_t i, const char *path) {
    cam_status st = CAM_OK;
    const cam_checkpoint_file *file = &p->checkpoint->files[i];
    if (!clone_file(file->like, path) && linkat(AT_FDCWD, file->like, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0)
        CAM_TRY(cam_file_copy(file->like, path));
    CAM_TRY(cam_file_reader_open(&p->placed[i], path, CAM_E_STORAGE));
    if (fdatasync(p->placed[i].fd) != 0)
        CAM_TRY(fail(p, "sync", file->name));
out:
    return st;
}

/* --- all files ----------------------------------------------------------------------------------------------------- */

/* With `like` or without: those with it come first, so that their hashing can begin. */
static cam_status write_files(part *p, int with_like) {
    cam_status st = CAM_OK;
    char *path = NULL;
    for (size_t i = 0; i < p->checkpoint->count; i++) {
        const cam_checkpoint_file *file = &p->checkpoint->files[i];
        if ((file->like != NULL) != with_like)
            continue;
        free(path);
        path = cam_path_join(p->stage, file->name);
        CAM_TRY(file->like ? place_like(p, i, path) : write_file(p, file, path));
    }
out:
    free(path);
    return st;
}

static void unlink_files(const part *p) {
    for (size_t i = 0; i < p->checkpoint->count; i++) {
        char *path = cam_path_join(p->stage, p->checkpoint->files[i].name);
        if (path)
            unlink(path);
        free(path);
    }
}

static void set_jobs(part *p) {
    for (size_t i = 0; i < p->checkpoint->count; i++) {
        const cam_checkpoint_file *file = &p->checkpoint->files[i];
        p->jobs[i] = (cam_sha256_job){
            .bytes = file->bytes, .count = file->count, .file = file->like ? &p->placed[i] : NULL, .status = CAM_OK};
    }
}

static cam_status list_files(const part *p, cam_manifest *manifest) {
    cam_status st = CAM_OK;
    cam_manifest own = {0};
    own.files = calloc(p->checkpoint->count + 1, sizeof *own.files);
    if (!own.files)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the list of a checkpoint's files");
    for (size_t i = 0; i < p->checkpoint->count; i++) {
        const cam_checkpoint_file *file = &p->checkpoint->files[i];
        cam_manifest_file *listed = &own.files[i];
        listed->name = strdup(file->name);
        if (!listed->name)
            CAM_FAIL(CAM_E_MEMORY, "no memory for the list of a checkpoint's files");
        own.count++;
        listed->bytes = file->like ? p->placed[i].bytes : file->count;
        memcpy(listed->sha256, p->jobs[i].digits, sizeof listed->sha256);
    }
    CAM_TRY(cam_manifest_append(manifest, &own));
out:
    cam_manifest_release(&own);
    return st;
}

cam_status cam_checkpoint_write_part(const cam_checkpoint *checkpoint, const cam_checkpoint_room *room,
                                     const char *stage, cam_manifest *manifest) {
    enum { THREADS = 1 }; /* beside a training */
    cam_status st = CAM_OK;
    cam_sha256_jobs work;
    part p = {.checkpoint = checkpoint, .room = room, .stage = stage};
    p.jobs = calloc(checkpoint->count + 1, sizeof *p.jobs);
    p.placed = calloc(checkpoint->count + 1, sizeof *p.placed);
    if (!p.jobs || !p.placed)
        CAM_FAIL(CAM_E_MEMORY, "no memory to write a checkpoint");
    CAM_TRY(write_files(&p, 1));
    set_jobs(&p);
    cam_sha256_begin(&work, p.jobs, checkpoint->count, THREADS);
    st = write_files(&p, 0);
    if (st != CAM_OK)
        cam_sha256_abandon(&work);
    else
        st = cam_sha256_finish(&work);
    if (st == CAM_OK)
        st = list_files(&p, manifest);
out:
    if (st != CAM_OK)
        unlink_files(&p);
    for (size_t i = 0; p.placed && i < checkpoint->count; i++)
        cam_file_reader_close(&p.placed[i]);
    free(p.placed);
    free(p.jobs);
    return st;
}
