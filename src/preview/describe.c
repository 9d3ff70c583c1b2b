/* describe.c: see describe.h. */
#include "describe.h"
#include "label_forms.h"
#include "plain.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 80, NAME_COLUMNS = 32, BARS = 30 };

/* --- files ----------------------------------------------------------------------------------------------------- */

/* Appends a path; of a long one its end, from a "/" on. */
static void put_path(cam_strbuf *out, const char *path, int limit) {
    int is_long = cam_plain_columns(path) > limit;
    for (const char *slash = strchr(path, '/'); is_long && slash && cam_plain_columns(path) >= limit;
         slash = strchr(slash + 1, '/'))
        path = slash;
    cam_strbuf_puts(out, is_long && *path == '/' ? "\u2026" : "");
    cam_plain_put(out, path, limit);
}

static void describe_file(const cam_dataset *file, cam_strbuf *out) {
    if (!file->path)
        return;
    cam_strbuf_puts(out, "file     ");
    put_path(out, file->path, COLUMNS - 9 - 42);
    cam_strbuf_puts(out, ": ");
    cam_plain_put_counted(out, (int64_t)file->count, "row", "rows");
    if (file->counts.format != CAM_FORMAT_AUTO) {
        cam_strbuf_printf(out, ", %s, %s", cam_words_format[file->counts.format], cam_words_encoding[file->encoding]);
        if (file->delimiter == '\t' && file->counts.format == CAM_FORMAT_CSV)
            cam_strbuf_puts(out, ", tabs");
        else if (file->delimiter && file->delimiter != '\t')
            cam_strbuf_printf(out, ", delimiter \"%c\"", file->delimiter);
    }
    cam_strbuf_putc(out, '\n');
}

/* The columns of the training file, with what the run takes from them. */
static void describe_columns(const cam_run *run, cam_strbuf *out) {
    const cam_name_set *columns = &run->corpus.files[CAM_PART_TRAIN].columns;
    int used = 9;
    if (columns->count == 0)
        return;
    cam_strbuf_puts(out, "columns  ");
    for (size_t i = 0; i < columns->count; i++) {
        const char *name = columns->names[i];
        const char *role = strcmp(name, run->config->text_column) == 0    ? " (text)"
                           : strcmp(name, run->config->label_column) == 0 ? " (label)"
                                                                          : "";
        int width = cam_plain_columns(name) + (int)strlen(role) + 2;
        if (i > 0 && used + width > COLUMNS - 10) {
            cam_strbuf_puts(out, ", …");
            break;
        }
        cam_strbuf_puts(out, i > 0 ? ", " : "");
        cam_plain_put(out, *name ? name : "\"\"", NAME_COLUMNS);
        cam_strbuf_puts(out, role);
        used += width;
    }
    cam_strbuf_putc(out, '\n');
}

/* --- lengths --------------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t characters_of(const cam_row *row) {
    int64_t count = 0;
    for (size_t i = 0; i < row->text_length; i++)
        count += ((unsigned char)row->text[i] & 0xC0) != 0x80;
    return count;
}

/* Of all files together: in tokens where there are any, else in characters. */
static void describe_lengths(const cam_run *run, cam_strbuf *out) {
    const cam_token_rows *tokens = &run->corpus.tokens;
    int64_t rows = tokens->rows, n = 0;
    for (int part = 0; tokens->rows == 0 && part < CAM_PARTS; part++)
        rows += (int64_t)run->corpus.files[part].count;
    int64_t *length = malloc((size_t)(rows + 1) * sizeof *length);
    if (!length || rows == 0) {
        free(length);
        return;
    }
    for (int64_t r = 0; r < tokens->rows; r++)
        length[n++] = tokens->offsets[r + 1] - tokens->offsets[r];
    for (int part = 0; tokens->rows == 0 && part < CAM_PARTS; part++)
        for (size_t i = 0; i < run->corpus.files[part].count; i++)
            length[n++] = characters_of(&run->corpus.files[part].rows[i]);
    qsort(length, (size_t)rows, sizeof *length, by_size);
    cam_strbuf_puts(out, "lengths  median ");
    cam_plain_put_count(out, length[rows / 2]);
    cam_strbuf_puts(out, tokens->rows > 0 ? " tokens, 95 % up to " : " characters, 95 % up to ");
    cam_plain_put_count(out, length[rows * 95 / 100]);
    cam_strbuf_puts(out, ", longest ");
    cam_plain_put_count(out, length[rows - 1]);
    if (tokens->rows > 0)
        cam_strbuf_printf(out, " (cut at %d)", run->max_length);
    cam_strbuf_putc(out, '\n');
    free(length);
}

