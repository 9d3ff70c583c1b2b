/* temporary_tree.h: a temporary folder of files and folders for a test, removed at its end. */
#ifndef TEMPORARY_TREE_H
#define TEMPORARY_TREE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "files.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct tree {
    char root[256];
} tree;

static inline int tree_setup(void **state) {
    tree *t = calloc(1, sizeof *t);
    const char *base = getenv("TMPDIR");
    if (!t)
        return -1;
    snprintf(t->root, sizeof t->root, "%.200s/cam-tree-XXXXXX", base ? base : "/tmp");
    *state = t;
    return mkdtemp(t->root) ? 0 : -1;
}

static inline int tree_remove_one(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about, (void)kind, (void)where;
    return remove(path);
}

static inline int tree_teardown(void **state) {
    tree *t = *state;
    int failed = nftw(t->root, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(t);
    return failed;
}

/* The path of something in the tree, to be freed. */
static inline char *tree_path(const tree *t, const char *name) {
    return cam_path_join(t->root, name);
}

/* Writes a file, its folders with it. */
static inline void tree_write(const tree *t, const char *name, const void *bytes, size_t size) {
    char *path = tree_path(t, name), *slash = strrchr(path, '/');
    *slash = '\0';
    assert_int_equal(cam_directory_make(path), CAM_OK);
    *slash = '/';
    assert_int_equal(cam_file_write(path, bytes, size), CAM_OK);
    free(path);
}

static inline void tree_write_text(const tree *t, const char *name, const char *text) {
    tree_write(t, name, text, strlen(text));
}

/* Copies a file of the repository into the tree. */
static inline void tree_copy(const tree *t, const char *from, const char *name) {
    char *path = tree_path(t, name);
    assert_int_equal(cam_file_copy(from, path), CAM_OK);
    free(path);
}

/* Reads a whole file; to be released. */
static inline cam_strbuf tree_read_path(const char *path) {
    cam_strbuf bytes = CAM_STRBUF_INIT;
    assert_int_equal(cam_file_read(path, (size_t)1 << 28, CAM_E_DATA, &bytes), CAM_OK);
    return bytes;
}

#endif
