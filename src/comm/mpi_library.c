/* mpi_library.c: see mpi_library_internal.h. */
#include "mpi_library_internal.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static cam_mpi library;
static int is_loaded;

static const char *const open_mpi_names[] = {"libmpi.so.40", NULL};
static const char *const mpich_names[] = {"libmpi.so.12", "libmpich.so.12", NULL};

/* Open MPI's components look up its symbols in the whole program, hence RTLD_GLOBAL; and so does find_symbol, because in
 * a program that is linked with MPI the variables are copies in the program. */
static void *open_first(const char *const *names) {
    void *handle = NULL;
    for (; *names && !handle; names++)
        handle = dlopen(*names, RTLD_NOW | RTLD_GLOBAL);
    return handle;
}

/* PMI_RANK is set by MPICH's launchers, the other variables by Open MPI's; srun sets those of either. */
static void *open_library(const char *launcher) {
    const char *chosen = getenv("CAM_MPI_LIBRARY");
    if (chosen && chosen[0])
        return dlopen(chosen, RTLD_NOW | RTLD_GLOBAL);
    int mpich_first = strcmp(launcher, "PMI_RANK") == 0 || strcmp(launcher, "MV2_COMM_WORLD_RANK") == 0;
    void *handle = open_first(mpich_first ? mpich_names : open_mpi_names);
    return handle ? handle : open_first(mpich_first ? open_mpi_names : mpich_names);
}

static cam_status find_symbol(const char *name, void **symbol) {
    *symbol = dlsym(RTLD_DEFAULT, name);
    return *symbol ? CAM_OK : cam_fail(CAM_E_USAGE, "the MPI library lacks the symbol \"%s\"; it is too old", name);
}

/* A handle of Open MPI is the address of a variable of the library. */
static cam_status take_open_mpi(cam_mpi *mpi) {
    cam_status st = CAM_OK;
    const struct {
        const char *name;
        cam_mpi_handle *place;
    } handles[] = {{"ompi_mpi_comm_world", &mpi->comm_world},
                   {"ompi_mpi_byte", &mpi->byte},
                   {"ompi_mpi_info_null", &mpi->info_null},
                   {"ompi_mpi_errors_return", &mpi->errors_return},
                   {"ompi_request_null", &mpi->request_null}};
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        void *symbol;
        CAM_TRY(find_symbol(handles[i].name, &symbol));
        *handles[i].place = (cam_mpi_handle)symbol;
    }
    mpi->any_source = -1;
    mpi->comm_type_shared = 0;
    mpi->status_ignore = NULL;
    mpi->status_source = 0;
out:
    return st;
}

static void take_mpich(cam_mpi *mpi) {
    mpi->comm_world = 0x44000000;
    mpi->byte = 0x4c00010d;
    mpi->info_null = 0x1c000000;
    mpi->errors_return = 0x54000001;
    mpi->request_null = 0x2c000000;
    mpi->any_source = -2;
    mpi->comm_type_shared = 1;
    mpi->status_ignore = (int *)1; /* NOLINT(performance-no-int-to-ptr): the value that MPICH defines */
    mpi->status_source = 2;
}

static cam_status take_functions(cam_mpi *mpi) {
    cam_status st = CAM_OK;
    void *symbol;
/* ISO C has no conversion from void * to a function pointer; POSIX gives dlsym one by its bytes. */
#define TAKE(field, name, parameters)                                                                                  \
    CAM_TRY(find_symbol("MPI_" #name, &symbol));                                                                       \
    memcpy(&mpi->field, &symbol, sizeof symbol);
    CAM_MPI_FUNCTIONS(TAKE)
#undef TAKE
out:
    return st;
}

cam_status cam_mpi_load(const char *launcher, cam_mpi **mpi) {
    cam_status st = CAM_OK;
    *mpi = &library;
    if (is_loaded)
        return CAM_OK;
    void *handle = open_library(launcher);
    if (!handle) {
        const char *reason = dlerror();
        CAM_FAIL(CAM_E_USAGE,
                 "started by a launcher (%s is set), but no MPI library can be loaded (%s); install libopenmpi3 or "
                 "libmpich12, or name its file in the environment variable CAM_MPI_LIBRARY",
                 launcher, reason ? reason : "libmpi.so.40, libmpi.so.12");
    }
    CAM_TRY(take_functions(&library));
    if (dlsym(handle, "ompi_mpi_comm_world"))
        CAM_TRY(take_open_mpi(&library));
    else
        take_mpich(&library);
    is_loaded = 1;
out:
    return st;
}

cam_mpi *cam_mpi_loaded(void) {
    return is_loaded ? &library : NULL;
}
