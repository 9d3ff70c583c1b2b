/* mpi_library_internal.h: the functions of MPI that wire.c calls. The library is loaded when the first group of ranks
 * opens, so that the program needs no MPI to be built or to run alone, and works with either of the two binary
 * interfaces that MPI libraries have:
 *
 *     Open MPI    libmpi.so.40; a handle is a pointer
 *     MPICH       libmpi.so.12 (also Intel MPI, MVAPICH), Debian's libmpich.so.12; a handle is an int
 *
 * A cam_mpi_handle holds either. A function of MPICH reads and writes the low half of it, which is its first four bytes
 * in memory and the part of a register that an int takes (x86-64 and AArch64, little endian). Therefore a handle is 0
 * before MPI writes it.
 *
 * Sources: Open MPI 4.1, ompi/include/mpi.h.in; the MPICH ABI compatibility initiative, mpich 4.0, src/include/mpi.h.in;
 * tests/ranks/mpi_constants.c compares the values with the mpi.h of the test machine. */
#ifndef CAM_MPI_LIBRARY_INTERNAL_H
#define CAM_MPI_LIBRARY_INTERNAL_H

#include "cam/status.h"
#include <stdint.h>

typedef uintptr_t cam_mpi_handle;

enum {
    CAM_MPI_SUCCESS = 0,
    CAM_MPI_THREAD_SERIALIZED = 2,
    CAM_MPI_ERROR_BYTES = 1024, /* of an error's text, in either library */
    CAM_MPI_NAME_BYTES = 8192,  /* of the library's description */
    CAM_MPI_STATUS_INTS = 16    /* room for the MPI_Status of either library */
};

/* X(result and name of the field, name in MPI without MPI_, parameters) */
#define CAM_MPI_FUNCTIONS(X)                                                                                           \
    X(init_thread, Init_thread, (int *, char ***, int, int *))                                                         \
    X(finalize, Finalize, (void))                                                                                      \
    X(get_library_version, Get_library_version, (char *, int *))                                                       \
    X(error_string, Error_string, (int, char *, int *))                                                                \
    X(comm_set_errhandler, Comm_set_errhandler, (cam_mpi_handle, cam_mpi_handle))                                      \
    X(comm_rank, Comm_rank, (cam_mpi_handle, int *))                                                                   \
    X(comm_size, Comm_size, (cam_mpi_handle, int *))                                                                   \
    X(comm_dup, Comm_dup, (cam_mpi_handle, cam_mpi_handle *))                                                          \
    X(comm_free, Comm_free, (cam_mpi_handle *))                                                                        \
    X(comm_split_type, Comm_split_type, (cam_mpi_handle, int, int, cam_mpi_handle, cam_mpi_handle *))                  \
    X(isend, Isend, (const void *, int, cam_mpi_handle, int, int, cam_mpi_handle, cam_mpi_handle *))                   \
    X(irecv, Irecv, (void *, int, cam_mpi_handle, int, int, cam_mpi_handle, cam_mpi_handle *))                         \
    X(recv, Recv, (void *, int, cam_mpi_handle, int, int, cam_mpi_handle, int *))                                      \
    X(iprobe, Iprobe, (int, int, cam_mpi_handle, int *, int *))                                                        \
    X(test, Test, (cam_mpi_handle *, int *, int *))                                                                    \
    X(cancel, Cancel, (cam_mpi_handle *))                                                                              \
    X(request_free, Request_free, (cam_mpi_handle *))                                                                  \
    X(ibcast, Ibcast, (void *, int, cam_mpi_handle, int, cam_mpi_handle, cam_mpi_handle *))                            \
    X(allgather, Allgather, (const void *, int, cam_mpi_handle, void *, int, cam_mpi_handle, cam_mpi_handle))

typedef struct cam_mpi {
#define CAM_MPI_FIELD(field, name, parameters) int(*field) parameters;
    CAM_MPI_FUNCTIONS(CAM_MPI_FIELD)
#undef CAM_MPI_FIELD
    cam_mpi_handle comm_world, byte, info_null, errors_return;
    cam_mpi_handle request_null; /* as read from memory that was 0 before */
    int any_source, comm_type_shared;
    int *status_ignore;
    int status_source; /* the index of MPI_SOURCE in an MPI_Status, in ints */
} cam_mpi;

/* Loads MPI once; `launcher` is the variable by which cam_launcher knew it. The environment variable CAM_MPI_LIBRARY
 * names another file. CAM_E_USAGE: no library was found; the message names the package. */
CAM_MUST_CHECK cam_status cam_mpi_load(const char *launcher, cam_mpi **mpi);
/* The library that is loaded; NULL before. */
cam_mpi *cam_mpi_loaded(void);

#endif
