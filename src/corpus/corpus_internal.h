/* corpus_internal.h: what opening a corpus is made of: corpus.c reads, corpus_labels.c labels, corpus_split.c splits. */
#ifndef CAM_CORPUS_INTERNAL_H
#define CAM_CORPUS_INTERNAL_H

#include "corpus.h"
#include "failures.h"
#include "label_audit.h"

typedef struct cam_corpus_opening {
    cam_corpus *corpus;
    const cam_config *config;
    const cam_labels *known; /* may be NULL */
    cam_failures failures;   /* of the steps so far */
    int train_is_sound;      /* the training file was read without errors, and its labels are those of the run */
    cam_strbuf findings;     /* of the audit of labels, one a line */
    cam_label_cure cure;     /* what cures them */
    int findings_are_told;   /* with an error that they explain; otherwise they are warnings */
} cam_corpus_opening;

/* Applies the rules, gives ids to labels and rows, examines the labels. The files are read. */
CAM_MUST_CHECK cam_status cam_corpus_label(cam_corpus_opening *opening);
/* Fills `part` of the corpus, where every row of the training file has a label id. */
CAM_MUST_CHECK cam_status cam_corpus_split(cam_corpus_opening *opening);

/* Changes the rows of each label, counts[labels], as the cure of the audit would. */
void cam_corpus_apply_cure(const cam_corpus_opening *opening, int64_t *counts);

/* Appends lines as hints: "hint: " before each, a line end between. */
void cam_corpus_put_hints(const char *lines, cam_strbuf *out);
/* Appends `label_map={...}` as a word for a shell: the pairs of the configuration with those of the cure. Appends nothing
 * and returns 0 where the cure is empty, or the word too long for a message. */
int cam_corpus_put_map(const cam_corpus_opening *opening, const cam_label_cure *cure, cam_strbuf *out);

/* Appends two lines for the cure of the audit, for the command line and for a configuration; nothing without findings.
 */
void cam_corpus_put_cure(const cam_corpus_opening *opening, cam_strbuf *out);

#endif
