/* mpi_constants.h: a case of group_test.c that needs mpi.h. */
#ifndef MPI_CONSTANTS_H
#define MPI_CONSTANTS_H

void test_constants(void **state);

#endif
