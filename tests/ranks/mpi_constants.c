/* mpi_constants.c: the values of mpi_library.c, by this machine's mpi.h. */
#include "mpi_constants.h"
#include "mpi_library_internal.h"
#include "ranks.h"
#include <mpi.h>

/* A handle as the program stores it: MPI writes into memory that was 0. */
#define HANDLE(name, type, value)                                                                                      \
    cam_mpi_handle name = 0;                                                                                           \
    memcpy(&name, &(type){value}, sizeof(type))

void test_constants(void **state) {
    (void)state;
    const cam_mpi *mpi = cam_mpi_loaded();
    HANDLE(world, MPI_Comm, MPI_COMM_WORLD);
    HANDLE(byte, MPI_Datatype, MPI_BYTE);
    HANDLE(info, MPI_Info, MPI_INFO_NULL);
    HANDLE(errors_return, MPI_Errhandler, MPI_ERRORS_RETURN);
    HANDLE(request, MPI_Request, MPI_REQUEST_NULL);
    assert_non_null(mpi);
    assert_true(world == mpi->comm_world && byte == mpi->byte && info == mpi->info_null);
    assert_true(errors_return == mpi->errors_return && request == mpi->request_null);
    assert_int_equal(MPI_ANY_SOURCE, mpi->any_source);
    assert_int_equal(MPI_COMM_TYPE_SHARED, mpi->comm_type_shared);
    assert_ptr_equal(MPI_STATUS_IGNORE, mpi->status_ignore);
    assert_int_equal(offsetof(MPI_Status, MPI_SOURCE), (size_t)mpi->status_source * sizeof(int));
    assert_int_equal(MPI_SUCCESS, CAM_MPI_SUCCESS);
    assert_int_equal(MPI_THREAD_SERIALIZED, CAM_MPI_THREAD_SERIALIZED);
    assert_true(MPI_MAX_ERROR_STRING <= CAM_MPI_ERROR_BYTES);
    assert_true(MPI_MAX_LIBRARY_VERSION_STRING <= CAM_MPI_NAME_BYTES);
    assert_true(sizeof(MPI_Status) <= CAM_MPI_STATUS_INTS * sizeof(int));
}
