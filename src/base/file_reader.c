/* file_reader.c: see file_reader.h. */
#include "file_reader.h"
#include "input.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

cam_status cam_file_reader_open(cam_file_reader *reader, const char *path, cam_status kind) {
    cam_status st = CAM_OK;
    struct stat about = {0};
    *reader = (cam_file_reader){.path = path ? strdup(path) : NULL, .kind = kind, .fd = -1};
    if (!reader->path)
        CAM_FAIL(CAM_E_MEMORY, "no memory to read \"%s\"", path ? path : "a file");
    CAM_TRY(cam_input_open(path, kind, &reader->fd, &about));
    reader->bytes = (uint64_t)about.st_size;
    reader->changed_s = about.st_mtim.tv_sec;
    reader->changed_ns = about.st_mtim.tv_nsec;
out:
    if (st != CAM_OK)
        cam_file_reader_close(reader);
    return st;
}

cam_status cam_file_reader_read(const cam_file_reader *reader, uint64_t begin, size_t count, void *to) {
    CAM_ASSERT(begin <= reader->bytes && count <= reader->bytes - begin);
    for (size_t done = 0; done < count;) {
        ssize_t got = pread(reader->fd, (char *)to + done, count - done, (off_t)(begin + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cam_file_fail(reader->kind, "read", reader->path);
        if (got == 0)
            return cam_fail(reader->kind, "\"%s\" was cut short while it was read", reader->path);
        done += (size_t)got;
    }
    return CAM_OK;
}

cam_status cam_file_reader_check(const cam_file_reader *reader) {
    struct stat about;
    if (fstat(reader->fd, &about) != 0)
        return cam_file_fail(reader->kind, "read", reader->path);
    if ((uint64_t)about.st_size != reader->bytes || about.st_mtim.tv_sec != reader->changed_s ||
        about.st_mtim.tv_nsec != reader->changed_ns)
        return cam_fail(reader->kind, "\"%s\" was changed while it was read; start again once it is complete",
                        reader->path);
    return CAM_OK;
}

void cam_file_reader_close(cam_file_reader *reader) {
    if (reader->path && reader->fd >= 0)
        close(reader->fd);
    free(reader->path);
    *reader = (cam_file_reader){0};
}
