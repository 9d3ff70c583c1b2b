/* signals.h: a first TERM, INT or USR1 asks the program to stop at the next safe place; a second one ends it at once
 * (exit 130).
 */
#ifndef CAM_SIGNALS_H
#define CAM_SIGNALS_H

/* Installs the handlers, and ignores PIPE: a closed pipe is an error of write, met where it happens. */
void cam_signals_install(void);
/* From now on the first signal exits with 130: for work that leaves nothing to save and may wait for input, where no
 * flag would be looked at. */
void cam_signals_end_at_once(void);
/* For the end of the program, when its exit code stands. */
void cam_signals_ignore(void);
/* Nonzero once a signal came. The context is not used: fits cam_cancel. */
int cam_signals_stop_wanted(void *context);

#endif
