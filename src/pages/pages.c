/* pages.c: see pages.h. */
#include "pages.h"
#include "files.h"
#include "page_internal.h"
#include "style_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the folder ---------------------------------------------------------------------------------------------------- */

static void files_release(cam_page_files *files) {
    json_decref(files->metrics);
    json_decref(files->measure);
    json_decref(files->compare);
    json_decref(files->curve);
    json_decref(files->clean);
    cam_log_table_release(&files->log);
    cam_strbuf_release(&files->configuration);
}

static cam_status read_configuration(cam_page_files *files) {
    enum { FILE_BYTES = 1 << 20 };
    cam_status st = CAM_OK;
    char *path = cam_path_join(files->folder, "run.yaml");
    CAM_TRY(cam_memory_check(CAM_OK));
    if (cam_file_exists(path))
        CAM_TRY(cam_file_read(path, FILE_BYTES, CAM_E_DATA, &files->configuration));
out:
    free(path);
    return st;
}

static cam_status files_read(const char *folder, cam_page_files *files) {
    cam_status st = CAM_OK;
    char *full = cam_path_absolute(folder);
    *files = (cam_page_files){.folder = folder};
    CAM_TRY(cam_member_file_read(folder, "metrics.json", &files->metrics));
    CAM_TRY(cam_member_file_read(folder, "measure.json", &files->measure));
    CAM_TRY(cam_member_file_read(folder, "compare.json", &files->compare));
    CAM_TRY(cam_member_file_read(folder, "curve.json", &files->curve));
    CAM_TRY(cam_member_file_read(folder, "clean.json", &files->clean));
    CAM_TRY(cam_log_table_read(folder, &files->log));
    CAM_TRY(read_configuration(files));
    if (!files->metrics && !files->measure && !files->compare && !files->curve && !files->clean && !files->log.run)
        CAM_FAIL(
            CAM_E_USAGE,
            "\"%s\" has nothing to report: it has no metrics.json, log.jsonl, measure.json, compare.json, curve.json "
            "or clean.json",
            full);
out:
    free(full);
    return st;
}

#define GENERATOR "cam-train "

int cam_page_is_ours(const char *path) {
    enum { HEAD_BYTES = 256 };
    static const char mark[] = "<meta name=\"generator\" content=\"" GENERATOR;
    char head[HEAD_BYTES + 1] = "";
    FILE *file = path ? fopen(path, "rbe") : NULL;
    if (!file)
        return 1;
    head[fread(head, 1, HEAD_BYTES, file)] = '\0';
    fclose(file);
    return strstr(head, mark) != NULL;
}

/* --- the page ------------------------------------------------------------------------------------------------------ */

static const struct {
    cam_page_writer *write;
    const char *id;
    cam_word title;
} sections[] = {
#define SECTION(function, id, title) {function, id, CAM_WORD_##title},
    CAM_PAGE_SECTIONS(SECTION)
#undef SECTION
};
enum { SECTIONS = sizeof sections / sizeof sections[0] };

/* What the page is about, by the file that says most. */
static cam_word subject_of(const cam_page_files *files) {
    if (files->metrics)
        return CAM_WORD_TITLE_TRAIN;
    if (files->compare)
        return CAM_WORD_TITLE_COMPARE;
    if (files->measure)
        return CAM_WORD_TITLE_MEASURE;
    if (files->curve)
        return CAM_WORD_TITLE_CURVE;
    if (files->clean)
        return CAM_WORD_TITLE_CLEAN;
    return CAM_WORD_TITLE_TRAIN;
}

static void put_meta(cam_html *html, const char *name, const char *content) {
    cam_html_open(html, "meta");
    cam_html_attribute(html, "name", name);
    cam_html_attribute(html, "content", content);
    cam_html_close(html);
}

static void put_head(cam_page *page, const char *title) {
    cam_html *html = &page->html;
    cam_html_open(html, "head");
    cam_html_open(html, "meta");
    cam_html_attribute(html, "charset", "utf-8");
    cam_html_close(html);
    put_meta(html, "generator", GENERATOR CAM_VERSION);
    cam_html_element(html, "title", NULL, title);
    put_meta(html, "viewport", "width=device-width, initial-scale=1");
    put_meta(html, "color-scheme", "light dark");
    cam_html_style(html, cam_page_style);
    cam_page_close(page);
}

