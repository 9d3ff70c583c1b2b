/* model_origin.c: see model_origin.h. */
#include "model_origin.h"
#include "files.h"
#include "strbuf.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char id_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
static const size_t most_bytes = 1 << 20; /* a longer README.md is not read */

/* "name" or "organisation/name", and no file or folder here. */
static int can_be_id(const char *text) {
    size_t first = strspn(text, id_characters);
    const char *rest = text + first;
    if (first == 0 || text[0] == '.')
        return 0;
    if (rest[0] == '/')
        rest += 1 + strspn(rest + 1, id_characters);
    return *rest == '\0' && rest[-1] != '/' && !cam_directory_exists(text);
}

/* The id of ".../models--organisation--name/snapshots/revision"; NULL for another folder. */
static char *id_of_cache(const char *folder) {
    static const char before[] = "/models--", after[] = "/snapshots/";
    const char *begin = strstr(folder, before);
    const char *end = begin ? strstr(begin, after) : NULL;
    if (!end)
        return NULL;
    cam_strbuf id = CAM_STRBUF_INIT;
    for (const char *at = begin + sizeof before - 1; at < end; at++) {
        int separator = at[0] == '-' && at[1] == '-';
        cam_strbuf_putc(&id, separator ? '/' : *at);
        at += separator;
    }
    return cam_strbuf_detach(&id);
}

static char *copy_if_license(const char *text, size_t length) {
    while (length > 0 && strchr(" \t\r\"'", text[length - 1]))
        length--;
    while (length > 0 && strchr(" \t\"'", text[0])) {
        text++;
        length--;
    }
    return length > 0 && strspn(text, id_characters) >= length ? strndup(text, length) : NULL;
}

/* The value of `license:` between the first two lines "---": a word, or the first one of a list. */
static char *license_of_card(const char *text) {
    static const char key[] = "license:";
    if (strncmp(text, "---", 3) != 0)
        return NULL;
    int in_list = 0;
    for (text = strchr(text, '\n'); text && strncmp(++text, "---", 3) != 0; text = strchr(text, '\n')) {
        size_t length = strcspn(text, "\n"), indent = strspn(text, " ");
        if (in_list)
            return text[indent] == '-' ? copy_if_license(text + indent + 1, length - indent - 1) : NULL;
        if (strncmp(text, key, sizeof key - 1) != 0)
            continue;
        char *license = copy_if_license(text + sizeof key - 1, length - (sizeof key - 1));
        if (license)
            return license;
        in_list = 1;
    }
    return NULL;
}

void cam_model_origin_find(cam_model_origin *origin, const char *folder, const cam_model_config *config) {
    cam_strbuf card = CAM_STRBUF_INIT;
    char *path = cam_path_join(folder, "README.md");
    const char *name = json_string_value(json_object_get(config->source, "_name_or_path"));
    const char *license = json_string_value(json_object_get(config->source, "license"));
    *origin = (cam_model_origin){.id = id_of_cache(folder)};
    if (!origin->id && name && can_be_id(name))
        origin->id = strdup(name);
    if (cam_file_exists(path) && cam_file_read(path, most_bytes, CAM_E_MODEL, &card) == CAM_OK)
        origin->license = license_of_card(cam_strbuf_text(&card));
    if (!origin->license && license)
        origin->license = copy_if_license(license, strlen(license));
    cam_strbuf_release(&card);
    free(path);
}

void cam_model_origin_release(cam_model_origin *origin) {
    free(origin->id);
    free(origin->license);
    *origin = (cam_model_origin){0};
}
