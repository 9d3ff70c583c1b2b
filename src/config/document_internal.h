/* document_internal.h: reads YAML as a tree of texts; the types of values are not guessed.
 *
 * A configuration has no anchors, aliases or tags, one document in a file, at most CAM_YAML_DEPTH levels, keys that are
 * plain texts and occur once in their mapping, UTF-8 without control characters, and no tab in an indentation. What
 * breaks a rule is a problem with its line, and reading goes on where it can. */
#ifndef CAM_DOCUMENT_INTERNAL_H
#define CAM_DOCUMENT_INTERNAL_H

#include "pool.h"
#include "problems.h"
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CAM_YAML_DEPTH = 8, CAM_YAML_BYTES = 1 << 20 };

typedef enum cam_yaml_kind { CAM_YAML_SCALAR, CAM_YAML_LIST, CAM_YAML_MAP } cam_yaml_kind;

typedef struct cam_yaml_node {
    cam_yaml_kind kind;
    bool plain;       /* a scalar without quotes */
    const char *text; /* of a scalar: valid UTF-8 without NUL; otherwise NULL */
    long line;        /* from 1 */
    struct cam_yaml_node *first, *next;
    size_t count;              /* of children */
    struct cam_yaml_node *key; /* of a mapping's child */
} cam_yaml_node;

/* Reads a text of at most CAM_YAML_BYTES bytes into a tree, which lives in `pool`. Problems begin with `name`; their
 * lines are 0 unless has_lines. NULL where the text is empty, has only comments or cannot be used. After problems the
 * tree holds the part before them, and *complete is false where the rest was not read. */
cam_yaml_node *cam_yaml_read(cam_pool *pool, const char *name, bool has_lines, const char *text, size_t length,
                             bool *complete, cam_problems *problems);
/* Makes a scalar without quotes of a text that is not YAML but valid (cam_yaml_check_text). */
cam_yaml_node *cam_yaml_scalar(cam_pool *pool, const char *text, size_t length, long line);
/* False, with a problem for each bad line, where the text is not UTF-8 or holds control characters. */
bool cam_yaml_check_text(const char *name, bool has_lines, const char *text, size_t length, cam_problems *problems);
/* A bare `null` in any case, `~`, `None` of Python, or nothing. */
bool cam_yaml_is_null(const cam_yaml_node *node);

#ifdef __cplusplus
}
#endif
#endif
