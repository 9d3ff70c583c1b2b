/* http_exchange_internal.h: one request and its answer, without redirects and second tries. */
#ifndef CAM_HTTP_EXCHANGE_INTERNAL_H
#define CAM_HTTP_EXCHANGE_INTERNAL_H

#include "http_internal.h"

/* Sends one request; `answer` keeps what the answers before it said of the file. *temporary is nonzero for a CAM_E_NETWORK
 * that another try may mend. */
CAM_MUST_CHECK cam_status cam_http_exchange(cam_http *http, cam_http_method method, const char *url, int with_token,
                                            cam_http_file *file, cam_http_answer *answer, int *temporary);

/* A URL without what may be secret, name, password and query, to be freed. */
char *cam_http_public_url(const char *url);

#endif