/* --- model, rows, steps ---------------------------------------------------------------------------------------- */

static void describe_model(const cam_run *run, cam_strbuf *out) {
    if (run->model.hidden_size == 0)
        return;
    cam_strbuf_puts(out, "model    ");
    put_path(out, run->model_folder, COLUMNS - 9 - 42);
    cam_strbuf_puts(out, ": ");
    cam_plain_put_counted(out, run->model.num_hidden_layers, "layer", "layers");
    cam_strbuf_printf(out, ", hidden %d, vocabulary ", run->model.hidden_size);
    cam_plain_put_count(out, run->model.vocab_size);
    if (run->config->init == CAM_CONFIG_INIT_RANDOM)
        cam_strbuf_puts(out, "\nweights  random");
    cam_strbuf_putc(out, '\n');
    if (run->is_sound && run->config->task == CAM_CONFIG_TASK_CLASSIFY)
        cam_strbuf_printf(out, "head     %s\n",
                          run->keep_head ? "kept: the folder's labels are the data's" : "fresh, for the data's labels");
}

static void describe_teacher(const cam_run *run, cam_strbuf *out) {
    if (run->teacher.hidden_size == 0)
        return;
    cam_strbuf_puts(out, "teacher  ");
    put_path(out, run->teacher_folder, COLUMNS - 9 - 42);
    cam_strbuf_puts(out, ": ");
    cam_plain_put_counted(out, run->teacher.num_hidden_layers, "layer", "layers");
    if (run->corpus.unlabelled.count > 0) {
        cam_strbuf_puts(out, ", also for ");
        cam_plain_put_counted(out, (int64_t)run->corpus.unlabelled.count, "text", "texts");
        cam_strbuf_puts(out, " without a label");
    }
    cam_strbuf_putc(out, '\n');
}

static void describe_rows(const cam_run *run, cam_strbuf *out) {
    const cam_corpus *corpus = &run->corpus;
    static const char *const words[CAM_PARTS] = {"rows     ", " train, ", " validation, "};
    if (corpus->part_count[CAM_PART_TRAIN] > 0) {
        for (int part = 0; part < CAM_PARTS; part++) {
            cam_strbuf_puts(out, words[part]);
            cam_plain_put_count(out, corpus->part_count[part]);
        }
        cam_strbuf_puts(out, " test\n");
    }
    if (corpus->labels.count > 0)
        cam_strbuf_printf(out, "labels   %zu\n", corpus->labels.count);
    if (corpus->duplicates > 0) {
        cam_strbuf_puts(out, "repeats  ");
        cam_plain_put_counted(out, corpus->duplicates, "row has", "rows have");
        cam_strbuf_puts(out, " the text of an earlier one\n");
    }
}

static void describe_steps(const cam_run *run, cam_strbuf *out) {
    cam_trainer_options options = cam_run_trainer_options(run, NULL);
    cam_plan plan;
    options.plan.rows = options.train_count;
    if (options.train_count == 0 || cam_plan_make(&plan, &options.plan) != CAM_OK)
        return;
    cam_strbuf_puts(out, "steps    ");
    cam_plain_put_count(out, plan.updates);
    cam_strbuf_puts(out, " of up to ");
    cam_plain_put_counted(out, plan.batch_rows * plan.accumulation, "row", "rows");
    cam_strbuf_puts(out, ", ");
    cam_plain_put_count(out, plan.updates_per_epoch);
    cam_strbuf_puts(out, " an epoch\n");
}

