/* run_end_internal.h: the end of a run: its figures, what they say, and the files that hold them.
 */
#ifndef CAM_RUN_END_INTERNAL_H
#define CAM_RUN_END_INTERNAL_H

#include "best_internal.h"
#include "mistakes_internal.h"
#include "run.h"
#include "run_folder.h"
#include "run_scores_internal.h"
#include "tfidf.h"

typedef struct cam_run_end {
    const cam_run *run;
    const cam_run_folder *folder;
    const cam_metrics *metrics[CAM_PARTS]; /* of the saved model; NULL for the training part and for one without rows */
    const cam_guess *guesses[CAM_PARTS];   /* likewise, in the order of corpus.part[part] */
    const cam_run_scores *scores;          /* of those rows; NULL: of another task */
    const cam_best *best;
    const cam_plan *plan;
    const cam_schedule *schedule;
    int64_t steps, saved_step; /* steps made; the one of the saved model */
    int early_stopping;        /* patience ended the run */
    double wall_s;

    /* set by cam_run_end_write */
    cam_tfidf_scores baseline[CAM_PARTS]; /* `rows` 0: not computed */
    int64_t mistakes;
    cam_strbuf verdict;  /* one line without its end; empty where there is nothing to say */
    cam_strbuf settings; /* " key=value" each, with which to train again; empty where none help */
} cam_run_end;

/* Scores the TF-IDF baseline, finds the verdict, and writes metrics.json, mistakes.csv and README.md. For one rank. */
CAM_MUST_CHECK cam_status cam_run_end_write(cam_run_end *end);
/* Appends the report for people: lines of at most 80 columns, but for paths and commands. */
void cam_run_report_put(const cam_run_end *end, cam_strbuf *out);
/* Appends what was asked for and not reached, and the verdict with the command to train again, of at most 80 columns behind
 * "warning: "; nothing where there is neither. */
void cam_run_verdict_put(const cam_run_end *end, cam_strbuf *out);
/* Appends the model card: YAML metadata as the Hub wants them, and Markdown. It holds no path of this machine. */
void cam_model_card_put(const cam_run_end *end, cam_strbuf *out);
/* That of an encoder which has learnt from a teacher, with its loss on held-out texts. */
void cam_model_card_put_encoder(const cam_run_end *end, double loss, cam_strbuf *out);
/* That of a masked language model, with its figures on held-out texts. */
void cam_model_card_put_masked(const cam_run_end *end, double loss, double accuracy, cam_strbuf *out);
/* Appends the lines of any run: which step was saved and why, time and memory. */
void cam_run_saved_put(const cam_run_end *end, cam_strbuf *out);
void cam_run_cost_put(double wall_s, cam_strbuf *out);
/* Appends the lines of metrics.json and of what report_to asks for. */
void cam_run_record_files_put(const cam_config *config, cam_strbuf *out);
void cam_run_end_release(cam_run_end *end);

#endif
