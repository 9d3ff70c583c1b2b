/* vendor_library.c: see vendor_library.h. */
#include "vendor_library.h"
#include "strbuf.h"
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

/* A folder of libraries, as a pattern for glob. With a variable of the environment, it is a folder below that one, and
 * is passed over where the variable is empty. */
typedef struct place {
    const char *variable, *folder;
} place;

#define OF_PYTHON "/lib/python3*/*-packages/nvidia/*/lib"
static const place places[] = {
    {"CUDA_HOME", "/lib64"},
    {"VIRTUAL_ENV", OF_PYTHON},
    {"CONDA_PREFIX", OF_PYTHON},
    {"CONDA_PREFIX", "/lib"},
    {NULL, "/usr/local/cuda*/lib64"},
    {NULL, "/usr/local/cuda*/lib"},
    {NULL, "/usr/local/cuda*/targets/*/lib"},
    {NULL, "/usr/local" OF_PYTHON},
    {NULL, "/usr" OF_PYTHON},
    {NULL, "/opt/conda" OF_PYTHON},
};

/* RTLD_NODELETE: a library that is unmapped while the driver still has its code ends in a crash at exit. */
static void *load(const char *file) {
    return dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

static void *load_from(const place *p, const char *name) {
    void *library = NULL;
    cam_strbuf pattern = CAM_STRBUF_INIT;
    glob_t found = {0};
    const char *root = p->variable ? getenv(p->variable) : "";
    if (!root || (p->variable && *root == '\0'))
        return NULL;
    cam_strbuf_printf(&pattern, "%s%s/%s", root, p->folder, name);
    if (glob(cam_strbuf_text(&pattern), 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc && !library; i++)
            library = load(found.gl_pathv[i]);
    globfree(&found);
    cam_strbuf_release(&pattern);
    return library;
}

void *cam_vendor_library_open(const char *name, char *reason, size_t bytes) {
    void *library = load(name);
    const char *error = library ? NULL : dlerror();
    snprintf(reason, bytes, "%s", error ? error : "");
    for (size_t i = 0; i < sizeof places / sizeof *places && !library; i++)
        library = load_from(&places[i], name);
    return library;
}