static void put_contents(cam_page *page, const int *has) {
    cam_html *html = &page->html;
    cam_html_open(html, "nav");
    cam_html_attribute(html, "aria-label", cam_page_word(page, CAM_WORD_CONTENTS));
    cam_html_open(html, "ul");
    for (int i = 0; i < SECTIONS; i++) {
        cam_strbuf target = CAM_STRBUF_INIT;
        if (!has[i])
            continue;
        cam_strbuf_put_all(&target, "#", sections[i].id, NULL);
        cam_html_open(html, "li");
        cam_html_open(html, "a");
        cam_html_attribute(html, "href", cam_strbuf_text(&target));
        cam_html_text(html, cam_page_word(page, sections[i].title));
        cam_html_close(html);
        cam_html_close(html);
        cam_strbuf_release(&target);
    }
    cam_html_close(html);
    cam_page_close(page);
}

static cam_status put_sections(cam_page *page, const cam_page_files *files, const int *has) {
    cam_status st = CAM_OK;
    for (int i = 0; i < SECTIONS && st == CAM_OK; i++) {
        cam_strbuf title = CAM_STRBUF_INIT;
        if (!has[i])
            continue;
        cam_strbuf_put_all(&title, sections[i].id, "-title", NULL);
        cam_html_open(&page->html, "section");
        cam_html_attribute(&page->html, "id", sections[i].id);
        cam_html_attribute(&page->html, "aria-labelledby", cam_strbuf_text(&title));
        cam_html_open(&page->html, "h2");
        cam_html_attribute(&page->html, "id", cam_strbuf_text(&title));
        cam_html_text(&page->html, cam_page_word(page, sections[i].title));
        cam_page_close(page);
        sections[i].write(page, files, &st);
        cam_page_close(page);
        cam_strbuf_release(&title);
    }
    return st;
}

static cam_status put_page(cam_page *page, const cam_page_files *files, const char *name, cam_strbuf *out) {
    cam_status st = CAM_OK;
    cam_strbuf title = CAM_STRBUF_INIT;
    int has[SECTIONS];
    const char *values[] = {name, NULL};
    for (int i = 0; i < SECTIONS; i++) {
        has[i] = sections[i].write(NULL, files, &st);
        CAM_TRY(st);
    }
    cam_word_put(&title, page->language, subject_of(files), values);
    cam_html_begin(&page->html, out);
    cam_html_open(&page->html, "html");
    cam_html_attribute(&page->html, "lang", cam_language_code(page->language));
    put_head(page, cam_strbuf_text(&title));
    cam_html_open(&page->html, "body");
    cam_html_open(&page->html, "header");
    cam_html_open(&page->html, "h1");
    cam_html_isolated(&page->html, cam_strbuf_text(&title));
    cam_html_close(&page->html);
    cam_page_close(page);
    put_contents(page, has);
    cam_html_open(&page->html, "main");
    CAM_TRY(put_sections(page, files, has));
    cam_page_close(page);
    cam_html_open(&page->html, "footer");
    cam_page_say(page, NULL, CAM_WORD_FOOTER, CAM_VERSION, NULL);
    cam_page_close(page);
    cam_html_close(&page->html);
    cam_html_close(&page->html);
    cam_html_end(&page->html);
out:
    cam_strbuf_release(&title);
    return st;
}

cam_status cam_pages_write(const char *folder, enum cam_choice_language language) {
    cam_status st = CAM_OK;
    cam_page page = {.language = cam_language_resolve(language)};
    cam_page_files files = {0};
    cam_strbuf out = CAM_STRBUF_INIT;
    char *full = cam_path_absolute(folder), *path = cam_path_join(folder, CAM_PAGE_FILE);
    CAM_TRY(cam_memory_check(CAM_OK));
    if (!cam_page_is_ours(path))
        CAM_FAIL(CAM_E_USAGE, "\"%s/%s\" is not a page of cam-train; move it away", full, CAM_PAGE_FILE);
    CAM_TRY(files_read(folder, &files));
    const char *slash = strrchr(full, '/');
    CAM_TRY(put_page(&page, &files, slash && slash[1] ? slash + 1 : full, &out));
    CAM_TRY(cam_file_write(path, cam_strbuf_text(&out), out.length));
out:
    files_release(&files);
    cam_strbuf_release(&out);
    free(full);
    free(path);
    return st;
}
