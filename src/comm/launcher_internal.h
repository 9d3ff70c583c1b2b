/* launcher_internal.h: whether mpirun, srun or a kin of theirs has started this process. */
#ifndef CAM_LAUNCHER_INTERNAL_H
#define CAM_LAUNCHER_INTERNAL_H

/* The environment variable that tells; NULL where nothing does. */
const char *cam_launcher(void);

#endif
