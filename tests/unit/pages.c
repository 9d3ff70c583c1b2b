/* pages.c: report.html: what is escaped, figures in two languages, pages of every kind of file, files that are damaged or
 * lack members, size and time. That a page is well-formed is tested in tests/cli/report.bats. */
#include "pages.h"
#include "chart_internal.h"
#include "files.h"
#include "html_internal.h"
#include "words_internal.h"
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

static const char *const samples[] = {"measure", "compare", "curve", "clean"};
enum { SAMPLES = sizeof samples / sizeof samples[0] };
static const char *const all_files[] = {"measure.json", "compare.json", "curve.json", "clean.json",   "metrics.json",
                                        "log.jsonl",    "run.yaml",     "run.json",   "mistakes.csv", "report.html"};

/* --- a folder ------------------------------------------------------------------------------------------------------ */

static char folder[300];

static int make_folder(void **state) {
    const char *base = getenv("TMPDIR");
    (void)state;
    snprintf(folder, sizeof folder, "%s/cam-pages-XXXXXX", base && base[0] ? base : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static void empty_folder(void) {
    for (size_t i = 0; i < sizeof all_files / sizeof all_files[0]; i++) {
        char *path = cam_path_join(folder, all_files[i]);
        unlink(path);
        free(path);
    }
}

static int remove_folder(void **state) {
    (void)state;
    empty_folder();
    return rmdir(folder);
}

static void put_file(const char *name, const char *text) {
    char *path = cam_path_join(folder, name);
    assert_int_equal(cam_file_write(path, text, strlen(text)), CAM_OK);
    free(path);
}

static void read_page(cam_strbuf *page) {
    char *path = cam_path_join(folder, CAM_PAGE_FILE);
    cam_strbuf_clear(page);
    assert_int_equal(cam_file_read(path, 1 << 24, CAM_E_DATA, page), CAM_OK);
    free(path);
}

static json_t *read_sample(const char *name) {
    char path[100];
    snprintf(path, sizeof path, "tests/unit/data/pages/%s.json", name);
    json_t *root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    return root;
}

static void put_json(const char *name, const json_t *root) {
    char file[40];
    char *text = json_dumps(root, 0);
    snprintf(file, sizeof file, "%s.json", name);
    put_file(file, text);
    free(text);
}

/* --- writer and figures -------------------------------------------------------------------------------------------- */

static void test_escaping(void **state) {
    cam_strbuf out = CAM_STRBUF_INIT;
    cam_html html;
    (void)state;
    cam_html_begin(&html, &out);
    cam_html_open(&html, "p");
    cam_html_attribute(&html, "title", "a\"b'c<d>&\x01\n");
    cam_html_coordinate(&html, "x", -1.5);
    cam_html_text(&html, "</p><script>alert(1)</script>");
    cam_html_text(&html, "\x1b\x7f\xe2\x80\xae \xff \xef\xbf\xbe \xe2\x80\x8f");
    cam_html_isolated(&html, "a_b/c_");
    cam_html_open(&html, "meta");
    cam_html_close(&html);
    cam_html_close(&html);
    cam_html_end(&html);
    assert_string_equal(out.text, "<!DOCTYPE html>\n"
                                  "<p title=\"a&quot;b&#39;c&lt;d&gt;&amp;\\x01\n\" x=\"-1.5\">"
                                  "&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
                                  "\\x1b\\x7f\\u202e \xef\xbf\xbd \xef\xbf\xbd \xe2\x80\x8f"
                                  "<bdi>a_<wbr/>b/<wbr/>c_</bdi><meta/></p>\n");
    cam_strbuf_release(&out);
}

#define NARROW "\xe2\x80\xaf"

static void expect_figure(const cam_strbuf *out, const char *expected) {
    assert_string_equal(cam_strbuf_text(out), expected);
    cam_strbuf_clear((cam_strbuf *)out);
}

static void test_figures(void **state) {
    cam_strbuf out = CAM_STRBUF_INIT;
    (void)state;
    cam_figure_count(&out, CAM_LANGUAGE_EN, 1234567);
    expect_figure(&out, "1,234,567");
    cam_figure_count(&out, CAM_LANGUAGE_FR, -1234);
    expect_figure(&out, "\xe2\x88\x92"
                        "1" NARROW "234");
    cam_figure_number(&out, CAM_LANGUAGE_FR, 0.93125, 3);
    expect_figure(&out, "0,931");
    cam_figure_number(&out, CAM_LANGUAGE_EN, -0.00001, 2);
    expect_figure(&out, "0.00");
    cam_figure_number(&out, CAM_LANGUAGE_EN, 1.0 / 0.0, 2);
    expect_figure(&out, "\xe2\x80\x93");
    cam_figure_short(&out, CAM_LANGUAGE_FR, 2.5e-5, 3);
    expect_figure(&out, "2,5e-5");
    cam_figure_short(&out, CAM_LANGUAGE_EN, 1e-3, 3);
    expect_figure(&out, "1e-3");
    cam_figure_short(&out, CAM_LANGUAGE_EN, 24000, 3);
    expect_figure(&out, "24,000");
    cam_figure_percent(&out, CAM_LANGUAGE_FR, 0.9312, 1);
    expect_figure(&out, "93,1" NARROW "%");
    cam_figure_duration(&out, CAM_LANGUAGE_EN, 7500);
    expect_figure(&out, "2" NARROW "h 5" NARROW "min");
    cam_figure_bytes(&out, CAM_LANGUAGE_FR, 1400000);
    expect_figure(&out, "1,4" NARROW "Mo");
    cam_strbuf_release(&out);
}

static void test_language(void **state) {
    (void)state;
    setenv("LANG", "fr_FR.UTF-8", 1);
    unsetenv("LC_MESSAGES");
    unsetenv("LC_ALL");
    assert_int_equal(cam_language_resolve(CAM_LANGUAGE_AUTO), CAM_LANGUAGE_FR);
    setenv("LC_MESSAGES", "de_DE", 1);
    assert_int_equal(cam_language_resolve(CAM_LANGUAGE_AUTO), CAM_LANGUAGE_EN);
    setenv("LC_ALL", "", 1); /* an empty one is none */
    assert_int_equal(cam_language_resolve(CAM_LANGUAGE_AUTO), CAM_LANGUAGE_EN);
    setenv("LC_ALL", "fr", 1);
    assert_int_equal(cam_language_resolve(CAM_LANGUAGE_AUTO), CAM_LANGUAGE_FR);
    assert_int_equal(cam_language_resolve(CAM_LANGUAGE_EN), CAM_LANGUAGE_EN);
    unsetenv("LC_ALL");
    unsetenv("LC_MESSAGES");
}

/* Each text has the same places for values in both languages, and a French one is there. */
static void test_words(void **state) {
    (void)state;
    for (int word = 0; word < CAM_WORD_COUNT; word++) {
        const char *english = cam_word_text(CAM_LANGUAGE_EN, (cam_word)word);
        const char *french = cam_word_text(CAM_LANGUAGE_FR, (cam_word)word);
        assert_true(english[0] && french[0]);
        for (char place = '0'; place <= '7'; place++) {
            char text[] = {'{', place, '}', '\0'};
            assert_int_equal(strstr(english, text) != NULL, strstr(french, text) != NULL);
        }
    }
}

/* --- pages --------------------------------------------------------------------------------------------------------- */

/* Nothing that would load something, or that a text could have made. */
static void expect_harmless(const cam_strbuf *page) {
    static const char *const refused[] = {"<script",     "<img",    "<iframe", "<object", "<link",
                                          "<base",       "<form",   "src=",    "http:",   "https:",
                                          "javascript:", "@import", "url(",    "\x1b",    "\xe2\x80\xae"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (strstr(page->text, refused[i]))
            fail_msg("the page holds %s", refused[i]);
    assert_int_equal(strlen(page->text), page->length);
}

static void expect_all(const cam_strbuf *page, const char *const *texts) {
    for (; *texts; texts++)
        if (!strstr(page->text, *texts))
            fail_msg("the page does not hold: %s", *texts);
}

static void test_samples(void **state) {
    static const char *const french[SAMPLES][8] = {
        {"lang=\"fr\"", "id=\"measured\"", "91,7" NARROW "%", "0,893 à 0,939", "id=\"calibration\"", "Accès compte",
         "id=\"automation\"", NULL},
        {"lang=\"fr\"", "id=\"comparison\"", "freeze=first:6 (recommandé)", "écarté après 3 plis",
         "\xe2\x88\x92"
         "0,0690",
         NULL},
        {"lang=\"fr\"", "id=\"learning\"", "Avec 3" NARROW "200 lignes",
         "loi de puissance" NARROW ": de 75,0" NARROW "% au début à 93,1" NARROW "% à la fin", NULL},
        {"lang=\"fr\"", "id=\"data\"", "4,1" NARROW "%", "demandes.csv:12", "que faire ?", NULL}};
    cam_strbuf page = CAM_STRBUF_INIT, again = CAM_STRBUF_INIT;
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        json_t *root = read_sample(samples[i]);
        empty_folder();
        put_json(samples[i], root);
        json_decref(root);
        assert_int_equal(cam_pages_write(folder, CAM_LANGUAGE_FR), CAM_OK);
        read_page(&page);
        expect_all(&page, french[i]);
        expect_harmless(&page);
        assert_int_equal(cam_pages_write(folder, CAM_LANGUAGE_FR), CAM_OK);
        read_page(&again);
        assert_string_equal(page.text, again.text);
        assert_int_equal(cam_pages_write(folder, CAM_LANGUAGE_EN), CAM_OK);
        read_page(&again);
        assert_non_null(strstr(again.text, "lang=\"en\""));
    }
    cam_strbuf_release(&page);
    cam_strbuf_release(&again);
}

/* Replaces every member of an object, and of the objects in it, by values of other types, one at a time. */
static void replace_members(const char *name, json_t *root, json_t *object) {
    json_t *value;
    void *next;
    for (void *at = json_object_iter(object); at; at = next) {
        value = json_incref(json_object_iter_value(at));
        json_t *others[] = {json_null(),  json_string("<b>x"), json_integer(-3),   json_real(1e300),
                            json_array(), json_object(),       json_pack("[[n]]"), json_pack("[{s:s},i]", "a", "b", 1)};
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
            json_object_iter_set(object, at, others[i]);
            put_json(name, root);
            json_decref(others[i]);
            assert_int_equal(cam_pages_write(folder, CAM_LANGUAGE_EN), CAM_OK);
        }
        json_object_iter_set(object, at, value);
        if (json_is_array(value) && json_is_object(json_array_get(value, 0)))
            replace_members(name, root, json_array_get(value, 0));
        else if (json_is_object(value))
            replace_members(name, root, value);
        json_decref(value);
        next = json_object_iter_next(object, at);
    }
}

static void test_members_that_are_missing_or_of_another_type(void **state) {
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        json_t *root = read_sample(samples[i]);
        empty_folder();
        replace_members(samples[i], root, root);
        json_decref(root);
    }
    empty_folder();
    put_file("measure.json", "{}");
    put_file("metrics.json", "{\"validation\":{\"confusion\":[[1,2],[3]],\"labels\":[{\"label\":\"a\"},7]}}");
    put_file("log.jsonl", "{\"event\":\"step\"}\nno JSON\n[]\n{\"event\":\"eval\",\"step\":null}\n{\"event\":\"st");
    assert_int_equal(cam_pages_write(folder, CAM_LANGUAGE_EN), CAM_OK);
}

