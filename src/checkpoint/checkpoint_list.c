/* checkpoint_list.c: which complete checkpoints a folder has; see checkpoint.h. */
#include "checkpoint.h"
#include "checkpoint_folder_internal.h"
#include "manifest_internal.h"
#include "paths.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct listing {
    const char *folder, *run_id;
    cam_checkpoint_found *found;
    size_t count, capacity;
    cam_strbuf *damaged;
} listing;

static cam_status add(listing *list, int64_t step) {
    if (list->count == list->capacity) {
        size_t capacity = 2 * list->capacity + 8;
        cam_checkpoint_found *found = realloc(list->found, capacity * sizeof *found);
        if (!found)
            return cam_fail(CAM_E_MEMORY, "no memory for the list of checkpoints");
        list->found = found;
        list->capacity = capacity;
    }
    list->found[list->count++] = (cam_checkpoint_found){step, cam_checkpoint_path(list->folder, step)};
    return CAM_OK;
}

/* A folder of another program has no manifest. */
static int has_manifest(const char *path) {
    struct stat about;
    char *manifest = cam_path_join(path, CAM_MANIFEST_NAME);
    int has = path && lstat(path, &about) == 0 && S_ISDIR(about.st_mode) && cam_checkpoint_exists(manifest);
    free(manifest);
    return has;
}

static void put_damaged(listing *list, const char *text) {
    if (!list->damaged)
        return;
    cam_strbuf_puts(list->damaged, text);
    cam_strbuf_putc(list->damaged, '\n');
}

static cam_status look_at(listing *list, int64_t step) {
    char *path = cam_checkpoint_path(list->folder, step);
    cam_manifest manifest = {0};
    cam_status st = CAM_OK;
    if (!has_manifest(path))
        goto out;
    st = cam_manifest_read_in(path, &manifest);
    if (st == CAM_OK && manifest.step != step)
        st = cam_fail(CAM_E_MODEL, "\"%s\" is a checkpoint of step %lld", path, (long long)manifest.step);
    if (st == CAM_E_MODEL)
        put_damaged(list, cam_status_message());
    else if (st == CAM_OK && (!list->run_id || strcmp(manifest.run_id, list->run_id) == 0))
        CAM_TRY(add(list, step));
    if (st == CAM_E_MODEL)
        st = CAM_OK;
out:
    cam_manifest_release(&manifest);
    free(path);
    return st;
}

static int newest_first(const void *a, const void *b) {
    const cam_checkpoint_found *x = a, *y = b;
    return x->step < y->step ? 1 : x->step > y->step ? -1 : 0;
}

cam_status cam_checkpoint_list(const char *folder, const char *run_id, cam_checkpoint_found **found, size_t *count,
                               cam_strbuf *damaged) {
    cam_status st = CAM_OK;
    listing list = {.folder = folder, .run_id = run_id, .damaged = damaged};
    *found = NULL;
    *count = 0;
    DIR *entries = opendir(folder);
    if (!entries && errno != ENOENT)
        CAM_TRY(cam_file_fail(CAM_E_STORAGE, "read", folder));
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
        int64_t step = cam_checkpoint_step_of(entry->d_name);
        if (step >= 0)
            CAM_TRY(look_at(&list, step));
    }
    if (list.count > 0)
        qsort(list.found, list.count, sizeof *list.found, newest_first);
    CAM_TRY(cam_memory_check(CAM_OK)); /* a checkpoint that could not be looked at is missing */
out:
    if (entries)
        closedir(entries);
    *found = list.found;
    *count = list.count;
    return st;
}

void cam_checkpoint_list_release(cam_checkpoint_found *found, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(found[i].path);
    free(found);
}