/* --- texts of pretraining ------------------------------------------------------------------------------------------ */

static void describe_text_files(const cam_run *run, cam_strbuf *out) {
    const cam_text_files *files = &run->text_files;
    if (run->config->task != CAM_CONFIG_TASK_PRETRAIN)
        return;
    cam_strbuf_puts(out, "file     ");
    put_path(out, files->count > 0 ? files->paths[0] : run->config->train_file, COLUMNS - 9 - 42);
    if (files->count > 1) {
        cam_strbuf_puts(out, " and ");
        cam_plain_put_counted(out, (int64_t)files->count - 1, "other", "others");
    }
    if (files->bytes > 0) {
        cam_strbuf_puts(out, ", ");
        cam_plain_put_bytes(out, (double)files->bytes);
    }
    cam_strbuf_putc(out, '\n');
}

static void describe_texts(const cam_run *run, cam_strbuf *out) {
    const cam_text_counts *counts = &run->corpus.texts.counts;
    if (!run->corpus.texts.path)
        return;
    cam_strbuf_puts(out, "texts    ");
    cam_plain_put_count(out, counts->texts);
    if (counts->empty > 0) {
        cam_strbuf_puts(out, "; ");
        cam_plain_put_counted(out, counts->empty, "empty one is", "empty ones are");
        cam_strbuf_puts(out, " left out");
    }
    if (counts->cut > 0) {
        cam_strbuf_puts(out, "; ");
        cam_plain_put_counted(out, counts->cut, "long one makes", "long ones make");
        cam_strbuf_puts(out, " several rows");
    }
    cam_strbuf_puts(out, "\ntokens   ");
    cam_plain_put_count(out, counts->tokens);
    if (run->config->mlm_probability > 0)
        cam_strbuf_printf(out, ", %.3g of them masked%s\n", run->config->mlm_probability,
                          run->config->whole_word_mask ? ", whole words at a time" : "");
    else
        cam_strbuf_puts(out, ", none of them masked\n");
    cam_strbuf_puts(out, run->corpus.texts.is_new ? "cache    written to " : "cache    taken from ");
    put_path(out, run->corpus.texts.path, COLUMNS - 9 - 11);
    cam_strbuf_putc(out, '\n');
}

void cam_run_describe(const cam_run *run, cam_strbuf *out) {
    describe_text_files(run, out);
    describe_texts(run, out);
    for (int part = 0; part < CAM_PARTS; part++)
        describe_file(&run->corpus.files[part], out);
    describe_columns(run, out);
    describe_model(run, out);
    describe_teacher(run, out);
    describe_rows(run, out);
    describe_lengths(run, out);
    describe_steps(run, out);
}

/* --- labels ---------------------------------------------------------------------------------------------------- */

typedef struct label_rows {
    int64_t rows;
    size_t id;
} label_rows;

