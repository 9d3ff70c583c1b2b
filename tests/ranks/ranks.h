/* ranks.h: what the programs of this folder have in common. mpirun starts several processes of one program, and every
 * rank runs the same cases; one that fails takes the others with it, since they would wait for it.
 *
 * Programs are linked with --wrap, so that a process may open groups one after another: MPI begins and ends once, and
 * each group has channels of its own; nobody sleeps.
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

/* Seconds for the other ranks: more than enough; soon over. What comes at once comes long before. */
#define PATIENCE_S   30.0
#define IMPATIENCE_S 0.75
#define AT_ONCE_S    5.0

extern int rank, ranks;
extern cam_group group;
/* What the group of this case asked for: the end of MPI, so often; time for the others to speak, after a lost peer. */
extern int ends_of_mpi;
extern unsigned lingered_s;

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        if ((call) != CAM_OK)                                                                                          \
            fail_msg("rank %d: %s", rank, cam_status_message());                                                       \
    } while (0)

/* The status, and each of the words in the message. */
void assert_told(cam_status st, cam_status expected, const char *const words[], int count);
#define ASSERT_TOLD(st, expected, ...)                                                                                 \
    assert_told((st), (expected), (const char *const[]){__VA_ARGS__},                                                  \
                (int)(sizeof(const char *[]){__VA_ARGS__} / sizeof(const char *)))

/* Fails unless all ranks call it with the same bytes; every rank at once. */
void assert_same_on_all(const char *what, const void *bytes, size_t count);
double seconds(void);

/* Cases begin with a fresh group, together, and under an alarm, so that waiting for what never comes fails. What is
 * still open of the group at the end is left. */
int begin_case(void **state);
int end_case(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin_case, end_case)

/* What fewer ranks cannot show. */
#define NEEDS_RANKS(least)                                                                                             \
    do {                                                                                                               \
        if (ranks < (least))                                                                                           \
            return;                                                                                                    \
    } while (0)

/* MPI's beginning and end around a program's cases. */
void begin_ranks(void);
void end_ranks(void);

#endif
