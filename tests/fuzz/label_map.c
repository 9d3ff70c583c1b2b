/* label_map of a configuration, and behind a 0xFF the rows of a CSV file whose labels it changes. The map is written as
 * YAML and reads back equal; after it no row has a label of the map, unless it is a new one too. */
#include "config.h"
#include "dataset.h"
#include "fuzz.h"
#include "labels.h"

static cam_status load(const char *value, cam_config *config) {
    cam_problems problems = CAM_PROBLEMS_INIT;
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, "label_map=");
    cam_strbuf_puts(&text, value);
    const char *override = cam_strbuf_text(&text);
    *config = (cam_config){0};
    cam_status st = cam_config_load(config, NULL, 0, &override, 1, &problems);
    FUZZ_CHECK(st == (problems.errors ? CAM_E_USAGE : CAM_OK));
    cam_problems_release(&problems);
    cam_strbuf_release(&text);
    return st;
}

static int is_new_label(const cam_config_map *map, const char *label) {
    for (size_t i = 0; i < map->count; i++)
        if (map->items[i].to && strcmp(map->items[i].to, label) == 0)
            return 1;
    return 0;
}

static void rename_rows(const cam_config_map *map, const uint8_t *data, size_t size) {
    char *path = fuzz_path("rows.csv");
    cam_dataset dataset;
    cam_strbuf notes = CAM_STRBUF_INIT;
    cam_label_rules rules = {.map = map->items, .map_count = map->count};
    fuzz_write("rows.csv", data, size);
    if (cam_dataset_load(&(cam_read_options){.path = path, .label_required = 1}, &dataset) == CAM_OK) {
        FUZZ_CHECK(cam_labels_rename(&rules, NULL, &dataset, &notes) == CAM_OK);
        for (size_t row = 0; row < dataset.count; row++)
            for (size_t i = 0; i < map->count; i++)
                FUZZ_CHECK(strcmp(dataset.rows[row].label, map->items[i].from) != 0 ||
                           is_new_label(map, dataset.rows[row].label));
    }
    cam_dataset_release(&dataset);
    cam_strbuf_release(&notes);
    free(path);
}

void fuzz_one(const uint8_t *data, size_t size) {
    cam_config config, again;
    size_t length;
    char *value = fuzz_take(&data, &size, &length);
    if (load(value, &config) == CAM_OK) {
        cam_strbuf text = CAM_STRBUF_INIT;
        cam_config_put_map(&config.label_map, &text);
        FUZZ_CHECK(load(cam_strbuf_text(&text), &again) == CAM_OK && again.label_map.count == config.label_map.count);
        for (size_t i = 0; i < again.label_map.count; i++) {
            const cam_pair *a = &config.label_map.items[i], *b = &again.label_map.items[i];
            FUZZ_CHECK(strcmp(a->from, b->from) == 0 && (a->to ? b->to && strcmp(a->to, b->to) == 0 : !b->to));
        }
        cam_config_release(&again);
        cam_strbuf_release(&text);
        rename_rows(&config.label_map, data, size);
    }
    cam_config_release(&config);
    free(value);
}
