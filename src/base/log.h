/* log.h: messages to the user. All go to standard error; standard output carries results only.
 *
 * The value of a "%s" is escaped (visible.h), but for the lines of cam_status_message(). A line has at most 16,383 bytes;
 * a longer one is cut and ends in "...". */
#ifndef CAM_LOG_H
#define CAM_LOG_H

#include "cam/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cam_log_level { CAM_LOG_QUIET = -1, CAM_LOG_NORMAL = 0, CAM_LOG_VERBOSE = 1 } cam_log_level;

void cam_log_set_level(cam_log_level new_level);
cam_log_level cam_log_get_level(void);
/* Ranks above 0 print errors only, each after "[rank N]". */
void cam_log_set_rank(int new_rank);
void cam_log_set_color(int on);
int cam_log_color(void);

/* True where standard error is a terminal that can show colours and redraw a line. */
int cam_log_is_terminal(void);

CAM_PRINTF(1, 2) void cam_log(const char *format, ...);         /* a line; not when quiet */
CAM_PRINTF(1, 2) void cam_log_verbose(const char *format, ...); /* only when verbose */
CAM_PRINTF(1, 2) void cam_log_warn(const char *format, ...);    /* "warning: ..."; always */
void cam_log_warn_lines(const char *text);                      /* one warning with a text of several lines */
CAM_PRINTF(1, 2) void cam_log_error(const char *format, ...);   /* "error: ..."; always */
CAM_PRINTF(1, 2) void cam_log_hint(const char *format, ...);    /* "hint: ...", after an error; always */
/* Each line of a text by `log`: cam_log or cam_log_warn. */
void cam_log_each_line(const char *text, void (*log)(const char *format, ...));

/* Sets a status line that is redrawn in place below the messages ("" removes it). The caller makes sure that
 * cam_log_is_terminal. */
CAM_PRINTF(1, 2) void cam_log_status_line(const char *format, ...);

#ifdef __cplusplus
}
#endif
#endif
