/* config.c: the fields of a configuration and where their values came from; load.c sets them. */
#include "config.h"
#include <string.h>

static const size_t offsets[CAM_CONFIG_KEY_COUNT] = {
#define OFFSET(section, leaf, ...) [CAM_KEY_##leaf] = offsetof(cam_config, leaf),
    CAM_CONFIG_KEYS(OFFSET)
#undef OFFSET
};

void *cam_config_field(cam_config *config, cam_config_key key) {
    return (char *)config + offsets[key];
}

const void *cam_config_const_field(const cam_config *config, cam_config_key key) {
    return (const char *)config + offsets[key];
}

void cam_config_release(cam_config *config) {
    cam_pool_release(&config->memory);
    memset(config, 0, sizeof *config);
}

const char *cam_config_keep(cam_config *config, const char *text) {
    return cam_pool_text(&config->memory, text, strlen(text));
}

int cam_config_is_written(const cam_config *config, cam_config_key key) {
    return config->origins[key].file != NULL;
}

void cam_config_put_origin(const cam_config *config, cam_config_key key, cam_strbuf *out) {
    cam_config_origin origin = config->origins[key];
    if (!origin.file && key == CAM_KEY_warmup_ratio && config->warmup_steps > 0)
        cam_strbuf_puts(out, "replaced by warmup_steps");
    else if (!origin.file)
        cam_strbuf_puts(out, "default");
    else
        cam_strbuf_puts(out, origin.file);
    if (origin.file && origin.line > 0)
        cam_strbuf_printf(out, ":%ld", origin.line);
}

static const char delimiters[CAM_CHOICE_COUNT_delimiter] = {[CAM_CONFIG_DELIMITER_SEMICOLON] = ';',
                                                            [CAM_CONFIG_DELIMITER_COMMA] = ',',
                                                            [CAM_CONFIG_DELIMITER_TAB] = '\t',
                                                            [CAM_CONFIG_DELIMITER_PIPE] = '|'};

char cam_config_delimiter_char(enum cam_choice_delimiter delimiter) {
    return delimiters[delimiter];
}

enum cam_choice_delimiter cam_config_delimiter_of(char delimiter) {
    const char *found = memchr(delimiters, delimiter, sizeof delimiters);
    return found ? (enum cam_choice_delimiter)(found - delimiters) : CAM_CONFIG_DELIMITER_AUTO;
}
