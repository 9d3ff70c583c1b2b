/* table_shape.c: see table_shape_internal.h. */
#include "strbuf.h"
#include "table_shape_internal.h"
#include <string.h>

static const char fasttext_mark[] = "__label__";

static size_t line_length(const char *text, size_t length) {
    size_t end = 0;
    while (end < length && text[end] != '\n' && text[end] != '\r')
        end++;
    return end;
}

/* The offset of the next line that is not empty, or `length`. */
static size_t next_line(const char *text, size_t length, size_t at) {
    at += line_length(text + at, length - at);
    while (at < length && (text[at] == '\n' || text[at] == '\r'))
        at++;
    return at;
}

static int is_fasttext(const char *line, size_t length) {
    size_t mark = sizeof fasttext_mark - 1;
    return length > mark && memcmp(line, fasttext_mark, mark) == 0 && memchr(line, ' ', length) != NULL;
}

/* True where one pair of quotes encloses the line and a delimiter, and all other quotes are doubled. */
static int is_quoted_line(const char *line, size_t length) {
    if (length < 3 || line[0] != '"' || line[length - 1] != '"')
        return 0;
    int delimiter = 0;
    for (size_t i = 1; i < length - 1; i++) {
        if (line[i] == '"' && (i + 1 == length - 1 || line[++i] != '"'))
            return 0;
        delimiter |= line[i] == ',' || line[i] == ';' || line[i] == '\t';
    }
    return delimiter;
}

/* Whether the first two lines are of a form. */
static int first_lines_are(int (*is)(const char *line, size_t length), const char *text, size_t length) {
    size_t second = next_line(text, length, 0);
    return is(text, line_length(text, length)) && second < length &&
           is(text + second, line_length(text + second, length - second));
}

/* Fails with `what` and a command that reads the file and writes `made`, then with the settings to read that. `columns`
 * may be NULL; `init` and `eval` find them without. */
static cam_status refuse(const cam_read_options *options, const char *what, const char *command, const char *made,
                         const char *columns) {
    cam_strbuf path = CAM_STRBUF_INIT, settings = CAM_STRBUF_INIT;
    cam_shell_word_put(&path, options->path);
    cam_remedy_put(&settings, options->syntax, options->syntax == CAM_SYNTAX_KEYS ? "train_file" : "data", made);
    if (columns && options->syntax == CAM_SYNTAX_KEYS) {
        cam_strbuf_putc(&settings, ' ');
        cam_remedy_put(&settings, options->syntax, "columns", columns);
    }
    cam_fail(CAM_E_DATA, "%s: %s; run %s %s > %s, and set %s", options->path, what, command, path.text, made,
             settings.text);
    cam_strbuf_release(&path);
    cam_strbuf_release(&settings);
    return CAM_E_DATA;
}

static cam_status refuse_fasttext(const cam_read_options *options) {
    cam_strbuf columns = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&columns, "[", cam_label_column(options), ", ", cam_text_column(options), "]", NULL);
    refuse(options, "lines of fastText, a label before each text", "sed 's/^__label__\\([^ ]*\\) */\\1\\t/'",
           "fixed.tsv", columns.text);
    cam_strbuf_release(&columns);
    return CAM_E_DATA;
}

cam_status cam_table_shape_check(const cam_read_options *options, const char *text, size_t length) {
    if (!options->label_required)
        return CAM_OK;
    if (first_lines_are(is_fasttext, text, length))
        return refuse_fasttext(options);
    if (first_lines_are(is_quoted_line, text, length))
        return refuse(options, "each line stands in quotes as a whole, so that it is one cell",
                      "sed '1s/^[^\"]*//; s/^\"//; s/\"\\r\\?$//; s/\"\"/\"/g'", "fixed.csv", NULL);
    return CAM_OK;
}

cam_status cam_table_shape_refuse_row_names(const cam_read_options *options) {
    return refuse(options, "each row has one cell more than the header, a number in front (row names of R?)",
                  "sed '1s/^/row,/'", "fixed.csv", NULL);
}