static int by_rows(const void *a, const void *b) {
    const label_rows *x = a, *y = b;
    if (x->rows != y->rows)
        return x->rows < y->rows ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

/* The labels with their rows, largest first; the caller frees them. NULL without memory or without counts. */
static label_rows *sorted_labels(const cam_corpus *corpus) {
    size_t count = corpus->labels.count;
    label_rows *list = corpus->label_count ? malloc((count + 1) * sizeof *list) : NULL;
    for (size_t k = 0; list && k < count; k++)
        list[k] = (label_rows){corpus->label_count[k], k};
    if (list)
        qsort(list, count, sizeof *list, by_rows);
    return list;
}

/* The name of a label, for a bar. What the eye cannot tell in it is marked where another label looks the same. */
static char *bar_name(const cam_labels *labels, const cam_strbuf *forms, size_t id) {
    cam_strbuf name = CAM_STRBUF_INIT;
    unsigned kinds = 0;
    int looks_alike = 0;
    for (size_t k = 0; k < labels->count; k++) {
        if (k == id || strcmp(cam_strbuf_text(&forms[k]), cam_strbuf_text(&forms[id])) != 0)
            continue;
        kinds |= cam_label_differences(labels->names[id], labels->names[k]);
        looks_alike = 1;
    }
    if (looks_alike)
        cam_label_put_marked(labels->names[id], kinds, &name);
    else
        cam_strbuf_puts(&name, labels->names[id]);
    return cam_strbuf_detach(&name);
}

/* Sets the names of the labels that are shown; the caller frees each. 0 without memory. */
static int name_bars(const cam_labels *labels, const label_rows *list, size_t shown, char *names[BARS]) {
    cam_strbuf *forms = calloc(labels->count + 1, sizeof *forms);
    for (size_t k = 0; forms && k < labels->count; k++)
        cam_label_form(labels->names[k], labels->lengths[k], CAM_LABEL_ALL, &forms[k]);
    for (size_t i = 0; forms && i < shown; i++)
        names[i] = bar_name(labels, forms, list[i].id);
    int named = forms && cam_memory_check(CAM_OK) == CAM_OK;
    for (size_t k = 0; forms && k < labels->count; k++)
        cam_strbuf_release(&forms[k]);
    free(forms);
    return named;
}

/* A bar of at most `width` columns, in halves of one; the smallest has half a column. */
static void put_bar(cam_strbuf *out, int64_t rows, int64_t most, int width) {
    int64_t halves = most > 0 ? 2 * width * rows / most : 0;
    halves = rows > 0 && halves == 0 ? 1 : halves;
    for (; halves >= 2; halves -= 2)
        cam_strbuf_puts(out, "\u2588");
    if (halves == 1)
        cam_strbuf_puts(out, "\u258c");
}

void cam_label_bars_put(const cam_run *run, cam_strbuf *out) {
    const cam_corpus *corpus = &run->corpus;
    size_t count = corpus->labels.count, shown = count > BARS ? BARS : count;
    label_rows *list = sorted_labels(corpus);
    char *names[BARS] = {NULL};
    int64_t rows = 0, rest = 0;
    int width = 5;
    int named = list && name_bars(&corpus->labels, list, shown, names);
    for (size_t i = 0; named && i < count; i++) {
        int columns = i < shown ? cam_plain_columns(names[i]) : 0;
        width = columns > width ? columns : width;
        rows += list[i].rows;
        rest += i < shown ? 0 : list[i].rows;
    }
    if (rows > 0)
        cam_strbuf_printf(out, "%s by label\n", corpus->part_count[CAM_PART_TRAIN] > 0 ? "training rows" : "rows");
    width = width > NAME_COLUMNS ? NAME_COLUMNS : width;
    for (size_t i = 0; rows > 0 && i < shown; i++) {
        cam_strbuf_puts(out, "  ");
        cam_plain_put_padded(out, names[i], width);
        cam_plain_put_count_aligned(out, list[i].rows, 9);
        cam_strbuf_printf(out, "  %5.1f %%  ", 100.0 * (double)list[i].rows / (double)rows);
        put_bar(out, list[i].rows, list[0].rows, COLUMNS - 2 - width - 9 - 11);
        cam_strbuf_putc(out, '\n');
    }
    if (rows > 0 && count > shown) {
        cam_strbuf_puts(out, "  and ");
        cam_plain_put_counted(out, (int64_t)(count - shown), "more label with ", "more labels with ");
        cam_plain_put_counted(out, rest, "row", "rows");
        cam_strbuf_putc(out, '\n');
    }
    for (size_t i = 0; i < shown; i++)
        free(names[i]);
    free(list);
}
