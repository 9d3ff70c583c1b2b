/* grid.c: see grid.h. */
#include "grid.h"
#include "config.h"
#include <stdlib.h>
#include <string.h>

/* One value of an axis: settings "key=value", of which the first is that of the axis. */
typedef struct point {
    char **words; /* [count] "key=value" */
    cam_compare_setting *settings;
    size_t count;
} point;

typedef struct cam_grid_axis {
    char *key;
    point *points;
    size_t count;
} cam_grid_axis;

/* A list is a value of its own for these. */
static int takes_list(const cam_config_row *row) {
    switch (row->kind) {
    case CAM_KIND_FILES:
    case CAM_KIND_LABELS:
    case CAM_KIND_COLUMNS:
    case CAM_KIND_LAYERS:
    case CAM_KIND_SEEDS:
    case CAM_KIND_REPORT_TO:
        return 1;
    default:
        return 0;
    }
}

/* The leaf name of an override, to be freed; NULL where it is no KEY=[...] of a key that takes one value. */
static char *axis_key(const char *override) {
    const char *equals = strchr(override, '='), *begin = override, *dot;
    if (!equals || equals[1] != '[' || equals[strlen(equals) - 1] != ']')
        return NULL;
    dot = memchr(override, '.', (size_t)(equals - override));
    if (dot)
        begin = dot + 1;
    char *key = strndup(begin, (size_t)(equals - begin));
    const cam_config_row *row = key ? cam_config_row_find(key) : NULL;
    if (row && !takes_list(row))
        return key;
    free(key);
    return NULL;
}

static char *trimmed(const char *text, size_t length) {
    while (length > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        length--;
    }
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    return strndup(text, length);
}

/* True where a setting "key=..." begins at the text. */
static int is_setting(const char *text) {
    size_t length = strcspn(text, "= ");
    char *key = text[length] == '=' ? strndup(text, length) : NULL;
    int is = key && cam_config_row_find(key) != NULL;
    free(key);
    return is;
}

static cam_status add_word(point *p, const char *key, size_t key_length, const char *value, size_t length) {
    char **words = realloc(p->words, (p->count + 1) * sizeof *words);
    if (words)
        p->words = words;
    cam_compare_setting *settings = words ? realloc(p->settings, (p->count + 1) * sizeof *settings) : NULL;
    if (settings)
        p->settings = settings;
    char *word = settings ? calloc(1, key_length + length + 2) : NULL;
    char *name = word ? strndup(key, key_length) : NULL;
    const cam_config_row *row = name ? cam_config_row_find(name) : NULL;
    free(name);
    if (!row) {
        free(word);
        return cam_fail(CAM_E_MEMORY, "no memory for the settings of a comparison");
    }
    memcpy(word, key, key_length);
    word[key_length] = '=';
    memcpy(word + key_length + 1, value, length);
    p->settings[p->count] = (cam_compare_setting){row->leaf, word + key_length + 1};
    p->words[p->count++] = word;
    return CAM_OK;
}

/* "none num_train_epochs=6": the value of the axis, and settings behind it. */
static cam_status read_point(point *p, const char *key, const char *text) {
    cam_status st = CAM_OK;
    size_t end = 0;
    while (text[end] && !(text[end] == ' ' && is_setting(text + end + 1)))
        end++;
    CAM_TRY(add_word(p, key, strlen(key), text, end));
    for (const char *rest = text + end; *rest;) {
        rest += strspn(rest, " ");
        size_t name = strcspn(rest, "="), length = name + 1;
        while (rest[length] && !(rest[length] == ' ' && is_setting(rest + length + 1)))
            length++;
        CAM_TRY(add_word(p, rest, name, rest + name + 1, length - name - 1));
        rest += length;
    }
out:
    return st;
}

static cam_status read_axis(cam_grid_axis *axis, const char *list) {
    cam_status st = CAM_OK;
    size_t length = strlen(list) - 2; /* without brackets */
    const char *at = list + 1, *end = at + length;
    while (at <= end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        char *text = trimmed(at, (size_t)((comma ? comma : end) - at));
        point *points = realloc(axis->points, (axis->count + 1) * sizeof *points);
        if (points)
            axis->points = points;
        if (!text || !points) {
            free(text);
            CAM_FAIL(CAM_E_MEMORY, "no memory for the settings of a comparison");
        }
        axis->points[axis->count++] = (point){0};
        st = text[0] ? read_point(&axis->points[axis->count - 1], axis->key, text)
                     : cam_fail(CAM_E_USAGE, "%s=%s: a value is missing; write %s=[a, b]", axis->key, list, axis->key);
        free(text);
        CAM_TRY(st);
        at = (comma ? comma : end) + 1;
    }
out:
    return st;
}

