/* output.h: where a verb writes its result. A regular file appears whole at the end, or not at all; standard output,
 * pipes and devices are written as the result is made. */
#ifndef CAM_OUTPUT_H
#define CAM_OUTPUT_H

#include "files.h"

typedef struct cam_output {
    const char *path;     /* NULL: standard output */
    cam_file_writer file; /* a regular file; otherwise file.path is NULL */
    char *unfinished;     /* its name until the end */
    int fd;               /* of all else */
    int closed;           /* the reader of a pipe has gone: writing on does nothing */
    int is_terminal;      /* what it would obey is escaped */
} cam_output;

#define CAM_OUTPUT_CLOSED                                                                                              \
    (cam_output) {                                                                                                     \
        .file = CAM_FILE_WRITER_CLOSED, .fd = -1                                                                       \
    }

/* The files that a verb reads, which its output must not be. */
typedef struct cam_output_inputs {
    const char *const *files; /* "-": standard input; NULL: none */
    size_t count;
    const char *model_folder; /* none of its files, and no new one that would change the model; NULL: none */
} cam_output_inputs;

/* CAM_E_USAGE where `path` is one of them, under this or another name. */
CAM_MUST_CHECK cam_status cam_output_check(const char *path, const cam_output_inputs *inputs);
/* CAM_E_USAGE where standard output goes to the file `input` (NULL: none): the program would read what it writes. */
CAM_MUST_CHECK cam_status cam_output_check_standard(const char *input);

/* Opens `path` (NULL or "-": standard output). CAM_E_USAGE where the output is an input, or is a file that exists and
 * not `force`; CAM_E_STORAGE. */
CAM_MUST_CHECK cam_status cam_output_open(cam_output *output, const char *path, const cam_output_inputs *inputs,
                                          int force);
/* Writes whole lines. */
CAM_MUST_CHECK cam_status cam_output_write(cam_output *output, const char *bytes, size_t count);
/* True for a terminal that shows what is written. Open MPI gives its ranks one of its own, from which it reads. */
int cam_output_is_shown(int fd);
/* Appends lines as a terminal may show them: with the escapes of visible.h, but for line ends and tabs. */
void cam_output_put_for_terminal(const char *bytes, size_t count, cam_strbuf *out);
/* Gives a regular file its name. */
CAM_MUST_CHECK cam_status cam_output_commit(cam_output *output);
/* Closes the output; without a commit nothing is left of a regular file. */
void cam_output_close(cam_output *output);

#endif
