/* detect_refusals.c: the files that `init` cannot write a configuration for, each with what to do; see
 * detect_internal.h. */
#include "detect_internal.h"
#include "text_fold.h"
#include <math.h>
#include <string.h>

/* Appends the cells of the first record. */
static void put_names(const cam_survey *s, cam_strbuf *out) {
    enum { SHOWN = 12, CHARACTERS = 40 };
    for (size_t i = 0; i < s->count && i < SHOWN; i++) {
        const cam_strbuf *name = &s->list[i].first;
        cam_strbuf_puts(out, i ? ", \"" : "\"");
        cam_text_put_shown(cam_strbuf_text(name), name->length, CHARACTERS, out);
        cam_strbuf_putc(out, '"');
    }
    cam_strbuf_puts(out, s->count > SHOWN ? ", ..." : "");
}

static const char *hint(const cam_detected *found) {
    return found->format == CAM_FORMAT_JSONL
               ? "; members that are objects or lists are not looked into: write text and label as plain members"
               : "";
}

cam_status cam_detect_check_size(const char *path, const cam_survey *s, const cam_detected *found) {
    cam_strbuf only = CAM_STRBUF_INIT;
    cam_status st = CAM_OK;
    put_names(s, &only);
    if (s->count == 0 && found->format == CAM_FORMAT_JSONL)
        CAM_FAIL(
            CAM_E_DATA,
            "%s: no object has a text or a number as a member; write each row as an object: {\"text\": …, \"label\": "
            "…} (pandas: to_json with orient=\"records\", lines=True)",
            path);
    if (s->count == 0)
        CAM_FAIL(CAM_E_DATA, "%s: no rows to look at; the file is empty", path);
    if (s->records == 0)
        CAM_FAIL(CAM_E_DATA, "%s: no rows to look at below the first, %s; a row needs a text and a label", path,
                 only.text);
    if (s->count < 2)
        CAM_FAIL(CAM_E_DATA,
                 "%s: one column only, %s; a text and a label are needed: add a column with the label of each row%s",
                 path, only.text, hint(found));
out:
    cam_strbuf_release(&only);
    return st;
}

/* Why a column that is named like a label cannot be one. */
static cam_status refuse_label(const char *path, const cam_column *c) {
    const char *name = cam_strbuf_text(&c->first);
    if (cam_column_is_measure(c))
        return cam_fail(
            CAM_E_DATA,
            "%s: column \"%s\" holds %zu different numbers; to predict a number is regression, and cam-train "
            "trains classifiers: replace the numbers by a few classes (low, middle, high)",
            path, name, c->cells.count);
    if (c->cells.count == 0)
        return cam_fail(CAM_E_DATA, "%s: column \"%s\" is empty; write the label of each row into it", path, name);
    if (c->cells.count == 1)
        return cam_fail(CAM_E_DATA, "%s: column \"%s\" has one value only, \"%s\"; a classifier needs two labels", path,
                        name, c->cells.names[0]);
    return cam_fail(
        CAM_E_DATA,
        "%s: column \"%s\" has %zu different values in %lld rows; the label must be a word or a few that many "
        "rows share",
        path, name, c->cells.count, (long long)c->filled);
}

/* Whole numbers under a name such as "id" are no measure. */
static cam_status refuse_without_label(const char *path, const cam_survey *s, const cam_detected *found, size_t text) {
    for (size_t i = 0; i < s->count; i++)
        if (i != text && cam_column_is_measure(&s->list[i]) &&
            (s->list[i].points.label >= 0 || s->list[i].fractions > 0))
            return refuse_label(path, &s->list[i]);
    return cam_fail(
        CAM_E_DATA,
        "%s: no column has cells that repeat, so none can be the label; add a column with the label of each "
        "row, a word that many rows share%s",
        path, hint(found));
}

/* The reader finds columns by name: a chosen one must have a name of its own. */
static cam_status check_name(const char *path, const cam_survey *s, size_t column) {
    const cam_strbuf *name = &s->list[column].first;
    if (name->length == 0)
        return cam_fail(CAM_E_DATA, "%s: column %zu has no name in the header row; write one into the file", path,
                        column + 1);
    for (size_t i = 0; i < s->count; i++)
        if (i != column &&
            cam_name_equal(name->text, name->length, cam_strbuf_text(&s->list[i].first), s->list[i].first.length))
            return cam_fail(CAM_E_DATA, "%s: columns %zu and %zu are both named \"%s\"; rename one in the file", path,
                            i < column ? i + 1 : column + 1, i < column ? column + 1 : i + 1, name->text);
    return CAM_OK;
}

cam_status cam_detect_check_choice(const char *path, const cam_survey *s, const cam_detected *found,
                                   const cam_column_choice *requested, const cam_column_choice *choice) {
    cam_status st = CAM_OK;
    if (choice->text == s->count)
        CAM_FAIL(CAM_E_DATA, "%s: no column holds texts, only numbers, dates or addresses%s", path, hint(found));
    if (choice->label == s->count && cam_column_label_score(s, choice->text) > -INFINITY)
        CAM_FAIL(CAM_E_DATA, "%s: no column holds texts beside \"%s\", only numbers, dates or addresses", path,
                 cam_strbuf_text(&s->list[choice->text].first));
    double best_name = choice->label < s->count ? s->list[choice->label].points.label : -INFINITY;
    for (size_t i = 0; i < s->count && requested->label == s->count; i++)
        if (i != choice->text && s->list[i].points.label >= 3 && best_name < 3 &&
            cam_column_label_score(s, i) == -INFINITY)
            CAM_TRY(refuse_label(path, &s->list[i]));
    if (requested->label < s->count && cam_column_label_score(s, requested->label) == -INFINITY)
        CAM_TRY(refuse_label(path, &s->list[requested->label]));
    if (choice->label == s->count)
        CAM_TRY(refuse_without_label(path, s, found, choice->text));
    if (found->has_header) {
        CAM_TRY(check_name(path, s, choice->text));
        CAM_TRY(check_name(path, s, choice->label));
    }
out:
    return st;
}

cam_status cam_detect_refuse_name(const char *path, const cam_survey *s, const char *name) {
    cam_strbuf names = CAM_STRBUF_INIT;
    put_names(s, &names);
    cam_fail(CAM_E_DATA, "%s: no column \"%s\"; the file has %s", path, name, cam_strbuf_text(&names));
    cam_strbuf_release(&names);
    return CAM_E_DATA;
}
