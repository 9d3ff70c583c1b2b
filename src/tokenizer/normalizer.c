/* normalizer.c: see normalizer_internal.h. */
#include "characters_internal.h"
#include "normalizer_internal.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

void cam_normal_step_release(cam_normal_step *step) {
    cam_charsmap_release(&step->charsmap);
    free(step->pattern);
    free(step->find);
    free(step->content);
    memset(step, 0, sizeof *step);
}

/* The steps that write more than a constant factor stop once `out` has more than `most` bytes. */
static void replace_pattern(const cam_normal_step *step, const cam_strbuf *text, size_t most, cam_strbuf *out) {
    const char *begin = cam_strbuf_text(text), *at = begin, *end = at + text->length, *copied = at;
    size_t content_length = strlen(step->content);
    cam_pattern_search search;
    cam_pattern_search_begin(&search, step->pattern, begin, end);
    while (at < end && out->length <= most) {
        size_t matched = cam_pattern_match(&search, at);
        if (matched > 0) {
            cam_strbuf_append(out, copied, (size_t)(at - copied));
            cam_strbuf_append(out, step->content, content_length);
            at = copied = at + matched;
        } else {
            uint32_t rune;
            at += cam_utf8_next(at, end, &rune);
        }
    }
    cam_strbuf_append(out, copied, (size_t)(end - copied));
}

static void replace_literal(const cam_normal_step *step, const cam_strbuf *text, size_t most, cam_strbuf *out) {
    const char *at = cam_strbuf_text(text), *end = at + text->length, *found;
    size_t find_length = strlen(step->find), content_length = strlen(step->content);
    while (out->length <= most && (found = memmem(at, (size_t)(end - at), step->find, find_length)) != NULL) {
        cam_strbuf_append(out, at, (size_t)(found - at));
        cam_strbuf_append(out, step->content, content_length);
        at = found + find_length;
    }
    cam_strbuf_append(out, at, (size_t)(end - at));
}

static void strip(const cam_normal_step *step, const cam_strbuf *text, cam_strbuf *out) {
    const char *begin = cam_strbuf_text(text), *end = begin + text->length;
    uint32_t rune;
    size_t length;
    while (step->strip_left && begin < end) {
        length = cam_utf8_next(begin, end, &rune);
        if (!cam_is_white_space(rune))
            break;
        begin += length;
    }
    const char *kept = begin;
    for (const char *at = begin; at < end; at += length) {
        length = cam_utf8_next(at, end, &rune);
        if (!cam_is_white_space(rune))
            kept = at + length;
    }
    cam_strbuf_append(out, begin, (size_t)((step->strip_right ? kept : end) - begin));
}

static void prepend(const cam_normal_step *step, const cam_strbuf *text, cam_strbuf *out) {
    if (text->length > 0)
        cam_strbuf_puts(out, step->content);
    cam_strbuf_append(out, cam_strbuf_text(text), text->length);
}

static void apply(const cam_normal_step *step, const cam_strbuf *text, size_t most, cam_strbuf *out) {
    const char *bytes = cam_strbuf_text(text);
    switch (step->kind) {
    case CAM_NORMAL_CHARSMAP:
        cam_charsmap_apply(&step->charsmap, bytes, text->length, most, out);
        return;
    case CAM_NORMAL_STRIP:
        strip(step, text, out);
        return;
    case CAM_NORMAL_PREPEND:
        prepend(step, text, out);
        return;
    case CAM_NORMAL_REPLACE:
        replace_literal(step, text, most, out);
        return;
    case CAM_NORMAL_REPLACE_PATTERN:
        replace_pattern(step, text, most, out);
        return;
    case CAM_NORMAL_UNICODE_FORM:
        cam_put_unicode_form(bytes, text->length, step->form, out);
        return;
    case CAM_NORMAL_REMOVE_MARKS:
    case CAM_NORMAL_REMOVE_ACCENTS:
        cam_put_without_marks(bytes, text->length, step->kind == CAM_NORMAL_REMOVE_MARKS, out);
        return;
    case CAM_NORMAL_LOWERCASE:
        cam_put_lowercase(bytes, text->length, out);
        return;
    case CAM_NORMAL_CLEAN:
        cam_put_clean(bytes, text->length, out);
        return;
    case CAM_NORMAL_ISOLATE_CHINESE:
        cam_put_isolated_chinese(bytes, text->length, out);
        return;
    case CAM_NORMAL_NMT:
        cam_put_nmt(bytes, text->length, out);
        return;
    }
}

cam_status cam_normalize(const cam_normal_step *steps, size_t count, cam_strbuf *text, cam_strbuf *spare) {
    size_t length = text->length, most = CAM_NORMAL_GROWTH * length + CAM_NORMAL_MORE;
    for (size_t i = 0; i < count; i++) {
        cam_strbuf_clear(spare);
        apply(&steps[i], text, most, spare);
        cam_strbuf result = *spare;
        *spare = *text;
        *text = result;
        if (text->length > most)
            return cam_fail(CAM_E_MODEL,
                            "the tokenizer's normalizer makes more than %zu bytes of a text of %zu: the tokenizer is "
                            "damaged, or hostile",
                            most, length);
    }
    return CAM_OK;
}
