/* compare_write.c: compare.json, best.yaml and the table; see compare_internal.h. */
#include "compare_internal.h"
#include "files.h"
#include "plain.h"
#include "remedy.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_COLUMNS = 25, DIFFERENCE_COLUMNS = 23, LINE_COLUMNS = 80 };

static void put_values(cam_json *json, const cam_compared *e) {
    cam_json_object(json, "values");
    for (size_t i = 0; i < e->entry->setting_count; i++)
        cam_json_text(json, e->entry->settings[i].key, e->entry->settings[i].value);
    cam_json_close(json);
}

static void put_entry(cam_json *json, const cam_compare_state *c, const cam_compared *e) {
    cam_json_object(json, NULL);
    cam_json_text(json, "name", e->name);
    if (e->entry)
        put_values(json, e);
    cam_figures_put(&e->figures, json, "metrics");
    if (!e->is_best) {
        cam_json_object(json, "difference");
        cam_json_text(json, "to", c->list[c->best].name);
        cam_json_number(json, "value", e->difference.accuracy.value);
        cam_json_number(json, "low", e->difference.accuracy.low);
        cam_json_number(json, "high", e->difference.accuracy.high);
        if (e->difference.p >= 0)
            cam_json_number(json, "p", e->difference.p);
        cam_json_close(json);
    }
    cam_json_number(json, "train_s", e->train_s);
    if (e->predict_rows_s > 0)
        cam_json_number(json, "predict_rows_s", e->predict_rows_s);
    cam_json_null(json, "pruned_after");
    cam_json_boolean(json, "recommended", e->is_recommended);
    cam_json_boolean(json, "is_baseline", !e->entry);
    cam_json_close(json);
}

static cam_status write_json(const cam_compare_state *c) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_json json;
    const cam_config *config = c->task->config;
    cam_json_begin(&json, &text);
    cam_json_text(&json, "format", "cam-train compare 1");
    cam_json_text(&json, "version", CAM_VERSION);
    cam_json_array(&json, "keys");
    for (size_t i = 0; i < c->task->key_count; i++)
        cam_json_text(&json, NULL, c->task->keys[i]);
    cam_json_close(&json);
    cam_json_integer(&json, "rows", c->rows);
    cam_json_integer(&json, "folds", c->folds);
    cam_json_integer(&json, "seeds", (int64_t)config->seeds.count);
    cam_json_number(&json, "confidence", config->confidence);
    cam_json_text(&json, "device", c->task->backend->description);
    cam_json_array(&json, "entries");
    for (int64_t i = 0; i < c->count; i++)
        put_entry(&json, c, &c->list[i]);
    cam_json_close(&json);
    cam_json_lines(&json, "warnings", cam_strbuf_text(&c->warnings));
    cam_json_end(&json);
    cam_strbuf_putc(&text, '\n');
    cam_status st = cam_memory_check(CAM_OK);
    if (st == CAM_OK)
        st = cam_run_folder_put(&c->folder.folder, CAM_COMPARE_FILE, &text);
    cam_strbuf_release(&text);
    return st;
}

/* The run of best.yaml has a folder of its own, beside the results of the comparison. */
static cam_status write_best(const cam_compare_state *c) {
    cam_config best = *c->list[c->recommended].entry->config;
    cam_strbuf text = CAM_STRBUF_INIT;
    char *folder = cam_path_join(c->task->config->output_dir, "best");
    best.output_dir = folder;
    best.overwrite_output_dir = 0;
    cam_strbuf_printf(&text, "# %s: recommended by cam-train compare, of %lld entries.\n", c->list[c->recommended].name,
                      (long long)c->task->count);
    cam_config_show(&best, CAM_COMMENTS_NONE, &text);
    cam_status st = cam_memory_check(CAM_OK);
    if (st == CAM_OK)
        st = cam_run_folder_put(&c->folder.folder, CAM_BEST_FILE, &text);
    cam_strbuf_release(&text);
    free(folder);
    return st;
}

cam_status cam_compare_write(const cam_compare_state *c) {
    cam_status st = CAM_OK;
    CAM_TRY(write_json(c));
    CAM_TRY(write_best(c));
out:
    return st;
}

/* --- for people -------------------------------------------------------------------------------------------------- */

static void put_row(const cam_compared *e, cam_strbuf *out) {
    const cam_interval *accuracy = &e->figures.scores.accuracy, *d = &e->difference.accuracy;
    cam_strbuf difference = CAM_STRBUF_INIT;
    if (e->is_best)
        cam_strbuf_puts(&difference, "the best");
    else
        cam_strbuf_printf(&difference, "%+.3f (%+.3f, %+.3f)", d->value, d->low, d->high);
    if (cam_plain_columns(e->name) > NAME_COLUMNS) { /* a line of its own */
        cam_plain_put(out, e->name, LINE_COLUMNS);
        cam_strbuf_printf(out, "\n%*s", NAME_COLUMNS, "");
    } else {
        cam_plain_put_padded(out, e->name, NAME_COLUMNS);
    }
    cam_strbuf_printf(out, "  %.4f  %.4f  %-*s  ", accuracy->value, e->figures.scores.f1_macro.value,
                      DIFFERENCE_COLUMNS, cam_strbuf_text(&difference));
    cam_plain_put_duration(out, e->train_s);
    cam_strbuf_puts(out, e->is_recommended ? " <-\n" : "\n");
    cam_strbuf_release(&difference);
}

void cam_compare_table_put(const cam_compare_state *c, cam_strbuf *out) {
    const cam_compared *recommended = &c->list[c->recommended];
    cam_strbuf path = CAM_STRBUF_INIT, word = CAM_STRBUF_INIT;
    cam_strbuf_puts(out, "\nmeasured on ");
    cam_plain_put_counted(out, c->rows, "row", "rows");
    cam_strbuf_printf(out, ", %lld folds, each row by a model that did not see it\n", (long long)c->folds);
    cam_strbuf_printf(out, "%-*s  %6s  %6s  %-*s  %s\n", NAME_COLUMNS, "", "acc.", "f1", DIFFERENCE_COLUMNS,
                      "difference", "training");
    for (int64_t i = 0; i < c->count; i++)
        put_row(&c->list[i], out);
    cam_strbuf_printf(out, "\nrecommended: %s\n", recommended->name);
    if (recommended->is_best)
        cam_strbuf_puts(out, "  the best, and none that trains faster is as good\n");
    else
        cam_strbuf_puts(out, "  the fastest training of those that are not clearly worse than the best\n");
    cam_strbuf_printf(out,
                      "\nin \"%s\"\n  " CAM_COMPARE_FILE "   all figures\n  " CAM_BEST_FILE
                      "      the recommended configuration\n",
                      c->task->config->output_dir);
    cam_measurement_folder_put_page_line(c->task->config, 15, out);
    cam_strbuf_puts(out, "next: train it, or measure it and train it on all rows\n");
    cam_strbuf_put_all(&path, c->task->config->output_dir, "/" CAM_BEST_FILE, NULL);
    cam_shell_word_put(&word, cam_strbuf_text(&path));
    cam_strbuf_printf(out, "  cam-train --config %s\n  cam-train measure --config %s\n", cam_strbuf_text(&word),
                      cam_strbuf_text(&word));
    cam_strbuf_release(&path);
    cam_strbuf_release(&word);
}
