/* folder_names.c: see folder_names.h. */
#include "folder_names.h"
#include "files.h"
#include "remedy.h"
#include <stdlib.h>
#include <string.h>

/* Cuts the ending off a name that is longer than it. */
static int cut(char *name, const char *ending) {
    size_t length = strlen(name), tail = strlen(ending);
    if (length <= tail || strcmp(name + length - tail, ending) != 0 || name[length - tail - 1] == '/')
        return 0;
    name[length - tail] = '\0';
    return 1;
}

static int cut_kind(char *name) {
    return cut(name, "-full") || cut(name, "-frozen");
}

/* Cuts "-2" off. */
static int cut_number(char *name) {
    char *dash = strrchr(name, '-');
    if (!dash || dash == name || dash[-1] == '/' || dash[1] == '\0' ||
        strspn(dash + 1, "0123456789") < strlen(dash + 1))
        return 0;
    *dash = '\0';
    if (cam_directory_exists(name) || cut_kind(name))
        return 1;
    *dash = '-';
    return 0;
}

char *cam_folder_stem(const char *folder) {
    size_t length = strlen(folder);
    cam_strbuf name = CAM_STRBUF_INIT;
    while (length > 1 && folder[length - 1] == '/')
        length--;
    cam_strbuf_append(&name, folder, length);
    char *stem = cam_strbuf_detach(&name);
    while (stem && (cut_kind(stem) || cut_number(stem)))
        ;
    return stem;
}

char *cam_folder_beside(const char *folder, const char *kind) {
    cam_strbuf name = CAM_STRBUF_INIT;
    char *stem = cam_folder_stem(folder);
    int first = kind ? 1 : 2;
    for (int number = first; number == first || cam_directory_exists(cam_strbuf_text(&name)); number++) {
        cam_strbuf_clear(&name);
        cam_strbuf_put_all(&name, stem, kind ? "-" : "", kind ? kind : "", NULL);
        if (number > 1)
            cam_strbuf_printf(&name, "-%d", number);
    }
    free(stem);
    return cam_strbuf_detach(&name);
}

void cam_folder_put_beside(cam_strbuf *out, const char *folder, const char *kind) {
    char *name = cam_folder_beside(folder, kind);
    cam_strbuf_putc(out, ' ');
    cam_remedy_put(out, CAM_SYNTAX_KEYS, "output_dir", name);
    free(name);
}
