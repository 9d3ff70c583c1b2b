/* status.h: how every function that can fail reports an error.
 *
 * Such a function returns a cam_status and stores one sentence that describes the error in a thread-local message. The
 * sentence follows git's wording: lower case, no full stop, the subject in quotes, then what the user can do. Only
 * main() turns a status into an exit code.
 *
 *     cam_status f(...)
 *     {
 *         cam_status st = CAM_OK;
 *         CAM_TRY(open_it(&x));
 *         if (x.rows == 0)
 *             CAM_FAIL(CAM_E_DATA, "\"%s\" has no rows", path);
 *     out:
 *         close_it(&x);
 *         return st;
 *     }
 */
#ifndef CAM_STATUS_H
#define CAM_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, exit code of the process, its meaning for the user); in the order of the numbers */
#define CAM_EXIT_CODES(X)                                                                                              \
    X(DONE, 0, "done")                                                                                                 \
    X(INTERNAL, 1, "internal fault")                                                                                   \
    X(USAGE, 2, "usage or configuration error")                                                                        \
    X(DATA, 3, "data error")                                                                                           \
    X(MODEL, 4, "model or checkpoint error")                                                                           \
    X(NETWORK, 5, "network or Hub error")                                                                              \
    X(DEVICE, 6, "device error, or out of memory")                                                                     \
    X(DIVERGED, 7, "training diverged: a loss or gradient is not finite")                                              \
    X(STORAGE, 8, "storage error: full, read-only or failing")                                                         \
    X(PEER, 9, "a peer was lost or timed out")                                                                         \
    X(STOPPED, 75, "train was stopped by a signal and has saved what it could")                                        \
    X(INTERRUPTED, 130, "a second signal, or one during another verb than train")

typedef enum cam_exit_code {
#define CAM_EXIT_CODE_ENUM(name, number, text) CAM_EXIT_##name = number,
    CAM_EXIT_CODES(CAM_EXIT_CODE_ENUM)
#undef CAM_EXIT_CODE_ENUM
} cam_exit_code;

/* X(status, name of its exit code, what it stands for) */
#define CAM_STATUS_CODES(X)                                                                                            \
    X(CAM_OK, DONE, "done")                                                                                            \
    X(CAM_E_INTERNAL, INTERNAL, "internal fault")                                                                      \
    X(CAM_E_SHAPE, INTERNAL, "an operator was given shapes that do not agree")                                         \
    X(CAM_E_DTYPE, INTERNAL, "an operator was given a dtype it does not take")                                         \
    X(CAM_E_ALIAS, INTERNAL, "an operator was given outputs that overlap its inputs")                                  \
    X(CAM_E_WORKSPACE, INTERNAL, "an operator was given too little workspace")                                         \
    X(CAM_E_UNSUPPORTED, DEVICE, "the backend does not implement this")                                                \
    X(CAM_E_USAGE, USAGE, "usage or configuration error")                                                              \
    X(CAM_E_DATA, DATA, "data error")                                                                                  \
    X(CAM_E_MODEL, MODEL, "model or checkpoint error")                                                                 \
    X(CAM_E_NETWORK, NETWORK, "network or Hub error")                                                                  \
    X(CAM_E_DEVICE, DEVICE, "device error")                                                                            \
    X(CAM_E_MEMORY, DEVICE, "out of memory")                                                                           \
    X(CAM_E_DIVERGED, DIVERGED, "training diverged")                                                                   \
    X(CAM_E_STORAGE, STORAGE, "storage error")                                                                         \
    X(CAM_E_PEER, PEER, "a peer was lost")                                                                             \
    X(CAM_E_STOPPED, STOPPED, "stopped by a signal")                                                                   \
    X(CAM_E_INTERRUPTED, INTERRUPTED, "interrupted")

typedef enum cam_status {
#define CAM_STATUS_ENUM(code, exit_code, text) code,
    CAM_STATUS_CODES(CAM_STATUS_ENUM)
#undef CAM_STATUS_ENUM
} cam_status;

