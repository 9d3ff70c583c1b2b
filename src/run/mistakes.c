/* mistakes.c: see mistakes_internal.h. */
#include "files.h"
#include "metrics.h"
#include "mistakes_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct mistake {
    int32_t id; /* data row */
    cam_guess guess;
    cam_data_part part;
} mistake;

void cam_guess_rows(const float *logits, int64_t rows, int64_t labels, cam_guess *guesses) {
    for (int64_t i = 0; i < rows; i++) {
        const float *row = logits + i * labels;
        int64_t label = cam_argmax(row, labels);
        guesses[i] = (cam_guess){(int32_t)label, (float)exp(-cam_cross_entropy(row, labels, label))};
    }
}

static int by_score(const void *a, const void *b) {
    const mistake *x = a, *y = b;
    if (x->guess.score != y->guess.score)
        return x->guess.score < y->guess.score ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

/* The delimiter of the training file, so that a spreadsheet that opened that one opens this one, too. */
static char delimiter_of(const cam_corpus *corpus) {
    return corpus->files[CAM_PART_TRAIN].delimiter == ';' ? ';' : ',';
}

static void put_cell(cam_strbuf *out, const char *text, char delimiter) {
    if (!strchr("=+-@\t\r", text[0]) && !strchr(text, delimiter) &&
        !strpbrk(text, "\"\r\n")) { /* strchr also finds the end of an empty text */
        cam_strbuf_puts(out, text);
        return;
    }
    cam_strbuf_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            cam_strbuf_putc(out, '"');
        cam_strbuf_putc(out, *text);
    }
    cam_strbuf_putc(out, '"');
}

static void put_mistake(cam_strbuf *out, const cam_corpus *corpus, const mistake *m) {
    const cam_row *row = cam_corpus_row(corpus, m->id);
    char d = delimiter_of(corpus);
    cam_strbuf_printf(out, "%ld%c%ld%c", cam_row_number(row), d, row->line, d);
    put_cell(out, row->text, d);
    cam_strbuf_putc(out, d);
    put_cell(out, corpus->labels.names[corpus->label[m->id]], d);
    cam_strbuf_putc(out, d);
    put_cell(out, corpus->labels.names[m->guess.label], d);
    cam_strbuf_putc(out, d);
    size_t score = out->length;
    cam_strbuf_printf(out, "%.4f%c%s\n", (double)m->guess.score, d, cam_data_part_name(m->part));
    if (d == ';' && out->length > score) /* where a spreadsheet has semicolons, its numbers have decimal commas */
        out->text[score + strcspn(out->text + score, ".")] = ',';
}

/* Lists the mistakes, the worst first. The list is to be freed. */
static cam_status list_mistakes(const cam_corpus *corpus, const cam_guess *const guesses[CAM_PARTS], mistake **list,
                                int64_t *count) {
    int64_t rows = 0;
    for (int part = 0; part < CAM_PARTS; part++)
        rows += guesses[part] ? corpus->part_count[part] : 0;
    *count = 0;
    *list = malloc((size_t)(rows + 1) * sizeof **list);
    if (!*list)
        return cam_fail(CAM_E_MEMORY, "no memory for the mistakes among %lld rows", (long long)rows);
    for (int part = 0; part < CAM_PARTS; part++) {
        for (int64_t i = 0; guesses[part] && i < corpus->part_count[part]; i++) {
            int32_t id = corpus->part[part][i];
            if (guesses[part][i].label != corpus->label[id])
                (*list)[(*count)++] = (mistake){id, guesses[part][i], (cam_data_part)part};
        }
    }
    qsort(*list, (size_t)*count, sizeof **list, by_score);
    return CAM_OK;
}

cam_status cam_mistakes_write(const char *path, const cam_corpus *corpus, const cam_guess *const guesses[CAM_PARTS],
                              int64_t *count) {
    cam_status st = CAM_OK;
    mistake *list = NULL;
    cam_file_writer writer = CAM_FILE_WRITER_CLOSED;
    cam_strbuf text = CAM_STRBUF_INIT;
    CAM_TRY(list_mistakes(corpus, guesses, &list, count));
    CAM_TRY(cam_file_writer_open(&writer, path));
    char d = delimiter_of(corpus);
    cam_strbuf_printf(&text, "\xEF\xBB\xBFrow%cline%ctext%clabel%cpredicted%cscore%cpart\n", d, d, d, d, d, d);
    for (int64_t i = 0; i < *count; i++) {
        put_mistake(&text, corpus, &list[i]);
        CAM_TRY(cam_file_writer_drain(&writer, &text, 0));
    }
    CAM_TRY(cam_file_writer_drain(&writer, &text, 1));
    CAM_TRY(cam_file_writer_commit(&writer));
out:
    cam_file_writer_abandon(&writer);
    cam_strbuf_release(&text);
    free(list);
    return st;
}
