/* launcher.c: see launcher_internal.h. */
#include "launcher_internal.h"
#include <stdlib.h>
#include <string.h>

/* A batch script has SLURM_PROCID, too. Only tasks that srun started count, and only if there are several. */
static int is_slurm_step(void) {
    const char *step = getenv("SLURM_STEP_ID"), *tasks = getenv("SLURM_STEP_NUM_TASKS");
    return step && tasks && strcmp(tasks, "1") != 0;
}

const char *cam_launcher(void) {
    /* Open MPI; any with PMIx (Open MPI 5, srun --mpi=pmix); MPICH, Intel MPI, srun --mpi=pmi2; MVAPICH */
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (getenv(names[i]))
            return names[i];
    return is_slurm_step() ? "SLURM_STEP_ID" : NULL;
}
