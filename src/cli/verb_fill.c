/* verb_fill.c: `fill` prints the likeliest words for each <mask> of a text. */
#include "backends.h"
#include "filler.h"
#include "json_out.h"
#include "model_get.h"
#include "output.h"
#include "plain.h"
#include "verbs.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USUAL_WORDS = 5, MOST_WORDS = 1000 };

typedef struct answer {
    const cam_filler *filler;
    const char *text;
    cam_filled *filled; /* [places * best] */
    int64_t places, best;
} answer;

/* The piece as it is read: without the mark of a word's beginning, or of its continuation. */
static const char *word_of(const cam_filler *filler, int32_t id) {
    static const char *const marks[] = {"\u2581", "##"};
    const char *piece = cam_tokenizer_piece(filler->tokenizer, id);
    if (!piece) /* a row of the embeddings that no text uses */
        return "";
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t length = strlen(marks[i]);
        if (strncmp(piece, marks[i], length) == 0 && piece[length] != '\0')
            return piece + length;
    }
    return piece;
}

/* The mask of a word of the list, from 1. */
static int64_t number_of(const answer *a, int64_t word) {
    return word / a->best + 1;
}

static void put_json(const answer *a, cam_strbuf *out) {
    cam_json json;
    cam_json_begin(&json, out);
    cam_json_text(&json, "text", a->text);
    cam_json_array(&json, "masks");
    for (int64_t place = 0; place < a->places; place++) {
        cam_json_array(&json, NULL);
        for (int64_t i = 0; i < a->best; i++) {
            const cam_filled *word = &a->filled[place * a->best + i];
            cam_json_object(&json, NULL);
            cam_json_text(&json, "word", word_of(a->filler, word->id));
            cam_json_number(&json, "probability", word->probability);
            cam_json_integer(&json, "id", word->id);
            cam_json_close(&json);
        }
        cam_json_close(&json);
    }
    cam_json_close(&json);
    cam_json_end(&json);
    cam_strbuf_putc(out, '\n');
}

static void put_lines(const answer *a, cam_strbuf *out) {
    for (int64_t i = 0; i < a->places * a->best; i++)
        cam_strbuf_printf(out, "%lld\t%s\t%.6g\t%d\n", (long long)number_of(a, i), word_of(a->filler, a->filled[i].id),
                          a->filled[i].probability, a->filled[i].id);
}

static void put_table(const answer *a, cam_strbuf *out) {
    int width = 4;
    for (int64_t i = 0; i < a->places * a->best; i++) {
        int columns = cam_plain_columns(word_of(a->filler, a->filled[i].id));
        width = columns > width ? columns : width;
    }
    for (int64_t i = 0; i < a->places * a->best; i++) {
        if (i % a->best == 0)
            cam_strbuf_printf(out, "%smask %lld\n", i > 0 ? "\n" : "", (long long)number_of(a, i));
        cam_strbuf_puts(out, "  ");
        cam_plain_put_padded(out, word_of(a->filler, a->filled[i].id), width);
        cam_strbuf_printf(out, "  %6.4f\n", a->filled[i].probability);
    }
}

cam_status cam_verb_fill(const cam_arguments *arguments) {
    cam_status st = CAM_OK;
    cam_filler filler = {0};
    cam_backend *backend = NULL;
    cam_strbuf text = CAM_STRBUF_INIT;
    answer a = {.filler = &filler, .text = arguments->name};
    char *folder = NULL;
    long best = USUAL_WORDS;
    if (!arguments->model)
        CAM_FAIL(CAM_E_USAGE, "fill needs --model DIR");
    if (!a.text)
        CAM_FAIL(CAM_E_USAGE, "fill needs a text; write \"Je voudrais <mask> ma commande\"");
    if (arguments->fill_top_k)
        CAM_TRY(cam_argument_integer("--top-k", arguments->fill_top_k, 1, MOST_WORDS, &best));
    CAM_TRY(cam_model_get(NULL, arguments->model, NULL, CAM_MODEL_WEIGHTS, NULL, &folder));
    CAM_TRY(
        cam_backends_open(&(cam_device_options){.device = (enum cam_choice_device)arguments->device.value}, &backend));
    CAM_TRY(cam_filler_open(&filler, backend, folder));
    a.best = best < filler.config.vocab_size ? best : filler.config.vocab_size;
    CAM_TRY(cam_filler_fill(&filler, (cam_text){a.text, strlen(a.text)}, a.best, &a.filled, &a.places));
    if (arguments->json)
        put_json(&a, &text);
    else if (cam_output_is_shown(STDOUT_FILENO))
        put_table(&a, &text);
    else
        put_lines(&a, &text);
    CAM_TRY(cam_verb_print(&text));
out:
    free(a.filled);
    cam_filler_close(&filler);
    cam_backend_close(backend);
    cam_strbuf_release(&text);
    free(folder);
    return st;
}
