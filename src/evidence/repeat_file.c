/* repeat_file.c: see repeat_file_internal.h. */
#include "files.h"
#include "hash.h"
#include "log.h"
#include "repeat_file_internal.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the byte order of the machine: the file lives as long as the command. */
typedef struct header {
    char format[24];
    uint64_t identity;
    int64_t rows, labels;
    double wall_s;
    uint64_t hash; /* of the members above and the logits */
} header;

static const char format[24] = "cam-train repetition 1";
static const char ending[] = ".bin";

static size_t logit_bytes(const cam_repeat_task *task, int64_t job) {
    return (size_t)task->jobs[job].held_count * task->run->corpus.labels.count * sizeof(float);
}

static uint64_t hash_of(const header *h, const float *logits, size_t bytes) {
    uint64_t hash = cam_hash_bytes(CAM_HASH_START, h, offsetof(header, hash));
    return cam_hash_bytes(hash, logits, bytes);
}

char *cam_repeat_file_path(const cam_repeat_task *task, int64_t job) {
    char name[160];
    snprintf(name, sizeof name, "%s-%" PRId64 "-%" PRId64 "%s", task->prefix, task->jobs[job].seed,
             task->jobs[job].fold + 1, ending);
    return cam_run_folder_path(task->folder, name);
}

cam_status cam_repeat_file_write(const cam_repeat_task *task, int64_t job, const cam_repeat_result *result) {
    cam_status st = CAM_OK;
    size_t bytes = logit_bytes(task, job);
    cam_strbuf all = CAM_STRBUF_INIT;
    char *path = cam_repeat_file_path(task, job);
    header h;
    memset(&h, 0, sizeof h);
    memcpy(h.format, format, sizeof h.format);
    h.identity = task->identity;
    h.rows = task->jobs[job].held_count;
    h.labels = (int64_t)task->run->corpus.labels.count;
    h.wall_s = result->wall_s;
    h.hash = hash_of(&h, result->logits, bytes);
    cam_strbuf_append(&all, (const char *)&h, sizeof h);
    cam_strbuf_append(&all, (const char *)result->logits, bytes);
    CAM_TRY(cam_memory_check(CAM_OK));
    CAM_TRY(cam_file_write(path, all.text, all.length));
out:
    cam_strbuf_release(&all);
    free(path);
    return st;
}

cam_status cam_repeat_file_read(const cam_repeat_task *task, int64_t job, cam_repeat_result *result) {
    cam_status st = CAM_OK;
    size_t bytes = logit_bytes(task, job);
    cam_strbuf all = CAM_STRBUF_INIT;
    char *path = cam_repeat_file_path(task, job);
    header h;
    if (!cam_file_exists(path))
        goto out;
    if (cam_file_read(path, sizeof h + bytes, CAM_E_STORAGE, &all) != CAM_OK || all.length != sizeof h + bytes) {
        cam_log_verbose("\"%s\" is not used, and its training is made again", path);
        goto out;
    }
    memcpy(&h, all.text, sizeof h);
    const float *logits = (const float *)(const void *)(all.text + sizeof h);
    if (memcmp(h.format, format, sizeof format) != 0 || h.identity != task->identity ||
        h.rows != task->jobs[job].held_count || h.hash != hash_of(&h, logits, bytes)) {
        cam_log_verbose("\"%s\" is not used, and its training is made again", path);
        goto out;
    }
    result->logits = malloc(bytes + 1);
    if (!result->logits)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the logits of %lld rows", (long long)h.rows);
    memcpy(result->logits, logits, bytes);
    result->wall_s = h.wall_s;
out:
    cam_strbuf_release(&all);
    free(path);
    return st;
}

/* PREFIX-SEED-FOLD.bin, and nothing else. */
static int is_ours(const char *name, const char *prefix) {
    size_t length = strlen(prefix), rest;
    if (strncmp(name, prefix, length) != 0 || name[length] != '-')
        return 0;
    name += length + 1;
    rest = strspn(name, "0123456789-");
    return rest > 0 && strcmp(name + rest, ending) == 0;
}

cam_status cam_repeat_remove_files(const cam_run_folder *folder, const char *prefix) {
    cam_status st = CAM_OK;
    DIR *dir = opendir(folder->path);
    if (!dir)
        return cam_file_fail(CAM_E_STORAGE, "list", folder->path);
    for (struct dirent *entry; st == CAM_OK && (entry = readdir(dir)) != NULL;) {
        if (!is_ours(entry->d_name, prefix))
            continue;
        char *path = cam_run_folder_path(folder, entry->d_name);
        if (path && unlink(path) != 0 && errno != ENOENT)
            st = cam_file_fail(CAM_E_STORAGE, "remove", path);
        free(path);
    }
    closedir(dir);
    return st;
}
