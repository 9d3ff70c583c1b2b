/* encoder_batch.c: encodes a data set with all threads.
 *
 * Texts are divided into blocks of fixed size. A thread encodes one block at a time into memory of that block, and the
 * blocks are then joined in their order: the result does not depend on which thread encoded which block. */
#include "threads.h"
#include "tokenizer_internal.h"
#include <omp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_TEXTS = 256 };

typedef struct job {
    const cam_tokenizer *tokenizer;
    const cam_text *texts;
    int64_t n, blocks;
    int32_t max_length;
    const cam_cancel *cancel;
    cam_ids *of_block;
    int64_t *offsets;  /* offsets[r + 1]: length of row r, until they are summed */
    atomic_int failed; /* the first status that was not CAM_OK */
    char message[512]; /* of that failure */
    _Atomic int64_t truncated;
} job;

static void fail_job(job *j, cam_status status) {
    int none = CAM_OK;
    if (atomic_compare_exchange_strong(&j->failed, &none, (int)status))
        snprintf(j->message, sizeof j->message, "%s", cam_status_message());
}

static void encode_block(job *j, cam_encoder *encoder, int64_t block) {
    int64_t begin = block * BLOCK_TEXTS, end = begin + BLOCK_TEXTS < j->n ? begin + BLOCK_TEXTS : j->n;
    cam_ids *ids = &j->of_block[block];
    int64_t truncated = 0;
    if (cam_cancel_requested(j->cancel)) {
        fail_job(j, cam_fail(CAM_E_STOPPED, "stopped while tokenizing"));
        return;
    }
    for (int64_t row = begin; row < end; row++) {
        size_t before = ids->count;
        int is_cut = 0;
        cam_status status = cam_encoder_encode(encoder, j->texts[row], j->max_length, ids, &is_cut);
        if (status != CAM_OK) {
            fail_job(j, status);
            return;
        }
        j->offsets[row + 1] = (int64_t)(ids->count - before);
        truncated += is_cut;
    }
    atomic_fetch_add(&j->truncated, truncated);
}

static cam_status encode_blocks(job *j) {
    int threads = j->blocks < cam_threads() ? (int)j->blocks : cam_threads();
    cam_status st = cam_threads_try(threads);
    if (st != CAM_OK || threads == 0)
        return st;
#pragma omp parallel num_threads(threads)
    {
        cam_encoder encoder;
        cam_encoder_init(&encoder, &j->tokenizer->pipeline, 1);
#pragma omp for schedule(dynamic, 1)
        for (int64_t block = 0; block < j->blocks; block++) {
            if (atomic_load(&j->failed) == CAM_OK)
                encode_block(j, &encoder, block);
        }
        cam_encoder_release(&encoder);
        /* the lack that this thread noted; the first thread keeps its own note */
        cam_status noted = cam_memory_check(CAM_OK);
        if (noted != CAM_OK)
            fail_job(j, noted);
        if (omp_get_thread_num() != 0)
            cam_status_clear();
    }
    return CAM_OK;
}

cam_status cam_tokenizer_encode_all(const cam_tokenizer *tokenizer, const cam_text *texts, int64_t n,
                                    int32_t max_length, const cam_cancel *cancel, cam_token_rows *out) {
    cam_status st = CAM_OK;
    job j = {.tokenizer = tokenizer,
             .texts = texts,
             .n = n,
             .blocks = (n + BLOCK_TEXTS - 1) / BLOCK_TEXTS,
             .max_length = max_length,
             .cancel = cancel};
    *out = (cam_token_rows){0};
    j.of_block = calloc((size_t)j.blocks + 1, sizeof *j.of_block);
    j.offsets = calloc((size_t)n + 1, sizeof *j.offsets);
    if (!j.of_block || !j.offsets)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the tokens of %lld texts", (long long)n);
    CAM_TRY(encode_blocks(&j));
    if (atomic_load(&j.failed) != CAM_OK)
        CAM_TRY(cam_fail_again((cam_status)atomic_load(&j.failed), j.message));

    for (int64_t row = 0; row < n; row++)
        j.offsets[row + 1] += j.offsets[row];
    out->ids = malloc(((size_t)j.offsets[n] + 1) * sizeof *out->ids);
    if (!out->ids)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %lld token ids", (long long)j.offsets[n]);
    for (int64_t block = 0; block < j.blocks; block++) {
        cam_ids *ids = &j.of_block[block];
        if (ids->count > 0)
            memcpy(out->ids + j.offsets[block * BLOCK_TEXTS], ids->ids, ids->count * sizeof *ids->ids);
        cam_ids_release(ids);
    }
    out->offsets = j.offsets;
    out->rows = n;
    out->truncated = atomic_load(&j.truncated);
    j.offsets = NULL;
out:
    for (int64_t block = 0; j.of_block && block < j.blocks; block++)
        cam_ids_release(&j.of_block[block]);
    free(j.of_block);
    free(j.offsets);
    return st;
}
