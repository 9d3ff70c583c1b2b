/* local_threads.c: see local_threads_internal.h. */
#include "local_threads_internal.h"
#include "process_limits.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The machine and the processors on which a rank may run. */
typedef struct place {
    char machine[64];
    cpu_set_t processors;
} place;

/* The number of processors for `mine`: a processor that N ranks may use counts 1 / N. */
static double fair_processors(const place *all, int ranks, const place *mine) {
    double processors = 0;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        int users = 0;
        for (int r = 0; r < ranks; r++)
            users += CPU_ISSET(cpu, &all[r].processors) && strcmp(all[r].machine, mine->machine) == 0;
        if (CPU_ISSET(cpu, &mine->processors))
            processors += 1.0 / users;
    }
    return processors;
}

cam_status cam_local_threads(cam_group *group, int *threads) {
    cam_status st = CAM_OK;
    int ranks = cam_group_ranks(group), usable = cam_usable_threads();
    place *all = NULL;
    size_t *begin = NULL;
    *threads = usable;
    if (ranks == 1)
        return CAM_OK;
    all = calloc((size_t)ranks, sizeof *all);
    begin = calloc((size_t)ranks + 1, sizeof *begin);
    if (!all || !begin)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the places of %d ranks", ranks);
    place *mine = &all[group->rank];
    gethostname(mine->machine, sizeof mine->machine - 1);
    if (sched_getaffinity(0, sizeof mine->processors, &mine->processors) != 0)
        CPU_SET(0, &mine->processors);
    for (int r = 0; r <= ranks; r++)
        begin[r] = (size_t)r * sizeof *all;
    CAM_TRY(cam_group_all_gather(group, "counting processors", all, begin));
    int fair = (int)(fair_processors(all, ranks, mine) + 1e-9);
    int quota = usable < CPU_COUNT(&mine->processors) ? usable / group->local_ranks : usable;
    *threads = fair < quota ? fair : quota;
    if (*threads < 1)
        *threads = 1;
out:
    free(all);
    free(begin);
    return st;
}
