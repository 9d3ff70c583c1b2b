/* signals.h: a first TERM, INT, USR1 or HUP requests a stop at the next safe place; a second one ends the program at once
 * (exit 130). Under nohup a HUP does nothing. */
#ifndef CAM_SIGNALS_H
#define CAM_SIGNALS_H

/* Installs the handlers, and ignores PIPE and XFSZ: a closed pipe and a file of the largest allowed size (ulimit -f) are
 * then errors of write. */
void cam_signals_install(void);
/* From now on the first signal exits with 130: for verbs that have nothing to save and may block while they wait for
 * input. */
void cam_signals_end_at_once(void);
/* Names the file that is removed where the program ends at once; NULL: none. The text must outlive its use. */
void cam_signals_set_unfinished(const char *path);
/* Ends the program at once, without cleaning up anything but the unfinished file. */
void cam_signals_exit(int code);
/* Ignores further signals, once the exit code is known. */
void cam_signals_ignore(void);
/* Nonzero once a signal came. The context is unused: the signature is that of cam_cancel. */
int cam_signals_stop_requested(void *context);

#endif
