/* stopping.h: runs that stop after a step and go on in fresh trainers.
 */
#ifndef STOPPING_H
#define STOPPING_H

#include "kept_state.h"
#include "training.h"

/* This rank's part of the state, in memory. */
void take_state(training *t, kept_state *kept);
cam_status put_state(training *t, kept_state *kept);

/* Stops after the first step and every `every`-th after it, and goes on in the same division: the figures of all later
 * steps, and the state at the end, must have the bits of a run that was never stopped. */
void stop_after(const cam_trainer_options *o, run_kind how, int every);

/* Stops after STOP steps in each of these divisions, and goes on in each of the others: passed to it and back, the state
 * must have the same bits, and the figures of the later steps must agree within the tolerance. */
enum { STOP = 2 };
void change_division(const cam_trainer_options *o, const run_kind *kinds, int count, tolerance tol);

#endif
