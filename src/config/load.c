/* load.c: reads a configuration. Invariant: every field always holds a valid value; a refused value leaves the one
 * before it. */
#include "bytes_internal.h"
#include "config.h"
#include "document_internal.h"
#include "files.h"
#include "remedy.h"
#include "rules_internal.h"
#include "value_internal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char command_line[] = "command line";

/* The state of one load. The trees live until its end. */
typedef struct loader {
    cam_config *config;
    cam_problems *problems;
    cam_pool trees;
    bool complete;     /* all files could be parsed to their end */
    cam_status status; /* CAM_E_MEMORY or CAM_E_STOPPED, which are no problems of the configuration */
} loader;

static cam_config_key key_of(const cam_config_row *row) {
    return (cam_config_key)(row - cam_config_rows);
}

/* Reads the default as if it were in a file, so that it must obey the same rules. */
void cam_config_restore(cam_config *config, cam_config_key key) {
    const cam_config_row *row = &cam_config_rows[key];
    cam_pool tree = {NULL};
    cam_problems problems = CAM_PROBLEMS_INIT;
    bool complete;
    const cam_yaml_node *node =
        cam_yaml_read(&tree, row->leaf, true, row->default_text, strlen(row->default_text), &complete, &problems);
    int is_read = node && complete && cam_value_read(config, key, node, row->leaf, &problems);
    if (!is_read && cam_memory_check(CAM_OK) == CAM_OK)
        CAM_BUG("the default of %s is wrong: %s", row->leaf, cam_strbuf_text(&problems.shown));
    config->origins[key] = (cam_config_origin){NULL, 0};
    cam_problems_release(&problems);
    cam_pool_release(&tree);
}

cam_status cam_config_defaults(cam_config *config) {
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < CAM_CONFIG_KEY_COUNT; i++)
        cam_config_restore(config, (cam_config_key)i);
    return cam_memory_check(CAM_OK);
}

static void set_value(loader *l, const cam_config_row *row, const cam_yaml_node *node, const char *file, long line) {
    cam_config_key key = key_of(row);
    if (cam_value_read(l->config, key, node, file, l->problems))
        l->config->origins[key] = (cam_config_origin){file, line};
}

/* `section` as in cam_config_explain_key. A message that would not be shown is not made: the search for a similar key
 * is slow. */
