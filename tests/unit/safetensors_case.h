/* safetensors_case.h: a scratch folder and hand-made files for the tests of model files. */
#ifndef CAM_SAFETENSORS_CASE_H
#define CAM_SAFETENSORS_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch[512];

static inline int scratch_make(void **state) {
    (void)state;
    const char *parent = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%s/cam-model-XXXXXX", parent ? parent : "/tmp");
    return mkdtemp(scratch) ? 0 : -1;
}

static inline int scratch_unlink(const char *path, const struct stat *about, int kind, struct FTW *walk) {
    (void)about, (void)kind, (void)walk;
    return remove(path);
}

static inline int scratch_remove(void **state) {
    (void)state;
    return nftw(scratch, scratch_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

/* A name in the scratch folder; the last four results stay valid. */
static inline const char *scratch_path(const char *name) {
    static char paths[4][1024];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

static inline const char *scratch_write(const char *name, const void *bytes, size_t count) {
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* Writes a file with this header and `data_bytes` bytes of data: 0x01, or `data` unless that is NULL. */
static inline const char *scratch_safetensors(const char *name, const char *header, size_t header_bytes,
                                              const void *data, size_t data_bytes) {
    unsigned char *file = malloc(8 + header_bytes + data_bytes);
    assert_non_null(file);
    for (unsigned i = 0; i < 8; i++)
        file[i] = (unsigned char)((uint64_t)header_bytes >> (8 * i));
    memcpy(file + 8, header, header_bytes);
    if (data)
        memcpy(file + 8 + header_bytes, data, data_bytes);
    else
        memset(file + 8 + header_bytes, 1, data_bytes);
    const char *path = scratch_write(name, file, 8 + header_bytes + data_bytes);
    free(file);
    return path;
}

#define assert_message(fragment)                                                                                       \
    do {                                                                                                               \
        if (!strstr(cam_status_message(), (fragment)))                                                                 \
            fail_msg("\"%s\" is not in the message: %s", (fragment), cam_status_message());                            \
    } while (0)

#endif
