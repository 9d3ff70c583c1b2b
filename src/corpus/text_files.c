/* text_files.c: see text_files.h. A name that is there as it is written is no pattern. */
#include "text_files.h"
#include "failures.h"
#include "files.h"
#include "hash.h"
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int is_listed(const cam_text_files *files, const char *path) {
    for (size_t i = 0; i < files->count; i++)
        if (cam_file_is_same(files->paths[i], path))
            return 1;
    return 0;
}

static cam_status append(cam_text_files *files, const char *path) {
    char **paths = realloc(files->paths, (files->count + 1) * sizeof *paths);
    if (!paths)
        return cam_fail(CAM_E_MEMORY, "no memory for %zu file names", files->count + 1);
    files->paths = paths;
    paths[files->count] = strdup(path);
    if (!paths[files->count])
        return cam_fail(CAM_E_MEMORY, "no memory for %zu file names", files->count + 1);
    files->count++;
    return CAM_OK;
}

static cam_status add_file(cam_text_files *files, const char *key, const char *path) {
    struct stat about;
    if (stat(path, &about) != 0)
        return cam_fail(CAM_E_DATA, "%s: cannot open \"%s\": %s%s", key, path, strerror(errno),
                        cam_path_hint(path, errno));
    if (S_ISDIR(about.st_mode))
        return cam_fail(CAM_E_DATA, "%s: \"%s\" is a folder; write \"%s/*.txt\" for its texts", key, path, path);
    if (!S_ISREG(about.st_mode))
        return cam_fail(CAM_E_DATA,
                        "%s: \"%s\" is no regular file: a pipe cannot be read twice; write its texts to a "
                        "file",
                        key, path);
    return is_listed(files, path) ? CAM_OK : append(files, path);
}

static cam_status add_pattern(cam_text_files *files, const char *key, const char *pattern, cam_failures *failures) {
    cam_status st = CAM_OK;
    glob_t found = {0};
    int outcome = glob(pattern, 0, NULL, &found);
    if (outcome == GLOB_NOSPACE)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the files of \"%s\"", pattern);
    if (outcome != 0 || found.gl_pathc == 0)
        CAM_TRY(cam_failures_take(failures, cam_fail(CAM_E_DATA, "%s: no file matches \"%s\"", key, pattern)));
    for (size_t i = 0; outcome == 0 && i < found.gl_pathc; i++)
        if (!cam_directory_exists(found.gl_pathv[i]))
            CAM_TRY(cam_failures_take(failures, add_file(files, key, found.gl_pathv[i])));
out:
    globfree(&found);
    return st;
}

static cam_status add_entry(cam_text_files *files, const char *key, const char *entry, cam_failures *failures) {
    struct stat about;
    if (strpbrk(entry, "*?[") && stat(entry, &about) != 0)
        return add_pattern(files, key, entry, failures);
    return cam_failures_take(failures, add_file(files, key, entry));
}

/* Hashes what tells one state of the files from another, and adds up their bytes. */
static cam_status look(const cam_text_files *files, uint64_t *identity, uint64_t *bytes) {
    uint64_t hash = CAM_HASH_START, sum = 0;
    for (size_t i = 0; i < files->count; i++) {
        struct stat about;
        if (stat(files->paths[i], &about) != 0)
            return cam_file_fail(CAM_E_DATA, "read", files->paths[i]);
        int64_t state[] = {(int64_t)about.st_size, (int64_t)about.st_mtim.tv_sec, (int64_t)about.st_mtim.tv_nsec};
        hash = cam_hash_bytes(hash, files->paths[i], strlen(files->paths[i]) + 1);
        hash = cam_hash_bytes(hash, state, sizeof state);
        sum += (uint64_t)about.st_size;
    }
    uint64_t trained = files->train_count;
    *identity = cam_hash_bytes(hash, &trained, sizeof trained);
    *bytes = sum;
    return CAM_OK;
}

cam_status cam_text_files_find(cam_text_files *files, const cam_config *config) {
    cam_status st = CAM_OK;
    cam_failures failures = {0};
    *files = (cam_text_files){0};
    for (size_t i = 0; i < config->train_files.count; i++)
        CAM_TRY(add_entry(files, "train_file", config->train_files.items[i], &failures));
    files->train_count = files->count;
    if (config->validation_file)
        CAM_TRY(add_entry(files, "validation_file", config->validation_file, &failures));
    if (config->validation_file && failures.count == 0 && files->count == files->train_count)
        CAM_TRY(cam_failures_take(&failures, cam_fail(CAM_E_DATA, "validation_file: \"%s\" is read for training, too",
                                                      config->validation_file)));
    CAM_TRY(cam_failures_status(&failures));
    CAM_TRY(look(files, &files->identity, &files->bytes));
out:
    cam_failures_release(&failures);
    return st;
}

cam_status cam_text_files_check(const cam_text_files *files) {
    cam_status st = CAM_OK;
    uint64_t identity = 0, bytes = 0;
    CAM_TRY(look(files, &identity, &bytes));
    if (identity != files->identity)
        CAM_FAIL(CAM_E_DATA, "the texts were written to while they were read; start again");
out:
    return st;
}

void cam_text_files_release(cam_text_files *files) {
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (cam_text_files){0};
}
