/* earlier_run.c: see earlier_run_internal.h. Rows are compared by their texts, wherever they stand in the file now. */
#include "audit.h"
#include "earlier_run_internal.h"
#include "files.h"
#include "folder_names.h"
#include "plain.h"
#include "run_folder.h"
#include <stdlib.h>
#include <string.h>

/* Whether the earlier run drew its held-out rows from the same file in the same way. */
static int is_same_draw(const cam_config *a, const cam_config *b) {
    return strcmp(a->train_file, b->train_file) == 0 && !a->validation_file && !b->validation_file &&
           a->split_by == b->split_by && a->split_seed == b->split_seed && a->validation_split == b->validation_split &&
           a->stratify == b->stratify && a->split_duplicates == b->split_duplicates &&
           a->max_train_samples == b->max_train_samples;
}

/* Reads the configuration of the run in a folder; 0 where there is none. */
static int read_run(const char *folder, cam_config *config) {
    cam_problems problems = CAM_PROBLEMS_INIT;
    char *path = cam_path_join(folder, "run.yaml");
    const char *files[] = {path};
    *config = (cam_config){0};
    int found = cam_file_exists(path) && cam_config_load(config, files, 1, NULL, 0, &problems) == CAM_OK;
    cam_problems_release(&problems);
    free(path);
    return found;
}

/* Appends the line where the rows differ from those of the run in `folder`. */
static void compare(const char *folder, const cam_corpus *corpus, cam_strbuf *out) {
    cam_run_split earlier;
    int64_t held = corpus->part_count[CAM_PART_VALIDATION], before = 0, both = 0;
    if (cam_run_folder_read_split(folder, &earlier) != CAM_OK)
        return;
    for (size_t i = 0; i < earlier.count; i++)
        before += earlier.rows[i].part == CAM_PART_VALIDATION;
    for (int64_t i = 0; i < held; i++) {
        const cam_row *row = cam_corpus_row(corpus, corpus->part[CAM_PART_VALIDATION][i]);
        const cam_run_split_row *there = cam_run_split_find_text(&earlier, cam_audit_text_hash(row));
        both += there && there->part == CAM_PART_VALIDATION;
    }
    if (both < held || both < before) {
        cam_strbuf_puts(out, "the scores do not compare with those of ");
        cam_strbuf_printf(out, "\"%s\": the file has changed since and was shuffled anew, so that ", folder);
        cam_plain_put_count(out, both);
        cam_strbuf_puts(out, " of the ");
        cam_plain_put_counted(out, held, "held-out row was held out there; ", "held-out rows were held out there; ");
        cam_strbuf_puts(out, "set split_by=text, and from then on a row stays in its part when others change\n");
    }
    cam_run_split_release(&earlier);
}

void cam_earlier_run_compare(const cam_config *config, const cam_corpus *corpus, cam_strbuf *out) {
    cam_config earlier;
    char *stem = cam_folder_stem(config->output_dir);
    const char *folders[] = {config->output_dir, stem};
    int found = config->split_by != CAM_SPLIT_BY_SHUFFLE; /* nothing is to be looked for */
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && !found; i++) {
        found = read_run(folders[i], &earlier);
        if (found && is_same_draw(config, &earlier))
            compare(folders[i], corpus, out);
        cam_config_release(&earlier);
    }
    free(stem);
}
