/* explain.c: messages about keys and sections that are unknown or in the wrong place. */
#include "bytes_internal.h"
#include "foreign_internal.h"
#include "nearest.h"
#include "remedy.h"
#include "schema.h"
#include <stdint.h>
#include <string.h>

/* Of two keys that are equally near, the one in `section`. */
static const cam_config_row *nearest_row(const char *section, const char *leaf) {
    const cam_config_row *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < CAM_CONFIG_KEY_COUNT; i++) {
        const cam_config_row *row = &cam_config_rows[i];
        size_t far = cam_misspelling(leaf, row->leaf);
        int here = section && strcmp(row->section, section) == 0;
        if (far < least || (far == least && far != SIZE_MAX && here)) {
            least = far;
            nearest = row;
        }
    }
    return nearest;
}

static const cam_config_row *foreign_row(const char *leaf) {
    for (size_t i = 0; i < cam_foreign_name_count; i++)
        if (cam_misspelling(leaf, cam_foreign_names[i].name) == 0)
            return &cam_config_rows[cam_foreign_names[i].key];
    return NULL;
}

/* Prints what replaces a switch of another tool. 0 where `leaf` is none. */
static int put_switch(const char *section, const char *leaf, cam_strbuf *out) {
    for (size_t i = 0; i < cam_foreign_switch_count; i++) {
        if (cam_misspelling(leaf, cam_foreign_switches[i].name) != 0)
            continue;
        const cam_config_row *row = &cam_config_rows[cam_foreign_switches[i].key];
        cam_strbuf_printf(out, "; for %s write ", cam_foreign_switches[i].when);
        if (section)
            cam_strbuf_printf(out, "%s: %s in %s", row->leaf, cam_foreign_switches[i].value, row->section);
        else
            cam_remedy_put(out, CAM_SYNTAX_KEYS, row->leaf, cam_foreign_switches[i].value);
        cam_strbuf_puts(out, ", else leave it out");
        return 1;
    }
    return 0;
}

static int is_named(const char *leaf, const char *name) {
    size_t length = strlen(name) - 1;
    return name[length] == '*' ? strncmp(leaf, name, length) == 0 : cam_misspelling(leaf, name) == 0;
}

/* Prints that a setting of transformers has no counterpart. 0 where `leaf` is none. */
static int put_no_counterpart(const char *leaf, cam_strbuf *out) {
    for (size_t i = 0; i < cam_foreign_setting_count; i++) {
        if (!is_named(leaf, cam_foreign_settings[i].name))
            continue;
        cam_strbuf_puts(out, " has no counterpart");
        if (cam_foreign_settings[i].why)
            cam_strbuf_printf(out, ": %s", cam_foreign_settings[i].why);
        cam_strbuf_puts(out, "; leave it out");
        return 1;
    }
    return 0;
}

int cam_config_explain_foreign(const char *section, const char *leaf, cam_strbuf *out) {
    return put_switch(section, leaf, out) || put_no_counterpart(leaf, out);
}

static void put_in_section(const cam_config_row *row, const char *section, cam_strbuf *out) {
    if (section && strcmp(section, row->section) != 0)
        cam_strbuf_printf(out, " in %s", row->section);
}

void cam_config_explain_key(const char *section, const char *leaf, cam_strbuf *out) {
    const cam_config_row *row = cam_config_row_find(leaf);
    if (row) {
        cam_strbuf_printf(out, "key \"%s\" belongs in the section %s", leaf, row->section);
        return;
    }
    cam_strbuf_puts(out, "unknown key ");
    cam_bytes_quote(leaf, out);
    if (section && *section)
        cam_strbuf_printf(out, " in %s", section);
    row = foreign_row(leaf);
    if (row) {
        cam_strbuf_printf(out, "; the key is \"%s\"", row->leaf);
        put_in_section(row, section, out);
        return;
    }
    if (cam_config_explain_foreign(section, leaf, out))
        return;
    row = nearest_row(section, leaf);
    if (row) {
        cam_strbuf_printf(out, "; did you mean \"%s\"", row->leaf);
        put_in_section(row, section, out);
        cam_strbuf_putc(out, '?');
    }
}

/* True for a name of another tool, of which something is said. */
static int is_foreign(const char *leaf) {
    cam_strbuf unused = CAM_STRBUF_INIT;
    int known = foreign_row(leaf) || cam_config_explain_foreign(NULL, leaf, &unused);
    cam_strbuf_release(&unused);
    return known;
}

const cam_config_row *cam_config_row_meant(const char *name) {
    char leaf[64];
    size_t length = strlen(name);
    if (length >= sizeof leaf)
        return NULL;
    for (size_t i = 0; i <= length; i++)
        leaf[i] = (char)(name[i] == '-' ? '_' : name[i]);
    const cam_config_row *row = cam_config_row_find(leaf);
    return row ? row : foreign_row(leaf);
}

/* The section that a misspelt, shortened or lengthened name stands for: "train", "evaluation". */
static const char *nearest_section(const char *section) {
    const char *meant = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < CAM_CONFIG_KEY_COUNT; i++) {
        const char *name = cam_config_rows[i].section;
        size_t shorter = strlen(name), common = shorter < strlen(section) ? shorter : strlen(section);
        size_t far = common >= 3 && memcmp(name, section, common) == 0 ? 0 : cam_misspelling(section, name);
        if (far < least) {
            least = far;
            meant = name;
        }
    }
    return meant;
}

void cam_config_explain_section(const char *section, cam_strbuf *out) {
    const char *meant = nearest_section(section);
    if (cam_config_row_find(section) || is_foreign(section) || (!meant && nearest_row("", section))) {
        cam_config_explain_key("", section, out);
    } else {
        cam_strbuf_puts(out, "unknown section ");
        cam_bytes_quote(section, out);
        if (meant)
            cam_strbuf_printf(out, "; did you mean \"%s\"?", meant);
    }
}
