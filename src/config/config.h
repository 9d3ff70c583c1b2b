/* config.h: what a run is asked to do.
 *
 * struct cam_config has one field a key of schema.h, named like the key: config.learning_rate, config.train_file. It
 * holds defaults, then what files say in their order, then what the command line says; the origin of every value is
 * kept. All messages about a configuration are CAM_E_USAGE.
 *
 *     cam_config config;
 *     cam_problems problems = CAM_PROBLEMS_INIT;
 *     CAM_TRY(cam_config_load(&config, files, file_count, overrides, override_count, &problems));
 *     ...
 * out:
 *     cam_config_release(&config);
 *     cam_problems_release(&problems);
 */
#ifndef CAM_CONFIG_H
#define CAM_CONFIG_H

#include "cam/status.h"
#include "choices.h"
#include "pool.h"
#include "problems.h"
#include "schema.h"
#include "strbuf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cam_config_freeze {
    enum cam_choice_freezing kind;
    int64_t layers; /* N of first:N, otherwise 0; the model checks it against its own count */
} cam_config_freeze;

typedef struct cam_config_list {
    const char *const *items; /* NULL where count is 0 */
    size_t count;
} cam_config_list;

/* Label texts are verbatim but for outer Unicode space. */
typedef struct cam_config_labels {
    enum cam_choice_label_order kind;
    cam_config_list list; /* with CAM_LABELS_LIST: at least two, all different, in the order of their ids */
} cam_config_labels;

typedef struct cam_config_weight {
    const char *label;
    double weight; /* from 1e-9 to 1e6 */
} cam_config_weight;

typedef struct cam_config_weights {
    enum cam_choice_weighting kind;
    const cam_config_weight *items; /* with CAM_CONFIG_CLASS_WEIGHTS_GIVEN: at least one; a label not listed weighs 1 */
    size_t count;
} cam_config_weights;

/* Where a value came from: file and line; file without line ("command line"); or neither, for a default. */
typedef struct cam_config_origin {
    const char *file;
    long line;
} cam_config_origin;

typedef struct cam_config {
#define CAM_CONFIG_FIELD(section, leaf, type, ...) type leaf;
    CAM_CONFIG_KEYS(CAM_CONFIG_FIELD)
#undef CAM_CONFIG_FIELD
    cam_config_origin origins[CAM_CONFIG_KEY_COUNT];
    cam_pool memory; /* all that the fields point to */
} cam_config;

/* The defaults alone. */
void cam_config_defaults(cam_config *config);

/* One of them. */
void cam_config_restore(cam_config *config, cam_config_key key);

/* Defaults, then files, then overrides: `leaf=value`, `section.leaf=value`, `~leaf`. The value of an override is taken
 * as it stands, unless it begins with [ { " or ', which makes it YAML: labels=[a, b].
 *
 * CAM_OK or CAM_E_USAGE with all problems as the message (a message holds 8,191 bytes; problems->shown holds the first
 * twenty whole). The configuration must be released in both cases; after a failure it holds what could be read.
 * Above 0, warmup_steps replaces warmup_ratio, which is then 0 here. */
CAM_MUST_CHECK cam_status cam_config_load(cam_config *config, const char *const *files, size_t file_count,
                                          const char *const *overrides, size_t override_count, cam_problems *problems);
void cam_config_release(cam_config *config);

/* The field of a key, whose type is the row's kind (schema.h). */
void *cam_config_field(cam_config *config, cam_config_key key);
const void *cam_config_const_field(const cam_config *config, cam_config_key key);
/* A copy of a text that lives as long as the configuration, for a field that is set by hand. */
const char *cam_config_keep(cam_config *config, const char *text);
/* True where the user wrote the value, in a file or on the command line. */
int cam_config_is_written(const cam_config *config, cam_config_key key);
/* "default", "base.yaml:12", "command line". */
void cam_config_put_origin(const cam_config *config, cam_config_key key, cam_strbuf *out);
/* A value as YAML on one line; reads back to the same value. */
void cam_config_put_value(const cam_config *config, cam_config_key key, cam_strbuf *out);
/* The delimiter as a character; 0 for auto. */
char cam_config_delimiter_char(enum cam_choice_delimiter delimiter);
enum cam_choice_delimiter cam_config_delimiter_of(char delimiter); /* AUTO for any other */

/* What cam_config_show writes behind each value. */
typedef enum cam_config_comments { CAM_COMMENTS_NONE, CAM_COMMENTS_ORIGIN, CAM_COMMENTS_HELP } cam_config_comments;

/* The whole configuration as YAML, every key, which reads back to the same configuration: with origins for `show`,
 * without comments for run.yaml. */
void cam_config_show(const cam_config *config, cam_config_comments comments, cam_strbuf *out);

/* What `init` found out about a data file. A zeroed struct, and any NULL or AUTO in it, leaves the defaults. */
typedef struct cam_config_fit {
    const char *train_file;
    enum cam_choice_encoding encoding;
    enum cam_choice_delimiter delimiter;
    cam_config_list columns; /* where the file has no header row */
    const char *text_column, *label_column;
} cam_config_fit;

/* A complete configuration to start from, every key with its help, fitted to a data file unless `fit` is NULL. */
void cam_config_init(const cam_config_fit *fit, cam_strbuf *out);

/* docs/configuration.md. */
void cam_config_reference(cam_strbuf *out);

#ifdef __cplusplus
}
#endif
#endif
