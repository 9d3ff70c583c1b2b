/* config.h: the configuration of a run.
 *
 * struct cam_config has one field for each key of schema.h, named like the key: config.learning_rate,
 * config.train_file. A field holds the default, unless a file or the command line sets it; a later file replaces the
 * values of an earlier one, and the command line those of the files. The origin of every value is kept. All errors are
 * CAM_E_USAGE.
 *
 *     cam_config config;
 *     cam_problems problems = CAM_PROBLEMS_INIT;
 *     CAM_TRY(cam_config_load(&config, files, file_count, overrides, override_count, &problems));
 *     ...
 * out:
 *     cam_config_release(&config);
 *     cam_problems_release(&problems);
 *
 * The struct is in config.c; load.c reads configurations, show.c and init.c write them. */
#ifndef CAM_CONFIG_H
#define CAM_CONFIG_H

#include "cam/status.h"
#include "choices.h"
#include "pair.h"
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

/* Layers of a teacher, from 0. */
typedef struct cam_config_layers {
    int64_t evenly;       /* N layers, evenly spaced; 0: they are listed, or none is chosen */
    const int64_t *items; /* NULL where count is 0 */
    size_t count;         /* 0: none is chosen, or `evenly` says how many */
} cam_config_layers;

/* At least one, all different. */
typedef struct cam_config_seeds {
    const int64_t *items;
    size_t count;
} cam_config_seeds;

/* Label texts are as written, without outer Unicode space. */
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

/* Old and new label of each pair, without outer Unicode space; the old ones are all different. The new one is NULL where
 * it is written as "": rows with the old label are left out. */
typedef struct cam_config_map {
    const cam_pair *items; /* NULL where count is 0 */
    size_t count;
} cam_config_map;

/* Appends pairs as YAML on one line, as label_map takes them: {old: new, "a b": ""}; "null" for none. */
void cam_config_put_map(const cam_config_map *map, cam_strbuf *out);

/* validation_split where pretraining does not set it: a hundredth of many texts is enough to measure the loss. */
#define CAM_PRETRAINING_SPLIT 0.01

/* Where a value came from: file and line; file without line ("command line"); or neither, for a default. */
typedef struct cam_config_origin {
    const char *file;
    long line;
} cam_config_origin;

typedef struct cam_config {
#define CAM_CONFIG_FIELD(section, leaf, type, ...) type leaf;
    CAM_CONFIG_KEYS(CAM_CONFIG_FIELD)
#undef CAM_CONFIG_FIELD
    cam_config_list train_files; /* all of train_file; several for pretraining only */
    double
        warmup_fraction; /* what warmup_steps holds where it is written below 1; otherwise 0. It becomes warmup_ratio */
    cam_config_origin origins[CAM_CONFIG_KEY_COUNT];
    cam_config_list files; /* that were read */
    cam_pool memory;       /* all that the fields point to */
} cam_config;

/* Sets all fields to their defaults. CAM_E_MEMORY; the texts of `config` may be NULL then. */
cam_status cam_config_defaults(cam_config *config);
/* Sets one field to its default. */
void cam_config_restore(cam_config *config, cam_config_key key);

/* Reads the files in their order, then the overrides: `leaf=value`, `section.leaf=value`, or `~leaf` for the default.
 * The value of an override is a plain text, unless it begins with [ { " or ', which makes it YAML: labels=[a, b].
 *
 * Returns CAM_OK, or CAM_E_USAGE with all problems as the message (a message holds 8,191 bytes; problems->shown has the
 * first twenty in full). The configuration must be released in both cases; after a failure it holds the values that
 * could be read. CAM_E_STOPPED while a file was awaited. Where warmup_steps is above 0, warmup_ratio becomes 0; where it is written below 1, it is the ratio. */
CAM_MUST_CHECK cam_status cam_config_load(cam_config *config, const char *const *files, size_t file_count,
                                          const char *const *overrides, size_t override_count, cam_problems *problems);
void cam_config_release(cam_config *config);

/* The field of a key, whose type is the row's kind (schema.h). */
void *cam_config_field(cam_config *config, cam_config_key key);
const void *cam_config_const_field(const cam_config *config, cam_config_key key);
/* A copy of a text that lives as long as the configuration, for a field that the caller sets. */
const char *cam_config_keep(cam_config *config, const char *text);
/* True where the user wrote the value, in a file or on the command line. */
int cam_config_is_written(const cam_config *config, cam_config_key key);
/* True where the value is that of the schema, written or not. */
int cam_config_is_default(const cam_config *config, cam_config_key key);
/* Appends "default", "base.yaml:12" or "command line". */
void cam_config_put_origin(const cam_config *config, cam_config_key key, cam_strbuf *out);
/* Appends a value as YAML on one line, which reads back to the same value. */
void cam_config_put_value(const cam_config *config, cam_config_key key, cam_strbuf *out);
/* The delimiter as a character; 0 for auto. */
char cam_config_delimiter_char(enum cam_choice_delimiter delimiter);
enum cam_choice_delimiter cam_config_delimiter_of(char delimiter); /* AUTO for any other */

/* What cam_config_show writes after each value. */
typedef enum cam_config_comments { CAM_COMMENTS_NONE, CAM_COMMENTS_ORIGIN } cam_config_comments;

/* Appends all keys as YAML that reads back to the same configuration: with origins for `show`, without comments for
 * run.yaml. */
void cam_config_show(const cam_config *config, cam_config_comments comments, cam_strbuf *out);
/* Appends the line of one key, with a comment unless that is NULL. */
void cam_config_put_line(const cam_config *config, cam_config_key key, const char *comment, cam_strbuf *out);

/* Why a key has its value, for `init`; it may be "". */
typedef struct cam_config_reason {
    cam_config_key key;
    const char *why;
} cam_config_reason;

/* Appends a configuration to start from: `head` (lines, or "") as comments, then the keys of `reasons` with their reason
 * (the help where that is ""), and with `all` every other key with its help. */
void cam_config_init(const cam_config *config, const char *head, const cam_config_reason *reasons, size_t count,
                     int all, cam_strbuf *out);

/* Appends the page docs/configuration.md. */
void cam_config_reference(cam_strbuf *out);

#ifdef __cplusplus
}
#endif
#endif