static void expect_failure(cam_status expected, const char *message) {
    assert_int_equal(cam_pages_write(folder, CAM_LANGUAGE_EN), expected);
    if (!strstr(cam_status_message(), message))
        fail_msg("said: %s", cam_status_message());
}

static void test_damaged_files(void **state) {
    (void)state;
    empty_folder();
    expect_failure(CAM_E_USAGE, "has nothing to report");
    put_file("metrics.json", "{\"validation\":");
    expect_failure(CAM_E_DATA, "metrics.json:1: this is not a JSON object");
    put_file("metrics.json", "[]");
    expect_failure(CAM_E_DATA, "this is not a JSON object");
    put_file("metrics.json", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[");
    expect_failure(CAM_E_DATA, "nested deeper");
    put_file("metrics.json", "{}");
    put_file("report.html", "<!DOCTYPE html><title>of the user</title>");
    expect_failure(CAM_E_USAGE, "is not a page of cam-train; move it away");
}

/* --- a run --------------------------------------------------------------------------------------------------------- */

#define HOSTILE "\"><script>alert(1)</script><img src=x onerror=alert(2)> ' & ]]> \xe2\x80\xae\x1b[31m javascript:"

static json_t *hostile(void) {
    return json_string(HOSTILE);
}

static void test_hostile_texts(void **state) {
    cam_strbuf page = CAM_STRBUF_INIT;
    static const char *const shown[] = {"&lt;script&gt;alert(1)&lt;/", "\\u202e\\x1b[31m", NULL};
    (void)state;
    empty_folder();
    json_t *root = json_pack(
        "{s:{s:i,s:f,s:f,s:[{s:o,s:f,s:f,s:f,s:i},{s:s,s:f,s:f,s:f,s:i}],s:[[i,i],[i,i]],s:[o]},s:o,s:[o]}",
        "validation", "rows", 10, "accuracy", 0.5, "f1_macro", 0.5, "labels", "label", hostile(), "precision", 0.5,
        "recall", 0.5, "f1", 0.5, "support", 5, "label", "b", "precision", 0.5, "recall", 0.5, "f1", 0.5, "support", 5,
        "confusion", 2, 3, 4, 1, "warnings", hostile(), "verdict", hostile(), "warnings", hostile());
    assert_non_null(root);
    put_json("metrics", root);
    json_decref(root);
    root = json_pack("{s:s,s:o,s:o,s:o}", "event", "run", "model", hostile(), "device", hostile(), "run_id", hostile());
    char *line = json_dumps(root, JSON_COMPACT);
    cam_strbuf log = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&log, line, "\n", NULL);
    put_file("log.jsonl", log.text);
    free(line);
    json_decref(root);
    put_file("run.yaml", "model:\n  model_name_or_path: '" HOSTILE "'\n");
    put_file("mistakes.csv",
             "\xEF\xBB\xBFrow,line,text,label,predicted,score,part\n"
             "1,1,\"<script>alert(1)</script>,\n<img src=x>\xe2\x80\xae\",<b>,\"\"\"<i>\",0.9,validation\n");
    assert_int_equal(cam_pages_write(folder, CAM_LANGUAGE_EN), CAM_OK);
    read_page(&page);
    /* as text a page may hold it: only the escaped form is there */
    for (char *at; (at = strstr(page.text, "javascript:"));)
        memset(at, '.', 11);
    for (char *at; (at = strstr(page.text, "src="));) {
        assert_true(at > page.text + 8 && memcmp(at - 8, "&lt;img ", 8) == 0);
        memset(at, '.', 4);
    }
    expect_harmless(&page);
    expect_all(&page, shown);
    cam_strbuf_release(&log);
    cam_strbuf_release(&page);
}

/* 20,000 rows: three epochs of batches of 32, 60 labels, a mistake in ten rows. */
static void put_large_run(void) {
    enum { LABELS = 60, STEPS = 1875, MISTAKES = 2000 };
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text,
                    "{\"validation\":{\"rows\":20000,\"loss\":0.5,\"accuracy\":0.9,\"f1_macro\":0.89,\"labels\":[");
    for (int k = 0; k < LABELS; k++)
        cam_strbuf_printf(&text,
                          "%s{\"label\":\"étiquette_%d\",\"precision\":0.9,\"recall\":0.8,\"f1\":0.%d,\"support\":333}",
                          k ? "," : "", k, 100 + k);
    cam_strbuf_puts(&text, "],\"confusion\":[");
    for (int k = 0; k < LABELS * LABELS; k++)
        cam_strbuf_printf(&text, "%s%d%s",
                          k % LABELS ? ","
                          : k        ? ",["
                                     : "[",
                          1 + k * 7919 % 40, k % LABELS == LABELS - 1 ? "]" : "");
    cam_strbuf_puts(&text, "]}}");
    put_file("metrics.json", text.text);
    cam_strbuf_clear(&text);
    for (int step = 1; step <= STEPS; step++)
        cam_strbuf_printf(
            &text,
            "{\"event\":\"step\",\"step\":%d,\"epoch\":%.17g,\"loss\":%.17g,\"lr\":%.17g,\"grad_norm\":%.17g,"
            "\"tokens\":700,\"step_s\":0.1}\n",
            step, step / 625.0, 3.0 / step, 2e-5 * step, 1 + 1.0 / (step % 7 + 1));
    put_file("log.jsonl", text.text);
    cam_strbuf_clear(&text);
    cam_strbuf_puts(&text, "\xEF\xBB\xBFrow;line;text;label;predicted;score;part\n");
    for (int i = 0; i < MISTAKES; i++)
        cam_strbuf_printf(&text, "%d;%d;\"un texte, assez long, de la ligne %d\";a;b;0,9000;validation\n", i, i, i);
    put_file("mistakes.csv", text.text);
    cam_strbuf_release(&text);
}

