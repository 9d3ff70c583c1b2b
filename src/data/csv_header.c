/* csv_header.c: see csv_header_internal.h. */
#include "column_names.h"
#include "csv_header_internal.h"
#include "label_forms.h"
#include "strbuf.h"
#include "text_fold.h"
#include <string.h>

enum { NAMES_SHOWN = 12, CHARACTERS_SHOWN = 40 };

static void put_names(const cam_cells *header, cam_strbuf *out) {
    for (size_t i = 0; i < header->count; i++) {
        if (i == NAMES_SHOWN) {
            cam_strbuf_printf(out, " and %zu more", header->count - i);
            return;
        }
        const char *name = header->list[i].text;
        size_t length = header->list[i].length;
        cam_text_trim(&name, &length);
        cam_strbuf_puts(out, i ? ", \"" : "\"");
        cam_text_put_shown(name, length, CHARACTERS_SHOWN, out);
        cam_strbuf_putc(out, '"');
    }
}

/* Names of columns have few words. */
static int has_sentence(const cam_cells *header) {
    enum { SPACES_OF_A_SENTENCE = 3 };
    for (size_t i = 0; i < header->count; i++) {
        int spaces = 0;
        for (size_t k = 0; k < header->list[i].length; k++)
            spaces += header->list[i].text[k] == ' ';
        if (spaces >= SPACES_OF_A_SENTENCE)
            return 1;
    }
    return 0;
}

/* Where the first record can be a row: the columns of such a file, of which the text is the longer one of two. */
static void put_row_hint(const cam_read_options *options, const cam_cells *header, cam_strbuf *out) {
    if (cam_header_is_known(header) || header->count < 2)
        return;
    if (options->syntax == CAM_SYNTAX_OPTIONS) {
        cam_strbuf_puts(out, ", or --columns … where this is a row and no header");
        return;
    }
    if (!has_sentence(header))
        return;
    const char *text = cam_text_column(options), *label = cam_label_column(options);
    int text_first = header->list[0].length > header->list[1].length;
    cam_strbuf columns = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&columns, "[", text_first ? text : label, ", ", text_first ? label : text, "]", NULL);
    cam_strbuf_puts(out, ", or ");
    cam_remedy_put(out, options->syntax, "columns", header->count == 2 ? cam_strbuf_text(&columns) : NULL);
    cam_strbuf_puts(out, " where this is a row and no header");
    cam_strbuf_release(&columns);
}

/* A hint where the header is one cell that holds a delimiter: the file has another delimiter. */
static void put_delimiter_hint(const cam_read_options *options, const cam_cells *header, cam_strbuf *out) {
    static const struct {
        char delimiter;
        const char *word;
    } others[] = {{';', ";"}, {'\t', "tab"}, {'|', "|"}, {',', ","}};
    if (header->count != 1)
        return;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (memchr(header->list[0].text, others[i].delimiter, header->list[0].length)) {
            cam_strbuf_puts(out, " or ");
            if (options->format == CAM_FORMAT_TSV)
                cam_remedy_put(out, options->syntax, "format", "csv");
            else
                cam_remedy_put(out, options->syntax, "delimiter", others[i].word);
            return;
        }
}

/* Whether two names differ by case and accents at most. */
static int nearly_equal(const cam_cell *cell, const char *wanted) {
    cam_strbuf a = CAM_STRBUF_INIT, b = CAM_STRBUF_INIT;
    cam_label_form(cell->text, cell->length, CAM_LABEL_SPACES | CAM_LABEL_CASE | CAM_LABEL_ACCENTS, &a);
    cam_label_form(wanted, strlen(wanted), CAM_LABEL_SPACES | CAM_LABEL_CASE | CAM_LABEL_ACCENTS, &b);
    int equal = strcmp(cam_strbuf_text(&a), cam_strbuf_text(&b)) == 0;
    cam_strbuf_release(&a);
    cam_strbuf_release(&b);
    return equal;
}

/* The points of a name; a cell that holds a delimiter is no name, but several. */
static double name_points(const cam_cell *cell, int is_text) {
    static const char delimiters[] = ",;\t|";
    for (const char *c = delimiters; *c; c++)
        if (memchr(cell->text, *c, cell->length))
            return 0;
    cam_name_points points = cam_column_name_points(cell->text, cell->length);
    return is_text ? points.text : points.label;
}

/* The column that a user can mean by `wanted`: one that is nearly so named, or the only one whose name is as good for its
 * kind; CAM_NO_COLUMN where several or none are. `other` is the column of the other kind. */
static int plausible(const cam_cells *header, const char *wanted, int is_text, int other) {
    int best = CAM_NO_COLUMN, equals = 0;
    double most = 0;
    for (size_t i = 0; i < header->count; i++)
        if ((int)i != other && nearly_equal(&header->list[i], wanted))
            return (int)i;
    for (size_t i = 0; i < header->count; i++) {
        double points = (int)i == other ? 0 : name_points(&header->list[i], is_text);
        equals = points > most ? 1 : equals + (points > 0 && points == most);
        best = points > most ? (int)i : best;
        most = points > most ? points : most;
    }
    return equals == 1 ? best : CAM_NO_COLUMN;
}

int cam_header_is_known(const cam_cells *record) {
    for (size_t i = 0; i < record->count; i++)
        if (!cam_column_name_points(record->list[i].text, record->list[i].length).known)
            return 0;
    return 1;
}

