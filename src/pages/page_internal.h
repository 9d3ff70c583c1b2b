/* page_internal.h: the parts of a page: sections, paragraphs, tables, facts. */
#ifndef CAM_PAGE_INTERNAL_H
#define CAM_PAGE_INTERNAL_H

#include "chart_internal.h"
#include "log_table_internal.h"
#include "member_internal.h"

/* What lies in the folder; absent files are NULL or empty. */
typedef struct cam_page_files {
    const char *folder;
    json_t *metrics, *record; /* metrics.json, run.json */
    json_t *measure, *compare, *curve, *clean;
    cam_log_table log;
    cam_strbuf configuration; /* run.yaml */
} cam_page_files;

/* Writes a section where the folder has something for it. Returns 1 where it has; with `page` NULL nothing is written.
 * CAM_E_DATA, CAM_E_STORAGE and CAM_E_MEMORY are noted in *st. */
typedef int cam_page_writer(cam_page *page, const cam_page_files *files, cam_status *st);

/* X(function, id, title): the sections of a page, in their order. */
#define CAM_PAGE_SECTIONS(X)                                                                                           \
    X(cam_page_comparison, "comparison", SECTION_COMPARISON) /* page_evidence.c */                                     \
    X(cam_page_measured, "measured", SECTION_MEASURED)                                                                 \
    X(cam_page_learning, "learning", SECTION_LEARNING)                                                                 \
    X(cam_page_data, "data", SECTION_DATA)       /* page_data.c */                                                     \
    X(cam_page_result, "result", SECTION_RESULT) /* page_result.c */                                                   \
    X(cam_page_course, "course", SECTION_COURSE)                                                                       \
    X(cam_page_labels, "labels", SECTION_LABELS)                /* page_labels.c */                                    \
    X(cam_page_confusions, "confusions", SECTION_CONFUSIONS)    /* page_confusions.c */                                \
    X(cam_page_mistakes, "mistakes", SECTION_MISTAKES)          /* page_labels.c */                                    \
    X(cam_page_calibration, "calibration", SECTION_CALIBRATION) /* page_trust.c */                                     \
    X(cam_page_automation, "automation", SECTION_AUTOMATION)                                                           \
    X(cam_page_configuration, "configuration", SECTION_CONFIGURATION) /* page_run.c */                                 \
    X(cam_page_file_list, "files", SECTION_FILES)
#define CAM_PAGE_WRITER(function, id, title) cam_page_writer function;
CAM_PAGE_SECTIONS(CAM_PAGE_WRITER)
#undef CAM_PAGE_WRITER

/* --- parts --------------------------------------------------------------------------------------------------------- */

static inline const char *cam_page_word(const cam_page *page, cam_phrase word) {
    return cam_word_text(page->language, word);
}
/* <p class>: a text with its values; the last argument is NULL. */
CAM_NULL_ENDS void cam_page_say(cam_page *page, const char *class, cam_phrase word, ...);
/* A division for figures beside one another. */
void cam_page_charts_open(cam_page *page);
void cam_page_close(cam_page *page); /* the innermost element, and the line */

/* Tiles: a short list of figures. */
void cam_page_tiles_open(cam_page *page);
/* `detail` is a small line below, or NULL. */
void cam_page_tile(cam_page *page, cam_phrase name, const char *value, const char *detail);

/* A table that scrolls where it is too wide. `heads` ends in CAM_WORD_COUNT; those of columns of numbers follow `numbers`
 * ones of text. */
void cam_page_table_open(cam_page *page, cam_phrase caption, const cam_phrase *heads, int texts);
void cam_page_table_close(cam_page *page);
void cam_page_row_open(cam_page *page, int is_chosen);
void cam_page_cell(cam_page *page, const char *text);      /* a text of others */
void cam_page_cell_long(cam_page *page, const char *text); /* the same, with its lines; cut where it is very long */
void cam_page_cell_head(cam_page *page, const char *text); /* the head of a row, a text of others */
void cam_page_cell_count(cam_page *page, int64_t count);
void cam_page_cell_number(cam_page *page, double value, int digits);
void cam_page_cell_interval(cam_page *page, double low, double high, int digits);
void cam_page_cell_figure(cam_page *page, const char *text); /* a figure that is written already */

/* Facts: names and values. A value that is empty is left out. */
void cam_page_facts_open(cam_page *page);
void cam_page_fact(cam_page *page, cam_phrase name, const char *value);
void cam_page_fact_count(cam_page *page, cam_phrase name, const json_t *object, const char *key);

/* A message of the program, which is English, as a paragraph; nothing for "". */
void cam_page_message(cam_page *page, const char *message, int is_warning);
/* Warnings, a paragraph each. */
void cam_page_warnings(cam_page *page, const json_t *list);
/* Appends "0.91 to 0.95". */
void cam_page_put_interval(cam_strbuf *out, cam_language language, double low, double high, int digits);

/* The labels' scores: metrics.json has them as "labels", measure.json as "classes". */
const json_t *cam_page_classes(const json_t *scores);
/* The scores of a part: metrics.json's "validation", else "test"; of a folder of `measure` its measure.json. */
const json_t *cam_page_scores(const cam_page_files *files);

#endif
