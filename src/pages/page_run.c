/* page_run.c: configuration, environment and files of the folder; see page_internal.h. */
#include "event_file.h"
#include "files.h"
#include "page_internal.h"
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

/* --- configuration ------------------------------------------------------------------------------------------------- */

static void put_environment(cam_page *page, const cam_page_files *files) {
    cam_strbuf text = CAM_STRBUF_INIT;
    const json_t *run = files->log.run, *end = files->log.end;
    double wall_s = cam_member_number(end, "wall_s"), rows = cam_member_number(run, "rows");
    double tokens = cam_member_number(run, "tokens");
    cam_html_element(&page->html, "h3", NULL, cam_page_word(page, CAM_WORD_ENVIRONMENT));
    cam_page_facts_open(page);
    cam_page_fact(page, CAM_WORD_BASE_MODEL, cam_member_text(run, "model"));
    cam_page_fact(page, CAM_WORD_DEVICE, cam_member_text(run, "device"));
    cam_page_fact(page, CAM_WORD_VERSION, cam_member_text(run, "version"));
    cam_page_fact(page, CAM_WORD_RUN_ID, cam_member_text(run, "run_id"));
    cam_page_fact_count(page, CAM_WORD_PARAMETERS, run, "parameters");
    cam_page_fact_count(page, CAM_WORD_TRAINED_PARAMETERS, run, "trained_parameters");
    cam_page_fact_count(page, CAM_WORD_TRAINING_ROWS, run, "rows");
    cam_page_fact_count(page, CAM_WORD_VALIDATION_ROWS, run, "validation_rows");
    cam_page_fact_count(page, CAM_WORD_LABELS, run, "labels");
    cam_page_fact_count(page, CAM_WORD_TOKENS, run, "tokens");
    if (rows > 0 && isfinite(tokens)) {
        cam_figure_number(&text, page->language, tokens / rows, 1);
        cam_page_fact(page, CAM_WORD_MEAN_TOKENS, cam_strbuf_text(&text));
        cam_strbuf_clear(&text);
    }
    cam_page_fact_count(page, CAM_WORD_STEPS_PLANNED, run, "steps");
    if (files->log.steps.count > 0) {
        cam_figure_count(&text, page->language, (int64_t)files->log.steps.count);
        cam_page_fact(page, CAM_WORD_STEPS_MADE, cam_strbuf_text(&text));
        cam_strbuf_clear(&text);
    }
    if (isfinite(wall_s)) {
        cam_figure_duration(&text, page->language, wall_s);
        cam_page_fact(page, CAM_WORD_TIME, cam_strbuf_text(&text));
    }
    cam_page_fact(page, CAM_WORD_ENDED_BY, cam_member_text(end, "reason"));
    cam_page_close(page);
    cam_strbuf_release(&text);
}

int cam_page_configuration(cam_page *page, const cam_page_files *files, cam_status *st) {
    (void)st;
    if (!files->log.run && files->configuration.length == 0)
        return 0;
    if (!page)
        return 1;
    if (files->log.run)
        put_environment(page, files);
    if (files->configuration.length > 0) {
        cam_html_open(&page->html, "details");
        cam_html_element(&page->html, "summary", NULL, cam_page_word(page, CAM_WORD_CONFIGURATION_ALL));
        cam_html_open(&page->html, "pre");
        cam_html_attribute(&page->html, "tabindex", "0");
        cam_html_attribute(&page->html, "dir", "ltr");
        cam_html_text(&page->html, cam_strbuf_text(&files->configuration));
        cam_html_close(&page->html);
        cam_page_close(page);
    }
    return 1;
}

/* --- files --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    cam_phrase meaning;
} known[] = {{"model.safetensors", CAM_WORD_FILE_MODEL},  {"README.md", CAM_WORD_FILE_CARD},
             {"metrics.json", CAM_WORD_FILE_METRICS},     {"measure.json", CAM_WORD_FILE_METRICS},
             {"compare.json", CAM_WORD_FILE_METRICS},     {"curve.json", CAM_WORD_FILE_METRICS},
             {"clean.json", CAM_WORD_FILE_METRICS},       {"best.yaml", CAM_WORD_FILE_BEST},
             {"confusion.csv", CAM_WORD_FILE_CONFUSION},  {"mistakes.csv", CAM_WORD_FILE_MISTAKES},
             {"suspects.csv", CAM_WORD_FILE_SUSPECTS},    {"oof.jsonl", CAM_WORD_FILE_OOF},
             {"split.tsv", CAM_WORD_FILE_SPLIT},          {"log.jsonl", CAM_WORD_FILE_LOG},
             {CAM_EVENT_FILE, CAM_WORD_FILE_EVENTS},      {"run.yaml", CAM_WORD_FILE_CONFIGURATION},
             {"run.json", CAM_WORD_FILE_RECORD},          {"config.json", CAM_WORD_FILE_SHAPE},
             {"tokenizer.json", CAM_WORD_FILE_TOKENIZER}, {"sentencepiece.bpe.model", CAM_WORD_FILE_TOKENIZER}};
enum { KNOWN = sizeof known / sizeof known[0] };

/* The size of a regular file; -1 where there is none. */
static double size_of(const char *folder, const char *name) {
    struct stat about;
    char *path = cam_path_join(folder, name);
    double size = path && stat(path, &about) == 0 && S_ISREG(about.st_mode) ? (double)about.st_size : -1;
    free(path);
    return size;
}

int cam_page_file_list(cam_page *page, const cam_page_files *files, cam_status *st) {
    static const cam_phrase heads[] = {CAM_WORD_FILE, CAM_WORD_MEANING, CAM_WORD_SIZE, CAM_WORD_COUNT};
    (void)st;
    if (!page)
        return 1;
    cam_page_table_open(page, CAM_WORD_FILES_CAPTION, heads, 2);
    for (size_t i = 0; i < KNOWN; i++) {
        cam_strbuf text = CAM_STRBUF_INIT;
        double size = size_of(files->folder, known[i].name);
        if (size < 0)
            continue;
        cam_page_row_open(page, 0);
        cam_html_open(&page->html, "th");
        cam_html_attribute(&page->html, "scope", "row");
        cam_html_open(&page->html, "a");
        cam_html_attribute(&page->html, "href", known[i].name);
        cam_html_text(&page->html, known[i].name);
        cam_html_close(&page->html);
        cam_html_close(&page->html);
        cam_html_element(&page->html, "td", NULL, cam_page_word(page, known[i].meaning));
        cam_figure_bytes(&text, page->language, size);
        cam_page_cell_figure(page, cam_strbuf_text(&text));
        cam_page_close(page);
        cam_strbuf_release(&text);
    }
    cam_page_table_close(page);
    return 1;
}
