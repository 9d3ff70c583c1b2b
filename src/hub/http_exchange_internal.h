/* http_exchange_internal.h: one request and its answer, without redirects and second tries. */
#ifndef CAM_HTTP_EXCHANGE_INTERNAL_H
#define CAM_HTTP_EXCHANGE_INTERNAL_H

#include "cancel.h"
#include "http_head_internal.h"
#include "hub_settings_internal.h"

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

/* A file that a request fills. */
typedef struct cam_http_file {
    int fd;
    const char *path;
    long long size;     /* bytes that are there; the request begins behind them */
    long long expected; /* the length of the whole file */
} cam_http_file;

typedef enum cam_http_method { CAM_HTTP_GET, CAM_HTTP_HEAD } cam_http_method;

/* How often a request is worth trying after a CAM_E_NETWORK. */
enum { CAM_HTTP_TRIES_NONE = 0, CAM_HTTP_TRIES_NO_CONNECTION = 2, CAM_HTTP_TRIES = 5 };

/* Sends one request; `answer` keeps what the answers before it said of the file. Sets *tries where it fails. */
CAM_MUST_CHECK cam_status cam_http_exchange(cam_http *http, cam_http_method method, const char *url, int with_token,
                                            cam_http_file *file, cam_http_answer *answer, int *tries);

/* A URL without what may be secret, name, password and query, to be freed. */
char *cam_http_public_url(const char *url);

#endif
