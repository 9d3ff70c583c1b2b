/* command.h: the command line of a run. What a message proposes is this command with a change, so that nothing that the
 * user set on it is lost.
 */
#ifndef CAM_COMMAND_H
#define CAM_COMMAND_H

#include "strbuf.h"
#include <stddef.h>

/* All words are borrowed. */
typedef struct cam_command {
    const char *const *configs; /* the files of --config */
    size_t config_count;
    const char *const *overrides; /* KEY=VALUE, ~KEY */
    size_t override_count;
    const char *device;   /* of --device; NULL where it is not given */
    const char *verb;     /* NULL: the default */
    const char *replaced; /* settings, " key=value" each, whose keys are not repeated from the overrides; NULL: none */
} cam_command;

/* Appends "cam-train --config base.yaml key=value", as a shell takes it. `settings` are words of a shell, " key=value"
 * each; they stand in place of the user's own for these keys, and a command with another output_dir overwrites none. */
void cam_command_put(const cam_command *command, const char *settings, cam_strbuf *out);

#endif