/* The keys that entries set, each once. */
static cam_status list_keys(cam_grid *grid) {
    size_t most = 0;
    for (size_t a = 0; a < grid->axis_count; a++)
        for (size_t p = 0; p < grid->axes[a].count; p++)
            most += grid->axes[a].points[p].count;
    grid->keys = calloc(most + 1, sizeof *grid->keys);
    if (!grid->keys)
        return cam_fail(CAM_E_MEMORY, "no memory for the settings of a comparison");
    for (size_t a = 0; a < grid->axis_count; a++)
        for (size_t p = 0; p < grid->axes[a].count; p++)
            for (size_t s = 0; s < grid->axes[a].points[p].count; s++) {
                const char *key = grid->axes[a].points[p].settings[s].key;
                int known = 0;
                CAM_ASSERT(key);
                for (size_t k = 0; k < grid->key_count; k++)
                    known |= grid->keys[k] && strcmp(grid->keys[k], key) == 0;
                if (!known)
                    grid->keys[grid->key_count++] = key;
            }
    return CAM_OK;
}

cam_status cam_grid_read(cam_grid *grid, const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    size_t count = arguments->overrides.count;
    *grid = (cam_grid){.count = 1};
    grid->plain = calloc(count + 1, sizeof *grid->plain);
    grid->axes = calloc(count + 1, sizeof *grid->axes);
    if (!grid->plain || !grid->axes)
        CAM_FAIL(CAM_E_MEMORY, "no memory for %zu arguments", count);
    for (size_t i = 0; i < count; i++) {
        const char *override = arguments->overrides.items[i];
        char *key = axis_key(override);
        if (!key) {
            grid->plain[grid->plain_count++] = override;
            continue;
        }
        cam_grid_axis *axis = &grid->axes[grid->axis_count++];
        axis->key = key;
        for (size_t a = 0; a + 1 < grid->axis_count; a++)
            if (strcmp(grid->axes[a].key, key) == 0)
                CAM_FAIL(CAM_E_USAGE, "%s is listed twice; write one list", key);
        CAM_TRY(read_axis(axis, strchr(override, '=') + 1));
        grid->count *= (int64_t)axis->count;
        if (grid->count > CAM_GRID_MOST)
            CAM_FAIL(CAM_E_USAGE, "the lists make more than %d combinations; write shorter ones", CAM_GRID_MOST);
    }
    if (grid->count < 2)
        CAM_FAIL(CAM_E_USAGE, "nothing to compare: give a key several values, such as \"freeze=[none, encoder]\"");
    CAM_TRY(list_keys(grid));
out:
    return st;
}

static void release_point(point *p) {
    for (size_t i = 0; i < p->count; i++)
        free(p->words[i]);
    free(p->words);
    free(p->settings);
}

void cam_grid_release(cam_grid *grid) {
    for (size_t a = 0; a < grid->axis_count; a++) {
        for (size_t p = 0; p < grid->axes[a].count; p++)
            release_point(&grid->axes[a].points[p]);
        free(grid->axes[a].points);
        free(grid->axes[a].key);
    }
    free(grid->axes);
    free(grid->plain);
    free(grid->keys);
    *grid = (cam_grid){0};
}

/* The last list changes fastest. */
cam_status cam_grid_entry_make(const cam_grid *grid, int64_t i, cam_grid_entry *entry) {
    cam_status st = CAM_OK;
    cam_strbuf name = CAM_STRBUF_INIT;
    size_t most = 0;
    int64_t block = grid->count;
    *entry = (cam_grid_entry){0};
    for (size_t a = 0; a < grid->axis_count; a++)
        for (size_t p = 0; p < grid->axes[a].count; p++)
            most += grid->axes[a].points[p].count;
    entry->settings = calloc(most + 1, sizeof *entry->settings);
    entry->overrides = calloc(grid->plain_count + most + 1, sizeof *entry->overrides);
    if (!entry->settings || !entry->overrides)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the settings of a comparison");
    for (size_t p = 0; p < grid->plain_count; p++)
        entry->overrides[entry->override_count++] = grid->plain[p];
    for (size_t a = 0; a < grid->axis_count; a++) {
        int64_t points = (int64_t)grid->axes[a].count;
        CAM_ASSERT(points > 0 && block >= points);
        block /= points;
        const point *p = &grid->axes[a].points[i / block % points];
        for (size_t s = 0; s < p->count; s++) {
            cam_strbuf_put_all(&name, name.length > 0 ? ", " : "", p->words[s], NULL);
            entry->settings[entry->setting_count++] = p->settings[s];
            entry->overrides[entry->override_count++] = p->words[s];
        }
    }
    entry->name = strdup(cam_strbuf_text(&name));
    if (!entry->name)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the settings of a comparison");
out:
    cam_strbuf_release(&name);
    return st;
}

void cam_grid_entry_release(cam_grid_entry *entry) {
    free(entry->name);
    free(entry->settings);
    free(entry->overrides);
    *entry = (cam_grid_entry){0};
}