/* More labels than a matrix shows: those with the most wrong rows are left. */
static void test_many_labels(void **state) {
    enum { LABELS = 90, ODD = 85 };
    cam_strbuf text = CAM_STRBUF_INIT, page = CAM_STRBUF_INIT;
    static const char *const shown[] = {"The matrix shows the labels with the most wrong rows",
                                        "<bdi>label85</bdi></th>", "<td class=\"w5\">999</td>", NULL};
    (void)state;
    empty_folder();
    cam_strbuf_puts(&text, "{\"test\":{\"rows\":5,\"labels\":[");
    for (int k = 0; k < LABELS; k++)
        cam_strbuf_printf(&text, "%s{\"label\":\"label%d\",\"f1\":0.5,\"support\":3}", k ? "," : "", k);
    cam_strbuf_puts(&text, "],\"confusion\":[");
    for (int k = 0; k < LABELS * LABELS; k++)
        cam_strbuf_printf(&text, "%s%d%s",
                          k % LABELS ? ","
                          : k        ? ",["
                                     : "[",
                          k == ODD * LABELS + 3 ? 999 : 0, k % LABELS == LABELS - 1 ? "]" : "");
    cam_strbuf_puts(&text, "]}}");
    put_file("metrics.json", text.text);
    assert_int_equal(cam_pages_write(folder, CAM_LANGUAGE_EN), CAM_OK);
    read_page(&page);
    expect_all(&page, shown);
    size_t columns = 0;
    for (const char *at = page.text; (at = strstr(at, "<th scope=\"col\"><bdi>")); at++)
        columns++;
    assert_int_equal(columns, 80);
    cam_strbuf_release(&text);
    cam_strbuf_release(&page);
}

