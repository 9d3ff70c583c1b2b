/* paths.h: paths, folders, and the message of a failed system call. */
#ifndef CAM_PATHS_H
#define CAM_PATHS_H

#include "cam/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How messages call the input "-". */
#define CAM_STANDARD_INPUT "standard input"

/* Fails with the message of errno: cannot open "/full/path": No such file or directory. `verb` is "open", "read", ... */
CAM_MUST_CHECK cam_status cam_file_fail(cam_status kind, const char *verb, const char *path);

int cam_directory_exists(const char *path);
/* Makes a folder and its missing parents. */
CAM_MUST_CHECK cam_status cam_directory_make(const char *path);
CAM_MUST_CHECK cam_status cam_directory_sync(const char *path);

/* Functions that make a path return NULL without memory, which is noted (cam_memory_note in cam/status.h). They and the
 * functions of files.h take NULL for such a path: where one has a status it is CAM_E_MEMORY, otherwise nothing is there. */

/* Gives "folder/name", to be freed. */
char *cam_path_join(const char *folder, const char *name);
/* Replaces a "~" at the beginning by the home folder: "~", "~/name". Sets *expanded, to be freed. Fails with `kind` for
 * "~user" and where there is no home folder. */
CAM_MUST_CHECK cam_status cam_path_expand(const char *path, cam_status kind, char **expanded);
/* True for a path with "$NAME" or "${NAME}", which a shell would have replaced. */
int cam_path_has_variable(const char *path);
/* What to add to the message that a path is not there: a hint about variables of the shell, or "". `error` is errno. */
const char *cam_path_hint(const char *path, int error);
/* The absolute path, for messages, to be freed. A path through a descriptor ("/proc/self/fd/7/name") is followed. */
char *cam_path_absolute(const char *path);
/* The folder that holds the path's last name, to be freed: "." for a name alone. */
char *cam_path_parent(const char *path);

#ifdef __cplusplus
}
#endif
#endif
