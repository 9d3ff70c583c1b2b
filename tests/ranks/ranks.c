/* ranks.c: see ranks.h. */
#include "ranks.h"
#include "hash.h"
#include "mpi_library_internal.h"
#include <mpi.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { HANGS_AFTER_S = 120 };

int rank, ranks;
cam_group group;
int ends_of_mpi;
unsigned lingered_s;

/* --- MPI is started and ended once -------------------------------------------------------------------------------- */

static int init_once(int *argc, char ***argv, int required, int *provided) {
    int begun = 0;
    MPI_Initialized(&begun);
    return begun ? MPI_Query_thread(provided) : MPI_Init_thread(argc, argv, required, provided);
}

static int count_end(void) {
    ends_of_mpi++;
    return MPI_SUCCESS;
}

unsigned __wrap_sleep(unsigned s);
unsigned __wrap_sleep(unsigned s) {
    lingered_s += s;
    return 0;
}

void begin_ranks(void) {
    int provided;
    cam_mpi *library;
    setenv("CMOCKA_TEST_ABORT", "1", 1);
    MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
    if (cam_mpi_load("the tests", &library) != CAM_OK)
        abort();
    library->init_thread = init_once;
    library->finalize = count_end;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
}

void end_ranks(void) {
    MPI_Finalize();
}

/* --- cases -------------------------------------------------------------------------------------------------------- */

int begin_case(void **state) {
    (void)state;
    (void)alarm(HANGS_AFTER_S);
    ends_of_mpi = 0;
    lingered_s = 0;
    assert_ok(cam_group_open(&group));
    assert_int_equal(group.rank, rank);
    assert_int_equal(group.ranks, ranks);
    group.timeout_s = PATIENCE_S;
    return 0;
}

int end_case(void **state) {
    (void)state;
    if (group.wire) {
        assert_int_equal(cam_group_finalize(&group, CAM_OK), CAM_OK);
        assert_int_equal(ends_of_mpi, 1);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    return 0;
}

void assert_fails(cam_status st, cam_status expected, const char *const texts[], int count) {
    if (st != expected)
        fail_msg("rank %d: %s \"%s\" instead of %s", rank, cam_status_name(st), cam_status_message(),
                 cam_status_name(expected));
    for (int i = 0; i < count; i++)
        if (!strstr(cam_status_message(), texts[i]))
            fail_msg("rank %d: \"%s\" does not say \"%s\"", rank, cam_status_message(), texts[i]);
}

/* Not with the group's calls, because these are tested. */
void assert_same_on_all(const char *what, const void *bytes, size_t count) {
    uint64_t mine = cam_hash_bytes(CAM_HASH_START, bytes, count), first = mine;
    MPI_Bcast(&first, sizeof first, MPI_BYTE, 0, MPI_COMM_WORLD);
    if (mine != first)
        fail_msg("rank %d has not the %s of rank 0", rank, what);
}

double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