/* Proposes the column that is plausible, or leaves it to the user. */
static void put_column_setting(const cam_read_options *options, const cam_cells *header, int is_text, int other,
                               cam_strbuf *out) {
    cam_strbuf name = CAM_STRBUF_INIT;
    int at = plausible(header, is_text ? cam_text_column(options) : cam_label_column(options), is_text, other);
    if (at != CAM_NO_COLUMN) {
        const char *text = header->list[at].text;
        size_t length = header->list[at].length;
        cam_text_trim(&text, &length);
        cam_strbuf_append(&name, text, length);
    }
    cam_strbuf_putc(out, ' ');
    cam_remedy_put(out, options->syntax, is_text ? "text_column" : "label_column", name.length ? name.text : NULL);
    cam_strbuf_release(&name);
}

/* The index of the column `name`, CAM_NO_COLUMN, or CAM_NO_COLUMN - 1 where two columns have this name. */
static int find(const cam_cells *header, const char *name) {
    int at = CAM_NO_COLUMN;
    for (size_t i = 0; i < header->count; i++)
        if (cam_name_equal(header->list[i].text, header->list[i].length, name, strlen(name))) {
            if (at != CAM_NO_COLUMN)
                return CAM_NO_COLUMN - 1;
            at = (int)i;
        }
    return at;
}

cam_status cam_header_match(const cam_read_options *options, const char *file, long line, const cam_cells *header,
                            cam_columns *columns) {
    const char *text = cam_text_column(options), *label = cam_label_column(options);
    *columns = (cam_columns){header->count, find(header, text), find(header, label)};
    if (columns->text < CAM_NO_COLUMN || columns->label < CAM_NO_COLUMN)
        return cam_fail(CAM_E_DATA, "%s:%ld: two columns are named \"%s\"; rename one", file, line,
                        columns->text < CAM_NO_COLUMN ? text : label);
    int no_text = columns->text == CAM_NO_COLUMN;
    int no_label = columns->label == CAM_NO_COLUMN && options->label_required;
    if (!no_text && !no_label)
        return CAM_OK;
    cam_strbuf names = CAM_STRBUF_INIT, settings = CAM_STRBUF_INIT, hint = CAM_STRBUF_INIT;
    put_names(header, &names);
    put_delimiter_hint(options, header, &hint);
    if (header->count == 1 && hint.length == 0 && options->label_required) {
        cam_fail(CAM_E_DATA, "%s:%ld: one column only, %s; a text and a label are needed", file, line,
                 cam_strbuf_text(&names));
        goto out;
    }
    if (no_text)
        put_column_setting(options, header, 1, columns->label, &settings);
    if (no_label)
        put_column_setting(options, header, 0, columns->text, &settings);
    cam_strbuf_puts(&settings, cam_strbuf_text(&hint));
    put_row_hint(options, header, &settings);
    cam_fail(CAM_E_DATA, "%s:%ld: no column \"%s\"; the file has %s; set%s", file, line, no_text ? text : label,
             cam_strbuf_text(&names), cam_strbuf_text(&settings));
out:
    cam_strbuf_release(&names);
    cam_strbuf_release(&settings);
    cam_strbuf_release(&hint);
    return CAM_E_DATA;
}

cam_status cam_header_given(const cam_read_options *options, const char *file, long line, const cam_cells *first,
                            cam_columns *columns) {
    const char *wanted[] = {cam_text_column(options), cam_label_column(options)};
    int at[] = {CAM_NO_COLUMN, CAM_NO_COLUMN};
    size_t repeated = 0;
    for (size_t i = 0; i < options->column_count; i++) {
        const char *name = options->columns[i];
        for (int k = 0; k < 2; k++)
            if (cam_name_equal(name, strlen(name), wanted[k], strlen(wanted[k]))) {
                if (at[k] != CAM_NO_COLUMN)
                    return cam_fail(CAM_E_USAGE, "\"columns\" names \"%s\" twice", wanted[k]);
                at[k] = (int)i;
            }
        repeated += i < first->count && cam_name_equal(first->list[i].text, first->list[i].length, name, strlen(name));
    }
    for (int k = 0; k < 2; k++)
        if (at[k] == CAM_NO_COLUMN && (k == 0 || options->label_required)) {
            cam_strbuf setting = CAM_STRBUF_INIT;
            cam_remedy_put(&setting, options->syntax, k == 0 ? "text_column" : "label_column", NULL);
            cam_fail(CAM_E_USAGE, "\"columns\" does not name \"%s\"; add it, or set %s", wanted[k], setting.text);
            cam_strbuf_release(&setting);
            return CAM_E_USAGE;
        }
    if (repeated == options->column_count && first->count == repeated)
        return cam_fail(CAM_E_DATA, "%s:%ld: the file has a header row; leave %s out", file, line,
                        options->syntax == CAM_SYNTAX_OPTIONS ? "--columns" : "\"columns\"");
    if (options->columns_are_hint && first->count != options->column_count)
        return cam_fail(CAM_E_DATA,
                        "%s:%ld: %zu cell%s, where the training file had %zu columns; name those of this file with "
                        "--columns …, or where this is a header, its text with --text-column …",
                        file, line, first->count, first->count == 1 ? "" : "s", options->column_count);
    *columns = (cam_columns){options->column_count, at[0], at[1]};
    return CAM_OK;
}
