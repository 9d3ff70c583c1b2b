/* command.c: see command.h. */
#include "command.h"
#include "remedy.h"
#include <string.h>

/* Whether one of the settings, which are words of a shell, is for this key. */
static int sets(const char *settings, const char *key, size_t length) {
    int quoted = 0;
    for (const char *at = settings; *at; at++) {
        quoted ^= *at == '\'';
        if (!quoted && *at == ' ' && strncmp(at + 1, key, length) == 0 && at[1 + length] == '=')
            return 1;
    }
    return 0;
}

/* The leaf name of the key of an override: "section.leaf=value", "~leaf". */
static const char *leaf_of(const char *override, size_t *length) {
    const char *leaf = override + (*override == '~');
    size_t name = strcspn(leaf, "=");
    const char *dot = memchr(leaf, '.', name);
    if (dot) {
        name -= (size_t)(dot + 1 - leaf);
        leaf = dot + 1;
    }
    *length = name;
    return leaf;
}

static int is_replaced(const cam_command *command, const char *override, const char *settings) {
    static const char overwrite[] = "overwrite_output_dir", folder[] = "output_dir";
    size_t length;
    const char *leaf = leaf_of(override, &length);
    if (length == sizeof overwrite - 1 && strncmp(leaf, overwrite, length) == 0)
        return sets(settings, folder, sizeof folder - 1);
    return sets(settings, leaf, length) || (command->replaced && sets(command->replaced, leaf, length));
}

void cam_command_put(const cam_command *command, const char *settings, cam_strbuf *out) {
    cam_strbuf_puts(out, "cam-train");
    if (command->verb)
        cam_strbuf_put_all(out, " ", command->verb, NULL);
    for (size_t i = 0; i < command->config_count; i++) {
        cam_strbuf_puts(out, " --config ");
        cam_shell_word_put(out, command->configs[i]);
    }
    if (command->device) {
        cam_strbuf_puts(out, " --device ");
        cam_shell_word_put(out, command->device);
    }
    for (size_t i = 0; i < command->override_count; i++) {
        if (is_replaced(command, command->overrides[i], settings))
            continue;
        cam_strbuf_putc(out, ' ');
        cam_shell_word_put(out, command->overrides[i]);
    }
    cam_strbuf_puts(out, settings);
}
