/* files.c: see files.h. */
#include "files.h"
#include "input.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

cam_status cam_file_read(const char *path, size_t max_bytes, cam_status kind, cam_strbuf *out) {
    cam_status st = CAM_OK;
    const char *name = path && strcmp(path, "-") == 0 ? CAM_STANDARD_INPUT : path;
    int fd = -1;
    size_t total = 0, got = 1;
    static const size_t block_bytes = 1 << 16;
    char *block = malloc(block_bytes);
    if (!block)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", path);
    CAM_TRY(cam_input_open(path, kind, &fd, NULL));
    while (got > 0) {
        CAM_TRY(cam_input_read(fd, name, kind, block, block_bytes, &got));
        total += got;
        if (total > max_bytes)
            CAM_FAIL(kind, "\"%s\" is larger than %zu bytes", path, max_bytes);
        cam_strbuf_append(out, block, got);
        if (cam_strbuf_failed(out))
            CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", name);
    }
out:
    cam_input_close(fd);
    free(block);
    return st;
}

cam_status cam_file_map(const char *path, cam_status kind, cam_mapping *map) {
    cam_status st = CAM_OK;
    int fd = -1;
    struct stat about;
    *map = (cam_mapping){NULL, 0};
    CAM_TRY(cam_input_open(path, kind, &fd, &about));
    if (!S_ISREG(about.st_mode))
        CAM_FAIL(kind, "cannot map \"%s\": it is a pipe or a device, not a file", path);
    if (about.st_size > 0) {
        void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED)
            CAM_TRY(cam_file_fail(kind, "map", path));
        *map = (cam_mapping){bytes, (size_t)about.st_size};
    }
out:
    cam_input_close(fd);
    return st;
}

void cam_file_unmap(cam_mapping *map) {
    if (map->bytes)
        munmap((void *)(uintptr_t)map->bytes, map->size);
    *map = (cam_mapping){NULL, 0};
}

cam_status cam_file_copy(const char *from, const char *to) {
    cam_mapping map;
    cam_status st = cam_file_map(from, CAM_E_MODEL, &map);
    if (st != CAM_OK)
        return st;
    st = cam_file_write(to, map.bytes, map.size);
    cam_file_unmap(&map);
    return st;
}

int cam_file_exists(const char *path) {
    struct stat about;
    return path && stat(path, &about) == 0 && !S_ISDIR(about.st_mode);
}

int cam_file_is_regular(const char *path) {
    struct stat about;
    return path && stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

int cam_file_is_same(const char *a, const char *b) {
    struct stat x, y;
    return a && b && stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int cam_file_exists_in(const char *folder, const char *name) {
    char *path = cam_path_join(folder, name);
    int exists = cam_file_exists(path);
    free(path);
    return exists;
}
