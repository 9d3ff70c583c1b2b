/* http_internal.h: requests to the Hub by libcurl: redirects, retries, downloads that go on where they ended. */
#ifndef CAM_HTTP_INTERNAL_H
#define CAM_HTTP_INTERNAL_H

#include "http_exchange_internal.h"

CAM_MUST_CHECK cam_status cam_http_open(cam_http *http, const cam_hub_settings *settings, const cam_cancel *cancel,
                                        double first_pause_s);
void cam_http_close(cam_http *http);

/* Asks for endpoint + path. Temporary failures are tried again, five times without progress. Redirects are followed,
 * the token goes to the endpoint's host only. A HEAD ends at a redirect that says which file it links to.
 * CAM_OK for an answer of the server, an error (4xx, 5xx) too; with a file, for 2xx only where the file has its expected
 * length. CAM_E_NETWORK where no answer came; CAM_E_STORAGE; CAM_E_STOPPED. Release in all cases. */
CAM_MUST_CHECK cam_status cam_http_send(cam_http *http, cam_http_method method, const char *path, cam_http_file *file,
                                        cam_http_answer *answer);
void cam_http_answer_release(cam_http_answer *answer);

/* True where two URLs have the same scheme, host and port: what a token may be sent to. */
int cam_http_is_same_origin(const char *a, const char *b);
/* The URL that a redirect from `url` leads to, to be freed; NULL where it is none that may be followed: of another
 * scheme, or from https to http. */
char *cam_http_redirect_target(const char *url, const char *location);

/* Waits, unless the work is cancelled: CAM_E_STOPPED. */
CAM_MUST_CHECK cam_status cam_http_pause(const cam_http *http, double seconds);

#endif
