/* sha256.c: see sha256.h. */
#include "sha256.h"
#include "threads.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 20 };

static cam_status begin(EVP_MD_CTX **hash) {
    *hash = EVP_MD_CTX_new();
    if (!*hash)
        return cam_fail(CAM_E_MEMORY, "no memory for a SHA-256");
    return EVP_DigestInit_ex(*hash, EVP_sha256(), NULL) ? CAM_OK
                                                        : cam_fail(CAM_E_INTERNAL, "OpenSSL computes no SHA-256 here");
}

static cam_status end(EVP_MD_CTX *hash, char *digits) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int bytes = 0;
    if (!EVP_DigestFinal_ex(hash, digest, &bytes) || 2 * bytes != CAM_SHA256_DIGITS)
        return cam_fail(CAM_E_INTERNAL, "OpenSSL computes no SHA-256 here");
    for (unsigned int i = 0; i < bytes; i++)
        snprintf(digits + 2 * i, 3, "%02x", digest[i]);
    return CAM_OK;
}

cam_status cam_sha256(const void *bytes, size_t count, char digits[CAM_SHA256_DIGITS + 1]) {
    cam_status st = CAM_OK;
    EVP_MD_CTX *hash = NULL;
    CAM_TRY(begin(&hash));
    if (!EVP_DigestUpdate(hash, bytes, count))
        CAM_FAIL(CAM_E_INTERNAL, "OpenSSL computes no SHA-256 here");
    CAM_TRY(end(hash, digits));
out:
    EVP_MD_CTX_free(hash);
    return st;
}

static cam_status hash_file(const cam_file_reader *file, char *digits) {
    cam_status st = CAM_OK;
    EVP_MD_CTX *hash = NULL;
    unsigned char *block = malloc(BLOCK_BYTES);
    if (!block)
        CAM_FAIL(CAM_E_MEMORY, "no memory to check \"%s\"", file->path);
    CAM_TRY(begin(&hash));
    for (uint64_t at = 0; at < file->bytes;) {
        size_t count = file->bytes - at < BLOCK_BYTES ? (size_t)(file->bytes - at) : BLOCK_BYTES;
        CAM_TRY(cam_file_reader_read(file, at, count, block));
        if (!EVP_DigestUpdate(hash, block, count))
            CAM_FAIL(CAM_E_INTERNAL, "OpenSSL computes no SHA-256 here");
        at += count;
    }
    CAM_TRY(end(hash, digits));
out:
    EVP_MD_CTX_free(hash);
    free(block);
    return st;
}

static void run_job(cam_sha256_job *job) {
    job->status = job->file ? hash_file(job->file, job->digits) : cam_sha256(job->bytes, job->count, job->digits);
    if (job->status != CAM_OK)
        snprintf(job->message, sizeof job->message, "%.*s", (int)sizeof job->message - 1, cam_status_message());
}

static void *run_jobs(void *context) {
    cam_sha256_jobs *work = context;
    for (size_t i; (i = atomic_fetch_add(&work->next, 1)) < work->count;)
        run_job(&work->jobs[i]);
    return NULL;
}

void cam_sha256_begin(cam_sha256_jobs *work, cam_sha256_job *jobs, size_t count, int threads) {
    work->jobs = jobs;
    work->count = count;
    work->thread_count = 0;
    atomic_init(&work->next, 0);
    while (work->thread_count < threads && work->thread_count < CAM_SHA256_THREADS &&
           cam_thread_start(&work->threads[work->thread_count], run_jobs, work))
        work->thread_count++;
}

static void join(cam_sha256_jobs *work) {
    for (int i = 0; i < work->thread_count; i++)
        pthread_join(work->threads[i], NULL);
}

void cam_sha256_abandon(cam_sha256_jobs *work) {
    atomic_store(&work->next, work->count);
    join(work);
}

cam_status cam_sha256_finish(cam_sha256_jobs *work) {
    run_jobs(work);
    join(work);
    for (size_t i = 0; i < work->count; i++)
        if (work->jobs[i].status != CAM_OK)
            return cam_fail(work->jobs[i].status, "%s", work->jobs[i].message);
    return CAM_OK;
}
