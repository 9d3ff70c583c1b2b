/* label_forms.h: the normal form of a label. Labels with the same form look alike or mean the same to a reader, and are
 * different labels to a classifier.
 *
 * The form is made in steps, each of which undoes one kind of difference. All labels are valid UTF-8. */
#ifndef CAM_LABEL_FORMS_H
#define CAM_LABEL_FORMS_H

#include "name_set.h"
#include "strbuf.h"
#include <stddef.h>

/* X(kind, what a message calls it), in the order of the steps. NFC is always applied. */
#define CAM_LABEL_KINDS(X)                                                                                             \
    X(MOJIBAKE, "broken accents")         /* "accÃ¨s" = "accès" (mojibake.h) */                                     \
    X(INVISIBLE, "invisible characters")  /* zero width, soft hyphen, byte-order and direction marks */                \
    X(SPACES, "space")                    /* no-break and narrow spaces, several spaces, space beside punctuation */   \
    X(QUOTES, "quotes")                   /* typographic quotes and apostrophes; quotes around the label */            \
    X(HYPHENS, "hyphens")                 /* dashes, hyphens and underscores between words = a space */                \
    X(LETTERS, "letters that look alike") /* œ = oe, full width, Cyrillic and Greek letters of Latin shape */         \
    X(CASE, "case")                                                                                                    \
    X(ACCENTS, "accents")                                                                                              \
    X(PUNCTUATION, "final punctuation")                                                                                \
    X(NUMBERS, "how a number is written") /* 1 = 1.0 = 01 = 1,0 */

enum {
#define CAM_LABEL_KIND_BIT(kind, text) CAM_LABEL_BIT_##kind,
    CAM_LABEL_KINDS(CAM_LABEL_KIND_BIT)
#undef CAM_LABEL_KIND_BIT
        CAM_LABEL_KIND_COUNT
};
enum {
#define CAM_LABEL_KIND(kind, text) CAM_LABEL_##kind = 1 << CAM_LABEL_BIT_##kind,
    CAM_LABEL_KINDS(CAM_LABEL_KIND)
#undef CAM_LABEL_KIND
        CAM_LABEL_ALL = (1 << CAM_LABEL_KIND_COUNT) - 1
};

/* Writes the form that undoes `kinds` only; `form` is cleared first. A form is never empty. */
void cam_label_form(const char *label, size_t length, unsigned kinds, cam_strbuf *form);

/* The kinds by which two different labels with the same normal form differ; 0 where they differ only by how accents are
 * stored (NFC, NFD). */
unsigned cam_label_differences(const char *a, const char *b);
/* Appends "case and accents". */
void cam_label_put_differences(unsigned kinds, cam_strbuf *out);

/* Appends the label in quotes, then the code points of the given kinds that the eye cannot tell: "Suivi" (U+00A0 after
 * "i"). */
void cam_label_put(const char *label, unsigned kinds, cam_strbuf *out);

/* Appends the label with these characters in place, by their code points: Suivi<U+00A0>de commande. */
void cam_label_put_marked(const char *label, unsigned kinds, cam_strbuf *out);

/* Whether a label is a word for "no value": nan, NULL, None, N/A, #N/A, \N, -, ?, (vide), n.d. and the like. */
int cam_label_is_missing(const char *label);
/* Whether a label is a number: 1, -0.5, 0,5, 1e-05, 12 %. */
int cam_label_is_number(const char *label);
/* Whether two names have the same normal form. */
int cam_label_same_form(const char *a, const char *b);

/* The name with the same normal form, or else the one that `label` is probably a misspelling of; NULL where none is. */
const char *cam_label_nearest(const cam_name_set *names, const char *label);

#endif
