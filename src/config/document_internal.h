/* document_internal.h: a YAML text as a tree, without any of YAML's own guesses about types.
 *
 * A configuration is data: no anchors, aliases or tags, one document a file, at most CAM_YAML_DEPTH levels, keys that
 * are plain texts and occur once in their mapping, UTF-8 without control characters, no tab in an indentation. Whatever
 * breaks a rule is a problem with its line, and reading goes on where that makes sense.
 */
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

/* Reads a text of at most CAM_YAML_BYTES bytes; `name` stands before every problem. NULL where there is nothing (an
 * empty text, comments only) or nothing usable. After problems the tree holds what was read before them, and *sound is
 * false where a part of the text was not read at all. All lines are 0 unless
 * has_lines. The tree lives in `pool`. */
cam_yaml_node *cam_yaml_read(cam_pool *pool, const char *name, bool has_lines, const char *text, size_t length,
                             bool *sound, cam_problems *problems);
/* A scalar without quotes, for a text that is not YAML but valid (cam_yaml_check_text). */
cam_yaml_node *cam_yaml_scalar(cam_pool *pool, const char *text, size_t length, long line);
/* False, with one problem for each bad line, where bytes are not UTF-8 or hold control characters. */
bool cam_yaml_check_text(const char *name, bool has_lines, const char *text, size_t length, cam_problems *problems);
/* A bare `null`, `~` or nothing. */
bool cam_yaml_is_null(const cam_yaml_node *node);

#ifdef __cplusplus
}
#endif
#endif
