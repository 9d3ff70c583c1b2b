/* clean_write.c: suspects.csv, clean.json and the table of the verb `clean`; see clean.h. */
#include "clean.h"
#include "csv_out.h"
#include "files.h"
#include "json_out.h"
#include "log.h"
#include "plain.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 20, SHOWN = 10, LABEL_COLUMNS = 18, TEXT_COLUMNS = 21 };

/* --- why ------------------------------------------------------------------------------------------------------- */

static void put_other(const char *words, int64_t id, const cam_corpus *corpus, cam_strbuf *out) {
    const char *name = corpus->labels.names[corpus->label[id]];
    cam_strbuf_printf(out, "%s%s line %ld: ", out->length > 0 ? "; " : "", words, cam_corpus_row(corpus, id)->line);
    cam_strbuf_put_visible(out, name, strlen(name));
}

void cam_clean_put_why(const cam_clean_row *row, const cam_corpus *corpus, cam_strbuf *out) {
    cam_strbuf why = CAM_STRBUF_INIT;
    if (row->why & CAM_CLEAN_WRONG)
        cam_strbuf_puts(&why, "probably wrong");
    if (row->why & CAM_CLEAN_SAME)
        put_other("same text as", row->same, corpus, &why);
    if (row->why & CAM_CLEAN_NEAR)
        put_other("nearly the text of", row->near, corpus, &why);
    if (row->why & CAM_CLEAN_OUTLIER)
        cam_strbuf_puts(&why, why.length > 0 ? "; unlike every label" : "unlike every label");
    cam_strbuf_append(out, cam_strbuf_text(&why), why.length);
    cam_strbuf_release(&why);
}

/* --- suspects.csv ---------------------------------------------------------------------------------------------- */

static void put_score(cam_strbuf *out, double score, char delimiter) {
    char text[32];
    snprintf(text, sizeof text, "%.4f", score);
    if (delimiter == ';') /* where a spreadsheet has semicolons, its numbers have decimal commas */
        text[strcspn(text, ".")] = ',';
    cam_strbuf_puts(out, text);
}

static void put_row(const cam_clean_row *row, const cam_corpus *corpus, char d, cam_strbuf *out) {
    const cam_row *text = cam_corpus_row(corpus, row->row);
    cam_strbuf why = CAM_STRBUF_INIT;
    cam_clean_put_why(row, corpus, &why);
    cam_csv_text_put(out, corpus->files[CAM_PART_TRAIN].path, d);
    cam_strbuf_printf(out, "%c%ld%c", d, text->line, d);
    cam_csv_text_put(out, text->text, d);
    cam_strbuf_putc(out, d);
    cam_csv_text_put(out, corpus->labels.names[row->given], d);
    cam_strbuf_putc(out, d);
    cam_csv_text_put(out, corpus->labels.names[row->best], d);
    cam_strbuf_putc(out, d);
    put_score(out, row->score, d);
    cam_strbuf_putc(out, d);
    put_score(out, row->best_score, d);
    cam_strbuf_putc(out, d);
    cam_csv_text_put(out, cam_strbuf_text(&why), d);
    cam_strbuf_putc(out, d);
    cam_strbuf_putc(out, '\n');
    cam_strbuf_release(&why);
}

static cam_status write_suspects(const cam_clean *clean, const cam_corpus *corpus, const char *path) {
    cam_status st = CAM_OK;
    static const char *const columns[] = {
#define CAM_COLUMN_NAME(name) #name,
        CAM_SUSPECT_COLUMNS(CAM_COLUMN_NAME)
#undef CAM_COLUMN_NAME
    };
    char d = corpus->files[CAM_PART_TRAIN].delimiter == ';' ? ';' : ',';
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_file_writer writer = CAM_FILE_WRITER_CLOSED;
    CAM_TRY(cam_file_writer_open(&writer, path));
    cam_strbuf_puts(&text, "\xEF\xBB\xBF"); /* without it a spreadsheet takes UTF-8 for another encoding */
    for (int c = 0; c < CAM_SUSPECT_COLUMN_COUNT; c++)
        cam_strbuf_printf(&text, "%s%c", columns[c], c + 1 < CAM_SUSPECT_COLUMN_COUNT ? d : '\n');
    for (int64_t i = 0; i < clean->count; i++) {
        put_row(&clean->list[i], corpus, d, &text);
        CAM_TRY(cam_file_writer_drain(&writer, &text, 0));
    }
    CAM_TRY(cam_file_writer_drain(&writer, &text, 1));
    CAM_TRY(cam_file_writer_commit(&writer));
out:
    cam_file_writer_abandon(&writer);
    cam_strbuf_release(&text);
    return st;
}

/* --- clean.json ------------------------------------------------------------------------------------------------ */

static void put_example(cam_json *json, const cam_clean_row *row, const cam_corpus *corpus) {
    const cam_row *text = cam_corpus_row(corpus, row->row);
    cam_strbuf why = CAM_STRBUF_INIT;
    cam_clean_put_why(row, corpus, &why);
    cam_json_object(json, NULL);
    cam_json_text(json, "file", corpus->files[CAM_PART_TRAIN].path);
    cam_json_integer(json, "line", text->line);
    cam_json_text(json, "text", text->text);
    cam_json_text(json, "given", corpus->labels.names[row->given]);
    cam_json_text(json, "suggested", corpus->labels.names[row->best]);
    cam_json_number(json, "score_given", row->score);
    cam_json_number(json, "score_suggested", row->best_score);
    cam_json_text(json, "why", cam_strbuf_text(&why));
    cam_json_close(json);
    cam_strbuf_release(&why);
}

