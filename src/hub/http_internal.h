/* http_internal.h: requests to the Hub by libcurl: redirects, retries, downloads that go on where they ended. */
#ifndef CAM_HTTP_INTERNAL_H
#define CAM_HTTP_INTERNAL_H

#include "cancel.h"
#include "hub_settings_internal.h"
#include "strbuf.h"

typedef struct cam_http {
    void *curl;
    const cam_hub_settings *settings;
    const cam_cancel *cancel;
    double first_pause_s;
    int unreachable; /* the last request got no answer */
    /* Called while bytes arrive, with how many of the file are there; may be NULL. */
    void (*progress)(void *context, long long bytes);
    void *progress_context;
} cam_http;

CAM_MUST_CHECK cam_status cam_http_open(cam_http *http, const cam_hub_settings *settings, const cam_cancel *cancel,
                                        double first_pause_s);
void cam_http_close(cam_http *http);

/* A file that a request fills. */
typedef struct cam_http_file {
    int fd;
    const char *path;
    long long size;     /* bytes that are there; the request begins behind them */
    long long expected; /* the length of the whole file */
} cam_http_file;

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

typedef enum cam_http_method { CAM_HTTP_GET, CAM_HTTP_HEAD } cam_http_method;

/* Asks for endpoint + path. Temporary failures are tried again, five times without progress. Redirects are followed,
 * the token goes to the endpoint's host only. A HEAD ends at a redirect that says which file it links to.
 * CAM_OK for an answer of the server, an error (4xx, 5xx) too; with a file, for 2xx only where the file has its expected
 * length. CAM_E_NETWORK where no answer came; CAM_E_STORAGE; CAM_E_STOPPED. Release in all cases. */
CAM_MUST_CHECK cam_status cam_http_send(cam_http *http, cam_http_method method, const char *path, cam_http_file *file,
                                        cam_http_answer *answer);
void cam_http_answer_release(cam_http_answer *answer);

/* Waits, unless the work is cancelled: CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_http_pause(const cam_http *http, double seconds);

#endif
