/* ranks.h: shared by the programs of this folder. mpirun starts several processes of one program, and every rank runs
 * the same cases. A failed case ends all ranks, since the others would wait.
 *
 * A process can open groups one after another: MPI is started and ended once, each group has channels of its own, and
 * sleep() only counts (linked with --wrap).
 */
#ifndef RANKS_H
#define RANKS_H

#include "group.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Timeouts in seconds: more than enough, and short. AT_ONCE_S is a limit for what must not wait for a timeout. */
#define PATIENCE_S   30.0
#define IMPATIENCE_S 0.75
#define AT_ONCE_S    5.0

extern int rank, ranks;
extern cam_group group;
/* In this case: how often the group ended MPI, and how long it slept after a lost peer. */
extern int ends_of_mpi;
extern unsigned lingered_s;

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        if ((call) != CAM_OK)                                                                                          \
            fail_msg("rank %d: %s", rank, cam_status_message());                                                       \
    } while (0)

/* Checks the status, and that the message contains each of `texts`. */
void assert_fails(cam_status st, cam_status expected, const char *const texts[], int count);
#define ASSERT_FAILS(st, expected, ...)                                                                                \
    assert_fails((st), (expected), (const char *const[]){__VA_ARGS__},                                                 \
                 (int)(sizeof(const char *[]){__VA_ARGS__} / sizeof(const char *)))

/* Fails unless all ranks call it with the same bytes. All ranks must call it. */
void assert_same_on_all(const char *what, const void *bytes, size_t count);
double seconds(void);

/* All ranks begin a case together, with a new group and an alarm, so that an endless wait fails. end_case finalizes the
 * group if the case has not. */
int begin_case(void **state);
int end_case(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin_case, end_case)

/* Skips a case that needs more ranks. */
#define NEEDS_RANKS(least)                                                                                             \
    do {                                                                                                               \
        if (ranks < (least))                                                                                           \
            return;                                                                                                    \
    } while (0)

/* Start and end MPI, before and after a program's cases. */
void begin_ranks(void);
void end_ranks(void);

#endif