static void test_size_and_time(void **state) {
    enum { MOST_BYTES = 2000000 };
    cam_strbuf page = CAM_STRBUF_INIT;
    (void)state;
    empty_folder();
    put_large_run();
    clock_t begin = clock();
    assert_int_equal(cam_pages_write(folder, CAM_LANGUAGE_FR), CAM_OK);
    double used_s = (double)(clock() - begin) / CLOCKS_PER_SEC;
    read_page(&page);
    print_message("%zu bytes in %.3f s of processor time\n", page.length, used_s);
    assert_true(page.length < MOST_BYTES);
    assert_true(IS_SANITIZED || used_s < 0.2);
    assert_non_null(strstr(page.text, "étiquette_<wbr/>59"));
    assert_non_null(strstr(page.text, "90,0" NARROW "%"));
    assert_non_null(
        strstr(page.text, "<td class=\"text\"><bdi>un texte, assez long, de la ligne 29</bdi></td><td><bdi>a</bdi>"));
    assert_null(strstr(page.text, "de la ligne 30"));
    cam_strbuf_release(&page);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escaping),      cmocka_unit_test(test_figures),
        cmocka_unit_test(test_language),      cmocka_unit_test(test_words),
        cmocka_unit_test(test_samples),       cmocka_unit_test(test_members_that_are_missing_or_of_another_type),
        cmocka_unit_test(test_damaged_files), cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_many_labels),   cmocka_unit_test(test_size_and_time)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
