/* blob.c: see blob_internal.h. */
#include "blob_internal.h"
#include "file_lock_internal.h"
#include "files.h"
#include "hub_cache.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- paths ------------------------------------------------------------------------------------------------------- */

void cam_hub_folders_init(cam_hub_folders *folders, const char *id, const char *commit) {
    char *cache = cam_hub_cache_folder(), *name = cam_hub_folder_name(id);
    char *snapshots, *all_locks = cam_path_join(cache, ".locks");
    folders->repository = cam_path_join(cache, name);
    folders->blobs = cam_path_join(folders->repository, "blobs");
    folders->refs = cam_path_join(folders->repository, "refs");
    folders->locks = cam_path_join(all_locks, name);
    snapshots = cam_path_join(folders->repository, "snapshots");
    folders->snapshot = cam_path_join(snapshots, commit);
    free(snapshots);
    free(all_locks);
    free(cache);
    free(name);
}

void cam_hub_folders_release(cam_hub_folders *folders) {
    free(folders->repository);
    free(folders->blobs);
    free(folders->snapshot);
    free(folders->refs);
    free(folders->locks);
    *folders = (cam_hub_folders){0};
}

/* "folder/name.ending", to be freed. */
static char *path_with_ending(const char *folder, const char *name, const char *ending) {
    cam_strbuf buf = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&buf, folder, "/", name, ending, NULL);
    return cam_strbuf_detach(&buf);
}

/* The length of a file, or of the one that it links to; -1 where there is none. */
static long long size_of(const char *path) {
    struct stat about;
    return path && stat(path, &about) == 0 && S_ISREG(about.st_mode) ? (long long)about.st_size : -1;
}

static cam_status fail_storage(const char *verb, const char *path) {
    return cam_fail(CAM_E_STORAGE, "cannot %s \"%s\": %s", verb, path, strerror(errno));
}

long long cam_hub_missing_bytes(const cam_hub_folders *folders, const cam_hub_file *file) {
    char *blob = path_with_ending(folders->blobs, file->etag, "");
    char *part = path_with_ending(folders->blobs, file->etag, ".incomplete");
    char *link = cam_path_join(folders->snapshot, file->name);
    long long received = size_of(part);
    int is_there = size_of(blob) == file->size || size_of(link) == file->size;
    free(blob);
    free(part);
    free(link);
    return is_there ? 0 : received > 0 && received <= file->size ? file->size - received : file->size;
}

/* --- the snapshot's link ----------------------------------------------------------------------------------------- */

/* Moves a new blob to where its link would be; copies one that other snapshots may use, too. As huggingface_hub does. */
static cam_status put_file(const char *blob, const char *link, int is_new) {
    unlink(link);
    if (is_new && rename(blob, link) == 0)
        return CAM_OK;
    return cam_file_copy(blob, link);
}

/* Puts the link in one step; sets *is_possible to zero where the file system has no symbolic links. */
static cam_status put_link(const char *target, const char *link, int *is_possible) {
    cam_strbuf temporary = CAM_STRBUF_INIT;
    cam_status st = CAM_OK;
    cam_strbuf_puts(&temporary, link);
    cam_strbuf_printf(&temporary, ".tmp-%ld", (long)getpid());
    if (cam_strbuf_failed(&temporary))
        return cam_fail(CAM_E_MEMORY, "no memory for a path");
    unlink(cam_strbuf_text(&temporary));
    if (symlink(target, cam_strbuf_text(&temporary)) != 0) {
        *is_possible = errno != EPERM && errno != ENOTSUP && errno != ENOSYS;
        st = *is_possible ? fail_storage("link", link) : CAM_OK;
    } else if (rename(cam_strbuf_text(&temporary), link) != 0) {
        st = fail_storage("link", link);
        unlink(cam_strbuf_text(&temporary));
    }
    cam_strbuf_release(&temporary);
    return st;
}

static cam_status link_blob(const cam_hub_folders *folders, const cam_hub_file *file, const char *blob, int is_new,
                            int no_links) {
    cam_status st = CAM_OK;
    int is_possible = !no_links;
    char *link = cam_path_join(folders->snapshot, file->name),
         *target = path_with_ending("../../blobs", file->etag, "");
    CAM_TRY(cam_memory_check(CAM_OK));
    if (is_possible)
        CAM_TRY(put_link(target, link, &is_possible));
    if (!is_possible)
        CAM_TRY(put_file(blob, link, is_new));
out:
    free(link);
    free(target);
    return st;
}

/* --- the blob ---------------------------------------------------------------------------------------------------- */

/* Opens the part that was received. Without a lock two processes must not write to one file, so it gets a name of its
 * own, which no other process goes on with. */
static cam_status open_part(const cam_hub_folders *folders, const cam_hub_file *file, int is_locked, char **path,
                            cam_http_file *part) {
    char ending[48] = ".incomplete";
    if (!is_locked)
        snprintf(ending, sizeof ending, ".%ld.incomplete", (long)getpid());
    *path = path_with_ending(folders->blobs, file->etag, ending);
    if (!*path)
        return cam_fail(CAM_E_MEMORY, "no memory for a path");
    *part = (cam_http_file){.fd = open(*path, O_RDWR | O_CREAT | O_CLOEXEC, 0666), .path = *path};
    if (part->fd < 0)
        return fail_storage("write", *path);
    part->size = size_of(*path);
    part->expected = file->size;
    if (part->size > part->expected) {
        part->size = 0;
        if (ftruncate(part->fd, 0) != 0)
            return fail_storage("write", *path);
    }
    return CAM_OK;
}

