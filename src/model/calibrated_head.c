/* calibrated_head.c: see calibrated_head.h. The file is copied in blocks, and the values of two tensors change on the way. */
#include "calibrated_head.h"
#include "file_writer.h"
#include "safetensors.h"
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 18, PARTS = 2 }; /* values of a block */

typedef struct copy {
    cam_safetensors from;
    cam_file_writer to;
    float *block; /* [BLOCK] */
    double temperature;
} copy;

/* Copies bytes [begin, end) of the file; `divide`: they are values of a tensor to change. */
static cam_status copy_bytes(copy *c, uint64_t begin, uint64_t end, int divide) {
    cam_status st = CAM_OK;
    for (size_t n; begin < end; begin += n) {
        n = end - begin < BLOCK * sizeof *c->block ? (size_t)(end - begin) : BLOCK * sizeof *c->block;
        CAM_TRY(cam_file_reader_read(&c->from.file, begin, n, c->block));
        for (size_t i = 0; divide && i < n / sizeof *c->block; i++)
            c->block[i] = (float)(c->block[i] / c->temperature);
        CAM_TRY(cam_file_writer_write(&c->to, c->block, n));
    }
out:
    return st;
}

/* The two tensors in the order of the file. */
static cam_status find_head(const copy *c, const cam_safetensors_tensor *head[PARTS]) {
    static const char *const names[PARTS] = {"classifier.out_proj.weight", "classifier.out_proj.bias"};
    for (int i = 0; i < PARTS; i++) {
        head[i] = cam_safetensors_find(&c->from, names[i]);
        if (!head[i] || strcmp(head[i]->dtype, "F32") != 0)
            return cam_fail(CAM_E_MODEL, "\"%s\" has no \"%s\" in float32", c->from.path, names[i]);
    }
    if (head[0]->begin > head[1]->begin) {
        const cam_safetensors_tensor *last = head[0];
        head[0] = head[1];
        head[1] = last;
    }
    return CAM_OK;
}

cam_status cam_head_divide(const char *path, double temperature) {
    cam_status st = CAM_OK;
    const cam_safetensors_tensor *head[PARTS];
    copy c = {.to = CAM_FILE_WRITER_CLOSED, .temperature = temperature};
    uint64_t done = 0;
    CAM_ASSERT(temperature > 0);
    c.block = malloc(BLOCK * sizeof *c.block);
    if (!c.block)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a block of a model");
    CAM_TRY(cam_safetensors_open(path, &c.from));
    CAM_TRY(find_head(&c, head));
    CAM_TRY(cam_file_writer_open(&c.to, path));
    CAM_TRY(cam_file_writer_reserve(&c.to, c.from.file.bytes));
    for (int i = 0; i < PARTS; i++) {
        CAM_TRY(copy_bytes(&c, done, head[i]->begin, 0));
        done = head[i]->begin + head[i]->bytes;
        CAM_TRY(copy_bytes(&c, head[i]->begin, done, 1));
    }
    CAM_TRY(copy_bytes(&c, done, c.from.file.bytes, 0));
    CAM_TRY(cam_file_reader_check(&c.from.file));
    CAM_TRY(cam_file_writer_commit(&c.to));
out:
    cam_file_writer_abandon(&c.to);
    cam_safetensors_close(&c.from);
    free(c.block);
    return st;
}
