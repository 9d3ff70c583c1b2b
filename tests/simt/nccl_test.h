/* nccl_test.h: the bench of the NCCL tests: a communicator, buffers in device memory, calls and their expected results.
 *
 * Numbers are small integers, so that sums are exact in every type and order. Every collective runs on immediate and on
 * lazy streams, eagerly and captured and launched several times, always between a copy to the device and a copy back.
 */
#ifndef NCCL_TEST_H
#define NCCL_TEST_H

#include "backend_cuda.h"
#include "comm_nccl.h"
#include "nccl_host.h"
#include "runtime.h"
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Timeouts in seconds: more than enough, and short. */
#define PATIENCE_S   30.0
#define IMPATIENCE_S 0.05

extern int rank, ranks;
extern cam_backend *cuda;
extern cam_comm *comm;

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        if ((call) != CAM_OK)                                                                                          \
            fail_msg("%s", cam_status_message());                                                                      \
    } while (0)

/* Checks the status, and that the message contains each of `texts`. */
void assert_fails(cam_status st, cam_status expected, const char *const texts[], int count);
#define ASSERT_FAILS(st, expected, ...)                                                                                \
    assert_fails((st), (expected), (const char *const[]){__VA_ARGS__},                                                 \
                 (int)(sizeof(const char *[]){__VA_ARGS__} / sizeof(const char *)))

/* A case begins on a fresh device, with or without a communicator of all ranks, and under an alarm, so that an endless
 * wait fails. */
int begin_unopened(void **state);
int begin_opened(void **state);
int end(void **state);
#define OPENED(name)   cmocka_unit_test_setup_teardown(name, begin_opened, end)
#define UNOPENED(name) cmocka_unit_test_setup_teardown(name, begin_unopened, end)

/* Opens `comm` with an id of rank 0. */
cam_status open_for(int as_rank, int of_ranks, double timeout_s);

/* Rank `of_rank`'s input at element i of a buffer for a launch, the sum over the ranks, and the number in memory. */
double number_of(int of_rank, int buffer, int launch, int64_t i);
double sum_of_numbers(int buffer, int launch, int64_t i);
double number_at(const void *data, cam_dtype dtype, int64_t i);

typedef enum { REDUCE_SCATTER, ALL_REDUCE, ALL_GATHER, BROADCAST } collective;

enum { MOST = 64 /* elements of a buffer */ };

/* Buffers in device memory, and the host's copies of their contents before and after a call. */
typedef struct bench {
    collective collective;
    int count;
    cam_comm_buffer buffers[CAM_COMM_MAX_BUFFERS];
    double in[CAM_COMM_MAX_BUFFERS][MOST + 1],
        out[CAM_COMM_MAX_BUFFERS][MOST + 1]; /* bytes of any type; one guard more */
} bench;

void bench_add(bench *b, cam_dtype dtype, int64_t count);
void bench_release(bench *b);
void bench_fill(bench *b, int launch);
void bench_copy(bench *b, cam_copy_kind kind);
cam_status bench_call(const bench *b);
/* Several launches, with checks. bench_run: eager and captured, on immediate and lazy streams. */
void bench_run_eager(bench *b);
void bench_run_captured(bench *b);
void bench_run(bench *b);
/* Waits for the whole device, which does the youngest stream's work first. */
void wait_for_device(void);

/* Return the number of cases that failed. */
int run_collectives(void);
int run_faults(void);

#endif
