/* nccl_test.h: the bench of the NCCL tests: a communicator, parts in device memory, calls and what must come of them.
 *
 * Numbers are small integers, so that sums are exact in every type and order. Every collective runs on streams that do
 * at once or lazily what they are asked for, as asked for or captured and launched several times, always between copies
 * that the backend is asked for before and after it.
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

/* Seconds for the other ranks: more than enough, or soon over. */
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

/* The status, and each of the words in the message. */
void assert_told(cam_status st, cam_status expected, const char *const words[], int count);
#define ASSERT_TOLD(st, expected, ...)                                                                                 \
    assert_told((st), (expected), (const char *const[]){__VA_ARGS__},                                                  \
                (int)(sizeof(const char *[]){__VA_ARGS__} / sizeof(const char *)))

/* A case begins on a fresh device, and under an alarm, so that waiting for what never comes fails; with a communicator
 * of all ranks, or without. */
int begin_unopened(void **state);
int begin_opened(void **state);
int end(void **state);
#define OPENED(name)   cmocka_unit_test_setup_teardown(name, begin_opened, end)
#define UNOPENED(name) cmocka_unit_test_setup_teardown(name, begin_unopened, end)

/* `comm`, by an id that rank 0 made. */
cam_status open_for(int as_rank, int of_ranks, double timeout_s);

/* What a rank writes at element i of a part for a launch, and the ranks' sum; what lies there. */
double number_of(int of_rank, int part, int launch, int64_t i);
double sum_of_numbers(int part, int launch, int64_t i);
double number_at(const void *data, cam_dtype dtype, int64_t i);

typedef enum { REDUCE_OWN, REDUCE_ALL, GATHER, BROADCAST } verb;

enum { MOST = 64 /* elements of a part */ };

/* Parts in device memory, with what the host copies there before and from there after a call. */
typedef struct bench {
    verb verb;
    int count;
    cam_comm_buffer parts[CAM_COMM_MAX_BUFFERS];
    double in[CAM_COMM_MAX_BUFFERS][MOST + 1],
        out[CAM_COMM_MAX_BUFFERS][MOST + 1]; /* bytes of any type; one guard more */
} bench;

void bench_add(bench *b, cam_dtype dtype, int64_t count);
void bench_release(bench *b);
void bench_fill(bench *b, int launch);
void bench_copy(bench *b, cam_copy_kind kind);
cam_status bench_call(const bench *b);
/* Several times, checked; `bench_run`: both ways, eager and lazy. */
void bench_run_as_asked(bench *b);
void bench_run_captured(bench *b);
void bench_run(bench *b);
/* What waits for the whole device does the youngest stream's work first. */
void wait_for_device(void);

/* How many cases failed. */
int run_collectives(void);
int run_faults(void);

#endif