static void unknown_key(loader *l, const char *section, const char *leaf, const char *file, long line) {
    cam_strbuf text = CAM_STRBUF_INIT;
    if (l->problems->errors < CAM_PROBLEMS_SHOWN)
        cam_config_explain_key(section, leaf, &text);
    cam_problems_add(l->problems, file, line, "%s", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

static void unknown_section(loader *l, const char *section, const char *file, long line) {
    cam_strbuf text = CAM_STRBUF_INIT;
    if (l->problems->errors < CAM_PROBLEMS_SHOWN)
        cam_config_explain_section(section, &text);
    cam_problems_add(l->problems, file, line, "%s", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

static void load_section(loader *l, const cam_yaml_node *node, const char *file) {
    const char *section = node->key->text;
    if (!cam_config_section_exists(section)) {
        unknown_section(l, section, file, node->key->line);
        return;
    }
    if (node->kind != CAM_YAML_MAP) {
        if (!cam_yaml_is_null(node))
            cam_problems_add(l->problems, file, node->line,
                             "\"%s\" is a section: its keys stand under it, one a line and indented%s", section,
                             strcmp(section, "model") == 0 ? "; the model's name is model_name_or_path" : "");
        return;
    }
    for (const cam_yaml_node *child = node->first; child; child = child->next) {
        const cam_config_row *row = cam_config_row_find(child->key->text);
        if (row && strcmp(row->section, section) == 0)
            set_value(l, row, child, file, child->key->line);
        else
            unknown_key(l, section, child->key->text, file, child->key->line);
    }
}

/* The folder of a run is named for its configuration. */
static void refuse_folder(loader *l, const char *path) {
    cam_strbuf text = CAM_STRBUF_INIT;
    char *run = cam_path_join(path, "run.yaml");
    cam_strbuf_printf(&text, "\"%s\" is a folder, not a configuration", path);
    if (cam_file_exists(run)) {
        cam_strbuf_puts(&text, "; write --config ");
        cam_shell_word_put(&text, run);
    }
    cam_problems_add(l->problems, NULL, 0, "%s", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
    free(run);
}

/* A file without a word sets nothing, which nobody means. /dev/null is no such file. */
static bool is_blank(const cam_strbuf *text, const char *path) {
    struct stat about;
    return strspn(cam_strbuf_text(text), " \t\r\n") == text->length && stat(path, &about) == 0 &&
           S_ISREG(about.st_mode);
}

static void refuse_blank(loader *l, const char *path) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_printf(
        &text, "\"%s\" is empty; did the command that should write it fail? run cam-train init --data FILE > ", path);
    cam_shell_word_put(&text, path);
    cam_strbuf_puts(&text, " again");
    cam_problems_add(l->problems, NULL, 0, "%s", cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

/* `file` lives as long as the configuration. */
static void load_file(loader *l, const char *file) {
    cam_strbuf text = CAM_STRBUF_INIT;
    bool complete = false;
    if (cam_directory_exists(file)) {
        refuse_folder(l, file);
        l->complete = false;
        return;
    }
    cam_status read = cam_file_read(file, CAM_YAML_BYTES, CAM_E_USAGE, &text);
    if (read == CAM_E_MEMORY || read == CAM_E_STOPPED) {
        l->status = read;
    } else if (read != CAM_OK) {
        /* A file that is too large was read up to the limit. */
        long line = text.length ? cam_bytes_line(text.text, text.length) : 0;
        cam_problems_add(l->problems, line ? file : NULL, line, "%s", cam_status_message());
    } else if (is_blank(&text, file)) {
        refuse_blank(l, file);
    } else {
        (void)cam_bytes_decode_utf16(&text);
        const cam_yaml_node *root =
            cam_yaml_read(&l->trees, file, true, cam_strbuf_text(&text), text.length, &complete, l->problems);
        if (root && root->kind != CAM_YAML_MAP && !cam_yaml_is_null(root))
            cam_problems_add(l->problems, file, root->line,
                             "a configuration is made of sections such as \"training:\"");
        for (const cam_yaml_node *child = root ? root->first : NULL; child && root->kind == CAM_YAML_MAP;
             child = child->next)
            load_section(l, child, file);
    }
    l->complete = l->complete && complete;
    l->status = cam_memory_check(l->status);
    cam_strbuf_release(&text);
}

/* The row of `name`, which is "leaf" or "section.leaf"; NULL after a problem. */
static const cam_config_row *override_row(loader *l, const char *name) {
    const char *dot = strchr(name, '.');
    char *section = dot ? cam_pool_text(&l->trees, name, (size_t)(dot - name)) : NULL;
    const char *leaf = dot ? dot + 1 : name;
    const cam_config_row *row = cam_config_row_find(leaf);
    if (row && (!section || strcmp(section, row->section) == 0))
        return row;
    if (section && !cam_config_section_exists(section) && !row)
        unknown_section(l, section, command_line, 0);
    else
        unknown_key(l, section, leaf, command_line, 0);
    return NULL;
}

static void load_override(loader *l, const char *argument) {
    size_t length = strlen(argument);
    const char *equals = strchr(argument, '=');
    if (!cam_yaml_check_text(command_line, false, argument, length, l->problems))
        return;
    if (argument[0] == '~') {
        const cam_config_row *row = override_row(l, argument + 1);
        if (row)
            cam_config_restore(l->config, key_of(row));
        return;
    }
    if (!equals) {
        cam_strbuf quoted = CAM_STRBUF_INIT;
        cam_bytes_quote(argument, &quoted);
        cam_problems_add(l->problems, command_line, 0, "%s is neither KEY=VALUE nor ~KEY", cam_strbuf_text(&quoted));
        cam_strbuf_release(&quoted);
        return;
    }
    const char *value = equals + 1;
    size_t value_length = length - (size_t)(value - argument);
    const cam_config_row *row = override_row(l, cam_pool_text(&l->trees, argument, (size_t)(equals - argument)));
    if (!row)
        return;
    bool complete = true;
    const cam_yaml_node *node = *value && strchr("[{\"'", *value) ? cam_yaml_read(&l->trees, command_line, 0, value,
                                                                                  value_length, &complete, l->problems)
                                                                  : cam_yaml_scalar(&l->trees, value, value_length, 0);
    if (node && complete)
        set_value(l, row, node, command_line, 0);
}

cam_status cam_config_load(cam_config *config, const char *const *files, size_t file_count,
                           const char *const *overrides, size_t override_count, cam_problems *problems) {
    cam_status st = CAM_OK;
    loader l = {.config = config, .problems = problems, .complete = true};
    CAM_TRY(cam_config_defaults(config));
    const char **kept = cam_pool_take(&config->memory, (file_count + 1) * sizeof *kept);
    for (size_t i = 0; kept && i < file_count; i++)
        kept[i] = cam_config_keep(config, files[i]);
    CAM_TRY(cam_memory_check(CAM_OK));
    config->files = (cam_config_list){kept, file_count};
    for (size_t i = 0; i < file_count && l.status == CAM_OK; i++)
        load_file(&l, kept[i]);
    for (size_t i = 0; i < override_count && l.status == CAM_OK; i++)
        load_override(&l, overrides[i]);
    CAM_TRY(l.status);
    if (l.complete)
        cam_rules_apply(config, problems);
    CAM_TRY(cam_problems_status(problems, CAM_E_USAGE));
out:
    cam_pool_release(&l.trees);
    return cam_memory_check(st);
}
