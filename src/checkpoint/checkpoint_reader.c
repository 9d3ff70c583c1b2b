/* checkpoint_reader.c: see checkpoint_reader.h. */
#include "checkpoint_reader.h"
#include "manifest_internal.h"
#include "paths.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cam_status open_entry(const char *folder, cam_manifest_file *listed, cam_checkpoint_entry *entry) {
    char *path = cam_path_join(folder, listed->name);
    cam_status st = cam_file_reader_open(&entry->file, path, CAM_E_MODEL);
    free(path);
    *entry = (cam_checkpoint_entry){listed->name, listed->bytes, listed->sha256, entry->file};
    if (st == CAM_OK && entry->file.bytes != entry->bytes)
        st = cam_fail(CAM_E_MODEL, "\"%s\" has %llu bytes, the manifest says %llu", entry->file.path,
                      (unsigned long long)entry->file.bytes, (unsigned long long)entry->bytes);
    return st;
}

cam_status cam_checkpoint_open(cam_checkpoint_reader *reader, const char *path) {
    cam_status st = CAM_OK;
    *reader = (cam_checkpoint_reader){.path = cam_path_absolute(path)};
    reader->manifest = calloc(1, sizeof *reader->manifest);
    if (!reader->manifest)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", path);
    CAM_TRY(cam_manifest_read_in(reader->path, reader->manifest));
    reader->run_id = reader->manifest->run_id;
    reader->step = reader->manifest->step;
    reader->entries = calloc(reader->manifest->count + 1, sizeof *reader->entries);
    if (!reader->entries)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", path);
    for (; reader->count < reader->manifest->count; reader->count++)
        CAM_TRY(open_entry(reader->path, &reader->manifest->files[reader->count], &reader->entries[reader->count]));
out:
    if (st != CAM_OK) {
        if (reader->entries) /* the one that failed may be open */
            cam_file_reader_close(&reader->entries[reader->count].file);
        cam_checkpoint_close(reader);
    }
    return st;
}

static cam_status compare(const cam_checkpoint_reader *reader, const cam_sha256_job *jobs) {
    for (size_t i = 0; i < reader->count; i++)
        if (strcmp(jobs[i].digits, reader->entries[i].sha256) != 0)
            return cam_fail(CAM_E_MODEL, "\"%s\": its sha256 is %s, the manifest says %s", reader->entries[i].file.path,
                            jobs[i].digits, reader->entries[i].sha256);
    return CAM_OK;
}

cam_status cam_checkpoint_verify(const cam_checkpoint_reader *reader) {
    cam_status st = CAM_OK;
    cam_sha256_jobs work;
    long processors = sysconf(_SC_NPROCESSORS_ONLN), others = processors - 1;
    cam_sha256_job *jobs = calloc(reader->count + 1, sizeof *jobs);
    if (!jobs)
        CAM_FAIL(CAM_E_MEMORY, "no memory to check \"%s\"", reader->path);
    for (size_t i = 0; i < reader->count; i++)
        jobs[i].file = &reader->entries[i].file;
    if (others >= (long)reader->count)
        others = (long)reader->count - 1;
    cam_sha256_begin(&work, jobs, reader->count, (int)others); /* the calling thread is one more */
    CAM_TRY(cam_sha256_finish(&work));
    CAM_TRY(compare(reader, jobs));
out:
    free(jobs);
    return st;
}

const cam_checkpoint_entry *cam_checkpoint_find(const cam_checkpoint_reader *reader, const char *name) {
    for (size_t i = 0; i < reader->count; i++)
        if (strcmp(reader->entries[i].name, name) == 0)
            return &reader->entries[i];
    return NULL;
}

cam_status cam_checkpoint_read(const cam_checkpoint_entry *entry, uint64_t begin, size_t count, void *to) {
    if (begin > entry->bytes || count > entry->bytes - begin)
        return cam_fail(CAM_E_MODEL, "\"%s\" has %llu bytes: it does not reach to byte %llu", entry->file.path,
                        (unsigned long long)entry->bytes, (unsigned long long)begin + count);
    return cam_file_reader_read(&entry->file, begin, count, to);
}

void cam_checkpoint_close(cam_checkpoint_reader *reader) {
    for (size_t i = 0; i < reader->count; i++)
        cam_file_reader_close(&reader->entries[i].file);
    free(reader->entries);
    if (reader->manifest)
        cam_manifest_release(reader->manifest);
    free(reader->manifest);
    free(reader->path);
    *reader = (cam_checkpoint_reader){0};
}
