/* http_exchange_internal.h: one request and its answer, without redirects and second tries. */
#ifndef CAM_HTTP_EXCHANGE_INTERNAL_H
#define CAM_HTTP_EXCHANGE_INTERNAL_H

#include "http_internal.h"

/* How often a request is worth trying after a CAM_E_NETWORK. */
enum { CAM_HTTP_TRIES_NONE = 0, CAM_HTTP_TRIES_NO_CONNECTION = 2, CAM_HTTP_TRIES = 5 };

/* Sends one request; `answer` keeps what the answers before it said of the file. Sets *tries where it fails. */
CAM_MUST_CHECK cam_status cam_http_exchange(cam_http *http, cam_http_method method, const char *url, int with_token,
                                            cam_http_file *file, cam_http_answer *answer, int *tries);

/* A URL without what may be secret, name, password and query, to be freed. */
char *cam_http_public_url(const char *url);

#endif
