/* phases.h: on which phases the wall time of the process goes, for the table of --verbose.
 *
 * The main thread is always in one phase; other threads must not call these functions. What they do beside it is added
 * by cam_phases_beside. */
#ifndef CAM_PHASES_H
#define CAM_PHASES_H

#include "strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(code, words), in the order of the table. */
#define CAM_PHASES(X)                                                                                                  \
    X(START, "start")                                                                                                  \
    X(MODEL, "the model's description")                                                                                \
    X(DATA, "reading data")                                                                                            \
    X(TOKENS, "tokenising")                                                                                            \
    X(CHECKS, "checks before the run")                                                                                 \
    X(DEVICE, "waiting for the device")                                                                                \
    X(PLAN, "plan and memory")                                                                                         \
    X(WEIGHTS, "loading weights")                                                                                      \
    X(FEATURES, "features of the encoder")                                                                             \
    X(STEPS, "training steps")                                                                                         \
    X(SCORING, "evaluation")                                                                                           \
    X(SAVING, "saving the model")                                                                                      \
    X(CHECKPOINT, "checkpoints")                                                                                       \
    X(END, "end")

typedef enum cam_phase {
#define CAM_PHASE_CODE(code, words) CAM_PHASE_##code,
    CAM_PHASES(CAM_PHASE_CODE)
#undef CAM_PHASE_CODE
        CAM_PHASE_COUNT
} cam_phase;

/* The main thread is in `phase` from now on; returns the one before, for a phase inside another one. The first call starts
 * the clock. */
cam_phase cam_phase_enter(cam_phase phase);
/* The seconds of work that another thread has done beside the phases; a later call with the same words adds to it. `words`
 * must stay valid. At most CAM_PHASES_BESIDE kinds are kept. */
enum { CAM_PHASES_BESIDE = 4 };
void cam_phases_beside(const char *words, double seconds);
/* Appends the table, a line for each phase that took time, without a line end after the last one. */
void cam_phases_put(cam_strbuf *out);

#ifdef __cplusplus
}
#endif
#endif
