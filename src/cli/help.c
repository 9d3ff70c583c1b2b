/* help.c: writes --help. */
#include "help.h"
#include "cam/status.h"
#include <string.h>

enum { COLUMNS = 80, VERB_COLUMN = 22, OPTION_COLUMN = 34, EXIT_COLUMN = 8 };

/* Appends the words of a text to a line that has `used` columns; new lines begin at column `indent`. */
static void put_wrapped(const char *text, size_t used, size_t indent, cam_strbuf *out) {
    for (int first = 1; *text; first = 0) {
        size_t length = strcspn(text, " ");
        if (!first && used + 1 + length > COLUMNS) {
            cam_strbuf_printf(out, "\n%*s", (int)indent, "");
            used = indent;
        } else if (!first) {
            cam_strbuf_putc(out, ' ');
            used++;
        }
        cam_strbuf_append(out, text, length);
        used += length;
        text += length + (text[length] == ' ');
    }
    cam_strbuf_putc(out, '\n');
}

/* Appends "  name   text", the text from `column` on, or on the next line where the name is too long. */
static void put_entry(const char *name, const char *text, size_t column, cam_strbuf *out) {
    size_t used = 2 + strlen(name);
    cam_strbuf_printf(out, "  %s", name);
    if (used + 1 > column) {
        cam_strbuf_putc(out, '\n');
        used = 0;
    }
    cam_strbuf_printf(out, "%*s", (int)(column - used), "");
    put_wrapped(text, column, column, out);
}

void cam_help_put_value(const cam_option_row *row, cam_strbuf *out) {
    cam_strbuf_puts(out, row->value ? row->value : "");
    for (size_t i = 0; i < row->choice_count; i++)
        cam_strbuf_printf(out, "%s%s", i ? "|" : "", row->choices[i]);
}

static void put_option(const cam_option_row *row, int all, cam_strbuf *out) {
    cam_strbuf name = CAM_STRBUF_INIT, text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&name, row->option);
    if (row->kind != CAM_OPTION_IS_SWITCH) {
        cam_strbuf_putc(&name, ' ');
        cam_help_put_value(row, &name);
    }
    for (int v = 0; all && v < CAM_VERB_COUNT && cam_option_has_several_rows(row); v++)
        if (cam_option_is_of(row, (cam_verb)v))
            cam_strbuf_printf(&text, "%s: ", cam_verb_rows[v].word);
    cam_strbuf_puts(&text, row->help);
    put_entry(cam_strbuf_text(&name), cam_strbuf_text(&text), OPTION_COLUMN, out);
    cam_strbuf_release(&name);
    cam_strbuf_release(&text);
}

static void put_verbs(cam_strbuf *out) {
    cam_strbuf_puts(out, "cam-train fine-tunes CamemBERT sequence classifiers.\n\n");
    for (int v = 0; v < CAM_VERB_COUNT; v++) {
        cam_strbuf name = CAM_STRBUF_INIT;
        cam_strbuf_printf(&name, "cam-train %s", cam_verb_rows[v].word);
        put_entry(cam_strbuf_text(&name), cam_verb_rows[v].arguments, VERB_COLUMN, out);
        cam_strbuf_printf(out, "%*s", VERB_COLUMN, "");
        put_wrapped(cam_verb_rows[v].help, VERB_COLUMN, VERB_COLUMN, out);
        cam_strbuf_release(&name);
    }
}

static void put_exit_codes(cam_strbuf *out) {
    cam_strbuf_puts(out, "\nexit codes\n");
#define PUT_EXIT_CODE(name, number, text) put_entry(#number, text, EXIT_COLUMN, out);
    CAM_EXIT_CODES(PUT_EXIT_CODE)
}

void cam_help_put(cam_verb verb, cam_strbuf *out) {
    int all = verb == CAM_VERB_COUNT;
    if (all) {
        put_verbs(out);
    } else {
        const cam_verb_row *row = &cam_verb_rows[verb];
        cam_strbuf_printf(out, "cam-train %s %s\n  ", row->word, row->arguments);
        put_wrapped(row->help, 2, 2, out);
        cam_strbuf_putc(out, '\n');
        put_wrapped(row->more, 0, 0, out);
    }
    cam_strbuf_puts(out, "\noptions\n");
    for (int i = 0; i < CAM_OPTION_COUNT; i++)
        if (all || cam_option_is_of(&cam_option_rows[i], verb))
            put_option(&cam_option_rows[i], all, out);
    if (all)
        put_exit_codes(out);
}