#if defined(__GNUC__)
#define CAM_MUST_CHECK       __attribute__((warn_unused_result))
#define CAM_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define CAM_NORETURN         __attribute__((noreturn))
#define CAM_NULL_ENDS        __attribute__((sentinel))
#else
#define CAM_MUST_CHECK
#define CAM_PRINTF(fmt, arg)
#define CAM_NORETURN
#define CAM_NULL_ENDS
#endif

/* The name of a code ("CAM_E_DATA") and the exit code that main() returns for it. */
const char *cam_status_name(cam_status status);
int cam_status_exit_code(cam_status status);

/* The calling thread's last message; "" after cam_status_clear() or before any failure. The pointer stays valid until
 * the next failure in this thread. A message has at most 8,191 bytes; a longer one is truncated at a character boundary
 * and ends in "...". */
const char *cam_status_message(void);
void cam_status_clear(void);

/* Sets the message and returns `status`. The value of a "%s" is escaped (src/base/visible.h): only the format makes a new
 * line. cam_status_message() may be an argument, to add context to it: the arguments are formatted before the old message
 * is replaced, and its lines stay lines. */
CAM_PRINTF(2, 3) cam_status cam_fail(cam_status status, const char *format, ...);
/* The same with a text that is a message already: a copy of an earlier one, or one that cam_strbuf_printf has made of
 * several lines. */
cam_status cam_fail_again(cam_status status, const char *text);
#ifdef __clang_analyzer__ /* clang-tidy reads one file at a time: this says what they return */
#define cam_fail(status, ...)        ((void)(cam_fail)(status, __VA_ARGS__), (status))
#define cam_fail_again(status, text) ((void)(cam_fail_again)(status, text), (status))
#endif

/* A text (strbuf.h, pool.h) that gets no memory has no status of its own: it is left empty, and the lack is noted in the
 * calling thread until cam_status_clear(). From then on CAM_TRY fails with CAM_E_MEMORY instead of making its call, cam_fail
 * turns every status into CAM_E_MEMORY, and no text leaves the program: no file gets its name (file_writer.h), and nothing
 * is written to standard output. So a caller that makes texts need not check each of them, and nobody takes an empty or half
 * a text for a whole one. */
void cam_memory_note(void);
/* Returns `st`, or CAM_E_MEMORY where a lack was noted. For code without CAM_TRY: before a text leaves the program, at the
 * end of a thread and of main(). What failed otherwise may have failed for that reason. */
cam_status cam_memory_check(cam_status st);

/* A failure that is set aside while what it left is cleaned up, or until another thread reports it. The clean-up may fail with
 * messages of its own, and allocate: the message and the note of a lack of memory are cleared. */
enum { CAM_STATUS_MESSAGE_BYTES = 8192 };
typedef struct cam_failure {
    cam_status status;
    char message[CAM_STATUS_MESSAGE_BYTES];
} cam_failure;
void cam_failure_set_aside(cam_failure *failure, cam_status status);
/* Sets its message again, in the calling thread, and returns its status. */
cam_status cam_failure_report(const cam_failure *failure);

/* For broken invariants of our own code only: prints file and line, and aborts. */
CAM_NORETURN CAM_PRINTF(3, 4) void cam_bug(const char *file, int line, const char *format, ...);

/* Both need a variable `cam_status st` and a label `out`. Resources are released after `out` and nowhere else. CAM_TRY makes
 * no call once a lack of memory was noted: what a call has done is never taken for undone. */
#define CAM_TRY(call)                                                                                                  \
    do {                                                                                                               \
        st = cam_memory_check(CAM_OK) == CAM_OK ? (call) : CAM_E_MEMORY;                                               \
        if (st != CAM_OK)                                                                                              \
            goto out;                                                                                                  \
    } while (0)
#define CAM_FAIL(code, ...)                                                                                            \
    do {                                                                                                               \
        st = cam_fail((code), __VA_ARGS__);                                                                            \
        goto out;                                                                                                      \
    } while (0)
#define CAM_BUG(...) cam_bug(__FILE__, __LINE__, __VA_ARGS__)
#define CAM_ASSERT(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            CAM_BUG("broken invariant: %s", #condition);                                                               \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
