/* page_labels.c: scores by label and the surest mistakes; see page_internal.h. */
#include "csv_cells.h"
#include "files.h"
#include "page_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LABELS = 500, MOST_MISTAKES = 30 };

/* --- labels -------------------------------------------------------------------------------------------------------- */

typedef struct ranked {
    const json_t *item;
    size_t id;
    double key;
} ranked;

static int by_key(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static void put_label(cam_page *page, const json_t *label) {
    double low = cam_member_number(label, "f1_low"), high = cam_member_number(label, "f1_high");
    double f1 = cam_member_number(label, "f1");
    cam_page_row_open(page, 0);
    cam_page_cell_head(page, cam_member_text(label, "label"));
    cam_html_open(&page->html, "td");
    cam_html_attribute(&page->html, "class", "aside");
    cam_chart_cell_bar(page, f1, low, high);
    cam_html_close(&page->html);
    cam_page_cell_number(page, f1, 4);
    if (isfinite(low))
        cam_page_cell_interval(page, low, high, 3);
    cam_page_cell_number(page, cam_member_number(label, "precision"), 4);
    cam_page_cell_number(page, cam_member_number(label, "recall"), 4);
    cam_page_cell_count(page, cam_member_integer(label, "support"));
    cam_page_close(page);
}

int cam_page_labels(cam_page *page, const cam_page_files *files, cam_status *st) {
    static const cam_phrase plain[] = {CAM_WORD_LABEL,  CAM_WORD_F1_BAR,  CAM_WORD_F1,   CAM_WORD_PRECISION,
                                       CAM_WORD_RECALL, CAM_WORD_SUPPORT, CAM_WORD_COUNT};
    static const cam_phrase with_interval[] = {CAM_WORD_LABEL,         CAM_WORD_F1_BAR,    CAM_WORD_F1,
                                               CAM_WORD_INTERVAL_HEAD, CAM_WORD_PRECISION, CAM_WORD_RECALL,
                                               CAM_WORD_SUPPORT,       CAM_WORD_COUNT};
    const json_t *classes = cam_page_classes(cam_page_scores(files));
    size_t count = json_array_size(classes), shown = 0;
    if (count == 0 || !json_is_object(json_array_get(classes, 0)))
        return 0;
    if (!page)
        return 1;
    ranked *list = malloc(count * sizeof *list);
    if (!list) {
        *st = cam_fail(CAM_E_MEMORY, "no memory for the %zu labels of a page", count);
        return 1;
    }
    int has_interval = isfinite(cam_member_number(json_array_get(classes, 0), "f1_low"));
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(classes, i);
        double f1 = cam_member_number(item, "f1");
        list[i] = (ranked){item, i, isfinite(f1) && cam_member_integer(item, "support") > 0 ? f1 : 2};
    }
    qsort(list, count, sizeof *list, by_key);
    cam_page_say(page, NULL, CAM_WORD_LABELS_NOTE, NULL);
    cam_page_table_open(page, CAM_WORD_LABELS_CAPTION, has_interval ? with_interval : plain, 2);
    for (; shown < count && shown < MOST_LABELS; shown++)
        put_label(page, list[shown].item);
    cam_page_table_close(page);
    if (shown < count) {
        cam_strbuf some = CAM_STRBUF_INIT, all = CAM_STRBUF_INIT;
        cam_figure_count(&some, page->language, (int64_t)shown);
        cam_figure_count(&all, page->language, (int64_t)count);
        cam_page_say(page, "note", CAM_WORD_SOME_OF_ALL, cam_strbuf_text(&some), cam_strbuf_text(&all), NULL);
        cam_strbuf_release(&some);
        cam_strbuf_release(&all);
    }
    free(list);
    return 1;
}

/* --- mistakes ------------------------------------------------------------------------------------------------------ */

enum { ROW, LINE, TEXT, LABEL, PREDICTED, SCORE, PART, COLUMNS };

/* A cell as a text. */
static const char *cell_text(const cam_cells *cells, int column) {
    char *text = cells->list[column].text;
    text[cells->list[column].length] = '\0'; /* a delimiter, a quote or a line end stands there */
    return text;
}

static void put_mistake(cam_page *page, cam_cells *cells) {
    cam_strbuf share = CAM_STRBUF_INIT;
    const char *text[COLUMNS];
    for (int column = COLUMNS - 1; column >= 0; column--)
        text[column] = cell_text(cells, column);
    char *comma = strchr(text[SCORE], ',');
    if (comma)
        *comma = '.';
    cam_figure_percent(&share, page->language, strtod(text[SCORE], NULL), 1);
    cam_page_row_open(page, 0);
    cam_page_cell_long(page, text[TEXT]);
    cam_page_cell(page, text[LABEL]);
    cam_page_cell(page, text[PREDICTED]);
    cam_page_cell_figure(page, cam_strbuf_text(&share));
    cam_page_cell_figure(page, text[LINE]);
    cam_page_close(page);
    cam_strbuf_release(&share);
}

/* Writes the first mistakes of a text of mistakes.csv; the header says the delimiter. */
static cam_status put_mistakes(cam_page *page, cam_strbuf *file) {
    static const char header[] = "\xEF\xBB\xBFrow";
    cam_status st = CAM_OK;
    cam_cells cells = {0};
    size_t begin = strlen(header);
    cam_dialect dialect = {.delimiter = file->text[begin], .quoting = CAM_QUOTING_CSV};
    for (int shown = -1; shown < MOST_MISTAKES && begin < file->length; shown++) {
        cam_cells_result result;
        CAM_TRY(cam_cells_split(&cells, file->text + begin, file->length - begin, 1, &dialect, &result));
        if (result != CAM_CELLS_DONE)
            break;
        if (shown >= 0 && cells.count == COLUMNS)
            put_mistake(page, &cells);
        begin += cells.used;
    }
out:
    cam_cells_release(&cells);
    return st;
}

static int is_list_of_mistakes(const cam_strbuf *file) {
    static const char comma[] = "\xEF\xBB\xBFrow,line,text,label,predicted,score,part\n";
    static const char semicolon[] = "\xEF\xBB\xBFrow;line;text;label;predicted;score;part\n";
    const char *text = cam_strbuf_text(file);
    return file->length > sizeof comma - 1 &&
           (strncmp(text, comma, sizeof comma - 1) == 0 || strncmp(text, semicolon, sizeof semicolon - 1) == 0);
}

int cam_page_mistakes(cam_page *page, const cam_page_files *files, cam_status *st) {
    enum { FILE_BYTES = 1 << 30 };
    static const cam_phrase heads[] = {CAM_WORD_TEXT,  CAM_WORD_LABEL, CAM_WORD_TAKEN_FOR,
                                       CAM_WORD_SCORE, CAM_WORD_LINE,  CAM_WORD_COUNT};
    cam_strbuf file = CAM_STRBUF_INIT;
    char *path = cam_path_join(files->folder, "mistakes.csv");
    int has = path && cam_file_exists(path);
    if (has) {
        cam_status read = cam_file_read(path, FILE_BYTES, CAM_E_DATA, &file);
        has = read == CAM_OK && is_list_of_mistakes(&file);
        if (read != CAM_OK && *st == CAM_OK)
            *st = read;
    }
    if (has && page) {
        cam_page_say(page, NULL, CAM_WORD_MISTAKES_NOTE, NULL);
        cam_page_table_open(page, CAM_WORD_MISTAKES_CAPTION, heads, 3);
        *st = put_mistakes(page, &file);
        cam_page_table_close(page);
    }
    cam_strbuf_release(&file);
    free(path);
    return has;
}
