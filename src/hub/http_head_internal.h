/* http_head_internal.h: the head of an answer, line by line as libcurl gives it. */
#ifndef CAM_HTTP_HEAD_INTERNAL_H
#define CAM_HTTP_HEAD_INTERNAL_H

#include "strbuf.h"
#include <stddef.h>

/* Texts are NULL and numbers -1 where the answer does not have them. */
typedef struct cam_http_answer {
    long status;
    char *location;
    char *etag;                    /* of the file, without quotes and "W/" */
    int is_linked;                 /* etag and length are those of the file that the answer links to */
    char *commit;                  /* X-Repo-Commit */
    char *error_code, *error_text; /* X-Error-Code, X-Error-Message */
    long long length;              /* of the file */
    long long range_begin;         /* of a part */
    long retry_after_s;
    cam_strbuf body; /* at most 32 MiB; empty where a file takes it */
} cam_http_answer;

/* What belongs to one answer only: a redirect's own length and etag are not those of the file. */
typedef struct cam_http_head {
    cam_http_answer *answer;
    char *etag, *linked_etag;
    long long length, linked_length;
} cam_http_head;

/* Forgets what belongs to an earlier answer; what names the file stays. */
void cam_http_head_begin(cam_http_head *head);
/* Takes a line, with its line end. Returns 1 where it begins another answer. */
int cam_http_head_take(cam_http_head *head, const char *line, size_t length);
/* Once the whole answer and its status are known: sets what it says of the file, and frees the rest. */
void cam_http_head_end(cam_http_head *head);

#endif