static cam_status write_json(const cam_clean *clean, const cam_corpus *corpus, const cam_out_of_fold *oof,
                             const char *scores, const char *path) {
    cam_json json;
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_json_begin(&json, &text);
    cam_json_text(&json, "format", "cam-train clean 1");
    cam_json_text(&json, "version", CAM_VERSION);
    cam_json_text(&json, "scores", scores);
    cam_json_integer(&json, "folds", oof->folds);
    cam_json_integer(&json, "rows", clean->rows);
    cam_json_integer(&json, "suspects", clean->count);
    cam_json_integer(&json, "probably_wrong", clean->wrong);
    cam_json_object(&json, "wrong_share");
    cam_json_number(&json, "value", clean->wrong_share.value);
    cam_json_number(&json, "low", clean->wrong_share.low);
    cam_json_number(&json, "high", clean->wrong_share.high);
    cam_json_close(&json);
    cam_json_number(&json, "confidence", clean->confidence);
    cam_json_integer(&json, "duplicates", clean->duplicates);
    cam_json_integer(&json, "duplicates_with_other_labels", clean->conflicts);
    cam_json_integer(&json, "near_duplicates", clean->near_duplicates);
    cam_json_integer(&json, "near_duplicates_with_other_labels", clean->near_conflicts);
    cam_json_integer(&json, "outliers", clean->outliers);
    cam_json_array(&json, "examples");
    for (int64_t i = 0; i < clean->count && i < EXAMPLES; i++)
        put_example(&json, &clean->list[i], corpus);
    cam_json_close(&json);
    cam_json_end(&json);
    cam_strbuf_putc(&text, '\n');
    cam_status st = cam_memory_check(CAM_OK);
    if (st == CAM_OK)
        st = cam_file_write(path, text.text, text.length);
    cam_strbuf_release(&text);
    return st;
}

cam_status cam_clean_write(const cam_clean *clean, const cam_corpus *corpus, const cam_out_of_fold *oof,
                           const char *scores, const char *folder) {
    cam_status st = CAM_OK;
    char *suspects = cam_path_join(folder, CAM_SUSPECTS_FILE), *json = cam_path_join(folder, CAM_CLEAN_FILE);
    CAM_TRY(write_suspects(clean, corpus, suspects));
    CAM_TRY(write_json(clean, corpus, oof, scores, json));
out:
    free(suspects);
    free(json);
    return st;
}

/* --- the table ------------------------------------------------------------------------------------------------- */

static void put_texts(const cam_clean *clean, cam_strbuf *out) {
    cam_strbuf_puts(out, "texts    ");
    cam_plain_put_counted(out, clean->duplicates, "row repeats", "rows repeat");
    cam_strbuf_puts(out, " an earlier text; ");
    cam_plain_put_count(out, clean->conflicts);
    cam_strbuf_puts(out, " have a text with two labels\n         ");
    cam_plain_put_counted(out, clean->near_duplicates, "row has", "rows have");
    cam_strbuf_puts(out, " a near text; ");
    cam_plain_put_count(out, clean->near_conflicts);
    cam_strbuf_puts(out, " of them may have another label\noutliers ");
    cam_plain_put_counted(out, clean->outliers, "row is", "rows are");
    cam_strbuf_puts(out, " unlike every label\n");
}

static void put_shown(const cam_clean_row *row, const cam_corpus *corpus, cam_strbuf *out) {
    const cam_row *text = cam_corpus_row(corpus, row->row);
    cam_strbuf_printf(out, "%6ld  ", text->line);
    cam_plain_put_padded(out, corpus->labels.names[row->given], LABEL_COLUMNS);
    cam_strbuf_puts(out, "  ");
    cam_plain_put_padded(out, corpus->labels.names[row->best], LABEL_COLUMNS);
    cam_strbuf_printf(out, "  %.2f %.2f  ", row->score, row->best_score);
    cam_plain_put(out, text->text, TEXT_COLUMNS);
    cam_strbuf_putc(out, '\n');
}

void cam_clean_put_table(const cam_clean *clean, const cam_corpus *corpus, cam_strbuf *out) {
    const cam_interval *share = &clean->wrong_share;
    cam_strbuf_printf(out, "wrong    up to %.1f %% of the labels (%g %%: %.1f to %.1f %%); ", 100 * share->value,
                      100 * clean->confidence, 100 * share->low, 100 * share->high);
    cam_plain_put_counted(out, clean->wrong, "row", "rows");
    cam_strbuf_puts(out, " to look at\n");
    put_texts(clean, out);
    if (clean->count == 0)
        return;
    cam_strbuf_printf(out, "\n  line  %-*s  %-*s  scores     text\n", LABEL_COLUMNS, "given", LABEL_COLUMNS,
                      "suggested");
    for (int64_t i = 0; i < clean->count && i < SHOWN; i++)
        put_shown(&clean->list[i], corpus, out);
    if (clean->count > SHOWN) {
        cam_strbuf_puts(out, "        and ");
        cam_plain_put_count(out, clean->count - SHOWN);
        cam_strbuf_puts(out, " more\n");
    }
}
