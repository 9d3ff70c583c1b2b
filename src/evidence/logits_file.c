/* logits_file.c: see logits_file_internal.h. */
#include "files.h"
#include "hash.h"
#include "log.h"
#include "logits_file_internal.h"
#include <stdlib.h>
#include <string.h>

/* In the byte order of the machine: the file lives as long as the command. */
typedef struct header {
    char format[24];
    uint64_t identity;
    int64_t rows, labels;
    double times_s[2];
    uint64_t hash; /* of the members above and the logits */
} header;

static const char format[24] = "cam-train repetition 1";

static size_t logit_bytes(const cam_logits_file *file) {
    return (size_t)file->rows * (size_t)file->labels * sizeof(float);
}

static uint64_t hash_of(const header *h, const void *logits, size_t bytes) {
    uint64_t hash = cam_hash_bytes(CAM_HASH_START, h, offsetof(header, hash));
    return cam_hash_bytes(hash, logits, bytes);
}

cam_status cam_logits_file_write(const cam_logits_file *file) {
    cam_status st = CAM_OK;
    cam_strbuf all = CAM_STRBUF_INIT;
    header h;
    memset(&h, 0, sizeof h);
    memcpy(h.format, format, sizeof h.format);
    h.identity = file->identity;
    h.rows = file->rows;
    h.labels = file->labels;
    memcpy(h.times_s, file->times_s, sizeof h.times_s);
    h.hash = hash_of(&h, file->logits, logit_bytes(file));
    cam_strbuf_append(&all, (const char *)&h, sizeof h);
    cam_strbuf_append(&all, (const char *)file->logits, logit_bytes(file));
    CAM_TRY(cam_memory_check(CAM_OK));
    CAM_TRY(cam_file_write(file->path, all.text, all.length));
out:
    cam_strbuf_release(&all);
    return st;
}

static int is_right(const cam_logits_file *file, const header *h, const char *logits) {
    return memcmp(h->format, format, sizeof format) == 0 && h->identity == file->identity && h->rows == file->rows &&
           h->labels == file->labels && h->hash == hash_of(h, logits, logit_bytes(file));
}

cam_status cam_logits_file_read(cam_logits_file *file) {
    cam_status st = CAM_OK;
    size_t bytes = logit_bytes(file);
    cam_strbuf all = CAM_STRBUF_INIT;
    header h;
    memset(&h, 0, sizeof h);
    if (!cam_file_exists(file->path))
        return CAM_OK;
    int is_whole = cam_file_read(file->path, sizeof h + bytes, CAM_E_STORAGE, &all) == CAM_OK;
    if (is_whole && all.length == sizeof h + bytes)
        memcpy(&h, all.text, sizeof h);
    if (!is_right(file, &h, all.length < sizeof h + bytes ? "" : all.text + sizeof h)) {
        cam_log_verbose("\"%s\" is not used, and its training is made again", file->path);
        goto out;
    }
    file->logits = malloc(bytes + 1);
    if (!file->logits)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the logits of %lld rows", (long long)file->rows);
    memcpy(file->logits, all.text + sizeof h, bytes);
    memcpy(file->times_s, h.times_s, sizeof h.times_s);
out:
    cam_strbuf_release(&all);
    return st;
}
