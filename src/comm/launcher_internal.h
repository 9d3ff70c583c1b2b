/* launcher_internal.h: detects whether a launcher (mpirun, srun) has started this process. */
#ifndef CAM_LAUNCHER_INTERNAL_H
#define CAM_LAUNCHER_INTERNAL_H

/* The environment variable that a launcher has set; NULL: no launcher. */
const char *cam_launcher(void);

#endif