/* Downloads the rest of the part and checks it. */
static cam_status fill_part(cam_http *http, const cam_hub_file *file, const char *path, cam_http_file *part,
                            cam_http_answer *answer, int *is_right) {
    cam_status st = CAM_OK;
    *is_right = 0;
    if (part->size < part->expected || part->expected == 0)
        CAM_TRY(cam_http_send(http, CAM_HTTP_GET, path, part, answer));
    if (part->size == part->expected)
        CAM_TRY(cam_hub_hash_check(part->path, file->etag, http->cancel, is_right));
out:
    return st;
}

static int is_refusal(const cam_http_answer *answer) {
    return answer->status >= 300;
}

/* Called under the lock, where there is no blob. */
static cam_status download(cam_http *http, const cam_hub_folders *folders, const cam_hub_file *file, const char *path,
                           int is_locked, const char *blob, cam_http_answer *answer) {
    cam_status st = CAM_OK;
    char *part_path = NULL;
    cam_http_file part = {.fd = -1};
    int is_right = 0;
    CAM_TRY(open_part(folders, file, is_locked, &part_path, &part));
    for (int tries = 0; !is_right && tries < 2; tries++) {
        CAM_TRY(fill_part(http, file, path, &part, answer, &is_right));
        if (is_refusal(answer))
            goto out;
        if (!is_right) {
            cam_log_verbose("the hash of \"%s\" is wrong; what was received is removed", file->name);
            part.size = 0;
            if (ftruncate(part.fd, 0) != 0)
                CAM_TRY(fail_storage("write", part_path));
        }
    }
    if (!is_right) {
        unlink(part_path);
        CAM_FAIL(
            CAM_E_NETWORK,
            "\"%s\" arrived twice with another hash than the Hub names (%.12s...); something between here and \"%s\" "
            "changes files, a proxy for example",
            file->name, file->etag, http->settings->endpoint);
    }
    if (fsync(part.fd) != 0 || rename(part_path, blob) != 0)
        CAM_TRY(fail_storage("write", blob));
out:
    if (part.fd >= 0)
        close(part.fd);
    free(part_path);
    return st;
}

/* Sets *is_good: the snapshot's file is there and right. A link is checked with its blob. */
static cam_status check_snapshot(const cam_http *http, const cam_hub_folders *folders, const cam_hub_file *file,
                                 int verify, int *is_good) {
    cam_status st = CAM_OK;
    struct stat about;
    char *link = cam_path_join(folders->snapshot, file->name);
    *is_good = size_of(link) == file->size;
    if (*is_good && verify && lstat(link, &about) == 0 && S_ISREG(about.st_mode))
        CAM_TRY(cam_hub_hash_check(link, file->etag, http->cancel, is_good));
    else if (verify)
        *is_good = 0;
out:
    free(link);
    return st;
}

/* Sets *is_good: the blob is there and right; removes one that is not. */
static cam_status check_blob(const cam_http *http, const cam_hub_file *file, const char *blob, int verify,
                             int *is_good) {
    cam_status st = CAM_OK;
    struct stat about;
    *is_good = size_of(blob) == file->size;
    if (*is_good && verify)
        CAM_TRY(cam_hub_hash_check(blob, file->etag, http->cancel, is_good));
    if (!*is_good && lstat(blob, &about) == 0) {
        cam_log_warn("\"%s\" is damaged; it is downloaded again", blob);
        if (unlink(blob) != 0 && errno != ENOENT)
            CAM_TRY(fail_storage("remove", blob));
    }
out:
    return st;
}

cam_status cam_hub_file_get(cam_http *http, const cam_hub_folders *folders, const cam_hub_file *file, const char *path,
                            int verify, cam_http_answer *answer) {
    cam_status st = CAM_OK;
    int lock = -1, is_good = 0;
    char *blob = path_with_ending(folders->blobs, file->etag, ""), *lock_path = NULL;
    CAM_TRY(check_snapshot(http, folders, file, verify, &is_good));
    if (is_good)
        goto out;
    CAM_TRY(cam_directory_make(folders->blobs));
    CAM_TRY(cam_directory_make(folders->snapshot));
    CAM_TRY(cam_directory_make(folders->locks));
    lock_path = path_with_ending(folders->locks, file->etag, ".lock");
    CAM_TRY(cam_memory_check(CAM_OK));
    CAM_TRY(cam_file_lock(http, lock_path, file->name, &lock));
    CAM_TRY(check_blob(http, file, blob, verify, &is_good));
    if (!is_good)
        CAM_TRY(download(http, folders, file, path, lock >= 0, blob, answer));
    if (!is_refusal(answer))
        CAM_TRY(link_blob(folders, file, blob, !is_good, http->settings->no_links));
out:
    cam_file_unlock(lock);
    free(blob);
    free(lock_path);
    return st;
}
