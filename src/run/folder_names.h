/* folder_names.h: names of output folders beside one another: "runs/a", "runs/a-2", "runs/a-full", "runs/a-frozen-2".
 */
#ifndef CAM_FOLDER_NAMES_H
#define CAM_FOLDER_NAMES_H

#include "strbuf.h"

/* The name without what cam_folder_beside has added to it; the caller frees it. A number belongs to the name itself unless the
 * folder without it exists, or has a kind: "export-24". */
char *cam_folder_stem(const char *folder);

/* A folder that does not exist yet: STEM-KIND, STEM-KIND-2, ... or, with kind NULL, STEM-2, STEM-3, ... The caller frees
 * it. */
char *cam_folder_beside(const char *folder, const char *kind);

/* Appends " output_dir=NAME" with the name of cam_folder_beside, as a shell takes it. */
void cam_folder_put_beside(cam_strbuf *out, const char *folder, const char *kind);

#endif
