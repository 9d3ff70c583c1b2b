/* sha256.h: SHA-256 of memory and of open files, by threads beside the caller. */
#ifndef CAM_SHA256_H
#define CAM_SHA256_H

#include "cam/status.h"
#include "file_reader.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { CAM_SHA256_DIGITS = 64, CAM_SHA256_THREADS = 8 };

/* In hexadecimal digits. CAM_E_MEMORY, CAM_E_INTERNAL. */
CAM_MUST_CHECK cam_status cam_sha256(const void *bytes, size_t count, char digits[CAM_SHA256_DIGITS + 1]);

typedef struct cam_sha256_job {
    const void *bytes; /* of memory, or NULL: of the whole file */
    size_t count;
    const cam_file_reader *file;
    char digits[CAM_SHA256_DIGITS + 1]; /* out */
    cam_status status;                  /* out */
    char message[1024];
} cam_sha256_job;

typedef struct cam_sha256_jobs {
    cam_sha256_job *jobs;
    size_t count;
    atomic_size_t next; /* the first job that nobody has taken */
    pthread_t threads[CAM_SHA256_THREADS];
    int thread_count;
} cam_sha256_jobs;

/* Begins with at most `threads` threads. Where none can be started, finish does the work. */
void cam_sha256_begin(cam_sha256_jobs *work, cam_sha256_job *jobs, size_t count, int threads);
/* Takes the jobs that are left and waits for the others. The first failure, in the order of the jobs; the status of a file
 * is its reader's. */
CAM_MUST_CHECK cam_status cam_sha256_finish(cam_sha256_jobs *work);
/* Waits for the jobs that were begun, and leaves the others. */
void cam_sha256_abandon(cam_sha256_jobs *work);

#endif
